"""Serving the page: who may reach it, what is limited, how it starts and ends."""

import argparse
import contextlib
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import gradio as gr
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from resnet import jobs
from resnet.errors import UserError
from resnet.store import Store
from resnet.text import say
from resnet.ui import theme
from resnet.ui.page import build
from resnet.ui.service import Service

UPLOAD = {"local": "4gb", "hosted": "20mb"}  # per file
WAITING = 64  # requests in the queue; more are turned away with a sentence
SESSIONS = 2000  # visitors whose state is kept
FIRST_PORT, PORTS = 7860, 20
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def mode(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """local or hosted: as asked for, else hosted where strangers may come: on a Space, or beyond this machine."""
    asked = arguments.mode or environment.get("RESNET_MODE")
    if asked in ("local", "hosted"):
        return asked
    if asked:
        raise UserError("not_one_of", field="RESNET_MODE", value=asked, allowed=["local", "hosted"])
    beyond = arguments.share or not is_loopback(host(arguments, environment))
    open_door = bool(environment.get("SPACE_ID")) or (beyond and not arguments.auth)
    return "hosted" if open_door else "local"


def host(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str:
    everywhere = "0.0.0.0" if environment.get("SPACE_ID") else "127.0.0.1"
    return arguments.host or environment.get("GRADIO_SERVER_NAME") or everywhere


def is_loopback(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost"


def free_port(name: str, wanted: int | None) -> int:
    """The wanted port, or the first free one from 7860 on; UserError where it is taken."""
    for port in [wanted] if wanted is not None else range(FIRST_PORT, FIRST_PORT + PORTS):
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
            with contextlib.suppress(OSError):
                probe.bind((name, port))
                return port
    if wanted is not None:
        raise UserError("port_taken", port=wanted)
    raise UserError("ports_taken", first=FIRST_PORT, last=FIRST_PORT + PORTS - 1)


class SameOrigin:
    """Requests that another web site makes a visitor's browser send are refused, before any of their bytes is kept.

    A browser names the page that sends (Origin); programs do not. What only reads is left to Gradio's own rules.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            hosts = {headers.get("host"), headers.get("x-forwarded-host")} - {None}
            if origin is not None and urlsplit(origin).netloc not in hosts:
                await PlainTextResponse(say("foreign_origin"), 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def serve(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or SIGTERM; the runs that this process started are then stopped, and saved."""
    try:
        chosen = mode(arguments, os.environ)
        name = host(arguments, os.environ)
        port = free_port(name, arguments.port or _number(os.environ.get("GRADIO_SERVER_PORT")))
        login = _login(arguments.auth)
    except UserError as problem:
        print(problem, file=sys.stderr)
        return 1
    service = Service(Store.open(), hosted=chosen == "hosted")
    demo = build(service).queue(max_size=WAITING, default_concurrency_limit=4)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        launch(demo, chosen, server_name=name, server_port=port, share=arguments.share, auth=login)
        print(f"ResNet Lab ({chosen}): {demo.share_url or demo.local_url}", flush=True)
        threading.Timer(1.0, service.warm_up).start()
        threading.Event().wait()
    except KeyboardInterrupt:
        jobs.shutdown()
        demo.close(verbose=False)
    return 0


def launch(demo: gr.Blocks, chosen: str, **where: object) -> None:
    """Gradio's launch with this project's settings; returns when the page is being served."""
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
        app_kwargs={"middleware": [Middleware(SameOrigin)]},
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
