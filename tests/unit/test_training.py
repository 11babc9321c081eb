"""The loop: steps as planned, a resume to the same bits, nothing learned from the validation part."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from resnet.data import parallel
from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.nn.network import create
from resnet.settings import TrainSettings, resolve
from resnet.training import full
from resnet.training.full import FullStage, autocast, out_of_memory
from resnet.training.recipe import averaged, parameter_groups, rate_at
from resnet.training.stage import Divided, Event, Pictures, Progress, Validated, Validating
from resnet.training.trainer import Trainer
from resnet.weights.preprocessing import Preprocessing

SETTINGS = TrainSettings("", "", epochs=2, head_epochs=2, image_size=48, batch_size=12, device="cpu", workers=0)
PREPROCESSING = Preprocessing(48)


def trainer(data: Dataset, engine: str = "torch", **changes) -> Trainer:
    settings = replace(SETTINGS, **{"precision": "float32", **changes})
    parts = [data.part("train"), data.part("val")]
    settings = resolve(settings, images=len(parts[0]), model_size=48, crop_mode="center", processes=0)
    torch.manual_seed(settings.seed)
    model = create("resnet18", len(data.classes))
    pictures = (Pictures([r.path for r in p], [r.target for r in p]) for p in parts)
    return Trainer(model, PREPROCESSING, *pictures, settings, engine)


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
        rest, expected = list(resumed.fit()), events[index + 1 :]
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
    assert [losses(event) for event in again.fit() if isinstance(event, Validated)] == [losses(next(events))]


def losses(event: Event) -> float | None:
    return getattr(event, "train_loss" if isinstance(event, Progress) else "val_loss", None)


@pytest.mark.parametrize(("mode", "precision"), [("full", "bfloat16"), *COMBINATIONS[4:]])
def test_interrupted_often_and_decoded_by_any_number_of_processes_a_run_is_the_same(data, mode, precision):
    """Taken up again after every other event, each time with another number of decoding processes: 0, 1, 2, 3."""
    whole, state, taken = trainer(data, mode=mode, precision=precision), None, []
    expected = [losses(event) for event in whole.fit()]
    for part in range(len(expected)):
        run = trainer(data, mode=mode, precision=precision, workers=part % 4)
        if state:
            run.load_state(state)
        events = run.fit()
        taken += [losses(event) for event in itertools.islice(events, 2)]
        tensors_now, counters = run.state()
        state = {name: tensor.clone() for name, tensor in tensors_now.items()}, dict(counters)
        events.close()
        if len(taken) == len(expected):
            break
    assert taken == expected
    assert equal(tensors(run), tensors(whole))


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
    settings = resolve(SETTINGS, images=7, model_size=32, crop_mode="center", processes=0)
    stage = FullStage(model, PREPROCESSING, Pictures([], []), Pictures([], []), replace(settings, precision="float32"))
    found = []
    for stage.micro_batch in (7, 3, 2):
        found.append((stage._gradients(images, targets), [weight.grad.clone() for weight in model.parameters()]))
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


def test_decoding_processes_that_are_killed_are_replaced_until_it_is_no_accident(data, monkeypatch):
    """New ones go on from the same step to the same bits."""
    alone, killed = trainer(data, mode="full"), trainer(data, mode="full", workers=1)
    expected, got = [losses(event) for event in alone.fit()], []
    for event in killed.fit():
        got.append(losses(event))
        if len(got) == 1:
            kill_decoders(1)
    assert got == expected and equal(tensors(alone), tensors(killed))
    monkeypatch.setattr(full, "KILLS", 0)
    events = trainer(data, mode="full", workers=1, batch_size=2).fit()
    next(events)
    kill_decoders(1)
    with pytest.raises(UserError, match="were killed again and again"):
        list(events)


def kill_decoders(workers: int) -> None:
    for process in list(parallel._processes(workers)._processes.values()):
        process.kill()


@pytest.mark.parametrize("mode", ["head", "full"])
def test_a_state_that_is_not_finite_is_not_given_away_to_be_saved(data, mode):
    run = trainer(data, mode=mode)
    next(event for event in run.fit() if event.stage == mode)
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
