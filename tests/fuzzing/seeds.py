"""The valid inputs that the fuzzer starts from, small and the same each time."""

import argparse
import importlib
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from resnet.data.bounds import Limits
from resnet.data.importing import import_dataset
from resnet.settings import TrainSettings
from resnet.store import FORMAT, Store
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.preprocessing import Preprocessing
from tests import archives as archive_corpus
from tests import images as image_corpus

RUN = "local/runs/0123456789abcdef"  # in a workspace


@dataclass(frozen=True)
class Link:
    """A symbolic link, where a file could be."""

    to: str


class Pipe:
    """A named pipe, where a file could be: whoever opens it to read waits for ever."""


Content = bytes | Link | Pipe


@dataclass(frozen=True)
class Input:
    """What one case hands over.

    form: what it is meant to be, and so which target takes it: picture, archive, weights, run, dataset.
    main: the file or folder that is handed over, a path relative to the folder that all files are written to. One
        that begins with "foreign" is whole, and may be refused all the same.
    files: relative path -> content; a path that ends in "/" is an empty folder.
    """

    form: str
    main: str
    files: dict[str, Content] = field(repr=False)


def of_kind(kind: str) -> list[Input]:
    """The valid inputs of a kind: image, archive, weights or folder."""
    return SEEDS[kind]()


def images() -> list[Input]:
    """The pictures of the corpus that are read."""
    whole = [case for case in image_corpus.cases() if not case.refused and max(case.size) <= 300]
    return [Input("picture", case.name, {case.name: case.content}) for case in whole]


def archives() -> list[Input]:
    """The archives of the corpus that are imported, and what lies in one of them as a folder."""
    limits, whole = Limits(), {}
    for case in archive_corpus.CASES:
        if not case.refused and case.limits == limits and len(content := case.content()) < SMALL:
            whole.setdefault(content, case)
    made = [Input("archive", case.file, {case.file: content}) for content, case in whole.items()]
    folder = {f"pets/{name}": content for name, content in archive_corpus.PETS.items()}
    return [*made, Input("archive", "pets", {**folder, "pets/notes.txt": b"two classes\n", "pets/empty/": b""})]


def weights() -> list[Input]:
    """The smallest network as a file of each container, in shards, and as a model folder; and files of a few tensors.

    Its weights are zeros in 16 bits: they are read as others are, and a file of zeros is written as a hole.
    """
    torch, save = importlib.import_module("torch"), importlib.import_module("safetensors.torch").save
    network = importlib.import_module("resnet.nn.network").create("resnet18", 2)
    state = {name: torch.zeros_like(tensor) for name, tensor in network.half().state_dict().items()}
    run = {"epoch": 3, "args": argparse.Namespace(lr=0.1), "state_dict": {f"module.{k}": v for k, v in state.items()}}
    few = {"conv1.weight": torch.randn(4, 3, 7, 7), "fc.weight": torch.randn(2, 4).bfloat16(), "fc.bias": torch.ones(2)}
    made = {
        "whole.safetensors": save(state),
        "whole.pth": _torch_saved(state),
        "run.bin": _torch_saved(run, _use_new_zipfile_serialization=False),
        "foreign.safetensors": save(few, {"format": "pt"}),
        "foreign.pth": _torch_saved(few),
        "foreign run.pt": _torch_saved({**run, "state_dict": few}),
        "foreign old.bin": _torch_saved({**run, "model": few}, _use_new_zipfile_serialization=False),
    }
    return [
        *(Input("weights", name, {name: content}) for name, content in made.items()),
        Input("weights", "whole.safetensors.index.json", _sharded(state, save)),
        Input("weights", "model", _model_folder(state)),
    ]


def folders() -> list[Input]:
    """A workspace with a finished run in it, and one with a data set."""
    return [
        Input("run", RUN, {f"{RUN}/{name}": content for name, content in _run_files("done").items()}),
        Input("run", RUN, {f"{RUN}/{name}": content for name, content in _run_files("running").items()}),
        _dataset(),
    ]


SEEDS: dict[str, Callable[[], list[Input]]] = {
    "image": images,
    "archive": archives,
    "weights": weights,
    "folder": folders,
}

SMALL = 50_000  # bytes of an archive that is worth changing thousands of times


def _torch_saved(value: object, **options: object) -> bytes:
    content = io.BytesIO()
    importlib.import_module("torch").save(value, content, **options)
    return content.getvalue()


def _sharded(state: dict, save: Callable[[dict], bytes]) -> dict[str, bytes]:
    files = {name: f"whole-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(state)}
    shards = {file: save({name: state[name] for name in state if files[name] == file}) for file in files.values()}
    return {**shards, "whole.safetensors.index.json": json.dumps({"metadata": {}, "weight_map": files}).encode()}


def _model_folder(state: dict) -> dict[str, bytes]:
    config = ModelConfig(
        "resnet18", ["cat", "horse"], Preprocessing(48), {"cat": "domestic cat"}, unknown_threshold=0.5
    )
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder, "model"), state, config, card="# A model\n", report={"format": FORMAT})
        return _files_under(Path(folder))


def _run_files(state: str) -> dict[str, bytes]:
    settings = TrainSettings("fedcba9876543210", "resnet18", name="pets", mode="head", epochs=2)
    line = {"time": 1.7e9, "stage": "head", "epoch": 1.0, "step": 4}
    report = {"format": FORMAT, "accuracy": 0.9, "interval": [0.8, 0.95], "log_loss": 0.3, "n": 50}
    summary = {"epochs": 2, "steps": 8, "images": {"train": 20, "val": 4}, "seconds": {"total": 3.5}}
    records = {
        "name.json": {"format": FORMAT, "name": "pets"},
        "settings.json": {
            "format": FORMAT,
            "name": "pets",
            "settings": asdict(settings),
            "data": {"id": "fedcba9876543210", "name": "pets"},
            "architecture": "resnet18",
            "preprocessing": Preprocessing(48).to_config(),
            "queue": "cpu",
            "created": 1.7e9,
            "versions": {"python": "3.11"},
        },
        "status.json": {
            "format": FORMAT,
            "state": state,
            "stage": "head",
            **{"epoch": 2, "epochs": 2, "step": 8, "steps": 8, "images_per_second": 50.0, "seconds_left": 0.0},
            **{"train_loss": 0.4, "val_accuracy": 0.9, "message": None},
            **dict.fromkeys(("queued", "launched", "updated"), 1.7e9),
        },
        "report.json": {**report, "summary": summary},
    }
    lines = [{**line, "train_loss": 0.5, "learning_rate": 1e-3}, {**line, "val_loss": 0.4, "val_accuracy": 0.9}]
    return {
        **{name: json.dumps(record, indent=1).encode() for name, record in records.items()},
        "metrics.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode(),
        "log.txt": b"",
    }


def _dataset() -> Input:
    with tempfile.TemporaryDirectory() as folder:
        source, workspace = Path(folder, "pets"), Path(folder, "workspace")
        for label, seed in (("cat", 0), ("horse", 3)):
            (source / label).mkdir(parents=True)
            for i in range(3):
                (source / label / f"{i}.png").write_bytes(archive_corpus.picture(seed + i))
        (source / "cat" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        data = import_dataset(source, Store(workspace))
        return Input("dataset", data.folder.relative_to(workspace).as_posix(), _files_under(workspace))


def _files_under(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
