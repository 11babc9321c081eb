"""A Hub on this machine, small and honest: one port for the Hub, one for the CDN to which it sends for large files.

It answers what huggingface_hub asks for one model: its record, and HEAD and GET of its files with ranges, in the form
of huggingface.co; and it takes models, as that does: a repository, large files to their storage, a commit. Each way in
which the real one fails has a switch in `Faults`.
"""

import base64
import contextlib
import functools
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin")  # kept in large file storage, and served by the CDN
PIECE = 1 << 16  # bytes sent at once
PORTAL = b"<!doctype html><title>Log in to the network of this train</title>"


@dataclass
class Faults:
    """What is wrong with the Hub; by default nothing."""

    status: int = 0  # answered in place of an answer
    code: str = ""  # X-Error-Code of it
    headers: dict[str, str] = field(default_factory=dict)  # of it, such as Retry-After
    on: tuple[str, ...] = ("HEAD", "GET", "API")  # what is answered so: the files' HEAD, their GET, the model's record
    times: float = float("inf")  # how often; then all is well
    portal: tuple[str, ...] = ()  # what is answered with a login page
    token: str = ""  # the model is gated: given to the owner of this token alone
    invalid: bool = False  # all tokens are
    break_at: int | None = None  # bytes of an answer after which the connection ends
    breaks: float = float("inf")  # how often
    reset: bool = False  # the connection ends as when a cable is pulled, not in good order
    stall_at: int | None = None  # bytes of an answer after which nothing more comes
    speed: float = float("inf")  # bytes per second
    corrupt: bool = False  # the content is not what was announced
    cut: int = 0  # bytes that the content is shorter than announced
    ranges: bool = True  # a part of a file can be had
    announced: int | None = None  # bytes that a large file is said to have
    plain: bool = False  # no CDN: the Hub sends large files itself
    anonymous: bool = False  # no hash and no commit in the headers


class Hub:
    """The files of models by "OWNER/NAME/FILE"; `requests` keeps what was asked: (method, path, headers)."""

    def __init__(
        self,
        files: dict[str, bytes],
        license: str | None = None,
        writers: dict[str, str] | None = None,
        **faults: object,
    ) -> None:
        """writers: token -> the user whose repositories its owner may make and write to."""
        self.files, self.license, self.faults = files, license, Faults(**faults)
        self.writers, self.made, self.stored = writers or {}, {}, {}  # made: OWNER/NAME -> "private" or "public"
        self.revisions = {"main": COMMIT}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.over = threading.Event()
        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), type(name, (_Answer,), {"hub": self})) for name in "hc"]
        self.endpoint, self.cdn = (f"http://127.0.0.1:{server.server_port}" for server in self.servers)

    def __enter__(self) -> "Hub":
        self.threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in self.servers]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for server, thread in zip(self.servers, self.threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()

    def asked(self, method: str) -> list[tuple[str, dict[str, str]]]:
        return [(path, headers) for asked, path, headers in self.requests if asked == method]


@contextlib.contextmanager
def serve(files: dict[str, bytes], **settings: object) -> Iterator[Hub]:
    with Hub(files, **settings) as hub:
        yield hub


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@functools.cache
def etag(name: str, content: bytes) -> str:
    """As the Hub has it: SHA-256 for large file storage, Git's own hash otherwise."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Answer(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_GET(self) -> None:
        self._answer("API" if self.path.startswith("/api/") else "GET")

    def do_POST(self) -> None:
        body = self._sent()
        hub, path = self.hub, unquote(urlsplit(self.path).path).strip("/")
        hub.requests.append(("POST", path, {name.lower(): value for name, value in self.headers.items()}))
        if hub.faults.status and "POST" in hub.faults.on:
            return self._refuse(hub.faults.status)
        if "POST" in hub.faults.portal:
            return self._send(200, PORTAL, {"Content-Type": "text/html"})
        if self._token() not in hub.writers:
            return self._refuse(401)
        if path == "api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if path == "api/repos/create":
            return self._make(json.loads(body))
        repository = path.removeprefix("api/models/").split(".git/")[0]
        repository = "/".join(repository.split("/")[:2])
        if not self._may_write(repository):
            return self._refuse(403)
        if "/preupload/" in path:
            return self._json({"files": [self._mode(file) for file in json.loads(body)["files"]]})
        if path.endswith("/info/lfs/objects/batch"):
            return self._json({"transfer": "basic", "objects": list(map(self._place, json.loads(body)["objects"]))})
        self._commit_files(repository, [json.loads(line) for line in body.splitlines()])

    def do_PUT(self) -> None:
        """A large file, to the place that was named for it; it must be what was announced."""
        body, oid = self._sent(), self.path.rpartition("/")[2]
        if hashlib.sha256(body).hexdigest() != oid:
            return self._refuse(400)
        self.hub.stored[oid] = body
        self._json({})

    def _make(self, wanted: dict) -> None:
        repository = f"{wanted['organization']}/{wanted['name']}"
        if not self._may_write(repository):
            return self._refuse(403)
        if repository in self.hub.made or any(name.startswith(f"{repository}/") for name in self.hub.files):
            return self._json({"error": "made before", "url": f"{self.hub.endpoint}/{repository}"}, 409)
        self.hub.made[repository] = wanted["visibility"]
        self._json({"url": f"{self.hub.endpoint}/{repository}"})

    def _may_write(self, repository: str) -> bool:
        return repository.split("/")[0] == self.hub.writers.get(self._token())

    def _mode(self, file: dict) -> dict:
        mode = "lfs" if _large(file["path"]) else "regular"
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}

    def _place(self, file: dict) -> dict:
        return {**file, "actions": {"upload": {"href": f"{self.hub.cdn}/lfs/{file['oid']}"}}}

    def _commit_files(self, repository: str, lines: list[dict]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.hub.files[f"{repository}/{value['path']}"] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.hub.files[f"{repository}/{value['path']}"] = self.hub.stored[value["oid"]]
        self._json({"success": True, "commitOid": COMMIT, "commitUrl": f"{self.hub.endpoint}/{repository}"})

    def _sent(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _json(self, answer: dict, status: int = 200) -> None:
        self._send(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _hidden(self, repository: str) -> bool:
        return self.hub.made.get(repository) == "private" and not self._may_write(repository)

    def _answer(self, kind: str) -> None:
        hub, faults, path = self.hub, self.hub.faults, unquote(urlsplit(self.path).path).strip("/")
        hub.requests.append((kind, path, {name.lower(): value for name, value in self.headers.items()}))
        if kind in faults.portal:
            return self._send(200, PORTAL, {"Content-Type": "text/html"})
        if faults.status and kind in faults.on and faults.times > 0:
            faults.times -= 1
            return self._refuse(faults.status, faults.code, faults.headers)
        if kind == "API":
            return self._record(path.removeprefix("api/models/"))
        if path.startswith("cdn/"):
            return self._content(hub.files[path.removeprefix("cdn/")])
        self._file(*path.partition("/resolve/")[::2])

    def _record(self, path: str) -> None:
        repository, _, revision = path.partition("/revision/")
        files = {name.removeprefix(f"{repository}/"): content for name, content in self.hub.files.items()}
        there = repository in self.hub.made or any(name.startswith(f"{repository}/") for name in self.hub.files)
        if not there or self._hidden(repository):
            return self._refuse(404, "RepoNotFound")
        commit = self._commit(revision or "main")
        if not commit:
            return self._refuse(404, "RevisionNotFound")
        siblings = [
            {"rfilename": name, "size": len(content), "blobId": etag("", content)}
            | ({"lfs": {"sha256": etag(name, content), "size": len(content), "pointerSize": 1}} if _large(name) else {})
            for name, content in files.items()
        ]
        card = {"cardData": {"license": self.hub.license}} if self.hub.license else {}
        private = self.hub.made.get(repository) == "private"
        record = {"id": repository, "sha": commit, "siblings": siblings, "private": private, **card}
        self._send(200, json.dumps({**record, "gated": bool(self.hub.faults.token)}).encode())

    def _file(self, repository: str, place: str) -> None:
        """An answer to OWNER/NAME/resolve/REVISION/FILE."""
        revision, _, name = place.rpartition("/")
        hub, faults = self.hub, self.hub.faults
        if not any(path.startswith(f"{repository}/") for path in hub.files) or self._hidden(repository):
            return self._refuse(404 if self._token() else 401, "RepoNotFound")
        if faults.invalid and self._token():
            return self._refuse(401, "", {"X-Error-Message": "Invalid credentials in Authorization header"})
        if faults.token and self._token() != faults.token:
            return self._refuse(403 if self._token() else 401, "GatedRepo")
        commit = self._commit(revision)
        if not commit:
            return self._refuse(404, "RevisionNotFound")
        content = hub.files.get(f"{repository}/{name}")
        if content is None:
            return self._refuse(404, "EntryNotFound", {"X-Repo-Commit": commit})
        known = {} if faults.anonymous else {"X-Repo-Commit": commit}
        if not _large(name) or faults.plain:
            tag = {} if faults.anonymous else {"ETag": f'"{etag(name, content)}"'}
            return self._content(content, {**known, **tag})
        known |= {
            "X-Linked-Size": str(faults.announced or len(content)),
            "Location": f"{hub.cdn}/cdn/{repository}/{name}",
        }
        self._send(302, b"", {**known, **({} if faults.anonymous else {"X-Linked-ETag": f'"{etag(name, content)}"'})})

    def _content(self, content: bytes, headers: dict[str, str] | None = None) -> None:
        """The bytes of a file, or those that were asked for, with all that goes wrong on the way."""
        faults, size, wanted = self.hub.faults, len(content), self.headers.get("Range", "")
        if self.command == "GET":
            content = content[: size - faults.cut]
            content = bytes(reversed(content)) if faults.corrupt else content
        if not (faults.ranges and wanted):
            return self._send(200, content, headers)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self._send(206, content[start:], {**(headers or {}), "Content-Range": f"bytes {start}-{size - 1}/{size}"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):  # the other side has had enough
                self._body(body)

    def _body(self, body: bytes) -> None:
        faults, sent = self.hub.faults, 0
        broken = faults.break_at is not None and faults.breaks > 0 and len(body) > faults.break_at
        end = faults.break_at if broken else len(body)
        stop = len(body) if faults.stall_at is None else faults.stall_at
        while sent < end:
            if sent >= stop:
                self.hub.over.wait()
                return
            piece = body[sent : min(sent + PIECE, end, max(stop, sent + 1))][: int(min(faults.speed / 20 + 1, PIECE))]
            self.wfile.write(piece)
            sent += len(piece)
            if faults.speed < float("inf"):
                time.sleep(len(piece) / faults.speed)
        if broken:
            faults.breaks -= 1
            self._break()

    def _break(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        if self.hub.faults.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _refuse(self, status: int, code: str = "", headers: dict[str, str] | None = None) -> None:
        self._send(status, b"", {**({"X-Error-Code": code} if code else {}), **(headers or {})})

    def _commit(self, revision: str) -> str | None:
        commits = self.hub.revisions
        return commits.get(revision) or (revision if revision in commits.values() else None)

    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def log_message(self, *_: object) -> None:
        pass


def _large(name: str) -> bool:
    return name.endswith(LARGE)
