"""The learning-rate finder: what the loss does while the rate rises from far too low to far too high."""

from collections.abc import Sequence
from dataclasses import dataclass

from resnet.errors import UserError

LOWEST, HIGHEST = 1e-5, 10.0
SMOOTHING = 0.9  # share of the mean so far in the next smoothed loss; of few steps, fewer count than fastai's 0.98
DIVERGED = 4.0  # times the lowest loss: higher rates tell no more (fastai, `LRFinder`)


@dataclass(frozen=True)
class Trial:
    """A step was taken at a rate. loss: of the batch before it, nats; smoothed: the mean of those up to it."""

    step: int  # counted from 1
    rate: float
    loss: float
    smoothed: float


def trial_rate(step: int, steps: int) -> float:
    """The rate of `step` (from 0) of `steps`: each is the same multiple of the one before.

    Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3, has the test with a linear rise.
    """
    return LOWEST * (HIGHEST / LOWEST) ** (step / (steps - 1))


def smoothed(losses: Sequence[float]) -> float:
    """The last of the exponentially weighted means, corrected for its start (Kingma & Ba 2015, Adam, section 3)."""
    mean = 0.0
    for loss in losses:
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
    return mean / (1 - SMOOTHING ** len(losses))


def diverges(trials: Sequence[Trial]) -> bool:
    """Whether higher rates need not be tried."""
    return trials[-1].smoothed > DIVERGED * min(trial.smoothed for trial in trials)


def suggested(trials: Sequence[Trial]) -> float:
    """A tenth of the rate at which the smoothed loss was lowest: there it is about to rise (fastai, `minimum`).

    Raises UserError where the loss was not finite from the first.
    """
    if not trials:
        raise UserError("rate_none")
    return min(trials, key=lambda trial: trial.smoothed).rate / 10
