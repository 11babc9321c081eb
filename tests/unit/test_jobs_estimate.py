"""How long a run will take: from what runs measured here, else from the speeds that ship."""

import itertools
import os
from dataclasses import replace

import pytest

from resnet import jobs
from resnet.data.batches import steps_per_epoch
from resnet.data.cache import Cache, kept_side
from resnet.evaluation import LOOKED_AT_AGAIN
from resnet.nn.variants import variant
from resnet.settings import TrainSettings
from resnet.weights.folder import read_config
from resnet.worker import speeds
from resnet.worker.speeds import LIMIT, Speeds

ROW = {"work": "training", "device": "cpu", "cores": 2, "architecture": "resnet18", "size": 128, "precision": "float32"}


def row(speed: float, **changes: object) -> dict:
    return {**ROW, "speed": speed, **changes}


def test_what_was_measured_is_expected_again_and_the_newest_counts(store):
    speeds.note(store, [row(50.0), row(7.0, work="head")])
    speeds.note(store, [row(60.0)])
    known = Speeds(store, "cpu", 2)
    assert known.images_per_second("training", "resnet18", 128) == 60.0
    assert (known.latest("head", 1.0), known.latest("rest", 5.0)) == (7.0, 5.0)
    assert len(speeds.measured(store)) == 2


def test_an_unmeasured_network_takes_longer_as_its_multiply_adds_are_more(store):
    speeds.note(store, [row(60.0), row(20.0, architecture="resnet50")])
    known = Speeds(store, "cpu", 2)
    assert known.images_per_second("training", "resnet18", 64) == pytest.approx(240.0)
    share = variant("resnet50").giga_macs / variant("resnet101").giga_macs  # resnet50 is the nearer
    assert known.images_per_second("training", "resnet101", 128) == pytest.approx(20 * share)


def test_the_precision_that_is_asked_for_is_preferred(store):
    speeds.note(store, [row(60.0), row(130.0, precision="bfloat16")])
    known = Speeds(store, "cpu", 2)
    assert known.images_per_second("training", "resnet18", 128, "float32") == 60.0
    assert known.images_per_second("training", "resnet18", 128, "bfloat16") == 130.0


def test_shipped_speeds_grow_with_the_cores_and_other_machines_count_for_nothing(store):
    two, four = (Speeds(store, "cpu", cores).images_per_second("training", "resnet18", 128) for cores in (2, 4))
    assert four == 2 * two
    speeds.note(store, [row(1.0, cores=64), row(1.0, device="cuda")])
    assert Speeds(store, "cpu", 2).images_per_second("training", "resnet18", 128) == two


@pytest.mark.parametrize("content", ["", "[]", '{"speeds": 3}', '{"speeds": [3, {"work": "training"}]}'])
def test_a_damaged_record_is_none(store, content):
    speeds.note(store, [row(60.0)])
    (store.root / "devices" / "speeds.json").write_text(content)
    assert speeds.measured(store) == []
    speeds.note(store, [row(50.0)])
    assert speeds.measured(store) == [row(50.0)]


def test_the_record_is_bounded_and_drops_the_oldest(store):
    speeds.note(store, [row(1.0, size=size) for size in range(1, LIMIT + 10)])
    speeds.note(store, [row(2.0, size=10)])
    kept = speeds.measured(store)
    assert len(kept) == LIMIT and kept[-1] == row(2.0, size=10) and kept[0]["size"] == 11


def test_the_parts_of_a_run_add_up(store, data, small_model):
    network = read_config(small_model).architecture
    cpu = {"cores": os.cpu_count(), "architecture": network, "size": 48, "precision": None}
    measured = {"decode": 50.0, "features": 100.0, "head": 1000.0, "training": 20.0, "evaluation": 40.0, "rest": 3.0}
    speeds.note(store, [row(speed, **cpu, work=work) for work, speed in measured.items()])
    settings = TrainSettings(data.id, str(small_model), epochs=5, train_size=48, device="cpu")
    train, val = len(data.part("train")), len(data.part("val"))

    def seconds(**changes: object) -> float:
        return jobs.estimate(store, jobs.plan(store, replace(settings, **changes)))

    full = 5 * (train / 20 + val / 40)
    steps = 40 * steps_per_epoch(train, jobs.plan(store, settings).settings.batch_size)
    head = (train + val) / 100 + steps / 1000
    assert seconds(mode="full") == pytest.approx(3 + val / 40 + full + train / 50)
    assert seconds(mode="auto") == pytest.approx(3 + val / 40 + full + train / 50 + head)
    assert seconds(mode="head", epochs=40) == pytest.approx(3 + LOOKED_AT_AGAIN / 40 + head) and val > LOOKED_AT_AGAIN
    assert seconds(mode="auto", epochs=None, minutes=7) == 420
    full_settings = jobs.plan(store, replace(settings, mode="full")).settings
    paths = [record.path for record in data.part("train")]
    kept = Cache(data, paths, kept_side(48, full_settings.crop_scale), squash=False)
    assert len(list(itertools.islice(kept.fill(), 4))) == 4  # these are not decoded again
    assert seconds(mode="full") == pytest.approx(3 + val / 40 + full + (train - 4) / 50)
    doubled = seconds(mode="head", epochs=40, head_views=2) - seconds(mode="head", epochs=40)
    assert doubled == pytest.approx(train / 100)


def test_minutes_that_go_by_before_all_layers_learn_are_told(store, data, small_model):
    cpu = {"cores": os.cpu_count(), "architecture": read_config(small_model).architecture, "size": 48}
    slow = {"decode": 0.5, "features": 1.0}
    speeds.note(store, [row(speed, **cpu, precision=None, work=work) for work, speed in slow.items()])
    train, val = len(data.part("train")), len(data.part("val"))
    decoding, features = train / 0.5, train + val
    settings = TrainSettings(data.id, str(small_model), device="cpu")
    for mode, folds, seconds in (
        ("full", None, decoding),
        ("auto", None, decoding + features),
        ("auto", 2, (train + val) / 0.5 + 3 * features),
    ):
        short = jobs.plan(store, replace(settings, mode=mode, folds=folds, minutes=seconds / 60))
        (note,) = jobs.cautions(store, short)
        assert note.key == "minutes_before" and note.values["before"] == f"{seconds / 60:.1f}"
        long = jobs.plan(store, replace(settings, mode=mode, folds=folds, minutes=2.1 * seconds / 60))
        assert jobs.cautions(store, long) == []
