"""Recipes against each other: the same data and seeds with one setting or several changed.

    python -m tests.benchmarks.recipes HYMENOPTERA --model resnet18d.imagenette --seeds 3 \\
        -- "--mode full" "--mode full --lr 0.01" "--mode auto" "--mode auto --epochs 6"

A recipe is a word of options of `python -m resnet train`; the first is what the others are compared with. A row each:
accuracy in per cent and seconds of training on decoded pictures, as median and range over the seeds; and the
differences to the first recipe in accuracy, seed by seed: their mean and its standard error.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys

from resnet.store import PROJECT
from tests.benchmarks.measuring import spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--model", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("recipes", nargs="+")
    options = parser.parse_args()
    first = None
    for recipe in options.recipes:
        results = [trained(options, recipe, seed) for seed in range(options.seeds)]
        found = [100 * result["val"]["accuracy"] for result in results]
        first = first or found
        seconds = [result["seconds"]["train"] for result in results]
        differences = [one - other for one, other in zip(found, first, strict=True)]
        error = statistics.stdev(differences) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
        print(
            f"{recipe}: {spread(found, 1)} %, {spread(seconds, 1)} s; "
            f"{statistics.mean(differences):+.2f} ± {error:.2f} points",
            flush=True,
        )


def trained(options: argparse.Namespace, recipe: str, seed: int) -> dict:
    """What `train --json -` says of a run that is over."""
    words = ["--data", options.data, "--model", options.model, "--seed", str(seed), *shlex.split(recipe)]
    command = [sys.executable, "-m", "resnet", "train", *words, "--json", "-"]
    return json.loads(subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout)


if __name__ == "__main__":
    main()
