"""What a browser sends file by file: a folder with its names, or the pictures of each class.

The names are a stranger's: they are checked, kept in the import's index, and never become paths.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from resnet.data.bounds import Bounds, is_hidden
from resnet.data.images import is_picture, shown
from resnet.data.index import Index, has_content
from resnet.data.layout import clean_label
from resnet.errors import UserError


class Upload(NamedTuple):
    """A file that was sent.

    name: with the folders that it lies in.
    file: where its content is, which is taken from there; None: it was not sent, for it is no picture.
    label: of the class that it was said to be of; "": its folders tell.
    """

    name: str
    file: Path | None
    label: str = ""


def read_uploads(uploads: Sequence[Upload], into: Path, index: Index, bounds: Bounds) -> None:
    """List the files in `index`, and move those with content to `into`, each under its number. Raises UserError."""
    top = f"{_top(uploads)}/"
    for name, file, label in uploads:
        name = _name_of(label, name) if label else _checked(name).removeprefix(top)
        bounds.add_file(name)
        if (not label and is_hidden(name)) or (is_picture(name) and not file):
            continue
        size = file.stat().st_size if file else 0
        number = index.add_file(name, size)
        if file and has_content(name, size):
            bounds.add_member(name, size)
            os.replace(file, f"{into}/{number:06d}")
        if label:
            index.run("UPDATE file SET label = ?, part = '' WHERE id = ?", clean_label(label), number)


def own_name(uploads: Sequence[Upload]) -> str:
    """What a data set of them is called: as the folder that was chosen, or after its classes."""
    labels = dict.fromkeys(clean_label(upload.label) for upload in uploads if upload.label)
    return _top(uploads) or ", ".join(labels) or "pictures"


def _top(uploads: Sequence[Upload]) -> str:
    """The folder that all lie in; "" where there is none."""
    tops = {upload.name.rpartition("/")[0].split("/")[0] for upload in uploads if not upload.label}
    return tops.pop() if len(tops) == 1 else ""


def _name_of(label: str, name: str) -> str:
    """A name in a folder that bears the label's, whatever stands in that."""
    return f"{label.replace('/', chr(0x2215))}/{name.rpartition('/')[2]}"


def _checked(name: str) -> str:
    parts = name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):  # "" in front makes it absolute
        raise UserError("upload_climbs", file=shown(name))
    return name
