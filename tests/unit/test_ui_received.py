"""What the page's script says that it sent: only what it did send is touched."""

from pathlib import Path

import pytest

from resnet.data.uploads import Upload
from resnet.errors import UserError
from resnet.store import Store
from resnet.ui.service import Service
from resnet.ui.service.received import received
from tests.unit.test_data_import import make_folder, png

HASH, NAME = "a" * 64, f"{'b' * 32}-7.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "uploads", {f"{HASH}/{NAME}": b"x", f"{HASH}/cat.png": b"x", "secret.png": b"x"})


def test_what_was_sent(folder):
    sent = [["pets/1.png", f"{folder}/{HASH}/{NAME}", ""], ["notes.txt", "", "cats"]]
    assert received(sent, folder) == [
        Upload("pets/1.png", folder / HASH / NAME, ""),
        Upload("notes.txt", None, "cats"),
    ]


@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        f"{HASH}/cat.png",  # another visitor's
        f"{HASH}/{'c' * 32}-7.png",  # there is none
        f"{HASH}/../secret.png",
        f"../uploads/{HASH}/{NAME}",
        f"{HASH}/{NAME}/..",
        f"{HASH}",
        f"{HASH}/{NAME}\n",
    ],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_places_that_the_script_has_not_made(folder, place, absolute):
    with pytest.raises(UserError) as caught:
        received([["cats/1.png", f"{folder}/{place}" if absolute else place, ""]], folder)
    assert caught.value.message.key == "upload_strange"
    assert caught.value.message.say("zh")


def test_a_link_is_no_upload(folder):
    (folder / HASH / f"{'c' * 32}-0.png").symlink_to(folder / "secret.png")
    with pytest.raises(UserError):
        received([["cats/1.png", f"{folder}/{HASH}/{'c' * 32}-0.png", ""]], folder)


@pytest.mark.parametrize(
    "sent", [None, "cats", {"files": []}, [["a", "b"]], [["a", "b", 3]], [[["a"], "", ""]], [None]]
)
def test_what_is_no_list_of_files(folder, sent):
    with pytest.raises(UserError):
        received(sent, folder)


@pytest.mark.parametrize("way", ["imported", "refused", "discarded"])
def test_nothing_stays_of_uploads(tmp_path, way):
    store = Store.open(tmp_path / "workspace")
    service, uploads = Service(store), store.uploads
    files = {f"{label}{way}/{i}.png": png(10 * k + i) for k, label in enumerate(("cats", "dogs")) for i in range(3)}
    places = [f"{uploads}/{i:064x}/{'b' * 32}-{i}.png" for i in range(len(files))]
    make_folder(
        uploads, {Path(p).relative_to(uploads).as_posix(): c for p, c in zip(places, files.values(), strict=True)}
    )
    sent = [[name, place, "all" if way == "refused" else ""] for name, place in zip(files, places, strict=True)]
    if way == "imported":
        assert service.datasets.import_uploads(sent).report["images"] == len(files)
    elif way == "refused":
        with pytest.raises(UserError, match="one class"):
            service.datasets.import_uploads(sent)
    else:
        service.datasets.discard_uploads(sent)
    assert list(uploads.iterdir()) == []
    assert len(list(store.datasets.glob("*"))) == (way == "imported")
