"""PyTorch's pickled files, read as data: names and tensors come out, and nothing that a file asks for is done.

A pickle is a program for a small machine with a stack. Most of its instructions assemble numbers, words, lists and
dicts; a few call Python functions by name. `_Machine` carries out the first and only notes down the second, so that no
file can run anything, whatever it names. torch.load(weights_only=True) calls what stands on its list of functions
instead; holes were found in it twice (CVE-2025-32434, CVE-2026-24747), and through `bytearray`, which stands on that
list, a file of 35 bytes takes as much memory as it likes.

torch.save has written two forms (torch/serialization.py): a zip archive with the pickle in NAME/data.pkl and the
numbers of each storage in NAME/data/KEY; and, before PyTorch 1.6, five pickles with the storages behind them.
"""

import io
import math
import pickletools
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import torch
from torch import Tensor

PICKLE_BYTES = 16 << 20  # without the tensors' numbers; resnet152 with its average and its optimizer has 0.3 MB
INSTRUCTIONS = 500_000  # of one pickle; that checkpoint has 0.1 million
MOST_AXES = 8
DEEPEST = 8  # dicts within dicts that are looked through for tensors
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py: the first of the five pickles

# What a damaged or hostile file raises, by whatever its bytes happen to reach
DAMAGES = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError, StopIteration, TypeError)
DAMAGES += (ValueError, zipfile.BadZipFile, zlib.error)

# Classes and functions that may be named beside the tensors, in settings and results. None of them is ever called.
HARMLESS = {
    *("torch.Size", "torch.device", "torch.Tensor", "torch.storage.UntypedStorage", "torch.storage.TypedStorage"),
    *("torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch._tensor._rebuild_from_type_v2"),
    *("torch.serialization._get_layout", "argparse.Namespace", "types.SimpleNamespace", "easydict.EasyDict"),
    *("numpy.dtype", "numpy.ndarray", "_codecs.encode", "pytorch_lightning.utilities.parsing.AttributeDict"),
    *("lightning.fabric.utilities.data.AttributeDict", "lightning_fabric.utilities.data.AttributeDict"),
    *(
        f"numpy.{core}.{name}"
        for core in ("core", "_core")  # the second is that of NumPy 2
        for name in ("multiarray.scalar", "multiarray._reconstruct", "numeric._frombuffer")
    ),
    *(
        f"{module}.{name}"
        for module in ("builtins", "__builtin__")  # the second is Python 2's
        for name in ("bool", "bytearray", "complex", "dict", "float", "frozenset", "int", "list", "set", "str")
    ),
}
HARMLESS_MODULES = ("collections.", "datetime.", "omegaconf.", "pathlib.", "torch._utils._rebuild_")

STORAGES = {  # torch's classes for the numbers of tensors
    **{"Half": torch.float16, "BFloat16": torch.bfloat16, "Float": torch.float32, "Double": torch.float64},
    **{"Char": torch.int8, "Byte": torch.uint8, "Short": torch.int16, "Int": torch.int32, "Long": torch.int64},
    **{"Bool": torch.bool, "ComplexFloat": torch.complex64, "ComplexDouble": torch.complex128},
    **{"QInt8": torch.qint8, "QUInt8": torch.quint8, "QInt32": torch.qint32},
}
TORCH_NAMES = {f"{module}.{kind}Storage" for module in ("torch", "torch.cuda") for kind in STORAGES}
TORCH_NAMES |= {str(kind) for kind in vars(torch).values() if isinstance(kind, torch.dtype | torch.qscheme)}
REBUILT = {  # what torch's functions make of tensors that are not plain numbers in a row
    "torch._utils._rebuild_sparse_tensor": "sparse",
    "torch._utils._rebuild_qtensor": "quantised",
    "torch._utils._rebuild_meta_tensor_no_storage": "meta",
    "torch._utils._rebuild_nested_tensor": "nested",
}
PLAIN = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
PARAMETERS = (  # their first argument is the tensor
    "torch.nn.parameter.Parameter",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
)


class ForeignError(Exception):
    """The pickle names classes or functions that no file of weights needs; args: their names in order."""


class OverclaimError(Exception):
    """A tensor is larger than the numbers that are there for it; args: bytes claimed, bytes there."""


@dataclass(frozen=True)
class Stored:
    """A tensor that lies in a file; none of its numbers is read yet."""

    kind: str  # of its numbers, as torch calls it: "float32"; or what else the tensor is: "sparse"
    shape: tuple[int, ...] = ()
    read: Callable[[], Tensor] | None = None

    @property
    def count(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class _Storage:
    """Numbers in a row that tensors are views of."""

    key: str
    dtype: torch.dtype
    count: int
    first: int = 0  # where a view of it begins; in the oldest files only


class _Name(str):
    """A class or function that a pickle names: MODULE.NAME."""


class _Call(dict):
    """What a pickle wants made: by which class or function, of which arguments; with the entries then put into it."""

    def __init__(self, name: _Name, arguments: object) -> None:
        super().__init__()
        if not isinstance(name, _Name):
            raise ValueError("a call of what has no name")
        self.name, self.arguments = name, arguments
        if name == "collections.OrderedDict" and arguments:  # Python 2 gives its entries as an argument
            _put(self, [part for pair in arguments[0] for part in pair])


class _Machine:
    """Carries out pickles, but for calls.

    Instructions: Python's pickletools.py, where each is explained; `genops` reads them and never more than is there.
    """

    def __init__(self) -> None:
        self.foreign: list[str] = []  # classes and functions that are not harmless
        self.storages: dict[str, _Storage] = {}

    def run(self, stream: io.BytesIO) -> object:
        """The object in the next pickle of `stream`. Raises ForeignError, and DAMAGES."""
        try:
            content = self._run(stream)
        except DAMAGES:
            if not self.foreign:  # which say more
                raise
        if self.foreign:
            raise ForeignError(*self.foreign)
        return content

    def _run(self, stream: io.BytesIO) -> object:
        stack, marks, memo = [], [], {}

        def since_mark() -> list:
            start = marks.pop()
            items = stack[start:]
            del stack[start:]
            return items

        for count, (instruction, value, _) in enumerate(pickletools.genops(stream)):
            if count > INSTRUCTIONS:
                raise ValueError("a pickle without end")
            match instruction.name:
                case "STOP":
                    return stack.pop()
                case "PROTO" | "FRAME":
                    pass
                case "MARK":
                    marks.append(len(stack))
                case "POP":
                    stack.pop()
                case "POP_MARK":
                    since_mark()
                case "DUP":
                    stack.append(stack[-1])
                case "PUT" | "BINPUT" | "LONG_BINPUT":
                    memo[value] = stack[-1]
                case "MEMOIZE":
                    memo[len(memo)] = stack[-1]
                case "GET" | "BINGET" | "LONG_BINGET":
                    stack.append(memo[value])
                case "NONE":
                    stack.append(None)
                case "NEWTRUE" | "NEWFALSE":
                    stack.append(instruction.name == "NEWTRUE")
                case "EMPTY_DICT":
                    stack.append({})
                case "EMPTY_LIST" | "EMPTY_SET":
                    stack.append([])
                case "EMPTY_TUPLE":
                    stack.append(())
                case "TUPLE1" | "TUPLE2" | "TUPLE3":
                    length = int(instruction.name[-1])
                    stack[-length:] = [tuple(stack[-length:])]
                case "TUPLE" | "FROZENSET":
                    stack.append(tuple(since_mark()))
                case "LIST":
                    stack.append(since_mark())
                case "DICT":
                    items = since_mark()
                    stack.append({})
                    _put(stack[-1], items)
                case "APPEND":
                    _extend(stack[-2], [stack.pop()])
                case "APPENDS" | "ADDITEMS":
                    items = since_mark()
                    _extend(stack[-1], items)
                case "SETITEM":
                    items = [stack.pop(-2), stack.pop()]
                    _put(stack[-1], items)
                case "SETITEMS":
                    items = since_mark()
                    _put(stack[-1], items)
                case "GLOBAL":
                    stack.append(self._named(value.replace(" ", ".")))
                case "STACK_GLOBAL":
                    name, module = stack.pop(), stack.pop()
                    stack.append(self._named(f"{module}.{name}"))
                case "INST":
                    stack.append(_Call(self._named(value.replace(" ", ".")), since_mark()))
                case "OBJ":
                    name, *arguments = since_mark()
                    stack.append(_Call(name, arguments))
                case "REDUCE" | "NEWOBJ":
                    arguments = stack.pop()
                    stack.append(_Call(stack.pop(), arguments))
                case "NEWOBJ_EX":
                    _, arguments = stack.pop(), stack.pop()
                    stack.append(_Call(stack.pop(), arguments))
                case "BUILD":
                    stack.pop()  # attributes of an object
                case "EXT1" | "EXT2" | "EXT4":
                    stack.append(self._named(f"copyreg.{value}"))
                case "BINPERSID":
                    stack.append(self._storage(*stack.pop()))
                case _ if instruction.arg is not None and instruction.name != "PERSID":
                    stack.append(value)  # a number, a word, bytes
                case _:
                    raise ValueError(instruction.name)
        raise ValueError("cut short")

    def _named(self, name: str) -> _Name:
        if not (name in HARMLESS or name in TORCH_NAMES or name.startswith(HARMLESS_MODULES)):
            self.foreign.append(name)
        return _Name(name)

    def _storage(self, word: str, kind: _Name, key: str, device: str, count: int, view: object = None) -> _Storage:
        dtype = torch.uint8 if "typedStorage" in kind else STORAGES[kind.rpartition(".")[2].removesuffix("Storage")]
        if word != "storage" or not isinstance(key, str) or not _counts(count):
            raise ValueError("a storage's name")
        storage = _Storage(key, dtype, count, view[1] if view else 0)
        self.storages.setdefault(key, storage)
        return storage


def read_zip(archive: zipfile.ZipFile) -> object:
    """What a file of torch.save's holds: its dicts and lists as dicts, its tensors as Stored, nothing else.

    The archive stays open while tensors are read. Raises ForeignError, OverclaimError, and DAMAGES.
    """
    root = next(name for name in archive.namelist() if f"/{name}".endswith("/data.pkl")).removesuffix("data.pkl")
    if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
        raise ValueError("numbers with their highest byte first")
    if archive.getinfo(f"{root}data.pkl").file_size > PICKLE_BYTES:
        raise ValueError("a pickle without end")
    content = _Machine().run(io.BytesIO(archive.read(f"{root}data.pkl")))
    return _tensors(
        content,
        size=lambda key: archive.getinfo(f"{root}data/{key}").file_size,
        read=lambda key: archive.read(f"{root}data/{key}"),
    )


def read_legacy(file: BinaryIO) -> object:
    """The same of a file from before PyTorch 1.6, and of a plain pickle, in which there can be no tensors."""
    stream, machine = io.BytesIO(file.read(PICKLE_BYTES)), _Machine()
    if machine.run(stream) != LEGACY_MAGIC:
        return {}
    _, _, content, keys = (machine.run(stream) for _ in range(4))
    places: dict[str, tuple[int, int]] = {}  # of each storage: where its numbers begin, and how many bytes they are
    end, position = file.seek(0, io.SEEK_END), stream.tell()
    for key in keys:
        if not isinstance(key, str):
            raise ValueError("a storage's name")
        file.seek(position)
        size = int.from_bytes(file.read(8), "little") * machine.storages[key].dtype.itemsize
        places[key] = position + 8, size
        position += 8 + size
        if position > end:
            raise EOFError

    def read(key: str) -> bytes:
        file.seek(places[key][0])
        return file.read(places[key][1])

    return _tensors(content, size=lambda key: places[key][1], read=read)


def _put(target: object, items: list) -> None:
    """Keys and values in turn, into a dict; keys other than words and numbers are no names of weights."""
    if isinstance(target, dict):
        target.update(
            (key, value) for key, value in zip(items[::2], items[1::2], strict=True) if isinstance(key, str | int)
        )


def _extend(target: object, items: list) -> None:
    if isinstance(target, list):
        target.extend(items)


def _tensors(content: object, size: Callable[[str], int], read: Callable[[str], bytes]) -> object:
    """Dicts of the tensors in `content`; size and read: bytes of a storage by key."""

    @cache
    def numbers(storage: _Storage) -> Tensor:
        return torch.frombuffer(bytearray(read(storage.key)), dtype=storage.dtype)

    def stored(storage: _Storage, offset: int, shape: tuple, strides: tuple, *rest: object) -> Stored:
        claimed = storage.count * storage.dtype.itemsize
        if not (_counts(offset, storage.first, *shape, *strides) and len(shape) == len(strides) <= MOST_AXES):
            raise ValueError("a tensor's shape")
        if size(storage.key) != claimed or math.prod(shape) > storage.count:
            largest = max(claimed, math.prod(shape) * storage.dtype.itemsize)
            raise OverclaimError(largest, size(storage.key))

        def tensor() -> Tensor:
            first = storage.first + offset
            return numbers(storage).as_strided(shape, strides, first) if math.prod(shape) else torch.zeros(shape)

        negated = any(rest[2:])  # behind requires_grad and hooks: a view of numbers whose signs are not as stored
        return Stored("special" if negated else str(storage.dtype).removeprefix("torch."), tuple(shape), tensor)

    def walk(value: object, depth: int) -> dict | Stored:
        if depth > DEEPEST:
            return {}
        match value:
            case _Call(name="torch._tensor._rebuild_from_type_v2", arguments=(function, _, arguments, *_)):
                return walk(_Call(function, arguments), depth + 1)
            case _Call(name=name, arguments=(first, *_)) if name in PARAMETERS:
                return walk(first, depth + 1)
            case _Call(name=name, arguments=arguments) if name in PLAIN:
                return stored(*arguments)
            case _Call(name=name) if name in REBUILT or "_rebuild_" in name:
                return Stored(REBUILT.get(name, "special"))
            case dict() | list() | tuple() if id(value) not in seen:
                seen.add(id(value))
                items = value.items() if isinstance(value, dict) else enumerate(value)
                return {str(key): walk(item, depth + 1) for key, item in items if isinstance(item, dict | list | tuple)}
        return {}

    seen: set[int] = set()
    return walk(content, 0)


def _counts(*numbers: object) -> bool:
    return all(type(number) is int and number >= 0 for number in numbers)
