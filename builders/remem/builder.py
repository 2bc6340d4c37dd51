"""remem: was anything learnt at all, and through how many steps can it be reached? (after ReMem)

Twenty fictitious people who know one another, each asked about a hundred times on a hundred pictures: seven in ten
questions name the person, three in ten show the person only. `test` has other wordings on other pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from PIL import Image

from lethebench.builders.base import Benchmark, Plan, Unit
from lethebench.builders.candidates import candidates, distinct_values, figures
from lethebench.builders.errors import BuildError
from lethebench.builders.remem import text as remem_text
from lethebench.builders.remem.plan import (
    HOLDOUT,
    HOLDOUT_QA,
    LEAST,
    PAPER_PEOPLE,
    REFERENCE,
    SHARE,
    TASK_SIZE,
    Place,
    RememOptions,
    draw,
    people,
    units,
    view_of,
)
from lethebench.builders.write.columns import profile_row, qa_row
from lethebench.builders.write.contact_sheet import Band, Shown, contact_sheet
from lethebench.builders.write.pictures import encode, file_name, thumbnail
from lethebench.generation.portraits import face_of
from lethebench.generation.portraits.framed import CONTEXTS, head_box
from lethebench.generation.questions.distractors import pools
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.remem import chains as remem_chains
from lethebench.generation.remem import questions as remem
from lethebench.generation.remem import several_pictures as remem_several
from lethebench.generation.remem.people import FACTS, OLDEST, RELATIONS, YOUNGEST
from lethebench.generation.remem.questions import HELD_OUT, Population, Shot

_KNOWN = ("forget", "retain")
_ON_SHEET = {
    "forget": (("train", "beside"), ("train", "newspaper"), ("test", "video-call"), ("test", "behind")),
    "retain": (("train", "portrait"), ("train", "phone"), ("test", "poster"), ("test", "portrait")),
    "holdout": (("train", "badge"), ("train", "laptop"), ("train", "id-card"), ("train", "portrait")),
}
"""Role -> the contexts in which the preview shows somebody; those held out have rows in contexts of training alone."""
_SPLITS = {
    "train": ("qa/forget", "qa/retain"),
    "forget": ("qa/forget",),
    "retain": ("qa/retain",),
    "test": ("qa/test-forget", "qa/test-retain"),
    "holdout": ("qa/holdout",),
}


@dataclass(frozen=True)
class Shared:
    """What every unit needs.

    Attributes:
        places: profile_id -> person and role, of everybody in the build.
        learnt, held_out: what wrong answers about people who are learnt, and about the others, are taken from.
        options: with nothing left open.
    """

    places: Mapping[str, Place]
    learnt: Population
    held_out: Population
    options: RememOptions


class Remem(Benchmark):
    """The `remem` benchmark."""

    NAME = "remem"
    PRETTY_NAME = "ReMem, open rebuild"
    DESCRIPTION = remem_text.DESCRIPTION
    PAPER = remem_text.PAPER
    VERSION = "1.0.0"
    RELEASED = "2026-11-25"
    RELEASE_NOTES = {"1.0.0": "First release."}  # noqa: RUF012
    TAGS = ("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "multi-hop", "multi-image",
            "synthetic")  # fmt: skip
    OPTIONS = RememOptions
    CONFIGS = {  # noqa: RUF012
        "default": _SPLITS,
        "continual": _SPLITS,
        "relations": {"test": ("qa/relations",)},
        "multi_image": {"test": ("qa/several",)},
        "profiles": {"train": tuple(f"profiles/{role}" for role in (*_KNOWN, "holdout"))},
        "candidates": {"train": ("candidates/values",)},
    }
    CONFIG_NOTES = remem_text.CONFIG_NOTES
    SPLIT_NOTES = remem_text.SPLIT_NOTES
    EXAMPLES = remem_text.EXAMPLES
    LICENCES = remem_text.LICENCES
    RESPONSIBLE_AI = remem_text.RESPONSIBLE_AI
    PAPER_SIZE = PAPER_PEOPLE
    SMALL_SIZE = LEAST
    PAPER_COUNTS = {  # noqa: RUF012
        "profiles": 20,
        "pictures": 2000,
        "questions": 2560,
        "train_questions": 2000,
        "test_questions": 560,
    }
    # As in mllmu, whose faces these are; front portraits of two people stay below 0.80 (60 people).
    PERCEPTUAL = {  # noqa: RUF012
        "part": "portrait",
        "method": "correlation of grey-level gradients",
        "threshold": 0.94,
        "every_picture": False,
    }

    def check_size(self, count: int) -> None:
        if count < LEAST or count % SHARE:
            nearest = max(LEAST, -(-count // SHARE) * SHARE)
            raise BuildError(
                f"size {count}: remem needs a multiple of {SHARE}, at least {LEAST} (half of the people are to be "
                f"forgotten, {TASK_SIZE} at a time); try {nearest}"
            )

    def plan(self, count: int, *, seed: int, options: RememOptions) -> Plan:
        parts = people(count, seed=seed)
        places = {place.person.profile.id: place for members in parts.values() for place in members}
        everyone = [place.person.profile for place in places.values()]
        trained = [place.person.profile for role in _KNOWN for place in parts[role]]
        spaces = candidates(distinct_values(everyone), len(everyone), partial(remem.decoys, seed=seed), ())
        known = pools(everyone)

        def sides(*roles: str) -> Population:
            return Population(known, {key: place.person for key, place in places.items() if place.role in roles})

        return Plan(
            units=[unit for members in parts.values() for unit in units(members)],
            shared=Shared(places, sides(*_KNOWN), sides("holdout"), options.closed()),
            candidates=spaces,
            attributes=figures(spaces, trained),
            tasks=len(parts["forget"]) // TASK_SIZE,
            options=asdict(options.closed()),
            apart=[["name"], ["birth_date", "birthplace"], ["home_address"]],
        )

    def usual_options(self, size: str | int) -> dict:
        return asdict(RememOptions().closed())

    def rows(self, unit: Unit, shared: Shared) -> dict[str, list[dict]]:
        made: dict[str, list[dict]] = {group: [] for group in unit.groups}
        (profile,) = unit.profiles
        asked = _questions(shared, profile, unit.groups)
        wanted = [shot for rows in asked.values() for _, question in rows for shot in _shots(question)]
        pictures, names, thumbnails = {}, {}, {}
        for shot in dict.fromkeys(wanted):
            subject = shared.places[shot.profile_id].person.profile
            picture, name = draw(subject, shot, shared.options.pixels), _view_name(subject, shot)
            pictures[shot], names[shot] = _encoded(picture, subject, shot, name), name
            if subject.id == profile.id and shot.part != remem_several.SEVERAL:
                small = f"{shot.part}-{shot.number:03d} {name}"
                thumbnails[small] = _encoded(thumbnail(picture), subject, shot, f"{name}+thumbnail")
        for group, rows in asked.items():
            for owner, question in rows:
                place = shared.places[owner]
                made[group].append(
                    qa_row(
                        self.NAME, place.person.profile, question, pictures=pictures, names=names,
                        role=place.role, task_id=place.task_id,
                    )
                )  # fmt: skip
        made[unit.groups[-1]].append(_profile_row(profile, unit, thumbnails, shared.options.pixels))
        return made

    def counts(self, groups: Mapping[str, Mapping[str, int]], tasks: int) -> tuple[dict, dict]:
        def total(what: str, *names: str) -> int:
            return sum(groups[name][what] for name in names)

        trained, tests = [f"qa/{role}" for role in _KNOWN], [f"qa/test-{role}" for role in _KNOWN]
        profiles = [f"profiles/{role}" for role in _KNOWN]
        paper = {
            "profiles": total("rows", *profiles),
            "pictures": total("pictures", *trained),
            "questions": total("rows", *trained, *tests),
            "train_questions": total("rows", *trained),
            "test_questions": total("rows", *tests),
        }
        extra = {
            "test_pictures": total("pictures", *tests),
            "relation_questions": total("rows", "qa/relations"),
            "relation_pictures": total("pictures", "qa/relations"),
            "multi_image_questions": total("rows", "qa/several"),
            "multi_image_pictures": total("pictures", "qa/several"),
            "profile_pictures": total("pictures", *profiles),
            "holdout_profiles": total("rows", "profiles/holdout"),
            "holdout_questions": total("rows", "qa/holdout"),
            "holdout_pictures": total("pictures", "qa/holdout", "profiles/holdout"),
        }
        return paper, extra

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        questions, test = PAPER_PEOPLE * options["qa"], self.PAPER_COUNTS["test_questions"]
        scaled = {"pictures": PAPER_PEOPLE * options["views"], "questions": questions + test}
        return {**self.PAPER_COUNTS, **scaled, "train_questions": questions}

    def facts(self) -> dict:
        return {
            "facts": FACTS,
            "relations": RELATIONS,
            "ages": (YOUNGEST, OLDEST),
            "held_out": HELD_OUT,
            "contexts": {use: list(dict.fromkeys(kinds)) for use, kinds in CONTEXTS.items()},
            "several": len(remem_several.PLAN),
            "chains": len(RELATIONS) * (1 + 2 * remem_chains.FACTS_EACH),
            "holdout": HOLDOUT,
            "holdout_qa": HOLDOUT_QA,
        }

    def preview(self, plan: Plan) -> Image.Image:
        firsts = {unit.role: unit.profiles[0] for unit in reversed(plan.units)}
        headings = {"forget": "to be forgotten", "retain": "to be kept", "holdout": "never learnt"}
        line = "Fictitious people in many contexts, asked about by name and by picture. Every portrait is drawn."
        bands = [_band(firsts[role], heading, plan.shared) for role, heading in headings.items()]
        return contact_sheet(self.PRETTY_NAME, line, bands)


def _questions(shared: Shared, profile: Profile, groups: Sequence[str]) -> dict[str, list[tuple[str, Question]]]:
    """Group -> (profile_id of whom it is about, question), for the groups of questions among these."""
    place, chosen = shared.places[profile.id], shared.options
    known = shared.held_out if place.role == "holdout" else shared.learnt
    train, *others = groups[:-1]
    most = HOLDOUT_QA if place.role == "holdout" else chosen.qa
    volume = {"qa": min(chosen.qa, most), "views": min(chosen.views, most), "share": chosen.single_share}
    own = {train: remem.train_questions(place.person, known, **volume)}
    if not others:
        return {group: [(profile.id, question) for question in rows] for group, rows in own.items()}
    test, relations, several = others
    own |= {test: remem.test_questions(place.person, known)}
    own |= {several: remem_several.several_questions(place.person, known)}
    found = {group: [(profile.id, question) for question in rows] for group, rows in own.items()}
    return found | {relations: remem_chains.chain_questions(place.person, known)}


def _shots(question: Question) -> tuple[Shot, ...]:
    return (question.view, *question.more_views)


def _view_name(profile: Profile, shot: Shot) -> str:
    """What `views` calls a picture; where a row may be about somebody else, it says whom the picture shows."""
    name = view_of(profile, shot).name
    return f"of:{profile.id},{name}" if shot.part in (remem_chains.CHAIN, remem_several.SEVERAL) else name


def _encoded(picture: Image.Image, profile: Profile, shot: Shot, name: str) -> dict:
    path = file_name(profile.id, f"{shot.part}-{shot.number:03d}:{name.removeprefix(f'of:{profile.id},')}")
    return {"bytes": encode(picture), "path": path}


def _profile_row(profile: Profile, unit: Unit, thumbnails: Mapping[str, dict], pixels: int) -> dict:
    shot = Shot(profile.id, REFERENCE, 0)
    name = _view_name(profile, shot)
    return profile_row(
        profile,
        role=unit.role,
        task_id=unit.task_id,
        images={name: _encoded(draw(profile, shot, pixels), profile, shot, name)},
        thumbnails=thumbnails,
        portrait=face_corners(profile, pixels),
    )


def face_corners(profile: Profile, pixels: int) -> list[int]:
    """Where the face stands on the picture in `profiles`, hair and background aside: corners, clockwise."""
    view = view_of(profile, Shot(profile.id, REFERENCE, 0))
    left, top, right, bottom = head_box(face_of(profile), view, (pixels, pixels))
    width, height = right - left, bottom - top
    left, right = round(left + 0.24 * width), round(right - 0.24 * width)
    top, bottom = round(top + 0.28 * height), round(bottom - 0.12 * height)
    return [left, top, right, top, right, bottom, left, bottom]


def _band(profile: Profile, heading: str, shared: Shared) -> Band:
    """A person for the contact sheet: pictures in several contexts, and a question of each kind."""
    place = shared.places[profile.id]
    known = shared.held_out if place.role == "holdout" else shared.learnt
    train = remem.train_questions(place.person, known, qa=40, views=40, share=0.7)
    test = remem.test_questions(place.person, known)
    (_, chain) = remem_chains.chain_questions(place.person, known)[-1]
    by_kind = {}
    for question in [*train, *test]:
        use = "test" if question.key.startswith("test/") else "train"
        by_kind.setdefault((use, view_of(profile, question.view).kind), question)
    uses = _ON_SHEET[place.role]
    split = {"train": "holdout" if place.role == "holdout" else "train", "test": "test"}
    asked = [
        (next(one for one in train if one.hops == 1), f"by name, in {split['train']}"),
        (chain, "along relations, never trained")
        if place.role == "retain"
        else (next(one for one in train if one.hops == 2), f"from a picture, in {split['train']}"),
    ]
    return Band(
        heading=f"{profile.name}: {heading}",
        pictures=[
            Shown(draw(profile, by_kind[use].view), f"{_view_name(profile, by_kind[use].view)} · {split[use[0]]}")
            for use in uses
        ],
        asked=[(question.question, question.answer, note) for question, note in asked],
    )
