"""Imports whose rows wait in a database on disk: read once, a few at a time, and written in the order of the build."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from lethebench.builders.base import Counts, GroupCounts
from lethebench.builders.imports.shared.base import MISSING, Import, Release
from lethebench.builders.imports.shared.pictures import LONGEST, RawPicture, convert
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.own.rows import MOST_SUBJECT, OwnRow
from lethebench.builders.own.store import Span, Store
from lethebench.builders.own.units import MOST_THUMBNAILS, StoredUnit, shards_of_units, stored_rows, stored_unit
from lethebench.builders.records import Plan, Unit
from lethebench.builders.write.digest import file_hash
from lethebench.contract.hub_cache import hub_source
from lethebench.contract.text import clean_text

REST, NEIGHBOUR = "rest", "neighbour"
"""Groups of subjects that no set forgets: those who are retained, and those who are not trained on."""
LISTS = ("keywords", "options", "paraphrases", "perturbed")


@dataclass(frozen=True)
class Parts:
    """What an import finds in a release.

    Attributes:
        sets: config -> the groups of subjects that it forgets.
        present: the groups of shards that have rows; None for all.
        missing: what the release lacks beside holdout and candidates -> why.
        facts: for the card.
    """

    sets: Mapping[str, Sequence[str]]
    present: Collection[str] | None = None
    missing: Mapping[str, str] | None = None
    facts: Mapping[str, Any] | None = None


class StoredImport(Import):
    """An import that keeps its rows in a `Store`.

    SETS are the sets to forget where `parts` does not say: config -> groups; the first config has all of them, a group
    per task in their order.
    """

    SETS: ClassVar[Mapping[str, Sequence[str]]]

    def __init__(self, parts: Parts | None = None) -> None:
        parts = parts or Parts(self.SETS)
        self.groups = tuple(next(iter(parts.sets.values())))
        trained = (*self.groups, REST)
        self._facts = {"longest": LONGEST, "thumbnails": MOST_THUMBNAILS, **(parts.facts or {})}
        self.MISSING = {name: MISSING[name] for name in ("holdout", "candidates")} | dict(parts.missing or {})

        def present(prefix: str, names: Sequence[str]) -> tuple[str, ...]:
            groups = tuple(f"{prefix}{name}" for name in names)
            return groups if parts.present is None else tuple(group for group in groups if group in parts.present)

        self.CONFIGS = {
            **{
                config: {
                    split: groups
                    for split, groups in {
                        "train": present("qa/", trained),
                        "forget": present("qa/", forgotten),
                        "retain": present("qa/", [name for name in trained if name not in forgotten]),
                        "test": present("qa/test-", trained),
                        NEIGHBOUR: present("qa/", [NEIGHBOUR]),
                    }.items()
                    if groups
                }
                for config, forgotten in parts.sets.items()
            },
            "profiles": {"train": present("profiles/", (*trained, NEIGHBOUR))},
        }

    def rows(self, unit: Unit, shared: Path) -> dict[str, list[dict]]:
        assert isinstance(unit, StoredUnit)
        return stored_rows(unit, shared, self.NAME)

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        trained = (*self.groups, REST)
        parts = {
            "train": [f"qa/{name}" for name in trained],
            "test": [f"qa/test-{name}" for name in trained],
            NEIGHBOUR: [f"qa/{NEIGHBOUR}"],
        }
        questions = {f"{part}_questions": groups.rows(*names) for part, names in parts.items()}
        if not questions[f"{NEIGHBOUR}_questions"]:
            del questions[f"{NEIGHBOUR}_questions"]
        return {
            "profiles": groups.rows(*(f"profiles/{name}" for name in (*trained, NEIGHBOUR))),
            "pictures": groups.pictures(*parts["train"], *parts[NEIGHBOUR]),
            "questions": sum(questions.values()),
            **questions,
        }, {}

    def facts(self) -> dict[str, Any]:
        return self._facts

    @classmethod
    def release(
        cls,
        units: Sequence[StoredUnit],
        parts: Parts,
        workshop: Path,
        source: Mapping[str, Any],
        counts: dict[str, int],
    ) -> Release:
        """Return what `read` returns, of the import with the configs that the units fill."""
        parts = Parts(parts.sets, set(chain.from_iterable(unit.groups for unit in units)), parts.missing, parts.facts)
        tasks = len({unit.task_id for unit in units if unit.task_id >= 0})
        return Release(cls(parts), Plan(units, workshop, tasks, shards=shards_of_units(units)), source, counts)


def stored_units(
    rows: Callable[[Store], Iterator[RawPicture]],
    groups: Sequence[str],
    workshop: Path,
    problems: Problems,
    *,
    num_proc: int,
) -> list[StoredUnit]:
    """Return the units of a release after storing its rows and converting its pictures.

    Args:
        rows: reads every row into a store, and yields each picture the first time it occurs.
        groups: the groups of subjects to forget, by task.
        workshop: where the store and the converted pictures are put.
        problems: gets the pictures that do not decode.
        num_proc: processes for pictures.

    Raises:
        BuildError: there is any problem.
    """
    store = Store(workshop, released=True)
    try:
        for picture in convert(rows(store), workshop, num_proc=num_proc):
            store.converted(picture)
            if picture.reason:
                problems.add(f"does not decode: {picture.reason}", file=_short(picture.name))
        problems.check()
        store.number_tasks()
        store.order()
        spans = list(store.spans())
    finally:
        store.close()

    def group_of(span: Span) -> str:
        return groups[span.task_id] if span.role == "forget" else REST if span.role == "retain" else NEIGHBOUR

    return [stored_unit(span, group_of(span)) for span in spans]


def _short(name: str) -> str:
    """Return a picture's file name, or the start of its hash."""
    return name if "." in name else f"picture {name[:16]}"


def released_row(
    texts: Mapping[str, str],
    pictures: Sequence[RawPicture] = (),
    lists: Mapping[str, list[str]] | None = None,
    details: Mapping[str, str] | None = None,
) -> OwnRow:
    """Return a released row as a stored one; raise ValueError unless it has a subject, a question and an answer.

    Args:
        texts: `subject`, `question`, `answer`, and others of `own.mapping.COLUMNS`.
        pictures: of the row.
        lists: `keywords`, `paraphrases`, `perturbed`.
        details: what the release says of the subject beside.
    """
    texts = {"task": ""} | {name: clean_text(text).strip() for name, text in texts.items()}
    for name in ("subject", "question", "answer"):
        if not texts.get(name):
            raise ValueError(f"has no {name}")
    if len(texts["subject"]) > MOST_SUBJECT or not texts["subject"].isprintable():
        raise ValueError(f"its subject is longer than {MOST_SUBJECT} characters or has hidden ones")
    return OwnRow(texts, {name: [] for name in LISTS} | dict(lists or {}), -1, tuple(pictures), details or {})


def parquet_picture(value: object) -> RawPicture:
    """Return the picture in a cell of an `Image` column; raise ValueError if there is none."""
    content = value.get("bytes") if isinstance(value, Mapping) else None
    if not isinstance(content, bytes):
        raise ValueError("has no picture")
    return RawPicture(sha256(content).hexdigest(), content)


def provenance(source: Path, files: Collection[Path]) -> dict[str, Any]:
    """Return name, number and hash of the files of a folder that were read."""
    lines = "".join(f"{path.relative_to(source).as_posix()}\0{file_hash(path)}\n" for path in sorted(set(files)))
    name = hub_source(source) or source.resolve().name.encode("utf-8", "replace").decode()
    return {"name": name, "files": len(set(files)), "sha256": sha256(lines.encode("utf-8", "replace")).hexdigest()}
