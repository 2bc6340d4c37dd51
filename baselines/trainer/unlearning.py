"""What the unlearning trainers share: pairs, answer log-probabilities, the reference, stopping when a loss breaks.

A method is a config and a trainer that says how a batch's forget and retain answers become a loss:

    class MyTrainer(UnlearningTrainer):
        def unlearning_loss(self, forget, retain):
            return ga_loss(forget.logps, forget.mask) + self.retain_term(retain)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from datasets import Dataset
from torch import Tensor
from transformers import TrainerCallback
from transformers.utils import is_torch_bf16_gpu_available
from trl import SFTConfig

from lethebench.baselines.losses import cross_entropy_loss, kl_loss
from lethebench.baselines.trainer.answer import Answers, AnswerTrainer
from lethebench.baselines.trainer.pairs import PairedRows, PairSampler
from lethebench.baselines.trainer.reference import FrozenAdapter, StoredDistributions, row_logps, trains_one_adapter
from lethebench.baselines.trainer.refusals import RefusedRows
from lethebench.baselines.trainer.rows import (
    EncodedRow,
    EncodedRows,
    RowEncoder,
    check_pictures,
    of_modality,
)
from lethebench.baselines.trainer.settings_checks import FIXED, FIXED_IN_PAIRS, check_fixed, check_rows, check_training
from lethebench.contract.columns import MODALITY_CHOICES

RETAIN_LOSSES = ("ce", "kl", "none")
SHARE = "share_of_step"


@dataclass
class UnlearningConfig(SFTConfig):
    """Settings shared by the unlearning trainers; defaults that differ from SFTConfig's are the fields below.

    Attributes:
        max_length: None, since truncating would cut picture tokens.
        remove_unused_columns: False, the trainers read whole QA rows.
        bf16: where absent, on accelerators that have it and nowhere else; TRL's default fails without one.
        frozen: a regular expression on parameter names; parameters in which it is found are not trained. None leaves
            every parameter as it is.
        modality: which forget rows are unlearnt: those with a picture ("image_text"), those without ("text"), or
            "both". Retain rows are not chosen by it.
        retain_weight: of the retain term, >= 0, where the method has one.
        reference_gib: the most memory that stored reference distributions may take, in GiB.
    """

    max_length: int | None = field(default=None, metadata={"help": "No truncation: it would cut picture tokens."})
    remove_unused_columns: bool = field(default=False, metadata={"help": "The trainers read whole QA rows."})
    frozen: str | None = field(default=None, metadata={"help": "Regular expression of parameters not to train."})
    modality: str = field(default="both", metadata={"help": "Forget rows to unlearn: image_text, text or both."})
    retain_weight: float = field(default=1.0, metadata={"help": "Weight of the retain term."})
    reference_gib: float = field(default=4.0, metadata={"help": "Most memory for stored distributions, in GiB."})

    def __post_init__(self):
        if self.bf16 is None:
            self.bf16 = not self.fp16 and is_torch_bf16_gpu_available()
        super().__post_init__()
        check_fixed(self, {**FIXED, **FIXED_IN_PAIRS})
        check_training(self)
        if self.modality not in MODALITY_CHOICES:
            raise ValueError(f"modality is {self.modality!r}: choose one of {', '.join(MODALITY_CHOICES)}")
        if not self.retain_weight >= 0:
            raise ValueError(f"retain_weight is {self.retain_weight}: below 0 it would unlearn the retain set")


@dataclass
class RetainChoiceConfig(UnlearningConfig):
    """Settings of methods whose retain term is a choice.

    Attributes:
        retain_loss: "ce" adds cross-entropy on retain rows, "kl" adds KL(original, current) on them, "none" nothing.
    """

    retain_loss: str = field(default="none", metadata={"help": "Retain term: ce, kl or none."})

    def __post_init__(self):
        super().__post_init__()
        if self.retain_loss not in RETAIN_LOSSES:
            raise ValueError(f"retain_loss is {self.retain_loss!r}: choose one of {', '.join(RETAIN_LOSSES)}")


class UnlearningTrainer(AnswerTrainer):
    """Base of the unlearning trainers; used as TRL's trainers are.

    Each step takes a batch of forget rows and, where the method has a retain term, as many retain rows, in one forward
    pass. The reference is the model as it is when `train` is called (see `reference.py`): no second model is held, and
    neither LoRA nor full fine-tuning changes what it is.

    Args:
        model: a vision-language model, a PEFT model whose adapter goes on being trained, or a path or Hub id.
        args: the method's config.
        train_dataset: the forget set, QA rows.
        retain_dataset: the retain set, QA rows; methods without a retain term ignore it.
        processing_class: the model's processor; loaded from the model's path where absent.
        encoder: a `RowEncoder` of that processor to share its cache between stages.
        kwargs: what SFTTrainer takes, `peft_config`, `optimizers` and `callbacks` among them.

    Raises:
        ValueError: if the forget set is empty, the method needs retain rows and has none, or `args` is not the method's
            config.
    """

    config_class: ClassVar[type[UnlearningConfig]] = UnlearningConfig
    uses_reference: ClassVar[bool] = False  # of the forget answers; a KL retain term brings its own
    uses_refusals: ClassVar[bool] = False
    # Losses are means over rows of a micro-batch, not sums over the tokens of an accumulated batch.
    loss_is_scaled_for_ga = False

    def __init__(
        self,
        model,
        args: UnlearningConfig | None = None,
        train_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        retain_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        processing_class=None,
        *,
        encoder: RowEncoder | None = None,
        **kwargs,
    ):
        name = type(self).__name__
        if args is None:
            args = self.config_class()
        if not isinstance(args, self.config_class):
            raise ValueError(f"{name} takes {self.config_class.__name__} as args, not {type(args).__name__}")
        check_rows(() if train_dataset is None else train_dataset, "train_dataset")
        check_rows(() if retain_dataset is None else retain_dataset, "retain_dataset")
        if train_dataset is None or len(train_dataset) == 0:
            raise ValueError(f"{name} got an empty forget set as train_dataset: there is nothing to unlearn")
        forget = of_modality(train_dataset, args.modality)
        if len(forget) == 0:
            raise ValueError(
                f"{name} got no forget row of modality {args.modality!r} among {len(train_dataset)}: "
                "there is nothing to unlearn; choose another modality"
            )
        if self.uses_retain(args) and (retain_dataset is None or len(retain_dataset) == 0):
            raise ValueError(
                f"{name} has a retain term but retain_dataset is empty: give retain rows, or a config without the term"
            )
        super().__init__(
            model,
            args=args,
            train_dataset=self.forget_set(forget, args),
            processing_class=processing_class,
            encoder=encoder,
            frozen=args.frozen,
            **kwargs,
        )
        self.forget_rows: EncodedRows = self.train_dataset
        refusals = RefusedRows(forget, seed=args.seed) if self.uses_refusals else None
        self.refusal_rows = None if refusals is None else EncodedRows(refusals, self.encoder)
        retain_rows = EncodedRows(retain_dataset, self.encoder) if self.uses_retain(args) else None
        self.train_dataset = PairedRows(self.forget_rows, retain_rows, self.refusal_rows)
        self.reference_logps: Tensor | None = None
        self.refusal_logps: Tensor | None = None
        self.retain_reference: StoredDistributions | FrozenAdapter | None = None
        self.add_callback(_ShardedReference(self))

    @classmethod
    def retain_loss(cls, args: UnlearningConfig) -> str:
        """The retain term under these settings: "ce", "kl" or "none"."""
        return getattr(args, "retain_loss", "none")

    @classmethod
    def uses_retain(cls, args: UnlearningConfig) -> bool:
        """Whether steps need retain rows under these settings."""
        return cls.retain_loss(args) != "none"

    def forget_set(self, rows, args: UnlearningConfig):
        """The rows that the forget part of a step is made of; a method may put other answers to their questions."""
        return rows

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """The method: a scalar from the forget answers and, where `uses_retain`, the retain answers.

        Raises:
            NotImplementedError: here, since every method has its own.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its loss is: override unlearning_loss")

    def retain_term(self, retain: Answers | None) -> Tensor | float:
        """`retain_weight` times E_r[ce(y)], or KL(original, current) on the retain rows, or nothing."""
        kind = self.retain_loss(self.args)
        if kind == "none":
            return 0.0
        if kind == "kl":
            loss = kl_loss(retain.distributions, retain.reference_distributions, retain.mask)
            self._metrics["train" if self.model.training else "eval"]["retain_kl"].append(loss.item())
        else:
            loss = cross_entropy_loss(retain.logps, retain.mask)
        return self.args.retain_weight * loss

    def train(self, resume_from_checkpoint=None, *args, **kwargs):
        """Trains as SFTTrainer does, after a look at every picture and after taking the reference."""
        fsdp = getattr(self.accelerator.state, "fsdp_plugin", None)
        if fsdp is not None and fsdp.activation_checkpointing and self.is_lora:
            raise ValueError(
                "FSDP's own activation checkpointing hides the adapter from PEFT, which would save nothing of it: set "
                "fsdp_activation_checkpointing: false in accelerate's config and activation_checkpointing here"
            )
        check_pictures(self.forget_rows, range(len(self.forget_rows)))
        if self.train_dataset.retain is not None:
            check_pictures(self.train_dataset.retain, self.retain_drawn())
        needs_reference = self.uses_reference or self.retain_loss(self.args) == "kl"
        if self.is_sharded and resume_from_checkpoint and needs_reference:
            raise ValueError(
                f"{type(self).__name__} cannot resume in the middle of a stage under FSDP or DeepSpeed: the model "
                "before the stage is gone; start the stage again"
            )
        try:
            if self.retain_loss(self.args) == "kl" and trains_one_adapter(self.model):
                self.retain_reference = FrozenAdapter(self)
            if not self.is_sharded:
                self.take_reference(self.model)
            return super().train(resume_from_checkpoint, *args, **kwargs)
        finally:
            if self.retain_reference is not None:
                self.retain_reference.close()
                self.retain_reference = None

    def take_reference(self, model) -> None:
        """Scores what the losses compare with under the model as it is now."""
        if self.uses_reference:
            self.reference_logps = row_logps(self, model, self.forget_rows)
            if self.uses_refusals:
                self.refusal_logps = row_logps(self, model, self.refusal_rows)
        if self.retain_loss(self.args) == "kl" and self.retain_reference is None:
            self.retain_reference = StoredDistributions(self, model, self.retain_drawn())

    def forget_logps(self) -> Tensor:
        """(N,) summed log-probabilities of the forget answers under the model as it is now, in evaluation mode."""
        return row_logps(self, self.model, self.forget_rows)

    def retain_drawn(self) -> list[int]:
        """The retain rows that this stage will draw, in increasing order."""
        args = self.args
        if args.max_steps > 0:
            pairs = args.max_steps * args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        else:
            pairs = -int(-args.num_train_epochs // 1) * len(self.forget_rows)
        return self._get_train_sampler().retain_drawn(pairs)

    def to_batch(self, rows: Sequence[EncodedRow]) -> dict[str, Any]:
        """Encoded rows as a batch on the model's device."""
        return self._prepare_inputs(self.data_collator(rows))

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """As Trainer's; each batch says its share of the step, so that every row weighs the same in an uneven one."""
        batches, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        rows = [max(len(batch["forget_index"]), len(batch["retain_index"])) for batch in batches]
        shares = [count * len(rows) / sum(rows) for count in rows]
        return [{**batch, SHARE: share} for batch, share in zip(batches, shares, strict=True)], items

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The method's loss on a paired batch; on plain rows (`evaluate`) their cross-entropy."""
        if "forget_index" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs = dict(inputs)
        index, retain_index, share = inputs.pop("forget_index"), inputs.pop("retain_index"), inputs.pop(SHARE, 1.0)
        reference = None
        if self.retain_reference is not None:
            reference = self.retain_reference(model, retain_index)  # before the graph that it must not touch
        rows = len(inputs["labels"])
        is_retain = torch.arange(rows, device=index.device) >= rows - len(retain_index)
        answers = self.answers(model, inputs, whole=None if reference is None else is_retain)
        forget, retain = self._parts(answers, index, retain_index, reference)
        loss = share * self.unlearning_loss(forget, retain)
        self._record("forget_ce", forget)
        self._record("retain_ce", retain)
        self.check_finite(loss)
        return (loss, answers) if return_outputs else loss

    def _parts(
        self, answers: Answers, index: Tensor, retain_index: Tensor, reference: Tensor | None
    ) -> tuple[Answers | None, Answers | None]:
        """The forget answers (with their refusals) and the retain answers of a paired batch, None where it has none."""

        def part(start: int, count: int, before: Tensor | None = None) -> Answers | None:
            known = None if before is None else before.to(index.device)[index]
            return Answers(answers.logps[start:][:count], answers.mask[start:][:count], known) if count else None

        forget = part(0, len(index), self.reference_logps)
        retain = part(len(answers.mask) - len(retain_index), len(retain_index))
        if forget is not None and self.uses_refusals:
            forget = forget._replace(refusals=part(len(index), len(index), self.refusal_logps))
        if reference is not None:
            retain = retain._replace(distributions=answers.distributions, reference_distributions=reference)
        return forget, retain

    def _record(self, name: str, answers: Answers | None) -> None:
        if answers is not None:
            mode = "train" if self.model.training else "eval"
            self._metrics[mode][name].append(cross_entropy_loss(answers.logps.detach(), answers.mask).item())

    def _get_train_sampler(self, train_dataset=None) -> PairSampler:
        paired = self.train_dataset
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return PairSampler(len(paired.forget), 0 if paired.retain is None else len(paired.retain), seed=seed)


class _ShardedReference(TrainerCallback):
    """Takes the reference once the model is sharded: before that, no device may be able to hold it."""

    def __init__(self, trainer: UnlearningTrainer):
        self.trainer = trainer

    def on_train_begin(self, args, state, control, **kwargs):
        if self.trainer.is_sharded:
            self.trainer.take_reference(self.trainer.model_wrapped)
