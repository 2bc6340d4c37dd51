"""Retraining: learns again from the start without what was asked so far; gold, to which all others are compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import TrainerCallback, set_seed

from lethebench.baselines.learn import TrainResult, learn, learn_tiny
from lethebench.baselines.loading import load_model
from lethebench.baselines.presets import Preset
from lethebench.baselines.tiny.model import plan_for, tiny_vlm
from lethebench.baselines.trainer.rows import RowEncoder


def retrain(
    model: str,
    encoder: RowEncoder,
    rows: Sequence[Mapping[str, Any]],
    learnt_rows: Sequence[Mapping[str, Any]],
    *,
    preset: Preset,
    steps: int,
    seed: int = 0,
    callbacks: Sequence[TrainerCallback] = (),
) -> TrainResult:
    """Stage 1 again on fewer rows, with as many optimizer steps as the learnt model took.

    Forgets exactly: the rows left out have no part in any weight (the retain model of TOFU, Maini et al. 2024,
    arXiv 2401.06121). Nothing of the learnt model is used but its processor.

    Args:
        model: what stage 1 began with: `tiny`, a folder or a Hub id.
        encoder: of the processor that the learnt model has.
        rows: what may be seen: all that the learnt model saw and nobody asked to forget so far.
        learnt_rows: what the learnt model saw; it decides the size of `tiny`.
        preset: the settings of stage 1.
        steps: optimizer steps that the learnt model took.
        seed: of weights and order.
        callbacks: e.g. a progress bar.

    Raises:
        ValueError: if there are no rows.
        FloatingPointError: at the first step whose gradients are not finite.
    """
    set_seed(seed)
    options = {"preset": preset, "seed": seed, "callbacks": callbacks}
    if model == "tiny":
        return learn_tiny(tiny_vlm(rows, seed, plan=plan_for(learnt_rows), encoder=encoder), rows, **options)
    loaded = load_model(model, **preset.model)
    return learn(loaded.model, encoder.processor, rows, encoder=encoder, max_steps=steps, **options)
