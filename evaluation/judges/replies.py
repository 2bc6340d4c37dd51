"""Read a verdict out of a language model's reply; what is not exactly a verdict is an error, never a guess."""

import json
import re

from lethebench.contract.errors import one_line
from lethebench.evaluation.judges.rubrics import Rubric

_BLOCK = re.compile(r"^```(?:json)?\s*\n(.*?)\n?```$", re.DOTALL | re.IGNORECASE)
MAX_JUSTIFICATION = 1_000


class BadVerdict(ValueError):
    """A reply that holds no verdict; the message is worded by this code alone."""


def read_verdict(text: str, rubric: Rubric) -> tuple[int, str]:
    """Return verdict and justification of a reply.

    Raises:
        BadVerdict: It is not one JSON object with a whole number on the scale of the rubric and a justification.
    """
    text = text.strip()
    block = _BLOCK.match(text)
    try:
        reply = json.loads(block[1] if block else text)
    except (ValueError, RecursionError):
        raise BadVerdict("it is not one JSON object") from None
    if not isinstance(reply, dict):
        raise BadVerdict("it is not one JSON object")
    value = reply.get("verdict")
    if isinstance(value, str) and re.fullmatch(r"\d{1,2}", value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise BadVerdict("its verdict is no whole number" if "verdict" in reply else "it has no verdict")
    if not rubric.low <= value <= rubric.high:
        raise BadVerdict(f"its verdict is not on the scale from {rubric.low} to {rubric.high}")
    justification = reply.get("justification")
    if not isinstance(justification, str) or not justification.strip():
        raise BadVerdict("it has no justification")
    return int(value), one_line(ValueError(justification), MAX_JUSTIFICATION)
