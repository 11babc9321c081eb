"""What a model learned from, kept beside its weights: a picture unlike all of it is something the model does not know.

Sun et al. 2022, "Out-of-distribution detection with deep nearest neighbors", arXiv:2204.06507, section 3: a network's
features, scaled to length 1, lie near those of pictures that it learned from, unless they show something else. A
classifier's own scores tell less: they say which of its classes fits best, not whether one does.

Shapes: N pictures, M pictures kept, F features that the classifier gets.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from resnet.errors import UserError

NEIGHBOURS = "neighbours.safetensors"  # in a model folder; timm ignores it
MOST_BYTES = 100_000_000  # of that file: far more pictures than tell anything new


@dataclass(frozen=True)
class Neighbours:
    """Some pictures that the model learned from, by their features."""

    features: np.ndarray  # float32 (M, F), each of length 1
    rank: int  # which neighbour's nearness counts: the nearest one alone may be an odd picture
    threshold: float  # nearness below which a picture shows something unknown

    def nearness(self, features: np.ndarray) -> np.ndarray:
        """float (N, F) -> (N): cosine of the angle to the rank-th nearest neighbour; 1 is the same direction."""
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        # Not by @: the threads of numpy's BLAS wait awake after it, and take the cores from the network's next batch.
        cosines = np.einsum("nf,mf->nm", features / np.maximum(lengths, 1e-12), self.features)
        return np.partition(cosines, -self.rank, axis=1)[:, -self.rank]

    def write(self, folder: Path) -> None:
        """Into a model folder, in 16 bits."""
        placed = {"rank": str(self.rank), "threshold": repr(self.threshold)}
        save_file({"features": self.features.astype(np.float16)}, folder / NEIGHBOURS, metadata=placed)

    @classmethod
    def of(cls, folder: Path, num_features: int) -> "Neighbours | None":
        """As `read`; UserError too where the features are not as many as the model's."""
        found = cls.read(folder)
        if found and found.features.shape[1] != num_features:
            raise UserError("neighbours_damaged", file=folder / NEIGHBOURS)
        return found

    @classmethod
    def read(cls, folder: Path) -> "Neighbours | None":
        """Those of a model folder, None where it has none; UserError where they cannot be read."""
        path = folder / NEIGHBOURS
        if not path.is_file():
            return None
        try:
            if path.stat().st_size > MOST_BYTES:
                raise ValueError("too long")
            with safe_open(path, framework="numpy") as file:
                placed, features = file.metadata() or {}, file.get_tensor("features").astype(np.float32)
            found = cls(features, int(placed["rank"]), float(placed["threshold"]))
        except (SafetensorError, OSError, KeyError, ValueError, OverflowError) as error:
            raise UserError("neighbours_damaged", file=path) from error
        whole = features.ndim == 2 and 1 <= found.rank <= len(features) and np.isfinite(features).all()
        if not (whole and -1 <= found.threshold <= 1):
            raise UserError("neighbours_damaged", file=path)
        return found
