"""Many answers as pictures, grouped by what they show; how far they are. Names are hostile text: see figures."""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from resnet.data.decoder import fitted
from resnet.text import Message, say
from resnet.views import answers, figures, sentences
from resnet.views.figures import escape
from resnet.views.palette import sign
from resnet.weights.preprocessing import Preprocessing

GROUPS, TILES = 20, 24  # groups shown with pictures, pictures of a group
TILE = Preprocessing(96, crop_pct=1.0)  # the middle square


class Group(NamedTuple):
    """The pictures with one answer. label: its key; None: unknown."""

    label: str | None
    count: int
    first: list[dict]  # the most doubtful answers, as many as are shown


def groups(images: Sequence[dict]) -> list[Group]:
    """What was answered, a group an answer: the unknown first, then the largest; what could not be read is in none."""
    members: dict[str | None, list[dict]] = {}
    for image in images:
        if not image["error"]:
            members.setdefault(image["labels"][0]["label"] if image["known"] else None, []).append(image)
    ordered = sorted(members.items(), key=lambda item: (item[0] is not None, -len(item[1]), item[0]))
    return [Group(label, len(found), heapq.nsmallest(TILES, found, answers.doubt)) for label, found in ordered[:GROUPS]]


def thumbnails(shown: Sequence[Group], known: dict[str, str]) -> dict[str, str]:
    """Per path of the pictures shown a small one as a data address; those that are known already are not made anew."""
    paths = [image["path"] for group in shown for image in group.first]
    missing = [path for path in dict.fromkeys(paths) if path not in known]
    made = dict(zip(missing, fitted(missing, TILE, at_least=TILE.size), strict=True))
    return {path: known[path] if path in known else _address(made[path]) for path in paths}


def _address(pixels: object) -> str:
    return "" if isinstance(pixels, Message) else figures.picture(TILE.picture(pixels), TILE.size)


def gallery(
    images: Sequence[dict],
    shown: Sequence[Group],
    pictures: dict[str, str],
    language: str = "en",
    classes: Sequence[str] = (),
) -> str:
    """The groups, each with its first pictures. pictures: as `thumbnails` makes them. classes: the model's."""
    kinds = {image["labels"][0]["label"] for image in images if image["known"]}
    left = len(kinds) - sum(group.label is not None for group in shown)
    more = figures.lines(say("groups_more", language, count=f"{left:,}")) if left else ""
    return "".join(_group(group, pictures, language, classes) for group in shown) + more


def _group(group: Group, pictures: dict[str, str], language: str, classes: Sequence[str]) -> str:
    name = say("unknown", language) if group.label is None else sentences.word(group.first[0]["labels"][0])
    tiles = "".join(_tile(image, pictures[image["path"]], language) for image in group.first)
    left = group.count - len(group.first)
    more = f'<p class="quiet">{say("group_more", language, count=f"{left:,}")}</p>' if left else ""
    kind = " unknown" if group.label is None else ""
    mark = "" if group.label is None else sign(group.label, classes)
    return (
        f'<section class="group{kind}"><h3>{mark}{escape(name)} <span class="quiet">{group.count:,}</span></h3>'
        f'<div class="tiles">{tiles}</div>{more}</section>'
    )


def _tile(image: dict, source: str, language: str) -> str:
    """A picture, how sure the answer is, the nearest guess where it is unknown, and what another model says instead."""
    best, name = image["labels"][0], escape(image["file"].rpartition("/")[2])
    said = sentences.percent(best["score"]) if image["known"] else sentences.word(best)
    other = f"≠ {sentences.answer(image['beside'], language)}" if answers.differs(image) else ""
    picture = f'<img src="{source}" alt="" loading="lazy">' if source else '<div class="no-picture"></div>'
    texts = "".join(f'<span class="quiet">{escape(text)}</span>' for text in (said, other) if text)
    return (
        f'<figure class="tile" title="{escape(image["file"])}">{picture}<figcaption><span>{name}</span>{texts}'
        "</figcaption></figure>"
    )


def standing(
    images: list[dict], count: int, seconds: float, state: str, models: Sequence[str], language: str = "en"
) -> str:
    """How far many answers are (state: running, done, stopped), and what there is to say of them together.

    seconds: since the first answer came; of those that are done, since they were asked for.
    Running: “340 of 1,000 · 83 images/s · 8 s left”, as much of it as is known.
    """
    done, rate = len(images), len(images) / seconds if seconds >= 1 else 0.0
    words = {"models": " / ".join(models), "count": f"{count:,}", "done": f"{done:,}"}
    words["duration"] = sentences.duration(seconds, language)
    if state != "running":
        words["speed"] = sentences.speed(done / max(seconds, 0.001), language)
        return figures.lines(say(f"many_{state}", language, **words), *answers.standing(images, language))
    left = say("left", language, duration=sentences.duration((count - done) / rate, language)) if rate else ""
    parts = (say("many_of", language, **words), sentences.speed(rate, language) if rate else "", left)
    head, line = escape(say("many_first", language, **words)), escape(" · ".join(part for part in parts if part))
    return (
        f'<div class="run"><p>{head}</p><div class="run-track"><div class="run-fill" '
        f'style="width:{100 * done / count:.1f}%"></div></div><p class="run-line">{line}</p></div>'
    )
