"""The page, used as a visitor uses it: in Chromium, against an app that was really started."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from resnet import jobs
from resnet.data.samples import draw
from resnet.store import PROJECT, Store, read_json, write_json
from resnet.text import say
from tests.e2e.conftest import App
from tests.waiting import until

pytestmark = pytest.mark.browser
GOLF_BALL = next((PROJECT / "resnet/ui/assets/examples").glob("golf-ball*"))
LONG = 180_000  # ms: training on a busy machine


def visit(page: Page, app: App, query: str = "") -> None:
    page.goto(app.address + query)
    expect(page.locator("#classify-knows")).not_to_be_empty()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def upload(page: Page, element: str, *files: Path | str) -> None:
    page.locator(f"#{element} input[type=file]").first.set_input_files([str(file) for file in files])


def choose(page: Page, button: str, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator(f"#{button}").click()
    chooser.value.set_files(file)


def taken_away(page: Page, format: str) -> set[str]:
    """The names in what the chosen result is downloaded as."""
    if not page.locator("#results-format").is_visible():
        page.locator("#results-take-away button").first.click()
    page.locator("#results-format label", has_text=format).click()
    with page.expect_download() as download:
        page.locator("#results-download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        return {Path(name).name for name in archive.namelist()}


def pressed(page: Page, element: str) -> Path:
    """The file that a button hands over."""
    with page.expect_download() as download:
        page.locator(f"#{element}").click()
    return Path(download.value.path())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of class folders with one file that is no picture, as a visitor would have it."""
    folder = tmp_path_factory.mktemp("zip")
    draw(folder / "shapes", per_class=24)
    (folder / "shapes" / "stars" / "notes.jpg").write_text("not a picture")
    with zipfile.ZipFile(folder / "shapes.zip", "w") as archive:
        for file in sorted((folder / "shapes").rglob("*.jpg")):
            archive.write(file, file.relative_to(folder))
    return folder / "shapes.zip"


@pytest.fixture(scope="module")
def fresh(start_apps) -> App:
    """An app in which nothing was trained; its tests leave the workspace as they find it."""
    return start_apps()


def test_a_visitor_classifies_a_picture(page: Page, app: App):
    visit(page, app)
    expect(page).to_have_title("ResNet Lab")
    expect(page.locator("#classify-knows")).to_contain_text("golf ball")
    upload(page, "classify-picture", GOLF_BALL)
    expect(page.locator("#classify-seen")).to_contain_text("160")
    expect(page.locator("#classify-answer")).to_contain_text("%")
    expect(page.locator("#classify-facts")).to_contain_text("ms")


def test_what_speaks_for_an_answer_is_shown_and_for_another_label(page: Page, app: App):
    visit(page, app)
    page.locator("#classify-why button").first.click()
    expect(page.locator("#classify-why-heat")).to_contain_text("Choose a picture above")
    upload(page, "classify-picture", GOLF_BALL)
    expect(page.locator("#classify-why-heat p")).to_have_text(
        re.compile(r"Bright is what speaks for golf ball \(\d+ %\)")
    )
    heat = page.locator("#classify-why-heat .over")
    before = heat.get_attribute("src")
    page.locator("#classify-why-heat input").fill("0")
    expect(heat).to_have_css("opacity", "0")
    page.get_by_label("What speaks for").click()
    page.get_by_role("option", name="parachute").click()
    expect(page.locator("#classify-why-heat p")).to_contain_text("parachute")
    assert heat.get_attribute("src") != before
    page.locator("#classify-why button").first.click()
    expect(page.locator("#classify-why-heat .over")).to_have_count(0)


def test_the_engine_is_shown_and_chosen_and_one_that_cannot_be_built_leaves_the_answer(page: Page, app: App):
    visit(page, app)
    upload(page, "classify-picture", GOLF_BALL)
    facts, engines = page.locator("#classify-facts"), page.locator("#classify-engine label")
    expect(facts).to_contain_text("CPU")
    page.locator("#classify-engines button").first.click()
    engines.filter(has_text="PyTorch").click()
    expect(facts).to_contain_text("PyTorch, CPU")
    engines.filter(has_text=re.compile("Runtime, CPU")).click()
    expect(facts).to_contain_text("ONNX Runtime, CPU")
    engines.filter(has_text="int8").click()
    expect(page.locator("#classify-engine-note")).to_contain_text("imagenette")  # whose pictures are not here
    expect(engines.filter(has_text=re.compile("Runtime, CPU")).locator("input")).to_be_checked()
    expect(page.locator("#classify-answer")).to_contain_text("golf ball")


def test_all_published_models_can_be_looked_through(page: Page, app: App):
    visit(page, app)
    field = page.locator("#classify-model input")
    field.click()
    expect(page.get_by_role("option").first).to_contain_text("resnet18d.imagenette")
    field.fill("")
    field.press_sequentially("resnet50.fb_swsl")
    line = page.get_by_role("option").first
    for words in ("ImageNet", "81.", "cc-by-nc-4.0 (not for commercial use)", "102 MB", "25.6 M"):
        expect(line).to_contain_text(words)


def test_an_example_is_answered_at_one_click_and_not_copied(page: Page, fresh: App):
    visit(page, fresh)
    page.locator("#classify-examples button").first.click()
    expect(page.locator("#classify-answer")).to_contain_text("golf ball")
    assert not list((fresh.store.root / "tmp").rglob("*.*"))


def test_an_unreadable_picture_gets_a_sentence_and_the_next_one_an_answer(page: Page, app: App, tmp_path):
    visit(page, app)
    for name, content in (("words.jpg", b"just words"), ("half.jpg", GOLF_BALL.read_bytes()[:2000])):
        (tmp_path / name).write_bytes(content)
        upload(page, "classify-picture", tmp_path / name)
        expect(page.locator("#classify-note")).to_contain_text(name)
        page.locator("#classify-picture").get_by_role("button", name="Remove Image").click()
    upload(page, "classify-picture", GOLF_BALL)
    expect(page.locator("#classify-answer")).to_contain_text("%")
    expect(page.locator("#classify-note")).to_be_empty()


def test_the_whole_story(page: Page, app: App, archive: Path, tmp_path: Path):
    """Import, tune, reload in the middle, stop early, look at the result, classify with it, download it."""
    visit(page, app)
    tab(page, "Fine-tune")
    expect(page.locator("#finetune-start")).to_be_disabled()
    upload(page, "finetune-archive", archive)
    expect(page.locator("#finetune-report")).to_contain_text("notes.jpg")
    page.locator("#finetune-more button").first.click()
    setting(page, "Learning", "epochs").fill("300")
    setting(page, "Pictures", "image_size").fill("64")
    setting(page, "Run", "name").fill("<b>my shapes</b>")
    start = page.locator("#finetune-start")
    expect(start).to_contain_text("Fine-tune for about")
    expect(page.locator("#finetune-command textarea")).to_have_value(re.compile("--epochs 300"))
    start.dblclick()
    expect(page.locator("#run-status")).to_contain_text("of 300", timeout=LONG)
    assert len(list(app.store.runs.iterdir())) == 1, "two clicks start one run"

    page.reload()
    expect(page).to_have_title(re.compile(r"^\d+ %"))  # though its tab was not opened
    tab(page, "Fine-tune")
    expect(page.locator("#run-status")).to_contain_text("of 300")
    expect(page.locator("#run-status")).to_contain_text("images/s")
    for line in (".train.raw", ".train:not(.raw)", ".val"):
        shown = page.locator(f"#run-curves polyline{line}").first  # more than a point
        expect(shown).to_have_css("stroke", re.compile(r"rgb\(\d"))  # and to be seen
    page.locator("#run-stop").click()
    see = page.locator("#run-see")
    expect(see).to_be_visible(timeout=LONG)
    see.click()

    expect(page.locator("#results-headline")).to_contain_text("checked pictures")
    expect(page.locator("#results-headline")).to_contain_text("stopped early")
    expect(page.locator("#results-curves, #results-loss").first).to_be_visible()
    page.locator("#results-details").get_by_role("tab").nth(1).click()
    expect(page.locator("#results-confusion svg, #results-confusion table").first).to_be_visible()
    assert {"config.json", "model.safetensors", "lab.json"} <= taken_away(page, "Model folder")
    assert {"model.onnx", "labels.json", "classify.py"} <= taken_away(page, "ONNX: ")
    expect(page.locator("#results-checked")).to_contain_text("largest difference")

    page.locator("#results-use").click()
    expect(page.locator("#classify-knows")).to_contain_text("stars")
    draw(tmp_path / "more", per_class=1, seed=9)
    upload(page, "classify-picture", tmp_path / "more" / "stars" / "000.jpg")
    expect(page.locator("#classify-answer")).to_contain_text("%")
    assert page.locator("b", has_text="my shapes").count() == 0, "a name is text, never markup"


def test_a_result_is_taken_away_and_brought_in_again(page: Page, start_app, finished: Path, archive: Path, tmp_path):
    shutil.copytree(Store.of(finished).root, tmp_path / "home")
    app = start_app(home=tmp_path / "home")
    page.goto(app.address)
    tab(page, "Results")
    expect(page.locator("#results-headline")).to_contain_text("checked pictures", timeout=LONG)
    page.locator("#results-take-away button").first.click()
    assert "<svg" in pressed(page, "results-take-html").read_text("utf-8")
    assert pressed(page, "results-take-csv").read_text("utf-8").startswith("file,sha256,label,predicted,score")
    shutil.copy(pressed(page, "results-take-run"), tmp_path / "run.zip")
    page.locator("#results-bring button").first.click()
    upload(page, "results-bring", archive)
    expect(page.locator("#results-bring-note")).to_contain_text("holds no run", timeout=LONG)
    upload(page, "results-bring", tmp_path / "run.zip")
    expect(page.locator("#results-brought")).to_contain_text("“drawn” is here now", timeout=LONG)
    expect(page.locator("#results-bring-note")).to_be_empty()
    assert len(jobs.list_runs(app.store)) == 2
    expect(page.locator("#results-headline")).to_contain_text("checked pictures")


def test_an_open_page_goes_on_with_the_app_that_takes_the_place_of_a_killed_one(
    page: Page, start_app, finished: Path, tmp_path: Path
):
    shutil.copytree(Store.of(finished).root, tmp_path / "home")
    first = start_app(home=tmp_path / "home")
    status = first.store.runs / finished.name / "status.json"
    write_json(status, {**read_json(status), "state": "stopped"})
    page.goto(f"{first.address}?lang=en")
    tab(page, "Fine-tune")
    expect(page.locator("#run-status")).to_contain_text("stopped")
    first.process.kill()
    first.process.wait(30)
    write_json(status, {**read_json(status), "state": "failed"})
    start_app(home=tmp_path / "home", port=int(first.address.rsplit(":", 1)[1]))

    def goes_on() -> bool:
        tab(page, "Fine-tune")  # it may be that Gradio has loaded the page anew
        return page.get_by_text("could not finish").is_visible()

    until(goes_on)
    expect(page.locator("#run-resume")).to_be_visible()


SHOW = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_nobody_looks_at_asks_a_tenth_as_often_and_at_once_when_somebody_does(page: Page, fresh: App):
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/news/" in request.url else None)
    page.clock.install()
    visit(page, fresh)
    tab(page, "Fine-tune")
    expect(page.locator("#finetune-report")).not_to_be_empty()

    def asked_in(seconds: int) -> int:
        before = len(asked)
        for _ in range(seconds):
            page.clock.run_for(1000)
            asked[-1].response()
        return len(asked) - before

    often = asked_in(20)
    page.evaluate(SHOW, "hidden")
    seldom = asked_in(20)
    assert seldom > 0 and often >= 5 * seldom
    with page.expect_request("**/news/**", timeout=5000):
        page.evaluate(SHOW, "visible")
    tab(page, "Classify")
    elsewhere = asked_in(20)
    assert elsewhere > 0 and often >= 5 * elsewhere


def setting(page: Page, group: str, name: str):
    """A field among the settings, shown."""
    page.locator("#finetune-settings").get_by_role("tab", name=group, exact=True).click()
    field = page.locator(f"#finetune-{name} input, #finetune-{name} textarea").first
    expect(field).to_be_visible()
    return field


def test_every_setting_changes_plan_and_command_and_a_wrong_one_says_why(page: Page, fresh: App):
    visit(page, fresh)
    tab(page, "Fine-tune")
    page.locator("#finetune-samples").click()
    start, command = page.locator("#finetune-start"), page.locator("#finetune-command textarea")
    expect(start).to_be_enabled()
    page.locator("#finetune-more button").first.click()
    expect(setting(page, "Pictures", "train_size")).to_have_attribute("placeholder", "automatic: 128")
    setting(page, "Pictures", "image_size").fill("64")
    expect(setting(page, "Pictures", "train_size")).to_have_attribute("placeholder", "automatic: 48")
    setting(page, "Pictures", "balance").click()
    page.get_by_role("option", name=re.compile("loss")).click()
    setting(page, "Regularisation", "dropout").fill("2")
    expect(page.locator("#finetune-reason")).to_contain_text("dropout is 2")
    expect(start).to_be_disabled()
    setting(page, "Regularisation", "dropout").fill("0.2")
    expect(command).to_have_value(re.compile("--image-size 64 --dropout 0.2 --balance loss"))
    expect(page.locator("#finetune-plan")).to_contain_text("64 × 64 pixels")
    page.locator("#finetune-mode label", has_text="head only").click()
    expect(page.locator("#finetune-dropout")).to_be_hidden()
    expect(command).to_have_value(re.compile("--mode head --image-size 64 --balance loss$"))


def test_a_picture_is_shown_as_steps_will_see_it(page: Page, app: App):
    visit(page, app)
    tab(page, "Fine-tune")
    page.locator("#finetune-samples").click()
    expect(page.locator("#finetune-start")).to_be_enabled()
    page.locator("#finetune-more button").first.click()
    setting(page, "Pictures", "image_size").fill("64")
    page.locator("#finetune-preview").click()
    expect(page.locator("#finetune-previewed img")).to_have_count(8)


def test_settings_are_saved_to_a_file_and_loaded_from_it(page: Page, fresh: App, tmp_path: Path):
    visit(page, fresh)
    tab(page, "Fine-tune")
    page.locator("#finetune-more button").first.click()
    setting(page, "Learning", "epochs").fill("7")
    page.locator("#finetune-mode label", has_text="all layers").first.click()
    setting(page, "Run", "seed").fill("11")
    with page.expect_download() as download:
        page.locator("#finetune-save-settings").click()
    kept = json.loads(Path(download.value.path()).read_text())
    assert kept == {"model": "resnet18d.imagenette", "mode": "full", "epochs": 7, "seed": 11}

    page.reload()
    tab(page, "Fine-tune")
    page.locator("#finetune-more button").first.click()
    (tmp_path / "kept.json").write_text(json.dumps({**kept, "epochs": 9}))
    choose(page, "finetune-load-settings", tmp_path / "kept.json")
    expect(setting(page, "Learning", "epochs")).to_have_value("9")
    expect(setting(page, "Run", "seed")).to_have_value("11")
    expect(page.locator("#finetune-mode input[value=full]")).to_be_checked()
    (tmp_path / "bad.json").write_text('{"epochs": 0, "speed": 9}')
    choose(page, "finetune-load-settings", tmp_path / "bad.json")
    expect(page.get_by_text("no setting called speed")).to_be_visible()


def test_a_learning_rate_is_looked_for_and_taken_over(page: Page, fresh: App):
    visit(page, fresh)
    tab(page, "Fine-tune")
    page.locator("#finetune-samples").click()
    page.locator("#finetune-mode label", has_text="from scratch").click()
    model = page.locator("#finetune-model input").first
    model.fill("test_resnet")
    model.press("Enter")
    page.locator("#finetune-more button").first.click()
    setting(page, "Pictures", "image_size").fill("64")
    expect(setting(page, "Learning", "learning_rate")).to_have_attribute("placeholder", "automatic: 0.006")
    setting(page, "Learning", "batch_size").fill("8")
    find, stop, take = (page.locator(f"#finetune-rates{part}") for part in ("", "-stop", "-use"))
    find.click()
    stop.click()
    expect(page.locator("#finetune-rates-note")).to_contain_text("was stopped")
    find.click()
    expect(take).to_be_visible(timeout=LONG)
    expect(page.locator("#finetune-rates-plot polyline")).to_have_attribute("points", re.compile(r"\d+ \d+"))
    take.click()
    rate = take.inner_text().removeprefix("Use ")
    expect(page.locator("#finetune-command textarea")).to_have_value(re.compile(f"--lr {re.escape(rate)}"))


def test_sample_pictures_are_ready_to_train_on_at_once_and_can_be_deleted(page: Page, fresh: App):
    visit(page, fresh)
    tab(page, "Fine-tune")
    page.locator("#finetune-samples").click()
    expect(page.locator("#finetune-start")).to_be_enabled()
    page.locator("#finetune-delete").click()
    expect(page.locator("#finetune-question")).to_contain_text("Delete “drawn shapes”")
    page.locator("#finetune-delete-sure").click()
    expect(page.locator("#finetune-report")).to_contain_text("No pictures chosen yet")
    expect(page.locator("#finetune-start")).to_be_disabled()
    assert not list(fresh.store.datasets.iterdir())


def test_a_run_is_deleted_on_its_way_and_other_pages_see_it_gone(page: Page, fresh: App):
    other = page.context.new_page()
    for visitor in (page, other):
        visit(visitor, fresh)
        tab(visitor, "Fine-tune")
    page.locator("#finetune-samples").click()
    page.locator("#finetune-start").click()
    for visitor in (page, other):
        expect(visitor.locator("#run-status")).to_contain_text("drawn shapes")
    question = page.locator("#run-question")
    page.locator("#run-delete").click()
    expect(question).to_contain_text("It has not ended")
    page.locator("#run-delete-keep").click()
    expect(question).to_be_hidden()
    expect(page.locator("#run-status")).to_be_visible()
    page.locator("#run-delete").click()
    page.locator("#run-delete-sure").click()
    for visitor in (page, other):
        expect(visitor.locator("#run-status")).to_be_hidden()
        assert visitor.locator(".toast-body").count() == 0, "nothing to warn of"
    assert not list(fresh.store.runs.iterdir())


def test_the_shipped_models_own_training_is_the_first_result(page: Page, fresh: App):
    visit(page, fresh)
    tab(page, "Results")
    expect(page.locator("#results-headline")).to_contain_text("of 3,925 checked pictures")


def test_a_short_visit_in_chinese(page: Page, app: App):
    visit(page, app, "?lang=zh")
    expect(page.get_by_role("tab").first).to_contain_text("分类")
    upload(page, "classify-picture", GOLF_BALL)
    expect(page.locator("#classify-seen")).to_contain_text("像素")
    page.locator("#language").get_by_text("EN").click()
    expect(page.get_by_role("tab", name="Classify", exact=True)).to_be_visible()


def test_a_tab_that_is_pressed_at_once_speaks_the_visitors_language(page: Page, app: App):
    page.goto(f"{app.address}?lang=zh")
    page.locator("#tab-finetune-button").click()
    expect(page.locator("#finetune-samples")).to_have_text(say("try_samples", "zh"))
    expect(page.locator("#finetune-report")).to_have_text(say("pictures_empty", "zh"))


def test_hosted_visitors_classify_and_see_the_shipped_result_and_nothing_else(page: Page, start_app):
    app = start_app("hosted")
    visit(page, app)
    upload(page, "classify-picture", GOLF_BALL)
    expect(page.locator("#classify-answer")).to_contain_text("%")
    tab(page, "Fine-tune")
    expect(page.locator("#finetune-hosted")).to_be_visible()
    assert page.locator("#finetune-start, #classify-engine").count() == 0
    tab(page, "Results")
    expect(page.locator("#results-headline")).to_contain_text("of 3,925 checked pictures")
    expect(page.locator("#results-delete")).to_be_hidden()


def test_nothing_is_wider_than_the_screen(page: Page, app: App):
    visit(page, app)
    shown = {"Classify": "classify-knows", "Fine-tune": "finetune-report", "Results": "results-headline"}
    for name, element in shown.items():
        tab(page, name)
        expect(page.locator(f"#{element}")).not_to_be_empty()
        for width in (1280, 390, 390, 1280):  # in either shade
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
            page.locator("#shade").click()
