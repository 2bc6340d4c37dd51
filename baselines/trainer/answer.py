"""The trainer of stage 1 and the base of every unlearning trainer: SFTTrainer on QA rows, encoded once."""

import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import get_total_norm
from transformers import AutoProcessor, TrainerCallback
from trl import SFTTrainer
from trl.trainer.utils import get_config_model_id

from lethebench.baselines.checkpoints.weights import load_weights
from lethebench.baselines.losses import token_logps
from lethebench.baselines.trainer.answer_logits import answer_logits, is_packed
from lethebench.baselines.trainer.rows import (
    IGNORED,
    AnswerCollator,
    EncodedRow,
    EncodedRows,
    RowEncoder,
    undecoded,
)
from lethebench.baselines.trainer.selection import num_pictures, select_rows, with_row
from lethebench.baselines.trainer.settings_checks import FIXED, check_called, check_evaluated, check_fixed, check_rows
from lethebench.baselines.trainer.weights import check_lora, freeze, same_trained, train_in_float32, train_only
from lethebench.contract.conversation import conversation
from lethebench.contract.models import check_architecture, check_num_pictures, keeps_pictures_apart

# Settings of every stage of a run: no files, no reports, no progress bar; about 100 lines in the log.
QUIET = {
    "logging_steps": 0.01,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "dataloader_pin_memory": torch.cuda.is_available(),
}


class Answers(NamedTuple):
    """The answers of some rows under the current model.

    Attributes:
        logps: (B, T) log-probability of each answer token, 0 elsewhere; carries gradients.
        mask: (B, T), True on the N answer tokens.
        reference: (B,) summed log-probabilities before this stage, for forget rows of trainers that use a reference.
            This and all that follow are None (or empty) for other trainers.
        distributions: (N, V) log-probabilities of the whole vocabulary at the answer tokens, row by row, on request.
        reference_distributions: (N, V) the same before this stage, for retain rows under a KL retain term.
        refusals: the refusals to the same questions, for forget rows of trainers that use them.
        hidden: layer -> (N, D) states at the positions that predict the answer tokens, row by row, on request.
        initial: the same rows under the model before this stage, without gradients, for trainers that use it.
    """

    logps: Tensor
    mask: Tensor
    reference: Any = None
    distributions: Any = None
    reference_distributions: Any = None
    refusals: Any = None
    hidden: Mapping[int, Tensor] = MappingProxyType({})
    initial: Any = None

    def rows(self, start: int, count: int) -> "Answers":
        """Return `count` rows from `start` on, with their hidden states and initial answers."""
        mask = self.mask[start : start + count]
        first = int(self.mask[:start].sum())
        tokens = slice(first, first + int(mask.sum()))
        return Answers(
            self.logps[start : start + count],
            mask,
            hidden={layer: states[tokens] for layer, states in self.hidden.items()},
            initial=None if self.initial is None else self.initial.rows(start, count),
        )


class AnswerTrainer(SFTTrainer):
    """SFTTrainer that takes QA rows and projects only the positions that predict an answer onto the vocabulary.

    The loss is SFTTrainer's own for prompt/completion rows: the mean over the batch's answer tokens of -log p. TRL's
    fused head scores every position where there is no Triton, which doubles the cost of a step on a CPU.

    Args:
        model: a vision-language model, a PEFT model whose adapter is trained further, or a path or Hub id. Trained
            weights are converted to float32: in 16 bits small steps are rounded away.
        args: an SFTConfig; no row is cut to its `max_length`.
        train_dataset: QA rows.
        processing_class: the model's processor; by default the encoder's, or loaded from the model's path.
        encoder: a `RowEncoder` of that processor, to share its cache between stages.
        trained: regular expression of the only parameters to train.
        frozen: regular expression of parameters not to train.
        kwargs: arguments of SFTTrainer, such as `peft_config`, `optimizers` and `callbacks`.

    Raises:
        ValueError: if a LoRA matches no layer, no parameter is trained, the encoder is another processor's, the rows
            are not QA rows, or a setting is given that would have no effect.
    """

    # TRL's types of these are unions that no trainer here can be given.
    model: Any
    args: Any
    train_dataset: Any
    gradient_norm: Any = None
    """Of the step that is taken, before clipping; None where the engine does not return it."""

    def __init__(
        self,
        model: Any,
        args: Any = None,
        train_dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
        processing_class: Any = None,
        *,
        encoder: RowEncoder | None = None,
        trained: str | None = None,
        frozen: str | None = None,
        **kwargs: Any,
    ) -> None:
        check_fixed(args, FIXED)
        check_called(type(self).__name__, kwargs)
        check_rows(train_dataset, "train_dataset")
        check_evaluated(kwargs.get("eval_dataset"))
        if args is not None:
            args.remove_unused_columns = False  # rows are read whole
        if processing_class is None:
            processing_class = _processor(model) if encoder is None else encoder.processor
        if encoder is not None and encoder.processor is not processing_class:
            raise ValueError(
                "encoder belongs to another processor than processing_class: rows would be encoded with that one"
            )
        self.encoder = encoder or RowEncoder(processing_class)
        self.collate: Any = AnswerCollator(self.encoder, mark_pictures=True)
        if kwargs.get("peft_config") is not None and isinstance(model, nn.Module):
            check_lora(model, kwargs["peft_config"])
        own_forward = None if isinstance(model, str) else vars(_bare(model)).get("forward")
        super().__init__(
            model,
            args=args,
            data_collator=self.collate,
            train_dataset=sample(),
            processing_class=processing_class,
            **kwargs,
        )
        check_architecture(self.model)
        for row in undecoded(train_dataset) if keeps_pictures_apart(self.model) else ():
            check_num_pictures(self.model, len(row.get("images") or ()), f"row {row.get('id', '?')}")
        # TRL's fused head replaces the model's forward, which a copy of the model would share with the original.
        vars(_bare(self.model)).pop("forward", None)
        if own_forward is not None:
            _bare(self.model).forward = own_forward
        if trained:
            train_only(self.model, trained)
        if frozen:
            freeze(self.model, frozen)
        if not self.is_deepspeed_enabled:  # DeepSpeed keeps its own float32 weights
            train_in_float32(self.model)
        if not any(value.requires_grad for value in self.model.parameters()):
            raise ValueError(
                f"{type(self).__name__} got a model without trained parameters: every parameter is frozen, as PEFT "
                "leaves them under an adapter; call `model.requires_grad_(True)`, freeze less or pass a peft_config"
            )
        # TRL inferred the type of the data from a sample; from here on the rows are encoded.
        self.train_dataset = EncodedRows(train_dataset, self.encoder)
        self.add_callback(FiniteGradients(self))

    def to_batch(self, rows: Sequence[EncodedRow]) -> dict[str, Any]:
        """Return encoded rows as a batch on the model's device."""
        return self._prepare_inputs(self.collate(rows))

    def answers(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        *,
        whole: Tensor | None = None,
        layers: Sequence[int] = (),
    ) -> Answers:
        """Run the model on a batch and score its answers; only positions that predict them reach the head.

        Unless the model `is_packed`, rows with and without a picture go through it one after the other, each group as
        long as its longest row: picture tokens would make text rows several times longer than they are. Where pictures
        have a mask, so do rows with different numbers of pictures. In several processes, where a step may have one
        forward pass only, all go together; where they share weights, a batch without a picture gets a row with one that
        is not scored if another process has a picture, since all have to run the same modules.

        Args:
            model: the model, wrapped or not.
            inputs: a batch of `AnswerCollator`.
            whole: (B,) boolean, the rows whose whole distributions to return too.
            layers: the layers whose hidden states to return too; 0 is the embeddings, and the states of the last layer
                come after the final norm, as transformers returns them.

        Raises:
            ValueError: for a layer that the model does not have.
        """
        batch_size, length = inputs["labels"].shape
        counts = num_pictures(inputs)
        if self.is_sharded and self.accelerator.reduce(counts.max()) and not counts.any() and self.pictured_row:
            inputs = with_row(inputs, self.pictured_row, self.encoder.pad_token_id)
            counts = num_pictures(inputs)
            whole = whole if whole is None else functional.pad(whole, (0, 1))
        mask = inputs["labels"][:, 1:] != IGNORED
        together = self.accelerator.num_processes > 1 or (is_packed(model) and not layers)
        apart = [] if together else counts.unique().flip(0)
        logps = torch.zeros(mask.shape, device=mask.device)
        distributions, hidden, order = [], [], []
        for rows in [counts == count for count in apart] or [torch.ones_like(counts, dtype=torch.bool)]:
            batch = select_rows(inputs, rows)
            labels = batch.pop("labels")
            predicts = functional.pad(labels[:, 1:] != IGNORED, (0, 1))  # the last position predicts nothing
            more = {"output_hidden_states": True} if layers else {}
            logits, outputs = answer_logits(model, batch, predicts, **more)
            tokens = mask & rows.unsqueeze(1)
            logps = logps.masked_scatter(tokens, token_logps(logits, labels[:, 1:][predicts[:, :-1]]))
            if whole is None and not layers:
                continue
            order.append(tokens.flatten().nonzero().flatten())
            hidden.append({layer: _states(outputs, layer)[:, -predicts.shape[1] :][predicts] for layer in layers})
            if whole is not None:
                distributions.append(logits[whole.unsqueeze(1).expand_as(mask)[tokens]].float().log_softmax(-1))
        scored = logps[:batch_size, : length - 1], mask[:batch_size, : length - 1]
        if not order:
            return Answers(*scored)
        position = torch.cat(order)
        states = {layer: torch.cat([group[layer] for group in hidden])[position.argsort()] for layer in layers}
        if whole is None:
            return Answers(*scored, hidden=states)
        position = position[whole.unsqueeze(1).expand_as(mask).flatten()[position]]
        return Answers(*scored, distributions=torch.cat(distributions)[position.argsort()], hidden=states)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return SFTTrainer's loss; `num_items_in_batch` counts the answer tokens of the whole accumulated batch."""
        answers = self.answers(model, inputs)
        count = answers.mask.sum() if num_items_in_batch is None else num_items_in_batch
        loss = -answers.logps.sum() / count
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        self.check_finite(loss)
        return (loss, answers) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None) -> Any:
        """Return the loss alone: logits over the whole vocabulary are not gathered."""
        return super().prediction_step(model, inputs, True, ignore_keys)

    def check_finite(self, loss: Tensor) -> None:
        """Raise FloatingPointError naming the step if a loss to train on is not finite.

        In several processes the gradients are checked alone, since all processes have the same.
        """
        if self.accelerator.num_processes > 1:
            return
        if self.model.training and not torch.isfinite(loss):
            raise FloatingPointError(_broken(f"the loss is {loss.item()}", self.state.global_step))

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        self.gradient_norm = super()._get_grad_norm(model, grad_norm)
        return self.gradient_norm

    @property
    def row_sets(self) -> Sequence[EncodedRows]:
        """The sets of rows that batches are drawn from."""
        return [self.train_dataset]

    @cached_property
    def pictured_row(self) -> dict[str, Tensor] | None:
        """The first row with a picture as a batch, None if there is none."""
        for rows in self.row_sets:
            for index, row in enumerate(rows.rows):
                if row["images"]:
                    return self.to_batch([rows[index]])
        return None

    @property
    def is_lora(self) -> bool:
        """Whether an adapter is trained."""
        return hasattr(self.model, "peft_config")

    @property
    def is_sharded(self) -> bool:
        """Whether no process holds the whole model while it trains."""
        return self.is_fsdp_enabled or self.is_deepspeed_enabled

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.is_lora or self.is_sharded:
            with same_trained(self.model):
                super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            self._load_whole(resume_from_checkpoint)

    def _load_best_model(self) -> None:
        if self.is_lora or self.is_sharded:
            super()._load_best_model()
        else:
            self._load_whole(self.state.best_model_checkpoint)

    def _load_whole(self, folder: Any) -> None:
        """Load weights by `from_pretrained`: transformers 5 saves LLaVA's under names its Trainer cannot load."""
        if not Path(folder).is_dir():
            raise ValueError(f"there is no checkpoint at {folder}")
        saved = load_weights(type(self.model), str(folder), dtype=self.model.dtype, local_files_only=True)
        self.model.load_state_dict(saved.state_dict())

    def trained_model(self) -> nn.Module:
        """Return the model, PEFT-wrapped if it was, without the wrapper of mixed precision."""
        return self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)

    def whole_model(self, shared: Path | None) -> nn.Module:
        """Return the trained model; under FSDP or DeepSpeed it is saved by all processes and loaded whole in each.

        Args:
            shared: A folder that all processes see; None = leave a sharded model as it is.
        """
        if not self.is_sharded or shared is None:
            return self.trained_model()
        self.save_model(str(shared))
        self.accelerator.wait_for_everyone()
        if not self.is_lora:
            return load_weights(type(self.model), str(shared), local_files_only=True)
        from lethebench.baselines.loading import load_model

        return load_model(shared).model


class FiniteGradients(TrainerCallback):
    """Stops before a step whose gradients are not finite; the weights are then those of the last good step."""

    def __init__(self, trainer: AnswerTrainer) -> None:
        self.trainer = trainer
        self.scale = 0.0
        self.taken = 0

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Raise FloatingPointError naming the step; with fp16 only once the loss scale cannot be lowered further."""
        scaler = self.trainer.accelerator.scaler
        self.scale = 0.0 if scaler is None else scaler.get_scale()
        if self.scale > 1:
            return  # the scaler skips the step and lowers its scale
        norm = self.trainer.gradient_norm
        if norm is None:
            norm = get_total_norm(p.grad for p in self.trainer.model.parameters() if p.grad is not None)
        if not math.isfinite(norm):
            raise FloatingPointError(_broken("the gradients are not finite", state.global_step))

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        scaler = self.trainer.accelerator.scaler
        self.taken += scaler is None or scaler.get_scale() >= self.scale

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Raise FloatingPointError if fp16 skipped every step."""
        if self.trainer.accelerator.scaler is not None and state.global_step and not self.taken:
            raise FloatingPointError(
                f"all {state.global_step} steps were skipped because their gradients overflowed in fp16: the weights "
                "did not change; train with bf16 or for longer"
            )


def _processor(model: Any) -> Any:
    """The processor at the model's path."""
    path = model if isinstance(model, str) else get_config_model_id(model.config)
    if not path:
        raise ValueError("processing_class is absent and the model has no path to load it from: pass its processor")
    return AutoProcessor.from_pretrained(path, trust_remote_code=False)


def _bare(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _states(outputs: Any, layer: int) -> Tensor:
    states = getattr(outputs, "language_model_outputs", outputs).hidden_states
    if not 0 <= layer < len(states):
        raise ValueError(f"layer is {layer}: the language model has layers 1 to {len(states) - 1}")
    return states[layer]


def _broken(what: str, steps_done: int) -> str:
    return (
        f"{what} at step {steps_done + 1}: the weights are those after step {steps_done}; "
        "lower the learning rate or run fewer steps"
    )


@cache
def sample() -> Dataset:
    """Return a conversation without pictures; SFTTrainer infers the type of its data from it."""
    return Dataset.from_list([conversation({"question": "question", "answer": "answer", "images": []})])
