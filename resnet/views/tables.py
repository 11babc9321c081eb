"""Run data as tables: pandas frames with headings in the reader's language."""

import dataclasses
import heapq
import math
from collections.abc import Sequence

import pandas as pd

from resnet.data.dataset import Dataset
from resnet.settings import TrainSettings
from resnet.text import CATALOGUE, say
from resnet.views import sentences
from resnet.views.answers import doubt, no_formula
from resnet.views.curves import SERIES, points
from resnet.views.result import Result
from resnet.views.sentences import visible

LISTED = 1000  # answers; a browser draws no more in a moment
SETTINGS = [field.name for field in dataclasses.fields(TrainSettings) if f"setting_{field.name}" in CATALOGUE]


def curves(lines: list[dict], value: str, language: str = "en") -> pd.DataFrame:
    """The curve of "loss" or "accuracy" as rows (epoch, value, series), for a line plot."""
    series = [(field, say(f"series_{kind}", language)) for field, kind in SERIES[value]]
    # A plot keeps the axes and colours of its first data, so each series is there from the first, if as a gap.
    rows = [(0.0, math.nan, name) for _, name in series]
    rows += [(*point, name) for field, name in series for point in points(lines, field)]
    return pd.DataFrame(rows, columns=["epoch", value, "series"])


def classes(report: dict, language: str = "en") -> pd.DataFrame:
    """One row a class of an imported data set: pictures to learn from, to check with, to test with."""
    rows = [(visible(label), row["train"], row["val"], row["test"]) for label, row in report["counts"].items()]
    heads = [say(key, language) for key in ("column_class", "column_train", "column_val", "column_test")]
    frame = pd.DataFrame(rows, columns=heads)
    return frame if frame[heads[3]].any() else frame.drop(columns=heads[3])


def runs(records: list[dict], language: str = "en") -> pd.DataFrame:
    """One row a run: name, data, network, mode, accuracy with its interval, duration, date, state."""
    rows = [
        (
            visible(record["name"]),
            visible(record["data"]),
            record["architecture"],
            sentences.mode(record["mode"], language),
            sentences.accuracy_range(record),
            sentences.duration(record["seconds"], language),
            sentences.day(record["created"], language),
            sentences.state(record["state"], language),
        )
        for record in records
    ]
    heads = ("name", "data", "network", "mode", "accuracy", "duration", "date", "state")
    return pd.DataFrame(rows, columns=[say(f"column_{head}", language) for head in heads])


def answers(images: Sequence[dict], language: str = "en") -> pd.DataFrame:
    """One row a picture: file, answer, score, and what another model says of it; see resnet.views.answers.

    The most doubtful LISTED: the unreadable first, then those on which models differ.
    """
    heads = ["column_file", "column_answer", "column_score"]
    beside = any(image.get("beside") for image in images)
    shown = heapq.nsmallest(LISTED, images, doubt)
    rows = [
        [visible(image["file"]), *_answer(image, language), *(_beside(image, language) if beside else [])]
        for image in shown
    ]
    heads += ["column_beside", "column_beside_score"] if beside else []
    return pd.DataFrame(rows, columns=[say(key, language) for key in heads])


def _answer(answer: dict, language: str) -> tuple[str, str]:
    if answer["error"]:
        return sentences.problem(answer["error"], language), "–"
    return sentences.answer(answer, language), sentences.percent(answer["labels"][0]["score"])


def _beside(image: dict, language: str) -> tuple[str, str]:
    return ("–", "–") if image["error"] else _answer(image["beside"], language)


def settings(report: dict, language: str = "en") -> pd.DataFrame:
    """How a model was made: every setting of its run, as it was resolved."""
    rows = settings_of(report, language).items()
    return pd.DataFrame(rows, columns=[say("column_setting", language), say("column_value", language)])


def settings_of(report: dict, language: str = "en") -> dict[str, str]:
    """What each setting is called -> its value in words."""
    summary = report["summary"]
    values = {name: value for name, value in summary["settings"].items() if value is not None and name in SETTINGS}
    values |= {"data": summary["data"], "mode": sentences.mode(values["mode"], language)}
    return {
        say(f"setting_{name}", language): sentences.setting(name, value, language) for name, value in values.items()
    }


def versions(report: dict, language: str = "en") -> pd.DataFrame:
    """What a model was made with: programs and their versions; none in reports of older versions."""
    rows = [(visible(name), visible(version)) for name, version in report["summary"].get("versions", {}).items()]
    return pd.DataFrame(rows, columns=[say("column_program", language), say("column_version", language)])


def suspects(report: dict, data: Dataset | None, words: dict[str, str], language: str = "en") -> pd.DataFrame:
    """Pictures whose label is in doubt, the most doubtful first, under their own names where the data set is here."""
    records = {record.sha256: record.source for record in data.records} if data else {}
    rows = [
        (
            visible(records.get(entry["sha256"], entry["file"])),
            *(visible(words.get(entry[key], entry[key])) for key in ("label", "predicted")),
            *(sentences.percent(entry[key]) for key in ("score", "label_score")),
        )
        for entry in report.get("suspects", [])
    ]
    heads = ("file", "label", "seems", "seems_score", "label_score")
    return pd.DataFrame(rows, columns=[say(f"column_{head}", language) for head in heads])


def predictions(result: Result) -> pd.DataFrame:
    """One row a checked picture: file, sha256, label, predicted, score, and each class's probability.

    Probabilities are at the model's temperature, as its answers are. A file has the name that it came with where the
    data set is here, else none.
    """
    found, labels, probabilities = result.checked.predictions, result.classes, result.checked.probabilities
    sources = {sha256: record.source for sha256, record in result.records.items()}
    columns = {
        "file": [sources.get(sha256, "") for sha256 in found.sha256.tolist()],
        "sha256": found.sha256,
        "label": [labels[target] for target in found.targets],
        "predicted": [labels[answer] for answer in result.checked.predicted],
        "score": probabilities.max(axis=1),
    }
    by_class = {f"probability_{label}": probabilities[:, k] for k, label in enumerate(labels)}
    return pd.DataFrame({**columns, **by_class})


def csv(frame: pd.DataFrame) -> str:
    """A table as CSV (RFC 4180). A text that a spreadsheet would run as a formula is quoted."""
    return frame.map(no_formula).rename(columns=no_formula).to_csv(index=False, lineterminator="\r\n")


def unreadable(report: dict, language: str = "en") -> pd.DataFrame:
    """Files that were left out of a data set, and why."""
    rows = [(visible(entry["file"]), sentences.said(entry["reason"], language)) for entry in report["unreadable"]]
    return pd.DataFrame(rows, columns=[say("column_file", language), say("column_reason", language)])
