"""Cold start: from the start of the process to the first served page, ours against the smallest Gradio app.

    python -m tests.benchmarks.cold_start [--runs 7]

Both in turn, A B A B; the page is asked for every 10 ms. Prints seconds of each and the ratio, run by run.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from resnet.store import PROJECT

HELLO = """
import gradio as gr
gr.Interface(lambda name: f"Hello {name}", "text", "text").launch(server_port=%d, quiet=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    times = [(ours(), hello()) for _ in range(runs + 1)][1:]  # the first of each warms the disk's cache
    ratios = [one / other for one, other in times]
    for name, values in (("ours, s", [a for a, _ in times]), ("hello, s", [b for _, b in times]), ("ratio", ratios)):
        print(
            f"{name:8}  median {statistics.median(values):.2f}  min {min(values):.2f}  max {max(values):.2f}  n {runs}"
        )


def ours() -> float:
    return first_page(lambda port: ["app.py", "--port", str(port)])


def hello() -> float:
    return first_page(lambda port: ["-c", HELLO % port])


def first_page(arguments) -> float:
    """Seconds until the page is served whole."""
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "RESNET_HOME": home, "GRADIO_ANALYTICS_ENABLED": "False"}
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments(port)], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            while not served(f"http://127.0.0.1:{port}/"):
                time.sleep(0.01)
            return time.perf_counter() - start
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def served(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200 and len(answer.read()) > 0
    except (urllib.error.URLError, ConnectionError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
