"""A page for each metric, from the registry, its folder's README or docstring, and the page VALIDITY."""

import inspect
import re
from importlib import import_module

import yaml

from lethe_docs.links import DOCS, ROOT, for_site, table, toctree
from lethebench.evaluation.registry import METRICS, NEEDS, MetricEntry, folder_of

NOTES = DOCS / "notes" / "metrics.yaml"


def pages() -> dict[str, str]:
    """Return path -> Markdown of the pages of all metrics."""
    return {f"metrics/{entry.name}.md": _page(entry) for entry in METRICS.values()}


def index() -> str:
    """Return the table of all metrics, with their place in the navigation."""
    rows = [[f"[`{e.name}`]({e.name}.md)", e.summary, e.range, e.direction] for e in METRICS.values()]
    return table(["name", "measures", "range", "direction"], rows) + toctree(METRICS)


def _page(entry: MetricEntry) -> str:
    games = yaml.safe_load(NOTES.read_text("utf-8")).get(entry.name, "")
    facts = [
        ["range", entry.range],
        ["direction", entry.direction],
        ["needs", ", ".join(NEEDS[need] for need in entry.needs)],
        ["from answers alone, as of an API", "yes" if entry.from_text else "no"],
        ["results printed first", ", ".join(f"`{name}`" for name in entry.headline) or "in the report of a run"],
    ]
    parts = [f"# {entry.name}", f"{entry.summary}.", table(["", ""], facts)]
    if games:
        parts += ["## What games it", games.strip()]
    parts += _validity(entry)
    parts.append(_module(entry) if entry.module else _docstring(entry))
    return "\n\n".join(parts) + "\n"


def _module(entry: MetricEntry) -> str:
    """Return the README of a metric's folder without its YAML and title, as the section on its definition."""
    file = folder_of(entry) / "README.md"
    text = file.read_text("utf-8").partition("\n---\n")[2]
    text = re.sub(r"^# .*\n", "## Definition\n", text.lstrip(), count=1)
    return for_site(text, file.relative_to(ROOT).as_posix(), f"metrics/{entry.name}.md").strip()


def _docstring(entry: MetricEntry) -> str:
    if entry.measure is None:
        return ""
    module, _, name = entry.measure.partition(":")
    doc = inspect.cleandoc(getattr(import_module(module), name).__doc__ or "")
    command = f"```sh\nlethe evaluate build/icu --model MODEL {_flags(entry)}\n```"
    return f"## Definition\n\n{doc}\n\nThe function is `{module}.{name}`.\n\n{command}"


def _flags(entry: MetricEntry) -> str:
    values = {"samples": "--samples 8", "judge": "--judge local", "before": "--before RUN", "gold": "--gold RUN"}
    return " ".join([f"--metrics {entry.name}", *(values[need] for need in entry.needs if need in values)])


def _validity(entry: MetricEntry) -> list[str]:
    """Return the lines of the first table of VALIDITY that concern a metric."""
    text = (ROOT / "evaluation" / "VALIDITY.md").read_text("utf-8")
    header, rule, *lines = text.partition("\n| metric | faithfulness")[2].partition("\n\n")[0].splitlines()
    names = {*entry.headline, *(["score"] if entry.name == "unlearning" else [])}
    own = [line for line in lines if (name := line.split("`")[1]) in names or name.startswith(entry.name)]
    if not own:
        judged = (
            " [How judges agree with labels](../judges-data.md): `lethe judge-check`." if "judge" in entry.needs else ""
        )
        text = "Not among [the metrics whose faithfulness and robustness were measured](../validity.md)."
        return ["## Validity", text + judged]
    source = "[The columns and the models](../validity.md), measured by `python perf/metric_validity.py --write`"
    earlier = re.findall(rf"^`{entry.name}` was measured.*?(?=\n\n)", text, re.M | re.S)
    return [
        "## Validity",
        *earlier,
        "\n".join([f"| metric | faithfulness{header}", rule, *own]),
        f"{source}; 1 is best.",
    ]
