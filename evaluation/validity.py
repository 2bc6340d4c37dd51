"""Notes on metrics that VALIDITY.md measured to be unfaithful or not robust; the page is their only source."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parent / "VALIDITY.md"
MEANINGS = {
    "unfaithful": "tells models with the forget set badly from models without it",
    "not robust": "training or rounding the weights moves it otherwise than gold",
}
MEASURED_AS = {"exposure": "exposure_normalised"}
"""Result -> the one of the page that is the same in another unit."""
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|(?P<figures>.*)\| (?P<note>[^|]+) \|$", re.MULTILINE)


@cache
def weak_metrics() -> dict[str, list[str]]:
    """Return the results of metrics that carry notes -> `unfaithful`, `not robust` or both."""
    rows = _ROW.finditer(PAGE.read_text("utf-8"))
    return {row["name"]: row["note"].strip().split(", ") for row in rows}


def notes_on(results: Iterable[str]) -> list[str]:
    """Return a line for each note, with the weak metrics among the results, which may begin with a split.

    `loss/auc` of the page stands for that result alone, `exact_match` for every result of that last name.
    """
    weak = weak_metrics()
    names = dict.fromkeys(name for result in results for name in (result, result.partition("/")[2]))
    notes = {name: weak.get(MEASURED_AS.get(name, name), []) for name in names}
    return [
        f"{note} ({meaning}; evaluation/VALIDITY.md): {', '.join(noted)}"
        for note, meaning in MEANINGS.items()
        if (noted := [name for name, own in notes.items() if note in own])
    ]
