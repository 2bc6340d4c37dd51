"""A page for each unlearning method, from the registry, the docstrings, the presets and the table of results."""

import inspect
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from lethe_docs.links import DOCS, FILES, ROOT, arxiv_link, table, toctree
from lethebench.baselines.presets import PRESETS
from lethebench.baselines.registry import MethodEntry, listed_methods
from lethebench.contract.escaping import markdown_text

NOTES, EQUATIONS = DOCS / "notes" / "methods.yaml", DOCS / "notes" / "equations.yaml"
RESULTS = [ROOT / file for file, page in FILES.items() if page.startswith("results/")]
SYMBOLS = (
    "E_f and E_r are means over forget and retain rows; y is the answer, lp(y) the sum of the log-probabilities of its"
    " \\|y\\| tokens in nats, and ce(y) = -lp(y) / \\|y\\|. theta is the model, ref and 0 the one before the stage."
)
_PARAMETER = re.compile(r"^    (\w+) \((.*?)\):\n((?:        .*\n?)+)", re.M)


def pages() -> dict[str, str]:
    """Return path -> Markdown of the pages of all methods."""
    return {f"methods/{entry.name}.md": _page(entry) for entry in listed_methods()}


def index() -> str:
    """Return the table of all methods, with their place in the navigation."""
    entries = listed_methods()
    rows = [[f"[`{e.name}`]({e.name}.md)", e.summary, arxiv_link(e.paper), e.needs] for e in entries]
    return table(["name", "is", "after", "needs"], rows) + toctree(entry.name for entry in entries)


def _page(entry: MethodEntry) -> str:
    method = entry.load()
    paper = getattr(method, "_paper", None) or {}
    doc = inspect.cleandoc(method.__dict__.get("__doc__") or "")
    note = yaml.safe_load(NOTES.read_text("utf-8")).get(entry.name, "")
    facts = [
        ["paper", arxiv_link(entry.paper) or "none"],
        ["needs beside the forget set", entry.needs],
        ["trains", _trained(entry, method)],
        [
            "`lethe tune` searches",
            ", ".join(["the learning rate", *(f"`{name}`" for name in entry.searched)]) if entry.trains else "nothing",
        ],
        ["class", f"`{method.__module__}.{method.__qualname__}`"],
    ]
    parts = [f"# {entry.name}", f"{entry.summary}.", table(["", ""], facts)]
    equation = yaml.safe_load(EQUATIONS.read_text("utf-8")).get(entry.name)
    computed = f"{_paragraphs(doc)}\n\n{equation.strip() if equation else ''}".strip()
    parts += ["## What it computes", computed, *([SYMBOLS] if "E_f[" in computed else [])]
    if note:
        parts += ["## When to use it", note.strip()]
    parts += ["## Settings", _settings(entry, method.config_class)]
    parts += [_command(entry), *_measured(entry.name)]
    if "citation" in paper:
        parts += ["## Cite", f"{paper['title']}.\n\n```bibtex\n{paper['citation'].strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _trained(entry: MethodEntry, method: Any) -> str:
    if not entry.trains:
        return "nothing" + ("; a LoRA is merged into the weights first" if entry.base_weights else "")
    if getattr(method, "adapter_per_task", False):
        return "an adapter for each request"
    if entry.base_weights:
        return "the weights, into which a LoRA is merged first"
    return "the weights, or the LoRA if the model has one"


def _paragraphs(doc: str) -> str:
    """Return a docstring as Markdown, whose equations in plain text stand in a block of their own."""
    text = re.sub(r"\n(Attributes|Args|Returns):\n(?:    .*\n?|\n)+", "\n", doc + "\n").strip()
    text = re.sub(
        r"([Mm])inimizes (.+?)(?=, without| plus `|\.(?:\s|$)|: h_t)",
        lambda m: f"{m[1]}inimizes\n\n```text\n{' '.join(m[2].replace('`', '').split())}\n```\n\n",
        text,
        flags=re.S,
    )
    return re.sub(r"```\n\n\s*[.:,]?[ ]?", "```\n\n", text)


def _settings(entry: MethodEntry, config: Any) -> str:
    described = {
        m[1]: " ".join(m[3].split()) for m in _PARAMETER.finditer(inspect.cleandoc(config.__doc__ or "") + "\n")
    }
    rows = []
    own = {
        item.name: item
        for item in fields(config)
        if item.init and item.name in {*described, *entry.defaults, *entry.searched}
    }
    for name, item in own.items():
        default = item.default if item.default is not MISSING else "required"
        meaning = described.get(name) or str(item.metadata.get("help", ""))
        inside = [
            f"`{preset}` {value}"
            for preset, content in PRESETS.items()
            if (value := content.methods.get(entry.name, {}).get(name)) is not None
        ]
        rows.append(
            [
                f"`{name}`",
                f"`{default!r}`" if len(repr(default)) < 40 else "see the class",
                meaning,
                ", ".join(inside) or "",
            ]
        )
    if not rows:
        return "None of its own; learning rate, batch and epochs come from the [preset](../guides/settings.md)."
    columns = 4 if any(row[3] for row in rows) else 3
    text = table(["setting", "default", "meaning", "in presets"][:columns], [row[:columns] for row in rows])
    ways = "a preset, or `lethe tune`" if entry.trains else "or a preset"
    return text + f"\nSet them by `--set {entry.name}.{rows[0][0].strip('`')}=...`, {ways}."


def _command(entry: MethodEntry) -> str:
    if entry.name == "retrain":
        return "```sh\nlethe unlearn retrain build/icu --from runs/icu\n```"
    tune = f"\nlethe tune {entry.name} build/icu --budget 20 --from runs/icu" if entry.trains else ""
    learn = "lethe learn build/icu --model tiny          # runs/icu: the initial model\n"
    return f"```sh\n{learn}lethe run build/icu --method {entry.name} --from runs/icu --out runs/{entry.name}{tune}\n```"


def _measured(name: str) -> list[str]:
    """Return the section of recorded results: a figure a row and an experiment a column, and the worst attack."""
    figures: dict[str, dict[str, str]] = {}
    sources, attacked = {}, []
    for path in RESULTS:
        if not (own := _recorded(path, name)):
            continue
        source = f"[{path.stem}](../results/{path.name}) (`lethe reproduce {path.stem}`)"
        if worst := own.get("worst-case recovery"):
            attacked.append(
                f"Under [attacks](../guides/attacks.md), {source}: worst-case recovery {worst} by {own['by']}; 0 is as"
                " gold, 1 as the initial model, in brackets the lowest and the highest seed."
            )
            continue
        sources[path.stem] = source
        for figure, value in own.items():
            figures.setdefault(figure, {})[path.stem] = value
    if not figures and not attacked:
        return []
    rows = [[figure, *(values.get(stem, "") for stem in sources)] for figure, values in figures.items()]
    means = "Means over seeds with the tiny model, in brackets the standard deviation"
    table_of = [f"{means}: {', '.join(sources.values())}.", table(["figure", *sources], rows).rstrip()] if rows else []
    return ["## Measured", *table_of, *attacked, "[What the figures mean](../reading.md)."]


def _recorded(path: Path, name: str) -> dict[str, str]:
    """Return the figures of a method in the first table of methods on a page of recorded results."""
    lines = path.read_text("utf-8").splitlines()
    start = next((index for index, line in enumerate(lines) if line.lower().startswith("| method | score")), None)
    if start is None:  # an experiment without methods
        return {}
    named = re.compile(rf"\| `?{re.escape(markdown_text(name))}(?:/\w+)?`? \|")
    own = next((line for line in lines[start:] if named.match(line)), "")
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in (lines[start], own)]
    return dict(zip(cells[0][1:], cells[1][1:], strict=True)) if own else {}
