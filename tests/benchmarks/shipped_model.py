"""Make the model that ships out of a training run, and measure it: the file as it is stored.

    python -m resnet data import IMAGENETTE --name imagenette
    python -m resnet train --data imagenette --mode scratch --model resnet18d --epochs 20 --image-size 160 \
        --crop-mode squash --name resnet18d.imagenette
    python -m resnet data import HYMENOPTERA --name hymenoptera
    python -m tests.benchmarks.shipped_model resnet18d.imagenette --others hymenoptera

Weights are halved to 16 bits and measured again. The temperature is fitted on the odd half of the validation pictures,
and the threshold for "unknown" chosen there: where right answers and the training part of `--others` (a data set of
other things) part best. What they do is reported on the even half and on the validation part of `--others`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset
from resnet.evaluation.card import model_card
from resnet.evaluation.evaluate import examine
from resnet.evaluation.metrics import fit_temperature, summarize, unknown_threshold
from resnet.predictor import Predictor
from resnet.store import CHECKPOINTS, Store, read_json
from resnet.weights.files import read_state
from resnet.weights.folder import WEIGHTS, read_config, write_folder

NOTES = """\
## Data and terms

Trained on the {train} training pictures of Imagenette (fastai/imagenette: ten classes of ImageNet), in a copy squashed
to 224 x 224 pixels, which is why the preprocessing squashes; checked on its {val} validation pictures, which chose no
weights. ImageNet's terms (research, not commerce) apply to the pictures, none of which is part of this project. The
weights come with the project's licence, Apache-2.0.

    {command}

Seed {seed}; {seconds:.0f} s on {threads} CPU cores (AMD EPYC, AVX-512 with bfloat16) that other work shared, torch
{torch}. The time of the validations after each epoch is taken from the time stamps of the curve. Weights are stored in
16 bits, running statistics in 32.

## Scores and "unknown"

Logits are divided by {temperature:.3f} before the softmax, fitted to the odd half of the validation pictures; log loss
and calibration error above are those of the even half. The answer is "unknown" where the highest score is below
{threshold:.3f}: where right answers on the odd half and photographs of ants and bees part best. On the {known} pictures
of the even half, {kept:.1%} of the right answers stay above it, and {correct:.1%} of the answers that are given are
right; {refused:.1%} of {others} other photographs of ants and bees are called unknown. Things that look like one of the
ten classes may still be taken for it.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--others", required=True, help="data set of things that the model does not know")
    options = parser.parse_args()
    store = Store.open()
    folder = store.run(options.run)
    target = CHECKPOINTS / read_json(folder / "name.json")["name"]
    publish(folder, target, store, Dataset.open(store.dataset(options.others)))


def publish(folder: Path, target: Path, store: Store, others: Dataset) -> None:
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

    scores = predictor.probabilities(known.logits).max(axis=1)
    right = known.logits.argmax(axis=1) == known.targets
    chosen, held = (top_scores(predictor, others, part) for part in ("train", "val"))
    threshold, _, _ = unknown_threshold(scores[1::2][right[1::2]], chosen)
    answered = scores[::2] >= threshold
    kept, correct = float(answered[right[::2]].mean()), float(right[::2][answered].mean())
    refused = float((held < threshold).mean())

    notes = NOTES.format(
        command=command(record["settings"], record),
        seed=record["settings"]["seed"],
        seconds=trained["summary"]["seconds"]["total"],
        threads=record["threads"],
        torch=record["versions"]["torch"],
        temperature=config.temperature,
        threshold=threshold,
        kept=kept,
        correct=correct,
        known=len(answered),
        refused=refused,
        others=len(held),
        **report["summary"]["images"],
    )
    config = replace(config, unknown_threshold=threshold, summary=report["summary"])
    write_folder(target, state, config, card=model_card(config, report, notes), report=report, half=True)
    size = sum(file.stat().st_size for file in target.iterdir())
    print(f"{target.name}: {report['accuracy']:.4f} of {report['n']}, {size / 1e6:.1f} MB, threshold {threshold:.3f}")
    print(f"temperature {config.temperature:.3f}, calibration error {report['ece']:.3f}")
    print(f"right answers kept {kept:.3f}, answers right {correct:.3f}, other things refused {refused:.3f}")


def top_scores(predictor: Predictor, data: Dataset, part: str) -> np.ndarray:
    """float (N): the highest score of every picture of a part."""
    logits = np.stack(list(predictor.logits([record.path for record in data.part(part)])))
    return predictor.probabilities(logits).max(axis=1)


def command(settings: dict, record: dict) -> str:
    return (
        f"python -m resnet train --data {record['data']['name']} --mode {settings['mode']} --model {settings['model']} "
        f"--epochs {settings['epochs']} --image-size {settings['image_size']} --crop-mode {settings['crop_mode']} "
        f"--name {settings['name']}"
    )


if __name__ == "__main__":
    main()
