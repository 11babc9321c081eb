"""Pictures that are only looked at: single files and archives, listed under the names that they came with."""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from resnet.data.archive import read_source
from resnet.data.bounds import Limits
from resnet.data.index import Index
from resnet.data.layout import ARCHIVES
from resnet.errors import UserError
from resnet.text import printable


class Picture(NamedTuple):
    """A picture, or what was handed over as one."""

    name: str  # with the folders that it lay in
    path: str


def gather(sources: Iterable[tuple[str, Path]], into: Path, limits: Limits) -> list[Picture]:
    """The pictures of `sources`, (name, file) of each; archives are unpacked to the empty folder `into`.

    A file that is neither picture nor archive is listed too: it is answered by what it is instead.
    Raises UserError for an archive that cannot be read, for more than `limits`, and for nothing at all.
    """
    found: list[Picture] = []
    for number, (name, file) in enumerate(sources):
        if name.lower().endswith(ARCHIVES):
            unpacked = _unpack(file, into / str(number), limits)
            taken = sum(os.path.getsize(picture.path) for picture in unpacked)
            limits = dataclasses.replace(limits, bytes=limits.bytes - taken)
            found += unpacked
        else:
            found.append(Picture(printable(name), str(file)))
    check_count(len(found), limits)
    return found


def check_count(count: int, limits: Limits) -> None:
    """Raises UserError where there is nothing to look at, or too much."""
    if not count:
        raise UserError("no_pictures_given")
    if count > limits.files:
        raise UserError("many_pictures", limit=f"{limits.files:,}")


def _unpack(archive: Path, into: Path, limits: Limits) -> list[Picture]:
    files = into / "files"
    files.mkdir(parents=True, exist_ok=True)
    with Index(into / "index.sqlite") as index:
        read_source(archive, files, index, limits)
        return [Picture(printable(name), f"{files}/{id:06d}") for id, name, *_ in index.files("picture")]
