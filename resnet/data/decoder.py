"""Untrusted pictures, decoded in processes of their own: one that hangs, crashes or grows costs only itself.

Decoders (`python -m resnet.data.decoder`) load numpy, Pillow and dhash only. They are started when needed, kept,
shared by all threads, and end with this process, however it ends. They read a line of JSON (a task and a few pictures)
and answer each picture by a line of JSON, with the pixels after it; nothing that an answer says is run or unpickled.
A picture has CPU_SECONDS of computing (not on Windows) and SECONDS in all; on Linux a decoder has MEMORY (elsewhere
there is no such bound: Windows has no rlimits, macOS does not hold to them). Who oversteps is ended, and the next
picture meets a new decoder.
"""

import contextlib
import functools
import hashlib
import itertools
import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import AvifImagePlugin, Image

from resnet.data.images import measure, open_image, read, shown
from resnet.data.parallel import WORKERS, in_order
from resnet.errors import UserError
from resnet.store import PROJECT
from resnet.text import Message
from resnet.weights.preprocessing import Preprocessing

try:
    import resource
except ImportError:  # Windows
    resource = None

T = TypeVar("T")

# The largest pictures that are read, 64 megapixels of each format and mode, took 1 to 5 s of a Xeon's core and up to
# 1560 MB (JPEG 2000; all others 1130 MB at most).
CPU_SECONDS = 20
SECONDS = 120  # by the clock: more, as other work may share the cores
START_SECONDS = 120  # by the clock, from a cold disk
MEMORY = 2000  # MB that a decoder may write to
CHUNK = 8  # pictures handed to a decoder at once, so that it need not wait for us between them
TURN = CHUNK * WORKERS  # pictures that all decoders have done at about the same time
OUT_OF_MEMORY = 3  # a decoder's exit status
OUT_OF_TIME = -getattr(signal, "SIGPROF", math.inf)

Request = list  # path, name for sentences, and what else the task needs to know of this picture
Answer = tuple[dict, bytes]  # a decoder's line about a picture, and the pixels


@dataclass(frozen=True)
class Measured:
    """A picture that was decoded to its end."""

    sha256: str  # of the file
    bytes: int
    width: int  # pixels, upright
    height: int
    dhash: bytes  # what it looks like: see `images.difference_hash`


def measured(sources: Iterable[tuple[Path, object]]) -> Iterator[Measured | Message]:
    """Per (path, name for sentences), in order, what the picture is, or the reason why it cannot be read."""

    def read_answer(_: Request, header: dict, __: BinaryIO) -> Measured:
        sizes = {name: int(header[name]) for name in ("bytes", "width", "height")}
        return Measured(str(header["sha256"]), **sizes, dhash=bytes.fromhex(header["dhash"]))

    requests = ([os.path.abspath(path), str(shown(name))] for path, name in sources)
    yield from _answers({"task": "measure"}, requests, read_answer)


def fitted(
    sources: Iterable[Path], preprocessing: Preprocessing, at_least: int | None = None
) -> Iterator[np.ndarray | Message]:
    """Per picture, in order, uint8 (C, S, S) as the network sees it, or the reason why it cannot be read.

    at_least: pixels that JPEGs may be decoded down to, see `images.open_image`: quicker, and no longer exact.
    """
    shape = (len(preprocessing.mean), preprocessing.size, preprocessing.size)

    def read_answer(_: Request, __: dict, pixels: BinaryIO) -> np.ndarray:
        return _read_pixels(pixels, shape)

    requests = ([os.path.abspath(path), str(shown(Path(path).name))] for path in sources)
    task = {"task": "fit", "preprocessing": preprocessing.to_config(), "at_least": at_least}
    yield from _answers(task, requests, read_answer)


def fitted_one(source: Path, preprocessing: Preprocessing) -> np.ndarray:
    """One picture likewise; UserError with the reason where it cannot be read."""
    (pixels,) = fitted([source], preprocessing)
    if isinstance(pixels, Message):
        raise UserError.of([pixels])
    return pixels


def resized(sources: Iterable[tuple[Path, int, int]]) -> Iterator[np.ndarray | Message]:
    """Per (path, H, W), in order, the whole picture as uint8 (H, W, 3), or the reason why it cannot be read.

    H, W: at most the picture's own. Nothing is cut off.
    """

    def read_answer(request: Request, _: dict, pixels: BinaryIO) -> np.ndarray:
        return _read_pixels(pixels, (*request[2:], 3))

    requests = ([os.path.abspath(path), str(shown(path.name)), height, width] for path, height, width in sources)
    yield from _answers({"task": "resize"}, requests, read_answer)


def readable(path: Path, answer: T | Message) -> T:
    """The answer for a picture of a data set; UserError with the reason where there is none."""
    if isinstance(answer, Message):
        raise UserError("picture_lost", file=path.name, reason=answer)
    return answer


def _read_pixels(pixels: BinaryIO, shape: tuple[int, ...]) -> np.ndarray:
    made = np.empty(shape, np.uint8)
    if pixels.readinto(made) < made.nbytes:
        raise ValueError("the decoder ended within a picture")
    return made


def warm_up() -> None:
    """Start the decoders, so that the first pictures need not wait for them."""
    _pool().fill()


# This process


def _answers(task: dict, requests: Iterable[Request], read_answer: Callable) -> Iterator[object]:
    """What `read_answer` makes of each answer, whose pixels it reads itself, or the reason why there is none."""
    chunks = _chunks(requests)
    ask = functools.partial(_pool().ask, task=task, read_answer=read_answer)
    for answers in in_order(_pool().submit, ask, chunks, ahead=3 * WORKERS):
        yield from answers


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The first few one by one, so that few pictures are shared out too, and TURN evenly; then CHUNK at a time."""
    items = iter(items)
    shares = 2 * WORKERS * [1] + 2 * WORKERS * [CHUNK // 2 - 1]
    for length in itertools.chain(shares, itertools.repeat(CHUNK)):
        chunk = list(itertools.islice(items, length))
        if not chunk:
            return
        yield chunk


class _Pool:
    """WORKERS threads, each of which talks to a decoder while it has something to ask.

    Daemons, which a process that ends does not wait for (a ThreadPoolExecutor's threads it does).
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue = queue.SimpleQueue()
        self._idle: list[_Decoder] = []
        for _ in range(WORKERS):
            threading.Thread(target=self._serve, name="decode", daemon=True).start()

    def submit(self, function: Callable[[T], object], item: T) -> Future:
        future: Future = Future()
        self._calls.put((future, function, item))
        return future

    def _serve(self) -> None:
        while True:
            future, function, item = self._calls.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(item))
                except BaseException as error:
                    future.set_exception(error)

    def ask(self, requests: list[Request], task: dict, read_answer: Callable) -> list[object]:
        """Every request's answer. A picture at which a decoder ends is tried once more, alone, by a new one."""
        answers: list[object] = []
        alone = False
        while len(answers) < len(requests):
            decoder = _Decoder() if alone else self._borrow()
            waiting = requests[len(answers) :][: 1 if alone else None]
            try:
                answers.extend(decoder.answers(task, waiting, read_answer))
                self._idle.append(decoder)
                alone = False
            except _Ended as end:
                if alone or end.late:
                    answers.append(end.reason(requests[len(answers)][1]))
                    alone = False
                else:
                    alone = True
        return answers

    def fill(self) -> None:
        """Start as many decoders as there are threads, ahead of the first question."""
        self._idle += [_Decoder() for _ in range(WORKERS - len(self._idle))]

    def _borrow(self) -> "_Decoder":
        try:
            return self._idle.pop()
        except IndexError:
            return _Decoder()


_pool = functools.cache(_Pool)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not come along, and pipes have one reader


class _Ended(Exception):
    """A decoder ended, of itself or by us, before it had answered."""

    def __init__(self, status: int, late: bool) -> None:
        self.status, self.late = status, late

    def reason(self, name: str) -> Message:
        if self.late:
            return Message("image_slow", {"file": name, "seconds": CPU_SECONDS})
        if self.status == OUT_OF_MEMORY:
            return Message("image_memory", {"file": name, "limit": MEMORY})
        return Message("image_crash", {"file": name})


class _Decoder:
    """A process that decodes, and a thread that ends it when it is late."""

    def __init__(self) -> None:
        self.deadline = time.monotonic() + START_SECONDS
        self.process = subprocess.Popen(
            [sys.executable, "-m", "resnet.data.decoder", str(MEMORY)],
            cwd=PROJECT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._watch, name="decoder's watch", daemon=True).start()
        if self.process.stdout.readline(LINE) != READY:
            self.process.kill()
            raise RuntimeError("the decoder of pictures does not start; what it printed tells why")
        self.deadline = math.inf

    def answers(self, task: dict, requests: list[Request], read_answer: Callable) -> Iterator[object]:
        """An answer for each request, as it comes. Raises _Ended where one does not come, or is none."""
        try:
            self.process.stdin.write(
                json.dumps({**task, "seconds": CPU_SECONDS, "pictures": requests}).encode() + b"\n"
            )
            self.process.stdin.flush()
            for request in requests:
                self.deadline = time.monotonic() + SECONDS
                yield self._answer(request, read_answer)
            self.deadline = math.inf
        except (OSError, ValueError, KeyError, TypeError) as error:
            late = time.monotonic() > self.deadline
            self.process.kill()
            status = self.process.wait()
            raise _Ended(status, late or status == OUT_OF_TIME) from error

    def _answer(self, request: Request, read_answer: Callable) -> object:
        header = json.loads(self.process.stdout.readline(LINE))
        if "error" in header:
            return Message.from_json(header["error"])
        return read_answer(request, header, self.process.stdout)

    def _watch(self) -> None:
        while self.process.poll() is None:
            time.sleep(0.2)
            if time.monotonic() > self.deadline:
                self.process.kill()


READY = b"ready\n"
LINE = 100_000  # bytes that an answer's line has at most


# The decoder's process


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to judge
    _bound_memory(int(sys.argv[1]))
    AvifImagePlugin.DEFAULT_MAX_THREADS = 2  # not one for each core, each with memory of its own
    warnings.simplefilter("ignore")  # what is worth a word is in the answers
    warnings.simplefilter("error", category=Image.DecompressionBombWarning)
    answers = os.fdopen(os.dup(1), "wb")
    sys.stderr = os.fdopen(os.dup(2), "w")
    silence = os.open(os.devnull, os.O_WRONLY)
    for printed in (1, 2):  # by libraries: neither an answer, nor of use to anybody
        os.dup2(silence, printed)
    answers.write(READY)
    answers.flush()
    with contextlib.suppress(BrokenPipeError):  # the parent has gone
        for line in sys.stdin.buffer:
            _serve(json.loads(line), answers)


def _serve(request: dict, answers: BinaryIO) -> None:
    work = {"measure": _measure, "fit": _fit, "resize": _resize}[request["task"]]
    for path, name, *size in request["pictures"]:
        _allow(request["seconds"])
        try:
            header, pixels = work(Path(path), name, request, *size)
        except UserError as error:
            header, pixels = {"error": error.message.to_json()}, b""
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        _allow(0)
        answers.write(json.dumps(header).encode() + b"\n")
        answers.write(pixels)
        answers.flush()


def _measure(path: Path, name: str, _: dict) -> Answer:
    content, name = read(path, name)
    size, look = measure(content, name)
    found = asdict(Measured(hashlib.sha256(content).hexdigest(), len(content), *size, look))
    return {**found, "dhash": look.hex()}, b""


def _fit(path: Path, name: str, request: dict) -> Answer:
    image = open_image(path, name, request["at_least"])
    return {}, Preprocessing.from_config(request["preprocessing"]).pixels(image).tobytes()


def _resize(path: Path, name: str, _: dict, height: int, width: int) -> Answer:
    image = open_image(path, name, at_least=min(height, width))
    if image.size != (width, height):  # crops shrink it again; of Pillow's filters, this one leaves them as sharp
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return {}, image.tobytes()


def _bound_memory(megabytes: int) -> None:
    """RLIMIT_DATA counts what a process may write to (Linux 4.7 on), not the libraries that it maps."""
    if resource and sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 10**6, megabytes * 10**6))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow(seconds: float) -> None:
    """From now on the kernel ends this process (SIGPROF) when it has computed so long, whatever holds it; 0: never."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
