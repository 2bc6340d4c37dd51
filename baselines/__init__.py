"""Trainers that make a vision-language model forget, and the embedded model to try them on.

Names are imported when first used: importing this package, or listing METHODS, does not import torch. Stage 1 is
`lethebench.baselines.learn.learn`, an unlearning stage `lethebench.baselines.stage.unlearn`.
"""

from importlib import import_module
from typing import Any

from lethebench.baselines.registry import BUILT_IN, METHODS, RETRAIN, MethodEntry, method_entry

_IMPORT_STRUCTURE = {
    "lumoe.gates": ["EmbeddingGate", "TrueTaskGate", "VLMGate"],
    "lumoe.mixture": ["LUMoE"],
    "learn": ["learn_tiny"],
    "loading": ["load_mixture", "load_model", "save_model"],
    "methods.manu": ["manu_prune"],
    "methods.prompt": ["with_system_prompt"],
    "presets": ["PRESETS", "Preset", "load_preset"],
    "stage": ["Method", "Stage", "UnlearnResult"],
    "tiny.model": ["TinyVLM", "tiny_processor", "tiny_tokenizer", "tiny_vlm"],
    "tiny.plan": ["TinyPlan", "plan_for"],
    "trainer.config": ["RetainChoiceConfig", "UnlearningConfig"],
    "trainer.rows": ["AnswerCollator", "RowEncoder"],
    "trainer.unlearning": ["UnlearningTrainer"],
}
_MODULES = {name: f"{__name__}.{module}" for module, names in _IMPORT_STRUCTURE.items() for name in names}
for _entry in BUILT_IN.values():
    _module, _, _class = _entry.target.partition(":")
    _MODULES |= {_class: _module, _class.removesuffix("Trainer").removesuffix("Method") + "Config": _module}

__all__ = ["METHODS", "RETRAIN", "MethodEntry", "method_entry", *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
