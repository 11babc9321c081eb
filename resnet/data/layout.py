"""Which class, and which part, each picture of a tree belongs to: told by the folders that it lies in.

    cats/1.jpg  dogs/2.jpg                             class folders; the split is made at the import
    train/cats/1.jpg  val/cats/2.jpg  test/cats/3.jpg  class folders by part; the split is given

One folder around all of it, or several, one in the other, are stripped. Folders inside a class belong to it.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from resnet.data.archive import Tree
from resnet.data.images import READ_SUFFIXES, shown
from resnet.errors import UserError
from resnet.text import Message

PARTS = ("train", "val", "test")
PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"}
# They turn the direction of writing: a name could look like another, and drag the text around it along.
BIDI_CONTROLS = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
FEW = 5  # names that a sentence lists


@dataclass(frozen=True)
class Picture:
    name: PurePosixPath  # as it was handed over
    path: Path  # where its bytes lie
    label: str
    part: str  # train, val, test; "" where the split is not given


@dataclass(frozen=True)
class Layout:
    pictures: list[Picture]  # by name
    warnings: list[Message]


def read_layout(tree: Tree) -> Layout:
    """The class and part of each picture. Raises UserError where the folders do not tell two classes apart."""
    if not tree.files:
        raise UserError("layout_no_pictures", formats=sorted(READ_SUFFIXES), others=_kinds(tree.others) or "-")
    files = sorted(tree.files)
    wrap = _wrapping([name for name, _ in files])
    inner = [name.parts[len(wrap) :] for name, _ in files if name.parts[: len(wrap)] == wrap]
    parts = _given_parts(inner)

    pictures, loose = [], []
    for name, path in files:
        part, label = _place(name.parts, wrap, parts)
        if label:
            pictures.append(Picture(name, path, label, part))
        else:
            loose.append(name)

    empty = _empty_folders(tree.folders, {(p.part, p.label) for p in pictures}, wrap, parts)
    labels = sorted({picture.label for picture in pictures})
    if not labels:
        raise UserError("layout_no_classes", count=len(loose), files=few(loose))
    if len(labels) == 1:
        raise UserError("layout_one_class", label=shown(labels[0]))
    if parts and not any(picture.part == "train" for picture in pictures):
        raise UserError("layout_no_train", parts=sorted(parts))
    return Layout(pictures, [*_stray(loose, empty, tree.others), *_one_sided(pictures)])


def clean_label(name: str) -> str:
    """A folder's name as a class: one Unicode form (macOS has another), no controls, one line, no outer blanks."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    wrong = {c for c in name if unicodedata.category(c) in ("Cc", "Zl", "Zp")} | BIDI_CONTROLS
    name = "".join("\N{REPLACEMENT CHARACTER}" if c in wrong else c for c in name)
    return name.strip() or "_"


def few(names: Iterable[object]) -> list[object]:
    """The first names for a sentence, with a mark where there are more."""
    names = [shown(name) for name in names]
    return [*names[:FEW], "…"] if len(names) > FEW else names


def _wrapping(names: list[PurePosixPath]) -> tuple[str, ...]:
    """The folders around everything: as long as there is one folder, and pictures lie deeper than in it."""
    wrap: tuple[str, ...] = ()
    while True:
        depth = len(wrap)
        inside = [name.parts for name in names if name.parts[:depth] == wrap and len(name.parts) > depth + 1]
        tops = {parts[depth] for parts in inside}
        if len(tops) != 1 or all(len(parts) == depth + 2 for parts in inside):
            return wrap
        wrap = (*wrap, tops.pop())


def _given_parts(inner: list[tuple[str, ...]]) -> dict[str, str]:
    """Folder -> part where the top folders are parts of a given split; empty where they are classes.

    A class may well be called "train": parts they are where every folder bears a part's name and there are two,
    or where train/ holds folders and val/ or test/ stands beside it.
    """
    tops = {parts[0] for parts in inner if len(parts) > 1}
    found = {top: PART_NAMES[top.lower()] for top in tops if top.lower() in PART_NAMES}
    deep = {found[parts[0]] for parts in inner if len(parts) > 2 and parts[0] in found}
    all_parts = len(tops) > 1 and len(found) == len(tops)
    return found if all_parts or ("train" in deep and {"val", "test"} & set(found.values())) else {}


def _place(name: tuple[str, ...], wrap: tuple[str, ...], parts: dict[str, str]) -> tuple[str, str]:
    """(part, label) of the picture `name`; no label where it lies beside the class folders."""
    if name[: len(wrap)] != wrap:
        return "", ""
    inner = name[len(wrap) :]
    if not parts:
        return "", clean_label(inner[0]) if len(inner) > 1 else ""
    if len(inner) < 3 or inner[0] not in parts:
        return "", ""
    return parts[inner[0]], clean_label(inner[1])


def _empty_folders(
    folders: Iterable[PurePosixPath], found: set[tuple[str, str]], wrap: tuple[str, ...], parts: dict[str, str]
) -> list[PurePosixPath]:
    """Folders where a class would stand, and no picture in them."""
    depth = len(wrap) + (2 if parts else 1)
    at_class = sorted(folder for folder in folders if len(folder.parts) == depth)
    return [folder for folder in at_class if _empty(folder, found, wrap, parts)]


def _empty(folder: PurePosixPath, found: set, wrap: tuple[str, ...], parts: dict[str, str]) -> bool:
    place = _place((*folder.parts, "picture"), wrap, parts)
    return bool(place[1]) and place not in found


def _stray(loose: list, empty: list, others: list[PurePosixPath]) -> list[Message]:
    """What was passed over, in sentences."""
    found = []
    if loose:
        found.append(Message("layout_loose", {"count": len(loose), "files": few(loose)}))
    if empty:
        found.append(Message("layout_empty", {"folders": few(empty)}))
    archives = [name for name in others if name.suffix.lower() in ARCHIVES]
    if archives:
        found.append(Message("layout_nested", {"files": few(archives)}))
    ignored = [name for name in others if name not in set(archives)]
    if ignored:
        found.append(Message("layout_ignored", {"count": len(ignored), "kinds": _kinds(ignored)}))
    return found


def _one_sided(pictures: list[Picture]) -> list[Message]:
    """Classes of a given split that stand in one part only."""
    by_part = {part: {p.label for p in pictures if p.part == part} for part in PARTS}
    train, val, test = by_part.values()
    found = []
    if extra := (val | test) - train:
        found.append(Message("layout_not_in_train", {"labels": few(sorted(extra))}))
    if val and (missing := train - val):
        found.append(Message("layout_not_in_val", {"labels": few(sorted(missing))}))
    return found


def _kinds(names: list[PurePosixPath]) -> str:
    """The kinds of files, commonest first: "12 .txt, 3 .xml"."""
    counts = Counter(name.suffix.lower() or name.name for name in names).most_common(FEW)
    return ", ".join(f"{count} {shown(kind)}" for kind, count in counts)
