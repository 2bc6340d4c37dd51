"""Units of work over stored rows: consecutive rows of one role and task, read again where they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lethebench.builders.own.store import Span, facts_of, read_pictures, read_span
from lethebench.builders.own.store import Subject as OwnSubject
from lethebench.builders.records import EncodedView, ProfileRecord, Subject, Unit
from lethebench.builders.write.pictures import file_name
from lethebench.builders.write.rows import profile_row, qa_row
from lethebench.contract.columns import FORMATS
from lethebench.generation.questions.records import Profile, Question

MOST_THUMBNAILS = 24
"""Pictures whose thumbnail and origin a subject's row has."""
ROWS_PER_SHARD = 4000


@dataclass(frozen=True)
class StoredUnit(Unit):
    """Consecutive stored rows; a subject's own row goes with its first question.

    Attributes:
        span: the rows.
        name: of its groups of shards: qa/<name>, qa/test-<name>, profiles/<name>.
    """

    span: Span = field(kw_only=True)
    name: str = field(kw_only=True)

    @property
    def profile_count(self) -> int:
        return self.span.subjects


def stored_unit(span: Span, name: str) -> StoredUnit:
    """Return the unit of a span, with the groups that it has rows in."""
    rows = span.last - span.first + 1
    groups = [f"qa/{name}"] if rows > span.tests else []
    groups += [f"qa/test-{name}"] if span.tests else []
    groups += [f"profiles/{name}"] if span.subjects else []
    return StoredUnit(tuple(groups), (), span.role, span.task_id, span=span, name=name)


def shards_of_units(units: Sequence[StoredUnit]) -> dict[str, int]:
    """Return group -> number of files, each with about ROWS_PER_SHARD rows."""
    rows: dict[str, int] = {}
    for unit in units:
        for group in unit.groups:
            more = unit.span.subjects if group.startswith("profiles/") else unit.span.last - unit.span.first + 1
            rows[group] = rows.get(group, 0) + more
    return {group: -(-count // ROWS_PER_SHARD) for group, count in rows.items()}


def stored_rows(unit: StoredUnit, folder: Path, prefix: str) -> dict[str, list[dict]]:
    """Return group -> rows of a unit; `folder` has the store and the converted pictures, `prefix` begins row ids."""
    rows: dict[str, list[dict]] = {group: [] for group in unit.groups}
    views: dict[str, EncodedView] = {}
    for own, first, row in read_span(folder, unit.span):
        subject = Subject(Profile(own.id, prefix, own.name, {}, {}, seed=0), unit.role, unit.task_id)
        names = row["pictures"]
        absent = [name for name in names if name not in views]
        views |= {name: _view(prefix, one, folder) for name, one in read_pictures(folder, absent).items()}
        group = f"qa/test-{unit.name}" if row["test"] else f"qa/{unit.name}"
        question = _question(row, names)
        rows[group].append(qa_row(f"{prefix}/{own.id}/{question.key}", subject, question, views))
        if first:
            rows[f"profiles/{unit.name}"].append(profile_row(_profile(subject, own, folder)))
    return rows


def _profile(subject: Subject, own: OwnSubject, folder: Path) -> ProfileRecord:
    """Return a subject's row: its facts, its task as given, and its first pictures."""
    facts, pictures = facts_of(folder, own, MOST_THUMBNAILS)
    details = own.details | ({"task": own.task} if own.task else {})
    details |= {
        f"picture:{_short(one['name'])}": f"sha256 {one['sha256']}, {one['size'][0]} x {one['size'][1]}, {one['kind']}"
        for one in pictures
    }
    profile = replace(subject.profile, fields=facts, details=details)
    views = {one["name"]: _view(subject.profile.domain, one, folder) for one in pictures}
    return ProfileRecord(replace(subject, profile=profile), {}, views)


def _view(prefix: str, picture: Mapping[str, Any], folder: Path) -> EncodedView:
    name = f"{picture['number']:06d}"
    file = folder / picture["file"]
    return EncodedView(
        prefix,
        {"bytes": file.read_bytes(), "path": file_name("picture", name)},
        {"bytes": file.with_name(f"{file.name}.small").read_bytes(), "path": file_name("picture", f"{name}_thumbnail")},
        f"{prefix}:{_short(picture['name'])}",
    )


def _short(name: str) -> str:
    """Return the name of a picture's file, or the start of its hash."""
    return Path(name).name[:100] if "." in name else name[:16]


def _question(row: Mapping[str, Any], pictures: Sequence[str]) -> Question:
    modality, format = "image_text" if pictures else "text", FORMATS[1] if row["options"] else FORMATS[0]
    return Question(
        key=row["id"] or str(row["n"]),
        modality=modality,
        format=format,
        attribute=row["attribute"],
        question=row["question"],
        answer=row["answer"],
        value=row["answer"],
        keywords=tuple(row["keywords"]),
        paraphrases=tuple(row["paraphrases"]),
        perturbed=tuple(row["perturbed"]),
        options=tuple(row["options"]),
        correct=row["correct"],
        cloze_prompt=row["cloze_prompt"],
        view=pictures[0] if pictures else None,
        more_views=tuple(pictures[1:]),
    )
