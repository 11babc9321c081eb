"""The learning-rate finder on a model and a data set; nothing of what was learned is kept."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace

import torch

from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.predictor.torch_engine import best_device, check_device, fast_precision
from resnet.settings import TrainSettings, device_queue
from resnet.store import Lock, Store
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
    note: Callable[[int, int], None] = lambda done, total: None,
) -> dict:
    """{data, model, mode, device, suggestion, points: [{step, rate, loss, smoothed}], seconds} for resolved settings.

    note: called with the steps taken and those to take at most.
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
                note(event.step, STEPS)
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
