"""The search for a learning rate: its button, how it is going, its plot, and what it suggests."""

from collections.abc import Callable

import gradio as gr

from resnet.text import say
from resnet.views import rates

LOOK = 0.5  # seconds between two looks at a search


class RateFinder:
    """field: takes what is suggested. settings: (*form) -> the settings to search with."""

    def __init__(self, page, button: Callable[..., gr.Button], field: gr.Textbox, settings: Callable) -> None:
        self.page, self.service, self.field, self.settings = page, page.service, field, settings
        with gr.Row(elem_classes="buttons"):
            self.start = button("rates_find", "finetune-rates", size="md")
            self.stop = button("rates_stop", "finetune-rates-stop", size="md", visible=False)
            self.use = gr.Button("", elem_id="finetune-rates-use", size="md", visible=False)
        self.refusal, self.note = page.html("finetune-rates-refusal"), page.html("finetune-rates-note")
        self.plot = page.html("finetune-rates-plot")
        self.timer = gr.Timer(LOOK, active=False)

    def wire(self, form: list[gr.blocks.Block], opened: Callable) -> None:
        """opened: the event of the part being opened in which it stands."""
        page, shown = self.page, [self.note, self.plot, self.start, self.stop, self.use, self.timer]
        page.on(self.start.click, self.begin, form, shown, self.refusal)
        page.on(self.stop.click, self.end, [], shown)
        page.on(self.use.click, self.take, [], [self.field])
        page.on([opened, self.timer.tick, page.language.change], self.watch, [], shown)

    # callbacks

    def begin(self, *form_and_language):
        *form, language = form_and_language
        self.service.runs.search_rates(self.settings(*form))
        return self.watch(language)

    def end(self, language: str):
        self.service.runs.rates.stop()
        return self.watch(language)

    def take(self, language: str):
        return rates.figure(self.service.runs.rates.suggestion)

    def watch(self, language: str):
        search = self.service.runs.rates
        if not search:
            return (gr.skip(),) * 6
        running, found = search.state == "running", search.state == "done"
        take = say("rates_use", language, rate=rates.figure(search.suggestion)) if found else ""
        return (
            *(rates.search(search, language), rates.plot(search.points, search.suggestion, language)),
            *(gr.update(visible=not running), gr.update(visible=running), gr.update(visible=found, value=take)),
            gr.update(active=running),
        )
