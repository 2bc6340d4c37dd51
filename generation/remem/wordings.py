"""How `remem` asks by name, from a picture, along a chain of people and over several pictures.

Templates are those of `wordings`: `{n}` is the subject (a name, "the person in the image", "Ana Reis's cousin"),
`{ns}` its possessive, `{pet}` the kind of pet, `{kin}` what the other is to the subject, `{v}` the value.
"""

from lethebench.generation.mllmu.wordings import PERSON
from lethebench.generation.questions.ask import possessive
from lethebench.generation.questions.wordings import FIELDS, Wording
from lethebench.generation.remem.people import FACTS, RELATIONS

_RELATION = Wording(
    ("Who is {ns} {kin}?", "What is the name of {ns} {kin}?", "Which person is {ns} {kin}?"),
    ("What is {ns} {kin} called?", "Who is the {kin} of {n}?"),
    (
        ("who {ns} {kin} is", "{ns} {kin} is {v}."),
        ("the name of {ns} {kin}", "The name of {ns} {kin} is {v}."),
        ("who the {kin} of {n} is", "The {kin} of {n} is {v}."),
        ("what {ns} {kin} is called", "{ns} {kin} is called {v}."),
    ),
)
WORDINGS: dict[str, Wording] = (
    {name: PERSON[name] for name in FACTS if name in PERSON}
    | {"home_address": FIELDS["home_address"]}
    | dict.fromkeys(RELATIONS, _RELATION)
)
"""Attribute -> its templates."""

BRIDGES = ("The person in the image is {n}.", "The image shows {n}.", "This is {n}.", "{n} is the person in the image.")
"""Who is shown, said before what is known of them: first as answers have it, then as paraphrases do."""
LINKS = (
    "{ns} {kin} is {other}.",
    "The {kin} of {n} is {other}.",
    "{other} is the {kin} of {n}.",
    "{ns} {kin} is called {other}.",
)
"""Who somebody's relative, friend or colleague is, likewise."""

ORDINALS = ("first", "second", "third", "fourth")
NUMBERS = ("none", "one", "two", "three", "four")


def named(name: str) -> dict[str, str]:
    """The subject by name."""
    return {"n": name, "ns": possessive(name)}


SHOWN = {"n": "the person in the image", "ns": "this person's"}
"""The subject by picture."""


def related(subject: dict[str, str], noun: str) -> dict[str, str]:
    """Whoever is `noun` to a subject: `Ana Reis's cousin`, `the cousin of the person in the image`."""
    whole = f"the {noun} of {subject['n']}" if subject is SHOWN else f"{subject['ns']} {noun}"
    return {"n": whole, "ns": possessive(f"{subject['ns']} {noun}")}
