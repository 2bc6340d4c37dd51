"""The memorization gate: whether stage 1 learned the benchmark well enough to unlearn it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROWS = "rows.parquet"
HELD_OUT = "held_out.parquet"
NEIGHBOUR = "neighbour"
MODALITIES = {"image_text": "with pictures", "text": "text only"}


def gate(folder: Path, record: Mapping[str, Any], threshold: float) -> dict[str, Any]:
    """Return gate.json: exact match per modality on forget and retain rows, and on held-out wordings.

    Neighbour rows are reported and do not count, since no request asks to forget them. `folder` is a finished stage 1,
    `record` holds `parameters`, `steps` and `seconds` of the training.
    """
    scored = pq.read_table(folder / ROWS).to_pylist()
    held_out = pq.read_table(folder / HELD_OUT).to_pylist() if (folder / HELD_OUT).is_file() else []
    trained = [row for row in scored if row["role"] != NEIGHBOUR]
    neighbours = [row for row in scored if row["role"] == NEIGHBOUR]
    matches = _exact_match(trained)
    exposures = [row["exposure_normalised"] for row in trained if row["exposure_normalised"] is not None]
    return {
        "threshold": threshold,
        **matches,
        "passed": all(value is None or value >= threshold for value in matches.values()),
        "held_out": _exact_match(held_out),
        "neighbour": _exact_match(neighbours),
        "exposure_normalised": sum(exposures) / len(exposures) if exposures else None,
        "rows": len(trained),
        **{name: record[name] for name in ("parameters", "steps", "seconds")},
    }


def exact_match_text(matches: Mapping[str, Any]) -> str:
    """Return exact match per modality in words, "" where none was measured."""
    return ", ".join(f"{matches[key]:.3f} {name}" for key, name in MODALITIES.items() if matches[key] is not None)


def _exact_match(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    matches: dict[str, float | None] = {}
    for modality in MODALITIES:
        values = [row["exact_match"] for row in rows if row["modality"] == modality]
        matches[modality] = sum(values) / len(values) if values else None
    return matches
