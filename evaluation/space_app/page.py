"""The web app of a metric's Space: a form filled with a worked example, a button, the result in plain words.

It is built from gradio's own parts: the widget that `evaluate` 0.4.6 ships does not work with current gradio.
"""

from typing import Any

import gradio as gr

from lethebench.evaluation.space_app.form import Field, Form

STYLE = """
.gradio-container { max-width: 1180px !important; margin: 0 auto; }
.gradio-container textarea { font-family: ui-monospace, Consolas, monospace; font-size: 13px; }
.gradio-container [data-testid="block-info"] { color: var(--body-text-color); font-weight: 600; }
.gradio-container .info-text, .gradio-container .info-text * { color: var(--body-text-color) !important; opacity: 0.8 }
.words { font-size: 16px; }
table.results { width: 100%; border-collapse: collapse; font-size: 14px; }
table.results, table.results tr, table.results th, table.results td { border-width: 0 !important; }
table.results th, table.results td { padding: 6px 14px 6px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--border-color-primary) !important; }
table.results .value { text-align: right; max-width: 14em; font-variant-numeric: tabular-nums; }
table.results td:last-child { min-width: 13em; }
"""
START = "The form holds a worked example. Press **Compute**, or paste your own values first."


def build(form: Form) -> gr.Blocks:
    """The page of a form, ready to `serve`."""
    with gr.Blocks(title=form.title, analytics_enabled=False) as page:
        gr.Markdown(f"# {form.title}\n\n{form.lead}")
        with gr.Row():
            with gr.Column(scale=5):
                boxes = {field.name: _box(field) for field in form.fields if not field.optional}
                optional = [field for field in form.fields if field.optional]
                if optional:
                    with gr.Accordion("Optional", open=any(field.example for field in optional)):
                        boxes |= {field.name: _box(field) for field in optional}
                with gr.Row():
                    compute = gr.Button("Compute", variant="primary", min_width=110, elem_id="compute")
                    example = gr.Button("Example", min_width=110, elem_id="example")
                    clear = gr.Button("Clear", min_width=110, elem_id="clear")
            with gr.Column(scale=6):
                words = gr.Markdown(START, elem_id="words", elem_classes="words")
                table = gr.HTML(elem_id="table")
                with gr.Accordion("As JSON", open=False):
                    raw = gr.JSON(show_label=False)
        inputs = [boxes[field.name] for field in form.fields]
        compute.click(form.answer, inputs, [words, table, raw], api_name="compute")
        outputs = [*inputs, words, table, raw]
        example.click(lambda: [*(field.example for field in form.fields), START, "", {}], None, outputs, api_name=False)
        clear.click(lambda: [*("" for _ in form.fields), START, "", {}], None, outputs, api_name=False)
    return page


def _box(field: Field) -> gr.Textbox:
    lines = 1 if field.kind == "number" else min(max(field.example.count("\n") + 1, 2), 8)
    return gr.Textbox(
        value=field.example,
        label=field.label,
        info=field.hint,
        lines=lines,
        max_lines=12,
        elem_id=f"field-{field.name}",
    )


def serve(page: gr.Blocks, **options: Any) -> Any:
    """Starts the page's server, with its looks; options are those of `gradio.Blocks.launch`."""
    theme = gr.themes.Base(
        primary_hue="blue", font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "Consolas", "monospace")
    )
    return page.launch(theme=theme, css=STYLE, footer_links=[], **options)
