"""What a person hands over, a folder, a zip or a tar: its files listed in the import's index, within bounds that hold.

Names out of an archive never become paths: pictures are unpacked to numbered files, their names kept in the index.
"""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from resnet.data.bounds import Bounds, Limits, is_hidden
from resnet.data.images import is_picture, shown
from resnet.data.index import Index
from resnet.data.tars import unpack_tar
from resnet.data.zips import unpack_zip
from resnet.errors import UserError

Progress = Callable[[str, int, int], None]  # (stage, done, total)

MARKS = (  # kind, the bytes that such a file begins with
    ("zip", b"PK\3\4"),
    ("zip", b"PK\5\6"),  # an empty one
    ("zip", b"PK\7\x08"),  # one of several volumes
    ("gzip", b"\x1f\x8b"),
    ("bzip2", b"BZh"),
    ("xz", b"\xfd7zXZ"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
    ("7z", b"7z\xbc\xaf"),
    ("RAR", b"Rar!"),
)


def read_source(source: Path, into: Path, index: Index, limits: Limits, progress: Progress | None = None) -> None:
    """List the files of `source` in `index`: a folder's where they are, an archive's unpacked to the folder `into`."""
    bounds = Bounds(limits)
    if source.is_dir():
        walk(source, index, bounds)
        return
    kind = _kind(source)
    if kind == "zip":
        unpack_zip(source, into, index, bounds, progress)
    elif kind in ("tar", "gzip", "bzip2"):
        unpack_tar(source, kind, into, index, bounds, progress)
    elif kind:
        raise UserError("archive_other", archive=shown(source.name), kind=kind)
    else:
        raise UserError("archive_none", archive=shown(source.name))
    if not index.value("SELECT count(*) FROM file"):
        raise UserError("archive_empty", archive=shown(source.name))


def walk(folder: Path, index: Index, bounds: Bounds) -> None:
    """List the files of `folder`; links are followed, for many keep their pictures so, except to what is above them."""
    waiting = [("", folder, frozenset())]
    while waiting:
        name, at, above = waiting.pop()
        real = at.resolve()
        above |= {real, *real.parents}
        index.add_folder(name)
        try:
            with os.scandir(at) as entries:
                for entry in entries:
                    inner = f"{name}/{entry.name}" if name else entry.name
                    bounds.add_file(inner)
                    if is_hidden(entry.name) or not os.path.exists(entry):  # a link that leads nowhere
                        continue
                    if not entry.is_dir():
                        _list(entry, inner, index, bounds)
                    elif Path(entry).resolve() not in above:
                        waiting.append((inner, Path(entry), above))
        except OSError as error:
            raise UserError("source_no_access", source=shown(at), reason=error.strerror) from error


def _list(entry: os.DirEntry, name: str, index: Index, bounds: Bounds) -> None:
    if entry.is_file():  # and no pipe or device
        bytes = entry.stat().st_size
        index.add_file(name, bytes)
        if is_picture(name):
            bounds.add_picture(bytes)


def _kind(archive: Path) -> str:
    """What an archive is by its first bytes; "" where it is none.

    What stands at a file's end, where zips have their directory, does not make it a zip.
    """
    try:
        with open(archive, "rb") as file:
            head = file.read(tarfile.BLOCKSIZE)
    except OSError as error:
        raise UserError("source_no_access", source=shown(archive.name), reason=error.strerror) from error
    for kind, mark in MARKS:
        if head.startswith(mark):
            return kind
    return "tar" if _is_tar(head) else ""


def _is_tar(head: bytes) -> bool:
    """Old tars bear no mark, but every header has a sum over itself; an empty tar is all zeros."""
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.EOFHeaderError:
        return True
    except tarfile.HeaderError:
        return head[257:262] == b"ustar"
    return True
