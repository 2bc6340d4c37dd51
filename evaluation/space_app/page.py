"""The web page of a metric's Space: a form filled with a worked example, a button, and the result in plain words.

It is built from gradio's own parts: the widget that `evaluate` 0.4.6 ships does not work with current gradio.
"""

import importlib
from pathlib import Path
from typing import Any

import evaluate
import gradio as gr

from lethebench.evaluation.space_app.form import Field, MetricPage
from lethebench.evaluation.space_app.serve import serve as start_server

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


def open_page(name: str, app: str) -> tuple[MetricPage, gr.Blocks]:
    """Return the page of a metric whose module lies beside the file of its app, and the web page, ready for `serve`."""
    form = importlib.import_module(f"lethebench.evaluation.{name}.form").FORM
    page = MetricPage(form, evaluate.load(str(Path(app).with_name(f"{name}.py"))))
    return page, _build(page)


def _build(page: MetricPage) -> gr.Blocks:
    required, optional = page.form.fields[:2], page.form.fields[2:]
    with gr.Blocks(title=page.title, analytics_enabled=False) as blocks:
        gr.Markdown(f"# {page.title}\n\n{page.lead}")
        with gr.Row():
            with gr.Column(scale=5):
                inputs = [_box(field, page.hints[field.name]) for field in required]
                if optional:
                    with gr.Accordion("Optional", open=any(field.example for field in optional)):
                        inputs += [_box(field, page.hints[field.name]) for field in optional]
                with gr.Row():
                    compute = gr.Button("Compute", variant="primary", min_width=110, elem_id="compute")
                    example = gr.Button("Example", min_width=110, elem_id="example")
                    clear = gr.Button("Clear", min_width=110, elem_id="clear")
            with gr.Column(scale=6):
                words = gr.Markdown(START, elem_id="words", elem_classes="words")
                table = gr.HTML(elem_id="table")
                with gr.Accordion("As JSON", open=False):
                    raw = gr.JSON(show_label=False)
        outputs = [words, table, raw]
        examples = [field.example for field in page.form.fields]
        compute.click(page.answer, inputs, outputs, api_name="compute")
        for button, texts in ((example, examples), (clear, [""] * len(examples))):
            values = [*texts, START, "", {}]
            button.click(lambda values=values: values, None, [*inputs, *outputs], api_visibility="private")
    return blocks


def _box(field: Field, hint: str) -> gr.Textbox:
    lines = 1 if field.kind == "number" else min(max(field.example.count("\n") + 1, 2), 8)
    return gr.Textbox(
        value=field.example, label=field.label, info=hint, lines=lines, max_lines=12, elem_id=f"field-{field.name}"
    )


def serve(blocks: gr.Blocks, **options: Any) -> Any:
    """Start the server of a page; options are those of `gradio.Blocks.launch`."""
    return start_server(blocks, css=STYLE, **options)
