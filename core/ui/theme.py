"""The look as Gradio theme variables. CSS (``web/*.css``) only does what a variable cannot."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors, sizes

TEAL = colors.Color(
    name="fs_teal",
    c50="#eefaf8",
    c100="#d5f2ed",
    c200="#aee4dc",
    c300="#7cd0c5",
    c400="#45b5a8",
    c500="#1f968a",
    c600="#0d6f66",
    c700="#0b5b54",
    c800="#0c4e49",
    c900="#0c403c",
    c950="#052725",
)
INK = colors.Color(
    name="fs_ink",
    c50="#f5f7f7",
    c100="#ebeeee",
    c200="#dde2e2",
    c300="#c3cbcb",
    c400="#7f8b8b",
    c500="#687575",
    c600="#535f5f",
    c700="#3c4747",
    c800="#232b2c",
    c900="#191f20",
    c950="#111516",
)
TEXT = sizes.Size(name="fs_text", xxs="10px", xs="11px", sm="12px", md="13px", lg="14px", xl="18px", xxl="24px")
SPACE = sizes.Size(name="fs_space", xxs="2px", xs="4px", sm="4px", md="8px", lg="8px", xl="12px", xxl="16px")

FLAT = {
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_padding": "0px",
    "panel_border_width": "0px",
    "form_gap_width": "0px",
    "layout_gap": "12px",
    "container_radius": "6px",
    "block_radius": "6px",
    "shadow_drop": "none",
    "shadow_drop_lg": "0 8px 32px #0003",
    "input_border_width": "1px",
    "input_padding": "6px 8px",
    "input_shadow": "none",
    "input_radius": "6px",
    "block_title_text_weight": "700",
    "button_large_text_weight": "700",
    "button_medium_text_weight": "700",
    "button_secondary_shadow": "none",
    "button_primary_shadow": "none",
}
"""Weights are 400 and 700 only: the bundled 600 of IBM Plex Sans lacks letters."""

LIGHT_AND_DARK = {
    "body_background_fill": ("*neutral_100", "*neutral_950"),
    "background_fill_primary": ("#ffffff", "*neutral_900"),
    "background_fill_secondary": ("*neutral_50", "*neutral_800"),
    "body_text_color": ("#172121", "#e7ecec"),
    "body_text_color_subdued": ("*neutral_600", "#a3afaf"),
    "block_background_fill": ("transparent", "transparent"),
    "block_title_text_color": ("#172121", "#e7ecec"),
    "block_label_text_color": ("#172121", "#e7ecec"),
    "block_info_text_color": ("*neutral_600", "#a3afaf"),
    "panel_background_fill": ("transparent", "transparent"),
    "border_color_primary": ("*neutral_200", "#2c3637"),
    "border_color_accent": ("*primary_600", "*primary_400"),
    "color_accent_soft": ("*primary_50", "#10302d"),
    "input_background_fill": ("#ffffff", "*neutral_950"),
    "input_border_color": ("*neutral_400", "#6f7c7c"),
    "input_border_color_focus": ("*primary_600", "*primary_400"),
    "input_placeholder_color": ("*neutral_600", "#a3afaf"),
    "checkbox_border_color": ("*neutral_400", "#6f7c7c"),
    "checkbox_background_color_selected": ("*primary_600", "*primary_500"),
    "slider_color": ("*primary_600", "*primary_400"),
    "loader_color": ("*primary_600", "*primary_400"),
    "button_primary_background_fill": ("*primary_600", "*primary_400"),
    "button_primary_background_fill_hover": ("*primary_700", "*primary_300"),
    "button_primary_text_color": ("#ffffff", "#06201e"),
    "button_primary_border_color": ("*primary_600", "*primary_400"),
    "button_secondary_background_fill": ("#ffffff", "*neutral_800"),
    "button_secondary_background_fill_hover": ("*neutral_100", "*neutral_700"),
    "button_secondary_border_color": ("*neutral_400", "#6f7c7c"),
    "button_secondary_text_color": ("#172121", "#e7ecec"),
    "table_border_color": ("*neutral_200", "#2c3637"),
}


def theme() -> gr.themes.Base:
    """Returns the theme of the page."""
    base = gr.themes.Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=INK,
        text_size=TEXT,
        spacing_size=SPACE,
        radius_size=sizes.radius_md,
        font=(gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=(gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "monospace"),
    )
    both = {f"{name}_dark": dark for name, (_, dark) in LIGHT_AND_DARK.items()}
    both |= {name: light for name, (light, _) in LIGHT_AND_DARK.items()}
    return base.set(**FLAT, **both, color_accent="*primary_600")
