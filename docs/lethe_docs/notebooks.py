"""Notebooks as pages: their Markdown, code, and the output that they were saved with."""

import base64
import json
import re
from pathlib import Path
from typing import Any

from lethe_docs.links import DOCS, ROOT, SOURCE, for_site

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
_TIMES = re.compile(r"(?<=\d\] )(.*): [\d.]+ s$|; about [\d.]+ (?:s|min|h) left$", re.M)
"""How long a finished step took, and how long the rest of a run takes."""


def pages() -> dict[str, str | bytes]:
    """Return path -> content of the pages of all notebooks and of their pictures."""
    made: dict[str, str | bytes] = {}
    for path in NOTEBOOKS:
        made |= _page(path)
    return made


def _page(path: Path) -> dict[str, str | bytes]:
    file, page = path.relative_to(ROOT).as_posix(), f"notebooks/{path.stem}.md"
    made: dict[str, str | bytes] = {}
    text = []
    for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            text.append(for_site(source, file, page))
            if number == 0:
                text.append(f"[The notebook]({SOURCE}/blob/main/{file}), with the output that it was saved with.")
            continue
        text.append(f"```python\n{source}\n```")
        for count, output in enumerate(cell["outputs"]):
            data = output.get("data", {})
            if "image/png" in data:
                name = f"pictures/{path.stem}-{number}-{count}.png"
                made[name] = base64.b64decode(data["image/png"])
                text.append(f"![Output of the cell above](../{name})")
            elif "text/html" in data:
                text.append(f"```{{raw}} html\n{_table(''.join(data['text/html']))}\n```")
            elif plain := "".join(output.get("text", data.get("text/plain", ""))).rstrip():
                text.append(f"```text\n{plain}\n```")
    return {page: "\n\n".join(text) + "\n"} | made


def _table(html: str) -> str:
    """Return a table of pandas without its own style, in that of the site."""
    html = re.sub(r"<style.*?</style>", "", html, flags=re.S)
    return html.replace('border="1" class="dataframe"', 'class="docutils"')


def run(path: Path, folder: Path) -> Any:
    """Return a notebook with the output of its cells, run in a folder; raise CellExecutionError if one fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def save(path: Path, folder: Path) -> None:
    """Run a notebook and save it with its output, without what differs from run to run."""
    import nbformat

    notebook = run(path, folder)
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = _kept(cell.outputs)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


def _kept(outputs: list[Any]) -> list[Any]:
    """Return the outputs of a cell to save: lines of progress as one text without times, PNG alone, no warnings."""
    from nbformat.v4 import new_output

    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "display_data":
            line = output.data["text/plain"].rstrip() + "\n"
            output = new_output("stream", name="stdout", text=line)
        if output.get("name") == "stderr":
            continue
        if kept and kept[-1].get("name") == output.get("name") == "stdout":
            kept[-1]["text"] += output["text"]
        else:
            kept.append(output)
    for output in kept:
        output.get("data", {}).pop("image/jpeg", None)
        if "text" in output:
            output["text"] = _TIMES.sub(r"\1", output["text"])
    return kept
