"""Where the pictures of a result lie beside each other: a map of their embeddings, and those most like any one."""

from collections import defaultdict

import numpy as np

from resnet.errors import UserError
from resnet.evaluation.embeddings import most_like, places
from resnet.text import say
from resnet.views import palette, pictures, sentences
from resnet.views.figures import empty, escape, lines, note
from resnet.views.result import Result

WIDTH, HEIGHT, EDGE = 640, 440, 12  # of the map, in its own units
RADII = ((300, 5), (1500, 3.5))  # pictures up to which a mark has that radius
SMALLEST = 2.5
LIKE = 12  # pictures shown beside one


def shown(result: Result, language: str = "en") -> tuple[str, bool]:
    """The map, or what stands in its place; and whether it waits to be drawn."""
    if not result.can_be_mapped:
        return note(say("map_elsewhere", language), "quiet"), False
    try:
        if result.embeddings is None:
            return empty(say("map_empty", language)), True
    except UserError as problem:
        return note(sentences.problem(problem.message, language), "warn"), True
    return point_map(result, language), False


def point_map(result: Result, language: str = "en") -> str:
    """A mark a picture, each of which chooses it; the checked ones over the others."""
    hashes, spots = result.embeddings.sha256, _spots(result.embeddings.positions)
    radius = next((radius for most, radius in RADII if len(hashes) <= most), SMALLEST)
    groups: defaultdict[tuple[bool, str], list[str]] = defaultdict(list)
    for sha256, spot in zip(map(str, hashes), spots, strict=True):
        if sha256 in result.records:
            checked, label = sha256 in result.places, result.records[sha256].label
            groups[checked, label].append(_point(sha256, spot, radius, result, language))
    marks = "".join(_group(*key, groups[key], result, language) for key in sorted(groups))
    return (
        f'<svg class="point-map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(say("part_neighbours", language))}">{marks}</svg>'
        + _legend(result, language)
        + lines(say("map_key", language), *_missing(result, language))
    )


def like(result: Result, sha256: str, language: str = "en") -> str:
    """Cards of the pictures most like one, those under another label marked."""
    if result.embeddings is None:
        return note(say("like_no_map" if result.can_be_mapped else "map_elsewhere", language), "quiet")
    place = places(result.embeddings.sha256).get(sha256)
    if place is None:
        return note(say("like_not_on_map", language), "quiet")
    near = (result.find(str(result.embeddings.sha256[i])) for i in most_like(result.embeddings.vectors, place, LIKE))
    entries, label = [entry for entry in near if entry], result.find(sha256)["label"]
    other = sum(entry["label"] != label for entry in entries)
    key = "like_other" if other else "like_same"
    said = say(key, language, count=len(entries), other=other, label=result.word(label))
    return lines(said) + pictures.cards(entries, result, language, beside=label)


def _spots(positions: np.ndarray) -> np.ndarray:
    """Positions (N, 2) -> places on the map, one scale for both directions, the second upwards."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    room = np.array([WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE])
    scale = (room / np.maximum(high - low, 1e-9)).min()
    return np.array([WIDTH, HEIGHT]) / 2 + (positions - (low + high) / 2) * scale * (1, -1)


def _point(sha256: str, spot: np.ndarray, radius: float, result: Result, language: str) -> str:
    entry = result.find(sha256)
    mark = palette.mark(_place(entry["label"], result), radius)
    attributes = f'data-choice="{escape(sha256)}" d="M{spot[0]:.1f} {spot[1]:.1f}{mark}"'
    if sha256 not in result.places:
        return f"<path {attributes}/>"  # its group says what it is
    wrong = ' class="wrong"' if entry["predicted"] != entry["label"] else ""
    return f"<path {attributes}{wrong}><title>{_title(entry, result, language)}</title></path>"


def _group(checked: bool, label: str, points: list[str], result: Result, language: str) -> str:
    """The marks of a class. It holds what is the same of all of them, as there may be thousands."""
    title = "" if checked else f"<title>{_title({'label': label}, result, language)}</title>"
    colour, kind = palette.colour(_place(label, result)), "checked" if checked else "learned"
    return f'<g class="{kind}" fill="{colour}">{title}{"".join(points)}</g>'


def _title(entry: dict, result: Result, language: str) -> str:
    return escape(f"{result.word(entry['label'])}: {pictures.answered(entry, result, language)}")


def _place(label: str, result: Result) -> int:
    return result.classes.index(label)


def _legend(result: Result, language: str) -> str:
    entries = "".join(
        f"<span>{palette.icon(place)}{escape(result.word(label))}</span>" for place, label in enumerate(result.classes)
    )
    return f'<div class="legend">{entries}</div>'


def _missing(result: Result, language: str) -> list[str]:
    """What is to be known of the map: pictures that it leaves out, marks that mean several classes."""
    count, said = len(result.embeddings), []
    own = {record.sha256 for record in result.data.records if record.split in ("train", "val")}
    if len(own) > count:
        said.append(say("map_bounded", language, count=count, out=len(own) - count))
    if len(result.classes) > palette.MARKS:
        said.append(say("map_marks_shared", language, count=palette.MARKS))
    return said
