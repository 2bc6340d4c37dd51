"""How much is learnt as `remem` grows: builds it once, lets the embedded model learn 1, 5, 20, 100 rows of each person.

    python perf/remem_scaling.py 1 5 20 100 [--people 20] [--visits 60] [--seed 0] [--threads 1] [--build FOLDER]

Rows of a smaller `qa` are the first ones of a larger one, so that one build serves all. Every row is visited equally
often, whatever there are. Columns: rows per person, rows, optimizer steps, share of pictures whose person the vision
tower names, seconds, then exact match and keyword match of greedy answers, by hops, on the rows learnt and on held-out
wordings over held-out pictures. Pictures are drawn as small as the model reads them.
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
MOST = 400  # rows learnt that are asked again, evenly spread
HEAD = (
    "                                       |  train, by name |  train, picture |  held out, name | held out, picture\n"
    "qa/person   rows  steps  tower  seconds | exact  keywords | exact  keywords | exact  keywords | exact  keywords"
)


def first(rows, count: int):
    """The first rows of every person."""
    seen, kept = defaultdict(int), []
    for place, profile in enumerate(rows["profile_id"]):
        seen[profile] += 1
        if seen[profile] <= count:
            kept.append(place)
    return rows.select(kept)


def measure(rows, held_out, processor, *, plan, visits: int, seed: int) -> str:
    """Learns the rows and gives the rest of their line of the table."""
    start = time.perf_counter()
    steps = max(1, round(visits * len(rows) / plan.batch_size))
    tiny = tiny_vlm(rows, seed, plan=replace(plan, steps=steps), encoder=RowEncoder(processor))
    learnt = learn_tiny(tiny, rows, preset=PRESETS["tiny"], seed=seed)
    some = rows.select(range(0, len(rows), -(-len(rows) // MOST)))
    found = [*scores(learnt.model, processor, some), *scores(learnt.model, processor, held_out)]
    line = f"{len(rows):6d} {learnt.steps:6d} {tiny.vision_accuracy:6.3f} {time.perf_counter() - start:8.1f}"
    return line + "".join(f" | {exact:5.3f} {keywords:9.3f}" for exact, keywords in found)


def scores(model, processor, rows) -> list[tuple[float, float]]:
    """(exact match, keyword match) of greedy answers to questions by name, and to those about a picture."""
    length = default_length(processor, rows["answer"])
    said = []
    for start in range(0, len(rows), CHUNK):
        some = rows.select(range(start, min(start + CHUNK, len(rows))))
        said += greedy_answers(model, processor, some, max_new_tokens=length)
    exact, keywords = defaultdict(list), defaultdict(list)
    for row, text in zip(rows.remove_columns("images"), said, strict=True):
        exact[row["hops"]].append(exact_match(text, row["answer"]))
        keywords[row["hops"]].append(keyword_match(text, row["keywords"]))
    return [(mean(exact[hops]), mean(keywords[hops])) for hops in (1, 2)]


def mean(values: list[float]) -> float:
    """The mean, nan of nothing."""
    return sum(values) / len(values) if values else float("nan")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("qa", type=int, nargs="+", help="rows learnt per person")
    parser.add_argument("--people", type=int, default=20, help="how many people there are")
    parser.add_argument("--visits", type=int, default=60, help="how often each row is visited")
    parser.add_argument("--seed", type=int, default=0, help="of model and training")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--build", type=Path, help="where the build is kept; a temporary folder if absent")
    parser.add_argument("--plan", nargs="*", default=[], metavar="FIELD=N", help="another size of the model's plan")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.build or Path(scratch)) / f"remem-{options.people}"
        if not (folder / "manifest.json").is_file():
            build("remem", folder, size=options.people, options={"qa": max(options.qa), "pixels": 112})
        opened = open_build(folder)
        rows, held_out = opened.split("train"), opened.held_out
        changed = {name: int(value) for name, value in (field.split("=") for field in options.plan)}
        plan = replace(plan_for(rows), **changed)
        values = [{"question": "", "answer": value} for values in opened.candidates.values() for value in values]
        processor = tiny_processor([*rows.select_columns(["question", "answer"]), *values], plan)
        print(f"{options.people} people, each row visited {options.visits} times, {plan}")
        print(HEAD)
        for qa in options.qa:
            line = measure(first(rows, qa), held_out, processor, plan=plan, visits=options.visits, seed=options.seed)
            print(f"{qa:9d} {line}", flush=True)


if __name__ == "__main__":
    main()
