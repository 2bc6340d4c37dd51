"""Train the embedded model on `icu` builds of several sizes and print its size, time and accuracy.

    python perf/tiny_sizes.py 24 200 1000 [--seed 0] [--threads 1] [--builds FOLDER]

Columns: profiles, rows, millions of parameters, optimizer steps, seconds of the vision warm-up (encoding included) and
of training, share of pictures whose profile the tower identifies, exact match of greedy answers on the training rows
and on held-out wordings over second scans, for questions about a picture (vqa) and by name (text).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch

from lethebench.baselines import PRESETS, RowEncoder, learn_tiny, plan_for, tiny_processor, tiny_vlm
from lethebench.builders import build
from lethebench.evaluation.answers.greedy import default_length, greedy_answers
from lethebench.runs.build import open_build

CHUNK = 512  # rows whose pictures are held at a time
HEAD = "profiles   rows  params/M  steps  warm-up/s  learn/s  tower    vqa   text  held-out vqa  held-out text"


def measure(folder: Path, seed: int) -> str:
    """Train on the build in the folder and return its line of the table."""
    opened = open_build(folder)
    rows, held_out = opened.split("train"), opened.held_out
    values = [{"question": "", "answer": value} for values in opened.candidates.values() for value in values]
    start = time.perf_counter()
    plan = plan_for(rows)
    processor = tiny_processor([*rows.select_columns(["question", "answer"]), *values], plan)
    tiny = tiny_vlm(rows, seed, plan=plan, encoder=RowEncoder(processor))
    warm = time.perf_counter() - start
    trained = learn_tiny(tiny, rows, preset=PRESETS["tiny"], seed=seed)
    parameters = sum(parameter.numel() for parameter in trained.model.parameters()) / 1e6
    matches = [*exact(trained.model, processor, rows), *exact(trained.model, processor, held_out)]
    profiles = len(set(rows["profile_id"]))
    return (
        f"{profiles:8d} {len(rows):6d} {parameters:9.2f} {trained.steps:6d} {warm:10.1f} {trained.seconds:8.1f} "
        f"{tiny.vision_accuracy:6.3f} {matches[0]:6.3f} {matches[1]:6.3f} {matches[2]:13.3f} {matches[3]:14.3f}"
    )


def exact(model, processor, rows) -> tuple[float, float]:
    """Return the exact match of greedy answers over rows about a picture and over rows by name."""
    length = default_length(processor, rows["answer"])
    answers: list[str] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows.select(range(start, min(start + CHUNK, len(rows))))
        answers += greedy_answers(model, processor, chunk, max_new_tokens=length)
    names = [rows.features["modality"].int2str(value) for value in rows["modality"]]
    hits: dict[str, list[bool]] = {"image_text": [], "text": []}
    for name, answer, text in zip(names, rows["answer"], answers, strict=True):
        hits[name].append(text.strip() == answer)
    vqa, text_only = (sum(values) / len(values) for values in hits.values())
    return vqa, text_only


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="+", help="numbers of profiles")
    parser.add_argument("--seed", type=int, default=0, help="seed of model and training")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--builds", type=Path, help="folder to keep the builds in; temporary by default")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        for size in options.sizes:
            folder = (options.builds or Path(scratch)) / f"icu-{size}"
            if not (folder / "manifest.json").is_file():
                build("icu", folder, size=size, num_proc=options.threads)
            print(measure(folder, options.seed), flush=True)


if __name__ == "__main__":
    main()
