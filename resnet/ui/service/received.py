"""What the page's script says that it has sent: names with places among Gradio's uploads, each checked here.

The script sends every file under a name of its own making, so that no two visitors' files are ever one.
"""

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from resnet.data.images import shown
from resnet.data.uploads import Upload
from resnet.errors import UserError

# Gradio's folder, the hash of the content; and the script's name, a number behind 128 random bits, with the suffix.
PLACE = re.compile(r"[0-9a-f]{64}/[0-9a-f]{32}-[0-9]{1,9}(\.[A-Za-z0-9]{1,8})?")


def received(sent: object, folder: Path) -> list[Upload]:
    """The files of [[name, place, label], ...], where a place is "" if only the name was sent.

    folder: of Gradio's uploads. Raises UserError for what the script did not put there.
    """
    uploads = []
    for entry in sent if isinstance(sent, list) else [sent]:
        if not (isinstance(entry, list) and len(entry) == 3 and all(isinstance(text, str) for text in entry)):
            raise UserError("upload_strange", file=shown(entry))
        name, place, label = entry
        uploads.append(Upload(name, _checked(place, folder) if place else None, label))
    return uploads


def discard(uploads: Iterable[Upload]) -> None:
    """Delete what is still there of them, and the folders that Gradio made for them."""
    for file in (upload.file for upload in uploads if upload.file):
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it holds another file, of the same content
            file.parent.rmdir()


def _checked(place: str, folder: Path) -> Path:
    inside = place.removeprefix(f"{folder}/")
    file = folder / inside
    if not PLACE.fullmatch(inside) or file.is_symlink() or not file.is_file():
        raise UserError("upload_strange", file=shown(place))
    return file
