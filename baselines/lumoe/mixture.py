"""LUMoE: one refusal adapter per task beside the learnt model, and a gate that chooses among them."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from lethebench.baselines.lumoe.gates import EmbeddingGate, Features, TrueTaskGate
from lethebench.baselines.presets import LoraSettings
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.baselines.trainer.weights import merged

RECORD = "lumoe.json"
CENTROIDS = "gate.safetensors"
ADAPTERS = "adapters"


class LUMoE:
    """The learnt model, untouched, with an adapter for each task that was unlearnt (MLUBench, arXiv 2606.12809).

    Args:
        model: the learnt model; an adapter that it has is merged into it first.
        processor: its processor.
        gate: what routes rows, see `gates.py`; an EmbeddingGate on the learnt model where absent.
        encoder: the processor's RowEncoder, to share its cache.

    Attributes:
        model: the learnt model, PEFT-wrapped once there is an adapter; which adapter is in use is sure inside `using`
            alone.
        tasks: the tasks that were unlearnt, in order.
    """

    def __init__(self, model: nn.Module, processor, *, gate=None, encoder: RowEncoder | None = None):
        peft = getattr(model, "peft_config", None)
        # Where the learnt model lies: its adapter's folder where it has one, else its own.
        self.base = getattr(model, "adapter_path", None) or model.config._name_or_path
        self.model = merged(model, model.dtype) if peft else model
        self.processor = processor
        self.gate = gate or EmbeddingGate(Features(self.model, processor, encoder))
        self.tasks: list[int] = []

    def new_adapter(self, task: int, lora: LoraSettings) -> nn.Module:
        """The PEFT model with a fresh adapter for a task, in use and the only thing to be trained.

        Raises:
            ValueError: if the task was unlearnt already.
        """
        from peft import get_peft_model

        self.refuse_known(task)
        if self.tasks:
            self.model.add_adapter(_name(task), lora.peft_config())
        else:
            self.model = get_peft_model(self.model, lora.peft_config(), adapter_name=_name(task))
        self.model.set_adapter(_name(task))
        self.tasks.append(task)
        return self.model

    def refuse_known(self, task: int) -> None:
        """Raises ValueError if the task was unlearnt already."""
        if task in self.tasks:
            raise ValueError(f"task {task} was unlearnt already: the tasks are {self.tasks}")

    @contextmanager
    def using(self, task: int | None) -> Iterator[nn.Module]:
        """The model with the adapter of a task, or, for None, exactly as it was learnt."""
        if task is not None:
            self.model.set_adapter(_name(task))
        plain: AbstractContextManager = self.model.disable_adapter() if task is None and self.tasks else nullcontext()
        with plain:
            yield self.model

    def route(self, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """The task whose adapter answers each row, None for the learnt model."""
        with self.using(None):
            return self.gate(rows)

    def groups(self, rows: Sequence[Mapping[str, Any]]) -> dict[int | None, list[int]]:
        """Task, or None -> the places of the rows that it answers."""
        found: dict[int | None, list[int]] = {}
        for place, task in enumerate(self.route(rows)):
            found.setdefault(task, []).append(place)
        return found

    def save_pretrained(self, folder: str | Path, **_) -> None:
        """Writes adapters, gate and where the learnt model lies; the learnt model itself is not copied.

        Raises:
            ValueError: if the learnt model never lay anywhere.
        """
        if not self.base:
            raise ValueError("the learnt model was never saved, so it could not be found again: save and load it first")
        folder = Path(folder)
        base = os.path.relpath(self.base, folder) if Path(self.base).is_dir() else self.base
        record = {"base": base, "tasks": self.tasks, "gate": type(self.gate).__name__}
        folder.mkdir(parents=True, exist_ok=True)
        if self.tasks:
            self.model.save_pretrained(str(folder / ADAPTERS), safe_serialization=True)
        if isinstance(self.gate, EmbeddingGate):
            save_file(self.gate.state(), folder / CENTROIDS)
        (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path, *, gate=None, encoder: RowEncoder | None = None, **options) -> "LUMoE":
        """Reads what `save_pretrained` wrote, beside the learnt model that it names.

        Args:
            folder: where it was written.
            gate: needed where the saved one asks a model, which is not saved.
            encoder: the processor's RowEncoder, to share its cache.
            options: for `from_pretrained`, e.g. `dtype`.

        Raises:
            ValueError: if the learnt model is gone, or the gate has to be given.
        """
        from peft import PeftModel

        from lethebench.baselines.loading import load_model

        folder = Path(folder)
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        base = folder / record["base"]
        loaded = load_model(base.resolve() if base.is_dir() else record["base"], **options)
        made = cls(loaded.model, loaded.processor, gate=gate, encoder=encoder)
        if gate is None:
            made.gate = _saved_gate(record["gate"], made.gate, folder)
        for task in record["tasks"]:
            path = str(folder / ADAPTERS / _name(task))
            if made.tasks:
                made.model.load_adapter(path, adapter_name=_name(task))
            else:
                made.model = PeftModel.from_pretrained(made.model, path, adapter_name=_name(task))
            made.tasks.append(task)
            if not isinstance(made.gate, EmbeddingGate):
                made.gate.add(task, [], [])
        return made


def _saved_gate(kind: str, embedding: EmbeddingGate, folder: Path):
    if kind == EmbeddingGate.__name__:
        embedding.load(load_file(folder / CENTROIDS))
        return embedding
    if kind == TrueTaskGate.__name__:
        return TrueTaskGate()
    raise ValueError(f"{folder} was made with a {kind}, which asks a model: give it as gate=")


def _name(task: int) -> str:
    return f"task{task}"
