"""The import: a folder, an archive, a table of labels or uploads become a data set of the workspace, or a sentence.

Every picture is checked. All is made in a temporary folder on the workspace's disk and renamed into its place when it
is whole. What is known of each file stands in an index on the disk, row by row: no list here grows with the number of
pictures.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from resnet.data.archive import Progress, read_source
from resnet.data.bounds import MB, Bounds, Limits, check_space
from resnet.data.dataset import COLUMNS, KEPT, Dataset, write_manifest, write_name, write_report
from resnet.data.decoder import Measured, measured
from resnet.data.images import MAX_BYTES, shown
from resnet.data.index import CONTRADICTED, NAME, UNIT, Index, encoded
from resnet.data.layout import FEW, PARTS, clean_label, few, read_labelled, read_layout
from resnet.data.near import group_near_duplicates
from resnet.data.pictured import IN_CLASSES, SMALL, pictured, remove_left_out
from resnet.data.split import draw, stratified
from resnet.data.table import find_table, is_table, list_pictures, read_table
from resnet.data.uploads import Upload, own_name, read_uploads
from resnet.errors import UserError
from resnet.store import Store
from resnet.text import Message

SPLIT_SEED = 0
IMBALANCE = 4  # the largest class over the smallest; from here on a warning
LISTED = 1000  # files of a kind that the report lists; it counts them all
RANK = "CASE split WHEN 'train' THEN 0 WHEN 'val' THEN 1 ELSE 2 END"
# Of one class, the decided ones first, then in the order of drawing: a group's place is that of its first content.
UNITS = f"""SELECT {UNIT}, count(*), unit.split FROM picture LEFT JOIN unit ON unit.name = {UNIT}
    WHERE label = ? AND picture.split = 'train' GROUP BY 1 ORDER BY unit.split IS NULL, iif(grp = '', drawn, (
        SELECT drawn FROM picture AS other
        WHERE other.grp = picture.grp AND other.fate = 'kept' ORDER BY sha256 LIMIT 1))"""
# What a table of labels leaves open: rows of which there is no picture, pictures without a label, or with several.
FILES = f"SELECT {NAME} FROM folder CROSS JOIN file ON file.folder = folder.id"
TABLE_FINDINGS = {
    "missing": "SELECT name FROM line WHERE file IS NULL ORDER BY id",
    "unlabelled": f"""{FILES} WHERE picture AND label IS NULL AND EXISTS (SELECT * FROM line)
        AND file.id NOT IN ({CONTRADICTED}) ORDER BY folder.name, file.name""",
    "contradicted": f"{FILES} WHERE file.id IN ({CONTRADICTED}) ORDER BY folder.name, file.name",
}
# Near duplicates, each beside the first of its group, which may stand in another part of the split.
NEAR = f"""(SELECT id, source, split, first_value(source) OVER likes AS other, first_value(split) OVER likes AS home,
        count(*) OVER (PARTITION BY sha256) AS copies
    FROM picture WHERE near IS NOT NULL WINDOW likes AS (PARTITION BY near ORDER BY {RANK}, id))"""
# Groups on both sides of a given split; those of near duplicates are listed by picture.
APART = """SELECT grp FROM picture WHERE grp <> '' AND near IS NULL AND split <> ''
    GROUP BY grp HAVING count(DISTINCT split) > 1 ORDER BY grp"""

# Contents with several groups, of copies that lie in each; the group of a copy.
COPIES_IN_GROUPS = """SELECT DISTINCT sha256, grp FROM picture AS one WHERE fate = 'kept' AND grp <> '' AND EXISTS (
    SELECT * FROM picture WHERE sha256 = one.sha256 AND fate = 'kept' AND grp NOT IN ('', one.grp)) ORDER BY 1, 2"""
GROUP_OF_COPY = "SELECT grp FROM picture AS copy WHERE sha256 = picture.sha256 AND grp <> '' AND fate = 'kept'"
# What can be read one day is another data set than that in which it could not.
CONTENT = """SELECT label, part, iif(fate = 'unreadable', 'unreadable ' || sha256, sha256), grp
    FROM picture ORDER BY 1, 2, 3, 4"""


class Picture(NamedTuple):
    """A picture of a class, on its way into the data set."""

    number: int  # in order of names
    path: str  # of its copy, in the data set's folder
    source: str  # its name where it came from
    label: str
    part: str  # train, val, test; "" where the split is not given
    group: str  # of pictures that stay on one side of a split; "": a group of its own


def import_dataset(
    source: str | Path,
    store: Store,
    name: str | None = None,
    progress: Progress | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Dataset:
    """The data set made of `source`, a folder (read, never written), a zip, a tar, or a table of labels.

    name: what it is called (default: the source's own name).
    progress: called with ("unpack" or "check", done, total) as pictures are done; what it raises ends the import.
    The same content gives the same data set, which is then only renamed, where a name is given.
    Raises UserError, with nothing left behind.
    """
    source = Path(source)
    _check_source(source, store)
    on_disk = source if source.is_dir() else source.parent if is_table(source) else None  # where its pictures lie

    def read(index: Index, unpacked: Path) -> list[Message]:
        if is_table(source):
            list_pictures(source, index, Bounds(limits))
            return read_table(source, source.name, index)
        read_source(source, unpacked, index, limits, progress)
        return _read_labels(index, on_disk, unpacked)

    return _make(store, read, on_disk, (name, _own_name(source)), progress)


def import_uploads(
    uploads: Sequence[Upload],
    store: Store,
    progress: Progress | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Dataset:
    """The data set made of what a browser sent, its files moved from where they were; the rest as `import_dataset`.

    The same folder on the disk gives the same data set.
    """

    def read(index: Index, unpacked: Path) -> list[Message]:
        read_uploads(uploads, unpacked, index, Bounds(limits))
        return read_labelled(index) if uploads and uploads[0].label else _read_labels(index, None, unpacked)

    return _make(store, read, None, (None, own_name(uploads)), progress)


def _make(
    store: Store,
    read: Callable[[Index, Path], list[Message]],
    on_disk: Path | None,
    names: tuple[str | None, str],
    progress: Progress | None,
) -> Dataset:
    """A data set in the workspace, made in a temporary folder.

    read: lists files in the index, unpacks them to a folder unless they lie in `on_disk`; answers what is doubtful.
    names: what it shall be called, and what it is called otherwise.
    """
    temporary, (name, otherwise) = store.temporary(), names
    try:
        made, unpacked = temporary / "made", temporary / "unpacked"
        for folder in (made / KEPT, unpacked):
            folder.mkdir(parents=True)
        with Index(temporary / "index.sqlite") as index:
            warnings = read(index, unpacked)
            _check_pictures(index, on_disk, unpacked, made, progress)
            folder = store.datasets / content_id(index.run(CONTENT))
            if not folder.exists():
                _fill(made, clean_name(name or otherwise), index, warnings)
                publish(made, folder)
            elif name:
                write_name(folder, clean_name(name))
        return Dataset.open(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError("disk_ran_full") from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def clean_name(name: str) -> str:
    """A name as lists can show it: one line, 80 characters."""
    return clean_label(name)[:80]


def _own_name(source: Path) -> str:
    source = source.resolve()
    name = source.name if source.is_dir() else source.stem
    return name.removesuffix(".tar")


def _check_source(source: Path, store: Store) -> None:
    """Raises UserError for what is no source: nothing at all, this workspace, or what an import made."""
    if not source.exists():
        raise UserError("source_missing", source=shown(source))
    manifest = source / "manifest.csv" if source.is_dir() else source
    with contextlib.suppress(OSError), open(manifest, "rb") as file:
        if file.read(1000).startswith(",".join(COLUMNS).encode()):
            raise UserError("source_dataset", source=shown(source))
    real = source.resolve()
    if store.root.is_relative_to(real) or (store.root / store.owner) in (real, *real.parents):
        raise UserError("source_workspace", source=shown(source), workspace=shown(store.root))


def _read_labels(index: Index, on_disk: Path | None, unpacked: Path) -> list[Message]:
    """Write to the index what class, part and group each picture is of: by a table of labels, or else the folders."""

    def content(number: int, name: str) -> str:
        return f"{on_disk}/{name}" if on_disk else f"{unpacked}/{number:06d}"

    table = find_table(index, content)
    if not table:
        return read_layout(index)
    index.run("DELETE FROM file WHERE id = ?", table[0])
    return read_table(content(*table), table[1], index)


def _check_pictures(index: Index, on_disk: Path | None, unpacked: Path, made: Path, progress: Progress | None) -> None:
    """Copy every picture of a class to `made`, and write to the index what its copy is, or why it cannot be read."""
    of_a_class = "picture AND label IS NOT NULL"
    total = index.count_files(of_a_class)
    if on_disk:
        check_space(made, index.value("SELECT sum(bytes) FROM file WHERE picture"))
    copied: deque[Picture] = deque()  # and not measured yet: the few that the decoders have before them

    def copies() -> Iterator[tuple[str, str]]:
        for number, (file, name, _, *place) in enumerate(index.files(of_a_class)):
            picture = Picture(number, f"{KEPT}/{number:06d}{os.path.splitext(name)[1].lower()}", name, *place)
            copy = f"{made}/{picture.path}"  # no Path: it keeps its parts in a table of Python's, for good in 3.12
            try:
                if on_disk:
                    _copy(f"{on_disk}/{name}", copy, name)
                else:
                    os.replace(f"{unpacked}/{file:06d}", copy)
            except UserError as error:
                _note_unreadable(index, picture, error.message, "")
                continue
            copied.append(picture)
            yield copy, name

    with contextlib.closing(measured(copies())) as answers:
        for answer in answers:
            picture = copied.popleft()
            if isinstance(answer, Message):
                with open(f"{made}/{picture.path}", "rb") as file:
                    _note_unreadable(index, picture, answer, hashlib.file_digest(file, "sha256").hexdigest())
            else:
                _note(index, picture, answer)
            if progress:
                progress("check", picture.number + 1, total)


def _copy(source: str, copy: str, name: str) -> None:
    """A copy of the file's bytes, at most as many as a picture may have, and one. UserError where it cannot be read."""
    with open(copy, "xb") as file:
        for chunk in _chunks(source, name):
            file.write(chunk)


def _chunks(source: str, name: str) -> Iterator[bytes]:
    left = MAX_BYTES + 1
    try:
        with open(source, "rb") as file:
            while chunk := file.read(min(left, MB)):
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise UserError("image_no_access", file=shown(name), reason=error.strerror) from error


def _note(index: Index, picture: Picture, answer: Measured) -> None:
    index.run(
        """INSERT INTO picture (id, path, source, label, part, grp, sha256, drawn, bytes, width, height, dhash, fate)
        VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?, 'kept')""",
        *(picture.number, picture.path, encoded(picture.source), picture.label, picture.part, picture.group),
        *(answer.sha256, draw(answer.sha256, SPLIT_SEED), answer.bytes, answer.width, answer.height, answer.dhash),
    )


def _note_unreadable(index: Index, picture: Picture, reason: Message, sha256: str) -> None:
    index.run(
        """INSERT INTO picture (id, path, source, label, part, grp, sha256, fate, reason)
        VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, 'unreadable', ?)""",
        *(picture.number, picture.path, encoded(picture.source), picture.label, picture.part, picture.group),
        *(sha256, json.dumps(reason.to_json())),
    )


def content_id(pictures: Iterable[tuple[str, str, str, str]]) -> str:
    """An id that is the content's: what lies in which class, part and group, whatever the files are called.

    pictures: (label, part, sha256, group), sorted.
    """
    content = hashlib.sha256()
    for *row, group in pictures:
        content.update("".join(f"{value}\n" for value in [*row, *filter(None, [group])]).encode())
    return content.hexdigest()[:16]


def _fill(folder: Path, name: str, index: Index, warnings: list[Message]) -> None:
    """Decide what is kept and where it belongs, and write it down; files that are not kept go."""
    _sort_out(index)
    labels = index.column("SELECT DISTINCT label FROM picture WHERE fate = 'kept'")
    if len(labels) < 2:
        raise _too_few(index)
    remove_left_out(index, folder)
    given = index.value("SELECT EXISTS (SELECT * FROM picture WHERE fate = 'kept' AND part = 'val')")
    outside = group_near_duplicates(index)
    _split(index, given)
    write_manifest(folder, _manifest(index))
    counts = {label: dict.fromkeys(PARTS, 0) for label in sorted(labels)}
    for label, part, count in index.run("SELECT label, split, count(*) FROM picture WHERE split <> '' GROUP BY 1, 2"):
        counts[label][part] = count
    found = _left_out(index)
    warnings = [*warnings, *_warn_left_out(found), *_warn_lost(index), *_warn_kept(index, counts)]
    warnings += _warn_near(index, outside)
    report = {
        "split": "given" if given else "made",
        "totals": {kind: count for kind, (count, _) in found.items()},
        **{kind: listed for kind, (_, listed) in found.items()},
        "warnings": [warning.to_json() for warning in warnings],
        "pictured": pictured(index),
    }
    write_report(folder, name, counts, report)


def _sort_out(index: Index) -> None:
    """What becomes of pictures that are there more than once, to the byte, and of their groups.

    In several classes: none is kept, for nobody knows which class is right.
    In one class and part: the first is kept. In one class and several parts: one in each, which the report lists.
    """
    same = "SELECT * FROM picture AS same WHERE same.sha256 = picture.sha256 AND same.fate <> 'unreadable'"
    index.run(
        f"""UPDATE picture SET fate = 'conflict' WHERE fate = 'kept'
        AND (EXISTS ({same} AND same.label < picture.label) OR EXISTS ({same} AND same.label > picture.label))"""
    )
    _join_groups(index)
    index.run(
        f"""UPDATE picture SET fate = 'duplicate' WHERE fate = 'kept'
        AND EXISTS ({same} AND same.label = picture.label AND same.part = picture.part AND same.id < picture.id)"""
    )


def _join_groups(index: Index) -> None:
    """Groups that have a picture in common become one, called as the first of them: else it would be on both sides."""
    joined: dict[str, str] = {}  # with which other one

    def last(group: str) -> str:
        while group in joined:
            joined[group] = joined.get(joined[group], joined[group])
            group = joined[group]
        return group

    for _, rows in groupby(index.run(COPIES_IN_GROUPS), key=lambda row: row[0]):
        first, *others = sorted({last(group) for _, group in rows})
        joined.update(dict.fromkeys(others, first))
    index.run_many("UPDATE picture SET grp = ? WHERE grp = ?", [(last(group), group) for group in joined])
    index.run(f"UPDATE picture SET grp = ({GROUP_OF_COPY}) WHERE grp = '' AND EXISTS ({GROUP_OF_COPY})")


def _split(index: Index, given: bool) -> None:
    """The split as it was given; else a val part made from train, while a given test part stays what it is.

    A group of several classes goes where the class with the fewest units puts it: that one has the least choice.
    """
    index.run("UPDATE picture SET split = iif(part = '', 'train', part) WHERE fate = 'kept'")
    if given:
        return
    query = f"""SELECT label, count(*) FROM picture WHERE split = 'train'
        GROUP BY label ORDER BY count(DISTINCT {UNIT}), label"""
    for label, images in index.run(query).fetchall():
        sides = stratified(index.run(UNITS, label), images)
        index.run_many("INSERT OR REPLACE INTO unit VALUES (?, ?)", sides)
    val = "SELECT name FROM unit WHERE split = 'val'"
    index.run(f"UPDATE picture SET split = 'val' WHERE split = 'train' AND {UNIT} IN ({val})")


def _manifest(index: Index) -> Iterator[tuple]:
    """The rows of the manifest, by part, class and content: the same order on every machine."""
    query = """SELECT path, label, split, sha256, bytes, width, height, grp, '', source FROM picture
        WHERE split = ? ORDER BY label, sha256"""
    for part in PARTS:
        for *row, source in index.run(query, part):
            yield (*row, source.encode("utf-8", "replace").decode())


def _left_out(index: Index) -> dict[str, tuple[int, list]]:
    """What the report lists: of each kind how often it was found, and the first LISTED."""
    unreadable = index.run("SELECT source, reason FROM picture WHERE fate = 'unreadable' ORDER BY id LIMIT ?", LISTED)
    duplicates = index.run(
        """SELECT (SELECT source FROM picture AS first WHERE first.sha256 = picture.sha256
            AND first.label = picture.label AND first.part = picture.part AND first.fate = 'kept' LIMIT 1), source
        FROM picture WHERE fate = 'duplicate' ORDER BY id LIMIT ?""",
        LISTED,
    )
    leaks = f"""(SELECT id, source AS other, LEAD(source) OVER (PARTITION BY sha256 ORDER BY {RANK}) AS source
        FROM picture WHERE fate = 'kept') WHERE source IS NOT NULL"""
    conflicts = index.run(
        """SELECT min(id) OVER (PARTITION BY sha256) AS first, source FROM picture WHERE fate = 'conflict'
        ORDER BY first, id LIMIT ?""",
        LISTED,
    )
    same_content = groupby(conflicts, key=lambda row: row[0])
    count = "SELECT count(*) FROM picture WHERE fate = ?"
    return {
        "unreadable": (
            index.value(count, "unreadable"),
            [{"file": shown(source), "reason": json.loads(reason)} for source, reason in unreadable],
        ),
        "duplicates": (index.value(count, "duplicate"), [[shown(a), shown(b)] for a, b in duplicates]),
        "leaks": _pairs(index, leaks),
        "conflicts": (
            index.value("SELECT count(DISTINCT sha256) FROM picture WHERE fate = 'conflict'"),
            [[shown(source) for _, source in group] for _, group in same_content],
        ),
        "near_duplicates": _pairs(index, f"{NEAR} WHERE other <> source"),
        "near_leaks": _pairs(index, f"{NEAR} WHERE split <> home AND copies = 1"),
        **{kind: _names(index, query) for kind, query in TABLE_FINDINGS.items()},
    }


def _pairs(index: Index, table: str) -> tuple[int, list]:
    """How many (other, source) a table has, and the first LISTED."""
    pairs = index.run(f"SELECT other, source FROM {table} ORDER BY id LIMIT ?", LISTED)
    return index.value(f"SELECT count(*) FROM {table}"), [[shown(a), shown(b)] for a, b in pairs]


def _names(index: Index, query: str) -> tuple[int, list]:
    """How many names a query answers, and the first LISTED."""
    names = index.column(f"{query} LIMIT ?", LISTED)
    return index.value(f"SELECT count(*) FROM ({query})"), [shown(name) for name in names]


def _too_few(index: Index) -> UserError:
    """Why fewer than two classes are left of a tree that had them."""
    counts = dict(index.run("SELECT fate, count(*) FROM picture GROUP BY fate").fetchall())
    first = index.column("SELECT reason FROM picture WHERE fate = 'unreadable' ORDER BY id LIMIT 1")
    return UserError(
        "import_few_classes",
        kept=counts.get("kept", 0),
        unreadable=counts.get("unreadable", 0),
        conflicts=counts.get("conflict", 0),
        reason=Message.from_json(json.loads(first[0])) if first else "",
    )


def _warn_left_out(found: dict[str, tuple[int, list]]) -> list[Message]:
    """A sentence for each kind of thing that the report lists."""
    named = {
        "unreadable": lambda entry: entry["file"],
        "duplicates": lambda pair: pair[1],
        "leaks": lambda pair: pair[1],
        "near_leaks": lambda pair: pair[1],
        "conflicts": lambda group: group[0],
        **dict.fromkeys(TABLE_FINDINGS, lambda name: name),
    }
    return [
        Message(f"import_{kind}", {"count": count, "files": few(map(named[kind], listed))})
        for kind, (count, listed) in found.items()
        if count and kind in named
    ]


def _warn_near(index: Index, outside: list[int]) -> list[Message]:
    """How many groups look alike in several classes, how many pictures do at all, and how many so much that no group
    holds them all."""
    found = []
    like = "FROM picture WHERE near IS NOT NULL"
    several = f"SELECT near {like} GROUP BY near HAVING {IN_CLASSES}"
    if count := index.value(f"SELECT count(*) FROM ({several})"):
        names = few(index.column(f"SELECT source {like} AND near IN ({several}) ORDER BY near, id LIMIT ?", FEW + 1))
        found.append(Message("import_near_conflicts", {"count": count, "files": names}))
    if groups := index.value(f"SELECT count(DISTINCT near) {like}"):
        names = few(index.column(f"SELECT source {like} ORDER BY near, id LIMIT ?", FEW + 1))
        values = {"count": index.value(f"SELECT count(*) {like}"), "groups": groups, "files": names}
        found.append(Message("import_near_duplicates", values))
    if outside:
        names = few(index.value("SELECT source FROM picture WHERE id = ?", number) for number in outside[: FEW + 1])
        found.append(Message("import_near_many", {"count": len(outside), "files": names}))
    return found


def _warn_lost(index: Index) -> list[Message]:
    lost = index.column("SELECT label FROM picture EXCEPT SELECT label FROM picture WHERE fate = 'kept' ORDER BY label")
    return [Message("import_lost", {"labels": few(lost)})] if lost else []


def _warn_kept(index: Index, counts: dict[str, dict[str, int]]) -> list[Message]:
    """What may spoil a training on pictures that are all in order: too small, too few, too uneven."""
    found = []
    small = "FROM picture WHERE fate = 'kept' AND min(width, height) < ?"
    if count := index.value(f"SELECT count(*) {small}", SMALL):
        names = few(index.column(f"SELECT source {small} ORDER BY id LIMIT ?", SMALL, FEW + 1))
        found.append(Message("import_small", {"count": count, "files": names, "pixels": SMALL}))
    images = {label: sum(parts.values()) for label, parts in counts.items()}
    if single := [label for label, count in images.items() if count == 1]:
        found.append(Message("dataset_single", {"labels": few(single)}))
    learnt = {label: (parts["train"], parts["val"]) for label, parts in counts.items()}
    made = index.value("SELECT EXISTS (SELECT * FROM unit)")
    if made and (whole := [label for label, both in learnt.items() if sum(both) > 1 and 0 in both]):
        found.append(Message("import_one_sided", {"labels": few(whole)}))
    apart, groups = _names(index, APART)
    if apart:
        found.append(Message("import_apart", {"count": apart, "groups": few(groups)}))
    large, small = max(images, key=images.get), min(images, key=images.get)
    if images[large] > IMBALANCE * images[small]:
        values = {"large": shown(large), "most": images[large], "small": shown(small), "fewest": images[small]}
        found.append(Message("import_imbalance", values))
    return found


def publish(made: Path, folder: Path) -> None:
    """Put the finished folder in its place, its bytes on the disk before its name is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "sync"):
        os.sync()  # once for all files; an fsync each takes minutes for thousands
    try:
        os.replace(made, folder)
    except OSError:
        if not folder.exists():  # else another import of the same content was first: that one it is
            raise
