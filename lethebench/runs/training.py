"""The training of a run's stages: stage 1, and one unlearning stage."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from transformers import TrainerCallback, set_seed

from lethebench.baselines.checkpoints.processors import require_template
from lethebench.baselines.learn import TrainResult, learn, learn_tiny
from lethebench.baselines.loading import Loaded, load_model
from lethebench.baselines.presets import Preset
from lethebench.baselines.stage import Stage, UnlearnResult, unlearn
from lethebench.baselines.tiny import is_tiny
from lethebench.baselines.tiny.model import tiny_processor, tiny_vlm
from lethebench.baselines.tiny.plan import plan_for
from lethebench.baselines.trainer.resume import Checkpoints
from lethebench.console import Tick
from lethebench.errors import UserError, one_line
from lethebench.runs.stage_log import StageLog


class Ticks(TrainerCallback):
    """Reports a trainer's steps to the console."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.tick(state.global_step, state.max_steps)


@dataclass(frozen=True)
class Training:
    """What the training of a stage is given besides model and rows.

    Attributes:
        callbacks: For the trainer.
        checkpoints: Where it writes checkpoints, and which one it continues.
        log: Its log, one of the callbacks.
    """

    callbacks: list[TrainerCallback]
    checkpoints: Checkpoints
    log: StageLog

    def seconds(self, result: TrainResult | UnlearnResult) -> float:
        """Return how long the training took, with the part before it was continued."""
        return round(self.log.seconds_before + result.seconds, 2)


@contextmanager
def explained(subject: str) -> Iterator[None]:
    """Raise UserError for what a trainer raises, such as for a setting or a config.json that makes no sense."""
    try:
        yield
    except (OSError, MemoryError, FloatingPointError):
        raise
    except UserError as error:
        raise UserError(f"{subject}: {error}") from error
    except Exception as error:
        reason = one_line(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {one_line(error)}"
        raise UserError(f"{subject}: {reason}; lethe --debug shows where") from error


def learn_all(
    model: str,
    preset: Preset,
    rows: Dataset,
    values: Sequence[str],
    *,
    seed: int,
    callbacks: Sequence[TrainerCallback],
    checkpoints: Checkpoints | None = None,
) -> tuple[TrainResult, Loaded]:
    """Train stage 1 on all rows.

    Args:
        model: `tiny`, a folder or a Hub id.
        preset: The settings.
        rows: The rows to train on.
        values: Every value that exposure ranks over. The tokenizer of `tiny` is trained on them all, since a value that
            it had to spell out would look less likely than the others.
        seed: Seed of weights and row order.
        callbacks: For the trainer, such as a progress bar.
        checkpoints: Where to write checkpoints, and to continue one.

    Returns:
        The result of training, and the model with its processor.
    """
    set_seed(seed)
    options: dict[str, Any] = {
        "preset": preset,
        "seed": seed,
        "callbacks": callbacks,
        "checkpoints": checkpoints,
    }
    if is_tiny(model):
        plan = plan_for(rows)
        texts = [*rows.select_columns(["question", "answer"]), *({"question": "", "answer": value} for value in values)]
        tiny = tiny_vlm(rows, seed, plan=plan, processor=tiny_processor(texts, plan))
        with explained(f"{model} cannot be trained"):
            result = learn_tiny(tiny, rows, **options)
        return result, Loaded(result.model, tiny.processor)
    loaded = load_model(model, **preset.model)
    require_template(loaded.processor, model)
    with explained(f"{model} cannot be trained"):
        result = learn(loaded.model, loaded.processor, rows, **options)
    return result, Loaded(result.model, loaded.processor)


def unlearn_task(stage: Stage) -> tuple[UnlearnResult, Loaded]:
    """Run one stage.

    Returns:
        The result, and its model with its processor.

    Raises:
        UserError: The method cannot be run on this model or these rows.
    """
    with explained(stage.method):
        result = unlearn(stage)
    return result, Loaded(result.model, result.processor)
