"""The Results tab, used as a visitor uses it: from each number to its pictures, to corrections, to the next run."""

import re

import pytest
from playwright.sync_api import Page, expect

from resnet import jobs
from resnet.data.corrections import corrections
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.samples import draw
from resnet.jobs import train
from resnet.store import Store, read_json, write_json
from resnet.text import Message
from resnet.weights.folder import read_config
from resnet.worker.record import read_settings
from tests.e2e.conftest import App
from tests.e2e.test_page import tab, visit
from tests.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def finished(start_apps, tmp_path_factory: pytest.TempPathFactory) -> tuple[App, list[str]]:
    """An app with two runs on the same pictures, the second of which hardly learned; some of their labels are wrong."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("pictures") / "shapes"
    draw(folder, per_class=12)
    for number, path in enumerate(sorted((folder / "stars").iterdir())[:5]):
        path.rename(folder / "circles" / f"star-{number}.jpg")
    runs = []
    for name, epochs in (("good", 30), ("poor", 1)):
        settings = {"mode": "head", "head_epochs": epochs, "image_size": 64, "name": name}
        data = list_datasets(Store.open(home))
        runs.append(train(data[0]["id"] if data else folder, store=Store.open(home), **settings)["run"])
    return start_apps(home=home), runs


def look(page: Page, app: App, part: str) -> None:
    visit(page, app)
    tab(page, "Results")
    expect(page.locator("#results-headline")).to_contain_text("checked pictures")
    page.locator(f"#results-part-{part}-button").click()


def test_a_number_leads_to_its_pictures_and_one_of_them_to_what_speaks_for_its_answer(page: Page, finished):
    app, _ = finished
    look(page, app, "confusion")
    cell = page.locator("#results-confusion td button").first
    cell.focus()
    page.keyboard.press("Enter")  # as a click does
    cards = page.locator("#results-cell .card")
    expect(cards).to_have_count(int(cell.inner_text()))
    cards.first.click()
    expect(page.locator("#results-picture img")).to_be_visible()
    expect(page.locator("#results-picture")).to_contain_text("Filed under")
    page.locator("#results-why button").first.click()
    expect(page.locator("#results-why-heat .over")).to_be_visible()


def test_labels_are_corrected_taken_back_and_made_into_the_next_run(page: Page, finished):
    app, _ = finished
    look(page, app, "doubtful")
    cards = page.locator("#results-doubtful .card")
    cards.nth(0).click()
    page.locator("#results-leave-out").click()
    expect(page.locator("#results-picture")).to_contain_text("To be left out")
    cards.nth(1).click()
    expect(page.locator("#results-picture")).not_to_contain_text("To be left out")
    page.locator("#results-true-label input").click()
    page.get_by_role("option", name="stars").click()
    page.locator("#results-relabel").click()
    page.locator("#results-corrections button").first.click()
    changes = page.locator("#results-changes li")
    expect(changes).to_have_count(2)
    page.reload()  # nothing of it is lost
    tab(page, "Results")
    page.locator("#results-corrections button").first.click()
    expect(changes).to_have_count(2)
    page.locator("#results-undo").click()
    expect(changes).to_have_count(1)
    expect(changes).to_contain_text("left out")
    page.locator("#results-make-corrected").click()

    expect(page.locator("#finetune-data-note")).to_contain_text("v2")
    expect(page.locator("#finetune-data input")).to_have_value(re.compile("v2"))
    expect(page.locator("#finetune-report")).to_contain_text("1 left out")
    expect(page.locator("#finetune-start")).to_be_enabled()
    expect(page.locator("#finetune-command textarea")).to_have_value(re.compile("--mode head.*--image-size 64"))
    sets = {data["name"]: app.store.dataset(data["id"]) for data in list_datasets(app.store)}
    assert len(corrections(Dataset.open(sets["shapes"]))) == 1
    assert len(Dataset.open(sets["shapes v2"]).records) == len(Dataset.open(sets["shapes"]).records) - 1


def test_a_map_leads_to_a_picture_and_that_to_those_most_like_it(page: Page, finished):
    app, _ = finished
    look(page, app, "doubtful")
    page.locator("#results-doubtful .card").first.click()
    page.locator("#results-like button").first.click()
    expect(page.locator("#results-like-cards")).to_contain_text("Draw the map first")
    page.locator("#results-part-neighbours-button").click()
    page.locator("#results-draw-map").click()
    points = page.locator("#results-map path[data-choice]")
    expect(points).to_have_count(sum(data["images"] for data in list_datasets(app.store)[:1]))
    expect(page.locator("#results-draw-map")).to_have_count(0)
    cards = page.locator("#results-like-cards .card")
    expect(cards).to_have_count(12)  # of the picture that was chosen before there was a map
    point = points.last
    said = point.locator("title").text_content()
    point.dispatch_event("click")  # another one may lie on it
    expect(page.locator("#results-picture")).to_contain_text(f"Filed under: {said.split(':')[0]}")
    expect(cards.first).not_to_have_attribute("data-choice", point.get_attribute("data-choice"))
    chosen = cards.first.get_attribute("data-choice")
    cards.first.focus()
    page.keyboard.press("Enter")  # as a click does
    expect(page.locator(f'#results-like-cards [data-choice="{chosen}"]')).to_have_count(0)
    expect(cards).to_have_count(12)
    page.reload()  # it is kept
    tab(page, "Results")
    page.locator("#results-part-neighbours-button").click()
    expect(points.first).to_be_visible()


def test_results_stand_beside_each_other_with_a_sentence_on_the_difference(page: Page, finished):
    app, _ = finished
    look(page, app, "curves")
    page.locator("#results-compare button").first.click()
    page.locator("#results-others input").click()
    page.get_by_role("option", name=re.compile("^good")).click()
    expect(page.locator("#results-differences")).to_contain_text("McNemar's exact test")
    expect(page.locator("#results-accuracies")).to_contain_text("good")
    expect(page.locator("#results-differing")).to_contain_text("epochs of the last layer")
    expect(page.locator("#compare-loss .mark-line path").first).to_have_attribute("d", re.compile("L|M"))


def test_a_threshold_is_tried_and_kept_with_the_model(page: Page, finished):
    app, runs = finished
    look(page, app, "trust")
    expect(page.locator("#results-trust")).to_contain_text("expected calibration error")
    expect(page.locator("#results-reliability .mark-line path").first).to_have_attribute("d", re.compile("L"))
    page.locator("#results-threshold input[type=number]").fill("0.95")
    page.locator("#results-threshold input[type=number]").blur()
    expect(page.locator("#results-threshold-does")).to_contain_text(re.compile("95 % on it answers"))
    page.locator("#results-use-threshold").click()
    expect(page.locator("#results-threshold-note")).to_contain_text("0.95")
    assert read_config(app.store.run(runs[1]) / "model").unknown_threshold == 0.95
    page.reload()
    tab(page, "Results")
    page.locator("#results-part-trust-button").click()
    expect(page.locator("#results-threshold input[type=number]")).to_have_value("0.95")


def test_of_the_shipped_model_the_figures_stand_without_pictures(page: Page, finished):
    app, _ = finished
    look(page, app, "doubtful")
    page.locator("#results-run input").click()
    page.get_by_role("option", name=re.compile("resnet18d.imagenette")).click()
    expect(page.locator("#results-doubtful")).to_contain_text("not on this machine")
    expect(page.locator("#results-corrections")).to_have_count(0)


def test_a_result_is_renamed_and_trained_further(page: Page, finished):
    app, _ = finished
    look(page, app, "curves")
    page.locator("#results-rename").click()
    name = page.locator("#results-name input, #results-name textarea")
    expect(name).to_have_value("poor")
    name.fill("<b>second</b>")
    name.press("Enter")
    expect(page.locator("#results-run input")).to_have_value(re.compile("<b>second</b>"))
    expect(page.locator("#results-runs")).to_contain_text("<b>second</b>")
    page.locator("#results-further").click()
    expect(page.locator("#finetune-model input")).to_have_value(re.compile("<b>second</b>"))
    expect(page.locator("#finetune-data-note")).to_contain_text("starts from")
    expect(page.locator("#finetune-data input")).to_have_value(re.compile("shapes"))
    expect(page.locator("#finetune-start")).to_be_enabled()


def test_after_a_failure_another_start_is_one_click(page: Page, finished):
    """The newest run on the disk as it looks when its loss has left the numbers."""
    app, runs = finished
    run = app.store.run(runs[1])
    message = Message("loss_not_finite", {"rate": "1"}).to_json()
    write_json(run / "status.json", {**read_json(run / "status.json"), "state": "failed", "message": message})
    visit(page, app)
    tab(page, "Fine-tune")
    again = page.get_by_role("button", name="Try again with a learning rate of 0.1")
    expect(again).to_be_visible()
    again.click()
    expect(again).to_be_hidden()
    until(lambda: len(jobs.list_runs(app.store)) == 3)
    assert read_settings(app.store.run(jobs.list_runs(app.store)[0]["run"]))["settings"]["head_learning_rate"] == 0.1
