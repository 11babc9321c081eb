"""The settings of a training run: one dataclass, a unit and a reason per field, all problems at once.

`TrainSettings` is what a user says, None where they leave the choice to us. `resolve` fills every None from the
data and the device; what it returns is shown before the start, kept in settings.json, and never guessed again.
"""

import dataclasses
import json
import math
import re
from dataclasses import dataclass

from resnet.errors import UserError
from resnet.text import Message

MODES = ("auto", "head", "full", "scratch")
CROP_MODES = ("center", "squash", "border")
OPTIMIZERS = ("sgd", "muon")
AUGMENTS = ("light", "colour", "strong")
PRECISIONS = ("float32", "bfloat16")
BALANCES = ("none", "loss", "sampling")
CHOICES = {
    "mode": MODES, "optimizer": OPTIMIZERS, "crop_mode": CROP_MODES, "augment": AUGMENTS, "precision": PRECISIONS,
    "balance": BALANCES,
}  # fmt: skip
# What only one of the two stages of training reads; all else serves both.
HEAD_ONLY = ("head_epochs", "head_learning_rate", "head_weight_decay", "head_views")
FULL_ONLY = (
    "epochs", "minutes", "optimizer", "learning_rate", "weight_decay", "train_size", "ema_decay", "crop_scale",
    "augment", "mixup", "cutmix", "erasing", "start_size", "layer_decay", "frozen_stages", "dropout", "drop_path",
    "clip", "l1", "patience",
)  # fmt: skip
OF_THE_HEAD = ("epochs", "learning_rate")  # in mode head these are the head's, unless its own are given
MOST_DEVICES = 16
DEVICE = re.compile(r"cpu|mps|cuda(:\d{1,2})?")


@dataclass(frozen=True)
class TrainSettings:
    data: str  # data set: id or name
    model: str  # start weights (head, full, auto), or the architecture (scratch)
    mode: str = "auto"  # head: the last layer only; full: all layers; auto: head, then full; scratch: random start
    name: str | None = None  # what the run is called in lists
    epochs: int | None = None  # passes over the training part, all layers learning
    minutes: float | None = None  # the whole run, evaluation included, instead of epochs; mode head ignores it
    head_epochs: int | None = None  # passes over the cached features, the head alone learning
    image_size: int | None = None  # pixels; the model's input, height and width
    train_size: int | None = None  # pixels; the random crop it learns from, smaller than image_size (see `resolve`)
    start_size: int | None = None  # pixels; the same in the first epoch, from which it grows
    batch_size: int | None = None  # images per step
    optimizer: str | None = None  # what takes the steps of all layers: sgd, or muon (see resnet.training.recipe)
    learning_rate: float | None = None  # the highest of the schedule, per step
    head_learning_rate: float | None = None  # the same for the head on cached features
    momentum: float | None = None  # Nesterov's
    weight_decay: float | None = None  # per step, times the learning rate; on weights, not on norms and biases
    head_weight_decay: float | None = None  # the same for the head; None: chosen on folds of the training part
    head_views: int | None = None  # features of each training picture: as it is, or mirrored as well
    l1: float | None = None  # what each weight moves towards zero per step, times the learning rate (see `shrink`)
    layer_decay: float | None = None  # learning rate of a stage over that of the next
    frozen_stages: int | None = None  # so many stages, and the stem before them, stay as they are; 0: all learn
    dropout: float | None = None  # share of the classifier's features that are zero in a step; Srivastava et al. 2014
    drop_path: float | None = None  # share of pictures that skip the last block; less before it; Huang et al. 2016
    clip: float | None = None  # longest gradient, all weights together; 0: as long as it is; Pascanu et al. 2013
    label_smoothing: float = 0.1  # share of the target spread over all classes; Szegedy et al. 2016, section 7
    warmup: float | None = None  # share of the steps in which the rate rises; Goyal et al. 2017, section 2.2
    ema_decay: float | None = None  # of the averaged weights, per step; 0 turns averaging off
    crop_scale: float | None = None  # least share of the picture that a training crop shows
    augment: str | None = None  # light: crop and mirror; colour: light and colours too; strong: TrivialAugment
    mixup: float | None = None  # alpha of mixup; 0 turns it off
    cutmix: float | None = None  # alpha of CutMix; 0 turns it off
    erasing: float | None = None  # share of the pictures of which a rectangle is erased
    crop_mode: str | None = None  # how a picture is fitted to a square; None: as the start weights have it
    balance: str = "none"  # how rare classes count as much as frequent ones: in the loss, or by showing them more often
    patience: int | None = None  # epochs without a lower validation loss until it ends and takes the best; 0: never
    folds: int | None = None  # models tried beforehand, each on a share of the pictures that it did not learn from
    seed: int = 0
    device: str | None = None  # cuda, mps, cpu; None: the best there is
    devices: int | None = None  # of that kind and of this machine, each of which takes its share of every step
    precision: str | None = None  # of what is learned from; None: bfloat16 where the device is fast at it

    def problems(self) -> list[Message]:
        """Everything that is wrong with these settings: field, value, allowed range."""
        found = []
        fields = {field.name: field for field in dataclasses.fields(self)}
        said = {name: getattr(self, name) for name, field in fields.items()}
        said = {name: value for name, value in said.items() if value is not None or fields[name].default is not None}
        for field, allowed in CHOICES.items():
            if field in said and said[field] not in allowed:
                found.append(Message("not_one_of", {"field": field, "value": said[field], "allowed": list(allowed)}))
        if "device" in said and not DEVICE.fullmatch(str(self.device)):
            allowed = ["cpu", "cuda", "cuda:1", "mps"]
            found.append(Message("not_one_of", {"field": "device", "value": self.device, "allowed": allowed}))
        for field, (low, high) in RANGES.items():
            whole = fields[field].type in (int, int | None)
            value, numbers = said.get(field, low), int if whole else int | float
            if not (isinstance(value, numbers) and not isinstance(value, bool) and low <= value <= high):
                key = "out_of_range_whole" if whole else "out_of_range"
                found.append(Message(key, {"field": field, "value": value, "low": low, "high": high}))
        if self.folds and self.patience:
            found.append(Message("folds_with_patience"))
        if "minutes" in said and "epochs" in said:
            found.append(Message("minutes_or_epochs", {"minutes": self.minutes, "epochs": self.epochs}))
        if "devices" in said and self.devices != 1 and self.device not in (None, "cuda", "cpu"):
            found.append(Message("devices_of_one", {"devices": self.devices, "device": self.device}))
        for field in ("data", "model", "name"):
            if field in said and not isinstance(said[field], str):
                found.append(Message("not_text", {"field": field, "value": said[field]}))
        return found

    def said(self) -> dict[str, object]:
        """What is not left to us, but for the data set: what a file of settings holds."""
        values = {field.name: (getattr(self, field.name), field.default) for field in dataclasses.fields(self)}
        return {name: value for name, (value, usual) in values.items() if name != "data" and value != usual}

    @classmethod
    def from_json(cls, record: dict) -> "TrainSettings":
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})


def read_said(text: str) -> dict[str, object]:
    """What a file of settings says: an object of names and values, alone or (as in a run's settings.json) under
    "settings". Its data set is passed over. Raises UserError for what is no such file."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError("no_settings_file") from error
    said = record.get("settings", record) if isinstance(record, dict) else None
    if not isinstance(said, dict):
        raise UserError("no_settings_file")
    known = [field.name for field in dataclasses.fields(TrainSettings) if field.name != "data"]
    if unknown := sorted(said.keys() - {*known, "data", "format"}):
        raise UserError("settings_unknown", unknown=unknown, allowed=known)
    return {name: said[name] for name in known if said.get(name) is not None}


RANGES = {
    "epochs": (1, 1000),
    "minutes": (0.1, 1440),
    "head_epochs": (1, 1000),
    "image_size": (32, 512),
    "train_size": (32, 512),
    "start_size": (32, 512),
    "batch_size": (2, 4096),
    "learning_rate": (1e-7, 10),
    "head_learning_rate": (1e-7, 10),
    "momentum": (0, 0.999),
    "weight_decay": (0, 1),
    "head_weight_decay": (0, 10),
    "head_views": (1, 2),
    "l1": (0, 0.1),
    "layer_decay": (0.1, 1),
    "frozen_stages": (0, 4),
    "dropout": (0, 0.9),
    "drop_path": (0, 0.9),
    "clip": (0, 1000),
    "label_smoothing": (0, 0.9),
    "warmup": (0, 0.9),
    "ema_decay": (0, 0.99999),
    "crop_scale": (0.05, 1),
    "patience": (0, 1000),
    "folds": (2, 20),
    "mixup": (0, 10),
    "cutmix": (0, 10),
    "erasing": (0, 1),
    "devices": (1, MOST_DEVICES),
    "seed": (0, 2**31 - 1),
}


RATES = {  # higher where the classifier is new and learns with all the rest
    "sgd": {"auto": 0.01, "full": 0.03, "scratch": 0.1},
    "muon": {"auto": 0.0003, "full": 0.001, "scratch": 0.006},
}


def ignored(mode: str) -> tuple[str, ...]:
    """The settings that a training in `mode` does not read."""
    return {"head": FULL_ONLY, "auto": ()}.get(mode, HEAD_ONLY)


def resolve(settings: TrainSettings, *, images: int, model_size: int, crop_mode: str) -> TrainSettings:
    """Every None filled in for `images` training pictures; None what the mode ignores.

    Name, folds, device, devices, precision and the weight decay of the head are left to those who can tell.

    A run is bounded by epochs or by minutes; the other is None.
    model_size (pixels) and crop_mode are the start weights' own.
    Training crops are 0.8 of the input size: random crops show objects larger than the evaluation's view does,
    and a smaller training crop evens that out and costs less (Touvron et al. 2019, "Fixing the train-test
    resolution discrepancy", section 3). From random weights, where all is still to be learned, they are 7/8.
    """
    scratch = settings.mode == "scratch"
    if settings.mode == "head":
        settings = dataclasses.replace(
            settings,
            head_epochs=settings.head_epochs or settings.epochs,
            head_learning_rate=settings.head_learning_rate or settings.learning_rate,
        )
    image_size = settings.image_size or model_size
    share = 0.875 if scratch else 0.8
    train_size = settings.train_size or max(32, round(share * image_size / 16) * 16)
    optimizer = settings.optimizer or ("muon" if scratch else "sgd")
    defaults = {
        "epochs": 20 if scratch else max(3, min(12, math.ceil(4000 / images))),
        "head_epochs": 40,
        "image_size": image_size,
        "train_size": train_size,
        "start_size": train_size,
        "batch_size": max(2, min(32, images // 4)),
        "optimizer": optimizer,
        "learning_rate": RATES[optimizer].get(settings.mode),
        "momentum": 0.95 if optimizer == "muon" else 0.9,
        "head_learning_rate": 1.0,
        "head_views": 1,
        "warmup": 0.1 if scratch else 0.2,
        "weight_decay": 0.05 if optimizer == "muon" else 5e-4 if scratch else 1e-4,
        "l1": 0.0,
        "layer_decay": 1.0 if scratch else 0.7,  # Howard & Ruder 2018 (ULMFiT), section 3.2, take 1 / 2.6
        "frozen_stages": 0,
        "dropout": 0.0,
        "drop_path": 0.0,
        "clip": 0.0,
        "patience": 0,
        "ema_decay": 0.98,
        "crop_scale": 0.35,
        "augment": "light",
        "mixup": 0.0,
        "cutmix": 0.0,
        "erasing": 0.0,
        "crop_mode": crop_mode,
    }
    open_fields = {name: value for name, value in defaults.items() if getattr(settings, name) is None}
    unread = (*ignored(settings.mode), *(["epochs"] if settings.minutes else []))
    return dataclasses.replace(settings, **{**open_fields, **dict.fromkeys(unread)})


def device_queue(device: str) -> str:
    """What runs on `device` wait for: "cuda" and "cuda:0" are one device."""
    return "cuda:0" if device == "cuda" else device
