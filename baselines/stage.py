"""One unlearning stage by method name, from rows to a changed model."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from transformers import PrinterCallback, TrainerCallback

from lethebench.baselines import METHODS, TRAINERS
from lethebench.baselines.lumoe.gates import TrueTaskGate
from lethebench.baselines.lumoe.mixture import LUMoE
from lethebench.baselines.methods.manu import MANUConfig, manu_prune
from lethebench.baselines.methods.prompt import with_system_prompt
from lethebench.baselines.presets import EXPERT, Preset
from lethebench.baselines.trainer.answer import QUIET
from lethebench.baselines.trainer.rows import RowEncoder, undecoded
from lethebench.baselines.trainer.weights import merged

# Methods that change the model's own weights: a learnt adapter is merged into them first.
WHOLE = ("mmunlearner", "manu")


@dataclass(frozen=True)
class Unlearnt:
    """What a stage gives.

    Attributes:
        model: the changed model; a `LUMoE` after `lumoe`.
        processor: the one to use with it; other than before after `prompt` alone.
        steps: optimizer steps taken.
        seconds: how long it took.
        log: TRL's log history, empty where nothing was trained.
        facts: what a record of the stage should say beyond that.
    """

    model: nn.Module | LUMoE
    processor: Any
    steps: int
    seconds: float
    log: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


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
        model: the model as the last stage left it; a PEFT model's adapter goes on being trained (`mmunlearner` and
            `manu` merge it first), a plain one gets the preset's, a `LUMoE` gets one more.
        processor: its processor.
        forget: QA rows of this stage's task.
        retain: QA rows to hold on to; methods without a retain term ignore them.
        preset: the settings.
        seed: of the order of rows.
        encoder: the processor's RowEncoder, to share its cache between stages.
        callbacks: e.g. a progress bar.
        overrides: fields of the method's config that win over the preset's.

    Raises:
        ValueError: for an unknown method, an empty forget set, a retain term without retain rows, or a `LUMoE` given to
            another method.
        FloatingPointError: when the loss or a gradient is no longer finite; the message names the step.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}: choose one of {', '.join(METHODS)}")
    if len(forget) == 0:
        raise ValueError(f"{method} got an empty forget set: there is nothing to unlearn")
    if isinstance(model, LUMoE) and method != "lumoe":
        raise ValueError(f"{method} cannot go on from the adapters of LUMoE: give the learnt model")
    start = time.perf_counter()
    if method in WHOLE:
        model = merged(model, torch.float32 if method in TRAINERS else model.dtype)
    if method in TRAINERS:
        fields = {**preset.method_arguments(method), **overrides}
        needs_adapter = preset.lora is not None and method not in WHOLE and not hasattr(model, "peft_config")
        lora = preset.lora.peft_config() if needs_adapter else None
        given = (method, model, processor, forget, retain, fields, seed, encoder, callbacks)
        model, steps, log, facts = _trained(*given, lora=lora)
    elif method == "lumoe":
        fields = {**preset.method_arguments(method), **overrides}
        model, steps, log, facts = _expert(model, processor, forget, retain, preset, fields, seed, encoder, callbacks)
    elif method == "manu":
        config = MANUConfig(**{**preset.method_arguments(method), **overrides})
        pruned = manu_prune(model, processor, forget, retain, config=config, encoder=encoder)
        steps, log = 0, []
        facts = {"neurons_pruned": sum(map(len, pruned.neurons.values())), "neurons": pruned.total}
    else:
        processor = with_system_prompt(processor, **{**preset.method_arguments(method), **overrides})
        steps, log, facts = 0, [], {}
    return Unlearnt(model, processor, steps, time.perf_counter() - start, log, facts)


def _trained(method, model, processor, forget, retain, fields, seed, encoder, callbacks, *, lora=None):
    trainer_class, config_class = TRAINERS[method]
    with tempfile.TemporaryDirectory() as scratch:
        args = config_class(**{"output_dir": scratch, **QUIET, "seed": seed, **fields})
        trainer = trainer_class(
            model,
            args=args,
            train_dataset=forget,
            retain_dataset=retain,
            processing_class=processor,
            encoder=encoder,
            peft_config=lora,
            callbacks=list(callbacks),
        )
        trainer.remove_callback(PrinterCallback)
        result = trainer.train()
        share = getattr(trainer, "salient_share", None)
        facts = {} if share is None else {"salient_share": share}
        return trainer.trained_model(), result.global_step, trainer.state.log_history, facts


def _expert(model, processor, forget, retain, preset, fields, seed, encoder, callbacks):
    """One more refusal adapter on the learnt model, and a gate that knows its task."""
    fields = dict(fields)
    kind = fields.pop("gate", "embedding")
    if kind not in ("embedding", "true_task"):
        raise ValueError(f"gate is {kind!r}: choose embedding or true_task, or give a LUMoE with a gate of your own")
    if not isinstance(model, LUMoE):
        gate = TrueTaskGate() if kind == "true_task" else None
        model = LUMoE(model, processor, gate=gate, encoder=encoder)
    tasks = {row.get("task_id") for row in undecoded(forget)}
    if len(tasks) > 1:
        raise ValueError(f"lumoe got forget rows of {len(tasks)} tasks: an adapter is for one, unlearn them in turn")
    task = tasks.pop()
    task = len(model.tasks) if task is None else int(task)
    model.refuse_known(task)
    with model.using(None):
        model.gate.add(task, forget, retain or [])
    adapter = model.new_adapter(task, preset.lora or EXPERT)
    _, steps, log, _ = _trained("idk", adapter, processor, forget, retain, fields, seed, encoder, callbacks)
    return model, steps, log, {"tasks_routed": len(model.tasks)}
