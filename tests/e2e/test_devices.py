"""A run on two devices (processes on a CPU): one that dies ends all, and the run goes on from where it was."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resnet import jobs
from resnet.data.importing import import_dataset
from resnet.evaluation.evaluate import examine
from resnet.predictor import Predictor
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Store, read_json, write_json
from tests.processes import children, family, free_port
from tests.waiting import until

# the way to torchrun, on a CPU too: with --cpu it launches one process
ACCELERATE = ["--multi_gpu", "--num_machines=1", "--num_processes=2", "--mixed_precision=no", "--dynamo_backend=no"]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    store = Store.open(tmp_path_factory.mktemp("devices"))
    yield store
    jobs.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("told", ["killed", pytest.param("stopped", marks=pytest.mark.slow)])
def test_whichever_ends_all_end_and_the_run_goes_on_from_its_save(store, pictures, small_model, told):
    data, sizes = import_dataset(pictures, store), {"image_size": 32, "batch_size": 8, "epochs": 12}
    settings = TrainSettings(data.id, str(small_model), "full", name=told, device="cpu", devices=2, **sizes)
    folder = store.runs / jobs.start(store, settings)
    until(lambda: jobs.status(folder)["stage"] == "full")
    worker = jobs.runs.workers.launched[folder].pid
    everybody = list(family(worker))
    sibling = next(pid for pid in children(worker) if b"resnet.worker" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(*((sibling, signal.SIGKILL) if told == "killed" else (worker, signal.SIGTERM)))
    until(lambda: jobs.status(folder)["state"] not in jobs.ALIVE)
    ended = jobs.status(folder)
    assert ended["state"] == {"killed": "failed", "stopped": "stopped"}[told]
    assert told == "stopped" or ended["message"]["key"] == "rank_lost"
    assert told == "killed" or list((folder / "last").iterdir())
    until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in everybody))

    record = read_json(folder / "settings.json")  # without `devices`, only those who launch can make it two
    write_json(folder / "settings.json", {**record, "settings": {**record["settings"], "devices": None}})
    launch = [sys.executable, "-m", "accelerate.commands.launch", *ACCELERATE, f"--main_process_port={free_port()}"]
    words = ["-m", "resnet", "resume", folder.name, "--json", "-"]
    environment = {**os.environ, "RESNET_HOME": str(store.root)}
    done = subprocess.run([*launch, *words], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, check=True)
    result, report = json.loads(done.stdout), read_json(folder / "report.json")  # one answer, not two
    assert result["state"] == "done" and result["steps"] == 12 * 4 and report["summary"]["devices"] == 2
    with np.load(folder / "predictions.npz") as saved:
        found = examine(Predictor(folder / "model", "cpu", store, "torch"), data, "val")
        assert np.abs(saved["logits"] - found.logits).max() < 1e-4


@pytest.mark.slow
def test_what_two_processes_are_launched_for_is_done_once(store, pictures, small_model, tmp_path):
    def launched(*words: object) -> dict:
        launch = [sys.executable, "-m", "accelerate.commands.launch", *ACCELERATE, f"--main_process_port={free_port()}"]
        environment = {**os.environ, "RESNET_HOME": str(tmp_path)}
        words = ["-m", "resnet", *map(str, words), "--device", "cpu", "--json", "-"]
        return json.loads(subprocess.check_output([*launch, *words], cwd=PROJECT, env=environment))

    sizes = ("--image-size", 32, "--batch-size", 8, "--epochs", 2)
    trained = launched("train", "--data", pictures, "--model", small_model, "--mode", "auto", *sizes)
    (data,) = Store.open(tmp_path).datasets.iterdir()
    evaluated = launched("evaluate", "--model", trained["run"], "--data", data.name)
    assert (trained["state"], trained["steps"]) == ("done", 2 * 4)
    assert evaluated["accuracy"] == trained["val"]["accuracy"]
    assert len(launched("predict", "--model", trained["run"], pictures)["images"]) == 40
