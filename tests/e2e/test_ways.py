"""The ways in which pictures come through the browser: a folder, chosen or dropped, and a box per class."""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from resnet.data.importing import import_dataset
from resnet.data.samples import draw
from resnet.store import Store
from tests.e2e.conftest import App
from tests.waiting import until

pytestmark = pytest.mark.browser
FOLDER, BOXES = "#finetune-folder-upload", "#finetune-boxes-upload"

# A folder as a browser hands it over when it is dropped; at most two of its entries are told at a time.
DROP = """([tree, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const entry = (path, inside) => {
    const name = path.split("/").pop(), base = { name, fullPath: path };
    if (typeof inside === "string")
      return { ...base, isFile: true, file: (got) => got(new File([bytes, inside], name)) };
    let left = Object.entries(inside).map(([inner, what]) => entry(`${path}/${inner}`, what));
    const readEntries = (got) => { const some = left.slice(0, 2); left = left.slice(2); got(some); };
    return { ...base, isDirectory: true, createReader: () => ({ readEntries }) };
  };
  const event = new Event("drop", { bubbles: true, cancelable: true });
  const items = Object.entries(tree).map(([name, inside]) => ({ webkitGetAsEntry: () => entry(`/${name}`, inside) }));
  Object.defineProperty(event, "dataTransfer", { value: { items, files: [] } });
  document.querySelector("#finetune-archive button").dispatchEvent(event);
}"""
PASTE = """(content) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "image.png", { type: "image/png" }));
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""
CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const pen = canvas.getContext("2d");
  setInterval(() => { pen.fillStyle = `hsl(${performance.now() % 360}, 80%, 50%)`; pen.fillRect(0, 0, 64, 48); }, 20);
  return canvas.captureStream(25);
}"""
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def visit(page: Page, app: App) -> None:
    page.goto(app.address)
    page.get_by_role("tab", name="Fine-tune", exact=True).click()
    expect(page.locator(f"{FOLDER} button").first).to_have_text("Choose a folder")


def left_behind(app: App) -> list[str]:
    return [name for _, _, names in os.walk(app.store.root / "tmp") for name in names]  # while some go


def datasets(app: App) -> list[str]:
    return [path.name for path in app.store.datasets.iterdir()] if app.store.datasets.exists() else []


@pytest.fixture(scope="module")
def app(start_apps) -> App:
    return start_apps()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes, with what lies about in folders."""
    drawn, folder = tmp_path_factory.mktemp("drawn") / "all", tmp_path_factory.mktemp("home") / "shapes"
    draw(drawn, per_class=4)
    for label in ("stars", "circles"):
        shutil.copytree(drawn / label, folder / label)
    (folder / "stars" / "inner").mkdir()
    (folder / "stars" / "000.jpg").rename(folder / "stars" / "inner" / "000.jpg")
    (folder / "notes.txt").write_text("notes")
    (folder / ".trash").mkdir()
    (folder / ".trash" / "old.jpg").write_bytes(b"no picture")
    return folder


def test_a_folder_that_is_chosen_is_the_one_on_the_disk(page: Page, app: App, pictures: Path, tmp_path: Path):
    visit(page, app)
    page.locator(f"{FOLDER} input[type=file]").set_input_files(pictures)
    expect(page.locator("#finetune-data input")).to_have_value("shapes: 8 pictures, 2 classes")
    expect(page.locator("#finetune-report")).to_contain_text("1 .txt")
    same = import_dataset(pictures, Store.open(tmp_path))
    assert same.id in datasets(app)
    assert left_behind(app) == []


def test_a_folder_that_is_dropped_keeps_its_class_names(page: Page, app: App):
    visit(page, app)
    classes = {label: {f"{i}.png": f"{label}{i}" for i in range(5)} for label in ("ants", "bees")}
    page.evaluate(DROP, [{"insects": {**classes, ".cache": {"x.png": "x"}}}, DOT])
    expect(page.locator("#finetune-data input")).to_have_value("insects: 10 pictures, 2 classes")
    assert left_behind(app) == []


def test_a_table_in_a_chosen_folder_names_the_classes(page: Page, app: App, pictures: Path, tmp_path: Path):
    folder = tmp_path / "tabled"
    folder.mkdir()
    rows = ["filename,label"]
    for number, path in enumerate([*(pictures / "circles").glob("*.jpg"), *(pictures / "stars").glob("*.jpg")]):
        shutil.copy(path, folder / f"{number}.jpg")
        rows.append(f"{number}.jpg,{'starry' if path.parent.name == 'stars' else 'round'}")
    (folder / "labels.csv").write_text("\n".join(rows))
    visit(page, app)
    page.locator(f"{FOLDER} input[type=file]").set_input_files(folder)
    expect(page.locator("#finetune-data input")).to_have_value("tabled: 7 pictures, 2 classes")
    expect(page.locator("#finetune-report")).to_contain_text("starry")


@pytest.mark.parametrize("end", ["cancelled", "broken off"])
def test_an_upload_that_ends_early_leaves_nothing(page: Page, app: App, pictures: Path, end: str):
    before, sent = datasets(app), []

    def hinder(route: Route) -> None:
        sent.append(route)
        if len(sent) == 1:
            route.continue_()
        elif end == "broken off":
            route.abort()

    page.route(re.compile(r"/upload(\?|$)"), hinder)
    visit(page, app)
    page.evaluate("window.resnetPictures.batches.files = 2")
    page.locator(f"{FOLDER} input[type=file]").set_input_files(pictures)
    if end == "cancelled":
        expect(page.locator(FOLDER)).to_contain_text(re.compile("[23] of 9 files sent"))
        page.get_by_role("button", name="Cancel").click()
        for route in sent[1:]:
            route.continue_()
    expect(page.locator(FOLDER)).to_contain_text("broke off" if end == "broken off" else "Cancelled; nothing was kept.")
    until(lambda: left_behind(app) == [])
    assert datasets(app) == before


def test_a_box_per_class(page: Page, app: App, pictures: Path):
    page.add_init_script(CAMERA)
    visit(page, app)
    page.get_by_role("tab", name="A box per class").click()
    boxes, bring = page.locator(f"{BOXES} .box"), page.locator(f"{BOXES} .filled").last
    expect(boxes).to_have_count(2)
    expect(bring).to_be_disabled()

    name = boxes.nth(0).get_by_role("textbox", name="Name of the class")
    name.fill("<b>stars</b>")
    boxes.nth(0).locator("input[type=file]").set_input_files([*sorted((pictures / "stars").rglob("*.jpg")), __file__])
    expect(boxes.nth(0)).to_contain_text("4 pictures")
    expect(page.locator(BOXES)).to_contain_text("1 files are no pictures")
    boxes.nth(0).get_by_role("button", name="Take out").first.click()
    expect(boxes.nth(0)).to_contain_text("3 pictures")

    boxes.nth(1).get_by_role("button", name="Camera").click()
    boxes.nth(1).get_by_role("button", name="Take a picture").click()
    expect(boxes.nth(1)).to_contain_text("1 pictures")
    boxes.nth(1).get_by_role("button", name="Close the camera").click()
    boxes.nth(1).get_by_role("textbox").focus()
    page.evaluate(PASTE, DOT)
    expect(boxes.nth(1)).to_contain_text("2 pictures")
    boxes.nth(1).get_by_role("textbox").fill("<b>stars</b>")
    expect(page.locator(BOXES)).to_contain_text("Two classes bear the same name.")
    boxes.nth(1).get_by_role("textbox").fill("")

    page.get_by_role("button", name="Add a class").click()
    expect(boxes).to_have_count(3)
    boxes.nth(2).get_by_role("button", name="Remove this class").click()
    page.get_by_role("tab", name="Classify", exact=True).click()
    page.get_by_role("tab", name="Fine-tune", exact=True).click()
    page.get_by_role("tab", name="Folder or zip").click()
    page.get_by_role("tab", name="A box per class").click()
    page.locator("#language label", has_text="中文").click()
    expect(bring).to_have_text("导入 5 张图片")  # what was put in is still there
    bring.click()
    expect(page.locator("#finetune-data input")).to_have_value("<b>stars</b>, 类别 2：5 张图片，2 个类别")
    assert left_behind(app) == []


def test_a_folder_of_the_server_and_a_tar(page: Page, app: App, pictures: Path, tmp_path: Path):
    """The last here: an archive that was sent stays for a day."""
    visit(page, app)
    path = page.locator("#finetune-folder input, #finetune-folder textarea")
    path.fill(str(tmp_path / "nowhere"))
    page.locator("#finetune-import-folder").click()
    expect(page.get_by_text("nowhere").first).to_be_visible()
    lying = tmp_path / "lying"
    shutil.copytree(pictures, lying)
    path.fill(str(lying))
    page.locator("#finetune-import-folder").click()
    expect(page.locator("#finetune-data input")).to_have_value(re.compile(r"8 pictures, 2 classes"))
    for label in ("stars", "circles"):
        (lying / label / "003.jpg").unlink()
    archive = shutil.make_archive(str(tmp_path / "packed"), "gztar", lying)
    page.locator("#finetune-archive input[type=file]").first.set_input_files(archive)
    expect(page.locator("#finetune-data input")).to_have_value("packed: 6 pictures, 2 classes")
