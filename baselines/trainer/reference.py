"""The reference: the model as it was before this stage, without a second copy of it in memory.

Log-probabilities of answers are taken once, before the first step, and kept. Whole distributions, which a KL term
needs, are too large to keep for many rows: under LoRA they come from a frozen copy of the adapter, a few megabytes, on
the same base; under full fine-tuning they are kept for the retain rows that the stage will draw, up to a stated size.
"""

import copy
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from trl.trainer.utils import use_adapter

from lethebench.baselines.losses import sequence_logps
from lethebench.baselines.trainer.rows import EncodedRows
from lethebench.baselines.trainer.weights import same_trained

if TYPE_CHECKING:
    from lethebench.baselines.trainer.unlearning import UnlearningTrainer

ADAPTER = "lethebench_reference"


@contextmanager
def evaluating(model):
    """Evaluation mode and no gradients inside, what it was before outside: a reference has no dropout."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def row_logps(trainer: "UnlearningTrainer", model, rows: EncodedRows) -> Tensor:
    """(N,) summed log-probabilities of the rows' answers under the model as it is now, in evaluation mode."""
    sums = []
    size = trainer.args.per_device_train_batch_size
    with evaluating(model), trainer.accelerator.autocast():
        for start in range(0, len(rows), size):
            part = [rows[place] for place in range(start, min(start + size, len(rows)))]
            answers = trainer.answers(model, trainer.to_batch(part))
            sums.append(sequence_logps(answers.logps, answers.mask))
    return torch.cat(sums)


def row_distributions(trainer: "UnlearningTrainer", model, rows: EncodedRows, places: Sequence[int]) -> Tensor:
    """(N, V) log-probabilities of the whole vocabulary at the answer tokens of some rows, in evaluation mode."""
    with evaluating(model), trainer.accelerator.autocast():
        inputs = trainer.to_batch([rows[place] for place in places])
        every = torch.ones(len(places), dtype=torch.bool, device=inputs["input_ids"].device)
        return trainer.answers(model, inputs, whole=every).distributions


class StoredDistributions:
    """Distributions of the retain rows that a stage will draw, taken now and kept in float32 on the CPU.

    Args:
        trainer: whose rows and settings are used.
        model: the model before this stage.
        places: the retain rows that the stage will draw.

    Raises:
        ValueError: if they would take more than `reference_gib` of the trainer's settings.
    """

    def __init__(self, trainer: "UnlearningTrainer", model, places: Sequence[int]):
        rows = trainer.train_dataset.retain
        vocabulary = trainer.model.get_output_embeddings().weight.shape[0]
        size = 4 * vocabulary * sum(rows[place].answer_tokens for place in places) / 2**30
        if size > trainer.args.reference_gib:
            raise ValueError(
                f"the KL term would keep {size:.1f} GiB of distributions for {len(places)} retain rows, above "
                f"reference_gib={trainer.args.reference_gib}: give fewer retain rows or steps, train with LoRA, which "
                "keeps none, or raise the limit"
            )
        self._kept: dict[int, Tensor] = {}
        batch = trainer.args.per_device_train_batch_size
        for start in range(0, len(places), batch):
            part = places[start : start + batch]
            found = row_distributions(trainer, model, rows, part).float().cpu()
            sizes = [rows[place].answer_tokens for place in part]
            self._kept.update(zip(part, found.split(sizes), strict=True))

    def __call__(self, model, index: Tensor) -> Tensor:
        """(N, V) distributions of the answer tokens of those retain rows."""
        return torch.cat([self._kept[place] for place in index.tolist()]).to(index.device)

    def close(self) -> None:
        """Lets go of what is kept."""
        self._kept.clear()


def trains_one_adapter(model) -> bool:
    """Whether all that is trained belongs to one adapter, so that a copy of it is all there is to keep."""
    active = getattr(model, "active_adapters", []) if hasattr(model, "peft_config") else []
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    return len(active) == 1 and all(f".{active[0]}." in f"{name}." for name in trained)


class FrozenAdapter:
    """A copy of the adapter's state before this stage on the same base; the base alone would be the wrong reference.

    Args:
        trainer: its PEFT model gets a second adapter that is never trained; checkpoints hold it too.
    """

    def __init__(self, trainer: "UnlearningTrainer"):
        from peft import get_peft_model_state_dict, set_peft_model_state_dict

        self.trainer = trainer
        model = trainer.model
        trained = model.active_adapter
        state = get_peft_model_state_dict(model, adapter_name=trained)
        config = copy.copy(model.peft_config[trained])
        if hasattr(config, "init_lora_weights"):
            config.init_lora_weights = True  # PiSSA and others would take their first weights from the base again
        with same_trained(model):
            model.add_adapter(ADAPTER, config)
            set_peft_model_state_dict(model, state, adapter_name=ADAPTER)
            model.set_adapter(trained)

    def __call__(self, model, index: Tensor) -> Tensor:
        """(N, V) distributions of the answer tokens of those retain rows."""
        bare = self.trainer.accelerator.unwrap_model(model)
        with same_trained(bare), use_adapter(bare, ADAPTER):
            return row_distributions(self.trainer, model, self.trainer.train_dataset.retain, index.tolist())

    def close(self) -> None:
        """Takes the copy off the model, so that it is not saved with the stage's result."""
        self.trainer.accelerator.unwrap_model(self.trainer.model).delete_adapter(ADAPTER)
