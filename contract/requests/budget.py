"""Limits of requests, tokens and money, and how many tokens a request takes."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

PICTURE_TOKENS = 1500
"""Tokens of a picture that a bound counts: the most of GPT-4o's tiles (85 + 8 x 170), rounded up."""
LIKELY_PICTURE_TOKENS = 765
BYTES_PER_TOKEN = 4
OUTPUT_TOKENS = 4096
"""Length that a bound counts for a request without a maximum."""


BATCH_SHARE = 0.5
"""Price of a token in a batch, as a share of its price in a single call."""


class Usage(NamedTuple):
    """Calls and their tokens; those in batches are also counted apart, for they cost less."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    batch_input_tokens: int = 0
    batch_output_tokens: int = 0

    def in_batch(self) -> "Usage":
        """Return the same usage by batches."""
        return self._replace(batch_input_tokens=self.input_tokens, batch_output_tokens=self.output_tokens)

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum of both."""
        return Usage(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of a job over all its passes; None for no limit.

    Attributes:
        requests: Number of calls, failed ones included.
        tokens: Number of input and output tokens together.
        usd: US dollars; needs `price`.
        price: US dollars per million input tokens and per million output tokens.

    Raises:
        ValueError: A limit or price is no positive number, or `usd` lacks a price.
    """

    requests: int | None = None
    tokens: int | None = None
    usd: float | None = None
    price: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("requests", "tokens", "usd"):
            limit = getattr(self, name)
            if limit is not None and not (math.isfinite(limit) and limit > 0):
                raise ValueError(f"{name}={limit}: pass a number above 0")
        if self.price is not None and not all(math.isfinite(part) and part >= 0 for part in self.price):
            raise ValueError(f"price {self.price}: pass two numbers of at least 0")
        if self.usd is not None and self.price is None:
            raise ValueError(f"usd={self.usd} needs prices: pass those per million input and output tokens")

    def cost(self, usage: Usage) -> float | None:
        """Return the US dollars of a usage, None without a price."""
        if self.price is None:
            return None
        saved = 1 - BATCH_SHARE
        input_tokens = usage.input_tokens - saved * usage.batch_input_tokens
        output_tokens = usage.output_tokens - saved * usage.batch_output_tokens
        return (input_tokens * self.price[0] + output_tokens * self.price[1]) / 1e6

    def exceeded(self, usage: Usage) -> str | None:
        """Return the limit that a usage exceeds, e.g. `500 requests`; None if it is within all."""
        if self.requests is not None and usage.calls > self.requests:
            return f"{self.requests} requests"
        if self.tokens is not None and usage.input_tokens + usage.output_tokens > self.tokens:
            return f"{self.tokens} tokens"
        if self.usd is not None and (self.cost(usage) or 0) > self.usd:
            return f"{self.usd:g} US dollars"
        return None


def parse_budget(limits: str, price: str = "") -> Budget:
    """Return the budget of two texts such as `requests=500,tokens=2e6,usd=5` and `0.15,0.60`.

    Raises:
        ValueError: A text is none of these; see also `Budget`.
    """
    values: dict[str, Any] = {}
    for entry in filter(None, map(str.strip, limits.split(","))):
        name, _, number = entry.partition("=")
        if name not in ("requests", "tokens", "usd") or name in values:
            raise ValueError(f"{entry!r}: pass requests=N,tokens=N,usd=X, or some of them")
        values[name] = _number(number) if name == "usd" else _whole(number)
    parts = [_number(part) for part in price.split(",")] if price.strip() else []
    if len(parts) not in (0, 2):
        raise ValueError(f"price {price!r}: pass IN,OUT in US dollars per million tokens, e.g. 0.15,0.60")
    return Budget(**values, price=(parts[0], parts[1]) if parts else None)


def bound(request: Mapping[str, Any]) -> Usage:
    """Return the most that a request is expected to take: a token has at least one byte."""
    size, pictures = _size(request)
    return Usage(1, size + PICTURE_TOKENS * pictures, _longest(request))


def likely(request: Mapping[str, Any]) -> Usage:
    """Return what a request is likely to take if its answer has the maximum length."""
    size, pictures = _size(request)
    return Usage(1, math.ceil(size / BYTES_PER_TOKEN) + LIKELY_PICTURE_TOKENS * pictures, _longest(request))


def _size(request: Mapping[str, Any]) -> tuple[int, int]:
    """Return the bytes of a request without its pictures, and the number of pictures."""
    pictures = 0

    def without_picture(part: Any) -> Any:
        nonlocal pictures
        if isinstance(part, Mapping) and part.get("type") == "image_url":
            pictures += 1
            return None
        return part

    messages = []
    for message in request.get("messages", ()):
        content = message.get("content")
        messages.append(
            {**message, "content": list(map(without_picture, content))} if isinstance(content, list) else message
        )
    text = json.dumps({**request, "messages": messages}, ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass")), pictures


def _longest(request: Mapping[str, Any]) -> int:
    longest = request.get("max_completion_tokens") or request.get("max_tokens") or OUTPUT_TOKENS
    return int(longest) * int(request.get("n") or 1)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a number") from None


def _whole(text: str) -> int:
    number = _number(text)
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"{text.strip()!r} is not a whole number")
    return int(number)


def usage_text(usage: Usage, budget: Budget) -> str:
    """Return a usage in words, with its cost if prices are known."""
    cost = budget.cost(usage)
    text = f"{usage.calls:,} calls, {usage.input_tokens:,} input and {usage.output_tokens:,} output tokens"
    return text if cost is None else f"{text}, {cost:.4f} US dollars"
