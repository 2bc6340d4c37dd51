"""The requests of a build in their order: what each asks to forget, what may be retained, and what is still waiting."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from datasets import Dataset, concatenate_datasets

from lethebench.builders.write.columns import QA
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.checks import check_build
from lethebench.runs.options import RETAIN, RunOptions


@dataclass(frozen=True, eq=False)
class Request:
    """One request to forget, in a sequence of them.

    Attributes:
        number: Its place in the sequence, from 1.
        order: The task ids of the whole sequence.
        all_forget: The forget rows of all tasks of the build.
        all_retain: The retain split.
        rule: Which rows a retain term may use: `rest`, `released` or `fixed`, as of `lethe run --retain`.
    """

    number: int
    order: Sequence[int]
    all_forget: Dataset = field(repr=False)
    all_retain: Dataset = field(repr=False)
    rule: str = "rest"

    @property
    def task_id(self) -> int:
        """The task id of its rows."""
        return self.order[self.number - 1]

    @cached_property
    def forget(self) -> Dataset:
        """The rows to forget."""
        return _where(self.all_forget, "task_id", {self.task_id})

    @cached_property
    def retain(self) -> Dataset:
        """The rows that a retain term may use."""
        if self.rule == "rest":
            return concatenate_datasets([self.waiting, self.all_retain])
        if self.rule == "fixed":
            return self.all_retain
        return _where(self.all_retain, "retain_task_id", {self.task_id})

    @cached_property
    def asked(self) -> Dataset:
        """The rows of this and all earlier requests."""
        return _where(self.all_forget, "task_id", set(self.order[: self.number]))

    @cached_property
    def waiting(self) -> Dataset:
        """The forget rows that are not requested yet; a model must still know them."""
        return _where(self.all_forget, "task_id", set(self.all_forget["task_id"]) - set(self.order[: self.number]))


def stream(
    data: str | Path, *, tasks: int | None = None, order_seed: int | None = None, retain: str = "rest"
) -> list[Request]:
    """Return the requests of a build, in the order in which `lethe run` with the same options answers them.

    Args:
        data: A build, or the id of a pushed one on the Hub (ORG/NAME, ORG/NAME@REVISION).
        tasks: The number of requests; None = all of the build.
        order_seed: Shuffles the tasks; None = the order of the build.
        retain: The rows in `request.retain`. `rest`: everything not yet requested to be forgotten; `released`: the
            retain set released with the task (mlu); `fixed`: the retain split alone.

    Returns:
        One `Request` per task. Its rows are datasets with the columns that `load_dataset` gives, pictures decoded.

    Raises:
        UserError: There is no such build, it has fewer tasks, or it has no rows for `retain`.
    """
    if retain not in RETAIN:
        raise UserError(f"retain {retain!r}: unknown; pass one of {', '.join(RETAIN)}")
    build = open_build(data)
    options = RunOptions(data=build.path, tasks=tasks, order_seed=order_seed, retain=retain)
    check_build(options, build)
    order = options.task_order(build)
    forget, rest = (build.load(build.config, split, QA) for split in ("forget", "retain"))
    return [Request(number, order, forget, rest, retain) for number in range(1, len(order) + 1)]


def _where(rows: Dataset, column: str, values: Collection[int]) -> Dataset:
    return rows.select([index for index, value in enumerate(rows[column]) if value in values])
