"""Folders as people have them: which class and part each picture is in, and what is said of the rest."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resnet.data.bounds import is_hidden
from resnet.data.index import Index
from resnet.data.layout import clean_label, read_layout
from resnet.errors import UserError


@contextmanager
def index_of(*names: str) -> Iterator[Index]:
    """An index of these files; a name that ends in / is an empty folder."""
    with tempfile.TemporaryDirectory() as folder, Index(Path(folder) / "index") as index:
        for name in names:
            if is_hidden(name):
                continue
            if name.endswith("/"):
                index.add_folder(name[:-1])
            else:
                index.add_file(name, 1)
        yield index


def read(*names: str) -> tuple[dict, dict]:
    """({(part, label): pictures}, {key of a warning: its values})."""
    with index_of(*names) as index:
        warnings = read_layout(index)
        query = """SELECT part, label, count(*) FROM file
            WHERE picture AND label IS NOT NULL GROUP BY part, label"""
        counts = {(part, label): count for part, label, count in index.run(query)}
        return counts, {message.key: message.values for message in warnings}


PETS = ("cats/1.jpg", "cats/2.JPG", "dogs/1.jpeg")


def test_class_folders():
    assert read(*PETS) == ({("", "cats"): 2, ("", "dogs"): 1}, {})


@pytest.mark.parametrize("wrap", ["pets/", "Downloads/pets/", "train/"])
def test_wrapping_folders_are_stripped(wrap):
    assert read(*(wrap + name for name in PETS)) == ({("", "cats"): 2, ("", "dogs"): 1}, {})


def test_a_picture_beside_the_wrapping_folder_changes_nothing():
    counts, warnings = read("preview.png", *("pets/" + name for name in PETS))
    assert counts == {("", "cats"): 2, ("", "dogs"): 1}
    assert warnings["layout_loose"] == {"count": 1, "files": ["preview.png"]}


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("Training", "Validation", "Testing"),
        ("TRAIN", "valid", "test"),
        ("train", "dev", "test"),
        ("训练集", "验证", "测试"),
    ],
)
@pytest.mark.parametrize("wrap", ["", "pets/"])
def test_given_parts(train, val, test, wrap):
    names = [f"{wrap}{part}/{label}/{part}.jpg" for part in (train, val, test) for label in ("cats", "dogs")]
    counts, warnings = read(*names)
    assert counts == {(part, label): 1 for part in ("train", "val", "test") for label in ("cats", "dogs")}
    assert warnings == {}


def test_train_and_test_without_val():
    counts, _ = read("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png")
    assert counts == {("train", "a"): 1, ("train", "b"): 1, ("test", "a"): 1, ("test", "b"): 1}


def test_an_unlabelled_test_folder_is_no_class():
    counts, warnings = read("train/a/1.png", "train/b/1.png", "test/1.png", "test/2.png")
    assert counts == {("train", "a"): 1, ("train", "b"): 1}
    assert warnings["layout_loose"]["count"] == 2


def test_classes_called_like_parts():
    assert read("train/1.jpg", "bus/1.jpg")[0] == {("", "train"): 1, ("", "bus"): 1}
    assert read("train/steam/1.jpg", "bus/1.jpg")[0] == {("", "train"): 1, ("", "bus"): 1}


def test_a_folder_beside_the_parts_is_left_out_and_named():
    counts, warnings = read("train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png", "masks/a/1.png")
    assert len(counts) == 4
    assert warnings["layout_loose"] == {"count": 1, "files": ["masks/a/1.png"]}


def test_folders_inside_a_class_belong_to_it():
    assert read("cats/2020/may/1.jpg", "cats/1.jpg", "dogs/x/1.jpg")[0] == {("", "cats"): 2, ("", "dogs"): 1}
    assert read("train/cats/x/1.jpg", "train/dogs/1.jpg", "val/cats/2.jpg", "val/dogs/y/z/2.jpg")[0] == {
        (part, label): 1 for part in ("train", "val") for label in ("cats", "dogs")
    }


def test_folders_inside_that_may_be_classes_are_named():
    names = [f"{group}/{label}/1.jpg" for group in ("pets", "farm") for label in ("cats", "dogs", "cows")]
    counts, warnings = read(*names, "wild/wolf/1.jpg")
    assert counts == {("", "pets"): 3, ("", "farm"): 3, ("", "wild"): 1}
    inner = [f"{group}/{label}" for group in ("farm", "pets") for label in ("cats", "cows", "dogs")]
    assert warnings == {"layout_inner": {"folders": [*inner[:5], "…"]}}
    assert "layout_inner" not in read("cats/1.jpg", "cats/2020/1.jpg", "cats/2021/1.jpg", "dogs/1.jpg")[1]


def test_classes_that_differ_in_case_alone_are_two_and_named():
    counts, warnings = read("Cats/1.jpg", "cats/2.jpg", "dogs/3.jpg")
    assert counts == {("", "Cats"): 1, ("", "cats"): 1, ("", "dogs"): 1}
    assert warnings == {"layout_case": {"labels": ["Cats", "cats"]}}


def test_names_in_two_forms_of_unicode_are_one_class():
    assert read("café/1.jpg", "cafe\u0301/2.jpg", "bar/3.jpg")[0] == {("", "café"): 2, ("", "bar"): 1}


def test_hidden_and_system_files_are_not_there():
    junk = ("__MACOSX/cats/._1.jpg", "cats/.DS_Store", ".ipynb_checkpoints/a/1.jpg", "cats/.1.jpg", "dogs/Thumbs.db")
    assert read(*PETS, *junk, "desktop.ini", "@eaDir/1.jpg")[0] == {("", "cats"): 2, ("", "dogs"): 1}


def test_what_is_left_out_is_named():
    _, warnings = read(*PETS, "birds/", "fish/notes.txt", "a.txt", "b.csv", "more.zip", "1.jpg", "cats/.keep")
    assert warnings == {
        "layout_loose": {"count": 1, "files": ["1.jpg"]},
        "layout_empty": {"folders": ["birds", "fish"]},
        "layout_nested": {"files": ["more.zip"]},
        "layout_ignored": {"count": 3, "kinds": "2 .txt, 1 .csv"},
    }


def test_empty_class_folders_of_a_part():
    names = ("train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/")
    _, warnings = read(*names)
    assert warnings["layout_empty"] == {"folders": ["val/b"]}
    assert warnings["layout_not_in_val"] == {"labels": ["b"]}


def test_classes_of_one_part_only():
    _, warnings = read("train/cats/1.png", "train/dogs/1.png", "val/Cats/2.png", "val/dogs/2.png")
    assert warnings["layout_not_in_train"] == {"labels": ["Cats"]}
    assert warnings["layout_not_in_val"] == {"labels": ["cats"]}
    assert warnings["layout_case"] == {"labels": ["Cats", "cats"]}


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "no pictures.*a folder for each class"),
        (("a/1.txt", "b/2.txt"), r"found instead: 2 \.txt"),
        (("1.jpg", "2.jpg"), r"2 pictures \(1.jpg, 2.jpg\) but no class folders"),
        (("cats/1.jpg", "cats/2.jpg", "dogs/"), "one class, “cats”; a classifier needs at least two"),
        (("train/1.jpg", "test/2.jpg"), "no class folders"),
        (("val/a/1.jpg", "val/b/1.jpg", "test/a/2.jpg"), "folders test, val but no pictures in class folders under"),
    ],
)
def test_layouts_that_are_refused(names, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        read(*names)
    assert caught.value.message.say("zh")


def test_labels_are_kept_as_typed():
    for name in ("<script>alert(1)</script>", "=cmd()", "😀 пчёлы", "x" * 300, "New York"):
        assert clean_label(name) == name
    assert clean_label("cafe\u0301") == "café"  # as macOS writes it
    assert clean_label(" a\nb\0 ") == "a\ufffdb\ufffd"
    assert clean_label("a\u2028b") == "a\ufffdb"
    for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)):  # they turn the text around
        assert clean_label(f"cats{chr(code)}gpj") == "cats\ufffdgpj"
    assert clean_label("caf\udce9") == "caf\\udce9" != clean_label("caf\udce8")  # names that are no UTF-8
    assert clean_label(" ") == "_"
