"""Make the model that ships out of a training run, and measure it: the file as it is stored.

    python -m resnet data import IMAGENETTE --name imagenette
    python -m resnet train --data imagenette --model resnet18d --mode scratch --name resnet18d.imagenette \
        --epochs 45 --image-size 160 --train-size 128 --batch-size 64 --optimizer sgd --lr 0.2 --momentum 0.9 \
        --weight-decay 0.0005 --warmup 0.2 --ema-decay 0.998 --crop-scale 0.25 --crop-mode squash
    python -m resnet data import HYMENOPTERA --name hymenoptera
    python -m resnet data import CIFAR10 --name cifar10
    python -m tests.benchmarks.shipped_model resnet18d.imagenette --others hymenoptera --never-seen cifar10

Weights are halved to 16 bits and measured again. The temperature is fitted on the odd half of the validation pictures.
Features of 100 training pictures a class are kept as neighbours, and the threshold for "unknown" is chosen where right
answers on the odd half and the training part of `--others` (a data set of other things) part best. What comes of it is
reported on the even half, on the validation part of `--others`, and on the test part of `--never-seen`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset, Record
from resnet.evaluation.card import model_card
from resnet.evaluation.evaluate import examine
from resnet.evaluation.metrics import fit_temperature, summarize, unknown_threshold
from resnet.predictor import Predictor
from resnet.predictor.predictor import compute
from resnet.settings import TrainSettings
from resnet.store import CHECKPOINTS, Store, read_json
from resnet.views import commands
from resnet.weights.files import read_state
from resnet.weights.folder import WEIGHTS, read_config, write_folder
from resnet.weights.neighbours import Neighbours

PER_CLASS = 100  # pictures kept: more tell little more (AUROC against ants and bees: 50: 0.92, 100: 0.93, 236: 0.93)
RANK = 5  # of ranks 1, 5, 10, 20 the best at 100 a class

NOTES = """\
## Data and terms

Trained on the {train} training pictures of Imagenette (fastai/imagenette: ten classes of ImageNet), in a copy squashed
to 224 x 224 pixels, which is why the preprocessing squashes; checked on its {val} validation pictures, which chose no
weights. ImageNet's terms (research, not commerce) apply to the pictures, none of which is part of this project. The
weights come with the project's licence, Apache-2.0.

    {command}

{seconds:.0f} s on {threads} CPU cores, torch {torch}. Weights are stored in 16 bits, running statistics in 32.

## Scores and "unknown"

Logits are divided by {temperature:.3f} before the softmax, fitted to the odd half of the validation pictures; log loss
and calibration error above are those of the even half.

The answer is "unknown" where the features of a picture point elsewhere than those of the pictures that the model
learned from: where the cosine to the {rank}th nearest of {kept} training pictures, {per_class} of each class, kept in
neighbours.safetensors, is below {threshold:.3f} (Sun et al. 2022, arXiv:2204.06507). The threshold is where right
answers on the odd half and {chosen} photographs of ants and bees part best.

| pictures | known | unknown |
|---|---|---|
| {known} of the ten things, the even half, right answers | {stay:.1%} | |
| {other_count} other photographs of ants and bees | | {refused:.1%} |
| {unseen_count} pictures of CIFAR-10's test part, which the threshold never saw | | {unseen_refused:.1%} |

Of the answers that are given on the even half, {correct:.1%} are right. Things that look like one of the ten classes
may still be taken for it.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--others", required=True, help="data set of things that the model does not know")
    parser.add_argument("--never-seen", required=True, help="another one, for the report alone")
    options = parser.parse_args()
    store = Store.open()
    folder = store.run(options.run)
    target = CHECKPOINTS / read_json(folder / "name.json")["name"]
    others, never_seen = (Dataset.open(store.dataset(name)) for name in (options.others, options.never_seen))
    publish(folder, target, store, others, never_seen)


def publish(folder: Path, target: Path, store: Store, others: Dataset, never_seen: Dataset) -> None:
    record, trained = read_json(folder / "settings.json"), read_json(folder / "report.json")
    config, state = read_config(folder / "model"), read_state(folder / "model" / WEIGHTS)
    words = {label: label.replace("_", " ") for label in config.labels}
    config = replace(config, license="apache-2.0", descriptions=words)
    write_folder(target, state, config, card=model_card(config, None), half=True)

    data, predictor = Dataset.open(store.dataset(record["data"]["id"])), Predictor(target, "cpu")
    known = examine(predictor, data, "val")
    config = replace(config, temperature=fit_temperature(known.logits[1::2], known.targets[1::2]))
    predictor.config = known.predictor.config = config
    report = {**trained, **known.report(data, "val"), "model": target.name}
    # log loss and calibration error are those of the half that did not fit the temperature
    unseen = summarize(known.logits[::2], known.targets[::2], config.labels, config.temperature)
    report |= {name: unseen[name] for name in ("log_loss", "ece")}

    neighbours = Neighbours(unit_features(predictor, some_of_each(data, PER_CLASS)), RANK, 0.0)
    near = nearness(neighbours, predictor, data.part("val"))
    right = known.logits.argmax(axis=1) == known.targets
    chosen, held = (nearness(neighbours, predictor, others.part(part)) for part in ("train", "val"))
    strange = nearness(neighbours, predictor, never_seen.part("test"))
    threshold, _, _ = unknown_threshold(near[1::2][right[1::2]], chosen)
    neighbours = replace(neighbours, threshold=threshold)
    answered = near[::2] >= threshold

    notes = NOTES.format(
        command=commands.train(TrainSettings.from_json({**record["settings"], "data": record["data"]["name"]})),
        seconds=trained["summary"]["seconds"]["total"],
        threads=record["threads"],
        torch=record["versions"]["torch"],
        temperature=config.temperature,
        rank=RANK,
        kept=len(neighbours.features),
        per_class=PER_CLASS,
        threshold=threshold,
        chosen=len(chosen),
        known=int(right[::2].sum()),
        stay=float(answered[right[::2]].mean()),
        correct=float(right[::2][answered].mean()),
        other_count=len(held),
        refused=float((held < threshold).mean()),
        unseen_count=len(strange),
        unseen_refused=float((strange < threshold).mean()),
        **report["summary"]["images"],
    )
    config = replace(config, summary=report["summary"])
    card = model_card(config, report, notes)
    write_folder(target, state, config, card=card, report=report, half=True, neighbours=neighbours)
    size = sum(file.stat().st_size for file in target.iterdir())
    print(
        f"{target.name}: {report['accuracy']:.4f} of {report['n']}, {size / 1e6:.1f} MB, log loss, calibration error:"
    )
    print(f"{report['log_loss']:.3f}, {report['ece']:.3f}\n{notes[notes.index('## Scores') :]}")


def some_of_each(data: Dataset, count: int) -> list[Record]:
    """`count` training pictures of every class: those whose hashes come first."""
    records = sorted(data.part("train"), key=lambda record: record.sha256)
    return [record for label in data.classes for record in [r for r in records if r.label == label][:count]]


def unit_features(predictor: Predictor, records: list[Record]) -> np.ndarray:
    """float32 (N, F): what the classifier gets of each picture, scaled to length 1."""
    paths = [record.path for record in records]
    rows = compute(predictor.engine.features, predictor.config.preprocessing, paths, predictor.device)
    features = np.stack(list(rows))
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def nearness(neighbours: Neighbours, predictor: Predictor, records: list[Record]) -> np.ndarray:
    return neighbours.nearness(unit_features(predictor, records))


if __name__ == "__main__":
    main()
