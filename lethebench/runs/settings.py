"""A user's settings of training, model and methods, checked before any work and laid over a preset's."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from lethebench.baselines.presets import EXPERT, PRESETS, TINY, LoraSettings, Preset
from lethebench.baselines.registry import METHODS, method_entry
from lethebench.contract.columns import MODALITY_CHOICES
from lethebench.contract.errors import UserError, one_line
from lethebench.contract.importing import importing
from lethebench.contract.processes import num_processes
from lethebench.contract.records import Settings as SettingsFile
from lethebench.contract.records import read_record
from lethebench.contract.strict_yaml import ConfigError, parse_strict
from lethebench.runs.options import SECTIONS

Settings = Mapping[str, Mapping[str, Any]]
"""Section -> name -> value; a section is `learn`, `lora`, `model` or a method."""

RESERVED = {"output_dir": "the run chooses it", "seed": "use --seed"}
"""Fields of configs that a run sets itself."""
LORA_ALIASES = {"r": "rank", "lora_alpha": "alpha", "lora_dropout": "dropout", "targets": "target_modules"}
MODEL_OPTIONS: Mapping[str, Any] = {
    "attn_implementation": str,
    "device_map": str | dict,
    "dtype": str,
    "eight_bit": bool,
    "four_bit": bool,
    "local_files_only": bool,
    "revision": str,
}
MODEL_VALUES = {
    "attn_implementation": "eager|sdpa|flex_attention|flash_attention_2|flash_attention_3",
    "device_map": r"auto|balanced|balanced_low_0|sequential|cpu|mps|cuda(:\d+)?",
    "dtype": "auto|float32|bfloat16|float16",
}
"""Option -> regular expression of its values; a Hub id as attn_implementation would run code from the Hub."""
# The embedded model brings its optimizers, their schedule and the number of steps.
OPTIMIZER_FIELD = re.compile(r"(adam_|optim|lr_scheduler_|warmup_).*|learning_rate|weight_decay|num_train_epochs")


def read_settings(files: Sequence[Path], modality: str | None, methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the settings of `--settings FILE ...` and `--modality`, by method.

    Args:
        files: JSON objects with `method` and `settings`, such as tuned.json of `lethe tune`.
        modality: Which forget rows to unlearn, for every method; None leaves it to the settings.
        methods: The methods of the command.

    Raises:
        UserError: A file cannot be read, is for another method or for one that has a file already; the modality is
            unknown, or given for a method that does not train.
    """
    settings: dict[str, dict[str, Any]] = {}
    for path in files:
        method, values = _read(path)
        if method not in methods:
            raise UserError(f"--settings {path}: for {method}, but the methods are {', '.join(methods)}")
        if method in settings:
            raise UserError(f"--settings {path}: another file is for {method} too; give one file per method")
        settings[method] = values
    if modality is None:
        return settings
    if modality not in MODALITY_CHOICES:
        raise UserError(f"--modality {modality}: unknown; choose one of {', '.join(MODALITY_CHOICES)}")
    try:
        untrained = [method for method in methods if not method_entry(method).trains]
    except ValueError as error:
        raise UserError(f"--method: {error}") from None
    if untrained:
        raise UserError(f"--modality {modality}: {untrained[0]} does not train on forget rows; leave out --modality")
    return {method: {**settings.get(method, {}), "modality": modality} for method in methods}


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    content = read_record(path, SettingsFile, cure='expected {"method": NAME, "settings": {...}}, as in a tuned.json')
    return content["method"], content["settings"]


def apply_settings(preset: Preset, settings: Settings) -> Preset:
    """Return the preset with a user's settings over its own.

    Nothing is loaded but config classes. A built-in preset without settings is returned as it is; one from a file is
    checked as settings are.

    Args:
        preset: The preset.
        settings: Sections `learn` (fields of SFTConfig for stage 1), `lora` (fields of LoraSettings, or PEFT's names
            for them), `model` (options of `load_model`) and methods (fields of their configs). Text for a field that
            is not text is parsed as YAML.

    Raises:
        UserError: A section or name is unknown, or a value has the wrong type or is refused by the config.
    """
    own_methods = [name for name in settings if name not in SECTIONS]
    _check_methods(own_methods, "settings", "section", f"give {', '.join(SECTIONS)} or a method")
    touched = set(settings)
    if preset.name not in PRESETS:
        _check_file(preset)
        touched |= {"learn", "model", *preset.methods}
    methods = {
        method: {**preset.methods.get(method, {}), **_typed(method, settings[method], _method_kinds(method))}
        for method in own_methods
    }
    changed = replace(
        preset,
        learn={**preset.learn, **_learn_settings(preset, settings.get("learn", {}))},
        lora=_lora_settings(preset, settings.get("lora", {})),
        model={**preset.model, **_typed("model", settings.get("model", {}), MODEL_OPTIONS)},
        methods={**preset.methods, **methods},
    )
    if "model" in touched:
        _check_model_options(changed)
    if "learn" in touched:
        _check_learn(changed)
    for method in sorted(touched - set(SECTIONS)):
        _check_method(changed, method)
    return changed


def _check_file(preset: Preset) -> None:
    """Check the names and types of a preset that a user wrote."""
    from lethebench.baselines.trainer.unlearning import UnlearningConfig

    _check_methods(preset.methods, f"{preset.name}: methods", "method", f"give one of {', '.join(METHODS)}")
    learn, unlearn = _learn_kinds(), _config_kinds(UnlearningConfig)
    sections = {"shared": learn, "learn": learn, "unlearn": unlearn, "model": MODEL_OPTIONS}
    for section, kinds in sections.items():
        _typed(f"{preset.name}: {section}", getattr(preset, section), kinds)
    for method, values in preset.methods.items():
        _typed(f"{preset.name}: {method}", values, _method_kinds(method))


def _learn_settings(preset: Preset, values: Mapping[str, Any]) -> dict[str, Any]:
    if not values:
        return {}
    typed = _typed("learn", values, _learn_kinds())
    if preset.base_model == TINY and (fixed := [name for name in typed if OPTIMIZER_FIELD.fullmatch(name)]):
        raise UserError(
            f"learn: {fixed[0]} has no effect on the model tiny, which brings its own optimizers; its max_steps and "
            "per_device_train_batch_size can be set"
        )
    return typed


def _lora_settings(preset: Preset, values: Mapping[str, Any]) -> LoraSettings | None:
    if not values:
        return preset.lora
    if preset.base_model == TINY:
        raise UserError("lora: the model tiny is trained without LoRA; leave these settings out")
    renamed = {LORA_ALIASES.get(name, name): value for name, value in values.items()}
    if len(renamed) < len(values):
        raise UserError(f"lora: {', '.join(values)} name one setting twice; give it once")
    kinds = get_type_hints(LoraSettings)
    _refuse_unknown(values, (*kinds, *LORA_ALIASES), "lora", "setting", f"give one of {', '.join(kinds)}")
    try:
        return replace(preset.lora or EXPERT, **_typed("lora", renamed, kinds))
    except ValueError as error:
        raise UserError(f"lora: {error}") from None


def _check_model_options(preset: Preset) -> None:
    if preset.model and preset.base_model == TINY:
        raise UserError("model: the model tiny is built, not loaded; it takes no options")
    for name, pattern in MODEL_VALUES.items():
        value = preset.model.get(name)
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise UserError(f"model: {name} is {value!r}; give one of {pattern.replace('|', ', ')}")
    quantized = [name for name in ("four_bit", "eight_bit") if preset.model.get(name)]
    if len(quantized) > 1:
        raise UserError("model: four_bit and eight_bit are both true; choose one")
    for name in quantized:
        if find_spec("bitsandbytes") is None:
            raise UserError(f"model: {name} needs bitsandbytes, which is not installed: `pip install bitsandbytes`")
        if preset.lora is None:
            raise UserError(f"model: {name} needs a LoRA, since quantized weights are not trained; add lora.rank")
    if preset.model.get("device_map") and num_processes() > 1:
        raise UserError(
            f"model: device_map spreads a model over the GPUs of one process, and {num_processes()} were launched: "
            "leave it out, or start one process"
        )


def _check_learn(preset: Preset) -> None:
    with importing():
        from lethebench.baselines.learn import learn_config
        from lethebench.baselines.trainer.settings_checks import FIXED, check_fixed, check_training

    try:
        config = learn_config(preset, "unused")
        check_fixed(config, FIXED)
        check_training(config)
    except Exception as error:  # Transformers opens files, and raises errors of many types for bad values
        raise UserError(f"learn: {one_line(error, 1000)}") from error


def _check_method(preset: Preset, method: str) -> None:
    try:
        method_entry(method).load().config_class(**preset.method_arguments(method))
    except Exception as error:
        raise UserError(f"{method}: {one_line(error, 1000)}") from error


def _learn_kinds() -> dict[str, Any]:
    with importing():
        from trl import SFTConfig

    return _config_kinds(SFTConfig)


def _method_kinds(method: str) -> dict[str, Any]:
    return _config_kinds(method_entry(method).load().config_class)


def _config_kinds(config: type) -> dict[str, Any]:
    """Return the type of each field of a config."""
    hints = get_type_hints(config)
    return {field.name: hints[field.name] for field in fields(config)}


def _check_methods(names: Iterable[str], section: str, noun: str, hint: str) -> None:
    """Raise UserError unless every name is a method; a dotted one is imported."""
    _refuse_unknown([name for name in names if "." not in name], (*SECTIONS, *METHODS), section, noun, hint)
    for name in names:
        try:
            method_entry(name)
        except ValueError as error:
            raise UserError(f"{section}: {error}") from None


def _typed(section: str, values: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with text parsed as YAML where the type asks for it.

    Raises:
        UserError: A name is unknown or reserved, or a value has the wrong type.
    """
    if "trust_remote_code" in values:
        raise UserError(f"{section}: trust_remote_code is not supported: no code from the Hub is run")
    for name in values:
        if name in RESERVED and name in kinds:
            raise UserError(f"{section}: {name} cannot be set: {RESERVED[name]}")
    hint = f"it takes {', '.join(kinds)}" if len(kinds) < 12 else "it takes the fields of its config"
    _refuse_unknown(values, [name for name in kinds if name not in RESERVED], section, "setting", hint)
    return {name: _value(f"{section}: {name}", value, kinds[name]) for name, value in values.items()}


def _value(name: str, value: Any, kind: Any) -> Any:
    parsed = value
    if isinstance(value, str) and not _fits(value, kind):
        try:
            parsed = parse_strict(value, name)
        except ConfigError as error:
            raise UserError(str(error)) from None
    if not _fits(parsed, kind):
        expected = kind.__name__ if isinstance(kind, type) else str(kind).replace("NoneType", "None")
        raise UserError(f"{name} is {json.dumps(value)}; it must be of type {expected}")
    return parsed


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a plain value may stand where a type is expected; types that are not plain take any."""
    if get_origin(kind) in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    plain = get_origin(kind) or kind
    return isinstance(value, plain) if plain in (str, bool, NoneType, dict, list) else True


def _refuse_unknown(names: Iterable[str], valid: Iterable[str], section: str, noun: str, hint: str) -> None:
    valid = list(valid)
    for name in names:
        if name not in valid:
            nearest = get_close_matches(name, valid, 1)
            advice = f"did you mean {nearest[0]!r}?" if nearest else hint
            raise UserError(f"{section}: unknown {noun} {name!r}; {advice}")
