"""The bounds of an import: what it may ask of this machine, and which names and members an archive may have."""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from resnet.data.images import MAX_BYTES, shown
from resnet.errors import UserError

MB, GB = 10**6, 10**9
SYSTEM = {  # what systems and tools leave lying about, beside names that begin with a dot; lower case
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    *("$recycle.bin", "system volume information", "@eadir", "lost+found"),
}


@dataclass(frozen=True)
class Limits:
    files: int = 200_000  # in the folder or archive, of any kind, folders too
    levels: int = 32  # of folders in one another
    name: int = 1000  # characters, folders included
    bytes: int = 20 * GB  # all pictures together, unpacked; of a tar all that is in it, for all of it must be read
    picture_bytes: int = MAX_BYTES  # one picture
    ratio: int = 200  # unpacked over packed; pictures are packed already: about 1, drawings as BMP up to 100
    ratio_from: int = 100 * MB  # unpacked; below this no ratio is of interest
    seconds: int = 1800  # of unpacking: 20 GB at the 11 MB a second of a slow disk


class Bounds:
    """How much of the limits is used. Its methods raise UserError, with the limit, where one is overstepped."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.files, self.bytes, self.start = limits, 0, 0, time.monotonic()

    def add_file(self, name: str) -> None:
        self.files += 1
        self.check_files(self.files)
        if len(name) > self.limits.name:
            raise UserError("long_name", file=shown(name), length=len(name), limit=self.limits.name)
        if name.count("/") > self.limits.levels:
            raise UserError("many_levels", file=shown(name), limit=self.limits.levels)

    def check_files(self, count: int) -> None:
        if count > self.limits.files:
            raise UserError("many_files", limit=self.limits.files)

    def add_picture(self, bytes: int) -> None:
        self.bytes += bytes
        if self.bytes > self.limits.bytes:
            raise UserError("many_bytes", limit=size(self.limits.bytes))

    def add_member(self, name: str, bytes: int) -> None:
        """A picture of an archive."""
        if bytes > self.limits.picture_bytes:
            limit = size(self.limits.picture_bytes)
            raise UserError("archive_member_large", file=shown(name), size=size(bytes), limit=limit)
        self.add_picture(bytes)

    def check_ratio(self, packed: int, unpacked: int) -> None:
        if unpacked > self.limits.ratio_from and unpacked > self.limits.ratio * packed:
            raise UserError("archive_ratio", packed=size(packed), unpacked=size(unpacked), limit=self.limits.ratio)

    def check_time(self) -> None:
        if time.monotonic() - self.start > self.limits.seconds:
            raise UserError("archive_slow", limit=self.limits.seconds)


def safe_name(text: str) -> str:
    """A member's name, its folders divided by "/"; raises UserError for one that points outside of the archive."""
    text = text.replace("\\", "/")  # as old archivers of Windows write it
    parts = text.split("/")
    if text.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", text):
        raise UserError("archive_climbs", file=shown(text))
    return "/".join(part for part in parts if part not in ("", "."))


def is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in SYSTEM for part in name.split("/"))


def check_space(folder: Path, needed: int) -> None:
    """Raises UserError where the disk of `folder` has no room for `needed` bytes, and 200 MB to breathe."""
    free = shutil.disk_usage(folder).free
    if needed + 200 * MB > free:
        raise UserError("disk_full", needed=size(needed), free=size(free))


def size(count: int) -> str:
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.1f} MB"
