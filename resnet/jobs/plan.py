"""What a run will do and about how long it will take, before it is started."""

import os
import platform
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from resnet.data.dataset import Dataset
from resnet.data.parallel import PROCESSES
from resnet.errors import UserError
from resnet.nn.variants import VARIANTS
from resnet.settings import TrainSettings, resolve
from resnet.store import Store
from resnet.weights.find import config_of
from resnet.weights.preprocessing import Preprocessing

# Multiply-adds of one picture at 224 x 224 px, in units of 1e9: timm's results/benchmark-infer tables.
GIGA_MACS = {
    "resnet18": 1.8, "resnet34": 3.7, "resnet50": 4.1, "resnet101": 7.8, "resnet152": 11.6,
    "resnet18d": 2.1, "resnet26d": 2.6, "resnet34d": 3.9, "resnet50d": 4.4, "resnet101d": 8.1, "resnet152d": 11.8,
}  # fmt: skip
# Multiply-adds a second in training, in units of 1e9; measured with resnet18 at 128 px (one CPU core) and
# guessed low for accelerators, where decoding is the limit.
GIGA_MACS_PER_SECOND = {"cpu": 70.0, "mps": 1500.0, "cuda": 10_000.0}
PICTURES_PER_SECOND = 300.0  # that one core decodes
START_SECONDS = 6.0  # torch and the model loaded


@dataclass(frozen=True)
class Plan:
    """Resolved settings with what they were resolved from."""

    settings: TrainSettings
    data: Dataset
    architecture: str
    preprocessing: Preprocessing


def plan(store: Store, settings: TrainSettings) -> Plan:
    """Everything that can be said before the start. Raises UserError with all that stands against it."""
    data = Dataset.open(store.dataset(settings.data))
    problems = settings.problems() + data.problems()
    if problems:
        raise UserError.of(problems)
    train = data.part("train")
    if settings.mode == "scratch":
        architecture, preprocessing = _from_scratch(store, settings.model, train)
    else:
        config = config_of(settings.model, store)
        architecture, preprocessing = config.architecture, config.preprocessing
    resolved = resolve(
        replace(settings, data=data.id),
        images=len(train),
        model_size=preprocessing.size,
        crop_mode=preprocessing.crop_mode,
        processes=PROCESSES,
    )
    return Plan(
        resolved, data, architecture, preprocessing.replace(size=resolved.image_size, crop_mode=resolved.crop_mode)
    )


def _from_scratch(store: Store, model: str, train: list) -> tuple[str, Preprocessing]:
    """The architecture that `model` names, and an input size that suits the pictures: their median, 32 to 160 px."""
    architecture = model if model in VARIANTS else config_of(model, store).architecture
    sides = sorted(min(record.width, record.height) for record in train)
    median = sides[len(sides) // 2]
    return architecture, Preprocessing(size=max(32, min(160, median // 32 * 32)), crop_pct=1.0)


def likely_device() -> str:
    """The device that torch will find, guessed without loading it."""
    if Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi"):
        return "cuda"
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"


def estimate(plan: Plan) -> float:
    """Seconds that a run will take, roughly: within a factor of two on the machines it was tried on."""
    settings, train, val = plan.settings, len(plan.data.part("train")), len(plan.data.part("val"))
    device = (settings.device or likely_device()).split(":")[0]
    cores = os.cpu_count() or 1
    speed = GIGA_MACS_PER_SECOND[device] * (cores if device == "cpu" else 1)
    decode = 1 / (PICTURES_PER_SECOND * cores)
    forward = GIGA_MACS[plan.architecture] * (settings.image_size / 224) ** 2 / speed
    step = 3 * GIGA_MACS[plan.architecture] * (settings.train_size / 224) ** 2 / speed
    seconds = START_SECONDS + val * max(forward, decode)
    if settings.mode in ("head", "auto"):
        seconds += (train + val) * max(forward, decode)
    if settings.mode != "head":
        seconds += settings.epochs * (train * max(step, decode) + val * max(forward, decode))
    return seconds
