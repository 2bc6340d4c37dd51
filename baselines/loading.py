"""Loading of models and adapters from disk or the Hub, and saving."""

import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import AutoModelForImageTextToText

from lethebench.baselines.checkpoints.adapters import put_adapter
from lethebench.baselines.checkpoints.processors import check_tokens, load_processor
from lethebench.baselines.checkpoints.source import Source, find_source
from lethebench.baselines.checkpoints.weights import explain, load_weights
from lethebench.baselines.lumoe.mixture import RECORD as LUMOE_FILE
from lethebench.baselines.lumoe.mixture import LUMoE, Part, saved_base
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.contract.errors import border
from lethebench.contract.models import check_architecture

PROCESSOR_FILE = "processor_config.json"
TOKENIZER_FILE, TOKENS = "tokenizer_config.json", "model_specific_special_tokens"
CURE = "pass a model that AutoModelForImageTextToText loads"


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
    eight_bit: bool = False,
    **options: Any,
) -> Loaded:
    """Load a vision-language model from safetensors, with its adapter if it has one; no code of the model is run.

    Every weight of the model has to be in its files, and every weight of the files has to have a place in it.

    Args:
        path: folder or Hub id of a model, of an adapter (its base model is loaded under it) or folder of a saved LUMoE;
            a Hub id may end with `@revision`.
        adapter: folder or Hub id of an adapter to put on the model at `path`.
        trainable: whether the adapter is to be trained further.
        four_bit: quantize the base model to 4 bits (NF4, double quantization) while loading, for LoRA.
        eight_bit: quantize it to 8 bits (LLM.int8()) instead.
        options: for `from_pretrained`, e.g. `dtype` or `device_map`. `revision` is that of the base model.

    Raises:
        UserError: there is no model or processor, its files are damaged or do not fit together, or `four_bit` or
            `eight_bit` is set and bitsandbytes is not installed.
    """
    if four_bit or eight_bit:
        options = {**options, "quantization_config": quantized_config(4 if four_bit else 8)}
    if (Path(path) / LUMOE_FILE).is_file():
        return load_mixture(path, **options)
    names = ("revision", "local_files_only")
    hub = {name: value for name, value in options.items() if name in names}
    source = find_source(str(path), None if adapter is None else str(adapter), **hub)
    base, _, hub, saved_adapter = source
    processor = processor_of(source)
    with border(f"{base} cannot be loaded as a vision-language model", CURE, explain=explain):
        model = load_weights(AutoModelForImageTextToText, base, **{**options, **hub})
    check_architecture(model)
    if saved_adapter is not None:
        model = put_adapter(model, saved_adapter.folder, trainable=trainable)
        model.adapter_path = saved_adapter.name
    check_tokens(processor, model, str(path))
    return Loaded(model, processor)


def processor_of(source: Source) -> Any:
    """Return the processor of a model; the one beside an adapter comes first, since `prompt` changes its template."""
    adapter = source.adapter
    if adapter is not None and (adapter.folder / PROCESSOR_FILE).is_file():
        return load_processor(str(adapter.folder), source.config)
    return load_processor(source.base, source.config, **source.hub)


def load_mixture(folder: str | Path, *, gate: Any = None, encoder: RowEncoder | None = None, **options: Any) -> Loaded:
    """Load a saved LUMoE on top of the initial model that it names.

    Args:
        folder: where it was saved.
        gate: required if the saved gate asks a model, which is not saved.
        encoder: the processor's RowEncoder, to share its cache.
        options: for `from_pretrained`, e.g. `dtype`.

    Raises:
        UserError: the initial model is missing, the files are damaged, or the gate has to be given.
    """
    folder = Path(folder)
    with border(f"{folder} cannot be loaded as a LUMoE", "pass a folder that its save_pretrained wrote"):
        initial = load_model(saved_base(folder), **options)
        mixture = LUMoE(initial.model, initial.processor, gate=gate, encoder=encoder)
        mixture.restore(folder, load_gate=gate is None)
    return Loaded(mixture, mixture.processor)


def quantized_config(bits: int) -> Any:
    """Return a `BitsAndBytesConfig` for loading in 4 or 8 bits.

    Raises:
        ValueError: if bitsandbytes is not installed.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ValueError(
            f"{bits}-bit loading needs bitsandbytes, which is not installed: `pip install bitsandbytes`, or load "
            "without it"
        )
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
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
    _drop_loading_keys(Path(folder) / TOKENIZER_FILE)


def _drop_loading_keys(path: Path) -> None:
    """Remove what transformers adds to the file of a loaded tokenizer, so that resumed runs write the same."""
    if not path.is_file():
        return
    settings = json.loads(path.read_text("utf-8"))
    kept = {name: value for name, value in settings.items() if name not in ("is_local", "local_files_only")}
    if all(kept.get(name) == token for name, token in (kept.get(TOKENS) or {}).items()):  # repeats other keys
        kept.pop(TOKENS, None)
    if kept != settings:
        path.write_text(json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
