"""Templates of `remem` questions: by name, from a picture, along relations and over several pictures.

Slots are those of `questions.wordings`; `{n}` is a name, "the person in the image" or "Ana Reis's cousin", and `{kin}`
the noun for a relation.
"""

from lethebench.generation.questions.phrasing import possessive
from lethebench.generation.questions.wordings import COMMON_WORDINGS, Book, Wording
from lethebench.generation.remem.people import RELATIONS

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
WORDINGS: dict[str, Wording] = COMMON_WORDINGS | dict.fromkeys(RELATIONS, _RELATION)
"""Attribute -> templates."""
BOOK = Book(WORDINGS)
"""What questions are phrased with in a build from templates."""

BRIDGES = ("The person in the image is {n}.", "The image shows {n}.", "This is {n}.", "{n} is the person in the image.")
"""Sentences on who is in the picture, which precede the fact: in the answer, and in each of its paraphrases."""
LINKS = (
    "{ns} {kin} is {other}.",
    "The {kin} of {n} is {other}.",
    "{other} is the {kin} of {n}.",
    "{ns} {kin} is called {other}.",
)
"""Sentences on who a person's relation is, likewise."""

ORDINALS = ("first", "second", "third", "fourth")
NUMBER_WORDS = ("none", "one", "two", "three", "four")

IN_IMAGE = {"n": "the person in the image", "ns": "this person's"}
"""Slots of a subject that is referred to by picture."""


def related(subject: dict[str, str], noun: str) -> dict[str, str]:
    """Return the slots of a subject's relation: `Ana Reis's cousin`, `the cousin of the person in the image`."""
    phrase = f"the {noun} of {subject['n']}" if subject is IN_IMAGE else f"{subject['ns']} {noun}"
    return {"n": phrase, "ns": possessive(f"{subject['ns']} {noun}")}
