"""Adapters: where they are found, the base model that they name, and putting them on it as PEFT does."""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

from lethebench.baselines.checkpoints.files import check_adapter_folder, check_finite, count, names, read_json
from lethebench.baselines.checkpoints.weights import explain, wrapper_of
from lethebench.contract.errors import UserError, border

ADAPTER_FILE = "adapter_config.json"
ADAPTER_PATTERNS = ["adapter_*", "*.json", "*.jinja", "*.model", "*.txt"]
"""Files of a Hub repository that an adapter and its processor need."""
MISSING = "Found missing adapter keys"


class Adapter(NamedTuple):
    """An adapter: its `name` as given, the `folder` of its files, and its `base` model and that one's `revision`."""

    name: str
    folder: Path
    base: str | None
    revision: str | None


def split_revision(name: str) -> tuple[str, str | None]:
    """Return the Hub id and the revision of `org/name@revision`, as huggingface_hub spells it; a path has none."""
    if "@" not in name or Path(name).exists():
        return name, None
    model, _, revision = name.rpartition("@")
    return model, revision


def find_adapter(name: str, *, local_files_only: bool = False) -> Adapter | None:
    """Return the adapter in a folder or at a Hub id, with `@revision` or without; None if there is another model.

    Raises:
        UserError: its files are not whole.
    """
    folder = Path(name) if Path(name).exists() else _download(name, local_files_only)
    if folder is None or not (folder / ADAPTER_FILE).is_file():
        return None
    check_adapter_folder(folder)
    config = read_json(folder / ADAPTER_FILE)
    base, revision = config.get("base_model_name_or_path"), config.get("revision")
    return Adapter(
        name, folder, base if isinstance(base, str) and base else None, revision if isinstance(revision, str) else None
    )


def nested(folder: Path) -> str:
    """Return a hint where a folder without an adapter holds a folder with one, as PEFT saves adapters with a name."""
    folders = sorted(path.parent.name for path in folder.glob(f"*/{ADAPTER_FILE}"))
    return f"; its folder {folders[0]} holds one, pass {folder / folders[0]}" if folders else ""


def _download(name: str, local_files_only: bool) -> Path | None:
    """Return the local folder of an adapter on the Hub, None if the id is not that of an adapter."""
    from huggingface_hub import snapshot_download
    from transformers.utils import cached_file

    repo, revision = split_revision(name)
    with border(f"{name} cannot be found on the Hub", "check the id and the revision"):
        config = cached_file(
            repo,
            ADAPTER_FILE,
            revision=revision,
            local_files_only=local_files_only,
            _raise_exceptions_for_gated_repo=False,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        if config is None:
            return None
        patterns = ADAPTER_PATTERNS
        return Path(
            snapshot_download(repo, revision=revision, allow_patterns=patterns, local_files_only=local_files_only)
        )


def put_adapter(model: Any, folder: Path, *, name: str = "default", trainable: bool = False) -> Any:
    """Return the model with a saved adapter, loaded by PEFT, which also translates older names of weights.

    Args:
        model: a model, or a PeftModel that has other adapters.
        folder: local folder of the adapter.
        name: name of the adapter in the PeftModel.
        trainable: whether the adapter is to be trained further.

    Raises:
        UserError: weights of the adapter have no place in the model, are missing, have another shape or are not finite.
    """
    from peft import load_peft_weights, set_peft_model_state_dict

    base = getattr(getattr(model, "config", None), "_name_or_path", "") or type(model).__name__
    subject = f"adapter {folder} does not fit {base}"
    cure = "pass the model that it was trained on"
    with border(subject, cure, explain=explain):
        mapping = getattr(model, "_checkpoint_conversion_mapping", None) or {}
        model, missing = _load(model, str(folder), name, trainable)
        # PEFT keeps the names without a place to itself when it loads; setting the weights again returns them.
        weights = load_peft_weights(str(folder), device="cpu", key_mapping=mapping)
        check_finite(weights, str(folder))
        result: Any = set_peft_model_state_dict(model, weights, adapter_name=name)
        unused = sorted(result.unexpected_keys)
    if model.peft_config[name].is_prompt_learning:
        unused = []  # the prompt encoder takes them
    if unused or missing:
        absent = f"{missing} weights of the model's adapter are not in its files" if missing else ""
        unplaced = f"{count(unused, 'weight')} with no place in the model ({names(unused)})" if unused else ""
        problem = "; ".join(filter(None, (unplaced, absent, cure)))
        raise UserError(f"{subject}: {wrapper_of(unused) or problem}")
    return model


def _load(model: Any, folder: str, name: str, trainable: bool) -> tuple[Any, int]:
    """Return the PeftModel with an adapter, and how many of the adapter's weights its files lack."""
    from peft import PeftModel

    if isinstance(model, PeftModel):
        return model, len(model.load_adapter(folder, name, is_trainable=trainable).missing_keys)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(model, folder, adapter_name=name, is_trainable=trainable)
    missing = 0
    for warning in caught:
        text = str(warning.message)
        if MISSING in text:
            missing = text.partition(MISSING)[2].count("'") // 2
        else:
            # A field that this PEFT ignores may matter, so it is shown where warnings of libraries are not.
            module = __name__ if "Unexpected keyword arguments" in text else "peft"
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno, module)
    return model, missing
