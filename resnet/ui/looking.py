"""The picture that was chosen in a result: large, with what speaks for its answer, and its label to correct."""

from collections.abc import Callable, Sequence

import gradio as gr

from resnet.data.corrections import Corrections, corrections
from resnet.text import say
from resnet.ui.components import Choice, choice
from resnet.ui.neighbours import Like
from resnet.ui.why import Why
from resnet.views import figures, pictures
from resnet.views.result import Result


class Looking:
    """chosen: the field in which the result is chosen; button: makes one of the tab's."""

    def __init__(self, page, chosen: Choice, button: Callable[..., gr.Button]) -> None:
        self.page, self.service, self.chosen = page, page.service, chosen
        with gr.Group(elem_id="results-looking", elem_classes="panel"):
            page.text("chosen_title", "h2", "step")
            self.note, self.picture = page.html("results-picture-note"), page.html("results-picture")
            self.path, self.sha256 = gr.State(""), gr.State("")
            self.why = Why(page, self.path, chosen, "results-why")
            self.like = Like(page, chosen, self.sha256)
            with gr.Row(visible=False, elem_id="results-correct", elem_classes="bottom") as self.correct:
                self.label = page.words.put(
                    Choice([("", "")], interactive=True, elem_id="results-true-label"), label="true_label"
                )
                self.relabel = button("relabel", "results-relabel")
                self.leave_out = button("leave_out", "results-leave-out")
            with page.words.put(
                gr.Accordion("", open=False, visible=False, elem_id="results-corrections"), label="corrections_title"
            ) as self.box:
                self.changes = page.html("results-changes")
                with gr.Row(elem_classes="buttons"):
                    self.undo = button("undo_last", "results-undo", interactive=False)
                    self.make = button("make_corrected", "results-make-corrected", interactive=False)
        self.shown = [self.picture, self.path, self.correct, self.label]
        self.shown += [self.box, self.changes, self.undo, self.make]

    def wire(self, choosers: Sequence[gr.HTML], drawn: Callable, finetune) -> None:
        """choosers: views that choose a picture; drawn: the event of a new map of the pictures."""
        page, asked = self.page, [self.chosen, self.sha256]
        for chooser in (*choosers, self.like.cards):
            page.on(chooser.select, self.choose, [], [self.sha256])
        changed = [self.sha256.change, self.chosen.change, page.language.change]
        page.on(changed, self.show, asked, self.shown, self.note)
        self.why.wire()
        self.like.wire(drawn)
        page.on(self.relabel.click, self.correct_it, [*asked, self.label], self.shown, self.note)
        page.on(self.leave_out.click, self.leave_it_out, asked, self.shown, self.note)
        page.on(self.undo.click, self.undo_it, asked, self.shown, self.note)
        if not self.service.hosted:
            outputs = [page.tabs, finetune.data, *finetune.plan.filled_in, finetune.data_note]
            page.on(self.make.click, self.make_it, [self.chosen], outputs, self.note)
            self.finetune = finetune

    # callbacks

    def choose(self, language: str, event: gr.EventData):
        return choice(event)

    def show(self, run: str, sha256: str, language: str):
        result = self.service.results.find(run)
        changes = corrections(result.data) if result and result.data else {}
        entry = result.find(sha256) if result and sha256 else None
        if not entry:
            seen = figures.empty(say("chosen_none", language)), "", gr.update(visible=False), gr.skip()
        else:
            seen = seen_of(result, entry, changes.get(sha256, entry["label"]), language)
        return *seen, *changes_of(result, changes, language)

    def correct_it(self, run: str, sha256: str, label: str, language: str):
        self.service.datasets.correct(self.service.results.open(run), sha256, label)
        return self.show(run, sha256, language)

    def leave_it_out(self, run: str, sha256: str, language: str):
        self.service.datasets.correct(self.service.results.open(run), sha256, None)
        return self.show(run, sha256, language)

    def undo_it(self, run: str, sha256: str, language: str):
        self.service.datasets.undo_correction(self.service.results.open(run))
        return self.show(run, sha256, language)

    def make_it(self, run: str, language: str):
        data = self.service.datasets.corrected(self.service.results.open(run))
        said = figures.note(say("corrected_made", language, name=data.name))
        form = self.finetune.plan.fill(self.service.runs.settings_of(run))
        return gr.Tabs(selected="finetune"), self.finetune.choose(data.id, language), *form, said


def seen_of(result: Result, entry: dict, label: str | None, language: str) -> tuple:
    """The chosen picture, its path, and the field for its label. label: what it is corrected to, if at all."""
    record = result.records.get(entry["sha256"])
    picture, path = pictures.chosen(entry, record, result, label, language), str(record.path) if record else ""
    choices = [(result.word(name), name) for name in (result.data.classes if record else [])]
    labels = gr.update(choices=choices, value=label or entry["label"])
    return picture, path, gr.update(visible=record is not None), labels


def changes_of(result: Result | None, changes: Corrections, language: str) -> tuple:
    """What has been corrected in the data set behind a result, and what can be done with that."""
    if not (result and result.data):
        return gr.update(visible=False), "", *[gr.skip()] * 2
    buttons = (gr.update(interactive=bool(changes)),) * 2
    return gr.update(visible=True), pictures.corrections(changes, result, language), *buttons
