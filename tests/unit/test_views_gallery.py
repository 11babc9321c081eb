"""Many answers as pictures: grouped, bounded, and nobody's name taken for markup."""

from pathlib import Path

from resnet.views import gallery, palette
from tests.unit.test_views_answers import UNREADABLE, answer


def images(label: str, count: int, **more: object) -> list[dict]:
    made = [answer(label, 1 - place / 1000, **more) for place in range(count)]
    return [{**image, "path": f"{label}{place}"} for place, image in enumerate(made)]


def test_the_unknown_stand_first_then_the_largest_class_each_with_its_most_doubtful():
    found = gallery.groups([*images("ant", 3), *images("bee", 100), *images("fly", 2, known=False), dict(UNREADABLE)])
    assert [(group.label, group.count) for group in found] == [(None, 2), ("bee", 100), ("ant", 3)]
    assert len(found[1].first) == gallery.TILES
    assert found[1].first[0]["path"] == "bee99"


def test_however_many_there_are_a_bounded_number_is_drawn():
    many = [image for place in range(50) for image in images(f"class {place}", 100)]
    shown = gallery.groups(many)
    html = gallery.gallery(many, shown, {image["path"]: "" for image in many})
    assert html.count("<figure") == gallery.GROUPS * gallery.TILES
    assert html.count("and 76 more") == gallery.GROUPS
    assert "30 more classes are in the table" in html
    assert gallery.gallery([], gallery.groups([]), {}) == ""


def test_a_group_bears_the_mark_of_its_class_and_the_unknown_none():
    found = [*images("ant", 1), *images("bee", 1, known=False)]
    html = gallery.gallery(found, gallery.groups(found), dict.fromkeys(("ant0", "bee0"), ""), classes=["ant", "bee"])
    assert html.count("<svg") == 1 and f"<h3>{palette.sign('ant', ['ant', 'bee'])}ant" in html


def test_names_are_text_and_another_models_answer_stands_beside_where_it_differs():
    hostile = {**answer("<b>", beside=answer("<u>bee")), "file": 'a/"><script>.jpg', "path": "x"}
    html = gallery.gallery([hostile], gallery.groups([hostile]), {"x": ""})
    assert "<script>" not in html and "<b>" not in html and "<u>" not in html
    assert "≠ &lt;u&gt;bee" in html


def test_thumbnails_are_made_of_what_is_shown_and_only_once(pictures: Path, tmp_path: Path):
    paths = [str(file) for file in sorted(pictures.rglob("*.jpg"))[:3]] + [str(tmp_path / "gone.jpg")]
    shown = gallery.groups([{**answer("bee"), "path": path} for path in paths])
    made = gallery.thumbnails(shown, {paths[0]: "known", "not shown": "any"})
    assert set(made) == set(paths)
    assert made[paths[0]] == "known" and made[paths[3]] == ""
    assert made[paths[1]].startswith("data:image/jpeg;base64,") and len(made[paths[1]]) < 10_000


def test_how_far_it_is_is_said_as_far_as_it_is_known():
    def said(done: int, seconds: float, state: str = "running", **more: object) -> str:
        return gallery.standing(images("ant", done), 1000, seconds, state, ["<one>", "two"], **more)

    assert "0 of 1,000</p>" in said(0, 0)
    assert "340 of 1,000 · 85 images/s · 8 s left" in said(340, 4) and "width:34.0%" in said(340, 4)
    assert "&lt;one&gt; / two: looking at 1,000 pictures" in said(340, 4)
    assert "stopped after 340 of 1,000 pictures; their answers stay" in said(340, 4, "stopped")
    assert "1,000 pictures in 2 min 5 s, 8.0 images/s" in said(1000, 125, "done")
    assert "用时" in said(1000, 125, "done", language="zh")
