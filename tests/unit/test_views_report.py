"""The report as a page: it says what the report says, shows its pictures, and needs nothing beside itself."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.store import Store
from resnet.text import say
from resnet.views import curves, sentences
from resnet.views.report import html

HOSTILE = '</style><script>alert(1)</script>"><img src=x onerror=alert(1)>'
VOID = {"meta", "img", "path", "polyline", "circle", "rect"}


class Parsed(HTMLParser):
    """A page: its tags with their attributes, its text; every tag must be closed, and none may fetch or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        assert tag not in ("script", "link", "iframe", "object", "base", "form")
        assert not [name for name, _ in attributes if name.startswith("on") or name in ("href", "srcset")]
        assert all(value.startswith("data:image/jpeg;base64,") for name, value in attributes if name == "src")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def drawings(self) -> int:
        """Those that are no marks of classes."""
        return sum(tag == "svg" and attributes.get("class") != "mark" for tag, attributes in self.tags)


@pytest.fixture
def report(finished: Path) -> dict:
    """With something to show of everything."""
    report = jobs.read_report(finished)
    data = jobs.data_of(Store.of(finished), report)
    record = data.part("val")[0]
    entry = {"file": record.path.relative_to(data.folder).as_posix(), "sha256": record.sha256, "label": record.label}
    entry |= {"predicted": data.classes[-1], "score": 0.9}
    return {**report, "mistakes": [entry, *report["mistakes"]], "suspects": [{**entry, "label_score": 0.001}]}


@pytest.fixture
def drawn(finished: Path, report: dict) -> Dataset:
    return jobs.data_of(Store.of(finished), report)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_and_shows_what_the_report_holds(report, drawn, language):
    page = Parsed(html(report, drawn, {"stars": "the stars"}, language))
    assert sentences.headline(report, language) in page.text and sentences.caution(report, language) in page.text
    heads = ("curves", "confusion", "classes", "mistakes", "suspects", "settings", "versions")
    assert all(say(f"part_{head}", language) in page.text for head in heads)
    assert page.drawings() == len(curves.SERIES) and page.count("img") == len(report["mistakes"][:24])
    assert drawn.part("val")[0].source in page.text, "the name that the picture came with"
    assert all(name in page.text for name in ("the stars", "torch", report["summary"]["versions"]["torch"]))
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", page.text) and say("today", language, clock="") not in page.text
    (root,) = (attributes for tag, attributes in page.tags if tag == "html")
    assert root["lang"].startswith(language)


def test_it_asks_the_network_for_nothing_and_follows_the_readers_shade(report, drawn):
    page = html(report, drawn, {})
    assert not re.search(r"https?:|@import|url\(", page)
    assert "default-src 'none'" in page and "prefers-color-scheme: dark" in page and "@media print" in page


def test_elsewhere_it_comes_without_pictures_and_says_so(report):
    page = Parsed(html(report, None, {}))
    assert page.count("img") == 0 and say("pictures_elsewhere") in page.text


def test_names_are_text_whatever_stands_in_them(report):
    (label, *rest), hostile = report["classes"], {}
    summary = {**report["summary"], "versions": {HOSTILE: HOSTILE}, "data": HOSTILE}
    hostile |= {"model": HOSTILE, "classes": [HOSTILE, *rest], "summary": summary, "data": {"id": "", "name": HOSTILE}}
    hostile["per_class"] = [{**row, "label": HOSTILE} for row in report["per_class"]]
    hostile["mistakes"] = [{**row, "label": HOSTILE, "file": HOSTILE} for row in report["mistakes"]]
    hostile["suspects"] = [{**row, "predicted": HOSTILE, "file": HOSTILE} for row in report["suspects"]]
    page = Parsed(html({**report, **hostile}, None, {label: HOSTILE}))
    assert page.text.count(HOSTILE) > 10


def test_a_report_of_an_older_version_has_a_page_too(report):
    summary = {name: value for name, value in report["summary"].items() if name != "versions"}
    older = {name: value for name, value in report.items() if name not in ("suspects", "test", "folds")}
    page = Parsed(html({**older, "summary": summary, "curves": []}, None, {}))
    assert page.drawings() == 0 and say("no_suspects") in page.text


# curves


def test_a_curve_goes_from_corner_to_corner():
    lines = [{"stage": "full", "epoch": epoch, "val_accuracy": epoch / 4} for epoch in range(5)]
    (line,) = re.findall(r'<polyline class="val" points="([^"]+)"', curves.drawing(lines, "accuracy"))
    places = [tuple(map(float, place.split(","))) for place in line.split()]
    assert places[0] == (curves.LEFT, curves.BOTTOM) and places[-1] == (curves.RIGHT, curves.TOP)
    assert places[2] == ((curves.LEFT + curves.RIGHT) / 2, (curves.TOP + curves.BOTTOM) / 2)


def test_one_point_is_a_dot_and_none_is_nothing():
    assert '<circle class="val"' in curves.drawing([{"stage": "full", "epoch": 1, "val_loss": 0.5}], "loss")
    assert curves.drawing([], "loss") == "" == curves.drawing([{"stage": "full", "epoch": 1}], "loss")
    assert "NaN" not in curves.drawing([{"stage": "full", "epoch": 0, "val_loss": 0}], "loss")


def test_the_loss_is_drawn_as_it_was_and_smoothed():
    losses = np.random.default_rng(0).uniform(0.5, 1, 30)
    lines = [{"stage": "full", "epoch": place / 10, "train_loss": loss} for place, loss in enumerate(losses)]
    found = [value for _, value in curves.smoothed(curves.points(lines, "train_loss"))]
    for place in (0, 1, 29):  # each later one counts a ninth more than the one before it
        assert found[place] == pytest.approx(np.average(losses[: place + 1], weights=0.9 ** np.arange(place, -1, -1)))
    page = Parsed(curves.drawings(lines))
    assert [tag["class"] for name, tag in page.tags if name == "polyline"] == ["train raw", "train"]
    assert f"{found[-1]:.3g}" in page.text


def test_a_long_run_is_drawn_with_as_many_points_as_can_be_told_apart():
    lines = [{"stage": "full", "epoch": step / 9_999, "learning_rate": 0.1} for step in range(10_000)]
    (line,) = re.findall(r'points="([^"]+)"', curves.drawing(lines, "learning_rate"))
    places = line.split()
    assert len(places) <= curves.DRAWN + 2 and places[-1].startswith(f"{curves.RIGHT}.0,")


@pytest.mark.parametrize(
    ("highest", "expected"),
    [(1, [0, 0.25, 0.5, 0.75, 1]), (0.87, [0, 0.25, 0.5, 0.75, 1]), (40, [0, 10, 20, 30, 40]), (0, [0, 1])],
)
def test_an_axis_has_round_numbers(highest, expected):
    assert curves.ticks(highest) == expected


@pytest.mark.parametrize("highest", [1e-9, 0.013, 3, 42, 1e6])
def test_an_axis_reaches_its_highest_number_in_few_steps(highest):
    found = curves.ticks(highest)
    assert found[0] == 0 and found[-1] >= highest and 3 <= len(found) <= 6
