"""The curves of a run as drawings, for where no script is at work; the page itself has plots."""

import math

import pandas as pd

from resnet.text import say
from resnet.views import tables
from resnet.views.figures import escape

LEFT, RIGHT, TOP, BOTTOM = 46, 412, 12, 190  # of the plot's area, in units of the drawing
WIDTH, HEIGHT = 420, 226
STEPS = 4  # about so many spaces between the lines of the grid


def drawing(lines: list[dict], value: str, language: str = "en") -> str:
    """The curve of "loss" or "accuracy" over the epochs, as an SVG with its legend; "" where there is no point.

    lines: those of metrics.jsonl, or a report's `curves`.
    """
    frame = tables.curves(lines, value, language)
    points = frame.dropna()
    if points.empty:
        return ""
    last, up = points["epoch"].max() or 1.0, ticks(1.0 if value == "accuracy" else points[value].max())
    series = list(dict.fromkeys(frame["series"]))
    kinds = ("train", "val")[-len(series) :]
    drawn = "".join(
        _line(points[points["series"] == name], value, kind, last, up[-1])
        for kind, name in zip(kinds, series, strict=True)
    )
    legend = "".join(f'<span class="{kind}">{escape(name)}</span>' for kind, name in zip(kinds, series, strict=True))
    title = escape(say(f"curve_{value}", language))
    return (
        f'<figure class="curve"><figcaption>{title}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'{_grid(last, up, language)}{drawn}</svg><p class="legend">{legend}</p></figure>'
    )


def _line(points: pd.DataFrame, value: str, kind: str, last: float, highest: float) -> str:
    placed = [
        f"{_place(epoch, last, LEFT, RIGHT):.1f},{_place(number, highest, BOTTOM, TOP):.1f}"
        for epoch, number in zip(points["epoch"], points[value], strict=True)
    ]
    if len(placed) == 1:
        x, y = placed[0].split(",")
        return f'<circle class="{kind}" cx="{x}" cy="{y}" r="3"/>'
    return f'<polyline class="{kind}" points="{" ".join(placed)}"/>'


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
