"""Loading of models and adapters from disk or the Hub, and saving."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import AutoModelForImageTextToText, AutoProcessor

from lethebench.baselines.lumoe.mixture import RECORD as LUMOE_FILE
from lethebench.baselines.lumoe.mixture import LUMoE, Part, saved_base
from lethebench.baselines.trainer.rows import RowEncoder

ADAPTER_FILE = "adapter_config.json"
PROCESSOR_FILE = "processor_config.json"


class Loaded(NamedTuple):
    """A `model`, or the `LUMoE` of a folder that holds one, and its `processor`."""

    model: Any
    processor: Any

    @property
    def is_routed(self) -> bool:
        """Whether a gate selects the weights that answer a row."""
        return not isinstance(self.model, nn.Module)

    def parts(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
        """Yield each model with the rows that it answers: all of them, unless the model is routed."""
        if self.is_routed:
            yield from self.model.parts(rows)
        else:
            yield Part(self.model, list(range(len(rows))), {})


def load_model(
    path: str | Path,
    adapter: str | Path | None = None,
    *,
    trainable: bool = True,
    four_bit: bool = False,
    **options: Any,
) -> Loaded:
    """Load a vision-language model, with its LoRA adapter if it has one, from safetensors; no remote code is run.

    Args:
        path: folder or Hub id of a model, or a folder of an adapter (its base model is loaded under it) or of a saved
            LUMoE.
        adapter: folder of an adapter to put on the model at `path`.
        trainable: whether the adapter is to be trained further.
        four_bit: quantize the base model to 4 bits (NF4, double quantization) while loading, for LoRA.
        options: for `from_pretrained`, e.g. `dtype` or `device_map`.

    Raises:
        ValueError: if the folder holds neither a model nor an adapter, there is no processor, or `four_bit` is set and
            bitsandbytes is not installed.
    """
    if four_bit:
        options = {**options, "quantization_config": four_bit_config()}
    if (Path(path) / LUMOE_FILE).is_file():
        return load_mixture(path, **options)
    if adapter is None and (Path(path) / ADAPTER_FILE).is_file():
        from peft import PeftConfig

        adapter, path = path, PeftConfig.from_pretrained(str(path)).base_model_name_or_path
    try:
        model: Any = AutoModelForImageTextToText.from_pretrained(str(path), use_safetensors=True, **options)
        # The processor beside an adapter comes first: `prompt` changes the chat template.
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


def load_mixture(folder: str | Path, *, gate: Any = None, encoder: RowEncoder | None = None, **options: Any) -> Loaded:
    """Load a saved LUMoE on top of the initial model that it names.

    Args:
        folder: where it was saved.
        gate: required if the saved gate asks a model, which is not saved.
        encoder: the processor's RowEncoder, to share its cache.
        options: for `from_pretrained`, e.g. `dtype`.

    Raises:
        ValueError: if the initial model is missing, or the gate has to be given.
    """
    folder = Path(folder)
    initial = load_model(saved_base(folder), **options)
    mixture = LUMoE(initial.model, initial.processor, gate=gate, encoder=encoder)
    mixture.restore(folder, load_gate=gate is None)
    return Loaded(mixture, mixture.processor)


def _align(model: nn.Module) -> None:
    """Move weights out of the mapped file, where their alignment, on which the rounding of kernels depends, varies.

    A model that was trained and saved then gives the same numbers, bit for bit, when it is loaded again.
    """
    for parameter in model.parameters():
        if parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()


def four_bit_config() -> Any:
    """Return a `BitsAndBytesConfig` for 4-bit loading.

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


def save_model(model: Any, processor: Any, folder: str | Path) -> None:
    """Write a model (only the adapters of a PEFT model or a LUMoE) and its processor as safetensors and JSON."""
    model.save_pretrained(str(folder), safe_serialization=True)
    processor.save_pretrained(str(folder))
