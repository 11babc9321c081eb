"""The learning-rate finder: rates rise, the loss is smoothed, the suggestion lies below where the loss turns."""

import itertools
import json

import pytest

from resnet import cli
from resnet.errors import UserError
from resnet.training.finder import HIGHEST, LOWEST, Trial, diverges, smoothed, suggested, trial_rate


def test_rates_rise_by_the_same_multiple_from_the_lowest_to_the_highest():
    rates = [trial_rate(step, 61) for step in range(61)]
    assert rates[0] == LOWEST and rates[-1] == pytest.approx(HIGHEST)
    assert {round(after / before, 9) for before, after in itertools.pairwise(rates)} == {round(1e6 ** (1 / 60), 9)}


def test_the_smoothed_loss_of_a_constant_is_that_constant_and_of_a_jump_follows():
    assert smoothed([2.0]) == pytest.approx(2) and smoothed([2.0] * 5) == pytest.approx(2)
    assert 2 < smoothed([2.0] * 20 + [4.0]) < 2.5


def trials(*losses: float) -> list[Trial]:
    return [Trial(step + 1, 10.0 ** (step - 4), loss, loss) for step, loss in enumerate(losses)]


def test_a_tenth_of_the_rate_with_the_lowest_loss_is_suggested():
    assert suggested(trials(2.0, 1.9, 1.0, 3.0)) == pytest.approx(1e-3)
    assert diverges(trials(2.0, 1.9, 1.0, 4.1)) and not diverges(trials(2.0, 1.9, 1.0, 3.9))


def test_nothing_is_suggested_where_the_first_loss_is_no_number():
    with pytest.raises(UserError, match="no learning rate to suggest"):
        suggested([])


@pytest.mark.parametrize("mode", ["full", "auto"])
def test_the_command_prints_points_and_a_suggestion_and_keeps_no_run(
    pictures, small_model, monkeypatch, tmp_path, capsys, mode
):
    monkeypatch.setenv("RESNET_HOME", str(tmp_path / "workspace"))
    monkeypatch.setattr("resnet.worker.finder.STEPS", 12)
    words = ["lr-find", "--data", str(pictures), "--model", str(small_model), "--mode", mode, "--head-epochs", "1"]
    assert cli.main([*words, "--device", "cpu", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    points = result["points"]
    assert 3 <= len(points) <= 12 and [point["step"] for point in points] == list(range(1, len(points) + 1))
    assert [point["rate"] for point in points] == sorted(point["rate"] for point in points)
    assert result["suggestion"] == min(points, key=lambda point: point["smoothed"])["rate"] / 10
    assert not list((tmp_path / "workspace").glob("*/runs/*"))


def test_a_head_has_no_rate_to_find(pictures, small_model, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RESNET_HOME", str(tmp_path / "workspace"))
    assert cli.main(["lr-find", "--data", str(pictures), "--model", str(small_model), "--mode", "head"]) == 1
    assert "mode is head; choose one of: auto, full, scratch" in capsys.readouterr().err
