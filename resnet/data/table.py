"""A table of labels: a CSV that says of each picture which class it shows, and where wanted its group and part.

    filename,label,group,split
    scans/1.jpg,healthy,patient 7,train

Names are relative to the table. It is known by its first line; commas, semicolons or tabs divide it.
"""

import contextlib
import csv
import functools
import os
import unicodedata
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from resnet.data.bounds import Bounds, is_hidden, safe_name
from resnet.data.images import is_picture, shown
from resnet.data.index import CONTRADICTED, TABLES, Index, encoded
from resnet.data.layout import FEW, PART_NAMES, clean_label, doubtful, few, ignored, labelled
from resnet.errors import UserError
from resnet.text import Message

HEADINGS = {
    **dict.fromkeys(("filename", "file_name", "file", "path", "image", "文件名", "文件"), "filename"),
    **dict.fromkeys(("label", "class", "标签", "类别"), "label"),
    **dict.fromkeys(("group", "分组", "组"), "group"),
    **dict.fromkeys(("split", "划分"), "split"),
}
DELIMITERS = ",;\t"
HEAD = 2000  # characters of a first line
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how it begins; Excel calls it Unicode text
PICTURES = """SELECT file.id FROM file JOIN folder ON folder.id = file.folder
    WHERE picture AND file.name = CAST(? AS TEXT)"""


class Row(NamedTuple):
    """A picture's; what the table does not say is empty."""

    filename: str
    label: str
    group: str
    split: str


class Head(NamedTuple):
    """How a table is to be read, told by its first line."""

    number: int  # of that line
    line: str
    encoding: str
    delimiter: str
    columns: list[str]  # fields of Row; "" for a column of another kind

    @property
    def is_known(self) -> bool:
        return {"filename", "label"} <= {*self.columns}


def is_table(source: Path) -> bool:
    return source.suffix.lower() in TABLES and source.is_file()


def find_table(index: Index, place: Callable[[int, str], str]) -> tuple[int, str] | None:
    """(number, name) of the table that stands beside or above all pictures; raises UserError where several do.

    place: where the content of a file lies, by its number and name.
    """
    if not index.count_files("picture"):
        return None
    top = functools.reduce(_common, (folder for _, folder, pictures in index.folders() if pictures))
    found = [
        (number, name)
        for number, name, *_ in index.files(f"content AND kind IN {TABLES}")
        if top[: name.count("/")] == tuple(name.split("/")[:-1]) and _is_known(place(number, name))
    ]
    if len(found) > 1:
        raise UserError("table_several", files=few(name for _, name in found))
    return found[0] if found else None


def list_pictures(table: Path, index: Index, bounds: Bounds) -> None:
    """List in `index` the pictures that a table on the disk names, as far as there are such."""
    for _, row in _rows(table, table.name):
        said = _joined("", row.filename)
        name = next((form for form in (said, *_forms(said)) if os.path.isfile(f"{table.parent}/{form}")), "")
        if is_picture(name) and not is_hidden(name) and not _find(index, name):
            size = os.path.getsize(f"{table.parent}/{name}")
            bounds.add_file(name)
            bounds.add_picture(size)
            index.add_file(name, size)


def read_table(path: str | Path, name: str, index: Index) -> list[Message]:
    """Write to the index what the table at `path` says of its pictures; returns what is doubtful, in sentences.

    name: the table's, in the source; its rows are relative to it.
    Raises UserError where it cannot be read, or does not tell two classes apart.
    """
    folder = name.rpartition("/")[0]
    for number, row in _rows(path, name):
        label, group = (clean_label(text) if text else "" for text in (row.label, row.group))
        part = _part(row.split, number, name)
        file = _find(index, _joined(folder, row.filename)) or _find_inside(index, row.filename)
        values = (number, encoded(row.filename), label, part, group, file)
        index.run("INSERT INTO line VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?)", *values)
    if index.value("SELECT EXISTS (SELECT * FROM line WHERE part <> '')"):
        index.run("UPDATE line SET part = 'train' WHERE part = ''")
    index.run(
        f"""UPDATE file
        SET (label, part, grp) = (SELECT label, part, grp FROM line WHERE file = file.id AND label <> '')
        WHERE id IN (SELECT file FROM line WHERE label <> '') AND id NOT IN ({CONTRADICTED})"""
    )
    return _doubtful(index, name)


def _doubtful(index: Index, table: str) -> list[Message]:
    classes = labelled(index)
    labels = sorted({label for label, _ in classes})
    if not labels:
        names = index.column("SELECT name FROM line ORDER BY id LIMIT ?", FEW + 1)
        raise UserError("table_no_pictures", table=shown(table), files=few(names) or "-")
    if len(labels) == 1:
        raise UserError("table_one_class", table=shown(table), label=shown(labels[0]))
    return ignored(index) + doubtful(labels, classes)


def _rows(path: str | Path, name: str) -> Iterator[tuple[int, Row]]:
    """(line, row) of each row that names a file, its fields without outer blanks. Raises UserError."""
    line = 1
    try:
        head = _head(path)
        if not head.is_known:
            raise UserError("table_head", table=shown(name), found=shown(head.line.strip()) or "-")
        places = [head.columns.index(field) if field in head.columns else None for field in Row._fields]
        with open(path, encoding=head.encoding, newline="") as file:
            for cells in (lines := csv.reader(file, delimiter=head.delimiter)):
                line = lines.line_num
                row = Row._make("" if at is None or at >= len(cells) else cells[at].strip() for at in places)
                if row.filename and line > head.number:
                    yield line, row
    except UnicodeError as error:
        raise UserError("table_encoding", table=shown(name)) from error
    except csv.Error as error:
        raise UserError("table_broken", table=shown(name), line=line + 1) from error
    except OSError as error:
        raise UserError("source_no_access", source=shown(name), reason=error.strerror) from error


def _head(path: str | Path) -> Head:
    with open(path, "rb") as file:
        encoding = "utf-16" if file.read(2) in UTF16 else "utf-8-sig"
    with open(path, encoding=encoding, errors="replace", newline="") as file:  # a table that is wrong is a table
        number, line = 1, file.readline(HEAD)
        if line.lower().startswith("sep="):  # Excel's
            number, line = 2, file.readline(HEAD)
    heads = []
    for delimiter in DELIMITERS:
        names = next(csv.reader([line], delimiter=delimiter), [])
        columns = [HEADINGS.get(name.strip().lower(), "") for name in names]
        heads.append(Head(number, line, encoding, delimiter, columns))
    return max(heads, key=lambda head: head.is_known)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The folders that two names share."""
    return tuple(name for name, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _is_known(path: str) -> bool:
    with contextlib.suppress(OSError, UnicodeError, csv.Error):
        return _head(path).is_known
    return False


def _part(text: str, line: int, table: str) -> str:
    """train, val or test, "" where nothing is said; raises UserError for any other word."""
    part = PART_NAMES.get(text.lower(), "")
    if text and not part:
        raise UserError("table_split", table=shown(table), line=line, value=shown(text))
    return part


def _joined(folder: str, filename: str) -> str:
    """A row's file as the index names it; "" where it would lie outside."""
    with contextlib.suppress(UserError):
        inside = safe_name(filename)
        return f"{folder}/{inside}" if folder else inside
    return ""


def _forms(name: str) -> tuple[str, str]:
    """Either form of Unicode: macOS writes the one, tables have the other."""
    return unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)


def _find(index: Index, name: str) -> int | None:
    """The number of a picture by its name, in either form."""
    for form in _forms(name):
        folder, _, base = form.rpartition("/")
        query = f"{PICTURES} AND folder.name = CAST(? AS TEXT) LIMIT 1"
        for number in index.column(query, encoded(base), encoded(folder)):
            return number
    return None


def _find_inside(index: Index, base: str) -> int | None:
    """The same by its last part, where no other picture has that: a table often leaves out the folder."""
    numbers = index.column(f"{PICTURES} LIMIT 2", encoded(base))
    return numbers[0] if len(numbers) == 1 else None
