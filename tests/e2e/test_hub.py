"""Models of the Hub, which is played on this machine: offered and fetched by the page and by the command line."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from safetensors.torch import save

from resnet.nn.network import create
from resnet.store import PROJECT
from tests.processes import run_command
from tests.unit.hub import Hub

TIMM, FLOWERS = "timm/resnet18.a1_in1k", "me/flowers"
MEGABYTES = 20e6  # bytes a second: slow enough to be watched
TOKEN = "hf_secretsecretsecret"
GOLF_BALL = next((PROJECT / "resnet/ui/assets/examples").glob("golf-ball*"))


@pytest.fixture
def hub(small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub with timm's weights and a model folder, for every process that is started from here."""
    files = {f"{FLOWERS}/{path.name}": path.read_bytes() for path in small_model.iterdir()}
    files[f"{TIMM}/model.safetensors"] = save(create("resnet18").state_dict())
    with Hub(files, license="cc-by-nc-4.0", writers={TOKEN: "me"}) as hub:
        words = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
        for name, value in {**words, "HF_HUB_DISABLE_XET": "1"}.items():
            monkeypatch.setenv(name, value)
        yield hub


def choose(page: Page, field: str, model: str) -> None:
    page.locator(f"#{field} input").fill(model)
    page.locator(f"#{field} input").press("Enter")


@pytest.mark.browser
def test_a_model_is_offered_downloaded_cancelled_downloaded_and_used(page: Page, start_app, hub: Hub):
    page.goto(start_app().address)
    expect(page.locator("#classify-knows")).not_to_be_empty()
    page.locator("#classify-picture input[type=file]").first.set_input_files(str(GOLF_BALL))
    expect(page.locator("#classify-answer")).to_contain_text("golf ball")

    choose(page, "classify-model", "resnet18.a1_in1k")
    offer, button = page.locator("#classify-model-offer"), page.locator("#classify-model-download")
    for words in ("resnet18.a1_in1k is not on this machine", "47 MB", hub.endpoint, "apache-2.0"):
        expect(offer).to_contain_text(words)
    expect(button).to_have_text("Download 47 MB")
    expect(page.locator("#classify-answer")).to_contain_text("golf ball")  # until the other one answers
    assert not hub.asked("GET"), "choosing a name fetches nothing"

    hub.faults.speed = MEGABYTES / 4
    button.click()
    expect(offer).to_contain_text("of 47 MB")
    expect(offer).to_contain_text("left")
    page.locator("#classify-model-cancel").click()
    expect(offer).to_contain_text("Cancelled")
    hub.faults.speed = MEGABYTES
    button.click()
    expect(offer).to_contain_text("is on this machine")
    expect(page.locator("#classify-knows")).to_contain_text("1,000")
    expect(page.locator("#classify-answer")).to_contain_text("%")
    expect(page.locator("#classify-facts")).to_contain_text("resnet18.a1_in1k")
    assert "range" in hub.asked("GET")[-1][1], "it went on from where it was cancelled"

    choose(page, "classify-model", "resnet18.a9")
    expect(offer).to_contain_text("did you mean")
    expect(button).to_be_hidden()
    hub.faults.status = 503
    choose(page, "classify-model", "hf-hub:me/flowers")
    expect(offer).to_contain_text("out of order")
    hub.faults.status = 0
    page.locator("#classify-model-ask").click()
    expect(offer).to_contain_text("cc-by-nc-4.0 (not for commercial use)")


@pytest.mark.browser
def test_a_start_model_is_offered_before_a_run_can_start(page: Page, start_app, hub: Hub):
    app = start_app()
    page.goto(app.address)
    page.get_by_role("tab", name="Fine-tune", exact=True).click()
    page.locator("#finetune-samples").click()
    expect(page.locator("#finetune-start")).to_be_enabled()
    choose(page, "finetune-model", "hf-hub:me/flowers")
    expect(page.locator("#finetune-model-offer")).to_contain_text("cc-by-nc-4.0 (not for commercial use)")
    expect(page.locator("#finetune-start")).to_be_disabled()
    expect(page.locator("#finetune-reason")).to_contain_text("download it first")
    page.locator("#finetune-model-download").click()
    expect(page.locator("#finetune-start")).to_be_enabled()

    page.goto(f"{app.address}?lang=zh")
    expect(page.locator("#classify-knows")).to_contain_text("认识")
    choose(page, "classify-model", "resnet18.a1_in1k")
    expect(page.locator("#classify-model-offer")).to_contain_text("不在本机上")
    expect(page.locator("#classify-model input")).to_have_value(re.compile(r"^resnet18\.a1_in1k "))


@pytest.mark.browser
def test_a_model_is_sent_and_the_token_is_gone_from_everywhere(page: Page, start_app, hub: Hub):
    app = start_app()
    page.goto(app.address)
    page.get_by_role("tab", name="Results", exact=True).click()
    expect(page.locator("#results-headline")).to_contain_text("checked pictures")
    page.locator("#results-take-away button").first.click()
    page.locator("#results-push button").first.click()
    name, token = (
        page.locator("#results-push-name input, #results-push-name textarea"),
        page.get_by_label("Access token"),
    )
    expect(token).to_have_attribute("type", "password")
    for owner, sentence in (("you", "does not let the owner of this token write to you/balls"), ("me", "is at")):
        name.fill(f"{owner}/balls")
        token.fill(TOKEN)
        page.locator("#results-push-now").click()
        shown = page.locator("#results-push-note" if owner == "you" else "#results-pushed")
        expect(shown).to_contain_text(sentence)
        expect(token).to_have_value("")
    expect(page.locator("#results-pushed")).to_contain_text(f"{hub.endpoint}/me/balls")
    expect(page.locator("#results-push-note")).to_be_empty()
    assert hub.made == {"me/balls": "private"} and "me/balls/model.safetensors" in hub.files
    kept = [path for path in app.store.root.rglob("*") if path.is_file()]
    kept.append(app.store.root.with_suffix(".log"))
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_the_command_line_says_what_it_fetches_once(hub: Hub, tmp_path: Path):
    output, errors = run_command(tmp_path, "predict", "--model", "hf-hub:me/flowers", GOLF_BALL)
    line = f"hf-hub:me/flowers is not on this machine: 1.5 MB from {hub.endpoint}, licence: cc-by-nc-4.0 (not for "
    assert errors.startswith(line) and "hf-hub:me/flowers, torch on cpu" in output
    asked = len(hub.requests)
    output, errors = run_command(tmp_path, "predict", "--model", "hf-hub:me/flowers", GOLF_BALL)
    assert errors == "" and len(hub.requests) == asked
    _, errors = run_command(tmp_path, "predict", "--model", "hf-hub:me/flowers@v2", GOLF_BALL, status=1)
    assert errors.startswith("resnet: ") and errors.count("\n") == 1 and "not its revision v2" in errors


@pytest.mark.slow
def test_a_run_from_a_model_of_the_hub(hub: Hub, pictures: Path, tmp_path: Path):
    """The command line fetches before the run is queued; the worker finds the model in the cache."""
    words = ("train", "--data", pictures, "--model", "hf-hub:me/flowers", "--mode", "head", "--device", "cpu")
    output, errors = run_command(tmp_path, *words)
    assert errors.index("is not on this machine") < errors.index("run ")
    assert " done: " in output
    asked = len(hub.requests)
    run_command(tmp_path, *words, "--seed", "1")
    assert len(hub.requests) == asked
