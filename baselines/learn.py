"""Stage 1: fine-tune a model on QA rows with TRL's SFTTrainer and a completion-only loss."""

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
from lethebench.baselines.trainer.resume import Checkpoints, mean_loss
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.baselines.trainer.spread import spread


class TrainResult(NamedTuple):
    """The result of stage 1.

    Attributes:
        model: The trained model, PEFT-wrapped if the preset has a LoRA.
        steps: Optimizer steps taken.
        seconds: Training time.
        loss: Mean training loss, in nats per answer token.
        encoder: The processor's encoder, which holds the encoded rows.
    """

    model: nn.Module
    steps: int
    seconds: float
    loss: float
    encoder: RowEncoder


def learn_config(preset: Preset, output_dir: str, **overrides: Any) -> SFTConfig:
    """Return the SFTConfig of stage 1: the preset's fields under `overrides`.

    Raises:
        ValueError: A field has a value that SFTConfig refuses.
    """
    # TRL's own default is bf16 everywhere, which fails where no accelerator has it.
    defaults = {**QUIET, "max_length": None, "bf16": is_torch_bf16_gpu_available()}
    return SFTConfig(**{**defaults, "output_dir": output_dir, **preset.learn_arguments(), **overrides})


def learn(
    model: nn.Module,
    processor: Any,
    rows: Sequence[Mapping[str, Any]],
    *,
    preset: Preset,
    seed: int = 0,
    optimizers: tuple = (None, None),
    encoder: RowEncoder | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    output_dir: str | None = None,
    checkpoints: Checkpoints | None = None,
    **overrides: Any,
) -> TrainResult:
    """Fine-tune a model on the answers of QA rows, in place.

    Args:
        model: Any model of AutoModelForImageTextToText; a preset with a LoRA adds an adapter to it.
        processor: The model's processor.
        rows: QA rows.
        preset: Training settings.
        seed: Seed of the row order and of the adapter's initial weights.
        optimizers: (optimizer, scheduler) to use instead of the preset's.
        encoder: The processor's RowEncoder, to share its cache.
        callbacks: Trainer callbacks, such as a progress bar.
        output_dir: Folder for checkpoints if the preset or overrides save any; a temporary one by default.
        checkpoints: Of a run's stage: where to write checkpoints, and to continue one. A step then has the same rows
            in any number of processes.
        overrides: Fields of SFTConfig that win over the preset's.

    Raises:
        ValueError: There are no rows.
        FloatingPointError: A gradient is not finite; the message names the step.
    """
    if len(rows) == 0:
        raise ValueError("learn got no rows: there is nothing to train on")
    saved = checkpoints.arguments() if checkpoints else {}
    overrides |= spread({**preset.learn_arguments(), **overrides}) if checkpoints else {}
    latest = checkpoints.latest() if checkpoints else None
    with tempfile.TemporaryDirectory() as scratch:
        trainer = AnswerTrainer(
            model,
            args=learn_config(preset, **{"output_dir": output_dir or scratch, "seed": seed, **overrides, **saved}),
            train_dataset=rows,
            processing_class=processor,
            encoder=encoder,
            frozen=preset.frozen,
            optimizers=optimizers,
            peft_config=preset.lora.peft_config() if preset.lora else None,
            callbacks=[*callbacks, *(checkpoints.callbacks() if checkpoints else [])],
        )
        trainer.remove_callback(PrinterCallback)
        start = time.perf_counter()
        result = trainer.train(latest)
        seconds = time.perf_counter() - start
        loss = result.training_loss if latest is None else mean_loss(trainer.state.log_history)
        trained = trainer.whole_model(checkpoints.whole if checkpoints else None)
        return TrainResult(trained, result.global_step, seconds, loss, trainer.encoder)


def learn_tiny(
    tiny: TinyVLM, rows: Sequence[Mapping[str, Any]], *, preset: Preset, seed: int = 0, **options: Any
) -> TrainResult:
    """Call `learn` with the tiny model's own optimizers, steps and batch size; options are those of `learn`."""
    plan = {"max_steps": tiny.plan.steps, "per_device_train_batch_size": tiny.plan.batch_size}
    return learn(
        tiny.model,
        tiny.processor,
        rows,
        preset=preset,
        seed=seed,
        optimizers=tiny.optimizers,
        encoder=tiny.encoder,
        **{**plan, **preset.learn, **options},
    )
