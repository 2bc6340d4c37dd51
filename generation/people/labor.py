"""The facts of a labor contract: job, pay, employer, dates and numbers that fit one another and the person."""

import math
import random
from datetime import date, timedelta

from lethebench.generation.people.countries import Country
from lethebench.generation.people.person import Person, Registry, add_months, on_weekday, written
from lethebench.generation.people.positions import ENDINGS, POSITIONS, SECTORS, STEMS, Position
from lethebench.generation.seeding import fill

ATTRIBUTES = (
    "position", "monthly_salary", "employer", "start_date", "contract_term", "bank_account", "national_id",
)  # fmt: skip
TERMS = {
    "6 months": 6,
    "12 months": 12,
    "18 months": 18,
    "24 months": 24,
    "36 months": 36,
    "indefinite": None,
}
FIRST_DAY, LAST_DAY = date(2022, 1, 3), date(2025, 11, 28)  # of work


def fitting(age: int, sector: str | None = None) -> list[Position]:
    """The jobs that someone of this age can hold, within one sector if given."""
    return [entry for entry in POSITIONS if entry.youngest <= age and sector in (None, entry.sector)]


def gross(rng: random.Random, position: Position, wage: float, age: int) -> float:
    """What a job pays per month: the typical wage times the pay of the job, grown by experience, a tenth either way."""
    experience = min(age - position.youngest, 20)
    return wage * position.pay * (1 + 0.015 * experience) * rng.uniform(0.9, 1.1)


def money(currency: str, amount: float, typical: float) -> str:
    """An amount as documents print it, e.g. `EUR 3,940`: rounded to a hundredth of the magnitude of a typical one."""
    step = 10 ** max(0, math.floor(math.log10(typical)) - 2)
    return f"{currency} {round(amount / step) * step:,}"


def salary(rng: random.Random, position: Position, country: Country, age: int) -> str:
    """A gross monthly salary in the money of the country."""
    return money(country.currency, gross(rng, position, country.wage, age), country.wage)


def company(rng: random.Random, sector: str) -> str:
    """An invented company name that tells the line of business, e.g. `Alderbrook Foods`."""
    return f"{rng.choice(STEMS)}{rng.choice(ENDINGS)} {rng.choice(SECTORS[sector])}"


def account(rng: random.Random, country: Country) -> str:
    """An account number that no bank can have issued: IBAN check digits 00, or the bank code 000."""
    return fill(rng, f"{country.code}00 #### ####" if country.iban else "000-########")


def facts(rng: random.Random, person: Person, registry: Registry, shared: dict | None = None) -> tuple[dict, dict]:
    """Draws a labor contract.

    Args:
        rng: the profile's own stream.
        person: the employee; `person.reference` is the first day of work.
        registry: what other profiles already have (numbers, employers, staff names).
        shared: the details of another contract whose employer this one takes.

    Returns:
        (fields in page order, details).
    """
    shared = shared or {}
    country = shared.get("country", person.country)
    position = rng.choice(fitting(person.age, shared.get("sector")))
    term = rng.choice(tuple(TERMS))
    start = person.reference
    street, city = rng.choice(country.streets), rng.choice(country.cities)
    line = country.address.format(n=rng.randint(2, 98), block=rng.randint(1, 9), street=street)
    fields = {
        "position": position.name,
        "monthly_salary": salary(rng, position, country, person.age),
        "employer": shared.get("employer") or registry.unique("employer", lambda: company(rng, position.sector)),
        "start_date": written(start),
        "contract_term": term,
        "bank_account": registry.unique("bank_account", lambda: account(rng, country)),
        "national_id": registry.number(rng, "national_id", person.country.identity),
    }
    end = add_months(start, TERMS[term]) - timedelta(days=1) if TERMS[term] else None
    hours = f"{country.hours:g}"
    details = {
        "employer_address": shared.get("employer_address") or f"{line}, {city}",
        "employer_phone": shared.get("employer_phone") or f"+{country.dial} {fill(rng, '000 ####')}",
        "sector": position.sector,
        "department": position.department,
        "education": position.education,
        "contract_number": registry.number(rng, "contract_number", "EC-######"),
        "signing_date": written(on_weekday(start - timedelta(days=rng.randint(10, 60)))),
        "end_date": written(end) if end else "open-ended",
        "currency": country.currency,
        "working_hours": f"{hours} hours per week",
        "annual_leave": f"{rng.randint(20, 30)} days",
        "probation_period": rng.choice(("1 month", "2 months", "3 months")),
        "notice_period": rng.choice(("2 weeks", "4 weeks", "1 month", "2 months")),
        "pay_day": rng.choice(("the 15th", "the 25th", "the last working day")),
        "signatory": registry.staff(rng, country, rng.choice(("female", "male"))),
        "country": country.name.removeprefix("the "),
    }
    return fields, details


def first_day(rng: random.Random) -> date:
    """A first day of work: a weekday, often the first of the month or near it."""
    day = FIRST_DAY + timedelta(days=rng.randint(0, (LAST_DAY - FIRST_DAY).days))
    return on_weekday(day)
