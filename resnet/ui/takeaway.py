"""The chosen model to take away: as what, what each is good for, and what the check of it found."""

import gradio as gr

from resnet.exporters import FORMATS
from resnet.text import say
from resnet.ui.components import stages
from resnet.views import exports, figures


class TakeAway:
    """One press makes the file, has it checked, and hands it to the browser."""

    def __init__(self, page, chosen: gr.Dropdown) -> None:
        self.page, self.service, self.chosen = page, page.service, chosen
        with page.words.put(gr.Accordion("", open=False, elem_id="results-take-away"), label="take_away"):
            self.format = gr.Radio(
                [("", "")],
                value=FORMATS[0],
                show_label=False,
                elem_id="results-format",
                elem_classes=["flush", "one-a-line"],
            )
            page.words.put(self.format, label="take_away_as", choices=formats)
            with gr.Row(elem_classes="buttons"):
                self.make = page.words.put(gr.Button("", elem_id="results-download"), value="download")
            self.note = page.html("results-export-note")
            self.found = page.html("results-checked")
            self.file = gr.DownloadButton("", visible="hidden", elem_id="results-file")

    def wire(self) -> None:
        page = self.page
        page.on([self.chosen.change, self.format.change], self.forget, [], [self.found], self.note)
        made = page.on(
            self.make.click,
            self.export,
            [self.chosen, self.format],
            [self.file, self.found],
            self.note,
            show_progress="full",
            show_progress_on=self.format,
            concurrency_id="export",
        )
        made.success(None, js="() => window.resnetLab.press('results-file')", api_visibility="private")

    # callbacks

    def forget(self, language: str):
        return ""

    def export(self, chosen: str, format: str, language: str, progress=gr.Progress()):  # noqa: B008
        found = self.service.export(chosen, format, stages(progress, language))
        return found["file"], figures.lines(*exports.checked(found, language))


def formats(language: str) -> list[tuple[str, str]]:
    """Each format and what it is good for."""
    return [(say(f"format_{name}", language), name) for name in FORMATS]
