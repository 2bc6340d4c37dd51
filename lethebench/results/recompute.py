"""Compute the figures of a result again from its rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.contract.errors import UserError, border
from lethebench.report.seeds import stat
from lethebench.results.record import CURE
from lethebench.results.rows import Part, questions_of
from lethebench.runs.figures import difference
from lethebench.runs.folder import DONE, ROWS, stage_name, write_json
from lethebench.runs.gate import gate
from lethebench.runs.proof import GOLD, LEARNT
from lethebench.runs.summary import summarize_gold, summarize_method

SCORES = ("score", "score_last", "forget", "indistinguishable", "keep", "fluent", "stability")
FIGURES = (*SCORES, "forget_worst", "keep_worst", "exposure", "exposure_excess", "in_sample_utility_relative")
"""Figures of `scores`, by their names in summary.json."""
HASHES = ("sha256", "matrix_sha256")
TEXTS = ("exact_match", "rouge_l", "rouge_l_recall")
"""Columns that follow from the texts of a row."""


def scores_of(summaries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return `scores` of a result from the summaries of its seeds."""
    scores = {}
    for name in FIGURES:
        values = [summary["final"][name] for summary in summaries]
        one = stat(values, [summary["intervals"].get(name) for summary in summaries])
        scores[name] = {"value": one.value, "low": one.low, "high": one.high, "sd": one.sd, "n": one.n}
    return scores


def stages_of_result(seed: Mapping[str, Any], method: str) -> list[str]:
    """Return the stages from which the figures of a seed are computed."""
    golds = [GOLD, *(f"{GOLD}-{number}" for number in range(2, seed["gold"]["seeds"] + 1))]
    stages = [f"{method}/{stage_name(number)}" for number in range(1, len(seed["task_order"]) + 1)]
    return [
        LEARNT,
        *stages,
        *(f"{name}/{stage_name(int(stage))}" for name in golds for stage in seed["gold"]["stages"]),
    ]


def check_seed(seed: Mapping[str, Any], method: str, parts: Sequence[Part], name: str) -> None:
    """Raise UserError unless the figures of a seed follow from its rows; `name` stands for the result."""
    number = seed["seed"]
    stages = stages_of_result(seed, method)
    for stage in stages:
        if stage not in seed["stages"]:
            raise UserError(f"{name}: seed {number} records nothing of {stage}; {CURE}")
        if not any(part.stage == stage and part.part == ROWS for part in parts):
            raise UserError(f"{name}: its rows have no stage {stage} of seed {number}; {CURE}")
    if surplus := next((part.stage for part in parts if part.stage not in stages), None):
        raise UserError(f"{name}: its rows have {surplus} of seed {number}, which is no stage of it; {CURE}")
    for part in parts:
        _check_texts(part, name)
    with TemporaryDirectory() as temporary, border(f"{name}: its figures cannot be computed from the rows", CURE):
        run = Path(temporary)
        for stage in stages:
            (run / stage).mkdir(parents=True)
            write_json(run / stage / DONE, seed["stages"][stage])
        for part in parts:
            pq.write_table(pa.Table.from_pylist(part.rows), run / part.stage / part.part)
        order = seed["task_order"]
        verdict = gate(run / LEARNT, seed["gate"], seed["threshold"])
        gold = summarize_gold(run, [int(stage) for stage in seed["gold"]["stages"]], order, seed["gold"]["seeds"])
        summary, _ = summarize_method(run, method, order, gold, verdict)
    for record, own, expected in (
        ("gate", seed["gate"], verdict),
        ("gold", seed["gold"], gold),
        ("summary", seed["summary"], summary),
    ):
        where = difference({key: value for key, value in own.items() if key not in HASHES}, expected)
        if where is not None:
            raise UserError(
                f"{name}: {record}.{where or '*'} of seed {number} does not follow from the rows "
                f"({_at(own, where)} is stated, {_at(expected, where)} computed); {CURE}"
            )


def _check_texts(part: Part, name: str) -> None:
    """Raise UserError unless the scores of texts are those of the texts."""
    from lethebench.evaluation.answers.row_scores import compare

    for row in part.rows:
        with border(f"{name}: {part.stage} of seed {part.seed} has a row that cannot be read", CURE):
            own = {column: row[column] for column in TEXTS}
            if row["generated"] is None and set(own.values()) == {None}:
                continue
            expected = compare(row["generated"], row["answer"], [row["answer"]])
        where = difference(own, {column: expected[column] for column in TEXTS})
        if where is not None:
            raise UserError(
                f"{name}: {where} of row {row['id']} in {part.stage} of seed {part.seed} is {own[where]}, and "
                f"{expected[where]} by its answer; {CURE}"
            )


def check_questions(result: Mapping[str, Any], seed: int, parts: Sequence[Part], name: str) -> None:
    """Raise UserError unless all stages of a seed were scored on the questions whose hash the result states."""
    learnt = {part.part: part.rows for part in parts if part.stage == LEARNT}
    if questions_of(learnt) != result["data"]["questions"]:
        raise UserError(f"{name}: the questions of seed {seed} do not have the hash that it states; {CURE}")
    questions = {(kind, row["id"]): (row["question"], row["answer"]) for kind, rows in learnt.items() for row in rows}
    for part in parts:
        for row in part.rows:
            if questions.get((part.part, row["id"])) != (row["question"], row["answer"]):
                raise UserError(f"{name}: {part.stage} of seed {seed} has another question {row['id']}; {CURE}")


def _at(value: Any, where: str) -> Any:
    for key in filter(None, where.split(".")):
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return "nothing"
    return value if not isinstance(value, dict | list) else "another object"
