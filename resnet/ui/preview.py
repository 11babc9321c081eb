"""What the network will see of a picture while it learns."""

from collections.abc import Callable

import gradio as gr

from resnet.views import figures


class Preview:
    """settings: (*form) -> the settings that are meant; button: makes one of the tab's."""

    def __init__(self, page, button: Callable[..., gr.Button], settings: Callable) -> None:
        self.page, self.service, self.settings = page, page.service, settings
        with gr.Row(elem_classes="buttons"):
            self.draw = button("preview", "finetune-preview", size="md")
        self.note, self.seen = page.html("finetune-preview-note"), page.html("finetune-previewed")

    def wire(self, form: list[gr.blocks.Block]) -> None:
        wait = {"show_progress": "minimal", "show_progress_on": self.seen, "concurrency_id": "compute"}
        self.page.on(self.draw.click, self.show, form, [self.seen], self.note, **wait)

    # callbacks

    def show(self, *form_and_language):
        *form, language = form_and_language
        return figures.previews(self.service.runs.preview(self.settings(*form)), language)
