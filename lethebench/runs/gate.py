"""The memorization gate: whether stage 1 learned the benchmark well enough to unlearn it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.evaluation.metrics.rows import mean
from lethebench.runs.folder import HELD_OUT
from lethebench.runs.summary import read_rows

NEIGHBOUR = "neighbour"
MODALITIES = {"image_text": "with pictures", "text": "text only"}


def gate(folder: Path, record: Mapping[str, Any], threshold: float) -> dict[str, Any]:
    """Return gate.json: exact match per modality on forget and retain rows, and on held-out wordings.

    Neighbour rows are reported and do not count, since no request asks to forget them. `folder` is a finished stage 1,
    `record` holds `parameters`, `steps` and `seconds` of the training.
    """
    scored = read_rows(folder)
    held_out = read_rows(folder, HELD_OUT) if (folder / HELD_OUT).is_file() else []
    trained = [row for row in scored if row["role"] != NEIGHBOUR]
    matches = _exact_match(trained)
    return {
        "threshold": threshold,
        **matches,
        "passed": all(value is None or value >= threshold for value in matches.values()),
        "held_out": _exact_match(held_out),
        "neighbour": _exact_match([row for row in scored if row["role"] == NEIGHBOUR]),
        "exposure_normalised": mean(trained, "exposure_normalised"),
        "rows": len(trained),
        **{name: record[name] for name in ("parameters", "steps", "seconds")},
    }


def exact_match_text(matches: Mapping[str, Any]) -> str:
    """Return exact match per modality in words, "" where none was measured."""
    return ", ".join(f"{matches[key]:.3f} {name}" for key, name in MODALITIES.items() if matches[key] is not None)


def _exact_match(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    return {name: mean([row for row in rows if row["modality"] == name], "exact_match") for name in MODALITIES}
