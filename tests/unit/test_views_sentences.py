"""Sentences: what can be quoted must be right, in both languages, and at the edges."""

import pytest

from resnet.errors import UserError
from resnet.settings import TrainSettings
from resnet.views import commands, exports, sentences

REPORT = {"n": 49, "accuracy": 47 / 49, "interval": [0.863, 0.989]}


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.001, "< 1 %"), (0.957, "96 %"), (0.9999, "> 99 %"), (1, "100 %"), (None, "–"), (float("nan"), "–")],
)
def test_only_a_full_share_is_called_a_hundred_percent(share: float | None, said: str) -> None:
    assert sentences.percent(share) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (59.6, "1 min 0 s"), (130, "2 min 10 s"), (7384, "2 h 3 min"), (None, "–")]
)
def test_durations(seconds: float | None, said: str) -> None:
    assert sentences.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "5 seconds"), (74, "1 minute"), (130, "2 minutes"), (9000, "2 hours")]
)
def test_estimates_are_rough(seconds: float, said: str) -> None:
    assert sentences.rough(seconds) == said


def test_the_headline_can_be_quoted() -> None:
    assert sentences.headline(REPORT) == "Right on 47 of 49 checked pictures: 96 %, between 86 and 99 %."
    assert "47" in sentences.headline(REPORT, "zh")


def test_a_small_validation_set_is_called_small() -> None:
    assert "49" in sentences.caution(REPORT)
    assert sentences.caution({**REPORT, "n": 3925}) == ""


def test_progress_says_what_is_known() -> None:
    status = {"stage": "full", "epoch": 3, "epochs": 8, "images_per_second": 41.2, "seconds_left": 70, "fold": None}
    status |= {"megabytes": 1240}
    nothing = dict.fromkeys(status)
    assert sentences.progress(status) == "learning all layers · epoch 3 of 8 · 41 images/s · 1 min 10 s left · 1,240 MB"
    assert sentences.progress({**nothing, "stage": "queue"}) == "waiting its turn"
    folds = {**nothing, "stage": "head", "fold": 2, "folds": 5}
    assert sentences.progress(folds) == "fold 2 of 5 · learning the last layer"
    assert sentences.progress(folds, "zh").startswith("第 2 / 5 折")


def test_beside_the_headline_stand_the_test_and_the_folds() -> None:
    assert sentences.besides({**REPORT, "test": None, "folds": None}) == []
    accuracy = {"mean": 0.9512, "sd": 0.0214, "each": [0.93, 0.97]}
    report = {
        **REPORT,
        "test": {"n": 100, "accuracy": 0.9, "interval": [0.826, 0.945]},
        "folds": {"k": 5, "accuracy": accuracy, "pooled": {"n": 244, "accuracy": 232 / 244, "interval": [0.92, 0.97]}},
    }
    test, folds = sentences.besides(report)
    assert test == (
        "On the final test, looked at once, when all was decided: right on 90 of 100: 90 %, between 83 and 94 %."
    )
    assert "5 times" in folds and "95 % ± 2.1 points" in folds and "232 of 244, between 92 and 97 %" in folds
    assert len(sentences.besides(report, "zh")) == 2


def test_knows_names_things_in_words_and_counts_many() -> None:
    assert sentences.knows(["n1", "n2"], {"n1": "church, church building", "n2": "tench"}) == (
        "Knows 2 things: church, tench."
    )
    many = [f"thing {i}" for i in range(1000)]
    assert sentences.knows(many, {}).startswith("Knows 1,000 things, among them thing 0,")


def test_a_class_that_contains_a_comma_keeps_its_name() -> None:
    assert sentences.word({"label": "salt, pepper", "description": "salt, pepper"}) == "salt, pepper"


def test_the_command_line_repeats_what_differs_from_the_defaults() -> None:
    settings = TrainSettings(data="ab12", model="resnet18d.imagenette", mode="head", learning_rate=0.1, name="my pets")
    assert commands.train(settings) == (
        "python -m resnet train --data ab12 --model resnet18d.imagenette --mode head --name 'my pets' --lr 0.1"
    )


def test_problems_call_fields_as_the_page_does():
    message = UserError.of(TrainSettings("d", "m", batch_size=0, epochs="many").problems()).message
    said = sentences.problem(message)
    assert "pictures per step is 0" in said and "epochs is many" in said and "batch_size" not in said
    assert "batch_size" not in sentences.problem(message, "zh")
    assert "batch_size is 0" in message.say()


def test_what_the_check_of_an_export_found_is_said_in_plain_numbers() -> None:
    result = {"bytes": 44_700_000, "pictures": 16, "largest_difference": 1.24e-5, "accuracy": None}
    same, about = exports.checked({**result, "license": "apache-2.0"})
    assert same == "Checked on 16 pictures: the largest difference to this app's own answers is 0.00001."
    assert about.startswith("45 MB · licence: apache-2.0 ·")
    result |= {"license": None}
    assert exports.checked({**result, "largest_difference": 0.0})[0].endswith("exactly as this app does.")
    assert "cc-by-nc-4.0 (not for commercial use)" in exports.checked({**result, "license": "cc-by-nc-4.0"})[1]
    integers = {**result, "accuracy": {"accuracy": 0.9119, "float_accuracy": 0.9152, "n": 3925}}
    assert exports.checked(integers)[0] == (
        "int8 is right on 91.2 % of the 3,925 checked pictures, full precision on 91.5 %."
    )
    assert "91.2 %" in exports.checked(integers, "zh")[0]
