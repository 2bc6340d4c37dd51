"""remem: were the facts memorized at all, and through how many steps can they be reached? (after ReMem)

Twenty fictitious people who know one another, each with about a hundred questions on a hundred pictures: seven in ten
questions name the person, three in ten only show the person. `test` has other wordings on other pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lethebench.builders.base import Benchmark, Counts, GroupCounts, PhotoCheck, Sizes
from lethebench.builders.candidates import candidates, distinct_values, figures, wrong_values_first
from lethebench.builders.own_portraits import OwnPortraits, with_portraits
from lethebench.builders.records import EncodedView, Plan, ProfileRecord, Subject, Unit, face_corners
from lethebench.builders.remem.plan import (
    GROUPS,
    HOLDOUT_QA,
    KEPT,
    LEAST,
    PAPER_PEOPLE,
    REFERENCE,
    SHARE,
    STEPS,
    TASK_SIZE,
    TRAIN_GROUPS,
    Member,
    RememOptions,
    divide,
    draw,
    groups_of,
    members_of,
    photo_of,
    units,
    view_of,
)
from lethebench.builders.remem.text import CARD, OWN_CARD, PAPER
from lethebench.builders.write.contact_sheet import Band, Thumbnail
from lethebench.builders.write.pictures import encode_view
from lethebench.generation.portraits import face_of
from lethebench.generation.portraits.framed import CONTEXTS, head_box
from lethebench.generation.questions.distractors import pools
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.questions.wordings import Book
from lethebench.generation.remem import chains as remem_chains
from lethebench.generation.remem import questions as remem
from lethebench.generation.remem import several_pictures as remem_several
from lethebench.generation.remem.people import FACTS, OLDEST, RELATIONS, YOUNGEST, Person, rewritten
from lethebench.generation.remem.questions import HELD_OUT, Population, Shot
from lethebench.generation.remem.wordings import BOOK
from lethebench.generation.writer.people import People, english_texts
from lethebench.generation.writer.portraits import write_portraits
from lethebench.generation.writer.translation import write_language, write_words
from lethebench.generation.writer.writer import Writer

_TRAINED_ROLES = ("forget", "retain")
_FORGET, _RETAIN = TRAIN_GROUPS["forget"], TRAIN_GROUPS["retain"]
_TRAIN, _TEST = (*_FORGET, *_RETAIN), ("qa/test-forget", "qa/test-retain")
_PROFILES = ("profiles/forget", "profiles/retain")
_SPLITS = {
    "train": _TRAIN,
    "forget": _FORGET,
    "retain": _RETAIN,
    "test": _TEST,
    "holdout": ("qa/holdout",),
}
_BANDS = {"forget": "to be forgotten", "retain": "to be kept", "holdout": "held out, never trained on"}
_ON_SHEET = {
    "forget": (("train", "beside"), ("train", "newspaper"), ("test", "video-call"), ("test", "behind")),
    "retain": (("train", "portrait"), ("train", "phone"), ("test", "poster"), ("test", "portrait")),
    "holdout": (("train", "badge"), ("train", "laptop"), ("train", "id-card"), ("train", "portrait")),
}
"""Role -> the contexts of the person's pictures in the preview; held-out people have pictures of training only."""


@dataclass(frozen=True)
class Shared:
    """What the record of every person needs.

    Attributes:
        members: profile id -> person, role and task.
        trained, held_out: the source of wrong answers about people of the training set, and about the others.
        options: resolved.
        portraits: the user's own faces, if any.
    """

    members: Mapping[str, Member]
    trained: Population
    held_out: Population
    options: RememOptions
    portraits: OwnPortraits | None = None

    def population(self, member: Member) -> Population:
        """Return the source of wrong answers about a person."""
        return self.held_out if member.role == "holdout" else self.trained


class Remem(Benchmark):
    """The `remem` benchmark."""

    NAME = "remem"
    VERSION = "2.0.0"
    RELEASE_NOTES = {  # noqa: RUF012
        "2.0.0": "Wrong answers have the form of the right one: bare values for a bare value. Configs `forget1` to "
        "`forget4`; a column `cloze_prompt`; questions on the person in the image are about pictures of one person; 20 "
        "people in `holdout`. Light changes the color of a face no more than white balance does; `portraits=DIR` takes "
        "other faces.",
        "1.0.0": "First release.",
    }
    SUMMARY = "fictitious people"
    PAPER = PAPER
    CARD = CARD
    OPTIONS = RememOptions
    CONFIGS = {  # noqa: RUF012
        "default": _SPLITS,
        "continual": _SPLITS,
        **{
            f"forget{number}": {**_SPLITS, "forget": STEPS[:number], "retain": KEPT}
            for number in range(1, len(STEPS) + 1)
        },
        "relations": {"test": ("qa/relations",)},
        "multi_image": {"test": ("qa/several",)},
        "profiles": {"train": (*_PROFILES, "profiles/holdout")},
        "candidates": {"train": ("candidates/values",)},
    }
    SIZES = Sizes(
        paper=PAPER_PEOPLE,
        small=LEAST,
        step=SHARE,
        least=LEAST,
        reason=f"half of the people are to be forgotten, {TASK_SIZE} at a time",
    )
    PAPER_COUNTS = {  # noqa: RUF012
        "profiles": 20,
        "pictures": 2000,
        "questions": 2560,
        "train_questions": 2000,
        "test_questions": 560,
    }
    # As in mllmu, which has the same faces; front portraits of two people stay below 0.80 (60 people).
    PHOTOS = PhotoCheck("portrait", "correlation of gray-level gradients", 0.94)

    def plan(self, count: int, *, seed: int, options: RememOptions) -> Plan:
        return self._plan(groups_of(count, seed=seed), BOOK, count, seed, options)

    def written_plan(self, count: int, *, seed: int, options: RememOptions, writer: Writer) -> Plan:
        persons = groups_of(count, seed=seed)
        everyone = sorted((person.profile for part in persons.values() for person in part), key=lambda who: who.turn)
        book = write_language(writer, BOOK)
        nouns = [kin.noun for part in persons.values() for person in part for kin in person.kin.values()]
        words = write_words(writer, [*english_texts(everyone), *nouns])
        written = {profile.id: profile for profile in People(writer, everyone, words).write()}
        write_portraits(writer, list(written.values()))
        return self._plan(rewritten(persons, written, words), book, count, seed, options)

    def _plan(
        self, persons: Mapping[str, Sequence[Person]], book: Book, count: int, seed: int, options: RememOptions
    ) -> Plan:
        by_role = members_of(persons)
        members = {member.person.profile.id: member for part in by_role.values() for member in part}
        everyone = [member.person.profile for member in members.values()]
        trained = [member.person.profile for role in _TRAINED_ROLES for member in by_role[role]]
        decoys = wrong_values_first(everyone, partial(remem.decoys, seed=seed))
        spaces = candidates(distinct_values(everyone), len(everyone), decoys, ())
        values = pools(everyone)

        def known(*roles: str) -> Population:
            cast = {key: member.person for key, member in members.items() if member.role in roles}
            return Population(values, cast, book)

        return Plan(
            units=[unit for part in by_role.values() for unit in units(part)],
            shared=Shared(members, known(*_TRAINED_ROLES), known("holdout"), options.resolve(count)),
            tasks=len(by_role["forget"]) // TASK_SIZE,
            candidates=spaces,
            attributes=figures(spaces, trained),
            apart=[["name"], ["birth_date", "birthplace"], ["home_address"]],
        )

    def record(self, profile: Profile, unit: Unit, shared: Shared) -> ProfileRecord:
        pixels = shared.options.pixels
        by_group = questions(shared, profile, unit.groups)
        reference = Shot(profile.id, REFERENCE, 0)
        shots = [
            shot
            for pairs in by_group.values()
            for _, question in pairs
            for shot in (question.view, *question.more_views)
            if isinstance(shot, Shot)
        ]
        views: dict[Shot, EncodedView] = {}
        for shot in dict.fromkeys([*shots, reference]):
            person = shared.members[shot.profile_id].person.profile
            name, number = view_name(person, shot, shared.portraits), f"{shot.part}-{shot.number:03d}"
            views[shot] = encode_view(
                person.id,
                draw(person, shot, pixels, shared.portraits),
                name,
                file=f"{number}:{name.removeprefix(f'of:{person.id},')}",
                thumbnail_name=f"{number} {name}",
                with_thumbnail=person.id == profile.id and shot.part != remem_several.SEVERAL,
            )
        corners = portrait_corners(profile, pixels) if shared.portraits is None else []
        return ProfileRecord(unit.subject(profile), by_group, views, full=[reference], portrait=corners)

    def variant(self, options: Mapping[str, Any]) -> Benchmark:
        return self if options.get("portraits") is None else RememOwnPortraits()

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        paper = {
            "profiles": groups.rows(*_PROFILES),
            "pictures": groups.pictures(*_TRAIN),
            "questions": groups.rows(*_TRAIN, *_TEST),
            "train_questions": groups.rows(*_TRAIN),
            "test_questions": groups.rows(*_TEST),
        }
        extra = {
            "test_pictures": groups.pictures(*_TEST),
            "relation_questions": groups.rows("qa/relations"),
            "relation_pictures": groups.pictures("qa/relations"),
            "multi_image_questions": groups.rows("qa/several"),
            "multi_image_pictures": groups.pictures("qa/several"),
            "profile_pictures": groups.pictures(*_PROFILES),
            "holdout_profiles": groups.rows("profiles/holdout"),
            "holdout_questions": groups.rows("qa/holdout"),
            "holdout_pictures": groups.pictures("qa/holdout", "profiles/holdout"),
        }
        return paper, extra

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        train, test = PAPER_PEOPLE * options["qa"], self.PAPER_COUNTS["test_questions"]
        pictures = PAPER_PEOPLE * options["views"]
        return {**self.PAPER_COUNTS, "pictures": pictures, "questions": train + test, "train_questions": train}

    def facts(self) -> dict:
        return {
            "facts": FACTS,
            "relations": RELATIONS,
            "ages": (YOUNGEST, OLDEST),
            "held_out": HELD_OUT,
            "contexts": {use: list(dict.fromkeys(contexts)) for use, contexts in CONTEXTS.items()},
            "several": len(remem_several.PLAN),
            "chains": len(RELATIONS) * (1 + 2 * remem_chains.FACTS_EACH),
            "holdout_qa": HOLDOUT_QA,
            "own": False,
        }

    def bands(self, plan: Plan) -> list[Band]:
        firsts = {unit.role: unit.profiles[0] for unit in reversed(plan.units)}
        return [_band(firsts[role], heading, plan.shared) for role, heading in _BANDS.items()]


class RememOwnPortraits(Remem):
    """`remem` over a folder of the user's own faces."""

    CARD = OWN_CARD
    PHOTOS = PhotoCheck()

    def written_plan(self, count: int, *, seed: int, options: RememOptions, writer: Writer) -> Plan:
        if writer.portraits is None:
            self.plan(count, seed=seed, options=options)  # refuses unusable pictures before the model is asked
        return super().written_plan(count, seed=seed, options=options, writer=writer)

    def _plan(
        self, persons: Mapping[str, Sequence[Person]], book: Book, count: int, seed: int, options: RememOptions
    ) -> Plan:
        return with_portraits(super()._plan(persons, book, count, seed, options), Path(str(options.portraits)))

    def facts(self) -> dict:
        contexts = {
            use: list(dict.fromkeys(kind for kind in kinds if kind not in GROUPS)) for use, kinds in CONTEXTS.items()
        }
        return super().facts() | {"own": True, "contexts": contexts}


def questions(shared: Shared, profile: Profile, groups: Sequence[str]) -> dict[str, list[tuple[Subject, Question]]]:
    """Return group of shards -> (whom it is about, question); the last of `groups` is that of the profiles."""
    member, options = shared.members[profile.id], shared.options
    population = shared.population(member)
    most = HOLDOUT_QA if member.role == "holdout" else options.qa
    qa, views = (min(number, most) for number in (options.qa, options.views or options.qa))
    train = remem.train_questions(member.person, population, qa=qa, views=views, share=options.single_share)
    parts = divide(member, train)
    if member.role == "holdout":
        return _about(member, parts)
    test, relations, several = groups[-4:-1]
    parts |= {
        test: remem.test_questions(member.person, population),
        several: remem_several.several_questions(member.person, population),
    }
    chains = remem_chains.chain_questions(member.person, population)
    return _about(member, parts) | {
        relations: [(shared.members[profile_id].subject, question) for profile_id, question in chains]
    }


def _about(member: Member, parts: Mapping[str, Sequence[Question]]) -> dict[str, list[tuple[Subject, Question]]]:
    return {group: [(member.subject, question) for question in part] for group, part in parts.items()}


def view_name(profile: Profile, shot: Shot, portraits: OwnPortraits | None = None) -> str:
    """Return a picture's name in `views`; in rows that may be about someone else, it tells whom the picture shows."""
    if portraits is None:
        name = view_of(profile, shot).name
    else:
        view, photo = photo_of(profile, shot, portraits)
        name = f"given:{view.kind},{photo.name}"
    return f"of:{profile.id},{name}" if shot.part in (remem_chains.CHAIN, remem_several.SEVERAL) else name


def portrait_corners(profile: Profile, pixels: int) -> list[int]:
    """Return the corners of the face on the picture in `profiles`, `pixels` wide and high."""
    view = view_of(profile, Shot(profile.id, REFERENCE, 0))
    return face_corners(head_box(face_of(profile), view, (pixels, pixels)))


def _band(profile: Profile, heading: str, shared: Shared) -> Band:
    """Return a person for the contact sheet: pictures in several contexts, and a question of each kind."""
    member = shared.members[profile.id]
    population = shared.population(member)
    train = remem.train_questions(member.person, population, qa=40, views=40, share=0.7)
    test = remem.test_questions(member.person, population)
    shots: dict[tuple[str, str], Shot] = {}
    for question in [*train, *test]:
        assert isinstance(question.view, Shot)
        use = "test" if question.key.startswith("test/") else "train"
        shots.setdefault((use, view_of(profile, question.view).kind), question.view)
    split = {"train": "holdout" if member.role == "holdout" else "train", "test": "test"}
    by_name = next(question for question in train if question.hops == 1), f"by name, in {split['train']}"
    if member.role == "retain":
        second = remem_chains.chain_questions(member.person, population)[-1][1], "along relations, never trained"
    else:
        second = next(question for question in train if question.hops == 2), f"from a picture, in {split['train']}"
    pictures = []
    for use, kind in _ON_SHEET[member.role]:
        shot = shots[use, kind]
        name = f"{view_name(profile, shot, shared.portraits)} · {split[use]}"
        pictures.append(Thumbnail(draw(profile, shot, portraits=shared.portraits), name))
    return Band(
        heading=f"{profile.name}: {heading}",
        pictures=pictures,
        questions=[by_name, second],
    )
