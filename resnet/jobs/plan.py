"""What a run will do and about how long it will take, before it is started."""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from resnet.data.batches import steps_per_epoch
from resnet.data.dataset import Dataset, Record
from resnet.data.importing import clean_name
from resnet.data.layout import few
from resnet.data.split import folds, unspread
from resnet.errors import UserError
from resnet.evaluation import LOOKED_AT_AGAIN
from resnet.nn.variants import VARIANTS, variant
from resnet.predictor.engines import launched, likely_device
from resnet.settings import TrainSettings, resolve
from resnet.store import Store, folders
from resnet.text import Message
from resnet.weights.find import HubName, config_of, find
from resnet.weights.preprocessing import Preprocessing
from resnet.worker.record import read_settings
from resnet.worker.speeds import Speeds

T = TypeVar("T")

# What a run takes that was never measured on this machine.
REST_SECONDS = 8.0  # torch and the model loaded, the model written
DECODED_PER_SECOND = 300.0  # pictures, for learning from them
HEAD_STEPS_PER_SECOND = 2000.0  # of the head on cached features; 512 of them, one CPU core


@dataclass(frozen=True)
class Plan:
    """Resolved settings with what they were resolved from."""

    settings: TrainSettings
    data: Dataset
    architecture: str
    preprocessing: Preprocessing
    license: str | None  # of the start weights


def plan(store: Store, settings: TrainSettings, data: Dataset | None = None) -> Plan:
    """Everything that can be said before the start. Raises UserError with all that stands against it.

    data: the settings' data set, where it was opened before; its manifest is read once.
    """
    problems = settings.problems()
    if any(problem.key == "not_text" for problem in problems):
        raise UserError.of(problems)  # there is no name to look up
    data = data or _tried(problems, lambda: Dataset.open(store.dataset(settings.data)))
    start = _tried(problems, lambda: _start(store, settings))
    if data:
        problems += data.problems()
        problems += _fold_problems(data, settings)
    if data and start and settings.folds and _has_seen(store, start[0], data):
        problems.append(Message("folds_seen", {"model": settings.model, "data": data.name}))
    if problems:
        raise UserError.of(problems)
    model, architecture, preprocessing, license = start
    train = data.part("train")
    row = variant(architecture)
    preprocessing = preprocessing or Preprocessing(row.size if row.small else _suitable_size(train), crop_pct=1.0)
    resolved = resolve(
        replace(settings, data=data.id, model=model, name=clean_name(settings.name or f"{data.name} {architecture}")),
        images=len(train),
        model_size=preprocessing.size,
        crop_mode=preprocessing.crop_mode,
    )
    if problems := _device_problems(resolved, len(train)):
        raise UserError.of(problems)
    fitted = preprocessing.replace(size=resolved.image_size, crop_mode=resolved.crop_mode)
    return Plan(resolved, data, architecture, fitted, license)


def _tried(problems: list[Message], find: Callable[[], T]) -> T | None:
    """What `find` gives; None where it raises UserError, which then is one of the problems."""
    try:
        return find()
    except UserError as error:
        problems.append(error.message)
        return None


def _fold_problems(data: Dataset, settings: TrainSettings) -> list[Message]:
    """What stands against a cross-validation: a class that cannot be learned without the fold it is in."""
    if not settings.folds or settings.problems():
        return []
    records = [record for record in data.records if record.split != "test"]
    fold_of = folds(records, settings.folds, settings.seed)
    if len({*fold_of}) < settings.folds:
        return [Message("folds_many", {"folds": settings.folds, "units": len({*fold_of})})]
    labels = unspread(records, fold_of)
    return [Message("folds_one_sided", {"labels": few(labels)})] if labels else []


def _has_seen(store: Store, model: str, data: Dataset) -> bool:
    """Whether a start model is a run that learned from pictures of `data`, or that began with one which did."""
    own, looked = {record.sha256 for record in data.records}, set()
    while (run := store.runs / model) in folders(store.runs) and run not in looked:
        looked.add(run)
        record = read_settings(run)
        known, model = store.datasets / record["data"]["id"], record["settings"]["model"]
        if known == data.folder or (
            known in folders(store.datasets) and own & {record.sha256 for record in Dataset.open(known).part("train")}
        ):
            return True
    return False


def _device_problems(settings: TrainSettings, images: int) -> list[Message]:
    """What stands against sharing out the steps, of `images` pictures of the training part."""
    devices = max(settings.devices or 1, launched()[1])
    if devices == 1:
        return []
    problems = [] if importlib.util.find_spec("accelerate") else [Message("accelerate_missing")]
    least = settings.batch_size and images // steps_per_epoch(images, settings.batch_size)
    if least < 2 * devices and settings.mode != "head":
        problems.append(Message("devices_too_many", {"devices": devices, "images": least}))
    return problems


def _start(store: Store, settings: TrainSettings) -> tuple[str, str, Preprocessing | None, str | None]:
    """Start model, architecture, and where they come with the start weights, preprocessing and licence.

    The model is named so that it is found again whatever is called what by then, and from any folder.
    """
    if settings.mode == "scratch":
        name = settings.model if settings.model in VARIANTS else config_of(settings.model, store).architecture
        return name, name, None, None
    config, found = config_of(settings.model, store), find(settings.model, store)
    if isinstance(found, HubName):
        model = found.name
    else:  # a path comes before all names, so no later run takes a shipped model's place by being called like it
        model = found.parent.name if found.parent.parent == store.runs else str(found.resolve())
    return model, config.architecture, config.preprocessing, config.license


def _suitable_size(train: list[Record]) -> int:
    """An input size (pixels) that suits the pictures: the median of their shorter sides, between 32 and 160."""
    sides = sorted(min(record.width, record.height) for record in train)
    return max(32, min(160, sides[len(sides) // 2] // 32 * 32))


def estimate(store: Store, plan: Plan) -> float:
    """Seconds that a run will take on one device, from what runs measured on this machine, else from speeds that ship.

    How much several devices save is not known before they were tried.
    """
    settings, network, data = plan.settings, plan.architecture, plan.data
    if settings.minutes:
        return 60 * settings.minutes
    train, val, test = (len(data.part(split)) for split in ("train", "val", "test"))
    speeds = Speeds(store, (settings.device or likely_device()).split(":")[0], os.cpu_count() or 1)
    evaluation = 1 / speeds.images_per_second("evaluation", network, settings.image_size)
    features, head_epochs, decode, step = 0.0, 0.0, 0.0, 0.0
    if settings.mode in ("head", "auto"):
        features = (train + val) / speeds.images_per_second("features", network, settings.image_size)
        head_epochs = settings.head_epochs / speeds.latest("head", HEAD_STEPS_PER_SECOND)
    if settings.mode != "head":
        decode = 0.0 if (data.folder / "cache").is_dir() else train / speeds.latest("decode", DECODED_PER_SECOND)
        step = 1 / speeds.images_per_second("training", network, settings.train_size, settings.precision)

    def model(train: float, val: float) -> float:
        """Seconds for one model, its evaluation included."""
        looked_at = min(val, LOOKED_AT_AGAIN) if settings.mode == "head" else val
        seconds = looked_at * evaluation + head_epochs * steps_per_epoch(round(train), settings.batch_size)
        if settings.mode != "head":
            seconds += settings.epochs * (train * step + val * evaluation)
        return seconds + (features if settings.mode == "auto" else 0.0)

    seconds = speeds.latest("rest", REST_SECONDS) + decode + model(train, val) + test * evaluation
    seconds += features if settings.mode == "head" else 0.0
    if settings.folds:
        held = (train + val) / settings.folds
        seconds += settings.folds * model(train + val - held, held)
    return seconds
