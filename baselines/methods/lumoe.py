"""LUMoE: one refusal adapter per task beside the initial model, and a gate that routes questions to them."""

import textwrap
from dataclasses import dataclass, field, replace

from torch import nn

from lethebench.baselines.lumoe.gates import TrueTaskGate
from lethebench.baselines.lumoe.mixture import LUMoE
from lethebench.baselines.methods.idk import IdkConfig, IdkTrainer
from lethebench.baselines.presets import EXPERT
from lethebench.baselines.stage import Stage, UnlearnResult
from lethebench.baselines.trainer.rows import undecoded

GATES = ("embedding", "true_task")


def check_gate(kind: str) -> None:
    """Raise ValueError if there is no gate of that name."""
    if kind not in GATES:
        raise ValueError(f"gate is {kind!r}: choose one of {', '.join(GATES)}, or start from a LUMoE with another gate")


@dataclass
class LUMoEConfig(IdkConfig):
    """Configuration class for [`LUMoEMethod`]: that of [`IdkTrainer`] with a gate.

    Parameters:
        gate (`str`, *optional*, defaults to `"embedding"`):
            What routes questions: `"embedding"` (nearest subject by the model's own features) or `"true_task"` (the
            row's own task, an upper bound). For another gate start from a `LUMoE` that has it.
    """

    gate: str = field(default="embedding", metadata={"help": "What routes questions: embedding or true_task."})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_gate(self.gate)


class _ExpertTrainer(IdkTrainer):
    config_class = LUMoEConfig


class LUMoEMethod:
    """LUMoE: one refusal adapter per task beside the initial model, and a gate that routes questions to them."""

    config_class = LUMoEConfig
    accepts = (nn.Module, LUMoE)
    trains = True
    adapter_per_task = True
    searched = ("retain_weight",)
    _paper = {
        "title": "MLUBench: A Benchmark for Lifelong Unlearning Evaluation in MLLMs",
        "id": "2606.12809",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{li2026mlubench,
                title        = {{MLUBench: A Benchmark for Lifelong Unlearning Evaluation in MLLMs}},
                author       = {He Li and Haoang Chi and Qizhou Wang and others},
                year         = 2026,
                eprint       = {arXiv:2606.12809},
            }"""),
    }

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Train one more adapter, on refusals, and add its task to the gate.

        Raises:
            ValueError: if the forget rows are of several tasks, or of one that has an adapter already.
        """
        kind = stage.settings().get("gate", "embedding")
        check_gate(kind)
        mixture = stage.model
        if not isinstance(mixture, LUMoE):
            gate = TrueTaskGate() if kind == "true_task" else None
            mixture = LUMoE(mixture, stage.processor, gate=gate, encoder=stage.encoder)
        tasks = {row.get("task_id") for row in undecoded(stage.forget)}
        if len(tasks) > 1:
            raise ValueError(f"lumoe got forget rows of {len(tasks)} tasks: unlearn them in turn, one adapter each")
        task = tasks.pop()
        task = len(mixture.tasks) if task is None else int(task)
        mixture.refuse_known(task)
        with mixture.using(None):
            mixture.gate.add(task, stage.forget, stage.retain or [])
        adapter = mixture.new_adapter(task, stage.preset.lora or EXPERT)
        result = _ExpertTrainer.unlearn(replace(stage, model=adapter))
        return replace(result, model=mixture, facts={"tasks_routed": len(mixture.tasks)})
