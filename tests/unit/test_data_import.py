"""The import as a whole: what is kept, what is listed, the same content found again, nothing left behind."""

import csv
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet.data import importing
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.importing import import_dataset
from resnet.data.samples import SIZE, draw, import_samples
from resnet.errors import UserError
from resnet.store import Store
from resnet.text import CATALOGUE, Message
from tests.archives import tarred
from tests.waiting import until

PROJECT = Path(__file__).resolve().parents[2]


def png(seed: int, size: tuple[int, int] = (48, 40)) -> bytes:
    buffer = io.BytesIO()
    width, height = size
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


def make_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def two_classes(count: int = 5) -> dict[str, bytes]:
    labels = ("cats", "dogs")
    return {f"{label}/{i}.png": png(100 * k + i) for k, label in enumerate(labels) for i in range(count)}


def warnings_of(dataset: Dataset) -> dict[str, dict]:
    return {record["key"]: record["values"] for record in dataset.report["warnings"]}


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "workspace")


def test_a_folder(tmp_path, store):
    files = two_classes()
    source = make_folder(tmp_path / "my.pets", files)
    before = {path: path.stat().st_mtime_ns for path in source.rglob("*")}
    steps = []
    dataset = import_dataset(source, store, progress=lambda *step: steps.append(step))

    assert dataset.name == "my.pets"
    assert dataset.folder == store.dataset("my.pets") == store.datasets / dataset.id
    assert dataset.classes == ["cats", "dogs"]
    assert {record.source: record.path.read_bytes() for record in dataset.records} == files
    assert dataset.report["split"] == "made"
    assert dataset.report["counts"] == {label: {"train": 4, "val": 1, "test": 0} for label in dataset.classes}
    assert (len(dataset.part("train")), len(dataset.part("val")), dataset.part("test")) == (8, 2, [])
    assert dataset.problems() == dataset.report["warnings"] == []
    assert steps == [("check", i + 1, 10) for i in range(10)]

    record = next(record for record in dataset.records if record.source == "dogs/3.png")
    assert (record.label, record.target, record.width, record.height) == ("dogs", 1, 48, 40)
    assert (record.bytes, record.sha256) == (len(files["dogs/3.png"]), hashlib.sha256(files["dogs/3.png"]).hexdigest())
    assert record.path.is_absolute()
    assert {path: path.stat().st_mtime_ns for path in source.rglob("*")} == before
    assert os.listdir(store.root / "tmp") == []
    assert sorted(os.listdir(dataset.folder)) == ["files", "manifest.csv", "name.json", "report.json"]


def test_the_manifest_is_plain_csv(tmp_path, store):
    dataset = import_dataset(make_folder(tmp_path / "pets", two_classes()), store)
    with open(dataset.folder / "manifest.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ["path", "class", "split", "sha256", "bytes", "width", "height", "group", "parent", "source"]
    assert list(rows[0]) == columns
    assert all((dataset.folder / row["path"]).is_file() for row in rows)
    assert {row["path"].split("/")[0] for row in rows} == {"files"}
    assert len(os.listdir(dataset.folder / "files")) == len(rows) == 10


def test_the_same_content_is_found_again(tmp_path, store):
    files = two_classes()
    first = import_dataset(make_folder(tmp_path / "pets", files), store)
    written = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    assert import_dataset(tmp_path / "pets", store) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == written

    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:  # packed, wrapped, and under other names
        for number, (name, content) in enumerate(files.items()):
            file.writestr(f"wrap/{Path(name).parent}/{number + 500}.png", content)
    again = import_dataset(tmp_path / "other.zip", store, name="renamed")
    assert (again.id, again.name, again.records) == (first.id, "renamed", first.records)
    assert [entry["id"] for entry in list_datasets(store)] == [first.id]
    assert os.listdir(store.root / "tmp") == []

    elsewhere = Store.open(tmp_path / "elsewhere")  # another machine: the same id and split
    there = import_dataset(tmp_path / "other.zip", elsewhere)
    assert there.id == first.id
    assert {r.sha256: r.split for r in there.records} == {r.sha256: r.split for r in first.records}


@pytest.mark.parametrize("file", ["report.json", "name.json"])
@pytest.mark.parametrize("content", [None, "half a li", "{}", "[]", '{"name": ["of", "another", "kind"]}'])
def test_a_damaged_data_set_hides_no_other(tmp_path, store, file, content):
    whole, damaged = (
        import_dataset(make_folder(tmp_path / name, two_classes() | {f"cats/{name}.png": png(seed)}), store)
        for name, seed in (("whole", 600), ("damaged", 601))
    )
    (damaged.folder / file).unlink()
    if content is not None:
        (damaged.folder / file).write_text(content)
    assert [entry["id"] for entry in list_datasets(store)] == [whole.id]
    assert store.dataset("whole") == whole.folder


@pytest.mark.parametrize("change", ["class", "part", "content"])
def test_other_content_is_another_data_set(tmp_path, store, change):
    files = two_classes()
    first = import_dataset(make_folder(tmp_path / "a", files), store)
    if change == "class":
        files["dogs/0b.png"] = files.pop("cats/0.png")
    if change == "content":
        files["cats/0.png"] = png(999)
    if change == "part":
        files = {f"{'val' if '/0' in name else 'train'}/{name}": content for name, content in files.items()}
    assert import_dataset(make_folder(tmp_path / "b", files), store).id != first.id


def test_a_given_split_is_respected(tmp_path, store):
    files = {
        f"{part}/{name}": content + part.encode()
        for part in ("train", "valid")
        for name, content in two_classes().items()
    }
    files |= {f"test/{label}/{i}.png": png(50 + i) + label.encode() for label in ("cats", "dogs") for i in range(2)}
    dataset = import_dataset(make_folder(tmp_path / "pets", files), store)
    assert dataset.report["split"] == "given"
    assert dataset.report["counts"] == {label: {"train": 5, "val": 5, "test": 2} for label in ("cats", "dogs")}
    names = {"train": "train", "val": "valid", "test": "test"}
    assert all(record.source.startswith(names[record.split] + "/") for record in dataset.records)


def test_val_is_made_from_train_where_only_test_is_given(tmp_path, store):
    files = {f"train/{name}": content for name, content in two_classes().items()}
    files |= {"test/cats/t.png": png(7), "test/dogs/t.png": png(8)}
    dataset = import_dataset(make_folder(tmp_path / "pets", files), store)
    assert dataset.report["split"] == "made"
    assert dataset.report["counts"] == {label: {"train": 4, "val": 1, "test": 1} for label in ("cats", "dogs")}
    assert {record.source for record in dataset.part("test")} == {"test/cats/t.png", "test/dogs/t.png"}


def grouped(tmp_path: Path, store: Store, monkeypatch, files: dict[str, bytes], groups: dict[str, str]) -> Dataset:
    """A data set of `files`, of which some are in groups."""
    read_layout = importing.read_layout

    def with_groups(index):
        warnings = read_layout(index)
        for number, name, *_ in index.files("picture").fetchall():
            index.run("UPDATE file SET grp = ? WHERE id = ?", groups.get(name, ""), number)
        return warnings

    monkeypatch.setattr(importing, "read_layout", with_groups)
    return import_dataset(make_folder(tmp_path / "pets", files), store)


def test_groups_stay_on_one_side_across_classes(tmp_path, store, monkeypatch):
    """As photographs of one patient do, who has healthy and sick skin."""
    groups = {name: f"{int(Path(name).stem) // 4}" for name in two_classes(40)}
    groups |= {name: "" for name in groups if name.endswith("9.png")}
    data = grouped(tmp_path, store, monkeypatch, two_classes(40), groups)
    sides = defaultdict(set)
    for record in data.records:
        assert record.group == groups[record.source]
        sides[record.group].add(record.split)
    assert {group for group, found in sides.items() if len(found) > 1} == {""}
    assert {frozenset(found) for group, found in sides.items() if group} == {frozenset({"train"}), frozenset({"val"})}
    assert all(6 <= parts["val"] <= 8 for parts in data.report["counts"].values())


def test_groups_are_content_and_single_pictures_are_drawn_as_ever(tmp_path, store, monkeypatch):
    first = import_dataset(make_folder(tmp_path / "pets", two_classes()), store)
    data = grouped(tmp_path, store, monkeypatch, two_classes(), {"cats/0.png": "alone"})
    assert data.id != first.id
    assert [record.split for record in data.records] == [record.split for record in first.records]


def test_the_class_with_the_least_choice_decides_for_a_group(tmp_path, store, monkeypatch):
    """Whatever class's name comes first: `zebras` have one group and one picture, so `ants` follow them."""
    files = {f"ants/{i}.png": png(i) for i in range(20)} | {f"zebras/{i}.png": png(50 + i) for i in range(4)}
    groups = {f"ants/{i}.png": "meadow" for i in range(10)} | {f"zebras/{i}.png": "meadow" for i in range(3)}
    data = grouped(tmp_path, store, monkeypatch, files, groups)
    assert data.report["counts"]["zebras"] == {"train": 3, "val": 1, "test": 0}
    assert data.report["counts"]["ants"] == {"train": 16, "val": 4, "test": 0}


def test_exact_copies(tmp_path, store):
    files = {
        f"{part}/{name}": content + part.encode()
        for part in ("train", "val")
        for name, content in two_classes(3).items()
    }
    files["train/cats/copy.png"] = files["train/cats/0.png"]  # in one class and part
    files["val/dogs/leak.png"] = files["train/dogs/1.png"]  # across parts
    files["val/cats/wrong.png"] = files["train/dogs/2.png"]  # across classes
    dataset = import_dataset(make_folder(tmp_path / "pets", files), store)
    report = dataset.report
    assert report["duplicates"] == [["train/cats/0.png", "train/cats/copy.png"]]
    assert report["leaks"] == [["train/dogs/1.png", "val/dogs/leak.png"]]
    assert report["conflicts"] == [["train/dogs/2.png", "val/cats/wrong.png"]]
    looks = {"import_near_duplicates", "import_near_leaks"}  # the parts hold the same pixels, with other bytes behind
    kept = {record.source for record in dataset.records}
    assert kept == files.keys() - {"train/cats/copy.png", "train/dogs/2.png", "val/cats/wrong.png"}
    assert {"import_duplicates", "import_leaks", "import_conflicts", *looks} == warnings_of(dataset).keys()
    assert len(os.listdir(dataset.folder / "files")) == report["images"] == len(dataset.records) == 12


def test_unreadable_pictures_are_listed_with_the_reason(tmp_path, store):
    bad = {
        "cats/notes.jpg": b"these are notes",
        "cats/cut.png": png(5)[:2000],
        "dogs/page.jpg": b"%PDF-1.7 a page",
        "dogs/empty.jpg": b"",
    }
    dataset = import_dataset(make_folder(tmp_path / "pets", {**two_classes(), **bad}), store)
    reasons = {entry["file"]: entry["reason"] for entry in dataset.report["unreadable"]}
    assert {file: reason["key"] for file, reason in reasons.items()} == {
        "cats/notes.jpg": "image_text",
        "cats/cut.png": "image_broken",
        "dogs/page.jpg": "image_other",
        "dogs/empty.jpg": "image_empty",
    }
    assert "dogs/page.jpg" in reasons["dogs/page.jpg"]["english"]
    assert Message.from_json(reasons["dogs/page.jpg"]).say("zh")
    assert len(dataset.records) == len(os.listdir(dataset.folder / "files")) == 10
    assert warnings_of(dataset)["import_unreadable"]["count"] == 4


def test_what_can_be_read_one_day_is_another_data_set(tmp_path, store, monkeypatch):
    folder = make_folder(tmp_path / "pets", {**two_classes(), "cats/new.png": png(77)})
    measured, names = importing.measured, []

    def noted(copies):
        for copy, name in copies:
            names.append(name)
            yield copy, name

    def without_new(copies):
        for answer in measured(noted(copies)):
            yield Message("image_empty", {"file": "new.png"}) if names.pop(0) == "cats/new.png" else answer

    with monkeypatch.context() as patch:
        patch.setattr(importing, "measured", without_new)
        before = import_dataset(folder, store)
    after = import_dataset(folder, store)
    assert len(after.records) == len(before.records) + 1 and after.id != before.id


def test_warnings_about_what_is_kept(tmp_path, store):
    files = {f"many/{i}.png": png(i) for i in range(9)}
    files |= {"few/a.png": png(20, (100, 31)), "few/b.png": png(21, (20, 100))}
    warnings = warnings_of(import_dataset(make_folder(tmp_path / "pets", files), store))
    assert warnings == {
        "import_small": {"count": 2, "files": ["few/a.png", "few/b.png"], "pixels": 32},
        "import_imbalance": {"large": "many", "most": 9, "small": "few", "fewest": 2},
    }
    assert not warnings_of(
        import_dataset(make_folder(tmp_path / "even", {**two_classes(4), "cats/x.png": png(9)}), store)
    )


def test_a_single_picture_warns_at_import_and_stops_a_start(tmp_path, store):
    files = {**two_classes(), "birds/1.png": png(777)}
    dataset = import_dataset(make_folder(tmp_path / "pets", files), store)
    assert warnings_of(dataset)["dataset_single"] == {"labels": ["birds"]}
    assert [message.key for message in dataset.problems()] == ["dataset_single"]
    assert dataset.report["counts"]["birds"] == {"train": 1, "val": 0, "test": 0}


def test_a_class_without_a_picture_to_learn_from_stops_a_start(tmp_path, store):
    files = {f"train/{name}": content for name, content in two_classes().items()}
    files |= {"val/cats/v.png": png(30), "val/dog/v.png": png(31), "val/dog/w.png": png(32)}
    dataset = import_dataset(make_folder(tmp_path / "pets", files), store)
    assert dataset.classes == ["cats", "dog", "dogs"]
    assert [(message.key, message.values) for message in dataset.problems()] == [
        ("dataset_no_train", {"labels": ["dog"]})
    ]


def test_a_class_of_which_nothing_is_left_is_named(tmp_path, store):
    files = {**two_classes(), "birds/1.png": png(1), "fish/1.png": b"no picture"}  # the bird is a cat, to the byte
    dataset = import_dataset(make_folder(tmp_path / "pets", files), store)
    assert dataset.classes == ["cats", "dogs"]
    assert warnings_of(dataset)["import_lost"] == {"labels": ["birds", "fish"]}


def test_fewer_than_two_classes_left_is_refused(tmp_path, store):
    files = {"cats/1.png": png(1), "cats/2.png": png(2), "dogs/1.jpg": b"no picture"}
    with pytest.raises(UserError, match=r"2 pictures are usable, 1 cannot be read, 0 lie.*dogs/1.jpg holds text"):
        import_dataset(make_folder(tmp_path / "pets", files), store)
    assert os.listdir(store.root / "tmp") == []
    assert list_datasets(store) == []


@pytest.mark.parametrize("stage", ["unpack", "check"])
def test_whatever_ends_an_import_leaves_nothing(tmp_path, store, stage):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as file:
        for name, content in two_classes().items():
            file.writestr(name, content)

    def interrupt(at, done, total):
        if (at, done) == (stage, 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(tmp_path / "pets.zip", store, progress=interrupt)
    assert os.listdir(store.root / "tmp") == []
    assert list_datasets(store) == []
    assert len(import_dataset(tmp_path / "pets.zip", store).records) == 10


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd()",
    "😀 пчёлы",
    "اردو हिन्दी",
    "x" * 300,
    "con",
    'say "hi", twice',
    "a;b|c",
]


def test_hostile_class_names(tmp_path, store):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as file:
        for k, label in enumerate([*HOSTILE, "line\nbreak\x07", "rtl\u202emark"]):
            for i in range(2):
                file.writestr(f"{label.replace('/', chr(0x2215))}/{i}.png", png(10 * k + i))
    dataset = import_dataset(tmp_path / "pets.zip", store)
    expected = [label.replace("/", "\u2215") for label in HOSTILE] + ["line\ufffdbreak\ufffd", "rtl\ufffdmark"]
    assert dataset.classes == sorted(expected)
    inside = [path.relative_to(dataset.folder).as_posix() for path in dataset.folder.rglob("*")]
    assert all(len(name) < 30 and name.isascii() for name in inside)
    assert Dataset.open(dataset.folder) == dataset


def test_file_names_that_are_not_utf8(tmp_path, store):
    source = make_folder(tmp_path / "pets", two_classes())
    os.rename(os.fsencode(source / "cats"), os.fsencode(source) + b"/caf\xe9")
    os.rename(os.fsencode(source / "dogs/1.png"), os.fsencode(source / "dogs") + b"/\xff\xfe.png")
    dataset = import_dataset(source, store, name="a\nb\udce9")
    assert dataset.classes == ["caf\\udce9", "dogs"]
    assert dataset.name == "a\ufffdb\\udce9"


def test_names(tmp_path, store):
    source = make_folder(tmp_path / "pets", two_classes())
    assert import_dataset(source, store, name="x" * 200).name == "x" * 80
    assert import_dataset(source, store).name == "x" * 80
    assert import_dataset(source, store, name="../../etc").folder.parent == store.datasets
    assert store.dataset("../../etc").parent == store.datasets


def test_two_imports_of_the_same_content_at_once(tmp_path, store):
    """The second to finish finds the first one's data set in its place, and takes it."""
    source = make_folder(tmp_path / "pets", two_classes())
    inner = []

    def meanwhile(stage, done, total):
        if done == total and not inner:
            inner.append(None)
            inner[0] = import_dataset(source, store, name="inner")

    assert import_dataset(source, store, progress=meanwhile) == inner[0]
    assert os.listdir(store.root / "tmp") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing(tmp_path, number):
    store, files = Store.open(tmp_path / "workspace"), two_classes(300)
    make_folder(tmp_path / "pets", files)
    process = subprocess.Popen(
        [sys.executable, "-m", "resnet", "data", "import", str(tmp_path / "pets")],
        cwd=PROJECT,
        env={**os.environ, "RESNET_HOME": str(store.root)},
        stderr=subprocess.PIPE,
    )
    until(lambda: sum(len(names) for _, _, names in os.walk(store.root / "tmp")) > 20)
    process.send_signal(number)
    assert process.communicate(timeout=30)[1].startswith(b"resnet: interrupted")
    assert process.returncode == 130
    assert os.listdir(store.root / "tmp") == list_datasets(store) == []


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    """Nine hundred pictures more may not cost a hundred bytes each. (A table of Python's own may double meanwhile.)"""

    def peak(count: int, attempt: int) -> int:
        members = {f"{i % 2}/{i}.ppm": b"P6 32 32 255\n" + np.random.default_rng(i).bytes(3072) for i in range(count)}
        (tmp_path / f"{count}.tar").write_bytes(tarred(members))
        tracemalloc.start()
        try:
            data = import_dataset(tmp_path / f"{count}.tar", Store.open(tmp_path / f"{count} {attempt}"))
            assert data.report["images"] == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few = min(peak(100, attempt) for attempt in range(2))
    assert any(peak(1000, attempt) < few + 90_000 for attempt in range(3))


def test_pictures_that_go_or_change_meanwhile(tmp_path, store):
    source = make_folder(tmp_path / "pets", two_classes(100))
    seen = []

    def meddle(stage, done, total):
        if not seen:
            (source / "dogs" / "98.png").unlink()
            (source / "dogs" / "99.png").write_bytes(png(5000))
        seen.append(done)

    data = import_dataset(source, store, progress=meddle)
    assert [entry["file"] for entry in data.report["unreadable"]] == ["dogs/98.png"]
    assert data.report["unreadable"][0]["reason"]["key"] == "image_no_access"
    assert data.report["images"] == 199
    changed = next(record for record in data.records if record.source == "dogs/99.png")
    assert changed.path.read_bytes() == png(5000)
    assert all(hashlib.sha256(record.path.read_bytes()).hexdigest() == record.sha256 for record in data.records)


def test_sources_that_are_none(tmp_path, store):
    data = import_dataset(make_folder(tmp_path / "pets", two_classes()), store)
    elsewhere = shutil.copytree(data.folder, tmp_path / "elsewhere")
    before = set(tmp_path.rglob("*"))
    for source, key in (
        (store.root, "source_workspace"),
        (tmp_path, "source_workspace"),
        (store.datasets, "source_workspace"),
        (data.folder / "files", "source_workspace"),
        (data.folder, "source_dataset"),
        (elsewhere, "source_dataset"),
        (elsewhere / "manifest.csv", "source_dataset"),
        (elsewhere / "files", "layout_no_classes"),
        (elsewhere / "report.json", "archive_none"),
        (tmp_path / "gone", "source_missing"),
    ):
        with pytest.raises(UserError) as caught:
            import_dataset(source, store)
        assert caught.value.message.key == key
        assert caught.value.message.say("zh")
    assert set(tmp_path.rglob("*")) == before


def test_a_source_in_the_workspace_that_is_no_part_of_it(tmp_path, store):
    source = make_folder(store.uploads / "pets", two_classes())
    assert import_dataset(source, store).report["images"] == 10


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that nobody can read, root neither")
def test_what_cannot_be_read(tmp_path, store):
    source = make_folder(tmp_path / "pets", two_classes())
    (source / "dogs" / "odd.png").symlink_to("/proc/self/mem")
    data = import_dataset(source, store)
    (entry,) = data.report["unreadable"]
    assert (entry["file"], entry["reason"]["key"]) == ("dogs/odd.png", "image_no_access")
    if os.geteuid():  # nothing is closed to root
        (source / "cats").chmod(0)
        with pytest.raises(UserError, match="cats cannot be read"):
            import_dataset(source, store)
        (source / "cats").chmod(0o700)


def test_reports_stay_short(tmp_path, store, monkeypatch):
    """They count everything and list the first."""
    monkeypatch.setattr(importing, "LISTED", 3)
    files = two_classes()
    files |= {f"cats/copy {i}.png": files["cats/0.png"] for i in range(7)}
    files |= {f"dogs/bad {i}.jpg": b"no picture %d" % i for i in range(8)}
    files |= {f"{label}/conflict {i}.png": png(300 + i) for label in ("cats", "dogs") for i in range(5)}
    data = import_dataset(make_folder(tmp_path / "pets", files), store)
    assert data.report["totals"] == {
        **{"unreadable": 8, "duplicates": 7, "leaks": 0, "conflicts": 5},
        **{"near_duplicates": 0, "near_leaks": 0, "missing": 0, "unlabelled": 0, "contradicted": 0},
    }
    listed = {kind: len(data.report[kind]) for kind in ("unreadable", "duplicates", "leaks")}
    assert listed == {"unreadable": 3, "duplicates": 3, "leaks": 0}
    assert data.report["conflicts"] == [["cats/conflict 0.png", "dogs/conflict 0.png"], ["cats/conflict 1.png"]]
    warnings = warnings_of(data)
    assert [warnings[f"import_{kind}"]["count"] for kind in ("unreadable", "duplicates", "conflicts")] == [8, 7, 5]


def test_records_are_read_when_they_are_asked_for(tmp_path, store):
    data = import_dataset(make_folder(tmp_path / "pets", {**two_classes(), "birds/1.png": png(777)}), store)
    (data.folder / "manifest.csv").write_text("not read")
    opened = Dataset.open(data.folder)
    assert (opened.classes, opened.report["images"]) == (["birds", "cats", "dogs"], 11)
    assert [message.key for message in opened.problems()] == ["dataset_single"]
    assert list_datasets(store)[0]["images"] == 11


def test_order_follows_the_content_alone(tmp_path):
    """So that the same pictures are learnt from in the same order, whatever they are called."""
    files, orders = two_classes(20), []
    for name in (lambda i: f"{i}.png", lambda i: f"{1000 - i} of mine.png"):
        renamed = {f"{Path(old).parent}/{name(i)}": content for i, (old, content) in enumerate(files.items())}
        folder = tmp_path / str(len(orders))
        data = import_dataset(make_folder(folder / "pets", renamed), Store.open(folder / "workspace"))
        orders.append([(record.label, record.split, record.sha256) for record in data.records])
    assert orders[0] == orders[1]


def test_a_damaged_data_set_is_named(tmp_path, store):
    dataset = import_dataset(make_folder(tmp_path / "pets", two_classes()), store)
    (dataset.folder / "manifest.csv").write_text("path,class\nx,y\n")
    with pytest.raises(UserError, match=f"data set {dataset.id} is damaged"):
        _ = Dataset.open(dataset.folder).records
    (dataset.folder / "manifest.csv").unlink()
    with pytest.raises(UserError, match=f"data set {dataset.id} is damaged"):
        Dataset.open(dataset.folder)


def test_lists(tmp_path, store):
    assert list_datasets(store) == []
    dataset = import_dataset(make_folder(tmp_path / "pets", two_classes()), store)
    assert list_datasets(store) == [{"id": dataset.id, "name": "pets", "images": 10, "classes": 2, "split": "made"}]


def test_drawn_samples(tmp_path, store):
    dataset = import_samples(store)
    assert dataset.name == "drawn shapes"
    assert dataset.classes == ["checks", "circles", "stars", "stripes", "triangles"]
    assert dataset.report["counts"]["stars"] == {"train": 32, "val": 8, "test": 0}
    assert dataset.problems() == dataset.report["warnings"] == []
    assert {(record.width, record.height) for record in dataset.records} == {(SIZE, SIZE)}
    assert import_samples(store).id == dataset.id

    for name, seed in (("same", 0), ("other", 1)):
        draw(tmp_path / name, per_class=2, seed=seed)
    drawn = {record.path.read_bytes() for record in dataset.records}
    assert all(path.read_bytes() in drawn for path in (tmp_path / "same").rglob("*.jpg"))
    assert not any(path.read_bytes() in drawn for path in (tmp_path / "other").rglob("*.jpg"))


def test_nothing_of_it_needs_torch():
    code = "import sys, resnet.data.samples; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def test_both_languages_fill_in_the_same_values():
    for key, (english, chinese) in CATALOGUE.items():
        if key.startswith(("image_", "archive_", "layout_", "import_", "dataset_", "source_", "many_", "disk_")):
            fields = [set(part.split("}")[0] for part in text.split("{")[1:]) for text in (english, chinese)]
            assert fields[0] == fields[1], key
