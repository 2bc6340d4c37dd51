"""Check single question rows: each must agree with itself and with the profile it is about."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lethebench.builders.requests import RETAINED
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES

CHECKS = ("nulls", "roles", "facts", "paraphrases", "perturbed", "options")

_WRITTEN = ("generation", "cloze")
ABSENT = "absent:"
"""Prefix of the view of a picture that was not available to an import."""
PARAPHRASES, PERTURBED = 2, 5
"""The fewest of each on a generation or cloze row."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a row is compared with: role (index into ROLES), task, and attribute -> value, `name` among them.

    `requests`: attribute -> task, where a profile is not asked for as a whole.
    """

    role: int
    task_id: int
    values: Mapping[str, str]
    requests: Mapping[str, int] = field(default_factory=dict)

    def part(self, attribute: str) -> tuple[int, int]:
        """Return role and task of the rows on an attribute."""
        task = self.requests.get(attribute)
        if task is None:
            return self.role, self.task_id
        return ROLES.index("retain" if task == RETAINED else "forget"), task


_LABELS = {"role": ROLES, "modality": MODALITIES, "format": FORMATS}
_PICTURES = ("images", "thumbnails")  # their bytes and paths are the check `pictures`


def unusable(row: Mapping) -> str:
    """Return why a row of any kind cannot be checked, a null or an unknown class label; empty if it can be."""
    nulls = [
        name for name, value in row.items() if value is None or (isinstance(value, list) and _has_null(name, value))
    ]
    if nulls:
        return f"null in {', '.join(nulls)}"
    wrong = [name for name, labels in _LABELS.items() if name in row and not 0 <= row[name] < len(labels)]
    return f"{wrong[0]} is {row[wrong[0]]}, which is no class label" if wrong else ""


def _has_null(column: str, values: list) -> bool:
    items = [item.values() for item in values if isinstance(item, dict) and column not in _PICTURES]
    return None in values or any(None in item for item in items)


def check_row(
    row: Mapping, people: Mapping[str, Person], roles: set[str], *, imported: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield (check, reason) for each problem of a usable row in a split that allows `roles`.

    An imported row has no other wordings, may lack fields and keywords, and may repeat options.
    """
    person = people.get(row["profile_id"])
    if person is None:
        yield "roles", f"profile {row['profile_id']} is not in `profiles`"
        return
    yield from _roles(row, person, roles, imported)
    yield from _facts(row, person, imported)
    if FORMATS[row["format"]] in _WRITTEN and not imported:
        yield from _wordings(row, person.values.get(row["attribute"], ""))
    yield from _options(row, imported)


def _roles(row: Mapping, person: Person, roles: set[str], imported: bool) -> Iterator[tuple[str, str]]:
    if ROLES[row["role"]] not in roles:
        yield "roles", f"role {ROLES[row['role']]} in a split of {', '.join(sorted(roles))}"
    role, task_id = person.part(row["attribute"])
    subject = f"the request for its {row['attribute']} has" if person.requests else "the profile's is"
    if row["role"] != role:
        yield "roles", f"role {ROLES[row['role']]}, but {subject} {ROLES[role]}"
    if row["task_id"] != task_id:
        yield "roles", f"task_id {row['task_id']}, but {subject} {task_id}"
    if (MODALITIES[row["modality"]] == "text") != (not row["images"]):
        yield "roles", f"modality {MODALITIES[row['modality']]} with {len(row['images'])} pictures"
    if len([view for view in row["views"] if not (imported and view.startswith(ABSENT))]) != len(row["images"]):
        yield "roles", f"{len(row['views'])} views for {len(row['images'])} pictures"


def _facts(row: Mapping, person: Person, imported: bool) -> Iterator[tuple[str, str]]:
    answer, value = row["answer"], person.values.get(row["attribute"])
    if value is None and not imported:
        yield "facts", f"the profile has no {row['attribute']}"
        return
    if value is not None and value.casefold() not in answer.casefold():
        yield "facts", f"answer {answer!r} does not state the profile's {row['attribute']}, {value!r}"
    if not answer.strip():
        yield "facts", "the answer is empty"
    if not row["keywords"] and not imported:
        yield "facts", "no keywords"
    missing = [word for word in row["keywords"] if word.casefold() not in answer.casefold()]
    if missing:
        yield "facts", f"keyword {missing[0]!r} is not in the answer {answer!r}"
    if not row["question"].strip():
        yield "facts", "the question is empty"


def _wordings(row: Mapping, value: str) -> Iterator[tuple[str, str]]:
    """Check the other wordings; a bare value needs none, a sentence at least PARAPHRASES."""
    answer = _form(row["answer"])
    bare = re.sub("^an? ", "", answer) == re.sub("^an? ", "", _form(value))
    right, wrong = [_form(text) for text in row["paraphrases"]], [_form(text) for text in row["perturbed"]]
    if len(right) < (0 if bare and not right else PARAPHRASES):
        yield "paraphrases", f"{len(right)} paraphrases; at least {PARAPHRASES}"
    if len({answer, *right}) <= len(right):
        yield "paraphrases", "a paraphrase repeats another or the answer"
    for text in row["paraphrases"]:
        if any(word.casefold() not in text.casefold() for word in row["keywords"]):
            yield "paraphrases", f"{text!r} does not state the fact"
    if len(wrong) < PERTURBED:
        yield "perturbed", f"{len(wrong)} wrong answers; at least {PERTURBED}"
    if len(set(wrong)) < len(wrong):
        yield "perturbed", "two wrong answers are the same"
    for text, plain in zip(row["perturbed"], wrong, strict=True):
        if plain in (answer, *right):
            yield "perturbed", f"{text!r} is true"


def _options(row: Mapping, imported: bool) -> Iterator[tuple[str, str]]:
    options, correct = row["options"], row["correct"]
    if FORMATS[row["format"]] != "multiple_choice":
        if options or correct != -1:
            yield "options", f"options on a {FORMATS[row['format']]} row"
        return
    if not 0 <= correct < len(options):
        yield "options", f"correct is {correct} of {len(options)} options"
        return
    if options[correct] != row["answer"]:
        yield "options", f"option {correct} is {options[correct]!r}, the answer {row['answer']!r}"
    if imported:
        return
    forms = [_form(option) for option in options]
    times = forms.count(_form(row["answer"]))
    if times != 1:
        yield "options", f"the answer {row['answer']!r} occurs {times} times"
    if len(set(forms)) < len(forms):
        yield "options", "two options are the same"


def _form(text: str) -> str:
    """Return a text without what does not change its meaning: case, extra spaces and a period at the end."""
    return " ".join(text.casefold().split()).removesuffix(".")
