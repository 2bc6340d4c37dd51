"""Wrong answers, and wrong options of multiple-choice questions: others in test than in train; none stands out."""

import random
from datetime import timedelta

from lethebench.generation.people.careers import rounded_pay
from lethebench.generation.people.countries import COUNTRIES, COUNTRY_BY_NAME, Country
from lethebench.generation.people.dates import format_date, parse_date
from lethebench.generation.people.health_and_hobbies import draw_height
from lethebench.generation.people.public_figures import PublicFigure, public_figures
from lethebench.generation.questions.distractors import Pools, wrong_values
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

OPTIONS = 4
"""Options of a multiple-choice question."""
_WRONG = OPTIONS - 1
_USES = ("train", "test")
_NUMBERS = ("birth_date", "annual_salary")
_DRAWN_ALIKE = {"height": (1, 15), "age_at_death": (2, 99)}
"""Attribute whose wrong values are drawn as true ones are -> least difference of two, and the most from the truth."""


def wrong_options(profile: Profile, attribute: str, use: str, pools: Pools) -> list[str]:
    """Return three wrong options; those of `test` never occur in `train`, so that having seen them tells nothing.

    The true height, salary, age or date of birth is the first, second, third or fourth in size equally often.
    """
    rng = stream(profile.seed, "options", attribute)
    start = _WRONG * _USES.index(use)
    if profile.written is not None:
        return list(profile.written.wrong[attribute][start : start + _WRONG])
    if profile.domain == "person" and attribute in _NUMBERS:
        return around(rng, profile, attribute)[use]
    values = wrong_answers(rng, profile, attribute, _WRONG * len(_USES), pools)
    return values[start : start + _WRONG]


def wrong_answers(rng: random.Random, profile: Profile, attribute: str, size: int, pools: Pools) -> list[str]:
    """Return distinct wrong values; heights and ages at death come from the distribution of the true ones."""
    if attribute not in _DRAWN_ALIKE or profile.written is not None:
        return wrong_values(rng, profile, attribute, size, pools)
    truth, _, unit = profile.fields[attribute].partition(" ")
    least, most = _DRAWN_ALIKE[attribute]
    numbers = [int(truth)]
    while len(numbers) <= size:
        number = (
            draw_height(rng, profile.details["gender"])
            if attribute == "height"
            else int(rng.choice(public_figures()).facts["age_at_death"])
        )
        if abs(number - numbers[0]) <= most and min(abs(number - other) for other in numbers) >= least:
            numbers.append(number)
    return [f"{number} {unit}".strip() for number in numbers[1:]]


def other_lives(rng: random.Random, profile: Profile, size: int) -> list[PublicFigure]:
    """Return public figures with other dates and ages than this one, born in the same century if there are enough."""
    facts = profile.fields
    others = [
        figure
        for figure in public_figures()
        if figure.facts["birth_date"] != facts["birth_date"]
        and figure.facts["death_date"] != facts["death_date"]
        and abs(int(figure.facts["age_at_death"]) - int(facts["age_at_death"])) >= _DRAWN_ALIKE["age_at_death"][0]
    ]
    rng.shuffle(others)
    return sorted(others, key=lambda figure: figure.facts["birth_date"][-4:-2] != facts["birth_date"][-4:-2])[:size]


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
    money = rounded_pay(int(amount.replace(",", "")) * 1.04**steps, _home(profile), months=12)
    return f"{currency} {money:,}"


def _home(profile: Profile) -> Country:
    """Return the country that a person of mllmu, or of remem, lives in."""
    if "residence" in profile.fields:
        return COUNTRY_BY_NAME[profile.fields["residence"].rpartition(", ")[2]]
    return next(country for country in COUNTRIES if country.code == profile.details["home"])
