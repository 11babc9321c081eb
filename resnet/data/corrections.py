"""What somebody corrects in a data set: other labels, pictures left out; and the new data set that comes of it.

ID/corrections.jsonl  a line a correction: {sha256, label}; label: null leaves the picture out; the last one holds

A data set itself never changes: what was learned from it, and what is told of that, stays as true as it was.
"""

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from resnet.data.dataset import Dataset, Record, write_manifest, write_report
from resnet.data.importing import clean_name, content_id, publish
from resnet.data.layout import PARTS, few
from resnet.errors import UserError
from resnet.store import Store, append_line, read_lines, write_bytes
from resnet.text import Message

Corrections = dict[str, str | None]  # sha256 of a picture -> its label, or None where it is left out


def corrections(data: Dataset) -> Corrections:
    """What has been corrected so far, in the order in which it last was."""
    held: Corrections = {}
    for line in read_lines(_list(data)):
        sha256, label = line.get("sha256"), line.get("label", "")
        held.pop(sha256, None)
        held[sha256] = label
    own = {record.sha256: record.label for record in data.records} if held else {}
    meant = {*data.classes, None}
    return {sha: label for sha, label in held.items() if sha in own and label in meant and label != own[sha]}


def picture(data: Dataset, name: str) -> Record:
    """The one that was imported under a name, or under one that ends in it after a /, or has that sha256.

    Raises UserError where there is none, or more than one.
    """
    whole = [record for record in data.records if name in (record.source, record.sha256)]
    found = whole or [record for record in data.records if record.source.endswith(f"/{name}")]
    if not found:
        raise UserError("picture_not_named", data=data.name, name=name, example=data.records[0].source)
    if len({record.sha256 for record in found}) > 1:
        raise UserError("ambiguous", reference=name, ids=few([record.source for record in found]))
    return found[0]


def correct(data: Dataset, sha256: str, label: str | None) -> None:
    """Say that a picture shows another class of the data set's, or (None) that it is to be left out.

    Raises UserError for a picture or a class that is not the data set's.
    """
    if all(record.sha256 != sha256 for record in data.records):
        raise UserError("picture_unknown", data=data.name)
    if label is not None and label not in data.classes:
        raise UserError("not_one_of", field="label", value=label, allowed=data.classes)
    with Store.of(data.folder).exclusive():
        append_line(_list(data), {"sha256": sha256, "label": label})


def undo(data: Dataset) -> None:
    """Take back what was corrected last; without any, nothing."""
    with Store.of(data.folder).exclusive():  # another page may correct meanwhile
        lines = read_lines(_list(data))[:-1]
        write_bytes(_list(data), "".join(json.dumps(line) + "\n" for line in lines).encode())


def corrected(data: Dataset, store: Store) -> Dataset:
    """The data set that comes of the corrections: the same pictures in the same parts, so that models of both can be
    compared.

    Raises UserError where there are none, or where fewer than two classes would be left.
    """
    if not (changes := corrections(data)):
        raise UserError("nothing_corrected", data=data.name)
    kept = [(record, changes.get(record.sha256, record.label)) for record in data.records]
    kept = [(record, label) for record, label in kept if label is not None]
    counts = _counts(kept)
    if len(counts) < 2:
        raise UserError("corrections_leave_few", data=data.name)
    folder = store.datasets / content_id(sorted((label, r.split, r.sha256, r.group) for r, label in kept))
    if not folder.exists():
        _make(folder, data, kept, counts, store, _said(data, changes))
    return Dataset.open(folder)


def _counts(kept: Sequence[tuple[Record, str]]) -> dict[str, dict[str, int]]:
    counts = {label: dict.fromkeys(PARTS, 0) for label in sorted({label for _, label in kept})}
    for record, label in kept:
        counts[label][record.split] += 1
    return counts


def _said(data: Dataset, changes: Corrections) -> Message:
    out = sum(label is None for label in changes.values())
    return Message("data_corrected", {"data": data.name, "relabelled": len(changes) - out, "out": out})


def _make(
    folder: Path, data: Dataset, kept: list[tuple[Record, str]], counts: dict, store: Store, said: Message
) -> None:
    temporary = store.temporary()
    try:
        made = temporary / "made"
        (made / "files").mkdir(parents=True)
        rows = []
        for record, label in sorted(kept, key=lambda pair: (PARTS.index(pair[0].split), pair[1], pair[0].sha256)):
            path = f"files/{record.path.name}"
            _share(record.path, made / path)
            own = (record.bytes, record.width, record.height, record.group, data.id, record.source)
            rows.append((path, label, record.split, record.sha256, *own))
        write_manifest(made, rows)
        warnings = [said.to_json(), *data.report["warnings"]]
        write_report(made, _next_name(data.name), counts, {**data.report, "warnings": warnings})
        publish(made, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _next_name(name: str) -> str:
    """ants -> ants v2 -> ants v3."""
    stem, number = re.fullmatch(r"(.*?)(?: v(\d{1,4}))?", name).groups()
    return clean_name(f"{stem[:70]} v{int(number or 1) + 1}")


def _share(source: Path, copy: Path) -> None:
    """The same bytes in both data sets, where the disk can; they never change."""
    try:
        os.link(source, copy)
    except OSError:
        shutil.copyfile(source, copy)


def _list(data: Dataset) -> Path:
    return data.folder / "corrections.jsonl"
