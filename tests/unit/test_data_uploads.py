"""What a browser sends: the same data set as from the disk, and names that reach nothing."""

from pathlib import Path

import pytest

from resnet.data.bounds import Limits
from resnet.data.dataset import list_datasets
from resnet.data.importing import import_dataset, import_uploads
from resnet.data.uploads import Upload
from resnet.errors import UserError
from resnet.store import Store
from tests.unit.test_data_import import make_folder, png, two_classes, warnings_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "workspace")


def sent(folder: Path, files: dict[str, bytes | None]) -> list[Upload]:
    """Uploads of these files, their content numbered in `folder`; of None only the name was sent."""
    folder.mkdir()
    uploads = []
    for number, (name, content) in enumerate(files.items()):
        if content is not None:
            (folder / f"{number}").write_bytes(content)
        uploads.append(Upload(name, None if content is None else folder / f"{number}"))
    return uploads


@pytest.mark.parametrize("wrap", ["pets/", ""])
def test_a_folder_is_the_same_as_from_the_disk(tmp_path, store, wrap):
    files = {**two_classes(), "cats/bad.png": b"no picture", "cats/more/x.png": png(9), "notes.txt": b"notes"}
    first = import_dataset(make_folder(tmp_path / "pets", files), store)
    elsewhere = Store.open(tmp_path / "elsewhere")
    hidden = {".git/a.png": png(1), "cats/._0.png": b"resource", "dogs/Thumbs.db": None}
    uploads = sent(tmp_path / "sent", {f"{wrap}{n}": c for n, c in {**files, "notes.txt": None, **hidden}.items()})
    again = import_uploads(uploads, elsewhere)
    assert (again.id, again.report["warnings"]) == (first.id, first.report["warnings"])
    assert [record.source for record in again.records] == [record.source for record in first.records]
    assert again.name == ("pets" if wrap else "pictures")
    assert list((elsewhere.root / "tmp").iterdir()) == []


def test_a_table_in_it_is_read(tmp_path, store):
    table = "filename,label\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(6))
    files = {**{f"scans/in/{i}.png": png(i) for i in range(6)}, "scans/labels.csv": table.encode()}
    assert import_uploads(sent(tmp_path / "sent", files), store).classes == ["a", "b"]


def test_a_box_per_class(tmp_path, store):
    """Labels are what was typed, even where folders of that name would mean something."""
    labels = ["train", "val", "a/b", "C:", "..", ".hidden", " \u202eodd "]
    uploads = [
        upload._replace(name="camera.png", label=label)
        for k, label in enumerate(labels)
        for upload in sent(tmp_path / f"sent {k}", {f"{i}.png": png(10 * k + i) for i in range(2)})
    ]
    data = import_uploads(uploads, store)
    assert data.classes == sorted([*labels[:-1], "\ufffdodd"])
    assert data.report["images"] == 2 * len(labels)
    assert data.name == ", ".join([*labels[:-1], "\ufffdodd"])
    assert warnings_of(data) == {}


def test_one_box_is_too_few(tmp_path, store):
    (upload,) = sent(tmp_path / "sent", {"1.png": png(1)})
    with pytest.raises(UserError, match="one class, “cats”"):
        import_uploads([upload._replace(label="cats")], store)


@pytest.mark.parametrize("name", ["../../x/1.png", "/etc/1.png", "cats/../../1.png", "cats//1.png", "./cats/1.png", ""])
def test_names_that_lead_elsewhere_are_refused(tmp_path, store, name):
    uploads = sent(tmp_path / "sent", {**two_classes(), name: png(50)})
    with pytest.raises(UserError) as caught:
        import_uploads(uploads, store)
    assert caught.value.message.key == "upload_climbs"
    assert caught.value.message.say("zh")
    assert {path.name for path in tmp_path.rglob("*.png")} == set()
    assert list((store.root / "tmp").iterdir()) == list_datasets(store) == []


@pytest.mark.parametrize(
    ("limits", "key"),
    [
        (Limits(files=9), "many_files"),
        (Limits(bytes=9000), "many_bytes"),
        (Limits(picture_bytes=5000), "archive_member_large"),
    ],
)
def test_bounds_hold(tmp_path, store, limits, key):
    with pytest.raises(UserError) as caught:
        import_uploads(sent(tmp_path / "sent", two_classes()), store, limits=limits)
    assert caught.value.message.key == key
    assert list((store.root / "tmp").iterdir()) == []
