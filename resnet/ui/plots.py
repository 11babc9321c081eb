"""Curves and shares as line plots."""

from collections.abc import Sequence

import gradio as gr

from resnet.text import LANGUAGES, say
from resnet.ui.theme import SERIES


def curves(page, elem_id: str, *, coloured: bool = True) -> tuple[gr.LinePlot, gr.LinePlot]:
    """Loss and accuracy side by side, under a heading each, for the rows of `views.tables.curves`.

    coloured: the series are the pictures learned from and those checked with; else they are results.
    """
    series = ("train", "val") if coloured else ()
    with gr.Row():
        loss = _plot(page, "curve_loss", ("epoch", "loss"), series, [0, None], elem_id=f"{elem_id}-loss")
        return loss, _plot(page, "curve_accuracy", ("epoch", "accuracy"), series, [0, 1], elem_id=f"{elem_id}-accuracy")


def shares(page, heading: str, x: str, series: Sequence[str]) -> gr.LinePlot:
    """A plot of shares against shares, (x, share, series), under a heading."""
    return _plot(page, heading, (x, "share"), series, [0, 1], x_lim=[0, 1], elem_id=f"results-{heading}")


def _plot(
    page, heading: str, axes: tuple[str, str], series: Sequence[str], y_lim: list, **settings: object
) -> gr.LinePlot:
    colours = {
        say(f"series_{name}", language): colour
        for name, colour in zip(series, SERIES, strict=False)
        for language in LANGUAGES
    }
    with gr.Column(min_width=280):
        page.text(heading, style="heading")
        plot = gr.LinePlot(
            None,
            x=axes[0],
            y=axes[1],
            y_title=" ",
            color="series",
            color_title=" ",
            color_map=colours or None,
            y_lim=y_lim,
            height=260,
            buttons=["fullscreen"],
            **{"x_lim": [0, None], **settings},
        )
        return page.words.put(plot, x_title=f"axis_{axes[0]}")
