"""The Classify tab's answers: what stays where the visitor left it, and what goes when it has ended."""

from pathlib import Path

import gradio as gr
import pytest

from resnet.store import Store
from resnet.ui.classify import ClassifyTab
from resnet.ui.page import Page
from resnet.ui.service import Service


@pytest.fixture
def tab(store: Store) -> ClassifyTab:
    with gr.Blocks():
        return ClassifyTab(Page(Service(store)))


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
