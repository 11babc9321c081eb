"""Runs made by hand, as no worker has them."""

import time
from pathlib import Path

from resnet.store import Store, new_id, write_json


def make_run(store: Store, state: str, **changes: object) -> Path:
    """The files of a run that no worker has."""
    folder, now = store.runs / new_id(), time.time()
    folder.mkdir(parents=True)
    status = {"format": 1, "state": state, "stage": "full", "queued": now, "launched": now, "message": None}
    write_json(folder / "status.json", {**status, **changes})
    write_json(folder / "name.json", {"format": 1, "name": "made"})
    run = {"created": now, "data": {"id": "0" * 16, "name": "d"}, "architecture": "resnet18", "preprocessing": {}}
    settings = {"mode": "full", "data": "0" * 16, "model": "resnet18"}
    write_json(folder / "settings.json", {"format": 1, **run, "settings": settings})
    return folder
