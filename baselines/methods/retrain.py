"""Retraining from the start without the forget sets so far: the gold model that methods are compared with."""

import textwrap
from dataclasses import dataclass
from typing import Any

from lethebench.baselines.learn import learn, learn_tiny
from lethebench.baselines.loading import load_model
from lethebench.baselines.stage import Stage, UnlearnResult
from lethebench.baselines.tiny import is_tiny
from lethebench.baselines.tiny.model import tiny_vlm
from lethebench.baselines.tiny.plan import column, plan_for
from lethebench.baselines.trainer.rows import RowEncoder


@dataclass
class RetrainConfig:
    """Configuration class for [`Retrain`]; everything else comes from stage 1's part of the preset.

    Parameters:
        max_steps (`int`, *optional*):
            Optimizer steps, those of the initial model. If `None`, the preset decides; the embedded model has its own.
    """

    max_steps: int | None = None


class Retrain:
    """Stage 1 again on the retain rows, as many optimizer steps as the initial model took.

    Exact unlearning: the forget rows have no part in any weight (the retain model of TOFU). Nothing of the initial
    model is used but its processor. `Stage.model` is the name or path that stage 1 started from, `tiny` for instance;
    `Stage.forget` and `Stage.retain` together are the rows of stage 1.
    """

    config_class = RetrainConfig
    accepts = (str,)
    trains = True
    _paper = {
        "title": "TOFU: A Task of Fictitious Unlearning for LLMs",
        "id": "2401.06121",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{maini2024tofu,
                title        = {{TOFU: A Task of Fictitious Unlearning for LLMs}},
                author       = {Pratyush Maini and Zhili Feng and Avi Schwarzschild and Zachary C. Lipton and others},
                year         = 2024,
                eprint       = {arXiv:2401.06121},
            }"""),
    }

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Train from the start.

        Raises:
            ValueError: if there are no retain rows.
            FloatingPointError: at the first step whose gradients are not finite.
        """
        config = cls.config_class(**stage.overrides)
        rows = stage.retain or []
        options: dict[str, Any] = {"preset": stage.preset, "seed": stage.seed, "callbacks": stage.callbacks}
        options["checkpoints"] = stage.checkpoints
        encoder = stage.encoder or RowEncoder(stage.processor)
        if is_tiny(stage.model):
            # The size is that of the initial model, which was made for all rows.
            everything = [
                {"profile_id": name, "answer": answer}
                for part in (stage.forget, rows)
                for name, answer in zip(column(part, "profile_id"), column(part, "answer"), strict=True)
            ]
            tiny = tiny_vlm(rows, stage.seed, plan=plan_for(everything), encoder=encoder)
            result = learn_tiny(tiny, rows, **options)
        else:
            if config.max_steps is not None:
                options["max_steps"] = config.max_steps
            model = load_model(stage.model, **stage.preset.model).model
            result = learn(model, stage.processor, rows, encoder=encoder, **options)
        return UnlearnResult(result.model, stage.processor, result.steps, result.seconds)
