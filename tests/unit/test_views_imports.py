"""What an import found, as the page shows it: pictures beside the sentences that they are about."""

from pathlib import Path

from resnet.data.dataset import Dataset
from resnet.views import imports
from tests.unit.test_data_near import burst, imported, two_classes
from tests.unit.test_views_figures import HOSTILE, Tags


def test_the_report_shows_pictures_of_each_class(data: Dataset) -> None:
    html = imports.report(data)
    assert Tags(html).found.count("img") == sum(min(8, len(data.records)) for _ in data.classes)
    assert "to learn from" in html


def test_names_are_text() -> None:
    Tags(imports.strips({HOSTILE: []}, [HOSTILE]))


def test_pictures_that_belong_together_stand_below_the_sentence_about_them(tmp_path: Path) -> None:
    shared = dict(zip((f"a/{HOSTILE}.jpg", f"{HOSTILE}/y.jpg", "b/z.jpg"), burst(500), strict=True))
    others = {f"{HOSTILE}/{i}.jpg": burst(600 + i)[0] for i in range(3)}
    data = imported(tmp_path, two_classes(10) | others | shared)
    before, after = imports.report(data).split("stand in several classes")
    assert 'class="tile"' not in before
    shown = after.split("</div></div>")[0]
    assert shown.count("<img") == 3 and "96 × 80" in shown and "60 × 50" in shown
    Tags(imports.report(data, "zh"))
    for entry in data.report["pictured"]["near_conflicts"][0]["pictures"]:
        (data.folder / entry["path"]).unlink()
    assert "pictured" not in imports.report(data)


def test_a_report_of_an_older_version_has_its_sentences(tmp_path: Path) -> None:
    data = imported(tmp_path, two_classes(10) | dict(zip(("a/x.jpg", "a/y.jpg"), burst(500)[:2], strict=True)))
    assert "pictured" in imports.report(data)
    del data.report["pictured"]
    html = imports.report(data)
    assert "look almost the same" in html and "pictured" not in html
