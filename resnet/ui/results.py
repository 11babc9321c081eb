"""The Results tab: every run, newest first, then the shipped models' own training; and what came of each."""

import gradio as gr

from resnet import jobs
from resnet.text import say
from resnet.ui.asking import Asking
from resnet.ui.comparing import Comparing
from resnet.ui.components import Choice, choice
from resnet.ui.looking import Looking
from resnet.ui.models import model_choices
from resnet.ui.neighbours import Neighbours
from resnet.ui.plots import curves
from resnet.ui.takeaway import TakeAway
from resnet.ui.trust import Trust
from resnet.views import figures, pictures, sentences, tables
from resnet.views.result import Result


class ResultsTab:
    def __init__(self, page) -> None:
        self.page, self.service, self.words = page, page.service, page.words
        self.tab = self.words.put(gr.Tab("", id="results", elem_id="tab-results"), label="tab_results")
        with self.tab:
            self.chosen = self.words.put(Choice([], elem_id="results-run", interactive=True), label="result")
            self.note = page.html("results-note")
            self.headline = page.html("results-headline", min_height=64)
            self._lay_out_buttons()
            self.take_away = TakeAway(page, self.chosen)
            self._lay_out_details()
            self.looking = Looking(page, self.chosen, self._button)
            self.comparing = Comparing(page, self.chosen)
            self._lay_out_list()

    def _lay_out_buttons(self) -> None:
        with gr.Row(elem_classes="buttons"):
            self.use = self._button("use_in_classify", "results-use", variant="primary")
            self.further = self._button("train_further", "results-further")
            self.rename = self._button("rename", "results-rename")
            self.delete = self._button("delete", "results-delete")
        with gr.Row(visible=False, elem_id="results-renaming", elem_classes="bottom") as self.renaming:
            self.new_name = self.words.put(gr.Textbox(elem_id="results-name", max_length=80), label="new_name")
            self.named = self._button("rename", "results-named", scale=0)
        self.deleting = Asking(self.page, self._button, "results")

    def _lay_out_details(self) -> None:
        with gr.Tabs(elem_id="results-details"):
            with self._part("part_curves", "results-part-curves"):
                self.loss, self.accuracy = curves(self.page, "results")
            with self._part("part_confusion", "results-part-confusion"):
                self.page.text("cell_help", style="quiet")
                self.confusion, self.cell = self.page.choices("results-confusion"), self.page.choices("results-cell")
            with self._part("part_classes", "results-part-classes"):
                self.classes = self.page.html("results-classes")
            with self._part("part_mistakes", "results-part-mistakes"):
                self.page.text("mistakes_help", style="quiet")
                self.mistakes = self.page.choices("results-mistakes")
            with self._part("part_doubtful", "results-part-doubtful"):
                self.page.text("doubtful_help", style="quiet")
                self.doubtful = self.page.choices("results-doubtful")
            with self._part("part_suspects", "results-part-suspects"):
                self.page.text("suspects_help", style="quiet")
                self.suspects = self.page.choices("results-suspects")
            with self._part("part_neighbours", "results-part-neighbours"):
                self.neighbours = Neighbours(self.page, self.chosen, self._button)
            with self._part("part_trust", "results-part-trust"):
                self.trust = Trust(self.page, self.chosen, self._button)
            with self._part("part_settings", "results-part-settings"):
                self.settings = gr.Dataframe(interactive=False, wrap=True, elem_id="results-settings")

    def _lay_out_list(self) -> None:
        self.page.text("all_results", "h2", "step")
        self.runs = gr.Dataframe(interactive=False, wrap=True, elem_id="results-runs", max_height=360)
        self.listed = gr.State([])
        if not self.service.hosted:
            self._lay_out_bringing()

    def _lay_out_bringing(self) -> None:
        with self.words.put(gr.Accordion("", open=False, elem_id="results-bring"), label="bring"):
            self.page.text("bring_help", style="quiet")
            with gr.Row(elem_classes="buttons"):
                self.bring = gr.UploadButton("", file_types=[".zip"], elem_id="results-bring-file")
                self.words.put(self.bring, label="bring_choose")
            self.bring_note = self.page.html("results-bring-note")
            self.brought = self.page.html("results-brought")

    def _button(self, key: str, elem_id: str, **settings: object) -> gr.Button:
        return self.words.put(gr.Button("", elem_id=elem_id, **settings), value=key)

    def _part(self, key: str, elem_id: str) -> gr.Tab:
        return self.words.put(gr.Tab("", elem_id=elem_id), label=key)

    # wiring

    def wire(self, classify, finetune, **tabs: object) -> None:
        page, language = self.page, self.page.language
        listed = [self.chosen, self.runs, self.listed]
        own = [self.further, self.rename, self.delete, self.renaming]
        page.on(self.chosen.change, self.allow, [self.chosen], own)
        parts = [self.headline, self.confusion, self.classes, self.mistakes, self.doubtful, self.suspects]
        parts += [self.settings, self.loss, self.accuracy, self.cell]
        wait = {"show_progress": "minimal", "show_progress_on": self.headline, "trigger_mode": "always_last"}
        page.on([self.chosen.change, language.change], self.show, [self.chosen], parts, self.note, **wait)
        page.on(self.tab.select, self.show_again, [self.chosen], parts, self.note, **wait)
        page.on(self.tab.select, self.offer, [self.chosen], listed, self.note)
        page.on(language.change, self.speak, [self.chosen], listed, self.note)
        page.on(self.runs.select, self.pick, [self.listed], [self.chosen])
        page.on(self.use.click, self.use_it, [self.chosen], [page.tabs, classify.model], self.note)
        page.on(self.confusion.select, self.show_cell, [self.chosen], [self.cell], self.note)
        if not self.service.hosted:
            page.on(
                self.further.click,
                finetune.go_further,
                [self.chosen],
                [page.tabs, finetune.data, finetune.model, finetune.data_note],
                self.note,
            )
        page.on(self.rename.click, self.ask_name, [self.chosen], [self.renaming, self.new_name])
        page.on(
            [self.named.click, self.new_name.submit],
            self.name_it,
            [self.chosen, self.new_name],
            [*listed, self.renaming],
            self.note,
        )
        self.take_away.wire()
        choosers = [self.cell, self.mistakes, self.doubtful, self.suspects, self.neighbours.map]
        self.looking.wire(choosers, self.neighbours.map.change, finetune)
        self.neighbours.wire()
        self.trust.wire()
        self.comparing.wire()
        self.deleting.wire(self.delete, self.chosen, self.question, self.delete_it, listed, self.note)
        if not self.service.hosted:
            outputs = [*listed, self.brought]
            wait = {"show_progress": "full", "show_progress_on": self.brought, "concurrency_id": "import"}
            page.on(self.bring.upload, self.bring_in, [self.bring], outputs, self.bring_note, **wait)

    # callbacks

    def offer(self, chosen: str, language: str):
        results = self.service.results.all()
        ids = [result["run"] for result in results]
        choices = [(sentences.result_line(result, language), result["run"]) for result in results]
        runs = gr.update(choices=choices)
        if chosen not in ids:  # else nothing is said of it: the visitor may have chosen another one meanwhile
            runs["value"] = next(iter(ids), None)
        return runs, tables.runs(results, language), ids

    def speak(self, chosen: str, language: str):
        """The same, but a result is chosen only when the tab is opened."""
        runs, *listed = self.offer(chosen, language)
        return gr.update(choices=runs["choices"]), *listed

    def show(self, chosen: str, language: str):
        if not (result := self.service.results.find(chosen)):
            waiting = say("no_report_yet", language, name=self.service.results.name(chosen)) if chosen else ""
            return figures.empty(waiting or say("results_empty", language)), *[""] * 5, *[None] * 3, ""
        curves = (tables.curves(result.report["curves"], value, language) for value in ("loss", "accuracy"))
        return (*said(result, language), tables.settings(result.report, language), *curves, "")

    def show_again(self, chosen: str, language: str):
        """A run may have ended since the tab was left; when it is opened first, the list will choose one."""
        if not chosen and self.service.results.all():
            return (gr.skip(),) * 10
        return self.show(chosen, language)

    def show_cell(self, chosen: str, language: str, event: gr.EventData):
        return pictures.cell(self.service.results.open(chosen), choice(event), language)

    def allow(self, chosen: str, language: str):
        own = gr.update(visible=self.service.results.is_own(chosen) and not self.service.hosted)
        return own, own, own, gr.update(visible=False)

    def ask_name(self, chosen: str, language: str):
        return gr.update(visible=True), self.service.results.name(chosen)

    def name_it(self, chosen: str, name: str, language: str):
        self.service.runs.rename(chosen, name)
        return *self.offer(chosen, language), gr.update(visible=False)

    def pick(self, listed: list[str], language: str, event: gr.SelectData):
        return listed[event.index[0]]

    def turn_to(self, run: str, language: str):
        results = self.service.results.all()
        choices = [(sentences.result_line(result, language), result["run"]) for result in results]
        return gr.Tabs(selected="results"), gr.update(choices=choices, value=run)

    def use_it(self, chosen: str, language: str):
        models = model_choices(self.service, language, classifiers=True)
        return gr.Tabs(selected="classify"), gr.update(choices=models, value=chosen)

    def question(self, run: str, language: str):
        live = self.service.runs.status(run)["state"] in jobs.ALIVE
        return say("delete_live_question" if live else "delete_question", language, name=self.service.results.name(run))

    def delete_it(self, chosen: str, language: str):
        self.service.runs.delete(chosen)
        return self.offer("", language)

    def bring_in(self, file: str, language: str):
        run = self.service.runs.bring_in(file)
        runs, listed, ids = self.offer(run, language)
        brought = figures.note(say("brought", language, name=self.service.results.name(run)), "quiet")
        return {**runs, "value": run}, listed, ids, brought


def said(result: Result, language: str) -> tuple[str, ...]:
    """What a result's parts show, in the order of their places."""
    judged = pictures.judged(result, language)
    return (
        figures.headline(result.report, language),
        judged + figures.confusion(result.figures, result.words, language, choose=result.has_predictions),
        judged + figures.per_class(result.figures, result.words, language),
        judged + pictures.mistakes(result, language),
        judged + pictures.doubtful(result, language),
        judged + pictures.cards(result.report.get("suspects", []), result, language),
    )
