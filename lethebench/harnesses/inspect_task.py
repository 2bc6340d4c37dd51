"""A build as a task of inspect_ai, which finds it by the package's entry point:

    inspect eval lethebench/unlearning -T data=build/icu -T split=forget --model openai/gpt-4o-mini

Pictures are encoded as each question is asked, from the bytes in the build's Parquet: no second copy is written.
"""

from datasets import Dataset, Image, List, get_dataset_default_config_name, load_dataset
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

from lethebench.contract.images import data_uri
from lethebench.harnesses.harness import SCORES, prompt, scores

_KEPT = ("task_id", "attribute", "hops", "answer", "keywords", "options")


@task
def unlearning(data: str = "build/icu", config: str | None = None, split: str = "forget") -> Task:
    """Every question of one split, greedily answered; scores are means with their standard errors, in [0, 1].

    Args:
        data: a folder that `lethe build` wrote, or the Hub id of one.
        config: of the build; default its first one.
        split: forget, retain, neighbour, holdout, test or train.
    """
    rows = load_dataset(data, config or get_dataset_default_config_name(data), split=split)
    rows = rows.cast_column("images", List(Image(decode=False)))
    samples = [
        Sample(id=row["id"], input=prompt(row), target=row["answer"], metadata={"place": place} | _kept(row))
        for place, row in enumerate(rows.remove_columns("images"))
    ]
    return Task(
        dataset=MemoryDataset(samples, name=f"{data} {split}"),
        solver=[show(rows), generate(temperature=0.0)],
        scorer=answers(),
    )


def _kept(row: dict) -> dict:
    return {name: row[name] for name in _KEPT}


@solver
def show(rows: Dataset) -> Solver:
    """Puts the pictures of a sample's row before its question, as data URIs."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        images = [ContentImage(image=data_uri(shown)) for shown in rows[state.metadata["place"]]["images"]]
        if images:
            state.messages[-1] = ChatMessageUser(content=[*images, ContentText(text=state.user_prompt.text)])
        return state

    return solve


@scorer(metrics={name: [mean(), stderr()] for name in SCORES})
def answers() -> Scorer:
    """Exact match, share of keywords and ROUGE-L, as lm-eval and lmms-eval score them."""

    async def score(state: TaskState, target: Target) -> Score:
        said = state.output.completion
        return Score(value=scores(state.metadata, [said]), answer=said)

    return score
