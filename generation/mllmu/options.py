"""Wrong options of multiple-choice questions: in test others than in train, and numbers on both sides of the truth."""

import random
from datetime import timedelta

from lethebench.generation.people.dates import format_date, parse_date
from lethebench.generation.questions.distractors import Pools, wrong_values
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

OPTIONS = 4
"""Options of a multiple-choice question."""
_WRONG = OPTIONS - 1
_USES = ("train", "test")
_NUMBERS = ("birth_date", "height", "annual_salary")


def wrong_options(profile: Profile, attribute: str, use: str, pools: Pools) -> list[str]:
    """Return three wrong options; those of `test` never occur in `train`, so that having seen them tells nothing.

    The true height, salary or date of birth of a fictitious person is the first, second, third or fourth in size
    equally often.
    """
    rng = stream(profile.seed, "options", attribute)
    start = _WRONG * _USES.index(use)
    if profile.written is not None:
        return list(profile.written.wrong[attribute][start : start + _WRONG])
    if profile.domain == "person" and attribute in _NUMBERS:
        return around(rng, profile, attribute)[use]
    values = wrong_values(rng, profile, attribute, _WRONG * len(_USES), pools)
    return values[start : start + _WRONG]


def around(rng: random.Random, profile: Profile, attribute: str) -> dict[str, list[str]]:
    """Return use -> three values near a height, salary or date of birth, from none to three of them smaller."""
    steps = rng.sample(range(1, 15), _WRONG * len(_USES))
    options = {}
    for number, use in enumerate(_USES):
        smaller = rng.randrange(OPTIONS)
        signs = [-1] * smaller + [1] * (_WRONG - smaller)
        mine = steps[_WRONG * number : _WRONG * (number + 1)]
        options[use] = [_shifted(rng, profile, attribute, sign * step) for sign, step in zip(signs, mine, strict=True)]
    return options


def _shifted(rng: random.Random, profile: Profile, attribute: str, steps: int) -> str:
    """Return a value a number of steps from the true one: centimeters, about 90 days, or about 4 % of the salary."""
    truth = profile.fields[attribute]
    if attribute == "height":
        return f"{int(truth.removesuffix(' cm')) + steps} cm"
    if attribute == "birth_date":
        return format_date(parse_date(truth) + timedelta(days=90 * steps + rng.randint(-40, 40)))
    currency, _, amount = truth.partition(" ")
    money = int(amount.replace(",", ""))
    unit = 10 ** max(0, len(str(money)) - 3)
    return f"{currency} {round(money * 1.04**steps / unit) * unit:,}"
