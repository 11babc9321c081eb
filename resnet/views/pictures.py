"""The pictures behind the numbers: cards to choose from, and the one that was chosen."""

from pathlib import Path

from resnet.data.dataset import Record
from resnet.text import say
from resnet.views import sentences
from resnet.views.figures import escape, lines, note, thumbnail
from resnet.views.palette import sign
from resnet.views.result import Result

SHOWN, FEW = 24, 6  # cards of a list, and of a glimpse
LARGE = 420  # pixels, of the chosen picture


def cards(entries: list[dict], result: Result, language: str = "en", beside: str = "") -> str:
    """A card a picture, each a button that chooses it. beside: the label from which others are marked."""
    if not entries:
        return note(say("no_such_pictures", language), "quiet")
    shown = "".join(_card(entry, result, language, beside) for entry in entries[:SHOWN])
    missing = "" if result.data else note(say("pictures_elsewhere", language), "quiet")
    more = lines(say("more_pictures", language, count=len(entries) - SHOWN)) if len(entries) > SHOWN else ""
    return f'{missing}<div class="cards">{shown}</div>{more}'


def judged(result: Result, language: str = "en") -> str:
    """That each picture was judged by a model that had not seen it, where folds have seen to that."""
    if not result.folds:
        return ""
    return note(say("judged_by_folds", language, k=result.folds["k"], n=f"{result.figures['n']:,}"), "quiet")


def mistakes(result: Result, language: str = "en") -> str:
    """The most certain first."""
    return cards(result.worst() if result.has_predictions else result.report["mistakes"], result, language)


def doubtful(result: Result, language: str = "en") -> str:
    """The pictures that it was least certain of."""
    if not result.has_predictions:
        return note(say("no_predictions", language), "quiet")
    return cards(result.doubtful(SHOWN), result, language)


def cell(result: Result, choice: str, language: str = "en") -> str:
    """The pictures of a cell of the confusion matrix. choice: "ROW COLUMN", as anybody may have sent it."""
    places = [int(word) for word in choice.split() if word.isdecimal()]
    if len(places) != 2 or max(places) >= len(result.classes):
        return ""
    found, (shown, answered_with) = result.cell(*places), (result.word(result.classes[place]) for place in places)
    head = say("cell_is", language, shown=shown, answered=answered_with, count=len(found))
    return f'<p class="heading">{escape(head)}</p>' + cards(found, result, language)


def worst(result: Result, language: str = "en") -> str:
    """The most confident mistakes of a model that is still learning, under a heading."""
    cards = "".join(_card(entry, result, language, tag="div") for entry in result.worst(FEW))
    head = f'<p class="heading">{escape(say("worst_so_far", language))}</p>'
    return f'{head}<div class="cards few">{cards}</div>' if cards else ""


def _card(entry: dict, result: Result, language: str, beside: str = "", tag: str = "button") -> str:
    record = result.records.get(entry["sha256"])
    source = thumbnail(record.path) if record else ""
    picture = f'<img src="{source}" alt="" loading="lazy">' if source else '<span class="no-picture"></span>'
    label = sign(entry["label"], result.classes) + escape(result.word(entry["label"]))
    said = escape(answered(entry, result, language))
    file = f'<span class="quiet">{escape(_name(record))}</span>' if record else ""
    other = " other" if beside and entry["label"] != beside else ""
    choice = f' type="button" data-choice="{escape(entry["sha256"])}"' if tag == "button" else ""
    caption = f'<span class="caption"><strong>{label}</strong><span>{said}</span>{file}</span>'
    return f'<{tag} class="card{other}"{choice}>{picture}{caption}</{tag}>'


def answered(entry: dict, result: Result, language: str = "en") -> str:
    """What it was taken for, and how surely, where it was checked."""
    if "predicted" not in entry:
        return say("not_checked", language)
    key = "took_rightly" if entry["predicted"] == entry["label"] else "took_for"
    words = result.word(entry["predicted"])
    return say(key, language, answered=words, percent=sentences.percent(entry["score"]))


def chosen(entry: dict, record: Record | None, result: Result, label: str | None, language: str = "en") -> str:
    """The chosen picture, large, and what is known of it. label: what it is corrected to; None: it is left out."""
    source = thumbnail(record.path, LARGE) if record else ""
    picture = f'<img src="{source}" alt="{escape(_name(record))}">' if source else ""
    said = [say("chosen_label", language, label=result.word(entry["label"])), *_answer(entry, result, language)]
    if label is None:
        said.append(say("chosen_out", language))
    elif label != entry["label"]:
        said.append(say("chosen_corrected", language, label=result.word(label)))
    file = f'<p class="quiet">{escape(record.source)}</p>' if record else ""
    return f'<div class="chosen">{picture}<div>{lines(*said)}{file}</div></div>'


def _answer(entry: dict, result: Result, language: str) -> list[str]:
    if "predicted" not in entry:
        return [say("chosen_not_checked", language)]
    answer = {"answered": result.word(entry["predicted"]), "percent": sentences.percent(entry["score"])}
    said = [say("chosen_answer_of_fold" if result.folds else "chosen_answer", language, **answer)]
    if entry["predicted"] != entry["label"] and "label_score" in entry:
        said.append(say("chosen_own_score", language, percent=sentences.percent(entry["label_score"])))
    return said


def corrections(changes: dict[str, str | None], result: Result, language: str = "en") -> str:
    """What has been corrected so far, the last first."""
    if not changes:
        return note(say("no_corrections", language), "quiet")
    rows = "".join(f"<li>{escape(_change(*change, result, language))}</li>" for change in list(changes.items())[::-1])
    head = lines(say("corrections_so_far", language, count=len(changes)))
    return f'{head}<ul class="changes">{rows}</ul>'


def _change(sha256: str, label: str | None, result: Result, language: str) -> str:
    record = result.records[sha256]
    words = {"file": _name(record), "old": result.word(record.label)}
    if label is None:
        return say("correction_out", language, **words)
    return say("correction_label", language, new=result.word(label), **words)


def _name(record: Record) -> str:
    return Path(record.source).name
