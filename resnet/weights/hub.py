"""Models on the Hugging Face Hub, or a mirror of it: what they are before they are fetched, fetching, sending them.

HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE and HF_TOKEN have their usual meaning. The cache is the one that all
programs on this machine share, laid out as they know it:
https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

import contextlib
import errno
import os
import re
import shutil
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    HfFileMetadata,
    ModelInfo,
    constants,
    get_hf_file_metadata,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import WeakFileLock

from resnet.errors import UserError
from resnet.store import replacing, write_bytes
from resnet.text import Message
from resnet.weights.find import REPOSITORY, HubName
from resnet.weights.folder import CARD, CONFIG, LAB, PICKLE, REPORT, WEIGHTS, read_config
from resnet.weights.neighbours import NEIGHBOURS
from resnet.weights.transfer import BrokenOffError, Patience, WrongContentError, fetch, is_whole, retry_after

BESIDE = (CONFIG, LAB, REPORT, NEIGHBOURS)  # the weights, in a model folder
TOKEN = re.compile(r"[!-~]{1,1000}")  # what can stand in a request's header
HASH = re.compile(r"[0-9A-Za-z_-]{1,128}")  # what a file or a commit is called by; it becomes a file's name here
FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
BROKEN = (ValueError, TypeError, KeyError, RuntimeError)  # of an answer that is no Hub's, and of hf_xet, which sends
LOOK = 0.2  # seconds between two looks at a file that another process fetches
WINDOW = 5  # seconds over which a speed is measured

Progress = Callable[[int, int], None]  # told (bytes done, bytes in all); what it raises ends the download


@dataclass(frozen=True)
class Source:
    """Where the files of a model lie."""

    model: str  # the name that it was asked for by
    repository: str  # OWNER/NAME
    revision: str = "main"  # branch, tag or commit
    file: str | None = None  # the weights, where they are all that is wanted; None: a model folder
    license: str | None = None  # where it is known beforehand


@dataclass(frozen=True)
class Offer:
    """What there is to know before a download."""

    model: str
    file: str  # the weights
    bytes: int  # of all files together
    cached: bool  # whether they are on this machine already
    license: str | None  # as the Hub abbreviates it; None where none is stated
    endpoint: str


def cached(source: Source) -> Path | None:
    """The file of weights, or the model folder, where it is on this machine."""
    if source.file:
        return _cached(source, source.file)
    config = _cached(source, CONFIG)
    return config.parent if config and {WEIGHTS, PICKLE} & _files(config.parent).keys() else None


def describe(source: Source) -> Offer:
    """What a download would be: one request to the Hub, or none where the model is here. Raises UserError."""
    here = cached(source)
    if here:
        files = _files(here)
        licence = source.license if source.file else read_config(here).license
        size = sum(path.stat().st_size for path in files.values())
        return Offer(source.model, list(files)[-1], size, True, licence, _where())
    with _refusals(source):
        if source.file:
            size = _metadata(source, source.file, source.revision).size
            return Offer(source.model, source.file, size, False, source.license, _where())
        info = _info(source)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings}
        names = _wanted(source, sizes)
        licence = info.card_data.license if info.card_data else None
        licence = licence if isinstance(licence, str) else None
        return Offer(source.model, names[-1], sum(sizes[name] for name in names), False, licence, _where())


def download(source: Source, progress: Progress = lambda done, total: None) -> Path:
    """The file of weights, or the model folder, on this machine: from the cache where it is there, else fetched.

    Every file is checked against the Hub's hash, those of the cache too; a damaged one is fetched anew. No file gets
    its final name before it is whole. Raises UserError saying what was looked for, where, and what to do.
    """
    with _refusals(source):
        here = cached(source)
        if here and all(_is_whole(path) for path in _files(here).values()):
            return here
    try:
        with _refusals(source):
            return _fetch_file(source, progress) if source.file else _fetch_folder(source, progress)
    except UserError as error:
        if here:
            raise UserError("hub_damaged", model=source.model, file=here, reason=error.message) from error
        raise


def config_folder(source: Source) -> Path:
    """A folder with the config.json of a model folder on the Hub, which alone is fetched where it is not here."""
    here = _cached(source, CONFIG)
    if here:
        return here.parent
    with _refusals(source):
        info = _info(source)
        names = [name for name in _wanted(source, {file.rfilename for file in info.siblings}) if name in (CONFIG, LAB)]
        return _Folder(source, info.sha, names, lambda done, total: None).fetch()


class Pace:
    """How fast a transfer is, over its last seconds."""

    def __init__(self) -> None:
        self.seen: deque[tuple[float, int]] = deque()

    def note(self, done: int) -> float:
        """Bytes a second, now that `done` bytes have come."""
        now = time.monotonic()
        self.seen.append((now, done))
        while now - self.seen[0][0] > WINDOW and len(self.seen) > 2:
            self.seen.popleft()
        start, before = self.seen[0]
        return max(0, done - before) / max(now - start, 1e-9) if now > start else 0.0


def push(folder: Path | HubName, repository: str, token: str | None = None, *, private: bool = True) -> str:
    """Send a model folder, as `find` finds it, to OWNER/NAME on the Hub, which is made if need be; its address.

    All files come in one commit, or none does; files that are there beside them stay. token: of somebody who may write
    there; None: that of HF_TOKEN, or of `hf auth login`. It goes to the Hub and nowhere else. private: who may not see
    the owner's repositories does not see this one; a repository that is public already is then left as it is.

    Raises UserError: the folder is none of a model; the name, the token, the Hub or the network will not do.
    """
    if not REPOSITORY.fullmatch(repository):
        raise UserError("push_name_wrong", name=repository)
    if token and not TOKEN.fullmatch(token):
        raise UserError("push_token", endpoint=_where())
    if not (isinstance(folder, Path) and folder.is_dir()):
        raise UserError("push_no_folder", model=folder.name)
    read_config(folder)
    if not (folder / WEIGHTS).is_file():
        raise UserError("weights_absent", folder=folder, files=[WEIGHTS])
    names = (CONFIG, WEIGHTS, CARD, LAB, NEIGHBOURS, REPORT)
    files = [CommitOperationAdd(name, folder / name) for name in names if (folder / name).is_file()]
    api = HfApi(endpoint=_where(), token=token)
    with _push_refusals(repository):
        api.create_repo(repository, private=private, exist_ok=True)
        if private and not api.model_info(repository).private:
            raise UserError("push_public", name=repository, endpoint=_where())
        api.create_commit(repository, files, commit_message="Model of ResNet Lab")
    return f"{_where()}/{repository}"


# what is on this machine


def _cached(source: Source, name: str) -> Path | None:
    found = try_to_load_from_cache(source.repository, name, constants.HF_HUB_CACHE, source.revision)
    return Path(found) if isinstance(found, str) else None


def _files(here: Path) -> dict[str, Path]:
    """Those of a model's files that are in the cache, by name."""
    if here.is_file():
        return {here.name: here}
    return {name: here / name for name in (*BESIDE, WEIGHTS, PICKLE) if (here / name).is_file()}


def _is_whole(path: Path) -> bool:
    """Whether a file of the cache has the content that it is named by; where it is no link, it is not named so."""
    return is_whole(path, Path(os.readlink(path)).name) if path.is_symlink() else True


def _storage(source: Source) -> Path:
    return Path(constants.HF_HUB_CACHE) / f"models--{source.repository.replace('/', '--')}"


# what is on the Hub


def _where() -> str:
    return constants.ENDPOINT


def _metadata(source: Source, name: str, revision: str) -> HfFileMetadata:
    """Size, hash and commit of a file; UserError where what answers is no Hub."""
    url = hf_hub_url(source.repository, name, revision=revision)
    found = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    if found.size is None or not all(HASH.fullmatch(name or "") for name in (found.etag, found.commit_hash)):
        raise UserError("hub_foreign", model=source.model, endpoint=_where())
    return found


def _info(source: Source) -> ModelInfo:
    """Files, licence and commit of a repository; UserError where what answers is no Hub."""
    try:
        found = HfApi(endpoint=_where()).model_info(
            source.repository,
            revision=source.revision,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
            files_metadata=True,
        )
        if HASH.fullmatch(found.sha) and found.siblings is not None:
            return found
    except (ValueError, TypeError, KeyError, AttributeError):  # no JSON, or JSON of something else
        pass
    raise UserError("hub_foreign", model=source.model, endpoint=_where())


def _wanted(source: Source, names: set[str] | dict[str, int]) -> list[str]:
    """Those of a repository's files that make a model folder, the weights last."""
    weights = WEIGHTS if WEIGHTS in names else PICKLE
    if CONFIG not in names or weights not in names:
        absent = CONFIG if CONFIG not in names else WEIGHTS
        raise UserError("hub_no_file", model=source.model, endpoint=_where(), file=absent)
    return [*(name for name in BESIDE if name in names), weights]


# fetching


def _fetch_file(source: Source, progress: Progress) -> Path:
    folder = _Folder(source, source.revision, [source.file], progress)
    return folder.fetch() / source.file


def _fetch_folder(source: Source, progress: Progress) -> Path:
    """All of one commit; what its config says is checked before the weights come."""
    info = Patience(lambda: progress(0, 0)).ask(lambda: _info(source))
    *small, weights = _wanted(source, {file.rfilename for file in info.siblings})
    read_config(_Folder(source, info.sha, small, progress).fetch())
    return _Folder(source, info.sha, [*small, weights], progress).fetch()


class _Folder:
    """Some files of one revision, to be laid into the cache."""

    def __init__(self, source: Source, revision: str, names: list[str], progress: Progress) -> None:
        self.source, self.revision, self.names, self.progress = source, revision, names, progress
        self.storage = _storage(source)
        self.before = self.total = 0  # bytes of the files before the present one, and of all

    def fetch(self) -> Path:
        """The folder in which they lie. The revision counts as known once all of them do."""
        patience = Patience(lambda: self.progress(0, 0))
        found = {
            name: patience.ask(lambda name=name: _metadata(self.source, name, self.revision)) for name in self.names
        }
        commit = next(iter(found.values())).commit_hash
        self.total = sum(file.size for file in found.values())
        folder = self.storage / "snapshots" / commit
        for name, file in found.items():
            blob = self.storage / "blobs" / file.etag
            self._bring(name, blob, file)
            if not (folder / name).is_file() or not _is_whole(folder / name):
                _link(folder / name, blob)
            self.before += file.size
        if self.source.revision != commit:
            ref = self.storage / "refs" / self.source.revision
            ref.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(ref, commit.encode())
        return folder

    def _bring(self, name: str, blob: Path, file: HfFileMetadata) -> None:
        """The content of a file to where it belongs, unless it is there; one process fetches, others wait for it."""
        blob.parent.mkdir(parents=True, exist_ok=True)
        lock = self.storage.parent / ".locks" / self.storage.name / f"{file.etag}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            while not _entered(stack, lock):
                self._note(_length(blob.with_name(f"{blob.name}.incomplete")))
            if blob.is_file() and is_whole(blob, file.etag):
                return
            _check_room(self.source, blob.parent, file.size)
            url = hf_hub_url(self.source.repository, name, revision=self.revision)
            fetch(url, blob, file.size, file.etag, self._note)

    def _note(self, done: int) -> None:
        self.progress(self.before + done, self.total)


def _entered(stack: contextlib.ExitStack, lock: Path) -> bool:
    """Take a lock for as long as `stack` is open; False where another has it."""
    try:
        stack.enter_context(WeakFileLock(lock, timeout=LOOK))
    except TimeoutError:
        return False
    return True


def _link(path: Path, blob: Path) -> None:
    """Give a file of a snapshot its content; where links cannot be made (Windows, as a rule), the content itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(path) as temporary:
            temporary.symlink_to(os.path.relpath(blob, path.parent))
    except OSError:
        os.replace(blob, path)


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_room(source: Source, folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size:
        where = {"endpoint": _where(), "cache": constants.HF_HUB_CACHE}
        raise UserError("hub_disk", model=source.model, size=_megabytes(size), **where)


# what can go wrong


@contextlib.contextmanager
def _refusals(source: Source) -> Iterator[None]:
    """Whatever the Hub, the network or this machine's disk refuses becomes a UserError."""
    try:
        yield
    except (HTTPError, OSError, BrokenOffError, WrongContentError) as error:
        key, values = _reason(error)
        where = {"model": source.model, "revision": source.revision, "endpoint": _where()}
        raise UserError(key, **{**where, "cache": constants.HF_HUB_CACHE, **values}) from error


@contextlib.contextmanager
def _push_refusals(repository: str) -> Iterator[None]:
    """Whatever the Hub or the network refuses of what is sent becomes a UserError; no word of it is the Hub's own."""
    try:
        yield
    except (HTTPError, OfflineModeIsEnabled, *BROKEN) as error:
        key, values = _push_reason(error)
        raise UserError(key, name=repository, **{"endpoint": _where(), **values}) from error


def _push_reason(error: Exception) -> tuple[str, dict]:
    if isinstance(error, OfflineModeIsEnabled):
        return "push_offline", {}
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        known = {401: "push_token", 403: "push_forbidden", 404: "push_forbidden", 429: "push_busy"}
        return known.get(status, "push_down" if status >= 500 else "push_refused"), {"status": status}
    if isinstance(error, HTTPError):
        return "push_unreachable", {"endpoint": _host(error), "reason": _network(error)}
    return "push_broken", {}


def _reason(error: Exception) -> tuple[str, dict]:
    """The sentence for a failure, and what only it knows."""
    if isinstance(error, OfflineModeIsEnabled):
        return "hub_offline", {}
    if isinstance(error, HfHubHTTPError):
        return _answer(error)
    if isinstance(error, HTTPError):
        return "hub_unreachable", {"endpoint": _host(error), "reason": _network(error)}
    if isinstance(error, BrokenOffError):
        done, size = _megabytes(error.done), _megabytes(error.size)
        reason = _network(error.__cause__) if error.__cause__ else Message("hub_because_slow")
        return "hub_broken_off", {"endpoint": _host(error.__cause__), "done": done, "size": size, "reason": reason}
    if isinstance(error, WrongContentError):
        return "hub_wrong", {}
    if error.errno in FULL:
        return "hub_full", {"reason": error.strerror}
    return "hub_cache", {"reason": error.strerror or error, "path": error.filename or constants.HF_HUB_CACHE}


def _answer(error: HfHubHTTPError) -> tuple[str, dict]:
    """The sentence for a refusal of the Hub's."""
    status, signed = error.response.status_code, "authorization" in error.response.request.headers
    if isinstance(error, RevisionNotFoundError):
        return "hub_no_revision", {}
    if isinstance(error, EntryNotFoundError):
        return "hub_no_file", {"file": str(error.response.request.url.path).rpartition("/")[2]}
    if status == 403 or (isinstance(error, GatedRepoError) and signed):
        return "hub_forbidden", {}
    if isinstance(error, GatedRepoError):
        return "hub_gated", {}
    if isinstance(error, RepositoryNotFoundError) or status == 404:
        return "hub_missing", {}
    if status == 401:
        return ("hub_token" if signed else "hub_gated"), {}
    if status == 429:
        seconds = retry_after(error)
        return ("hub_busy", {"seconds": round(seconds)}) if seconds else ("hub_busy_long", {})
    return ("hub_down" if status >= 500 else "hub_refused"), {"status": status}


def _host(error: BaseException | None) -> str:
    """The address that was asked: the Hub's, or that of the server to which it sends for large files."""
    request = getattr(error, "_request", None)
    return f"{request.url.scheme}://{request.url.netloc.decode('ascii')}" if request is not None else _where()


def _network(error: BaseException | None) -> Message:
    """Why there was no answer, as far as the causes of an error tell."""
    kinds = {socket.gaierror: "name", ssl.SSLError: "tls", ConnectionRefusedError: "refused", TimeoutError: "timeout"}
    while error:
        for kind, name in kinds.items():
            if isinstance(error, kind):
                return Message(f"hub_because_{name}")
        error = error.__cause__ or error.__context__
    return Message("hub_because_broken")


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e6:.2g} MB"
