"""Answers to many pictures: who agrees, which are doubtful, and the file that a spreadsheet opens."""

import csv
import io

import pytest

from resnet.text import Message
from resnet.views import answers, tables

UNREADABLE = {"known": False, "labels": [], "error": Message("image_empty", {"file": "e.jpg"})}


def answer(label: str, score: float = 0.9, *, known: bool = True, description: str = "", **more: object) -> dict:
    labels = [{"label": label, "description": description or label, "score": score}]
    return {"file": f"{label}.jpg", "known": known, "labels": labels, "error": None, **more}


@pytest.mark.parametrize(
    ("one", "other", "agreed"),
    [
        (answer("bee"), answer("bee", 0.1), True),
        (answer("bee"), answer("ant"), False),
        (answer("n03028079", description="church, church building"), answer("Church"), True),
        (answer("golf_ball"), answer("n03445777", description="golf ball"), True),
        (answer("bee", description="insect"), answer("bee", description="bumblebee"), True),  # one key
        (answer("bee"), answer("bee", known=False), False),
        (answer("bee", known=False), answer("ant", known=False), True),  # neither knows it
    ],
)
def test_models_agree_by_key_or_else_by_words(one, other, agreed):
    assert answers.agree(one, other) is answers.agree(other, one) is agreed


def test_the_doubtful_stand_first_what_is_unreadable_and_where_models_differ_before_them():
    images = [
        answer("sure", 0.99, beside=answer("sure")),
        answer("low", 0.3, beside=answer("low")),
        answer("unknown", 0.95, known=False, beside=answer("unknown", known=False)),
        answer("differs", 0.999, beside=answer("another")),
        {"file": "e.jpg", **UNREADABLE, "beside": UNREADABLE},
        answer("half", 0.999, beside=UNREADABLE),  # one of them could read it
    ]
    expected = ["e.jpg", "differs.jpg", "unknown.jpg", "low.jpg", "sure.jpg", "half.jpg"]
    assert [image["file"] for image in sorted(images, key=answers.doubt)] == expected
    frame = tables.answers(images)
    assert list(frame["file"]) == expected
    assert list(frame["the other model"][:3]) == ["–", "another", "unknown (nearest: unknown)"]
    assert frame["the other model"][5] == UNREADABLE["error"].say()
    assert answers.standing(images) == [
        "One file could not be read; the table says why.",
        "They agree on 3 of 4; those on which they differ stand first.",
    ]
    assert answers.standing(images[:2]) == ["They agree on all 2."]
    assert answers.standing([answer("bee")]) == []


def test_a_table_of_very_many_shows_the_most_doubtful():
    images = [answer("bee", score=1 - place / 5000) for place in range(2500)]
    frame = tables.answers(images)
    assert len(frame) == tables.LISTED
    assert frame["score"][0] == "50 %"
    assert tables.answers([]).empty


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (answer("bee", 0.5), "Both say bee."),
        (answer("ant"), "They differ: one says bee; other says ant."),
        (answer("ant", known=False), "They differ: one says bee; other says unknown (nearest: ant)."),
    ],
)
def test_two_answers_to_one_picture_are_compared_in_a_sentence(second, sentence):
    results = [{"model": name, "images": [image]} for name, image in (("one", answer("bee")), ("other", second))]
    assert answers.comparison(results) == sentence


def test_the_file_holds_both_models_and_nothing_that_a_spreadsheet_would_run():
    hostile = answer("@SUM(A1)", 0.5, description="=1+1", beside=answer("bee"))
    images = [{**hostile, "file": "=cmd|'/c calc'!A1.jpg"}, {"file": "-e.jpg", **UNREADABLE, "beside": UNREADABLE}]
    file = io.StringIO(newline="")
    answers.write_csv(file, images, "zh")
    first, second = csv.DictReader(file.getvalue().splitlines())
    assert (first["file"], first["label"], first["description"]) == ("'=cmd|'/c calc'!A1.jpg", "'@SUM(A1)", "'=1+1")
    assert (first["score"], first["other_label"], first["agree"]) == ("0.5", "bee", "False")
    assert (second["file"], second["label"], second["agree"]) == ("'-e.jpg", "", "")
    assert second["error"] == UNREADABLE["error"].say("zh")


def test_the_file_of_one_model_has_the_columns_of_the_command_line():
    file = io.StringIO(newline="")
    answers.write_csv(file, [{**answer("bee"), "error": None}, {**UNREADABLE, "file": "e", "error": "is empty"}])
    assert file.getvalue().splitlines() == [
        "file,known,label,description,score,error",
        "bee.jpg,True,bee,bee,0.9,",
        "e,False,,,,is empty",
    ]
