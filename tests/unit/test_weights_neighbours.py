"""Pictures that a model learned from, kept to tell what it does not know."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from sklearn.neighbors import NearestNeighbors

from resnet.data.images import open_image
from resnet.errors import UserError
from resnet.predictor import Predictor
from resnet.weights.files import read_state
from resnet.weights.folder import read_config, write_folder
from resnet.weights.models import load
from resnet.weights.neighbours import NEIGHBOURS, Neighbours

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def files(pictures: Path) -> list[Path]:
    return sorted(pictures.rglob("*.jpg"))


@pytest.fixture
def model(small_model: Path, files: list[Path], tmp_path: Path) -> Path:
    """A model folder that keeps the first four pictures; to know one, it must be one of them, or as good as."""
    folder = tmp_path / "model"
    network = load(small_model)
    with torch.inference_mode():
        maps = network.forward_features(torch.stack([network.preprocess(open_image(file)) for file in files[:4]]))
        features = network.forward_head(maps, pre_logits=True).numpy()
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    state, config = read_state(small_model / "model.safetensors"), read_config(small_model)
    write_folder(folder, state, config, card="", neighbours=Neighbours(features, rank=1, threshold=0.9999))
    return folder


@pytest.mark.parity
@pytest.mark.parametrize("rank", [1, 3, 20])
def test_nearness_is_the_cosine_to_the_neighbour_of_that_rank(rank):
    kept, asked = RANDOM.random((20, 8), np.float32), RANDOM.random((5, 8), np.float32)
    unit = kept / np.linalg.norm(kept, axis=1, keepdims=True)
    distances, _ = NearestNeighbors(n_neighbors=rank, metric="cosine").fit(kept).kneighbors(asked)
    assert Neighbours(unit, rank, 0.5).nearness(asked) == pytest.approx(1 - distances[:, -1], abs=1e-6)


def test_what_is_far_from_all_neighbours_is_unknown(model, small_model, files):
    answers = Predictor(model, "cpu").predict(files)["images"]
    assert [answer["known"] for answer in answers] == [True] * 4 + [False] * (len(files) - 4)
    plain = Predictor(small_model, "cpu").predict(files)["images"]
    assert [answer["labels"] for answer in answers] == [answer["labels"] for answer in plain]


def test_a_model_folder_without_its_neighbours_works_without_them(model, files):
    (model / NEIGHBOURS).unlink()
    assert all(answer["known"] for answer in Predictor(model, "cpu").predict(files)["images"])


@pytest.mark.parity
def test_timm_opens_a_folder_with_neighbours(model):
    timm.create_model(f"local-dir:{model}", pretrained=True)


@pytest.mark.parametrize(
    "neighbours",
    [
        Neighbours(RANDOM.random((4, 512), np.float32), 5, 0.5),
        Neighbours(RANDOM.random((4, 512), np.float32), 0, 0.5),
        Neighbours(RANDOM.random((4, 512), np.float32), 1, 1.5),
        Neighbours(RANDOM.random((4, 512), np.float32), 1, float("nan")),
        Neighbours(np.full((4, 512), np.inf, np.float32), 1, 0.5),
        Neighbours(RANDOM.random((4, 100), np.float32), 1, 0.5),  # of another network
        Neighbours(RANDOM.random(512, np.float32), 1, 0.5),
    ],
)
def test_neighbours_that_make_no_sense_are_refused(model, neighbours):
    neighbours.write(model)
    with pytest.raises(UserError, match=r"neighbours\.safetensors is damaged or belongs to another model"):
        Predictor(model, "cpu")


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\xff" * 40])
def test_a_damaged_file_of_neighbours_is_refused(model, content):
    (model / NEIGHBOURS).write_bytes(content)
    with pytest.raises(UserError, match=r"neighbours\.safetensors is damaged or belongs to another model"):
        Predictor(model, "cpu")
