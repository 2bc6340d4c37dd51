"""Checks of run options that need the libraries, the Hub or the build; done before any work."""

from pathlib import Path

from lethebench.baselines.presets import load_preset
from lethebench.baselines.registry import RETRAIN, MethodEntry, method_entry
from lethebench.baselines.tiny import is_tiny
from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.options import RETAIN, RunOptions
from lethebench.runs.settings import apply_settings


def check_options(options: RunOptions) -> None:
    """Raise if a run with these options cannot work.

    Raises:
        UserError: An unknown method, model, preset or retain rule, a preset for another model, or settings that are
            unknown or refused.
    """
    for method in options.methods:
        if method == RETRAIN:
            raise UserError(f"{RETRAIN} is not a --method; use --gold to choose when to retrain")
        check_method(method)
    if len(set(options.methods)) < len(options.methods):
        raise UserError(f"--method {','.join(options.methods)}: pass each method once")
    try:
        preset = load_preset(options.preset, options.model)
    except ValueError as error:
        raise UserError(f"--preset: {error}") from None
    preset = apply_settings(preset, options.settings)
    if options.retain not in RETAIN:
        raise UserError(f"--retain {options.retain}: unknown; pass one of {', '.join(RETAIN)}")
    check_model(options.model, revision=preset.model.get("revision"))


def check_method(name: str) -> MethodEntry:
    """Return the registry row of a method: a name, or a dotted name, whose class is imported.

    Raises:
        UserError: An unknown method, or a class that cannot be imported or is not a method.
    """
    try:
        return method_entry(name)
    except ValueError as error:
        raise UserError(f"--method: {error}") from None


def check_build(options: RunOptions, build: Build) -> None:
    """Raise if the build cannot serve these options.

    Raises:
        UserError: Too many tasks, `gold` that is not a number of tasks, no neighbour rows to train on, or a task
            without a released retain set.
    """
    order = options.task_order(build)
    options.gold_stages(len(order))
    if options.learn_neighbour and build.neighbour is None:
        raise UserError(f"--learn-neighbour: {build.path} is {build.benchmark}, which has no neighbour rows")
    if options.retain == "released" and (missing := set(order) - set(build.retain["retain_task_id"])):
        raise UserError(
            f"--retain released: {build.path} has no retain set for task {min(missing)}; pass rest or fixed"
        )


def check_model(model: str, *, option: str = "--model", revision: str | None = None) -> None:
    """Raise if the model's config cannot be loaded, so that a wrong name ends a run before it begins.

    Raises:
        UserError: The model is not `tiny`, a model folder, or a Hub id that can be loaded.
    """
    if is_tiny(model):
        return
    if Path(model).exists():
        if not any((Path(model) / name).is_file() for name in ("config.json", "adapter_config.json")):
            raise UserError(
                f"{option} {model}: not a model directory: config.json and adapter_config.json are both missing"
            )
        return
    from huggingface_hub.utils.logging import set_verbosity_error
    from transformers import AutoConfig

    set_verbosity_error()  # hides its own report of each failed request
    try:
        AutoConfig.from_pretrained(model, revision=revision)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{option} {model}: not tiny, a folder, or a Hub id that can be loaded ({reason})") from None
