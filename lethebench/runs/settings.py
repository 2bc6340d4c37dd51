"""A user's own settings of a method: from files and options, checked before anything is loaded, over the preset's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, make_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from lethebench.contract.columns import MODALITY_CHOICES
from lethebench.errors import UserError

OURS = ("output_dir",)
"""Fields of configs that are the run's to say."""
Settings = Mapping[str, Mapping[str, Any]]
"""Method -> fields of its config that win over the preset's."""


def read_settings(files: Sequence[Path], modality: str | None, methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What `--settings FILE ...` and `--modality` say, by method.

    Args:
        files: each a JSON object with `method` and `settings`, as tuned.json of `lethe tune` is.
        modality: which forget rows are unlearnt, for every method; None leaves it to the settings.
        methods: those of the command.

    Raises:
        UserError: a file that cannot be read, is for no method of the command, or a second one for the same; an unknown
            modality, or one for a method that trains nothing.
    """
    from lethebench.baselines.presets import UNTRAINED

    found: dict[str, dict[str, Any]] = {}
    for path in files:
        method, settings = _read(path)
        if method not in methods:
            raise UserError(f"--settings {path}: it is for {method}, and the methods are {', '.join(methods)}")
        if method in found:
            raise UserError(f"--settings {path}: another file has settings for {method}; give one for each method")
        found[method] = settings
    if modality is None:
        return found
    if modality not in MODALITY_CHOICES:
        raise UserError(f"--modality {modality}: unknown; give one of {', '.join(MODALITY_CHOICES)}")
    if untrained := [method for method in methods if method in UNTRAINED]:
        raise UserError(f"--modality {modality}: {untrained[0]} trains on no rows; run it without")
    return {method: {**found.get(method, {}), "modality": modality} for method in methods}


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_not_a_number)
    except OSError as error:
        raise UserError(f"--settings {path}: {error.strerror}; give tuned.json, or a file like it") from None
    except ValueError as error:
        raise UserError(f"--settings {path}: it cannot be read as JSON ({error}); give tuned.json") from None
    method, settings = (value.get(name) if isinstance(value, dict) else None for name in ("method", "settings"))
    if not isinstance(method, str) or not isinstance(settings, dict):
        raise UserError(f'--settings {path}: it is not {{"method": NAME, "settings": {{...}}}}; give tuned.json')
    return method, settings


def _not_a_number(name: str) -> None:
    raise ValueError(f"{name} is no setting")


def with_settings(preset: Any, settings: Settings) -> Any:
    """The preset with a user's settings over its own of each method."""
    changed = {method: {**preset.methods.get(method, {}), **own} for method, own in settings.items()}
    return replace(preset, methods={**preset.methods, **changed})


def check_settings(preset: Any, settings: Settings) -> None:
    """Makes each method's config, so that a wrong name or value ends a run before it begins.

    Args:
        preset: with the settings.
        settings: of the user.

    Raises:
        UserError: a field that the method's config has not, a value of another type, or one that it refuses.
    """
    for method, own in settings.items():
        config, beside = _config(method)
        known = beside | {field.name for field in fields(config)} - set(OURS)
        if strange := sorted(set(own) - known):
            near = get_close_matches(strange[0], known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes the fields of {config.__name__}"
            raise UserError(f"settings of {method}: {strange[0]!r} is none of its settings; {hint}")
        hints = get_type_hints(config)
        for name, value in own.items():
            hint = hints.get(name, str)  # what is no field of the config is text
            if not _fits(value, hint):
                wanted = hint.__name__ if isinstance(hint, type) else hint
                raise UserError(f"settings of {method}: {name} is {json.dumps(value)}, and must be of type {wanted}")
        arguments = {name: value for name, value in preset.method_arguments(method).items() if name not in beside}
        try:
            config(**arguments)
        except (TypeError, ValueError, ImportError) as error:
            raise UserError(f"settings of {method}: {error}") from None


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value out of JSON may stand where a plain type is asked; other types are left to the config."""
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, each) for each in get_args(hint))
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    return isinstance(value, hint) if hint in (str, bool, NoneType) else True


def _config(method: str) -> tuple[type, set[str]]:
    """The config of a method, and what it takes that is no field of it."""
    from lethebench.baselines import TRAINERS, MANUConfig

    if method == "prompt":
        return make_dataclass("PromptConfig", []), {"text"}
    if method == "lumoe":
        return TRAINERS["idk"].config, {"gate"}
    return (MANUConfig if method == "manu" else TRAINERS[method].config), set()
