"""A result to take away: the report, the predictions, the model as what each is good for, and what its check found."""

import gradio as gr

from resnet.exporters import FORMATS
from resnet.text import say
from resnet.ui.components import stages
from resnet.views import exports, figures

PRESS = "(remark) => { if (!remark) window.resnetLab.press('results-file'); }"
UNKEPT = gr.InputHTMLAttributes(autocomplete="off")


class TakeAway:
    """One press makes the file, has it checked, and hands it to the browser."""

    def __init__(self, page, chosen: gr.Dropdown) -> None:
        self.page, self.service, self.chosen = page, page.service, chosen
        with page.words.put(gr.Accordion("", open=False, elem_id="results-take-away"), label="take_away"):
            self._lay_out_report()
            self._lay_out_model()
            if not self.service.hosted:
                self._lay_out_push()
            self.file = gr.DownloadButton("", visible="hidden", elem_id="results-file")

    def _lay_out_report(self) -> None:
        self.page.text("take_report", style="heading")
        with gr.Row(elem_classes="buttons"):
            self.report = self._button("take_html", "results-take-html")
            self.table = self._button("take_csv", "results-take-csv")
            self.run = self._button("take_run", "results-take-run")
        self.report_note = self.page.html("results-report-note")

    def _lay_out_model(self) -> None:
        self.page.text("take_model", style="heading")
        self.format = gr.Radio(
            [("", "")],
            value=FORMATS[0],
            show_label=False,
            elem_id="results-format",
            elem_classes=["flush", "one-a-line"],
        )
        self.page.words.put(self.format, label="take_away_as", choices=formats)
        with gr.Row(elem_classes="buttons"):
            self.make = self._button("download", "results-download")
        self.note = self.page.html("results-export-note")
        self.found = self.page.html("results-checked")

    def _lay_out_push(self) -> None:
        words = self.page.words
        with words.put(gr.Accordion("", open=False, elem_id="results-push"), label="push"):
            self.page.text("push_help", style="quiet")
            self.repository = gr.Textbox(elem_id="results-push-name")
            words.put(self.repository, label="push_name", placeholder="push_name_hint")
            self.token = gr.Textbox(type="password", elem_id="results-push-token", html_attributes=UNKEPT)
            words.put(self.token, label="push_token_field", info="push_token_help")
            self.private = words.put(gr.Checkbox(value=True, elem_id="results-push-private"), label="push_private")
            with gr.Row(elem_classes="buttons"):
                self.send = self._button("push_now", "results-push-now")
            self.push_note = self.page.html("results-push-note")
            self.pushed = self.page.html("results-pushed")

    def _button(self, key: str, elem_id: str) -> gr.Button:
        return self.page.words.put(gr.Button("", elem_id=elem_id), value=key)

    def wire(self) -> None:
        page = self.page
        page.on([self.chosen.change, self.format.change], self.forget, [], [self.found], self.note)
        page.on(self.chosen.change, self.offer, [self.chosen], [self.report, self.table, self.run], self.report_note)
        wait = {"show_progress": "full", "show_progress_on": self.format, "concurrency_id": "export"}
        asked, made = [self.chosen, self.format], [self.file, self.found]
        self._hand_over(page.on(self.make.click, self.export, asked, made, self.note, **wait), self.note)
        for button, call in (
            *((self.report, self.take_report), (self.table, self.take_table)),
            (self.run, self.take_run),
        ):
            made = page.on(button.click, call, [self.chosen], [self.file], self.report_note)
            self._hand_over(made, self.report_note)

        if not self.service.hosted:
            self._wire_push()

    def _wire_push(self) -> None:
        asked = [self.chosen, self.repository, self.token, self.private]
        wait = {"show_progress": "full", "show_progress_on": self.pushed, "concurrency_id": "push"}
        sent = self.page.on(self.send.click, self.push, asked, [self.pushed], self.push_note, **wait)
        sent.then(None, None, [self.token], js="() => ''", api_visibility="private")  # also where it was refused
        self.page.on(self.chosen.change, self.forget, [], [self.pushed], self.push_note)

    def _hand_over(self, made: gr.events.Dependency, note: gr.HTML) -> None:
        """What was made goes to the browser, unless the note tells why there is none."""
        made.success(None, [note], js=PRESS, api_visibility="private")

    # callbacks

    def forget(self, language: str):
        return ""

    def offer(self, chosen: str, language: str):
        result = self.service.results.find(chosen)
        shown = (result, result and result.has_predictions, result and self.service.results.is_own(chosen))
        return tuple(gr.update(visible=bool(part)) for part in shown)

    def take_report(self, chosen: str, language: str):
        return self.service.results.report_page(chosen, language)

    def take_table(self, chosen: str, language: str):
        return self.service.results.predictions_table(chosen)

    def take_run(self, chosen: str, language: str):
        return self.service.runs.take_out(chosen)

    def push(self, chosen: str, repository: str, token: str, private: bool, language: str):
        address = self.service.models.push(chosen, repository, token, private)
        return figures.note(say("pushed", language, address=address))

    def export(self, chosen: str, format: str, language: str, progress=gr.Progress()):  # noqa: B008
        found = self.service.models.export(chosen, format, stages(progress, language))
        return found["file"], figures.lines(*exports.checked(found, language))


def formats(language: str) -> list[tuple[str, str]]:
    """Each format and what it is good for."""
    return [(say(f"format_{name}", language), name) for name in FORMATS]
