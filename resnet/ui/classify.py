"""The Classify tab: a picture, a model, and what it is."""

import gradio as gr
from gradio.media import get_image

from resnet.errors import UserError
from resnet.text import say
from resnet.ui.components import Choice, Picture
from resnet.ui.engine import EngineChoice, engine_for
from resnet.ui.models import model_choices
from resnet.ui.offer import ModelOffer
from resnet.ui.theme import ASSETS
from resnet.ui.why import Why
from resnet.views import figures, sentences, tables

EXAMPLES = (
    *(str(path) for path in sorted((ASSETS / "examples").glob("*.jpg"))),
    *(get_image(name) for name in ("tower.jpg", "cheetah1.jpg", "lion.jpg")),
)
gr.set_static_paths(EXAMPLES)  # served from where they lie, not from a copy among the uploads, which are deleted


class ClassifyTab:
    def __init__(self, page) -> None:
        self.page, self.service, words = page, page.service, page.words
        self.tab = gr.Tab("", id="classify", elem_id="tab-classify")
        words.put(self.tab, label="tab_classify")
        with self.tab:
            with gr.Row():
                with gr.Column(scale=1, min_width=300):
                    self.picture = Picture(elem_id="classify-picture", height=340, buttons=["fullscreen"])
                    words.put(self.picture, label="picture", placeholder="picture_drop")
                    page.text("examples", style="quiet")
                    gr.Examples([[path] for path in EXAMPLES], self.picture, elem_id="classify-examples", label=" ")
                with gr.Column(scale=1, min_width=300):
                    self.model = Choice(
                        [], allow_custom_value=not self.service.hosted, elem_id="classify-model", interactive=True
                    )
                    words.put(
                        self.model, label="model", info="model_help_hosted" if self.service.hosted else "model_help"
                    )
                    self.offered = ModelOffer(page, self.model, "classify-model")
                    self.knows = page.html("classify-knows", elem_classes="quiet")
                    self.note = page.html("classify-note")
                    self.answer = page.html("classify-answer", min_height=200)
                    self.seen = page.html("classify-seen")
                    self.facts = page.html("classify-facts")
                    self.why = Why(page, self.picture, self.model, "classify-why")
                    self.engine = EngineChoice(page, self.model)
            self.many = words.put(gr.Accordion("", open=False, elem_id="classify-many"), label="several_pictures")
            with self.many:
                self.files = gr.File(
                    file_count="multiple",
                    file_types=["image"],
                    elem_id="classify-files",
                    elem_classes="drop-here",
                    height=140,
                )
                words.put(self.files, label="several_drop")
                self.many_note = page.html("classify-many-note")
                self.table = gr.Dataframe(
                    visible=False, interactive=False, wrap=True, elem_id="classify-table", buttons=["fullscreen"]
                )

    def wire(self, **tabs: object) -> None:
        page, language, arrived = self.page, self.page.language, self.offered.arrived.change
        ready = self.engine.ready
        self.offered.wire()
        self.engine.wire()
        self.why.wire(arrived)
        page.on(
            [page.load, self.picture.change, self.model.change, arrived, ready.change, language.change],
            self.say_answer,
            [self.picture, self.model, ready],
            [self.answer, self.seen, self.facts],
            self.note,
            trigger_mode="always_last",
            show_progress="minimal",
            show_progress_on=self.answer,
            concurrency_id="compute",
        )
        page.on(
            [self.files.change, self.model.change, arrived, ready.change],
            self.say_answers,
            [self.files, self.model, ready],
            [self.table],
            self.many_note,
            trigger_mode="always_last",
            show_progress="full",
            show_progress_on=self.table,
            concurrency_id="compute",
        )
        page.on([self.model.change, arrived, language.change], self.say_knows, [self.model], [self.knows])
        page.on([page.load, self.tab.select, language.change], self.offer, [self.model], [self.model])

    def say_answer(self, picture: str | None, model: str, ready: tuple[str, str], language: str):
        if not picture:
            return figures.empty(say("classify_empty", language)), "", ""
        if not self.service.is_here(model):
            return figures.empty(say("answer_after_download", language)), "", ""
        engine = engine_for(model, ready)
        result, fitted = self.service.classify(picture, model, engine=engine)
        sentence = self.service.predictor(model, engine).config.preprocessing.describe().say(language)
        facts = sentences.facts(result, language)
        return (
            figures.answer(result["images"][0], language),
            figures.seen(figures.picture(fitted, 160), sentence, language),
            figures.badges(*facts),
        )

    def say_answers(self, files, model: str, ready: tuple[str, str], language: str, progress=gr.Progress()):  # noqa: B008
        if not files or not self.service.is_here(model):
            return gr.update(visible=False)
        count, doing = len(files), say("classifying", language, count=len(files))
        progress(0, desc=doing)
        result = self.service.classify_many(
            files,
            model,
            engine=engine_for(model, ready),
            progress=lambda done: progress((done, count), desc=doing),
        )
        return gr.update(value=tables.answers(result, language), visible=True)

    def say_knows(self, model: str, language: str):
        try:
            config = self.service.config(model)
        except UserError:  # what is wrong stands below the field already
            return ""
        if config is None:
            return say("knows_later", language)
        return figures.lines(sentences.knows(config.labels, config.descriptions, language))

    def offer(self, chosen: str, language: str):
        choices = model_choices(self.service, language, classifiers=True)
        values = [value for _, value in choices]
        keep = chosen in values or (chosen and not self.service.hosted)
        if keep:  # of the value nothing is said: the visitor may have chosen another one meanwhile
            return gr.update(choices=choices)
        return gr.update(choices=choices, value=next(iter(values), None))
