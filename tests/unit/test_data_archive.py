"""Zips: honest ones in all their kinds are unpacked; hostile and broken ones get a sentence and leave nothing."""

import contextlib
import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from resnet.data.archive import Limits, check_space, unpack, walk
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.store import Store


def png(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


HONEST = {"cats/1.png": png(1), "cats/2.png": png(2), "dogs/1.png": png(3), "dogs/2.png": png(4)}


def make_zip(path: Path, members: dict, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """members: name or ZipInfo -> bytes."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def refused(archive: Path, store: Store, sentence: str, limits: Limits | None = None) -> None:
    """The import ends in `sentence`, and the disk is as it was, inside the workspace and around it."""
    (store.root / "tmp").mkdir(parents=True, exist_ok=True)
    before = everything(archive.parent)
    with pytest.raises(UserError, match=sentence) as caught:
        import_dataset(archive, store, limits=limits or Limits())
    assert everything(archive.parent) == before
    assert "\n" not in str(caught.value)
    assert caught.value.message.say("zh")


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "workspace")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_honest_zip(tmp_path, store, method):
    dataset = import_dataset(make_zip(tmp_path / "pets.zip", HONEST, method), store)
    assert dataset.name == "pets"
    assert {record.source: record.path.read_bytes() for record in dataset.records} == HONEST
    assert os.listdir(store.root / "tmp") == []


@pytest.mark.parametrize(
    "name",
    [
        "../x.png",
        "cats/../../x.png",
        "/etc/x.png",
        "C:/x.png",
        "C:x.png",
        "..\\x.png",
        "cats\\..\\..\\x.png",
        "\\x.png",
    ],
)
def test_names_that_climb(tmp_path, store, name):
    refused(make_zip(tmp_path / "a.zip", {**HONEST, name: png()}), store, "points outside of it")


def test_climbing_refuses_whatever_the_kind_of_file(tmp_path, store):
    refused(make_zip(tmp_path / "a.zip", {**HONEST, "../x.sh": b"#!"}), store, "its member ../x.sh points outside")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices(tmp_path, store, kind):
    member = zipfile.ZipInfo("cats/link.png")
    member.create_system = 3
    member.external_attr = (kind | 0o777) << 16
    refused(make_zip(tmp_path / "a.zip", {**HONEST, member: b"/etc/passwd"}), store, "cats/link.png is a link")


def test_encrypted(tmp_path, store):
    archive = make_zip(tmp_path / "a.zip", HONEST)
    content = bytearray(archive.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    archive.write_bytes(content)
    refused(archive, store, "cats/1.png is encrypted")


def test_bounds(tmp_path, store):
    archive = make_zip(tmp_path / "a.zip", HONEST)
    refused(archive, store, "more than 3 files", Limits(files=3))
    refused(archive, store, "more than 0.0 MB altogether", Limits(bytes=10000))
    refused(archive, store, "cats/1.png unpacks to", Limits(picture_bytes=1000))
    bomb = make_zip(tmp_path / "b.zip", {**HONEST, "cats/flat.bmp": bytes(3_000_000)})
    refused(bomb, store, "more than 20 times", Limits(ratio=20, ratio_from=1_000_000))


def test_bounds_hold_for_folders(tmp_path, store):
    for name, content in HONEST.items():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    refused(tmp_path / "pets", store, "more than 3 files", Limits(files=3))
    refused(tmp_path / "pets", store, "altogether", Limits(bytes=10000))


def test_a_header_that_declares_too_little(tmp_path, store):
    archive = make_zip(tmp_path / "a.zip", {**HONEST, "dogs/long.png": bytes(100_000)})
    content = bytearray(archive.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    archive.write_bytes(content)
    refused(archive, store, "damaged at dogs/long.png")


def test_a_member_that_is_damaged(tmp_path, store):
    archive = make_zip(tmp_path / "a.zip", HONEST, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[content.index(HONEST["dogs/1.png"]) + 100] ^= 255
    archive.write_bytes(content)
    refused(archive, store, "damaged at dogs/1.png")


def test_truncated_and_empty(tmp_path, store):
    whole = make_zip(tmp_path / "a.zip", HONEST).read_bytes()
    for keep in (len(whole) // 2, len(whole) - 10, 10):
        (tmp_path / "cut.zip").write_bytes(whole[:keep])
        refused(tmp_path / "cut.zip", store, "cut.zip is a zip of which a part is missing")
    refused(make_zip(tmp_path / "empty.zip", {}), store, "empty.zip holds no files")
    refused(make_zip(tmp_path / "text.zip", {"notes.txt": b"x"}), store, "no pictures.*found instead: 1 .txt")
    (tmp_path / "zero.zip").write_bytes(b"")
    refused(tmp_path / "zero.zip", store, "neither a folder nor a zip")


def test_other_archives_are_named(tmp_path, store):
    for kind, magic in (("7z", b"7z\xbc\xaf\x27\x1c"), ("RAR", b"Rar!\x1a\x07"), ("gzip", b"\x1f\x8b\x08")):
        (tmp_path / "pets.zip").write_bytes(magic + bytes(600))
        refused(tmp_path / "pets.zip", store, f"is a {kind} archive")
    with tarfile.open(tmp_path / "pets.tar", "w") as file:
        file.add(make_zip(tmp_path / "a.zip", HONEST), "a.zip")
    refused(tmp_path / "pets.tar", store, "is a tar archive")
    (tmp_path / "cat.jpg").write_bytes(png())
    refused(tmp_path / "cat.jpg", store, "neither a folder nor a zip")
    refused(tmp_path / "gone", store, "There is no folder or file")


def test_a_directory_beyond_all_bounds_is_not_even_read(tmp_path, store):
    """zipfile would make an object of each of its entries before anybody could count them."""
    archive = make_zip(tmp_path / "a.zip", {**HONEST, "notes.txt": bytes(3_000_000)}, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    at = content.rindex(b"PK\x05\x06")
    content[at + 12 : at + 20] = struct.pack("<II", at - 100, 100)  # the directory's size and place
    archive.write_bytes(content)
    refused(archive, store, "more than 100 files", Limits(files=100))


def test_damaged_zips_never_end_in_anything_but_a_sentence(tmp_path):
    random = np.random.default_rng(0)
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        whole = make_zip(tmp_path / "a.zip", {**HONEST, "käfer/1.png": png(7)}, method).read_bytes()
        directory = whole.index(b"PK\x01\x02")
        for number in range(150):
            content = bytearray(whole)
            low = 0 if number % 3 == 0 else directory
            for at in random.integers(low, len(content), 3):
                content[at] = random.integers(0, 256)
            (tmp_path / "b.zip").write_bytes(content)
            into = tmp_path / f"into{method}-{number}"
            into.mkdir()
            with contextlib.suppress(UserError):
                unpack(tmp_path / "b.zip", into, Limits())


def test_no_room(tmp_path):
    with pytest.raises(UserError, match=r"needs 1000000000\.0 GB"):
        check_space(tmp_path, 10**18)


def test_names_become_no_paths(tmp_path):
    names = ["cats/" + "x" * 300 + ".png", "cats/a\nb.png", "con/aux.png", "дом/😀.png", "cats/a:b?.png"]
    (tmp_path / "into").mkdir()
    tree = unpack(make_zip(tmp_path / "a.zip", dict.fromkeys(names, png())), tmp_path / "into", Limits())
    assert [str(name) for name, _ in tree.files] == names
    assert sorted(os.listdir(tmp_path / "into")) == [f"{i:06d}" for i in range(len(names))]


def test_backslashes_of_old_windows_zips_are_slashes(tmp_path, store):
    members = {name.replace("/", "\\"): content for name, content in HONEST.items()}
    assert import_dataset(make_zip(tmp_path / "a.zip", members), store).classes == ["cats", "dogs"]


def test_utf8_names_without_the_flag(tmp_path):
    """As macOS's own archiver writes them."""
    archive = make_zip(tmp_path / "a.zip", {"käfer/1.png": png()})
    content = archive.read_bytes()
    for at, offset in ((content.index(b"PK\x03\x04"), 6), (content.index(b"PK\x01\x02"), 8)):
        flags = struct.unpack_from("<H", content, at + offset)[0] & ~0x800
        content = content[: at + offset] + struct.pack("<H", flags) + content[at + offset + 2 :]
    archive.write_bytes(content)
    (tmp_path / "into").mkdir()
    assert unpack(archive, tmp_path / "into", Limits()).files[0][0] == PurePosixPath("käfer/1.png")


def test_hidden_and_system_files_stay_packed(tmp_path):
    junk = ["__MACOSX/cats/._1.png", "cats/.DS_Store", "cats/.hidden.png", "Thumbs.db", ".ipynb_checkpoints/1.png"]
    archive = make_zip(tmp_path / "a.zip", {**HONEST, **dict.fromkeys(junk, png())})
    (tmp_path / "into").mkdir()
    tree = unpack(archive, tmp_path / "into", Limits())
    assert len(tree.files) == len(os.listdir(tmp_path / "into")) == 4
    assert tree.others == []
    assert tree.folders == {PurePosixPath("cats"), PurePosixPath("dogs")}


def test_zip_and_folder_give_the_same_tree(tmp_path):
    members = {**HONEST, "cats/notes.txt": b"x", "deep/er/3.png": png(9)}
    archive = make_zip(tmp_path / "a.zip", {**members, "birds/": b""})
    for name, content in members.items():
        (tmp_path / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / name).write_bytes(content)
    (tmp_path / "a" / "birds").mkdir()
    (tmp_path / "into").mkdir()
    packed, plain = unpack(archive, tmp_path / "into", Limits()), walk(tmp_path / "a", Limits())
    assert {n: p.read_bytes() for n, p in packed.files} == {n: p.read_bytes() for n, p in plain.files}
    assert (packed.others, packed.folders) == (plain.others, plain.folders)


def test_links_in_folders_are_followed_but_not_in_circles(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "1.png").write_bytes(png())
    (tmp_path / "pets" / "cats").mkdir(parents=True)
    (tmp_path / "pets" / "dogs").symlink_to(tmp_path / "real")
    (tmp_path / "pets" / "cats" / "2.png").symlink_to(tmp_path / "real" / "1.png")
    (tmp_path / "pets" / "cats" / "round").symlink_to(tmp_path / "pets")
    (tmp_path / "pets" / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pets" / "cats" / "pipe.png")
    names = [str(name) for name, _ in walk(tmp_path / "pets", Limits()).files]
    assert sorted(names) == ["cats/2.png", "dogs/1.png"]
