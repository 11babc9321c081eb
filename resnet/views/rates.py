"""A search for a learning rate in words and as a plot: the loss against the rate, on a logarithmic axis."""

import math

from resnet.jobs import RateSearch
from resnet.text import say
from resnet.training.finder import HIGHEST, LOWEST
from resnet.views.figures import escape, note
from resnet.views.sentences import problem, visible

LEFT, RIGHT, TOP, BOTTOM = 44, 412, 26, 186  # of the plot's area, in units of the drawing
WIDTH, HEIGHT = 420, 224


def search(rates: RateSearch, language: str = "en") -> str:
    """How it is going, or what came of it."""
    values = {"data": visible(rates.plan.data.name), "model": visible(rates.plan.architecture)}
    if rates.state == "failed":
        return note(problem(rates.problem, language), "warn")
    if rates.state == "done":
        values["rate"] = figure(rates.suggestion)
    if rates.state == "running" and rates.points:
        values |= {"step": len(rates.points), "steps": rates.steps}
        return note(say("rates_trying", language, **values), "quiet")
    return note(say(f"rates_{rates.state}", language, **values), "quiet")


def figure(rate: float) -> str:
    """A rate as it is typed."""
    return f"{rate:.2g}"


def plot(points: list[dict], suggestion: float | None, language: str = "en") -> str:
    """Smoothed losses (nats) as a line and those of single batches as dots, against the learning rate."""
    if not points:
        return ""
    smoothed = [point["smoothed"] for point in points]
    least = min(smoothed)
    before = max(smoothed[: smoothed.index(least) + 1])
    high = min(max(smoothed), before + 0.5 * max(before - least, least))  # what diverges would press the rest flat
    low = min(least, *(point["loss"] for point in points))
    low, high = (low, high) if high > low else (low - 0.1, high + 0.1)

    def y(loss: float) -> float:
        return BOTTOM - (loss - low) / (high - low) * (BOTTOM - TOP)

    line = " ".join(f"{_x(point['rate']):.1f},{y(point['smoothed']):.1f}" for point in points)
    dots = "".join(
        f'<circle cx="{_x(point["rate"]):.1f}" cy="{y(point["loss"]):.1f}" r="1.6"/>'
        for point in points
        if point["loss"] <= high
    )
    mark = f'<path class="mark" d="M{_x(suggestion):.1f},{TOP}V{BOTTOM}"/>' if suggestion else ""
    head = f'<svg class="rates" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    return (
        f'{head} aria-label="{escape(say("rates_plot", language))}"><clipPath id="rates-area">'
        f'<rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"/></clipPath>'
        f'{_axes(low, high, language)}{dots}{mark}<polyline clip-path="url(#rates-area)" points="{line}"/></svg>'
    )


def _x(rate: float) -> float:
    """Where a rate stands: its logarithm counts."""
    share = math.log(rate / LOWEST) / math.log(HIGHEST / LOWEST)
    return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)


def _axes(low: float, high: float, language: str) -> str:
    decades = range(round(math.log10(LOWEST)), round(math.log10(HIGHEST)) + 1)
    across = "".join(
        f'<path d="M{_x(10.0**power):.1f},{TOP}V{BOTTOM}"/>'
        f'<text x="{_x(10.0**power):.1f}" y="{BOTTOM + 14}" text-anchor="middle">{_plain(power)}</text>'
        for power in decades
    )
    digits = max(0, 1 - math.floor(math.log10(high - low)))
    up = "".join(
        f'<path d="M{LEFT},{at}H{RIGHT}"/><text x="{LEFT - 6}" y="{at + 4}" text-anchor="end">{loss:.{digits}f}</text>'
        for at, loss in ((BOTTOM, low), ((BOTTOM + TOP) / 2, (low + high) / 2), (TOP, high))
    )
    titles = (
        f'<text x="{RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(say("setting_learning_rate", language))}</text>'
        f'<text x="{LEFT - 6}" y="{TOP - 14}">{escape(say("rates_axis_loss", language))}</text>'
    )
    return f'<g class="grid">{across}{up}{titles}</g>'


def _plain(power: int) -> str:
    return f"{10.0**power:.{max(0, -power)}f}"
