"""Run data as pictures in HTML. Class and file names are hostile text: everything that enters is escaped."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resnet.data.dataset import Dataset, Record
from resnet.data.images import open_image
from resnet.errors import UserError
from resnet.jobs import ALIVE, diverged
from resnet.text import say
from resnet.views import answers, sentences
from resnet.views.palette import icon, sign

if TYPE_CHECKING:  # torch
    from resnet.evaluation.explain import Explanation

CELLS = 20  # classes; up to here a confusion matrix shows its numbers, beyond it is a map of colours
FEW_PAIRS, MANY_PAIRS = 3, 12  # most confused classes named below it: beside its numbers, and beside the map
SHOWN = 24  # mistakes shown with their pictures


def escape(text: str) -> str:
    """Text as it can stand in HTML."""
    return html.escape(sentences.visible(text))


def note(text: str, kind: str = "plain") -> str:
    """A sentence in a box: plain, warn (something to mend), or quiet (an aside)."""
    return f'<div class="note {kind}" role="status">{escape(text)}</div>' if text else ""


def notes(texts: list[str], kind: str = "warn") -> str:
    return "".join(note(text, kind) for text in texts)


def empty(text: str) -> str:
    """What stands where there is nothing yet: what will be here, and what to do now."""
    return f'<div class="empty">{escape(text)}</div>'


def lines(*texts: str) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)


def badges(*texts: str) -> str:
    return '<div class="badges">' + "".join(f"<span>{escape(text)}</span>" for text in texts if text) + "</div>"


def answer(image: dict, language: str = "en", classes: Sequence[str] = ()) -> str:
    """The answer to one picture: names in words, bars for the scores; "unknown" as a sentence over grey guesses.

    classes: those whose marks stand before their names.
    """
    labels, known = image["labels"], image["known"]
    head = (
        f'<div class="answer-name">{escape(sentences.word(labels[0]))}</div>'
        if known
        else f'<div class="answer-name">{escape(say("unknown", language))}</div>'
        f'<p class="answer-why">{escape(say("unknown_why", language))}</p>'
    )
    body = "".join(
        _bar(sentences.word(label), label["score"], sentences.percent(label["score"]), sign(label["label"], classes))
        for label in labels
    )
    return f'<div class="answer{"" if known else " unknown"}">{head}<div class="bars">{body}</div></div>'


def answers_of(results: list[dict], language: str = "en", classes: Sequence[str] = ()) -> str:
    """The answer to one picture; those of two models beside each other, and whether they agree.

    classes: the first model's; where the second knows one of them, that has the same mark.
    """
    if len(results) == 1:
        return answer(results[0]["images"][0], language, classes)
    said = escape(answers.comparison(results, language))
    columns = "".join(
        f'<div><p class="quiet">{escape(result["model"])}</p>{answer(result["images"][0], language, classes)}</div>'
        for result in results
    )
    return f'<p class="agree">{said}</p><div class="beside">{columns}</div>'


def _bar(name: str, share: float, figure: str, mark: str) -> str:
    width = max(0.0, min(1.0, share)) * 100
    return (
        f'<div class="bar"><span class="bar-name" title="{escape(name)}">{mark}{escape(name)}</span>'
        f'<span class="bar-track"><span class="bar-fill" style="width:{width:.1f}%"></span></span>'
        f'<span class="bar-figure">{escape(figure)}</span></div>'
    )


def per_class(report: dict, words: dict[str, str], language: str = "en") -> str:
    """How many of each class were found, the weakest class first, with its count."""
    rows = sorted((row for row in report["per_class"] if row["n"]), key=lambda row: (row["recall"], row["label"]))
    bars = "".join(
        _bar(
            words.get(row["label"], row["label"]),
            row["recall"],
            say("right_of", language, right=f"{round(row['recall'] * row['n']):,}", n=f"{row['n']:,}"),
            sign(row["label"], report["classes"]),
        )
        for row in rows
    )
    return f'<div class="bars wide">{bars}</div>'


def headline(report: dict, language: str = "en", *, kept: bool = False) -> str:
    """The sentence to quote, and the caution that belongs to it. kept: for a reader of another day."""
    said = f'<p class="headline">{escape(sentences.headline(report, language))}</p>'
    stopped = say("was_stopped", language) if report["summary"]["stopped_early"] else ""
    return (
        said
        + lines(*sentences.besides(report, language), sentences.made_on(report, language, kept=kept), stopped)
        + note(sentences.caution(report, language), "warn")
    )


def confusion(report: dict, words: dict[str, str], language: str = "en", *, choose: bool = False) -> str:
    """The confusion matrix: rows are what a picture shows, columns what was answered.

    choose: each cell that holds pictures is a button, its choice "ROW COLUMN".
    """
    matrix, names = report["confusion"], [words.get(label, label) for label in report["classes"]]
    draw = _matrix_table if len(names) <= CELLS else _matrix_map
    return draw(matrix, names, language, choose) + _most_confused(matrix, names, language, choose)


def _matrix_table(matrix: list[list[int]], names: list[str], language: str, choose: bool) -> str:
    marked = [f"{icon(place)}{escape(name)}" for place, name in enumerate(names)]
    head = "".join(f'<th scope="col"><span>{name}</span></th>' for name in marked)
    body = ""
    for i, (name, row) in enumerate(zip(marked, matrix, strict=True)):
        total = sum(row) or 1
        cells = "".join(
            _cell(count, count / total, i == j, _choice(matrix, names, i, j, language) if choose and count else "")
            for j, count in enumerate(row)
        )
        body += f'<tr><th scope="row">{name}</th>{cells}</tr>'
    corner = escape(say("confusion_corner", language))
    return (
        f'<div class="scroll"><table class="confusion"><thead><tr><td class="corner">{corner}</td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _choice(matrix: list[list[int]], names: list[str], i: int, j: int, language: str) -> str:
    """The attributes of what chooses a cell."""
    said = say("confused", language, count=matrix[i][j], shown=names[i], answered=names[j])
    return f'data-choice="{i} {j}" aria-label="{escape(said)}"'


def _cell(count: int, share: float, right: bool, choice: str) -> str:
    """Dark numbers on pale cells up to a half, white ones on deep cells beyond: in between neither could be read."""
    kind, strong = "right" if right else "wrong", " strong" if share > 0.5 else ""
    shade = f"--share:{90 + 10 * share if strong else 100 * share:.0f}%"
    content = f'<button type="button" {choice}>{count}</button>' if choice else str(count or "·")
    return f'<td class="{kind}{strong}" style="{shade}">{content}</td>'


def _matrix_map(matrix: list[list[int]], names: list[str], language: str, choose: bool) -> str:
    """Beyond a screenful of classes: one small square a cell, only those that hold something."""
    squares = []
    for i, row in enumerate(matrix):
        total = sum(row) or 1
        for j, count in enumerate(row):
            if count:
                kind, title = "right" if i == j else "wrong", f"{names[i]} → {names[j]}: {count}"
                shade = 0.15 + 0.85 * count / total
                choice = f'data-choice="{i} {j}" ' if choose else ""
                squares.append(
                    f'<rect {choice}class="{kind}" x="{j}" y="{i}" width="1" height="1" opacity="{shade:.2f}">'
                    f"<title>{escape(title)}</title></rect>"
                )
    k = len(names)
    label = escape(say("confusion_corner", language))
    return (
        f'<svg class="confusion-map" viewBox="0 0 {k} {k}" role="img" aria-label="{label}">{"".join(squares)}</svg>'
        f'<p class="quiet">{label}</p>'
    )


def _most_confused(matrix: list[list[int]], names: list[str], language: str, choose: bool) -> str:
    pairs = sorted(
        ((count, i, j) for i, row in enumerate(matrix) for j, count in enumerate(row) if count and i != j), reverse=True
    )
    if not pairs:
        return lines(say("none_confused", language))
    shown = pairs[: FEW_PAIRS if len(names) <= CELLS else MANY_PAIRS]
    said = [say("confused", language, count=count, shown=names[i], answered=names[j]) for count, i, j in shown]
    if not choose:
        return lines(*said)
    choices = [f'<button type="button" class="plain" data-choice="{i} {j}">' for _, i, j in shown]
    buttons = "".join(f"{choice}{escape(text)}</button>" for choice, text in zip(choices, said, strict=True))
    return f'<div class="choices">{buttons}</div>'


def mistakes(report: dict, data: Dataset | None, words: dict[str, str], language: str = "en") -> str:
    """The most confident mistakes as pictures, out of the data set where it is at hand."""
    wrong = report["mistakes"]
    if not wrong:
        return note(say("no_mistakes", language), "quiet")
    records = {record.path.relative_to(data.folder).as_posix(): record for record in data.records} if data else {}
    marked = [(entry, sign(entry["label"], report["classes"])) for entry in wrong[:SHOWN]]
    cards = "".join(_mistake(entry, mark, records.get(entry["file"]), words, language) for entry, mark in marked)
    missing = "" if data else note(say("pictures_elsewhere", language), "quiet")
    more = lines(say("mistakes_more", language, count=len(wrong) - SHOWN)) if len(wrong) > SHOWN else ""
    return f'{missing}<div class="cards">{cards}</div>{more}'


def _mistake(entry: dict, mark: str, record: Record | None, words: dict[str, str], language: str) -> str:
    source = thumbnail(record.path) if record else ""
    file = record.source if record else entry["file"]
    picture = f'<img src="{source}" alt="">' if source else '<div class="no-picture"></div>'
    label, answered = (words.get(entry[key], entry[key]) for key in ("label", "predicted"))
    said = say("took_for", language, answered=answered, percent=sentences.percent(entry["score"]))
    return (
        f'<figure class="card">{picture}<figcaption><strong>{mark}{escape(label)}</strong><span>{escape(said)}</span>'
        f'<span class="quiet" title="{escape(file)}">{escape(Path(file).name)}</span>'
        f"</figcaption></figure>"
    )


def thumbnail(source: Path, side: int = 160) -> str:
    """A picture as a small JPEG in a data address, `side` pixels at most; nothing where it cannot be read."""
    try:
        image = open_image(source, at_least=side)
    except (UserError, OSError):
        return ""
    return picture(image, side)


def picture(image, side: int) -> str:
    """A PIL picture as a data address, `side` pixels at most."""
    image = image.copy()
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def seen(source: str, sentence: str, language: str = "en") -> str:
    """What the network saw: the very picture that went in, and how it was made from the file."""
    title = escape(say("what_it_saw", language))
    words = f"<strong>{title}</strong><p>{escape(sentence)}</p>"
    return f'<div class="seen"><img src="{source}" alt="{title}"><div>{words}</div></div>'


def why(explanation: "Explanation", language: str = "en") -> str:
    """The heat over what the network saw, as strongly as the visitor wants it."""
    words = {"label": explanation.description, "percent": sentences.percent(explanation.score)}
    said, strength = escape(say("why_bright", language, **words)), escape(say("why_strength", language))
    below, above = (picture(image, 480) for image in (explanation.seen, explanation.overlay(1.0)))
    return (
        f'<figure class="why"><div class="heat"><img src="{below}" alt=""><img class="over" src="{above}" alt=""></div>'
        f"<figcaption><p>{said}</p><label>{strength}"
        '<input type="range" min="0" max="1" step="0.05" value="0.55"'
        """ oninput="this.closest('.why').style.setProperty('--heat', this.value)"></label></figcaption></figure>"""
    )


def previews(images: list, language: str = "en") -> str:
    """One PIL picture in several versions."""
    shown = "".join(f'<img src="{picture(image, 160)}" alt="">' for image in images)
    return f'<div class="previews">{shown}</div>{lines(say("previewed", language))}'


def running(status: dict, name: str, language: str = "en") -> str:
    """A run on its way, or how it ended: state, one line of figures, a bar, the last message."""
    state = status["state"]
    figures = sentences.progress(status, language) if state in ("running", "stopping") else ""
    accuracy = status["val_accuracy"]
    message = sentences.said(status["message"], language) if status["message"] else ""
    advised = state in ("failed", "lost", "stopped", "queued") and not diverged(status)  # there the message says it all
    advice = say(f"advice_{state}", language) if advised else ""
    live = state in ALIVE
    key = "so_far" if live else "in_the_end"
    right = say(key, language, percent=sentences.percent(accuracy)) if accuracy is not None else ""
    fill = f'<div class="run-fill" style="width:{done(status)}%"></div>'
    bar = f'<div class="run-track">{fill}</div>' if live else ""
    return (
        f'<div class="run {escape(state)}"><div class="run-head"><strong>{escape(name)}</strong>'
        f'<span class="state">{escape(sentences.state(state, language))}</span></div>'
        f'{bar}<p class="run-line">{escape(figures)}</p>{lines(right, message, advice)}</div>'
    )


def shown(run: str, version: str, news: str) -> str:
    """What a page shows, for its script, which asks for what is newer, and where."""
    return f'<span data-run="{escape(run)}" data-version="{escape(version)}" data-news="{escape(news)}"></span>'


def done(status: dict) -> str:
    """How many percent of a run on its way are done: "12.5"; "" for one that has ended."""
    return f"{100 * _share_done(status):.1f}" if status["state"] in ALIVE else ""


def _share_done(status: dict) -> float:
    """Of the stage; with folds, of all models' stages."""
    share = min(1.0, (status["step"] or 0) / status["steps"]) if status["steps"] else 0.0
    if not status["folds"]:
        return share
    before = status["fold"] - 1 if status["fold"] else status["folds"]
    return (before + share) / (status["folds"] + 1)
