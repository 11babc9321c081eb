"""One file of the Hub into the folder of its cache: with progress, ended at any moment, taken up again, checked.

huggingface_hub's own transfer tells of progress, and can be ended, every 10 MB only; where it breaks off for good, what
had come is thrown away; it waits for as long as a busy Hub says, and checks nothing but the length. Its other way, Xet,
fetches the pieces of a file out of order in threads of its own, so that a part of it is worth nothing; the Hub serves
every file by plain HTTP too. So the bytes are fetched here, through its client and with its headers and errors.
"""

import contextlib
import email.utils
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, HTTPError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

T = TypeVar("T")
Note = Callable[[int], None]  # told how many bytes of the file are there; what it raises ends the transfer

PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses after which another try may go better
STEADY = 3  # a transfer is given up when nothing has come for so many times HF_HUB_DOWNLOAD_TIMEOUT (10 s)
SLOWEST = 1000  # bytes a second; less is nothing
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two tries; doubled each time
BLOCK = 1 << 20  # bytes hashed between two looks at whether it is to end


class BrokenOffError(Exception):
    """The transfer broke off, again and again; its cause is the last failure. What came is kept."""

    def __init__(self, done: int, size: int) -> None:
        super().__init__(f"{done} of {size} bytes")
        self.done, self.size = done, size


class WrongContentError(Exception):
    """What came is not what was announced; it was deleted."""


def fetch(url: str, target: Path, size: int, etag: str, note: Note) -> None:
    """Bring the file at `url` to `target`: whole and checked, or not at all.

    What has come so far lies in TARGET.incomplete, where the next call takes it up.

    Args:
        size: bytes that the Hub announced.
        etag: the hash that it announced; see `is_whole`.
    Raises HfHubHTTPError where the Hub refuses, BrokenOffError, WrongContentError, OSError where this machine does.
    """
    partial = target.with_name(f"{target.name}.incomplete")
    taken_up = _length(partial)
    try:
        _Transfer(url, partial, size, note).run()
        if not is_whole(partial, etag, note) and taken_up:  # perhaps what lay there was at fault
            partial.unlink()
            _Transfer(url, partial, size, note).run()
        if not is_whole(partial, etag, note):
            raise WrongContentError
        os.replace(partial, target)
    except (OSError, WrongContentError) as error:
        if not isinstance(error, HTTPError):  # no space, no permission: what has come would only take room
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        raise


def is_whole(path: Path, etag: str, note: Note = lambda done: None) -> bool:
    """Whether a file has the content that its ETag names: SHA-256 of a large file, Git's SHA-1 of a small one.

    True where the ETag is neither, as on some mirrors: then only the length is known.
    """
    size = _length(path)
    if re.fullmatch("[0-9a-f]{64}", etag):
        digest = hashlib.sha256()
    elif re.fullmatch("[0-9a-f]{40}", etag):
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    else:
        return True
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            note(size)
    return digest.hexdigest() == etag


class Patience:
    """Tries again after failures that may pass, until nothing has come for too long."""

    def __init__(self, note: Callable[[], None]) -> None:
        self.note = note  # called while it waits; what it raises ends the waiting
        self.seconds = STEADY * constants.HF_HUB_DOWNLOAD_TIMEOUT
        self.renew()

    def renew(self) -> None:
        self.end, self.pause = time.monotonic() + self.seconds, FIRST_PAUSE

    def is_over(self) -> bool:
        return time.monotonic() > self.end

    def wait(self, error: Exception) -> None:
        """Wait before the next try, as long as a busy Hub asks for; raises `error` where that is too long."""
        seconds = retry_after(error) or self.pause
        now = time.monotonic()
        if now + seconds > self.end:
            raise error
        self.pause = min(2 * self.pause, LONGEST_PAUSE)
        while time.monotonic() < now + seconds:
            self.note()
            time.sleep(0.1)

    def ask(self, request: Callable[[], T]) -> T:
        """The answer to a request; a Hub that cannot be reached at all is not asked twice."""
        while True:
            try:
                return request()
            except HfHubHTTPError as error:
                if error.response.status_code not in PASSING:
                    raise
                self.wait(error)


def retry_after(error: Exception) -> float | None:
    """Seconds that a busy Hub asks to wait, in Retry-After or RateLimit; None where it does not say."""
    if not isinstance(error, HfHubHTTPError):
        return None
    headers = error.response.headers
    said = headers.get("Retry-After", "")
    if said.isdecimal():
        return float(said)
    with contextlib.suppress(ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    limit = re.search(r"\bt=(\d+)", headers.get("RateLimit", ""))
    return float(limit[1]) if limit else None


class _Transfer:
    """The bytes of one file, appended to `partial` until it has `size` of them."""

    def __init__(self, url: str, partial: Path, size: int, note: Note) -> None:
        self.url, self.partial, self.size, self.note = url, partial, size, note
        self.done = _length(partial)
        self.patience = Patience(lambda: note(self.done))
        self.counted = self.done  # bytes that had come when patience was last renewed

    def run(self) -> None:
        if self.done > self.size:  # of another file
            self.partial.unlink()
            self.done = 0
        if self.size == 0:
            self.partial.touch()
        self.note(self.done)
        while self.done < self.size:
            try:
                self._pull()
            except HfHubHTTPError as error:
                if error.response.status_code not in PASSING:
                    raise
                self.patience.wait(error)
            except HTTPError as error:  # no answer, or one that broke off
                self._wait(error)

    def _wait(self, error: HTTPError) -> None:
        try:
            self.patience.wait(error)
        except HTTPError:
            raise BrokenOffError(self.done, self.size) from error

    def _pull(self) -> None:
        """One request, from where the file stands to its end, or to where the connection breaks."""
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}  # the token goes to the Hub, not to its CDN
        if self.done:
            headers["Range"] = f"bytes={self.done}-"
        timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
        with get_session().stream("GET", self.url, headers=headers, timeout=timeout) as response:
            hf_raise_for_status(response)
            if response.status_code != 206:
                self.done = self.counted = 0  # a server that knows no ranges starts anew
            length = response.headers.get("Content-Length")
            if length and int(length) != self.size - self.done:
                raise WrongContentError
            with open(self.partial, "ab" if self.done else "wb") as file:
                self._take(response.iter_bytes(), file.write)

    def _take(self, pieces: Iterator[bytes], write: Callable[[bytes], object]) -> None:
        for piece in pieces:
            write(piece)
            self.done += len(piece)
            if self.done > self.size:
                raise WrongContentError
            if self.done - self.counted >= SLOWEST * self.patience.seconds:
                self.patience.renew()
                self.counted = self.done
            elif self.patience.is_over():
                raise BrokenOffError(self.done, self.size)
            self.note(self.done)
        if self.done < self.size:
            raise HTTPError("ended early")


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
