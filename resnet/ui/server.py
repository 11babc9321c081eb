"""Serving the page: who may reach it, what is limited, how it starts and ends."""

import argparse
import contextlib
import errno
import ipaddress
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import gradio as gr
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from resnet import jobs
from resnet.errors import UserError
from resnet.store import Store
from resnet.text import say
from resnet.ui import theme
from resnet.ui.news import News
from resnet.ui.page import CACHE_SECONDS, build
from resnet.ui.service import Service

UPLOAD = {"local": "4gb", "hosted": "20mb"}  # per file
# Seconds between two looks of Gradio's queue, for what waits and for progress. Its own 0.001 and 0.01 take a twelfth of
# a core while nothing happens.
LOOK, LOOK_FOR_PROGRESS = 0.02, 0.1
WAITING = 64  # requests in the queue; more are turned away with a sentence
SESSIONS = 2000  # visitors whose state is kept
FIRST_PORT, PORTS = 7860, 20
PORT_RANGE = (1, 65535)


def mode(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """local or hosted: as asked for, else hosted where strangers may come: on a Space, or beyond this machine."""
    asked = arguments.mode or environment.get("RESNET_MODE")
    if asked in ("local", "hosted"):
        return asked
    if asked:
        raise UserError("not_one_of", field="RESNET_MODE", value=asked, allowed=["local", "hosted"])
    open_door = bool(environment.get("SPACE_ID")) or (is_beyond(arguments, environment) and not arguments.auth)
    return "hosted" if open_door else "local"


def is_beyond(arguments: argparse.Namespace, environment: Mapping[str, str]) -> bool:
    """Whether other machines reach the app."""
    return arguments.share or not is_loopback(host(arguments, environment))


def host(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str:
    everywhere = "0.0.0.0" if environment.get("SPACE_ID") else "127.0.0.1"
    return arguments.host or environment.get("GRADIO_SERVER_NAME") or everywhere


def is_loopback(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost"


def free_port(name: str, wanted: int | None) -> int:
    """The wanted port, or the first free one from 7860 on; UserError where it is taken, or cannot be had."""
    low, high = PORT_RANGE
    if wanted is not None and not low <= wanted <= high:
        raise UserError("out_of_range_whole", field="--port", value=wanted, low=low, high=high)
    for port in [wanted] if wanted is not None else range(FIRST_PORT, FIRST_PORT + PORTS):
        if _is_free(name, port):
            return port
    if wanted is not None:
        raise UserError("port_taken", port=wanted)
    raise UserError("ports_taken", first=FIRST_PORT, last=FIRST_PORT + PORTS - 1)


def _is_free(name: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
        try:
            probe.bind((name, port))
        except (OSError, UnicodeError) as error:  # the latter: no name of a host at all
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                return False
            reason = getattr(error, "strerror", None) or error
            raise UserError("host_refused", host=name, port=port, reason=reason) from error
    return True


def prepare(store: Store) -> None:
    """Make the workspace's folder of uploads, and delete what killed apps left: unpacked files, day-old uploads.

    Newer uploads stay: another app may be at work with them.
    """
    uploads = store.uploads
    try:
        uploads.mkdir(parents=True, exist_ok=True)
        store.clean()
    except OSError as error:
        raise UserError("home_refused", path=store.root, reason=error.strerror) from error
    for entry in uploads.iterdir():
        with contextlib.suppress(OSError):  # deleted meanwhile
            if time.time() - max(path.lstat().st_mtime for path in (entry, *entry.rglob("*"))) > CACHE_SECONDS:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


class Door:
    """Requests that another web site makes a visitor's browser send are refused, before any of their bytes is kept.

    A browser names the page that sends (Origin); programs do not. What only reads is left to Gradio's own rules.
    An app of this machine alone also wants its own address in Host: a foreign name that was made to lead here
    (DNS rebinding) would count as the same origin.

    alone: nobody but this machine reaches the app.
    proxied: a proxy that can be trusted stands before it, and says in X-Forwarded-Host what the visitor asked for.
    """

    def __init__(self, app: ASGIApp, alone: bool, proxied: bool) -> None:
        self.app, self.alone, self.proxied = app, alone, proxied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope["method"], Headers(scope=scope)) if scope["type"] == "http" else None
        await (PlainTextResponse(say(refusal), 403) if refusal else self.app)(scope, receive, send)

    def _refusal(self, method: str, headers: Mapping[str, str]) -> str | None:
        """The sentence's key where the request is refused."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.alone and not is_loopback(_name(host)):
            return "foreign_host"
        own = {host, headers.get("x-forwarded-host") if self.proxied else host}
        if method not in ("GET", "HEAD") and origin is not None and urlsplit(origin).netloc not in own:
            return "foreign_origin"
        return None


def _name(host: str) -> str:
    """localhost:7860 -> localhost, [::1]:7860 -> ::1; "" for what is no host."""
    with contextlib.suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


def serve(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or SIGTERM; the runs that this process started are then stopped, and saved."""
    store, wanted = Store.open(), arguments.port
    try:
        chosen, beyond = mode(arguments, os.environ), is_beyond(arguments, os.environ)
        name = host(arguments, os.environ)
        port = free_port(name, _number(os.environ.get("GRADIO_SERVER_PORT")) if wanted is None else wanted)
        login = _login(arguments.auth)
        prepare(store)
    except UserError as problem:
        print(problem, file=sys.stderr)
        return 1
    service = Service(store, reach="remote" if chosen == "local" and beyond else chosen)
    demo = build(service).queue(max_size=WAITING, default_concurrency_limit=4)
    demo._queue.sleep_when_free, demo._queue.progress_update_sleep_when_free = LOOK, LOOK_FOR_PROGRESS
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        routes = [] if service.hosted else [News(service).route()]
        door = {"alone": not beyond, "proxied": bool(os.environ.get("SPACE_ID"))}
        launch(demo, chosen, door, routes, server_name=name, server_port=port, share=arguments.share, auth=login)
        print(f"ResNet Lab ({chosen}): {demo.share_url or demo.local_url}", flush=True)
        threading.Timer(1.0, service.models.warm_up).start()
        threading.Event().wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the runs are being saved
        jobs.shutdown()
        demo.close(verbose=False)
    return 0


def launch(demo: gr.Blocks, chosen: str, door: dict[str, bool], routes: list[Route], **where: object) -> None:
    """Gradio's launch with this project's settings, and `routes` before its own; returns when the page is served."""

    @contextlib.asynccontextmanager
    async def guarded(app: FastAPI) -> AsyncIterator[None]:
        """Before the first request: the door around everything, Gradio's own answers to OPTIONS included."""
        app.middleware_stack = Door(app.middleware_stack, **door)
        yield

    demo.launch(
        prevent_thread_lock=True,
        quiet=True,
        show_error=False,
        max_file_size=UPLOAD[chosen],
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        state_session_capacity=SESSIONS,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        favicon_path=theme.FAVICON,
        theme=theme.theme(),
        css_paths=theme.CSS,
        head=theme.SCRIPT,
        app_kwargs={"lifespan": guarded, "routes": routes},
        **where,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _login(given: str | None) -> tuple[str, str] | None:
    """USER:PASSWORD as Gradio takes it."""
    if given is None:
        return None
    user, colon, password = given.partition(":")
    if not (user and colon and password):
        raise UserError("auth_form")
    return user, password


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
