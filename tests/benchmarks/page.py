"""The page: how much it weighs, how soon it shows a large result and a step of a run, what many visitors cost.

    python -m tests.benchmarks.page weight
    python -m tests.benchmarks.page zip --data FOLDER                  from a zip of FOLDER to the result
    python -m tests.benchmarks.page large                             a result of 100 classes, 10,000 pictures checked
    python -m tests.benchmarks.page running [--pages 20]              a run that is being watched

In headless Chromium against an app of this machine. weight: bytes over the wire until the page is at rest, and
seconds until it can be used. zip: clicks and choices of files, and seconds beside those that the run itself took.
large: seconds from the click on the tab to the headline, and from a cell to its pictures. running: seconds from a line
in metrics.jsonl to the change of the curve, and the share of a core that the app takes while so many pages look on.
"""

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from resnet import jobs
from resnet.data.importing import import_dataset
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Store, read_json, read_lines
from tests.benchmarks.measuring import spread
from tests.e2e.conftest import CHROMIUM
from tests.processes import free_port
from tests.waiting import until

CLASSES, CHECKED = 100, 100  # of the large result: classes, checked pictures of each
WATCHED = 30  # seconds
LONG = 600_000  # ms
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
MOMENTS = """() => {
    window.moments = [];
    const curve = { subtree: true, childList: true };
    const watch = new MutationObserver(() => window.moments.push(Date.now() / 1000));
    watch.observe(document.querySelector("#run-curves"), curve);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["weight", "zip", "large", "running"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if options.what == "zip" and not options.data:
        parser.error("zip needs --data")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        {"weight": weight, "zip": from_zip, "large": large, "running": running}[options.what](
            options, Store.open(home), browser
        )


@contextmanager
def serving(store: Store) -> Iterator[tuple[str, int]]:
    """An app on the workspace: its address, and its process."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    words = [sys.executable, "app.py", "--port", str(port), "--home", str(store.root)]
    process = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.DEVNULL)
    until(lambda: answers(address), 120)
    yield address, process.pid
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def weight(options: argparse.Namespace, store: Store, browser: Browser) -> None:
    with serving(store) as (address, _):
        found = [loaded(browser, address) for _ in range(options.runs)]
    sizes, counts, seconds = zip(*found, strict=True)
    print(f"{statistics.median(sizes) / 1e6:.2f} MB in {statistics.median(counts):.0f} requests, without any cache")
    print(f"{spread(seconds)} s to the page that can be used")


def loaded(browser: Browser, address: str) -> tuple[int, int, float]:
    context = browser.new_context()
    page, sizes = context.new_page(), []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#classify-knows p")
    seconds = time.perf_counter() - start
    page.wait_for_timeout(2000)
    context.close()
    return sum(sizes), len(sizes), seconds


def from_zip(options: argparse.Namespace, store: Store, browser: Browser) -> None:
    archive = shutil.make_archive(str(store.root / "pictures"), "zip", options.data)
    with serving(store) as (address, _):
        page = opened(browser, address)
        page.wait_for_timeout(10_000)  # as long as a visitor looks around: the app has made itself ready
        page.click("#tab-finetune-button")
        start = time.perf_counter()
        page.locator("#finetune-archive input[type=file]").first.set_input_files(archive)
        button = page.locator("#finetune-start")
        button.click(timeout=LONG)  # as soon as it can be pressed
        page.locator("#run-see").click(timeout=LONG)
        page.wait_for_selector("#results-headline .headline")
        total = time.perf_counter() - start
        (run,) = jobs.list_runs(store)
        print(f"4 clicks (tab, file, start, result); {total:.1f} s, of which the run itself took {run['seconds']:.1f}")
        print(page.locator("#results-headline .headline").inner_text())


def large(options: argparse.Namespace, store: Store, browser: Browser) -> None:
    data = import_dataset(drawn(store.root / "drawn", train=1, val=CHECKED), store)
    jobs.train(data.id, store=store, mode="head", head_epochs=1, image_size=32)
    with serving(store) as (address, _):
        firsts, cells = zip(*(looked_at(browser, address) for _ in range(options.runs)), strict=True)
    print(
        f"{spread(firsts)} s from the click on the tab to the headline, {spread(cells)} s from a cell to its pictures"
    )


def drawn(folder: Path, **counts: int) -> Path:
    """Noise in CLASSES classes, so many pictures of each to learn from (train) and to check with (val)."""
    random = np.random.default_rng(0)
    for part, count in counts.items():
        for label in range(CLASSES):
            place = folder / part / f"class {label}"
            place.mkdir(parents=True)
            for number, pixels in enumerate(random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)):
                Image.fromarray(pixels).save(place / f"{number}.jpg")
    return folder


def looked_at(browser: Browser, address: str) -> tuple[float, float]:
    page = opened(browser, address)
    page.wait_for_timeout(3000)
    start = time.perf_counter()
    page.click("#tab-results-button")
    page.wait_for_selector("#results-headline .headline")
    first = time.perf_counter() - start
    page.click("#results-part-confusion-button")
    page.wait_for_selector("#results-confusion .choices")
    start = time.perf_counter()
    page.locator("#results-confusion .choices button").first.click()
    page.wait_for_selector("#results-cell .card")
    cell = time.perf_counter() - start
    page.context.close()
    return first, cell


def running(options: argparse.Namespace, store: Store, browser: Browser) -> None:
    data = import_dataset(drawn(store.root / "drawn", train=20, val=1), store)
    with serving(store) as (address, pid):
        time.sleep(20)  # it has made itself ready
        print(f"no page: {share(pid):.1%} of a core")
        run = jobs.start(store, TrainSettings(data.id, "", "full", epochs=20, image_size=32, batch_size=8))
        folder = store.run(run)
        until(lambda: len(read_lines(folder / "metrics.jsonl")) > 3, 120)
        page = opened(browser, address)
        page.click("#tab-finetune-button")
        page.wait_for_selector("#run-curves polyline")
        print(
            f"{spread(delays(page, folder))} s from a worker's line to the curve; one page: {share(pid):.1%} of a core"
        )
        for _ in range(options.pages - 1):
            opened(browser, address).click("#tab-finetune-button")
        print(f"{options.pages} pages: {share(pid):.1%} of a core")
        print(f"{read_json(folder / 'status.json')['images_per_second']:.0f} images/s of the run meanwhile")
        jobs.stop(store, run)


def delays(page: Page, folder: Path) -> list[float]:
    """From each line of metrics to the first change of the curve after it."""
    page.evaluate(MOMENTS)
    page.wait_for_timeout(1000 * WATCHED)
    moments = page.evaluate("() => window.moments")
    lines = [line["time"] for line in read_lines(folder / "metrics.jsonl") if moments[0] < line["time"] < moments[-1]]
    return [next(moment for moment in moments if moment > line) - line for line in lines]


def share(pid: int) -> float:
    """Of one core, that a process takes by itself over some seconds."""
    before = worked(pid)
    time.sleep(WATCHED)
    return (worked(pid) - before) / WATCHED


def worked(pid: int) -> float:
    """Seconds of a core that a process has taken so far (Linux)."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / 100


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.wait_for_selector("#classify-knows p")
    return page


if __name__ == "__main__":
    main()
