"""The Fine-tune tab: pictures, model, plan, start; and above them the run on its way."""

import functools
import json

import gradio as gr

from resnet import jobs
from resnet.jobs.remedies import MOST
from resnet.text import say
from resnet.ui import news
from resnet.ui.asking import Asking
from resnet.ui.components import Choice
from resnet.ui.models import model_choices
from resnet.ui.offer import ModelOffer
from resnet.ui.plan import PlanPart
from resnet.ui.ways import WaysIn
from resnet.views import commands, figures, imports, pictures, sentences, tables


class FinetuneTab:
    def __init__(self, page) -> None:
        self.page, self.service, self.words = page, page.service, page.words
        self.tab = self.words.put(gr.Tab("", id="finetune", elem_id="tab-finetune"), label="tab_finetune")
        with self.tab:
            if self.service.hosted:
                page.text("finetune_hosted", style="lead", elem_id="finetune-hosted")
                page.text("finetune_hosted_how", elem_id="finetune-hosted-how")
                gr.Textbox(commands.AT_HOME, show_label=False, interactive=False, buttons=["copy"], elem_classes="mono")
                return
            self._lay_out_run()
            page.text("finetune_lead", style="lead")
            self._lay_out_pictures()
            self._lay_out_model()
            self.plan = PlanPart(page, self._button, self.data, self.model)

    def _lay_out_run(self) -> None:
        with gr.Group(visible=False, elem_id="run-part", elem_classes="panel") as self.run_part:
            self.page.html("run-status", '<div id="run-view"></div>')
            self.run_note = self.page.html("run-note")
            self.page.html("run-plots", '<div id="run-curves"></div>')
            with gr.Row(elem_classes="buttons"):
                self.stop = self._button("stop", "run-stop", variant="stop", visible=False)
                self.resume = self._button("resume", "run-resume", visible=False)
                self.see = self._button("see_result", "run-see", variant="primary", visible=False)
                self.remedies = [gr.Button("", elem_id=f"run-remedy-{n}", visible=False) for n in range(MOST)]
                self.discard = self._button("delete_run", "run-delete", visible=False)
            self.discarding = Asking(self.page, self._button, "run")
            self.worst = self.page.html("run-worst")
        self.watched, self.seen, self.tried = gr.State(""), gr.State(None), gr.State(0)

    def _lay_out_pictures(self) -> None:
        with gr.Group(elem_classes="panel"):
            self.page.text("step_pictures", "h2", "step")
            self.ways = WaysIn(self.page, self._button, self.choose)
            with gr.Row(elem_classes="bottom"):
                self.data = Choice([], elem_id="finetune-data", interactive=True, scale=4)
                self.words.put(self.data, label="imported")
                self.delete = self._button("delete", "finetune-delete", visible=False, scale=1, min_width=140)
            self.deleting = Asking(self.page, self._button, "finetune")
            self.data_note = self.page.html("finetune-data-note")  # how they came to be chosen, or why not
            self.report_note = self.page.html("finetune-report-note")
            self.report = self.page.html("finetune-report", figures.empty(say("pictures_empty")), min_height=24)
            self.even = self._button("balance_classes", "finetune-balance-them", size="md", visible=False)
            self.details = gr.Accordion("", open=False, visible=False, elem_id="finetune-details")
            self.words.put(self.details, label="per_class_counts")
            with self.details:
                self.classes = gr.Dataframe(interactive=False, elem_id="finetune-classes", max_height=320)
                self.unreadable = gr.Dataframe(interactive=False, wrap=True, elem_id="finetune-unreadable")

    def _lay_out_model(self) -> None:
        with gr.Group(elem_classes="panel"):
            self.page.text("step_model", "h2", "step")
            self.model = Choice([], elem_id="finetune-model", allow_custom_value=True, interactive=True)
            self.words.put(self.model, label="start_from", info="start_from_help")
            self.offered = ModelOffer(self.page, self.model, "finetune-model")

    def _button(self, key: str, elem_id: str, **settings: object) -> gr.Button:
        return self.words.put(gr.Button("", elem_id=elem_id, **settings), value=key)

    # wiring

    def wire(self, classify, results, **tabs: object) -> None:
        if self.service.hosted:
            return
        page, language = self.page, self.page.language
        page.on(self.tab.select, self.offer, [self.model], [self.data, self.model])
        page.on(language.change, self.speak, [], [self.data, self.model])
        self.offered.wire()
        self.ways.wire(self.data, self.report, self.data_note)
        page.on(
            [self.data.change, language.change],
            self.say_report,
            [self.data],
            [self.report, self.even, self.details, self.classes, self.unreadable],
            self.report_note,
            trigger_mode="always_last",
        )
        page.on([self.data.input, self.model.input], lambda language: "", [], [self.data_note])
        page.on(self.even.click, self.balance, [], [self.even, self.plan.fields["balance"]])
        page.on(self.data.change, self.allow, [self.data], [self.delete])
        self.deleting.wire(self.delete, self.data, self.question, self.delete_it, [self.data], self.data_note)
        self.plan.wire(self.offered.arrived)
        doable = [self.run_part, self.stop, self.resume, self.see, self.discard, self.tried, *self.remedies]
        watch = {"inputs": [self.watched, self.seen], "outputs": [self.watched, self.seen, page.shown, *doable]}
        page.on([page.pulse.tick, self.watched.change], self.watch, **watch, queue=False)
        page.on([self.tried.change, language.change], self.say_worst, [self.watched, self.tried], [self.worst])
        for number, button in enumerate(self.remedies):
            again = functools.partial(self.try_again, number)
            page.on(button.click, again, [self.watched], [self.watched], self.run_note)
        begun = page.on(
            self.plan.start.click, self.begin, self.plan.form, [self.watched], self.plan.reason, concurrency_limit=1
        )
        begun.success(None, js="() => window.resnetLab.show('run-part')", api_visibility="private")
        page.on(self.stop.click, self.end, [self.watched], [self.stop], self.run_note)
        page.on(self.resume.click, self.go_on, [self.watched], [self.seen], self.run_note)
        run = (self.discard, self.watched, results.question)
        self.discarding.wire(*run, self.discard_it, [self.run_part], self.run_note)
        page.on(self.see.click, results.turn_to, [self.watched], [page.tabs, results.chosen], self.run_note)

    # callbacks

    def choose(self, chosen: str | None, language: str):
        return gr.update(choices=self.data_choices(language), value=chosen)

    def data_choices(self, language: str) -> list[tuple[str, str]]:
        return [(sentences.data_line(data, language), data["id"]) for data in self.service.datasets.all()]

    def offer(self, model: str, language: str):
        """The choices, and at first a model."""
        data, models = self.speak(language)
        if not model:
            models["value"] = next((one["reference"] for one in self.service.models.at_hand() if not one["own"]), "")
        return data, models

    def speak(self, language: str):
        """The choices. Of what is chosen nothing is said: the visitor may have chosen another one meanwhile."""
        choices = self.data_choices(language), model_choices(self.service, language)
        return tuple(gr.update(choices=found) for found in choices)

    def say_report(self, data: str, language: str):
        if not data:
            return figures.empty(say("pictures_empty", language)), *[gr.update(visible=False)] * 2, None, None
        found = self.service.datasets.open(data)
        bad = tables.unreadable(found.report, language)
        return (
            imports.report(found, language),
            gr.update(visible=any(message["key"] == "import_imbalance" for message in found.report["warnings"])),
            gr.update(visible=True),
            tables.classes(found.report, language),
            gr.update(value=bad, visible=len(bad) > 0),
        )

    def balance(self, language: str):
        return gr.update(visible=False), "loss"

    def allow(self, data: str, language: str):
        return gr.update(visible=bool(data))

    def question(self, data: str, language: str):
        return say("delete_data_question", language, name=self.service.datasets.open(data).name)

    def delete_it(self, data: str, language: str):
        self.service.datasets.delete(data)
        return (self.choose(None, language),)

    def begin(self, *form_and_language):
        *form, _ = form_and_language
        return self.service.runs.start(self.plan.settings(*form))

    def go_further(self, run: str, language: str):
        """A finished run as the start of the next one, on the same pictures."""
        data, name = self.service.results.data_of(self.service.results.report(run)), self.service.results.name(run)
        chosen = self.choose(data.id if data else None, language)
        models = gr.update(choices=model_choices(self.service, language), value=run)
        return gr.Tabs(selected="finetune"), chosen, models, figures.note(say("going_further", language, name=name))

    def watch(self, watched: str, seen: list | None, language: str):
        """What a visitor can do about the run. What there is to see of it comes with the news."""
        runs = self.service.runs
        run = runs.worth_watching(watched)
        version = runs.version(run, language)
        if version == seen:
            return (gr.skip(),) * (9 + MOST)
        shown = figures.shown(run, json.dumps(version) if run else "", news.address(self.service))
        if not run:
            return "", version, shown, gr.update(visible=False), *[gr.skip()] * (5 + MOST)
        buttons, tried = self.buttons(run, runs.status(run)), version[-1]
        return run, version, shown, gr.update(visible=True), *buttons, tried, *offered(runs.remedies(run), language)

    def buttons(self, run: str, status: dict) -> tuple[dict, dict, dict, dict]:
        """To stop, to resume, to see what came of it, to delete it: those that the run's state calls for."""
        state = status["state"]
        return (
            gr.update(visible=state in ("running", "queued"), interactive=True),
            gr.update(visible=state in jobs.RESUMABLE and not jobs.diverged(status)),
            gr.update(visible=state in ("done", "stopped") and self.service.results.has_report(run)),
            gr.update(visible=state != "done"),
        )

    def say_worst(self, run: str, tried: int, language: str):
        return pictures.worst(self.service.runs.so_far(run), language) if run and tried else ""

    def try_again(self, number: int, run: str, language: str):
        return self.service.runs.start_remedy(run, number)

    def end(self, run: str, language: str):
        self.service.runs.stop(run)
        return gr.update(interactive=False)

    def discard_it(self, run: str, language: str):
        self.service.runs.delete(run)
        return (gr.update(visible=False),)

    def go_on(self, run: str, language: str):
        self.service.runs.resume(run)
        return None


def offered(remedies: list[jobs.Remedy], language: str) -> list[dict]:
    """A button for each of them."""
    shown = [gr.update(value=words.say(language), visible=True) for words, _ in remedies]
    return shown + [gr.update(visible=False)] * (MOST - len(shown))
