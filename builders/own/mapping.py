"""Read the map of `lethe build own`: which columns of a user's data hold what, and what the card says of them.

columns: {subject: person, question: question, answer: answer, picture: file_name, task: request}
title: Staff badges
license: cc-by-4.0
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.contract.columns import ROLES
from lethebench.contract.strict_yaml import load_strict, refuse_unknown

COLUMNS = {
    "subject": "whom or what a row is about: an id or a name",
    "question": "what is asked",
    "answer": "the true answer",
    "picture": "a file relative to the data, a picture, or a list of them; empty for a text row",
    "task": "the request that forgets the subject, a number or a name; empty for a subject to retain",
    "role": f"of the subject: {', '.join(ROLES)}; default forget with a task, else retain",
    "split": "train or test (the same facts in other words or pictures); default train",
    "name": "the subject's name, if the id is not the name",
    "attribute": "what the question asks for; default `question`",
    "keywords": "the parts of the answer that carry the fact: a list, or text with `;` between them",
    "options": "of multiple choice, the right answer among them",
    "paraphrases": "other wordings of the answer",
    "perturbed": "wrong answers in the same wordings",
    "cloze_prompt": "the beginning of a sentence that the answer continues, for exposure",
    "id": "of the row; default its number",
}
"""What a map can name -> what the column holds."""
REQUIRED = ("subject", "question", "answer")
LISTS = ("keywords", "options", "paraphrases", "perturbed")
_KEYS = ("columns", "file", "requests", "shared_pictures", "title", "description", "license", "url")
EXAMPLE = "columns: {subject: person, question: question, answer: answer, picture: file_name, task: request}"


@dataclass(frozen=True)
class OwnMap:
    """A map.

    Attributes:
        columns: what (a key of COLUMNS) -> the user's column.
        file: the file with the rows, relative to the data; empty if there is only one.
        requests: the subjects of each request, in place of a column `task`.
        shared_pictures: whether a picture may be of two subjects.
        title, description, license, url: for the card.
    """

    columns: Mapping[str, str]
    file: str = ""
    requests: Sequence[Sequence[str]] = ()
    shared_pictures: bool = False
    title: str = "Own data"
    description: str = "Questions, answers and pictures for measuring how well a model forgets some of them."
    license: str = "other"
    url: str = ""
    _task_of: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for number, subjects in enumerate(self.requests):
            for subject in subjects:
                if subject in self._task_of:
                    raise BuildError(f"requests: {subject!r} is in two requests; leave one out")
                self._task_of[subject] = number

    def requested(self, subject: str) -> str:
        """Return the number of the request that `requests` has a subject in, as text; empty if in none."""
        return str(self._task_of.get(subject, ""))

    def record(self) -> dict[str, Any]:
        """Return the map as it is in the file, for the manifest."""
        values = {name: getattr(self, name) for name in _KEYS}
        return {**values, "columns": dict(self.columns), "requests": [list(each) for each in self.requests]}


def read_map(path: Path) -> OwnMap:
    """Return the map in a YAML or JSON file; raise BuildError or ConfigError if it cannot be used."""
    content = load_strict(path)
    refuse_unknown(content, _KEYS, str(path))
    columns = content.get("columns")
    if not isinstance(columns, dict) or not all(isinstance(name, str) for name in columns.values()):
        raise BuildError(f"{path}: `columns` must map what a column holds to its name, e.g. {EXAMPLE}")
    refuse_unknown(columns, COLUMNS, str(path), "entry of `columns`")
    if missing := [name for name in REQUIRED if name not in columns]:
        raise BuildError(f"{path}: `columns` does not name the column of {', '.join(missing)}, e.g. {EXAMPLE}")
    requests = content.get("requests") or []
    if ("task" in columns) == bool(requests):
        raise BuildError(
            f"{path}: say once what is to be forgotten: name a column for `task`, or list the subjects of each "
            "request, e.g. requests: [[anna, ben], [carl]]"
        )
    if not isinstance(requests, list) or not all(isinstance(each, list) and each for each in requests):
        raise BuildError(f"{path}: `requests` must be a list of lists of subjects, e.g. [[anna, ben], [carl]]")
    shared = content.get("shared_pictures", "refuse")
    if shared not in ("refuse", "allow", True, False):
        raise BuildError(f"{path}: shared_pictures: {shared!r} must be refuse or allow")
    texts = {name: content[name] for name in ("file", "title", "description", "license", "url") if name in content}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip() or len(value) > 1000 or not value.isprintable():
            raise BuildError(f"{path}: `{name}` must be one line of text")
    return OwnMap(columns, requests=[[str(one) for one in each] for each in requests],
                  shared_pictures=shared in ("allow", True), **texts)  # fmt: skip
