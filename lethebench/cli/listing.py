"""What there is: the tables behind `lethe list`."""

from lethebench.errors import UserError

KINDS = ("benchmarks", "imports", "methods", "metrics", "models")


def catalog(what: str) -> dict[str, list[dict]]:
    """Rows of one table, or of all.

    Raises:
        UserError: an unknown table.
    """
    if what not in (*KINDS, "all"):
        raise UserError(f"lethe list {what}: unknown; give one of {', '.join(KINDS)}")
    tables = {
        "benchmarks": _benchmarks,
        "imports": _imports,
        "methods": _methods,
        "metrics": _metrics,
        "models": _models,
    }
    return {kind: tables[kind]() for kind in (KINDS if what == "all" else (what,))}


def render(tables: dict[str, list[dict]]) -> str:
    """The tables as text, columns as wide as they need."""
    blocks = []
    for kind, rows in tables.items():
        names = list(rows[0])
        lines = [[name.replace("_", " ") for name in names]] + [[str(row[name]) for name in names] for row in rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
        text = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )
        blocks.append(f"{kind}\n{text}")
    return "\n\n".join(blocks)


def _benchmarks() -> list[dict]:
    from lethebench.builders import BENCHMARKS

    return [
        {
            "name": name,
            "version": builder.VERSION,
            "profiles": f"{builder.SMALL_SIZE} small, {builder.PAPER_SIZE:,} paper",
            "after": f"{builder.PAPER.name}, {builder.PAPER.url}",
        }
        for name, builder in BENCHMARKS.items()
    ]


def _imports() -> list[dict]:
    from lethebench.builders.imports import IMPORTS
    from lethebench.builders.options import option_help

    return [
        {
            "name": name,
            "version": importer.VERSION,
            "lethe build NAME --from": importer.SOURCE,
            "options": "; ".join(f"{key}: {help}" for key, help in option_help(importer.OPTIONS).items()) or "none",
            "after": f"{importer.PAPER.name}, {importer.PAPER.url}",
        }
        for name, importer in IMPORTS.items()
    ]


def _methods() -> list[dict]:
    """Every method of `lethe run`, installed plug-ins included, and `retrain`."""
    from lethebench.baselines.registry import listed_methods

    return [
        {
            "name": entry.name,
            "is": entry.summary,
            "paper": entry.paper,
            "needs": entry.needs,
            "defaults": ", ".join(f"{key} {value}" for key, value in entry.defaults.items()) or "-",
        }
        for entry in listed_methods()
    ]


def _metrics() -> list[dict]:
    """Return every metric that `lethe evaluate --metrics` accepts; some are also modules of the evaluate library."""
    from lethebench.evaluation.registry import METRICS, NEEDS, folder_of

    return [
        {
            "name": entry.name,
            "measures": entry.summary,
            "needs": ", ".join(NEEDS[need] for need in entry.needs),
            "range": entry.range,
            "direction": entry.direction,
            "load": f'evaluate.load("{folder_of(entry)}")' if entry.module else "-",
        }
        for entry in METRICS.values()
    ]


def _models() -> list[dict]:
    from lethebench.baselines.presets import PRESETS

    return [{"preset": name, "model": preset.base_model, "source": preset.source} for name, preset in PRESETS.items()]
