"""Models and adapters from disk or the Hub, and back."""

from pathlib import Path
from typing import Any, NamedTuple

from torch import nn
from transformers import AutoModelForImageTextToText, AutoProcessor

ADAPTER_FILE = "adapter_config.json"


class Loaded(NamedTuple):
    """A `model` and its `processor`."""

    model: nn.Module
    processor: Any


def load_model(path: str | Path, adapter: str | Path | None = None, *, trainable: bool = True, **options) -> Loaded:
    """Loads a vision-language model, plain or with a LoRA adapter; weights come from safetensors and no code is run.

    Args:
        path: folder or Hub id of a model, or a folder that holds an adapter (its base model is then loaded under it).
        adapter: folder of an adapter to put on the model at `path`.
        trainable: whether the adapter is to be trained further.
        options: for `from_pretrained`, e.g. `dtype` or `device_map`.

    Raises:
        ValueError: if the folder holds neither a model nor an adapter, or there is no processor.
    """
    if adapter is None and (Path(path) / ADAPTER_FILE).is_file():
        from peft import PeftConfig

        adapter, path = path, PeftConfig.from_pretrained(str(path)).base_model_name_or_path
    try:
        model = AutoModelForImageTextToText.from_pretrained(str(path), use_safetensors=True, **options)
        processor = AutoProcessor.from_pretrained(str(path))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be loaded as a vision-language model: {error}") from error
    if adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    return Loaded(model, processor)


def save_model(model: nn.Module, processor, folder: str | Path) -> None:
    """Writes a model (of a PEFT model the adapter alone) and its processor as safetensors and JSON."""
    model.save_pretrained(str(folder), safe_serialization=True)
    processor.save_pretrained(str(folder))
