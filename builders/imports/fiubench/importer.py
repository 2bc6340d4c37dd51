"""fiubench from FIUBench's own release: the authors' fictitious people, faces and questions, as a build."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lethebench.builders.imports.fiubench.release import FORGET, Fiubench, Person, Source, read_release, texts_of
from lethebench.builders.imports.fiubench.text import CARD, PAPER
from lethebench.builders.imports.shared.base import Release
from lethebench.builders.imports.shared.pictures import RawPicture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.stored import Parts, StoredImport, released_row, stored_units
from lethebench.builders.imports.shared.wording import keywords_of
from lethebench.builders.options import Options
from lethebench.builders.own.rows import OwnRow
from lethebench.builders.own.store import Store

SMALL_FORGOTTEN, SMALL_RETAINED = 2, 6
"""People of each set to forget, and others, in a small import."""


class FiubenchImport(StoredImport):
    """FIUBench as released."""

    NAME = "fiubench"
    SUMMARY = "400 fictitious people, each with a face and twenty questions"
    HUB_FILES = ("*.json", "*.zip", "*.jpg", "*.png")
    PAPER = PAPER
    CARD = CARD
    PAPER_COUNTS = {"profiles": 400, "train_questions": 8000}  # noqa: RUF012
    SETS = {"continual": FORGET, **{name: (name,) for name in FORGET}}  # noqa: RUF012

    def read(self, source: Path, *, size: str | int, options: Options, workshop: Path, num_proc: int) -> Release:
        files = Source(source)
        problems = Problems(files.source, "repair the download or download it again")
        release = read_release(files, problems)
        counts: Counter[str] = Counter(people_after_the_first_400_left_out=release.left_out)

        def rows(store: Store) -> Iterator[RawPicture]:
            for number, (person, row) in enumerate(_rows(release, files, counts, problems, small=size == "small")):
                with problems.at(person.id, number):
                    for index in store.add(number, row, share=True):
                        yield row.pictures[index]

        units = stored_units(rows, FORGET, workshop, problems, num_proc=num_proc)
        each = {name: FORGET[: at + 1] if release.nested else (name,) for at, name in enumerate(FORGET)}
        missing = {
            name: f"no question of this copy of the release has a {column}"
            for name, column in (("test", "paraphrased_question"), ("paraphrases", "paraphrased_answer"),
                                 ("perturbed", "perturbed_answer"))
            if not counts[name]
        }  # fmt: skip
        parts = Parts({"continual": FORGET, **each}, missing=missing, facts={"nested": release.nested})
        return self.release(units, parts, workshop, files.provenance(), {name: counts[name] for name in _COUNTED})


_COUNTED = (
    "people_after_the_first_400_left_out",
    "keywords_not_in_the_answer_left_out",
    "wrong_answers_that_are_right_or_repeated_left_out",
)


def _chosen(release: Fiubench, small: bool) -> Iterator[Person]:
    """Yield the people of an import: all, or a few of each set."""
    task_counts: Counter[int] = Counter()
    for person in release.people:
        task = release.task_of.get(person.id, -1)
        task_counts[task] += 1
        if not small or task_counts[task] <= (SMALL_RETAINED if task < 0 else SMALL_FORGOTTEN):
            yield person


def _rows(
    release: Fiubench, files: Source, counts: Counter[str], problems: Problems, *, small: bool
) -> Iterator[tuple[Person, OwnRow]]:
    """Yield (person, row) of every question; what cannot be read becomes a problem."""
    for person in _chosen(release, small):
        try:
            picture = RawPicture(person.picture, files.read(person.picture))
        except ValueError as error:
            problems.add(f"{error} (the picture of {person.id})", file=person.picture)
            continue
        for number, one in enumerate(person.questions):
            with problems.at(person.id, number):
                for row in _questions(person, number, one, picture, release, counts):
                    yield person, row


def _questions(
    person: Person,
    number: int,
    released: Mapping[str, Any],
    picture: RawPicture,
    release: Fiubench,
    counts: Counter[str],
) -> Iterator[OwnRow]:
    """Yield a question, and its other wordings as test rows."""
    question, answer = texts_of(released["question"])[0], texts_of(released["answer"])[0]
    words, dropped = keywords_of(released.get("keywords"), answer)
    counts["keywords_not_in_the_answer_left_out"] += dropped
    wrong = texts_of(released.get("perturbed_answer"))
    right = list(dict.fromkeys(one for one in texts_of(released.get("paraphrased_answer")) if one != answer))
    perturbed = list(dict.fromkeys(one for one in wrong if one not in (answer, *right)))
    counts["wrong_answers_that_are_right_or_repeated_left_out"] += len(wrong) - len(perturbed)
    others = texts_of(released.get("paraphrased_question"))
    counts.update(test=len(others), paraphrases=len(right), perturbed=len(perturbed))
    texts = {
        "subject": person.id,
        "name": person.name,
        "answer": answer,
        "attribute": f"question-{number + 1:02d}",
        "task": str(release.task_of.get(person.id, "")),
    }
    lists = {"keywords": words, "paraphrases": right, "perturbed": perturbed}
    for key, split, wording in (
        (f"{person.id}-{number + 1:02d}", "train", question),
        *((f"{person.id}-{number + 1:02d}-{index}", "test", other) for index, other in enumerate(others, 1)),
    ):
        row = {**texts, "question": wording, "split": split, "id": key}
        yield released_row(row, [picture], lists, person.notes)
