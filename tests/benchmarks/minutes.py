"""Runs bounded by minutes: when they are over, evaluation included.

    python -m tests.benchmarks.minutes --data FOLDER [--model resnet18d.imagenette] [--minutes 2] [--runs 1]

Each is a command of its own in a workspace of its own, so its pictures are decoded too. A row for each recipe: seconds
of the run by its own report, and of the whole command, which loads torch first. Whoever gives minutes is promised an
end between 0.8 of them and five seconds after.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from resnet.store import PROJECT
from tests.benchmarks.measuring import spread, timed

RECIPES = ("--mode auto", "--mode full", "--mode full --folds 3", "--mode full --patience 3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="resnet18d.imagenette")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    for recipe in RECIPES:
        runs, commands = zip(*[ended(options, recipe) for _ in range(options.runs)], strict=True)
        bound = f"{60 * options.minutes:.0f} s"
        print(f"{recipe}, {bound}: {spread(runs, 1)} s, the command {spread(commands, 1)}", flush=True)


def ended(options: argparse.Namespace, recipe: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as home:
        words = ["--data", options.data, "--model", options.model, "--minutes", str(options.minutes), *recipe.split()]
        command = [sys.executable, "-m", "resnet", "train", *words, "--json", "-"]
        outputs, environment = [], {**os.environ, "RESNET_HOME": home}
        total = timed(lambda: outputs.append(subprocess.check_output(command, cwd=PROJECT, env=environment)))
        return json.loads(outputs[0])["seconds"]["total"], total


if __name__ == "__main__":
    main()
