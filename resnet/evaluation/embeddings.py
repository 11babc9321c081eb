"""What a run's model sees in each picture, as a point among others: embeddings.npz, kept in the run's folder.

A picture's embedding is what the classifier gets of it; pictures that the model takes for alike lie in the same
direction. Nothing here loads torch.

Shapes: N pictures, C features of an embedding.
"""

import importlib
import importlib.util
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset, Record
from resnet.errors import UserError
from resnet.evaluation.predictions import check_forms, opened
from resnet.predictor.predictor import Predictor
from resnet.store import replacing
from resnet.text import Message
from resnet.weights.folder import WEIGHTS

EMBEDDINGS = "embeddings.npz"
MOST = 5000  # pictures on a map: more are slow to draw, and no longer told apart
SKETCH, ROUNDS = 20, 8  # directions looked for at once, and times that they are turned towards the principal ones
FEW = 16  # pictures below which UMAP has no neighbourhoods to keep


@dataclass(frozen=True)
class Embeddings:
    """vectors: float16 (N, C), each of length 1; positions: float32 (N, 2), on the map; sha256: text (N)."""

    vectors: np.ndarray
    positions: np.ndarray
    sha256: np.ndarray

    def __len__(self) -> int:
        return len(self.sha256)

    def write(self, path: Path) -> None:
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, vectors=self.vectors, positions=self.positions, sha256=self.sha256)

    @classmethod
    def read(cls, path: Path) -> "Embeddings":
        """Those at `path`, which may be anyone's file. Raises UserError("embeddings_damaged")."""
        with opened(path, "embeddings_damaged") as saved:
            found = cls(saved["vectors"], saved["positions"], saved["sha256"])
            found._check()
        return found

    @classmethod
    def of(cls, run: Path) -> "Embeddings | None":
        """Those in a run's folder; None where there are none, or where its model is newer than they are."""
        path, model = run / EMBEDDINGS, run / "model" / WEIGHTS
        if not path.is_file() or path.stat().st_mtime_ns < model.stat().st_mtime_ns:
            return None
        return cls.read(path)

    def _check(self) -> None:
        check_forms((self.vectors, "f2", 2), (self.positions, "f4", 2), (self.sha256, "U64", 1))
        if len(self) > MOST or self.positions.shape[1] != 2:
            raise ValueError(f"positions of shape {self.positions.shape}")
        if not (np.isfinite(self.vectors).all() and np.isfinite(self.positions).all()):
            raise ValueError("numbers that no run writes")


def embed(predictor: Predictor, data: Dataset, progress: Callable[[int, int], None] | None = None) -> Embeddings:
    """The embeddings of the pictures of train and val, as `on_map` chooses them.

    progress: called with the pictures done and their number. Raises UserError where some can no longer be read.
    """
    records, rows = on_map(data), []
    for done, row in enumerate(predictor.features([record.path for record in records]), start=1):
        rows.append(row)
        if progress:
            progress(done, len(records))
    lost = [record for record, row in zip(records, rows, strict=True) if isinstance(row, Message)]
    if lost:
        raise UserError("data_damaged", data=data.name, n=len(lost), file=lost[0].path.name)
    vectors = normalised(np.stack(rows))
    hashes = np.array([record.sha256 for record in records])
    return Embeddings(vectors.astype(np.float16), projected(vectors), hashes)


def on_map(data: Dataset, most: int = MOST) -> list[Record]:
    """The pictures of train and val, each once; of more than `most` those of val first, and of each class its share."""
    own = {record.sha256: record for split in ("train", "val") for record in data.part(split)}
    strata: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in own.values():
        strata[record.split, record.target].append(record)
    random, turns = np.random.default_rng(0), []
    for (split, target), members in sorted(strata.items()):
        order = random.permutation(len(members))
        turns += [(split != "val", turn / len(order), target, members[place]) for turn, place in enumerate(order)]
    return [record for *_, record in sorted(turns, key=lambda turn: turn[:3])[:most]]


def normalised(vectors: np.ndarray) -> np.ndarray:
    """float (N, C) -> float32 (N, C), each of length 1."""
    vectors = vectors.astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def projected(vectors: np.ndarray) -> np.ndarray:
    """float (N, C) -> float32 (N, 2): places on a map where alike is near; by UMAP (McInnes et al. 2018,
    arXiv:1802.03426) where the library umap-learn is installed, else the principal components."""
    if importlib.util.find_spec("umap") and len(vectors) >= FEW:
        umap = importlib.import_module("umap").UMAP(metric="cosine", random_state=0, n_jobs=1)
        return umap.fit_transform(normalised(vectors)).astype(np.float32)
    return principal(normalised(vectors)).astype(np.float32)


def principal(vectors: np.ndarray) -> np.ndarray:
    """float (N, C) -> (N, 2): the two principal components, which keep most of the vectors' variance.

    With the singular value decomposition X = U S V' of the centred vectors they are the first two columns of U S
    (Jolliffe & Cadima 2016, "Principal component analysis: a review and recent developments", section 2). All of a
    decomposition takes minutes for 5,000 vectors of 2,048, so only its beginning is computed, by subspace iteration
    (Halko et al. 2011, "Finding structure with randomness", arXiv:0909.4061, algorithms 4.4 and 5.1).
    Each component points to where its largest weight is positive.
    """
    centred = vectors - vectors.mean(axis=0)
    start = np.random.default_rng(0).normal(size=(vectors.shape[1], min(SKETCH, *vectors.shape)))
    basis = _orthonormal(centred @ start.astype(centred.dtype))
    for _ in range(ROUNDS):
        basis = _orthonormal(centred @ _orthonormal(centred.T @ basis))
    left, lengths, weights = np.linalg.svd(basis.T @ centred, full_matrices=False)
    largest = np.abs(weights).argmax(axis=1)
    signs = np.sign(weights[np.arange(len(weights)), largest])
    components = (basis @ left * lengths * signs)[:, :2]
    return np.pad(components, ((0, 0), (0, 2 - components.shape[1])))  # of a single picture or feature there is one


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    return np.linalg.qr(columns)[0]


def most_like(vectors: np.ndarray, place: int, k: int) -> np.ndarray:
    """int (k), or fewer: the places of the vectors nearest to that at `place`, itself left out, the nearest first.

    Nearness is the cosine of the angle between two. vectors: float (N, C).
    """
    directions = normalised(vectors)
    cosines = directions @ directions[place]
    cosines[place] = -np.inf
    return np.argsort(-cosines, kind="stable")[: min(k, len(vectors) - 1)]


def places(hashes: Sequence[str]) -> dict[str, int]:
    """sha256 -> its place in an array of them; of one that stands there twice, the first."""
    return {str(sha256): place for place, sha256 in reversed(list(enumerate(hashes)))}
