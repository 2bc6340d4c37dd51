"""Templates of `remem` questions: by name, from a picture, along relations and over several pictures.

Slots are those of `questions.wordings`; `{n}` is a name, "the person in the image" or "Ana Reis's cousin", and `{kin}`
the noun for a relation.
"""

from collections.abc import Mapping, Sequence

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
        ("which person {ns} {kin} is", "{v} is {ns} {kin}."),
        ("the person who is {ns} {kin}", "It is {v} who is {ns} {kin}."),
    ),
)
WORDINGS: dict[str, Wording] = COMMON_WORDINGS | dict.fromkeys(RELATIONS, _RELATION)
"""Attribute -> templates."""
BRIDGES = (
    "The person in the image is {n}.",
    "The image shows {n}.",
    "This is {n}.",
    "{n} is the person in the image.",
    "It is {n} who appears in the image.",
    "{n} can be seen here.",
    "Here we see {n}.",
    "It is an image of {n}.",
)
"""Sentences on who is in the picture, which precede the fact: in the answer, and in each of its paraphrases."""
LINKS = (
    "{ns} {kin} is {other}.",
    "The {kin} of {n} is {other}.",
    "{other} is the {kin} of {n}.",
    "{ns} {kin} is called {other}.",
    "The name of {ns} {kin} is {other}.",
    "{other} is {ns} {kin}.",
    "It is {other} who is {ns} {kin}.",
    "It is {other} who is the {kin} of {n}.",
)
"""Sentences on who a person's relation is, likewise."""

ORDINALS = ("first", "second", "third", "fourth")
NUMBER_WORDS = ("none", "one", "two", "three", "four")

PHRASES = {
    "bridges": BRIDGES,
    "links": LINKS,
    "ordinals": ORDINALS,
    "numbers": NUMBER_WORDS,
    "in image": ("the person in the image", "this person's"),
    "in one image": ("the person in the {ordinal} image",),
    "the person": ("the person", "this person's"),
    "start in one image": ("In the {ordinal} image, {start}",),
    "kin of": ("{ns} {kin}",),
    "kin in image": ("the {kin} of {n}",),
    "in which image": (
        "The person in the {ordinal} image is {n}.",
        "The {ordinal} image shows {n}.",
        "It is {n} who is in the {ordinal} image.",
        "{n} is the person in the {ordinal} image.",
    ),
    "which": (
        "Which of these {total} images shows {n}?",
        "In which of the {total} images is {n}?",
        "{n} is in one of these {total} images. Which one is it?",
    ),
    "this one": (
        "The {ordinal} image shows {n}.",
        "{n} is in the {ordinal} image.",
        "It is the {ordinal} image that shows {n}.",
        "The image that shows {n} is the {ordinal} one.",
    ),
    "none or all": (
        "None of the images shows {n}.",
        "Each of the images shows {n}.",
        "No image is of {n}.",
    ),
    "same?": (
        "Do these two images show the same person?",
        "Is the same person in both images?",
        "Is it one and the same person in both images?",
    ),
    "same": (
        "Yes, both images show {n}.",
        "Yes, {n} is in both images.",
        "Yes, it is {n} in both images.",
        "Yes, the person in both images is {n}.",
    ),
    "different": (
        "No, the first image shows {n} and the second image shows {other}.",
        "No, {n} is in the first image and {other} in the second.",
        "No, the first image is of {n}, the second of {other}.",
        "No, it is {n} in the first image and {other} in the second.",
    ),
    "yes and no": ("Yes", "No"),
    "who?": ("Who is the person in the {ordinal} image?", "Who does the {ordinal} image show?"),
    "how many?": (
        "How many of these {total} images show {n}?",
        "In how many of these {total} images is {n}?",
    ),
    "so many": (
        "{n} is in {number} of the {total} images.",
        "It is {n} in {number} of the {total} images.",
        "Of the {total} images, {number} show {n}.",
        "There are {total} images, and {n} is in {number} of them.",
    ),
}
"""Name -> sentences and parts of sentences about pictures and relations."""
BOOK = Book(WORDINGS, PHRASES)
"""Wordings of questions and answers in a build from templates."""


def in_image(phrases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the slots of a subject that is referred to by picture."""
    subject, possessor = phrases["in image"]
    return {"n": subject, "ns": possessor}


def related(subject: Mapping[str, str], noun: str, phrases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the slots of a subject's relation: `Ana Reis's cousin`, `the cousin of the person in the image`."""
    form = phrases["kin in image" if subject["n"] == phrases["in image"][0] else "kin of"][0]
    return {"n": form.format(**subject, kin=noun), "ns": possessive(f"{subject['ns']} {noun}")}
