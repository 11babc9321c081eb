"""After a failure: the same run again, with the one thing changed that may help."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from resnet.settings import TrainSettings, ignored
from resnet.text import Message
from resnet.worker.record import read_settings, read_status

Remedy = tuple[Message, TrainSettings]  # what is changed, in words; all settings
SMALLEST = 64  # pixels; less shows little of a photograph


def remedies(folder: Path) -> list[Remedy]:
    """What can be tried instead of the run in `folder`; nothing where it did not fail, or nothing is known to help."""
    status = read_status(folder)
    known = REMEDIES.get((status["message"] or {}).get("key"), ()) if status["state"] == "failed" else ()
    if not known:
        return []
    settings = replace(TrainSettings.from_json(read_settings(folder)["settings"]), name=None)
    return [found for remedy in known if (found := remedy(settings))]


def _smaller_pictures(settings: TrainSettings) -> Remedy | None:
    size = settings.image_size * 3 // 4 // 32 * 32
    if size < SMALLEST:
        return None
    changed = replace(settings, image_size=size, train_size=None, start_size=None)
    return Message("remedy_smaller_pictures", {"size": size}), changed


def _head_only(settings: TrainSettings) -> Remedy | None:
    if settings.mode not in ("auto", "full"):  # from random weights there is nothing that a head could learn from
        return None
    return Message("remedy_head_only"), replace(settings, mode="head", **dict.fromkeys(ignored("head")))


def _lower_rate(settings: TrainSettings) -> Remedy:
    name = "head_learning_rate" if settings.mode == "head" else "learning_rate"
    rate = float(f"{getattr(settings, name) / 10:.2g}")
    return Message("remedy_lower_rate", {"rate": f"{rate:g}"}), replace(settings, **{name: rate})


REMEDIES: dict[str, tuple[Callable[[TrainSettings], Remedy | None], ...]] = {
    "run_out_of_memory": (_smaller_pictures, _head_only),
    "run_memory_full": (_smaller_pictures, _head_only),
    "loss_not_finite": (_lower_rate, _head_only),
}
MOST = max(map(len, REMEDIES.values()))
