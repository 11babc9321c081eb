"""Beside an answer: what in the picture speaks for it, or for another label."""

from collections.abc import Callable

import gradio as gr

from resnet.errors import UserError
from resnet.text import say
from resnet.ui.components import Choice, Picture
from resnet.views import figures


class Why:
    """Computed while it is open. picture, model: where these are chosen."""

    def __init__(self, page, picture: Picture | gr.State, model: Choice, elem_id: str) -> None:
        self.page, self.service, self.picture, self.model = page, page.service, picture, model
        self.box = page.words.put(gr.Accordion("", open=False, elem_id=elem_id), label="why")
        with self.box:
            self.label = page.words.put(
                Choice([("", "")], value="", interactive=True, elem_id=f"{elem_id}-label"), label="why_label"
            )
            self.note, self.heat = page.html(f"{elem_id}-note"), page.html(f"{elem_id}-heat")

    def wire(self, *arrived: Callable) -> None:
        """arrived: events after which a model may be here that was not."""
        page, changed = self.page, [self.model.change, *arrived, self.page.language.change]
        page.on(changed, self.offer, [self.model, self.label], [self.label])
        page.on(self.picture.change, self.say_wait, [self.model], [self.heat])
        is_open = page.while_open(self.box)
        changed += [is_open.change, self.picture.change, self.label.change]
        asked = [is_open, self.picture, self.model, self.label]
        wait = {"show_progress": "minimal", "show_progress_on": self.heat, "concurrency_id": "compute"}
        page.on(changed, self.say_why, asked, [self.heat], self.note, trigger_mode="always_last", **wait)

    # callbacks

    def offer(self, model: str, label: str, language: str):
        try:
            config = self.service.models.config(model)
        except UserError:  # what is wrong stands below the field already
            config = None
        labels = config.labels if config else []
        choices = [(say("why_answer", language), ""), *((config.describe_label(label), label) for label in labels)]
        return gr.update(choices=choices, **({} if label in ("", *labels) else {"value": ""}))

    def say_wait(self, model: str, language: str):
        """To a new picture nothing stands there, not even what a former model saw, until the model is here."""
        return gr.skip() if self.service.models.is_here(model) else ""

    def say_why(self, is_open: bool, picture: str | None, model: str, label: str, language: str):
        if not is_open:
            return ""
        if not self.service.models.is_here(model):  # what the former model saw stays until this one is here
            return gr.skip()
        if not picture:
            return figures.empty(say("why_empty", language))
        return figures.why(self.service.answers.explain(picture, model, label), language)
