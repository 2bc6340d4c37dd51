"""Models and adapters from disk or the Hub, and back."""

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import AutoModelForImageTextToText, AutoProcessor

ADAPTER_FILE = "adapter_config.json"
PROCESSOR_FILE = "processor_config.json"
LUMOE_FILE = "lumoe.json"


class Loaded(NamedTuple):
    """A `model`, a `LUMoE` where the folder holds one, and its `processor`."""

    model: nn.Module | Any
    processor: Any


def load_model(
    path: str | Path, adapter: str | Path | None = None, *, trainable: bool = True, four_bit: bool = False, **options
) -> Loaded:
    """Loads a vision-language model, plain or with a LoRA adapter; weights come from safetensors and no code is run.

    Args:
        path: folder or Hub id of a model, or a folder that holds an adapter (its base model is then loaded under it)
            or the adapters and gate of a LUMoE.
        adapter: folder of an adapter to put on the model at `path`.
        trainable: whether the adapter is to be trained further.
        four_bit: quantise the base model to 4 bits (NF4, double quantisation) as it is loaded, for LoRA.
        options: for `from_pretrained`, e.g. `dtype` or `device_map`.

    Raises:
        ValueError: if the folder holds neither a model nor an adapter, there is no processor, or `four_bit` is asked
            for without bitsandbytes.
    """
    if four_bit:
        options = {**options, "quantization_config": four_bit_config()}
    if (Path(path) / LUMOE_FILE).is_file():
        from lethebench.baselines.lumoe.mixture import LUMoE

        mixture = LUMoE.load(path, **options)
        return Loaded(mixture, mixture.processor)
    if adapter is None and (Path(path) / ADAPTER_FILE).is_file():
        from peft import PeftConfig

        adapter, path = path, PeftConfig.from_pretrained(str(path)).base_model_name_or_path
    try:
        model = AutoModelForImageTextToText.from_pretrained(str(path), use_safetensors=True, **options)
        # What a stage saved beside its adapter comes first: `prompt` changes the chat template.
        own = adapter is not None and (Path(adapter) / PROCESSOR_FILE).is_file()
        hub = {name: options[name] for name in ("revision", "local_files_only") if name in options and not own}
        processor = AutoProcessor.from_pretrained(str(adapter if own else path), **hub)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be loaded as a vision-language model: {error}") from error
    _align(model)
    if adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
        model.adapter_path = str(adapter)
    return Loaded(model, processor)


def _align(model: nn.Module) -> None:
    """Moves weights out of the mapped file, where a tensor may begin anywhere: kernels round by where it begins.

    So a model that was trained and saved gives the same numbers, bit for bit, when it is loaded again.
    """
    for parameter in model.parameters():
        if parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()


def four_bit_config():
    """A `BitsAndBytesConfig` for 4-bit loading.

    Raises:
        ValueError: if bitsandbytes is not installed.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ValueError(
            "4-bit loading needs bitsandbytes, which is not installed: `pip install bitsandbytes`, or load without it"
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def save_model(model: nn.Module | Any, processor, folder: str | Path) -> None:
    """Writes a model (of a PEFT model or a LUMoE the adapters alone) and its processor as safetensors and JSON."""
    model.save_pretrained(str(folder), safe_serialization=True)
    processor.save_pretrained(str(folder))
