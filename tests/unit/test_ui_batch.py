"""Many pictures through the service: answers as they come, stopped when asked to, bounded where strangers ask."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet.errors import UserError
from resnet.store import Store
from resnet.ui.service import STRANGERS, Service
from resnet.ui.service.batch import Batch


@pytest.fixture
def files(pictures: Path) -> list[str]:
    return [str(file) for file in sorted(pictures.rglob("*.jpg"))]  # 40


@pytest.fixture
def service(store: Store) -> Service:
    return Service(store)


@pytest.fixture
def computed(service: Service, small_model: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each batch had that the network was given."""
    engine, sizes = service.models.predictor(str(small_model)).engine, []
    outputs = type(engine).outputs
    monkeypatch.setattr(
        type(engine), "outputs", lambda self, images: sizes.append(len(images)) or outputs(self, images)
    )
    return sizes


def batch(answers: Iterator[dict], count: int) -> Batch:
    return Batch(answers, count, (), ["small"], [], "en")


def test_answers_come_while_the_rest_is_not_computed_yet(service: Service, small_model: Path, files, computed):
    answers = service.answers.classify_each(service.answers.select(files).pictures, str(small_model))
    assert computed == []
    first = next(answers)
    assert computed == [8]
    assert first["file"] == Path(files[0]).name and first["path"] == files[0] and first["beside"] is None
    together = service.answers.classify_many(files, str(small_model), top_k=1)
    assert [image["labels"] for image in [first, *answers]] == [image["labels"] for image in together["images"]]
    assert set(together["images"][0]) == {"file", "known", "labels", "error"}


def test_a_stopped_batch_keeps_its_answers_and_computes_no_more(service: Service, small_model: Path, files, computed):
    many = batch(service.answers.classify_each(service.answers.select(files).pictures, str(small_model)), len(files))
    for _ in many.beats(every=0):
        if len(many.images) == 9:
            many.stop()
    assert (many.state, len(many.images), computed) == ("stopped", 9, [8, 8])


def test_one_who_no_longer_looks_on_ends_the_computation(service: Service, small_model: Path, files, computed):
    many = batch(service.answers.classify_each(service.answers.select(files).pictures, str(small_model)), len(files))
    beats = many.beats(every=0)
    next(beats), next(beats)
    beats.close()
    assert computed == [8] and next(many._answers, None) is None


def test_a_batch_pauses_at_its_start_now_and_then_and_at_its_end():
    answers = iter([{"file": str(place)} for place in range(1000)])
    many = batch((answer for answer in answers), 1000)
    seen = [(many.state, len(many.images)) for _ in many.beats(every=3600)]
    assert seen == [("running", 0), ("running", 1), ("done", 1000)]


def test_an_unreadable_file_is_answered_under_its_own_name(service: Service, small_model: Path, files, tmp_path):
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as made:
        made.write(files[0], "in/good.jpg")
        made.writestr("in/bad.jpg", "only words")
    selection = service.answers.select([str(tmp_path / "some.zip")])
    bad, good = service.answers.classify_each(selection.pictures, str(small_model), str(small_model))
    assert (bad["file"], good["file"]) == ("in/bad.jpg", "in/good.jpg")
    assert "in/bad.jpg holds text" in bad["error"].say() and "in/bad.jpg" in bad["error"].say("zh")
    assert good["beside"]["labels"] == good["labels"]
    selection.discard()
    assert not selection.folder.exists()


def test_what_a_folder_brought_goes_when_it_is_discarded(service: Service, store: Store, files):
    uploads = store.uploads
    places = []
    for number, file in enumerate(files[:2]):
        place = uploads / f"{number:064x}" / f"{0:032x}-{number}.jpg"
        place.parent.mkdir(parents=True)
        place.write_bytes(Path(file).read_bytes())
        places.append(str(place))
    sent = [["cats/1.jpg", places[0], ""], ["cats/notes.txt", "", ""], ["dogs/1.jpg", places[1], ""]]
    selection = service.answers.select_sent(sent)
    assert [picture.name for picture in selection.pictures] == ["cats/1.jpg", "dogs/1.jpg"]
    selection.discard()
    assert not any(os.path.exists(place) for place in places)
    with pytest.raises(UserError, match="no picture to classify"):
        service.answers.select_sent([["cats/notes.txt", "", ""]])


def test_strangers_have_bounds(store: Store, files: list[str]):
    hosted = Service(store, "hosted")
    many = files[:1] * (STRANGERS.files + 1)
    for call in (lambda: hosted.answers.select(many), lambda: hosted.answers.classify_many(many)):
        with pytest.raises(UserError, match="more than the 200 pictures"):
            call()
    assert [path.name for path in (store.root / "tmp").iterdir()] == []
    with pytest.raises(UserError, match="is not offered here"):
        hosted.answers.classify_each(hosted.answers.select(files).pictures, "", str(Path(files[0]).parent))


def test_a_model_that_cannot_be_loaded_is_said_before_the_first_answer(service: Service, files, tmp_path):
    with pytest.raises(UserError, match="nothing"):
        service.answers.classify_each(service.answers.select(files).pictures, str(tmp_path / "nothing"))
