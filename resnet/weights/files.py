"""Files of weights, ours and foreign: read without running anything in them, loaded without leaving anything out."""

import argparse
import pickle
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from resnet.errors import UserError
from resnet.nn.network import create
from resnet.nn.variants import VARIANTS
from resnet.text import Message
from resnet.weights.folder import SUFFIXES

WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")  # training scripts' names; averaged weights first
PREFIXES = ("module.", "_orig_mod.")  # of torch's data parallelism and compiler
COUNTER = "num_batches_tracked"  # of batch normalisation; files from before 2018 lack it, and no result needs it
HEAD = ("fc.weight", "fc.bias")


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors in a file of weights by name, on the CPU, floating ones in 32 bits.

    Wrappers and prefixes of training scripts are taken off. Raises UserError naming the file and what is wrong.
    """
    if not path.is_file():
        raise UserError("weights_missing", file=path)
    if path.suffix not in SUFFIXES:
        raise UserError("weights_suffix", file=path, suffixes=SUFFIXES)
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    for wrapper in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    state = _plain_names(content) if isinstance(content, dict) else {}
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError("weights_none", file=path)
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError("weights_damaged", file=path) from error


def _read_pickle(path: Path) -> object:
    """What torch.load's safe reader makes of the file; where it refuses, so do we, and nothing has run.

    Namespace, which holds the arguments of timm's and torchvision's training scripts, is a bag of values.
    """
    try:
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unusual protocols; what is said of such a file is said below
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = "GLOBAL" in str(error)  # the pickle instruction that fetches a class or function
        raise UserError("weights_code" if code else "weights_damaged", file=path) from error
    except Exception as error:  # a damaged or hostile stream raises whatever its bytes happen to reach
        raise UserError("weights_damaged", file=path) from error


def _plain_names(content: dict) -> dict:
    """Keys without the prefixes; without the counter that torch's averaged models keep beside theirs."""
    names = {}
    for key, value in content.items():
        name = str(key)
        while name.startswith(PREFIXES):
            name = name.split(".", 1)[1]
        names[name] = value
    if len(names) > 1:
        names.pop("n_averaged", None)
    return names


def load_strict(module: nn.Module, state: dict[str, Tensor], *, new_head: bool = False) -> None:
    """Load `state` into `module`: every key must be there in its shape, and no other.

    With new_head the classifier (fc.weight, fc.bias) alone keeps the values that it has. Raises
    UserError("weights_differ") with the first five differing keys, both shapes, and what the file looks like.
    """
    own = module.state_dict()
    if new_head:
        state = {**state, **{name: own[name] for name in HEAD}}
    state = {**{name: value for name, value in own.items() if name.endswith(COUNTER)}, **state}
    differing = [name for name in {**own, **state} if _shape(own.get(name)) != _shape(state.get(name))]
    if differing:
        raise UserError("weights_differ", count=len(differing), differences=_differences(differing, own, state))
    module.load_state_dict(state)


def load_checkpoint(module: nn.Module, file: str | Path) -> None:
    """Load a file of weights into `module`, strictly."""
    load_strict(module, read_state(Path(file)))


def guess_architecture(state: dict[str, Tensor]) -> str | None:
    """The variant whose keys and shapes are those of `state`, the classifier's and the pictures' channels aside."""
    if any(state.get(name) is None for name in HEAD):
        return None
    shapes = _body(state)
    blocks = tuple(len({key.split(".")[1] for key in state if key.startswith(f"layer{i}.")}) for i in (1, 2, 3, 4))
    for name in (name for name, row in VARIANTS.items() if row.layers == blocks):
        with torch.device("meta"):  # shapes only, no memory
            network = create(name)
        if _body(network.state_dict()) == shapes:
            return name
    return None


def first_convolution(state: dict[str, Tensor]) -> Tensor:
    """Its weight, (C', in_chans, k, k)."""
    return state["conv1.weight"] if "conv1.weight" in state else state["conv1.0.weight"]


def _body(state: dict[str, Tensor]) -> dict[str, tuple]:
    return {
        name: tensor.shape[:1] + tensor.shape[2:] if name in ("conv1.weight", "conv1.0.weight") else tensor.shape
        for name, tensor in state.items()
        if name not in HEAD and not name.endswith(COUNTER)
    }


def _differences(names: list[str], own: dict, state: dict) -> list[Message]:
    absent = Message("absent")
    found = [
        Message(
            "weights_difference",
            {"name": name, "file": _shape(state.get(name)) or absent, "network": _shape(own.get(name)) or absent},
        )
        for name in names[:5]
    ]
    guess = guess_architecture(state)
    if guess and guess != guess_architecture(own):
        found.append(Message("weights_look_like", {"architecture": guess}))
    return found


def _shape(tensor: Tensor | None) -> str | None:
    return None if tensor is None else " × ".join(map(str, tensor.shape)) or "1"
