"""mlu from MLUBench's own release: the authors' questions and answers in the released tasks, as a build like any other.

The release's archive holds no pictures. Who has them gives their folder (`--option pictures=DIR`); rows without their
picture are kept as text, or left out (`--option absent=drop`), and counted either way.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.builders.base import Plan, Unit
from lethebench.builders.errors import BuildError
from lethebench.builders.imports.mlu.attributes import attributes
from lethebench.builders.imports.mlu.release import TASKS, Release, Row, read_release, totals
from lethebench.builders.imports.shared import text
from lethebench.builders.imports.shared.archive import open_files
from lethebench.builders.imports.shared.base import Import, Imported, RowsUnit
from lethebench.builders.imports.shared.photos import LONGEST, Photo, Raw, convert, converted, small
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.wording import keywords
from lethebench.builders.mlu import text as mlu_text
from lethebench.builders.options import option
from lethebench.builders.write.columns import profile_row
from lethebench.builders.write.pictures import file_name
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES
from lethebench.generation.questions.records import Profile

SMALL = 2
"""How many entities of each set a small import takes."""
VIEW = "released"


@dataclass(frozen=True)
class MluImportOptions:
    """Options of an import of MLUBench."""

    pictures: str | None = option(
        None, str, "the folder of the release's pictures, downloaded_images/<Class>/<Entity>/<file> or below it"
    )
    absent: str = option("keep", str, "rows whose picture is absent: keep them as text, or drop them")

    def __post_init__(self) -> None:
        if self.absent not in ("keep", "drop"):
            raise BuildError(f"option absent={self.absent}: give keep or drop")
        if self.pictures is not None and not Path(self.pictures).is_dir():
            raise BuildError(f"option pictures={self.pictures}: there is no such folder")


class MluImport(Import):
    """MLUBench as released."""

    NAME = "mlu"
    PRETTY_NAME = "MLUBench, imported"
    SOURCE = "MLUBench.zip, or the folder it unpacks to"
    DESCRIPTION = text.MLU_DESCRIPTION
    PAPER = mlu_text.PAPER
    TAGS = ("machine-unlearning", "continual-unlearning", "lifelong", "vision-language", "entities", "imported")
    OPTIONS = MluImportOptions
    CONFIGS = {  # noqa: RUF012
        "lifelong": {
            "train": ("qa/forget", "qa/retain"),
            "forget": ("qa/forget",),
            "retain": ("qa/retain",),
        },
        "profiles": {"train": ("profiles/forget", "profiles/retain")},
    }
    CONFIG_NOTES = text.MLU_CONFIG_NOTES
    SPLIT_NOTES = text.MLU_SPLIT_NOTES
    EXAMPLES = text.MLU_EXAMPLES
    LICENCE = text.licence("MLUBench", mlu_text.PAPER.url)
    LICENCES = text.licences("MLUBench")
    MISSING = text.MLU_MISSING
    RESPONSIBLE_AI = text.MLU_RESPONSIBLE_AI
    PAPER_SIZE = 127
    SMALL_SIZE = SMALL * 2 * len(TASKS)
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
    ) -> Imported:
        files = open_files(source)
        release = read_release(files)
        asked = attributes(release.entities)
        if size == "small":
            release.sets = {key: dict(list(members.items())[:SMALL]) for key, members in release.sets.items()}
        photos, odd_names = _photos(release, options, workshop, num_proc)
        counts = dict(totals(release))
        absent = [row for rows in release.entities.values() for row in rows if row.picture not in photos]
        fate = "dropped" if options.absent == "drop" else "kept_as_text"
        counts |= {
            f"rows_without_picture_{fate}": len(absent),
            "pictures_absent": len({row.picture for row in absent}),
            "pictures_found_under_another_spelling": odd_names,
            "rows_in_no_task_left_out": release.unplaced,
        }
        units = [
            _unit(profile_id, rows, role, TASKS.index(task), asked, photos, options.absent == "keep")
            for role in ("forget", "retain")
            for (task, kind), members in release.sets.items()
            if kind == role
            for profile_id, rows in members.items()
        ]
        units = [unit for unit in units if unit.rows[0]]
        _check_left(files.source, units)
        plan = Plan(
            units=units,
            shared=workshop,
            candidates={},
            attributes={},
            tasks=len(TASKS),
            options={"pictures": "given" if options.pictures else None, "absent": options.absent},
            apart=[],
        )
        return Imported(self, plan, files.provenance(), counts)

    def rows(self, unit: Unit, shared: Path) -> dict[str, list[dict]]:
        qa, profiles = unit.groups
        made: dict[str, list[dict]] = {qa: [], profiles: []}
        for profile, rows in zip(unit.profiles, unit.rows, strict=True):
            photos = dict.fromkeys(photo for _, photo in rows if photo)
            pictures = {
                photo: {"bytes": converted(shared, photo), "path": file_name(profile.id, Path(photo.name).name)}
                for photo in photos
            }
            made[qa] += [row | {"images": [pictures[photo]] if photo else []} for row, photo in rows]
            thumbnails = {
                f"{VIEW}:{Path(photo.name).name}": {
                    "bytes": small(shared, photo),
                    "path": file_name(profile.id, f"{Path(photo.name).name}_thumbnail"),
                }
                for photo in photos
            }
            place = {"role": unit.role, "task_id": unit.task_id}
            made[profiles].append(profile_row(profile, images={}, thumbnails=thumbnails, portrait=[], **place))
        return made

    def counts(self, groups: Mapping[str, Mapping[str, int]], tasks: int) -> tuple[dict, dict]:
        def total(what: str, kind: str) -> int:
            return sum(groups[f"{kind}/{role}"][what] for role in ("forget", "retain"))

        paper = {
            "profiles": total("rows", "profiles"),
            "tasks": tasks,
            "pictures": total("pictures", "qa"),
            "questions": total("rows", "qa"),
            **{f"{role}_questions": groups[f"qa/{role}"]["rows"] for role in ("forget", "retain")},
        }
        return paper, {}

    def facts(self) -> dict[str, Any]:
        return {"longest": LONGEST}


def _photos(release: Release, options: MluImportOptions, workshop: Path, num_proc: int) -> tuple[dict[str, Photo], int]:
    """(path in the release -> its picture, where the folder has it; how many were found under another spelling).

    Raises:
        BuildError: pictures do not decode, or are links out of the folder; all of them are named.
    """
    if options.pictures is None:
        return {}, 0
    root = Path(options.pictures).resolve()
    problems = Problems(f"pictures={root.name}", "put whole pictures there, or take these away: their rows become text")
    paths = dict.fromkeys(row.picture for rows in release.entities.values() for row in rows)
    places: dict[str, Path] = {}
    odd = 0
    for path in paths:
        place, exact = _place(root, path)
        if place is None:
            continue
        if not place.resolve().is_relative_to(root):
            problems.add("is a link out of the folder", file=path)
            continue
        places[path] = place
        odd += not exact
    found = {}
    raws = (Raw(path, place) for path, place in places.items())
    for photo in convert(raws, workshop, num_proc=num_proc):
        if photo.reason:
            problems.add(f"does not decode: {photo.reason}", file=photo.name)
        else:
            found[photo.name] = photo
    problems.check()
    return found, odd


def _place(root: Path, path: str) -> tuple[Path | None, bool]:
    """Where a picture of the release lies under a folder, and whether its name is spelt as the release does.

    macOS stores names with accents in another normal form of Unicode than the release has.
    """
    inner = path.removeprefix("downloaded_images/")
    for number, form in enumerate((None, "NFC", "NFD")):
        name = unicodedata.normalize(form, inner) if form else inner
        for place in (root / "downloaded_images" / name, root / name):
            if place.is_file() or place.is_symlink():
                return place, number == 0
    return None, True


def _unit(
    profile_id: str,
    rows: Sequence[Row],
    role: str,
    task: int,
    asked: Mapping[tuple[str, str], str],
    photos: Mapping[str, Photo],
    keep: bool,
) -> RowsUnit:
    """An entity as a unit of work."""
    domain, _, key = profile_id.partition("/")
    places = {"role": role, "task_id": task if role == "forget" else -1}
    made, answers = [], defaultdict(set)
    for row in rows:
        photo = photos.get(row.picture)
        if photo or keep:
            attribute = asked[domain, row.question]
            answers[attribute].add(row.answer)
            made.append((_row(row, attribute, photo, task if role == "retain" else -1, **places), photo))
    details = {f"picture:{photo.name}": photo.provenance for photo in dict.fromkeys(p for _, p in made if p)}
    fields = {name: next(iter(texts)) for name, texts in answers.items() if len(texts) == 1}
    profile = Profile(profile_id, domain, key.replace("_", " "), fields, details, seed=0)
    return RowsUnit((f"qa/{role}", f"profiles/{role}"), (profile,), rows=(tuple(made),), **places)


def _row(row: Row, attribute: str, photo: Photo | None, retain_task_id: int, *, role: str, task_id: int) -> dict:
    """A question row without its picture."""
    return {
        "id": row.id,
        "profile_id": row.profile_id,
        "task_id": task_id,
        "retain_task_id": retain_task_id,
        "role": ROLES.index(role),
        "modality": MODALITIES.index("image_text" if photo else "text"),
        "format": FORMATS.index("generation"),
        "attribute": attribute,
        "hops": 1,
        "images": [],
        "views": [VIEW if photo else f"absent:{row.picture}"],
        "question": row.question,
        "answer": row.answer,
        "keywords": keywords(row.answer),
        "options": [],
        "correct": -1,
        "paraphrases": [],
        "perturbed": [],
    }


def _check_left(source: str, units: Sequence[RowsUnit]) -> None:
    """Raises BuildError where dropping rows without pictures left a task with nothing to forget or retain."""
    left = {(unit.role, unit.task_id) for unit in units}
    empty = [f"{TASKS[task]} forget" for task in range(len(TASKS)) if ("forget", task) not in left]
    if ("retain", -1) not in left:
        empty.append("retain")
    if empty:
        raise BuildError(
            f"{source}: with absent=drop nothing is left in {', '.join(empty)}: give the pictures' folder with "
            "--option pictures=DIR, or keep the rows as text (absent=keep)"
        )
