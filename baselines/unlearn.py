"""One unlearning stage by method name, from rows to a changed model."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn
from transformers import PrinterCallback, TrainerCallback

from lethebench.baselines import METHODS
from lethebench.baselines.data import RowEncoder
from lethebench.baselines.presets import Preset
from lethebench.baselines.training import QUIET


class Unlearnt(NamedTuple):
    """What a stage gives: the changed `model`, optimizer `steps` taken, `seconds`, and `log`, TRL's log history."""

    model: nn.Module
    steps: int
    seconds: float
    log: list[dict[str, Any]]


def unlearn(
    method: str,
    model,
    processor,
    forget: Sequence[Mapping[str, Any]],
    retain: Sequence[Mapping[str, Any]] | None,
    *,
    preset: Preset,
    seed: int = 0,
    encoder: RowEncoder | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    **overrides,
) -> Unlearnt:
    """Runs one stage of a method with a preset's settings, in place.

    Args:
        method: a name in METHODS.
        model: the model as the last stage left it; a PEFT model's adapter goes on being trained.
        processor: its processor.
        forget: QA rows of this stage's task.
        retain: QA rows to hold on to; methods without a retain term ignore them.
        preset: the settings.
        seed: of the order of rows.
        encoder: the processor's RowEncoder, to share its cache between stages.
        callbacks: e.g. a progress bar.
        overrides: fields of the method's config that win over the preset's.

    Raises:
        ValueError: for an unknown method, an empty forget set, or a retain term without retain rows.
        FloatingPointError: when the loss or a gradient is no longer finite; the message names the step.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}: choose one of {', '.join(METHODS)}")
    trainer_class, config_class = METHODS[method]
    with tempfile.TemporaryDirectory() as scratch:
        fields = {"output_dir": scratch, **QUIET}
        args = config_class(**{**fields, "seed": seed, **preset.method_arguments(method), **overrides})
        trainer = trainer_class(
            model,
            args=args,
            train_dataset=forget,
            retain_dataset=retain,
            processing_class=processor,
            encoder=encoder,
            callbacks=list(callbacks),
        )
        trainer.remove_callback(PrinterCallback)
        start = time.perf_counter()
        result = trainer.train()
        return Unlearnt(
            trainer.trained_model(), result.global_step, time.perf_counter() - start, trainer.state.log_history
        )
