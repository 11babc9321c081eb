"""Archives: honest and odd ones become the data set that they should; hostile and broken ones get a sentence."""

import contextlib
import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from resnet.data.archive import read_source, walk
from resnet.data.bounds import Bounds, Limits, check_space
from resnet.data.importing import import_dataset
from resnet.data.index import Index
from resnet.errors import UserError
from resnet.store import Store
from resnet.text import Message
from tests.archives import CASES, PETS, PNG, Case, library_zip, pictures, plain, tarred, write_zip


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_archives(tmp_path: Path, store: Store, case: Case):
    """Whatever comes of it, nothing is written but the data set, and nothing is left of the way there."""
    archive = tmp_path / case.file
    archive.write_bytes(case.content())
    shutil.rmtree(store.temporary())  # what the workspace makes once is there
    before = everything(tmp_path)
    if case.refused:
        with pytest.raises(UserError) as caught:
            import_dataset(archive, store, limits=case.limits)
        message = caught.value.message
        assert message.key == case.refused
        assert case.says in message.say()
        assert "\n" not in message.say()
        assert message.say("zh")
        assert everything(tmp_path) == before
    else:
        data = import_dataset(archive, store, limits=case.limits)
        assert data.report["counts"] == case.counts
        warnings = [Message.from_json(warning) for warning in data.report["warnings"]]
        assert [warning.key for warning in warnings] == list(case.warnings)
        assert all(case.says in warning.say() for warning in warnings)
        assert data.name == "pets"
        new = everything(tmp_path) - before - {store.datasets.parent, store.datasets, data.folder}
        assert all(path.is_relative_to(data.folder) for path in new)
        assert len([path for path in new if path.suffix == ".png"]) == data.report["images"]


def test_the_table_is_whole():
    assert len({case.title for case in CASES}) == len(CASES) > 120


@pytest.mark.parametrize("pack", [library_zip, tarred])
def test_a_folder_and_its_archive_hold_the_same(tmp_path: Path, store: Store, pack):
    for name, content in PETS.items():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    (tmp_path / "archive").write_bytes(pack())
    data = import_dataset(tmp_path / "archive", store)
    assert {record.source: record.path.read_bytes() for record in data.records} == PETS
    assert import_dataset(tmp_path / "pets", Store.open(tmp_path / "other")).id == data.id


def test_bounds_hold_for_folders(tmp_path: Path, store: Store):
    for name, content in pictures("cats", "dogs").items():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    deep = tmp_path / "pets" / "/".join(["deep"] * 40)
    for limits, key in (
        (Limits(files=5), "many_files"),
        (Limits(bytes=500), "many_bytes"),
        (Limits(name=5), "long_name"),
        (Limits(), "many_levels"),
    ):
        if key == "many_levels":
            deep.mkdir(parents=True)
        with pytest.raises(UserError) as caught:
            import_dataset(tmp_path / "pets", store, limits=limits)
        assert caught.value.message.key == key
    assert os.listdir(store.root / "tmp") == []


@pytest.mark.parametrize("kind", ["zip", "bzip2 in a zip", "lzma in a zip", "tar", "tar.gz"])
def test_damaged_archives_never_end_in_anything_but_a_sentence(tmp_path: Path, kind: str):
    whole = {
        "zip": library_zip,
        "bzip2 in a zip": lambda: library_zip(zipfile.ZIP_BZIP2),
        "lzma in a zip": lambda: library_zip(zipfile.ZIP_LZMA),
        "tar": tarred,
        "tar.gz": lambda: __import__("gzip").compress(tarred()),
    }[kind]()
    random = np.random.default_rng(0)
    directory = max(whole.find(b"PK\1\2"), 0)
    for number in range(100):
        content = bytearray(whole)
        for at in random.integers(directory if number % 3 else 0, len(content), 3):
            content[at] = random.integers(0, 256)
        archive, into = tmp_path / "archive", tmp_path / f"into{number}"
        archive.write_bytes(content)
        into.mkdir()
        with Index(tmp_path / f"index{number}") as index, contextlib.suppress(UserError):
            read_source(archive, into, index, Limits())


def test_no_room(tmp_path: Path):
    with pytest.raises(UserError, match=r"needs 1000000000\.0 GB"):
        check_space(tmp_path, 10**18)


def test_names_become_no_paths(tmp_path: Path):
    names = ["cats/" + "x" * 300 + ".png", "cats/a\nb.png", "con/aux.png", "дом/😀.png", "cats/a:b?.png"]
    for pack in (lambda members: write_zip(plain(members, flags=0x800)), tarred):
        into = tmp_path / pack.__name__
        into.mkdir()
        (tmp_path / "archive").write_bytes(pack(dict.fromkeys(names, PNG)))
        with Index(tmp_path / f"index {pack.__name__}") as index:
            read_source(tmp_path / "archive", into, index, Limits())
            found = {name: (into / f"{number:06d}").read_bytes() for number, name, *_ in index.files("picture")}
        assert found == dict.fromkeys(names, PNG)
        assert len(os.listdir(into)) == len(names)


def test_links_in_folders_are_followed_but_not_in_circles(tmp_path: Path):
    pets, real = tmp_path / "pets", tmp_path / "real"
    real.mkdir()
    (real / "1.png").write_bytes(PNG)
    (pets / "cats").mkdir(parents=True)
    (pets / "dogs").symlink_to(real)
    (pets / "cats" / "2.png").symlink_to(real / "1.png")
    (pets / "cats" / "round").symlink_to(pets)
    (pets / "cats" / "up").symlink_to(tmp_path)
    (pets / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (pets / "cats" / "self.png").symlink_to("self.png")
    (real / "there").symlink_to(pets / "cats" / "there and back")
    (pets / "cats" / "there and back").symlink_to(real)
    os.mkfifo(pets / "cats" / "pipe.png")
    with Index(tmp_path / "index") as index:
        walk(pets, index, Bounds(Limits()))
        names = [name for _, name, *_ in index.files("picture")]
    assert names == ["cats/2.png", "cats/there and back/1.png", "dogs/1.png"]


@pytest.mark.slow
def test_ten_thousand_tiny_files(tmp_path: Path, store: Store):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for i in range(10_000):
            file.writestr(f"class {i % 10}/{i}.ppm", b"P6 32 32 255\n" + i.to_bytes(4, "big") * 768)
    (tmp_path / "many.zip").write_bytes(buffer.getvalue())
    counts = import_dataset(tmp_path / "many.zip", store).report["counts"]
    assert counts == {f"class {k}": {"train": 800, "val": 200, "test": 0} for k in range(10)}
