"""Measure what is saved when a run's rows are scored under one model after another.

    python perf/scoring.py [BUILD] [--profiles 24] [--rounds 9] [--threads 1]

All rows of a build are scored with all candidates under a model of the embedded plan that is loaded anew for each
stage: plainly (rows planned anew, the vision tower at each pass), with the plan of the rows kept, and with the
features of pictures kept too. The variants alternate, and times are processor time, so that ratios hold on a busy
machine. The floor of a stage is that of its matrix products, padding included, at the rate of a plain linear layer.

Then 100 rows are scored with their one answer each by `score_answers`, and by a plain loop that runs the processor and
the model on one row after another. Exits with 1 if a kept plan changes a score, a stage takes more than twice its
floor, or `score_answers` is less than 1.3 times as fast as the loop.
"""

import argparse
import contextlib
import copy
import dataclasses
import statistics
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from unittest import mock

import torch
from counted_floor import Rate, gflop
from datasets import concatenate_datasets
from PIL import Image
from ratios import add_json_option, write_ratios

from lethebench.baselines import PRESETS, RowEncoder, learn_tiny, plan_for, tiny_processor, tiny_vlm
from lethebench.builders import build
from lethebench.evaluation.answers import greedy
from lethebench.evaluation.answers.rows import evaluate_rows, prepare_rows
from lethebench.evaluation.likelihood import api, score_answers
from lethebench.runs.build import open_build

MOST_OVER_FLOOR, FASTER = 2.0, 1.3


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, nargs="?", help="an icu build; made by default")
    parser.add_argument("--profiles", type=int, default=24, help="of the build that is made")
    parser.add_argument("--rounds", type=int, default=9, help="alternating measurements of the variants")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    add_json_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.build or Path(scratch) / "icu"
        if options.build is None:
            build("icu", folder, size=options.profiles)
        opened = open_build(folder)
        rows = concatenate_datasets([opened.forget, opened.retain])
        plan = plan_for(rows)
        tiny = tiny_vlm(rows, 0, plan=plan, encoder=RowEncoder(tiny_processor(rows, plan)))
        model = learn_tiny(tiny, rows, preset=PRESETS["tiny"]).model
        prepared = prepare_rows(tiny.processor, rows, candidates=opened.candidates)
        equal, saved, over_floor = report(model, tiny.processor, prepared, options)
        faster = one_answer(model.eval(), tiny.processor, rows, options)
    higher = {"stage over plain stage": saved, "score_answers over plain loop": faster}
    write_ratios(options.json, lower={"stage over matrix products": over_floor}, higher=higher)
    return 0 if equal and over_floor <= MOST_OVER_FLOOR and faster >= FASTER else 1


def report(model, processor, prepared, options: argparse.Namespace) -> tuple[bool, float, float]:
    """Measure the variants and print a line for each.

    Returns:
        Whether scores are equal, how much faster a stage is than a plain one, and its time over its floor.
    """

    def stage(rows, keep_features: bool) -> tuple[float, list[dict]]:
        off = (
            []
            if keep_features
            else [mock.patch.object(part, "cached_picture_features", none) for part in (api, greedy)]
        )
        with contextlib.ExitStack() as stack:
            for patch in off:
                stack.enter_context(patch)
            loaded = copy.deepcopy(model)
            start = time.process_time()
            scores = evaluate_rows(loaded, processor, rows)
            return time.process_time() - start, scores

    def none(_) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext()

    variants = {
        "plain": lambda: stage(dataclasses.replace(prepared), False),
        "+ plan of the rows kept": lambda: stage(prepared, False),
        "+ features of pictures kept": lambda: stage(prepared, True),
    }
    costs: dict[str, list[float]] = {name: [] for name in variants}
    scores = {}
    linear = Rate()
    for _ in range(options.rounds + 1):
        linear.measure()
        for name, score in variants.items():
            seconds, scores[name] = score()
            costs[name].append(seconds)
    answers = sum(len(question.answers) for question in prepared.encoded)
    print(f"{len(prepared)} rows, {answers} answers; CPU seconds of a stage")
    for name, values in costs.items():
        ratio = statistics.median(now / before for before, now in zip(costs["plain"][1:], values[1:], strict=True))
        print(f"{name:28} {statistics.median(values[1:]):6.2f}  {ratio:.2f}")
    seconds = statistics.median(costs["+ features of pictures kept"][1:])
    operations = gflop(variants["+ features of pictures kept"])
    floor = operations / linear.median
    print(f"{operations:.1f} GFLOP at {linear.median:.0f} GFLOP/s: floor {floor:.2f}, {seconds / floor:.2f} times it")
    return scores["plain"] == scores["+ plan of the rows kept"], 1 / ratio, seconds / floor


def one_answer(model, processor, rows, options: argparse.Namespace) -> float:
    """Return how much faster `score_answers` is than a plain loop on 100 rows with one answer each."""
    chosen = [
        rows[index] for index in torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:100].tolist()
    ]

    def plain() -> list[float]:
        return [plain_logprob(model, processor, row) for row in chosen]

    def ours() -> list[float]:
        return [score.logprob for score in score_answers(model, processor, chosen)]

    times: list[tuple[float, float]] = []
    for _ in range(options.rounds + 1):
        marks, logprobs = [time.process_time()], []
        for score in (plain, ours):
            logprobs.append(score())
            marks.append(time.process_time())
        times.append((marks[1] - marks[0], marks[2] - marks[1]))
    gap = max(abs(one - two) for one, two in zip(*logprobs, strict=True))
    faster = statistics.median(theirs / own for theirs, own in times[1:])
    pictured = sum(bool(row["images"]) for row in chosen)
    print(f"{len(chosen)} rows, {pictured} with a picture, one answer each: {faster:.2f}x a plain loop, {gap:.0e} nats")
    return faster


@torch.no_grad()
def plain_logprob(model, processor, row) -> float:
    """Return the log-probability of a row's answer, computed for this row alone by the processor and the model."""
    pictures = [Image.open(BytesIO(picture["bytes"])).convert("RGB") for picture in row["images"]]
    user = [*({"type": "image"} for _ in pictures), {"type": "text", "text": row["question"]}]
    turns = [{"role": "user", "content": user}]
    prompt = processor.apply_chat_template(turns, add_generation_prompt=True)
    turns.append({"role": "assistant", "content": [{"type": "text", "text": row["answer"]}]})
    text = processor.apply_chat_template(turns)
    inputs = processor(text=text, images=pictures or None, return_tensors="pt")
    count = len(processor.tokenizer(text)["input_ids"]) - len(processor.tokenizer(prompt)["input_ids"])
    logps = model(**inputs).logits[0, :-1].log_softmax(-1)
    return logps.gather(-1, inputs["input_ids"][0, 1:, None])[-count:].sum().item()


if __name__ == "__main__":
    sys.exit(main())
