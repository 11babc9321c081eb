"""Runs from the outside: what is said before a start, what a run's state is, what is refused.

Workers are real, but wait: a test that holds the device's lock keeps them in the queue, where they load no torch.
"""

import math
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import resnet
from resnet import jobs
from resnet.data.corrections import correct, corrected
from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.settings import TrainSettings, resolve
from resnet.store import PROJECT, Lock, Store, folders, is_locked, new_id, read_json, write_json
from resnet.text import Message
from resnet.ui.service import Service
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.preprocessing import Preprocessing
from resnet.worker.record import read_settings
from tests.made_runs import make_run
from tests.unit.test_views_figures import report_of
from tests.waiting import until


@pytest.fixture
def settings(data: Dataset, small_model: Path) -> TrainSettings:
    return TrainSettings(data.id, str(small_model), device="cpu")


@pytest.fixture
def busy(store: Store) -> Iterator[Lock]:
    """The CPU is taken, so that a started run stays in the queue; at the end all workers are told to go."""
    lock = Lock(store.device_lock("cpu"))
    assert lock.acquire()
    yield lock
    jobs.shutdown()
    lock.release()


# the plan


def test_a_plan_settles_everything_that_can_be_told_without_torch(store, data, settings, small_model):
    plan = jobs.plan(store, replace(settings, data="shapes", device=None))
    left_open = {name for name, value in vars(plan.settings).items() if value is None}  # mode auto uses all
    chosen_on_folds = "head_weight_decay"
    assert left_open == {"device", "devices", "precision", "minutes", "folds", chosen_on_folds}
    assert plan.settings.data == data.id and plan.settings.name == "shapes test_resnet"
    assert plan.settings.model == str(small_model)
    assert (plan.architecture, plan.preprocessing.size, plan.settings.image_size) == ("test_resnet", 48, 48)
    smaller = jobs.plan(store, replace(settings, image_size=40, crop_mode="squash"))
    assert (smaller.preprocessing.size, smaller.preprocessing.crop_mode) == (40, "squash")


def test_a_start_model_is_named_so_that_it_is_found_again_from_anywhere(store, settings, small_model, monkeypatch):
    monkeypatch.chdir(small_model.parent)
    assert jobs.plan(store, replace(settings, model="small")).settings.model == str(small_model)
    run = make_run(store, "done")
    shutil.copytree(small_model, run / "model")
    assert jobs.plan(store, replace(settings, model="made")).settings.model == run.name


def test_from_scratch_the_size_follows_the_pictures(store, settings):
    plan = jobs.plan(store, replace(settings, model="resnet26d", mode="scratch"))
    assert (plan.architecture, plan.settings.model, plan.settings.image_size) == ("resnet26d", "resnet26d", 160)


def test_networks_for_small_pictures_get_small_pictures(store, settings):
    plan = jobs.plan(store, replace(settings, model="resnet20_cifar", mode="scratch"))
    assert (plan.settings.image_size, plan.settings.train_size, plan.preprocessing.resize) == (32, 32, 32)
    deep = jobs.plan(store, replace(settings, model="resnet110_cifar", mode="scratch"))
    assert jobs.estimate(store, deep) > jobs.estimate(store, plan)


def test_a_former_name_of_timms_is_an_architecture_too(store, settings):
    plan = jobs.plan(store, replace(settings, model="gluon_resnet50_v1d", mode="scratch"))
    assert (plan.architecture, plan.settings.model) == ("resnet50d", "resnet50d")


def test_all_problems_are_told_together(store, settings):
    wrong = replace(settings, data="nowhere", model="resnet51", mode="magic", epochs=0, device="../x", seed=None)
    with pytest.raises(UserError) as told:
        jobs.start(store, wrong)
    for words in (
        "mode is magic; choose one of",
        "epochs is 0; it must be a whole number between 1 and 1000",
        "device is ../x; choose one of",
        "seed is None",
        "no data set “nowhere”",
        "no model “resnet51”; did you mean: resnet50",
    ):
        assert words in str(told.value)
    assert folders(store.runs) == []
    with pytest.raises(UserError, match="data is 7; it must be text"):
        jobs.plan(store, TrainSettings(7, None))


def test_a_class_with_one_picture_stops_a_start_and_one_class_an_import(store, settings, pictures, tmp_path):
    few = tmp_path / "few"
    shutil.copytree(pictures / "stars", few / "stars")
    with pytest.raises(UserError, match="All pictures are in one class, “stars”"):
        import_dataset(few, store)
    (few / "circles").mkdir()
    shutil.copy(pictures / "circles" / "000.jpg", few / "circles")
    data = import_dataset(few, store)
    with pytest.raises(UserError, match="A single picture in: circles"):
        jobs.start(store, replace(settings, data=data.id))
    assert folders(store.runs) == []


def test_folds_of_pictures_that_the_start_weights_have_seen_are_refused(store, settings, data, small_model):
    first, second = make_run(store, "done"), make_run(store, "done")
    for run in (first, second):
        shutil.copytree(small_model, run / "model")
    again = replace(settings, model=second.name, folds=2)
    jobs.plan(store, again)  # both learned from other pictures
    write_json(first / "settings.json", {**read_json(first / "settings.json"), "data": {"id": data.id, "name": "d"}})
    record = read_json(second / "settings.json")
    write_json(second / "settings.json", {**record, "settings": {**record["settings"], "model": first.name}})
    correct(data, data.records[0].sha256, None)
    for same in (data, corrected(data, store)):
        with pytest.raises(UserError, match="has learned from pictures of"):
            jobs.plan(store, replace(again, data=same.id))
    jobs.plan(store, replace(again, folds=None))
    jobs.plan(store, replace(again, mode="scratch"))


def test_what_the_start_model_has_seen_of_the_pictures_that_judge_is_told(store, settings, data, small_model, busy):
    run = make_run(store, "done")
    shutil.copytree(small_model, run / "model")
    write_json(run / "settings.json", {**read_json(run / "settings.json"), "data": {"id": data.id, "name": "d"}})
    again = replace(settings, model=run.name)
    assert jobs.plan(store, again).notes == []  # the parts are the same
    turned = store.root / "turned"
    for part, own in (("train", "val"), ("val", "train")):
        for record in data.part(own):
            (turned / part / record.label).mkdir(parents=True, exist_ok=True)
            shutil.copy(record.path, turned / part / record.label)
    again = replace(again, data=import_dataset(turned, store).id)
    (note,) = jobs.plan(store, again).notes
    count = len(data.part("train"))
    assert f"made has learned from {count} of the {count} pictures that the new model is" in note.say()
    started = store.runs / jobs.start(store, again)
    assert read_json(started / "settings.json")["notes"] == [note.to_json()]


def test_start_weights_that_cannot_be_trained_here_are_refused(store, settings, small_model, tmp_path):
    for name, channels, size in (("grey", 1, 48), ("vast", 3, 640)):
        preprocessing = Preprocessing(size, mean=(0.5,) * channels, std=(0.5,) * channels)
        network = resnet.create_model("test_resnet", num_classes=2, in_chans=channels)
        config = ModelConfig("test_resnet", ["a", "b"], preprocessing, in_chans=channels)
        write_folder(tmp_path / name, network.state_dict(), config, card="")
    with pytest.raises(UserError, match=r"takes pictures of 1 channel"):
        jobs.plan(store, replace(settings, model=str(tmp_path / "grey")))
    vast = replace(settings, model=str(tmp_path / "vast"))
    with pytest.raises(UserError, match="image_size is 640; it must be a whole number between 32 and 512"):
        jobs.plan(store, vast)
    assert jobs.plan(store, replace(vast, image_size=64)).preprocessing.size == 64


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"start_size": 64, "train_size": 48}, "start_size is 64; it must be a whole number between 32 and 48"),
        ({"start_size": 500}, "start_size is 500; it must be a whole number between 32 and"),
        ({"mode": "scratch", "frozen_stages": 2}, "frozen_stages is 2 in mode scratch"),
        ({"mode": "scratch", "model": "plain20_cifar", "drop_path": 0.1}, "plain20_cifar has no shortcuts"),
    ],
)
def test_what_would_do_nothing_or_something_else_is_refused(store, settings, wrong, words):
    with pytest.raises(UserError, match=words):
        jobs.plan(store, replace(settings, **wrong))


def test_a_data_set_without_pictures_to_check_with_is_refused(store, settings, pictures, tmp_path):
    files = [(path, label) for label in ("stars", "circles") for path in sorted((pictures / label).iterdir())]
    rows = [f"{path.relative_to(pictures)},{label},patient of {label}" for path, label in files]
    shutil.copytree(pictures, tmp_path / "two")
    table = tmp_path / "two" / "labels.csv"
    table.write_text("\n".join(["filename,label,group", *rows]))
    data = import_dataset(table, store)
    with pytest.raises(UserError, match="no picture to check the model with"):
        jobs.plan(store, replace(settings, data=data.id))


@pytest.mark.parametrize("mode", ["head", "full", "auto", "scratch"])
def test_the_estimate_is_finite_and_grows_with_the_epochs(store, settings, mode):
    seconds = [jobs.estimate(store, jobs.plan(store, replace(settings, mode=mode, epochs=n))) for n in (1, 10, 100)]
    assert all(math.isfinite(value) and value > 0 for value in seconds)
    assert seconds[0] < seconds[1] < seconds[2]
    planned = [jobs.plan(store, replace(settings, mode=mode, epochs=1, folds=n)) for n in (None, 2, 4)]
    folds = [jobs.estimate(store, plan) for plan in planned]
    assert folds[0] < folds[1] < folds[2]
    device = replace(settings, mode=mode, device="cuda:1")
    assert math.isfinite(jobs.estimate(store, jobs.plan(store, device)))


# starts


def test_two_clicks_are_one_run(store, settings, busy):
    answers = []

    def click() -> None:
        try:
            answers.append(jobs.start(store, settings))
        except UserError as error:
            answers.append(error)

    clicks = [threading.Thread(target=click) for _ in range(3)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    (run,) = [answer for answer in answers if isinstance(answer, str)]
    assert all(run in str(answer) for answer in answers)  # the others say which run it is
    assert [folder.name for folder in folders(store.runs)] == [run]
    other = jobs.start(store, replace(settings, seed=1))  # other settings are another run
    jobs.stop(store, run)
    until(lambda: jobs.status(store.runs / run)["state"] == "stopped")
    third = jobs.start(store, settings)  # and so is a new start once the first has ended
    assert [record["run"] for record in jobs.list_runs(store)] == [third, other, run]


def test_a_run_in_the_queue_is_stopped_and_resumed_and_keeps_its_data(store, settings, data, busy):
    run = jobs.start(store, settings)
    folder = store.runs / run
    until(lambda: is_locked(folder / "lock"))
    assert jobs.status(folder)["state"] == "queued"
    with pytest.raises(UserError, match=rf"is used by the run {run}, which is queued"):
        jobs.delete_dataset(store, "shapes")
    with pytest.raises(UserError, match="only one that was stopped, failed or was lost can be resumed"):
        jobs.resume(store, run)
    jobs.stop(store, run)
    assert jobs.status(folder)["state"] in ("stopping", "stopped")
    until(lambda: jobs.status(folder)["state"] == "stopped")
    jobs.resume(store, run)  # the request to stop is forgotten
    until(lambda: is_locked(folder / "lock"))
    assert jobs.status(folder)["state"] == "queued"
    assert jobs.shutdown() == [run]
    assert jobs.status(folder)["state"] == "stopped"
    jobs.delete_dataset(store, data.id)
    with pytest.raises(UserError, match="There is no data set"):
        jobs.resume(store, run)
    assert jobs.status(folder)["state"] == "stopped"
    jobs.delete_run(store, run)
    assert jobs.list_runs(store) == [] and list(store.runs.iterdir()) == list(store.datasets.iterdir()) == []


def test_an_app_that_ends_at_once_leaves_a_run_that_can_be_resumed(store, settings, busy):
    run = jobs.start(store, settings)
    jobs.shutdown()  # its worker has hardly begun
    assert jobs.status(store.runs / run)["state"] == "stopped"


def test_a_worker_killed_in_the_queue_is_lost(store, settings, busy):
    folder = store.runs / jobs.start(store, settings)
    until(lambda: is_locked(folder / "lock"))
    jobs.workers.launched[folder].kill()
    record = read_json(folder / "status.json")
    write_json(folder / "status.json", {**record, "launched": record["launched"] - 3600})  # not a moment ago
    until(lambda: jobs.status(folder)["state"] == "lost")
    assert read_json(folder / "status.json")["state"] == "queued"  # derived, never written
    with pytest.raises(UserError, match="process is gone"):
        jobs.raise_failure(folder)
    jobs.resume(store, folder.name)
    assert jobs.status(folder)["state"] == "queued"


def test_a_worker_that_is_slow_to_begin_is_not_lost(store, settings, busy, monkeypatch):
    monkeypatch.setattr("resnet.worker.status.GRACE", 0)
    assert jobs.status(store.runs / jobs.start(store, settings))["state"] == "queued"


def by_hand(store: Store, run: str) -> None:
    """At once, as into a trash: of a folder that goes file by file its worker may see the half, and call it damaged."""
    shutil.rmtree((store.runs / run).rename(store.root / "trash"))


@pytest.mark.parametrize(("delete", "taken"), [(by_hand, True), (jobs.delete_run, True), (jobs.delete_run, False)])
def test_a_run_deleted_in_the_queue_leaves_no_ghost(store, settings, busy, delete, taken):
    folder = store.runs / jobs.start(store, settings)
    until(lambda: is_locked(folder / "lock") or not taken)  # by its worker; else that has only just been launched
    worker = jobs.workers.launched[folder]
    delete(store, folder.name)
    with pytest.raises(UserError, match="There is no run"):
        jobs.status(folder)
    busy.release()
    assert worker.wait(60) == 1
    assert list(store.runs.iterdir()) == jobs.list_runs(store) == []
    with pytest.raises(UserError, match="There is no run"):
        jobs.delete_run(store, folder.name)


def test_pages_turn_from_a_deleted_run_to_what_there_is(store, settings, busy):
    first, second = jobs.start(store, settings), jobs.start(store, replace(settings, seed=1))
    service = Service(store).runs
    assert service.worth_watching(second) == second and service.worth_watching("") == first
    jobs.delete_run(store, first)
    assert service.worth_watching(first) == second
    jobs.delete_run(store, second)
    assert service.worth_watching(second) == ""


# states


@pytest.mark.parametrize(
    ("written", "told"),
    [("running", "lost"), ("stopping", "lost"), ("queued", "queued")]
    + [(state, state) for state in ("stopped", "done", "failed")],
)
def test_the_state_of_a_run_without_a_worker(store, written, told):
    folder = make_run(store, written)
    assert jobs.status(folder)["state"] == told
    assert read_json(folder / "status.json")["state"] == written
    (folder / "stop").touch()  # one left behind changes nothing of a run that has ended
    assert jobs.status(folder)["state"] == ("stopping" if written == "queued" else told)


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_a_clock_that_jumps_revives_no_lost_run(store, shift):
    folder = make_run(store, "queued", launched=time.time() + shift)
    assert jobs.status(folder)["state"] == "lost"


def test_a_run_that_would_fail_again_is_not_resumed(store):
    failed = {"message": Message("loss_not_finite", {"rate": "10"}).to_json()}
    folder = make_run(store, "failed", **failed)
    with pytest.raises(UserError, match=r"would fail again .* Start a new run with a tenth of it"):
        jobs.resume(store, folder.name)
    assert jobs.status(folder)["state"] == "failed"


def test_stopping_what_has_ended_does_nothing(store):
    folder = make_run(store, "done")
    jobs.stop(store, folder.name)
    assert not (folder / "stop").exists()


def test_lists_pass_over_what_vanishes(store):
    whole = make_run(store, "done")
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            shutil.rmtree(make_run(store, "stopped"))

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(100):
            assert whole.name in [run["run"] for run in jobs.list_runs(store)]
    finally:
        stop.set()
        thread.join()


def test_the_newest_run_comes_first_whatever_was_touched_last(store):
    old, new = make_run(store, "done"), make_run(store, "done")
    write_json(old / "settings.json", {**read_json(old / "settings.json"), "created": time.time() - 100})
    assert [run["run"] for run in jobs.list_runs(store)] == [new.name, old.name]


def test_unknown_runs_are_named(store):
    for function in (jobs.stop, jobs.resume, jobs.delete_run):
        with pytest.raises(UserError, match="There is no run “nothing” here"):
            function(store, "nothing")


# damage

DAMAGE = {
    "half": b'{"format": 1, "state": "do',
    "empty": b"",
    "no text": bytes(range(256)),
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "nested without end": b"[" * 100_000,
    "of the wrong types": b'{"format": 1, "state": 7, "settings": [], "data": "d", "accuracy": {}, "name": []}',
    "not a number": b'{"format": 1, "state": "done", "step": NaN, "accuracy": Infinity, "settings": {"mode": "x"}}',
    "of a newer version": b'{"format": 2}',
    "of an odd format": b'{"format": []}',
    "a folder": None,
}
FILES = ("settings.json", "status.json", "report.json")


def damage(file: Path, content: bytes | None) -> None:
    file.unlink(missing_ok=True)
    file.mkdir() if content is None else file.write_bytes(content)


def test_a_damaged_file_costs_its_own_run_only(store, settings, data, busy):
    """Every file of a run in every kind of damage: other runs are listed, started, queued and deleted as ever."""
    whole, damaged = make_run(store, "done"), {}
    for file in FILES:
        for content in DAMAGE.values():
            folder = make_run(store, "done")
            damage(folder / file, content)
            damaged[folder.name] = file
    (empty := store.runs / new_id()).mkdir()
    damaged[empty.name] = "settings.json"
    listed = {run["run"]: run for run in jobs.list_runs(store)}
    assert listed.keys() == {whole.name, *damaged} and listed[whole.name]["state"] == "done"
    for run, file in damaged.items():
        assert listed[run]["state"] == "damaged"
        assert file in listed[run]["message"]["english"] and run in listed[run]["message"]["english"]
        assert Message.from_json(listed[run]["message"]).say("zh")

    first, second = jobs.start(store, settings), jobs.start(store, replace(settings, seed=1))
    for run in (first, second):
        until(lambda run=run: is_locked(store.runs / run / "lock"))
        assert jobs.status(store.runs / run)["state"] == "queued"
    with pytest.raises(UserError, match="is used by the run"):
        jobs.delete_dataset(store, data.id)
    jobs.stop(store, first)
    jobs.stop(store, second)
    until(lambda: all(jobs.status(store.runs / run)["state"] == "stopped" for run in (first, second)))
    jobs.delete_dataset(store, data.id)
    for run in damaged:
        jobs.delete_run(store, run)
    assert {folder.name for folder in folders(store.runs)} == {whole.name, first, second}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_name_that_cannot_be_read_is_replaced_by_the_id(store, content):
    folder = make_run(store, "done")
    damage(folder / "name.json", content)
    (run,) = jobs.list_runs(store)
    assert run["state"] == "done" and run["name"] in (folder.name, "[]")


@pytest.mark.parametrize("content", [b"", b"{half", b"\xff", b"[]", b"[" * 100_000])
@pytest.mark.parametrize("file", ["config.json", "lab.json", "report.json"])
def test_a_damaged_model_is_left_out_of_the_models_and_costs_no_other(store, small_model, file, content):
    whole, damaged = make_run(store, "done"), make_run(store, "done")
    for folder in (whole, damaged):
        shutil.copytree(small_model, folder / "model")
    damage(damaged / "model" / file, content)
    own = [model["reference"] for model in Service(store).models.at_hand() if model["own"]]
    assert own == [whole.name]
    assert len(jobs.list_runs(store)) == 2


def test_damaged_status_and_report_are_written_anew_by_a_resume_and_damaged_settings_are_told(store, settings, busy):
    run = jobs.start(store, settings)
    folder = store.runs / run
    until(lambda: is_locked(folder / "lock"))
    jobs.stop(store, run)
    until(lambda: jobs.status(folder)["state"] == "stopped" and not is_locked(folder / "lock"))
    for file in ("status.json", "report.json"):
        write_json(folder / "status.json", {**read_json(folder / "status.json"), "state": "done"})
        damage(folder / file, b"{")
        (summary,) = jobs.list_runs(store)
        assert summary["state"] == "damaged" and file in summary["message"]["english"]
        jobs.resume(store, run)
        assert jobs.status(folder)["state"] == "queued"
        until(lambda: is_locked(folder / "lock"))
        jobs.stop(store, run)
        until(lambda: jobs.status(folder)["state"] == "stopped" and not is_locked(folder / "lock"))
    damage(folder / "settings.json", b"{")
    with pytest.raises(UserError, match=f"run {run} is damaged: its settings.json cannot be relied upon"):
        jobs.resume(store, run)
    with pytest.raises(UserError, match="damaged"):
        jobs.raise_failure(damaged_status(store))


def damaged_status(store: Store) -> Path:
    folder = make_run(store, "done")
    damage(folder / "status.json", b"")
    return folder


def test_settings_of_other_versions(store, settings, busy):
    """Fields that are missing have their defaults, unknown ones are passed over, a newer format is refused."""
    folder = store.runs / jobs.start(store, settings)
    record = read_json(folder / "settings.json")
    old = {name: record[name] for name in ("settings", "architecture", "preprocessing")}
    old["settings"] = {name: record["settings"][name] for name in ("data", "model", "mode")}
    for changed in (old, {**old, "format": 0}, {**record, "format": 1, "mood": "good"}):
        changed["settings"] = {**changed["settings"], "colour": "blue"}
        write_json(folder / "settings.json", changed)
        assert read_settings(folder)["settings"].keys() == record["settings"].keys()
        (run,) = jobs.list_runs(store)
        assert (run["name"], run["mode"]) == (record["name"], "auto")
    write_json(folder / "settings.json", {**record, "format": 2})
    with pytest.raises(UserError, match="format 2, which only a newer version of this program reads"):
        read_settings(folder)


# a clock that is set


def test_a_clock_set_back_puts_no_run_before_others(store, settings, busy):
    first = store.runs / jobs.start(store, settings)
    until(lambda: is_locked(first / "lock"))
    record = read_json(first / "status.json")
    future = {**record, "queued": record["queued"] + 86400, "updated": record["updated"] + 86400}
    write_json(first / "status.json", future)
    second = store.runs / jobs.start(store, replace(settings, seed=1))
    assert read_json(second / "status.json")["queued"] > future["queued"]
    assert [jobs.status(folder)["state"] for folder in (first, second)] == ["queued", "queued"]
    assert {run["run"] for run in jobs.list_runs(store)} == {first.name, second.name}


# several processes


BUSY = """
import random, sys
from resnet import jobs
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.settings import TrainSettings, resolve
from resnet.store import Store, folders
store, pictures, model, seed = Store.open(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
draw = random.Random(seed)
for number in range(int(sys.argv[5])):
    runs, sets = [[folder.name for folder in folders(parent)] for parent in (store.runs, store.datasets)]
    run, data = draw.choice(runs or ["none"]), draw.choice(sets or ["none"])
    action = draw.choice(["import", "import", "start", "start", "stop", "resume", "delete run", "delete data", "list"])
    try:
        if action == "import":
            import_dataset(pictures, store)
        elif action == "start":
            jobs.start(store, TrainSettings(data, model, device="cpu", seed=1000 * seed + number))
        elif action == "list":
            jobs.list_runs(store)
        elif action == "delete data":
            jobs.delete_dataset(store, data)
        else:
            {"stop": jobs.stop, "resume": jobs.resume, "delete run": jobs.delete_run}[action](store, run)
    except UserError as error:
        print(error.message.key)
    for living in jobs.list_runs(store):
        assert living["state"] != "damaged", living
"""


def test_several_processes_change_one_workspace_at_once(store, pictures, small_model, busy):
    """No traceback, no damage, no run without its data set, nothing left behind; whatever they do to each other."""
    few = store.root.parent / "few"
    for label in ("stars", "checks"):
        shutil.copytree(pictures / label, few / label)
    words = [sys.executable, "-c", BUSY, str(store.root), str(few), str(small_model)]
    processes = [
        subprocess.Popen(
            [*words, str(seed), "15"], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for seed in range(3)
    ]
    for process in processes:
        told, errors = process.communicate(timeout=240)
        assert process.returncode == 0 and errors == "", errors
        assert set(told.split()) <= {
            *("run_unknown", "dataset_unknown", "run_not_resumable", "data_in_use", "dataset_damaged"),
            *("problems", "run_started_twice"),
        }
    runs, sets = jobs.list_runs(store), {folder.name for folder in folders(store.datasets)}
    for run in runs:
        folder = store.runs / run["run"]
        assert run["state"] not in jobs.ALIVE or read_json(folder / "settings.json")["data"]["id"] in sets
        jobs.stop(store, run["run"])
    until(lambda: not any(is_locked(folder / "lock") for folder in folders(store.runs)))
    store.temporary()
    assert len(list((store.root / "tmp").iterdir())) == 1  # what those processes had is gone with them
    assert not [path for parent in (store.runs, store.datasets) for path in parent.glob(".*")]


def test_every_public_name_is_there():
    for name in resnet.__all__:
        assert callable(getattr(resnet, name)), name
    contract = {"list_models", "list_pretrained", "create_model", "load", "load_checkpoint", "Predictor"}
    assert contract | {"train", "evaluate", "TrainSettings", "UserError"} <= set(resnet.__all__) <= set(dir(resnet))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = resnet.nothing


def test_models_are_listed_by_pattern_with_a_phrase_each():
    listed = dict(resnet.list_models("resnet50*"))
    assert {"resnet50", "resnet50d"} <= listed.keys() and all(listed.values())
    assert "resnet18" not in listed and resnet.list_models("nothing*") == []


def test_a_run_on_several_gpus_waits_for_each_of_them(store):
    folder, second = make_run(store, "queued"), Lock(store.device_lock("cuda:1"))
    record = read_json(folder / "settings.json")
    record["settings"] |= {"device": "cuda", "devices": 2}
    write_json(folder / "settings.json", {**record, "queue": "cuda:0"})
    assert second.acquire()
    worker = subprocess.Popen([sys.executable, "-m", "resnet.worker", str(folder)], cwd=PROJECT)
    until(lambda: is_locked(store.device_lock("cuda:0")))
    assert jobs.status(folder)["state"] == "queued"
    (folder / "stop").touch()
    assert worker.wait(60) == 0 and jobs.status(folder)["state"] == "stopped"


@pytest.mark.parametrize(
    ("key", "mode", "words", "changed"),
    [
        ("run_out_of_memory", "full", "pictures of 160 px", {"image_size": 160}),
        ("loss_not_finite", "full", "learning rate of 0.003", {"learning_rate": 0.003}),
        ("loss_not_finite", "head", "learning rate of 0.1", {"head_learning_rate": 0.1}),
        ("loss_not_finite", "scratch", "learning rate of 0.0006", {"learning_rate": 0.0006}),
    ],
)
def test_after_a_failure_what_may_help_is_offered(store, data, key, mode, words, changed):
    run = make_run(
        store, "failed", message=Message(key, {"device": "cpu", "images": 2, "size": 1, "rate": 1}).to_json()
    )
    settings = resolve(TrainSettings(data.id, "resnet18", mode), images=40, model_size=224, crop_mode="center")
    write_json(run / "settings.json", {**read_json(run / "settings.json"), "settings": asdict(settings)})
    first, *more = jobs.remedies(run)
    assert words in first[0].say() and first[0].say("zh")
    assert {name: getattr(first[1], name) for name in changed} == changed
    assert [remedy[1].mode for remedy in more] == (["head"] if mode == "full" else [])
    assert not any(remedy[1].problems() for remedy in (first, *more))


@pytest.mark.parametrize("state", ["done", "stopped", "failed"])
def test_where_nothing_is_known_to_help_nothing_is_offered(store, state):
    assert jobs.remedies(make_run(store, state, message=Message("run_failed", {"reason": "?"}).to_json())) == []


def test_a_run_is_called_otherwise(store):
    run = make_run(store, "done")
    jobs.rename(store, run.name, "  shapes again ")
    assert [entry["name"] for entry in jobs.list_runs(store)] == ["shapes again"]
    assert store.run("shapes again") == run
    with pytest.raises(UserError, match="name is empty"):
        jobs.rename(store, run.name, "  ")


def test_a_result_goes_by_its_present_name(store):
    run, service = make_run(store, "done"), Service(store)
    write_json(run / "report.json", report_of([0, 1], [0, 1], ["ant", "bee"]))
    assert service.results.open(run.name).name == "made"
    jobs.rename(store, run.name, "insects")
    assert service.results.open(run.name).name == "insects"
