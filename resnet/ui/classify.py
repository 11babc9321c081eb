"""The Classify tab: a picture, a model, and what it is."""

import gradio as gr
from gradio.media import get_image

from resnet.errors import UserError
from resnet.text import say
from resnet.ui.calls import Calls
from resnet.ui.components import Choice, Picture
from resnet.ui.engine import EngineChoice, engine_for
from resnet.ui.many import ManyPictures
from resnet.ui.models import model_choices
from resnet.ui.offer import ModelOffer
from resnet.ui.theme import ASSETS
from resnet.ui.why import Why
from resnet.views import figures, sentences

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
                    self._lay_out_beside()
                    self.note = page.html("classify-note")
                    self.answer = page.html("classify-answer", figures.empty(say("classify_empty")), min_height=200)
                    self.seen = page.html("classify-seen")
                    self.facts = page.html("classify-facts")
                    self.why = Why(page, self.picture, self.model, "classify-why")
                    self.engine = EngineChoice(page, self.model)
            self.many = ManyPictures(page, self.model, self.beside)
            self.calls = Calls(page, self.model)

    def _lay_out_beside(self) -> None:
        self.beside = Choice(
            [("", "")],
            value="",
            allow_custom_value=not self.service.hosted,
            elem_id="classify-beside",
            interactive=True,
        )
        self.page.words.put(self.beside, label="beside")
        self.offered_beside = ModelOffer(self.page, self.beside, "classify-beside")

    def wire(self, **tabs: object) -> None:
        page, language = self.page, self.page.language
        ready, arrived = self.engine.ready, [self.offered.arrived.change, self.offered_beside.arrived.change]
        # What one event sets off is done one after the other: first what a visitor waits for.
        page.on([self.model.change, arrived[0], language.change], self.say_knows, [self.model], [self.knows])
        self.offered.wire()
        self.offered_beside.wire()
        shown = [self.answer, self.seen, self.facts]
        changed = [self.picture.change, self.model.change, self.beside.change, ready.change, *arrived, language.change]
        page.on(self.picture.change, self.say_wait, [self.picture, self.model], shown)
        page.on(
            changed,
            self.say_answer,
            [self.picture, self.model, self.beside, ready],
            shown,
            self.note,
            trigger_mode="always_last",
            show_progress="minimal",
            show_progress_on=self.answer,
            concurrency_id="compute",
        )
        self.engine.wire()
        self.why.wire(arrived[0])
        self.many.wire(ready, arrived)
        self.calls.wire()
        models = [self.model, self.beside]
        page.on([page.load, self.tab.select, language.change], self.offer, models, models)

    # callbacks

    def say_answer(self, picture: str | None, model: str, beside: str, ready: tuple[str, str], language: str):
        if not picture:
            return figures.empty(say("classify_empty", language)), "", ""
        if not self.service.models.is_here(model):  # the former model's answer stays until this one can answer
            return gr.skip(), gr.skip(), gr.skip()
        engine = engine_for(model, ready)
        result, fitted = self.service.answers.classify(picture, model, engine=engine)
        results = [result]
        if beside and self.service.models.is_here(beside):
            results.append(self.service.answers.classify(picture, beside)[0])
        config = self.service.models.predictor(model, engine).config
        said = figures.answers_of(results, language, config.labels)
        seen = figures.seen(figures.picture(fitted, 160), config.preprocessing.describe().say(language), language)
        return said, seen, figures.badges(*sentences.facts_of(results, language))

    def say_wait(self, picture: str | None, model: str, language: str):
        """To a new picture no answer stands there, not even a former model's, until the model is here."""
        if not picture or self.service.models.is_here(model):
            return gr.skip(), gr.skip(), gr.skip()
        return figures.empty(say("answer_after_download", language)), "", ""

    def say_knows(self, model: str, language: str):
        try:
            config = self.service.models.config(model)
        except UserError:  # what is wrong stands below the field already
            return ""
        if config is None:
            return say("knows_later", language)
        return figures.lines(sentences.knows(config.labels, config.descriptions, language))

    def offer(self, chosen: str, beside: str, language: str):
        choices = model_choices(self.service, language, classifiers=True)
        first = next((value for _, value in choices), None)
        none = [(say("beside_none", language), "")]
        return self._offer(choices, chosen, first), self._offer(none + choices, beside, "")

    def _offer(self, choices: list[tuple[str, str]], chosen: str, otherwise: str | None):
        keep = chosen in [value for _, value in choices] or (chosen and not self.service.hosted)
        if keep:  # of the value nothing is said: the visitor may have chosen another one meanwhile
            return gr.update(choices=choices)
        return gr.update(choices=choices, value=otherwise)
