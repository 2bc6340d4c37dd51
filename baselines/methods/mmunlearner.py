"""MMUnlearner: ascent on the weights that are salient for the forget set, alternated with retain steps."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import TrainerCallback

from lethebench.baselines.losses import cross_entropy_loss, ga_loss
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.pairs import AlternatingSampler
from lethebench.baselines.trainer.rows import EncodedRows, of_modality
from lethebench.baselines.trainer.saliency import (
    draw,
    mean_squared_gradients,
    saliency_mask,
    split_by_picture,
)
from lethebench.baselines.trainer.unlearning import UnlearningTrainer
from lethebench.baselines.trainer.weights import LANGUAGE


@dataclass
class MMUnlearnerConfig(UnlearningConfig):
    """Configuration class for the [`MMUnlearnerTrainer`].

    An epoch is one ascent step per batch of forget rows, with retain steps between them.

    Parameters:
        modality (`str`, *optional*, defaults to `"image_text"`):
            Forget rows to unlearn. With `"image_text"` the forget set's text rows are preserved, with `"text"` its
            picture rows.
        fisher_rows (`int`, *optional*):
            Most rows, drawn by the seed, for each set of squared gradients. If `None`, all rows are used.
    """

    modality: str = field(default="image_text", metadata={"help": "Forget rows to unlearn: image_text, text or both."})
    fisher_rows: int | None = field(default=None, metadata={"help": "Most rows per set of squared gradients."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fisher_rows is not None and self.fisher_rows < 1:
            raise ValueError(f"fisher_rows is {self.fisher_rows}: give at least 1, or None for all rows")


class MMUnlearnerTrainer(UnlearningTrainer):
    """MMUnlearner: full fine-tuning, no LoRA.

    A weight is salient where F_forget >= F_preserve, F the mean squared gradient. The language model preserves the text
    rows that are not being unlearned and the retain set's picture rows; vision tower and projector preserve the latter
    alone. One ascent step on -E_f[ce(y)] moves the salient weights only; then max(1, len(retain) // len(forget)) steps
    on retain_weight * E_r[ce(y)] move all.

    Attributes:
        masks: parameter name -> True where salient, during training.
        salient_share: share of the trained weights that are salient, after training began.
    """

    config_class = MMUnlearnerConfig
    searched = ("retain_weight",)
    base_weights = True
    _name = "MMUnlearner"
    _tag_names = ["trl", "sft", "unlearning", "mmunlearner"]
    _paper = {
        "title": "MMUnlearner: Reformulating Multimodal Machine Unlearning in the Era of Multimodal Large Language "
        "Models",
        "id": "2502.11051",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{huo2025mmunlearner,
                title        = {{MMUnlearner: Reformulating Multimodal Machine Unlearning in the Era of Multimodal
                                Large Language Models}},
                author       = {Jiahao Huo and Yibo Yan and Xu Zheng and Yuanhuiyi Lyu and others},
                year         = 2025,
                eprint       = {arXiv:2502.11051},
            }"""),
    }

    def __init__(
        self,
        model: Any,
        args: MMUnlearnerConfig | None = None,
        train_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        *positional: Any,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("peft_config") is not None or hasattr(model, "peft_config"):
            raise ValueError(
                "MMUnlearner selects among the model's own weights and does not train LoRA: merge the adapter "
                "(`model.merge_and_unload().requires_grad_(True)`) and leave out peft_config"
            )
        super().__init__(model, args, train_dataset, *positional, **kwargs)
        spared = {"image_text": "text", "text": "image_text"}.get(self.args.modality)
        self.spared_rows = EncodedRows(of_modality(train_dataset, spared) if spared else [], self.encoder)
        self.masks: dict[str, Tensor] = {}
        self.salient_share: float | None = None
        self.ascending = False
        self.add_callback(_MaskedStep(self))

    @classmethod
    def retain_loss(cls, args: Any) -> str:
        """Return "ce"."""
        return "ce"

    def unlearning_loss(self, forget: Any, retain: Any) -> Tensor:
        """Return -E_f[ce(y)] in an ascent step, retain_weight * E_r[ce(y)] in a retain step."""
        self.ascending = forget is not None and self.model.training
        if forget is not None:
            return ga_loss(forget.logps, forget.mask)
        return self.args.retain_weight * cross_entropy_loss(retain.logps, retain.mask)

    def facts(self) -> dict[str, Any]:
        """Return the share of salient weights."""
        return {} if self.salient_share is None else {"salient_share": self.salient_share}

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Find the salient weights, then train."""
        if self.is_sharded:
            raise ValueError("MMUnlearner masks whole parameters, which FSDP and DeepSpeed shard: use neither")
        hooks = []
        try:
            self.masks = self.find_masks()
            parameters = dict(self.model.named_parameters())
            hooks = [parameters[name].register_hook(self._masked(mask)) for name, mask in self.masks.items()]
            return super().train(*args, **kwargs)
        finally:
            for hook in hooks:
                hook.remove()
            self.masks = {}

    def find_masks(self) -> dict[str, Tensor]:
        """Return for each trained parameter a tensor of its shape, True where salient."""
        parameters = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        language = {name: value for name, value in parameters.items() if LANGUAGE.search(name)}
        vision = {name: value for name, value in parameters.items() if name not in language}
        retain = self.train_dataset.retain
        retain_pictured, retain_text = split_by_picture(retain)
        limit, seed = self.args.fisher_rows, self.args.seed
        pictured = draw(retain, retain_pictured, limit, seed)
        text = draw(retain, retain_text, limit, seed)
        text += draw(self.spared_rows, split_by_picture(self.spared_rows)[1], limit, seed)

        def squares(rows: list[tuple[EncodedRows, int]], over: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return mean_squared_gradients(self, (source[index] for source, index in rows), over) if over else {}

        was_training = self.model.training
        self.model.eval()
        try:
            forget = squares(draw(self.forget_rows, range(len(self.forget_rows)), limit, seed), parameters)
            preserve = {**squares(pictured + text, language), **squares(pictured, vision)}
        finally:
            self.model.train(was_training)
        masks = {name: saliency_mask(forget[name], preserve[name]) for name in parameters}
        salient = sum(int(mask.sum()) for mask in masks.values())
        self.salient_share = salient / sum(mask.numel() for mask in masks.values())
        return masks

    def _masked(self, mask: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda gradient: gradient * mask if self.ascending else gradient

    def _get_train_sampler(self, train_dataset: Any = None) -> AlternatingSampler:
        args, paired = self.args, self.train_dataset
        return AlternatingSampler(
            len(paired.forget),
            len(paired.retain),
            seed=args.seed if args.data_seed is None else args.data_seed,
            block=args.train_batch_size * args.gradient_accumulation_steps * args.world_size,
        )


class _MaskedStep(TrainerCallback):
    """Restores weights that are not salient after an ascent step: momentum and weight decay would move them."""

    def __init__(self, trainer: MMUnlearnerTrainer) -> None:
        self.trainer = trainer
        self.saved: dict[str, Tensor] = {}

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.trainer.ascending:
            parameters = dict(self.trainer.model.named_parameters())
            self.saved = {name: parameters[name].detach()[~mask] for name, mask in self.trainer.masks.items()}

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.saved:
            parameters = dict(self.trainer.model.named_parameters())
            with torch.no_grad():
                for name, values in self.saved.items():
                    parameters[name][~self.trainer.masks[name]] = values
            self.saved = {}
