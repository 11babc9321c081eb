"""The workspace on disk: where things lie, ids, atomic writes, append-only lines, locks.

    ROOT/OWNER/datasets/ID/    an imported data set
    ROOT/OWNER/runs/ID/        a training run
    ROOT/devices/              one lock a device, shared by all owners
    ROOT/tmp/                  uploads, unpacking, half-made things: on the same disk, so that a rename is atomic

State on disk is the truth. A file is replaced whole (temporary file, fsync, rename) or grows by whole lines.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
OWNER = re.compile(r"[0-9a-z]{1,64}")


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

    @property
    def datasets(self) -> Path:
        return self.root / self.owner / "datasets"

    @property
    def runs(self) -> Path:
        return self.root / self.owner / "runs"

    def dataset(self, reference: str) -> Path:
        """The folder of a data set named by its id, its name, or a unique beginning of either."""
        return self._find(self.datasets, reference, "dataset_unknown")

    def run(self, reference: str) -> Path:
        """The folder of a run, named likewise."""
        return self._find(self.runs, reference, "run_unknown")

    def temporary(self) -> Path:
        """A new empty folder on the workspace's own disk."""
        parent = self.root / "tmp"
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=parent))

    def device_lock(self, device: str) -> Path:
        return self.root / "devices" / f"{device.replace(':', '-')}.lock"

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


def delete_folder(folder: Path, temporary: Path) -> None:
    """Delete `folder` by way of the empty folder `temporary` on the same disk: it is there whole, or not at all."""
    try:
        os.replace(folder, temporary / folder.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def new_id() -> str:
    """64 random bits: nobody guesses another's run."""
    return secrets.token_hex(8)


def read_json(path: Path, default: object = None) -> dict:
    """The JSON object at `path`, or `default` where there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if default is None:
            raise
        return default


def write_json(path: Path, record: dict) -> None:
    write_bytes(path, (json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` once it is whole and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it takes the place of the folder `path`, files synced first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            old = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            os.replace(path, old)
            os.replace(temporary, path)
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
    """The JSON lines at `path`; a half-written one is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    records = []
    for line in lines:
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    return records


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
        self.path.parent.mkdir(parents=True, exist_ok=True)
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
        with open(path, "r+b") as file:
            return not _try_lock(file)
    except FileNotFoundError:
        return False


def _try_lock(file) -> bool:
    try:
        if fcntl:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
