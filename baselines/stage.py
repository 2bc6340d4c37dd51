"""One unlearning stage: what it is given, what it gives, and what every method implements."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import nn
from transformers import TrainerCallback, set_seed

from lethebench.baselines.loading import load_model
from lethebench.baselines.presets import Preset
from lethebench.baselines.registry import method_entry
from lethebench.baselines.trainer.resume import Checkpoints
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.baselines.trainer.weights import merged

Rows = Sequence[Mapping[str, Any]]
"""QA rows: a `datasets.Dataset` or a list of row dicts."""


@dataclass(frozen=True)
class Stage:
    """Everything that one unlearning stage is given.

    Attributes:
        method: a name in METHODS, `retrain`, or "package.module:Class".
        model: the model as the stage before left it, or its path, from which it is loaded. A PEFT model's adapter is
            trained further (a method that changes base weights gets it merged), a plain model gets the preset's.
            `lumoe` also takes its own `LUMoE`; `retrain` takes the name or path of the model that stage 1 started from.
        processor: the model's processor.
        forget: QA rows of this stage's task.
        retain: QA rows to keep; methods without a retain term ignore them.
        preset: the settings.
        seed: of the order of rows and of what else the method draws.
        encoder: the processor's RowEncoder, to share its cache between stages.
        callbacks: for the trainer, e.g. a progress bar.
        overrides: fields of the method's config that win over the preset's.
        checkpoints: of a run's stage: where to write checkpoints inside it, and to continue one. A step then has the
            same rows in any number of processes.
    """

    method: str
    model: Any
    processor: Any
    forget: Rows
    retain: Rows | None
    preset: Preset
    seed: int = 0
    encoder: RowEncoder | None = None
    callbacks: Sequence[TrainerCallback] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: Checkpoints | None = None

    def settings(self) -> dict[str, Any]:
        """Return the fields of the method's config: the preset's with the overrides."""
        return {**self.preset.method_arguments(self.method), **self.overrides}


@dataclass(frozen=True)
class UnlearnResult:
    """The result of one stage.

    Attributes:
        model: the changed model; a `LUMoE` after `lumoe`.
        processor: the processor to use with it; only `prompt` changes it.
        steps: optimizer steps taken.
        seconds: duration; measured by `unlearn` unless the method gives it.
        log: TRL's log history; empty if nothing was trained.
        facts: what the stage's record should hold in addition.
    """

    model: Any
    processor: Any
    steps: int
    seconds: float = 0.0
    log: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


class Method(Protocol):
    """What a class needs to be a method; `UnlearningTrainer` has all of it but the loss.

    A class may also set `accepts` (types of `Stage.model`; `nn.Module` where absent), `base_weights`, `trains`,
    `searched`, `needs` and `_paper`, see `lethebench.baselines.registry.MethodEntry`.

    Attributes:
        config_class: the dataclass of the method's settings.
    """

    config_class: type

    def unlearn(self, stage: Stage) -> UnlearnResult:
        """Run the stage; a class method."""


def unlearn(stage: Stage) -> UnlearnResult:
    """Run one stage of a method, in place.

    Raises:
        ValueError: for an unknown method, an empty forget set, a retain term without retain rows, settings that the
            method does not take, or a model of another method's kind.
        FloatingPointError: when the loss or a gradient is not finite; the message names the step.
    """
    start = time.perf_counter()
    entry = method_entry(stage.method)
    method: Method = entry.load()
    if len(stage.forget) == 0:
        raise ValueError(f"{stage.method} got an empty forget set: there is nothing to unlearn")
    accepts = getattr(method, "accepts", (nn.Module,))
    set_seed(stage.seed)
    if isinstance(stage.model, str) and str not in accepts:
        stage = replace(stage, model=load_model(stage.model, **stage.preset.model).model)
    if not isinstance(stage.model, accepts):
        kind = type(stage.model).__name__
        raise ValueError(f"{stage.method} cannot start from a {kind}: pass the initial model")
    if entry.base_weights:
        dtype: Any = torch.float32 if entry.trains else stage.model.dtype
        stage = replace(stage, model=merged(stage.model, dtype))
    result = method.unlearn(stage)
    return result if result.seconds else replace(result, seconds=time.perf_counter() - start)
