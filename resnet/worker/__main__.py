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
from resnet.store import Lock, Store, folders, read_json
from resnet.text import Message
from resnet.worker.status import GRACE, Control, Status, ToldToEnd, is_alive

LOOK = 0.5  # seconds between two looks at the queue


def main(folder: Path) -> None:
    lock, control = Lock(folder / "lock"), Control(folder)
    if not lock.acquire(patience=GRACE / 2):  # the worker that had the run before may still be on its way out
        return
    status = Status(folder)
    if status.record["state"] != "queued":
        return  # launched twice, and the other worker was first
    try:
        turn, began = wait_for_turn(folder, control), time.monotonic()
        status.update(state="running", stage="start")
        run = importlib.import_module("resnet.worker.run")  # brings torch
        run.settle(folder)
        if turn.path != own_lock(folder).path:  # the queue was a guess, and torch knows the device better
            turn.release()
            status.update(state="queued", stage="queue")
            turn, began = wait_for_turn(folder, control), time.monotonic()
            status.update(state="running", stage="start")
        status.update(state=run.run(folder, status, control, began))
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
    turn = own_lock(folder)
    while earlier_in_queue(folder) or not turn.acquire():
        if control.told_to_end or control.asked_to_stop:
            raise ToldToEnd
        time.sleep(LOOK)
    return turn


def own_lock(folder: Path) -> Lock:
    """The lock of the device that the run waits for; not acquired."""
    return Lock(_store(folder).device_lock(_queue(folder)))


def earlier_in_queue(folder: Path) -> bool:
    """Whether a living worker of another run, of any owner, has waited longer for the same device."""
    own, queue = _place(read_json(folder / "status.json", {}), folder), _queue(folder)
    for run in (run for owner in _store(folder).root.iterdir() for run in folders(owner / "runs") if run != folder):
        record = read_json(run / "status.json", {})
        waits = record.get("state") == "queued" and _queue(run) == queue
        if waits and _place(record, run) < own and is_alive(run, record):
            return True
    return False


def _store(folder: Path) -> Store:
    return Store(folder.parents[2], folder.parents[1].name)


def _queue(folder: Path) -> str | None:
    return read_json(folder / "settings.json", {}).get("queue")


def _place(record: dict, folder: Path) -> tuple[float, str]:
    return record.get("queued", 0.0), folder.name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
