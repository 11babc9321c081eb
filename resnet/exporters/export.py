"""Take a model away: written in a format, opened again, compared with the model itself, and only then handed out."""

import contextlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import torch

from resnet.data.images import open_image
from resnet.data.samples import CLASSES, picture
from resnet.errors import UserError
from resnet.exporters import FORMATS
from resnet.exporters.formats import OPEN, WRITE, Model, Progress
from resnet.exporters.readme import readme
from resnet.exporters.scripts import SCRIPT, script
from resnet.predictor.int8 import own_data, spread
from resnet.store import Store, file_name, name_of, replacing
from resnet.weights.find import HubName, find
from resnet.weights.folder import CARD
from resnet.weights.models import load

LABELS = "labels.json"  # class key -> words, in the order of the logits
PICTURES = 15  # on which the written model is compared with the model itself
TOLERANCE = 1e-4  # the most by which logits may differ, as a share of the largest, or of 1 where all are smaller
INT8_LOSS = 0.05  # the share of pictures that integers may cost at most


def export(
    model: str | Path = "",
    to: str = "onnx",
    out: str | Path = ".",
    store: Store | None = None,
    progress: Progress | None = None,
) -> dict:
    """Write NAME-FORMAT.zip into the folder `out`: the model, its labels, what is known of it, and classify.py.

    Args:
        model: a model folder, a weights file, a run, a shipped model's name or a timm name; "" is the shipped one.
        to: safetensors (the model folder), onnx, onnx-int8, or torch-export (a .pt2 for torch.export.load).
        progress: called with a stage ("load", "write", "calibrate", "compare", "check"), and with what is done of how
            much; what it raises ends the work.

    The file is there whole or not at all; one that was there is replaced. Returns {model, format, file, bytes,
    pictures, largest_difference, accuracy, license}: on that many pictures, logits differ by `largest_difference` at
    most from those of the model in float32 and in torch; `accuracy` is what is known of a model in integers (the
    figures of resnet.predictor.int8), else None; `license` is that of the weights, None where none is stated.
    Raises UserError: there is no such model or format; logits differ by more than TOLERANCE; integers cost more than
    INT8_LOSS; `out` cannot be written to.
    """
    if to not in FORMATS:
        raise UserError("not_one_of", field="format", value=to, allowed=list(FORMATS))
    store, note = store or Store.open(), progress or (lambda *_: None)
    with _writing(Path(out)):
        Path(out).mkdir(parents=True, exist_ok=True)
        temporary = store.temporary()
        try:
            return _export(str(model), to, Path(out), store, temporary, note)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _export(reference: str, to: str, out: Path, store: Store, temporary: Path, note: Progress) -> dict:
    note("load", 0, 1)
    found = find(reference, store)
    model = Model(_name(found), found if isinstance(found, Path) else None, load(reference, store), store)
    folder = temporary / f"{file_name(model.name)}-{to}"
    folder.mkdir()
    note("write", 0, 1)
    accuracy = WRITE[to](model, folder, note)
    difference, pictures = _difference(model, to, folder, note)
    _check_accuracy(model, accuracy)
    config = model.config
    checked = {"pictures": pictures, "largest_difference": difference, "accuracy": accuracy, "license": config.license}
    labels = {label: config.describe_label(label) for label in config.labels}
    (folder / LABELS).write_text(json.dumps(labels, ensure_ascii=False, indent=1), "utf-8")
    if text := script(config, to):
        (folder / SCRIPT).write_text(text, "utf-8")
    (folder / CARD).write_text(readme(model, to, checked), "utf-8")
    packed = _pack(folder, out)
    return {"model": model.name, "format": to, "file": str(packed), "bytes": packed.stat().st_size, **checked}


def _difference(model: Model, to: str, folder: Path, note: Progress) -> tuple[float, int]:
    """How far the logits of what was written are from the model's at most, and on how many pictures.

    Raises UserError where that is too far, unless it was made of integers, which accuracy judges.
    """
    pixels = pictures(model)
    written, batches = OPEN[to](model, folder), np.split(pixels, [1, 6])  # one picture, and several
    note("check", 0, len(pixels))
    pairs = []
    for batch in batches:
        with torch.inference_mode():
            wanted = model.network(model.config.preprocessing.normalise(torch.from_numpy(batch))).numpy()
        pairs.append((written(batch), wanted))
        note("check", sum(len(wanted) for _, wanted in pairs), len(pixels))
    answers, wanted = map(np.concatenate, zip(*pairs, strict=True))
    difference, largest = float(np.abs(answers - wanted).max()), max(1.0, float(np.abs(wanted).max()))
    if to != "onnx-int8" and not difference <= TOLERANCE * largest:  # also where it is no number
        figures = {"difference": f"{difference:.2g}", "most": f"{TOLERANCE * largest:.2g}"}
        raise UserError("export_differs", model=model.name, format=to, **figures)
    return difference, len(pixels)


def pictures(model: Model) -> np.ndarray:
    """uint8 (N, C, S, S): of the validation part of the model's own data set where that is here, else drawn ones."""
    images = [picture(paint, Random(f"{label} {number}")) for label, paint in CLASSES.items() for number in range(3)]
    with contextlib.suppress(UserError):  # no report, no data, or a damaged picture
        records = spread(own_data(model.folder, model.store).part("val"), PICTURES) if model.folder else []
        images = [open_image(record.path) for record in records] or images
    return np.stack([model.config.preprocessing.pixels(image) for image in images])


def _check_accuracy(model: Model, accuracy: dict | None) -> None:
    if accuracy and accuracy["float_accuracy"] - accuracy["accuracy"] > INT8_LOSS:
        figures = {name: f"{accuracy[name]:.1%}" for name in ("accuracy", "float_accuracy")}
        raise UserError("int8_loses", model=model.name, **figures)


def _pack(folder: Path, out: Path) -> Path:
    """The folder as a zip in `out`, replacing one of that name in one step."""
    packed = out / f"{folder.name}.zip"
    with replacing(packed) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
    return packed


def _name(found: Path | HubName) -> str:
    """What a model is called: a run by its name, a file or folder by its own, one of the Hub's without its owner."""
    if isinstance(found, HubName):
        return found.name.split("/")[-1]
    return name_of(found.parent) or (found.stem if found.is_file() else found.resolve().name)


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    """What the machine refuses (no space, no permission) becomes a sentence."""
    try:
        yield
    except OSError as error:
        raise UserError("not_written", path=error.filename or out, reason=error.strerror or error) from error
