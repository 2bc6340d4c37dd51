"""Checks of the options of a sequence that need the registry of methods, before any work."""

from lethebench.baselines.presets import Preset
from lethebench.baselines.registry import method_entry
from lethebench.contract.errors import UserError
from lethebench.runs.options import RunOptions
from lethebench.runs.sequence import ADAPTERS, DIVERGENCE, SEQUENCES, replayed_rows

CHOICES = {"sequence": SEQUENCES, "adapter": ADAPTERS, "on_divergence": DIVERGENCE}
"""Option -> its values."""
TRAINING = ("sequence", "adapter", "replay", "retain_rows", "on_divergence", "score_steps")
"""Options that only the training of a stage reads."""


def check_sequence(options: RunOptions, preset: Preset) -> None:
    """Raise UserError if the options of a sequence are unknown, or do not fit the methods or the model."""
    for name, choices in CHOICES.items():
        value = getattr(options, name)
        if value is not None and value not in choices:
            raise UserError(f"--{name.replace('_', '-')} {value}: unknown; pass one of {', '.join(choices)}")
    replayed_rows(options.replay)
    fields = type(options).__dataclass_fields__
    changed = [name for name in TRAINING if getattr(options, name) != fields[name].default]
    if options.checkpoints and changed:
        raise UserError(
            f"--{changed[0].replace('_', '-')}: checkpoints are trained elsewhere; leave it out, or run a method"
        )
    if not options.checkpoints and {"adapter", "replay", "score_steps"} & set(changed):
        _check_methods(options, preset)


def _check_methods(options: RunOptions, preset: Preset) -> None:
    """Raise UserError if a method cannot replay earlier requests, or its adapter cannot be kept so."""
    option = f"--adapter {options.adapter}"
    if options.adapter != "shared" and preset.lora is None:
        raise UserError(f"{option}: the model is trained without LoRA; leave it out, or pass --set lora.rank=16")
    if options.adapter != "shared" and preset.model.get("four_bit"):
        raise UserError(f"{option}: an adapter cannot be merged into 4-bit weights; pass --adapter shared")
    for name in options.methods:
        entry = method_entry(name)
        if getattr(entry.load(), "adapter_per_task", False):
            changed = f"--replay {options.replay}" if options.replay != "none" else option
            changed = f"--score-steps {options.score_steps}" if options.score_steps else changed
            raise UserError(f"{changed}: {name} keeps an adapter for each task by itself; leave out one of the two")
        if options.adapter == "request" and (entry.base_weights or not entry.trains):
            raise UserError(f"{option}: {name} trains no adapter; leave out the method or pass --adapter merged")
