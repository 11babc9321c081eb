"""The import: a folder or a zip becomes a data set of the workspace, checked picture by picture, or a sentence.

Everything is made in a temporary folder on the workspace's disk and renamed into its place when it is whole.
"""

import errno
import hashlib
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from resnet.data.archive import Limits, Progress, check_space, read_tree
from resnet.data.dataset import Dataset, Record, write_dataset, write_name
from resnet.data.images import MAX_BYTES, measure, shown
from resnet.data.layout import PARTS, Picture, clean_label, few, read_layout
from resnet.data.split import stratified
from resnet.errors import UserError
from resnet.store import Store
from resnet.text import Message

SPLIT_SEED = 0
SMALL = 32  # pixels of the shorter side; less leaves a ResNet's last stage no picture to look at (it sees 1/32)
IMBALANCE = 4  # the largest class over the smallest; from here on a warning


@dataclass(frozen=True)
class Examined:
    """A picture that was read, decoded to its end and copied; or the sentence why not."""

    picture: Picture
    path: Path
    sha256: str = ""  # "" where even the bytes could not be read
    bytes: int = 0
    width: int = 0  # pixels, upright
    height: int = 0
    reason: Message | None = None

    @property
    def source(self) -> str:
        return shown(self.picture.name)


def import_dataset(
    source: str | Path,
    store: Store,
    name: str | None = None,
    progress: Progress | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Dataset:
    """The data set made of `source`, a folder (read, never written) or a zip.

    name: what it is called (default: the source's own name).
    progress: called with ("unpack" or "check", done, total) as pictures are done; what it raises ends the import.
    The same content gives the same data set, which is then only renamed, where a name is given.
    Raises UserError, with nothing left behind.
    """
    source = Path(source)
    temporary = store.temporary()
    try:
        (temporary / "unpacked").mkdir()
        tree = read_tree(source, temporary / "unpacked", limits, progress)
        layout = read_layout(tree)
        made = temporary / "made"
        (made / "files").mkdir(parents=True)
        found = _examine(layout.pictures, made, progress, unpacked=not source.is_dir())
        folder = store.datasets / _content_id(found)
        if folder.exists():
            if name:
                write_name(folder, clean_name(name))
            return Dataset.open(folder)
        _fill(made, clean_name(name or _own_name(source)), found, layout.warnings)
        _publish(made, folder)
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
    return source.name if source.is_dir() else source.stem


def _examine(pictures: list[Picture], folder: Path, progress: Progress | None, unpacked: bool) -> list[Examined]:
    """All pictures read, checked and copied to `folder`, in threads.

    Reading, hashing and decoding release Python's lock: two threads are twice as fast as one, and ahead of two
    processes, which have to start first (4000 pictures of 224 pixels: 0.37 s against 0.51 s).
    """
    if not unpacked:
        check_space(folder, sum(picture.path.stat().st_size for picture in pictures))
    paths = [folder / "files" / f"{i:06d}{p.name.suffix.lower()}" for i, p in enumerate(pictures)]
    found = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        try:
            for examined in pool.map(partial(_examine_one, unpacked=unpacked), pictures, paths):
                found.append(examined)
                if progress:
                    progress("check", len(found), len(pictures))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _examine_one(picture: Picture, path: Path, unpacked: bool) -> Examined:
    """Read a picture once: hash, decode, and keep those very bytes."""
    name = picture.name
    try:
        with open(picture.path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return Examined(
            picture, path, reason=Message("image_no_access", {"file": shown(name), "reason": error.strerror})
        )
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        width, height = measure(content, name)
    except UserError as error:
        return Examined(picture, path, sha256, len(content), reason=error.message)
    if unpacked:
        os.replace(picture.path, path)
    else:
        path.write_bytes(content)
    return Examined(picture, path, sha256, len(content), width, height)


def _content_id(found: Iterable[Examined]) -> str:
    """An id that is the content's: what lies in which class and part, whatever the files are called."""
    rows = sorted(f"{item.picture.label}\n{item.picture.part}\n{item.sha256}\n" for item in found)
    return hashlib.sha256("".join(rows).encode()).hexdigest()[:16]


def _fill(folder: Path, name: str, found: list[Examined], warnings: list[Message]) -> None:
    """Decide what is kept and where it belongs, and write it down; files that are not kept go."""
    whole = [item for item in found if item.reason is None]
    kept, duplicates, leaks, conflicts = sort_out(whole)
    unreadable = [item for item in found if item.reason]
    if len({item.picture.label for item in kept}) < 2:
        raise _too_few(kept, unreadable, conflicts)
    for path in {item.path for item in whole} - {item.path for item in kept}:
        path.unlink()

    kept.sort(key=lambda item: (item.picture.label, item.sha256))  # the split follows the content, not the names
    given = any(item.picture.part == "val" for item in kept)
    parts = [item.picture.part or "train" for item in kept]
    if not given:
        parts = _make_val(kept, parts)
    records = [_record(item, part) for item, part in zip(kept, parts, strict=True)]
    report = {
        "split": "given" if given else "made",
        "unreadable": [{"file": item.source, "reason": item.reason.to_json()} for item in unreadable],
        "duplicates": [[first.source, second.source] for first, second in duplicates],
        "leaks": [[first.source, second.source] for first, second in leaks],
        "conflicts": [[item.source for item in group] for group in conflicts],
        "warnings": [
            message.to_json()
            for message in (
                *warnings,
                *_warn_left_out(unreadable, duplicates, leaks, conflicts),
                *_warn_lost(found, kept),
                *_warn_kept(kept),
            )
        ],
    }
    write_dataset(folder, name, records, report)


def sort_out(found: list[Examined]) -> tuple[list[Examined], list[tuple], list[tuple], list[list[Examined]]]:
    """(kept, duplicates, leaks, conflicts): what becomes of pictures that are there more than once, to the byte.

    In one class and part: the first is kept; duplicates are (kept, dropped).
    In one class and several parts: one is kept in each; leaks are the pairs.
    In several classes: none is kept, for nobody knows which class is right; conflicts are the groups.
    """
    same = defaultdict(list)
    for item in sorted(found, key=lambda item: item.picture.name):
        same[item.sha256].append(item)
    kept, duplicates, leaks, conflicts = [], [], [], []
    for group in same.values():
        if len({item.picture.label for item in group}) > 1:
            conflicts.append(group)
            continue
        first = {}  # part -> the picture kept in it
        for item in group:
            if first.setdefault(item.picture.part, item) is not item:
                duplicates.append((first[item.picture.part], item))
        kept += first.values()
        leaks += pairwise(first[part] for part in PARTS if part in first)
    return kept, duplicates, leaks, conflicts


def _make_val(kept: list[Examined], parts: list[str]) -> list[str]:
    """A val part made from train; a given test part stays what it is."""
    train = [i for i, part in enumerate(parts) if part == "train"]
    made = stratified([kept[i].picture.label for i in train], [None] * len(train), SPLIT_SEED)
    parts = list(parts)
    for i, part in zip(train, made, strict=True):
        parts[i] = part
    return parts


def _record(item: Examined, part: str) -> Record:
    return Record(
        path=item.path,
        label=item.picture.label,
        target=0,  # not written down: it follows from the class list
        split=part,
        sha256=item.sha256,
        bytes=item.bytes,
        width=item.width,
        height=item.height,
        group="",
        parent="",
        source=str(item.picture.name).encode("utf-8", "replace").decode(),
    )


def _too_few(kept: list[Examined], unreadable: list[Examined], conflicts: list[list[Examined]]) -> UserError:
    """Why fewer than two classes are left of a tree that had them."""
    return UserError(
        "import_few_classes",
        kept=len(kept),
        unreadable=len(unreadable),
        conflicts=sum(map(len, conflicts)),
        reason=unreadable[0].reason if unreadable else "",
    )


def _warn_left_out(unreadable: list, duplicates: list, leaks: list, conflicts: list) -> list[Message]:
    """A sentence for each kind of thing that the report lists."""
    lists = {
        "import_unreadable": [item.source for item in unreadable],
        "import_duplicates": [dropped.source for _, dropped in duplicates],
        "import_leaks": [second.source for _, second in leaks],
        "import_conflicts": [group[0].source for group in conflicts],
    }
    return [Message(key, {"count": len(names), "files": few(names)}) for key, names in lists.items() if names]


def _warn_lost(found: list[Examined], kept: list[Examined]) -> list[Message]:
    lost = {item.picture.label for item in found} - {item.picture.label for item in kept}
    return [Message("import_lost", {"labels": few(sorted(lost))})] if lost else []


def _warn_kept(kept: list[Examined]) -> list[Message]:
    """What may spoil a training on pictures that are all in order: too small, too few, too uneven."""
    found = []
    if small := sorted(item.source for item in kept if min(item.width, item.height) < SMALL):
        found.append(Message("import_small", {"count": len(small), "files": few(small), "pixels": SMALL}))
    counts = Counter(item.picture.label for item in kept)
    if single := sorted(label for label, count in counts.items() if count == 1):
        found.append(Message("dataset_single", {"labels": few(single)}))
    (large, most), (least, fewest) = counts.most_common()[0], counts.most_common()[-1]
    if most > IMBALANCE * fewest:
        found.append(
            Message("import_imbalance", {"large": shown(large), "most": most, "small": shown(least), "fewest": fewest})
        )
    return found


def _publish(made: Path, folder: Path) -> None:
    """Put the finished folder in its place, its bytes on the disk before its name is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "sync"):
        os.sync()  # once for all files; an fsync each takes minutes for thousands
    try:
        os.replace(made, folder)
    except OSError:
        if not folder.exists():  # else another import of the same content was first: that one it is
            raise
