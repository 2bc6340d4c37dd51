"""mllmu from MLLMU-Bench's own release: the authors' people, pictures and questions, as a build like any other.

Where the released sets to forget nest, as 5, 10 and 15 % of the people, they make the sequence of config `continual`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.builders.base import Plan, Unit
from lethebench.builders.imports.mllmu.sets import (
    RECORDS,
    SHARES,
    Download,
    Record,
    open_download,
    read_records,
    read_sets,
)
from lethebench.builders.imports.shared import text
from lethebench.builders.imports.shared.base import Import, Imported, RowsUnit
from lethebench.builders.imports.shared.photos import LONGEST, Photo, convert, converted, small
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.mllmu import text as mllmu_text
from lethebench.builders.mllmu.builder import Mllmu
from lethebench.builders.write.columns import profile_row
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES
from lethebench.generation.questions.records import Profile

PROFILES_PER_UNIT = 5
SMALL = {"rest": 34, "neighbour": 12}
"""How many people of a group a small import takes; two of each that is to be forgotten."""
VIEW = "released"
NEIGHBOUR = "neighbour"


@dataclass(frozen=True)
class MllmuImportOptions:
    """An import of MLLMU-Bench has no options."""


class MllmuImport(Import):
    """MLLMU-Bench as released.

    Args:
        groups: the groups of people there are -> the shares of sets to forget that hold them.
        tested: the groups that have a test set.
    """

    NAME = "mllmu"
    PRETTY_NAME = "MLLMU-Bench, imported"
    SOURCE = "the folder of a download from the Hub, with Full_Set/, Test_Set/, Retain_Set/, forget_5/ ... in it"
    DESCRIPTION = text.MLLMU_DESCRIPTION
    PAPER = mllmu_text.PAPER
    TAGS = ("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "portraits", "imported")
    OPTIONS = MllmuImportOptions
    CONFIG_NOTES = mllmu_text.CONFIG_NOTES | text.MLLMU_CONFIG_NOTES
    SPLIT_NOTES = text.MLLMU_SPLIT_NOTES
    EXAMPLES = text.MLLMU_EXAMPLES
    LICENCE = text.licence("MLLMU-Bench", mllmu_text.PAPER.url)
    LICENCES = text.licences("MLLMU-Bench")
    MISSING = text.MLLMU_MISSING
    RESPONSIBLE_AI = text.MLLMU_RESPONSIBLE_AI
    PAPER_SIZE = Mllmu.PAPER_SIZE
    SMALL_SIZE = 40
    PAPER_COUNTS = Mllmu.PAPER_COUNTS

    def __init__(self, groups: Mapping[str, Sequence[int]] | None = None, tested: Sequence[str] = ()) -> None:
        usual = {"g05": (5, 10, 15), "g10": (10, 15), "g15": (15,), "rest": ()}
        self.groups = usual if groups is None else dict(groups)
        self.tested = tuple(usual if groups is None else tested)
        sets = {"continual": SHARES[-1]} if "g05" in self.groups else {}
        sets |= {f"forget{share}": share for share in SHARES}
        self.CONFIGS = {name: self._splits(share) for name, share in sets.items()}
        self.CONFIGS["profiles"] = {"train": tuple(f"profiles/{name}" for name in (*self.groups, NEIGHBOUR))}

    def _splits(self, share: int) -> dict[str, tuple[str, ...]]:
        asked = [name for name, shares in self.groups.items() if share in shares]
        tests = tuple(f"qa/test-{name}" for name in self.groups if name in self.tested)
        return {
            "train": tuple(f"qa/{name}" for name in self.groups),
            "forget": tuple(f"qa/{name}" for name in asked),
            "retain": tuple(f"qa/{name}" for name in self.groups if name not in asked),
            **({"test": tests} if tests else {}),
            "neighbour": (f"qa/{NEIGHBOUR}",),
        }

    def read(
        self, source: Path, *, size: str | int, options: MllmuImportOptions, workshop: Path, num_proc: int
    ) -> Imported:
        problems = Problems(source.resolve().name, "mend the download or get it again")
        found = open_download(source, problems)
        photos: dict[str, Photo] = {}
        for photo in convert(read_records(found, problems), workshop, num_proc=num_proc):
            photos[photo.name] = photo
            if photo.reason:
                problems.add(f"does not decode: {photo.reason}", file=photo.name)
        for config in RECORDS:
            if not found.records[config] and not problems.found:
                problems.add("holds no row", file=f"{config}/")
        problems.check()
        read_sets(found, problems)
        problems.check()
        nested = found.nested()
        members = _groups(found, nested)
        _check_sets(found, members, problems)
        if size == "small":
            members = {name: ids[: SMALL.get(name, 2)] for name, ids in members.items()}
        figures = list(found.records["Retain_Set"])
        figures = figures[: SMALL[NEIGHBOUR]] if size == "small" else figures
        shares = {name: tuple(s for s in SHARES if ids[0] in set(found.forget[s])) for name, ids in members.items()}
        tested = [name for name, ids in members.items() if any(one in found.records["Test_Set"] for one in ids)]
        benchmark = MllmuImport(shares, tested)
        units = [unit for name, ids in members.items() for unit in _people(name, ids, found, photos, tested, nested)]
        units += _figures(figures, found, photos)
        people = [one for ids in members.values() for one in ids]
        taken = {"Full_Set": people, "Test_Set": people, "Retain_Set": figures}
        records = [found.records[config].get(one) for config, ids in taken.items() for one in ids]
        asked = [one for record in records if record for one in record.asked]
        counts = {
            "questions_with_an_option_twice": sum(one.odd for one in asked if one.format == "multiple_choice"),
            "blanks_without_a_mark": sum(one.odd for one in asked if one.format == "cloze"),
            "pairs_of_ft_data_in_details": sum(found.pairs.get(one, 0) for one in people),
            "columns_left_out": len(found.left_out),
        }
        plan = Plan(
            units=units,
            shared=workshop,
            candidates={},
            attributes={},
            tasks=len(SHARES) if nested else 1,
            options={},
            apart=[],
        )
        return Imported(benchmark, plan, found.provenance(), counts)

    def rows(self, unit: Unit, shared: Path) -> dict[str, list[dict]]:
        made: dict[str, list[dict]] = {group: [] for group in unit.groups}
        for profile, parts in zip(unit.profiles, unit.rows, strict=True):
            thumbnails = {}
            for use, rows, photos in parts:
                group = next(name for name in unit.groups if name.startswith("qa/test-") == (use == "test"))
                images = []
                for number, photo in enumerate(photos):
                    view = f"{use}-{number}" if number else use
                    path = f"{profile.id}_{view}.jpg"
                    images.append({"bytes": converted(shared, photo), "path": path})
                    path = f"{profile.id}_{view}_thumbnail.jpg"
                    thumbnails[f"{VIEW}:{view}"] = {"bytes": small(shared, photo), "path": path}
                made[group] += [row | {"images": images if row["views"] else []} for row in rows]
            place = {"role": unit.role, "task_id": unit.task_id}
            made[unit.groups[-1]].append(profile_row(profile, images={}, thumbnails=thumbnails, portrait=[], **place))
        return made

    def counts(self, groups: Mapping[str, Mapping[str, int]], tasks: int) -> tuple[dict, dict]:
        def total(what: str, kind: str) -> int:
            return sum(number[what] for name, number in groups.items() if _kind(name) == kind)

        kinds = ("train", "test", NEIGHBOUR)
        rows = {f"{kind}_questions": total("rows", kind) for kind in kinds}
        paper = {
            "profiles": total("rows", "profiles"),
            "pictures": sum(total("pictures", kind) for kind in kinds),
            "questions": sum(rows.values()),
            **rows,
        }
        return paper, {}

    def facts(self) -> dict[str, Any]:
        return {"longest": LONGEST, "nested": "continual" in self.CONFIGS}


def _kind(group: str) -> str:
    """What a group of shards is for: train, test, neighbour or profiles."""
    folder, _, name = group.partition("/")
    if folder != "qa":
        return folder
    return "test" if name.startswith("test-") else NEIGHBOUR if name == NEIGHBOUR else "train"


def _groups(found: Download, nested: bool) -> dict[str, list[str]]:
    """Group -> its people in the order of `Full_Set`: everybody who stands in the same sets to forget.

    Groups of nested sets are called as those of our own build: g05, g10, g15, rest.
    """
    sets = {share: set(found.forget[share]) for share in SHARES}
    groups: dict[tuple[int, ...], list[str]] = {}
    for person in found.records["Full_Set"]:
        groups.setdefault(tuple(share for share in SHARES if person in sets[share]), []).append(person)
    order = sorted(groups, key=lambda shares: (not shares, shares))
    if nested:
        order = sorted(groups, key=len, reverse=True)
    return {_group_name(shares, nested): groups[shares] for shares in order}


def _group_name(shares: Sequence[int], nested: bool) -> str:
    if not shares:
        return "rest"
    return f"g{shares[0]:02d}" if nested else "in-" + "-".join(map(str, shares))


def _check_sets(found: Download, members: Mapping[str, Sequence[str]], problems: Problems) -> None:
    for share in SHARES:
        if not found.forget[share]:
            problems.add("holds nobody", file=f"forget_{share}/")
    if "rest" not in members:
        problems.add("every person is in a set to forget, so nobody is left to retain", file="Full_Set/")
    problems.check()


def _people(
    name: str, ids: Sequence[str], found: Download, photos: Mapping[str, Photo], tested: Sequence[str], nested: bool
) -> Iterator[RowsUnit]:
    """The people of a group as units of work. Role and task are those of the default config."""
    shares = [share for share in SHARES if ids[0] in set(found.forget[share])]
    forget = bool(shares) if nested else SHARES[0] in shares
    task = len(SHARES) - len(shares) if nested else 0
    place = {"role": "forget" if forget else "retain", "task_id": task if forget else -1}
    tests = (f"qa/test-{name}",) if name in tested else ()
    for at in range(0, len(ids), PROFILES_PER_UNIT):
        some = ids[at : at + PROFILES_PER_UNIT]
        profiles, rows = [], []
        for one in some:
            records = {use: found.records[config].get(one) for config, use in RECORDS.items() if use != NEIGHBOUR}
            profile = _profile("person", records["train"], found)
            profiles.append(profile)
            rows.append(tuple(_part(use, record, profile, photos, place) for use, record in records.items() if record))
        groups = (f"qa/{name}", *tests, f"profiles/{name}")
        yield RowsUnit(groups, tuple(profiles), rows=tuple(rows), **place)


def _figures(ids: Sequence[str], found: Download, photos: Mapping[str, Photo]) -> Iterator[RowsUnit]:
    place = {"role": NEIGHBOUR, "task_id": -1}
    for at in range(0, len(ids), PROFILES_PER_UNIT):
        records = [found.records["Retain_Set"][one] for one in ids[at : at + PROFILES_PER_UNIT]]
        profiles = tuple(_profile("figure", record, None) for record in records)
        rows = tuple(
            (_part(NEIGHBOUR, record, profile, photos, place),)
            for record, profile in zip(records, profiles, strict=True)
        )
        yield RowsUnit((f"qa/{NEIGHBOUR}", f"profiles/{NEIGHBOUR}"), profiles, rows=rows, **place)


def _profile(domain: str, record: Record, found: Download | None) -> Profile:
    """A person as far as the release tells: its texts as they are, under the names of its columns."""
    details = dict(record.notes)
    if found and record.id in found.tuning:
        details["ft_Data"] = found.tuning[record.id]
    return Profile(f"{domain}-{record.id}", domain, record.id, {}, details, seed=0)


def _part(
    use: str, record: Record, profile: Profile, photos: Mapping[str, Photo], place: Mapping[str, Any]
) -> tuple[str, list[dict], list[Photo]]:
    """(use, question rows without pictures, pictures) of a record."""
    shown = [photos[name] for name in record.pictures]
    rows = []
    for number, asked in enumerate(record.asked, 1):
        pictured = asked.modality == "image_text"
        rows.append(
            {
                "id": f"mllmu/{profile.id}/{use}/{asked.key}",
                "profile_id": profile.id,
                "task_id": place["task_id"],
                "retain_task_id": -1,
                "role": ROLES.index(place["role"]),
                "modality": MODALITIES.index(asked.modality),
                "format": FORMATS.index(asked.format),
                "attribute": f"question-{number}",
                "hops": 1,
                "views": [VIEW] * len(shown) if pictured else [],
                "question": asked.question,
                "answer": asked.answer,
                "keywords": list(asked.keywords),
                "options": list(asked.options),
                "correct": asked.correct,
                "paraphrases": [],
                "perturbed": [],
            }
        )
    for photo in shown:
        profile.details[f"picture:{photo.name}"] = photo.provenance
    return use, rows, shown
