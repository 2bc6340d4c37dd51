"""Read the summary of the attacks on a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lethebench.attacks.models import model_hash
from lethebench.contract.records import Count, Digest, MethodName, Number, Record, Text, read_record
from lethebench.runs.folder import is_done
from lethebench.runs.proof import LEARNT

FOLDER = "attacks"
"""Folder of a run that holds the results."""
SUMMARY = "summary.json"
AGAIN = "remove it and run `lethe attack` again"


class Model(Record):
    """What attacks recover from one model."""

    worst_case_recovery: Number
    worst_attack: Text
    recovery: dict[Text, Number]
    regained: dict[Text, Number]
    ci_low: Number | None
    ci_high: Number | None
    knowledge: dict[Text, Number]
    model_sha256: Digest


class Series(Record):
    """A variant of an attack, at a point of its curve where it has one."""

    name: Text
    attack: Text
    variant: Text
    point: Number | None


class LeftOut(Record):
    """What was not run, on one model or, where `model` is empty, on all."""

    attack: Text
    model: Text
    reason: Text


class Stage(Record):
    """The attacks on the models of one stage."""

    rows: Count
    profiles: Count
    golds: list[MethodName]
    series: list[Series]
    models: dict[Text, Model]
    gold_spread: Number | None
    gold_knowledge: dict[Text, Number]
    measures: dict[Text, dict[Text, dict[Text, Number | None]]]
    claims: dict[Text, Text]
    left_out: list[LeftOut]


class Attacks(Record):
    """attacks/summary.json."""

    budget: Text
    seed: Count
    stages: dict[Text, Stage]


def read_attacks(run: Path, stage: int) -> dict[str, Any] | None:
    """Return what attacks recovered after a stage, with the `budget`; None if nobody attacked it.

    Models that were made again since are left out.

    Raises:
        UserError: The file cannot be read.
    """
    path = run / FOLDER / SUMMARY
    if not path.is_file():
        return None
    summary = read_record(path, Attacks, cure=AGAIN)
    entry = summary["stages"].get(str(stage))
    if entry is None:
        return None
    models = {name: model for name, model in entry["models"].items() if _is_current(run, name, stage, model)}
    return {**entry, "models": models, "budget": summary["budget"]} if models else None


def _is_current(run: Path, name: str, stage: int, model: dict[str, Any]) -> bool:
    folder = LEARNT if name == LEARNT else f"{name}/t{stage:03d}"
    return is_done(run / folder) and model_hash(run, folder) == model["model_sha256"]


def worst_of(stage: Mapping[str, Any], model: Mapping[str, Any], attack: str) -> float | None:
    """Return the largest recovery of a model over the variants of an attack, None where it was not run."""
    names = [one["name"] for one in stage["series"] if one["attack"] == attack]
    values = [model["recovery"][name] for name in names if name in model["recovery"]]
    return max(values, default=None)
