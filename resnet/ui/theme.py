"""How the page looks: one accent (petrol), neutral greys, system fonts, light and dark."""

from pathlib import Path

import gradio as gr

from resnet.views.curves import STYLE as CURVES_CSS

ASSETS = Path(__file__).parent / "assets"
FAVICON = ASSETS / "favicon.svg"
CSS = [ASSETS / "page.css", CURVES_CSS]
SCRIPT = "".join(f"<script>{(ASSETS / name).read_text('utf-8')}</script>" for name in ("page.js", "pictures.js"))

SERIES = ("#8b9499", "#0f8795")  # what it learns from (grey), what it is checked with (the accent)

PETROL = gr.themes.Color(
    name="petrol",
    c50="#eff8f9",
    c100="#d8eef1",
    c200="#b3dee4",
    c300="#82c7d1",
    c400="#47a8b6",
    c500="#1b8794",
    c600="#0f6b78",
    c700="#0d5965",
    c800="#0d4853",
    c900="#0c3c46",
    c950="#06262d",
)
GREY = gr.themes.Color(
    name="grey",
    c50="#f8f9f9",
    c100="#f1f3f3",
    c200="#e2e5e6",
    c300="#cbd0d2",
    c400="#9aa2a6",
    c500="#6a7378",
    c600="#515a5f",
    c700="#3d4549",
    c800="#262c2f",
    c900="#1a1f21",
    c950="#121617",
)
FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"]


def theme() -> gr.themes.Base:
    """The theme: flat surfaces, thin lines, one filled button."""
    base = gr.themes.Base(
        primary_hue=PETROL,
        secondary_hue=PETROL,
        neutral_hue=GREY,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        font=[*FONTS, "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Consolas", "Noto Sans Mono CJK SC", "monospace"],
    )
    return base.set(
        body_background_fill="#fcfdfd",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        border_color_accent="*primary_600",
        border_color_accent_dark="*primary_400",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_900",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="none",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_shadow="none",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        block_title_text_weight="500",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_800",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_border_color="*primary_600",
        button_primary_border_color_dark="*primary_600",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_secondary_text_color="*neutral_800",
        button_secondary_text_color_dark="*neutral_100",
        button_border_width="1px",
        button_large_text_size="*text_md",
        button_large_text_weight="550",
        checkbox_background_color_selected="*primary_600",
        checkbox_border_color_selected="*primary_600",
        checkbox_border_color_focus="*primary_600",
        checkbox_label_background_fill="white",
        checkbox_label_background_fill_dark="*neutral_800",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_900",
        checkbox_label_border_width="1px",
        checkbox_label_border_color="*neutral_300",
        checkbox_label_border_color_dark="*neutral_700",
        checkbox_label_border_color_selected="*primary_600",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_700",
        link_text_color_hover_dark="*primary_200",
        link_text_color_visited="*primary_600",
        link_text_color_visited_dark="*primary_300",
        loader_color="*primary_600",
        loader_color_dark="*primary_400",
        slider_color="*primary_600",
        table_even_background_fill="transparent",
        table_odd_background_fill="transparent",
        stat_background_fill="*primary_600",
    )
