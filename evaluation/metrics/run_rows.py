"""Check the rows of a continual run and sort them into stages that hold the same questions in the same order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lethebench.evaluation.metrics.text import keyword_match
from lethebench.evaluation.metrics.utility import GROUPS
from lethebench.evaluation.metrics.validation import same_length
from lethebench.evaluation.metrics.words import normalised_tokens


@dataclass(frozen=True)
class Stages:
    """The rows of a run by stage: the last stage, T = number of tasks, and stage -> row indices in question order.

    Per row, `role` is `forget`, `retain`, `neighbour` or `general`, and `task` is 0 .. T - 1, or -1 where it is never
    asked to be forgotten.
    """

    last: int
    rows: Mapping[int, tuple[int, ...]]
    role: tuple[str, ...]
    task: tuple[int, ...]


def sort_stages(
    references: Sequence[str],
    *,
    role: Sequence[str] | None = None,
    task_id: Sequence[int] | None = None,
    stage: Sequence[int] | None = None,
    profile_id: Sequence[Any] | None = None,
) -> Stages:
    """Sort rows, whose columns have the defaults of `unlearning_summary`, into stages.

    Raises:
        ValueError: no row, lengths that differ, an invalid role, task or stage, tasks other than 0 .. T - 1, or stages
            with different questions; each names the row.
    """
    count = len(references)
    if not count:
        raise ValueError("there are no rows")
    for name, values in (("role", role), ("task_id", task_id), ("stage", stage), ("profile_id", profile_id)):
        if values is not None:
            same_length(name, values, count)
    if task_id is None:
        task_id = [0] * count if role is None else [0 if name == "forget" else -1 for name in role]
    tasks = tuple(_whole(task_id, "task_id", -1))
    roles = tuple(role) if role is not None else tuple("forget" if task >= 0 else "retain" for task in tasks)
    for row, (name, task) in enumerate(zip(roles, tasks, strict=True)):
        if name not in ("forget", *GROUPS):
            raise ValueError(f"role[{row}] is {name!r}: it must be one of forget, {', '.join(GROUPS)}")
        if (name == "forget") != (task >= 0):
            raise ValueError(
                f"row {row} has the role {name} and task_id {task}: forget rows, and no others, have a task"
            )
    last = max(tasks) + 1
    missing = sorted(set(range(last)) - set(tasks))
    if not last or missing:
        raise ValueError(f"task_id holds no {missing[0] if missing else 0}: tasks are counted from 0 without a gap")
    stages = [last] * count if stage is None else _whole(stage, "stage", 0)
    if max(stages) != last:
        raise ValueError(f"{last} tasks are unlearned in {last} stages, but the last stage of a row is {max(stages)}")
    rows = {number: tuple(row for row in range(count) if stages[row] == number) for number in sorted(set(stages))}
    sorted_rows = Stages(last, rows, roles, tasks)
    _check_same_questions(sorted_rows, references, profile_id)
    return sorted_rows


def _whole(values: Sequence[int], name: str, least: int) -> list[int]:
    for row, value in enumerate(values):
        if value is None or not value >= least or value != int(value):
            raise ValueError(f"{name}[{row}] is {value}: it must be a whole number of at least {least}")
    return [int(value) for value in values]


def _check_same_questions(stages: Stages, references: Sequence[str], profiles: Sequence[Any] | None) -> None:
    last = stages.rows[stages.last]
    for stage, rows in stages.rows.items():
        if len(rows) != len(last):
            raise ValueError(
                f"stage {stage} has {len(rows)} rows, stage {stages.last} {len(last)}: ask the same questions"
            )
        for row, other in zip(rows, last, strict=True):
            for name, values in (("role", stages.role), ("task_id", stages.task), ("reference", references)):
                if values[row] != values[other]:
                    raise ValueError(
                        f"row {row} of stage {stage} has another {name} than row {other} of stage {stages.last}: "
                        "every stage must hold the same questions in the same order"
                    )
            if profiles is not None and profiles[row] != profiles[other]:
                raise ValueError(f"rows {row} and {other} are of different profiles: keep the questions in one order")


def knowledge_of(
    texts: Sequence[str],
    references: Sequence[str],
    keywords: Sequence[Sequence[str]] | None = None,
    *,
    indices: Sequence[int] | None = None,
) -> list[float]:
    """Return the keyword match of each text, or of those at `indices`; a row without usable keywords takes its answer.

    Raises:
        ValueError: lengths that differ, or an answer with nothing to look for, with the row.
    """
    same_length("texts", texts, len(references))
    if keywords is not None:
        same_length("keywords", keywords, len(references))
    scores = []
    for row in range(len(references)) if indices is None else indices:
        words = [word for word in (keywords[row] or ()) if normalised_tokens(word)] if keywords is not None else []
        try:
            scores.append(keyword_match(texts[row], words or [references[row]]))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
    return scores
