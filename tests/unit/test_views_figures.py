"""Figures: HTML from run data. Every name that enters is hostile text."""

from html.parser import HTMLParser

import numpy as np
import pytest

from resnet.data.dataset import Dataset
from resnet.evaluation.metrics import summarize
from resnet.text import Message
from resnet.views import figures, palette

HOSTILE = '<img src=x onerror="alert(1)">'
HARMLESS = {"div", "span", "p", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "title", "figure"}
HARMLESS |= {"figcaption", "strong", "img", "path"}


class Tags(HTMLParser):
    """Tags and attributes of a piece of HTML; nothing may be a script, and no picture come from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        assert tag in HARMLESS
        assert not [name for name, _ in attributes if name.startswith("on")]
        assert all(value.startswith("data:image/jpeg") for name, value in attributes if name == "src")


STATUS = {"stage": "full", "epoch": 1, "epochs": 2, "step": 5, "steps": 10, "images_per_second": None}
STATUS |= {"megabytes": None, "seconds_left": None, "val_accuracy": None, "message": None, "fold": None, "folds": None}


def report_of(targets: list[int], answers: list[int], labels: list[str]) -> dict:
    logits = np.full((len(answers), len(labels)), -4.0, np.float32)
    logits[np.arange(len(answers)), answers] = 4.0
    report = summarize(logits, np.array(targets), labels, 1.0)
    wrong = [(t, a) for t, a in zip(targets, answers, strict=True) if t != a]
    seconds = {"total": 1.0}
    report |= {"data": {"id": "", "name": "pets"}}
    report["summary"] = {"mode": "auto", "seconds": seconds, "finished": 0.0, "stopped_early": False}
    report["mistakes"] = [
        {"file": f"files/{i}.jpg", "label": labels[t], "predicted": labels[a], "score": 0.9, "sha256": ""}
        for i, (t, a) in enumerate(wrong)
    ]
    return report


def all_figures(report: dict, language: str = "en") -> str:
    views = (figures.headline(report, language), figures.confusion(report, {}, language))
    return "".join((*views, figures.per_class(report, {}, language), figures.mistakes(report, None, {}, language)))


def test_all_right() -> None:
    html = all_figures(report_of([0, 1, 1], [0, 1, 1], ["ant", "bee"]))
    assert "No two classes were confused." in html
    assert "Not one of the checked pictures was mistaken." in html
    assert "100 %" in html


def test_all_wrong() -> None:
    html = all_figures(report_of([0, 0, 1], [1, 1, 0], ["ant", "bee"]))
    assert "2 × “ant” was taken for “bee”." in html
    assert "answered bee, 90 % sure" in html
    assert "0 of 2" in html


def test_one_class_alone_was_checked() -> None:
    html = all_figures(report_of([0, 0], [0, 0], ["ant", "bee"]))
    assert "2 of 2" in html and "bee" in html


def test_a_hundred_classes_become_a_map_without_numbers() -> None:
    targets = [i % 100 for i in range(10_000)]
    answers = [(t + (i % 7 == 0)) % 100 for i, t in enumerate(targets)]
    html = all_figures(report_of(targets, answers, [f"class {i}" for i in range(100)]))
    found = Tags(html).found
    assert found.count("rect") == 200
    assert "table" not in found
    assert len(html) < 200_000


def test_a_class_bears_one_mark_wherever_it_is_named() -> None:
    labels = ["ant", "bee", "fly"]
    report = report_of([0, 1, 1, 2], [0, 2, 1, 2], labels)
    mark = palette.sign("bee", labels)
    assert mark and mark != palette.sign("ant", labels)
    assert figures.confusion(report, {"bee": "honey bee"}).count(f"{mark}honey bee") == 2  # of a row and of a column
    assert f"{mark}bee" in figures.per_class(report, {})
    assert f"{mark}bee" in figures.mistakes(report, None, {})
    image = {"labels": [{"label": "bee", "description": "bee", "score": 0.9}], "known": True}
    result = {"model": "one", "images": [image]}
    assert figures.answers_of([result], classes=labels).count(f"{mark}bee") == 1
    assert figures.answers_of([result] * 2, classes=labels).count(f"{mark}bee") == 2


def test_where_marks_would_mean_several_classes_there_are_none() -> None:
    labels = [f"class {place}" for place in range(palette.MARKS + 1)]
    assert palette.sign(labels[0], labels) == "" != palette.sign(labels[0], labels[:-1])
    assert "svg" not in figures.per_class(report_of([0], [0], labels), {})
    assert palette.sign("another model's", labels[:-1]) == ""


def test_hostile_class_and_file_names_stay_text() -> None:
    labels = [HOSTILE, "${alert(1)}{{x}}"]
    report = report_of([0, 1], [1, 1], labels)
    report["mistakes"][0]["file"] = HOSTILE
    report["data"]["name"] = HOSTILE
    Tags(all_figures(report))
    image = {"labels": [{"label": HOSTILE, "description": HOSTILE, "score": 0.5}], "known": False}
    Tags(figures.answer(image))
    failed = Message("run_failed", {"reason": HOSTILE}).to_json()
    Tags(figures.running({**STATUS, "state": "failed", "message": failed}, HOSTILE))
    Tags(figures.note(HOSTILE) + figures.empty(HOSTILE) + figures.badges(HOSTILE))
    Tags(figures.seen("data:image/jpeg;base64,", HOSTILE))


def test_a_name_cannot_turn_the_direction_of_writing() -> None:
    turned = "\u202egpj.\u2066cat\u200f"
    html = figures.note(turned) + figures.answer(
        {"labels": [{"label": "a", "description": turned, "score": 0.5}], "known": True}
    )
    assert "gpj.cat" in html and not set(html) & set("\u200f\u202e\u2066")


def test_unknown_is_a_sentence_over_the_nearest_guesses() -> None:
    image = {"labels": [{"label": "n1", "description": "church, church building", "score": 0.2}], "known": False}
    html = figures.answer(image)
    assert "Unknown" in html and "answer unknown" in html
    assert ">church<" in html
    assert "Unknown" not in figures.answer({**image, "known": True})


@pytest.mark.parametrize("state", ["queued", "running", "stopping", "stopped", "done", "failed", "lost"])
def test_every_state_of_a_run_is_shown(state: str) -> None:
    html = figures.running({**STATUS, "state": state}, "pets", "zh")
    Tags(html)
    assert ("width:50.0%" in html) == (state in ("queued", "running", "stopping"))


def test_the_bar_counts_the_models_of_all_folds_and_the_delivered_one() -> None:
    running = {**STATUS, "state": "running", "folds": 4}  # each half done
    shares = [figures.running({**running, "fold": fold}, "pets") for fold in (1, 3, None)]
    for html, percent in zip(shares, (10, 50, 90), strict=True):
        assert f"width:{percent}.0%" in html


def test_mistakes_are_shown_from_the_data_set_and_from_nowhere_else(data: Dataset) -> None:
    entry = {"label": "a", "predicted": "b", "score": 0.9, "sha256": ""}
    here = data.records[0].path.relative_to(data.folder).as_posix()
    report = {
        "n": 2,
        "classes": ["a", "b"],
        "mistakes": [{**entry, "file": here}, {**entry, "file": "../../../../etc/passwd"}],
    }
    assert Tags(figures.mistakes(report, data, {})).found.count("img") == 1


def test_a_run_that_diverged_is_not_advised_to_resume() -> None:
    rate = Message("loss_not_finite", {"rate": "10"}).to_json()
    assert "Resume" not in figures.running({**STATUS, "state": "failed", "message": rate}, "pets")
    other = Message("run_failed", {"reason": "a fault"}).to_json()
    assert "Resume" in figures.running({**STATUS, "state": "failed", "message": other}, "pets")
