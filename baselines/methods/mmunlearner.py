"""MMUnlearner: ascent on the weights that carry the forget set's pictures, alternated with retain steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import TrainerCallback

from lethebench.baselines.losses import cross_entropy_loss, ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.pairs import AlternatingSampler
from lethebench.baselines.trainer.rows import EncodedRows, of_modality
from lethebench.baselines.trainer.saliency import (
    LANGUAGE,
    draw,
    mean_squared_gradients,
    saliency_mask,
    split_by_picture,
)
from lethebench.baselines.trainer.unlearning import UnlearningConfig, UnlearningTrainer


@dataclass
class MMUnlearnerConfig(UnlearningConfig):
    """Settings of MMUnlearner; an epoch is one ascent step per batch of forget rows and the retain steps between.

    Attributes:
        modality: "image_text" where absent: what pictures show is forgotten, the forget set's text rows are preserved.
        fisher_rows: at most so many rows, drawn by the seed, for each set of squared gradients; None takes all.
    """

    modality: str = field(default="image_text", metadata={"help": "Forget rows to unlearn: image_text, text or both."})
    fisher_rows: int | None = field(default=None, metadata={"help": "Most rows per set of squared gradients."})

    def __post_init__(self):
        super().__post_init__()
        if self.fisher_rows is not None and self.fisher_rows < 1:
            raise ValueError(f"fisher_rows is {self.fisher_rows}: give at least 1, or None for all rows")


class MMUnlearnerTrainer(UnlearningTrainer):
    """MMUnlearner (Huo et al. 2025, arXiv 2502.11051): full fine-tuning, no LoRA.

    A weight is salient where F_forget >= F_preserve, F the mean squared gradient. Preserved are, for the language
    model, the text rows of everything that is not being forgotten and the retain set's picture rows; for vision tower
    and projector the latter alone. One step of ascent on -E_f[ce(y)] moves the salient weights and no others; then
    come max(1, len(retain) // len(forget)) steps on retain_weight * E_r[ce(y)], which move all.

    Attributes:
        masks: name -> True where salient, while it trains.
        salient_share: share of the trained weights that are salient, once training began.
    """

    config_class = MMUnlearnerConfig
    _name = "MMUnlearner"
    _tag_names = ("trl", "sft", "unlearning", "mmunlearner")

    def __init__(
        self,
        model,
        args: MMUnlearnerConfig | None = None,
        train_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        *positional,
        **kwargs,
    ):
        if kwargs.get("peft_config") is not None or hasattr(model, "peft_config"):
            raise ValueError(
                "MMUnlearner chooses among the model's own weights and does not train LoRA: merge the adapter "
                "(`model.merge_and_unload().requires_grad_(True)`) and give no peft_config"
            )
        super().__init__(model, args, train_dataset, *positional, **kwargs)
        spared = {"image_text": "text", "text": "image_text"}.get(self.args.modality)
        self.spared_rows = EncodedRows(of_modality(train_dataset, spared) if spared else [], self.encoder)
        self.masks: dict[str, Tensor] = {}
        self.salient_share: float | None = None
        self.ascending = False
        self.add_callback(_MaskedStep(self))

    @classmethod
    def retain_loss(cls, args: MMUnlearnerConfig) -> str:
        """Always cross-entropy."""
        return "ce"

    def unlearning_loss(self, forget: Answers | None, retain: Answers | None) -> Tensor:
        """-E_f[ce(y)] in a step of ascent, retain_weight * E_r[ce(y)] in a retain step."""
        self.ascending = forget is not None and self.model.training
        if forget is not None:
            return ga_loss(forget.logps, forget.mask)
        return self.args.retain_weight * cross_entropy_loss(retain.logps, retain.mask)

    def train(self, *args, **kwargs):
        """Finds the salient weights, then trains."""
        if self.is_sharded:
            raise ValueError("MMUnlearner masks whole parameters, which FSDP and DeepSpeed cut up: use neither")
        hooks = []
        try:
            self.masks = self.find_masks()
            parameters = dict(self.model.named_parameters())
            hooks = [parameters[name].register_hook(self._hide(mask)) for name, mask in self.masks.items()]
            return super().train(*args, **kwargs)
        finally:
            for hook in hooks:
                hook.remove()
            self.masks = {}

    def find_masks(self) -> dict[str, Tensor]:
        """name -> (shape of the parameter) True where salient, for every trained parameter."""
        parameters = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        language = {name: value for name, value in parameters.items() if LANGUAGE.search(name)}
        sight = {name: value for name, value in parameters.items() if name not in language}
        retain = self.train_dataset.retain
        pictured, plain = split_by_picture(retain)
        _, spared = split_by_picture(self.spared_rows)
        most, seed = self.args.fisher_rows, self.args.seed
        seen = draw(retain, pictured, most, seed)
        told = draw(retain, plain, most, seed) + draw(self.spared_rows, spared, most, seed)

        def squares(rows, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return mean_squared_gradients(self, (held[place] for held, place in rows), wanted) if wanted else {}

        was_training = self.model.training
        self.model.eval()
        try:
            forget = squares(draw(self.forget_rows, range(len(self.forget_rows)), most, seed), parameters)
            preserve = {**squares(seen + told, language), **squares(seen, sight)}
        finally:
            self.model.train(was_training)
        masks = {name: saliency_mask(forget[name], preserve[name]) for name in parameters}
        salient = sum(int(mask.sum()) for mask in masks.values())
        self.salient_share = salient / sum(mask.numel() for mask in masks.values())
        return masks

    def _hide(self, mask: Tensor):
        return lambda gradient: gradient * mask if self.ascending else gradient

    def _get_train_sampler(self, train_dataset=None) -> AlternatingSampler:
        args, paired = self.args, self.train_dataset
        return AlternatingSampler(
            len(paired.forget),
            len(paired.retain),
            seed=args.seed if args.data_seed is None else args.data_seed,
            block=args.train_batch_size * args.gradient_accumulation_steps * args.world_size,
        )


class _MaskedStep(TrainerCallback):
    """Puts weights that are not salient back after a step of ascent: momentum and weight decay would move them."""

    def __init__(self, trainer: MMUnlearnerTrainer):
        self.trainer = trainer
        self.kept: dict[str, Tensor] = {}

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        if self.trainer.ascending:
            parameters = dict(self.trainer.model.named_parameters())
            self.kept = {name: parameters[name].detach()[~mask] for name, mask in self.trainer.masks.items()}

    def on_optimizer_step(self, args, state, control, **kwargs):
        if self.kept:
            parameters = dict(self.trainer.model.named_parameters())
            with torch.no_grad():
                for name, values in self.kept.items():
                    parameters[name][~self.trainer.masks[name]] = values
            self.kept = {}
