"""The time of a run that is bounded by minutes: how far it has come, and how many steps still fit."""

from collections.abc import Callable

AIM = 0.96  # share of the minutes after which all should be over: things take longer than thought, seldom less long
FINISH = 2.0  # seconds to write the model and load it again; the evaluation's own come on top
FIRST = 100  # steps that are thought to be left before one was timed
LEAST = 10  # steps, however little time there is
LATEST = 0.1  # share of the latest step in the mean time of a step, once ten were timed
VALIDATION = 0.05  # share of the minutes above which a look at the validation part is left to the evaluation


class Budget:
    """What is left of `minutes`, in steps, by the speed at which the last ones were taken.

    The learning-rate schedule follows `progress`, which rises with every step by an equal share of what is missing
    from 1: where steps turn out slower or faster than thought, the schedule still comes to its end with the time.
    clock: seconds of work so far. looks: of the evaluation at the end, in validation parts.
    selects: validation selects the epoch, so none is left out.
    """

    def __init__(self, minutes: float, clock: Callable[[], float], looks: float = 1.0, selects: bool = False) -> None:
        self.seconds, self.clock, self.looks, self.selects = 60 * minutes, clock, looks, selects
        self.progress = 0.0  # 0 to 1, with the present step
        self.step_seconds, self.timed = 0.0, 0
        self.validation_seconds = 0.0  # of one look at the whole validation part
        self.evaluation_seconds = 0.0  # of the same at the end, from the files

    @property
    def validates(self) -> bool:
        return self.selects or self.validation_seconds <= VALIDATION * self.seconds

    def note_step(self, seconds: float) -> None:
        self.timed += 1
        self.step_seconds += max(LATEST, 1 / self.timed) * (seconds - self.step_seconds)

    def steps_left(self, step: int, epoch_steps: int) -> int:
        """Steps to take after `step` of them; an epoch's last one is followed by a look at the validation part."""
        if self.progress == 1:
            return 0
        if not self.timed:
            return FIRST
        left = AIM * self.seconds - self.clock() - FINISH - self.looks * self.evaluation_seconds
        taken = step % epoch_steps  # of this epoch
        epoch = epoch_steps * self.step_seconds + (self.validation_seconds if self.validates else 0.0)
        epochs, rest = divmod(left + taken * self.step_seconds, epoch)
        rest = max(0.0, rest - self.validation_seconds) if self.selects else rest  # the last steps are looked at too
        fitting = epochs * epoch_steps + min(rest / self.step_seconds, epoch_steps) - taken
        return max(int(fitting), LEAST - step, 1)

    def advance(self, steps_left: int) -> None:
        self.progress = 1.0 if steps_left == 1 else self.progress + (1 - self.progress) / steps_left
