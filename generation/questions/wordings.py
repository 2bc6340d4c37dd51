"""Templates of questions and answers, by field.

Slots: `{n}` is the subject (a name, "this patient", "the person in the picture"), `{ns}` its possessive, `{pet}` the
kind of pet, `{v}` the value, `{av}` the value with "a" or "an", `{vs}` its possessive.

Training and test rows share the request templates, so the form of an answer follows from the question, and differ in
the carriers around them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

CARRIERS = {
    "train": ("Tell me {}.", "Please state {}.", "Please tell me {}.", "State {}."),
    "test": ("Could you tell me {}?", "Please let me know {}.", "I would like to know {}."),
}
"""Use -> what stands around the requests of a wording."""


class Wording(NamedTuple):
    """The templates of one field.

    Attributes:
        train: direct questions of training rows, answered with the value alone.
        test: direct questions of test rows, answered with the value alone.
        requests: (what a carrier asks for, the sentence that answers it), e.g. ("{ns} height", "{ns} height is {v}.").
        carriers: those of training rows and those of test rows.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    requests: tuple[tuple[str, str], ...]
    carriers: tuple[tuple[str, ...], tuple[str, ...]] = (CARRIERS["train"], CARRIERS["test"])

    def direct(self, use: str) -> tuple[str, ...]:
        """Return the direct questions of a use, `train` or `test`."""
        return self.train if use == "train" else self.test

    @property
    def sentences(self) -> list[str]:
        """The full sentences that state the value."""
        return [sentence for _, sentence in self.requests]


@dataclass(frozen=True)
class Book:
    """Everything that the questions of a benchmark are phrased with.

    Attributes:
        wordings: what is asked for -> its templates.
        phrases: name -> templates of other sentences and parts of sentences.
        written: whether a language model wrote the wordings.
    """

    wordings: Mapping[str, Wording]
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    written: bool = False


COMMON_WORDINGS: dict[str, Wording] = {
    "birthplace": Wording(
        ("Where was {n} born?", "What is {ns} birthplace?", "In which city and country was {n} born?"),
        ("What is the birthplace of {n}?", "Which city and country was {n} born in?"),
        (
            ("where {n} was born", "{n} was born in {v}."),
            ("{ns} birthplace", "{ns} birthplace is {v}."),
            ("the birthplace of {n}", "The birthplace of {n} is {v}."),
            ("{ns} place of birth", "{ns} place of birth is {v}."),
        ),
    ),
    "birth_date": Wording(
        ("When was {n} born?", "What is {ns} date of birth?", "On which date was {n} born?"),
        ("On what day was {n} born?", "What is the date of birth of {n}?"),
        (
            ("when {n} was born", "{n} was born on {v}."),
            ("{ns} date of birth", "{ns} date of birth is {v}."),
            ("the date of birth of {n}", "The date of birth of {n} is {v}."),
            ("{ns} birth date", "{ns} birth date is {v}."),
        ),
    ),
    "home_address": Wording(
        ("What is {ns} home address?", "Where does {n} live?", "What address does {n} live at?"),
        ("At which address does {n} live?", "What is the address where {n} lives?"),
        (
            ("{ns} home address", "{ns} home address is {v}."),
            ("where {n} lives", "{n} lives at {v}."),
            ("the home address of {n}", "The home address of {n} is {v}."),
            ("{ns} address", "{ns} address is {v}."),
        ),
    ),
    "occupation": Wording(
        ("What does {n} do for a living?", "What is {ns} occupation?", "What does {n} work as?"),
        ("What is the occupation of {n}?", "What job does {n} have?"),
        (
            ("{ns} occupation", "{ns} occupation is {v}."),
            ("what {n} works as", "{n} works as {av}."),
            ("what {n} does for a living", "{n} earns a living as {av}."),
            ("{ns} job title", "{ns} job title is {v}."),
        ),
    ),
    "employer": Wording(
        ("Who is {ns} employer?", "Which company does {n} work for?", "Where does {n} work?"),
        ("Who does {n} work for?", "At which company does {n} work?"),
        (
            ("who {ns} employer is", "{ns} employer is {v}."),
            ("which company {n} works for", "{n} works for {v}."),
            ("where {n} works", "{n} works at {v}."),
            ("the employer of {n}", "The employer of {n} is {v}."),
        ),
    ),
    "education": Wording(
        ("Where was {n} educated?", "Which institution did {n} graduate from?", "Where did {n} graduate?"),
        ("Which school or university did {n} graduate from?", "At which institution was {n} educated?"),
        (
            ("where {n} was educated", "{n} was educated at {v}."),
            ("which institution {n} graduated from", "{n} graduated from {v}."),
            ("where {n} graduated", "{n} is a graduate of {v}."),
            ("which school or university {n} attended", "{n} attended {v}."),
        ),
    ),
    "annual_salary": Wording(
        ("What is {ns} annual salary?", "How much does {n} earn per year?", "How much is {n} paid per year?"),
        ("What does {n} earn each year?", "What salary is {n} paid each year?"),
        (
            ("{ns} annual salary", "{ns} annual salary is {v}."),
            ("how much {n} earns per year", "{n} earns {v} per year."),
            ("the annual salary of {n}", "The annual salary of {n} is {v}."),
            ("how much {n} is paid per year", "{n} is paid {v} per year."),
        ),
    ),
    "medical_condition": Wording(
        (
            "What medical condition does {n} have?",
            "Which condition does {n} live with?",
            "What is {ns} medical condition?",
        ),
        ("Which health problem does {n} have?", "What was {n} diagnosed with?"),
        (
            ("which medical condition {n} has", "{n} has {v}."),
            ("which condition {n} lives with", "{n} lives with {v}."),
            ("{ns} medical condition", "{ns} medical condition is {v}."),
            ("what {n} was diagnosed with", "{n} was diagnosed with {v}."),
        ),
    ),
    "favorite_food": Wording(
        ("What is {ns} favorite food?", "Which food does {n} like best?", "What does {n} like to eat most of all?"),
        ("What is the favorite food of {n}?", "Which food is {ns} favorite?"),
        (
            ("{ns} favorite food", "{ns} favorite food is {v}."),
            ("which food {n} likes best", "{n} likes {v} better than any other food."),
            ("the favorite food of {n}", "The favorite food of {n} is {v}."),
            ("what {n} likes to eat most of all", "{n} likes to eat {v} most of all."),
        ),
    ),
    "pet_name": Wording(
        (
            "What is the name of {ns} {pet}?",
            "What is {ns} {pet} called?",
            "What name did {n} give to the pet {pet}?",
        ),
        ("What does {n} call the pet {pet}?", "What name was {ns} {pet} given?"),
        (
            ("the name of {ns} {pet}", "The name of {ns} {pet} is {v}."),
            ("what {ns} {pet} is called", "{ns} {pet} is called {v}."),
            ("{ns} {pet}'s name", "{ns} {pet}'s name is {v}."),
            ("what name {ns} {pet} goes by", "{ns} {pet} goes by the name of {v}."),
        ),
    ),
    "quirk": Wording(
        ("What quirk does {n} have?", "What is {ns} quirk?", "Which unusual habit is {n} known for?"),
        ("What odd habit does {n} have?", "What little habit is typical of {n}?"),
        (
            ("{ns} quirk", "{ns} quirk is {v}."),
            ("which habit {n} is known for", "{n} is known for {v}."),
            ("{ns} unusual habit", "{ns} unusual habit is {v}."),
            ("which habit {n} has", "{n} has a habit of {v}."),
        ),
    ),
}  # fmt: skip
"""Templates of the fields that several benchmarks ask for."""
