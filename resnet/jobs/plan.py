"""What a run will do and about how long it will take, before it is started."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from resnet.data.batches import steps_per_epoch
from resnet.data.cache import kept_count, kept_side
from resnet.data.dataset import Dataset, Record
from resnet.data.importing import clean_name
from resnet.data.layout import few
from resnet.data.split import folds, unspread
from resnet.errors import UserError
from resnet.evaluation import LOOKED_AT_AGAIN
from resnet.nn.variants import VARIANTS, variant
from resnet.predictor.engines import likely_device
from resnet.settings import RANGES, TrainSettings, resolve
from resnet.store import Store, folders, name_of
from resnet.text import Message
from resnet.weights.find import HubName, config_of, find
from resnet.weights.preprocessing import Preprocessing
from resnet.worker.record import read_settings
from resnet.worker.siblings import sharing_problems
from resnet.worker.speeds import Speeds

T = TypeVar("T")

# What a run takes that was never measured on this machine.
REST_SECONDS = 8.0  # torch and the model loaded, the model written
DECODED_PER_SECOND = 300.0  # pictures, for learning from them
MOST_BEFORE = 0.5  # of the minutes that bound a run, before all layers learn
HEAD_STEPS_PER_SECOND = 2000.0  # of the head on cached features; 512 of them, one CPU core


@dataclass(frozen=True)
class Plan:
    """Resolved settings with what they were resolved from."""

    settings: TrainSettings
    data: Dataset
    architecture: str
    preprocessing: Preprocessing
    license: str | None  # of the start weights
    notes: list[Message]  # what does not stand against the run, but is to be known of what comes of it


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
    learned = set()
    if data and start:  # what cannot be told, of a run that is damaged, stands against folds alone
        learned = _tried(problems if settings.folds else [], lambda: _learned_from(store, start[0], data)) or set()
    if settings.folds and learned:
        problems.append(Message("folds_seen", {"model": _called(store, start[0]), "data": data.name}))
    if start and start[2] and (channels := len(start[2].mean)) != 3:
        problems.append(Message("start_channels", {"model": settings.model, "channels": channels}))
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
    if problems := [*resolved.problems(), *_unfit(resolved, architecture), *sharing_problems(resolved, data)]:
        raise UserError.of(problems)
    fitted = preprocessing.replace(size=resolved.image_size, crop_mode=resolved.crop_mode)
    return Plan(resolved, data, architecture, fitted, license, _notes(_called(store, model), data, learned))


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


def _unfit(settings: TrainSettings, architecture: str) -> list[Message]:
    """Resolved settings that would do nothing, or something else than they say."""
    found = []
    if settings.start_size and RANGES["start_size"][1] >= settings.start_size > settings.train_size:
        values = {"field": "start_size", "value": settings.start_size, "low": RANGES["start_size"][0]}
        found.append(Message("out_of_range_whole", {**values, "high": settings.train_size}))
    if settings.frozen_stages and settings.mode == "scratch":
        found.append(Message("frozen_random", {"stages": settings.frozen_stages}))
    if settings.drop_path and architecture.startswith("plain"):
        found.append(Message("no_shortcuts", {"value": settings.drop_path, "model": architecture}))
    return found


def _learned_from(store: Store, model: str, data: Dataset) -> set[str]:
    """sha256 of those pictures of `data` that a start model which is a run, or one that it began with, learned from."""
    learned, looked = set(), set()
    while (run := store.runs / model) in folders(store.runs) and run not in looked:
        looked.add(run)
        record = read_settings(run)
        folder, model = store.datasets / record["data"]["id"], record["settings"]["model"]
        if folder in folders(store.datasets):
            known = data if folder == data.folder else Dataset.open(folder)
            learned |= {record.sha256 for record in known.part("train")}
    return learned and learned & {record.sha256 for record in data.records}


def _called(store: Store, model: str) -> str:
    """What a person calls a start model: a run by its name."""
    return (model and name_of(store.runs / model)) or model


def _notes(model: str, data: Dataset, learned: set[str]) -> list[Message]:
    judging = [record for record in data.records if record.split != "train"] if learned else []
    seen = sum(record.sha256 in learned for record in judging)
    return [Message("checked_seen", {"model": model, "n": seen, "of": len(judging)})] if seen else []


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
    speeds = _speeds(store, settings)
    evaluation = 1 / speeds.images_per_second("evaluation", network, settings.image_size)
    features, head_epochs, step = _features(speeds, settings, network, data), 0.0, 0.0
    if settings.mode in ("head", "auto"):
        head_epochs = settings.head_epochs / speeds.latest("head", HEAD_STEPS_PER_SECOND)
    if settings.mode != "head":
        step = 1 / speeds.images_per_second("training", network, settings.train_size, settings.precision)

    def model(train: float, val: float) -> float:
        """Seconds for one model, its evaluation included."""
        looked_at = min(val, LOOKED_AT_AGAIN) if settings.mode == "head" else val
        seconds = looked_at * evaluation + head_epochs * steps_per_epoch(round(train), settings.batch_size)
        if settings.mode != "head":
            seconds += settings.epochs * (train * step + val * evaluation)
        return seconds + (features if settings.mode == "auto" else 0.0)

    seconds = speeds.latest("rest", REST_SECONDS) + _decoding(speeds, settings, data)
    seconds += model(train, val) + test * evaluation
    seconds += features if settings.mode == "head" else 0.0
    if settings.folds:
        held = (train + val) / settings.folds
        seconds += settings.folds * model(train + val - held, held)
    return seconds


def _speeds(store: Store, settings: TrainSettings) -> Speeds:
    return Speeds(store, (settings.device or likely_device()).split(":")[0], os.cpu_count() or 1)


def cautions(store: Store, plan: Plan) -> list[Message]:
    """What is to be known before the start: the plan's notes, and whether its minutes leave time to learn."""
    settings, speeds = plan.settings, _speeds(store, plan.settings)
    if not settings.minutes:
        return plan.notes
    before = _decoding(speeds, settings, plan.data)
    before += (1 + (settings.folds or 0)) * _features(speeds, settings, plan.architecture, plan.data)
    if before <= MOST_BEFORE * 60 * settings.minutes:
        return plan.notes
    values = {"minutes": f"{settings.minutes:g}", "before": f"{before / 60:.1f}"}
    return [*plan.notes, Message("minutes_before", values)]


def _decoding(speeds: Speeds, settings: TrainSettings, data: Dataset) -> float:
    """Seconds until all pictures that are learned from are decoded."""
    if settings.mode == "head":
        return 0.0
    images = len(data.part("train")) + (len(data.part("val")) if settings.folds else 0)
    kept = kept_count(data, kept_side(settings.train_size, settings.crop_scale), settings.crop_mode == "squash")
    return max(0, images - kept) / speeds.latest("decode", DECODED_PER_SECOND)


def _features(speeds: Speeds, settings: TrainSettings, network: str, data: Dataset) -> float:
    """Seconds until a head has the features that it learns from."""
    if settings.mode not in ("head", "auto"):
        return 0.0
    images = settings.head_views * len(data.part("train")) + len(data.part("val"))
    return images / speeds.images_per_second("features", network, settings.image_size)
