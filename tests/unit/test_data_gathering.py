"""Pictures that are only looked at: files and archives, under the names they came with, within bounds."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from resnet.data.bounds import Limits
from resnet.data.gathering import gather
from resnet.errors import UserError


@pytest.fixture
def archive(pictures: Path, tmp_path: Path) -> Path:
    """A zip of three pictures, and of what lies about in folders."""
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as made:
        for file in sorted(pictures.rglob("*.jpg"))[:3]:
            made.write(file, file.relative_to(pictures.parent))
        made.writestr("shapes/notes.txt", "notes")
        made.writestr("__MACOSX/shapes/._1.jpg", "nothing")
    return tmp_path / "some.zip"


def test_files_and_archives_are_listed_under_their_own_names(archive: Path, pictures: Path, tmp_path: Path):
    files = sorted(pictures.rglob("*.jpg"))[:3]
    with tarfile.open(tmp_path / "more.tar.gz", "w:gz") as made:
        made.add(files[0], "other.jpg")
    sources = [("a/\x1b[31mred.txt", files[0]), (archive.name, archive), ("more.tar.gz", tmp_path / "more.tar.gz")]
    found = gather(sources, tmp_path / "into", Limits())
    names = [file.relative_to(pictures.parent).as_posix() for file in files]
    assert [picture.name for picture in found] == ["a/\N{REPLACEMENT CHARACTER}[31mred.txt", *names, "other.jpg"]
    assert [Path(picture.path).read_bytes() for picture in found[1:4]] == [file.read_bytes() for file in files]
    assert Path(found[0].path) == files[0]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"files": 4}, "more than 4 files and folders"),
        ({"bytes": 100}, "take more than 0.0 MB altogether"),
        ({"files": 5}, None),
    ],
)
def test_archives_are_bounded(archive: Path, tmp_path: Path, limits: dict, sentence: str | None):
    def gathered() -> int:
        return len(gather([(archive.name, archive)], tmp_path / "into", Limits(**limits)))

    if sentence is None:
        assert gathered() == 3
    else:
        with pytest.raises(UserError, match=sentence):
            gathered()


def test_several_archives_share_the_bound(archive: Path, tmp_path: Path):
    bytes = sum(member.file_size for member in zipfile.ZipFile(archive).filelist)
    sources = [("one.zip", archive), ("two.zip", archive)]
    with pytest.raises(UserError, match="altogether"):
        gather(sources, tmp_path / "into", Limits(bytes=int(1.5 * bytes)))
    assert len(gather(sources, tmp_path / "again", Limits(bytes=2 * bytes))) == 6


def test_too_many_and_none_at_all_are_refused(pictures: Path, tmp_path: Path):
    sources = [(file.name, file) for file in sorted(pictures.rglob("*.jpg"))[:3]]
    with pytest.raises(UserError, match="more than the 2 pictures that are classified at once"):
        gather(sources, tmp_path / "into", Limits(files=2))
    with pytest.raises(UserError, match="no picture to classify"):
        gather([], tmp_path / "into", Limits())
    climbing = tmp_path / "climbing.zip"
    with zipfile.ZipFile(climbing, "w") as made:
        made.writestr("../../out.jpg", "x")
    with pytest.raises(UserError, match=r"out\.jpg"):
        gather([("climbing.zip", climbing)], tmp_path / "third", Limits())
    assert not (tmp_path.parent / "out.jpg").exists()
