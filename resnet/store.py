"""The workspace on disk: where things lie, ids, atomic writes, append-only lines, locks.

    ROOT/OWNER/datasets/ID/    an imported data set
    ROOT/OWNER/runs/ID/        a training run
    ROOT/OWNER/changing.lock   held for the moment in which runs and data sets come and go
    ROOT/devices/              one lock a device, shared by all owners
    ROOT/tmp/                  uploads, unpacking, half-made things: on the same disk, so that a rename is atomic
    ROOT/processes/            one lock a process that has things in tmp; what no living process has is deleted

State on disk is the truth. A file is replaced whole (temporary file, fsync, rename) or grows by whole lines.
"""

import contextlib
import ctypes
import json
import math
import os
import re
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

from resnet.errors import UserError

FORMAT = 1  # the number in every JSON file of ours
PROJECT = Path(__file__).resolve().parent.parent
CHECKPOINTS = PROJECT / "checkpoints"
ID = re.compile(r"[0-9a-f]{16}")
TEMPORARY = re.compile(r"[0-9a-f]{16}-.*")  # in tmp: the process that has it, and anything
PATIENCE = 30  # seconds to wait for somebody else who changes the workspace
OWNER = re.compile(r"[0-9a-z]{1,64}")
CURRENT, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux's renameat2
ASIDE = ".old"  # ends the name of a folder that stands aside while a new one takes its place


@dataclass(frozen=True)
class Store:
    """One owner's part of a workspace."""

    root: Path
    owner: str = "local"

    @classmethod
    def open(cls, root: str | Path | None = None, owner: str = "local") -> "Store":
        """The workspace at `root`, else $RESNET_HOME, else `workspace/` in the project."""
        if not OWNER.fullmatch(owner):
            raise ValueError(f"owner {owner!r} is not a plain name")
        return cls(Path(root or os.environ.get("RESNET_HOME") or PROJECT / "workspace").resolve(), owner)

    @classmethod
    def of(cls, folder: Path) -> "Store":
        """The workspace that a run's or data set's folder lies in."""
        return cls(folder.parents[2], folder.parents[1].name)

    @property
    def datasets(self) -> Path:
        return self.root / self.owner / "datasets"

    @property
    def runs(self) -> Path:
        return self.root / self.owner / "runs"

    @property
    def uploads(self) -> Path:
        """Where Gradio keeps what visitors send, for a day."""
        return self._tmp / "uploads"

    def taken_away(self, name: str) -> Path:
        """A folder for files that visitors take away, which need no longer stay there."""
        return self.uploads / "taken-away" / name

    def dataset(self, reference: str) -> Path:
        """The folder of a data set named by its id, its name, or a unique beginning of either."""
        return self._find(self.datasets, reference, "dataset_unknown")

    def run(self, reference: str) -> Path:
        """The folder of a run, named likewise."""
        return self._find(self.runs, reference, "run_unknown")

    def temporary(self) -> Path:
        """A new empty folder on the workspace's own disk; it outlives this process by no more than the next call."""
        self.clean()
        return Path(tempfile.mkdtemp(prefix=f"{_own_lock(self._processes).stem}-", dir=self._tmp))

    def clean(self) -> None:
        """Delete the temporary folders of processes that are gone, because they were killed."""
        self._tmp.mkdir(parents=True, exist_ok=True)
        with exclusive(self._processes / "changing.lock"):
            left = _left_behind(self._tmp, self._processes)
        for path in left:
            shutil.rmtree(path, ignore_errors=True)

    @property
    def _tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def _processes(self) -> Path:
        return self.root / "processes"

    def exclusive(self) -> contextlib.AbstractContextManager:
        """The moment of looking at runs and data sets and then changing them: one process, one thread at a time."""
        return exclusive(self.root / self.owner / "changing.lock")

    def device_lock(self, device: str) -> Path:
        """The file of the lock on a device, in a folder that is there."""
        parent = self.root / "devices"
        parent.mkdir(parents=True, exist_ok=True)
        return parent / f"{device.replace(':', '-')}.lock"

    def _find(self, parent: Path, reference: str, unknown: str) -> Path:
        """An id is looked up as it is; anything else is compared with the names, and never becomes a path."""
        if ID.fullmatch(reference) and (parent / reference).is_dir():
            return parent / reference
        names = {folder: name_of(folder) for folder in folders(parent)}
        exact = [folder for folder, name in names.items() if name == reference]
        begun = [
            folder
            for folder, name in names.items()
            if reference and (folder.name.startswith(reference) or name.startswith(reference))
        ]
        matches = exact or begun
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UserError("ambiguous", reference=reference, ids=[folder.name for folder in matches])
        raise UserError(unknown, reference=reference)


def folders(parent: Path) -> list[Path]:
    """The folders with an id for a name under `parent`, the one that changed last at the end."""
    if not parent.is_dir():
        return []
    changed = {}
    for path in parent.iterdir():
        if ID.fullmatch(path.name):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                changed[path] = path.stat().st_ctime
    return sorted((path for path in changed if path.is_dir()), key=changed.get)


def name_of(folder: Path) -> str:
    """What a run or data set is called; "" where it has no name that can be read."""
    try:
        return str(read_json(folder / "name.json")["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def file_name(name: str) -> str:
    """A name as a file can have it anywhere: letters and digits of any script, and . _ - between them."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")
    return plain.encode()[:100].decode(errors="ignore") or "model"


def delete_folder(folder: Path, temporary: Path) -> None:
    """Delete `folder` by way of the empty folder `temporary` on the same disk: it is there whole, or not at all."""
    try:
        os.replace(folder, temporary / folder.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def new_id() -> str:
    """64 random bits: nobody guesses another's run."""
    return secrets.token_hex(8)


def read_json(path: Path, default: dict | None = None) -> dict:
    """The JSON object at `path`, or `default` where there is none.

    Raises ValueError for all that is no JSON object, or is of a format that only a newer version knows.
    """
    try:
        record = json.loads(path.read_text("utf-8"), parse_float=_finite, parse_constant=_finite)
    except FileNotFoundError:
        if default is None:
            raise
        return default
    except RecursionError as error:
        raise ValueError("nested without end") from error
    if not isinstance(record, dict):
        raise ValueError("no JSON object")
    written = record.get("format", 0)
    if not isinstance(written, int) or written > FORMAT:
        raise ValueError(f"format {written}, which only a newer version of this program reads")
    return record


def _finite(word: str) -> float:
    number = float(word)  # which takes NaN, Infinity and figures without end for numbers
    if not math.isfinite(number):
        raise ValueError(f"{word[:20]} is no number")
    return number


def write_json(path: Path, record: dict) -> None:
    write_bytes(path, (json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` once it is whole and on the disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield temporary
        _sync(temporary)
        _move(temporary, path)
        _sync(path.parent)
    finally:
        with contextlib.suppress(OSError):  # on a disk that refuses everything, the first refusal is the one to tell
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it takes the place of the folder `path`, as `put_in_place` does it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        yield temporary
        put_in_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def put_in_place(made: Path, path: Path) -> None:
    """The folder `made`, its files synced first, takes the place of the folder `path`, which goes.

    Where the system does not exchange two folders in one step, the old one stands aside for a moment; if the process
    is killed in that moment, `mend` puts it back.
    """
    for file in made.rglob("*"):
        if file.is_file():
            _sync(file)
    _sync(made)
    _settle(path)
    if path.exists():
        if _exchange(made, path):
            _sync(path.parent)
            shutil.rmtree(made, ignore_errors=True)  # the old one by now
            return
        _move(path, _aside(path))
    try:
        _move(made, path)
        _sync(path.parent)
    finally:
        _settle(path)


def mend(folder: Path) -> None:
    """Put right what a process that was killed while it replaced things in `folder` left there.

    Nobody else may write to `folder` meanwhile.
    """
    for path in list(folder.glob(f".*{ASIDE}")):
        _settle(folder / path.name[1 : -len(ASIDE)])
    for path in list(folder.glob(".*")):
        remove(path)


def remove(path: Path) -> None:
    """Delete whatever is at `path`, be it a file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """The folder that stood aside for a new one comes back where that did not come, and goes where it did."""
    old = _aside(path)
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists():
        _move(old, path)


def _exchange(one: Path, other: Path) -> bool:
    """Two folders take each other's place in one step; False where that cannot be done. Linux alone offers it here."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not hasattr(library, "renameat2"):
        return False
    return library.renameat2(CURRENT, os.fsencode(one), CURRENT, os.fsencode(other), EXCHANGE) == 0


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}{ASIDE}")


def _move(path: Path, to: Path) -> None:
    """Rename in one step. Windows refuses while somebody reads what is at `to`, so there it is tried for a second."""
    for _ in range(20 if os.name == "nt" else 0):
        with contextlib.suppress(PermissionError):
            return os.replace(path, to)
        time.sleep(0.05)
    os.replace(path, to)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder; NTFS journals the rename
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: Path, record: dict) -> None:
    """Add one JSON line. A line half-written by a killed process is closed off first."""
    with open(path, "ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write((json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_lines(path: Path) -> list[dict]:
    """The JSON lines at `path`; a half-written or damaged one is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    records = []
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            records.append(json.loads(line))
    return [record for record in records if isinstance(record, dict)]


class Lock:
    """An exclusive lock on a file, held by this process alone (POSIX record lock: children do not inherit it).

    It goes when the process goes, however it goes. A process must not open the file of a lock that it
    holds in any other way: closing any descriptor of a file drops the process's record locks on it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = None

    def acquire(self, patience: float = 0.0) -> bool:
        """Take the lock, trying for `patience` seconds; False where another process has it."""
        self.file = open(self.path, "a+b")  # noqa: SIM115 (open as long as the lock is held)
        end = time.monotonic() + patience
        while not _try_lock(self.file):
            if time.monotonic() >= end:
                self.release()
                return False
            time.sleep(0.05)
        return True

    def release(self) -> None:
        if self.file:
            self.file.close()
            self.file = None


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on `path`."""
    try:
        with open(path, "rb" if fcntl else "r+b") as file:
            return not _try_lock(file, shared=True)
    except FileNotFoundError:
        return False


def _try_lock(file: IO, shared: bool = False) -> bool:
    """Lock `file`, shared only to see whether that could be done: two who look do not see each other."""
    try:
        if fcntl:
            fcntl.lockf(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):  # somebody else has it; all else is a file system without locks
        return False
    return True


_threads = threading.RLock()  # record locks belong to processes, so threads are kept apart by this
_owned: dict[Path, Lock] = {}  # a workspace's folder of processes -> this process's own lock there


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """A moment in which nobody else, in this process or another, is in here with the same `path`."""
    with _threads:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(path)
        if not lock.acquire(PATIENCE):
            raise UserError("workspace_busy", path=path)
        try:
            yield
        finally:
            lock.release()


def _own_lock(processes: Path) -> Path:
    """The file of the lock that this process holds as long as it lives; its name is that of the process."""
    lock = _owned.get(processes)
    if lock is None or not lock.path.exists():  # the first time, or the workspace was emptied
        lock = _owned[processes] = Lock(processes / f"{new_id()}.lock")
        lock.acquire()
    return lock.path


def _left_behind(parent: Path, processes: Path) -> list[Path]:
    """The temporary folders in `parent` of processes that are gone; the files of their locks go at once."""
    own = _own_lock(processes)
    alive = {own.stem}
    for lock in processes.iterdir():
        if ID.fullmatch(lock.stem) and lock != own:  # a second look at our own lock would drop it
            if is_locked(lock):
                alive.add(lock.stem)
            else:
                lock.unlink()
    return [path for path in parent.iterdir() if TEMPORARY.fullmatch(path.name) and path.name[:16] not in alive]
