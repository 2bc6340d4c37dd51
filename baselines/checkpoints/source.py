"""Where a model comes from: its folder or Hub id, and its adapter, checked as far as that needs no weights."""

from pathlib import Path
from typing import Any, NamedTuple

from transformers import AutoConfig, AutoModelForImageTextToText
from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

from lethebench.baselines.checkpoints.adapters import Adapter, find_adapter, nested, split_revision
from lethebench.baselines.checkpoints.files import INDEX, WEIGHTS, check_model_folder
from lethebench.baselines.checkpoints.skeleton import check_config
from lethebench.baselines.checkpoints.weights import explain
from lethebench.contract.errors import UserError, border


class Source(NamedTuple):
    """A model's `base` and `config`, the `hub` options of from_pretrained for it, and the `adapter` to put on it."""

    base: str
    config: Any
    hub: dict[str, Any]
    adapter: Adapter | None


def find_source(path: str, adapter: str | None = None, **hub: Any) -> Source:
    """Find a model and check its files and config; no weights are loaded.

    Args:
        path: folder or Hub id of a model or an adapter; a Hub id may end with `@revision`.
        adapter: folder or Hub id of an adapter for the model at `path`.
        hub: `revision` of the base model, and `local_files_only`.

    Raises:
        UserError: there is neither a model nor an adapter, or its files are damaged or cannot be used.
    """
    local = {name: hub[name] for name in ("local_files_only",) if name in hub}
    base, revision = split_revision(path)
    saved_adapter = find_adapter(path, **local)
    if adapter is None and saved_adapter is not None:
        base, revision = _base(saved_adapter, local), saved_adapter.revision
    elif adapter is not None:
        if saved_adapter is not None:
            raise UserError(f"{path} is an adapter itself; pass its base model, or merge it into that first")
        saved_adapter = find_adapter(adapter, **local)
        if saved_adapter is None:
            raise UserError(
                f"--adapter {adapter}: not an adapter, adapter_config.json is missing{nested(Path(adapter))}"
            )
    if revision and not hub.get("revision"):
        hub = {**hub, "revision": revision}
    try:
        if Path(base).is_file():
            raise UserError(f"{base} is a file; pass the folder that holds it")
        tensors = check_model_folder(Path(base)) if Path(base).exists() else None
        config = load_config(base, **hub)
        if tensors is not None:
            check_config(config, tensors, base)
        return Source(base, config, hub, saved_adapter)
    except UserError as error:
        if base == path or saved_adapter is None:
            raise
        raise UserError(f"adapter {saved_adapter.name} on {error}") from error


def _base(adapter: Adapter, local: dict[str, Any]) -> str:
    """Return the base model that an adapter names, or raise UserError."""
    if any((adapter.folder / name).is_file() for name in (WEIGHTS, INDEX)):
        raise UserError(f"{adapter.name} holds both a model and an adapter; move one of them to a folder of its own")
    cure = f"pass --model BASE --adapter {adapter.name}, or set base_model_name_or_path"
    base = adapter.base
    if base is None:
        raise UserError(f"{adapter.name}: adapter_config.json names no base model; {cure}")
    if not Path(base).exists() and (base.startswith((".", "/", "~")) or base.count("/") > 1):
        raise UserError(f"{adapter.name}: its base model {base} does not exist here; {cure}")
    if find_adapter(base, **local) is not None:
        raise UserError(
            f"{adapter.name}: its base model {base} is an adapter itself; merge that into its own base first"
        )
    return base


def load_config(path: str, **hub: Any) -> Any:
    """Return a model's config, without code of the model.

    Raises:
        UserError: transformers cannot read it, or it is of another kind of model.
    """
    with border(f"{path} cannot be loaded as a vision-language model", "pass a model of transformers", explain=explain):
        config = AutoConfig.from_pretrained(path, trust_remote_code=False, **hub)
    loaded = AutoModelForImageTextToText._model_mapping
    # `in` goes by one model type for each name of a config class; keys() imports the configs of all models.
    if type(config) not in loaded and type(config) not in loaded.keys():  # noqa: SIM118
        raise UserError(
            f"{path} cannot be loaded as a vision-language model: AutoModelForImageTextToText has no model_type "
            f"{config.model_type!r}; pass a model that it loads"
        )
    quantization = getattr(config, "quantization_config", None) or {}
    kind = quantization.get("quant_method") if isinstance(quantization, dict) else None
    if kind is not None and kind not in AUTO_QUANTIZATION_CONFIG_MAPPING and kind != "bitsandbytes":
        raise UserError(f"{path}: transformers has no quantization {kind!r}; use weights that are not quantized by it")
    return config
