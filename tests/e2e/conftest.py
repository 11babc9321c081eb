"""A really started app, and a browser to visit it with."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from resnet.predictor import built
from resnet.store import PROJECT, Store
from resnet.weights.find import default_model
from tests.processes import free_port
from tests.waiting import until

# The first is Debian's package of this name: the same without what only windows need, so that a page costs it less.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
expect.set_options(timeout=60_000)  # ms: a machine may be busy


@dataclass
class App:
    """An app at work: its address, its workspace, its process."""

    address: str
    store: Store
    process: subprocess.Popen

    def end(self) -> None:
        """As Ctrl-C does: the runs that it started are stopped and saved."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model's engine, built once for all apps."""
    store = Store.open(tmp_path_factory.mktemp("engines"))
    built.build(default_model(), store)
    return built.folder(store)


@contextlib.contextmanager
def serving(factory: pytest.TempPathFactory, engines: Path) -> Iterator[Callable[..., App]]:
    """start(mode="local", home=None, port=None, ready=False): serve the page.

    home: where none is given, an empty workspace. ready: with a worker that waits for the next run, which costs the
    machine a few seconds.
    """
    apps = []

    def start(mode: str = "local", home: Path | None = None, port: int | None = None, ready: bool = False) -> App:
        home, port = home or factory.mktemp("home"), port or free_port()
        shutil.copytree(engines, home / "engines", dirs_exist_ok=True)
        words = [sys.executable, "-m", "tests.hasty", *(["--ready"] if ready else []), "app.py"]
        words += ["--port", str(port), "--mode", mode, "--home", str(home)]
        log = open(home.with_suffix(".log"), "ab")  # noqa: SIM115 (the process keeps it)
        process = subprocess.Popen(words, cwd=PROJECT, env={**os.environ, "CI": ""}, stdout=log, stderr=log)
        app = App(f"http://127.0.0.1:{port}", Store.open(home), process)
        apps.append(app)
        until(lambda: answers(app), 120)
        return app

    yield start
    for app in apps:
        app.end()


@pytest.fixture
def start_app(tmp_path_factory: pytest.TempPathFactory, engines: Path) -> Iterator[Callable[..., App]]:
    """As `serving` says, for one test."""
    with serving(tmp_path_factory, engines) as start:
        yield start


@pytest.fixture(scope="module")
def start_apps(tmp_path_factory: pytest.TempPathFactory, engines: Path) -> Iterator[Callable[..., App]]:
    """The same for all tests of a file."""
    with serving(tmp_path_factory, engines) as start:
        yield start


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, engines: Path) -> Iterator[App]:
    with serving(tmp_path_factory, engines) as start:
        yield start(ready=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        assert not os.environ.get("CI"), "no Chromium: CI must not skip the browser's tests"
        pytest.skip("no Chromium here: install Debian's package chromium, or Chrome")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        flags += ["--disable-component-update", "--disable-sync", "--disable-quic"]
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=flags)


@pytest.fixture
def page(browser: Browser, start_app: Callable[..., App]) -> Iterator[Page]:
    """A new visitor, who leaves before the apps of the test end; it fails if the page's own script threw an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", accept_downloads=True)
    context.set_default_timeout(60_000)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


def answers(app: App) -> bool:
    try:
        return urllib.request.urlopen(app.address, timeout=5).status == 200
    except OSError:
        assert app.process.poll() is None, "the app ended"
        return False
