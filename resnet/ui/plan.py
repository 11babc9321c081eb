"""The plan's part of the Fine-tune tab: how to learn, a field for every setting, what comes of it, the start."""

import contextlib
import dataclasses
from collections.abc import Callable

import gradio as gr

from resnet import jobs
from resnet.errors import UserError
from resnet.predictor.engines import likely_device, likely_devices
from resnet.settings import CHOICES, TrainSettings, ignored
from resnet.text import Message, say
from resnet.ui.components import Choice
from resnet.ui.preview import Preview
from resnet.ui.rates import RateFinder
from resnet.views import commands, figures, sentences

MODES = ("head", "auto", "full", "scratch")
FIELDS = {
    field.name: field for field in dataclasses.fields(TrainSettings) if field.name not in ("data", "model", "mode")
}
GROUPS = {  # in which a visitor looks for them; what is in none stands under "run"
    "learning": (
        *("epochs", "minutes", "batch_size", "optimizer", "learning_rate", "warmup", "momentum", "layer_decay"),
        *("frozen_stages", "ema_decay", "clip", "head_epochs", "head_learning_rate"),
    ),
    "pictures": (
        *("image_size", "crop_mode", "balance", "train_size", "start_size", "crop_scale", "augment", "mixup"),
        *("cutmix", "erasing", "head_views"),
    ),
    "regularisation": (*("weight_decay", "head_weight_decay", "l1", "label_smoothing", "dropout", "drop_path"),),
    "evaluation": ("folds", "patience"),
}


def groups() -> dict[str, list[str]]:
    """The names of all fields, by group."""
    grouped = {name for names in GROUPS.values() for name in names}
    found = {group: [name for name in names if name in FIELDS] for group, names in GROUPS.items()}
    return {**found, "run": [name for name in FIELDS if name not in grouped]}


class PlanPart:
    """data, model: the fields in which these are chosen; button: makes one of the tab's."""

    def __init__(self, page, button: Callable[..., gr.Button], data: gr.Dropdown, model: gr.Dropdown) -> None:
        self.page, self.service, self.words = page, page.service, page.words
        self.fields: dict[str, gr.blocks.Block] = {}
        with gr.Group(elem_classes="panel plan-part"):
            page.text("step_plan", "h2", "step")
            self.mode = gr.Radio([(mode, mode) for mode in MODES], value="auto", elem_id="finetune-mode")
            self.words.put(self.mode, label="how_to_learn", info="help_mode", choices=mode_choices)
            self.more = self.words.put(gr.Accordion("", open=False, elem_id="finetune-more"), label="more_settings")
            with self.more:
                self.plan = page.html("finetune-plan")
                self._lay_out_settings(button)
                with gr.Row(elem_classes="buttons"):
                    self.save = button("save_settings", "finetune-save-settings", size="md")
                    self.load = gr.UploadButton("", file_types=[".json"], size="md", elem_id="finetune-load-settings")
                    self.words.put(self.load, label="load_settings")
                    self.file = gr.DownloadButton("", visible="hidden", elem_id="finetune-settings-file")
            with gr.Row(equal_height=True, elem_classes="buttons"):
                self.start = button("start_waiting", "finetune-start", variant="primary", interactive=False)
                self.reason = page.html("finetune-reason")
            self.command = gr.Textbox(
                interactive=False, visible=False, buttons=["copy"], elem_id="finetune-command", elem_classes="mono"
            )
            self.words.put(self.command, label="same_on_command_line")
        self.form = [data, model, self.mode, *(self.fields[name] for name in FIELDS)]

    def _lay_out_settings(self, button: Callable[..., gr.Button]) -> None:
        with gr.Tabs(elem_id="finetune-settings"):
            for group, names in groups().items():
                # Fields that were not laid out would not take what is said of them.
                tab = gr.Tab("", id=group, elem_id=f"settings-{group}", render_children=True)
                with self.words.put(tab, label=f"settings_{group}"):
                    with gr.Row(elem_classes="settings"):
                        self.fields |= {name: self._field(name) for name in names}
                    if "augment" in names:
                        with gr.Column(elem_classes=hidden("augment")):
                            self.preview = Preview(self.page, button, self.settings)
                    if "learning_rate" in names:
                        with gr.Column(elem_classes=hidden("learning_rate")):
                            self.rates = RateFinder(self.page, button, self.fields["learning_rate"], self.settings)

    def _field(self, name: str) -> gr.Textbox | Choice:
        """Text, numbers too: a gr.Number that was left empty says 0 as soon as it is shown."""
        common = {"elem_id": f"finetune-{name}", "min_width": 200}
        common |= {"elem_classes": hidden(name), "visible": name != "devices" or likely_devices() > 1}
        text = {"label": f"setting_{name}", "info": f"help_{name}"}
        if name in CHOICES:
            field = Choice(choices(name, "en"), value=FIELDS[name].default or "", interactive=True, **common)
            return self.words.put(field, choices=lambda language: choices(name, language), **text)
        return self.words.put(gr.Textbox("", **common), placeholder="automatic", **text)

    def wire(self, arrived: gr.State) -> None:
        """arrived: changes when a model is here that was not."""
        page, fields = self.page, (field.change for field in self.form if field is not self.mode)
        page.on(
            [*fields, self.mode.input, arrived.change, page.language.change],
            self.say_plan,
            self.form,
            [self.mode, self.plan, self.start, self.command, self.reason, *self.form[3:]],
            trigger_mode="always_last",
        )
        self.rates.wire(self.form, self.more.expand)
        self.preview.wire(self.form)
        saved = page.on(self.save.click, self.save_it, self.form, [self.file])
        press = "() => window.resnetLab.press('finetune-settings-file')"
        saved.success(None, js=press, api_visibility="private")
        page.on(self.load.upload, self.load_it, [self.load], self.filled_in)

    # callbacks

    def settings(self, data: str, model: str, mode: str, *values: str) -> TrainSettings:
        """What was said in the fields that are shown."""
        said = {name: read(name, value) for name, value in zip(FIELDS, values, strict=True)}
        said = {name: value for name, value in said.items() if value is not None and name not in ignored(mode)}
        return TrainSettings(data, model, mode, **said)

    @property
    def filled_in(self) -> list[gr.blocks.Block]:
        """What `fill` is for."""
        return self.form[1:]

    def fill(self, settings: TrainSettings) -> list[object]:
        """The form as it says `settings`, but for the data set."""
        values = {name: getattr(settings, name) for name in FIELDS}
        left = ignored(settings.mode)
        said = ["" if value is None or name in left else str(value) for name, value in values.items()]
        return [settings.model, settings.mode, *said]

    def save_it(self, *form_and_language):
        return self.service.runs.settings_file(self.settings(*form_and_language[:-1]))

    def load_it(self, file: str, language: str):
        return (*self.fill(self.service.runs.read_settings_file(file)),)

    def say_plan(self, *form_and_language):
        settings, language = self.settings(*form_and_language[:-1]), form_and_language[-1]
        try:
            planned = self.service.runs.plan(settings)
        except UserError as problem:
            return waiting(problem.message, language)
        seconds = self.service.runs.estimates(settings, planned, MODES)
        takes = sentences.start(planned.settings, seconds[settings.mode], language)
        return (
            gr.update(choices=mode_choices(language, None if sentences.on_several(planned.settings) else seconds)),
            figures.note(sentences.plan(planned.settings, language), "quiet"),
            gr.update(value=takes, interactive=True),
            gr.update(value=commands.train(settings), visible=True),
            self._beside_the_start(planned, language),
            *defaults(planned.settings, language),
        )

    def _beside_the_start(self, planned: jobs.Plan, language: str) -> str:
        cautions = figures.notes([note.say(language) for note in self.service.runs.cautions(planned)])
        return cautions + figures.note(sentences.worker(jobs.workers.ready(), language), "quiet")


def hidden(name: str) -> list[str]:
    """The classes of what belongs to a setting: the style sheet hides it in modes that do not read that."""
    return [f"not-{mode}" for mode in MODES if name in ignored(mode)]


def waiting(reason: Message, language: str) -> tuple:
    """The plan's part of the page while a run cannot be started, and why."""
    button = gr.update(value=say("start_waiting", language), interactive=False)
    why = figures.note(sentences.problem(reason, language), "quiet")
    return gr.skip(), "", button, gr.update(visible=False), why, *(gr.skip() for _ in FIELDS)


def defaults(resolved: TrainSettings, language: str) -> list[dict]:
    """An update a field: what it stands for where it is left empty. It shows only there."""
    resolved = dataclasses.replace(resolved, device=resolved.device or likely_device())
    return [
        gr.update(choices=choices(name, language, getattr(resolved, name)))
        if name in CHOICES
        else gr.update(placeholder=sentences.automatic(name, getattr(resolved, name), language))
        for name in FIELDS
    ]


def choices(name: str, language: str, resolved: str | None = None) -> list[tuple[str, str]]:
    """The words of each value; and where the setting may be left to us, first of all what that comes to."""
    left = [] if FIELDS[name].default else [(sentences.automatic(name, resolved, language), "")]
    return [*left, *((sentences.setting(name, value, language), value) for value in CHOICES[name])]


def read(name: str, text: str) -> int | float | str | None:
    """What a field says; None where it was left empty, words for a number as they are, to be refused."""
    text = text or ""
    kinds = () if FIELDS[name].type in (str, str | None) else (int, float)
    for kind in kinds:
        with contextlib.suppress(ValueError):
            return kind(text)
    return text.strip() or None


def mode_choices(language: str, seconds: dict[str, float] | None = None) -> list[tuple[str, str]]:
    """The ways to train, each with its rough duration where that can be told."""
    choices = []
    for mode in MODES:
        words, takes = sentences.mode(mode, language), (seconds or {}).get(mode)
        choices.append((f"{words} · ~{sentences.rough(takes, language)}" if takes else words, mode))
    return choices
