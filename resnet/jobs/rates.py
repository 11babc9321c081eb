"""The learning-rate finder at work in a process of its own, which ends with this one."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict

from resnet.errors import UserError
from resnet.jobs.launcher import DETACHED, make_way
from resnet.jobs.plan import Plan, plan
from resnet.predictor.engines import likely_device
from resnet.settings import TrainSettings, device_queue
from resnet.store import PROJECT, Store, is_locked
from resnet.text import Message


class RateSearch:
    """state: running, done (suggestion is there), failed (problem is), stopped."""

    def __init__(self, store: Store, settings: TrainSettings) -> None:
        """Start it. Raises UserError with every problem of the settings, or where the device is in use."""
        self.plan = plan(store, settings)
        device = self.plan.settings.device or likely_device()
        if is_locked(store.device_lock(device_queue(device))):
            raise UserError("device_busy", device=device)
        self.state, self.suggestion, self.problem = "running", None, None
        self.points: list[dict] = []  # step, rate, loss, smoothed: what has been tried
        self.steps: int | None = None  # at most; known from the first point on
        self.process = subprocess.Popen(
            [sys.executable, "-m", "resnet.worker.finder"],
            cwd=PROJECT,
            env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **DETACHED,
        )
        make_way(self.process)
        self.process.stdin.write(json.dumps(_task(store, self.plan)) + "\n")
        self.process.stdin.flush()
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        """What was tried so far stays. Nothing else of it does, so there is nothing to wait for."""
        if self.state == "running":
            self.state = "stopped"
            self.process.kill()

    def _listen(self) -> None:
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):  # a line that was cut off when it was stopped
                self._take(json.loads(line))
        self.process.wait()
        if self.state == "running":
            reason = f"exit status {self.process.returncode}"
            self._take({"problem": Message("rates_failed", {"reason": reason}).to_json()})

    def _take(self, answer: dict) -> None:
        if "point" in answer:
            self.points, self.steps = [*self.points, answer["point"]], answer["steps"]
        elif self.state == "running" and "suggestion" in answer:
            self.suggestion, self.state = answer["suggestion"], "done"
        elif self.state == "running":
            self.problem, self.state = Message.from_json(answer["problem"]), "failed"


def _task(store: Store, planned: Plan) -> dict:
    return {
        "root": str(store.root),
        "owner": store.owner,
        "settings": asdict(planned.settings),
        "architecture": planned.architecture,
        "preprocessing": planned.preprocessing.to_config(),
    }
