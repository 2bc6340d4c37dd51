"""Trainers that make a vision-language model forget, and the embedded model to try them on.

Names are imported when first used: importing this package, or listing METHODS, does not import torch. Stage 1 is
`lethebench.baselines.learn.learn`, a whole unlearning stage `lethebench.baselines.stage.unlearn`, and what to compare
it with, gold, `lethebench.baselines.methods.retrain.retrain`.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

# Adding a method that trains is one line here: name (and module) -> prefix of its trainer's and config's class.
_TRAINERS = {
    "ga": "GA",
    "graddiff": "GradDiff",
    "kl": "KLMin",
    "npo": "NPO",
    "simnpo": "SimNPO",
    "idk": "Idk",
    "dpo": "DPO",
    "mmunlearner": "MMUnlearner",
}

# Every method that `unlearn` knows, by the name of its module; the last three have no trainer of their own.
METHODS = (*_TRAINERS, "manu", "lumoe", "prompt")
# What methods are measured against; it changes no model but makes another, so that a run has it once, as gold.
RETRAIN = "retrain"

_HOMES = {
    **{f"{prefix}{kind}": f"methods.{name}" for name, prefix in _TRAINERS.items() for kind in ("Trainer", "Config")},
    "AnswerCollator": "trainer.rows",
    "EmbeddingGate": "lumoe.gates",
    "LUMoE": "lumoe.mixture",
    "MANUConfig": "methods.manu",
    "PRESETS": "presets",
    "Preset": "presets",
    "RowEncoder": "trainer.rows",
    "TrueTaskGate": "lumoe.gates",
    "TinyPlan": "tiny.model",
    "TinyVLM": "tiny.model",
    "UnlearningConfig": "trainer.unlearning",
    "UnlearningTrainer": "trainer.unlearning",
    "VLMGate": "lumoe.gates",
    "learn_tiny": "learn",
    "load_model": "loading",
    "manu_prune": "methods.manu",
    "plan_for": "tiny.model",
    "load_preset": "presets",
    "save_model": "loading",
    "tiny_processor": "tiny.model",
    "tiny_tokenizer": "tiny.model",
    "tiny_vlm": "tiny.model",
    "with_system_prompt": "methods.prompt",
}

__all__ = ["METHODS", "RETRAIN", "TRAINERS", *_HOMES]


class Method(NamedTuple):
    """A method's `trainer` and `config` class."""

    trainer: type
    config: type


class _Trainers(Mapping[str, Method]):
    """Name of a method that trains -> (trainer, config), imported when looked up."""

    def __getitem__(self, name: str) -> Method:
        prefix = _TRAINERS[name]
        module = import_module(f".methods.{name}", __name__)
        return Method(getattr(module, f"{prefix}Trainer"), getattr(module, f"{prefix}Config"))

    def __iter__(self) -> Iterator[str]:
        return iter(_TRAINERS)

    def __len__(self) -> int:
        return len(_TRAINERS)


TRAINERS: Mapping[str, Method] = _Trainers()


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
