"""Corrections of a data set: kept beside it, taken back, and made into a new one."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resnet.cli import main
from resnet.data.corrections import correct, corrected, corrections, picture, undo
from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.store import delete_folder, read_lines


def test_what_was_corrected_last_holds_and_can_be_taken_back(data: Dataset):
    first, second = data.records[0], data.records[-1]
    correct(data, first.sha256, data.classes[1])
    correct(data, second.sha256, None)
    correct(data, first.sha256, data.classes[2])
    assert list(corrections(data).items()) == [(second.sha256, None), (first.sha256, data.classes[2])]
    undo(data)
    assert corrections(data)[first.sha256] == data.classes[1]
    correct(data, first.sha256, first.label)  # right after all
    assert corrections(data) == {second.sha256: None}
    for _ in range(4):
        undo(data)
    assert corrections(data) == {}


def test_what_is_corrected_while_another_page_takes_back_is_not_lost(data: Dataset):
    first = data.records[0].sha256
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(correct, data, first, data.classes[i % 2]) for i in range(60)]
        done += [threads.submit(undo, data) for _ in range(20)]
    assert all(each.exception() is None for each in done)
    assert len(read_lines(data.folder / "corrections.jsonl")) >= 40


def test_a_line_that_was_half_written_costs_only_itself(data: Dataset):
    correct(data, data.records[0].sha256, None)
    with open(data.folder / "corrections.jsonl", "a") as file:
        file.write('{"sha256": "0')
    assert corrections(data) == {data.records[0].sha256: None}
    correct(data, data.records[1].sha256, None)
    assert len(corrections(data)) == 2


@pytest.mark.parametrize(("sha256", "label", "message"), [("0" * 64, None, "not in"), (None, "moon", "label is moon")])
def test_what_is_not_the_data_sets_is_refused(data: Dataset, sha256: str | None, label: str | None, message: str):
    with pytest.raises(UserError, match=message):
        correct(data, sha256 or data.records[0].sha256, label)
    assert corrections(data) == {}


def test_the_new_data_set_has_the_corrections_and_all_else_as_it_was(data: Dataset, store):
    moved, out = data.part("val")[0], data.part("train")[0]
    other = next(label for label in data.classes if label != moved.label)
    correct(data, moved.sha256, other)
    correct(data, out.sha256, None)
    new = corrected(data, store)
    before = {record.sha256: (record.label, record.split, record.source) for record in data.records}
    after = {record.sha256: (record.label, record.split, record.source) for record in new.records}
    assert after.pop(moved.sha256) == (other, *before.pop(moved.sha256)[1:])
    before.pop(out.sha256)
    assert after == before
    assert {record.parent for record in new.records} == {data.id}
    assert new.name == f"{data.name} v2" and new.id != data.id
    assert new.report["images"] == len(data.records) - 1
    assert new.report["counts"][other]["val"] == data.report["counts"][other]["val"] + 1
    assert "1 pictures under other labels, 1 left out" in new.report["warnings"][0]["english"]
    assert corrected(data, store).id == new.id  # made once

    delete_folder(data.folder, store.temporary())  # the new one stands by itself
    assert all(record.path.read_bytes() for record in new.records)
    correct(new, new.records[0].sha256, None)
    assert corrected(new, store).name == f"{data.name} v3"


def test_pictures_are_corrected_on_the_command_line(data: Dataset, store, monkeypatch, capsys):
    monkeypatch.setenv("RESNET_HOME", str(store.root))

    def said(*words: str) -> str:
        assert main(["data", "correct", data.name, *words]) == 0
        return capsys.readouterr().out

    def made(*words: str) -> dict:
        return json.loads(said(*words, "--json", "-"))

    first, second = data.records[0], data.records[-1]
    assert "Nothing has been corrected" in said() and made() == {"dataset": data.id, "corrections": []}
    said("--label", first.source, data.classes[1])
    entries = made("--leave-out", second.source)["corrections"]
    assert list(entries[0].values()) == [first.source, first.sha256, first.label, data.classes[1]]
    assert list(entries[1].values()) == [second.source, second.sha256, second.label, None]
    assert f"{first.source}: {first.label} → {data.classes[1]}" in said()
    assert made("--undo")["corrections"] == entries[:1]
    new = made("--make")
    assert Dataset.open(store.dataset(new["dataset"])).report == new["report"]
    assert f"{data.name} v2" in said("--make")
    assert main(["data", "correct", data.name, "--label", "nothing.jpg", data.classes[1]]) == 1
    assert "No picture of" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["data", "correct", data.name, "--undo", "--make"])


def test_a_picture_is_known_by_as_much_of_its_name_as_tells_it_from_others(data: Dataset):
    for record in data.records:
        assert picture(data, record.source) == picture(data, record.sha256) == record
    name = Path(data.records[0].source).name
    with pytest.raises(UserError, match="fits more than one"):  # every class has a 000.jpg
        picture(data, name)
    assert picture(data, f"{data.records[0].label}/{name}") == data.records[0]
    for unknown in ("", "nothing.jpg", name[1:]):
        with pytest.raises(UserError, match="No picture of"):
            picture(data, unknown)


def test_it_is_the_data_set_that_an_import_of_the_corrected_folders_gives(data: Dataset, store, tmp_path):
    moved = data.part("train")[0]
    correct(data, moved.sha256, data.classes[-1])
    new = corrected(data, store)
    for record in new.records:
        place = tmp_path / "again" / record.split / record.label
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(record.path, place)
    assert import_dataset(tmp_path / "again", store).id == new.id


def test_nothing_to_correct_and_nothing_left_are_told(data: Dataset, store):
    with pytest.raises(UserError, match="Nothing has been corrected"):
        corrected(data, store)
    for record in data.records:
        if record.label != data.classes[0]:
            correct(data, record.sha256, None)
    with pytest.raises(UserError, match="fewer than two classes"):
        corrected(data, store)
    assert [folder.name for folder in store.datasets.iterdir()] == [data.id]
