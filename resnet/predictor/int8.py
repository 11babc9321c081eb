"""A network in 8-bit integers: several times as fast on a CPU, for a little accuracy, which is measured and kept.

What range each activation has is taken from pictures of the model's own training part, so only a model with its report,
and with its data set in the workspace, can have one. Kept in the workspace's `engines` folder, by the hash that the
network in float32 has there (see resnet.predictor.built) and the data set:

    HASH-DATA-int8.onnx   the network
    HASH-DATA-int8.json   {format, data: {id, name}, split, n, accuracy, float_accuracy, calibrated_on}
"""

import contextlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resnet.data.batches import fitted_batches
from resnet.data.dataset import Dataset, Record
from resnet.errors import UserError
from resnet.predictor.built import engine_file, prune
from resnet.predictor.onnx_engine import OnnxEngine
from resnet.store import FORMAT, PROJECT, Store, name_of, read_json, replacing, write_json
from resnet.text import Message
from resnet.weights.folder import REPORT, read_config
from resnet.weights.preprocessing import Preprocessing

CALIBRATED_ON = 256  # pictures; the shipped model's logits are a tenth nearer to those in float32 than with 128
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Int8:
    """A built network and how good it is."""

    path: Path
    figures: dict  # as in the JSON file beside it


def built(folder: Path, store: Store) -> Int8 | None:
    """The integer network of the model in `folder`, where one was built. Raises as `build` does."""
    return _finished(_path(folder, own_data(folder, store), store))


def _finished(path: Path) -> Int8 | None:
    with contextlib.suppress(FileNotFoundError, ValueError):  # there is none, or its figures are damaged
        figures = read_json(path.with_suffix(".json"))
        return Int8(path, figures) if path.is_file() else None
    return None


def build(folder: Path, graph: Path, store: Store, progress: Progress | None = None) -> Int8:
    """The integer network of the model in `folder`, built in some tens of seconds where that was not done before.

    graph: the same network in float32, as resnet.predictor.graph writes it.
    progress: called with ("calibrate" or "compare", pictures done, pictures in all); what it raises ends the work.
    Raises UserError where the model has no report, or its data set is not here, or damaged.
    """
    data = own_data(folder, store)
    path = _path(folder, data, store)
    if done := _finished(path):
        return done
    path.parent.mkdir(parents=True, exist_ok=True)
    note = progress or (lambda *_: None)
    preprocessing, sample = read_config(folder).preprocessing, spread(data.part("train"), CALIBRATED_ON)
    with replacing(path) as made:
        pixels = np.concatenate([*pixels_of(sample, preprocessing, data)])
        _quantise(graph, pixels, preprocessing, made, store, note)
        figures = {**_compare(folder, data, made, note), "calibrated_on": len(sample)}
        write_json(path.with_suffix(".json"), figures)
    prune(store, keep=path)
    return Int8(path, figures)


def own_data(folder: Path, store: Store) -> Dataset:
    """The data set that the model in `folder` learned from. Raises UserError where it is not known, or not here."""
    report = _report(folder)
    if not report:
        raise UserError("int8_no_report", model=_name(folder))
    identity, name = report["data"]["id"], report["data"]["name"]
    try:
        data = Dataset.open(store.dataset(identity))
    except UserError as error:
        raise UserError("int8_no_data", model=_name(folder), data=name) from error
    if data.id != identity or not data.part("train") or set(data.classes) - set(read_config(folder).labels):
        raise UserError("int8_no_data", model=_name(folder), data=name)
    return data


def spread(records: Sequence[Record], most: int) -> list[Record]:
    """At most `most` of the pictures, of each class as many as of any other while there are; always the same ones."""
    seen: Counter[str] = Counter()
    ranked = []
    for record in sorted(records, key=lambda record: record.sha256):  # as good as random
        ranked.append((seen[record.label], record.sha256, record))
        seen[record.label] += 1
    return [record for *_, record in sorted(ranked, key=lambda entry: entry[:2])][:most]


def _quantise(
    graph: Path, pixels: np.ndarray, preprocessing: Preprocessing, out: Path, store: Store, note: Progress
) -> None:
    """Write `graph` in integers to `out`, in a process of its own, which ends with this function."""
    temporary = store.temporary()
    try:
        np.save(temporary / "pixels.npy", pixels)
        words = [graph, temporary / "pixels.npy", json.dumps(preprocessing.to_config()), out]
        with (
            open(temporary / "log.txt", "w+", encoding="utf-8") as log,
            subprocess.Popen(
                [sys.executable, "-m", "resnet.predictor.quantise", *words],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            ) as process,
        ):
            try:
                for line in process.stdout:
                    note("calibrate", *json.loads(line))
            except BaseException:
                process.kill()
                raise
            if process.wait() != 0:
                log.seek(0)
                raise UserError("int8_ended", status=process.returncode, reason=log.read()[-300:].strip() or "-")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def pixels_of(records: Sequence[Record], preprocessing: Preprocessing, data: Dataset) -> Iterator[np.ndarray]:
    """uint8 (N, C, S, S), batch by batch."""
    for pictures in fitted_batches([record.path for record in records], preprocessing, "cpu"):
        if lost := [picture for picture in pictures if isinstance(picture, Message)]:
            raise UserError("int8_data_damaged", data=data.name, reason=lost[0])
        yield np.stack(pictures)


def _compare(folder: Path, data: Dataset, network: Path, note: Progress) -> dict:
    """How often the integer network is right, on the pictures of the report, beside what the report says."""
    config, report = read_config(folder), _report(folder)
    records = data.records if report["split"] == "all" else data.part(report["split"])
    engine, answers = OnnxEngine(network, config.preprocessing, "onnx-int8"), []
    for pixels in pixels_of(records, config.preprocessing, data):
        answers += engine.logits(pixels).argmax(axis=1).tolist()
        note("compare", len(answers), len(records))
    right = [config.labels[answer] == record.label for answer, record in zip(answers, records, strict=True)]
    return {
        "format": FORMAT,
        "data": report["data"],
        "split": report["split"],
        "n": len(right),
        "accuracy": float(np.mean(right)),
        "float_accuracy": report["accuracy"],
    }


def _report(folder: Path) -> dict:
    """Of the model's report, what is needed here; {} where there is none such."""
    try:
        report = read_json(folder / REPORT)
        data = {"id": str(report["data"]["id"]), "name": str(report["data"]["name"])}
        return {"data": data, "split": str(report["split"]), "accuracy": float(report["accuracy"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _path(folder: Path, data: Dataset, store: Store) -> Path:
    floats = engine_file(folder, read_config(folder), store)
    return floats.with_name(f"{floats.stem}-{data.id}-int8.onnx")


def _name(folder: Path) -> str:
    return name_of(folder.parent) or folder.name
