"""Batches of a stage over several processes, such that a step has the rows that it has in one process."""

from collections.abc import Mapping
from typing import Any

from lethebench.contract.processes import num_processes

BATCH, ACCUMULATION = "per_device_train_batch_size", "gradient_accumulation_steps"


def spread(settings: Mapping[str, Any]) -> dict[str, int]:
    """Return batch size and accumulation of each process, so that a step has as many rows as in one process.

    Args:
        settings: Fields of TrainingArguments for one process.

    Raises:
        ValueError: The rows of a step cannot be divided among the processes.
    """
    count = num_processes()
    batch, accumulation = settings.get(BATCH, 8), settings.get(ACCUMULATION, 1)
    if count == 1:
        return {}
    if batch % count == 0:
        return {BATCH: batch // count, ACCUMULATION: accumulation}
    if accumulation % count == 0:
        return {BATCH: batch, ACCUMULATION: accumulation // count}
    raise ValueError(
        f"a step of {batch} x {accumulation} rows ({BATCH} x {ACCUMULATION}) cannot be divided among {count} "
        f"processes: set one of them to a multiple of {count}"
    )
