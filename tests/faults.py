"""A disk that refuses, or a process that is killed, at its Nth write; for child processes of tests.

Counted is every way in which the product writes: opening to write, each write, fsync, rename, new folder, deletion,
and the three steps of safetensors' own writer. Nothing is counted that stays in memory or goes to a pipe.

    ENOSPC, EDQUOT   full from there on; what is deleted makes room again
    EROFS            read-only from there on
    EIO              that one write fails, later ones do not
    kill             SIGKILL just before it
    torn             SIGKILL in the middle of it: half of the bytes are written
"""

import errno
import importlib
import io
import os
import signal
import sys
from pathlib import Path

from resnet import store

KINDS = ("ENOSPC", "EDQUOT", "EROFS", "EIO", "kill", "torn")
SAVE = 10**6  # bytes of what safetensors writes, for want of a better number
OPEN = open
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def exchanges(folder: Path) -> bool:
    """Whether folders in the empty folder `folder` can be exchanged in one step."""
    one, other = folder / "one", folder / "other"
    for path in (one, other):
        path.mkdir()
    try:
        return store._exchange(one, other)
    finally:
        one.rmdir()
        other.rmdir()


class Faults:
    """Counts this process's writes, with all modules that were loaded before.

    The `at`-th one (from 1) goes wrong as `kind` says.
    """

    def __init__(self, at: int = 0, kind: str = "kill") -> None:
        self.at, self.kind = at, kind
        self.count = 0
        self.room = 0  # bytes, on a full disk
        self._replace_all()

    def step(self, what: str, size: int = 0) -> bool:
        """Before a write: whether only half of it is to be done. Raises OSError where it is refused."""
        self.count += 1
        if not self.at or self.count < self.at:
            return False
        full = self.kind in ("ENOSPC", "EDQUOT")
        if self.kind == "kill" or (self.kind == "torn" and what != "write"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "torn":
            return True
        if self.kind == "EIO" and self.count > self.at:
            return False
        if full and (what == "delete" or self.room > size):
            self.room -= size
            return False
        number = getattr(errno, self.kind)
        raise OSError(number, os.strerror(number))

    def _replace_all(self) -> None:
        io.open = importlib.import_module("builtins").open = self._open
        for name, what in (("replace", "rename"), ("rename", "rename"), ("mkdir", "mkdir"), ("fsync", "fsync")):
            setattr(os, name, self._guarded(getattr(os, name), what))
        for name in ("unlink", "remove", "rmdir"):
            setattr(os, name, self._deleting(getattr(os, name)))
        os.open = self._opening(os.open)
        store._exchange = self._guarded(store._exchange, "rename")
        for name in {"safetensors.torch", "safetensors.numpy"} & sys.modules.keys():
            sys.modules[name].serialize_file = self._serializing(sys.modules[name].serialize_file)

    def _guarded(self, function, what: str):
        def guarded(*arguments, **named):
            self.step(what)
            return function(*arguments, **named)

        return guarded

    def _deleting(self, function):
        def deleting(path, **named):
            self.step("delete")
            size = os.lstat(path, **named).st_size
            function(path, **named)
            self.room += size if self.at and self.count >= self.at else 0

        return deleting

    def _opening(self, function):
        def opening(path, flags, *arguments, **named):
            if flags & WRITING:
                self.step("open")
            return function(path, flags, *arguments, **named)

        return opening

    def _open(self, file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **named):
        if isinstance(file, int) or not set(mode) & set("wax+"):
            return OPEN(file, mode, buffering, encoding, errors, newline, **named)
        self.step("open")
        raw = _File(file, mode.replace("b", "").replace("t", ""), self)
        buffered = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    def _serializing(self, function):
        """safetensors writes a file of its own beside the other, and renames it."""
        error = importlib.import_module("safetensors").SafetensorError

        def serializing(tensors, filename, metadata=None):
            try:
                self.step("open")
                if self.step("write", SAVE):
                    with OPEN(Path(filename).with_name(".tmpkilled"), "wb") as file:
                        file.write(bytes(SAVE // 2))
                    os.kill(os.getpid(), signal.SIGKILL)
                self.step("rename")
            except OSError as refused:
                words = f"Error while serializing: I/O error: {refused.strerror} (os error {refused.errno})"
                raise error(words) from None
            return function(tensors, filename, metadata=metadata)

        return serializing


class _File(io.FileIO):
    def __init__(self, file, mode: str, faults: Faults) -> None:
        super().__init__(file, mode)
        self.faults = faults

    def write(self, content) -> int:
        if self.faults.step("write", len(content)):
            super().write(bytes(content)[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(content)
