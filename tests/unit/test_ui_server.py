"""The app as it is served: endpoints over HTTP, foreign origins, modes, a taken port."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import app as app_file
from resnet.errors import UserError
from resnet.store import PROJECT, Store, new_id
from resnet.ui import server
from resnet.views import commands
from resnet.weights.find import default_model

GOLF_BALL = next((PROJECT / "resnet/ui/assets/examples").glob("golf-ball*"))
PATIENCE = 60  # seconds for the app to come up on a busy machine


def arguments(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"host": None, "port": None, "share": False, "auth": None, "mode": None, **given})


@pytest.mark.parametrize(
    ("given", "environment", "mode"),
    [
        ({}, {}, "local"),
        ({}, {"SPACE_ID": "me/lab"}, "hosted"),
        ({"host": "0.0.0.0"}, {}, "hosted"),
        ({"host": "0.0.0.0", "auth": "me:x"}, {}, "local"),
        ({"host": "::1"}, {}, "local"),
        ({"share": True}, {}, "hosted"),
        ({}, {"GRADIO_SERVER_NAME": "0.0.0.0"}, "hosted"),
        ({"host": "0.0.0.0", "mode": "local"}, {}, "local"),
        ({}, {"RESNET_MODE": "hosted"}, "hosted"),
    ],
)
def test_hosted_is_the_default_where_strangers_may_come(given: dict, environment: dict, mode: str) -> None:
    assert server.mode(arguments(**given), environment) == mode


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UserError, match="RESNET_MODE is open"):
        server.mode(arguments(), {"RESNET_MODE": "open"})


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A really started local app: its address, its workspace."""
    home = tmp_path_factory.mktemp("home")
    port = server.free_port("127.0.0.1", None)
    with _started(port, home) as address:
        yield address, home


class _started:
    def __init__(self, port: int, home: Path, *words: str) -> None:
        self.port, self.address = port, f"http://127.0.0.1:{port}"
        command = [sys.executable, "app.py", "--port", str(port), "--home", str(home), *words]
        self.process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self.address
            time.sleep(0.1)
        raise AssertionError(f"the app did not start: {self.process.stdout.read()}")

    def __exit__(self, *_: object) -> None:
        for _ in range(2):  # an impatient user's second signal changes nothing
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        self.output, _ = self.process.communicate(timeout=30)


def test_the_first_page_and_its_icon_are_served(app: tuple[str, Path]) -> None:
    address, _ = app
    assert "ResNet Lab" in httpx.get(address).text
    assert httpx.get(f"{address}/favicon.ico").headers["content-type"].startswith("image/svg")
    assert httpx.get(f"{address}/monitoring/summary").status_code >= 400


def test_a_preflight_of_another_site_and_a_foreign_name_for_this_machine_are_refused(app: tuple[str, Path]) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert httpx.options(f"{app[0]}/gradio_api/queue/join", headers=asked).status_code == 403
    assert httpx.get(app[0], headers={"Host": "rebound.example:7860"}).status_code == 403
    forwarded = {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}
    assert httpx.post(f"{app[0]}/gradio_api/upload", headers=forwarded).status_code == 403


@pytest.mark.parametrize(
    ("door", "headers", "refusal"),
    [
        ({}, {"host": "localhost:7860"}, None),
        ({}, {"host": "[::1]:7860", "origin": "http://[::1]:7860"}, None),
        ({}, {"host": "127.0.0.1.evil.example"}, "foreign_host"),
        ({}, {"host": "[bad"}, "foreign_host"),
        ({}, {}, "foreign_host"),
        ({"alone": False}, {"host": "lab.example", "origin": "https://lab.example"}, None),
        ({"alone": False}, {"host": "lab.example", "origin": "https://evil.example"}, "foreign_origin"),
        ({"alone": False}, {"host": "in", "x-forwarded-host": "a", "origin": "https://a"}, "foreign_origin"),
        ({"alone": False, "proxied": True}, {"host": "in", "x-forwarded-host": "a", "origin": "https://a"}, None),
        ({"alone": False, "proxied": True}, {"host": "me-lab.hf.space", "origin": "https://me-lab.hf.space"}, None),
    ],
)
def test_who_comes_through_the_door(door: dict, headers: dict, refusal: str | None) -> None:
    guard = server.Door(None, **{"alone": True, "proxied": False, **door})
    assert guard._refusal("POST", headers) == refusal


def test_the_queue_of_gradio_rests_as_long_as_it_is_told(store: Store) -> None:
    queue = server.build(server.Service(store)).queue()._queue
    assert queue.sleep_when_free < server.LOOK
    assert queue.progress_update_sleep_when_free < server.LOOK_FOR_PROGRESS


def test_what_a_killed_app_left_is_deleted_uploads_after_a_day(store: Store) -> None:
    uploads = store.uploads
    own, left = store.temporary(), store.root / "tmp" / f"{new_id()}-of-one-that-is-gone"
    for folder in (uploads / "old", uploads / "new", left):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.jpg").touch()
    for path in [path for path in (store.root / "tmp").rglob("*") if "new" not in path.parts]:
        os.utime(path, (1, 1))
    server.prepare(store)
    assert {path.name for path in (store.root / "tmp").rglob("*")} == {"a.jpg", "new", "uploads", own.name}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_an_upload_from_another_site_is_refused_and_leaves_nothing(app: tuple[str, Path], origin: str) -> None:
    address, home = app
    before = set(home.rglob("*"))
    answer = httpx.post(
        f"{address}/gradio_api/upload", files={"files": ("a.txt", b"stolen")}, headers={"Origin": origin}
    )
    assert answer.status_code == 403
    assert not [path for path in set(home.rglob("*")) - before if path.name == "a.txt"]


def test_an_upload_of_the_page_itself_is_taken_into_the_workspace(app: tuple[str, Path]) -> None:
    address, home = app
    answer = httpx.post(f"{address}/gradio_api/upload", files={"files": ("b.txt", b"own")}, headers={"Origin": address})
    assert answer.status_code == 200
    assert Path(answer.json()[0]).is_relative_to(home)


def test_the_endpoints_of_the_contract_are_there_and_no_others(app: tuple[str, Path]) -> None:
    client = Client(app[0], verbose=False)
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {
        *("/classify", "/classify_batch", "/list_models", "/import_dataset", "/start_run", "/run_status"),
        *("/stop_run", "/resume_run", "/list_runs", "/run_report", "/export_model", "/explain"),
    }
    assert all(endpoint["description"] for endpoint in named.values())


def test_a_data_set_is_imported_over_http(app: tuple[str, Path], pictures: Path, tmp_path: Path) -> None:
    archive = tmp_path / "shapes.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for file in pictures.rglob("*.*"):
            made.write(file, file.relative_to(pictures))
    client = Client(app[0], verbose=False)
    found = client.predict(handle_file(archive), "shapes", api_name="/import_dataset")
    assert (app[1] / "local" / "datasets" / found["dataset"]).is_dir()
    assert found["report"]["images"] > 0
    assert client.predict(api_name="/list_runs") == []


RUN_CALLS = [("run_status", None), ("stop_run", 5), ("resume_run", None), ("run_report", 5)]


@pytest.mark.parametrize(
    ("endpoint", "values", "sentence"),
    [
        ("/run_status", ["nothing"], "There is no run"),
        ("/start_run", ["nothing", {}], "There is no data set"),
        ("/run_report", ["../../etc"], "There is no run"),
        *((f"/{call}", [value], "run is .*; it must be text") for call, value in RUN_CALLS),
        ("/start_run", ["x", []], r"settings is \[\]; it must be an object"),
        ("/start_run", ["x", None], "settings is null; it must be an object"),
        ("/start_run", ["x", {"lr": 5}], "There is no setting called lr; choose among: model, mode"),
        ("/start_run", [None, {}], "dataset is null; it must be text"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    app: tuple[str, Path], endpoint: str, values: list, sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        Client(app[0], verbose=False).predict(*values, api_name=endpoint)


def test_pictures_are_classified_over_http(app: tuple[str, Path], small_model: Path, pictures: Path) -> None:
    client, files = Client(app[0], verbose=False), sorted(pictures.rglob("*.*"))[:2]
    answer = client.predict(handle_file(files[0]), str(small_model), 2, api_name="/classify")
    assert answer["label"] in {entry["label"] for entry in answer["confidences"]} | {"unknown"}
    assert len(answer["confidences"]) == 2
    many = client.predict([handle_file(file) for file in files], str(small_model), 1, api_name="/classify_batch")
    assert [image["file"] for image in many["images"]] == [file.name for file in files]
    assert many["engine"] == "torch"


def test_what_the_page_offers_to_copy_gives_the_answer(app: tuple[str, Path]) -> None:
    expected = Client(app[0], verbose=False).predict(handle_file(GOLF_BALL), "", 5, api_name="/classify")
    code = commands.python_call(app[0], default_model().name, str(GOLF_BALL))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == f"{expected['label']} {expected['confidences']}"
    if shutil.which("curl"):
        lines = commands.curl_call(app[0], default_model().name, str(GOLF_BALL))
        shell = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, check=True)
        assert "event: complete" in shell.stdout and f'"label": "{expected["label"]}"' in shell.stdout


def test_a_picture_is_explained_over_http(app: tuple[str, Path], small_model: Path, pictures: Path) -> None:
    client, file = Client(app[0], verbose=False), handle_file(sorted(pictures.rglob("*.*"))[0])
    shown, answer = client.predict(file, str(small_model), "", api_name="/explain")
    assert Image.open(shown).size == (48, 48) and 0 < answer["score"] <= 1
    _, other = client.predict(file, str(small_model), "stars", api_name="/explain")
    assert other["label"] == "stars"
    with pytest.raises(AppError, match="knows nothing called zebra"):
        client.predict(file, str(small_model), "zebra", api_name="/explain")


def test_a_model_is_taken_away_over_http(app: tuple[str, Path], small_model: Path) -> None:
    client = Client(app[0], verbose=False)
    file, result = client.predict(str(small_model), "onnx", api_name="/export_model")
    with zipfile.ZipFile(file) as archive:
        assert "small-onnx/model.onnx" in archive.namelist()
    assert result["file"] == "small-onnx.zip" and result["largest_difference"] < 1e-3
    with pytest.raises(AppError, match="format is keras; choose one of"):
        client.predict(str(small_model), "keras", api_name="/export_model")


@pytest.mark.parametrize("count", [0, -1, None, "abc", 2.5, True])
def test_a_count_of_answers_that_is_none_is_refused_in_a_sentence(app: tuple[str, Path], count: object) -> None:
    with pytest.raises(AppError, match=r"top_k is .*; it must be a whole number between 1 and 1000"):
        Client(app[0], verbose=False).predict(handle_file(GOLF_BALL), "", count, api_name="/classify")


def test_a_models_name_that_is_no_file_name_is_refused_in_a_sentence(app: tuple[str, Path]) -> None:
    with pytest.raises(AppError, match="a" * 300):
        Client(app[0], verbose=False).predict(handle_file(GOLF_BALL), "a" * 300, 5, api_name="/classify")


def test_a_text_named_jpg_gets_its_sentence(app: tuple[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "note.jpg"
    file.write_text("not a picture at all, only words " * 5)
    with pytest.raises(AppError, match=r"note\.jpg holds text"):
        Client(app[0], verbose=False).predict(handle_file(file), "", 5, api_name="/classify")


def test_a_hosted_app_refuses_and_ends_quietly(tmp_path: Path) -> None:
    started = _started(server.free_port("127.0.0.1", None), tmp_path, "--mode", "hosted")
    with started as address:
        client = Client(address, verbose=False)
        for endpoint, values in (("/start_run", ["x", []]), ("/list_runs", []), ("/stop_run", [None])):
            with pytest.raises(AppError, match="only classifies"):
                client.predict(*values, api_name=endpoint)
        with pytest.raises(AppError, match="is not offered here"):
            client.predict("/etc", "onnx", api_name="/export_model")
    assert b"Traceback" not in started.output
    assert started.process.returncode == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--port", "{taken}"], "Port {taken} is in use by another program; choose another with --port"),
        (["--port", "99999"], "--port is 99999; it must be a whole number between 1 and 65535."),
        (["--host", "203.0.113.1"], "This machine cannot listen at 203.0.113.1, port 7860 ("),
        (["--home", "{file}/lab"], "The workspace {file}/lab cannot be made or written to (Not a directory)"),
    ],
)
def test_what_keeps_the_app_from_starting_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, words: list, sentence: str
) -> None:
    (tmp_path / "file").touch()
    for name in ("RESNET_HOME", "GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):  # app.py sets them
        monkeypatch.setenv(name, "")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        values = {"taken": other.getsockname()[1], "file": tmp_path / "file"}
        given = [word.format(**values) for word in words]
        monkeypatch.setattr(sys, "argv", ["app.py", "--home", str(tmp_path), *given])
        assert app_file.main() == 1
    said = capsys.readouterr().err
    assert said.startswith(sentence.format(**values)) and said.count("\n") == 1
