"""The table of methods from finished runs: scores, and under attack the worst case, with gold of another seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from lethebench.attacks.records import read_attacks
from lethebench.runs.folder import read_json, stage_name
from lethebench.runs.proof import LEARNT
from lethebench.runs.records import read_run
from lethebench.runs.summary import ScoredRun, gold_models, read_models
from lethebench.scoring.aggregate import run_aggregates

GOLD = "gold, another seed"
FIGURES = {
    "score": "score",
    "forget": "forget",
    "indistinguishable": "indistinguishable",
    "keep": "keep",
    "exposure_excess": "exposure above gold, bits",
}
"""Figure of a summary -> title of its column."""
WORST = "worst_case_recovery"


@dataclass
class Row:
    """What is known of a method, one entry per seed.

    Attributes:
        summaries: Its summary.json.
        attacked: What attacks recovered from it after the last stage.
    """

    summaries: list[dict[str, Any]] = field(default_factory=list)
    attacked: list[Mapping[str, Any]] = field(default_factory=list)


def rows_of(runs: Sequence[Path]) -> dict[str, Row]:
    """Return method -> its row, in the order of the runs; gold of the next seed's run, as if it were a method, last.

    Under attack, gold's row has the gold model of each seed with the largest worst case against the others.
    """
    records = {run: read_run(run) for run in runs}
    rows: dict[str, Row] = {}
    golds: dict[int, Mapping[str, Any]] = {}
    for run, record in records.items():
        attacks = read_attacks(run, len(record["task_order"])) or {"models": {}, "golds": []}
        for method in record["methods"]:
            settings = "".join(f":{name}={value}" for name, value in record.get("settings", {}).get(method, {}).items())
            row = rows.setdefault(method + settings, Row())
            row.summaries.append(read_json(run / method / "summary.json"))
            row.attacked += [attacks["models"][method]] if method in attacks["models"] else []
        own = [attacks["models"][gold] for gold in attacks["golds"] if gold in attacks["models"]]
        if own:
            golds.setdefault(record["seed"], max(own, key=lambda model: model[WORST]))
    first_of_seed = list({record["seed"]: run for run, record in reversed(records.items())}.values())[::-1]
    pairs = zip(first_of_seed, first_of_seed[1:] + first_of_seed[:1], strict=True)
    summaries = [gold_as_method(own, other) for own, other in pairs if own != other]
    return rows | ({GOLD: Row(summaries, list(golds.values()))} if summaries or golds else {})


def gold_as_method(run: Path, other: Path) -> dict[str, Any]:
    """Return the figures of the gold models of another run as those of a method of a run."""
    gold, order = read_json(run / "gold/summary.json"), read_run(run)["task_order"]
    folders = [other / "gold" / stage_name(stage) for stage in range(1, len(order) + 1)]
    stages = [read_models(folder) for folder in (run / LEARNT, *folders)]
    scored = ScoredRun(stages, gold_models(run, map(int, gold["stages"]), gold["seeds"]), order)
    return run_aggregates(scored, gold) | {
        "seconds": [read_json(folder / "done.json")["seconds"] for folder in folders]
    }


def methods_table(rows: Mapping[str, Row]) -> str:
    """Return the table in Markdown, best score first; the worst case and the attack that reaches it where attacked.

    Figures are means over seeds, with the lowest and the highest in brackets. Of one seed, the worst case has its 95 %
    interval over profiles there.
    """
    attacked = any(row.attacked for row in rows.values())
    header = ["method", *FIGURES.values(), *(["worst-case recovery", "by"] if attacked else []), "seconds"]
    lines = [header, ["---", *["---:"] * len(FIGURES), *(["---:", "---"] if attacked else []), "---:"]]
    methods = sorted((name for name in rows if name != GOLD), key=lambda name: -(_mean(rows[name], "score") or 0.0))
    for name in (*methods, *([GOLD] if GOLD in rows else [])):
        row = rows[name]
        cells = [_cell(figures(row, figure)) for figure in FIGURES]
        collapsed = sum("collapsed" in summary["final"].get("flags", ()) for summary in row.summaries)
        cells[list(FIGURES).index("keep")] += f", collapsed in {collapsed} of {len(row.summaries)}" if collapsed else ""
        by = "; ".join(dict.fromkeys(str(model["worst_attack"]) for model in row.attacked))
        seconds = [sum(summary["seconds"]) for summary in row.summaries]
        title = name if name == GOLD else f"`{name}`"
        worst = [worst_cell(row.attacked), by or "–"] if attacked else []
        lines.append([title, *cells, *worst, f"{fmean(seconds):.0f}" if seconds else "–"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures(row: Row, figure: str) -> list[float]:
    """Return a figure of each seed that has it."""
    values = [summary["final"].get(figure) for summary in row.summaries]
    return [value for value in values if value is not None]


def worst_cell(models: Sequence[Mapping[str, Any]]) -> str:
    """Return the worst case of a method: its mean over seeds with the range, or its value with the interval."""
    if len(models) == 1 and models[0]["ci_low"] is not None:
        return f"{models[0][WORST]:.2f} [{models[0]['ci_low']:.2f}, {models[0]['ci_high']:.2f}]"
    return _cell([model[WORST] for model in models], 2)


def _mean(row: Row, figure: str) -> float | None:
    values = figures(row, figure)
    return fmean(values) if values else None


def _cell(values: Sequence[float], digits: int = 3) -> str:
    if not values:
        return "–"
    spread = f" [{min(values):.2f}, {max(values):.2f}]" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"
