"""Files of weights, ours and foreign: told apart by what is in them, read without running anything, refused by name."""

import contextlib
import errno
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from resnet.errors import UserError
from resnet.text import Message
from resnet.weights import brief
from resnet.weights.folder import read_object
from resnet.weights.pickles import DAMAGES, ForeignError, OverclaimError, Stored, read_legacy, read_zip
from resnet.weights.state import BYTES, find_network, load_strict, numbers, ordinary_head

LARGEST = 4 << 30  # bytes; a checkpoint of resnet152 in 64 bits with its average and Adam's two has half of that
HEADER_BYTES = 8 << 20  # of .safetensors; resnet152's has 0.1 MB
BEGINNING = 512  # bytes, which tell what a file is
# .safetensors' names of numbers, and torch's
KINDS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "I64": "int64"}

# How files begin that are taken for weights -> key of the words for them
SIGNATURES = {
    rb"version https://git-lfs": "kind_lfs",
    rb"\s*<": "kind_page",
    rb"\s*[{\[]": "kind_json",
    rb"\x89HDF\r\n": "kind_keras",
    rb"\x93NUMPY": "kind_numpy",
    rb"GGUF": "kind_gguf",
    rb"\x08[\x01-\x20][\x12\x1a\x22\x3a\x42]|.{4}TFL3": "kind_onnx",  # the first fields of such a network
    rb"\x1f\x8b|7z\xbc\xaf|\xfd7zXZ|BZh|Rar!|\x28\xb5\x2f\xfd|.{257}ustar": "kind_archive",
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF": "kind_picture",
}
TEXT = rb"[\t\n\r\x20-\x7e]*"
MEMBERS = {  # the same for what zip archives hold
    "constants.pkl": "kind_torchscript",
    ".npy": "kind_numpy",
    "model.weights.h5": "kind_keras",
}


def read_state(path: Path) -> dict[str, Tensor]:
    """The weights of the one residual network in a file, under this project's names, on the CPU, in 32 bits.

    path: .safetensors, a file of torch.save's, or the index of weights in several files. What is in the file counts,
    not its suffix. Raises UserError naming the file and what is wrong.
    """
    with ExitStack() as opened, _readable(path):
        content, size = (_shards if path.suffix == ".json" else _content)(path, opened)
        network = find_network(path, content)
        claimed = sum(BYTES.get(stored.kind, 0) * stored.count for stored in network.values())
        if claimed > size:
            raise UserError("weights_overclaim", file=path, claimed=f"{claimed:,}", there=f"{size:,}")
        return ordinary_head(path, {name: numbers(path, name, stored) for name, stored in network.items()})


def load_checkpoint(module: nn.Module, file: str | Path) -> None:
    """Load a file of weights into `module`, strictly."""
    load_strict(module, read_state(Path(file)))


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What goes wrong while the file is read, as sentences."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError("weights_missing", file=path) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the file's beginning
            raise UserError("weights_damaged", file=path) from error
        if error.errno == errno.ENAMETOOLONG:  # a name that fits no disk, nor a sentence
            raise UserError("weights_missing", file=brief(path)) from error
        raise UserError("weights_unreadable", file=path, reason=error.strerror or str(error)) from error
    except ForeignError as error:
        network = any(name.startswith("torch.nn.modules.") for name in error.args)
        raise UserError(
            "weights_module" if network else "weights_code", file=path, name=brief(error.args[0])
        ) from error
    except OverclaimError as error:
        claimed, there = (f"{number:,}" for number in error.args)
        raise UserError("weights_overclaim", file=path, claimed=claimed, there=there) from error
    except (*DAMAGES, SafetensorError) as error:
        raise UserError("weights_damaged", file=path) from error


def _content(path: Path, opened: ExitStack) -> tuple[dict, int]:
    """What one file holds, dicts within dicts with Stored at their ends, and its bytes."""
    with _readable(path):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UserError("weights_folder", file=path)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError
        if not status.st_size:
            raise UserError("weights_empty", file=path)
        if status.st_size > LARGEST:
            limit = f"{LARGEST >> 30} GB"
            raise UserError("weights_large", file=path, size=f"{status.st_size / (1 << 30):.1f} GB", limit=limit)
        file = opened.enter_context(path.open("rb"))
        return _read(path, file, status.st_size, opened), status.st_size


def _read(path: Path, file: BinaryIO, size: int, opened: ExitStack) -> dict:
    beginning = file.read(BEGINNING)
    file.seek(0)
    if beginning[5:9] == b"\0\0\0{":
        return _read_safetensors(path, file, size, opened)
    for signature, kind in SIGNATURES.items():
        if re.match(signature, beginning, re.DOTALL):
            raise UserError("weights_other", file=path, kind=Message(kind))
    if beginning.startswith(b"PK"):
        archive = opened.enter_context(zipfile.ZipFile(file))
        _check_members(path, archive.namelist())
        return read_zip(archive)
    if path.suffix == ".safetensors" and not beginning.startswith(b"\x80"):
        return _read_safetensors(path, file, size, opened)
    try:
        return read_legacy(file)
    except DAMAGES:
        if re.fullmatch(TEXT, beginning):
            raise UserError("weights_other", file=path, kind=Message("kind_text")) from None
        raise


def _check_members(path: Path, names: list[str]) -> None:
    """Raise UserError where a zip archive is none of torch.save's."""
    for ending, kind in MEMBERS.items():
        if any(name.endswith(ending) for name in names):
            raise UserError("weights_other", file=path, kind=Message(kind))
    if not any(f"/{name}".endswith("/data.pkl") for name in names):
        raise UserError("weights_zip", file=path, names=[brief(name) for name in names[:3]])


def _read_safetensors(path: Path, file: BinaryIO, size: int, opened: ExitStack) -> dict[str, Stored]:
    """The library checks types, shapes and places; here is checked what it lets pass, and named what is cut short."""
    length = int.from_bytes(file.read(8), "little")
    if length > min(HEADER_BYTES, size - 8):
        raise UserError("weights_header", file=path, reason=Message("header_long", {"claimed": f"{length:,}"}))
    try:
        end = 8 + length + _last(json.loads(file.read(length), object_pairs_hook=_unique))
        if end > size:
            raise UserError("weights_cut", file=path, size=f"{size:,}", expected=f"{end:,}")
        source = opened.enter_context(safe_open(path, "pt"))
    except (ValueError, RecursionError, SafetensorError) as error:
        raise UserError("weights_header", file=path, reason=brief(error)) from error
    return {name: _stored(source, name) for name in source.keys()}  # noqa: SIM118 (it is no dict)


def _last(entries: object) -> int:
    """Where the numbers end, in bytes behind the header; 0 where it is none, which the library puts into words."""
    try:
        return max(int(entry["data_offsets"][1]) for name, entry in entries.items() if name != "__metadata__")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return 0


def _stored(source: safe_open, name: str) -> Stored:
    piece = source.get_slice(name)
    kind = piece.get_dtype()
    # cloned, since the library's own tensor is a view of the file, which may change meanwhile
    return Stored(KINDS.get(kind, kind), tuple(piece.get_shape()), lambda: source.get_tensor(name).clone())


def _unique(pairs: list[tuple[str, object]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _shards(path: Path, opened: ExitStack) -> tuple[dict[str, Stored], int]:
    """The same for weights in several files, of which `path` tells: {"weight_map": {name: file beside it}}."""
    places = read_object(path).get("weight_map")
    if not isinstance(places, dict) or not all(_is_plain(name) for name in places.values()):
        raise UserError("weights_index", file=path)
    files = {name: _content(path.parent / name, opened) for name in sorted(set(places.values()))}
    for name, file in places.items():
        if not isinstance(files[file][0].get(name), Stored):
            raise UserError("weights_shard", file=path.parent / file, name=brief(name))
    return {name: files[file][0][name] for name, file in places.items()}, sum(size for _, size in files.values())


def _is_plain(name: object) -> bool:
    """Whether `name` is that of a file beside, wherever the path that it might be would lead."""
    return isinstance(name, str) and bool(re.fullmatch(r"[\w-][\w.-]*", name)) and not name.endswith(".json")
