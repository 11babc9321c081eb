"""Tables of labels: as programs write them, beside the pictures or given themselves, and what is wrong with them."""

import unicodedata
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.store import Store
from tests.archives import tarred
from tests.unit.test_data_import import make_folder, png, warnings_of

FILES = {f"scans/{i}.png": png(i) for i in range(12)}
LABELS = {name: ("healthy", "ill")[i % 2] for i, name in enumerate(FILES)}
HEAD = "filename,label"
TABLE = "\n".join([HEAD, *(f"{name},{label}" for name, label in LABELS.items()), ""])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "workspace")


def imported(tmp_path: Path, store: Store, table: str | bytes, name: str = "labels.csv", files=FILES) -> Dataset:
    """The data set of a folder with a table in it."""
    content = table.encode() if isinstance(table, str) else table
    return import_dataset(make_folder(tmp_path / "pets", {**files, name: content}), store)


def labels_of(data: Dataset) -> dict[str, str]:
    return {record.source: record.label for record in data.records}


@pytest.mark.parametrize("way", ["folder", "wrapped", "zip", "tar", "csv", "beside the pictures"])
def test_the_same_data_set_whichever_way_it_comes(tmp_path, store, way):
    first = imported(tmp_path, store, TABLE)
    assert labels_of(first) == LABELS
    assert first.report["split"] == "made"
    assert warnings_of(first) == {}
    content = {**FILES, "labels.csv": TABLE.encode()}
    source = tmp_path / "other"
    if way == "folder":
        source = tmp_path / "pets"
    if way == "wrapped":
        make_folder(source / "in" / "it", content)
    if way == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            for name, data in content.items():
                archive.writestr(f"wrap/{name}", data)
    if way == "tar":
        source.write_bytes(tarred(content))
    if way == "csv":
        make_folder(source, {**content, "scans/no row.png": png(99), "other.csv": TABLE.encode()})
        source /= "labels.csv"
    if way == "beside the pictures":
        make_folder(source, {**FILES, "scans/labels.csv": TABLE.replace("scans/", "").encode()})
    again = import_dataset(source, store, name="again")
    assert (again.id, again.report) == (first.id, first.report)


WRITTEN = {
    "semicolons": TABLE.replace(",", ";"),
    "tabs": TABLE.replace(",", "\t"),
    "bom": "\ufeff" + TABLE,
    "crlf": TABLE.replace("\n", "\r\n"),
    "cr": TABLE.replace("\n", "\r"),
    "utf-16": TABLE.encode("utf-16"),
    "utf-16-be": TABLE.encode("utf-16-be").join([b"\xfe\xff", b""]),
    "words": "\n".join(["Label , File_Name", *(f" {label} , ./{name}" for name, label in LABELS.items())]),
    "backslashes": TABLE.replace("scans/", "scans\\"),
    "bare": TABLE.replace("scans/", ""),  # the folder left out, as often
    "blank": TABLE.replace("\n", "\n\n,\n").replace("scans/3.png", '"scans/3.png"'),
    "more": TABLE.replace(HEAD, "filename,label,age,group").replace("\n", ",30\n"),
}


@pytest.mark.parametrize("table", WRITTEN.values(), ids=WRITTEN)
def test_tables_as_programs_write_them(tmp_path, store, table):
    assert labels_of(imported(tmp_path, store, table)) == LABELS


def test_names_in_either_form_of_unicode(tmp_path, store):
    """As macOS packs them, and tables have them."""
    composed, apart = "caf\u00e9.png", "cafe\u0301.png"
    data = imported(tmp_path, store, f"{TABLE}scans/{composed},ill\n", files={**FILES, f"scans/{apart}": png(77)})
    assert labels_of(data) == {**LABELS, f"scans/{apart}": "ill"}


def test_groups_and_a_given_split(tmp_path, store):
    parts = {name: ("train", "val", "test", "")[i // 2 % 4] for i, name in enumerate(FILES)}
    rows = [f"{name},{label},patient {i // 4},{parts[name]}" for i, (name, label) in enumerate(LABELS.items())]
    data = imported(tmp_path, store, "\n".join(["filename,label,group,split", *rows]))
    assert data.report["split"] == "given"
    assert {record.source: record.split for record in data.records} == {n: p or "train" for n, p in parts.items()}
    assert {record.source: record.group for record in data.records}["scans/5.png"] == "patient 1"
    assert warnings_of(data)["import_apart"] == {"count": 3, "groups": ["patient 0", "patient 1", "patient 2"]}


def test_groups_stay_on_one_side(tmp_path, store):
    rows = [f"{name},{label},patient {i // 4}" for i, (name, label) in enumerate(LABELS.items())]
    data = imported(tmp_path, store, "\n".join(["filename,label,group", *rows]))
    sides = defaultdict(set)
    for record in data.records:
        sides[record.group].add(record.split)
    assert sorted(map(sorted, sides.values())) == [["train"], ["train"], ["val"]]
    assert warnings_of(data) == {}


def test_groups_with_a_picture_in_common_stay_on_one_side_together(tmp_path, store):
    """Three patients, of whom each two have a picture in common; and a copy that is nobody's."""
    names = list(LABELS)
    groups = {name: f"patient {i}" for i, name in enumerate(names)}
    copies = {"z/1.png": (names[0], "patient 1"), "z/2.png": (names[1], "patient 2"), "z/3.png": (names[3], "")}
    rows = [f"{name},{LABELS[name]},{group}" for name, group in groups.items()]
    rows += [f"{copy},{LABELS[name]},{group}" for copy, (name, group) in copies.items()]
    files = {**FILES, **{copy: FILES[name] for copy, (name, _) in copies.items()}}
    data = imported(tmp_path, store, "\n".join(["filename,label,group", *rows]), files=files)
    assert {record.source: record.group for record in data.records} == {
        name: "patient 0" if i < 3 else f"patient {i}" for i, name in enumerate(names)
    }


def test_one_group_for_a_whole_class_is_said(tmp_path, store):
    rows = [f"{name},{label},{label}" for name, label in LABELS.items()]
    data = imported(tmp_path, store, "\n".join(["filename,label,group", *rows]))
    assert data.part("val") == []
    assert warnings_of(data)["import_one_sided"] == {"labels": ["healthy", "ill"]}


def test_what_rows_leave_open_is_listed(tmp_path, store):
    table = TABLE + "scans/gone.png,ill\n../scans/1.png,ill\n/etc/hostname.png,ill\nscans/0.png,ill\nscans/1.png,ill\n"
    table = table.replace("scans/2.png,healthy\n", "").replace("scans/3.png,ill\n", "scans/3.png,\n")
    data = imported(tmp_path, store, table)
    report = data.report
    assert report["missing"] == ["scans/gone.png", "../scans/1.png", "/etc/hostname.png"]
    assert report["unlabelled"] == ["scans/2.png", "scans/3.png"]
    assert report["contradicted"] == ["scans/0.png"]  # 1.png is said twice, but to be the same
    assert labels_of(data) == {n: LABELS[n] for n in LABELS if n not in {*report["unlabelled"], "scans/0.png"}}
    assert warnings_of(data).keys() == {"import_missing", "import_unlabelled", "import_contradicted"}
    assert [report["totals"][kind] for kind in ("missing", "unlabelled", "contradicted")] == [3, 2, 1]


def test_copies_with_other_labels_are_conflicts(tmp_path, store):
    files = {**FILES, "scans/copy.png": FILES["scans/0.png"]}
    data = imported(tmp_path, store, TABLE + "scans/copy.png,ill\n", files=files)
    assert data.report["conflicts"] == [["scans/0.png", "scans/copy.png"]]


def test_a_table_outside_reaches_nothing(tmp_path, store):
    """A row is a name below the table, whatever else lies on the disk."""
    secret = make_folder(tmp_path / "secret", {"a.png": png(50), "b.png": png(51)})
    table = f"{HEAD}\n../secret/a.png,x\n{secret}/b.png,y\n{secret}/a\0.png,y\n"
    with pytest.raises(UserError) as caught:
        import_dataset(make_folder(tmp_path / "mine", {"t.csv": table.encode()}) / "t.csv", store)
    assert caught.value.message.key == "table_no_pictures"


@pytest.mark.parametrize("encoding", ["cp1252", "gbk"])
def test_a_table_in_another_encoding_is_not_passed_over_for_the_folders(tmp_path, store, encoding):
    words = {"cp1252": ("Käfer", "Biene"), "gbk": ("甲虫", "蜜蜂")}[encoding]
    rows = [f"scans/{i}.png,{words[i % 2]}" for i in range(4)]
    folder = make_folder(tmp_path / "pets", {**FILES, "labels.csv": "\n".join([HEAD, *rows]).encode(encoding)})
    with pytest.raises(UserError) as caught:
        import_dataset(folder, store)
    assert caught.value.message.key == "table_encoding"


def test_a_first_line_of_excels_and_names_of_a_mac(tmp_path, store):
    files = {unicodedata.normalize("NFD", f"é{i}.png"): png(60 + i) for i in range(4)}
    rows = [unicodedata.normalize("NFC", f"é{i}.png;{'ab'[i % 2]}") for i in range(4)]
    table = "\n".join(["sep=;", HEAD.replace(",", ";"), *rows])
    folder = make_folder(tmp_path / "mac", {**files, "t.csv": table.encode()})
    assert import_dataset(folder / "t.csv", store).id == import_dataset(folder, store).id
    assert import_dataset(folder, store).report["counts"].keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("1.png,healthy\n", "table_head"),
        ("", "table_head"),
        (TABLE.replace("filename", "id"), "table_head"),
        (f"{HEAD}\n", "table_no_pictures"),
        (f"{HEAD}\nno.png,healthy\n", "table_no_pictures"),
        (TABLE.replace("healthy", "ill"), "table_one_class"),
        (TABLE.replace("healthy", "Gesundheitsbehörde").encode("latin-1"), "table_encoding"),
        (TABLE.encode("utf-16")[:-1], "table_encoding"),
        (f"{TABLE.strip()}{'x' * 200_000}\n", "table_broken"),
        (f"{HEAD},split\nscans/0.png,healthy,holdout\n", "table_split"),
    ],
)
def test_tables_that_are_none(tmp_path, store, table, key):
    content = table.encode() if isinstance(table, str) else table
    make_folder(tmp_path / "pets", {**FILES, "labels.csv": content})
    with pytest.raises(UserError) as caught:
        import_dataset(tmp_path / "pets" / "labels.csv", store)
    assert caught.value.message.key == key
    assert caught.value.message.say("zh")
    assert list((store.root / "tmp").iterdir()) == []


def test_other_tables_change_nothing(tmp_path, store):
    folders = {f"{label}/{name.split('/')[1]}": FILES[name] for name, label in LABELS.items()}
    first = import_dataset(make_folder(tmp_path / "plain", folders), store)
    tables = {"about.csv": b"id,breed\n1,cat\n", "ill/own.csv": TABLE.encode(), "broken.csv": b"\xff\xff\xff"}
    assert import_dataset(make_folder(tmp_path / "more", {**folders, **tables}), store).id == first.id


def test_a_table_without_a_head_beside_pictures_without_folders_is_named(tmp_path, store):
    with pytest.raises(UserError, match=r"labels\.csv is no table of labels.*filename,label"):
        imported(tmp_path, store, TABLE.replace("label", "breed"), files={Path(n).name: c for n, c in FILES.items()})


def test_several_tables_are_refused(tmp_path, store):
    make_folder(tmp_path / "pets", {"second.csv": TABLE.encode()})
    with pytest.raises(UserError, match=r"several tables of labels \(labels.csv, second.csv\)"):
        imported(tmp_path, store, TABLE)
