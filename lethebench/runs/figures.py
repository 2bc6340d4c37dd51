"""Compute the figures of a run again from the rows of its stages, and compare them with those in the files."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lethebench.contract.errors import UserError, border
from lethebench.runs.folder import DONE
from lethebench.runs.gate import gate
from lethebench.runs.records import (
    GATE,
    RESUME,
    SUMMARY,
    read_done,
    read_gate,
    read_gold_summary,
    read_summary,
)
from lethebench.runs.summary import (
    summarize_gold,
    summarize_method,
)

HASHES = ("sha256", "matrix_sha256")


def check_figures(run: Path, record: Mapping[str, Any]) -> None:
    """Compute gate.json, the summaries and matrices of a run again from its rows, and compare.

    Raises:
        UserError: A file cannot be read, or its figures do not follow from the rows.
    """
    path = run / "learnt" / GATE
    if not path.is_file():
        return
    verdict = read_gate(run)
    with border(f"{path} cannot be computed from the rows", RESUME):
        _compare(
            path, verdict, gate(run / "learnt", read_done(run, "learnt"), record.get("threshold", verdict["threshold"]))
        )
    gold = read_gold_summary(run)
    if gold is None:
        summaries = [run / method / SUMMARY for method in record["methods"] if (run / method / SUMMARY).is_file()]
        if summaries and any(run.glob(f"gold/t*/{DONE}")):
            raise UserError(f"{run / 'gold' / SUMMARY} is missing, and {summaries[0]} depends on it; {RESUME}")
        return
    last = max(map(int, gold["stages"]), default=0)
    order = record["task_order"][:last]
    path = run / "gold" / SUMMARY
    with border(f"{path} cannot be computed from the rows", RESUME):
        _compare(path, gold, summarize_gold(run, [int(stage) for stage in gold["stages"]], order, gold["seeds"]))
    for method in record["methods"]:
        path = run / method / SUMMARY
        summary = read_summary(run, method)
        if summary is None or summary["T"] != last:
            continue  # the run was extended by tasks, and the method has not caught up
        with border(f"{path} cannot be computed from the rows", RESUME):
            expected, _ = summarize_method(run, method, order, gold, verdict)
            _compare(path, summary, expected)


def _compare(path: Path, own: Mapping[str, Any], expected: Any) -> None:
    where = difference({name: value for name, value in own.items() if name not in HASHES}, expected)
    if where is not None:
        raise UserError(f"{path}: {where or 'it'} does not follow from the rows of the stages; {RESUME}")


def difference(own: Any, expected: Any, where: str = "") -> str | None:
    """Return the place of the first difference, None if there is none; numbers may differ in the last digits."""
    if isinstance(own, dict) and isinstance(expected, dict):
        pairs = {key: (own.get(key, own), expected.get(key, expected)) for key in {**own, **expected}}
    elif isinstance(own, list) and isinstance(expected, list) and len(own) == len(expected):
        pairs = dict(enumerate(zip(own, expected, strict=True)))
    elif isinstance(own, float) and isinstance(expected, int | float):
        return None if math.isclose(own, expected, rel_tol=1e-9, abs_tol=1e-12) else where
    else:
        return None if own == expected else where
    parts = (difference(one, other, f"{where}.{key}" if where else str(key)) for key, (one, other) in pairs.items())
    return next((part for part in parts if part is not None), None)
