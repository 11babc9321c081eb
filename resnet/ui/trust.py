"""How far a model's scores can be trusted, and below which it had better say "unknown"."""

from collections.abc import Callable

import gradio as gr

from resnet.text import say
from resnet.ui.components import Choice
from resnet.ui.plots import shares
from resnet.views import figures, trust


class Trust:
    """Of the result that is chosen in the field `chosen`; button: makes one of the tab's."""

    def __init__(self, page, chosen: Choice, button: Callable[..., gr.Button]) -> None:
        self.page, self.service, self.chosen = page, page.service, chosen
        self.said = page.html("results-trust")
        with gr.Column(visible=False) as self.details:
            with gr.Row():
                self.reliability = shares(page, "reliability", "confidence", ("ideal", "measured"))
                self.coverage = shares(page, "coverage", "threshold", ("answered", "right"))
            with gr.Row(elem_classes="bottom"):
                slider = gr.Slider(0, 1, step=0.01, interactive=True, elem_id="results-threshold", scale=3)
                self.threshold = page.words.put(slider, label="threshold")
                self.use = button("threshold_use", "results-use-threshold", scale=1, min_width=180)
            self.does, self.note = page.html("results-threshold-does"), page.html("results-threshold-note")

    def wire(self) -> None:
        page, language = self.page, self.page.language
        outputs = [self.said, self.details, self.reliability, self.coverage, self.threshold, self.use]
        page.on([self.chosen.change, language.change], self.show, [self.chosen], outputs, self.note)
        asked = [self.chosen, self.threshold]
        page.on(
            [self.threshold.change, self.chosen.change, language.change],
            self.try_threshold,
            asked,
            [self.does],
            trigger_mode="always_last",
        )
        page.on(self.use.click, self.keep, asked, [self.note])

    # callbacks

    def show(self, chosen: str, language: str):
        if not (result := self.service.results.find(chosen)):
            return "", gr.update(visible=False), *[gr.skip()] * 4
        said = figures.lines(*trust.said(result.report, language))
        if not result.has_predictions:
            missing = figures.note(say("no_predictions", language), "quiet")
            return said + missing, gr.update(visible=False), *[gr.skip()] * 4
        plots = trust.reliability(result, language), trust.covered(result, language)
        own = gr.update(visible=self.service.results.is_own(chosen))
        return said, gr.update(visible=True), *plots, self.service.models.config(chosen).unknown_threshold or 0.0, own

    def try_threshold(self, chosen: str, threshold: float, language: str):
        result = self.service.results.find(chosen)
        if not (result and result.has_predictions):
            return ""
        return figures.lines(trust.at_threshold(result, threshold, language))

    def keep(self, chosen: str, threshold: float, language: str):
        self.service.results.set_threshold(chosen, threshold or None)
        return figures.note(say("threshold_kept", language, threshold=f"{threshold:.2f}"))
