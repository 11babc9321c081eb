"""The pictures behind an import's warnings: which belong together, how many are listed, what is kept to be shown."""

import json
from pathlib import Path

import pytest
from PIL import Image

from resnet.data.dataset import Dataset
from resnet.data.images import open_image
from resnet.data.pictured import GROUPS, TOGETHER
from resnet.errors import UserError
from tests.unit.test_data_near import burst, imported, jpeg, photo, two_classes, warnings_of


def groups(data: Dataset, kind: str) -> list[list[str]]:
    """The names of the pictures of each group."""
    return [[entry["source"] for entry in group["pictures"]] for group in data.report["pictured"].get(kind, [])]


def test_a_group_of_near_duplicates_is_under_the_gravest_kind_alone(tmp_path: Path):
    files = {f"{part}/{name}": jpeg(photo(1000 * k + i)) for k, part in enumerate(("train", "val"))
             for i, name in enumerate(two_classes(3))}  # fmt: skip
    within, across, conflict = burst(500), burst(501), burst(502)
    files |= {"train/a/x0.jpg": within[0], "train/a/x1.jpg": within[1]}
    files |= {"train/a/y0.jpg": across[0], "train/a/y1.jpg": across[1], "val/a/y2.jpg": across[2]}
    files |= {"train/a/z0.jpg": conflict[0], "train/b/z1.jpg": conflict[1]}
    files["val/a/0.jpg"] = files["train/a/0.jpg"]  # to the byte
    data = imported(tmp_path, files)
    assert groups(data, "near_duplicates") == [["train/a/x0.jpg", "train/a/x1.jpg"]]
    assert groups(data, "near_leaks") == [["train/a/y0.jpg", "val/a/y2.jpg", "train/a/y1.jpg"]]
    assert groups(data, "near_conflicts") == [["train/a/z0.jpg", "train/b/z1.jpg"]]
    assert groups(data, "leaks") == [["train/a/0.jpg", "val/a/0.jpg"]]
    assert warnings_of(data)["import_near_conflicts"] == {"count": 1, "files": ["train/a/z0.jpg", "train/b/z1.jpg"]}
    for group in (group for found in data.report["pictured"].values() for group in found):
        for entry in group["pictures"]:
            record = next(record for record in data.records if record.source == entry["source"])
            own = (record.label, record.split, record.width, record.height)
            assert (entry["label"], entry["split"], entry["width"], entry["height"]) == own
            assert open_image(data.folder / entry["path"]).size == own[2:]


def test_what_stands_in_several_classes_is_set_aside_to_be_seen(tmp_path: Path):
    files = two_classes(6)
    for i in range(GROUPS + 2):
        files |= {f"{label}/both {i:02}.jpg": jpeg(photo(700 + i)) for label in "ab"}
    data = imported(tmp_path, files)
    found = data.report["pictured"]["conflicts"]
    assert [[entry["label"] for entry in group["pictures"]] for group in found] == [["a", "b"]] * GROUPS
    paths = {entry["path"] for group in found for entry in group["pictures"]}
    assert {path.relative_to(data.folder).as_posix() for path in (data.folder / "left_out").iterdir()} == paths
    assert all(open_image(data.folder / path).size == (96, 80) for path in paths)
    assert sorted((data.folder / "files").iterdir()) == sorted(record.path for record in data.records)
    assert data.report["totals"]["conflicts"] == GROUPS + 2


def test_however_many_there_are_a_bounded_number_is_listed(tmp_path: Path):
    tiny = {f"a/tiny {i:02}.jpg": jpeg(photo(900 + i).resize((20, 16 + i))) for i in range(GROUPS + 3)}
    alike = {f"b/alike {i}.jpg": jpeg(photo(950), 95 - 8 * i) for i in range(TOGETHER + 2)}
    data = imported(tmp_path, two_classes(60) | tiny | alike)
    assert groups(data, "small") == [[name] for name in sorted(tiny)[:GROUPS]]
    (group,) = data.report["pictured"]["near_duplicates"]
    assert group["count"] == len(alike) and len(group["pictures"]) == TOGETHER


def test_a_report_that_leads_out_of_the_data_set_is_damaged_and_an_older_one_is_read(tmp_path: Path):
    data = imported(tmp_path, two_classes(4) | {"a/tiny.jpg": jpeg(Image.new("RGB", (20, 20)))})
    file = data.folder / "report.json"
    report = json.loads(file.read_text())
    report["pictured"]["small"][0]["pictures"][0]["path"] = "files/../../../secret.jpg"
    file.write_text(json.dumps(report))
    with pytest.raises(UserError, match="pictured"):
        Dataset.open(data.folder)
    del report["pictured"]
    file.write_text(json.dumps(report))
    assert Dataset.open(data.folder).classes == ["a", "b"]
