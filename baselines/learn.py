"""Stage 1: a model learns the rows with TRL's SFTTrainer, completion-only loss."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn
from transformers import PrinterCallback, TrainerCallback
from transformers.utils import is_torch_bf16_gpu_available
from trl import SFTConfig

from lethebench.baselines.presets import Preset
from lethebench.baselines.tiny.model import TinyVLM
from lethebench.baselines.trainer.answer import QUIET, AnswerTrainer
from lethebench.baselines.trainer.rows import RowEncoder


class Learnt(NamedTuple):
    """What stage 1 gives: the trained `model` (PEFT-wrapped under LoRA), `steps`, `seconds`, mean training `loss`."""

    model: nn.Module
    steps: int
    seconds: float
    loss: float


def learn(
    model,
    processor,
    rows: Sequence[Mapping[str, Any]],
    *,
    preset: Preset,
    seed: int = 0,
    optimizers: tuple = (None, None),
    encoder: RowEncoder | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    output_dir: str | None = None,
    **overrides,
) -> Learnt:
    """Trains the model on the rows' answers, in place.

    Args:
        model: any model of AutoModelForImageTextToText; it gets an adapter where the preset has one.
        processor: its processor.
        rows: QA rows.
        preset: what is trained and how.
        seed: of the order of rows and of the adapter's first weights.
        optimizers: (optimizer, scheduler) to use in place of the preset's.
        encoder: the processor's RowEncoder, to share its cache.
        callbacks: e.g. a progress bar.
        output_dir: for checkpoints, where the preset or overrides ask for them; a temporary folder where absent.
        overrides: fields of SFTConfig that win over the preset's.

    Raises:
        ValueError: if there are no rows.
        FloatingPointError: at the first step whose gradients are not finite.
    """
    if len(rows) == 0:
        raise ValueError("learn got no rows: there is nothing to train on")
    with tempfile.TemporaryDirectory() as scratch:
        # TRL's own default is bf16 everywhere, which fails where no accelerator has it.
        fields = {**QUIET, "max_length": None, "bf16": is_torch_bf16_gpu_available()}
        args = SFTConfig(
            output_dir=output_dir or scratch, seed=seed, **{**fields, **preset.learn_arguments(), **overrides}
        )
        trainer = AnswerTrainer(
            model,
            args=args,
            train_dataset=rows,
            processing_class=processor,
            encoder=encoder,
            frozen=preset.frozen,
            optimizers=optimizers,
            peft_config=preset.lora.peft_config() if preset.lora else None,
            callbacks=list(callbacks),
        )
        trainer.remove_callback(PrinterCallback)
        start = time.perf_counter()
        result = trainer.train()
        return Learnt(trainer.trained_model(), result.global_step, time.perf_counter() - start, result.training_loss)


def learn_tiny(tiny: TinyVLM, rows: Sequence[Mapping[str, Any]], *, preset: Preset, seed: int = 0, **options) -> Learnt:
    """`learn` with the tiny model's own optimizers, steps and batch; options are those of `learn`."""
    plan = {"max_steps": tiny.plan.steps, "per_device_train_batch_size": tiny.plan.batch_size}
    return learn(
        tiny.model,
        tiny.processor,
        rows,
        preset=preset,
        seed=seed,
        optimizers=tiny.optimizers,
        encoder=tiny.encoder,
        **{**plan, **options},
    )
