"""What a chosen model is where it comes from the Hub, and its download: below the field in which it was chosen."""

import time

import gradio as gr

from resnet.errors import UserError
from resnet.text import say
from resnet.ui.service.download import Download
from resnet.views import downloads, figures, picker, sentences
from resnet.weights.hub import Offer

LOOK = 0.5  # seconds between two looks at a download
WATCHERS = 8  # visitors who may wait for the Hub's answer at the same time


class ModelOffer:
    """Nothing is fetched before the button is pressed. `arrived` changes when the model is here."""

    def __init__(self, page, model: gr.Dropdown, elem_id: str) -> None:
        self.page, self.service, self.model = page, page.service, model
        self.note = page.html(f"{elem_id}-offer")
        with gr.Row(visible=False, elem_classes="buttons") as self.buttons:
            self.take = gr.Button("", elem_id=f"{elem_id}-download", variant="primary", size="md")
            self.ask = page.words.put(gr.Button("", elem_id=f"{elem_id}-ask", size="md"), value="hub_ask_again")
            self.stop = page.words.put(gr.Button("", elem_id=f"{elem_id}-cancel", size="md"), value="hub_cancel")
        self.timer = gr.Timer(LOOK, active=False)
        self.arrived = gr.State(0.0)

    def wire(self) -> None:
        page, shown = self.page, [self.note, self.buttons, self.take, self.ask, self.stop, self.timer]
        wait = {"trigger_mode": "always_last", "show_progress": "minimal", "show_progress_on": self.model}
        asked = [self.model.change, self.ask.click, page.language.change]
        page.on(asked, self.say, [self.model], shown, concurrency_limit=WATCHERS, **wait)
        page.on(self.take.click, self.begin, [self.model], shown)
        page.on(self.stop.click, self.cancel, [self.model], [self.stop])
        page.on(self.timer.tick, self.watch, [self.model], [*shown, self.arrived])

    # callbacks

    def say(self, model: str, language: str):
        try:
            download = self.service.models.download_of(model, only_running=True)
            found = None if download else self.service.models.offer(model)
        except UserError as problem:
            told = problem.message
            return shown(figures.note(sentences.problem(told, language), "warn"), ask=told.key.startswith("hub_"))
        if download:
            return self._running(download, language)
        return self._offered(found, language) if found else shown("")

    def begin(self, model: str, language: str):
        return self._running(self.service.models.start_download(model), language)

    def cancel(self, model: str, language: str):
        self.service.models.cancel_download(model)
        return gr.update(interactive=False)

    def watch(self, model: str, language: str):
        download = self.service.models.download_of(model)
        if download is None:  # another model was chosen meanwhile
            return *[gr.skip()] * 5, gr.update(active=False), gr.skip()
        if download.state == "running":
            return *self._running(download, language), gr.skip()
        if download.state == "arrived":
            return *self.say(model, language), time.time()
        return *self._ended(download, language), gr.skip()

    # what stands below the field

    def _offered(self, found: Offer, language: str):
        row = next((row for row in self.service.models.published() if row.name == found.model), None)
        words = figures.note(downloads.offer(found, language), "quiet" if found.cached else "plain")
        words += figures.note(picker.facts(row, language), "quiet") if row else ""
        named = say("hub_download_size", language, size=downloads.size(found.bytes))
        return shown(words, take="" if found.cached else named)

    def _running(self, download: Download, language: str):
        words = downloads.bar(download.source.model, download.done, download.total, download.speed, language)
        return shown(words, stop=True)

    def _ended(self, download: Download, language: str):
        if download.state == "cancelled":
            words = figures.note(say("hub_cancelled", language, model=download.source.model))
        else:
            words = figures.note(sentences.problem(download.problem, language), "warn")
        return shown(words, take=say("hub_download", language))


def shown(words: str, take: str = "", ask: bool = False, stop: bool = False) -> tuple:
    """The words below the field, and those buttons that are wanted; while there is something to stop, it is watched."""
    return (
        *(words, gr.update(visible=bool(take or ask or stop))),
        gr.update(visible=bool(take), **({"value": take} if take else {})),
        *(gr.update(visible=ask), gr.update(visible=stop, interactive=True), gr.update(active=stop)),
    )
