"""How the embedded model grows with its corpus: builds `icu` at each size, learns it, and prints one line per size.

    python perf/tiny_sizes.py 24 200 1000 [--seed 0] [--threads 1] [--builds FOLDER]

Columns: profiles, rows, millions of parameters, optimizer steps, seconds of the vision warm-up (encoding included) and
of learning, share of pictures whose profile the tower names, exact match by greedy decoding on the rows learnt and on
held-out wordings over second scans, for questions about a picture (vqa) and by name (text).
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
    """Learns the build in the folder and gives its line of the table."""
    opened = open_build(folder)
    rows, held_out = opened.split("train"), opened.held_out
    values = [{"question": "", "answer": value} for values in opened.candidates.values() for value in values]
    start = time.perf_counter()
    plan = plan_for(rows)
    processor = tiny_processor([*rows.select_columns(["question", "answer"]), *values], plan)
    tiny = tiny_vlm(rows, seed, plan=plan, encoder=RowEncoder(processor))
    warm = time.perf_counter() - start
    learnt = learn_tiny(tiny, rows, preset=PRESETS["tiny"], seed=seed)
    parameters = sum(parameter.numel() for parameter in learnt.model.parameters()) / 1e6
    found = [*exact(learnt.model, processor, rows), *exact(learnt.model, processor, held_out)]
    profiles = len(set(rows["profile_id"]))
    return (
        f"{profiles:8d} {len(rows):6d} {parameters:9.2f} {learnt.steps:6d} {warm:10.1f} {learnt.seconds:8.1f} "
        f"{tiny.vision_accuracy:6.3f} {found[0]:6.3f} {found[1]:6.3f} {found[2]:13.3f} {found[3]:14.3f}"
    )


def exact(model, processor, rows) -> tuple[float, float]:
    """Exact match of greedy answers over rows about a picture and over rows by name."""
    length = default_length(processor, rows["answer"])
    said = []
    for start in range(0, len(rows), CHUNK):
        some = rows.select(range(start, min(start + CHUNK, len(rows))))
        said += greedy_answers(model, processor, some, max_new_tokens=length)
    names = [rows.features["modality"].int2str(value) for value in rows["modality"]]
    hits = {"image_text": [], "text": []}
    for name, answer, text in zip(names, rows["answer"], said, strict=True):
        hits[name].append(text.strip() == answer)
    return tuple(sum(found) / len(found) for found in hits.values())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="+", help="profiles of each build")
    parser.add_argument("--seed", type=int, default=0, help="of model and training")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--builds", type=Path, help="where builds are kept; a temporary folder if absent")
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
