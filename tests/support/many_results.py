"""A board of many results, with invented figures around those of a few methods, models and sequences."""

import random
from pathlib import Path

from lethebench.board.data import FIGURES, Board

METHODS = ["npo", "ga", "graddiff", "kl", "simnpo", "idk", "dpo", "rmu", "mmunlearner", "manu", "lumoe", "prompt"]
MODELS = ["tiny", "llava-hf/llava-1.5-7b-hf", "Qwen/Qwen2.5-VL-7B-Instruct", "google/gemma-3-4b-it"]
BENCHMARKS = [("icu", "2.0.0"), ("mllmu", "1.1.0"), ("mlu", "1.0.0"), ("remem", "1.2.0")]


def many_results(count: int, detail: dict | None = None, seed: int = 0) -> Board:
    """Return a board of `count` results, which all have the same page."""
    draw = random.Random(seed)
    return Board([_line(number, draw) for number in range(count)], lambda number: detail or {})


def _line(number: int, draw: random.Random) -> dict:
    benchmark, version = draw.choice(BENCHMARKS)
    method, tasks = draw.choice(METHODS), draw.choice([1, 4, 10, 25, 100])
    texts = {"benchmark": benchmark, "version": version, "size": draw.choice(["small", "paper"]), "method": method}
    texts |= {"model": draw.choice(MODELS), "tasks": str(tasks), "budget": draw.choice(["preset", "20 trials"])}
    strength = METHODS.index(method) / len(METHODS)
    figures: dict[str, float | None] = {}
    for name in FIGURES:
        middle = (0.35 + 0.6 * strength) if name == "forget" else (0.95 - 0.55 * strength**2)
        value = min(1.0, max(0.0, draw.gauss(middle, 0.08)))
        width = draw.uniform(0.005, 0.05)
        figures |= {name: value, f"{name}_low": max(0.0, value - width), f"{name}_high": min(1.0, value + width)}
    path = f"results/{benchmark}/{version}/{texts['model'].replace('/', '__')}/{method}/t{tasks}-s3-{number:08x}.json"
    return {**texts, **figures, "seeds": 3, "elsewhere": number % 17 == 0, "path": path}


def write_many(folder: Path, count: int, detail: dict) -> None:
    """Write the Parquet files of such a board."""
    from lethebench.board.data import write_board

    folder.mkdir(parents=True, exist_ok=True)
    write_board(many_results(count, detail), folder)
