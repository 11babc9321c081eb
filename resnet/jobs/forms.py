"""What a report must look like that somebody else's program has written, so that all that shows reports can show it."""

import math
from collections.abc import Callable

from resnet.settings import CHOICES
from resnet.text import Message
from resnet.worker.record import NEVER

LONGEST = 1000  # characters of a text
ABSENT = object()  # stands for what an object does not have


def misfit(value: object, form: object, place: str = "it") -> str:
    """Where `value` is first of another form, and "" where it nowhere is.

    form: of an object {name: form}, of which there may be more names; of a list [form], of so many things; else a
    function that tells whether a value will do.
    """
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return place
        found = (misfit(value.get(name, ABSENT), inner, name) for name, inner in form.items())
    elif isinstance(form, list):
        if not isinstance(value, list):
            return place
        found = (misfit(entry, form[0], place) for entry in value)
    else:
        return "" if form(value) else place
    return next(filter(None, found), "")


def text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12


def share(value: object) -> bool:
    return number(value) and 0 <= value <= 1


def moment(value: object) -> bool:
    return number(value) and 0 <= value < NEVER


def flag(value: object) -> bool:
    return isinstance(value, bool)


def plain(value: object) -> bool:
    """A setting's value."""
    return value is None or flag(value) or number(value) or text(value)


def said(value: object) -> bool:
    """A message of the catalogue's; what is wrong with any other is raised."""
    return bool(Message.from_json(value).say())


def named(inner: Callable[[object], bool]) -> Callable[[object], bool]:
    """An object of any names, whose values are of a form."""
    return lambda value: isinstance(value, dict) and all(text(name) and inner(part) for name, part in value.items())


def optional(form: object) -> Callable[[object], bool]:
    """Of that form, or not there, as in what an older version wrote."""
    return lambda value: value is ABSENT or not misfit(value, form)


def maybe(form: object) -> Callable[[object], bool]:
    """The same, or null."""
    return lambda value: value is None or optional(form)(value)


MISTAKE = {"file": text, "sha256": text, "label": text, "predicted": text, "score": share}
SHARES = {"n": count, "accuracy": share, "interval": [share]}
SUMMARY = {
    **SHARES,
    "classes": [text],
    "per_class": [{"label": text, "n": count, "precision": share, "recall": share, "f1": share}],
    "confusion": [[count]],
}
REPORT = {
    **SUMMARY,
    "model": text,
    "data": {"id": text, "name": text},
    "split": text,
    "temperature": lambda value: number(value) and value > 0,
    **{name: number for name in ("balanced_accuracy", "macro_f1", "log_loss", "ece")},
    "uncalibrated": maybe({"log_loss": number, "ece": number}),
    "top_k": maybe({"k": count, "accuracy": share}),
    "mistakes": [MISTAKE],
    "suspects": optional([{**MISTAKE, "label_score": share}]),
    "curves": [named(plain)],
    "test": maybe(SHARES),
    "folds": maybe({"k": count, "accuracy": {"mean": share, "sd": number}, "pooled": SUMMARY}),
    "summary": {
        "mode": CHOICES["mode"].__contains__,
        "data": text,
        "architecture": text,
        "epochs": count,
        "steps": count,
        "images": {"train": count, "val": count},
        "seconds": {"total": moment},
        "images_per_second": number,
        "finished": moment,
        "stopped_early": flag,
        "settings": named(plain),
        "versions": optional(named(text)),
        "adapted": optional([said]),
    },
}


def report_misfit(report: dict) -> str:
    """What in a report is of another form than this program writes, "" where nothing is."""
    found = misfit(report, REPORT)
    if found:
        return found
    pooled = [folds["pooled"] for folds in (report.get("folds"),) if folds]
    classes = report["classes"]
    for part in (report, *pooled):
        if part["classes"] != classes or {len(part["confusion"]), *map(len, part["confusion"])} != {len(classes)}:
            return "confusion"
    if report["summary"]["settings"].get("mode") not in CHOICES["mode"]:
        return "settings"
    pairs = [part["interval"] for part in (report, report.get("test"), *pooled) if part]
    return "" if classes and all(len(pair) == 2 for pair in pairs) else "interval"
