"""The page's frame: header, tabs, footer; the one way in which events are wired; the language."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from html import escape

import gradio as gr

from resnet.errors import UserError
from resnet.predictor.engines import likely_device
from resnet.text import say
from resnet.ui import endpoints
from resnet.ui.about import build_about
from resnet.ui.classify import ClassifyTab
from resnet.ui.finetune import FinetuneTab
from resnet.ui.language import NAMES, Words, spoken
from resnet.ui.results import ResultsTab
from resnet.ui.service import Service
from resnet.ui.service.access import refusals
from resnet.views import figures, sentences

END = object()  # after the last step of a call that answers in steps
CACHE_SECONDS = 24 * 3600  # uploads are deleted after a day; a run keeps copies of its own


class Page:
    """What the tabs share: the service, the registry of strings, the language switch, the wiring."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.words = Words()
        self.language: gr.Radio
        self.tabs: gr.Tabs
        self.pulse: gr.HTML  # ticks when the page must learn anew what can be done about a run
        self.shown: gr.HTML  # what it shows of a run, for its script; outside the tabs, which are made when opened
        self.load: Callable  # the event of a page being opened

    def text(self, key: str, tag: str = "p", style: str = "", **settings: object) -> gr.HTML:
        """A fixed sentence or heading of the page."""
        template = f'<{tag} class="{style}">${{value}}</{tag}>'
        return self.words.put(gr.HTML(html_template=template, js_on_load=None, **settings), value=key)

    def html(self, elem_id: str, value: str = "", **settings: object) -> gr.HTML:
        """A place for a view to fill. value: what stands there at first, in English."""
        return gr.HTML(value, elem_id=elem_id, js_on_load=None, **settings)

    def choices(self, elem_id: str) -> gr.HTML:
        """A place for a view whose parts can be chosen: `select` tells the choice, as `components.choice` reads it."""
        script = "window.resnetLab.choose(element, trigger)"
        return gr.HTML("", elem_id=elem_id, js_on_load=script, apply_default_css=False)

    def while_open(self, box: gr.Accordion) -> gr.State:
        """Whether a part that opens is open: what costs is computed only while it is looked at."""
        is_open = gr.State(False)
        self.on(box.expand, lambda language: True, [], [is_open])
        self.on(box.collapse, lambda language: False, [], [is_open])
        return is_open

    def on(
        self,
        triggers: Callable | Sequence[Callable],
        call: Callable,
        inputs: Sequence[gr.blocks.Block] = (),
        outputs: Sequence[gr.blocks.Block] = (),
        note: gr.HTML | None = None,
        **event: object,
    ) -> gr.events.Dependency:
        """Wire an event: `call(*inputs, language)` -> one update an output; a generator's, each time that it yields.

        A UserError, and what the machine refuses, is said in the visitor's language, in `note` where there is one and
        as a passing notice where there is none; the other outputs stay as they are. A success clears the note.
        """
        shown = [*outputs, note] if note else [*outputs]

        def told(answer: Callable[[], object], language: str) -> object:
            """The updates of one answer, or of a refusal; END after the last of a call that answers in steps."""
            try:
                with refusals():
                    updates = answer()
                if updates is END:
                    return END
                updates, remark = updates if isinstance(updates, tuple) else (updates,), ""
            except UserError as problem:
                updates, remark = (gr.skip(),) * len(outputs), sentences.problem(problem.message, language)
                if not note:
                    gr.Warning(escape(remark), title=say("please_note", language))
            updates = [*updates, figures.note(remark, "warn")] if note else [*updates]
            return updates[0] if len(updates) == 1 else updates

        @functools.wraps(call)
        def run(*values: object) -> object:
            return told(lambda: call(*values), values[len(inputs)])

        @functools.wraps(call)
        def run_in_steps(*values: object) -> Iterator[object]:
            with contextlib.closing(call(*values)) as steps:
                while (updates := told(lambda: next(steps, END), values[len(inputs)])) is not END:
                    yield updates

        run = run_in_steps if inspect.isgeneratorfunction(call) else run
        triggers, given = [triggers] if callable(triggers) else [*triggers], [*inputs, self.language]
        settings = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": [], **event}
        # Where a call with "always_last", Gradio's default for changes, is asked for while it runs, Gradio repeats the
        # whole event that it runs for, and all that hangs on it. It is for slow calls, whose old answer might come
        # after a new one; and not for the language's, which says everything on the page anew, lists included, and they
        # would ask for the call again: without end.
        if any(trigger.event_name == "change" for trigger in triggers):
            settings.setdefault("trigger_mode", "multiple")
        if settings.get("trigger_mode") == "always_last" and self.language.change in triggers:
            triggers.remove(self.language.change)
            gr.on(self.language.change, run, given, shown, **{**settings, "trigger_mode": "multiple"})
        return gr.on(triggers, run, given, shown, **settings)


def build(service: Service) -> gr.Blocks:
    """The whole page over a service. Imports and builds without torch."""
    page = Page(service)
    with gr.Blocks(
        title="ResNet Lab", analytics_enabled=False, delete_cache=(3600, CACHE_SECONDS), fill_width=True
    ) as demo:
        page.load = demo.load
        _header(page)
        if not service.hosted:
            page.pulse = gr.HTML("", elem_id="pulse", js_on_load="window.resnetLab.pulse(trigger)")
            page.shown = page.html("run-shown")
        with gr.Tabs(elem_id="tabs") as page.tabs:
            classify, finetune, results = ClassifyTab(page), FinetuneTab(page), ResultsTab(page)
        build_about(page)
        page.text(f"privacy_{service.reach}", style="privacy", elem_id="privacy")
        _wire_language(page, demo)  # first: what one event sets off is done one after the other
        for tab in (classify, finetune, results):
            tab.wire(classify=classify, finetune=finetune, results=results)
        demo.load(None, js="() => window.resnetLab && window.resnetLab.ready()", api_visibility="private")
        endpoints.add(service)
    return demo


def _header(page: Page) -> None:
    with gr.Row(elem_id="header", equal_height=True):
        gr.HTML(
            '<a class="brand" href="?" aria-label="ResNet Lab">ResNet <b>Lab</b></a>', elem_id="brand", js_on_load=None
        )
        badge = gr.HTML(html_template='<span class="badge">${value}</span>', js_on_load=None, elem_id="mode-badge")
        page.words.put(badge, value=lambda language: sentences.machine(likely_device(), page.service.reach, language))
        page.language = gr.Radio(
            list(NAMES.items()),
            value="en",
            label="Language · 语言",
            show_label=False,
            container=False,
            elem_id="language",
        )
        shade = page.words.put(gr.Button("", elem_id="shade", size="sm"), value="switch_shade")
        shade.click(None, js="() => window.resnetLab.switchShade()", api_visibility="private")
    page.text("tagline", "p", "tagline", elem_id="tagline")


def _wire_language(page: Page, demo: gr.Blocks) -> None:
    page.language.change(
        page.words.updates,
        page.language,
        page.words.components(),
        js="(language) => { window.resnetLab.speak(language); return [language]; }",
        api_visibility="private",
        show_progress="hidden",
        show_progress_on=[],
        trigger_mode="multiple",
        queue=False,
    )
    demo.load(_greet, None, page.language, api_visibility="private", show_progress="hidden", queue=False)


def _greet(request: gr.Request) -> str:
    return spoken(dict(request.query_params), request.headers.get("accept-language", ""))
