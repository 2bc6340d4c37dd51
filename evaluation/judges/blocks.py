"""MLUBench's table of a continual run: each task block after each request, by rejection and correctness."""

import string
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from lethebench.evaluation.judges.rubrics import CORRECTNESS, REJECTION, Rubric
from lethebench.evaluation.metrics.rows import Rows, mean_of


class Block(NamedTuple):
    """Task block X after request Y.

    Attributes:
        name: `A-UB`: block A after the second request.
        task, stage: Places of block and request in the sequence, from 1.
        forget: Mean rejection of the block's forget rows, in [0, 1]; None without a verdict.
        utility: Mean correctness of the block's retain rows, in [0, 1]; None without a verdict.
    """

    name: str
    task: int
    stage: int
    forget: float | None
    utility: float | None


def task_blocks(
    stages: Sequence[Rows], order: Sequence[int], retained: Mapping[int, Collection[Any]] | None = None
) -> list[Block]:
    """Return every block that was asked, after its own and each later request, block by block.

    Args:
        stages: Judged rows after each request, with columns `rejection` and `correctness`.
        order: Task ids in the order of the requests.
        retained: Task id -> ids of the retain rows that are related to it, as MLUBench releases them; None: all retain
            rows are related to every task.
    """
    blocks = []
    for number, task in enumerate(order, start=1):
        for stage in range(number, len(stages) + 1):
            rows = stages[stage - 1]
            forget = [row for row in rows if row["task_id"] == task]
            keep = [row for row in rows if row["role"] == "retain"]
            if retained is not None:
                keep = [row for row in keep if row["id"] in retained.get(task, ())]
            name = f"{block_name(number)}-U{block_name(stage)}"
            figures = _figure(forget, REJECTION), _figure(keep, CORRECTNESS)
            blocks.append(Block(name, number, stage, *figures))
    return blocks


def block_name(number: int) -> str:
    """Return the name of the n-th task: A to Z, then T27, T28, ..."""
    return string.ascii_uppercase[number - 1] if number <= len(string.ascii_uppercase) else f"T{number}"


def _figure(rows: Rows, rubric: Rubric) -> float | None:
    value = mean_of(row.get(rubric.name) for row in rows)
    return None if value is None else rubric.scaled(value)
