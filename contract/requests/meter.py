"""Count the usage of a job against its budget, with the most that the calls underway may take."""

from lethebench.contract.requests.budget import Budget, Usage
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import BudgetSpent


class Meter:
    """The usage of a job over all passes in a cache."""

    def __init__(self, cache: Cache, budget: Budget) -> None:
        self.cache, self.budget = cache, budget
        self.usage = cache.usage()
        self._reserved: dict[int, Usage] = {}
        self._factor = 1.0  # for servers that count more tokens than `bound`, e.g. for pictures

    def begin(self, most: Usage) -> int | None:
        """Record a call before it is sent; return its id, or None if the budget may not suffice for those underway.

        Raises:
            BudgetSpent: The budget may not suffice for this call alone.
        """
        reserved = Usage(1, round(most.input_tokens * self._factor), most.output_tokens)
        total = self.usage.plus(reserved)
        for other in self._reserved.values():
            total = total.plus(other)
        limit = self.budget.exceeded(total)
        if limit is None:
            call = self.cache.begin(reserved)
            self._reserved[call] = reserved
            return call
        if self._reserved:
            return None
        spent = f"{self.usage.calls} calls and {self.usage.input_tokens + self.usage.output_tokens} tokens"
        raise BudgetSpent(
            f"the next call could exceed the budget of {limit}, after {spent}; answers so far are kept: raise the "
            "budget and run the same command again"
        )

    def end(
        self, call: int, most: Usage, usage: tuple[int | None, int | None], key: str = "", text: str | None = None
    ) -> None:
        """Record what a call took, the most where the server does not say it, and its answer."""
        reserved = self._reserved.pop(call)
        counts = zip(usage, reserved[1:3], strict=True)
        total = Usage(1, *(limit if count is None else count for count, limit in counts))
        if usage[0] is not None and most.input_tokens:
            self._factor = max(self._factor, usage[0] / most.input_tokens)
        self.usage = self.usage.plus(total)
        self.cache.end(call, total, key, text)
