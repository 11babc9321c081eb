"""The index of one import: its folders, files and pictures, in a database on the disk.

So memory stays the same for a hundred pictures and for a hundred thousand, and what an import has to find out (what is
there twice, what stands in two classes, how many there are of each) takes a query. The file lies in the import's
temporary folder and goes with it.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from resnet.data.images import is_picture

SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -250;  -- kB

CREATE TABLE folder (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE   -- '' is the top
);
CREATE TABLE file (             -- every file but the hidden ones
    id INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL,
    name TEXT NOT NULL,         -- in its folder
    kind TEXT NOT NULL,         -- the suffix in lower case, or the name where there is none
    picture INTEGER NOT NULL,   -- 1 where it is one by its suffix, else 0
    content INTEGER NOT NULL,   -- 1 where what is in it matters: a picture, or what may be a table of labels
    bytes INTEGER NOT NULL,
    label TEXT,                 -- of the class that it belongs to; NULL: none
    part TEXT,                  -- train, val, test; '' where the split is not given
    grp TEXT NOT NULL DEFAULT ''  -- of the group that stays on one side of a split; '': a group of its own
);
CREATE INDEX file_by_name ON file (folder, name, id);
CREATE INDEX file_by_base ON file (name);
CREATE TABLE line (             -- of a table of labels
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,         -- of the file that it names
    label TEXT NOT NULL,        -- '' where nothing is said; part and grp too
    part TEXT NOT NULL,
    grp TEXT NOT NULL,
    file INTEGER                -- the picture of that name; NULL: there is none
);
CREATE INDEX line_by_file ON line (file);
CREATE TABLE member (           -- a file of a zip, of which the content matters
    start INTEGER PRIMARY KEY,  -- of its header; no two start at one place
    file INTEGER NOT NULL,
    packed INTEGER NOT NULL,    -- bytes
    method INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE picture (          -- a picture of a class
    id INTEGER PRIMARY KEY,     -- in order of names
    path TEXT NOT NULL,         -- of its copy, in the data set's folder
    source TEXT NOT NULL,       -- its name where it came from
    label TEXT NOT NULL,
    part TEXT NOT NULL,
    grp TEXT NOT NULL,          -- as the file's
    sha256 TEXT NOT NULL,       -- '' where not even its bytes can be read
    drawn TEXT,                 -- its place in the order in which a split draws
    bytes INTEGER,
    width INTEGER,              -- pixels, upright
    height INTEGER,
    dhash BLOB,                 -- what it looks like, in 16 bytes
    near INTEGER,               -- a number that near duplicates have in common; NULL: looks like no other
    fate TEXT NOT NULL,         -- kept, or why it is left out: unreadable, duplicate, conflict
    reason TEXT,                -- why it is unreadable: a message as JSON
    split TEXT                  -- train, val, test; NULL: left out
);
CREATE INDEX picture_by_content ON picture (sha256, label, part, id);
CREATE INDEX picture_by_label ON picture (label, part, sha256);
CREATE INDEX picture_by_group ON picture (grp, sha256);
CREATE INDEX picture_by_near ON picture (near);
CREATE INDEX picture_by_split ON picture (split, label, sha256);
CREATE TABLE unit (             -- what stays on one side of the split that is made: see UNIT
    name PRIMARY KEY,
    split TEXT NOT NULL         -- train, val
);
BEGIN;
"""
TABLES, TABLE_BYTES = (".csv", ".tsv"), 50_000_000  # a table of labels by its suffix; the largest that is looked at
CONTRADICTED = """SELECT file FROM line WHERE label <> '' AND file IS NOT NULL
    GROUP BY file HAVING count(DISTINCT label || char(10) || part || char(10) || grp) > 1"""
UNIT = "iif(picture.grp = '', picture.id, picture.grp)"  # of a picture: a number where it is a group of its own
NAME = "iif(folder.name = '', file.name, folder.name || '/' || file.name)"  # of a file, whole


class Index:
    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.text_factory = lambda content: content.decode("utf-8", "surrogatepass")
        self._database.executescript(SCHEMA)
        self._folder = ("", self.add_folder(""))  # the last one, for files come folder by folder

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.execute(statement, values)

    def run_many(self, statement: str, rows: Iterator[tuple]) -> None:
        self._database.executemany(statement, rows)

    def value(self, query: str, *values: object) -> object:
        return self.run(query, *values).fetchone()[0]

    def column(self, query: str, *values: object) -> list:
        return [value for (value,) in self.run(query, *values)]

    def add_folder(self, name: str) -> int:
        """Its id; a folder may be added twice."""
        self.run("INSERT OR IGNORE INTO folder (name) VALUES (CAST(? AS TEXT))", encoded(name))
        return self.value("SELECT id FROM folder WHERE name = CAST(? AS TEXT)", encoded(name))

    def add_file(self, name: str, bytes: int) -> int:
        """Its id; files of one name, which archives may hold, are files of their own."""
        folder, _, base = name.rpartition("/")
        if folder != self._folder[0]:
            self._folder = (folder, self.add_folder(folder))
        kind = os.path.splitext(base)[1].lower() or base
        statement = """INSERT INTO file (folder, name, kind, picture, content, bytes)
            VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)"""
        values = (encoded(base), encoded(kind), is_picture(base), has_content(base, bytes), bytes)
        return self.run(statement, self._folder[1], *values).lastrowid

    def folders(self) -> Iterator[tuple[int, tuple[str, ...], int]]:
        """(id, name in parts, pictures directly in it) of each folder, in order of names."""
        query = """SELECT id, name, (SELECT count(*) FROM file WHERE file.folder = folder.id AND picture)
            FROM folder ORDER BY name"""
        return ((number, tuple(name.split("/")) if name else (), count) for number, name, count in self.run(query))

    def files(self, where: str) -> sqlite3.Cursor:
        """(id, name, bytes, label, part, group) of the files that `where` holds for, in order of names."""
        return self.run(
            f"""SELECT file.id, {NAME}, file.bytes, label, part, grp
            FROM folder CROSS JOIN file ON file.folder = folder.id WHERE {where}
            ORDER BY folder.name, file.name, file.id"""
        )

    def count_files(self, where: str) -> int:
        return self.value(f"SELECT count(*) FROM file JOIN folder ON folder.id = file.folder WHERE {where}")


def has_content(name: str, bytes: int) -> bool:
    """Whether what is in a file matters: it is a picture, or may be a table of labels."""
    return is_picture(name) or (name.lower().endswith(TABLES) and bytes <= TABLE_BYTES)


def encoded(name: str) -> bytes:
    """Names on a disk are not always text: UTF-8, and what cannot be said in it as Python writes it."""
    return name.encode("utf-8", "surrogatepass")
