"""An imported data set: a folder with its files, a manifest of them, and a report.

ID/files/        the pictures, numbered
ID/manifest.csv  a row a picture: class, part, hash, size, where it came from
ID/report.json   what the import found: counts, and all that was left out, and why
ID/name.json     what it is called; the one thing that may change
"""

import contextlib
import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resnet.data.images import shown
from resnet.data.layout import PARTS, few
from resnet.errors import UserError
from resnet.store import FORMAT, Store, folders, read_json, write_json
from resnet.text import Message

DAMAGED = (OSError, ValueError, KeyError, TypeError)  # what reading a data set's files may raise
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
    records: list[Record]
    report: dict

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        try:
            with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            name, report = read_json(folder / "name.json")["name"], read_json(folder / "report.json")
            classes = sorted({row["class"] for row in rows})
            targets = {label: target for target, label in enumerate(classes)}
            return cls(folder, name, classes, [_record(row, folder, targets) for row in rows], report)
        except DAMAGED as error:
            raise UserError("dataset_damaged", folder=folder.name, reason=shown(error)) from error

    @property
    def id(self) -> str:
        return self.folder.name

    def part(self, split: str) -> list[Record]:
        """The records of train, val or test."""
        return [record for record in self.records if record.split == split]

    def problems(self) -> list[Message]:
        """What stops a training: fewer than two classes, a class of which there is nothing to learn or to check."""
        found = []
        if len(self.classes) < 2:
            found.append(Message("dataset_few_classes", {"count": len(self.classes)}))
        learnt = Counter(record.label for record in self.records if record.split == "train")
        held = learnt + Counter(record.label for record in self.records if record.split == "val")
        if single := [label for label in self.classes if held[label] == 1]:
            found.append(Message("dataset_single", {"labels": few(single)}))
        if unseen := [label for label in self.classes if not learnt[label] and held[label] != 1]:
            found.append(Message("dataset_no_train", {"labels": few(unseen)}))
        return found


def _record(row: dict[str, str], folder: Path, targets: dict[str, int]) -> Record:
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


def list_datasets(store: Store) -> list[dict]:
    """{id, name, images, classes, split} of each data set, oldest first; no damaged ones; manifests stay closed."""
    found = []
    for folder in folders(store.datasets):
        with contextlib.suppress(*DAMAGED):
            report = read_json(folder / "report.json")
            name = read_json(folder / "name.json")["name"]
            summary = {"id": folder.name, "name": name, "images": report["images"]}
            found.append({**summary, "classes": len(report["counts"]), "split": report["split"]})
    return found


def write_dataset(folder: Path, name: str, records: Iterable[Record], report: dict) -> None:
    """Manifest, report and name of the data set whose files lie in `folder`; counts go into the report."""
    records = sorted(records, key=lambda record: (PARTS.index(record.split), record.label, record.path))
    with open(folder / "manifest.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for r in records:
            path = r.path.relative_to(folder).as_posix()
            size = (r.bytes, r.width, r.height)
            writer.writerow((path, r.label, r.split, r.sha256, *size, r.group, r.parent, r.source))
    counts = {label: dict.fromkeys(PARTS, 0) for label in sorted({record.label for record in records})}
    for record in records:
        counts[record.label][record.split] += 1
    report = {"format": FORMAT, "name": name, "images": len(records), "counts": counts, **report}
    write_json(folder / "report.json", report)
    write_name(folder, name)


def write_name(folder: Path, name: str) -> None:
    write_json(folder / "name.json", {"format": FORMAT, "name": name})
