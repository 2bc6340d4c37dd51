"""mlu from MLUBench's own release: the authors' questions and answers in the released tasks, as a build.

The release's archive holds no pictures. Give their folder with `--option pictures=DIR`; rows without their picture are
kept as text, or left out (`--option absent=drop`), and counted either way.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.builders.base import Counts, GroupCounts
from lethebench.builders.errors import BuildError
from lethebench.builders.imports.mlu.attributes import attributes
from lethebench.builders.imports.mlu.release import TASKS, MluRelease, Row, read_release, repairs
from lethebench.builders.imports.mlu.text import CARD, MISSING
from lethebench.builders.imports.shared.archive import open_files
from lethebench.builders.imports.shared.base import (
    Import,
    Release,
    ReleasedPicture,
    ReleasedProfile,
    ReleasedUnit,
    released_unit,
)
from lethebench.builders.imports.shared.picture_folder import PictureFolder
from lethebench.builders.imports.shared.pictures import LONGEST, Picture, RawPicture, convert
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.wording import keywords
from lethebench.builders.mlu.text import PAPER
from lethebench.builders.options import Options, option
from lethebench.builders.records import Plan, Subject
from lethebench.builders.write.pictures import file_name
from lethebench.generation.questions.records import Profile, Question

SMALL = 2
"""Entities of each set in a small import."""
_TRAIN, _PROFILES = ("qa/forget", "qa/retain"), ("profiles/forget", "profiles/retain")


@dataclass(frozen=True)
class MluImportOptions(Options):
    """Options of an import of MLUBench."""

    pictures: str | None = option(
        None, str, "the folder of the release's pictures, downloaded_images/<Class>/<Entity>/<file> or below it"
    )
    absent: str = option("keep", str, "rows whose picture is absent: keep them as text, or drop them")

    def __post_init__(self) -> None:
        if self.absent not in ("keep", "drop"):
            raise BuildError(f"option absent={self.absent}: give keep or drop")
        if self.pictures is not None and not Path(self.pictures).is_dir():
            raise BuildError(f"option pictures={self.pictures}: no such folder")

    def record(self) -> dict[str, Any]:
        return {"pictures": "given" if self.pictures else None, "absent": self.absent}


class MluImport(Import):
    """MLUBench as released."""

    NAME = "mlu"
    SUMMARY = "well-known entities"
    PAPER = PAPER
    CARD = CARD
    MISSING = MISSING
    OPTIONS = MluImportOptions
    SEQUENCE = "lifelong"
    CONFIGS = {  # noqa: RUF012
        "lifelong": {"train": _TRAIN, "forget": _TRAIN[:1], "retain": _TRAIN[1:]},
        "profiles": {"train": _PROFILES},
    }
    PAPER_COUNTS = {  # noqa: RUF012
        "profiles": 127,
        "tasks": 4,
        "pictures": 2453,
        "questions": 15_414,
        "forget_questions": 9426,
        "retain_questions": 5988,
    }

    def read(
        self, source: Path, *, size: str | int, options: MluImportOptions, workshop: Path, num_proc: int
    ) -> Release:
        files = open_files(source)
        release = read_release(files)
        attribute_of = attributes(release.entities)
        if size == "small":
            release.sets = {key: dict(list(members.items())[:SMALL]) for key, members in release.sets.items()}
        pictures, respelled = _pictures(release, options, workshop, num_proc)
        absent = [row for rows in release.entities.values() for row in rows if row.picture not in pictures]
        counts = repairs(release) | {
            f"rows_without_picture_{'dropped' if options.absent == 'drop' else 'kept_as_text'}": len(absent),
            "pictures_absent": len({row.picture for row in absent}),
            "pictures_found_under_another_spelling": respelled,
            "rows_in_no_task_left_out": release.unplaced,
        }
        units = []
        for role in ("forget", "retain"):
            for (task, set_role), members in release.sets.items():
                if set_role == role:
                    for rows in members.values():
                        rows = [row for row in rows if row.picture in pictures or options.absent == "keep"]
                        units += [_unit(rows, role, TASKS.index(task), attribute_of, pictures)] if rows else []
        _check_not_empty(files.source, units)
        return Release(self, Plan(units, workshop, len(TASKS)), files.provenance(), counts)

    def row_id(self, profile: Profile, key: str) -> str:
        return f"{profile.id}/{key}"

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        paper = {
            "profiles": groups.rows(*_PROFILES),
            "tasks": tasks,
            "pictures": groups.pictures(*_TRAIN),
            "questions": groups.rows(*_TRAIN),
            "forget_questions": groups.rows("qa/forget"),
            "retain_questions": groups.rows("qa/retain"),
        }
        return paper, {}

    def facts(self) -> dict[str, Any]:
        return {"longest": LONGEST}


def _pictures(
    release: MluRelease, options: MluImportOptions, workshop: Path, num_proc: int
) -> tuple[dict[str, Picture], int]:
    """Return path in the release -> its picture, if the folder has it, and how many have another spelling there.

    Raise BuildError listing pictures that do not decode or are links out of the folder.
    """
    if options.pictures is None:
        return {}, 0
    folder = PictureFolder(Path(options.pictures))
    problems = Problems(
        f"pictures={folder.root.name}", "put intact pictures there, or remove these: their rows then become text"
    )
    files: dict[str, Path] = {}
    respelled = 0
    for path in dict.fromkeys(row.picture for rows in release.entities.values() for row in rows):
        inner = path.removeprefix("downloaded_images/")
        matches = folder.find(f"downloaded_images/{inner}") or folder.find(inner)
        if not matches:
            continue
        if len(matches) > 1:
            problems.add(f"is there {len(matches)} times, in other spellings", file=path)
        elif folder.leads_out(matches[0]):
            problems.add("is a link out of the folder", file=path)
        else:
            files[path] = matches[0]
            respelled += not matches[0].as_posix().endswith(inner)
    folder.log_unused(files.values(), "not in the release")
    pictures = {}
    for picture in convert((RawPicture(path, file) for path, file in files.items()), workshop, num_proc=num_proc):
        if picture.reason:
            problems.add(f"does not decode: {picture.reason}", file=picture.name)
        else:
            pictures[picture.name] = picture
    problems.check()
    return pictures, respelled


def _unit(
    rows: Sequence[Row],
    role: str,
    task: int,
    attribute_of: Mapping[tuple[str, str], str],
    pictures: Mapping[str, Picture],
) -> ReleasedUnit:
    """Return an entity as a unit of work."""
    profile_id = rows[0].profile_id
    domain, _, key = profile_id.partition("/")
    answers: dict[str, set[str]] = defaultdict(set)
    released: dict[str, ReleasedPicture] = {}
    questions = []
    for row in rows:
        attribute = attribute_of[domain, row.question]
        answers[attribute].add(row.answer)
        released.setdefault(row.picture, _released_picture(profile_id, row.picture, pictures.get(row.picture)))
        questions.append(_question(row, attribute, row.picture in pictures))
    profile = Profile(
        profile_id,
        domain,
        name=key.replace("_", " "),
        fields={name: next(iter(texts)) for name, texts in answers.items() if len(texts) == 1},
        details={f"picture:{path}": pictures[path].provenance for path in released if path in pictures},
        seed=0,
    )
    task_ids = (task, -1) if role == "forget" else (-1, task)
    subject = Subject(profile, role, *task_ids)
    return released_unit(
        (f"qa/{role}", f"profiles/{role}"), [ReleasedProfile(subject, {f"qa/{role}": questions}, released)]
    )


def _released_picture(profile_id: str, path: str, picture: Picture | None) -> ReleasedPicture:
    if picture is None:
        return ReleasedPicture(None, name=f"absent:{path}")
    name = Path(path).name
    return ReleasedPicture(
        picture, file_name(profile_id, name), file_name(profile_id, f"{name}_thumbnail"), f"released:{name}"
    )


def _question(row: Row, attribute: str, has_picture: bool) -> Question:
    return Question(
        key=row.id.removeprefix(f"{row.profile_id}/"),
        modality="image_text" if has_picture else "text",
        format="generation",
        attribute=attribute,
        question=row.question,
        answer=row.answer,
        value=row.answer,
        keywords=tuple(keywords(row.answer)),
        paraphrases=(),
        perturbed=(),
        view=row.picture,
    )


def _check_not_empty(source: str, units: Sequence[ReleasedUnit]) -> None:
    """Raise BuildError if dropping rows without pictures left nothing to forget in a task, or nothing to retain."""
    present = {(unit.role, unit.task_id) for unit in units}
    empty = [f"{name} forget" for task_id, name in enumerate(TASKS) if ("forget", task_id) not in present]
    if ("retain", -1) not in present:
        empty.append("retain")
    if empty:
        raise BuildError(
            f"{source}: with absent=drop nothing is left in {', '.join(empty)}: give the pictures' folder with "
            "--option pictures=DIR, or keep the rows as text (absent=keep)"
        )
