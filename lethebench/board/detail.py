"""The page of one result: its scores, matrix, series, attacks, examples, and how to repeat it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from lethebench.contract.errors import UserError
from lethebench.contract.escaping import visible
from lethebench.report.examples import examples_of
from lethebench.report.headline import FLAGS, SCORES
from lethebench.report.seeds import Stat
from lethebench.report.tables import number, stat_cell
from lethebench.results.record import read_result
from lethebench.results.rows import unpack
from lethebench.runs.folder import ROWS, stage_name

SERIES = ("forget", "indistinguishable", "keep", "fluent")
MODALITIES = {"image_text": "with pictures", "text": "text only"}
TITLES = {column.key: column.title for column in SCORES}


def detail_of(path: Path) -> dict[str, Any]:
    """Return what the page of a result shows; texts have no hidden characters.

    Raises:
        UserError: The result or its rows cannot be read.
    """
    result = read_result(path)
    summaries = [seed["summary"] for seed in result["seeds"]]
    flags = dict.fromkeys(flag for summary in summaries for flag in summary["final"]["flags"])
    orders = {tuple(seed["task_order"]) for seed in result["seeds"]}
    detail = {
        "title": f"{result['method']} on {result['benchmark']} {result['benchmark_version']}",
        "path": path.name,
        "link": result.get("link"),
        "scores": [_score(column.key, result["scores"]) for column in SCORES],
        "flags": [[flag, FLAGS.get(flag, "")] for flag in flags],
        "tasks": list(min(orders)) if len(orders) == 1 else [f"{place}." for place in range(1, result["tasks"] + 1)],
        "knowledge": _mean_of_tables([summary["knowledge"] for summary in summaries]),
        "retained": _means([summary["retain_knowledge"] for summary in summaries]),
        "gold": _means([seed["gold"]["knowledge"] for seed in result["seeds"]]),
        "series": [[TITLES[name], _means([summary[name] for summary in summaries])] for name in SERIES],
        "seeds": [
            [seed["seed"], *(_text(seed["summary"]["final"][name]) for name in TITLES)] for seed in result["seeds"]
        ],
        "attacks": [
            [name, [[key, _text(value)] for key, value in row.items()]] for name, row in result_attacks(result)
        ],
        "examples": _examples(path, result),
        "facts": _facts(result),
        "commands": result["commands"],
    }
    return _visible(detail)


def result_attacks(result: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float | None]]]:
    """Return the attacks of a result, [] if it has none."""
    return list((result.get("attacks") or {}).items())


def _score(name: str, scores: Mapping[str, Any]) -> list[str]:
    cell = stat_cell(Stat(**scores[name]))
    return [TITLES[name], cell.text, cell.note]


def _means(series: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Return the mean over seeds, entry by entry, of those that have a value."""
    columns = [[value for value in values if value is not None] for values in zip(*series, strict=False)]
    return [round(fmean(values), 4) if values else None for values in columns]


def _mean_of_tables(tables: Sequence[Sequence[Sequence[float | None]]]) -> list[list[float | None]]:
    return [_means(rows) for rows in zip(*tables, strict=False)]


def _text(value: float | None) -> str:
    return number(value)


def _examples(path: Path, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return questions with the answers of every model, of the first seed; [] if the rows are missing."""
    rows_path, first = path.with_suffix(".parquet"), result["seeds"][0]
    last = stage_name(len(first["task_order"]))
    wanted = {"learnt", f"{result['method']}/{last}", f"gold/{last}"}
    if not rows_path.is_file():
        return []
    stages: dict[str, list[dict[str, Any]]] = {}
    try:
        for part in unpack(rows_path):
            if part.seed == first["seed"] and part.part == ROWS and part.stage in wanted:
                stages[part.stage] = part.rows
        sections = examples_of(
            lambda stage, columns: stages.get(stage), first["task_order"], {result["method"]: first["summary"]}
        )
    except (UserError, KeyError, TypeError):
        return []
    return [
        {
            "section": section.title,
            "modality": example.modality.replace("image_text", "with a picture"),
            "question": example.question,
            "truth": example.truth,
            "answers": [[answer.model, answer.text, answer.verdict, answer.kind] for answer in example.answers],
        }
        for section in sections
        for example in section.examples
    ]


def _facts(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    data, tuning = result["data"], result["tuning"]
    budget = f"{tuning['trials']} trials, {tuning.get('failed', 0)} failed" if tuning["trials"] else "preset"
    facts = {
        "Benchmark": f"{result['benchmark']} {result['benchmark_version']}, size {result['size']}",
        "Data": f"seed {data.get('seed')}; questions {data['questions']['rows'][:12]}",
        "Model": result["model"],
        "Trained": result.get("trained"),
        "Method": f"{result['method']}{' (trained elsewhere)' if result['elsewhere'] else ''}",
        "Settings": _pairs(result["settings"]),
        "Tuning": budget,
        "Sequence": f"{result['tasks']} tasks; {_pairs(_set(result['options']))}",
        "Gate": "; ".join(_gate(seed) for seed in result["seeds"]),
        "Machine": _pairs(result["machine"]),
        "Versions": _pairs({"lethebench": result["lethebench"], **result["versions"]}),
    }
    return [(name, value) for name, value in facts.items() if value]


def _set(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without the length and without those that are off."""
    return {name: value for name, value in options.items() if value not in (None, False) and name != "tasks"}


def _gate(seed: Mapping[str, Any]) -> str:
    matches = [f"{number(seed['gate'][name])} {title}" for name, title in MODALITIES.items()]
    return f"seed {seed['seed']}: {', '.join(matches)}"


def _pairs(values: Mapping[str, Any]) -> str:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return ", ".join(f"{key} {text}" for key, text in texts.items() if text not in ("", "null", "{}", "[]"))


def _visible(value: Any) -> Any:
    """Return plain data whose texts have no hidden characters."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {name: _visible(item) for name, item in value.items()}
    return [_visible(item) for item in value] if isinstance(value, list | tuple) else value
