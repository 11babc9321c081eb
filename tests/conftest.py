"""What several tests need: a workspace of their own, a small set of drawn pictures, a small model."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import resnet
from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.data.samples import CLASSES, draw
from resnet.settings import TrainSettings
from resnet.store import Store
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.preprocessing import Preprocessing

# Read when torch starts its threads. Tests run side by side, and threads that wait for each other beside other busy
# processes are many times slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["HF_HUB_OFFLINE"] = "1"  # no test reaches beyond this machine; the one of the Hub brings its own


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a test often waits for a worker or a page."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def nothing_is_built_behind() -> Iterator[None]:
    """Predictors without a named engine keep torch: processes that build what is faster are tested by themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resnet.predictor.predictor.Predictor._change_over", lambda self: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def workers_do_not_make_way() -> Iterator[None]:
    """As in tests/hasty.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resnet.jobs.launcher.NICE", 0)
        yield


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "workspace")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn pictures in class folders, 8 of each class."""
    folder = tmp_path_factory.mktemp("pictures") / "shapes"
    draw(folder, per_class=8)
    return folder


@pytest.fixture
def data(store: Store, pictures: Path) -> Dataset:
    return import_dataset(pictures, store)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that knows the drawn shapes by name and has learned nothing: random weights, 48 px."""
    folder = tmp_path_factory.mktemp("models") / "small"
    importlib.import_module("torch").manual_seed(0)
    network = resnet.create_model("test_resnet", num_classes=len(CLASSES))
    config = ModelConfig("test_resnet", sorted(CLASSES), Preprocessing(48), license="cc-by-nc-4.0")
    write_folder(folder, network.state_dict(), config, card="")
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, pictures: Path, small_model: Path) -> Path:
    """The folder of a run that has ended by plan, in a workspace with its data set. Not to be changed."""
    store = Store.open(tmp_path_factory.mktemp("finished"))
    data = import_dataset(pictures, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.workers, "launch", lambda folder: None)
        settings = TrainSettings(data.id, str(small_model), mode="head", head_epochs=3, device="cpu", name="drawn")
        folder = store.runs / jobs.start(store, settings)
    importlib.import_module("resnet.worker.__main__").main(folder)
    return folder
