"""Several results beside each other."""

import gradio as gr

from resnet.text import say
from resnet.ui.components import Choice, Choices
from resnet.ui.plots import curves
from resnet.views import comparison, figures, sentences


class Comparing:
    """Of the result that is chosen in the field `chosen`, and of others."""

    def __init__(self, page, chosen: Choice) -> None:
        self.page, self.service, self.chosen = page, page.service, chosen
        self.box = page.words.put(gr.Accordion("", open=False, elem_id="results-compare"), label="compare")
        with self.box:
            others = Choices([], multiselect=True, interactive=True, elem_id="results-others")
            self.others = page.words.put(others, label="compare_with")
            self.note, self.said = page.html("results-compare-note"), page.html("results-differences")
            with gr.Column(visible=False) as self.details:
                self.accuracies = gr.Dataframe(interactive=False, wrap=True, elem_id="results-accuracies")
                self.loss, self.accuracy = curves(page, "compare", coloured=False)
                page.text("compare_settings", style="heading")
                self.same = page.html("results-same-settings")
                self.settings = gr.Dataframe(interactive=False, wrap=True, elem_id="results-differing")

    def wire(self) -> None:
        page, language = self.page, self.page.language
        page.on([self.box.expand, self.chosen.change, language.change], self.offer, [self.chosen], [self.others])
        page.on(
            [self.others.change, self.chosen.change, language.change],
            self.compare,
            [self.chosen, self.others],
            [self.said, self.details, self.accuracies, self.loss, self.accuracy, self.same, self.settings],
            self.note,
        )

    # callbacks

    def offer(self, chosen: str, language: str):
        others = (result for result in self.service.results.all() if result["accuracy"] is not None)
        choices = [(sentences.result_line(result, language), result["run"]) for result in others]
        return gr.update(choices=[choice for choice in choices if choice[1] != chosen])

    def compare(self, chosen: str, others: list[str], language: str):
        others = [other for other in others if other != chosen]
        result = self.service.results.find(chosen)
        if not (result and others):
            return "", gr.update(visible=False), *[gr.skip()] * 5
        results = [result, *(self.service.results.open(other) for other in others)]
        differing = comparison.settings(results, language)
        same = "" if len(differing) else figures.note(say("compare_same_settings", language), "quiet")
        return (
            figures.notes(comparison.differences(results, language), "plain"),
            gr.update(visible=True),
            comparison.accuracies(results, language),
            *(comparison.curves(results, value, language) for value in ("loss", "accuracy")),
            same,
            gr.update(value=differing, visible=len(differing) > 0),
        )
