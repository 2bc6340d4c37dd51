"""The facts of a labor contract: position, pay, employer, dates and numbers that fit together."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from lethebench.generation.icu.person import Person, Registry
from lethebench.generation.people.careers import company, occupations_at, salary
from lethebench.generation.people.countries import DetailedCountry
from lethebench.generation.people.dates import add_months, format_date, on_weekday
from lethebench.generation.people.occupations import POSITIONS, Position
from lethebench.generation.seeding import fill

LABOR_ATTRIBUTES = (
    "position", "monthly_salary", "employer", "start_date", "contract_term", "bank_account", "national_id",
)  # fmt: skip
CONTRACT_TERMS = {f"{months} months": months for months in (6, 12, 18, 24, 36)} | {"indefinite": None}
"""Term as printed -> months."""
FIRST_DAYS = date(2022, 1, 3), date(2025, 11, 28)


def positions_at(age: int, sector: str | None = None) -> list[Position]:
    """Return the positions open to somebody of this age (years), within one sector if given."""
    return occupations_at(age, sector, POSITIONS)


def account(rng: random.Random, country: DetailedCountry) -> str:
    """Draw an account number that no bank issues: IBAN check digits 00, or bank code 000."""
    return fill(rng, f"{country.code}00 #### ####" if country.iban else "000-########")


def labor_facts(
    rng: random.Random, person: Person, registry: Registry, shared: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Draw the facts of a labor contract.

    Args:
        rng: the profile's stream.
        person: the employee; `person.reference` is the first day of work.
        registry: values used by other profiles.
        shared: the employer of an earlier contract to take over.

    Returns:
        (fields in page order, details).
    """
    country = shared.get("country", person.country)
    position = rng.choice(positions_at(person.age, shared.get("sector")))
    term = rng.choice(tuple(CONTRACT_TERMS))
    start = person.reference
    street, city = rng.choice(country.streets), rng.choice(country.cities)
    line = country.address.format(n=rng.randint(2, 98), block=rng.randint(1, 9), street=street)
    fields = {
        "position": position.name,
        "monthly_salary": salary(rng, position, country, person.age),
        "employer": shared.get("employer") or registry.unique("employer", lambda: company(rng, position.sector)),
        "start_date": format_date(start),
        "contract_term": term,
        "bank_account": registry.unique("bank_account", lambda: account(rng, country)),
        "national_id": registry.number(rng, "national_id", person.country.identity),
    }
    months = CONTRACT_TERMS[term]
    end = format_date(add_months(start, months) - timedelta(days=1)) if months else "open-ended"
    details = {
        "employer_address": shared.get("employer_address") or f"{line}, {city}",
        "employer_phone": shared.get("employer_phone") or f"+{country.dial} {fill(rng, '000 ####')}",
        "sector": position.sector,
        "department": position.department,
        "education": position.education,
        "contract_number": registry.number(rng, "contract_number", "EC-######"),
        "signing_date": format_date(on_weekday(start - timedelta(days=rng.randint(10, 60)))),
        "end_date": end,
        "currency": country.currency,
        "working_hours": f"{country.hours:g} hours per week",
        "annual_leave": f"{rng.randint(20, 30)} days",
        "probation_period": rng.choice(("1 month", "2 months", "3 months")),
        "notice_period": rng.choice(("2 weeks", "4 weeks", "1 month", "2 months")),
        "pay_day": rng.choice(("the 15th", "the 25th", "the last working day")),
        "signatory": registry.staff(rng, country, rng.choice(("female", "male"))),
        "country": country.name,
    }
    return fields, details


def first_day(rng: random.Random) -> date:
    """Draw a first day of work, a weekday."""
    first, last = FIRST_DAYS
    return on_weekday(first + timedelta(days=rng.randint(0, (last - first).days)))
