"""last/: all that an exact resume needs, in one file a save, the newest two kept.

A file holds tensors and, in its header, counters as JSON: nothing that could run.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from resnet.store import replacing
from resnet.training.stages import State


def save(folder: Path, state: State) -> None:
    """Write the state after all earlier ones, and drop all but the one before it."""
    tensors, counters = state
    saved = _saved(folder)
    number = int(saved[-1].stem) + 1 if saved else 1
    with replacing(folder / f"{number:06d}.safetensors") as path:
        save_file(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, path, {"counters": json.dumps(counters)}
        )
    for old in saved[:-1]:
        old.unlink()


def load(folder: Path) -> State | None:
    """The newest state that can be read; None where there is none."""
    for path in reversed(_saved(folder)):
        try:
            with safe_open(path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["counters"])  # noqa: SIM118
        except (SafetensorError, KeyError, TypeError, ValueError):
            path.unlink()  # damaged: the one before it is whole
    return None


def _saved(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.safetensors"))
