"""Where the pictures of a result lie beside each other, and those most like the chosen one."""

from collections.abc import Callable

import gradio as gr

from resnet.text import say
from resnet.ui.components import Choice
from resnet.views import figures, neighbours


class Neighbours:
    """The map of the result that is chosen in the field `chosen`; button: makes one of the tab's."""

    def __init__(self, page, chosen: Choice, button: Callable[..., gr.Button]) -> None:
        self.page, self.service, self.chosen = page, page.service, chosen
        page.text("neighbours_help", style="quiet")
        with gr.Row(elem_classes="buttons"):
            self.draw = button("map_draw", "results-draw-map", visible=False)
        self.note, self.map = page.html("results-map-note"), page.choices("results-map")

    def wire(self) -> None:
        page, outputs = self.page, [self.map, self.draw]
        page.on([self.chosen.change, page.language.change], self.show, [self.chosen], outputs, self.note)
        page.on(
            self.draw.click,
            self.draw_it,
            [self.chosen],
            outputs,
            self.note,
            show_progress="full",
            show_progress_on=self.map,
            concurrency_id="embed",
        )

    # callbacks

    def show(self, chosen: str, language: str):
        if not (result := self.service.results.find(chosen)):
            return "", gr.update(visible=False)
        html, waits = neighbours.shown(result, language)
        return html, gr.update(visible=waits)

    def draw_it(self, chosen: str, language: str, progress=gr.Progress()):  # noqa: B008
        words = {"desc": say("map_drawing", language), "unit": say("exporting_unit", language)}
        self.service.results.embed(chosen, lambda done, total: progress((done, total), **words))
        return self.show(chosen, language)


class Like:
    """The pictures most like the one whose sha256 is in the field `sha256`, computed while it is open."""

    def __init__(self, page, chosen: Choice, sha256: gr.State) -> None:
        self.page, self.service, self.chosen, self.sha256 = page, page.service, chosen, sha256
        self.box = page.words.put(gr.Accordion("", open=False, elem_id="results-like"), label="like_title")
        with self.box:
            self.note, self.cards = page.html("results-like-note"), page.choices("results-like-cards")

    def wire(self, drawn: Callable) -> None:
        """drawn: the event after which there may be a map that was not there."""
        page, is_open = self.page, self.page.while_open(self.box)
        page.on(
            [is_open.change, self.sha256.change, self.chosen.change, drawn, page.language.change],
            self.compare,
            [is_open, self.chosen, self.sha256],
            [self.cards],
            self.note,
            trigger_mode="always_last",
        )

    # callbacks

    def compare(self, is_open: bool, chosen: str, sha256: str, language: str):
        if not (is_open and (result := self.service.results.find(chosen))):
            return ""
        if not sha256:
            return figures.empty(say("like_no_picture", language))
        return neighbours.like(result, sha256, language)
