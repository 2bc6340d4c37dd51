"""A build as a task of inspect_ai, which finds the task by the package's entry point:

    inspect eval lethebench/unlearning -T data=build/icu -T split=forget --model openai/gpt-4o-mini

Pictures are encoded when a question is asked, from the bytes in the build's Parquet, so no second copy is written.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, Image, List, get_dataset_default_config_name, load_dataset
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

from lethebench.contract.images import data_uri
from lethebench.harnesses.harness import SCORES, prompt, scores
from lethebench.runs.build import open_build

METADATA = ("task_id", "attribute", "hops", "answer", "keywords", "options")


@task
def unlearning(data: str = "build/icu", config: str | None = None, split: str = "forget") -> Task:
    """Ask every question of one split with greedy decoding; scores are means with standard errors, in [0, 1].

    Args:
        data: A folder of `lethe build`, or the Hub id of one.
        config: A config of the build; its first one by default.
        split: forget, retain, neighbour, holdout, test or train.
    """
    rows = _rows(data, config, split)
    samples = [
        Sample(id=row["id"], input=prompt(row), target=row["answer"], metadata=_metadata(index, row))
        for index, row in enumerate(rows.remove_columns("images"))
    ]
    return Task(
        dataset=MemoryDataset(samples, name=f"{data} {split}"),
        solver=[show(rows), generate(temperature=0.0)],
        scorer=answers(),
    )


def _rows(data: str, config: str | None, split: str) -> Dataset:
    """Return the rows of a split, pictures encoded; a folder is read as a build, whose card could name other files."""
    if Path(data).is_dir():
        build = open_build(data)
        return build.split(split, config or next(iter(build.manifest["splits"])))
    rows = load_dataset(data, config or get_dataset_default_config_name(data), split=split)
    return rows.cast_column("images", List(Image(decode=False)))


def _metadata(index: int, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"row_index": index, **{name: row[name] for name in METADATA}}


@solver
def show(rows: Dataset) -> Solver:
    """Put the pictures of a sample's row before its question, as data URIs."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        row = rows[state.metadata["row_index"]]
        images = [ContentImage(image=data_uri(image, row["id"])) for image in row["images"]]
        if images:
            state.messages[-1] = ChatMessageUser(content=[*images, ContentText(text=state.user_prompt.text)])
        return state

    return solve


@scorer(metrics={name: [mean(), stderr()] for name in SCORES})
def answers() -> Scorer:
    """Score by exact match, share of keywords and ROUGE-L, as in lm-eval and lmms-eval."""

    async def score(state: TaskState, target: Target) -> Score:
        generated = state.output.completion
        return Score(value=scores(state.metadata, [generated]), answer=generated)

    return score
