"""`python -m resnet.worker RUN_FOLDER`: wait for the device, then train, save, evaluate.

Without a folder: load all that a run needs, say so, and take the run whose folder comes as a line of JSON on standard
input; what is printed from then on goes to its log. Where the input ends before, so does the worker.

The worker holds the lock on the folder while it lives. It is free of torch until it is its turn. It is told what to
do by a file named `stop` in the folder (finish the step, save, evaluate) or by SIGTERM (save, and leave the
evaluation to a resume).

On several devices this is the first of as many processes, and the only one that writes; see resnet.worker.siblings.
"""

import contextlib
import errno
import importlib
import json
import math
import os
import re
import select
import sys
import time
import traceback
from pathlib import Path

from resnet.errors import UserError
from resnet.predictor.engines import launched
from resnet.store import Lock, Store, folders
from resnet.text import Message
from resnet.worker.record import read_settings, read_status
from resnet.worker.siblings import end_with_the_first, siblings
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
        status.begin()
        status.end(state=work(folder, status, control))
    except ToldToEnd:
        status.end(state="stopped")
    except UserError as error:
        status.end(state="failed", message=error.message.to_json())
    except Exception as error:
        message = reason(error, status)
        status.end(state="failed", message=message.to_json())
        if message.key == "run_failed":
            traceback.print_exc()  # to log.txt


def work(folder: Path, status: Status, control: Control) -> str:
    """Wait for the device, then train, save, evaluate, deliver; how it ended: "done" or "stopped"."""
    turn, began = wait_for_turn(folder, status, control), time.monotonic()
    status.update(state="running", stage="start")
    run = importlib.import_module("resnet.worker.run")  # brings torch
    run.settle(folder)
    if turn[0].path != own_locks(folder)[0].path:  # the queue was a guess, and torch knows the device better
        for lock in turn:
            lock.release()
        status.update(state="queued", stage="queue")
        turn, began = wait_for_turn(folder, status, control), time.monotonic()
        status.update(state="running", stage="start")
    control.leave_if_told()
    with siblings(folder, read_settings(folder)["settings"]["devices"] or 1):
        return run.run(folder, status, control, began)


def follow(folder: Path) -> None:
    """What the other processes of a run do; its first one tells how it ended, and the log what happened here."""
    control = Control(folder)
    try:
        importlib.import_module("resnet.worker.follower").follow(folder, control)
    except ToldToEnd:
        return
    except UserError as error:
        raise SystemExit(f"rank {launched()[0]}: {error}") from None


def reason(error: Exception, status: Status) -> Message:
    """Why a run failed: the machine's refusal, or a fault of the program."""
    if number := _refusal(error):
        folder = str(status.path.parent)
        if number in (errno.ENOSPC, errno.EDQUOT):
            return Message("run_disk_full", {"folder": folder, "megabytes": math.ceil(status.room / 1e6)})
        return Message("run_machine_refuses", {"reason": os.strerror(number), "folder": folder})
    if "torch" in sys.modules and importlib.import_module("resnet.training.full").out_of_memory(error):
        return Message("run_memory_full")
    return Message("run_failed", {"reason": f"{type(error).__name__}: {error}".splitlines()[0][:300]})


def _refusal(error: Exception) -> int | None:
    """The system's number (errno) of what it refused; safetensors' own writer tells it in words."""
    if isinstance(error, OSError):
        return error.errno
    told = re.search(r"\(os error (\d+)\)", str(error)) if type(error).__name__ == "SafetensorError" else None
    return int(told[1]) if told else None


def wait_for_turn(folder: Path, status: Status, control: Control) -> list[Lock]:
    """The devices' locks, once no run that was queued earlier waits for the first of them."""
    first, *others = turn = own_locks(folder)
    while earlier_in_queue(folder) or not first.acquire():
        look_again_later(status, control)
    for lock in others:  # all runs take them in this order, so no two wait for each other
        while not lock.acquire():
            look_again_later(status, control)
    return turn


def look_again_later(status: Status, control: Control) -> None:
    status.leave_if_deleted()
    if control.told_to_end or control.asked_to_stop:
        raise ToldToEnd
    time.sleep(LOOK)


def own_locks(folder: Path) -> list[Lock]:
    """The locks of the device that the run waits for, or of all its GPUs in their order; not acquired."""
    record, store = read_settings(folder), Store.of(folder)
    devices = record["settings"]["devices"] or 1
    several = devices > 1 and record["queue"].startswith("cuda")
    names = [f"cuda:{index}" for index in range(devices)] if several else [record["queue"]]
    return [Lock(store.device_lock(name)) for name in names]


def earlier_in_queue(folder: Path) -> bool:
    """Whether a living worker of another run, of any owner, has waited longer for the same device."""
    own, queue = _place(read_status(folder), folder), read_settings(folder)["queue"]
    for run in (run for owner in Store.of(folder).root.iterdir() for run in folders(owner / "runs") if run != folder):
        with contextlib.suppress(UserError):  # damaged, or deleted meanwhile: it waits for nothing
            record = read_status(run)
            waits = record["state"] == "queued" and _place(record, run) < own and is_alive(run, record)
            if waits and read_settings(run)["queue"] == queue:
                return True
    return False


def _place(record: dict, folder: Path) -> tuple[float, str]:
    return record["queued"], folder.name


def handed() -> Path | None:
    """The run that is handed to this process, if one is; while there is none, all that it may need is loaded."""
    run = importlib.import_module("resnet.worker.run")  # brings torch
    if not _is_handed_already():
        run.warm_up()
    with contextlib.suppress(OSError):  # the app was killed; there may be a run in the pipe all the same
        os.write(sys.stdout.fileno(), b"ready\n")
    line = sys.stdin.readline()
    if not line:
        return None
    folder = Path(json.loads(line))
    with open(folder / "log.txt", "ab") as log, open(os.devnull) as nothing:
        for stream, file in enumerate((nothing, log, log)):
            os.dup2(file.fileno(), stream)
    return folder


def _is_handed_already() -> bool:
    """Whether there is something to read; Windows does not tell."""
    return os.name != "nt" and bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    if launched()[0]:
        end_with_the_first()
        follow(Path(sys.argv[1]))
    elif folder := Path(sys.argv[1]) if sys.argv[1:] else handed():
        main(folder)
