"""The news of a run: what pages are told once a second, and no one else is."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from resnet.store import Store, append_line, read_json, write_json
from resnet.ui import news
from resnet.ui.news import News, address
from resnet.ui.service import Service
from resnet.views import sentences
from tests.made_runs import make_run

NOTHING = {"version": "", "percent": "", "views": {}}
LINE = {"time": 1.0, "stage": "full", "step": 1, "train_loss": 0.5, "learning_rate": 0.1, "images_per_second": 9}


@pytest.fixture
def run(store: Store) -> Path:
    """A run that has failed."""
    folder = make_run(store, "failed")
    write_json(folder / "name.json", {"format": 1, "name": "<b>pets</b>"})
    return folder


@pytest.fixture
def ask(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., httpx.Response]:
    monkeypatch.setattr(news, "FRESH", -1)  # as if whatever was told is old
    service = Service(store)
    client = TestClient(Starlette(routes=[News(service).route()]))
    place = f"/{address(service)}"
    return lambda run="", lang="en", **headers: client.get(place, params={"run": run, "lang": lang}, headers=headers)


def test_without_a_run_there_is_no_news(ask) -> None:
    assert ask().json() == NOTHING == ask("0" * 16).json() == ask("../..").json()


def test_a_page_is_told_what_is_to_be_seen_in_its_language(ask, run) -> None:
    append_line(run / "metrics.jsonl", {**LINE, "epoch": 0.5})
    english, chinese = ask(run.name).json(), ask(run.name, "zh").json()
    assert ask().json()["version"] == english["version"] != chinese["version"]
    assert sentences.state("failed", "en") in english["views"]["run-view"]
    assert sentences.state("failed", "zh") in chinese["views"]["run-view"]
    assert ask(run.name, "xx").json() == english
    assert "<b>" not in english["views"]["run-view"] and "&lt;b&gt;pets" in english["views"]["run-view"]
    assert "<svg" in english["views"]["run-curves"] and "学习率" in chinese["views"]["run-curves"]


def test_points_are_seen_without_an_event_and_a_new_state_sets_one_off(ask, run) -> None:
    first = ask(run.name).json()
    append_line(run / "metrics.jsonl", {**LINE, "epoch": 0.5})
    second = ask(run.name).json()
    assert second["version"] == first["version"] and second["views"] != first["views"]
    write_json(run / "status.json", {**read_json(run / "status.json"), "state": "queued", "launched": time.time()})
    third = ask(run.name).json()
    assert third["version"] != second["version"] and (second["percent"], third["percent"]) == ("", "0.0")
    shutil.rmtree(run)
    assert ask(run.name).json() == NOTHING


def test_a_browser_that_has_the_news_is_not_told_again(ask, run) -> None:
    told = ask(run.name)
    again = ask(run.name, **{"If-None-Match": told.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    append_line(run / "metrics.jsonl", {**LINE, "epoch": 0.5})
    assert ask(run.name, **{"If-None-Match": told.headers["ETag"]}).status_code == 200


def test_what_visitors_ask_for_does_not_fill_the_memory(store, run) -> None:
    service = Service(store)
    told = News(service)
    client = TestClient(Starlette(routes=[told.route()]))
    for number in range(2 * news.KEPT + 5):
        client.get(f"/{address(service)}", params={"run": str(number)})
    assert len(told.told) <= news.KEPT
