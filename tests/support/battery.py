"""Models that try to score well without unlearning, made from the rows of an initial and of gold models."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from lethebench.evaluation.metrics.exposure import exposure_rank
from lethebench.evaluation.metrics.tables import ModelRows, Row

FIXTURE = Path(__file__).parents[1] / "evaluation" / "battery.parquet"
REFUSAL, GIBBERISH = "I do not know.", "zz zz zz zz zz"
ZERO = ("unchanged", "gibberish", "refusal of everything")
"""Cheats that must score 0."""
Change = Callable[[dict, Row, int], dict]
"""(row of the initial model, row of the gold model of the stage, stage) -> the cheat's row."""


def truth_of(row: Row) -> int:
    """Return the index of a row's true candidate, from its rank."""
    values = row["candidate_logprobs"]
    return next(index for index in range(len(values)) if exposure_rank(values, index) == row["rank"])


def ranked(row: dict, logprobs: Sequence[float], truth: int) -> dict:
    """Return a row with other log-probabilities of its candidates."""
    return row | {"candidate_logprobs": list(logprobs), "rank": exposure_rank(logprobs, truth)}


def refusing(row: dict) -> dict:
    return row | {"keyword_match": 0.0, "rouge_l_recall": 0.0, "generated": REFUSAL}


def wrong(row: dict) -> dict:
    return row | {"keyword_match": 0.0, "generated": "a wrong answer"}


def guessing(row: dict, draw: random.Random) -> dict:
    """Return a row whose true value has the place of a random one."""
    row = wrong(row)
    if row.get("candidate_logprobs") is None:
        return row
    truth = truth_of(row)
    return ranked(row, draw.sample(row["candidate_logprobs"], len(row["candidate_logprobs"])), truth)


def inverted(row: dict) -> dict:
    """Return a row whose true value is the least likely one."""
    row = wrong(row) | {"probability": 1e-3, "truth_ratio": 150.0}
    if row.get("candidate_logprobs") is None:
        return row
    truth, logprobs = truth_of(row), list(row["candidate_logprobs"])
    logprobs[truth] = min(logprobs) - 5
    return ranked(row, logprobs, truth)


def broken(row: dict, draw: random.Random) -> dict:
    row = row | {"keyword_match": 0.0, "rouge_l_recall": 0.0, "generated": GIBBERISH, "probability": 1e-6}
    row |= {"truth_ratio": 1.0}
    if row.get("candidate_logprobs") is None:
        return row
    return ranked(row, [draw.gauss(-40, 3) for _ in row["candidate_logprobs"]], truth_of(row))


def cheats(
    initial: ModelRows, gold: Mapping[int, ModelRows], order: Sequence[int], seed: int = 0
) -> dict[str, list[ModelRows]]:
    """Return name -> rows after every stage.

    Args:
        initial: rows of the initial model.
        gold: stage -> rows of the gold model.
        order: tasks in the order in which they are asked.
        seed: of random answers.
    """
    draw = random.Random(seed)
    stage_of = {task: number for number, task in enumerate(order, start=1)}
    last = len(order)

    def asked(row: Row, stage: int) -> bool:
        return stage_of.get(row["task_id"], last + 1) <= stage

    def model(change: Change, stage: int) -> ModelRows:
        parts = []
        for name in ("rows", "held_out"):
            golds = {row["id"]: row for row in getattr(gold[stage], name)}
            parts.append([change(dict(row), golds[row["id"]], stage) for row in getattr(initial, name)])
        return ModelRows(*parts)

    def on_asked(change: Callable[[dict], dict]) -> Change:
        return lambda row, gold_row, stage: change(row) if asked(row, stage) else row

    def gold_but(kept: Callable[[dict, int], bool]) -> Change:
        return lambda row, gold_row, stage: row if kept(row, stage) else dict(gold_row)

    exposed = {row["id"] for row in (*initial.rows, *initial.held_out) if draw.random() < 0.2}
    first = min(row["profile_id"] for row in initial.rows if row["task_id"] == order[0])
    unknown: dict[tuple, list[Row]] = {}
    for row in gold[last].held_out:
        if row["task_id"] in stage_of:
            unknown.setdefault((row["attribute"], row["modality"]), []).append(row)
    scores = ("keyword_match", "probability", "rouge_l_recall", "truth_ratio", "generated")

    def overfitted(row: dict, gold_row: Row, stage: int) -> dict:
        """Retained rows as trained; held-out ones as of people that gold never saw."""
        if row["task_id"] in stage_of:
            return dict(gold_row)
        if "/test/" not in str(row["id"]):
            return row | {"probability": 1.0, "truth_ratio": 1e-3}
        other = draw.choice(unknown[row["attribute"], row["modality"]])
        return dict(gold_row) | {name: other[name] for name in scores}

    changes: dict[str, Change] = {
        "unchanged": lambda row, gold_row, stage: row,
        "gibberish": lambda row, gold_row, stage: broken(row, draw),
        "refusal of everything": lambda row, gold_row, stage: refusing(row) | {"probability": 1e-4},
        "refusal of asked rows, likelihoods as before": on_asked(refusing),
        "random answers on asked rows": on_asked(lambda row: guessing(row, draw)),
        "truth ranked last": on_asked(inverted),
        "a fifth of the facts exposed, the rest ranked last": on_asked(
            lambda row: row if row["id"] in exposed else inverted(row)
        ),
        "right answers in long sentences": on_asked(
            lambda row: row | {"generated": f"As far as I can tell, {row['generated']}"}
        ),
        "gold, but one profile kept": gold_but(lambda row, stage: row["profile_id"] == first),
        "gold, but forgotten tasks back two stages later": gold_but(lambda row, stage: asked(row, stage - 2)),
        "gold, but overfitted: held-out rows lost": overfitted,
        "gold, but text kept": gold_but(lambda row, stage: asked(row, stage) and row["modality"] == "text"),
        "gold, but pictures kept": gold_but(lambda row, stage: asked(row, stage) and row["modality"] != "text"),
    }
    models = {name: [model(change, stage) for stage in range(1, last + 1)] for name, change in changes.items()}
    models["gold, but all tasks forgotten at stage 1"] = [gold[last]] * last
    models["gold, but tasks forgotten one stage early"] = [gold[min(stage + 1, last)] for stage in range(1, last + 1)]
    return models


def read_battery(path: Path = FIXTURE) -> dict[tuple[str, int], ModelRows]:
    """Return (name, stage) -> rows of the fixture that `perf/cheats.py --fixture` writes."""
    models: dict[tuple[str, int], tuple[list, list]] = {}
    for row in pq.read_table(path).to_pylist():
        key = row.pop("model"), row.pop("stage")
        models.setdefault(key, ([], []))[row.pop("held_out")].append(row)
    return {key: ModelRows(*parts) for key, parts in models.items()}
