"""The two curves of a run, as line plots."""

import gradio as gr

from resnet.text import LANGUAGES, say
from resnet.ui.theme import SERIES


def curves(page, elem_id: str) -> tuple[gr.LinePlot, gr.LinePlot]:
    """Loss and accuracy side by side, under a heading each, for the rows of `views.tables.curves`."""
    with gr.Row():
        return tuple(_curve(page, value, f"{elem_id}-{value}") for value in ("loss", "accuracy"))


def _curve(page, value: str, elem_id: str) -> gr.LinePlot:
    colours = {
        say(series, language): colour
        for series, colour in zip(("series_train", "series_val"), SERIES, strict=True)
        for language in LANGUAGES
    }
    with gr.Column(min_width=280):
        page.text(f"curve_{value}", style="heading")
        plot = gr.LinePlot(
            None,
            x="epoch",
            y=value,
            y_title=" ",
            color="series",
            color_title=" ",
            color_map=colours,
            x_lim=[0, None],
            y_lim=[0, 1] if value == "accuracy" else [0, None],
            height=260,
            elem_id=elem_id,
            buttons=["fullscreen"],
        )
        return page.words.put(plot, x_title="axis_epoch")
