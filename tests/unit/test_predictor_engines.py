"""Engines: the same answers from each, the fastest one chosen and kept, nothing lost where that cannot be done."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from resnet.errors import UserError
from resnet.predictor import Predictor, built, onnx_engine
from resnet.predictor.building import note_speed
from resnet.predictor.onnx_engine import normalised
from resnet.predictor.torch_engine import TorchEngine, fastest
from resnet.store import PROJECT, Store
from resnet.weights.folder import read_config
from resnet.weights.models import load
from resnet.weights.preprocessing import Preprocessing

CHANGE_OVER = Predictor._change_over  # as it is without the patch that all tests have
CLOSE = 1e-4  # of the largest value: what rounding may come to where sums are made in another order


@pytest.fixture(scope="module")
def workshop(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A workspace in which the small model's engine was built, in the way and process of the product."""
    store = Store.open(tmp_path_factory.mktemp("engines") / "workspace")
    built.build(small_model, store)
    return store


@pytest.fixture
def files(pictures: Path) -> list[Path]:
    return sorted(pictures.rglob("*.jpg"))[:5]


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (11, 3, 48, 48), np.uint8)


def say_fastest(name: str, store: Store) -> None:
    file = built.speed_file("test_resnet", store)
    file.write_text(json.dumps({"format": 1, "fastest": name}))


def assert_close(given: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(given, expected, rtol=0, atol=CLOSE * abs(expected).max())


def test_all_engines_give_what_the_network_gives(small_model, workshop, images):
    network = load(small_model)
    with torch.inference_mode():
        normal = network.preprocess.args[0].normalise(torch.from_numpy(images))
        logits, features = network(normal), network.forward_head(network.forward_features(normal), pre_logits=True)
    for name in ("torch", "onnx"):
        engine = Predictor(small_model, store=workshop, engine=name).engine
        assert (engine.name, engine.device) == (name, "cpu")
        assert_close(engine.logits(images), logits.numpy())
        assert_close(engine.features(images), features.numpy())
        assert_close(engine.outputs(images), np.hstack([features, logits]))
        assert_close(engine.outputs(images[:1]), np.hstack([features, logits])[:1])
        assert engine.outputs(images).dtype == np.float32


@pytest.mark.parametrize(
    "preprocessing",
    [Preprocessing(8), Preprocessing(8, mean=(0.5,) * 3, std=(0.5,) * 3), Preprocessing(8, mean=(0.13,), std=(0.31,))],
)
def test_pictures_are_normalised_to_the_same_bits(preprocessing):
    every = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(len(preprocessing.mean), axis=1)
    expected = preprocessing.normalise(torch.from_numpy(every)).numpy()
    assert normalised(every, preprocessing).tobytes() == expected.tobytes()


def test_what_is_faster_here_is_remembered_and_used(small_model, workshop, files):
    seconds = json.loads(built.speed_file("test_resnet", workshop).read_text())["seconds"]
    assert seconds.keys() == {"torch", "onnx"} and all(value > 0 for row in seconds.values() for value in row.values())
    answers = {}
    for name in ("torch", "onnx"):
        say_fastest(name, workshop)
        answers[name] = Predictor(small_model, store=workshop).predict(files)
        assert answers[name]["engine"] == name
    for one, other in zip(*(answer["images"] for answer in answers.values()), strict=True):
        assert [entry["label"] for entry in one["labels"]] == [entry["label"] for entry in other["labels"]]


def test_the_faster_engine_is_the_one_with_less_time(store, small_model, images):
    class Slow:
        name = "torch"

        def outputs(self, images: np.ndarray) -> None:
            sum(range(200_000))

    class Quick:
        name = "onnx"

        def outputs(self, images: np.ndarray) -> None:
            pass

    built.folder(store).mkdir(parents=True)
    note_speed([Slow(), Quick()], read_config(small_model), store)
    assert built.faster("test_resnet", store) == "onnx"
    assert built.faster("resnet50", store) == ""


def test_measured_anew_for_other_threads(workshop, monkeypatch):
    say_fastest("onnx", workshop)
    assert built.faster("test_resnet", workshop) == "onnx"
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    assert built.faster("test_resnet", workshop) == ""


def test_where_the_engine_is_built_torch_is_not_loaded(small_model, workshop, files):
    say_fastest("onnx", workshop)
    code = (
        "import sys; from pathlib import Path; from resnet.predictor import Predictor; from resnet.store import Store\n"
        f"predictor = Predictor({str(small_model)!r}, store=Store(Path({str(workshop.root)!r})))\n"
        f"answer = predictor.predict([{str(files[0])!r}])\n"
        "assert answer['engine'] == 'onnx' and answer['images'][0]['labels'], answer\n"
        "assert 'torch' not in sys.modules and 'timm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=60)


def test_the_change_to_the_faster_engine_comes_between_batches(small_model, workshop, files, monkeypatch):
    built.speed_file("test_resnet", workshop).unlink()
    monkeypatch.setattr(built, "build", lambda found, store: say_fastest("onnx", store))
    monkeypatch.setattr(Predictor, "_change_over", CHANGE_OVER)
    predictor = Predictor(small_model, store=workshop)
    for _ in range(200):
        if predictor.engine.name == "onnx":
            break
        assert predictor.predict(files)["images"][0]["labels"]
    assert predictor.predict(files)["engine"] == "onnx"


def test_a_damaged_engine_is_built_again(small_model, workshop, files):
    file = built.engine_file(small_model, read_config(small_model), workshop)
    whole = file.read_bytes()
    say_fastest("onnx", workshop)
    for damaged in (b"", b"no network", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        assert Predictor(small_model, store=workshop).predict(files)["engine"] == "torch"
        assert not file.exists()
    assert Predictor(small_model, store=workshop, engine="onnx").predict(files)["engine"] == "onnx"
    assert file.read_bytes() == whole


def test_other_weights_have_another_engine(small_model, workshop, tmp_path):
    config = read_config(small_model)
    before = built.engine_file(small_model, config, workshop)
    folder = Path(shutil.copytree(small_model, tmp_path / "model"))
    assert built.engine_file(folder, config, workshop) == before  # moved, not changed
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    assert built.engine_file(folder, config, workshop) != before


def test_a_bare_file_of_weights_has_the_engine_of_its_folder(small_model, workshop, images):
    engine = Predictor(small_model / "model.safetensors", store=workshop, engine="onnx").engine
    expected = Predictor(small_model / "model.safetensors", store=workshop, engine="torch").engine
    assert engine.name == "onnx"
    assert_close(engine.logits(images), expected.logits(images))


def test_where_nothing_can_be_written_torch_goes_on(small_model, tmp_path, files, monkeypatch, capfd):
    (tmp_path / "workspace").write_text("a file, where a folder should be")
    monkeypatch.setattr(Predictor, "_change_over", CHANGE_OVER)
    store = Store(tmp_path / "workspace")
    predictor = Predictor(small_model, store=store)
    assert predictor.predict(files)["engine"] == "torch"
    with pytest.raises(UserError, match="engine onnx could not be built"):
        Predictor(small_model, store=store, engine="onnx")
    predictor._change_over()
    assert "could not be built" in capfd.readouterr().err
    assert predictor.predict(files)["engine"] == "torch"


def test_what_keeps_an_engine_from_being_built_is_said_in_any_language(store, tmp_path):
    (tmp_path / "notes.pth").write_text("no weights")
    with pytest.raises(UserError) as refused:
        built.build(tmp_path / "notes.pth", store)
    with pytest.raises(UserError) as expected:
        load(tmp_path / "notes.pth", store)
    assert refused.value.message.say("zh") == expected.value.message.say("zh")


def test_engines_stay_within_bounds_the_least_used_go(store, monkeypatch):
    folder = built.folder(store)
    folder.mkdir(parents=True)
    for age, name in enumerate("abc"):
        (folder / f"{name}.onnx").write_bytes(bytes(10))
        (folder / f"{name}.json").write_text("{}")
        os.utime(folder / f"{name}.onnx", (age, age))
    monkeypatch.setattr(built, "MOST_BYTES", 25)
    built.prune(store, keep=folder / "a.onnx")
    assert {path.name for path in folder.iterdir()} == {"a.onnx", "a.json", "c.onnx", "c.json"}


@pytest.mark.parametrize(("chosen", "expected"), [("3", 3), ("5,2", 5), ("many", None), ("0", None)])
def test_as_many_threads_as_torch_takes(monkeypatch, chosen, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    assert onnx_engine.threads() == (expected or min(onnx_engine._cores(), onnx_engine._allowed()))


def test_the_room_for_a_large_batch_is_given_back_with_the_next_smaller_one(tmp_path):
    """In a process of its own: what is freed elsewhere would hide it."""
    code = (
        "import re; from pathlib import Path; import numpy as np\n"
        "from resnet.nn.network import create; from resnet.predictor.graph import onnx_graph\n"
        "from resnet.predictor.onnx_engine import OnnxEngine; from resnet.weights.preprocessing import Preprocessing\n"
        "def taken(): return int(re.search(r'RssAnon:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024\n"
        "engine = OnnxEngine(onnx_graph(create('resnet18')).SerializeToString(), Preprocessing(224))\n"
        "pictures = np.zeros((32, 3, 224, 224), np.uint8); engine.logits(pictures[:1]); before = taken()\n"
        "engine.logits(pictures); between = taken(); engine.logits(pictures[:1]); after = taken()\n"
        "assert after < before + 60 < between, (before, between, after)"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells")
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=120)


@pytest.mark.gpu
def test_a_gpu_gives_about_the_same_recorded_or_not(small_model, images):
    network = load(small_model)
    preprocessing = network.config.preprocessing
    engine = fastest(network, preprocessing, "cuda")
    expected = TorchEngine(network, preprocessing, "cpu").outputs(images)
    for batch in (images[:1], images[:1][::-1], images[:8], images, images[1:2]):
        given = engine.outputs(batch)
        atol = 0.03 * abs(expected).max()  # 8 bits of a mantissa, over 18 layers
        np.testing.assert_allclose(given, TorchEngine(network, preprocessing, "cpu").outputs(batch), rtol=0, atol=atol)
