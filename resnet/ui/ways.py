"""The ways in which pictures come: a zip or tar, a folder, a box per class, a folder of this machine, the samples."""

import json
from collections.abc import Callable, Set

import gradio as gr

from resnet.data.bounds import Limits
from resnet.data.images import SUFFIXES
from resnet.data.index import TABLES
from resnet.text import CATALOGUE, LANGUAGES, say

ARCHIVES = [".zip", ".tar", ".tgz", ".gz", ".bz2"]  # of .tar.gz and .tar.bz2 Gradio sees the end
SAID = (  # by the script
    *("choose_folder", "cancel", "sending", "send_cancelled", "send_failed", "send_nothing", "send_many", "send_much"),
    *("send_large", "box_add", "box_name", "box_name_label", "box_choose", "box_camera", "box_remove", "box_hint"),
    *("box_count", "box_others", "box_drop_picture", "boxes_import", "boxes_few", "boxes_same", "camera_shoot"),
    *("camera_close", "camera_none"),
)


class WaysIn:
    """Each ends in a data set, which is then chosen.

    button: makes one of the tab's. choose: (id, language) -> the update that chooses a data set.
    """

    def __init__(self, page, button: Callable[..., gr.Button], choose: Callable) -> None:
        self.page, self.service, self.words, self.choose = page, page.service, page.words, choose
        with gr.Tabs(elem_id="finetune-ways"):
            with self.words.put(gr.Tab("", id="files", elem_id="way-files"), label="way_files"):
                self._lay_out_files(button)
            with self.words.put(gr.Tab("", id="boxes", elem_id="way-boxes"), label="way_boxes"):
                self.boxes = by_script(page, "boxes", "finetune-boxes-upload")

    def _lay_out_files(self, button: Callable[..., gr.Button]) -> None:
        with gr.Row():
            self.archive = gr.File(
                file_types=ARCHIVES, elem_id="finetune-archive", elem_classes="drop-here", height=150
            )
            self.words.put(self.archive, label="zip_of_classes")
            with gr.Column():
                self.folder = by_script(
                    self.page, "folder", "finetune-folder-upload", "#finetune-archive", SUFFIXES | {*TABLES}
                )
                self.samples = button("try_samples", "finetune-samples")
                self.page.text("layout_help", style="quiet")
        with gr.Row(elem_classes="bottom"):
            self.path = gr.Textbox(elem_id="finetune-folder", scale=4)
            self.words.put(self.path, label="server_folder", placeholder="server_folder_like")
            self.take = button("import_folder", "finetune-import-folder", scale=1, min_width=140)

    def wire(self, data: gr.Dropdown, report: gr.HTML, note: gr.HTML) -> None:
        """report: where the progress is shown; an empty note takes no room."""
        slow = {"show_progress": "full", "show_progress_on": report, "concurrency_id": "import"}
        on, outputs = self.page.on, [data]
        on(self.archive.upload, self.bring, [self.archive], outputs, note, **slow)
        on([self.take.click, self.path.submit], self.bring, [self.path], outputs, note, **slow)
        on(self.samples.click, self.bring_samples, [], outputs, note, **slow)
        for part in (self.folder, self.boxes):
            on(part.submit, self.bring_uploads, [], outputs, note, **slow)
            on(part.clear, self.discard, [], [])

    # callbacks

    def bring(self, source: str | None, language: str, progress=gr.Progress()):  # noqa: B008
        if not source:
            return gr.skip()
        data = self.service.datasets.import_from(source, progress=reporting(progress, language))
        return self.choose(data.id, language)

    def bring_uploads(self, language: str, event: gr.EventData, progress=gr.Progress()):  # noqa: B008
        data = self.service.datasets.import_uploads(event._data["files"], reporting(progress, language))
        return self.choose(data.id, language)

    def discard(self, language: str, event: gr.EventData):
        self.service.datasets.discard_uploads(event._data["files"])
        return ()

    def bring_samples(self, language: str, progress=gr.Progress()):  # noqa: B008
        progress(0.1, desc=say("drawing_samples", language))
        return self.choose(self.service.datasets.import_samples().id, language)


def by_script(page, part: str, elem_id: str, onto: str = "", taken: Set[str] = SUFFIXES) -> gr.HTML:
    """A part of the page that assets/pictures.js builds; it ends with "submit", or "clear", of what it sent.

    onto: where folders may be dropped too. taken: suffixes of the files that are sent; of others only the names are.
    """
    component = gr.HTML(
        html_template='<div class="bring"></div>',
        js_on_load=f"window.resnetPictures.{part}(element, props, watch, trigger)",
        apply_default_css=False,
        elem_id=elem_id,
    )
    return page.words.put(component, value=lambda language: rules(page.service.limits, onto, taken, language))


def rules(limits: Limits, onto: str, taken: Set[str], language: str) -> str:
    """What the script must know: the page's words, and what is taken."""
    return json.dumps(
        {
            "language": language,
            "words": {key: CATALOGUE[key][LANGUAGES[language]] for key in SAID},
            "onto": onto,
            "suffixes": sorted(SUFFIXES),
            "taken": sorted(taken),
            "files": limits.files,
            "bytes": limits.bytes,
            "picture_bytes": limits.picture_bytes,
        }
    )


def reporting(progress: gr.Progress, language: str) -> Callable[[str, int, int], None]:
    """What an import calls with its stage and how much of it is done."""
    return lambda stage, done, total: progress((done, total), desc=say(f"importing_{stage}", language))
