"""One training step of TRL's `SFTTrainer` on a few rows of a build."""

import torch
from datasets import Dataset, concatenate_datasets
from trl import SFTConfig, SFTTrainer

from lethebench.baselines import RowEncoder
from lethebench.baselines.trainer.rows import AnswerCollator

ONE_STEP = {
    "max_steps": 1, "learning_rate": 1e-2, "lr_scheduler_type": "constant", "max_length": None, "bf16": False,
    "use_cpu": True, "report_to": "none", "save_strategy": "no", "disable_tqdm": True,
}  # fmt: skip


def one_of_each_kind(splits) -> Dataset:
    """Return, from each split, one row of each modality and format."""
    samples = []
    for rows in splits:
        kinds = {}
        for index, kind in enumerate(zip(rows["modality"], rows["format"], strict=True)):
            kinds.setdefault(kind, index)
        samples.append(rows.select(kinds.values()))
    return concatenate_datasets(samples)


def check_step(trainer) -> None:
    """Train; assert that the loss is positive, that weights stay finite, and that the language model moved."""
    before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
    assert trainer.train().training_loss > 0
    after = dict(trainer.model.named_parameters())
    assert all(torch.isfinite(value).all() for value in after.values())
    moved = [name for name in after if not torch.equal(after[name], before[name])]
    assert any("language_model" in name for name in moved)
    assert any("lm_head" in name for name in moved)


def check_rows_train(rows: Dataset, model, processor, folder) -> None:
    """Assert that one batch of all rows trains a model through this project's collator."""
    arguments = SFTConfig(
        str(folder),
        per_device_train_batch_size=len(rows),
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        **ONE_STEP,
    )
    collator = AnswerCollator(RowEncoder(processor))
    check_step(SFTTrainer(model, arguments, collator, rows, processing_class=processor))
