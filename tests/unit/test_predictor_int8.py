"""Networks in integers: built from the model's own pictures, as good as they were, refused without them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import resnet
from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.evaluation.evaluate import evaluate
from resnet.exporters import export as exporting
from resnet.exporters.export import export
from resnet.nn.network import ResNet
from resnet.nn.variants import VARIANTS
from resnet.predictor import Predictor, int8
from resnet.predictor.built import engine_file
from resnet.predictor.graph import onnx_graph
from resnet.store import Store
from resnet.weights.folder import ModelConfig, read_config, write_folder
from resnet.weights.models import load
from resnet.weights.preprocessing import Preprocessing
from tests.preloaded import ROW, TINY

PREPROCESSING = Preprocessing(64, 1.0)


@pytest.fixture(scope="module", autouse=True)
def small_network() -> Iterator[None]:
    VARIANTS[TINY] = ROW
    yield
    del VARIANTS[TINY]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One workspace for all tests here: a network is built in it once."""
    return Store.open(tmp_path_factory.mktemp("home") / "workspace")


@pytest.fixture(scope="module")
def data(store: Store, pictures: Path) -> Dataset:
    return import_dataset(pictures, store)


@pytest.fixture(scope="module")
def trained(data: Dataset, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that has learned the drawn pictures, with its report on all of them."""
    folder = tmp_path_factory.mktemp("models") / "trained"
    torch.manual_seed(0)
    network, config = resnet.create_model(TINY, num_classes=5), ModelConfig(TINY, data.classes, PREPROCESSING)
    pixels = np.concatenate([*int8.pixels_of(data.records, PREPROCESSING, data)])
    learn(network, PREPROCESSING.normalise(torch.from_numpy(pixels)), [record.target for record in data.records])
    write_folder(folder, network.state_dict(), config, card="")
    report = evaluate(folder, data, "all", store=store)
    write_folder(folder, network.state_dict(), config, card="", report=report)
    return folder


def learn(network: ResNet, pictures: torch.Tensor, targets: list[int]) -> None:
    """Running statistics, and a classifier by least squares."""
    with torch.no_grad():
        for _ in range(10):
            network.train()(pictures)
        features = network.eval().forward_head(network.forward_features(pictures), pre_logits=True)
        centred = features - features.mean(dim=0)
        wanted = torch.nn.functional.one_hot(torch.tensor(targets), 5) * 10.0 - 2.0
        network.fc.weight.copy_(torch.linalg.lstsq(centred, wanted, driver="gelsd").solution.T)
        network.fc.bias.copy_(-network.fc.weight @ features.mean(dim=0))


@pytest.fixture(scope="module")
def graph(trained: Path) -> Path:
    onnx.save(onnx_graph(load(trained)), trained.parent / "float.onnx")
    return trained.parent / "float.onnx"


@pytest.fixture(scope="module")
def steps() -> list[tuple]:
    return []


@pytest.fixture(scope="module")
def built(trained: Path, graph: Path, store: Store, steps: list[tuple]) -> int8.Int8:
    return int8.build(trained, graph, store, lambda *step: steps.append(step))


def test_integers_keep_the_accuracy_and_are_built_once(trained, graph, store, data, built, steps):
    figures, learned_from = built.figures, len(data.part("train"))
    assert figures["data"] == {"id": data.id, "name": data.name} and figures["n"] == len(data.records)
    assert figures["float_accuracy"] == evaluate(trained, data, "all", store=store)["accuracy"] > 0.9
    assert figures["accuracy"] > figures["float_accuracy"] - 0.08  # three of the pictures
    assert figures["calibrated_on"] == learned_from
    assert ("calibrate", 8, learned_from) in steps and steps[-1] == ("compare", figures["n"], figures["n"])
    assert built.path.stat().st_size < graph.stat().st_size / 3.5
    again = int8.build(trained, graph, store, lambda *_: pytest.fail("built a second time"))
    assert again == built == int8.built(trained, store)


def test_all_convolutions_and_sums_run_in_integers(built, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "as-it-runs.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(built.path, options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "as-it-runs.onnx").graph.node]
    assert kinds.count("QLinearConv") == 12 and kinds.count("QLinearAdd") == 4
    assert not {"Conv", "Add", "Relu", "MaxPool"} & {*kinds}


def test_weights_take_seven_bits(built):
    """So that processors without VNNI sum their products up without saturation."""
    tensors = onnx.load(built.path).graph.initializer
    weights = [onnx.numpy_helper.to_array(tensor) for tensor in tensors if len(tensor.dims) == 4]
    assert len(weights) == 12 and all(array.dtype == np.int8 for array in weights)
    assert max(int(np.abs(array.astype(int)).max()) for array in weights) <= 64


def test_without_a_report_or_its_pictures_there_is_none(trained, graph, small_model, store, tmp_path):
    with pytest.raises(UserError, match="small has no report"):
        int8.build(small_model, graph, store)
    elsewhere = Store.open(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"data set, “shapes”, is not in this workspace; import that again"):
        int8.build(trained, graph, elsewhere)
    with pytest.raises(UserError, match="is not in this workspace"):
        export(trained, "onnx-int8", tmp_path / "out", elsewhere)
    assert not (elsewhere.root / "engines").exists() and not [*(tmp_path / "out").iterdir()]


def test_weights_without_a_folder_have_none(small_model, store, tmp_path):
    shutil.copy(small_model / "model.safetensors", tmp_path / "bare.safetensors")
    with pytest.raises(UserError, match="bare has no report"):
        export(tmp_path / "bare.safetensors", "onnx-int8", tmp_path, store)


@pytest.fixture
def copied(store: Store, tmp_path: Path) -> Store:
    """The same workspace, where nothing was built."""
    shutil.copytree(store.root / "local", tmp_path / "workspace" / "local")
    return Store.open(tmp_path / "workspace")


def test_damaged_pictures_are_named(trained, graph, copied, data):
    broken = Dataset.open(copied.dataset(data.id)).part("train")[3].path
    broken.write_bytes(b"gone")
    with pytest.raises(UserError, match=rf"“{data.name}”, which is damaged: {broken.name}"):
        int8.build(trained, graph, copied)


@pytest.mark.parametrize("stage", ["calibrate", "compare"])
def test_it_can_be_stopped_and_leaves_nothing(trained, graph, copied, stage):
    def stop(now: str, *_: int) -> None:
        if now == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        int8.build(trained, graph, copied, stop)
    assert not [*(copied.root / "engines").iterdir()] and not [*(copied.root / "tmp").iterdir()]


def test_what_ends_the_quantiser_is_told(trained, copied, tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    with pytest.raises(UserError, match=r"ended with status 1: (.|\n)*broken"):
        int8.build(trained, tmp_path / "broken.onnx", copied)


def test_a_predictor_tells_how_far_it_is(trained, graph, copied, monkeypatch):
    stages, file = [], engine_file(trained, read_config(trained), copied)
    file.parent.mkdir()
    monkeypatch.setattr("resnet.predictor.built.build", lambda *_: shutil.copy(graph, file))
    predictor = Predictor(trained, store=copied, engine="onnx-int8", progress=lambda stage, *_: stages.append(stage))
    assert predictor.engine.name == "onnx-int8" and {*stages} == {"calibrate", "compare"}


def test_it_is_taken_away_with_its_accuracy(trained, built, store, tmp_path, monkeypatch):
    result = export(trained, "onnx-int8", tmp_path, store)
    assert Path(result["file"]).name == "trained-onnx-int8.zip" and result["bytes"] < 6e6
    assert result["accuracy"] == built.figures and result["largest_difference"] > 0
    loss = result["accuracy"]["float_accuracy"] - result["accuracy"]["accuracy"]
    monkeypatch.setattr(exporting, "INT8_LOSS", loss - 0.01)
    with pytest.raises(UserError, match=r"in 8-bit integers on [\d.]+% only"):
        export(trained, "onnx-int8", tmp_path, store)


def test_the_pictures_to_measure_on_are_spread_over_the_classes(data):
    chosen = int8.spread(data.records, 12)
    counts = [sum(record.label == label for record in chosen) for label in data.classes]
    assert sorted(counts) == [2, 2, 2, 3, 3]
    assert chosen == int8.spread(data.records[::-1], 12)
    assert len(int8.spread(data.records, 1000)) == len(data.records)
