"""Training settings: the embedded model's recipe and those of the papers, one YAML file each.

Beyond the papers' numbers, LoRA is on every linear layer of the language model, and batch and schedule of an unlearning
stage are those of stage 1: the sources do not say, so these are this project's choices. NPO of mllmu-* and mlu-* is the
papers' released loss, without a retain term; `--set npo.retain_loss=ce` is NPO-GDR, with one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from reprlib import repr as short
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lethebench.baselines.registry import method_entry
from lethebench.baselines.tiny import TINY
from lethebench.contract.strict_yaml import load_strict, refuse_unknown

if TYPE_CHECKING:
    from peft import LoraConfig

FALLBACK = "mllmu-llava"
"""The preset of a model that has none of its own."""

# Bare names such as `q_proj` would match the vision tower too. LLaVA and Qwen say language_model, Idefics text_model.
LANGUAGE_MODEL_LINEARS = r".*(language_model|text_model)\..*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def _check_pattern(pattern: str, name: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{name} is {pattern!r}, which is not a regular expression: {error}") from None


@dataclass(frozen=True)
class LoraSettings:
    """A LoRA adapter.

    Attributes:
        rank: Rank of the update, from 1 to 1,000,000.
        alpha: Scale, from 1 to 1,000,000; the update is multiplied by `alpha / rank`.
        dropout: Dropout on the adapter's input, in [0, 1).
        target_modules: Regular expression that a layer's full name must match, or a list of name endings.

    Raises:
        ValueError: A value has the wrong type or is out of range; one line.
    """

    rank: int
    alpha: int
    dropout: float = 0.0
    target_modules: str | list[str] = LANGUAGE_MODEL_LINEARS

    def __post_init__(self) -> None:
        for name, value in (("rank", self.rank), ("alpha", self.alpha)):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:
                raise ValueError(f"LoRA {name} is {short(value)}; it must be a whole number from 1 to 1,000,000")
        if not isinstance(self.dropout, int | float) or isinstance(self.dropout, bool) or not 0 <= self.dropout < 1:
            raise ValueError(f"LoRA dropout is {short(self.dropout)}; it must be a number, at least 0 and below 1")
        targets = self.target_modules
        if isinstance(targets, str):
            _check_pattern(targets, "LoRA target_modules")
        listed = [targets] if isinstance(targets, str) else targets
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
            expected = "a regular expression or a list of name endings such as [q_proj, v_proj]"
            raise ValueError(f"LoRA target_modules is {short(targets)}; it must be {expected}")

    def peft_config(self) -> "LoraConfig":
        """Return the same settings as a `peft.LoraConfig`."""
        from peft import LoraConfig

        return LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
            task_type="CAUSAL_LM",
        )


EXPERT = LoraSettings(rank=16, alpha=32)
"""The adapter of a LUMoE expert under a preset that trains the weights themselves."""


@dataclass(frozen=True)
class Preset:
    """What a run needs to know besides model and data; every attribute but `name` is a key of the YAML file.

    Attributes:
        name: The name of a built-in preset, or the path of the file.
        source: Where the numbers come from.
        base_model: The model that it was made for, "tiny" for the embedded one; "" for any other.
        lora: The adapter to train, or None to train the weights themselves.
        frozen: Regular expression of parameters that are never trained, or None.
        shared: Fields of `transformers.TrainingArguments` for every stage.
        learn: Fields that stage 1 adds.
        unlearn: Fields that every unlearning stage adds.
        methods: Method -> fields of its config that it adds.
        model: Options of `load_model`, such as `dtype`.
    """

    name: str
    source: str
    base_model: str
    lora: LoraSettings | None
    frozen: str | None
    shared: Mapping[str, Any]
    learn: Mapping[str, Any]
    unlearn: Mapping[str, Any]
    methods: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.frozen is not None:
            _check_pattern(self.frozen, "frozen")

    def learn_arguments(self) -> dict[str, Any]:
        """Return the fields of SFTConfig for stage 1."""
        return {**self.shared, **self.learn}

    def method_arguments(self, method: str) -> dict[str, Any]:
        """Return the fields of a method's config for one stage, without training settings if it does not train."""
        if not method_entry(method).trains:
            return dict(self.methods.get(method, {}))
        return {
            **self.shared,
            **self.unlearn,
            **({"frozen": self.frozen} if self.frozen else {}),
            **self.methods.get(method, {}),
        }

    def trained(self) -> str:
        """Describe what is trained, for run records."""
        if self.lora is not None:
            adapter = f"LoRA of rank {self.lora.rank} on {self.lora.target_modules}"
            return f"{adapter}; mmunlearner merges it and trains all weights"
        return f"all weights{f' but {self.frozen}' if self.frozen else ''}; lumoe trains a LoRA of rank {EXPERT.rank}"


def read_preset(path: Path, name: str) -> Preset:
    """Return the preset that a YAML file holds.

    Args:
        path: The file.
        name: What to call the preset.

    Raises:
        ValueError: The file cannot be read, a key is unknown, or a value has the wrong type; one line.
    """
    content = load_strict(path)
    sections = ("shared", "learn", "unlearn", "methods", "model")
    texts = ("source", "base_model", "frozen")
    refuse_unknown(content, (*texts, "lora", *sections), str(path))
    for key in (*sections, "lora"):
        _check_type(content, key, Mapping, "a mapping", path)
    for key in texts:
        _check_type(content, key, str, "text", path)
    methods = content.get("methods") or {}
    for method in methods:
        _check_type(methods, method, Mapping, "a mapping", path)
    lora = content.get("lora")
    try:
        return Preset(
            name=name,
            source=content.get("source") or "",
            base_model=content.get("base_model") or "",
            lora=None if lora is None else _read_lora(lora, path),
            frozen=content.get("frozen"),
            methods={method: arguments or {} for method, arguments in methods.items()},
            **{key: content.get(key) or {} for key in sections if key != "methods"},
        )
    except ValueError as error:
        raise ValueError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from None


def _read_lora(lora: Mapping[str, Any], path: Path) -> LoraSettings:
    names = [one.name for one in fields(LoraSettings)]
    refuse_unknown(lora, names, f"{path}: lora")
    if missing := [name for name in ("rank", "alpha") if name not in lora]:
        raise ValueError(f"{path}: lora has no {missing[0]}")
    return LoraSettings(**lora)


def _check_type(content: Mapping[str, Any], key: str, kind: Any, words: str, path: Path) -> None:
    value = content.get(key)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise ValueError(f"{path}: {key} must be {words}, not {value!r}")


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {path.stem: read_preset(path, path.stem) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
)
"""The built-in presets by name."""


def own_preset(model: str) -> Preset | None:
    """Return the built-in preset that was made for a model, or None; of several, `FALLBACK` comes first."""
    matches = [preset for preset in PRESETS.values() if preset.base_model == model]
    return min(matches, key=lambda preset: preset.name != FALLBACK, default=None)


def load_preset(name_or_path: str | None, model: str) -> Preset:
    """Return the preset for a model.

    Args:
        name_or_path: A built-in preset or a YAML file; None for the one made for the model, else `FALLBACK`.
        model: `tiny`, a folder or a Hub id.

    Raises:
        ValueError: The preset is unknown, its file is invalid, or it does not fit the model.
    """
    if name_or_path is None:
        return own_preset(model) or PRESETS[FALLBACK]
    if name_or_path in PRESETS:
        preset = PRESETS[name_or_path]
    elif name_or_path.endswith((".yaml", ".yml", ".json")) or Path(name_or_path).is_file():
        preset = read_preset(Path(name_or_path), name_or_path)
    else:
        nearest = get_close_matches(name_or_path, PRESETS, 1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"give a YAML file or one of {', '.join(PRESETS)}"
        raise ValueError(f"unknown preset {name_or_path!r}; {hint}")
    if (preset.base_model == TINY) != (model == TINY):
        raise ValueError(
            f"preset {name_or_path!r} does not fit model {model!r}: the model tiny takes a preset with base_model "
            "tiny, and every other model one without"
        )
    return preset
