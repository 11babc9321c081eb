"""The Classify tab's answers: what stays where the visitor left it, and what goes when it has ended."""

from pathlib import Path

import gradio as gr
import pytest

from resnet.store import Store
from resnet.ui.classify import ClassifyTab
from resnet.ui.page import Page
from resnet.ui.service import Service

AWAY = "resnet50.a1_in1k"  # which is not on this machine


@pytest.fixture
def tab(store: Store) -> ClassifyTab:
    with gr.Blocks():
        return ClassifyTab(Page(Service(store)))


def test_the_label_asked_for_stays_where_the_model_knows_it(tab: ClassifyTab, small_model: Path) -> None:
    model = str(small_model)
    assert "value" not in tab.why.offer(model, "stars", "zh") and "value" not in tab.why.offer(model, "", "en")
    assert tab.why.offer(model, "golf_ball", "en")["value"] == ""


def test_what_speaks_for_an_answer_stays_as_long_as_the_answer_does(tab: ClassifyTab, small_model, pictures) -> None:
    picture, here = str(next(pictures.rglob("*.jpg"))), str(small_model)
    assert "<img" in tab.why.say_why(True, picture, here, "", "en")
    assert tab.why.say_why(True, picture, AWAY, "", "en") == gr.skip()
    assert tab.say_answer(picture, AWAY, "", ("", ""), "en")[0] == gr.skip()
    assert (tab.why.say_wait(AWAY, "en"), tab.why.say_wait(here, "en")) == ("", gr.skip())  # to another picture


def test_a_batch_that_ends_by_a_defect_leaves_its_answers_and_nothing_to_stop(
    tab: ClassifyTab, small_model: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, each = tab.service.answers, tab.service.answers.classify_each

    def broken(*asked: str):
        yield next(each(*asked))
        raise RuntimeError("a defect")

    monkeypatch.setattr(answers, "classify_each", broken)
    selection = answers.select([str(file) for file in pictures.rglob("*.jpg")])
    steps = tab.many.run(selection, str(small_model), "", ("", ""), "en")
    seen = []
    with pytest.raises(RuntimeError):
        seen.extend(steps)
    batch, progress, stop, *_, csv = seen[-1]
    assert [step[2]["visible"] for step in seen[:2]] == [True, True]
    assert (stop["visible"], csv["visible"], len(batch.images)) == (False, True, 1)
    assert "stopped after 1 of 40" in progress
