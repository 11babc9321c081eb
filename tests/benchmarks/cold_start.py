"""Cold start, ours beside the smallest programs that do the same.

    python -m tests.benchmarks.cold_start [--runs 5]

Page: from the start of the process to the first served page, beside a Gradio app that says hello. Answer: on to the
answer to one picture over HTTP, with the shipped model, beside a demo of Gradio and timm. Command: `python -m resnet
predict` beside a script of timm's. All in turn; what is asked for is asked for every 10 ms. Ours has its engine built,
as from the second start on; the first start is measured once.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from resnet.store import CHECKPOINTS, PROJECT
from tests.benchmarks.measuring import quotients, spread, timed
from tests.processes import free_port

MODEL = CHECKPOINTS / "resnet18d.imagenette"
HELLO = """
import gradio as gr
gr.Interface(lambda name: f"Hello {name}", "text", "text").launch(server_port=%d, quiet=True)
"""
LOAD = f"""
import sys
import timm
import torch
from PIL import Image
model = timm.create_model("local-dir:{MODEL}", pretrained=True).eval()
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
labels = model.pretrained_cfg["label_names"]
@torch.inference_mode()
def classify(image):
    scores = model(transform(image.convert("RGB"))[None]).softmax(1)[0]
    return dict(zip(labels, scores.tolist()))
"""
DEMO = f"""{LOAD}
import gradio as gr
gr.Interface(classify, gr.Image(type="pil"), gr.Label(num_top_classes=5)).launch(server_port=%d, quiet=True)
"""
SCRIPT = f"""{LOAD}
scores = classify(Image.open(sys.argv[1]))
for label in sorted(scores, key=scores.get, reverse=True)[:5]:
    print(label, scores[label])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        picture = Path(home) / "picture.jpg"
        pixels = np.random.default_rng(0).integers(0, 256, (375, 500, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(picture)
        os.environ |= {"RESNET_HOME": home, "GRADIO_ANALYTICS_ENABLED": "False"}

        def app(port: int) -> list[str]:
            return ["app.py", "--port", str(port)]

        def predict(*words: str) -> float:
            return command("-m", "resnet", "predict", str(picture), *words)

        def our_answer() -> float:
            return start(app, lambda address: answer(address, "classify", picture, ["", 5]))

        def their_answer() -> float:
            return start(lambda port: ["-c", DEMO % port], lambda address: answer(address, "classify", picture, []))

        print(f"first start to the answer, no engine built: {our_answer():.2f} s, n 1", flush=True)
        predict("--engine", "onnx")  # waits for the build
        compare("page", lambda: start(app, served), lambda: start(lambda port: ["-c", HELLO % port], served), runs)
        compare("answer", our_answer, their_answer, runs)
        compare("command", predict, lambda: command("-c", SCRIPT, str(picture)), runs)


def compare(name: str, ours: Callable[[], float], other: Callable[[], float], runs: int) -> None:
    times = [(ours(), other()) for _ in range(runs + 1)][1:]  # the first of each warms the disk's cache
    ones, others = zip(*times, strict=True)
    middle = f"ours {statistics.median(ones):.2f} s, the other {statistics.median(others):.2f} s"
    print(f"{name}: {middle}; ratio {spread(quotients(ones, others))}", flush=True)


def start(words: Callable[[int], list[str]], done: Callable[[str], bool]) -> float:
    """Seconds from the start of a process that serves at a port until `done` of its address."""
    port = free_port()
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words(port)], cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        while not done(f"http://127.0.0.1:{port}"):
            time.sleep(0.01)
        return time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def served(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/", timeout=5) as page:
            return page.status == 200 and len(page.read()) > 0
    except (urllib.error.URLError, ConnectionError):
        return False


def answer(address: str, endpoint: str, picture: Path, others: list) -> bool:
    """Whether the page is served; then the picture is sent, and the answer waited for."""
    if not served(address):
        return False
    with httpx.Client(base_url=f"{address}/gradio_api", timeout=60) as client:
        path = client.post("/upload", files={"files": (picture.name, picture.read_bytes())}).json()[0]
        data = [{"path": path, "meta": {"_type": "gradio.FileData"}}, *others]
        event = client.post(f"/call/{endpoint}", json={"data": data}).json()["event_id"]
        found = client.get(f"/call/{endpoint}/{event}").text
    assert "event: complete" in found, found
    return bool(json.loads(found.split("data: ")[-1])[0]["label"])


def command(*words: str) -> float:
    return timed(lambda: subprocess.run([sys.executable, *words], cwd=PROJECT, stdout=subprocess.DEVNULL, check=True))


if __name__ == "__main__":
    main()
