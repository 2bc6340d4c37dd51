"""The reference: the model as it was before this stage, without a second copy of the model in memory.

Log-probabilities of answers are taken once, before the first step. Whole distributions, which a KL term needs, are too
large to keep for many rows: under LoRA they come from a frozen copy of the adapter, a few megabytes, on the same base;
under full fine-tuning they are kept for the retain rows that the stage will draw, up to a limit. For anything else,
hidden states for instance, `InitialWeights` keeps a copy of the trained parameters and runs the model with them.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from trl.trainer.utils import use_adapter

from lethebench.baselines.losses import sequence_logps
from lethebench.baselines.trainer.answer import AnswerTrainer
from lethebench.baselines.trainer.rows import EncodedRows
from lethebench.baselines.trainer.weights import evaluating, same_trained

ADAPTER = "lethebench_reference"


def row_logps(trainer: AnswerTrainer, model: nn.Module, rows: EncodedRows) -> Tensor:
    """Return the (N,) summed log-probabilities of the rows' answers under the model, in evaluation mode."""
    sums = []
    size = trainer.args.per_device_train_batch_size
    with evaluating(model), trainer.accelerator.autocast():
        for start in range(0, len(rows), size):
            batch = [rows[index] for index in range(start, min(start + size, len(rows)))]
            answers = trainer.answers(model, trainer.to_batch(batch))
            sums.append(sequence_logps(answers.logps, answers.mask))
    return torch.cat(sums)


def row_distributions(trainer: AnswerTrainer, model: nn.Module, rows: EncodedRows, indices: Sequence[int]) -> Tensor:
    """Return the (N, V) log-probabilities of the vocabulary at the answer tokens of some rows, in evaluation mode."""
    with evaluating(model), trainer.accelerator.autocast():
        inputs = trainer.to_batch([rows[index] for index in indices])
        whole = torch.ones(len(indices), dtype=torch.bool, device=inputs["input_ids"].device)
        distributions = trainer.answers(model, inputs, whole=whole).distributions
    assert distributions is not None
    return distributions


class InitialWeights:
    """A copy of the trained parameters before this stage, to run the model as it was.

    Under LoRA these are the adapter's; under full fine-tuning they take as much memory as the trained weights.

    Args:
        model: the model before this stage, PEFT-wrapped or not, not sharded.
    """

    def __init__(self, model: nn.Module) -> None:
        self.values = {
            name: parameter.detach().clone() for name, parameter in model.named_parameters() if parameter.requires_grad
        }

    @contextmanager
    def in_use(self, model: nn.Module) -> Iterator[None]:
        """Run the model with these weights inside, in evaluation mode and without gradients."""
        parameters = dict(model.named_parameters())
        current = {name: parameters[name].data for name in self.values}
        try:
            for name, value in self.values.items():
                parameters[name].data = value
            with evaluating(model):
                yield
        finally:
            for name, value in current.items():
                parameters[name].data = value


class StoredDistributions:
    """Distributions of the retain rows that a stage will draw, taken now and kept in float32 on the CPU.

    Args:
        trainer: runs the model.
        model: the model before this stage.
        rows: the retain set.
        indices: the retain rows that the stage will draw.
        limit_gib: the most memory to take, in GiB.

    Raises:
        ValueError: if they would take more than the limit.
    """

    def __init__(
        self, trainer: AnswerTrainer, model: nn.Module, rows: EncodedRows, indices: Sequence[int], limit_gib: float
    ) -> None:
        vocabulary = trainer.model.get_output_embeddings().weight.shape[0]
        size = 4 * vocabulary * sum(rows[index].answer_tokens for index in indices) / 2**30
        if size > limit_gib:
            raise ValueError(
                f"the KL term would keep {size:.1f} GiB of distributions for {len(indices)} retain rows, above "
                f"reference_gib={limit_gib}: give fewer retain rows or steps, train with LoRA, which "
                "keeps none, or raise the limit"
            )
        self._stored: dict[int, Tensor] = {}
        batch_size = trainer.args.per_device_train_batch_size
        for start in range(0, len(indices), batch_size):
            batch = indices[start : start + batch_size]
            distributions = row_distributions(trainer, model, rows, batch).float().cpu()
            sizes = [rows[index].answer_tokens for index in batch]
            self._stored.update(zip(batch, distributions.split(sizes), strict=True))

    def __call__(self, model: nn.Module, index: Tensor) -> Tensor:
        """Return the (N, V) distributions of the answer tokens of those retain rows."""
        return torch.cat([self._stored[row] for row in index.tolist()]).to(index.device)

    def close(self) -> None:
        """Free the distributions."""
        self._stored.clear()


def trains_one_adapter(model: nn.Module) -> bool:
    """Return whether all trained parameters belong to one adapter, so that a copy of it is a whole reference."""
    active = getattr(model, "active_adapters", []) if hasattr(model, "peft_config") else []
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    return len(active) == 1 and all(f".{active[0]}." in f"{name}." for name in trained)


class FrozenAdapter:
    """A copy of the adapter before this stage on the same base; the base alone would be the wrong reference.

    Args:
        trainer: its PEFT model gets a second adapter that is never trained; checkpoints contain it too.
        rows: the retain set.
    """

    def __init__(self, trainer: AnswerTrainer, rows: EncodedRows) -> None:
        from peft import get_peft_model_state_dict, set_peft_model_state_dict

        self.trainer = trainer
        self.rows = rows
        model = trainer.model
        trained = model.active_adapter
        state = get_peft_model_state_dict(model, adapter_name=trained)
        config = copy.copy(model.peft_config[trained])
        if hasattr(config, "init_lora_weights"):
            config.init_lora_weights = True  # PiSSA and others would initialize from the base again
        with same_trained(model):
            model.add_adapter(ADAPTER, config)
            set_peft_model_state_dict(model, state, adapter_name=ADAPTER)
            model.set_adapter(trained)

    def __call__(self, model: nn.Module, index: Tensor) -> Tensor:
        """Return the (N, V) distributions of the answer tokens of those retain rows."""
        bare = self.trainer.accelerator.unwrap_model(model)
        with same_trained(bare), use_adapter(bare, ADAPTER):
            return row_distributions(self.trainer, model, self.rows, index.tolist())

    def close(self) -> None:
        """Remove the copy, so that it is not saved with the stage's result."""
        self.trainer.accelerator.unwrap_model(self.trainer.model).delete_adapter(ADAPTER)
