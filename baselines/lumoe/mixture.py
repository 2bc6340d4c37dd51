"""LUMoE: one refusal adapter per task beside the initial model, and a gate that selects among them."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import save_file
from torch import nn

from lethebench.baselines.checkpoints.adapters import put_adapter
from lethebench.baselines.checkpoints.files import read_tensors
from lethebench.baselines.lumoe.gates import EmbeddingGate, Features, TrueTaskGate
from lethebench.baselines.presets import LoraSettings
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.baselines.trainer.weights import merged
from lethebench.contract.errors import UserError
from lethebench.contract.own_folder import finished_path
from lethebench.contract.records import Mixture, read_record

RECORD = "lumoe.json"
CENTROIDS = "gate.safetensors"
ADAPTERS = "adapters"


class Part(NamedTuple):
    """Rows that one model answers.

    Attributes:
        model: the model, ready for use until the next part.
        indices: the rows.
        columns: what their scores should state in addition.
    """

    model: nn.Module
    indices: list[int]
    columns: dict[str, Any]


class LUMoE:
    """The initial model, unchanged, with an adapter for each unlearned task (MLUBench, arXiv 2606.12809).

    Args:
        model: the initial model; its adapter, if any, is merged first.
        processor: its processor.
        gate: routes rows, see `gates.py`; by default an EmbeddingGate on the initial model.
        encoder: the processor's RowEncoder, to share its cache.

    Attributes:
        model: the initial model, PEFT-wrapped once there is an adapter; which adapter is active is defined inside
            `using` alone.
        tasks: the unlearned tasks, in order.
    """

    def __init__(self, model: Any, processor: Any, *, gate: Any = None, encoder: RowEncoder | None = None) -> None:
        has_adapter = getattr(model, "peft_config", None)
        # Where the initial model is saved: its adapter's folder if it has one, else its own.
        self.base: str = getattr(model, "adapter_path", None) or model.config._name_or_path
        self.model: Any = merged(model, model.dtype) if has_adapter else model
        self.processor = processor
        self.gate = gate or EmbeddingGate(Features(self.model, processor, encoder))
        self.tasks: list[int] = []

    def to(self, device: Any) -> "LUMoE":
        """Move the model and its adapters to a device."""
        self.model.to(device)
        return self

    def new_adapter(self, task: int, lora: LoraSettings) -> nn.Module:
        """Return the PEFT model with a new active adapter for a task, which alone is trained.

        Raises:
            ValueError: if the task has an adapter already.
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
        """Raise ValueError if the task has an adapter already."""
        if task in self.tasks:
            raise ValueError(f"task {task} is unlearned already: the tasks are {self.tasks}")

    @contextmanager
    def using(self, task: int | None) -> Iterator[nn.Module]:
        """Activate the adapter of a task inside; for None the initial model as it was."""
        if task is not None:
            self.model.set_adapter(_name(task))
        plain: AbstractContextManager = self.model.disable_adapter() if task is None and self.tasks else nullcontext()
        with plain:
            yield self.model

    def route(self, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """Return the task whose adapter answers each row, None for the initial model."""
        with self.using(None):
            return self.gate(rows)

    def groups(self, rows: Sequence[Mapping[str, Any]]) -> dict[int | None, list[int]]:
        """Return the indices of the rows that each task's adapter, or the initial model (None), answers."""
        groups: dict[int | None, list[int]] = {}
        for index, task in enumerate(self.route(rows)):
            groups.setdefault(task, []).append(index)
        return groups

    def parts(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
        """Yield the model with each adapter and its rows; `routed_to` is the task, -1 for the initial model."""
        for task, indices in self.groups(rows).items():
            with self.using(task) as model:
                yield Part(model, indices, {"routed_to": -1 if task is None else task})

    def save_pretrained(self, folder: str | Path, **_: Any) -> None:
        """Write adapters, gate and the path of the initial model, which is not copied.

        Raises:
            ValueError: if the initial model was never saved.
        """
        if not self.base:
            raise ValueError(
                "the initial model was never saved, so it could not be found again: save and load it first"
            )
        folder = Path(folder)
        base = os.path.relpath(self.base, finished_path(folder)) if Path(self.base).is_dir() else self.base
        record = {"base": base, "tasks": self.tasks, "gate": type(self.gate).__name__}
        folder.mkdir(parents=True, exist_ok=True)
        if self.tasks:
            self.model.save_pretrained(str(folder / ADAPTERS), safe_serialization=True)
        if isinstance(self.gate, EmbeddingGate):
            save_file(self.gate.state(), folder / CENTROIDS)
        (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    def restore(self, folder: Path, *, load_gate: bool = True) -> None:
        """Add the adapters that `save_pretrained` wrote, and load the gate.

        Raises:
            ValueError: if the saved gate asks a model, which is not saved.
        """
        record = _read(folder)
        if load_gate:
            self.gate = _saved_gate(record["gate"], self.gate, folder)
        for task in record["tasks"]:
            self.model = put_adapter(self.model, folder / ADAPTERS / _name(task), name=_name(task))
            self.tasks.append(task)
            if not isinstance(self.gate, EmbeddingGate):
                self.gate.add(task, [], [])


def saved_base(folder: Path) -> str | Path:
    """Return the path or Hub id of the initial model that a saved LUMoE names."""
    base = _read(folder)["base"]
    if Path(base).is_absolute():
        raise UserError(f"{folder / RECORD} names {base}: an absolute path is not followed; name a relative one")
    path = folder / base
    return path.resolve() if path.is_dir() else base


def _read(folder: Path) -> dict[str, Any]:
    return read_record(folder / RECORD, Mixture, cure="save the mixture again")


def _saved_gate(kind: str, embedding: EmbeddingGate, folder: Path) -> EmbeddingGate | TrueTaskGate:
    if kind == EmbeddingGate.__name__:
        embedding.load(read_tensors(folder / CENTROIDS))
        return embedding
    if kind == TrueTaskGate.__name__:
        return TrueTaskGate()
    raise ValueError(f"{folder} was saved with a {kind}, which asks a model: pass it as gate=")


def _name(task: int) -> str:
    return f"task{task}"
