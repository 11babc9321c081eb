"""The curves of a run: their points, and drawings, which a report has, and a page that watches a run."""

import math
from collections.abc import Sequence
from pathlib import Path

from resnet.text import say
from resnet.views import sentences
from resnet.views.figures import escape

STYLE = Path(__file__).with_name("curves.css")
Point = tuple[float, float]  # epoch, value

SERIES = {  # a curve's lines: the field of metrics.jsonl, and what it is of
    "loss": (("train_loss", "train"), ("val_loss", "val")),
    "accuracy": (("val_accuracy", "val"),),
    "learning_rate": (("learning_rate", "train"),),
}
NOISY = "train_loss"  # of few pictures each
SMOOTHING = 0.9  # share of the mean so far in the next smoothed loss
LEFT, RIGHT, TOP, BOTTOM = 46, 412, 12, 190  # of the plot's area, in units of the drawing
WIDTH, HEIGHT = 420, 226
STEPS = 4  # about so many spaces between the lines of the grid
DRAWN = 400  # points of a line at most; more would stand within one unit


def points(lines: list[dict], field: str) -> list[Point]:
    """A field of metrics.jsonl, or of a report's `curves`, over the epochs.

    The two stages of a run stand behind one another: the head's epochs first. A value that is not a number
    is left out; NaN has no place on an axis.
    """
    found: list[Point] = []
    offset, last, before = 0.0, 0.0, None
    fold = lines[-1].get("fold") if lines else None  # curves are of one model: the one that learns now
    for line in (line for line in lines if _has_place(line) and line.get("fold") == fold):
        if before not in (None, line["stage"]):
            offset, last = offset + last, 0.0
        before, last = line["stage"], max(last, line["epoch"])
        if _is_number(line.get(field)):
            found.append((round(offset + line["epoch"], 3), line[field]))
    return found


def _has_place(line: dict) -> bool:
    """Whether a line of metrics tells where on the axis it belongs; a damaged one may not."""
    return isinstance(line.get("stage"), str) and _is_number(line.get("epoch"))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def smoothed(found: Sequence[Point]) -> list[Point]:
    """The running mean of the values, in which the first counts no more than others (Kingma & Ba 2014, section 3)."""
    mean, weight, smooth = 0.0, 0.0, []
    for epoch, value in found:
        mean, weight = SMOOTHING * mean + (1 - SMOOTHING) * value, SMOOTHING * weight + (1 - SMOOTHING)
        smooth.append((epoch, mean / weight))
    return smooth


def drawings(lines: list[dict], language: str = "en") -> str:
    """All curves of a run beside each other; "" where there is no point yet."""
    drawn = "".join(drawing(lines, value, language) for value in SERIES)
    return f'<div class="curves">{drawn}</div>' if drawn else ""


def drawing(lines: list[dict], value: str, language: str = "en") -> str:
    """The curve of "loss", "accuracy" or "learning_rate", as an SVG with its legend; "" where there is no point."""
    series = [(field, kind, points(lines, field)) for field, kind in SERIES[value]]
    every = [point for _, _, found in series for point in found]
    if not every:
        return ""
    last, up = max(epoch for epoch, _ in every) or 1.0, ticks(1.0 if value == "accuracy" else max(y for _, y in every))
    drawn = legend = ""
    for field, kind, found in series:
        smooth = smoothed(found) if field == NOISY else found
        drawn += _line(found, f"{kind} raw", last, up[-1]) if field == NOISY else ""
        drawn += _line(smooth, kind, last, up[-1])
        legend += _legend(field, kind, smooth[-1][1] if smooth else None, language)
    title = escape(say(f"curve_{value}", language))
    return (
        f'<figure class="curve"><figcaption>{title}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'{_grid(last, up, language)}{drawn}</svg><p class="legend">{legend}</p></figure>'
    )


def _legend(field: str, kind: str, now: float | None, language: str) -> str:
    """What a line is of, and where it stands in the end."""
    name = say("series_learning_rate" if field == "learning_rate" else f"series_{kind}", language)
    figure = "" if now is None else sentences.percent(now) if field == "val_accuracy" else f"{now:.3g}"
    return f'<span class="{kind}">{escape(name)} <b>{figure}</b></span>'


def _line(found: Sequence[Point], kind: str, last: float, highest: float) -> str:
    thin = [*found[: -1 : max(1, math.ceil(len(found) / DRAWN))], *found[-1:]]
    placed = [
        f"{_place(epoch, last, LEFT, RIGHT):.1f},{_place(number, highest, BOTTOM, TOP):.1f}" for epoch, number in thin
    ]
    if len(placed) == 1:
        x, y = placed[0].split(",")
        return f'<circle class="{kind}" cx="{x}" cy="{y}" r="3"/>'
    return f'<polyline class="{kind}" points="{" ".join(placed)}"/>' if placed else ""


def _grid(last: float, up: list[float], language: str) -> str:
    """The numbers of both axes, a line at each of the upright one, and what the lower one counts."""
    columns = "".join(
        f'<text x="{_place(tick, last, LEFT, RIGHT):.1f}" y="{BOTTOM + 16}" text-anchor="middle">{tick:g}</text>'
        for tick in ticks(last)
        if tick <= last
    )
    rows = ""
    for tick in up:
        y = _place(tick, up[-1], BOTTOM, TOP)
        rows += (
            f'<path d="M{LEFT},{y:.1f}H{RIGHT}"/><text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    name = escape(say("axis_epoch", language))
    return f'<g class="grid">{rows}{columns}<text x="{RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{name}</text></g>'


def _place(number: float, last: float, start: float, end: float) -> float:
    return start + (end - start) * min(max(number / last, 0.0), 1.0)


def ticks(highest: float) -> list[float]:
    """Round numbers from 0 to `highest` or a little beyond, for an axis: 0.87 -> [0, 0.2, 0.4, 0.6, 0.8, 1]."""
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return [round(step * i, 12) for i in range(math.ceil(highest / step - 1e-9) + 1)]
