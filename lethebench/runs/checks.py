"""Checks of run options that need the libraries, the Hub or the build; done before any work."""

import json
import os
from pathlib import Path

from lethebench.baselines.presets import Preset, load_preset
from lethebench.baselines.registry import RETRAIN, MethodEntry, method_entry
from lethebench.baselines.tiny import is_tiny
from lethebench.contract.errors import border
from lethebench.contract.importing import importing
from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.options import KEEP, RETAIN, RunOptions
from lethebench.runs.reporters import check_reporter
from lethebench.runs.sequence_checks import check_sequence
from lethebench.runs.settings import apply_settings

LUMOE_FILE = "lumoe.json"
MODEL_FILES = ("config.json", "adapter_config.json", LUMOE_FILE)


def check_options(options: RunOptions) -> None:
    """Raise if a run with these options cannot work.

    Raises:
        UserError: An unknown method, model, preset or retain rule, a preset for another model, or settings that are
            unknown or refused.
    """
    for method in options.methods if not options.checkpoints else ():
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
    check_sequence(options, preset)
    check_deepspeed(preset)
    if options.keep not in KEEP:
        raise UserError(f"--keep {options.keep}: unknown; pass one of {', '.join(KEEP)}")
    check_reporter(options.report_to)
    if options.generate_with is not None:
        from lethebench.runs.by_vllm import check_run

        check_run(options, preset)
    if options.save_steps and options.score_steps:
        raise UserError(
            "--save-steps: a stage that is scored inside by --score-steps cannot be continued inside; leave out one"
        )
    if "@" in options.model and not Path(options.model).exists():
        model, _, revision = options.model.rpartition("@")
        raise UserError(f"--model {options.model}: pass --model {model} --set model.revision={revision}")
    check_model(options.model, revision=preset.model.get("revision"))


def check_deepspeed(preset: Preset) -> None:
    """Raise UserError if a run is launched with a kind of DeepSpeed under which it is not that of one process."""
    if os.environ.get("ACCELERATE_USE_DEEPSPEED", "").lower() != "true":
        return
    stage = os.environ.get("ACCELERATE_DEEPSPEED_ZERO_STAGE", "2")
    if path := os.environ.get("ACCELERATE_DEEPSPEED_CONFIG_FILE"):
        with border(f"{path} cannot be read", "give a DeepSpeed configuration in JSON"):
            stage = str(json.loads(Path(path).read_text(encoding="utf-8")).get("zero_optimization", {}).get("stage", 0))
    if stage == "3":
        raise UserError(
            "DeepSpeed ZeRO-3: it splits models also where a run loads them whole, between its stages; launch with "
            "--zero_stage 2, or shard by FSDP (fsdp.yaml)"
        )
    if preset.lora is None:
        raise UserError(
            "DeepSpeed: full fine-tuning gives other weights than in one process; shard by FSDP (fsdp.yaml), or train "
            "a LoRA with --set lora.rank=16"
        )


def check_repair(*, resume: bool, repair: bool) -> None:
    """Raise if a run is to be repaired that is not resumed."""
    if repair and not resume:
        raise UserError("--repair: only a run that is resumed can be repaired; pass --resume too")


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


def check_model(
    model: str, *, adapter: str | None = None, option: str = "--model", revision: str | None = None
) -> None:
    """Raise if a model or its adapter is not there, or its files are damaged; the weights are not loaded.

    Raises:
        UserError: The model is not `tiny`, a model folder, or a Hub id that can be loaded.
    """
    if is_tiny(model):
        return
    folder = Path(model)
    if folder.is_dir() and not any((folder / name).is_file() for name in MODEL_FILES):
        inner = [path.parent for path in folder.glob("*/adapter_config.json")]
        hint = f"; pass {inner[0]}" if inner else ""
        raise UserError(
            f"{option} {model}: not a model directory: config.json and adapter_config.json are both missing{hint}"
        )
    if (folder / LUMOE_FILE).is_file():
        return
    with importing():
        import transformers.modeling_utils  # noqa: F401, find_source needs it
        from huggingface_hub.utils.logging import set_verbosity_error

        from lethebench.baselines.checkpoints.source import find_source

    set_verbosity_error()  # hides its own report of each failed request
    try:
        find_source(model, adapter, **({"revision": revision} if revision else {}))
    except UserError as error:
        text = str(error)
        if not text.startswith("--"):
            text = f"{option} {text}" if text.startswith(model) else f"{option} {model}: {text}"
        raise UserError(text) from error
