"""Wrong values of `icu` attributes: of the form of the true value, from the build where it has enough."""

import random
import re
from collections.abc import Sequence
from functools import cache

from lethebench.generation.icu.diagnoses import DIAGNOSES
from lethebench.generation.icu.profiles import decoys
from lethebench.generation.questions.phrasing import WRONG_ANSWERS

PATTERNED = ("monthly_salary", "bank_account", "national_id")
"""Attributes whose pattern alone can rule out a wrong value."""
_SEX = {entry.name: entry.sex for entry in DIAGNOSES}
_MAX_DRAWS = 64


def wrong_values(rng: random.Random, attribute: str, value: str, values: Sequence[str]) -> list[str]:
    """Return WRONG_ANSWERS distinct values other than the true one.

    Values of the same form come first, from the build and then from outside of it; values of other forms last. The
    number of draws is bounded, so a row costs the same in a build of any size.

    Args:
        rng: the question's stream.
        attribute: of the value.
        value: the true value.
        values: those of the build.
    """
    form = value_form(attribute, value)
    alike: dict[str, None] = {}
    other: dict[str, None] = {}
    if len(values) > _MAX_DRAWS:
        draws = [values[int(rng.random() * len(values))] for _ in range(_MAX_DRAWS)]
    else:
        draws = list(values)
        rng.shuffle(draws)
    for draw in draws:
        if draw != value:
            (alike if value_form(attribute, draw) == form else other)[draw] = None
    if len(alike) < WRONG_ANSWERS and (form or len(alike) + len(other) < WRONG_ANSWERS):
        extra = [v for v in _values_outside(attribute).get(form, ()) if v != value]
        alike |= dict.fromkeys(rng.sample(extra, min(len(extra), WRONG_ANSWERS)))
    return list(dict.fromkeys([*alike, *other]))[:WRONG_ANSWERS]


def value_form(attribute: str, value: str) -> str:
    """Return what a plausible wrong value shares with the true one: currency, pattern of digits, sex of patients."""
    if attribute == "diagnosis":
        return _SEX.get(value, "-")
    if attribute == "monthly_salary":
        return value[:3]
    if attribute in PATTERNED:
        return re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", value))
    return ""


@cache
def _values_outside(attribute: str) -> dict[str, list[str]]:
    """Return form -> values that are in no build."""
    by_form: dict[str, list[str]] = {}
    for value in decoys(attribute, 1_500 if attribute in PATTERNED else 48, seed=0):
        by_form.setdefault(value_form(attribute, value), []).append(value)
    return by_form
