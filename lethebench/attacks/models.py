"""The models of a run that attacks are run on, and what identifies their weights and templates."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.contract.defaults import API_PREFIX
from lethebench.errors import UserError
from lethebench.runs.folder import is_done, stage_name
from lethebench.runs.proof import LEARNT, MIXTURE, WEIGHTS, gold_names
from lethebench.runs.records import GATE, read_done


@dataclass(frozen=True)
class Target:
    """A model that is attacked.

    Attributes:
        name: A method, `learnt`, or a folder of gold models.
        stage: The number of requests on whose rows it is attacked, from 1.
        folder: The stage of the run that holds it, such as `npo/t003`.
    """

    name: str
    stage: int
    folder: str

    @property
    def results(self) -> str:
        """The folder of its results below that of an attack."""
        return f"{self.name}/{stage_name(self.stage)}"


def targets_of(run: Path, record: Mapping[str, Any], stage: int) -> list[Target]:
    """Return the models of a stage: the initial one, gold models, and the finished methods.

    Raises:
        UserError: No gold model was retrained without the requests so far, or no method has answered them.
    """
    names = {name: f"{name}/{stage_name(stage)}" for name in (*gold_names(record), *record["methods"])}
    done = [Target(name, stage, folder) for name, folder in names.items() if is_done(run / folder)]
    if not any(target.name in gold_names(record) for target in done):
        raise UserError(
            f"{run} has no gold model after task {stage}, and attacks are measured against it: run it with --gold all"
        )
    if not any(target.name in record["methods"] for target in done):
        raise UserError(
            f"{run} has no method that has answered {stage} requests: pass another --stage, or resume the run"
        )
    return [Target(LEARNT, stage, LEARNT), *done]


def model_hash(run: Path, folder: str) -> str:
    """Return a hash of everything that makes a stage's model: weights, adapters, gate, processor, chat template.

    It is equal where a run took the stage over from another.
    """
    files = read_done(run, folder)["proof"]["files"]
    hashes = sorted((name, entry["sha256"]) for name, entry in files.items() if _of_model(name))
    if MIXTURE in files:  # its initial model lies in another folder
        hashes.append((LEARNT, model_hash(run, LEARNT)))
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def _of_model(name: str) -> bool:
    return name.endswith(WEIGHTS) or (not name.endswith((".parquet", ".jsonl", ".csv")) and name != GATE)


def unreachable(run: Path, folder: str) -> str | None:
    """Return why a stage's model cannot be attacked, None if it can."""
    from lethebench.scoring.models import has_weights

    if str(read_done(run, folder).get("checkpoint", "")).startswith(API_PREFIX):
        return "a model behind an API has no weights here"
    if not has_weights(run / folder):
        return "its weights were removed (--keep)"
    return None
