"""Several results beside each other: how often each is right, whether that differs by more than chance, and how they
were made."""

import numpy as np
import pandas as pd

from resnet.evaluation.metrics import mcnemar
from resnet.text import say
from resnet.views import sentences, tables
from resnet.views.result import Result

SIGNIFICANT = 0.05  # probability below which chance is no longer held for the reason


def accuracies(results: list[Result], language: str = "en") -> pd.DataFrame:
    """One row a result: how often it is right, on how many pictures, how long it took."""
    rows = [
        (
            result.name,
            sentences.accuracy_range(result.report),
            f"{result.report['n']:,}",
            result.report["data"]["name"],
            sentences.mode(result.report["summary"]["mode"], language),
            sentences.duration(result.report["summary"]["seconds"]["total"], language),
        )
        for result in results
    ]
    heads = [say(f"column_{head}", language) for head in ("name", "accuracy", "checked", "data", "mode", "duration")]
    return pd.DataFrame([tuple(map(sentences.visible, row)) for row in rows], columns=heads)


def differences(results: list[Result], language: str = "en") -> list[str]:
    """A sentence for each result but the first, which it is compared with: whether the difference is real."""
    first, *others = results
    return [_difference(first, other, language) for other in others]


def _difference(one: Result, other: Result, language: str) -> str:
    names = {"one": one.name, "other": other.name}
    if not (one.has_predictions and other.has_predictions):
        return say("compare_unknown", language, **names)
    n, rights = _common(one, other)
    if not n:
        return say("compare_apart", language, **names)
    only_one, only_other, p = mcnemar(*rights)
    said = say("compare_counts", language, n=f"{n:,}", only_one=only_one, only_other=only_other, **names)
    if p >= SIGNIFICANT:
        verdict = "compare_chance"
    else:
        verdict = "compare_real"
        names["better"] = one.name if only_one > only_other else other.name
    return f"{said} {say(verdict, language, p=_probability(p), **names)}"


def _common(one: Result, other: Result) -> tuple[int, tuple[np.ndarray, np.ndarray]]:
    """How many pictures both were checked with under the same label, and which of them each had right, bool (n)."""
    kept = {sha256: place for place, sha256 in enumerate(other.checked.predictions.sha256)}
    pairs = [
        (place, kept[sha256])
        for place, sha256 in enumerate(one.checked.predictions.sha256)
        if sha256 in kept and _label(one, place) == _label(other, kept[sha256])
    ]
    places = np.array(pairs, dtype=int).reshape(-1, 2).T
    return len(pairs), (one.checked.right[places[0]], other.checked.right[places[1]])


def _label(result: Result, place: int) -> str:
    return result.classes[result.checked.predictions.targets[place]]


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def settings(results: list[Result], language: str = "en") -> pd.DataFrame:
    """A row for each setting in which they differ, but for the name, a column a result."""
    made = [tables.settings_of(result.report, language) for result in results]
    names = list(dict.fromkeys(name for own in made for name in own if name != say("setting_name", language)))
    rows = [(name, *(own.get(name, "–") for own in made)) for name in names]
    differing = [row for row in rows if len(set(row[1:])) > 1]
    heads = [say("column_setting", language), *headings(results)]
    return pd.DataFrame(differing, columns=heads)


def curves(results: list[Result], value: str, language: str = "en") -> pd.DataFrame:
    """The curve of "loss" or "accuracy" on the checked pictures, of each result: (epoch, value, series)."""
    wanted = say("series_val", language)
    frames = []
    for name, result in zip(headings(results), results, strict=True):
        frame = tables.curves(result.report["curves"], value, language)
        frames.append(frame[frame["series"] == wanted].assign(series=name))
    return pd.concat(frames, ignore_index=True)


def headings(results: list[Result]) -> list[str]:
    """Their names, told apart by a number where they are the same."""
    names = [sentences.visible(result.name) for result in results]
    return [
        f"{name} ({1 + names[:place].count(name)})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]
