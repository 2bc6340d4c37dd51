"""Start the server of a web page, in the looks that all of them share."""

from typing import Any

import gradio as gr


def serve(blocks: gr.Blocks, *, css: str, **options: Any) -> Any:
    """Start the server of a page; options are those of `gradio.Blocks.launch`."""
    theme = gr.themes.Base(
        primary_hue="blue", font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "Consolas", "monospace")
    )
    return blocks.launch(theme=theme, css=css, footer_links=[], **options)
