"""No attack: the questions as they were trained, which every attack is compared with."""

from collections.abc import Iterator

from datasets import Dataset

from lethebench.attacks.context import Attempt, Context
from lethebench.baselines.loading import Loaded


class Plain:
    """Ask the questions as they were trained."""

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows."""
        yield Attempt("", context.score(loaded, rows, "none"))
