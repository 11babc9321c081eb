"""What is called with an input, and what is promised: an answer that is sound, or one clear sentence."""

import argparse
import contextlib
import importlib
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

from resnet import cli, jobs
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.decoder import Measured, fitted, measured
from resnet.data.images import MAX_PIXELS, open_image
from resnet.data.importing import import_dataset
from resnet.data.layout import PARTS, clean_label
from resnet.errors import UserError
from resnet.store import PROJECT, Store, folders, name_of, read_lines
from resnet.text import LANGUAGES, Message
from resnet.views import tables
from resnet.weights.folder import read_config
from resnet.weights.preprocessing import Preprocessing

SENTENCE = 1500  # characters of the longest sentence that anybody reads to its end
STATES = {"queued", "running", "stopping", "done", "stopped", "failed", "lost", "damaged"}


class Broken(Exception):
    """A promise that was not kept."""


def promised(kept: bool, what: str) -> None:
    if not kept:
        raise Broken(what)


def picture(path: Path, workspace: Path) -> None:
    """Opened here and in a decoder, with one outcome; fitted in each way to what a network sees."""
    reason = size = None
    try:
        image = open_image(path)
        promised(image.mode == "RGB" and 0 < image.width * image.height <= MAX_PIXELS, f"a picture {image}")
        size = image.size
        for mode in ("center", "squash", "border"):
            pixels = Preprocessing(32, crop_mode=mode).pixels(image)
            promised(pixels.shape == (3, 32, 32), f"{pixels.shape} in mode {mode}")
    except UserError as error:
        reason = error
    with open(path, "rb") as file:
        promised(_size(lambda: open_image(file, "name")) == size, "the open file is answered in another way")
    (answer,) = measured([(path, "name")])
    if isinstance(answer, Measured):
        promised(size is None or (answer.width, answer.height) == size, f"{answer} measured of {size}")
    else:
        check_sentence(answer, path, workspace)
        promised(size is None, f"opened here, but measured: {answer.say()}")
    (answer,) = fitted([path], Preprocessing(32))
    promised(isinstance(answer, Message) == (size is None), f"opened {size}, but fitted: {answer}")
    if reason:
        raise reason


def _size(opened: Callable) -> tuple[int, int] | None:
    try:
        return opened().size
    except UserError:
        return None


def archive(path: Path, workspace: Path) -> None:
    """Imported; what lies in the workspace then is a data set, whole, and it alone."""
    store = Store(workspace)
    data = import_dataset(path, store)
    promised([folder.name for folder in folders(store.datasets)] == [data.id], "not one data set in the workspace")
    promised(Dataset.open(store.dataset(data.id)) == data, "opened again it is another one")
    check_dataset(data)
    listed = {path.relative_to(data.folder).as_posix() for path in data.folder.rglob("*") if path.is_file()}
    kept = {record.path.relative_to(data.folder).as_posix() for record in data.records}
    conflicts = data.report["pictured"].get("conflicts", [])
    kept |= {entry["path"] for group in conflicts for entry in group["pictures"]}
    promised(listed == kept | {"manifest.csv", "report.json", "name.json"}, f"files {sorted(listed ^ kept)}")
    promised(len(data.classes) > 1, f"classes {data.classes}")
    for warning in data.report["warnings"]:
        check_sentence(Message.from_json(warning), path, workspace)


def check_dataset(data: Dataset) -> None:
    inside = data.folder / "files"
    for record in data.records:
        promised(Path(os.path.normpath(record.path)).is_relative_to(inside), f"a picture at {record.path}")
        promised(record.split in PARTS, f"a record {record}")
    promised(all(label == clean_label(label) for label in data.classes), f"classes {data.classes}")


def weights(path: Path, workspace: Path) -> None:
    """A file of weights read, and opened as a model; a model folder opened."""
    torch = importlib.import_module("torch")
    found = {} if path.is_dir() else importlib.import_module("resnet.weights.files").read_state(path)
    for name, tensor in found.items():
        promised(type(name) is str and isinstance(tensor, torch.Tensor), f"{type(tensor)} under {name!r}")
        promised(tensor.dtype == torch.float32 or not tensor.is_floating_point(), f"{tensor.dtype} in {name}")
        promised(tensor.device.type == "cpu" and tensor.layout == torch.strided, f"{tensor.device}, {tensor.layout}")
    config = read_config(path) if path.is_dir() else None
    network, found = importlib.import_module("resnet.weights.models").open_model(path)
    promised(config in (None, found), "the model's config is another one")
    promised(len(found.labels) in (0, len(network.fc.weight)), f"{len(found.labels)} labels")
    promised(all(type(label) is str for label in found.labels), f"labels {found.labels}")
    promised(0 < found.temperature < math.inf, f"temperature {found.temperature}")
    for message in network.adapted:
        check_sentence(message, path, workspace)
    json.dumps([found.to_config(), found.to_lab()], allow_nan=False)


def run(folder: Path, workspace: Path) -> None:
    """A run's folder looked at in all the ways in which the page and the command line do."""
    store = Store(folder.parents[2])
    listed = jobs.list_runs(store)
    for record in listed:
        promised(record["state"] in STATES, f"state {record['state']!r}")
        json.dumps(record, allow_nan=False)
    for language in LANGUAGES:
        tables.runs(listed, language)
    with open(os.devnull, "w", errors=cli.ESCAPED) as nowhere, contextlib.redirect_stdout(nowhere):
        cli.runs(argparse.Namespace(json=None), store)
    promised(type(name_of(folder)) is str, "a name that is no text")
    lines = read_lines(folder / "metrics.jsonl")
    promised(all(type(line) is dict for line in lines), f"lines {lines}"[:200])
    for value in ("loss", "accuracy"):
        tables.curves(lines, value)
    record = jobs.status(folder)
    promised(record["state"] in STATES, f"state {record['state']!r}")
    jobs.diverged(record)
    with contextlib.suppress(UserError):
        jobs.raise_failure(folder)
    jobs.result(folder)


def dataset(folder: Path, workspace: Path) -> None:
    """A data set's folder opened and listed."""
    for listed in list_datasets(Store(folder.parents[2])):
        promised(type(listed["name"]) is str and type(listed["images"]) is int, f"{listed}")
        json.dumps(listed, allow_nan=False)
    data = Dataset.open(folder)
    check_dataset(data)
    promised(type(data.name) is str and type(data.report) is dict, f"name {data.name!r}")
    for problem in data.problems():
        check_sentence(problem, folder, workspace)
    for language in LANGUAGES:
        tables.classes(data.report, language)
        tables.unreadable(data.report, language)


TARGETS = {"picture": picture, "archive": archive, "weights": weights, "run": run, "dataset": dataset}


def check_sentence(message: Message, given: Path, workspace: Path) -> None:
    """One printable line in each language, of this machine naming only what was given, and fit to be stored."""
    for language in LANGUAGES:
        text = message.say(language)
        promised(0 < len(text) <= SENTENCE, f"a sentence of {len(text)} characters: {text[:200]!r}")
        promised(text.isprintable(), f"not one printable line: {text[:300]!r}")
        elsewhere = text.replace(str(given), "").replace(str(given.parent), "")  # shards lie beside their index
        told = [word for word in (*_machine(), str(workspace.parent)) if word in elsewhere]
        promised(not told, f"tells {told} of the machine: {text[:300]!r}")
    stored = json.loads(json.dumps(message.to_json(), allow_nan=False, ensure_ascii=False).encode())
    promised(
        Message.from_json(stored).say() == message.say(), f"stored, it says {Message.from_json(stored).say()[:200]!r}"
    )


def _machine() -> tuple[str, ...]:
    return str(PROJECT), sys.prefix, "site-packages", "Traceback", " object at 0x"
