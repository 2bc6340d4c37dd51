"""The web page of the board, which gradio serves; filters and plot work in the browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from lethebench.board.data import Board, read_board
from lethebench.contract.errors import UserError
from lethebench.evaluation.space_app.serve import serve

FILES = Path(__file__).parent
SCRIPTS = ("page.js", "plot.js", "run.js", "start.js")
TITLE = "Continual unlearning: results"
STYLE = """
.app.fillable, .html-container { max-width: none !important; padding: 0 !important; }
"""


def open_board(board: Board | Path) -> gr.Blocks:
    """Return the web page of a board, or of the folder of a Space that holds its Parquet files."""
    board = read_board(board) if isinstance(board, Path) else board
    content = json.dumps(board.table(), separators=(",", ":"))
    count = len(board.lines)

    def table(nothing: object = None) -> str:  # gradio always passes a value, and takes long to encode objects
        return content

    def detail(number: int) -> dict[str, Any]:
        if not isinstance(number, int) or not 0 <= number < count:
            return {"error": "There is no such result."}
        try:
            return board.detail(number)
        except UserError as error:
            return {"error": str(error)}

    functions: list[Callable[..., Any]] = [table, detail]
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as blocks:
        gr.HTML(
            html_template=(FILES / "page.html").read_text("utf-8"),
            css_template=(FILES / "page.css").read_text("utf-8"),
            js_on_load="\n".join((FILES / name).read_text("utf-8") for name in SCRIPTS),
            server_functions=functions,
            apply_default_css=False,
            padding=False,
        )
    return blocks


def show_board(blocks: gr.Blocks, **options: Any) -> Any:
    """Start the server of a board; options are those of `gradio.Blocks.launch`."""
    return serve(blocks, css=STYLE, **options)
