"""The learning-rate finder on a model and a data set; nothing of what was learned is kept.

`python -m resnet.worker.finder` is told what to do by a line of JSON on standard input (see `main`) and ends with that
input. It answers in lines of JSON: {point, steps} for each step, and last {suggestion} or {problem: message}.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace

import torch

from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.predictor.torch_engine import best_device, check_device, fast_precision
from resnet.settings import TrainSettings, device_queue
from resnet.store import Lock, Store
from resnet.text import Message
from resnet.training.finder import Trial, suggested
from resnet.training.trainer import Trainer
from resnet.weights.models import create_model, load_for_training
from resnet.weights.preprocessing import Preprocessing
from resnet.worker.run import pictures

STEPS = 80


def find_rate(
    settings: TrainSettings,
    architecture: str,
    preprocessing: Preprocessing,
    store: Store,
    note: Callable[[Trial, int], None] = lambda trial, steps: None,
) -> dict:
    """{data, model, mode, device, suggestion, points: [{step, rate, loss, smoothed}], seconds} for resolved settings.

    note: called with each trial and how many there are to be at most.
    Raises UserError where the mode has no learning rate to find, a run has the device, or nothing could be tried.
    """
    if settings.mode == "head":
        raise UserError("not_one_of", field="mode", value="head", allowed=["auto", "full", "scratch"])
    start, data = time.monotonic(), Dataset.open(store.dataset(settings.data))
    device = check_device(settings.device) if settings.device else best_device()
    settings = replace(settings, device=device, precision=settings.precision or fast_precision(device))
    turn = Lock(store.device_lock(device_queue(device)))
    if not turn.acquire():
        raise UserError("device_busy", device=device)
    try:
        torch.manual_seed(settings.seed)
        if settings.mode == "scratch":
            model = create_model(architecture, num_classes=len(data.classes))
        else:
            model = load_for_training(settings.model, data.classes, store)
        parts = (pictures(data, data.part(split)) for split in ("train", "val"))
        trainer = Trainer(model, preprocessing, *parts, settings)
        points = []
        for event in trainer.try_rates(STEPS):
            if isinstance(event, Trial):
                points.append(event)
                note(event, STEPS)
    finally:
        turn.release()
    return {
        "data": data.name,
        "model": settings.model,
        "mode": settings.mode,
        "device": device,
        "suggestion": suggested(points),
        "points": [asdict(point) for point in points],
        "seconds": time.monotonic() - start,
    }


def main() -> None:
    """Do what the input says: {root, owner, settings, architecture, preprocessing}, the settings resolved."""
    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with_the_input, daemon=True).start()
    settings, preprocessing = (
        TrainSettings.from_json(told["settings"]),
        Preprocessing.from_config(told["preprocessing"]),
    )
    store = Store.open(told["root"], told["owner"])
    try:
        result = find_rate(
            settings,
            told["architecture"],
            preprocessing,
            store,
            lambda trial, steps: _answer(point=asdict(trial), steps=steps),
        )
        _answer(suggestion=result["suggestion"])
    except UserError as error:
        _answer(problem=error.message.to_json())
    except Exception as error:
        _answer(problem=Message("rates_failed", {"reason": f"{type(error).__name__}: {error}"[:300]}).to_json())
        raise


def _answer(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


def _leave_with_the_input() -> None:
    """Nobody waits for an answer once the other end is gone."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
