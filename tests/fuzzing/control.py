"""Misdeeds, to see that each is noticed: a fuzzer that finds nothing is worth what it would have found."""

import os
import pickle
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from resnet.errors import UserError
from resnet.text import Message
from tests.fuzzing.seeds import Input


def raises(path: Path, workspace: Path) -> None:
    raise KeyError("width")


def tells_a_path(path: Path, workspace: Path) -> None:
    raise UserError("image_missing", file=sys.prefix)


class Odd(Message):
    """A message that is neither one line nor fit for JSON."""

    def say(self, language: str = "en") -> str:
        return self.key

    def to_json(self) -> dict:
        return {"key": float("nan")}


def speaks_two_lines(path: Path, workspace: Path) -> None:
    raise _saying(Odd("two\nlines"))


def cannot_be_stored(path: Path, workspace: Path) -> None:
    raise _saying(Odd("one line"))


def _saying(message: Message) -> UserError:
    error = UserError("image_missing", file="file")
    error.message = message
    return error


def hangs(path: Path, workspace: Path) -> None:
    time.sleep(3600)


def grows(path: Path, workspace: Path) -> None:
    kept = []
    for _ in range(100):
        kept.append(np.ones(2 * 10**7))
        time.sleep(0.05)


def dies(path: Path, workspace: Path) -> None:
    os.abort()


def writes_beside(path: Path, workspace: Path) -> None:
    (workspace.parent / "canary").write_text("here")


def leaves_a_folder(path: Path, workspace: Path) -> None:
    (workspace / "tmp" / "left").mkdir()


def changes_its_input(path: Path, workspace: Path) -> None:
    path.write_bytes(b"another")


def reads_the_secret(path: Path, workspace: Path) -> None:
    (workspace.parent / "secret.txt").read_text()


def writes_far_away(path: Path, workspace: Path) -> None:
    with open(workspace.parent.parent / "canary", "w"):
        pass


def starts_a_process(path: Path, workspace: Path) -> None:
    subprocess.run([sys.executable, "--version"], stdout=subprocess.DEVNULL, check=True)


def calls_out(path: Path, workspace: Path) -> None:
    with socket.socket() as line:
        line.setblocking(False)
        line.connect_ex(("127.0.0.1", 9))


def unpickles(path: Path, workspace: Path) -> None:
    pickle.loads(pickle.dumps(Path))


MISDEEDS = (
    *(raises, tells_a_path, speaks_two_lines, cannot_be_stored, hangs, grows, dies, writes_beside, leaves_a_folder),
    *(changes_its_input, reads_the_secret, writes_far_away, starts_a_process, calls_out, unpickles),
)
TARGETS = {misdeed.__name__: misdeed for misdeed in MISDEEDS}


def inputs() -> list[Input]:
    return [Input(name, "file", {"file": b"one"}) for name in TARGETS]
