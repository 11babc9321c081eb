"""The plan's part of the page: a field for every setting, shown where it is read, saying what it is left to be."""

from pathlib import Path

import gradio as gr
import pytest

from resnet.data.importing import import_dataset
from resnet.data.samples import draw
from resnet.settings import CHOICES, HEAD_ONLY, MODES, TrainSettings
from resnet.store import Store
from resnet.text import CATALOGUE, LANGUAGES
from resnet.ui.finetune import FinetuneTab
from resnet.ui.page import Page
from resnet.ui.plan import FIELDS, PlanPart, choices, groups, read
from resnet.ui.service import Service
from resnet.ui.theme import CSS
from resnet.views import commands


@pytest.fixture
def tab(store: Store) -> FinetuneTab:
    with gr.Blocks():
        return FinetuneTab(Page(Service(store)))


@pytest.fixture
def part(tab: FinetuneTab) -> PlanPart:
    return tab.plan


def form(part: PlanPart, data: str = "", model: str = "resnet18", mode: str = "auto", **said: str) -> list[str]:
    """The values of the form, all that is not said as it stands at first."""
    return [data, model, mode, *(said.get(name, part.fields[name].value) for name in FIELDS)]


def test_every_setting_has_one_field_with_words(part: PlanPart) -> None:
    assert sorted(name for names in groups().values() for name in names) == sorted(FIELDS)
    assert part.fields.keys() == FIELDS.keys() == TrainSettings.__dataclass_fields__.keys() - {"data", "model", "mode"}
    words = {f"{kind}_{name}" for name in FIELDS for kind in ("setting", "help")}
    words |= {f"choice_{name}_{value}" for name in CHOICES.keys() & FIELDS.keys() for value in CHOICES[name]}
    words |= {f"settings_{group}" for group in groups()}
    assert words <= CATALOGUE.keys()


def test_a_field_is_away_in_modes_that_do_not_read_it(part: PlanPart) -> None:
    classes = {name: field.elem_classes for name, field in part.fields.items()}
    assert classes["learning_rate"] == ["not-head"] and classes["seed"] == []
    assert {name for name, away in classes.items() if "not-full" in away} == set(HEAD_ONLY)
    sheet = CSS[0].read_text("utf-8")
    assert all(f'input[value="{mode}"]:checked) .not-{mode}' in sheet for mode in MODES)


def test_an_untouched_form_says_nothing_and_a_touched_one_all_of_it(part: PlanPart) -> None:
    assert part.settings(*form(part)) == TrainSettings("", "resnet18")
    said = {"epochs": "3", "learning_rate": "1e-2", "balance": "loss", "name": "7", "mixup": "0.2", "seed": ""}
    settings = part.settings(*form(part, **said))
    assert (settings.epochs, settings.learning_rate, settings.name, settings.seed) == (3, 0.01, "7", 0)
    command = commands.train(settings)
    for words in ("--epochs 3", "--lr 0.01", "--balance loss", "--name 7", "--mixup 0.2"):
        assert words in command


def test_what_a_mode_does_not_read_is_not_said_in_it(part: PlanPart) -> None:
    said = {"learning_rate": "nonsense", "head_epochs": "9"}
    assert part.settings(*form(part, mode="head", **said)) == TrainSettings("", "resnet18", "head", head_epochs=9)
    assert [problem.key for problem in part.settings(*form(part, **said)).problems()] == ["out_of_range"]


def test_fields_read_numbers_and_leave_words_to_be_refused() -> None:
    assert [read("epochs", text) for text in ("", " ", None, "12", "1.5", "few")] == [None, None, None, 12, 1.5, "few"]
    assert (read("name", "12"), read("device", " cpu "), read("crop_mode", "")) == ("12", "cpu", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_choice_may_be_left_to_us_where_there_is_no_fixed_default(language: str) -> None:
    assert [value for _, value in choices("crop_mode", language)] == ["", *CHOICES["crop_mode"]]
    assert [value for _, value in choices("balance", language)] == list(CHOICES["balance"])


def test_what_is_left_open_says_what_this_data_and_model_would_get(part: PlanPart, data, small_model) -> None:
    shown = part.say_plan(*form(part, data.id, str(small_model), "full", image_size="64"), "en")
    said = dict(zip(FIELDS, shown[5:], strict=True))
    assert said["train_size"]["placeholder"] == "automatic: 48"  # 0.8 of 64, in steps of 16
    assert said["learning_rate"]["placeholder"] == "automatic: 0.03" and said["folds"]["placeholder"] == "none"
    assert said["crop_mode"]["choices"][0] == ("automatic: cut out the middle", "")
    assert shown[2]["interactive"] is True


def test_of_several_devices_the_time_is_said_to_be_that_of_one(part: PlanPart, data, small_model) -> None:
    several = {"data": data.id, "model": str(small_model), "mode": "full", "devices": "2", "device": "cpu"}
    modes, _, start, *_ = part.say_plan(*form(part, **several), "en")
    assert "on one device" in start["value"] and not any("~" in words for words, _ in modes["choices"])
    modes, _, start, *_ = part.say_plan(*form(part, **several, minutes="5"), "en")
    assert start["value"] == "Fine-tune for about 5 minutes"


def test_a_wrong_value_is_said_beside_the_start(part: PlanPart, data, small_model) -> None:
    shown = part.say_plan(*form(part, data.id, str(small_model), dropout="2", clip="x"), "en")
    assert shown[2]["interactive"] is False
    assert "dropout is 2" in shown[4] and "longest gradient is x" in shown[4]


def test_uneven_classes_are_offered_to_count_alike(tab: FinetuneTab, store: Store, data, tmp_path: Path) -> None:
    draw(tmp_path / "uneven", per_class=10)
    for file in sorted((tmp_path / "uneven" / "stars").iterdir())[2:]:
        file.unlink()
    uneven = import_dataset(tmp_path / "uneven", store)
    assert [tab.say_report(found.id, "en")[1]["visible"] for found in (data, uneven)] == [False, True]
    _, balance = tab.balance("en")
    assert balance in CHOICES["balance"]
