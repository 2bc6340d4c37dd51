"""A page for each benchmark: the card and the contact sheet of a small build, which is made here, and the registry."""

import re
import shutil
from dataclasses import fields
from pathlib import Path

from PIL import Image

from lethe_docs.links import SOURCE, arxiv_link, table, toctree
from lethebench.builders import BENCHMARKS, build
from lethebench.builders.entries import IMPORTS
from lethebench.builders.registry import listed_benchmarks

SHEET_WIDTH = 1200


def pages(builds: Path | None) -> dict[str, str | bytes]:
    """Return path -> content of the pages of all benchmarks.

    Args:
        builds: folder of the small builds, made where they are missing; None leaves cards and pictures out.
    """
    made: dict[str, str | bytes] = {}
    for name in listed_benchmarks():
        made |= _page(name, builds / name if builds else None)
    return made


def index() -> str:
    """Return the table of all benchmarks, with their place in the navigation."""
    entries = listed_benchmarks()
    rows = [
        [f"[`{name}`]({name}.md)", row.summary, f"{row.small} small, {row.paper:,} paper", arxiv_link(row.after)]
        for name, row in entries.items()
    ]
    return table(["name", "profiles are", "how many", "after"], rows) + toctree(entries)


def _page(name: str, folder: Path | None) -> dict[str, str | bytes]:
    benchmark, page = BENCHMARKS[name], f"benchmarks/{name}.md"
    options = table(
        ["option", "default", "meaning"],
        [[f"`{item.name}`", f"`{item.default}`", item.metadata["help"]] for item in fields(benchmark.OPTIONS)],
    )
    commands = f"lethe build {name}                 # at the paper's size\nlethe build {name} --size small"
    header = f"# {name}\n\n```sh\n{commands}\n```\n"
    footer = f"\n## Options\n\n{options}\n"
    if folder is None:
        return {page: header + footer}
    manifest = folder / "manifest.json"
    if not manifest.is_file() or f'"{benchmark.VERSION}"' not in manifest.read_text("utf-8"):
        shutil.rmtree(folder, ignore_errors=True)
        build(name, folder, size="small", preview=True)
    card = (folder / "README.md").read_text("utf-8").partition("\n---\n")[2]
    card = re.sub(r"^# (.*)$", r"*\1*", card.lstrip(), count=1, flags=re.M)
    card = card.replace("](preview.png)", f"](../pictures/{name}-sheet.webp)")
    card = re.sub(r"\]\((manifest|croissant)\.json\)", f"]({SOURCE})", card)
    with Image.open(folder / "preview.png") as sheet:
        height = round(sheet.height * SHEET_WIDTH / sheet.width)
        target = folder / "sheet.webp"
        sheet.convert("RGB").resize((SHEET_WIDTH, height), Image.Resampling.LANCZOS).save(target, quality=80)
    return {page: header + "\n" + card + footer, f"pictures/{name}-sheet.webp": target.read_bytes()}


def imports_table() -> str:
    """Return the imports of released data as a table."""
    rows = []
    for name, entry in IMPORTS.items():
        options = "; ".join(f"`{key}`: {meaning}" for key, meaning in entry.options.items())
        rows.append([f"`{name}`", entry.source, options, arxiv_link(entry.after)])
    return table(["`lethe build NAME`", "`--from`", "options", "after"], rows)
