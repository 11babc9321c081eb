"""Many pictures at once, below the single one: handed over, answered one after the other, shown in groups."""

import gradio as gr

from resnet.data.images import SUFFIXES
from resnet.text import say
from resnet.ui.components import Choice
from resnet.ui.engine import engine_for
from resnet.ui.service.batch import Batch, Selection
from resnet.ui.ways import ARCHIVES, by_script
from resnet.views import figures, gallery, sentences, tables

AT_ONCE = 2  # batches computed at the same time; others wait
WIDTHS = ["26%", "36%", "10%", "18%", "10%"]  # of the table's columns
GROWTH = 1.25  # the groups are drawn anew when there are so many times as many answers: a bounded number of times


class ManyPictures:
    """model, beside: the fields in which the models are chosen; what is shown stays until there is something newer."""

    def __init__(self, page, model: Choice, beside: Choice) -> None:
        self.page, self.service, self.model, self.beside = page, page.service, model, beside
        with page.words.put(gr.Accordion("", open=False, elem_id="classify-many"), label="many"):
            self._lay_out_ways()
            self.note, self.progress = page.html("classify-many-note"), page.html("classify-progress")
            with gr.Row(elem_classes="buttons"):
                self.stop = self._put(gr.Button("", visible=False, elem_id="classify-stop"), value="many_stop")
                self.csv = gr.DownloadButton("", visible=False, elem_id="classify-csv")
                self._put(self.csv, label="many_csv")
            self.gallery = page.html("classify-gallery")
            self._lay_out_table()
        self.selection = gr.State(None, delete_callback=forget)
        self.batch = gr.State(None)

    def _lay_out_ways(self) -> None:
        types = ["image", *sorted(SUFFIXES), *ARCHIVES]
        with gr.Row():
            self.files = gr.File(
                file_count="multiple", file_types=types, elem_id="classify-files", elem_classes="drop-here", height=140
            )
            self._put(self.files, label="many_drop")
            with gr.Column():
                self.folder = by_script(self.page, "folder", "classify-folder-upload", "#classify-files")
                self.help = gr.HTML(html_template='<p class="quiet">${value}</p>', js_on_load=None)
                limit = f"{self.service.limits.files:,}"
                self._put(self.help, value=lambda language: say("many_help", language, limit=limit))

    def _lay_out_table(self) -> None:
        self.behind = gr.Accordion("", open=False, visible=False, elem_id="classify-behind")
        with self._put(self.behind, label="many_table"):
            self.more = self.page.html("classify-table-more")
            self.table = gr.Dataframe(
                interactive=False, wrap=True, elem_id="classify-table", max_height=480, column_widths=WIDTHS
            )

    def _put(self, component: gr.blocks.Block, **words: object) -> gr.blocks.Block:
        return self.page.words.put(component, **words)

    # wiring

    def wire(self, ready: gr.State, arrived: list) -> None:
        """ready: the engine that was chosen. arrived: the events of a model that has been downloaded."""
        page, note, asked = self.page, self.note, [self.selection, self.model, self.beside, ready]
        shown = [self.progress, self.stop, self.gallery, self.behind, self.table, self.more, self.csv]
        slow = {"show_progress": "minimal", "show_progress_on": self.progress}
        came = [self.files.upload, self.files.delete, self.files.clear]
        page.on(came, self.take, [self.files, self.selection], [self.selection], note, **slow)
        page.on(self.folder.submit, self.take_sent, [self.selection], [self.selection], note, **slow)
        page.on(self.folder.clear, self.discard_sent, [], [])
        changed = [self.selection.change, self.model.change, self.beside.change, ready.change, *arrived]
        page.on(changed, self.supersede, [self.batch, *asked], [], queue=False)
        settings = {"trigger_mode": "always_last", "concurrency_id": "many", "concurrency_limit": AT_ONCE}
        page.on(changed, self.run, asked, [self.batch, *shown], note, **settings, **slow)
        page.on(self.stop.click, self.end, [self.batch], [self.stop], queue=False)
        page.on(page.language.change, self.speak, [self.batch], shown)
        page.on(self.behind.expand, self.fill, [self.batch], [self.table, self.more])  # closed, it takes no content

    # callbacks

    def take(self, files: list[str] | None, before: Selection | None, language: str):
        selection = self.service.answers.select(files) if files else None
        forget(before)
        return selection

    def take_sent(self, before: Selection | None, language: str, event: gr.EventData):
        selection = self.service.answers.select_sent(event._data["files"])
        forget(before)
        return selection

    def discard_sent(self, language: str, event: gr.EventData):
        self.service.datasets.discard_uploads(event._data["files"])
        return ()

    def supersede(self, batch: Batch | None, *asked: object):
        if batch and batch.asked != asked[:-1]:  # the language asks for nothing new
            batch.stop()
        return ()

    def run(self, selection: Selection | None, model: str, beside: str, ready: tuple[str, str], language: str):
        if not selection:
            yield None, *nothing()
            return
        batch, drawn = self._begin(selection, model, beside, ready, language), 0
        try:
            for _ in batch.beats():
                done = len(batch.images)
                if done and (batch.state != "running" or done >= GROWTH * drawn):
                    drawn = done
                    yield batch, *self._all(batch)
                else:
                    yield batch, *self._line(batch)
        except Exception:  # whatever it was, it has ended: what has come stays, and there is nothing to stop
            yield batch, *self._all(batch)
            raise

    def end(self, batch: Batch, language: str):
        batch.stop()
        return gr.update(interactive=False)

    def speak(self, batch: Batch | None, language: str):
        if not batch:
            return nothing()
        batch.language = language
        return self._all(batch)

    def fill(self, batch: Batch, language: str):
        more = sentences.table_more(len(batch.images), tables.LISTED, language)
        return tables.answers(batch.images, language), figures.lines(more)

    # what is shown

    def _begin(self, selection: Selection, model: str, beside: str, ready: tuple[str, str], language: str) -> Batch:
        service, engine = self.service, engine_for(model, ready)
        answers = service.answers.classify_each(selection.pictures, model, beside, engine)
        first, asked = service.models.predictor(model, engine), (selection, model, beside, ready)
        models = [first.name, *([service.models.predictor(beside).name] if beside else [])]
        return Batch(answers, len(selection.pictures), asked, models, first.config.labels, language)

    def _line(self, batch: Batch) -> tuple:
        """How far it is; all else stays as it is."""
        running = batch.state == "running"
        words = (batch.images, batch.count, batch.seconds, batch.state, batch.models, batch.language)
        return gallery.standing(*words), gr.update(visible=running, interactive=running), *[gr.skip()] * 5

    def _all(self, batch: Batch) -> tuple:
        images, language = batch.images, batch.language
        shown = gallery.groups(images)
        batch.thumbnails = gallery.thumbnails(shown, batch.thumbnails)
        ended = batch.state != "running"
        return (
            *self._line(batch)[:2],
            gallery.gallery(images, shown, batch.thumbnails, language, batch.classes),
            gr.update(visible=True),
            *self.fill(batch, language),
            gr.update(visible=ended, **({"value": self.service.answers.table(images, language)} if ended else {})),
        )


def nothing() -> tuple:
    """What is shown where nothing was handed over."""
    hidden = gr.update(visible=False)
    return "", hidden, "", hidden, None, "", hidden


def forget(selection: Selection | None) -> None:
    if selection:
        selection.discard()
