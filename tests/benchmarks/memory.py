"""Memory (Linux): of `predict` with resnet50 on one picture, beside a script of timm's.

    python -m tests.benchmarks.memory [--runs 5]

Each is a process of its own, in turn; the first run of ours, which builds the engine, is told apart. Memory for itself
is RssAnon, its highest of a look every 10 ms, without and with the processes that it starts (decoders).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from resnet.nn.network import create
from resnet.store import PROJECT
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.preprocessing import Preprocessing
from tests.benchmarks.measuring import Peak, quotients, spread, watched

TIMM = """
import sys, timm, torch
from PIL import Image
model = timm.create_model("local-dir:" + sys.argv[1], pretrained=True).eval()
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
with torch.inference_mode():
    scores = model(transform(Image.open(sys.argv[2]).convert("RGB"))[None]).softmax(1)[0]
for score, index in zip(*scores.topk(5)):
    print(model.pretrained_cfg["label_names"][index], f"{score:.1%}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        model, picture = Path(home) / "model", Path(home) / "picture.jpg"
        config = ModelConfig("resnet50", [f"class {index}" for index in range(1000)], Preprocessing(224))
        torch.manual_seed(0)
        write_folder(model, create("resnet50").state_dict(), config, card="")
        pixels = np.random.default_rng(0).integers(0, 256, (375, 500, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(picture)
        ours = ["-m", "resnet", "predict", str(picture), "--model", str(model)]
        theirs = ["-c", TIMM, str(model), str(picture)]
        first = run(ours, home)
        run([*ours, "--engine", "onnx"], home)  # waits for the build
        pairs = [(run(ours, home), run(theirs, home)) for _ in range(runs)]
    print(f"ours, first run, before its engine is built: {first.own:.0f} MB for itself, {first.resident:.0f} resident")
    for field in ("own", "all", "resident"):
        ones, others = ([getattr(peak, field) for peak in column] for column in zip(*pairs, strict=True))
        print(
            f"{field}: ours {statistics.median(ones):.0f} MB, timm's script {statistics.median(others):.0f} MB; "
            f"ratio {spread(quotients(ones, others))}"
        )


def run(words: list[str], home: str) -> Peak:
    environment = {**os.environ, "RESNET_HOME": home}
    process = subprocess.Popen([sys.executable, *words], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    peak = watched(process)
    assert process.returncode == 0, words
    return peak


if __name__ == "__main__":
    main()
