"""What the unlearning trainers share: pairs, answer log-probabilities, the reference, stopping when a loss breaks.

A method is a config and a trainer that says how a batch's forget and retain answers become a loss:

    class MyTrainer(UnlearningTrainer):
        def unlearning_loss(self, forget, retain):
            return ga_loss(forget.logps, forget.mask)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from datasets import Dataset
from torch import Tensor
from transformers.utils import is_torch_bf16_gpu_available
from trl import SFTConfig

from lethebench.baselines.data import EncodedRows, RowEncoder
from lethebench.baselines.losses import cross_entropy_loss
from lethebench.baselines.pairing import PairedRows, PairSampler
from lethebench.baselines.training import Answers, AnswerTrainer


@dataclass
class UnlearningConfig(SFTConfig):
    """Settings shared by the unlearning trainers; defaults that differ from SFTConfig's are the fields below.

    Attributes:
        max_length: None, since truncating would cut picture tokens.
        remove_unused_columns: False, the trainers read whole QA rows.
        bf16: where absent, on accelerators that have it and nowhere else; TRL's default fails without one.
        frozen: a regular expression on parameter names; parameters in which it is found are not trained. None leaves
            every parameter as it is.
    """

    max_length: int | None = field(default=None, metadata={"help": "No truncation: it would cut picture tokens."})
    remove_unused_columns: bool = field(default=False, metadata={"help": "The trainers read whole QA rows."})
    frozen: str | None = field(default=None, metadata={"help": "Regular expression of parameters not to train."})

    def __post_init__(self):
        if self.bf16 is None:
            self.bf16 = not self.fp16 and is_torch_bf16_gpu_available()
        super().__post_init__()


class UnlearningTrainer(AnswerTrainer):
    """Base of the unlearning trainers; used as TRL's trainers are.

    Each step takes a batch of forget rows and, where the method has a retain term, as many retain rows, in one forward
    pass. The reference is the model as it is when `train` is called: its log-probabilities of the forget answers are
    taken once, in evaluation mode, so no second model is held and neither LoRA nor full fine-tuning changes what it is.

    Args:
        model: a vision-language model, a PEFT model whose adapter goes on being trained, or a path or Hub id.
        args: the method's config.
        train_dataset: the forget set, QA rows.
        retain_dataset: the retain set, QA rows; methods without a retain term ignore it.
        processing_class: the model's processor; loaded from the model's path where absent.
        encoder: a `RowEncoder` of that processor to share its cache between stages.
        kwargs: what SFTTrainer takes, `peft_config`, `optimizers` and `callbacks` among them.

    Raises:
        ValueError: if the forget set is empty, or the method needs retain rows and has none.
    """

    config_class: ClassVar[type[UnlearningConfig]] = UnlearningConfig
    uses_reference: ClassVar[bool] = False
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
        if train_dataset is None or len(train_dataset) == 0:
            raise ValueError(f"{name} got an empty forget set as train_dataset: there is nothing to unlearn")
        uses_retain = self.uses_retain(args)
        if uses_retain and (retain_dataset is None or len(retain_dataset) == 0):
            raise ValueError(
                f"{name} has a retain term but retain_dataset is empty: give retain rows, or a config without the term"
            )
        super().__init__(
            model,
            args=args,
            train_dataset=train_dataset,
            processing_class=processing_class,
            encoder=encoder,
            frozen=args.frozen,
            **kwargs,
        )
        retain_rows = EncodedRows(retain_dataset, self.encoder) if uses_retain else None
        self.forget_rows: EncodedRows = self.train_dataset
        self.train_dataset = PairedRows(self.forget_rows, retain_rows)
        self.reference_logps: Tensor | None = None

    @classmethod
    def uses_retain(cls, args: UnlearningConfig) -> bool:
        """Whether the loss has a retain term under these settings."""
        return False

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """The method: a scalar from the forget answers and, where `uses_retain`, the retain answers."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its loss is: override unlearning_loss")

    def train(self, *args, **kwargs):
        """Trains as SFTTrainer does, after taking the reference where the method has one."""
        if self.uses_reference:
            self.reference_logps = self.forget_logps()
        return super().train(*args, **kwargs)

    def forget_logps(self) -> Tensor:
        """(N,) summed log-probabilities of the forget answers under the model as it is now, in evaluation mode."""
        was_training = self.model.training
        self.model.eval()
        sums = []
        size = self.args.per_device_train_batch_size
        with torch.no_grad(), self.accelerator.autocast():
            for start in range(0, len(self.forget_rows), size):
                rows = [self.forget_rows[place] for place in range(start, min(start + size, len(self.forget_rows)))]
                answers = self.answers(self.model, self._prepare_inputs(self.data_collator(rows)))
                sums.append(answers.logps.sum(-1))
        self.model.train(was_training)
        return torch.cat(sums)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The method's loss on a paired batch; on plain rows (`evaluate`) their cross-entropy."""
        if "forget_index" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        index = inputs["forget_index"]
        answers = self.answers(model, {name: value for name, value in inputs.items() if name != "forget_index"})
        count = len(index)
        reference = None if self.reference_logps is None else self.reference_logps.to(index.device)[index]
        forget = Answers(answers.logps[:count], answers.mask[:count], reference)
        retain = Answers(answers.logps[count:], answers.mask[count:]) if len(answers.mask) > count else None
        loss = self.unlearning_loss(forget, retain)
        self._record("forget_ce", forget)
        if retain is not None:
            self._record("retain_ce", retain)
        self.check_finite(loss)
        return (loss, answers) if return_outputs else loss

    def _record(self, name: str, answers: Answers) -> None:
        mode = "train" if self.model.training else "eval"
        self._metrics[mode][name].append(cross_entropy_loss(answers.logps.detach(), answers.mask).item())

    def _get_train_sampler(self, train_dataset=None) -> PairSampler:
        paired = self.train_dataset
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return PairSampler(len(paired.forget), 0 if paired.retain is None else len(paired.retain), seed=seed)
