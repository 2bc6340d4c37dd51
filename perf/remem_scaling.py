"""Train the embedded model on 1, 5, 20 and 100 rows per person of one `remem` build and print its accuracy.

    python perf/remem_scaling.py 1 5 20 100 [--people 20] [--visits 60] [--seed 0] [--threads 1] [--build FOLDER]

Rows of a smaller `qa` are the first ones of a larger one, so one build serves all. Every row is visited equally often.
Columns: rows per person, rows, optimizer steps, share of pictures whose person the vision tower identifies, seconds,
then exact match and keyword match of greedy answers, by hops, on the training rows and on held-out wordings over
held-out pictures. Pictures have the resolution of the model's input.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch

from lethebench.baselines import PRESETS, RowEncoder, learn_tiny, plan_for, tiny_processor, tiny_vlm
from lethebench.builders import build
from lethebench.evaluation.answers.greedy import default_length, greedy_answers
from lethebench.evaluation.metrics.text import exact_match, keyword_match
from lethebench.runs.build import open_build

CHUNK = 512  # rows whose pictures are held at a time
MOST = 400  # training rows to evaluate, evenly spread
HEAD = (
    "                                       |  train, by name |  train, picture |  held out, name | held out, picture\n"
    "qa/person   rows  steps  tower  seconds | exact  keywords | exact  keywords | exact  keywords | exact  keywords"
)


def first(rows, count: int):
    """Return the first rows of every person."""
    rows_of: dict[str, int] = defaultdict(int)
    selected = []
    for index, profile in enumerate(rows["profile_id"]):
        rows_of[profile] += 1
        if rows_of[profile] <= count:
            selected.append(index)
    return rows.select(selected)


def measure(rows, held_out, processor, *, plan, visits: int, seed: int) -> str:
    """Train on the rows and return the rest of their line of the table."""
    start = time.perf_counter()
    steps = max(1, round(visits * len(rows) / plan.batch_size))
    tiny = tiny_vlm(rows, seed, plan=replace(plan, steps=steps), encoder=RowEncoder(processor))
    trained = learn_tiny(tiny, rows, preset=PRESETS["tiny"], seed=seed)
    sample = rows.select(range(0, len(rows), -(-len(rows) // MOST)))
    results = [*scores(trained.model, processor, sample), *scores(trained.model, processor, held_out)]
    line = f"{len(rows):6d} {trained.steps:6d} {tiny.vision_accuracy:6.3f} {time.perf_counter() - start:8.1f}"
    return line + "".join(f" | {exact:5.3f} {keywords:9.3f}" for exact, keywords in results)


def scores(model, processor, rows) -> list[tuple[float, float]]:
    """Return (exact match, keyword match) of greedy answers to questions by name, and to those about a picture."""
    length = default_length(processor, rows["answer"])
    answers: list[str] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows.select(range(start, min(start + CHUNK, len(rows))))
        answers += greedy_answers(model, processor, chunk, max_new_tokens=length)
    exact: dict[int, list[float]] = defaultdict(list)
    keywords: dict[int, list[float]] = defaultdict(list)
    for row, text in zip(rows.remove_columns("images"), answers, strict=True):
        exact[row["hops"]].append(exact_match(text, row["answer"]))
        keywords[row["hops"]].append(keyword_match(text, row["keywords"]))
    return [(mean(exact[hops]), mean(keywords[hops])) for hops in (1, 2)]


def mean(values: list[float]) -> float:
    """Return the mean, or nan of an empty list."""
    return sum(values) / len(values) if values else float("nan")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("qa", type=int, nargs="+", help="training rows per person")
    parser.add_argument("--people", type=int, default=20, help="number of people")
    parser.add_argument("--visits", type=int, default=60, help="training visits of each row")
    parser.add_argument("--seed", type=int, default=0, help="seed of model and training")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--build", type=Path, help="folder to keep the build in; temporary by default")
    parser.add_argument("--plan", nargs="*", default=[], metavar="FIELD=N", help="override a size of the model's plan")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.build or Path(scratch)) / f"remem-{options.people}"
        if not (folder / "manifest.json").is_file():
            build("remem", folder, size=options.people, options={"qa": max(options.qa), "pixels": 112})
        opened = open_build(folder)
        rows, held_out = opened.split("train"), opened.held_out
        overrides = {name: int(value) for name, value in (field.split("=") for field in options.plan)}
        plan = replace(plan_for(rows), **overrides)
        values = [{"question": "", "answer": value} for values in opened.candidates.values() for value in values]
        processor = tiny_processor([*rows.select_columns(["question", "answer"]), *values], plan)
        print(f"{options.people} people, each row visited {options.visits} times, {plan}")
        print(HEAD)
        for qa in options.qa:
            line = measure(first(rows, qa), held_out, processor, plan=plan, visits=options.visits, seed=options.seed)
            print(f"{qa:9d} {line}", flush=True)


if __name__ == "__main__":
    main()
