"""The two curves of a run, as line plots."""

import gradio as gr

from resnet.text import LANGUAGES, say
from resnet.ui.theme import SERIES


def curve(value: str, elem_id: str) -> gr.LinePlot:
    """An empty plot for the rows of `views.tables.curves(lines, value)`; value: "loss" or "accuracy"."""
    colours = {
        say(series, language): colour
        for series, colour in zip(("series_train", "series_val"), SERIES, strict=True)
        for language in LANGUAGES
    }
    return gr.LinePlot(
        None,
        x="epoch",
        y=value,
        y_title=" ",
        color="series",
        color_title=" ",
        color_map=colours,
        x_lim=[0, None],
        y_lim=[0, 1] if value == "accuracy" else [0, None],
        height=240,
        min_width=280,
        elem_id=elem_id,
        show_label=True,
        buttons=["fullscreen"],
    )
