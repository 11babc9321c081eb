"""What computes the answers, for those who want to choose it: below an answer's facts, folded away."""

import gradio as gr

from resnet.errors import UserError
from resnet.predictor.engines import likely_device
from resnet.text import say
from resnet.ui.components import stages
from resnet.views import exports, figures, sentences

ENGINES = ("onnx", "torch", "onnx-int8")


class EngineChoice:
    """`ready` is (model, engine): the last choice that could be kept, which answers for that model from then on."""

    def __init__(self, page, model: gr.Dropdown) -> None:
        self.page, self.service, self.model = page, page.service, model
        self.ready = gr.State(("", ""))
        if self.service.hosted:  # nobody builds an engine for strangers
            return
        with page.words.put(gr.Accordion("", open=False, elem_id="classify-engines"), label="computed_by"):
            self.chosen = gr.Radio(
                [("", "")], value="", show_label=False, elem_id="classify-engine", elem_classes="flush"
            )
            page.words.put(self.chosen, label="computed_by", info="computed_by_help", choices=choices)
            self.note = page.html("classify-engine-note")

    def wire(self) -> None:
        if self.service.hosted:
            return
        page, shown = self.page, [self.chosen, self.ready, self.note]
        page.on(self.model.change, self.turn_back, [self.model, self.ready], [self.chosen, self.note])
        page.on(
            self.chosen.input,
            self.prepare,
            [self.model, self.chosen, self.ready],
            shown,
            trigger_mode="multiple",  # one after the other: the last choice is kept last
            show_progress="full",
            show_progress_on=self.chosen,
            concurrency_id="build",
        )

    # callbacks

    def turn_back(self, model: str, ready: tuple[str, str], language: str):
        return engine_for(model, ready), ""

    def prepare(self, model: str, engine: str, ready: tuple[str, str], language: str, progress=gr.Progress()):  # noqa: B008
        progress(0, desc=say("engine_building", language))
        try:
            self.service.models.predictor(model, engine, stages(progress, language))
        except UserError as problem:  # the former answer stands, and so does what gave it
            words = figures.note(sentences.problem(problem.message, language), "warn")
            return engine_for(model, ready), gr.skip(), words
        figure = exports.int8(self.service.models.int8_figures(model), language) if engine == "onnx-int8" else ""
        return engine, (model, engine), figures.note(figure, "quiet")


def engine_for(model: str, ready: tuple[str, str]) -> str:
    """The engine that was chosen for a model, "" where it is left to us."""
    return ready[1] if ready[0] == model else ""


def choices(language: str) -> list[tuple[str, str]]:
    """Each engine with the device that it computes on here."""
    devices = {"torch": likely_device()}
    named = [(sentences.engine_on(name, devices.get(name, "cpu"), language), name) for name in ENGINES]
    return [(say("automatic", language), ""), *named]
