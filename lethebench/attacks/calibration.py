"""Deletion that is true by construction, as methods: attacks have to find nothing in these models beyond gold's spread.

    lethe run build/icu --method lethebench.attacks.calibration:Replay,lethebench.attacks.calibration:DroppedAdapter \\
        --gold-seeds 3 --out runs/calibration
    lethe attack runs/calibration
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch

from lethebench.baselines.learn import learn
from lethebench.baselines.methods.retrain import Retrain
from lethebench.baselines.presets import LoraSettings
from lethebench.baselines.stage import Stage, UnlearnResult
from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.answers.row_scores import compare, keywords_of

SEED = 1_000_003
"""Added to the seed of the stage, so that no gold model has the same one."""


@dataclass
class ReplayConfig:
    """Configuration class for [`Replay`].

    Parameters:
        start (`str`, *optional*):
            Name or path of the model that stage 1 started from. If `None`, that of the preset.
    """

    start: str | None = None


class Replay:
    """Train again without the rows, with a seed of its own: what a gold model is, as a method."""

    config_class = ReplayConfig
    accepts = (str, torch.nn.Module)
    needs = "retain rows; trains from the start"
    _paper: Mapping[str, str] = {"title": "Unlearning at Scale", "id": "2508.12220"}

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Train on the rows that are not asked so far."""
        return retrained(stage, stage.seed + SEED, cls.config_class(**stage.settings()).start)


@dataclass
class DroppedAdapterConfig(ReplayConfig):
    """Configuration class for [`DroppedAdapter`].

    It has the parameter of [`ReplayConfig`] and:

    Parameters:
        rank (`int`, *optional*, defaults to `16`):
            Rank of the adapter.
        steps (`int`, *optional*, defaults to `300`):
            Optimizer steps of the adapter.
        learning_rate (`float`, *optional*, defaults to `5e-3`):
            Learning rate of the adapter; the default is for the embedded model.
    """

    rank: int = 16
    steps: int = 300
    learning_rate: float = 5e-3


class DroppedAdapter:
    """Train without the rows, learn them in an adapter, and drop the adapter.

    The rows are in no other weight, so that nothing is left of them, whatever the adapter knew. `facts` has the share
    of the rows whose keywords the model answers with the adapter.
    """

    config_class = DroppedAdapterConfig
    accepts = (str, torch.nn.Module)
    needs = "retain rows; trains from the start"
    _paper: Mapping[str, str] = {"title": "Unlearning at Scale", "id": "2508.12220"}

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Train the model and the adapter, and return the model without it.

        Raises:
            RuntimeError: The training of the adapter changed the model.
        """
        config = cls.config_class(**stage.settings())
        base = retrained(stage, stage.seed + 2 * SEED, config.start)
        before = [value.detach().clone() for value in base.model.parameters()]
        preset = replace(stage.preset, lora=LoraSettings(rank=config.rank, alpha=2 * config.rank, dropout=0.0))
        trained = learn(
            base.model,
            stage.processor,
            stage.forget,
            preset=preset,
            seed=stage.seed,
            max_steps=config.steps,
            learning_rate=config.learning_rate,
        )
        texts = greedy_answers(trained.model.eval(), stage.processor, stage.forget)
        peft_model: Any = trained.model
        model = peft_model.unload().requires_grad_(True)
        if not same(before, list(model.parameters())):
            raise RuntimeError("the model without its adapter is not the one that it was trained on")
        pairs = zip(stage.forget, texts, strict=True)
        facts = {
            "adapter_knows": fmean(
                compare(text, row["answer"], keywords_of(row))["keyword_match"] for row, text in pairs
            )
        }
        return UnlearnResult(model, stage.processor, base.steps + trained.steps, facts=facts)


def retrained(stage: Stage, seed: int, start: str | None) -> UnlearnResult:
    """Return what `retrain` gives for a stage with another seed.

    Raises:
        ValueError: The preset is for no model and `start` is None.
    """
    model = start or stage.preset.base_model
    if not model:
        raise ValueError(f"the preset names no model to train from: pass --set {stage.method}.start=NAME")
    return Retrain.unlearn(replace(stage, method="retrain", model=model, seed=seed, overrides={}, checkpoints=None))


def same(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> bool:
    """Return whether weights are equal, bit for bit."""
    return len(one) == len(other) and all(torch.equal(*pair) for pair in zip(one, other, strict=True))
