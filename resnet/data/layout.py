"""Which class, and which part, each picture belongs to: told by the folders that it lies in (or by a table of labels,
see resnet.data.table).

    cats/1.jpg  dogs/2.jpg                             class folders; the split is made at the import
    train/cats/1.jpg  val/cats/2.jpg  test/cats/3.jpg  class folders by part; the split is given

One folder around all of it, or several, one in the other, are stripped. Folders inside a class belong to it.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from resnet.data.images import READ_SUFFIXES, shown
from resnet.data.index import TABLES, Index
from resnet.errors import UserError
from resnet.text import Message

PARTS = ("train", "val", "test")
PART_NAMES = {
    **dict.fromkeys(("train", "training", "训练", "训练集"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "验证", "验证集"), "val"),
    **dict.fromkeys(("test", "testing", "测试", "测试集"), "test"),
}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
# They turn the direction of writing: a name could look like another, and drag the text around it along.
BIDI_CONTROLS = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
FEW = 5  # names that a sentence lists

Parts = tuple[str, ...]  # of a folder's name


@dataclass(frozen=True)
class Layout:
    """How the folders are to be read."""

    wrap: Parts  # the folders around everything
    parts: dict[str, str]  # folder -> train, val, test; empty where the split is not given

    @property
    def depth(self) -> int:
        """Of a class's folder."""
        return len(self.wrap) + (2 if self.parts else 1)

    def place(self, folder: Parts) -> tuple[str, str] | None:
        """(label, part) of the pictures in `folder`; None where it lies beside the class folders."""
        if len(folder) < self.depth or folder[: len(self.wrap)] != self.wrap:
            return None
        part = self.parts.get(folder[len(self.wrap)]) if self.parts else ""
        return None if part is None else (clean_label(folder[self.depth - 1]), part)


@dataclass
class Class:
    """What lies in the folder of a class, of one part where the split is given."""

    folder: str
    pictures: int = 0
    direct: int = 0  # of them, not in a folder inside
    inside: set[str] = field(default_factory=set)  # the first few folders inside with pictures


def read_layout(index: Index) -> list[Message]:
    """Write the class and part of each file to the index; returns what was passed over, in sentences.

    Raises UserError where the folders do not tell two classes apart.
    """
    if not index.count_files("picture"):
        raise UserError("layout_no_pictures", formats=sorted(READ_SUFFIXES), others=_kinds(index) or "-")
    wrap = _wrapping(index)
    layout = Layout(wrap, _given_parts(index, wrap))
    classes = _place_folders(index, layout)
    labels = sorted({label for (label, _), found in classes.items() if found.pictures})
    if not labels:
        if tables := few(name for _, name, *_ in index.files(f"content AND kind IN {TABLES}")):
            raise UserError("layout_no_table", tables=tables, **_loose(index))
        raise UserError("layout_no_classes", **_loose(index))
    if len(labels) == 1:
        raise UserError("layout_one_class", label=shown(labels[0]))
    if layout.parts and not any(found.pictures for (_, part), found in classes.items() if part == "train"):
        raise UserError("layout_no_train", parts=sorted(layout.parts))
    return [*_stray(index, classes), *doubtful(labels, classes)]


def read_labelled(index: Index) -> list[Message]:
    """What is doubtful of files that have their label in the index already. Raises UserError where all have one."""
    classes = labelled(index)
    if len(labels := sorted({label for label, _ in classes})) < 2:
        raise UserError("layout_one_class", label=shown(labels[0]) if labels else "-")
    return ignored(index) + doubtful(labels, classes)


def labelled(index: Index) -> dict[tuple[str, str], Class]:
    """What pictures there are of each (label, part), where no folder stands for a class."""
    query = "SELECT label, part, count(*) FROM file WHERE picture AND label IS NOT NULL GROUP BY 1, 2"
    return {(label, part): Class(label, count, count) for label, part, count in index.run(query)}


def clean_label(name: str) -> str:
    """A folder's name as a class: one Unicode form (macOS has another), no controls, one line, no outer blanks."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "backslashreplace").decode())  # what is two stays two
    wrong = {c for c in name if unicodedata.category(c) in ("Cc", "Zl", "Zp")} | BIDI_CONTROLS
    name = "".join("\N{REPLACEMENT CHARACTER}" if c in wrong else c for c in name)
    return name.strip() or "_"


def few(names: Iterable[object]) -> list[object]:
    """The first names for a sentence, with a mark where there are more."""
    names = [shown(name) for name in islice(names, FEW + 1)]
    return [*names[:FEW], "…"] if len(names) > FEW else names


def _wrapping(index: Index) -> Parts:
    """The folders around everything: as long as there is one folder, and pictures lie deeper than in it."""
    wrap: Parts = ()
    while True:
        depth = len(wrap)
        inside = (folder for _, folder, pictures in index.folders() if pictures and folder[:depth] == wrap)
        tops, deeper = set(), False
        for folder in inside:
            tops.update(folder[depth : depth + 1])
            deeper = deeper or len(folder) > depth + 1
            if len(tops) > 1:
                return wrap
        if not deeper:
            return wrap
        wrap = (*wrap, tops.pop())


def _given_parts(index: Index, wrap: Parts) -> dict[str, str]:
    """Folder -> part where the top folders are parts of a given split; empty where they are classes.

    A class may well be called "train": parts they are where every folder bears a part's name and there are two,
    or where train/ holds folders and val/ or test/ stands beside it.
    """
    tops, deep = set(), set()
    for _, folder, pictures in index.folders():
        inner = folder[len(wrap) :]
        if pictures and inner and folder[: len(wrap)] == wrap:
            tops.add(inner[0])
            if len(inner) > 1:
                deep.add(inner[0])
    found = {top: PART_NAMES[top.strip().lower()] for top in tops if top.strip().lower() in PART_NAMES}
    all_parts = len(tops) > 1 and len(found) == len(tops)
    deep_parts = {found[top] for top in deep & found.keys()}
    return found if all_parts or ("train" in deep_parts and {"val", "test"} & set(found.values())) else {}


def _place_folders(index: Index, layout: Layout) -> dict[tuple[str, str], Class]:
    """Write label and part to the index's files; returns what was found of each (label, part)."""
    classes: dict[tuple[str, str], Class] = {}
    for number, folder, pictures in index.folders():
        place = layout.place(folder)
        if place is None:
            continue
        index.run("UPDATE file SET label = ?, part = ? WHERE folder = ?", *place, number)
        found = classes.setdefault(place, Class("/".join(folder[: layout.depth])))
        found.pictures += pictures
        if len(folder) == layout.depth:
            found.direct += pictures
        elif pictures and len(found.inside) <= FEW:
            found.inside.add(folder[layout.depth])
    return classes


def _loose(index: Index) -> dict[str, object]:
    """How many pictures lie beside the class folders, and the first names."""
    where = "picture AND label IS NULL"
    return {"count": index.count_files(where), "files": few(name for _, name, *_ in index.files(where))}


def _stray(index: Index, classes: dict[tuple[str, str], Class]) -> list[Message]:
    """What was passed over, in sentences."""
    found = []
    loose = _loose(index)
    if loose["count"]:
        found.append(Message("layout_loose", loose))
    if empty := sorted(at.folder for at in classes.values() if not at.pictures):
        found.append(Message("layout_empty", {"folders": few(empty)}))
    return found + ignored(index)


def ignored(index: Index) -> list[Message]:
    """What is no picture, in sentences."""
    found = []
    archives = f"kind IN {ARCHIVES}"
    if nested := few(name for _, name, *_ in index.files(archives)):
        found.append(Message("layout_nested", {"files": nested}))
    if count := index.count_files(f"NOT picture AND NOT {archives}"):
        found.append(Message("layout_ignored", {"count": count, "kinds": _kinds(index, f"NOT {archives}")}))
    return found


def doubtful(labels: list[str], classes: dict[tuple[str, str], Class]) -> list[Message]:
    """What may be other than it was meant: names that differ in case alone, folders inside that may be classes, and
    classes of a given split that stand in one part only."""
    found = []
    alike = defaultdict(list)
    for label in labels:
        alike[label.casefold()].append(label)
    if twins := [label for group in alike.values() if len(group) > 1 for label in group]:
        found.append(Message("layout_case", {"labels": few(twins)}))
    inner = {at.folder: sorted(at.inside) for at in classes.values() if not at.direct and len(at.inside) > 1}
    if inner:
        names = [f"{folder}/{name}" for folder, names in sorted(inner.items()) for name in names]
        found.append(Message("layout_inner", {"folders": few(names)}))
    return found + _one_sided(classes)


def _one_sided(classes: dict[tuple[str, str], Class]) -> list[Message]:
    """Classes of a given split that stand in one part only."""
    train, val, test = (
        {label for (label, at), found in classes.items() if at == part and found.pictures} for part in PARTS
    )
    found = []
    if extra := (val | test) - train:
        found.append(Message("layout_not_in_train", {"labels": few(sorted(extra))}))
    if val and (missing := train - val):
        found.append(Message("layout_not_in_val", {"labels": few(sorted(missing))}))
    return found


def _kinds(index: Index, where: str = "1") -> str:
    """The kinds of files that are no pictures, commonest first: "12 .txt, 3 .xml"."""
    query = f"""SELECT kind, count(*) FROM file WHERE NOT picture AND {where}
        GROUP BY kind ORDER BY count(*) DESC, min(id) LIMIT {FEW}"""
    return ", ".join(f"{count} {shown(kind)}" for kind, count in index.run(query))
