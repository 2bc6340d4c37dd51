"""Which tasks a model counts as asked to forget: those of --task, of the stage of a run that it is, or all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.folder import file_hash
from lethebench.runs.proof import LEARNT, is_gold, stage_in
from lethebench.runs.records import read_run
from lethebench.runs.sequence import in_order
from lethebench.scoring.options import EvaluateOptions, run_of


@dataclass(frozen=True)
class Asked:
    """The tasks that were asked.

    Attributes:
        tasks: Their ids in order; None for rows without tasks.
        note: What the scores assume; None where there is nothing to assume.
    """

    tasks: list[int] | None = None
    note: str | None = None

    def relabel(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return scored rows where those of tasks that are not yet asked count as retained."""
        if self.tasks is None:
            return [dict(row) for row in rows]
        tasks = set(self.tasks)
        return [dict(row) if row["task_id"] < 0 or row["task_id"] in tasks else _retained(row) for row in rows]


def asked_tasks(options: EvaluateOptions, build: Build) -> Asked:
    """Return the tasks that the model of checked options was asked to forget.

    Raises:
        UserError: `task` or `order_seed` does not fit the build.
    """
    if options.task is None and options.order_seed is not None:
        raise UserError(f"--order-seed {options.order_seed}: pass the number of tasks asked so far too, by --task")
    count = max(build.split("forget", options.config)["task_id"], default=-1) + 1
    if options.task is not None:
        if not 1 <= options.task <= count:
            reason = f"has {count} tasks; pass 1 to {count}" if count else "has no tasks; leave out --task"
            raise UserError(f"--task {options.task}: {build.path} {reason}")
        order = _run_order(options, build) if options.order_seed is None else None
        requests = order or [[task] for task in in_order(count, options.order_seed)]
        tasks = list(chain.from_iterable(requests[: options.task]))
        return Asked(tasks, _note(tasks, count, "--task"))
    order = _run_order(options, build)
    stage = _stage_number(options)
    if order is not None and stage:
        tasks = list(chain.from_iterable(order[:stage]))
        return Asked(tasks, _note(tasks, count, str(options.model)))
    if count < 2:
        return Asked(list(range(count)) or None)
    note = f"all {count} tasks count as asked; pass --task N for a checkpoint after N of them"
    return Asked(list(range(count)), note)


def other_gold(folder: Path, asked: Asked) -> str | None:
    """Return a note if a gold model of a run was retrained without other tasks than those asked."""
    run = run_of(folder)
    if run is None or asked.tasks is None or not is_gold(folder.parent.name):
        return None
    record = read_run(run)
    without = record["task_order"][: int(folder.name[1:])]
    if set(without) == {task // record.get("tasks_per_request", 1) for task in asked.tasks}:
        return None
    listed = ", ".join(map(str, without))
    return f"gold: {folder} was retrained without task ids {listed}; `lethe run --gold all` retrains one per task"


def _note(tasks: list[int], count: int, source: str) -> str | None:
    if len(tasks) == count:
        return None
    listed = ", ".join(map(str, tasks))
    return f"task ids {listed} of {count} count as asked, by {source}; the others count as retained"


def _run_order(options: EvaluateOptions, build: Build) -> list[list[int]] | None:
    """Return the tasks of each request of the run that the model is a stage of; None if none is on this build."""
    run = run_of(Path(options.model or ""))
    if run is None:
        return None
    record = read_run(run)
    same = record["data"]["manifest_sha256"] == file_hash(build.path / "manifest.json")
    size = record.get("tasks_per_request", 1)
    requests = [list(range(size * request, min(size * (request + 1), build.tasks))) for request in record["task_order"]]
    return requests if same and options.config in (None, build.config) else None


def _stage_number(options: EvaluateOptions) -> int:
    """Return how many tasks the stage of a run that the model is was asked, 0 for the initial and other models."""
    model = Path(options.model or "")
    run = run_of(model)
    name = LEARNT if run is None else stage_in(run, model)
    return 0 if name == LEARNT else int(name[-3:])


def _retained(row: Mapping[str, Any]) -> dict[str, Any]:
    changed = {name: "retain" for name in ("role", "split") if row[name] == "forget"}
    return {**row, **changed}
