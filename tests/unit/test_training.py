"""The loop: steps as planned, a resume to the same bits, nothing learned from the validation part."""

import copy
import functools
import itertools
import math
import shutil
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import timm.optim
import torch
from PIL import Image

from resnet.data import cache
from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.nn.network import create
from resnet.predictor.torch_engine import TorchEngine
from resnet.settings import TrainSettings, resolve
from resnet.training import full
from resnet.training.folds import VALUES, rounded
from resnet.training.full import FullStage, autocast, out_of_memory
from resnet.training.loader import Loader
from resnet.training.muon import QUINTICS, Muon, orthogonal
from resnet.training.recipe import (
    averaged,
    class_weights,
    freeze,
    parameter_groups,
    rate_at,
    set_drop_path,
    shrink,
    size_at,
)
from resnet.training.stage import Chosen, Divided, Event, Pictures, Progress, Validated, Validating
from resnet.training.trainer import Trainer
from resnet.weights.preprocessing import Preprocessing

SETTINGS = TrainSettings("", "", epochs=2, head_epochs=2, image_size=48, batch_size=12, device="cpu")
PREPROCESSING = Preprocessing(48)
AUGMENTED = {"augment": "strong", "mixup": 0.2, "cutmix": 1.0, "erasing": 0.5}


def trainer(data: Dataset, engine: str = "torch", **changes) -> Trainer:
    settings = replace(SETTINGS, **{"precision": "float32", **changes})
    parts = [data.part("train"), data.part("val")]
    settings = resolve(settings, images=len(parts[0]), model_size=48, crop_mode="center")
    torch.manual_seed(settings.seed)
    model = create("resnet18", len(data.classes))
    train, val = (Pictures([r.path for r in p], [r.target for r in p], data=data) for p in parts)
    if settings.train_size:  # decoded before, so that all events are of learning
        list(Loader(train, settings, len(data.classes), PREPROCESSING.mean).fill())
    return Trainer(model, PREPROCESSING, train, val, settings, engine)


def tensors(trainer: Trainer) -> dict[str, torch.Tensor]:
    return trainer.delivered().state_dict()


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_head_on_features_of_onnxruntime_resumed_within_them_ends_in_the_same_bits(data):
    whole, left = trainer(data, "onnx", mode="head"), trainer(data, "onnx", mode="head")
    list(whole.fit())
    next(left.fit())  # some of the features are computed
    resumed = trainer(data, "onnx", mode="head")
    resumed.load_state(left.state())
    list(resumed.fit())
    assert equal(tensors(whole), tensors(resumed))
    in_torch = trainer(data, mode="head")
    list(in_torch.fit())
    torch.testing.assert_close(tensors(in_torch)["fc.weight"], tensors(whole)["fc.weight"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("mode", ["head", "full", "auto", "scratch"])
def test_steps_and_epochs_are_those_planned(data, mode):
    events = list(trainer(data, mode=mode).fit())
    images, stages = len(data.part("train")), {"auto": ["head", "full"]}.get(mode, [mode])
    steps = -(-images // 12)
    for stage in stages:
        progress = [e for e in events if isinstance(e, Progress) and e.stage == stage]
        assert [e.step for e in progress] == list(range(1, 2 * steps + 1))
        assert {e.steps for e in progress} == {2 * steps}
        assert sum(e.images for e in progress) == 2 * images
        assert progress[-1].train_loss is not None
        validated = [e for e in events if isinstance(e, Validated) and e.stage == stage]
        assert [(e.epoch, e.step) for e in validated] == [(1, steps), (2, 2 * steps)]
        assert validated[-1].logits.shape == (len(data.part("val")), len(data.classes))


@pytest.mark.parametrize("change", ["a batch is lost", "a batch comes twice"])
def test_a_run_of_other_steps_than_planned_fails(data, monkeypatch, change):
    made = Loader.epoch

    def changed(*arguments):
        batches = list(made(*arguments))
        return iter(batches[:-1] if change == "a batch is lost" else [*batches, batches[-1]])

    monkeypatch.setattr(Loader, "epoch", changed)
    with pytest.raises(RuntimeError, match=r"steps in stage full, where 3 were planned"):
        list(trainer(data, mode="full", epochs=1).fit())


DEFAULT_RUN = {("auto", "float32"), ("scratch", "bfloat16")}
COMBINATIONS = [
    pytest.param(mode, precision, marks=() if (mode, precision) in DEFAULT_RUN else pytest.mark.slow)
    for mode in ("head", "full", "auto", "scratch")
    for precision in ("float32", "bfloat16")
]


@pytest.mark.parametrize(("mode", "precision"), COMBINATIONS)
def test_a_resume_after_any_event_ends_in_the_same_bits(data, mode, precision):
    whole = trainer(data, mode=mode, precision=precision)
    states, events = {}, []
    for event in whole.fit():
        if len(events) % 4 == 0:
            saved, counters = whole.state()
            states[len(events)] = ({name: tensor.clone() for name, tensor in saved.items()}, dict(counters))
        events.append(event)
    assert len(states) >= 2
    for index, state in states.items():
        resumed = trainer(data, mode=mode, precision=precision)
        resumed.load_state(state)
        rest, expected = told(resumed.fit()), told(events[index + 1 :])
        assert [type(event) for event in rest] == [type(event) for event in expected]
        assert [losses(event) for event in rest] == [losses(event) for event in expected]
        assert equal(tensors(resumed), tensors(whole))


def test_a_long_validation_can_be_left_and_is_begun_anew(data):
    run, again = trainer(data, mode="full", epochs=1), trainer(data, mode="full", epochs=1)
    for stage in (run.stage, again.stage):
        stage.val = Pictures(list(stage.val.paths) * 4, list(stage.val.targets) * 4)
    events = run.fit()
    assert any(isinstance(event, Validating) for event in events)  # stops there
    again.load_state(run.state())
    assert [losses(event) for event in told(again.fit())][-1] == [losses(event) for event in told(events)][-1]


def told(events: Iterable[Event]) -> list[Event]:
    """Without those of a validation on its way, which is begun anew."""
    return [event for event in events if not isinstance(event, Validating)]


def losses(event: Event) -> float | None:
    return getattr(event, "train_loss" if isinstance(event, Progress) else "val_loss", None)


@pytest.mark.parametrize(("mode", "precision"), [("full", "bfloat16"), *COMBINATIONS[4:]])
def test_interrupted_often_and_with_pictures_kept_or_decoded_each_time_a_run_is_the_same(
    data, mode, precision, monkeypatch
):
    """Taken up again after every other event, each second time with pictures that are decoded as they are needed."""
    changes = {"mode": mode, "precision": precision, **({} if mode == "head" else AUGMENTED)}
    whole, state, taken = trainer(data, **changes), None, []
    expected = [losses(event) for event in told(whole.fit())]
    for part in range(2 * len(expected)):
        monkeypatch.setattr(cache, "MOST", cache.MOST if part % 2 else 0)
        run = trainer(data, **changes)
        if state:
            run.load_state(state)
        events = run.fit()
        taken += [losses(event) for event in told(itertools.islice(events, 2))]
        tensors_now, counters = run.state()
        state = {name: tensor.clone() for name, tensor in tensors_now.items()}, dict(counters)
        events.close()
        monkeypatch.undo()
        if len(taken) == len(expected):
            break
    assert taken == expected
    assert equal(tensors(run), tensors(whole))


def test_pictures_are_decoded_once_and_where_that_was_left_it_goes_on(data, monkeypatch):
    monkeypatch.setattr(full, "DECODED", 8)
    first, again = trainer(data, mode="full"), trainer(data, mode="full")
    shutil.rmtree(data.folder / "cache")
    decoded = next(first.fit())  # stops there
    images = len(data.part("train"))
    assert (decoded.stage, decoded.step, decoded.steps, decoded.images) == ("decode", 8, images, 8)
    events = [event for event in again.fit() if isinstance(event, Progress) and event.stage == "decode"]
    assert events[0].step == 16 and events[-1].step == events[-1].steps == images
    assert next(trainer(data, mode="full").fit()).stage == "full"


def test_validation_pictures_are_decoded_once(data):
    validated = []
    for event in trainer(data, mode="full").fit():
        if isinstance(event, Validated):
            validated.append(event)
            for record in data.part("val"):
                record.path.unlink(missing_ok=True)
    assert len(validated) == 2


def test_the_seed_changes_the_run(data):
    runs = [trainer(data, mode="scratch", epochs=1, seed=seed) for seed in (1, 2)]
    for run in runs:
        list(run.fit())
    assert not equal(tensors(runs[0]), tensors(runs[1]))


def test_mode_head_leaves_the_backbone_alone(data):
    run = trainer(data, mode="head")
    before = {name: tensor.clone() for name, tensor in tensors(run).items()}
    list(run.fit())
    changed = {name for name, tensor in tensors(run).items() if not torch.equal(tensor, before[name])}
    assert changed == {"fc.weight", "fc.bias"}


def test_the_heads_weight_decay_is_told_once_and_one_that_was_said_is_kept(data):
    run, said = trainer(data, mode="head"), trainer(data, mode="head", head_weight_decay=0.5)
    chosen = [event for event in run.fit() if isinstance(event, Chosen)]
    assert chosen == [Chosen("head_weight_decay", run.stage.weight_decay, tried=True)]
    assert run.stage.weight_decay in [rounded(value / len(data.part("train"))) for value in VALUES]
    assert not any(isinstance(event, Chosen) for event in said.fit()) and said.stage.weight_decay == 0.5


def test_a_heads_steps_are_those_of_sgd(data):
    run = trainer(data, mode="head", head_weight_decay=0.3, momentum=0.8)
    stage, features, targets = run.stage, torch.randn(6, 512), torch.arange(6) % len(data.classes)
    head = copy.deepcopy(stage.head)
    groups = [{"params": [head.weight], "weight_decay": 0.3}, {"params": [head.bias]}]
    optimizer = torch.optim.SGD(groups, lr=0.0, momentum=0.8, nesterov=True)
    for rate in (0.5, 0.3, 0.2):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        (stage.criterion(head(features), targets) / len(features)).backward()
        optimizer.step()
        stage._learn(features, targets, rate)
    for own, expected in zip(stage.head.parameters(), head.parameters(), strict=True):
        torch.testing.assert_close(own, expected)


def test_a_head_of_two_views_learns_from_mirrored_pictures_too(data):
    """Also where it is left within them and taken up again, to the same bits."""
    whole, states = trainer(data, mode="head", head_views=2), []
    events = [(losses(event), states.append(copied(whole.state()))) for event in whole.fit()]
    train, val = len(data.part("train")), len(data.part("val"))
    assert len(whole.stage.features) == 2 * train + val
    engine = TorchEngine(whole.stage.model, PREPROCESSING, "cpu")
    pixels = PREPROCESSING.pixels(_open(data.part("train")[3].path))[None, ..., ::-1]
    mirrored = torch.from_numpy(engine.features(pixels.copy()))[0]
    torch.testing.assert_close(mirrored, whole.stage.features[train + val + 3], rtol=1e-3, atol=1e-4)
    for index in (0, 2, 4):
        resumed = trainer(data, mode="head", head_views=2)
        resumed.load_state(states[index])
        assert [losses(event) for event in resumed.fit()] == [loss for loss, _ in events[index + 1 :]]
        assert equal(tensors(resumed), tensors(whole))
    one = trainer(data, mode="head")
    list(one.fit())
    assert not equal(tensors(one), tensors(whole))


def test_the_folded_head_is_the_one_that_was_validated(data):
    run = trainer(data, mode="head")
    last = [event for event in run.fit() if isinstance(event, Validated)][-1]
    with torch.inference_mode():
        logits = run.delivered()(PREPROCESSING.normalise(torch.stack([
            torch.from_numpy(PREPROCESSING.pixels(_open(record.path))) for record in data.part("val")
        ])))  # fmt: skip
    assert torch.allclose(logits, torch.from_numpy(last.logits), atol=1e-4)


def _open(path: Path) -> Image.Image:
    return Image.open(path).convert("RGB")


def test_a_loss_that_is_not_finite_ends_the_run_with_the_rate(data):
    run = trainer(data, mode="full", learning_rate=10.0, momentum=0.0, precision="float32")
    with torch.no_grad():
        run.delivered().fc.weight.fill_(float("inf"))
    with pytest.raises(Exception, match=r"The loss is no longer a number: the learning rate of .* is too high"):
        list(run.fit())


FULL = torch.OutOfMemoryError("CUDA out of memory.")


def hold(run: Trainer, most: int, error: Exception) -> Trainer:
    """A run on a device whose memory holds the last stage's maps of at most so many pictures."""

    def refuse(module: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if module.training and len(inputs[0]) > most:
            raise error

    run.stage.model.layer4.register_forward_pre_hook(refuse)
    return run


def test_a_step_that_does_not_fit_into_memory_is_taken_in_parts_as_if_it_had_never_been_tried(data):
    whole, states = hold(trainer(data, mode="full"), 4, FULL), []
    events = [(event, states.append(copied(whole.state()))) for event in whole.fit()]
    assert [event for event, _ in events if isinstance(event, Divided)] == [Divided(10, 5), Divided(10, 2)]
    planned, resumed = trainer(data, mode="full"), hold(trainer(data, mode="full"), 4, FULL)
    planned.stage.micro_batch = 2
    resumed.load_state(states[2])
    assert [losses(event) for event in planned.fit()] == [losses(event) for event, _ in events[2:]]
    assert [losses(event) for event in resumed.fit()] == [losses(event) for event, _ in events[3:]]
    assert equal(tensors(whole), tensors(planned)) and equal(tensors(whole), tensors(resumed))


def copied(state: tuple[dict, dict]) -> tuple[dict, dict]:
    return {name: tensor.clone() for name, tensor in state[0].items()}, dict(state[1])


def test_parts_have_the_loss_and_the_gradient_of_their_batch():
    model, images, targets = create("resnet50_gn", 3), torch.randint(256, (7, 3, 32, 32)).byte(), torch.randint(3, (7,))
    settings = resolve(SETTINGS, images=7, model_size=32, crop_mode="center")
    stage = FullStage(model, PREPROCESSING, Pictures([], []), Pictures([], []), replace(settings, precision="float32"))
    found = []
    for stage.micro_batch in (7, 3, 2):
        found.append((stage._gradients(images, targets, 7), [weight.grad.clone() for weight in model.parameters()]))
    for loss, gradient in found[1:]:
        torch.testing.assert_close((loss, gradient), found[0])


def test_a_step_of_which_not_even_two_pictures_fit_ends_the_run_with_what_to_do(data):
    with pytest.raises(UserError, match="does not hold even 2 pictures of 48 px"):
        list(hold(trainer(data, mode="full", train_size=48), 1, FULL).fit())


def test_want_of_memory_is_told_from_other_errors():
    on_cpu = "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
    assert all(
        map(out_of_memory, (FULL, MemoryError(), RuntimeError(on_cpu), RuntimeError("CUBLAS_STATUS_ALLOC_FAILED")))
    )
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_other_errors_of_a_step_end_the_run(data):
    with pytest.raises(RuntimeError, match="shapes differ"):
        next(hold(trainer(data, mode="full"), 1, RuntimeError("shapes differ")).fit())


def test_what_a_step_drops_is_a_function_of_seed_and_step(data):
    """Whatever has been drawn at random before it, and however often the run was left."""
    changes = {"mode": "full", "dropout": 0.5, "drop_path": 0.5, "clip": 0.5, "l1": 1e-3, "frozen_stages": 1}
    whole, states = trainer(data, **changes), []
    expected = [(losses(event), states.append(copied(whole.state()))) for event in whole.fit()]
    resumed = trainer(data, **changes)
    torch.manual_seed(999)
    resumed.load_state(states[1])
    assert [losses(event) for event in resumed.fit()] == [loss for loss, _ in expected[2:]]
    assert equal(tensors(whole), tensors(resumed))
    plain = trainer(data, **changes | {"drop_path": 0.0})
    assert next(losses(event) for event in plain.fit()) != expected[0][0]


def test_frozen_stages_stay_bit_for_bit_and_are_in_no_optimizer(data):
    run = trainer(data, mode="full", frozen_stages=2, weight_decay=0.5, l1=0.01)
    before = {name: tensor.clone() for name, tensor in tensors(run).items()}
    list(run.fit())
    same = {name.split(".")[0] for name, tensor in tensors(run).items() if torch.equal(tensor, before[name])}
    changed = {name.split(".")[0] for name, tensor in tensors(run).items() if not torch.equal(tensor, before[name])}
    assert same == {"conv1", "bn1", "layer1", "layer2"} and changed == {"layer3", "layer4", "fc"}
    learning = {id(weight) for group in run.stage.optimizer.param_groups for weight in group["params"]}
    assert learning == {id(weight) for weight in run.stage.model.parameters() if weight.requires_grad}
    assert not any(freeze(create("resnet18", 2), 0)) and len(freeze(create("resnet20_cifar", 2), 4)) == 8


def test_a_long_gradient_is_shortened_and_a_short_one_is_left_alone(data):
    steps = {}
    for clip in (0.0, 1e-3, 1e6):
        run = trainer(data, mode="full", clip=clip, ema_decay=0, momentum=0.0, weight_decay=0.0, layer_decay=1.0)
        before = run.delivered().fc.weight.clone()
        next(run.fit())
        steps[clip] = (run.delivered().fc.weight - before, run.stage.optimizer.param_groups[0]["lr"])
    assert torch.equal(steps[0.0][0], steps[1e6][0])
    assert 0 < steps[1e-3][0].norm() <= 1e-3 * steps[1e-3][1] * 1.001 < steps[0.0][0].norm()


def test_l1_takes_weights_to_zero_and_no_further_and_leaves_norms_alone():
    weight, norm = torch.nn.Parameter(torch.tensor([[0.5, -0.5, 0.05, -0.05, 0.0]])), torch.nn.Parameter(torch.ones(2))
    shrink([{"params": [weight, norm], "lr": 0.2}], 0.5)
    torch.testing.assert_close(weight.data, torch.tensor([[0.4, -0.4, 0.0, 0.0, 0.0]]))
    assert torch.equal(norm.data, torch.ones(2))


def test_the_rate_of_dropping_paths_grows_from_block_to_block():
    model = create("resnet18", 2)
    for rates in ([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [0] * 8):
        set_drop_path(model, rates[-1])
        blocks = [block for name, stage in model.named_children() if name.startswith("layer") for block in stage]
        assert [getattr(block.drop_path, "rate", 0) for block in blocks] == pytest.approx(rates)


def test_weights_of_classes_are_inverse_to_their_pictures_and_one_on_average():
    targets = [0] * 6 + [1] * 3 + [2]
    weights = class_weights(targets, 3)
    assert weights[1] == 2 * weights[0] and weights[2] == 6 * weights[0]
    assert float(weights[targets].mean()) == pytest.approx(1)


@pytest.mark.parametrize(("mode", "balance"), [("head", "loss"), ("full", "loss"), ("full", "sampling")])
def test_balance_makes_a_rare_class_count(data, mode, balance):
    shares = {}
    for chosen in ("none", balance):
        run = trainer(data, mode=mode, balance="none")
        kept = [index for index, target in enumerate(run.stage.train.targets) if target or index == 0]
        few = Pictures([run.stage.train.paths[i] for i in kept], [run.stage.train.targets[i] for i in kept], data=data)
        settings = replace(run.stage.settings, balance=chosen, learning_rate=0.01, batch_size=4)
        run.stage = type(run.stage)(run.stage.model, PREPROCESSING, few, run.stage.val, settings)
        logits = [event.logits for event in run.fit() if isinstance(event, Validated)][-1]
        shares[chosen] = torch.from_numpy(logits).softmax(dim=1)[:, 0].mean()
    assert shares[balance] > shares["none"]


def test_patience_ends_a_run_that_gets_no_better_and_delivers_its_best_epoch(data):
    """Also where the run is left and taken up again, to the same bits."""
    changes = {"mode": "full", "epochs": 8, "patience": 2, "ema_decay": 0}
    whole, kept, found = trainer(data, **changes), {}, []
    lowest = iter([3.0, 1.0, 2.0, 2.5])
    worsen(whole, lowest)
    for event in whole.fit():
        if isinstance(event, Validated):
            found.append(event.epoch)
            kept[event.epoch] = copied(whole.state()), copied((whole.stage._latest().state_dict(), {}))[0]
    assert found == [1, 2, 3, 4] and whole.stage.best_epoch == 2
    assert equal(tensors(whole), kept[2][1]) and not equal(tensors(whole), kept[4][1])
    resumed = trainer(data, **changes)
    resumed.load_state(kept[3][0])
    assert equal(tensors(resumed), kept[2][1])
    worsen(resumed, iter([2.5]))
    assert [event.epoch for event in resumed.fit() if isinstance(event, Validated)] == [4]
    assert equal(tensors(resumed), tensors(whole))
    ended = trainer(data, **changes)
    ended.load_state(kept[4][0])
    assert list(ended.fit()) == []


def worsen(run: Trainer, val_losses: Iterator[float]) -> None:
    """Let the validation find these losses."""
    validate = run.stage._validate

    def found(epoch: int) -> Generator[Validating, None, Validated]:
        return replace((yield from validate(epoch)), val_loss=next(val_losses))

    run.stage._validate = found


@pytest.mark.parametrize("mode", ["head", "full"])
def test_a_state_that_is_not_finite_is_not_given_away_to_be_saved(data, mode):
    run = trainer(data, mode=mode)
    next(event for event in run.fit() if isinstance(event, Progress) and event.stage == mode)
    assert run.state()
    with torch.no_grad():
        run.stage.model.bn1.running_var[0] = float("nan")
    with pytest.raises(UserError, match="The loss is no longer a number"):
        run.state()


def test_the_rate_rises_then_falls_to_zero():
    rates = [rate_at(step / 100, 0.2) for step in range(101)]
    assert rates[0] == 0 and rates[20] == 1 and rates[100] == pytest.approx(0, abs=1e-12)
    assert rates[:21] == sorted(rates[:21]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert rate_at(0.0, 0.0) == 1


def test_crops_grow_to_their_full_size_and_runs_still_resume_to_the_same_bits(data):
    whole, sizes, states = trainer(data, mode="full", start_size=32, train_size=48, epochs=3), [], []
    learn = whole.stage._learn
    whole.stage._learn = lambda images, *rest: sizes.append(images.shape[-1]) or learn(images, *rest)
    expected = [(losses(event), states.append(copied(whole.state()))) for event in whole.fit()]
    steps = len(sizes) // 3
    assert sizes == [32] * steps + [48] * (2 * steps)  # halfway, the step of 16 pixels is taken
    resumed = trainer(data, mode="full", start_size=32, train_size=48, epochs=3)
    resumed.load_state(states[steps + 2])
    assert [losses(event) for event in resumed.fit()] == [loss for loss, _ in expected[steps + 3 :]]
    assert equal(tensors(whole), tensors(resumed))


def test_crops_grow_in_steps_of_16_up_to_their_full_size():
    assert [size_at(epoch / 4, 72, 130) for epoch in range(5)] == [72, 82, 98, 114, 130]
    assert [size_at(epoch / 4, 128, 128) for epoch in range(5)] == [128] * 5


def test_every_parameter_learns_once_lower_layers_slower_and_norms_undecayed():
    model = create("resnet50d", 5)
    groups = parameter_groups(model, weight_decay=0.1, layer_decay=0.5)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
    of = {id(parameter): group for group in groups for parameter in group["params"]}
    assert of[id(model.fc.weight)]["scale"] == 1
    assert of[id(model.layer1[0].conv1.weight)]["scale"] == 0.5**4
    assert of[id(model.conv1[0].weight)]["scale"] == 0.5**5
    assert of[id(model.fc.weight)]["weight_decay"] == 0.1
    assert of[id(model.fc.bias)]["weight_decay"] == of[id(model.bn1.weight)]["weight_decay"] == 0


def test_muon_moves_a_convolution_by_the_nearest_orthogonal_matrix_and_adamw_the_classifier(data):
    torch.manual_seed(0)
    before = create("resnet18", len(data.classes)).state_dict()
    run = trainer(data, mode="scratch", weight_decay=0.0, warmup=0.0, ema_decay=0.0)
    next(event for event in run.fit() if isinstance(event, Progress))
    steps = {name: tensor - before[name] for name, tensor in tensors(run).items()}
    rate = run.stage.optimizer.param_groups[0]["lr"]
    lengths = torch.linalg.svdvals(steps["conv1.weight"].flatten(1).double())  # in all directions
    assert lengths.quantile(0.1) > 0.7 * lengths.max()
    gradient = torch.linalg.svdvals(run.stage.model.conv1.weight.grad.flatten(1).double())
    assert gradient.quantile(0.1) < 0.2 * gradient.max()
    size = steps["conv1.weight"].square().mean().sqrt()
    assert size == pytest.approx(0.2 * rate, rel=0.5)  # as large as AdamW's usually are
    assert steps["fc.weight"].abs().median() == pytest.approx(rate, rel=0.01)  # AdamW's first goes by signs


@pytest.mark.parity
@pytest.mark.parametrize("shape", [(24, 216), (64, 27), (40, 40)])
@pytest.mark.parametrize("smallest", [1.0, 1e-6])
def test_steps_in_the_small_matrix_are_those_in_the_large_one(shape, smallest):
    """Against the iteration as its authors write it, in 64 bits."""
    torch.manual_seed(0)
    left, values, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    matrix = left * values * torch.logspace(0, math.log10(smallest), len(values)) @ right
    expected = matrix.double() / matrix.double().norm()
    expected = expected.T if shape[0] > shape[1] else expected
    for a, b, c in QUINTICS:
        gram = expected @ expected.T
        expected = a * expected + (b * gram + c * gram @ gram) @ expected
    expected = expected.T if shape[0] > shape[1] else expected
    assert (orthogonal(matrix) - expected).abs().max() < 1e-3 * expected.abs().max()


@pytest.mark.parity
def test_muon_and_its_fallback_step_as_others_do(monkeypatch):
    exact = functools.partial(timm.optim.muon.zeropower_via_newtonschulz, dtype=torch.float32)  # else in 16 bits
    monkeypatch.setattr(timm.optim.muon, "zeropower_via_newtonschulz", exact)
    torch.manual_seed(0)
    starts = [torch.randn(8, 4, 3, 3), torch.randn(5, 8), torch.randn(8)]
    kinds = [{"weight_decay": 0.1, "use_fallback": False}, *({"weight_decay": 0.1, "use_fallback": True},) * 2]
    ours, theirs = ([torch.nn.Parameter(start.clone()) for start in starts] for _ in range(2))
    groups = [[{"params": [one], **kind} for one, kind in zip(own, kinds, strict=True)] for own in (ours, theirs)]
    muon, timms = Muon(groups[0], lr=0.01), timm.optim.Muon(groups[1][:1], lr=0.01, momentum=0.95, nesterov=True)
    adamw = torch.optim.AdamW(theirs[1:], lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)
    for _ in range(5):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        for each in (muon, timms, adamw):
            each.step()
    moved, expected = (own[0] - starts[0] for own in (ours, theirs))
    assert (moved - expected).norm() < 1e-4 * expected.norm()
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_the_average_follows_as_its_formula_says():
    model = create("resnet18", 2)
    average = averaged(model, decay=0.5)
    expected = None
    for step in range(5):
        with torch.no_grad():
            model.fc.bias.fill_(float(step))
            model.bn1.running_mean.fill_(float(step))
        average.update_parameters(model)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = 0.0 if step == 0 else decay * expected + (1 - decay) * step
    for tensor in (average.module.fc.bias, average.module.bn1.running_mean):
        assert torch.allclose(tensor, torch.full_like(tensor, expected))


def test_one_code_path_serves_both_precisions():
    with autocast("cpu", "float32"):
        assert not torch.is_autocast_enabled("cpu")
    with autocast("cpu", "bfloat16"):
        assert torch.is_autocast_enabled("cpu")
