"""A network's weights by name: found among whatever else a file holds, named by what they fit, loaded strictly.

Shapes: C channels, F features that the classifier reads, K classes; a convolution is (C', C, k, k), the classifier
(K, F).
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from resnet.errors import UserError
from resnet.nn.network import create
from resnet.nn.variants import VARIANTS
from resnet.text import Message
from resnet.weights import brief
from resnet.weights.pickles import Stored

COUNTER = "num_batches_tracked"  # of batch normalisation; files from before 2018 lack it, and no result needs it
HEAD = ("fc.weight", "fc.bias")
BODY = re.compile(r"(conv1|bn1|maxpool|layer\d+)\.")  # maxpool: a convolution, in ResNet-RS
FIRST_BLOCK = "layer1.0.conv1.weight"  # wherever this name stands, a residual network begins
# names of classifiers in other code; behind dropout they are number 1 of a sequence
HEADS = re.compile(
    r"(?:.*\.)?(?:fc|head|heads|classifier|linear|last_linear|cls|clf|logits|output|out|final|dense)(?:\.\d+)?\.(weight|bias)"
)
WRAPPERS = re.compile(r"_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.")  # torch's own, at any depth
AVERAGED = {"ema", "swa", "averaged"}  # words in the names of weights averaged over the training: the better ones
# kept beside weights by averaging, by a profiler (thop), by losses that weigh classes
IDLE = re.compile(r"(?:.*\.)?(?:n_averaged|total_ops|total_params|(?:criterion|loss|loss_fn)\.(?:weight|pos_weight))")
LAST_NORM = re.compile(r"layer\d\.0\.bn[23]\.weight")  # the greatest of these names has the classifier's features
MOST_TENSORS = 10_000  # beside each other; resnet152 has 932
BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}  # of a number that weights may be made of


@dataclass(frozen=True)
class _Place:
    """Where in a file a network is."""

    name: str  # as people would call it: "state_dict.model"
    table: dict[str, Stored]  # all tensors beside each other
    prefix: str  # of the network's own names in it


def find_network(file: Path, content: Mapping) -> dict[str, Stored]:
    """The one residual network in `content` (dicts within dicts, Stored at their ends), under this project's names.

    Wrappers, prefixes and the classifier's name are found by where the names of a residual network stand. Of a network
    and its average over the training, the average is taken. Raises UserError.
    """
    tables = list(_tables(content))
    if not tables:
        raise UserError("weights_none", file=file)
    if any(len(table) > MOST_TENSORS for _, table in tables):
        raise UserError("weights_many", file=file, most=f"{MOST_TENSORS:,}")
    places = [
        _Place(f"{name}{prefix}".strip("."), table, prefix)
        for name, table in tables
        for prefix in sorted(key.removesuffix(FIRST_BLOCK) for key in table if f".{key}".endswith(f".{FIRST_BLOCK}"))
    ]
    if not places:
        names = max((table for _, table in tables), key=len)
        raise UserError("weights_foreign", file=file, count=len(names), names=[brief(name) for name in list(names)[:3]])
    averages = [place for place in places if AVERAGED & set(re.split(r"[._]", place.name.lower()))]
    chosen = averages or places
    if len(chosen) > 1:
        raise UserError("weights_several", file=file, names=[brief(place.name) for place in chosen[:5]])
    return _own_names(file, chosen[0], [place for place in places if place.table is chosen[0].table])


def _tables(content: Mapping, name: str = "") -> Iterator[tuple[str, dict[str, Stored]]]:
    """Every dict that holds tensors, and the names under which it is reached."""
    tensors = {WRAPPERS.sub("", key): value for key, value in content.items() if isinstance(value, Stored)}
    if tensors:
        yield name, tensors
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _tables(value, f"{name}{key}.")


def _own_names(file: Path, place: _Place, beside: list[_Place]) -> dict[str, Stored]:
    """The network at `place`; beside: all that stand in its table, the names of which are passed over."""
    network, others = {}, {}
    prefixes = tuple(other.prefix for other in beside if other is not place)
    for key, stored in place.table.items():
        name, own = key.removeprefix(place.prefix), key.startswith(place.prefix)
        if IDLE.fullmatch(name) or (key.startswith(prefixes) and not own):
            continue
        (network if own and BODY.match(name) else others)[name] = stored
    heads = {name.rpartition(".")[0] for name in others if HEADS.fullmatch(name)}
    head = heads.pop() if len(heads) == 1 else "fc"
    network |= {f"fc.{part}": others.pop(f"{head}.{part}") for part in ("weight", "bias") if f"{head}.{part}" in others}
    if others:
        raise UserError("weights_more", file=file, count=len(others), names=[brief(name) for name in list(others)[:5]])
    return network


def numbers(file: Path, name: str, stored: Stored) -> Tensor:
    """The tensor, its numbers in 32 bits, or a counter's in 64. Raises UserError where they can be no weights."""
    if stored.kind not in BYTES and not (name.endswith(COUNTER) and stored.kind == "int64"):
        raise UserError("weights_kind", file=file, name=brief(name), kind=stored.kind)
    tensor = stored.read()
    if name.endswith(COUNTER):
        return tensor
    tensor = tensor.float()
    if wrong := tensor.numel() - int(tensor.isfinite().sum()):
        raise UserError("weights_not_finite", file=file, name=brief(name), count=wrong, total=tensor.numel())
    if name.endswith("running_var") and (tensor < 0).any():
        raise UserError("weights_variance", file=file, name=brief(name))
    return tensor.contiguous()


def ordinary_head(file: Path, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """`state` with its classifier as (K, F) and (K,): a 1 x 1 convolution is one, and a bias that is missing is 0."""
    weight = state.get("fc.weight")
    if weight is None:
        return state
    if weight.dim() == 4 and weight.shape[2:] == (1, 1):
        weight = weight.flatten(1)
    last = max((name for name in state if LAST_NORM.fullmatch(name)), default=None)
    features = state.get(last)
    if weight.dim() == 2 and features is not None and weight.shape[:1] == features.shape != weight.shape[1:]:
        raise UserError("weights_transposed", file=file, shape=shape_of(weight))
    return {**state, "fc.weight": weight, "fc.bias": state.get("fc.bias", weight.new_zeros(len(weight)))}


def adapt_stem(state: dict[str, Tensor], in_chans: int) -> dict[str, Tensor]:
    """`state` for pictures of `in_chans` channels: the first convolution's channels summed, or repeated and scaled.

    One channel gets the sum over all; more get the channels in turn, scaled so that the sum over equal channels stays.
    The rule is timm's: timm/models/_manipulate.py, adapt_input_conv; there the weights' channels are 3.
    """
    name = stem_name(state)
    weight = state[name]
    here = weight.shape[1]
    if in_chans == here:
        return state
    if in_chans == 1:
        return {**state, name: weight.sum(dim=1, keepdim=True)}
    repeated = weight.repeat(1, math.ceil(in_chans / here), 1, 1)[:, :in_chans]
    return {**state, name: repeated * (here / in_chans)}


def stem_name(state: Mapping[str, Tensor]) -> str | None:
    """The first convolution's weight: (C', in_chans, k, k)."""
    names = (name for name in ("conv1.weight", "conv1.0.weight") if name in state)
    return next((name for name in names if state[name].dim() == 4 and state[name].shape[1]), None)


def guess_architecture(state: Mapping[str, Tensor], differing: int = 0) -> str | None:
    """The variant with these names and shapes, whatever the classes and the channels of pictures; None where none is.

    Where several have them (resnet50, resnetaa50, resnetblur50), the one that stands first in the table.
    differing: how many names may be others, or of other shapes; then the variant with the fewest such is meant.
    """
    stem = stem_name(state)
    if stem is None:
        return None
    shapes, outline, found = _body(state).items(), _outline(state), {}
    for name, row in VARIANTS.items():
        if (row.layers, row.stem, row.blocks[0] == "bottleneck", row.attention) == outline:
            with torch.device("meta"), _Undrawn():  # shapes only
                network = create(name, num_classes=1, in_chans=state[stem].shape[1])
            others = {key for key, _ in _body(network.state_dict()).items() ^ shapes}
            if not others:
                return name
            found[name] = len(others)
    best = min(found, key=found.get, default=None)
    return best if best and found[best] <= differing else None


class _Undrawn(TorchFunctionMode):
    """Nothing random is drawn inside: on "meta" torch would load its compiler for it, for more than a second."""

    def __torch_function__(
        self, function: Callable, types: object, args: tuple = (), named: dict | None = None
    ) -> object:
        return args[0] if function in (Tensor.normal_, Tensor.uniform_) else function(*args, **(named or {}))


def _body(state: Mapping[str, Tensor]) -> dict[str, tuple]:
    return {name: tuple(tensor.shape) for name, tensor in state.items() if name not in HEAD and COUNTER not in name}


def _outline(state: Mapping[str, Tensor]) -> tuple:
    """Blocks of each stage, widths of the stem, whether it has bottlenecks, its attention: of few variants the same."""
    parts = [name.split(".")[:2] for name in state if COUNTER not in name]
    blocks = [len({tuple(part) for part in parts if part[0] == f"layer{i}"}) for i in (1, 2, 3, 4)]
    names = ("conv1.weight", "conv1.0.weight", "conv1.3.weight", "conv1.6.weight")
    stem = [width for name in names if name in state for width in state[name].shape[:1]]
    gates = {"layer1.0.se.fc1.weight": "se", "layer1.0.se.conv.weight": "eca"}
    attention = next((kind for name, kind in gates.items() if name in state), "")
    return tuple(filter(None, blocks)), tuple(stem), "layer1.0.conv3.weight" in state, attention


def load_strict(module: nn.Module, state: dict[str, Tensor], *, new_head: bool = False) -> None:
    """Load `state` into `module`: every key must be there in its shape, and no other.

    With new_head the classifier (fc.weight, fc.bias) alone keeps the values that it has, or is left out. Raises
    UserError("weights_differ") with the first five differing keys, both shapes, and what the file looks like.
    """
    own = module.state_dict()
    if new_head:
        state = {name: value for name, value in state.items() if name not in HEAD}
        state |= {name: own[name] for name in HEAD if name in own}
    state = {**{name: value for name, value in own.items() if name.endswith(COUNTER)}, **state}
    differing = [name for name in {**own, **state} if _shape(own.get(name)) != _shape(state.get(name))]
    if differing:
        raise UserError("weights_differ", count=len(differing), differences=_differences(differing, own, state))
    module.load_state_dict(state)


def _differences(names: list[str], own: dict, state: dict) -> list[Message]:
    found = [
        Message(
            "weights_difference",
            {"name": brief(name), "file": shape_of(state.get(name)), "network": shape_of(own.get(name))},
        )
        for name in names[:5]
    ]
    guess = guess_architecture(state)
    if guess and guess != guess_architecture(own):
        found.append(Message("weights_look_like", {"architecture": guess}))
    return found


def _shape(tensor: Tensor | None) -> tuple | None:
    return None if tensor is None else tuple(tensor.shape)


def shape_of(tensor: Tensor | None) -> str | Message:
    """Its shape, to be said."""
    if tensor is None:
        return Message("absent")
    return " × ".join(map(str, tensor.shape)) if tensor.dim() else Message("one_number")
