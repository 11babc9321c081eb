"""An imported data set: a folder with its files, a manifest of them, and a report.

ID/files/        the pictures, numbered
ID/left_out/     the first of those that stand in several classes, for the report to show; where there are any
ID/manifest.csv  a row a picture: class, part, hash, size, where it came from
ID/report.json   what the import found: counts, and what was left out, and why
ID/name.json     what it is called; the one thing that may change
"""

import contextlib
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from resnet.data.images import shown
from resnet.data.layout import PARTS, clean_label, few
from resnet.errors import UserError
from resnet.store import FORMAT, Store, folders, read_json, write_json
from resnet.text import Message

DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    csv.Error,
)  # what reading a data set's files may raise
KEPT, ASIDE = "files", "left_out"  # its folders: of its pictures, and of those that only its report shows
COLUMNS = ("path", "class", "split", "sha256", "bytes", "width", "height", "group", "parent", "source")


@dataclass(frozen=True, slots=True)
class Record:
    """One picture."""

    path: Path  # absolute
    label: str
    target: int  # place of the label in `Dataset.classes`
    split: str  # train, val, test
    sha256: str
    bytes: int
    width: int  # pixels, upright
    height: int
    group: str  # pictures of one group stay on one side of a split; "": a group of its own
    parent: str  # id of the data set that it was taken over from; "": none
    source: str  # its name where it was imported from


@dataclass(frozen=True)
class Dataset:
    folder: Path
    name: str
    classes: list[str]  # sorted; a record's target is a place in it
    report: dict

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """The data set in `folder`; its manifest stays closed until records are asked for."""
        try:
            name, report = read_name(folder), _read_report(folder)
            if not (folder / "manifest.csv").is_file():
                raise FileNotFoundError("manifest.csv")
            return cls(folder, name, sorted(report["counts"]), report)
        except DAMAGED as error:
            raise _damaged(folder, error) from error

    @property
    def id(self) -> str:
        return self.folder.name

    @cached_property
    def records(self) -> list[Record]:
        """All pictures, by part, class and content."""
        return list(self.read_records())

    def read_records(self) -> Iterator[Record]:
        """The same, one by one."""
        targets = {label: target for target, label in enumerate(self.classes)}
        try:
            with open(self.folder / "manifest.csv", encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    yield _record(row, self.folder, targets)
        except DAMAGED as error:
            raise _damaged(self.folder, error) from error

    def part(self, split: str) -> list[Record]:
        """The records of train, val or test."""
        return [record for record in self.records if record.split == split]

    def problems(self) -> list[Message]:
        """What stops a training: fewer than two classes, a class of which there is nothing to learn or to check."""
        found = []
        if len(self.classes) < 2:
            found.append(Message("dataset_few_classes", {"count": len(self.classes)}))
        learnt = {label: parts["train"] for label, parts in self.report["counts"].items()}
        held = {label: parts["train"] + parts["val"] for label, parts in self.report["counts"].items()}
        if single := [label for label in self.classes if held[label] == 1]:
            found.append(Message("dataset_single", {"labels": few(single)}))
        if unseen := [label for label in self.classes if not learnt[label] and held[label] != 1]:
            found.append(Message("dataset_no_train", {"labels": few(unseen)}))
        if not found and not any(parts["val"] for parts in self.report["counts"].values()):
            found.append(Message("dataset_no_val"))
        return found


def _record(row: dict[str, str], folder: Path, targets: dict[str, int]) -> Record:
    if Path(row["path"]).parent != Path(KEPT) or row["split"] not in PARTS:  # it might lead anywhere
        raise ValueError(f"manifest.csv: {row['path']}, {row['split']}")
    return Record(
        path=folder / row["path"],
        label=row["class"],
        target=targets[row["class"]],
        split=row["split"],
        sha256=row["sha256"],
        bytes=int(row["bytes"]),
        width=int(row["width"]),
        height=int(row["height"]),
        group=row["group"],
        parent=row["parent"],
        source=row["source"],
    )


def _damaged(folder: Path, error: Exception) -> UserError:
    return UserError("dataset_damaged", folder=folder.name, reason=shown(error))


def list_datasets(store: Store) -> list[dict]:
    """{id, name, images, classes, split} of each data set, oldest first; no damaged ones; manifests stay closed."""
    found = []
    for folder in folders(store.datasets):
        with contextlib.suppress(*DAMAGED):
            report = _read_report(folder)
            summary = {"id": folder.name, "name": read_name(folder), "images": report["images"]}
            found.append({**summary, "classes": len(report["counts"]), "split": report["split"]})
    return found


def write_manifest(folder: Path, rows: Iterable[tuple]) -> None:
    """rows: values of COLUMNS, in the order that the records shall have."""
    with open(folder / "manifest.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def write_report(folder: Path, name: str, counts: dict[str, dict[str, int]], report: dict) -> None:
    """Report and name of the data set in `folder`. counts: label -> part -> images."""
    images = sum(sum(parts.values()) for parts in counts.values())
    write_json(folder / "report.json", {**report, "format": FORMAT, "name": name, "images": images, "counts": counts})
    write_name(folder, name)


def _read_report(folder: Path) -> dict:
    """report.json, with all in it that others rely on; raises one of DAMAGED otherwise."""
    report = read_json(folder / "report.json")
    numbers = [report["images"], *(parts[part] for parts in report["counts"].values() for part in PARTS)]
    if not all(type(number) is int for number in numbers) or report["split"] not in ("given", "made"):
        raise ValueError("report.json: images, counts or split")
    if any(label != clean_label(label) for label in report["counts"]):
        raise ValueError("report.json: a label that cannot be shown")
    for message in (*report["warnings"], *(entry["reason"] for entry in report["unreadable"])):
        Message.from_json(message).say()
    if not all(isinstance(entry["file"], str) for entry in report["unreadable"]):
        raise ValueError("report.json: unreadable")
    for group in (group for groups in report.get("pictured", {}).values() for group in groups):
        if type(group["count"]) is not int or not all(map(_is_pictured, group["pictures"])):
            raise ValueError("report.json: pictured")
    return report


def _is_pictured(entry: dict) -> bool:
    """Whether this is a picture as resnet.data.pictured lists it."""
    words = all(isinstance(entry[name], str) for name in ("path", "source", "label"))
    numbers = all(type(entry[name]) is int for name in ("width", "height"))
    inside = Path(entry["path"]).parent in (Path(KEPT), Path(ASIDE))  # it might lead anywhere
    return words and numbers and inside and entry["split"] in ("", *PARTS)


def read_name(folder: Path) -> str:
    name = read_json(folder / "name.json")["name"]
    if not isinstance(name, str):
        raise TypeError(f"name.json: {name!r}")
    return name


def write_name(folder: Path, name: str) -> None:
    write_json(folder / "name.json", {"format": FORMAT, "name": name})
