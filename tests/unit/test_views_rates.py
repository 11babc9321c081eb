"""A search for a learning rate as it is shown: a line over decades, and what is suggested."""

import itertools
import re

from resnet.views.rates import LEFT, RIGHT, plot

POINTS = [
    {"step": step + 1, "rate": 10.0 ** (step - 5), "loss": loss, "smoothed": loss}
    for step, loss in enumerate((1.6, 1.5, 1.2, 0.9, 2.0))
]


def test_the_line_rises_by_decades_and_the_suggestion_is_marked() -> None:
    drawn = plot(POINTS, 0.001)
    places = [float(pair.split(",")[0]) for pair in re.search('polyline[^>]* points="([^"]*)"', drawn)[1].split()]
    assert places[0] == LEFT
    steps = {round(after - before) for before, after in itertools.pairwise(places)}
    assert steps == {round((RIGHT - LEFT) / 6)}
    mark = float(re.search('class="mark" d="M([0-9.]+)', drawn)[1])
    assert mark == places[2]


def test_one_odd_batch_does_not_press_the_line_flat() -> None:
    odd = [*POINTS, {"step": 6, "rate": 1.0, "loss": 900.0, "smoothed": 1.9}]
    heights = [re.findall(r"polyline[^>]* points=\"[0-9.]+,([0-9.]+)", plot(points, None)) for points in (POINTS, odd)]
    assert heights[0] == heights[1]
    assert plot(odd, None).count("<circle") == len(POINTS)


def test_nothing_tried_nothing_drawn_and_one_point_is_enough() -> None:
    assert plot([], None) == "" and "<svg" in plot(POINTS[:1], None)
