"""A run of many requests, put together from the rows of real models, and the samples that its stages are scored on."""

import random
from collections.abc import Callable, Sequence

from battery import read_battery
from datasets import Dataset

from lethebench.evaluation.metrics.run_scores import Run
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.runs.budget import Sampler
from lethebench.runs.folder import HELD_OUT
from lethebench.runs.options import RunOptions
from lethebench.runs.score import ScoredPart
from lethebench.runs.summary import ROWS

COLUMNS = ("id", "profile_id", "task_id", "role", "attribute")
UNRANKED = {**dict.fromkeys(("rank", "exposure", "exposure_normalised", "candidate_logprobs")), "num_candidates": 0}
KINDS = ("rows", "held_out")
LAST = 4  # stages of the real runs


def long_run(method: str, *, tasks: int, per_task: int, retained: int, seed: int = 0) -> Run:
    """Return a run of a method of the battery, with one gold model.

    Each profile is a real one under a new name. At a stage it has the rows that the real one has as many stages after
    its request, at most four, or before it.
    """
    models = read_battery()
    models |= {(method, 0): models["initial", 0]}
    draw = random.Random(seed)
    people: dict[int, set[str]] = {}
    for row in (*models["initial", 0].rows, *models["initial", 0].held_out):
        people.setdefault(row["task_id"], set()).add(row["profile_id"])
    cast = [(task, draw.randrange(LAST)) for task in range(tasks) for _ in range(per_task)] + [(-1, -1)] * retained
    profiles = [(task, group, draw.choice(sorted(people[group]))) for task, group in cast]
    rows: dict[tuple[str, int, str], dict[str, list[dict]]] = {}
    for (name, stage), model in models.items():
        for kind in KINDS:
            for row in getattr(model, kind):
                rows.setdefault((name, stage, row["profile_id"]), {one: [] for one in KINDS})[kind].append(row)

    def model_at(name: str, stage_of: Callable[[int, int], int]) -> ModelRows:
        parts: dict[str, list[dict]] = {kind: [] for kind in KINDS}
        for number, (task, group, profile) in enumerate(profiles):
            for kind, own in rows[name, stage_of(task, group), profile].items():
                names = {"profile_id": f"p{number:04d}", "task_id": task}
                parts[kind] += [{**row, **names, "id": f"{number:04d}/{row['id']}"} for row in own]
        return ModelRows(parts["rows"], parts["held_out"])

    def at(stage: int) -> Callable[[int, int], int]:
        def real_stage(task: int, group: int) -> int:
            if task < 0:
                return 1 + (LAST - 1) * stage // tasks
            return min(LAST, group + 1 + stage - (task + 1)) if task < stage else min(group, stage)

        return real_stage

    stages = [model_at(method, at(stage)) for stage in range(1, tasks + 1)]
    gold = model_at("gold 0", lambda task, group: LAST)
    return Run([model_at("initial", lambda task, group: 0), *stages], {tasks: [gold]}, range(tasks))


def sampler_of(run: Run, **options) -> Sampler:
    """Return the sampler of a run with these options."""
    initial = run.stages[0]
    values = sorted({row["attribute"] for row in initial.rows if row["candidate_logprobs"] is not None})
    candidates = {attribute: ["a", "b"] for attribute in values}
    parts = {
        name: ScoredPart(Dataset.from_list([{column: row[column] for column in COLUMNS} for row in rows]), chosen)
        for name, rows, chosen in ((ROWS, initial.rows, candidates), (HELD_OUT, initial.held_out, {}))
    }
    return Sampler(parts, list(run.order), RunOptions(data="build/icu", **options))


def sampled_run(run: Run, sampler: Sampler, stages: Sequence[int] | None = None) -> Run:
    """Return the run with its stages cut down to what the sampler has scored and ranked."""
    models, sampled = [run.stages[0]], []
    for number, model in enumerate(run.stages[1:], start=1):
        sample = sampler.sample(number)
        if sample is None or (stages is not None and number not in stages):
            models.append(model)
            continue
        rows = [model.rows[index] for index in sample.rows[ROWS]]
        rows = [
            row if index in sample.ranked else {**row, **UNRANKED}
            for index, row in zip(sample.rows[ROWS], rows, strict=True)
        ]
        models.append(ModelRows(rows, [model.held_out[index] for index in sample.rows[HELD_OUT]]))
        sampled.append(number)
    return Run(models, run.gold, run.order, frozenset(sampled))
