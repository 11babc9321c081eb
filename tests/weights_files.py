"""Files of weights as colleagues, downloads and attackers make them: three tables, each entry with its outcome.

    ACCEPTED  name -> function that writes a file which holds the network's weights as they are
    REFUSED   name -> (function that writes a file, key of the refusal, what its sentence names)
    HOSTILE   name -> function that writes a pickle which, run, would make the folder `canary`

A function takes the folder to write into and the network's state_dict() and gives the path of the file.
"""

import argparse
import datetime
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

State = dict[str, Tensor]
Make = Callable[[Path, State], Path]


# How files are written


def pickled(content: object, name: str = "weights.pth", **options: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        torch.save(content, folder / name, **options)
        return folder / name

    return write


def saved(change: Callable[[State], object] = lambda state: state, name: str = "weights.pth", **options) -> Make:
    """torch.save of what `change` makes of the state."""
    return lambda folder, state: pickled(change(state), name, **options)(folder)


def raw(content: bytes, name: str = "weights.pth") -> Make:
    def write(folder: Path, state: State) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def tensors(change: Callable[[State], State] = lambda state: state, name: str = "weights.safetensors") -> Make:
    def write(folder: Path, state: State) -> Path:
        save_file({key: value.contiguous() for key, value in change(state).items()}, folder / name)
        return folder / name

    return write


def header(entries: object, data: bytes = b"", length: int | None = None) -> Make:
    """.safetensors with this header, of which it claims that it has `length` bytes."""
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return raw(struct.pack("<Q", len(text) if length is None else length) + text + data, "weights.safetensors")


def cut(make: Make, share: float) -> Make:
    def write(folder: Path, state: State) -> Path:
        path = make(folder, state)
        os.truncate(path, int(path.stat().st_size * share))
        return path

    return write


def in_zip(program: bytes, **records: bytes) -> bytes:
    """What torch.save writes, around the pickle `program`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/version", b"3\n")
        for name, content in records.items():
            archive.writestr(f"archive/data/{name}", content)
    return stream.getvalue()


def in_legacy(program: bytes) -> bytes:
    """What torch.save wrote before PyTorch 1.6, around the pickle `program`."""
    first = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    return b"".join(pickle.dumps(part, 2) for part in first) + program + pickle.dumps([], 2)


def archive_of(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return stream.getvalue()


def sharded(write: Callable[[State, Path], None], suffix: str, index: str) -> Make:
    def make(folder: Path, state: State) -> Path:
        names = list(state)
        parts = {f"model-{i + 1:05d}-of-00003{suffix}": names[i::3] for i in range(3)}
        for file, part in parts.items():
            write({name: state[name] for name in part}, folder / file)
        places = {name: file for file, part in parts.items() for name in part}
        (folder / index).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
        return folder / index

    return make


# What training scripts and libraries make of a state


def under(prefix: str) -> Callable[[State], State]:
    return lambda state: {prefix + name: tensor for name, tensor in state.items()}


def headed(head: str, body: str = "") -> Callable[[State], State]:
    return lambda state: {
        name.replace("fc.", f"{head}.") if name.startswith("fc.") else body + name: tensor
        for name, tensor in state.items()
    }


def within(*wrappers: str) -> Callable[[State], dict]:
    def wrap(state: State) -> dict:
        for wrapper in reversed(wrappers):
            state = {"epoch": 3, wrapper: state}
        return state

    return wrap


def with_entry(**entries: Tensor) -> Callable[[State], State]:
    return lambda state: {**state, **{name.replace("__", "."): tensor for name, tensor in entries.items()}}


def without(*endings: str) -> Callable[[State], State]:
    return lambda state: {name: tensor for name, tensor in state.items() if not name.endswith(endings)}


def cast(dtype: torch.dtype) -> Callable[[State], State]:
    return lambda state: {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in state.items()
    }


def zeros(state: State) -> State:
    return {name: torch.zeros_like(tensor) for name, tensor in state.items()}


def training(state: State) -> dict:
    """All that a training script might keep beside the weights."""
    network = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    with torch.enable_grad():
        network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    return {
        "epoch": 7,
        "arch": "resnet18",
        "state_dict": OrderedDict(state),
        "optimizer": optimizer.state_dict(),
        "scheduler": schedule.state_dict(),
        "best_accuracy": np.float64(0.5),
        "confusion": np.eye(3, dtype=np.int64),
        "losses": [0.5, 0.25, float("nan")],
        "args": argparse.Namespace(data=Path("photos"), started=datetime.datetime(2020, 1, 1), lr=0.1, flags={1, 2}),
        "random": torch.get_rng_state(),
        "size": torch.Size([3, 4]),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
    }


def in_one_storage(state: State) -> State:
    """All weights as views of one row of numbers, as some libraries keep them for speed."""
    row, views, start = torch.cat([tensor.flatten() for tensor in state.values() if tensor.dim()]), {}, 0
    for name, tensor in state.items():
        views[name] = row[start : start + tensor.numel()].view(tensor.shape) if tensor.dim() else tensor
        start += tensor.numel() if tensor.dim() else 0
    return views


def of_python_2(folder: Path, state: State) -> Path:
    """The state as Python 2 pickled an OrderedDict: its entries are an argument."""
    torch.save([[name, tensor] for name, tensor in state.items()], folder / "weights.pth")
    source = zipfile.ZipFile(folder / "weights.pth")
    entries = source.read("weights/data.pkl")
    program = b"\x80\x02ccollections\nOrderedDict\n" + entries[2:-1] + b"\x85R."
    records = {name.rpartition("/")[2]: source.read(name) for name in source.namelist() if "/data/" in name}
    (folder / "python2.pth").write_bytes(in_zip(program, **records))
    return folder / "python2.pth"


ACCEPTED: dict[str, Make] = {
    # written how
    **{f"suffix {suffix}": saved(name=f"weights{suffix}") for suffix in (".pt", ".bin", ".th", ".ckpt", ".pth.tar")},
    "before 1.6": saved(_use_new_zipfile_serialization=False),
    "before 1.6, with training": saved(training, _use_new_zipfile_serialization=False),
    **{f"protocol {protocol}": saved(training, pickle_protocol=protocol) for protocol in (2, 3, 4, 5)},
    "before 1.6, protocol 4": saved(pickle_protocol=4, _use_new_zipfile_serialization=False),
    "python 2": of_python_2,
    "a name in Chinese, with blanks": saved(name="猫 和 狗.pth"),
    "safetensors": tensors(),
    "safetensors called .pth": tensors(name="weights.pth"),
    "pickle called .safetensors": saved(name="weights.safetensors"),
    "safetensors in pieces": sharded(save_file, ".safetensors", "model.safetensors.index.json"),
    "pickle in pieces": sharded(torch.save, ".bin", "pytorch_model.bin.index.json"),
    "parameters": saved(lambda state: {n: nn.Parameter(t, t.is_floating_point()) for n, t in state.items()}),
    "channels last": saved(
        lambda state: {n: t.to(memory_format=torch.channels_last) if t.dim() == 4 else t for n, t in state.items()}
    ),
    "one storage": saved(in_one_storage),
    # wrapped
    **{
        f"in {wrapper}": saved(within(wrapper))
        for wrapper in ("state_dict", "model", "state_dict_ema", "model_ema", "net", "network", "model_state_dict")
    },
    "nested": saved(within("checkpoint", "model", "state_dict")),
    "a pair": saved(lambda state: (state, {"lr": 0.1})),
    "twice the same": saved(lambda state: {"model": state, "state_dict": state}),
    "averaged beside it": saved(lambda state: {"state_dict": zeros(state), "state_dict_ema": under("module.")(state)}),
    "averaged under another name": saved(lambda state: under("model.")(zeros(state)) | under("ema_model.")(state)),
    "averaged by torch": saved(lambda state: {"n_averaged": torch.tensor(3), **under("module.")(state)}),
    # prefixed
    **{
        f"under {prefix}": saved(under(prefix))
        for prefix in (
            "module.",
            "_orig_mod.",
            "_orig_mod.module.",
            "backbone.",
            "encoder.",
            "net.",
            "resnet.",
            "a.b.c.",
        )
    },
    "lightning": saved(lambda state: {"state_dict": under("model.")(state), "hyper_parameters": {"lr": 0.1}}),
    "compiled inside": saved(lambda state: {n.replace("layer1.", "layer1._orig_mod."): t for n, t in state.items()}),
    # the classifier's name and form
    **{
        f"classifier {head}": saved(headed(head))
        for head in ("head", "classifier", "linear", "last_linear", "fc.0", "fc.1", "head.fc", "heads.head")
    },
    "classifier beside the backbone": saved(headed("model.head.fc", "model.backbone.")),
    "classifier as a convolution": saved(
        lambda state: {n: t[:, :, None, None] if n == "fc.weight" else t for n, t in state.items()}
    ),
    # more and less than the network has
    "no counters": saved(without("num_batches_tracked")),
    "a profiler's counts": saved(with_entry(total_ops=torch.zeros(1), layer1__0__conv1__total_params=torch.zeros(1))),
    "a loss that weighs classes": saved(with_entry(criterion__weight=torch.ones(5))),
}


# Refused


def called(name: str, *arguments: object) -> bytes:
    """A pickle that calls torch's function `name` for one tensor, written out with its arguments."""

    class Call:
        def __reduce__(self) -> tuple:
            return getattr(torch._utils, name), arguments

    return pickle.dumps({"layer1.0.conv1.weight": Call()}, 2)


def claiming(count: int, shape: tuple, strides: tuple, kind: str = "FloatStorage") -> bytes:
    """The pickle of one tensor in storage 0, which is said to hold `count` numbers."""

    def integer(number: int) -> bytes:
        size = number.to_bytes(9, "little", signed=True)
        return b"\x8a" + bytes([len(size)]) + size

    def several(numbers: tuple) -> bytes:
        return b"(" + b"".join(integer(number) for number in numbers) + b"t"

    storage = (
        b"(X\x07\0\0\0storagectorch\n" + kind.encode() + b"\nX\x01\0\0\x000X\x03\0\0\0cpu" + integer(count) + b"tQ"
    )
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(0) + several(shape) + several(strides)
    name = b"layer1.0.conv1.weight"
    return b"\x80\x02}X" + struct.pack("<I", len(name)) + name + rebuilt + b"\x89ccollections\nOrderedDict\n)RtRs."


def at(name: str, change: Callable[[Tensor], Tensor], save: Callable[..., Make] = saved) -> Make:
    """The state with one tensor changed."""
    return save(lambda state: {**state, name: change(state[name])})


def put(value: float, *places: int) -> Callable[[Tensor], Tensor]:
    def change(tensor: Tensor) -> Tensor:
        other = tensor.clone()
        other.view(-1)[list(places)] = value
        return other

    return change


def torchscript(folder: Path, state: State) -> Path:
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(folder / "script.pt")
    return folder / "script.pt"


def misplaced(folder: Path, state: State) -> Path:
    """A zip archive that says its directory begins a million bytes later than it does."""
    content = bytearray(in_zip(b"}."))
    end = content.rindex(b"PK\5\6")
    place = int.from_bytes(content[end + 16 : end + 20], "little") + 1_000_000
    content[end + 16 : end + 20] = place.to_bytes(4, "little")
    return raw(bytes(content))(folder, state)


def tarred(folder: Path, state: State) -> Path:
    with tarfile.open(folder / "weights.pth.tar", "w") as archive:
        archive.add(__file__, "weights.pth")
    return folder / "weights.pth.tar"


def looped(folder: Path, state: State) -> Path:
    (folder / "one.pth").symlink_to("two.pth")
    (folder / "two.pth").symlink_to("one.pth")
    return folder / "one.pth"


def dangling(folder: Path, state: State) -> Path:
    (folder / "link.pth").symlink_to("nowhere.pth")
    return folder / "link.pth"


def vast(folder: Path, state: State) -> Path:
    (folder / "vast.pth").touch()
    os.truncate(folder / "vast.pth", 5 << 30)  # no disk is taken
    return folder / "vast.pth"


def nested(folder: Path, state: State) -> Path:
    (folder / "folder.pth").mkdir()
    return folder / "folder.pth"


def index(**places: object) -> Make:
    def write(folder: Path, state: State) -> Path:
        save_file({"layer1.0.conv1.weight": torch.ones(1)}, folder / "a.safetensors")
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places["places"]}))
        return folder / "model.safetensors.index.json"

    return write


ONE = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
TWICE = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
MANY = {f"layer1.{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(200_000)}
SOME = {f"layer1.{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(20_000)}
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46827520\n"
PAGE = b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body></body></html>"
LINEAR = {"layer1.0.conv1.weight": torch.ones(2, 2)}
DEEP_KEY = b"\x80\x02})" + b"\x85" * 200_000 + b"Ns."  # Python dies of hashing it

REFUSED: dict[str, tuple[Make, str, str]] = {
    # no file, no weights
    "missing": (lambda folder, state: folder / "gone.pth", "weights_missing", "gone.pth"),
    "a dangling link": (dangling, "weights_missing", "link.pth"),
    "a loop of links": (looped, "weights_unreadable", "one.pth"),
    "a folder": (nested, "weights_folder", "folder.pth"),
    "empty": (raw(b""), "weights_empty", "weights.pth"),
    "empty safetensors": (raw(b"", "weights.safetensors"), "weights_empty", "weights.safetensors"),
    "vast": (vast, "weights_large", "5.0 GB"),
    "git-lfs": (raw(POINTER), "weights_other", "git lfs pull"),
    "git-lfs safetensors": (raw(POINTER, "weights.safetensors"), "weights_other", "git lfs pull"),
    "a page": (raw(PAGE), "weights_other", "web page"),
    "a page called safetensors": (raw(PAGE, "weights.safetensors"), "weights_other", "web page"),
    "JSON": (raw(b'{"error": "not found"}'), "weights_other", "JSON"),
    "text": (raw(b"hello, I am no weights\n" * 100), "weights_other", "text"),
    "Keras": (raw(b"\x89HDF\r\n\x1a\n" + bytes(64)), "weights_other", "Keras"),
    "Keras 3": (raw(archive_of(model_dot_weights_dot_h5=b"", config_dot_json=b"{}")), "weights_other", "Keras"),
    "npy": (raw(b"\x93NUMPY\x01\0" + bytes(64)), "weights_other", "NumPy"),
    "npz": (raw(archive_of(fc_dot_weight_dot_npy=b"")), "weights_other", "NumPy"),
    "ONNX": (raw(b"\x08\x07\x12\x07pytorch\x1a\x051.13."), "weights_other", "ONNX"),
    "TensorFlow": (raw(b"\x08\x01\x12\xd2\x5f"), "weights_other", "TensorFlow"),
    "TFLite": (raw(b"\x1c\0\0\0TFL3\x14\0"), "weights_other", "TensorFlow"),
    "GGUF": (raw(b"GGUF\x03\0\0\0" + bytes(64)), "weights_other", "GGUF"),
    "a picture": (raw(b"\xff\xd8\xff\xe0\0\x10JFIF"), "weights_other", "picture"),
    "gzip": (raw(b"\x1f\x8b\x08\0" + bytes(64)), "weights_other", "unpack"),
    "tar": (tarred, "weights_other", "unpack"),
    "TorchScript": (torchscript, "weights_other", "torch.jit.load(FILE).state_dict()"),
    "a zip of pictures": (raw(archive_of(cats__1_dot_jpg=b"", dogs__2_dot_jpg=b"")), "weights_zip", "cats/1.jpg"),
    "weights zipped again": (raw(archive_of(resnet_dot_pth=b"")), "weights_zip", "resnet.pth"),
    "a whole network": (saved(lambda state: nn.Sequential(nn.Linear(2, 2))), "weights_module", "container.Sequential"),
    **{
        f"holds {content!r}"[:30]: (saved(lambda state, content=content: content), "weights_none", "holds no weights")
        for content in ([1, 2], {}, {"epoch": 3}, {"state_dict": {"fc.weight": "words"}}, 7)
    },
    "a plain pickle": (raw(pickle.dumps({"a": 1}, 2)), "weights_none", "holds no weights"),
    # damaged
    **{f"zip cut to {share}": (cut(saved(), share), "weights_damaged", "cut short") for share in (0.01, 0.5, 0.999)},
    **{
        f"old file cut to {share}": (
            cut(saved(_use_new_zipfile_serialization=False), share),
            "weights_damaged",
            "cut short",
        )
        for share in (0.0001, 0.5, 0.999)
    },
    **{
        f"safetensors cut to {share}": (cut(tensors(), share), key, "weights.safetensors")
        for share, key in ((0.0001, "weights_header"), (0.5, "weights_cut"), (0.999, "weights_cut"))
    },
    "a zip with its directory elsewhere": (misplaced, "weights_damaged", "weights.pth"),
    "random bytes": (raw(bytes(range(256)) * 8), "weights_damaged", "weights.pth"),
    "random safetensors": (raw(b"\xff" * 64, "weights.safetensors"), "weights_header", "18,446,744,073,709,551,615"),
    "header beyond the file": (header(ONE, length=10**6), "weights_header", "1,000,000 bytes"),
    "header over 100 MB": (header(ONE, length=10**9), "weights_header", "1,000,000,000 bytes"),
    "header no JSON": (header(b"{weights}"), "weights_header", "property name"),
    "header a list": (header(b"[1, 2, 3]"), "weights_header", "invalid JSON in header"),
    "header of no tensors": (header({}), "weights_none", "weights.safetensors"),
    "header of numbers": (header({"a": 3}), "weights_header", "invalid type: integer"),
    "offsets of words": (header({"a": {**ONE["a"], "data_offsets": "ab"}}), "weights_header", "invalid type: string"),
    "a name of a million letters": (
        saved(lambda state: {"layer1.0.conv1.weight": torch.ones(1), "y" * 1_000_000: torch.ones(1)}),
        "weights_more",
        "yyy…",
    ),
    "header without end": (header(b'{"a":' * 100_000), "weights_header", "recursion"),
    "overlap": (header({**ONE, "b": {**ONE["a"], "data_offsets": [4, 12]}}, bytes(12)), "weights_header", "offset"),
    "gap": (header({**ONE, "b": {**ONE["a"], "data_offsets": [12, 20]}}, bytes(20)), "weights_header", "offset"),
    "bytes left over": (header(ONE, bytes(9)), "weights_header", "not fully covered"),
    "no such kind": (header({"a": {**ONE["a"], "dtype": "F33"}}, bytes(8)), "weights_header", "F33"),
    "shape and bytes differ": (header({"a": {**ONE["a"], "shape": [3]}}, bytes(8)), "weights_header", "shape"),
    "shape overflows": (
        header({"a": {**ONE["a"], "shape": [1 << 40, 1 << 40]}}, bytes(8)),
        "weights_header",
        "overflow",
    ),
    "a name twice": (header(TWICE, bytes(4)), "weights_header", "twice"),
    "200,000 tensors": (header(MANY), "weights_header", "bytes"),
    "20,000 tensors": (header(SOME), "weights_many", "10,000"),
    "a missing piece": (index(places={"a": "b.safetensors"}), "weights_missing", "b.safetensors"),
    "a piece without its tensor": (index(places={"a": "a.safetensors"}), "weights_shard", "lacks a,"),
    "a piece elsewhere": (index(places={"a": "../a.safetensors"}), "weights_index", "beside it"),
    "a piece that is an index": (index(places={"a": "model.safetensors.index.json"}), "weights_index", "beside it"),
    "an index of numbers": (index(places={"a": 3}), "weights_index", "weight_map"),
    "an index without a map": (index(places=[]), "weights_index", "weight_map"),
    # claims that would take memory or crash
    "a storage that is not there": (raw(in_zip(claiming(10**11, (10**11,), (1,)))), "weights_damaged", "weights.pth"),
    "a storage of 400 GB": (
        raw(in_zip(claiming(10**11, (1,), (1,)), **{"0": bytes(4)})),
        "weights_overclaim",
        "400,000,000,000",
    ),
    "a tensor of 400 GB": (
        raw(in_zip(claiming(1, (10**11,), (0,)), **{"0": bytes(4)})),
        "weights_overclaim",
        "it has 4",
    ),
    "a tensor beyond its storage": (
        raw(in_zip(claiming(4, (2, 2), (9, 9)), **{"0": bytes(16)})),
        "weights_damaged",
        "",
    ),
    "a negative shape": (raw(in_zip(claiming(4, (-2, 2), (1, 1)), **{"0": bytes(16)})), "weights_damaged", ""),
    "many views of one storage": (
        saved(lambda state: dict.fromkeys((f"layer1.{i}.conv1.weight" for i in range(9)), torch.ones(100_000))),
        "weights_overclaim",
        "3,600,000",
    ),
    "an old file of 400 GB": (raw(in_legacy(claiming(10**11, (1,), (1,)))), "weights_damaged", ""),
    "a bytearray of 100 GB": (
        raw(in_zip(b"\x80\x02cbuiltins\nbytearray\n\x8a\x05" + (10**11).to_bytes(5, "little") + b"\x85R.")),
        "weights_none",
        "",
    ),
    "a memo of 4 billion": (raw(in_zip(b"\x80\x02}r\xff\xff\xff\xff.")), "weights_none", ""),
    "words of 4 GB": (raw(in_zip(b"\x80\x02X\xff\xff\xff\xffabc.")), "weights_damaged", ""),
    "a frame of 2^63": (raw(in_zip(b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f}.")), "weights_none", ""),
    "a key of tuples in tuples": (raw(in_zip(DEEP_KEY)), "weights_none", ""),
    "a pickle without end": (raw(in_zip(b"\x80\x02" + b"]" * 550_000)), "weights_damaged", ""),
    "a dict within itself": (raw(in_zip(b"\x80\x02}q\0X\x01\0\0\0ah\0s.")), "weights_none", ""),
    # numbers that are no weights
    "NaN": (at("layer1.0.bn1.weight", put(float("nan"), 3, 5)), "weights_not_finite", "layer1.0.bn1.weight in"),
    "infinite": (at("fc.bias", put(float("inf"), 1)), "weights_not_finite", "1 of its 5 numbers"),
    "minus infinite": (at("bn1.running_mean", put(float("-inf"), 0)), "weights_not_finite", "bn1.running_mean"),
    "NaN in safetensors": (at("fc.bias", put(float("nan"), 1), tensors), "weights_not_finite", "fc.bias"),
    "too large for 32 bits": (at("fc.bias", lambda t: t.double() + 1e300), "weights_not_finite", "5 of its 5"),
    "a negative variance": (at("bn1.running_var", lambda t: t - 100), "weights_variance", "bn1.running_var"),
    **{
        f"numbers of {kind}": (
            at("fc.weight", change),
            "weights_kind",
            f"fc.weight in {{file}} is made of numbers of the kind {kind}",
        )
        for kind, change in {
            "int8": lambda t: t.to(torch.int8),
            "int64": lambda t: t.to(torch.int64),
            "bool": lambda t: t > 0,
            "complex64": lambda t: t.to(torch.complex64),
            "sparse": lambda t: t.to_sparse(),
            "meta": lambda t: t.to("meta"),
            "quantised": lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8),
        }.items()
    },
    "numbers of 8 bits": (at("fc.weight", lambda t: t.to(torch.float8_e4m3fn), tensors), "weights_kind", "F8_E4M3"),
    "a counter with a fraction": (
        at("bn1.num_batches_tracked", lambda t: torch.tensor([1, 2])),
        "weights_differ",
        "2 in the",
    ),
    # other networks
    "another network": (
        saved(lambda state: {"features.0.weight": torch.ones(3)}),
        "weights_foreign",
        "features.0.weight",
    ),
    "a transformer": (
        saved(lambda state: {f"blocks.{i}.attn.qkv.weight": torch.ones(3) for i in range(12)}),
        "weights_foreign",
        "12 tensors begin with: blocks.0.attn.qkv.weight, blocks.1",
    ),
    "student and teacher": (
        saved(lambda state: {"student": under("module.")(LINEAR), "teacher": LINEAR | {"x": torch.ones(1)}}),
        "weights_several",
        "student.module, teacher",
    ),
    "two encoders": (
        saved(lambda state: {**under("encoder_q.")(LINEAR), **under("encoder_k.")(LINEAR)}),
        "weights_several",
        "encoder_k, encoder_q",
    ),
    "a detector": (
        saved(lambda state: under("backbone.body.")(LINEAR) | {"backbone.fpn.inner.weight": torch.ones(2, 2)}),
        "weights_more",
        "backbone.fpn.inner.weight",
    ),
    "a projection of two layers": (
        saved(lambda state: LINEAR | {"fc.0.weight": torch.ones(2, 2), "fc.2.weight": torch.ones(2, 2)}),
        "weights_more",
        "fc.0.weight, fc.2.weight",
    ),
    "an embedding": (saved(lambda state: LINEAR | {"embed.weight": torch.ones(2, 2)}), "weights_more", "embed.weight"),
    # layers that do not fit
    "a layer more": (
        saved(with_entry(layer5__0__weight=torch.ones(2))),
        "weights_differ",
        "layer5.0.weight is 2 in the file, absent",
    ),
    "a layer less": (
        saved(without("layer1.0.bn1.running_mean")),
        "weights_differ",
        "layer1.0.bn1.running_mean is absent",
    ),
    "a shape": (
        at("layer1.0.conv2.weight", lambda t: t[:, :5]),
        "weights_differ",
        "64 × 5 × 3 × 3 in the file, 64 × 64 × 3 × 3",
    ),
    "a scalar": (at("fc.bias", lambda t: t[0]), "weights_differ", "fc.bias is a single number in the file, 5 in"),
    "nothing in a tensor": (at("fc.bias", lambda t: t[:0]), "weights_differ", "fc.bias is 0 in the file"),
    "no classifier": (saved(without("fc.weight", "fc.bias")), "weights_differ", "fc.weight is absent in the file"),
    "a transposed classifier": (at("fc.weight", lambda t: t.T.contiguous()), "weights_transposed", "512 × 5"),
}


# Hostile


class Payload:
    """Unpickled without care, it calls `function`; of what the arguments name, something makes the canary."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple:
        return self.function, self.arguments


class Stated:
    """Unpickled without care, it may get a __setstate__ of the file's choice."""


def payloads(canary: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles that make the folder `canary` where they are run, and what each asks for."""
    path, code = str(canary), f"import os; os.mkdir({str(canary)!r})"
    words = f"V{path}\n".encode("raw_unicode_escape")
    found = {
        f"os.mkdir, protocol {protocol}": (
            pickle.dumps(Payload(os.mkdir, path), protocol),
            f"{os.mkdir.__module__}.mkdir",
        )
        for protocol in range(6)
    }
    found["os.system"] = pickle.dumps(Payload(os.system, f"mkdir {path}"), 2), f"{os.system.__module__}.system"
    found["exec"] = pickle.dumps(Payload(exec, code), 2), "exec"
    found["eval"] = pickle.dumps(Payload(eval, f"__import__('os').mkdir({path!r})"), 4), "builtins.eval"
    found["INST"] = b"(" + words + b"ios\nmkdir\n.", "os.mkdir"
    found["OBJ"] = b"(cos\nmkdir\n" + words + b"o.", "os.mkdir"
    found["STACK_GLOBAL"] = b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93(" + words + b"tR.", "os.mkdir"
    found["within settings"] = pickle.dumps({"args": [argparse.Namespace(run=Payload(os.mkdir, path))]}, 2), "mkdir"
    found["as a key"] = b"\x80\x02}cos\nmkdir\n(" + words + b"tRNs.", "os.mkdir"
    found["getattr"] = (
        b"c__builtin__\ngetattr\n(c__builtin__\n__import__\n(Vos\ntRVmkdir\ntR(" + words + b"tR.",
        "getattr",
    )
    found["copyreg"] = b"\x80\x02ccopy_reg\n_reconstructor\n0cos\nmkdir\n(" + words + b"tR.", "copy_reg._reconstructor"
    found["BUILD"] = (
        b"\x80\x02ctests.weights_files\nStated\n)\x81}V__setstate__\ncos\nmkdir\nsb" + words + b"b.",
        "tests.weights_files.Stated",
    )
    inner = pickle.dumps(Payload(os.mkdir, path), 2)
    found["objects in numpy"] = pickle.dumps(np.array([Payload(os.mkdir, path)], dtype=object), 2), "mkdir"
    found["torch's own loader"] = pickle.dumps(Payload(pickle.loads, inner), 2), "pickle.loads"
    return found


# Programs that Python itself refuses, too: what is asked for is not there
BROKEN = {
    "EXT1": (b"\x80\x02\x82\x01)R.", "weights_code", "copyreg.1"),
    "EXT4": (b"\x80\x02\x84\x01\0\0\0)R.", "weights_code", "copyreg.1"),
    "persistent words": (b"\x80\x02Pos.system\n.", "weights_damaged", ""),
    "a persistent call": (b"\x80\x02cos\nmkdir\nQ.", "weights_code", "os.mkdir"),
    "an encoding": (b"\x80\x02c_codecs\nencode\n(Vaaaa\nVzlib\ntR.", "weights_none", ""),
    "no name": (b"\x80\x02c\n\n)R.", "weights_code", ""),
}
CONTAINERS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "zip": in_zip, "before 1.6": in_legacy}
