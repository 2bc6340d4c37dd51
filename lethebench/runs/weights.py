"""Weights on the disk: which of a run's finished stages keep theirs, and the checkpoints inside a stage."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.contract.own_folder import discard
from lethebench.runs.folder import DONE, file_hash
from lethebench.runs.proof import LEARNT, WEIGHTS, dependants, origin, parent_of

CHECKPOINTS = "checkpoints"
"""Folder of a stage's checkpoints, in its work folder."""
WHOLE = "model*.safetensors"
"""Files of a whole model; adapters have other names."""


def training_identity(run: Path, record: Mapping[str, Any], stage: str) -> str:
    """Return a hash of what decides the weights of a stage: run, build, requests, options, parent."""
    parent = parent_of(stage, record)
    parts = {**origin(record, stage), "parent": None if parent is None else file_hash(run / parent / DONE)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def remove_weights(run: Path, finished: Sequence[str], keep: str) -> None:
    """Remove the weights of stages that have a finished successor; those of the initial model stay.

    Args:
        run: The run folder.
        finished: Its finished stages; those of a method in order.
        keep: `all`; `adapters` removes whole models; `last` removes all weights.
    """
    if keep == "all":
        return
    last = {stage.partition("/")[0]: stage for stage in finished}
    for stage in finished:
        if stage != LEARNT and last[stage.partition("/")[0]] != stage:
            for path in (run / stage).rglob(WHOLE if keep == "adapters" else f"*{WEIGHTS}"):
                discard(path)


def with_parents(run: Path, record: Mapping[str, Any], stages: set[str]) -> set[str]:
    """Return stages to run again with those that they start from, where these have no weights any more."""
    again = set(stages)
    while True:
        parents = {parent for stage in again if (parent := parent_of(stage, record))}
        missing = {parent for parent in parents - again if _is_gone(run, parent)}
        if not missing:
            return again
        again = dependants(run, record, again | missing)


def _is_gone(run: Path, stage: str) -> bool:
    """Return whether a finished stage has no weights any more."""
    return (run / stage / DONE).is_file() and not any((run / stage).rglob(f"*{WEIGHTS}"))
