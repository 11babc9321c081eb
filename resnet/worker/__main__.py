"""`python -m resnet.worker RUN_FOLDER`: wait for the device, then train, save, evaluate.

The worker holds the lock on the folder while it lives. It is free of torch until it is its turn. It is told what to
do by a file named `stop` in the folder (finish the step, save, evaluate) or by SIGTERM (save, and leave the
evaluation to a resume).
"""

import importlib
import sys
import time
import traceback
from pathlib import Path

from resnet.errors import UserError
from resnet.store import Lock, Store, folders, is_locked, read_json
from resnet.text import Message
from resnet.worker.status import Control, Status, ToldToEnd

LOOK = 0.5  # seconds between two looks at the queue


def main(folder: Path) -> None:
    lock, control = Lock(folder / "lock"), Control(folder)
    if not lock.acquire(patience=5):
        return  # another worker has the run
    status = Status(folder)
    try:
        turn = wait_for_turn(folder, control)
        status.update(state="running", stage="start")
        run = importlib.import_module("resnet.worker.run")  # brings torch
        status.update(state=run.run(folder, status, control))
        turn.release()
    except ToldToEnd:
        status.update(state="stopped", message=None)
    except UserError as error:
        status.update(state="failed", message=error.message.to_json())
    except Exception as error:
        traceback.print_exc()  # to log.txt
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        status.update(state="failed", message=Message("run_failed", {"reason": reason}).to_json())


def wait_for_turn(folder: Path, control: Control) -> Lock:
    """The device's lock, once no run that was queued earlier waits for the same device."""
    store = Store(folder.parents[2], folder.parents[1].name)
    device = read_json(folder / "settings.json")["queue"]
    turn = Lock(store.device_lock(device))
    while earlier_in_queue(store, folder, device) or not turn.acquire():
        if control.told_to_end or control.asked_to_stop:
            raise ToldToEnd
        time.sleep(LOOK)
    return turn


def earlier_in_queue(store: Store, folder: Path, device: str) -> bool:
    """Whether a living worker of another run, of any owner, has waited longer for `device`."""
    own = _place(folder)
    others = (run for owner in store.root.iterdir() for run in folders(owner / "runs") if run != folder)
    return any(
        read_json(run / "status.json", {}).get("state") == "queued"
        and read_json(run / "settings.json", {}).get("queue") == device
        and _place(run) < own
        and is_locked(run / "lock")
        for run in others
    )


def _place(folder: Path) -> tuple[float, str]:
    return read_json(folder / "status.json", {}).get("queued", 0.0), folder.name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
