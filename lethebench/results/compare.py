"""The comment on a pull request: what was refused, and each new result beside those that it can be compared with."""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.contract.escaping import markdown_text
from lethebench.report.headline import SCORES
from lethebench.report.seeds import Stat
from lethebench.report.tables import Cell, Column, Table, markdown, stat_cell
from lethebench.results.check import Checked

MOST = 20
"""Rows of a table."""
COLUMNS = (Column("method", "Method"), Column("seeds", "Seeds"), Column("trials", "Trials"), *SCORES)


def comparison(checked: Checked) -> str:
    """Return the comment in Markdown."""
    lines = [f"{len(checked.new)} new results were checked, {len(checked.refused)} files were refused.", ""]
    lines += [f"- **refused** {markdown_text(reason)}" for reason in checked.refused.values()]
    settings: dict[tuple[Any, ...], None] = {}
    for result in checked.new.values():
        settings[_setting(result)] = None
    for setting in settings:
        members = [
            (result, name in checked.new)
            for name, result in [*checked.earlier.items(), *checked.new.items()]
            if _setting(result) == setting
        ]
        lines += ["", markdown(_table(setting, members))]
    return "\n".join(lines).rstrip() + "\n"


def _setting(result: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what two results must share to be compared."""
    return (
        result["benchmark"],
        result["benchmark_version"],
        str(result["size"]),
        result["tasks"],
        result["model"],
        result["data"]["questions"]["rows"],
    )


def _table(setting: tuple[Any, ...], members: Sequence[tuple[Mapping[str, Any], bool]]) -> Table:
    benchmark, version, size, tasks, model, questions = setting
    ranked = sorted(members, key=lambda member: -(member[0]["scores"]["score"]["value"] or -1.0))
    listed = [member for index, member in enumerate(ranked) if index < MOST or member[1]]
    rows = []
    for result, is_new in listed:
        scores = [_stat(result["scores"][column.key]) for column in SCORES]
        tuned = f"{result['tuning']['trials']:,}" if result["tuning"]["trials"] else "preset"
        name = f"{result['method']} (new)" if is_new else result["method"]
        rows.append([Cell(name), Cell(str(len(result["seeds"]))), Cell(tuned), *map(stat_cell, scores)])
    caption = f"{benchmark} {version}, size {size}, {tasks} tasks, {model}; data {questions[:8]}"
    return Table("comparison", caption, COLUMNS, rows)


def _stat(score: Mapping[str, Any]) -> Stat:
    return Stat(score["value"], score.get("low"), score.get("high"), score.get("sd"), score["n"])
