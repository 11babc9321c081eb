"""Tars, plain or packed by gzip or bzip2: listed and unpacked in one go, for they can only be read from front to back.

Python's tarfile reads the headers; nothing of it that writes to a disk is used.
"""

import bz2
import gzip
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from resnet.data.bounds import MB, Bounds, check_space, is_hidden, safe_name, size
from resnet.data.images import shown
from resnet.data.index import Index, has_content
from resnet.errors import UserError

HEADERS = MB  # that one member may have: names longer than folders allow, and what else pax writes there
OPENERS = {"tar": lambda file: file, "gzip": gzip.open, "bzip2": bz2.open}
# What tarfile and the decompressors raise on damaged bytes; gzip and bz2 an OSError without a number.
DAMAGED = (tarfile.TarError, zlib.error, EOFError, ValueError, RecursionError)


def unpack_tar(
    archive: Path,
    kind: str,
    into: Path,
    index: Index,
    bounds: Bounds,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    """List the files of a tar in `index`, and unpack those with content to `into`, each under its number.

    kind: how it is packed, one of OPENERS. It is read twice, for nothing is written before every member was looked at.
    Raises UserError.
    """
    _visit(archive, kind, bounds, lambda member, name, _: _list(member, name, index, bounds))
    check_space(into, bounds.bytes)
    count = index.value("SELECT count(*) FROM file WHERE content")
    numbers = enumerate(index.run("SELECT id FROM file WHERE content ORDER BY id"), start=1)

    def unpack(member: tarfile.TarInfo, name: str, tar: tarfile.TarFile) -> None:
        if member.isreg() and has_content(name, member.size) and not is_hidden(name):
            done, (number,) = next(numbers)
            _copy(tar.extractfile(member), f"{into}/{number:06d}", member.size)
            if progress:
                progress("unpack", done, count)

    _visit(archive, kind, bounds, unpack)


def _visit(
    archive: Path, kind: str, bounds: Bounds, visit: Callable[[tarfile.TarInfo, str, tarfile.TarFile], None]
) -> None:
    """Call `visit` for every member, with its name made safe. Raises UserError where the tar is damaged."""
    with open(archive, "rb") as packed:
        stream = _Stream(OPENERS[kind](packed), packed, archive.name, bounds)
        try:
            tar = tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header)  # noqa: SIM115 (it opens nothing)
            while member := tar.next():
                tar.members.clear()  # it keeps them all, and headers that are meant for all
                tar.pax_headers.clear()
                name = safe_name(member.name)
                stream.at, stream.left = name, HEADERS + (member.size if member.isreg() else 0)
                visit(member, name, tar)
        except (*DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the disk's own
                raise
            if stream.at != archive.name:
                raise UserError("archive_broken_at", archive=shown(archive.name), file=shown(stream.at)) from error
            if kind != "tar" and isinstance(error, tarfile.TarError):
                raise UserError("archive_no_tar", archive=shown(archive.name), kind=kind) from error
            raise UserError("archive_truncated", archive=shown(archive.name)) from error


class _Header(tarfile.TarInfo):
    """A damaged header is an error, as is the end without its mark: tarfile takes both for the end of the archive."""

    @classmethod
    def frombuf(cls, *arguments: object) -> tarfile.TarInfo:
        try:
            return super().frombuf(*arguments)
        except tarfile.EOFHeaderError:  # the mark
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


class _Stream:
    """The bytes of a tar as they are unpacked, counted.

    at: the member that was read last; at first the archive.
    left: bytes that may come until the next one: more are headers that would fill the memory.
    """

    def __init__(self, file: BinaryIO, packed: BinaryIO, at: str, bounds: Bounds) -> None:
        self.file, self.packed, self.bounds = file, packed, bounds
        self.done, self.at, self.left = 0, at, HEADERS

    def read(self, count: int) -> bytes:
        content = self.file.read(count)
        if not content and self.done:  # tarfile would look for the end of what a member claims to be, block by block
            raise EOFError
        self.done += len(content)
        self.left -= len(content)
        if self.left < 0:
            raise UserError("archive_headers", file=shown(self.at), limit=size(HEADERS))
        if self.done > self.bounds.limits.bytes:
            raise UserError("archive_bytes", limit=size(self.bounds.limits.bytes))
        self.bounds.check_ratio(self.packed.tell(), self.done)
        self.bounds.check_time()
        return content


def _list(member: tarfile.TarInfo, name: str, index: Index, bounds: Bounds) -> None:
    """Put a member into the index; raises UserError for what no honest archive of pictures holds."""
    bounds.add_file(name)
    if member.issparse():
        raise UserError("archive_sparse", file=shown(name))
    if not (member.isdir() or member.isreg()):
        raise UserError("archive_link", file=shown(name))
    if member.size < 0:
        raise tarfile.ReadError
    if is_hidden(name):
        return
    if member.isdir():
        index.add_folder(name)
        return
    if has_content(name, member.size):
        bounds.add_member(name, member.size)
    index.add_file(name, min(member.size, 2**62))


def _copy(unpacked: BinaryIO, path: str, left: int) -> None:
    with open(path, "xb") as copy:
        while chunk := unpacked.read(min(left, MB)):
            copy.write(chunk)
            left -= len(chunk)
    if left:
        raise EOFError
