"""The head's weight decay: each fold's head is the one that learned from the others, and the value suits the data."""

import pytest
import torch
from torch.nn import functional as F

from resnet.training import folds
from resnet.training.folds import VALUES, assigned, chosen_decay, held_out_losses, rounded
from resnet.training.recipe import class_weights


def scaled(features: torch.Tensor) -> torch.Tensor:
    features = features - features.mean(dim=0)
    return features / features.std(dim=0, correction=0).norm()


def clouds(images: int, apart: float, size: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """Three classes, their centres `apart` deviations from each other."""
    random = torch.Generator().manual_seed(1)
    targets = torch.arange(images) % 3
    features = torch.randn(images, size, generator=random)
    features[torch.arange(images), targets] += apart
    return scaled(features), targets


def fitted(features, targets, decay, weights) -> torch.nn.Linear:
    """The same head by another way: torch's L-BFGS on one fold alone."""
    head = torch.nn.Linear(features.shape[1], 3)
    torch.nn.init.zeros_(head.weight)
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=500, line_search_fn="strong_wolfe", tolerance_grad=1e-9)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        found = F.cross_entropy(head(features), targets, weights, label_smoothing=0.1, reduction="sum") / len(targets)
        found += decay / 2 * (head.weight**2).sum()
        found.backward()
        return found

    optimizer.step(loss)
    return head


@pytest.mark.parametrize("balanced", [False, True])
def test_every_head_is_the_one_that_learned_from_the_other_folds(monkeypatch, balanced):
    monkeypatch.setattr(folds, "STEPS", 2000)
    features, targets = clouds(60, apart=1.0, size=5)
    targets[:10] = 0
    weights = class_weights(targets.tolist(), 3) if balanced else None
    places, decays = torch.from_numpy(assigned(targets.tolist(), [], 3)), torch.tensor([0.003, 0.1])
    found = held_out_losses(features, targets, places, decays, 0.1, weights)
    for decay, loss in zip(decays, found, strict=True):
        logits = torch.empty(60, 3)
        for fold in range(3):
            learns = places != fold
            logits[~learns] = fitted(features[learns], targets[learns], decay, weights)(features[~learns]).detach()
        torch.testing.assert_close(F.cross_entropy(logits, targets, weights), loss, rtol=1e-3, atol=1e-4)


def test_few_steps_are_enough_to_tell_which_value_is_best(monkeypatch):
    features, targets = clouds(90, apart=1.0, size=200)
    few = chosen_decay(features, targets, [], 0, 0.1, None)
    monkeypatch.setattr(folds, "STEPS", 2000)
    assert few == chosen_decay(features, targets, [], 0, 0.1, None)


def test_what_tells_nothing_is_decayed_most_and_what_tells_all_least():
    noise, signal = clouds(60, apart=0.0, size=100), clouds(300, apart=8.0)
    assert chosen_decay(*noise, [], 0, 0.1, None) == rounded(VALUES[-1] / 60)
    assert chosen_decay(*signal, [], 0, 0.0, None) == rounded(VALUES[0] / 300)


def test_too_few_pictures_to_choose_by_get_the_usual_value():
    features, targets = clouds(14, apart=1.0)
    assert chosen_decay(features, targets, [], 0, 0.1, None) == rounded(0.2 / 14)


def test_of_large_sets_some_are_looked_at_and_the_value_is_for_all(monkeypatch):
    features, targets = clouds(600, apart=8.0)
    monkeypatch.setattr(folds, "LARGEST", 60 * 20 * 3)
    assert chosen_decay(features, targets, [], 0, 0.0, None) in [rounded(value / 600) for value in VALUES]
    monkeypatch.setattr(folds, "LARGEST", 14 * 20 * 3)
    assert chosen_decay(features, targets, [], 0, 0.0, None) == rounded(0.2 / 600)


def test_of_large_sets_classes_may_be_left_out(monkeypatch):
    features, _ = clouds(600, apart=8.0)
    targets = torch.tensor([0, 1] * 299 + [2] * 2)
    monkeypatch.setattr(folds, "LARGEST", 60 * 20 * 3)
    weights = class_weights(targets.tolist(), 3)
    found = {chosen_decay(features, targets, [], seed, 0.1, weights) for seed in range(5)}
    assert found <= {rounded(value / 600) for value in VALUES}


def test_folds_hold_as_much_of_every_class_and_groups_stay_whole():
    targets = [0] * 20 + [1] * 10 + [2] * 5
    places = assigned(targets, [], 5)
    for target, each in ((0, 4), (1, 2), (2, 1)):
        assert [sum(p == fold and t == target for p, t in zip(places, targets, strict=True)) for fold in range(5)] == (
            [each] * 5
        )
    groups = ["", "a", "b", "a", ""] * 7
    places = assigned(targets, groups, 5)
    for name in "ab":
        assert len({place for place, group in zip(places, groups, strict=True) if group == name}) == 1
    assert len(set(places)) == 5
