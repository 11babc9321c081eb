"""Pictures in, labelled scores out: the module's own numbers, each picture by itself, in the contract's shape."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from resnet.data.images import open_image
from resnet.errors import UserError
from resnet.predictor import Predictor
from resnet.weights.files import read_state
from resnet.weights.folder import read_config, write_folder
from resnet.weights.models import load


@pytest.fixture(scope="module")
def predictor(small_model: Path) -> Predictor:
    return Predictor(small_model, "cpu")


@pytest.fixture(scope="module")
def files(pictures: Path) -> list[Path]:
    return sorted(pictures.rglob("*.jpg"))


def scores(answer: dict) -> dict[str, float]:
    return {entry["label"]: entry["score"] for entry in answer["labels"]}


def test_answers_are_those_of_the_module_by_hand(predictor, small_model, files):
    module = load(small_model)
    with torch.inference_mode():
        batch = torch.stack([module.preprocess(open_image(file)) for file in files[:3]])
        expected = module(batch).softmax(dim=1).numpy()
    for answer, row in zip(predictor.predict(files[:3])["images"], expected, strict=True):
        best = np.argsort(-row)
        assert [entry["label"] for entry in answer["labels"]] == [module.labels[i] for i in best]
        assert [entry["score"] for entry in answer["labels"]] == pytest.approx(row[best], abs=2e-6)


def test_many_pictures_decoded_by_processes_equal_one_by_one(predictor, files):
    many = predictor.predict(files * 3)["images"]  # 120: enough to start processes
    assert [answer["file"] for answer in many] == [str(file) for file in files * 3]
    for file, *answers in zip(files, many[:40], many[40:80], many[80:], strict=True):
        alone = predictor.predict([file])["images"][0]
        for answer in answers:
            assert scores(answer) == pytest.approx(scores(alone), abs=1e-5)


def test_an_unreadable_file_costs_only_itself(predictor, files, tmp_path):
    (tmp_path / "notes.jpg").write_text("no picture")
    (tmp_path / "half.jpg").write_bytes(files[0].read_bytes()[:2000])
    wrong = [tmp_path / "notes.jpg", tmp_path / "half.jpg", tmp_path / "gone.jpg"]
    answers = predictor.predict([files[0], *wrong, files[1]])["images"]
    whole = predictor.predict([files[0], files[1]])["images"]
    assert [scores(answers[0]), scores(answers[4])] == [pytest.approx(scores(answer), abs=1e-5) for answer in whole]
    for answer, words in zip(answers[1:4], ("holds text", "damaged or incomplete", "no such file"), strict=True):
        assert words in answer["error"] and Path(answer["file"]).name in answer["error"]
        assert answer["labels"] == [] and answer["known"] is False
    reasons = [answer["error"] for answer in predictor.answers(wrong)["images"]]
    assert [reason.say() for reason in reasons] == [answer["error"] for answer in answers[1:4]]
    assert all(reason.say("zh") != reason.say("en") for reason in reasons)
    with pytest.raises(UserError, match=r"notes\.jpg holds text"):
        predictor([files[0], wrong[0]])
    assert predictor.predict(wrong)["images"][0]["error"]  # also where none can be read


@pytest.mark.parametrize(("threshold", "known"), [(None, True), (0.0, True), (1.0, False)])
def test_below_the_threshold_the_answer_is_unknown(small_model, files, tmp_path, threshold, known):
    config = replace(read_config(small_model), unknown_threshold=threshold)
    write_folder(tmp_path / "model", read_state(small_model / "model.safetensors"), config, card="")
    answer = Predictor(tmp_path / "model", "cpu").predict(files[:1])["images"][0]
    assert answer["known"] is known
    assert len(answer["labels"]) == 5  # the nearest are told all the same


def test_the_temperature_softens_scores(predictor, small_model, files, tmp_path):
    config = replace(read_config(small_model), temperature=3.0)
    write_folder(tmp_path / "model", read_state(small_model / "model.safetensors"), config, card="")
    warm = Predictor(tmp_path / "model", "cpu").predict(files[:1])["images"][0]
    cold = predictor.predict(files[:1])["images"][0]
    logs = np.log([scores(cold)[label] for label in sorted(scores(cold))]) / 3
    expected = np.exp(logs) / np.exp(logs).sum()
    assert [scores(warm)[label] for label in sorted(scores(warm))] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("top_k", "given"), [(1, 1), (3, 3), (5, 5), (99, 5)])
def test_as_many_answers_as_asked_for_and_as_there_are(predictor, files, top_k, given):
    labels = predictor.predict(files[:1], top_k)["images"][0]["labels"]
    assert len(labels) == given
    assert [entry["score"] for entry in labels] == sorted((entry["score"] for entry in labels), reverse=True)
    assert len(predictor(files[:1], top_k)[0]) == given


def test_the_shape_of_the_contract(predictor, files, tmp_path):
    (tmp_path / "notes.jpg").write_text("no picture")
    result = predictor.predict([files[0], tmp_path / "notes.jpg"])
    assert list(result) == ["model", "engine", "device", "seconds", "images_per_second", "images"]
    assert (result["engine"], result["device"]) == ("torch", "cpu")
    for answer in result["images"]:
        assert list(answer) == ["file", "known", "labels", "error"]
        assert all(list(entry) == ["label", "description", "score"] for entry in answer["labels"])
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert predictor.predict([])["images"] == []


def test_pictures_in_memory_are_answered_as_their_files_are(predictor, files, tmp_path):
    photo = Image.open(files[0])
    clear = photo.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    deep = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    made = {"rgb": photo, "grey": photo.convert("L"), "alpha": clear, "palette": photo.convert("P"), "deep": deep}
    for name, image in made.items():
        image.save(tmp_path / f"{name}.png")
    on_disk = predictor.predict([tmp_path / f"{name}.png" for name in made])["images"]
    in_memory = predictor.predict(list(made.values()))["images"]
    for name, expected, answer in zip(made, on_disk, in_memory, strict=True):
        assert answer["file"] is None
        assert scores(answer) == pytest.approx(scores(expected), abs=1e-6), name


def test_progress_counts_every_picture(predictor, files):
    counts = []
    predictor.predict(files[:4], progress=counts.append)
    assert counts == [1, 2, 3, 4]


def test_the_engine_is_chosen_by_name(small_model, predictor):
    assert Predictor(small_model, "cpu", engine="torch").engine.name == predictor.engine.name == "torch"
    with pytest.raises(UserError, match="engine is abacus; choose one of: torch, onnx, onnx-int8"):
        Predictor(small_model, "cpu", engine="abacus")
    with pytest.raises(UserError, match="engine onnx computes on a CPU alone, and the device is cuda"):
        Predictor(small_model, "cuda", engine="onnx")


def test_a_device_that_is_not_there_is_named(small_model):
    with pytest.raises(UserError, match=r"There is no device “cuda:77” here; this machine has: cpu"):
        Predictor(small_model, "cuda:77")
