"""Networks written for ONNX Runtime, kept in the workspace, and how fast the engines are on this machine.

    ROOT/engines/HASH.onnx            a network, by the hash of its weights and of all else that makes it what it is
    ROOT/engines/NETWORK-HASH.json    seconds that each engine takes for an architecture, by the hash of the machine
    ROOT/engines/building.lock        held while a process builds

All of it can be deleted at any time. Nothing here loads torch: what needs it is in resnet.predictor.building.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from onnxruntime.capi import onnxruntime_pybind11_state as refusals

from resnet.errors import UserError
from resnet.predictor.onnx_engine import OnnxEngine, threads
from resnet.store import PROJECT, Store, read_json
from resnet.text import Message
from resnet.weights.find import HubName, source
from resnet.weights.folder import ModelConfig, read_object, weights_in
from resnet.weights.preprocessing import Preprocessing

GRAPH = 1  # counted up whenever resnet.predictor.graph writes another graph for the same network
MOST_BYTES = 2 << 30  # of all engines; the ones that were not used for longest go
DAMAGED = (  # what ONNX Runtime has to say of a file that it cannot read or run
    refusals.Fail,
    refusals.InvalidArgument,
    refusals.InvalidGraph,
    refusals.InvalidProtobuf,
    refusals.NoSuchFile,
    refusals.NotImplemented,
    refusals.RuntimeException,
    ValueError,
)


def folder(store: Store) -> Path:
    return store.root / "engines"


def engine_file(found: Path | HubName, config: ModelConfig, store: Store) -> Path:
    """Where the network of a model (see resnet.weights.find) is kept, whether it is there or not."""
    total = hashlib.sha256(f"{GRAPH} {config.architecture} {config.in_chans}".encode())
    for file in _weights(found):
        with open(file, "rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return folder(store) / f"{total.hexdigest()}.onnx"


def stamp(found: Path | HubName) -> list[tuple[int, ...]]:
    """What changes when a model's weights are replaced."""
    return [(stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in (os.stat(file) for file in _weights(found))]


def speed_file(architecture: str, store: Store) -> Path:
    """Where it is kept how fast the engines are: anew for another processor, number of threads, or version."""
    versions = [importlib.metadata.version(package) for package in ("torch", "onnxruntime")]
    machine = json.dumps([GRAPH, _processor(), threads(), *versions])
    return folder(store) / f"{architecture}-{hashlib.sha256(machine.encode()).hexdigest()[:16]}.json"


def faster(architecture: str, store: Store) -> str:
    """The engine that was measured to be the faster one here: "torch" or "onnx"; "" where that is not known."""
    try:
        fastest = read_json(speed_file(architecture, store))["fastest"]
    except (OSError, ValueError, KeyError):
        return ""
    return fastest if fastest in ("torch", "onnx") else ""


def opened(file: Path, preprocessing: Preprocessing, name: str = "onnx") -> OnnxEngine | None:
    """The engine in a file; None where there is none, or a damaged one, which is deleted."""
    if not file.is_file():
        return None
    try:
        engine = OnnxEngine(file, preprocessing, name)
    except DAMAGED:
        with contextlib.suppress(OSError):
            file.unlink()
        return None
    with contextlib.suppress(OSError):  # of a workspace that cannot be written to
        os.utime(file)  # used now
    return engine


def build(found: Path | HubName, store: Store) -> None:
    """Write the network of a model and measure the engines, where that is not done yet; wait for it.

    In a process of its own, since writing resnet50 takes 600 MB and leaves 140 MB behind. It finishes also when this
    process ends. Raises UserError where it does not come to its end, with the reason.
    """
    try:
        folder(store).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("engine_not_built", reason=error.strerror) from error
    reference = str(found.absolute()) if isinstance(found, Path) else found.name
    words = [sys.executable, "-m", "resnet.predictor.building", reference, str(store.root)]
    done = subprocess.run(
        words,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise _refusal((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1])


def _refusal(line: str) -> UserError:
    """What the building process said last, to be said in any language."""
    try:
        reason = Message.from_json(json.loads(line))
    except (ValueError, TypeError, KeyError):  # words of others
        return UserError("engine_not_built", reason=line[:200])
    return UserError(reason.key, **reason.values)


def prune(store: Store, keep: Path) -> None:
    """Delete engines, the one that was not used for longest first, until they are within bounds without `keep`'s."""
    files = {file: file.stat() for file in folder(store).glob("*.onnx")}
    total = sum(status.st_size for status in files.values())
    for file in sorted(files.keys() - {keep}, key=lambda file: files[file].st_mtime):
        if total <= MOST_BYTES:
            break
        file.unlink(missing_ok=True)
        file.with_suffix(".json").unlink(missing_ok=True)  # what is said of it
        total -= files[file].st_size


def _weights(found: Path | HubName) -> Iterator[Path]:
    """The files of a model's weights: one, or an index and those that it names."""
    path = (
        importlib.import_module("resnet.weights.hub").download(source(found)) if isinstance(found, HubName) else found
    )
    file = weights_in(path) if path.is_dir() else path
    yield file
    if file.suffix == ".json":
        places = read_object(file).get("weight_map")
        names = set(places.values()) if isinstance(places, dict) else set()
        for name in sorted(name for name in names if isinstance(name, str) and Path(name).name == name):
            yield file.with_name(name)


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return f"{platform.processor()} {platform.machine()}"
