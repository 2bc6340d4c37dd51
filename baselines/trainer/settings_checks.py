"""Checks before anything is loaded or trained: settings that the trainers would ignore, rows they cannot read."""

import math
import re
from collections.abc import Mapping
from typing import Any

COLUMNS = ("images", "question", "answer")

# Settings of SFTConfig that would have no effect in these trainers, with the values that they may have.
FIXED = {
    "label_smoothing_factor": (0.0,),
    "loss_type": ("nll",),
    "completion_only_loss": (None, True),
    "assistant_only_loss": (False,),
    "packing": (False,),
    "eval_packing": (None, False),
    "padding_free": (False,),
}
# The same for the unlearning trainers, whose rows come in pairs and are not truncated.
FIXED_IN_PAIRS = {"max_length": (None,), "remove_unused_columns": (False,), "train_sampling_strategy": ("random",)}
# Arguments of SFTTrainer that would never be called.
UNCALLED = {
    "compute_loss_func": "the loss is the trainer's own: override `unlearning_loss`",
    "compute_metrics": "no logits are gathered: score the model with lethebench.evaluation",
    "formatting_func": "rows are read by their columns images, question and answer",
}


def check_fixed(args: Any, fixed: Mapping[str, tuple]) -> None:
    """Raise if a setting would have no effect.

    Args:
        args: the config, or None.
        fixed: setting -> values that it may have.

    Raises:
        ValueError: for the first setting with another value.
    """
    for name, allowed in fixed.items():
        value = getattr(args, name, allowed[0])
        if value not in allowed:
            raise ValueError(f"{name}={value!r} has no effect in these trainers: leave it at {allowed[0]!r}")


def check_called(trainer: str, arguments: Mapping[str, Any]) -> None:
    """Raise if a function is passed that would never be called.

    Args:
        trainer: its name, for the message.
        arguments: keyword arguments of the trainer.

    Raises:
        ValueError: for the first of them.
    """
    for name, reason in UNCALLED.items():
        if arguments.get(name) is not None:
            raise ValueError(f"{trainer} does not use {name}: {reason}")


def check_training(args: Any) -> None:
    """Raise if nothing could be trained with a config.

    Raises:
        ValueError: naming the setting.
    """
    for name in ("per_device_train_batch_size", "gradient_accumulation_steps"):
        if getattr(args, name) < 1:
            raise ValueError(f"{name} is {getattr(args, name)}: give 1 or more")
    if not 0 <= args.learning_rate < math.inf:
        raise ValueError(f"learning_rate is {args.learning_rate}: give a number that is 0 or more")
    if args.max_steps <= 0 and args.num_train_epochs <= 0:
        raise ValueError(
            f"num_train_epochs is {args.num_train_epochs}: nothing would be trained; give more, or max_steps"
        )
    try:
        re.compile(getattr(args, "frozen", None) or "")
    except re.error as error:
        raise ValueError(f"frozen is {args.frozen!r}, which is not a regular expression: {error}") from None


def check_rows(rows: Any, name: str) -> None:
    """Raise unless the rows are QA rows that can be read by index.

    Args:
        rows: the argument.
        name: the argument's name, for the message.

    Raises:
        ValueError: for None, a dict of splits, a stream, or rows without the columns of QA rows.
    """
    if rows is None:
        raise ValueError(f"{name} is absent: give a Dataset or a list of rows")
    kind = type(rows).__name__
    if isinstance(rows, Mapping):
        raise ValueError(f"{name} is of type {kind} and holds {', '.join(map(str, rows))}: give one of them")
    if not (hasattr(rows, "__len__") and hasattr(rows, "__getitem__")):
        raise ValueError(f"{name} is of type {kind}, which cannot be read by index: give a Dataset or a list of rows")
    if len(rows) == 0:
        return
    if not isinstance(rows[0], Mapping):
        raise ValueError(f"{name} is of type {kind} over {type(rows[0]).__name__}: give a Dataset or a list of dicts")
    columns = getattr(rows, "column_names", None) or list(rows[0])
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise ValueError(
            f"{name} has no column {', '.join(missing)}: QA rows have {', '.join(COLUMNS)}, these have "
            f"{', '.join(map(str, columns))}"
        )


def check_evaluated(datasets: Any) -> None:
    """Check one set to evaluate on, or a dict of several, like `check_rows`; streams are not checked.

    Raises:
        ValueError: for rows without the columns of QA rows.
    """
    for rows in datasets.values() if isinstance(datasets, Mapping) else [datasets]:
        if hasattr(rows, "__getitem__"):
            check_rows(rows, "eval_dataset")
