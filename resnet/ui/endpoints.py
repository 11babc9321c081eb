"""The HTTP endpoints that scripts call: typed, described, and behind the same service as the page."""

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path

import gradio as gr
from PIL import Image

from resnet.errors import UserError
from resnet.settings import TrainSettings
from resnet.ui.components import Number, Picture
from resnet.ui.service import Service
from resnet.ui.service.access import refusals
from resnet.ui.service.runs import needs_weights

COMPUTE = {"concurrency_id": "compute"}
MOST = 1000  # answers to one picture
SETTINGS = [field.name for field in dataclasses.fields(TrainSettings) if field.name != "data"]


def add(service: Service) -> None:
    """Add every endpoint to the Blocks being built."""
    calls = Endpoints(service)
    model, top_k = gr.Textbox("", label="model", visible=False), Number(5, label="top_k", precision=0, visible=False)
    picture, files = Picture(label="image", visible=False), gr.File(label="files", file_count="multiple", visible=False)
    label, answers = gr.Label(visible=False), gr.JSON(visible=False)
    archive, name = gr.File(label="file", visible=False), gr.Textbox("", label="name", visible=False)
    found = gr.JSON(visible=False)
    words = gr.Textbox("", label="label", visible=False)
    format, file = gr.Textbox("onnx", label="format", visible=False), gr.File(visible=False)
    _event(calls.classify, [picture, model, top_k], label, postprocess=False, **COMPUTE)
    _event(calls.classify_batch, [files, model, top_k], answers, **COMPUTE)
    _event(calls.explain, [picture, model, words], [gr.Image(format="png", visible=False), answers], **COMPUTE)
    _event(calls.import_dataset, [archive, name], found, concurrency_id="import")
    _event(calls.export_model, [model, format], [file, answers], **COMPUTE)
    for call in (calls.list_models, calls.start_run, calls.run_status, calls.stop_run, calls.resume_run):
        gr.api(plain(call), api_name=call.__name__)
    for call in (calls.list_runs, calls.run_report):
        gr.api(plain(call), api_name=call.__name__)


def _event(call: Callable, inputs: list, output: gr.blocks.Block | list, **settings: object) -> None:
    """An endpoint whose files go through Gradio's own checks; a hidden button stands for the caller."""
    button = gr.Button(visible=False)
    button.click(plain(call), inputs, output, api_name=call.__name__, api_description=call.__doc__, **settings)


def plain(call: Callable) -> Callable:
    """A UserError reaches the caller as its sentence, without a traceback in the terminal."""

    @functools.wraps(call)
    def answered(*values: object) -> object:
        try:
            with refusals():
                return call(*values)
        except UserError as problem:
            raise gr.Error(str(problem), print_exception=False, title="") from None

    return answered


class Endpoints:
    """What callers sent is checked here; what a hosted app does not offer is refused before that."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def classify(self, image: str, model: str = "", top_k: int = 5) -> dict:
        """Say what a picture shows: {label, confidences: [{label, confidence}]}; label is "unknown" below the
        model's threshold. An empty model means the one that ships."""
        if not image:
            raise UserError("no_pictures_given")
        self.service.models.fetch(model or "")
        result, _ = self.service.answers.classify(image, model or "", _count("top_k", top_k))
        answer = result["images"][0]
        confidences = [
            {"label": entry["description"] or entry["label"], "confidence": entry["score"]}
            for entry in answer["labels"]
        ]
        return {"label": confidences[0]["label"] if answer["known"] else "unknown", "confidences": confidences}

    def classify_batch(self, files: list[str], model: str = "", top_k: int = 5) -> dict:
        """Classify many pictures: {model, engine, device, seconds, images_per_second, images: [{file, known,
        labels: [{label, description, score}], error}]}."""
        self.service.models.fetch(model or "")
        result = self.service.answers.classify_many(files or [], model or "", _count("top_k", top_k))
        images = [{**image, "error": image["error"] and image["error"].say()} for image in result["images"]]
        return {**result, "images": images}

    def explain(self, image: str, model: str = "", label: str = "") -> tuple[Image.Image, dict]:
        """What in a picture speaks for a label (empty: the model's answer): Grad-CAM over what the network saw, and
        {label, description, score}."""
        if not image:
            raise UserError("no_pictures_given")
        self.service.models.fetch(model or "")
        found = self.service.answers.explain(image, model or "", label or "")
        return found.overlay(), {"label": found.label, "description": found.description, "score": found.score}

    def export_model(self, model: str = "", format: str = "onnx") -> tuple[str, dict]:
        """A model to take away, compared with the original first: a zip with labels and a script that runs it, and
        {model, format, file, bytes, pictures, largest_difference, accuracy, license}. format: safetensors, onnx,
        onnx-int8 or torch-export."""
        self.service.models.fetch(model or "")
        result = self.service.models.export(model or "", format)
        return result["file"], {**result, "file": Path(result["file"]).name}

    def list_models(self) -> list[dict]:
        """The models at hand, the default among them: [{model, architecture, labels, accuracy, own}]."""
        return [
            {
                "model": model["reference"],
                "architecture": model["config"].architecture,
                "labels": [model["config"].describe_label(label) for label in model["config"].labels],
                "accuracy": model["report"].get("accuracy"),
                "own": model["own"],
            }
            for model in self.service.models.at_hand()
        ]

    def import_dataset(self, file: str, name: str = "") -> dict:
        """Import a zip or tar of class folders: {dataset, report}."""
        data = self.service.datasets.import_from(file or "", name)
        return {"dataset": data.id, "report": data.report}

    def start_run(self, dataset: str, settings: dict) -> dict:
        """Start a run on an imported data set: {run}. settings: model, mode, epochs, minutes, image_size, batch_size,
        learning_rate, seed, crop_mode, name; what is left out is chosen from the data."""
        runs = self.service.runs  # before all else: a stranger is refused
        if not isinstance(settings, dict):
            raise UserError("not_settings", value=_json(settings))
        if unknown := sorted(settings.keys() - SETTINGS):
            raise UserError("settings_unknown", unknown=unknown, allowed=SETTINGS)
        settings = {"model": "", **settings, "data": _text("dataset", dataset)}
        settings = TrainSettings(**settings)
        if needs_weights(settings):
            self.service.models.fetch(settings.model)
        return {"run": runs.start(settings)}

    def run_status(self, run: str) -> dict:
        """How a run is going: {state, stage, epoch, epochs, step, steps, images_per_second, seconds_left,
        train_loss, val_accuracy, message, updated}."""
        return self.service.runs.status(_text("run", run))

    def stop_run(self, run: str) -> dict:
        """Ask a run to stop; it saves and checks its model first. Answers with its status."""
        self.service.runs.stop(_text("run", run))
        return self.service.runs.status(run)

    def resume_run(self, run: str) -> dict:
        """Go on with a stopped, failed or lost run. Answers with its status."""
        self.service.runs.resume(_text("run", run))
        return self.service.runs.status(run)

    def list_runs(self) -> list[dict]:
        """All runs of this workspace, newest first."""
        return self.service.runs.all()

    def run_report(self, run: str) -> dict:
        """The report of a run, or of a shipped model by its name: accuracy with its interval, per class, confusion,
        curves, mistakes."""
        return self.service.results.report(_text("run", run))


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise UserError("not_text", field=field, value=_json(value))
    return value


def _count(field: str, value: object) -> int:
    """A whole number, as JSON writes it: 5 or 5.0."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not (whole and 1 <= value <= MOST):
        raise UserError("out_of_range_whole", field=field, value=_json(value), low=1, high=MOST)
    return int(value)


def _json(value: object) -> str:
    """What came, as the caller wrote it, and short."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
