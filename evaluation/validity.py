"""Notes on metrics that VALIDITY.md measured to be unfaithful or not robust; the page is their only source."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parent / "VALIDITY.md"
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|(?P<figures>.*)\| (?P<note>[^|]+) \|$", re.MULTILINE)


@cache
def weak_metrics() -> dict[str, str]:
    """Return the results of metrics that carry a note -> `note (faithfulness 0.78, robustness 0.31)`."""
    weak = {}
    for row in _ROW.finditer(PAGE.read_text("utf-8")):
        figures = [figure.strip() for figure in row["figures"].split("|")]
        weak[row["name"]] = f"{row['note'].strip()} (faithfulness {figures[0]}, robustness {figures[-1]})"
    return weak


def notes_on(results: Iterable[str]) -> list[str]:
    """Return a line for each weak metric among the results, which may begin with a split (`forget/exact_match`).

    `loss/auc` of the page stands for that result alone, `exact_match` for every result of that last name.
    """
    names = [name for result in results for name in (result, *_without_split(result))]
    weak = weak_metrics()
    return [f"note: {name}: {weak[name]}; see evaluation/VALIDITY.md" for name in dict.fromkeys(names) if name in weak]


def _without_split(result: str) -> tuple[str, ...]:
    return (result.partition("/")[2],) if "/" in result else ()
