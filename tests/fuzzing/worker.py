"""The process in which a kind's cases run: it reads their numbers, and answers each by two lines of JSON,
the first when the input is there, the second when the case is over.

    python -m tests.fuzzing.worker KIND SEED FOLDER

FOLDER is laid out as

    input/      what the case hands over
    workspace/  the owner's data
    cwd/ home/ tmp/  of this process
    secret.txt  what nobody may read, or change

and nothing in it but the workspace's data sets and locks may be another after a case than before.
"""

import faulthandler
import json
import os
import shutil
import sys
import traceback
from pathlib import Path

from resnet.errors import UserError
from resnet.store import PROJECT
from tests.fuzzing import control, seeds
from tests.fuzzing.mutate import case, is_whole
from tests.fuzzing.seeds import Content, Input, Link, Pipe
from tests.fuzzing.targets import TARGETS, Broken, check_sentence

WRITES = {  # audit events, and which of their arguments are paths that are written to
    **dict.fromkeys(("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime"), 1),
    **dict.fromkeys(("os.rename", "os.link"), 2),
}
NEVER = {  # other processes, the network, and a pickle's search for code
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.spawn", "subprocess.Popen"),
    *("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind", "pickle.find_class", "webbrowser.open"),
}
DECODER = ["-m", "resnet.data.decoder"]


def main(kind: str, seed: int, folder: Path) -> None:
    faulthandler.enable()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    valid = control.inputs() if kind == "control" else seeds.of_kind(kind)
    watch = Watch(folder)
    sys.addaudithook(watch)
    print(json.dumps(["ready", ""]), file=answers, flush=True)
    for line in sys.stdin:
        number = int(line)
        made = valid[number] if kind == "control" else case(valid, seed, number)
        lay_out(made, folder)
        print(json.dumps(["laid out", ""]), file=answers, flush=True)
        answer, problem = run_case(made, folder, watch)
        if is_whole(number) and answer == "refused" and not made.main.startswith("foreign"):
            answer, problem = "failed", f"a valid input is refused: {problem}"
        print(json.dumps([answer, problem]), file=answers, flush=True)


def lay_out(made: Input, folder: Path) -> None:
    """What the case before has left goes, and the input is written."""
    shutil.rmtree(folder / "input", ignore_errors=True)
    shutil.rmtree(folder / "workspace" / "local", ignore_errors=True)
    write(made.files, folder / "input")


def run_case(made: Input, folder: Path, watch: "Watch") -> tuple[str, str]:
    """(accepted, refused or failed; the sentence or what went wrong)."""
    before = listing(folder)
    watch.seen, watch.on = [], True
    answer, problem = call(made, folder)
    watch.on = False
    after = listing(folder)
    if watch.seen:
        answer, problem = "failed", watch.seen[0]
    elif before != after:
        names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        answer, problem = "failed", f"left behind, gone or changed: {names[:5]}"
    return answer, problem


def call(made: Input, folder: Path) -> tuple[str, str]:
    given = folder / "input" / made.main
    target = TARGETS.get(made.form) or control.TARGETS[made.form]
    try:
        target(given, folder / "workspace")
    except UserError as error:
        try:
            check_sentence(error.message, given, folder / "workspace")
        except Exception as broken:
            return "failed", f"{error.message.key}: {broken!r}"
        return "refused", str(error)
    except Broken as broken:
        return "failed", f"promise: {broken}"
    except BaseException as error:
        traceback.print_exc()
        return "failed", f"{_place(error)}: {type(error).__name__}: {error}"[:500]
    return "accepted", ""


def _place(error: BaseException) -> str:
    """The line of the product, or else of anything, that the error came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(str(PROJECT / "resnet"))]
    return "{0.filename}:{0.lineno}".format((own or frames)[-1]).removeprefix(f"{PROJECT}{os.sep}")


def write(files: dict[str, Content], folder: Path) -> None:
    """Write the files; zeros at their ends as holes, which cost nothing."""
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        elif isinstance(content, Link):
            path.symlink_to(content.to)
        elif isinstance(content, Pipe):
            os.mkfifo(path)
        else:
            with open(path, "wb") as file:
                file.write(content.rstrip(b"\0"))
                file.truncate(len(content))


def listing(folder: Path) -> dict[str, tuple]:
    """Everything in the folder but the workspace's data sets and locks: path -> kind, size, time of the last change."""
    found = {}
    for at, folders, files in os.walk(folder):
        if Path(at) in (folder / "workspace", folder / "workspace" / "local"):
            folders[:] = [name for name in folders if name not in ("datasets", "processes")]
        for name in (*folders, *(name for name in files if not name.endswith(".lock"))):
            path = os.path.join(at, name)
            state = os.lstat(path)
            is_folder = os.path.isdir(path)
            found[os.path.relpath(path, folder)] = (
                state.st_mode,
                0 if is_folder else (state.st_size, state.st_mtime_ns),
            )
    found.pop(os.path.join("workspace", "local"), None)
    return found


class Watch:
    """Python's audit hook: notes what a case does that none may do."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.secret = os.path.realpath(folder), os.path.realpath(folder / "secret.txt")
        self.on, self.seen = False, []

    def __call__(self, event: str, arguments: tuple) -> None:
        if not self.on:
            return
        if event == "open":
            self._open(*arguments)
        elif event in WRITES:
            for path in arguments[: WRITES[event]]:
                self._inside(event, path)
        elif event in NEVER and not (event == "subprocess.Popen" and list(arguments[1][1:3]) == DECODER):
            self.seen.append(f"{event} {arguments[:2]!r}"[:500])

    def _open(self, path: object, mode: str | None, flags: int) -> None:
        writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and path != os.devnull:
            self._inside("open to write", path)
        elif isinstance(path, str) and os.path.realpath(path) == self.secret:
            self.seen.append("the secret was read")

    def _inside(self, event: str, path: object) -> None:
        if isinstance(path, int) or path is None:
            return
        path = os.fsdecode(path)
        if os.path.isabs(path) and not os.path.realpath(path).startswith(self.folder):
            self.seen.append(f"{event}: {path}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
