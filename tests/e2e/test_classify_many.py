"""Many pictures in the Classify tab, and two models beside each other, as a visitor has them."""

import csv
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from resnet.data.samples import draw
from resnet.store import PROJECT
from tests.e2e.conftest import App
from tests.waiting import until

pytestmark = pytest.mark.browser
GOLF_BALL = next((PROJECT / "resnet/ui/assets/examples").glob("golf-ball*"))
LONG = 180_000  # ms: many pictures on a busy machine


def visit(page: Page, app: App) -> None:
    page.goto(app.address)
    expect(page.locator("#classify-knows")).not_to_be_empty(timeout=LONG)
    page.locator("#classify-many button").first.click()


def upload(page: Page, element: str, *files: Path) -> None:
    page.locator(f"#{element} input[type=file]").first.set_input_files([str(file) for file in files])


def choose(page: Page, field: str, model: str) -> None:
    field = page.locator(f"#{field} input").first
    field.fill(model)
    field.press("Enter")


def rows(page: Page) -> list[dict]:
    """The file of answers, downloaded."""
    with page.expect_download() as download:
        page.locator("#classify-csv").click()
    return list(csv.DictReader(Path(download.value.path()).read_text("utf-8-sig").splitlines()))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn pictures, 400 in five folders."""
    folder = tmp_path_factory.mktemp("drawn") / "shapes"
    draw(folder, per_class=80)
    return folder


def test_files_are_answered_in_groups_and_an_unreadable_one_is_named(page: Page, app: App, tmp_path: Path):
    (tmp_path / "notes.jpg").write_text("only words")
    for name in ("=1.jpg", "two.jpg"):
        shutil.copy(GOLF_BALL, tmp_path / name)
    visit(page, app)
    upload(page, "classify-files", *sorted(tmp_path.glob("*.jpg")))
    progress = page.locator("#classify-progress")
    expect(progress).to_contain_text("3 pictures in", timeout=LONG)
    expect(progress).to_contain_text("One file could not be read")
    expect(page.locator("#classify-gallery h3")).to_have_text("golf ball 2")
    expect(page.locator("#classify-gallery img").first).to_have_attribute("src", re.compile("^data:image/jpeg"))
    page.locator("#classify-behind button").first.click()
    expect(page.locator("#classify-table tbody tr").first).to_contain_text("notes.jpg holds text")
    found = {row["file"]: row for row in rows(page)}
    assert found["'=1.jpg"]["label"] == found["two.jpg"]["label"] == "golf_ball"
    assert "holds text" in found["notes.jpg"]["error"]

    page.locator("#language").get_by_text("中文").click()
    expect(progress).to_contain_text("3 张图片")
    page.locator("#classify-files").get_by_role("button", name=re.compile("清除|Clear")).click()
    expect(progress).to_be_empty()


def test_a_folder_is_stopped_in_the_middle_and_its_answers_stay(page: Page, app: App, drawn: Path):
    visit(page, app)
    page.locator("#classify-folder-upload input[type=file]").set_input_files(drawn)
    progress, stop = page.locator("#classify-progress"), page.locator("#classify-stop")
    expect(progress).to_contain_text(re.compile(r"\d+ of 400 · [\d.]+ images/s · .* left"), timeout=LONG)
    expect(page.locator("#classify-gallery figure").first).to_be_visible()
    stop.click()
    expect(progress).to_contain_text("stopped after")
    expect(stop).to_be_hidden()
    done = int(re.search(r"after (\d+) of 400", progress.inner_text())[1])
    assert 0 < done < 400
    answered = rows(page)
    assert len(answered) == done
    assert answered[0]["file"].startswith("shapes/")


def test_two_models_are_compared_for_a_zip_and_the_old_answers_stay_until_the_new_ones_come(
    page: Page, app: App, small_model: Path, tmp_path: Path
):
    with zipfile.ZipFile(tmp_path / "balls.zip", "w") as archive:
        for place in range(3):
            archive.write(GOLF_BALL, f"balls/{place}.jpg")
    visit(page, app)
    upload(page, "classify-files", tmp_path / "balls.zip")
    progress, group = page.locator("#classify-progress"), page.locator("#classify-gallery h3")
    expect(progress).to_contain_text("3 pictures in", timeout=LONG)
    choose(page, "classify-beside", str(small_model))
    expect(progress).to_contain_text("agree on 0 of 3", timeout=LONG)
    expect(page.locator("#classify-gallery figcaption").first).to_contain_text("≠")
    assert {(row["label"], row["agree"]) for row in rows(page)} == {("golf_ball", "False")}

    choose(page, "classify-model", "resnet50.a1_in1k")  # which is not here
    expect(page.locator("#classify-knows")).to_contain_text("once it has been downloaded")
    expect(group).to_have_text("golf ball 3")
    expect(progress).to_contain_text("agree on 0 of 3")


def test_one_picture_is_answered_by_two_models_and_no_answer_is_taken_away_too_soon(
    page: Page, app: App, small_model: Path
):
    visit(page, app)
    upload(page, "classify-picture", GOLF_BALL)
    answer = page.locator("#classify-answer")
    expect(answer).to_contain_text("golf ball")
    choose(page, "classify-beside", "resnet18d.imagenette")
    expect(answer).to_contain_text("Both say golf ball.")
    choose(page, "classify-beside", str(small_model))
    expect(answer).to_contain_text("They differ: resnet18d.imagenette says golf ball; small says")
    expect(page.locator("#classify-facts")).to_contain_text("small")

    choose(page, "classify-model", "resnet50.a1_in1k")
    expect(page.locator("#classify-knows")).to_contain_text("once it has been downloaded")
    expect(answer).to_contain_text("resnet18d.imagenette says golf ball")
    page.locator("#classify-examples button").nth(1).click()
    expect(answer).to_have_text("The answer stands here once the model has been downloaded.")


def test_a_script_that_does_the_same_is_there_to_be_copied(page: Page, app: App):
    visit(page, app)
    page.locator("#classify-calls button").first.click()
    expect(page.locator("#classify-python")).to_contain_text(f'Client("{app.address}")')
    expect(page.locator("#classify-python")).to_contain_text('"resnet18d.imagenette", 5, api_name="/classify"')
    expect(page.locator("#classify-curl")).to_contain_text(f"{app.address}/gradio_api/call/classify")
    box, lines = (page.locator(f"#classify-curl .cm-{part}") for part in ("scroller", "content"))
    box.scroll_into_view_if_needed()
    until(lambda: box.bounding_box()["height"] - lines.bounding_box()["height"] < 2, 30)  # no empty room below them
