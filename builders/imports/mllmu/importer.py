"""mllmu from MLLMU-Bench's own release: the authors' people, pictures and questions, as a build.

If the released sets to forget are nested (5, 10 and 15 % of the people), they are the sequence of config `continual`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.builders.base import Counts, GroupCounts
from lethebench.builders.imports.mllmu.release import ReleasedQuestion
from lethebench.builders.imports.mllmu.sets import (
    RECORDS,
    SHARES,
    Download,
    Record,
    open_download,
    read_records,
    read_sets,
)
from lethebench.builders.imports.mllmu.text import CARD
from lethebench.builders.imports.shared.base import (
    MISSING,
    VIEW,
    Import,
    Release,
    ReleasedPicture,
    ReleasedProfile,
    ReleasedUnit,
    released_unit,
)
from lethebench.builders.imports.shared.pictures import LONGEST, Picture, convert
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.mllmu.builder import Mllmu
from lethebench.builders.options import Options
from lethebench.builders.records import Plan, Subject
from lethebench.generation.questions.records import Profile, Question

PROFILES_PER_UNIT = 5
SMALL = {"rest": 34, "neighbour": 12}
"""People of a group in a small import; two of each group to forget."""
NEIGHBOUR = "neighbour"


class MllmuImport(Import):
    """MLLMU-Bench as released.

    `groups`: group of people -> the shares whose sets to forget hold it; `tested`: the groups that have a test set.
    """

    NAME = "mllmu"
    SUMMARY = Mllmu.SUMMARY
    HUB_FILES = ("*.parquet",)
    PAPER = Mllmu.PAPER
    CARD = CARD
    MISSING = MISSING
    PAPER_COUNTS = Mllmu.PAPER_COUNTS

    def __init__(self, groups: Mapping[str, Sequence[int]] | None = None, tested: Sequence[str] = ()) -> None:
        nested = {"g05": (5, 10, 15), "g10": (10, 15), "g15": (15,), "rest": ()}
        self.groups: dict[str, Sequence[int]] = dict(nested if groups is None else groups)
        self.tested = tuple(nested if groups is None else tested)
        sets = {"continual": SHARES[-1]} if "g05" in self.groups else {}
        sets |= {f"forget{share}": share for share in SHARES}
        profiles = {"train": tuple(f"profiles/{name}" for name in (*self.groups, NEIGHBOUR))}
        self.CONFIGS = {**{name: self._splits(share) for name, share in sets.items()}, "profiles": profiles}

    def _splits(self, share: int) -> dict[str, tuple[str, ...]]:
        forget = [name for name, shares in self.groups.items() if share in shares]
        tests = tuple(f"qa/test-{name}" for name in self.groups if name in self.tested)
        return {
            "train": tuple(f"qa/{name}" for name in self.groups),
            "forget": tuple(f"qa/{name}" for name in forget),
            "retain": tuple(f"qa/{name}" for name in self.groups if name not in forget),
            **({"test": tests} if tests else {}),
            "neighbour": (f"qa/{NEIGHBOUR}",),
        }

    def read(self, source: Path, *, size: str | int, options: Options, workshop: Path, num_proc: int) -> Release:
        download, pictures = _read(source, workshop, num_proc)
        nested = download.nested()
        members = _groups(download, nested)
        figures = list(download.records["Retain_Set"])
        if size == "small":
            members = {name: ids[: SMALL.get(name, 2)] for name, ids in members.items()}
            figures = figures[: SMALL[NEIGHBOUR]]
        tests = download.records["Test_Set"]
        tested = [name for name, ids in members.items() if any(person in tests for person in ids)]
        units = [
            unit
            for name, ids in members.items()
            for unit in _people(name, ids, download, pictures, name in tested, nested)
        ]
        units += _figures(figures, download, pictures)
        shares = {name: download.shares(ids[0]) for name, ids in members.items()}
        people = [person for ids in members.values() for person in ids]
        return Release(
            MllmuImport(shares, tested),
            Plan(units, workshop, len(SHARES) if nested else 1),
            download.provenance(),
            _counts(download, people, figures),
        )

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        by_kind: dict[str, list[str]] = {"train": [], "test": [], NEIGHBOUR: [], "profiles": []}
        for group in groups.row_counts:
            by_kind[_kind(group)].append(group)
        questions = {f"{kind}_questions": groups.rows(*by_kind[kind]) for kind in ("train", "test", NEIGHBOUR)}
        paper = {
            "profiles": groups.rows(*by_kind["profiles"]),
            "pictures": groups.pictures(*by_kind["train"], *by_kind["test"], *by_kind[NEIGHBOUR]),
            "questions": sum(questions.values()),
            **questions,
        }
        return paper, {}

    def facts(self) -> dict[str, Any]:
        return {"longest": LONGEST, "nested": "continual" in self.CONFIGS}


def _read(source: Path, workshop: Path, num_proc: int) -> tuple[Download, dict[str, Picture]]:
    """Return everything in a download, and name -> converted picture; raise BuildError listing all that is wrong."""
    problems = Problems(source.resolve().name, "repair the download or download it again")
    download = open_download(source, problems)
    pictures: dict[str, Picture] = {}
    for picture in convert(read_records(download, problems), workshop, num_proc=num_proc):
        pictures[picture.name] = picture
        if picture.reason:
            problems.add(f"does not decode: {picture.reason}", file=picture.name)
    for config in RECORDS:
        if not download.records[config] and not problems.count:
            problems.add("holds no row", file=f"{config}/")
    problems.check()
    read_sets(download, problems)
    problems.check()
    for share in SHARES:
        if not download.forget[share]:
            problems.add("holds nobody", file=f"forget_{share}/")
    if all(download.shares(person) for person in download.records["Full_Set"]):
        problems.add("every person is in a set to forget, so nobody is left to retain", file="Full_Set/")
    problems.check()
    return download, pictures


def _kind(group: str) -> str:
    """Return what a group of shards is for: train, test, neighbour or profiles."""
    folder, _, name = group.partition("/")
    if folder != "qa":
        return folder
    return "test" if name.startswith("test-") else NEIGHBOUR if name == NEIGHBOUR else "train"


def _groups(download: Download, nested: bool) -> dict[str, list[str]]:
    """Return group -> its people in the order of `Full_Set`: a group is in the same sets to forget.

    Groups of nested sets have the names of our own build: g05, g10, g15, rest.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for person in download.records["Full_Set"]:
        groups.setdefault(download.shares(person), []).append(person)
    order = sorted(groups, key=len, reverse=True) if nested else sorted(groups, key=lambda shares: (not shares, shares))
    return {_group_name(shares, nested): groups[shares] for shares in order}


def _group_name(shares: Sequence[int], nested: bool) -> str:
    if not shares:
        return "rest"
    return f"g{shares[0]:02d}" if nested else "in-" + "-".join(map(str, shares))


def _counts(download: Download, people: Sequence[str], figures: Sequence[str]) -> dict[str, int]:
    """Return what was kept as it is or left out -> how often."""
    ids_of = {"Full_Set": people, "Test_Set": people, "Retain_Set": figures}
    records = [download.records[config].get(person) for config, ids in ids_of.items() for person in ids]
    questions = [question for record in records if record for question in record.questions]
    return {
        "questions_with_an_option_twice": sum(each.odd for each in questions if each.format == "multiple_choice"),
        "blanks_without_a_mark": sum(each.odd for each in questions if each.format == "cloze"),
        "pairs_of_ft_data_in_details": sum(download.pairs.get(person, 0) for person in people),
        "columns_left_out": len(download.left_out),
    }


def _people(
    name: str, ids: Sequence[str], download: Download, pictures: Mapping[str, Picture], tested: bool, nested: bool
) -> Iterator[ReleasedUnit]:
    """Yield the people of a group as units of work. Role and task are those of the default config."""
    shares = download.shares(ids[0])
    forget = bool(shares) if nested else SHARES[0] in shares
    task_id = -1 if not forget else len(SHARES) - len(shares) if nested else 0
    group_of = {"train": f"qa/{name}"} | ({"test": f"qa/test-{name}"} if tested else {})
    for at in range(0, len(ids), PROFILES_PER_UNIT):
        profiles = []
        for person in ids[at : at + PROFILES_PER_UNIT]:
            records = {use: download.records[config].get(person) for config, use in RECORDS.items() if use in group_of}
            present = {use: record for use, record in records.items() if record}
            notes = {"ft_Data": download.tuning[person]} if person in download.tuning else {}
            role = "forget" if forget else "retain"
            profiles.append(_profile("person", present, group_of, pictures, role, task_id, notes))
        yield released_unit((*group_of.values(), f"profiles/{name}"), profiles)


def _figures(ids: Sequence[str], download: Download, pictures: Mapping[str, Picture]) -> Iterator[ReleasedUnit]:
    """Yield the public figures as units of work."""
    group = f"qa/{NEIGHBOUR}"
    for at in range(0, len(ids), PROFILES_PER_UNIT):
        records = [download.records["Retain_Set"][figure] for figure in ids[at : at + PROFILES_PER_UNIT]]
        profiles = [
            _profile("figure", {NEIGHBOUR: record}, {NEIGHBOUR: group}, pictures, NEIGHBOUR, -1, {})
            for record in records
        ]
        yield released_unit((group, f"profiles/{NEIGHBOUR}"), profiles)


def _profile(
    domain: str,
    records: Mapping[str, Record],
    group_of: Mapping[str, str],
    pictures: Mapping[str, Picture],
    role: str,
    task_id: int,
    notes: Mapping[str, str],
) -> ReleasedProfile:
    """Return a person with what the release says of them, under the names of its columns.

    `records` and `group_of` map a use to the person's record and to its group of shards; `notes` are further details.
    """
    first = next(iter(records.values()))
    profile_id = f"{domain}-{first.id}"
    names = [name for record in records.values() for name in record.pictures]
    details = {**first.notes, **notes, **{f"picture:{name}": pictures[name].provenance for name in names}}
    profile = Profile(profile_id, domain, first.id, {}, details, seed=0)
    released = {}
    for use, record in records.items():
        for number, name in enumerate(record.pictures):
            view = f"{use}-{number}" if number else use
            path = f"{profile_id}_{view}"
            released[name] = ReleasedPicture(
                pictures[name], f"{path}.jpg", f"{path}_thumbnail.jpg", thumbnail_name=f"{VIEW}:{view}"
            )
    questions = {group_of[use]: _questions(use, record) for use, record in records.items()}
    return ReleasedProfile(Subject(profile, role, task_id), questions, released)


def _questions(use: str, record: Record) -> list[Question]:
    return [_question(f"question-{n}", use, each, record.pictures) for n, each in enumerate(record.questions, 1)]


def _question(attribute: str, use: str, released: ReleasedQuestion, pictures: Sequence[str]) -> Question:
    has_picture = released.modality == "image_text"
    return Question(
        key=f"{use}/{released.key}",
        modality=released.modality,
        format=released.format,
        attribute=attribute,
        question=released.question,
        answer=released.answer,
        value=released.answer,
        keywords=released.keywords,
        paraphrases=(),
        perturbed=(),
        options=released.options,
        correct=released.correct,
        view=pictures[0] if has_picture else None,
        more_views=tuple(pictures[1:]) if has_picture else (),
    )
