"""Damaged and hostile inputs by the thousand: each is answered soundly or refused in a sentence (see tests/fuzzing)."""

import struct

import numpy as np
import pytest

from resnet.data.dataset import Dataset
from resnet.data.images import open_image
from resnet.errors import UserError
from resnet.store import read_json, read_lines
from tests.fuzzing import control, seeds
from tests.fuzzing.formats import format_of
from tests.fuzzing.mutate import case
from tests.fuzzing.watching import KINDS, for_minutes, fuzz

CASES = {"image": 300, "archive": 25, "weights": 25, "folder": 200}  # of each kind, a few seconds
MINUTES = 20  # of the long test, for all kinds together

NOTICED = {  # misdeed -> what is said of it
    "raises": "KeyError: 'width'",
    "tells_a_path": "of the machine",
    "speaks_two_lines": "not one printable line",
    "cannot_be_stored": "not JSON compliant",
    "hangs": "no answer within",
    "grows": "MB of memory",
    "dies": "the process ended with status",
    "writes_beside": "left behind, gone or changed: ['canary']",
    "leaves_a_folder": "left behind, gone or changed: ['workspace/tmp/left']",
    "changes_its_input": "left behind, gone or changed: ['input/file']",
    "reads_the_secret": "the secret was read",
    "writes_far_away": "open to write: ",
    "starts_a_process": "subprocess.Popen",
    "calls_out": "socket.connect",
    "unpickles": "pickle.find_class",
}


@pytest.mark.parametrize("kind", CASES)
def test_a_few_cases(kind, tmp_path):
    tally = fuzz(kind, 0, range(CASES[kind]), keep=tmp_path)
    assert tally.failures == []
    assert tally.cases == CASES[kind] and tally.accepted and tally.refused


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_cases(kind, tmp_path):
    tally = fuzz(kind, 1, for_minutes(MINUTES / len(KINDS)), keep=tmp_path)
    assert tally.failures == []
    assert tally.accepted and tally.refused


def test_every_misdeed_is_noticed():
    tally = fuzz("control", 0, range(len(control.MISDEEDS)))
    problems = {control.MISDEEDS[number].__name__: problem for number, problem in tally.failures}
    assert problems.keys() == NOTICED.keys()
    assert [name for name, words in NOTICED.items() if words not in problems[name]] == []


def test_a_case_is_made_again_by_its_number():
    once, again = seeds.of_kind("archive"), seeds.of_kind("archive")
    made = [case(once, 0, number) for number in range(200)]
    assert made == [case(again, 0, number) for number in range(200)]
    assert made != [case(once, 1, number) for number in range(200)]


def test_what_is_taken_apart_is_put_together_again():
    """A change within a format is worth something only where all around it stays whole."""
    odd = {one.main for kind in ("image", "archive", "weights") for one in seeds.of_kind(kind) if not survives(one)}
    assert odd <= {"padding.jpg", "pets.tar", "pets.tgz"}, "rare ways of writing, of which the plain ones survive"


def survives(one: seeds.Input) -> bool:
    """Whether a file of a known format is the same after being taken apart and put together."""
    content = one.files.get(one.main)
    format = format_of(one.main, content) if isinstance(content, bytes) else None
    if format is None:
        return True
    try:
        again = format.together(format.apart(content))
        if one.form == "picture":
            return np.array_equal(open_image(again), open_image(content))
        return format.apart(again) == format.apart(content)
    except (ValueError, OSError, struct.error):
        return False


# What it found, by the shortest way


@pytest.mark.parametrize("line", [b"null", b"7", b"[]", b"[" * 5000, b"9" * 5000, b"\xff"])
def test_a_line_that_is_no_record_is_passed_over(line, tmp_path):
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 2}\n')
    assert read_lines(tmp_path / "metrics.jsonl") == [{"step": 1}, {"step": 2}]


@pytest.mark.parametrize("cell", ["../../../../etc/passwd", "/etc/passwd", "files/../../x.png", "", "q" * 200_000])
def test_a_manifest_names_pictures_of_its_own_only(cell, data):
    manifest = data.folder / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace(f"files/{data.records[0].path.name}", cell), "utf-8")
    with pytest.raises(UserError) as refused:
        _ = Dataset.open(data.folder).records
    assert refused.value.message.key == "dataset_damaged"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "9" * 5000 + ".0"])
def test_what_is_no_finite_number_is_not_read(number, tmp_path):
    (tmp_path / "a.json").write_text(f'{{"format": 1, "figure": {number}}}')
    with pytest.raises(ValueError):
        read_json(tmp_path / "a.json")


def test_a_label_that_cannot_be_shown_makes_a_data_set_damaged(data):
    report = (data.folder / "report.json").read_text("utf-8")
    (data.folder / "report.json").write_text(report.replace(f'"{data.classes[0]}"', '"\\ud800"'), "utf-8")
    with pytest.raises(UserError) as refused:
        Dataset.open(data.folder)
    assert refused.value.message.key == "dataset_damaged"
