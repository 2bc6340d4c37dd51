"""Judge the scored rows of `lethe evaluate`: verdicts in a file, figures in the rows, replies kept after a failure."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from lethebench.cli.output import text_table
from lethebench.console import Console, per_mille
from lethebench.contract.requests.asking import Progress
from lethebench.contract.requests.budget import Usage, usage_text
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import without_credentials
from lethebench.errors import UserError
from lethebench.evaluation.answers.letters import chosen, letter_question
from lethebench.evaluation.judges.openai_judge import LIKELY_TOKENS
from lethebench.evaluation.judges.protocol import Item
from lethebench.evaluation.judges.rows import VERDICT_FIELDS, Judgments, item_of, judge_rows
from lethebench.scoring.api import SAY_EVERY
from lethebench.scoring.judges import JudgeOptions, estimate, probe

REPLIES_FILE = "judgments.sqlite"
VERDICTS_FILE = "verdicts.parquet"
_SHOWN = 20
"""Lines of a table that the command prints."""
_TYPES = {"repeat": pa.int64(), "verdict": pa.int64()}
Row = Mapping[str, Any]


class Judging:
    """The judges of one evaluation.

    Args:
        options: Checked options with at least one judge.
        replies: The file of the replies of judges behind an API, which outlives a failed command.
        console: Shows progress.

    Attributes:
        usage: Of all passes so far, None before the first one and without an API.
        failed: Verdicts that failed.
        first_error: Why the first one did.
    """

    def __init__(self, options: JudgeOptions, replies: Path, console: Console) -> None:
        self.options, self.replies, self.console = options, replies, console
        self.usage: Usage | None = None
        self.failed, self.first_error = 0, ""

    def probe(self) -> None:
        """Judge an answer of this package with every API judge, before anything else is paid or takes long.

        Raises:
            UserError: A judge cannot be made or gives no verdict.
        """
        with self.options.opened(self.replies) as (judges, cache):
            probe(judges)
            self._count(cache)

    def judge(
        self, rows: Sequence[Row], questions: "Questions", title: str, threshold: float | None = None
    ) -> Judgments:
        """Return the verdicts on scored rows; rows without an answer get none.

        Args:
            rows: Scored rows.
            questions: Keywords and options of the rows.
            title: Of the phase.
            threshold: For rows with `answer_logprob`, see `fluency_threshold`.

        Raises:
            UserError: The judges refuse every call, their budget is spent, or one returned no verdicts.
        """
        items = [None if row["generated"] is None else questions.item(row, threshold) for row in rows]
        with self.console.phase(title) as tick, self.options.opened(self.replies, self._reporter()) as (judges, cache):
            try:
                result = judge_rows(
                    judges,
                    [row["id"] for row in rows],
                    items,
                    self.options.chosen_rubrics(),
                    repeats=self.options.repeats,
                    progress=per_mille(tick),
                )
            except ValueError as error:
                if type(error) is not ValueError:  # a UserError, or a pass that stopped
                    raise
                raise UserError(f"--judge: {error}") from None
            self._count(cache)
        errors = [entry["error"] for entry in result.verdicts if entry["verdict"] is None]
        self.first_error = self.first_error or (errors[0] if errors else "")
        self.failed += len(errors)
        return result

    def record(self) -> dict[str, Any]:
        """Return what scores.json records of the judges."""
        options = self.options
        usage = None if self.usage is None else self.usage._asdict() | {"usd": options.limits().cost(self.usage)}
        return {
            "names": list(options.names),
            "repeats": options.repeats,
            "rubrics": [rubric.id for rubric in options.chosen_rubrics()],
            "base_url": without_credentials(options.base_url),
            "failed": self.failed,
            "usage": usage,
        }

    def notes(self) -> list[str]:
        """Return lines about failed verdicts and what the judges cost."""
        lines = []
        if self.failed:
            lines.append(
                f"judges: {self.failed} verdicts failed and are in no figure; the first: {self.first_error}; run the "
                "same command again to retry them"
            )
        if self.usage is not None:
            lines.append(f"judges: {usage_text(self.usage, self.options.limits())}")
        return lines

    def _count(self, cache: Cache | None) -> None:
        self.usage = None if cache is None else cache.usage()

    def _reporter(self) -> Callable[[Progress], None]:
        last_line = time.monotonic()
        budget = self.options.limits()

        def report(now: Progress) -> None:
            nonlocal last_line
            if time.monotonic() - last_line >= SAY_EVERY:
                last_line = time.monotonic()
                self.console.say(f"{now.done} of {now.total} verdicts: {usage_text(now.usage, budget)}")

        return report


class Questions:
    """What judges see of the rows of a build beside their scores.

    Args:
        parts: Rows of a build with `id`, `keywords` and `options`.
    """

    def __init__(self, *parts: Dataset) -> None:
        self._rows: dict[str, tuple[list[str], list[str]]] = {}
        for part in parts:
            columns = part.select_columns(["id", "keywords", "options"]).to_list()
            self._rows |= {row["id"]: (row["keywords"] or [], row["options"] or []) for row in columns}

    def item(self, row: Row, threshold: float | None = None) -> Item:
        """Return a scored row as judges see it: with its options, and the option's text for an answer by letter."""
        keywords, options = self._rows.get(row["id"], ([], []))
        choice = chosen(row["generated"], options) if options else None
        answer = row["generated"] if choice is None else options[choice]
        full = {**row, "question": letter_question(row["question"], options), "generated": answer}
        return item_of(full, keywords, threshold)


def sampled(rows: Sequence[Row], most: int | None) -> list[Row]:
    """Return at most `most` rows of each set and task, the same ones for the same ids, in order; all for None."""
    if most is None:
        return list(rows)
    groups: dict[tuple, list[str]] = defaultdict(list)
    for row in rows:
        groups[row["split"], row["task_id"]].append(row["id"])
    chosen: set[str] = set()
    for ids in groups.values():
        ids.sort()
        chosen |= set(ids if len(ids) <= most else random.Random(0).sample(ids, most))
    return [row for row in rows if row["id"] in chosen]


def write_verdicts(path: Path, verdicts: Sequence[Row], stages: Sequence[str] | None = None) -> None:
    """Write every verdict; `stages` are those of a run, one per verdict."""
    names = ["stage", *VERDICT_FIELDS] if stages is not None else list(VERDICT_FIELDS)
    schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in names])
    rows = (
        verdicts if stages is None else [{**row, "stage": stage} for row, stage in zip(verdicts, stages, strict=True)]
    )
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


def block_lines(judges: Mapping[str, Any]) -> list[str]:
    """Return MLUBench's table of a judged run, and the scores by judges, as text."""
    header = ("task - after request", "forget", "utility")
    tables = []
    for method, blocks in judges["blocks"].items():
        lines = [(block["name"], block["forget"], block["utility"]) for block in blocks]
        tables.append(text_table(header, lines[:_SHOWN], right=header[1:], title=f"{method}, by judges"))
        if len(blocks) > _SHOWN:
            tables.append(f"{len(blocks) - _SHOWN} more are in scores.json and in the report")
    scores = judges["scores"].items()
    return tables + [f"{method}: score {_figure(entry['score'])} with fluency by judges" for method, entry in scores]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def dry_run(options: JudgeOptions, items: Sequence[Item], replies: Path) -> tuple[dict[str, Any], str]:
    """Return what judging is likely to take, as a record and as text; nothing is sent."""
    with options.opened(replies if replies.exists() else None) as (judges, _):
        usage = estimate(judges, items, options.chosen_rubrics(), options.repeats)
    budget = options.limits()
    limit = budget.exceeded(usage)
    record = usage._asdict() | {"usd": budget.cost(usage), "answers": len(items)}
    text = (
        f"{len(items)} answers to {', '.join(options.api_names)}: about {usage_text(usage, budget)}, if replies have "
        f"{LIKELY_TOKENS} tokens (a reasoning model's have more) and no call fails; nothing was sent"
    )
    return record, text + (f"; this exceeds the budget of {limit}" if limit else "")
