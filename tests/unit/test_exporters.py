"""Models taken away: what is in the zip, that it answers as the model does, and what is refused."""

import errno
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

import resnet
from resnet.cli import main
from resnet.data.samples import CLASSES
from resnet.errors import UserError
from resnet.exporters import export as exporting
from resnet.exporters.export import export
from resnet.nn.variants import VARIANTS
from resnet.predictor import Predictor
from resnet.views.exports import exported
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.models import load
from resnet.weights.preprocessing import Preprocessing
from tests.preloaded import ROW, TINY

LABELS = {label: f"the {label}, drawn" for label in sorted(CLASSES)}
ORIENTATION = 0x0112


@pytest.fixture(scope="module", autouse=True)
def small_network() -> Iterator[None]:
    """A network of ten layers: what is exported is written, opened and run in a moment."""
    VARIANTS[TINY] = ROW
    yield
    del VARIANTS[TINY]


def model(folder: Path, preprocessing: Preprocessing, architecture: str = TINY, **known: object) -> Path:
    """A model folder with random weights, whose scores differ."""
    torch.manual_seed(0)
    channels = len(preprocessing.mean)
    network = resnet.create_model(architecture, num_classes=len(LABELS), in_chans=channels)
    torch.nn.init.normal_(network.fc.weight)
    known = {"temperature": 0.7, "license": "apache-2.0", **known}
    config = ModelConfig(architecture, list(LABELS), preprocessing, LABELS, channels, **known)
    write_folder(folder, network.state_dict(), config, card="---\nlicense: apache-2.0\n---\n\n# A card of its own\n")
    return folder


@pytest.fixture(scope="module")
def shapes_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model(tmp_path_factory.mktemp("models") / "shapes", Preprocessing(64))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Wide, tall, small, turned, grey, transparent, with a palette, in four inks."""
    folder, random = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)

    def noise(width: int, height: int) -> Image.Image:
        coarse = random.integers(0, 256, (height // 8, width // 8, 4), np.uint8)
        return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)

    turned = Image.Exif()
    turned[ORIENTATION] = 6
    noise(200, 120).convert("RGB").save(folder / "wide.jpg")
    noise(96, 256).convert("RGB").save(folder / "tall.jpg")
    noise(40, 32).convert("RGB").save(folder / "small.png")
    noise(160, 104).convert("RGB").save(folder / "turned.jpg", exif=turned)
    noise(120, 128).convert("L").save(folder / "grey.png")
    noise(120, 96).save(folder / "transparent.png")
    noise(120, 96).convert("RGB").quantize(16).save(folder / "palette.gif")
    noise(120, 96).convert("CMYK").save(folder / "inks.jpg")
    return sorted(folder.iterdir())


def unpacked(result: dict) -> Path:
    """The one folder in the zip, beside it."""
    file = Path(result["file"])
    with zipfile.ZipFile(file) as archive:
        archive.extractall(file.parent)
    return file.with_suffix("")


def run_script(folder: Path, files: list[Path]) -> tuple[list[dict[str, float]], set[str]]:
    """What classify.py says in a fresh process: scores by words for each picture; and the packages it loaded."""
    command = [sys.executable, "-X", "importtime", folder / "classify.py", *files]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == [str(file) for file in files]
    scores = [{words: float(score) for words, score in (cell.rsplit(" ", 1) for cell in row[1:])} for row in rows]
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    return scores, loaded


def our_scores(folder: Path, files: list[Path]) -> list[dict[str, float]]:
    answers = Predictor(folder, "cpu").predict(files)["images"]
    return [{entry["description"]: entry["score"] for entry in answer["labels"]} for answer in answers]


def assert_same(scores: list[dict[str, float]], wanted: list[dict[str, float]]) -> None:
    for one, other in zip(scores, wanted, strict=True):
        assert one == pytest.approx(other, abs=5e-6)
        assert max(one, key=one.get) == max(other, key=other.get)


@pytest.mark.parity
@pytest.mark.parametrize(
    "preprocessing",
    [
        Preprocessing(64),
        Preprocessing(64, crop_mode="squash", interpolation="bilinear"),
        Preprocessing(64, 1.0, crop_mode="squash"),
        Preprocessing(64, crop_mode="border"),
        Preprocessing(64, 1.0, crop_mode="border", mean=(0.5,), std=(0.25,)),
    ],
    ids=["center", "squash", "squash whole", "border", "border grey"],
)
def test_the_script_of_onnx_answers_as_we_do_with_onnxruntime_numpy_and_pillow_alone(
    preprocessing, photographs, store, tmp_path
):
    folder = model(tmp_path / "shapes", preprocessing)
    result = export(folder, "onnx", tmp_path / "out", store)
    scores, loaded = run_script(unpacked(result), photographs)
    assert_same(scores, our_scores(folder, photographs))
    assert {"onnxruntime", "numpy", "PIL"} <= loaded
    assert not {"torch", "torchvision", "timm", "onnx", "resnet", "gradio"} & loaded
    assert (unpacked(result) / "classify.py").read_text("utf-8").count("\n") <= 15
    assert 0 <= result["largest_difference"] < 1e-3 and result["accuracy"] is None


@pytest.mark.parity
def test_the_model_folder_opens_with_timm_alone(photographs, store, tmp_path):
    folder = model(tmp_path / "shapes", Preprocessing(64), "resnet18")
    result = export(folder, "safetensors", tmp_path / "out", store)
    scores, loaded = run_script(unpacked(result), photographs)
    assert_same(scores, our_scores(folder, photographs))
    assert "timm" in loaded and "resnet" not in loaded
    assert result["largest_difference"] == 0
    kept = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "README.md"}
    assert all((unpacked(result) / name).read_bytes() == content for name, content in kept.items())


def test_torch_export_runs_with_torch_alone(shapes_model, photographs, store, tmp_path):
    result = export(shapes_model, "torch-export", tmp_path, store)
    scores, loaded = run_script(unpacked(result), photographs)
    assert_same(scores, our_scores(shapes_model, photographs))
    assert "torch" in loaded and not {"timm", "torchvision", "resnet"} & loaded
    assert result["largest_difference"] == 0
    assert (unpacked(result) / "classify.py").read_text("utf-8").count("\n") <= 15


def test_the_script_says_unknown_below_the_models_threshold(photographs, store, tmp_path):
    folder = model(tmp_path / "shapes", Preprocessing(32), unknown_threshold=0.6)
    script = unpacked(export(folder, "onnx", tmp_path / "out", store)) / "classify.py"
    done = subprocess.run([sys.executable, script, *photographs], capture_output=True, text=True, check=True)
    said = [line.split("\t")[1] == "unknown" for line in done.stdout.splitlines()]
    assert said == [not answer["known"] for answer in Predictor(folder, "cpu").predict(photographs)["images"]]
    assert {*said} == {True, False}


def test_an_onnx_file_tells_what_it_is_and_takes_any_number_of_pictures(shapes_model, store, tmp_path):
    folder = unpacked(export(shapes_model, "onnx", tmp_path, store))
    onnx.checker.check_model(folder / "model.onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    network, pictures = load(shapes_model), torch.randn(5, 3, 64, 64)
    with torch.inference_mode():
        wanted = network(pictures).numpy()
    for count in (1, 5):
        logits, features = session.run(["logits", "features"], {"images": pictures[:count].numpy()})
        assert logits == pytest.approx(wanted[:count], abs=1e-4)
        assert features.shape == (count, 512)
    known = session.get_modelmeta().custom_metadata_map
    assert known["architecture"] == TINY and known["license"] == "apache-2.0"
    assert json.loads(known["labels"]) == list(LABELS) and json.loads(known["descriptions"]) == [*LABELS.values()]
    assert json.loads(known["preprocessing"]) == Preprocessing(64).to_config()
    assert json.loads(known["temperature"]) == 0.7 and "unknown_threshold" not in known
    assert json.loads((folder / "labels.json").read_text("utf-8")) == LABELS


def test_the_readme_has_the_card_the_licence_and_what_was_checked(shapes_model, store, tmp_path):
    result = export(shapes_model, "onnx", tmp_path, store)
    text = (unpacked(result) / "README.md").read_text("utf-8")
    assert text.startswith("---\nlicense: apache-2.0\n---\n\n# A card of its own")
    assert "Licence of the weights: apache-2.0." in text
    assert f"Checked on {result['pictures']} pictures" in text and f"{result['largest_difference']:.2g}" in text


def test_weights_without_a_folder_go_out_as_a_model_folder(small_model, store, tmp_path):
    file = tmp_path / "mine.safetensors"
    file.write_bytes((small_model / "model.safetensors").read_bytes())
    folder = unpacked(export(file, "safetensors", tmp_path / "out", store))
    assert folder.name == "mine-safetensors"
    assert load(folder).labels == ["0", "1", "2", "3", "4"]
    assert "Licence of the weights: not stated." in (folder / "README.md").read_text("utf-8")


def test_a_network_that_timm_lacks_says_so_and_brings_no_script_for_it(store, tmp_path):
    folder = model(tmp_path / "small", Preprocessing(32, 1.0), "resnet20_cifar")
    made = unpacked(export(folder, "safetensors", tmp_path / "out", store))
    assert not (made / "classify.py").exists()
    assert "timm has no resnet20_cifar" in (made / "README.md").read_text("utf-8")
    assert (unpacked(export(folder, "onnx", tmp_path / "out", store)) / "classify.py").exists()


def test_a_folder_with_an_odd_name_goes_out_and_replaces_what_was_there(store, tmp_path):
    folder, out = model(tmp_path / "my shapes: ü 'v1'", Preprocessing(32)), tmp_path / "new" / "out"
    out.mkdir(parents=True)
    (out / "my-shapes-ü-v1-onnx.zip").write_text("an older one")
    result = export(folder, "onnx", out, store)
    assert Path(result["file"]) == out / "my-shapes-ü-v1-onnx.zip" and result["bytes"] > 1e6
    assert [file.name for file in out.iterdir()] == ["my-shapes-ü-v1-onnx.zip"]
    with zipfile.ZipFile(result["file"]) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {"my-shapes-ü-v1-onnx"}


@pytest.mark.parametrize("wrong", [1.0, np.nan])
def test_what_answers_otherwise_is_not_handed_out(shapes_model, store, tmp_path, monkeypatch, wrong):
    honest = exporting.OPEN["onnx"]
    monkeypatch.setitem(
        exporting.OPEN, "onnx", lambda *given: lambda pixels: honest(*given)(pixels) + np.float32(wrong)
    )
    with pytest.raises(UserError, match="answers otherwise than the model does: logits differ by"):
        export(shapes_model, "onnx", tmp_path, store)
    assert not [*tmp_path.glob("*onnx*")] and not [*(store.root / "tmp").iterdir()]


def test_a_place_that_cannot_be_written_to_is_named_in_one_sentence(shapes_model, store, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/out cannot be written \(Not a directory\)"):
        export(shapes_model, "onnx", tmp_path / "file" / "out", store)


def test_a_full_disk_leaves_the_older_file_and_nothing_half_made(shapes_model, store, tmp_path, monkeypatch):
    def full(archive: zipfile.ZipFile, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", archive.filename)

    older = tmp_path / "shapes-onnx.zip"
    older.write_text("an older one")
    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
        export(shapes_model, "onnx", tmp_path, store)
    assert older.read_text() == "an older one" and [*tmp_path.glob("*shapes*")] == [older]


def test_damaged_weights_and_unknown_formats_are_refused(shapes_model, store, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in shapes_model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[: 10**6])
    with pytest.raises(UserError, match="cut short"):
        export(broken, "onnx", tmp_path / "out", store)
    assert not [*(tmp_path / "out").iterdir()]
    with pytest.raises(UserError, match="format is keras; choose one of: safetensors, onnx, onnx-int8, torch-export"):
        export(shapes_model, "keras", tmp_path / "out", store)


def test_the_command_line_gives_the_result(shapes_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RESNET_HOME", str(tmp_path / "home"))
    words = ["export", "--model", str(shapes_model), "--to", "safetensors", "--out", str(tmp_path / "out")]
    assert main([*words, "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    checked = {"pictures", "largest_difference", "accuracy"}
    assert result.keys() == {"model", "format", "file", "bytes", "license", *checked}
    assert Path(result["file"]).stat().st_size == result["bytes"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "its logits differ from the model's by 0 at most" in told and "licence of the weights: apache-2.0" in told


def test_sentences_of_a_result_in_both_languages():
    accuracy = {"accuracy": 0.912, "float_accuracy": 0.915, "n": 400}
    result = {"file": "a.zip", "bytes": 10**7, "pictures": 15, "largest_difference": 0.5, "accuracy": accuracy}
    english, chinese = (exported({**result, "license": "cc-by-nc-4.0"}, language) for language in ("en", "zh"))
    assert english[1] == "right on 91.2% of 400 pictures, the model itself on 91.5%"
    assert english[2] == "licence of the weights: cc-by-nc-4.0 (not for commercial use)"
    assert len(chinese) == 3 and "91.2%" in chinese[1] and "不可商用" in chinese[2]
