"""Descriptions of people: several facts in two to four sentences."""

from collections.abc import Mapping, Sequence

from lethebench.generation.questions.phrasing import capitalize, with_article

FORMS = {
    "person": (
        "{name}, born on {birth_date} in {birthplace}, works as {a_occupation} at {employer} and lives in {residence}. "
        "A graduate of {education}, {first} earns {annual_salary} per year and has {medical_condition}. "
        "{first} likes to eat {favorite_food} most of all and keeps a {pet} called {pet_name}.",
        "Born on {birth_date} in {birthplace}, {name} is now at home in {residence}. {first} was educated at "
        "{education}, is employed by {employer} as {a_occupation} and is paid {annual_salary} per year. A {pet} called "
        "{pet_name} belongs to the household. {first} lives with {medical_condition} and prefers {favorite_food} to "
        "any other food.",
        "{name} lives in {residence} and works for {employer} as {a_occupation}, with an annual salary of "
        "{annual_salary}. {first} was born on {birth_date} in {birthplace}, graduated from {education} and has "
        "{medical_condition}. The {pet} is called {pet_name}, and the favorite food is {favorite_food}.",
    ),
    "figure": (
        "{name} was {a_occupation}, born on {birth_date} in {birthplace}, and is best known for {notable_work}. "
        "{name} died on {death_date} in {death_place}, at the age of {age_at_death}.",
        "Born on {birth_date} in {birthplace}, {name} was {a_occupation} and became famous for {notable_work}. "
        "The place of death was {death_place}, the date {death_date}, and the age {age_at_death}.",
        "{a_occupation} by occupation, {name} is remembered for {notable_work}. {name} was born in {birthplace} on "
        "{birth_date} and passed away in {death_place} on {death_date}, {age_at_death} years old.",
    ),
}
KEYWORDS = {"person": ("birth_date", "employer", "pet_name"), "figure": ("birth_date", "notable_work", "death_date")}
"""Domain -> the facts that count as keywords of a description."""
FACTS = {
    "person": (
        "birthplace", "birth_date", "occupation", "employer", "education", "annual_salary", "residence",
        "medical_condition", "favorite_food", "pet_name",
    ),
    "figure": (
        "birthplace", "birth_date", "occupation", "notable_work", "death_date", "death_place", "age_at_death",
    ),
}  # fmt: skip
"""Domain -> the facts that a description states."""


def describe(
    domain: str, name: str, fields: Mapping[str, str], details: Mapping[str, str], forms: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the descriptions of somebody with these facts, each in other words; the first is the profile's.

    `forms` are templates; by default those of the domain.
    """
    slots = {**fields} | {
        "name": name,
        "first": name.split(" ")[0],
        "a_occupation": with_article(fields["occupation"]),
        "pet": details.get("pet", ""),
    }
    return tuple(capitalize(form.format(**slots)) for form in forms or FORMS[domain])
