"""A Hub on this machine, small: answers what huggingface_hub asks for one file."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve(files: dict[str, bytes], status: int = 404) -> Iterator[str]:
    """Serve `files`, by "OWNER/NAME/FILE", at the address given back; everything else is answered with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body: bool) -> None:
            content = files.get(self.path.lstrip("/").replace("resolve/main/", ""))
            if content is None:
                self.send_response(status)
                self.send_header("X-Error-Code", {404: "RepoNotFound", 401: "RepoNotFound"}.get(status, ""))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
