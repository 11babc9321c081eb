"""Runs bounded by minutes: they end with their time, and their schedule with them, however fast the machine is."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from resnet.nn.network import create
from resnet.settings import TrainSettings, resolve
from resnet.training import full
from resnet.training.budget import AIM, FINISH, LEAST, Budget
from resnet.training.stage import Event, Pictures, Progress, Validated
from resnet.training.trainer import Trainer
from resnet.weights.preprocessing import Preprocessing


def spend(
    budget: Budget, step_seconds: Callable[[float], float], epoch_steps: int, begin: float = 0.0
) -> tuple[float, list[float]]:
    """Seconds at the end of a stage whose steps take `step_seconds(now)`, and its progress after each step."""
    now, made = begin, []
    budget.clock = lambda: now
    for step in itertools.count():
        left = budget.steps_left(step, epoch_steps)
        if not left:
            return now, made
        budget.advance(left)
        made.append(budget.progress)
        now += step_seconds(now)
        budget.note_step(step_seconds(now))
        ends = budget.validates and (step + 1) % epoch_steps == 0
        if budget.selects if left == 1 else ends:
            now += budget.validation_seconds


SPEEDS = {
    "even": lambda now: 0.4,
    "three times slower later": lambda now: 0.2 if now < 60 else 0.6,
    "three times faster later": lambda now: 0.6 if now < 60 else 0.2,
    "slow at first": lambda now: 6.0 if now < 12 else 0.3,
    "long steps": lambda now: 5.0,
}


@pytest.mark.parametrize("selects", [False, True])
@pytest.mark.parametrize("validation", [0.0, 3.0, 30.0])
@pytest.mark.parametrize("epoch_steps", [5, 150, 10_000])
@pytest.mark.parametrize("speed", SPEEDS)
def test_the_steps_end_with_the_time_and_the_schedule_with_them(speed, epoch_steps, validation, selects):
    budget = Budget(4, None, selects=selects)
    budget.validation_seconds = budget.evaluation_seconds = validation
    end, made = spend(budget, SPEEDS[speed], epoch_steps)
    assert 0.8 * 240 <= end + validation <= AIM * 240 - FINISH + SPEEDS[speed](end)
    assert made == sorted(made) and made[-1] == 1.0
    assert len(made) < 20 or made[-2] < 1.0


def test_at_an_even_speed_the_schedule_is_that_of_the_steps():
    budget = Budget(4, None)
    _, made = spend(budget, SPEEDS["even"], epoch_steps=10_000)
    torch.testing.assert_close(made, [(i + 1) / len(made) for i in range(len(made))], atol=0.01, rtol=0)


def test_where_no_time_is_left_a_few_steps_are_taken_all_the_same():
    assert len(spend(Budget(1, None), SPEEDS["even"], 100, begin=100.0)[1]) == LEAST


class Time:
    """Half a second passes with every look."""

    now = 0.0

    def perf_counter(self) -> float:
        self.now += 0.5
        return self.now


def is_step(event: Event) -> bool:
    return isinstance(event, Progress) and event.stage == "full"


def trainer(data, time: Time, **more: object) -> Trainer:
    settings = TrainSettings("", "", "full", minutes=0.5, batch_size=4, device="cpu", precision="float32", **more)
    parts = [data.part("train"), data.part("val")]
    settings = resolve(settings, images=len(parts[0]), model_size=48, crop_mode="center")
    pictures = (Pictures([r.path for r in p], [r.target for r in p], data=data) for p in parts)
    torch.manual_seed(0)
    model = create("test_resnet", len(data.classes))
    return Trainer(model, Preprocessing(48), *pictures, replace(settings, train_size=32), clock=time.perf_counter)


def test_a_stage_tells_its_plan_ends_within_an_epoch_and_goes_on_after_a_stop_in_the_time_left(data, monkeypatch):
    time = Time()
    monkeypatch.setattr(full, "time", time)
    run, again = trainer(data, time), trainer(data, time)
    events = list(itertools.islice(run.fit(), 10))
    begun = sum(is_step(event) for event in events)
    again.load_state(run.state())
    events += again.fit()
    steps = [event for event in events if is_step(event)]
    assert [event.step for event in steps] == list(range(1, len(steps) + 1))
    assert all(event.epochs == -(-event.steps // run.stage.epoch_steps) for event in steps)
    assert all(event.steps > event.step for event in steps[:-1])
    rates = [event.learning_rate for event in steps if event.learning_rate is not None]
    assert steps[-1].step == steps[-1].steps and 0.0 < rates[-1] < rates[0]
    assert 1 < begun < len(steps) and 0.8 * 30 < time.now + FINISH < 30
    assert [event.step for event in events if isinstance(event, Validated)] == [
        step for step in range(1, len(steps)) if step % run.stage.epoch_steps == 0
    ]
    assert list(again.fit()) == []  # nothing is left to do


@pytest.mark.parametrize("patience", [1, 2, 100])
def test_with_patience_too_a_run_ends_as_planned_and_stays_ended(data, monkeypatch, patience):
    time = Time()
    monkeypatch.setattr(full, "time", time)
    run, again = trainer(data, time, patience=patience), trainer(data, time, patience=patience)
    events, states = [], []
    for event in run.fit():
        events.append(event)
        states.append(copy.deepcopy(run.state()))
    steps = sum(map(is_step, events))
    assert steps == run.stage.steps and time.now < 30
    assert isinstance(events[-1], Validated) and events[-1].step == steps  # the last steps have a look of their own
    again.load_state(states[-1])
    assert list(again.fit()) == []
    last = max(place for place, event in enumerate(events) if is_step(event))
    left = trainer(data, time, patience=patience)
    left.load_state(states[last])  # left between the last step and that look
    (look,) = (event for event in left.fit() if isinstance(event, Validated))
    assert look.step == steps and look.val_loss == pytest.approx(events[-1].val_loss)


def test_the_last_epoch_is_not_looked_at_twice(data, monkeypatch):
    time = Time()
    monkeypatch.setattr(full, "time", time)
    run = trainer(data, time)
    monkeypatch.setattr(Budget, "steps_left", lambda budget, step, epoch_steps: 2 * epoch_steps - step)
    validated = [event.epoch for event in run.fit() if isinstance(event, Validated)]
    assert validated == [1] and run.stage.step == 2 * run.stage.epoch_steps
