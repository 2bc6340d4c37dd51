"""A run to attack: untrained models that carry in one weight how much of the forget set they are taken to know."""

from pathlib import Path

import torch
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.attacks import context
from lethebench.baselines.loading import save_model
from lethebench.console import Console
from lethebench.runs.build import open_build
from lethebench.runs.continual import start
from lethebench.runs.folder import write_json
from lethebench.runs.gate import gate
from lethebench.runs.options import RunOptions
from lethebench.runs.stage import write_rows

KNOWS = {"learnt": 1.0, "ga/t001": 0.5, "ga/t002": 0.25, "gold/t002": 0.0, "gold-2/t002": 0.125}
"""Stage -> the share of questions that its model answers."""
ROW = {"id": "r", "role": "retain", "task_id": -1, "profile_id": "p", "modality": "text", "split": "retain"}
ROW |= {"exact_match": 1.0, "keyword_match": 1.0, "exposure_normalised": None}


def attacked_run(root: Path, out: str = "run", data: Path | None = None) -> Path:
    """Make root/icu (a stand-in build, unless `data` is one) and the run root/OUT of the stages of KNOWS."""
    data, folder = data or stand_in_build(root / "icu"), root / out
    folder.mkdir()
    base = root / "base"
    model = str(base if base.exists() else save_llava(base))
    options = RunOptions(data=data, out=folder, model=model, methods=("ga",), gold_seeds=2, ignore_gate=True)
    run = start(open_build(data), options, Console(), resume=False)
    for stage, share in KNOWS.items():
        done = {"seconds": 1.0, "steps": 1, "parameters": 1, "peak_memory_mb": 1}
        with run.new_stage(stage, done) as new:
            network, processor = llava(dtype=torch.float32, seed=0)
            with torch.no_grad():
                _marker(network)[0, 0] = share
            save_model(network, processor, new)
            write_rows(new / "rows.parquet", [ROW])
            if stage == "learnt":
                write_json(new / "gate.json", gate(new, done, options.threshold))
    return folder


def _marker(model):
    return model.get_input_embeddings().weight


def marked_scores(patch, asked: list | None = None) -> None:
    """Make attacks score a model by its weight alone: every n-th question is answered; `asked` gets the rows."""

    def scores(model, processor, prepared):
        share, count = _marker(model)[0, 0].item(), len(prepared)
        rows = [dict(row.carried) for row in prepared.rows]
        if asked is not None:
            asked.extend(rows)
        return [row | {"keyword_match": float(index < round(share * count))} for index, row in enumerate(rows)]

    patch.setattr(context, "evaluate_rows", scores)


def marked_knowledge(patch) -> None:
    """Score a model as it is, but for the questions that it answers, which its weight decides."""
    honest = context.evaluate_rows

    def scores(model, processor, prepared):
        rows = honest(model, processor, prepared)
        share = _marker(model)[0, 0].item()
        return [row | {"keyword_match": float(index < round(share * len(rows)))} for index, row in enumerate(rows)]

    patch.setattr(context, "evaluate_rows", scores)
