"""Near duplicates: found, kept, grouped for the split, and listed; plain pictures and long chains group nothing."""

import io
import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet.cli import main
from resnet.data.dataset import Dataset
from resnet.data.images import measure
from resnet.data.importing import import_dataset
from resnet.data.near import ALL, RADIUS, Groups, is_told, near_pairs
from resnet.store import Store
from resnet.text import Message
from resnet.views import imports


def photo(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((96, 80), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def burst(seed: int) -> list[bytes]:
    """One photograph three times: as it was, saved worse, and smaller and without its edges."""
    image = photo(seed)
    return [jpeg(image), jpeg(image, 40), jpeg(image.crop((1, 1, 95, 79)).resize((60, 50)))]


def two_classes(count: int = 30) -> dict[str, bytes]:
    return {f"{label}/{i}.jpg": jpeg(photo(100 * k + i)) for k, label in enumerate(("a", "b")) for i in range(count)}


def imported(tmp_path: Path, files: dict[str, bytes]) -> Dataset:
    for name, content in files.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(content)
    return import_dataset(tmp_path / "source", Store.open(tmp_path / "workspace"))


def warnings_of(data: Dataset) -> dict[str, dict]:
    return {warning["key"]: warning["values"] for warning in data.report["warnings"]}


def drawn(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 16), np.uint8)


def sizes(groups: Groups, count: int) -> list[int]:
    return list(Counter(groups.roots(np.arange(count)).tolist()).values())


def test_they_are_kept_and_stay_on_one_side(tmp_path):
    bursts = {f"a/burst {k} {i}.jpg": content for k in range(5) for i, content in enumerate(burst(500 + k))}
    data = imported(tmp_path, two_classes() | bursts)
    assert data.report["images"] == 75 and data.report["duplicates"] == []
    by_source = {record.source: record for record in data.records}
    for k in range(5):
        records = [by_source[f"a/burst {k} {i}.jpg"] for i in range(3)]
        assert len({record.split for record in records}) == len({record.group for record in records}) == 1
        assert records[0].group
    assert all(not by_source[name].group for name in two_classes())
    assert data.report["totals"]["near_duplicates"] == len(data.report["near_duplicates"]) == 10
    assert ["a/burst 3 0.jpg", "a/burst 3 2.jpg"] in data.report["near_duplicates"]
    values = warnings_of(data)["import_near_duplicates"]
    assert (values["count"], values["groups"], data.report["near_leaks"]) == (15, 5, [])
    assert "15 pictures in 5 groups" in imports.report(data)


def test_two_classes_that_share_them(tmp_path):
    shared = {
        f"{'ab'[i % 2]}/shared {k} {i}.jpg": content for k in range(4) for i, content in enumerate(burst(600 + k))
    }
    data = imported(tmp_path, two_classes() | shared)
    sides = {(record.source.split()[1], record.split) for record in data.records if "shared" in record.source}
    assert len(sides) == 4
    assert all(0 < parts["val"] < parts["train"] for parts in data.report["counts"].values())


def test_a_leak_across_a_given_split(tmp_path, capsys, monkeypatch):
    files = {f"{part}/{name}": jpeg(photo(1000 * k + i)) for k, part in enumerate(("train", "val"))
             for i, name in enumerate(two_classes(3))}  # fmt: skip
    first, worse, smaller = burst(500)
    files |= {"train/a/x.jpg": first, "val/a/y.jpg": worse, "val/b/z.jpg": smaller}
    files["val/a/0.jpg"] = files["train/a/0.jpg"]  # to the byte: another list
    data = imported(tmp_path, files)
    assert data.report["near_leaks"] == [["train/a/x.jpg", "val/a/y.jpg"], ["train/a/x.jpg", "val/b/z.jpg"]]
    assert data.report["leaks"] == [["train/a/0.jpg", "val/a/0.jpg"]]
    warnings = warnings_of(data)
    assert warnings["import_near_leaks"] == {"count": 2, "files": ["val/a/y.jpg", "val/b/z.jpg"]}
    assert "import_apart" not in warnings
    monkeypatch.setenv("RESNET_HOME", str(tmp_path / "workspace"))
    assert main(["data", "report", data.id]) == 0
    assert "near duplicates in two parts: 2" in capsys.readouterr().out


def test_groups_of_a_table_are_joined_by_them(tmp_path):
    """Two patients of whom the same photograph is there are one group, which bears a name that was given."""
    files = two_classes() | dict(zip(("a/x.jpg", "a/y.jpg"), burst(500)[:2], strict=True))
    patients = {"a/x.jpg": "p1", "b/1.jpg": "p1", "a/y.jpg": "p2"}
    rows = [f"{name},{name[0]},{patients.get(name, '')}" for name in files]
    data = imported(tmp_path, files | {"labels.csv": "\n".join(["filename,label,group", *rows]).encode()})
    joined = {record.source: (record.group, record.split) for record in data.records if record.source in patients}
    assert len(joined) == 3 and {group for group, _ in joined.values()} == {"p2"}
    assert len(set(joined.values())) == 1
    assert warnings_of(data)["import_near_duplicates"]["count"] == 2


def test_plain_pictures_are_no_duplicates(tmp_path):
    """White pages, dark frames, and skies of which one side is lighter: different pictures of much the same."""
    slope = np.linspace(60, 200, 96)[None, :, None].repeat(80, 0).repeat(3, 2)
    noise = np.random.default_rng(0).normal(0, 4, (10, 80, 96, 3))
    pages = [Image.new("RGB", (96, 80), (250 + i,) * 3) for i in range(5)]
    skies = [Image.fromarray((slope + noise[i]).astype(np.uint8)) for i in range(10)]
    plain = {f"a/plain {i}.jpg": jpeg(image) for i, image in enumerate([*pages, *skies])}
    data = imported(tmp_path, two_classes(8) | plain)
    assert data.report["near_duplicates"] == []
    assert not any(record.group for record in data.records)


def test_where_all_look_alike_each_class_keeps_both_sides(tmp_path):
    """As parts on a belt do, before a camera that stands still: groups end at a tenth of the class."""
    image = np.asarray(photo(500)).astype(float)
    noise = np.random.default_rng(0).normal(0, 3, (80, *image.shape))
    files = {f"{'ab'[i % 2]}/{i}.jpg": jpeg(Image.fromarray((image + noise[i]).clip(0, 255).astype(np.uint8)))
             for i in range(80)}  # fmt: skip
    data = imported(tmp_path, files)
    assert max(Counter(record.group for record in data.records).values()) == 4
    assert data.report["counts"] == {label: {"train": 32, "val": 8, "test": 0} for label in "ab"}
    many = warnings_of(data)["import_near_many"]
    assert many["count"] == 80 and Message("import_near_many", many).say("zh")
    assert json.loads((data.folder / "report.json").read_text())["totals"]["near_duplicates"] == 60


def test_a_class_of_two_that_look_alike_keeps_both_sides(tmp_path):
    data = imported(tmp_path, two_classes(8) | {f"c/{i}.jpg": content for i, content in enumerate(burst(500)[:2])})
    assert data.report["counts"]["c"] == {"train": 1, "val": 1, "test": 0}


def test_random_hashes_are_not_near():
    assert list(near_pairs(drawn(10_000).view("S16")[:, 0])) == []


@pytest.mark.parametrize("count", [300, ALL + 300])
def test_pairs_are_those_that_comparing_each_with_each_finds(count):
    """In one go, and by bands: copies with up to twenty bits changed, anywhere."""
    hashes, random = drawn(count), np.random.default_rng(1)
    for i in range(100):
        changed = np.zeros(128, np.uint8)
        changed[random.choice(128, i % 21, replace=False)] = 1
        hashes[-1 - i] = hashes[i] ^ np.packbits(changed)
    found = {
        (min(p), max(p))
        for a, b in near_pairs(hashes.view("S16")[:, 0])
        for p in zip(a.tolist(), b.tolist(), strict=True)
    }
    some = [*range(100), *range(count - 100, count)]
    expected = {(i, j) for i, j in combinations(some, 2) if np.bitwise_count(hashes[i] ^ hashes[j]).sum() <= RADIUS}
    assert found == expected and len(expected) == 75


def test_a_chain_is_cut():
    """A thousand pictures, each like the next: groups of twenty, not one of all."""
    groups = Groups(np.arange(1000), np.full(1000, 20))
    groups.join(np.arange(999), np.arange(1, 1000))
    assert 10 < max(sizes(groups, 1000)) <= 20
    assert groups.outside.any()


def test_given_groups_count_as_they_are():
    """One that is larger than the bound stays whole, and is joined with nothing."""
    first = np.array([0] * 30 + [30, 31, 32])
    groups = Groups(first, np.full(33, 20))
    groups.join(np.array([3, 30, 4]), np.array([30, 31, 5]))
    assert sorted(sizes(groups, 33)) == [1, 2, 30]
    assert np.flatnonzero(groups.outside).tolist() == [3, 30]
    assert np.flatnonzero(groups.alike).tolist() == [30, 31]


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA"])
def test_a_hash_is_of_the_looks_whatever_the_mode(mode):
    buffer = io.BytesIO()
    photo(500).convert(mode).save(buffer, "TIFF")
    hashes = np.array([measure(content)[1] for content in (buffer.getvalue(), jpeg(photo(500)))], "S16")
    assert is_told(hashes).all() and len(list(near_pairs(hashes))) == 1
