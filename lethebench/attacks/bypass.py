"""Bypass what lies beside the weights: the gate over adapters and the system prompt."""

from collections.abc import Iterator

from datasets import Dataset

from lethebench.attacks.context import Attempt, Context
from lethebench.baselines.loading import Loaded


class Bypass:
    """Ask the weights alone: without the gate over adapters, with the chat template of the initial model.

    A model that has neither gives what it gives unattacked.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows."""
        processor = context.initial().processor
        if not loaded.is_routed:
            yield Attempt("", context.score(Loaded(loaded.model, processor), rows, "none"))
            return
        with loaded.model.using(None) as model:
            yield Attempt("", context.score(Loaded(model, processor), rows, "none"))
