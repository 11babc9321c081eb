"""embeddings.npz: made, kept, read with care; the principal components and the nearest are those of the textbook."""

import importlib.util
import os
import subprocess
import sys
import types
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.evaluation.embeddings import (
    EMBEDDINGS,
    Embeddings,
    embed,
    most_like,
    normalised,
    on_map,
    principal,
    projected,
)
from resnet.predictor import Predictor
from resnet.store import PROJECT, Store
from resnet.weights.folder import WEIGHTS

WHOLE = {"vectors": np.eye(3, dtype=np.float16), "positions": np.zeros((3, 2), np.float32)}
WHOLE |= {"sha256": np.array(["a" * 64, "b" * 64, "c" * 64])}


@pytest.mark.parity
@pytest.mark.parametrize(("count", "features"), [(300, 64), (40, 512), (7, 5), (3, 2)])
def test_the_principal_components_are_those_of_scikit_learn(count: int, features: int):
    random = np.random.default_rng(0)
    clouds = random.normal(size=(3, features))[random.integers(0, 3, count)]
    vectors = normalised(clouds + random.normal(size=(count, features)) * 0.5)
    ours, theirs = principal(vectors), PCA(2, svd_solver="full").fit_transform(vectors)
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, atol=1e-4)
    np.testing.assert_array_equal(ours, principal(vectors))


@pytest.mark.parametrize("shape", [(1, 4), (2, 1), (5, 3)])
def test_pictures_that_do_not_differ_have_places_too(shape: tuple[int, int]):
    np.testing.assert_allclose(principal(np.ones(shape, np.float32)), np.zeros((shape[0], 2)), atol=1e-6)


def test_the_nearest_are_those_of_the_smallest_angle():
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float16)
    wide = vectors.astype(float)

    def angle(one: int, other: int) -> float:
        lengths = np.linalg.norm(wide[one]) * np.linalg.norm(wide[other])
        return float(np.arccos(np.dot(wide[one], wide[other]) / lengths))

    for place in (0, 17, 49):
        others = sorted((other for other in range(50) if other != place), key=lambda other: angle(place, other))
        assert most_like(vectors, place, 12).tolist() == others[:12]
    assert sorted(most_like(vectors[:3], 1, 12)) == [0, 2]


def test_a_models_embeddings_are_kept_until_it_learns_further(data: Dataset, small_model: Path, store: Store):
    calls = []
    found = embed(Predictor(small_model, store=store), data, lambda done, total: calls.append((done, total)))
    records = [record for record in data.records if record.split in ("train", "val")]
    assert sorted(found.sha256) == sorted(record.sha256 for record in records)
    assert calls[-1] == (len(records), len(records))
    np.testing.assert_allclose(np.linalg.norm(found.vectors.astype(float), axis=1), 1, atol=1e-2)

    run = store.runs / "0123456789abcdef"
    (run / "model").mkdir(parents=True)
    weights = run / "model" / WEIGHTS
    weights.write_bytes(b"")
    assert Embeddings.of(run) is None
    found.write(run / EMBEDDINGS)
    kept = Embeddings.of(run)
    for name in ("vectors", "positions", "sha256"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(found, name))
    later = (run / EMBEDDINGS).stat().st_mtime + 1
    os.utime(weights, (later, later))
    assert Embeddings.of(run) is None
    assert sorted(file.name for file in run.iterdir()) == [EMBEDDINGS, "model"]


def test_a_picture_that_is_gone_is_told(data: Dataset, small_model: Path, store: Store):
    lost = data.part("train")[0]
    lost.path.unlink()
    with pytest.raises(UserError, match=lost.path.name):
        embed(Predictor(small_model, store=store), data)


def test_of_many_the_checked_come_first_and_each_class_has_its_share(data: Dataset):
    val, k = data.part("val"), len(data.classes)
    some = on_map(data, len(val) + 2 * k)
    assert {record.sha256 for record in some[: len(val)]} == {record.sha256 for record in val}
    assert set(Counter(record.label for record in some[len(val) :]).values()) == {2}
    assert some == on_map(data, len(val) + 2 * k)
    assert len(on_map(data)) == len({record.sha256 for record in data.records})


@pytest.mark.parametrize(
    "changed",
    [
        {"vectors": np.eye(3, dtype=np.float32)},
        {"vectors": np.eye(2, dtype=np.float16)},
        {"vectors": np.full((3, 3), np.nan, np.float16)},
        {"positions": np.zeros((3, 3), np.float32)},
        {"positions": np.full((3, 2), np.inf, np.float32)},
        {"sha256": np.array([b"a" * 64] * 3)},
        {"sha256": np.array(["a" * 64, "b" * 64, {}], dtype=object)},
        {name: np.repeat(array, 2000, axis=0) for name, array in WHOLE.items()},
    ],
)
def test_what_no_run_writes_is_refused(tmp_path: Path, changed: dict):
    np.savez(tmp_path / EMBEDDINGS, **{**WHOLE, **changed})
    with pytest.raises(UserError, match="Draw it anew"):
        Embeddings.read(tmp_path / EMBEDDINGS)


def test_every_cut_file_is_refused(tmp_path: Path):
    file = tmp_path / EMBEDDINGS
    Embeddings(**WHOLE).write(file)
    content = file.read_bytes()
    assert len(Embeddings.read(file)) == 3
    for end in range(0, len(content), 7):
        file.write_bytes(content[:end])
        with pytest.raises(UserError):
            Embeddings.read(file)


def clustered() -> tuple[np.ndarray, np.ndarray]:
    """180 vectors around three directions, and which of these each is near."""
    random, near = np.random.default_rng(0), np.repeat(range(3), 60)
    return random.normal(size=(3, 64))[near] + 0.3 * random.normal(size=(180, 64)), near


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("umap"), reason="needs umap-learn")
def test_umap_puts_like_beside_like():
    vectors, near = clustered()
    found = projected(vectors)
    apart = ((found[:, None] - found[None]) ** 2).sum(-1) + np.diag(np.full(len(found), np.inf))
    assert found.dtype == np.float32 and (near[apart.argmin(axis=1)] == near).all()


def test_umap_where_it_is_installed_gets_vectors_of_length_1_and_principal_components_stand_in(monkeypatch):
    vectors, _ = clustered()

    class Umap:
        def __init__(self, **settings: object) -> None:
            assert settings["metric"] == "cosine"

        def fit_transform(self, vectors: np.ndarray) -> np.ndarray:
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
            return vectors[:, :2].astype(float)

    found = {True: types.SimpleNamespace(UMAP=Umap), False: None}
    for installed, module in found.items():
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, module=module: module)
        monkeypatch.setitem(sys.modules, "umap", module)
        expected = normalised(vectors)[:, :2] if installed else principal(normalised(vectors))
        np.testing.assert_allclose(projected(vectors), expected, rtol=1e-4, atol=1e-5)


def test_comes_without_torch():
    code = "import sys, resnet.evaluation.embeddings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0
