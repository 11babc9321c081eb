"""The Hub, played on this machine: what is said before a download, the download itself, and all that goes wrong."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import hub
import pytest
from huggingface_hub import constants, hf_hub_download, scan_cache_dir
from safetensors.numpy import load_file
from safetensors.torch import save

from resnet import jobs
from resnet.errors import UserError
from resnet.nn.network import create
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Store
from resnet.weights.folder import CONFIG, LAB, WEIGHTS
from resnet.weights.hub import Source, cached, describe, download
from resnet.weights.models import load

NAME, FILE = "timm/resnet18.a1_in1k", "model.safetensors"
SOURCE = Source("resnet18.a1_in1k", NAME, file=FILE, license="apache-2.0")
FLOWERS = Source("hf-hub:me/flowers", "me/flowers")
CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes
FILES = {f"{NAME}/{FILE}": CONTENT}


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, with downloads allowed whatever the environment says, and with little patience."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    return tmp_path / "cache"


@pytest.fixture
def serve(cache, monkeypatch):
    """serve(files, **faults): a Hub at work, which HF_ENDPOINT names."""
    running = []

    def start(files: dict[str, bytes] = FILES, **settings: object) -> hub.Hub:
        running.append(hub.Hub(files, **settings).__enter__())
        point(monkeypatch, running[-1].endpoint)
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


def point(monkeypatch, endpoint: str) -> None:
    """What HF_ENDPOINT does when huggingface_hub is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")


def refused(key: str, *parts: str, source: Source = SOURCE) -> None:
    """A download ends in the one sentence `key`, which names the model and `parts`."""
    with pytest.raises(UserError) as raised:
        download(source)
    sentence = str(raised.value)
    assert raised.value.message.key == key, sentence
    assert all(part in sentence for part in (source.model, *parts)), sentence
    assert "\n" not in sentence and raised.value.message.say("zh")


def blobs(cache: Path) -> list[Path]:
    """The files of the cache under final names, each of which must be what its name says; no link leads nowhere."""
    kept = [path for path in cache.glob("*/blobs/*") if path.suffix != ".incomplete"]
    assert all(path.name in (hub.etag(FILE, path.read_bytes()), hub.etag("", path.read_bytes())) for path in kept)
    assert all(path.exists() for path in cache.glob("*/snapshots/*/*"))
    return kept


@pytest.fixture(scope="module")
def weights() -> bytes:
    state = create("resnet18").state_dict()
    state["fc.bias"][0] = 0.5
    return save(state)


# what is said, and the download


def test_what_a_download_would_be_is_known_after_one_question(serve):
    one = serve()
    offer = describe(SOURCE)
    assert (offer.model, offer.file, offer.bytes, offer.cached) == (SOURCE.model, FILE, len(CONTENT), False)
    assert (offer.license, offer.endpoint) == ("apache-2.0", one.endpoint)
    assert len(one.asked("HEAD")) == 1 and not one.asked("GET")
    assert describe(replace(SOURCE, license="cc-by-nc-4.0")).license == "cc-by-nc-4.0"


def test_a_download_with_progress_and_then_the_cache_without_a_network(serve, cache, monkeypatch):
    one, seen = serve(), []
    path = download(SOURCE, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT and path.is_relative_to(cache) and cached(SOURCE) == path
    assert seen == sorted(seen) and seen[-1] == (len(CONTENT), len(CONTENT)) and len(set(seen)) > 3
    asked = len(one.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert download(SOURCE) == path and describe(SOURCE).cached and len(one.requests) == asked


def test_the_cache_is_the_one_that_all_programs_know(serve, cache):
    serve()
    path = download(SOURCE)
    assert hf_hub_download(NAME, FILE, cache_dir=cache, local_files_only=True) == str(path)
    known = scan_cache_dir(cache)
    assert not known.warnings and [repository.repo_id for repository in known.repos] == [NAME]
    shutil.rmtree(cache)
    assert Path(hf_hub_download(NAME, FILE, cache_dir=cache)) == path, "and one that they filled is ours"
    assert download(SOURCE) == path


def test_timms_weights_are_opened(serve, weights):
    serve({f"{NAME}/{FILE}": weights})
    network = load("resnet18.a1_in1k")
    assert network.fc.bias[0] == 0.5 and network.labels[0] == "n01440764" and network.name == "resnet18.a1_in1k"
    assert network.config.preprocessing.size == 224 and network.config.preprocessing.crop_pct == 0.95


# a model folder on the Hub


@pytest.fixture
def flowers(small_model) -> dict[str, bytes]:
    return {f"me/flowers/{path.name}": path.read_bytes() for path in small_model.iterdir()}


def test_a_model_folder_on_the_hub_is_opened_as_one_on_the_disk(serve, flowers, small_model, monkeypatch):
    one = serve({**flowers, "me/flowers/notes.txt": b"not wanted"}, license="cc-by-nc-sa-4.0")
    offer = describe(FLOWERS)
    wanted = {name: content for name, content in flowers.items() if not name.endswith("README.md")}
    assert offer.bytes == sum(map(len, wanted.values())) and offer.license == "cc-by-nc-sa-4.0" and not offer.cached
    network = load("hf-hub:me/flowers")
    assert network.config == load(small_model).config
    assert {path for path, _ in one.asked("GET")} == {
        *(f"me/flowers/resolve/{hub.COMMIT}/{name}" for name in (CONFIG, LAB, WEIGHTS)),
        f"cdn/me/flowers/{WEIGHTS}",
    }
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert load("hf_hub:me/flowers").config == network.config and describe(FLOWERS).cached


def test_a_revision_is_fetched_as_itself(serve, flowers):
    one, commit = serve(flowers), "f" * 40
    one.revisions["v2"] = commit
    assert download(replace(FLOWERS, revision="v2")).name == commit and cached(FLOWERS) is None
    assert load("hf-hub:me/flowers@v2").num_classes == 5
    refused("hub_no_revision", "v3", source=replace(FLOWERS, revision="v3"))


def test_older_weights_go_through_the_safe_reader(serve, flowers, small_model, tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({name: torch.from_numpy(a) for name, a in load_file(small_model / WEIGHTS).items()}, tmp_path / "w.bin")
    del flowers[f"me/flowers/{WEIGHTS}"]
    one = serve({**flowers, "me/flowers/pytorch_model.bin": (tmp_path / "w.bin").read_bytes()})
    assert load("hf-hub:me/flowers").num_classes == 5
    torch.save(os.system, tmp_path / "w.bin")
    one.files["me/flowers/pytorch_model.bin"] = (tmp_path / "w.bin").read_bytes()
    one.revisions["bad"] = "b" * 40
    with pytest.raises(UserError, match="could run code; nothing was run"):
        load("hf-hub:me/flowers@bad")


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        (CONFIG, b'{"architecture": "vit_base_patch16_224", "num_classes": 6}', "architecture_unknown"),
        (CONFIG, b"<html>", "json_wrong"),
        (CONFIG, None, "hub_no_file"),
        (WEIGHTS, None, "hub_no_file"),
        (WEIGHTS, b"no weights" * 100, "weights_header"),
    ],
)
def test_what_is_no_model_of_ours_is_refused(serve, flowers, name, content, key):
    del flowers[f"me/flowers/{name}"]
    one = serve({**flowers, **({f"me/flowers/{name}": content} if content else {})})
    with pytest.raises(UserError) as raised:
        load("hf-hub:me/flowers")
    assert raised.value.message.key == key
    assert name == WEIGHTS or not any(path.endswith(WEIGHTS) for path, _ in one.asked("GET")), "before the weights come"


def test_a_token_goes_to_the_hub_alone_and_is_kept_nowhere(serve, cache, monkeypatch, capsys, caplog):
    one = serve(token="hf_secret")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    caplog.set_level(0)
    download(SOURCE)
    to_hub = [headers for _, path, headers in one.requests if not path.startswith("cdn/") and "resolve" in path]
    to_cdn = [headers for _, path, headers in one.requests if path.startswith("cdn/")]
    assert {headers["authorization"] for headers in to_hub} == {"Bearer hf_secret"}
    assert to_cdn and not any("authorization" in headers for headers in to_cdn)
    assert not [path for path in cache.rglob("*") if path.is_file() and b"hf_secret" in path.read_bytes()]
    assert "hf_secret" not in "".join([*capsys.readouterr(), caplog.text])


# refusals

BUSY = {"status": 429, "headers": {"Retry-After": "120"}}
REFUSALS = {
    "gated, no token": ({"token": "hf_right"}, None, "hub_gated", "HF_TOKEN"),
    "gated, no access": ({"token": "hf_right"}, "hf_other", "hub_forbidden", "ask for access"),
    "forbidden without a reason": ({"status": 403}, None, "hub_forbidden", ""),
    "a token that is none": ({"invalid": True}, "hf_old", "hub_token", "HF_TOKEN"),
    "unknown, no token": ({"status": 401, "code": "RepoNotFound"}, None, "hub_missing", "check the name"),
    "unknown, token": ({"status": 404, "code": "RepoNotFound"}, "hf_right", "hub_missing", "check the name"),
    "no such file": ({"status": 404, "code": "EntryNotFound"}, None, "hub_no_file", FILE),
    "no such revision": ({"status": 404, "code": "RevisionNotFound"}, None, "hub_no_revision", "main"),
    "busy": (BUSY, None, "hub_busy", "wait 120 s"),
    "busy during the transfer": ({**BUSY, "on": ("GET",)}, None, "hub_busy", "wait 120 s"),
    "busy, as a limit": ({"status": 429, "headers": {"RateLimit": '"api";r=0;t=55'}}, None, "hub_busy", "55 s"),
    "busy, for how long is not said": ({"status": 429}, None, "hub_busy_long", "some minutes"),
    "out of order": ({"status": 500}, None, "hub_down", "500"),
    "out of order during the transfer": ({"status": 503, "on": ("GET",)}, None, "hub_down", "503"),
    "a teapot": ({"status": 418}, None, "hub_refused", "418"),
    "a login page": ({"portal": ("HEAD", "GET", "API")}, None, "hub_foreign", "login page"),
    "a login page in place of the file": ({"portal": ("GET",)}, None, "hub_wrong", "not what it announced"),
    "no hash, no commit": ({"anonymous": True}, None, "hub_foreign", "HF_ENDPOINT"),
    "wrong content": ({"corrupt": True}, None, "hub_wrong", "deleted"),
    "wrong length": ({"cut": 10}, None, "hub_wrong", "deleted"),
    "more than the disk holds": ({"announced": 10**18}, None, "hub_disk", "1,000,000,000,000 MB"),
    "broken off again and again": ({"break_at": 0}, None, "hub_broken_off", "0 MB of 1 MB"),
    "reset again and again": ({"break_at": 0, "reset": True}, None, "hub_broken_off", "the connection breaks"),
    "nothing comes": ({"stall_at": 0}, None, "hub_broken_off", "in time"),
    "next to nothing comes": ({"speed": 200}, None, "hub_broken_off", "next to nothing"),
}


@pytest.mark.parametrize(("faults", "token", "key", "part"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_sentence_and_leaves_nothing_broken(serve, cache, monkeypatch, faults, token, key, part):
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    one = serve(**faults)
    refused(key, one.endpoint if key != "hub_broken_off" else "http://127.0.0.1:", part)
    assert not blobs(cache) and cached(SOURCE) is None
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 10)
    one.faults = hub.Faults(token=token or "")
    assert download(SOURCE).read_bytes() == CONTENT, "and the next call finds nothing in its way"


@pytest.mark.parametrize(
    ("endpoint", "part"),
    [
        ("http://no-such-host.invalid", "no such host"),
        ("http://127.0.0.1:9", "refuses the connection"),
        ("https://127.0.0.1:{port}", "no secure connection"),
        ("http://127.0.0.1:{silent}", "does not answer in time"),
    ],
)
def test_a_hub_out_of_reach(serve, cache, monkeypatch, endpoint, part):
    one = serve()
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.5 if "silent" in endpoint else 10)
    with hub.silent() as silent:
        endpoint = endpoint.format(port=one.endpoint.rpartition(":")[2], silent=silent)
        point(monkeypatch, endpoint)
        refused("hub_unreachable", endpoint, part, str(cache), "HF_ENDPOINT")
        refused("hub_unreachable", endpoint, source=FLOWERS)


def test_a_cdn_out_of_reach_is_named(serve):
    one = serve()
    one.cdn = "http://127.0.0.1:9"
    refused("hub_broken_off", "http://127.0.0.1:9", "refuses the connection")


def test_downloads_switched_off(serve, cache, monkeypatch):
    one = serve()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("hub_offline", str(cache), "HF_HUB_OFFLINE")
    refused("hub_offline", source=FLOWERS)
    assert not one.requests


def test_a_hub_that_stumbles_is_asked_again(serve):
    for faults in ({"status": 503, "times": 2}, {"status": 429, "headers": {"Retry-After": "1"}, "times": 1}):
        one = serve(**faults)
        assert download(SOURCE).read_bytes() == CONTENT
        assert one.faults.times == 0
        shutil.rmtree(constants.HF_HUB_CACHE)


# transfers


@pytest.mark.parametrize(
    ("faults", "first"),
    [
        ({"break_at": 300_000, "breaks": 2}, 300_000),
        ({"break_at": 300_000, "breaks": 1, "plain": True}, 300_000),
        ({"break_at": 300_000, "breaks": 2, "reset": True}, None),  # what was on its way is lost
        ({"break_at": 300_000, "breaks": 1, "ranges": False}, 300_000),
        ({"stall_at": 600_000}, 600_000),
    ],
)
def test_a_transfer_that_breaks_off_is_taken_up_where_it_broke(serve, cache, faults, first):
    one = serve(**faults)
    assert download(SOURCE).read_bytes() == CONTENT
    ranges = [headers["range"] for path, headers in one.asked("GET") if "range" in headers]
    assert ranges and (first is None or ranges[0] == f"bytes={first}-")
    assert len(blobs(cache)) == 1 and not list(cache.rglob("*.incomplete"))


class Enough(Exception):
    """Raised to end a download."""


def at(bytes_done: int):
    def progress(done: int, total: int) -> None:
        if done >= bytes_done:
            raise Enough

    return progress


def test_a_cancelled_download_ends_at_once_and_is_taken_up_by_the_next(serve, cache):
    one = serve()
    with pytest.raises(Enough):
        download(SOURCE, at(500_000))
    assert not blobs(cache) and cached(SOURCE) is None
    one.requests.clear()
    assert download(SOURCE).read_bytes() == CONTENT
    taken_up = int(one.asked("GET")[0][1]["range"].removeprefix("bytes=").removesuffix("-"))
    assert 500_000 <= taken_up < 700_000


@pytest.mark.parametrize("left", [b"something else" * 1000, CONTENT[:-1] + b"?", CONTENT + b"more"])
def test_what_an_earlier_download_left_is_not_believed(serve, cache, left):
    serve()
    with pytest.raises(Enough):
        download(SOURCE, at(500_000))
    (partial,) = cache.rglob("*.incomplete")
    partial.write_bytes(left)
    assert download(SOURCE).read_bytes() == CONTENT


def test_a_cancel_is_heeded_while_it_waits_for_a_hub_that_stumbles(serve, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 60)
    serve(status=429, headers={"Retry-After": "100"})
    with pytest.raises(Enough):
        download(SOURCE, at(0))


DOWNLOAD = f"from resnet.weights.hub import Source, download; print(download(Source('m', {NAME!r}, file={FILE!r})))"


def child(one: hub.Hub, cache: Path, before: str = "", **environment: str) -> subprocess.Popen:
    """A process that downloads, with the environment that huggingface_hub reads when it is imported."""
    settings = {"HF_HOME": str(cache), "HF_ENDPOINT": one.endpoint, "HF_HUB_OFFLINE": "0", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{DOWNLOAD}"],
        cwd=PROJECT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_usual_environment_is_heeded(serve, tmp_path):
    output, errors = (process := child(serve(), tmp_path / "home")).communicate(timeout=120)
    assert process.returncode == 0, errors
    path = Path(output.strip())
    assert path.read_bytes() == CONTENT and path.is_relative_to(tmp_path / "home" / "hub")


def test_two_processes_fetch_a_file_once(serve, cache):
    one = serve(speed=500_000)
    both = [child(one, cache) for _ in range(2)]
    for process in both:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0 and Path(output.strip()).read_bytes() == CONTENT, errors
    assert [path for path, _ in one.asked("GET")].count(f"cdn/{NAME}/{FILE}") == 1


def test_two_threads_fetch_a_file_once(serve, cache):
    one, paths = serve(speed=2_000_000), []
    both = [threading.Thread(target=lambda: paths.append(download(SOURCE))) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert [path.read_bytes() for path in paths] == [CONTENT] * 2
    assert [path for path, _ in one.asked("GET")].count(f"cdn/{NAME}/{FILE}") == 1


def test_a_killed_download_is_taken_up(serve, cache):
    one = serve(speed=300_000)
    process = child(one, cache.parent, HF_HUB_CACHE=str(cache))
    while not one.asked("GET") or not any(path.stat().st_size > 50_000 for path in cache.rglob("*.incomplete")):
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    one.faults.speed = float("inf")
    one.requests.clear()
    assert download(SOURCE).read_bytes() == CONTENT
    assert "range" in one.asked("GET")[0][1]


# this machine


def test_a_disk_that_fills_up_in_the_middle(serve, cache):
    """A limit on the size of files stands for the disk: writing beyond it fails in the same way."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))"
    _, errors = child(serve(), cache, limit).communicate(timeout=120)
    assert "does not fit into the cache" in errors.splitlines()[-1]
    assert not blobs(cache / "hub") and not list(cache.rglob("*.incomplete"))


def test_a_cache_that_cannot_be_written_to(serve, cache, monkeypatch):
    cache.write_text("a file where a folder should be")
    serve()
    refused("hub_cache", str(cache), "HF_HOME")


def damage(path: Path) -> None:
    """The disk has lost a part of the file."""
    blob = path.resolve()
    blob.write_bytes(blob.read_bytes()[:500_000] + bytes(len(CONTENT) - 500_000))


def test_a_damaged_copy_in_the_cache_is_fetched_anew(serve, cache):
    serve()
    damage(download(SOURCE))
    assert download(SOURCE).read_bytes() == CONTENT and len(blobs(cache)) == 1


def test_a_damaged_copy_that_cannot_be_fetched_anew_is_named(serve, monkeypatch):
    serve()
    path = download(SOURCE)
    damage(path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("hub_damaged", str(path), "HF_HUB_OFFLINE")
    assert path.exists()


def test_a_run_starts_from_a_model_of_the_hub_without_a_network_once_it_is_here(serve, flowers, data, monkeypatch):
    serve(flowers)
    store = Store.open(data.folder.parents[2])
    download(FLOWERS)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    planned = jobs.plan(store, TrainSettings(data.id, "hf-hub:me/flowers"))
    assert planned.settings.model == "hf-hub:me/flowers" and planned.architecture == "test_resnet"
    assert load(planned.settings.model, store).num_classes == 5
