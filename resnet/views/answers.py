"""Answers to many pictures: whose are alike, the doubtful first, and all of them as a file.

An answer is what a Predictor's is, with its best label alone; "beside" may hold another model's to the same picture.
"""

import csv
from collections.abc import Iterable
from typing import TextIO

from resnet.text import Message, say
from resnet.views import sentences

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet computes
COLUMNS = ("known", "label", "description", "score")


def agree(one: dict, other: dict) -> bool:
    """Whether two models say the same of a picture: by the classes' keys, or else by their words."""
    if not (one["known"] and other["known"]):
        return one["known"] == other["known"]
    label, second = one["labels"][0], other["labels"][0]
    return label["label"] == second["label"] or not _names(label).isdisjoint(_names(second))


def _names(label: dict) -> set[str]:
    """ "church, church building" is called either; a key may be words, as in golf_ball."""
    return {name.strip().casefold() for name in (*label["description"].split(","), label["label"].replace("_", " "))}


def compared(image: dict) -> bool:
    """Whether two models have answered."""
    return bool(image.get("beside")) and not (image["error"] or image["beside"]["error"])


def differs(image: dict) -> bool:
    """Whether two models have answered, and not alike."""
    return compared(image) and not agree(image, image["beside"])


def doubt(image: dict) -> tuple:
    """To sort by: what could not be read, where models differ, what is unknown, and then the lowest scores."""
    return not image["error"], not differs(image), image["known"], image["labels"][0]["score"] if image["labels"] else 0


def comparison(results: list[dict], language: str = "en") -> str:
    """Whether two models say the same of one picture, in a sentence. results: two of Predictor's."""
    first, second = (result["images"][0] for result in results)
    if agree(first, second):
        key = "beside_same" if first["known"] else "beside_neither"
        return say(key, language, answer=sentences.answer(first, language))
    said = {"answer": sentences.answer(first, language), "second": sentences.answer(second, language)}
    return say("beside_differ", language, model=results[0]["model"], other=results[1]["model"], **said)


def standing(images: list[dict], language: str = "en") -> list[str]:
    """What there is to say of the answers together: how many could not be read, on how many two models agree."""
    unreadable, said = sum(bool(image["error"]) for image in images), []
    both = sum(map(compared, images))
    if unreadable:
        key = "many_unreadable_one" if unreadable == 1 else "many_unreadable"
        said.append(say(key, language, count=f"{unreadable:,}"))
    if both:
        alike = both - sum(map(differs, images))
        key = "beside_agree_all" if alike == both else "beside_agree"
        said.append(say(key, language, agree=f"{alike:,}", count=f"{both:,}"))
    return said


def write_csv(file: TextIO, images: Iterable[dict], language: str = "en") -> None:
    """A line a picture, for spreadsheets: file, known, label, description, score, error; and what a second model says.

    Texts that a spreadsheet would run as formulas are quoted by an apostrophe.
    """
    table, images = csv.writer(file), list(images)
    beside = any(image.get("beside") for image in images)
    table.writerow(["file", *COLUMNS, "error", *([f"other_{name}" for name in COLUMNS] + ["agree"] if beside else [])])
    for image in images:
        error = image["error"].say(language) if isinstance(image["error"], Message) else image["error"] or ""
        row = [image["file"], *_cells(image), error]
        if beside:
            row += [*_cells(image["beside"]), not differs(image) if compared(image) else ""]
        table.writerow([no_formula(cell) for cell in row])


def _cells(answer: dict) -> list:
    best = answer["labels"][0] if answer["labels"] else dict.fromkeys(COLUMNS, "")
    return [answer["known"], *(best[name] for name in COLUMNS[1:])]


def no_formula(cell: object) -> object:
    """A cell of a table: a text that begins as a formula does has an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
