"""The weight decay of a head, chosen on folds of the training part.

Shapes: N images, F features, K classes, V values to choose from.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

FOLDS = 5
VALUES = (0.02, 0.06, 0.2, 0.6, 2.0, 6.0, 20.0)  # weight decay times N: what suits grows with 1 / N
USUAL = 0.2  # the same where there are too few pictures to choose by, or too many classes to try all in seconds
STEPS = 100  # after which no loss of a fold changed by more than 1 % on 244 photographs
MOMENTUM = 0.9
LARGEST = 20_000_000  # N x F x K that are looked at: about 3 s on one core
FEWEST = 5  # pictures a class to choose by, on average


def chosen_decay(
    features: Tensor, targets: Tensor, groups: Sequence[str], seed: int, smoothing: float, weights: Tensor | None
) -> float:
    """The weight decay with the lowest loss on pictures held out, all in turn; of large sets, on some at random.

    The usual one where `looked_at` says that none can be tried.

    Args:
        features: (N, F), mean 0 and mean squared length 1.
        targets: (N).
        groups: of each picture; pictures of one group are held out together, "" is a group of its own.
        smoothing, weights: of labels, of classes (K): as the head learns with.
    """
    classes = int(targets.max()) + 1
    count = looked_at(*features.shape, classes)
    if not count:
        return rounded(USUAL / len(features))
    some = np.random.default_rng(seed).permutation(len(features))[:count]
    folds = torch.from_numpy(assigned(targets[some].tolist(), [groups[i] for i in some] if groups else [], FOLDS))
    decays = torch.tensor(VALUES) / count
    losses = held_out_losses(features[some], targets[some], folds, decays, smoothing, weights)
    return rounded(VALUES[int(losses.argmin())] / len(features))


def looked_at(images: int, features: int, classes: int) -> int:
    """So many of the pictures a weight decay is chosen by; 0 where they are too few, or the classes too many."""
    count = min(images, LARGEST // (features * classes))
    return count if count >= FEWEST * classes else 0


def rounded(value: float) -> float:
    """To two digits: more would say what was not measured."""
    return float(f"{value:.2g}")


def assigned(targets: Sequence[int], groups: Sequence[str], folds: int) -> np.ndarray:
    """The fold of each picture, int64 (N): classes spread evenly, groups kept whole; pictures in random order."""
    counts, sizes = np.zeros((max(targets) + 1, folds), dtype=np.int64), np.zeros(folds, dtype=np.int64)
    places, found = {}, np.empty(len(targets), dtype=np.int64)
    for index, target in enumerate(targets):
        unit = (groups[index] if groups else "") or index
        place = places.setdefault(unit, min(range(folds), key=lambda fold: (counts[target, fold], sizes[fold])))
        counts[target, place] += 1
        sizes[place] += 1
        found[index] = place
    return found


@torch.no_grad()
def held_out_losses(
    features: Tensor, targets: Tensor, folds: Tensor, decays: Tensor, smoothing: float, weights: Tensor | None
) -> Tensor:
    """The mean log loss of each picture under the head that learned from the other folds, by weight decay: (V).

    All heads are columns of one matrix (F, folds x V x K), so that a step of all takes two matrix products. The loss
    is convex, its curvature at most 1/2 and the weight decay (Böhning 1992, "Multinomial logistic regression
    algorithm"), which gives the rate of Nesterov's accelerated gradient.
    """
    count, values = len(features), len(decays)
    held, heads = int(folds.max()) + 1, (int(folds.max()) + 1) * values
    weights = torch.ones(int(targets.max()) + 1) if weights is None else weights
    classes = len(weights)  # the last of which may have no picture here
    wanted = weights * (F.one_hot(targets, classes) * (1 - smoothing) + smoothing / classes)  # (N, K)
    learns = (folds[:, None] != torch.arange(held)).float()  # (N, folds)
    learns = (learns / learns.sum(dim=0)).repeat_interleave(values, dim=1)
    decay = decays.repeat(held).repeat_interleave(classes)
    rate = 1 / (0.5 * weights.max() + decay)
    known = F.pad(features, (0, 1), value=1.0)  # the last weight is the bias, which is not decayed
    decay = decay * F.pad(torch.ones(features.shape[1]), (0, 1))[:, None]  # (F + 1, folds x V x K)
    head = velocity = torch.zeros(known.shape[1], heads * classes)
    for _ in range(STEPS):
        ahead = head + MOMENTUM * velocity
        shares = (known @ ahead).view(count, heads, classes).softmax(dim=2)
        errors = shares * wanted.sum(dim=1)[:, None, None] - wanted[:, None]
        errors = (errors * learns[..., None]).view(count, -1)
        velocity = MOMENTUM * velocity - rate * (known.T @ errors + decay * ahead)
        head = head + velocity
    logits = (known @ head).view(count, held, values, classes)[torch.arange(count), folds]  # (N, V, K)
    return torch.stack([F.cross_entropy(column, targets, weights) for column in logits.unbind(dim=1)])
