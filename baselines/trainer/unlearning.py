"""The base of the unlearning trainers: pairs of rows, answers under the current and the initial model, the reference.

A method is a config and a trainer whose loss is a function of a batch's forget and retain answers:

    class MyTrainer(UnlearningTrainer):
        config_class = MyConfig

        def unlearning_loss(self, forget, retain):
            return ga_loss(forget.logps, forget.mask) + self.retain_term(retain)
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from datasets import Dataset
from torch import Tensor
from transformers import PrinterCallback, TrainerCallback

from lethebench.baselines.losses import cross_entropy_loss, kl_loss
from lethebench.baselines.stage import Stage, UnlearnResult
from lethebench.baselines.trainer.answer import QUIET, Answers, AnswerTrainer
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.pairs import PairedRows, PairSampler
from lethebench.baselines.trainer.reference import (
    FrozenAdapter,
    InitialWeights,
    StoredDistributions,
    row_logps,
    trains_one_adapter,
)
from lethebench.baselines.trainer.refusals import RefusedRows
from lethebench.baselines.trainer.rows import EncodedRows, RowEncoder, check_pictures, of_modality
from lethebench.baselines.trainer.settings_checks import check_rows
from lethebench.baselines.trainer.spread import spread
from lethebench.contract.models import check_decoder_only

SHARE = "share_of_step"


class UnlearningTrainer(AnswerTrainer):
    """Base of the unlearning trainers; used like TRL's trainers.

    Each step takes a batch of forget rows and, if the method has a retain term, as many retain rows, in one forward
    pass. The reference is the model at the moment `train` is called (see `reference.py`).

    A method sets `config_class` and overrides `unlearning_loss`. It may also set `uses_reference`, `uses_refusals` or
    `uses_initial_model`, override `retain_loss`, `uses_retain`, `hidden_layers`, `trained_parameters` or `forget_set`,
    and set what its registry row says: `searched`, `base_weights`, `_paper`.

    Args:
        model: a vision-language model, a PEFT model whose adapter is trained further, or a path or Hub id.
        args: the method's config.
        train_dataset: the forget set, QA rows.
        retain_dataset: the retain set, QA rows; methods without a retain term ignore it.
        processing_class: the model's processor; loaded from the model's path by default.
        encoder: a `RowEncoder` of that processor, to share its cache between stages.
        kwargs: arguments of SFTTrainer, such as `peft_config`, `optimizers` and `callbacks`.

    Raises:
        ValueError: if the forget set is empty, the method needs retain rows and has none, or `args` is not the method's
            config.
    """

    config_class: ClassVar[type[UnlearningConfig]] = UnlearningConfig
    uses_reference: ClassVar[bool] = False
    """Whether `Answers.reference` of the forget rows is needed; a KL retain term has its own reference."""
    uses_refusals: ClassVar[bool] = False
    """Whether `Answers.refusals` of the forget rows is needed."""
    uses_initial_model: ClassVar[bool] = False
    """Whether `Answers.initial` is needed: a second forward pass, under the weights before this stage."""
    searched: ClassVar[tuple[str, ...]] = ()
    base_weights: ClassVar[bool] = False
    trains: ClassVar[bool] = True
    # Losses are means over rows of a micro-batch, not sums over the tokens of an accumulated batch.
    loss_is_scaled_for_ga: Any = False

    def __init__(
        self,
        model: Any,
        args: Any = None,
        train_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        retain_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        processing_class: Any = None,
        *,
        encoder: RowEncoder | None = None,
        **kwargs: Any,
    ) -> None:
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
            trained=self.trained_parameters(args),
            frozen=args.frozen,
            **kwargs,
        )
        if self.hidden_layers(args):
            check_decoder_only(self.model, name)
        self.forget_rows: EncodedRows = self.train_dataset
        refusals = RefusedRows(forget, seed=args.seed) if self.uses_refusals else None
        self.refusal_rows: Any = None if refusals is None else EncodedRows(refusals, self.encoder)
        retain_rows = EncodedRows(retain_dataset, self.encoder) if self.uses_retain(args) else None
        self.train_dataset = PairedRows(self.forget_rows, retain_rows, self.refusal_rows)
        self.reference_logps: Tensor | None = None
        self.refusal_logps: Tensor | None = None
        self.retain_reference: StoredDistributions | FrozenAdapter | None = None
        self.initial_weights: InitialWeights | None = None
        self.add_callback(_ShardedReference(self))

    @property
    def row_sets(self) -> Sequence[EncodedRows]:
        retain = self.train_dataset.retain
        return [self.forget_rows] if retain is None else [self.forget_rows, retain]

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Train on the rows of one stage."""
        lora = None if cls.base_weights or hasattr(stage.model, "peft_config") else stage.preset.lora
        saved = stage.checkpoints
        with tempfile.TemporaryDirectory() as scratch:
            settings = {**stage.settings(), **(saved.arguments() | spread(stage.settings()) if saved else {})}
            args = cls.config_class(**{"output_dir": scratch, **QUIET, "seed": stage.seed, **settings})
            trainer = cls(
                stage.model,
                args=args,
                train_dataset=stage.forget,
                retain_dataset=stage.retain,
                processing_class=stage.processor,
                encoder=stage.encoder,
                peft_config=None if lora is None else lora.peft_config(),
                callbacks=[*stage.callbacks, *(saved.callbacks() if saved else [])],
            )
            trainer.remove_callback(PrinterCallback)
            steps = trainer.train(saved.latest() if saved else None).global_step
            model = trainer.whole_model(saved.whole if saved else None)
        return UnlearnResult(model, stage.processor, steps, log=trainer.state.log_history, facts=trainer.facts())

    @classmethod
    def retain_loss(cls, args: Any) -> str:
        """Return the term that `retain_term` gives under these settings: "ce", "kl" or "none"."""
        return getattr(args, "retain_loss", "none")

    @classmethod
    def uses_retain(cls, args: Any) -> bool:
        """Return whether steps need retain rows under these settings."""
        return cls.retain_loss(args) != "none"

    @classmethod
    def hidden_layers(cls, args: Any) -> tuple[int, ...]:
        """Return the layers of the language model whose states `Answers.hidden` should hold; 0 is the embeddings."""
        return ()

    @classmethod
    def trained_parameters(cls, args: Any) -> str | None:
        """Return a regular expression of the parameters to train, None for all of them."""
        return None

    def forget_set(self, rows: Sequence[Mapping[str, Any]], args: Any) -> Sequence[Mapping[str, Any]]:
        """Return the rows for the forget part of a step; a method may replace their answers."""
        return rows

    def unlearning_loss(self, forget: Answers, retain: Any) -> Tensor:
        """Return the loss of a batch, a scalar.

        Args:
            forget: the answers of the forget rows.
            retain: the `Answers` of the retain rows, None unless `uses_retain`.

        Raises:
            NotImplementedError: unless a method overrides it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no loss: override unlearning_loss")

    def retain_term(self, retain: Any) -> Tensor | float:
        """Return `retain_weight` times E_r[ce(y)] or KL(initial, current) on the retain rows, 0 without a term."""
        kind = self.retain_loss(self.args)
        if kind == "none":
            return 0.0
        if kind == "kl":
            loss = kl_loss(retain.distributions, retain.reference_distributions, retain.mask)
            self._metrics["train" if self.model.training else "eval"]["retain_kl"].append(loss.item())
        else:
            loss = cross_entropy_loss(retain.logps, retain.mask)
        return self.args.retain_weight * loss

    def facts(self) -> dict[str, Any]:
        """Return what the record of a stage should hold in addition."""
        return {}

    def train(self, resume_from_checkpoint: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as SFTTrainer does, after checking every picture and taking the reference."""
        fsdp = getattr(self.accelerator.state, "fsdp_plugin", None)
        if fsdp is not None and fsdp.activation_checkpointing and self.is_lora:
            raise ValueError(
                "FSDP's own activation checkpointing hides the adapter from PEFT, which would save nothing of it: set "
                "fsdp_activation_checkpointing: false in accelerate's config and activation_checkpointing here"
            )
        check_pictures(self.forget_rows, range(len(self.forget_rows)))
        if self.train_dataset.retain is not None:
            check_pictures(self.train_dataset.retain, self.retain_drawn())
        uses_kl = self.retain_loss(self.args) == "kl"
        if self.is_sharded and self.uses_initial_model:
            raise ValueError(f"{type(self).__name__} keeps a copy of whole weights: FSDP and DeepSpeed shard them")
        if self.is_sharded and resume_from_checkpoint and (self.uses_reference or uses_kl):
            raise ValueError(
                f"{type(self).__name__} cannot resume in the middle of a stage under FSDP or DeepSpeed: the model "
                "before the stage is gone; start the stage again"
            )
        try:
            if uses_kl and trains_one_adapter(self.model):
                self.retain_reference = FrozenAdapter(self, self.train_dataset.retain)
            if self.uses_initial_model:
                self.initial_weights = InitialWeights(self.model)
            if not self.is_sharded:
                self.take_reference(self.model)
            return super().train(resume_from_checkpoint, *args, **kwargs)
        finally:
            self.initial_weights = None
            if self.retain_reference is not None:
                self.retain_reference.close()
                self.retain_reference = None

    def take_reference(self, model: Any) -> None:
        """Score what the losses compare with under the model as it is now."""
        if self.uses_reference:
            self.reference_logps = row_logps(self, model, self.forget_rows)
            if self.uses_refusals:
                self.refusal_logps = row_logps(self, model, self.refusal_rows)
        if self.retain_loss(self.args) == "kl" and self.retain_reference is None:
            rows, limit = self.train_dataset.retain, self.args.reference_gib
            self.retain_reference = StoredDistributions(self, model, rows, self.retain_drawn(), limit)

    def forget_logps(self) -> Tensor:
        """Return the (N,) summed log-probabilities of the forget answers under the model as it is now."""
        return row_logps(self, self.model, self.forget_rows)

    def retain_drawn(self) -> list[int]:
        """Return the retain rows that this stage will draw, in increasing order."""
        args = self.args
        if args.max_steps > 0:
            pairs = args.max_steps * args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        else:
            pairs = -int(-args.num_train_epochs // 1) * len(self.forget_rows)
        return self._get_train_sampler().retain_drawn(pairs)

    def get_batch_samples(self, epoch_iterator: Iterator, num_batches: int, device: Any) -> tuple[list[dict], Any]:
        """Add to each batch its share of the step, so that every row weighs the same in an uneven one."""
        batches, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        rows = [max(len(batch["forget_index"]), len(batch["retain_index"])) for batch in batches]
        shares = [count * len(rows) / sum(rows) for count in rows]
        return [{**batch, SHARE: share} for batch, share in zip(batches, shares, strict=True)], items

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the method's loss on a paired batch; on plain rows (`evaluate`) their cross-entropy."""
        if "forget_index" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs = dict(inputs)
        index, retain_index, share = inputs.pop("forget_index"), inputs.pop("retain_index"), inputs.pop(SHARE, 1.0)
        layers = self.hidden_layers(self.args)
        # References come before the graph of the step, which they must not touch.
        reference = None if self.retain_reference is None else self.retain_reference(model, retain_index)
        initial = None
        if self.initial_weights is not None:
            with self.initial_weights.in_use(self.accelerator.unwrap_model(model)):
                initial = self.answers(model, inputs, layers=layers)
        rows = len(inputs["labels"])
        is_retain = torch.arange(rows, device=index.device) >= rows - len(retain_index)
        answers = self.answers(model, inputs, whole=None if reference is None else is_retain, layers=layers)
        forget, retain = self._parts(answers._replace(initial=initial), index, retain_index, reference)
        loss = share * self.unlearning_loss(forget, retain)
        self._record("forget_ce", forget)
        self._record("retain_ce", retain)
        self.check_finite(loss)
        return (loss, answers) if return_outputs else loss

    def _parts(
        self, answers: Answers, index: Tensor, retain_index: Tensor, reference: Tensor | None
    ) -> tuple[Any, Any]:
        """The forget answers (with their refusals) and the retain answers of a paired batch, None where it has none."""

        def part(start: int, count: int, before: Tensor | None = None) -> Answers | None:
            if not count:
                return None
            reference = None if before is None else before.to(index.device)[index]
            return answers.rows(start, count)._replace(reference=reference)

        forget = part(0, len(index), self.reference_logps)
        retain: Any = part(len(answers.mask) - len(retain_index), len(retain_index))
        if forget is not None and self.uses_refusals:
            forget = forget._replace(refusals=part(len(index), len(index), self.refusal_logps))
        if reference is not None:
            retain = retain._replace(distributions=answers.distributions, reference_distributions=reference)
        return forget, retain

    def _record(self, name: str, answers: Answers | None) -> None:
        if answers is not None:
            mode = "train" if self.model.training else "eval"
            self._metrics[mode][name].append(cross_entropy_loss(answers.logps.detach(), answers.mask).item())

    def _get_train_sampler(self, train_dataset: Any = None) -> PairSampler:
        paired = self.train_dataset
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return PairSampler(len(paired.forget), 0 if paired.retain is None else len(paired.retain), seed=seed)


class _ShardedReference(TrainerCallback):
    """Takes the reference once the model is sharded: before that, no device may be able to hold it."""

    def __init__(self, trainer: UnlearningTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.trainer.is_sharded:
            self.trainer.take_reference(self.trainer.model_wrapped)
