"""mlu: well-known entities in nine classes, to be forgotten over a lifetime of four tasks (after MLUBench).

Every question is about a picture. Which questions in which phrasings an entity is asked follows the release, six
pictures to each; `test` puts what was asked in phrasings held out, about pictures in other surroundings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps

from lethebench.builders.base import Benchmark, Plan, Unit
from lethebench.builders.candidates import figures
from lethebench.builders.errors import BuildError
from lethebench.builders.mlu import text as mlu_text
from lethebench.builders.mlu.plan import PAPER_ENTITIES, SETS, TASKS, TEST_SHARE, entities, units, view_counts
from lethebench.builders.options import option
from lethebench.builders.write.columns import profile_row, qa_row
from lethebench.builders.write.contact_sheet import Band, Shown, contact_sheet
from lethebench.builders.write.pictures import encode, file_name, thumbnail
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest
from lethebench.generation.subjects import draw_view

_MOST = 96  # the smallest set of a task has 12 entities
_ROLES = ("forget", "retain")
SIZE = (448, 448)
"""Width and height of a drawn picture, in pixels."""
LEAST_VIEWS = release().pictures_per_pair + 2
"""Pictures that an entity needs: those of a pair in `train`, and two in `test`."""


@dataclass(frozen=True)
class MluOptions:
    """Options of mlu; None lets the size decide."""

    order: str = option(TASKS, str, "the sequence of the tasks, e.g. CABD")
    views: int | None = option(None, int, "pictures of each entity; default 40, and 5,105 in all at paper size")
    pictures: str | None = option(
        None, str, "a folder with pictures of your own, `<Class>/<Entity>/*.jpg`, in the place of ours"
    )

    def __post_init__(self) -> None:
        if sorted(self.order) != sorted(TASKS):
            raise BuildError(f"option order={self.order}: must name each of {TASKS} once, e.g. order=CABD")
        if self.views is not None and self.views < LEAST_VIEWS:
            raise BuildError(f"option views={self.views}: must be at least {LEAST_VIEWS}")
        if self.views is not None and self.pictures is not None:
            raise BuildError(f"option views={self.views}: with pictures, the folder decides; leave it out")


@dataclass(frozen=True)
class Work:
    """What the rows of every unit need.

    Attributes:
        views: profile id -> how many pictures it has.
        retained: profile id -> the task whose released retain set holds it.
        files: profile id -> the user's own pictures, those for training first; empty where ours are drawn.
    """

    views: Mapping[str, int]
    retained: Mapping[str, int]
    files: Mapping[str, Sequence[Path]]


class Look(NamedTuple):
    """A picture of an entity: a name for the `views` column, and the subject's box where it is known."""

    picture: Image.Image
    name: str
    box: tuple[int, int, int, int] | None


class Mlu(Benchmark):
    """The `mlu` benchmark."""

    NAME = "mlu"
    PRETTY_NAME = "MLUBench, open rebuild"
    DESCRIPTION = mlu_text.DESCRIPTION
    PAPER = mlu_text.PAPER
    VERSION = "1.0.0"
    RELEASED = "2026-11-25"
    RELEASE_NOTES = {"1.0.0": "First release."}  # noqa: RUF012
    TAGS = ("machine-unlearning", "continual-unlearning", "lifelong", "vision-language", "entities", "synthetic")
    OPTIONS = MluOptions
    CONFIGS = {  # noqa: RUF012
        "lifelong": {
            "train": ("qa/forget", "qa/retain"),
            "forget": ("qa/forget",),
            "retain": ("qa/retain",),
            "test": ("qa/test-forget", "qa/test-retain"),
        },
        "profiles": {"train": ("profiles/forget", "profiles/retain")},
        "candidates": {"train": ("candidates/values",)},
    }
    SHEET = "Well-known entities, drawn by a program: what to forget and what to keep, in four tasks."
    CONFIG_NOTES = mlu_text.CONFIG_NOTES
    SPLIT_NOTES = mlu_text.SPLIT_NOTES
    EXAMPLES = mlu_text.EXAMPLES
    LICENCES = mlu_text.LICENCES
    RESPONSIBLE_AI = mlu_text.RESPONSIBLE_AI
    PAPER_SIZE = PAPER_ENTITIES
    SMALL_SIZE = 2 * SETS
    PAPER_COUNTS = {  # noqa: RUF012
        "profiles": 127,
        "tasks": 4,
        "pictures": 5105,
        "questions": 15_414,
        "forget_questions": 9426,
        "retain_questions": 5988,
    }
    # Measured on the first pictures of all 127: two entities reach 0.71 at most, one picture again in other light and
    # encoding 0.95 and more. Other pictures of an entity show another side, so they are not compared.
    PERCEPTUAL = {  # noqa: RUF012
        "part": "subject",
        "method": "correlation of grey-level gradients",
        "threshold": 0.85,
        "every_picture": False,
    }

    def check_size(self, count: int) -> None:
        if count != PAPER_ENTITIES and (count % SETS or not SETS <= count <= _MOST):
            nearest = min(max(SETS, -(-count // SETS) * SETS), _MOST)
            raise BuildError(
                f"size {count}: mlu has {PAPER_ENTITIES} entities, or as many in each of {SETS} sets: a multiple of "
                f"{SETS} from {SETS} to {_MOST}; try {nearest if count < PAPER_ENTITIES else 'paper'}"
            )

    def plan(self, count: int, *, seed: int, options: MluOptions) -> Plan:
        sets = entities(count, seed=seed)
        everyone = [profile for tasks in sets.values() for members in tasks.values() for profile in members]
        present = {attribute for profile in everyone for attribute in profile.fields}
        spaces = {name: values for name, values in mlu.spaces().items() if name in present}
        retained = {profile.id: place for place, name in enumerate(options.order) for profile in sets["retain"][name]}
        return Plan(
            units=units(sets, options.order),
            shared=Work(view_counts(sets, options.views), retained, {}),
            candidates=spaces,
            attributes=figures(spaces, everyone),
            tasks=len(TASKS),
            options=asdict(options),
            apart=[["name"]],
        )

    def usual_options(self, size: str | int) -> dict:
        return asdict(MluOptions())

    def rows(self, unit: Unit, shared: Work) -> dict[str, list[dict]]:
        made: dict[str, list[dict]] = {group: [] for group in unit.groups}
        for profile in unit.profiles:
            place = {"role": unit.role, "task_id": unit.task_id}
            views = views_of(shared.views[profile.id])
            looks = {view: self.look(profile, view, shared) for view in views}
            names = {view: f"{look.name},{number:02d}" for number, (view, look) in enumerate(looks.items())}
            pictures = {
                view: {"bytes": encode(look.picture), "path": file_name(profile.id, names[view])}
                for view, look in looks.items()
            }
            asked = questions(profile, views)
            for group, some in zip(unit.groups, asked, strict=False):
                made[group] += [
                    qa_row(
                        self.NAME,
                        profile,
                        question,
                        pictures=pictures,
                        names=names,
                        retain_task_id=shared.retained.get(profile.id, -1),
                        **place,
                    )
                    for question in some
                ]
            used = {question.view for some in asked for question in some}
            made[unit.groups[-1]].append(profile_row(profile, **_shown(profile, looks, pictures, names, used), **place))
        return made

    def look(self, profile: Profile, view: mlu.EntityView, shared: Work) -> Look:
        """A picture of an entity."""
        seed = digest(profile.seed, "view", view.use, view.number)
        return Look(*draw_view(profile.domain, profile.id.partition("/")[2], seed, view.use, SIZE))

    def variant(self, options: Mapping[str, Any]) -> Benchmark:
        if options.get("pictures") is None:
            return self
        from lethebench.builders.mlu.own_pictures import MluOwn

        return MluOwn()

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        if options.get("views") is None:
            return self.PAPER_COUNTS
        return {**self.PAPER_COUNTS, "pictures": PAPER_ENTITIES * options["views"]}

    def counts(self, groups: Mapping[str, Mapping[str, int]], tasks: int) -> tuple[dict, dict]:
        def total(what: str, kind: str) -> int:
            return sum(groups[f"{kind}{role}"][what] for role in _ROLES)

        learnt, tested = total("pictures", "qa/"), total("pictures", "qa/test-")
        paper = {
            "profiles": total("rows", "profiles/"),
            "tasks": tasks,
            "pictures": learnt + tested + total("pictures", "profiles/"),
            "questions": total("rows", "qa/"),
            **{f"{role}_questions": groups[f"qa/{role}"]["rows"] for role in _ROLES},
        }
        extra = {"test_questions": total("rows", "qa/test-")}
        return paper, extra | {"of_the_pictures_in_train": learnt, "of_the_pictures_in_test": tested}

    def facts(self) -> dict:
        classes = release().classes.values()
        return {
            "own": False,
            "classes": {one.name: (len(one.entities), list(one.questions)) for one in classes},
            "per_pair": release().pictures_per_pair,
            "pairs": sum(sum(entity.phrasings.values()) for one in classes for entity in one.entities.values()),
        }

    def preview(self, plan: Plan) -> Image.Image:
        firsts = {profile.domain: profile for unit in reversed(plan.units) for profile in reversed(unit.profiles)}
        roles = {profile.id: unit for unit in plan.units for profile in unit.profiles}
        names = [name for name in release().classes if name in firsts]
        bands = [self._band(firsts[name], roles[firsts[name].id], plan) for name in names]
        return contact_sheet(self.PRETTY_NAME, self.SHEET, bands)

    def _band(self, profile: Profile, unit: Unit, plan: Plan) -> Band:
        """An entity for the contact sheet: three pictures of `train` and one of `test`, and questions about them."""
        views = views_of(plan.shared.views[profile.id])
        train, test = questions(profile, views)
        task = unit.task_id if unit.role == "forget" else plan.shared.retained[profile.id]
        pictures = []
        for view in (*views[:3], next(view for view in views if view.use == "test")):
            look = self.look(profile, view, plan.shared)
            pictures.append(Shown(ImageOps.fit(look.picture, SIZE), f"{look.name} · {view.use}"))
        first = {}
        for question in train:
            first.setdefault(question.attribute, question)
        asked = [(question, "in train") for question in list(first.values())[:3]] + [(test[-1], "in test")]
        return Band(
            heading=f"{profile.domain}: {profile.name}, to {unit.role} in task {task}",
            pictures=pictures,
            asked=[(question.question, question.answer, note) for question, note in asked],
        )


def views_of(count: int) -> list[mlu.EntityView]:
    """So many views of an entity: those for training, then those for testing."""
    tests = max(2, count // TEST_SHARE)
    return [mlu.EntityView("train", n) for n in range(count - tests)] + [
        mlu.EntityView("test", n) for n in range(tests)
    ]


def questions(profile: Profile, views: Sequence[mlu.EntityView]) -> tuple[list, list]:
    """(questions to learn, questions to test) about an entity that has these views."""
    numbers = {use: sum(view.use == use for view in views) for use in ("train", "test")}
    learnt = mlu.train_questions(profile, numbers["train"], release().pictures_per_pair)
    return learnt, mlu.test_questions(profile, numbers["test"])


def _shown(
    profile: Profile,
    looks: Mapping[mlu.EntityView, Look],
    pictures: Mapping[mlu.EntityView, dict],
    names: Mapping[mlu.EntityView, str],
    used: set,
) -> dict:
    """A profile's pictures, whole where no question carries them, else small; and where the subject of the first is."""
    images = {names[view]: pictures[view] for view in looks if view not in used}
    thumbnails = {}
    for view, look in looks.items():
        if view in used:
            path = file_name(profile.id, f"{names[view]}+thumbnail")
            thumbnails[names[view]] = {"bytes": encode(thumbnail(look.picture)), "path": path}
    first = next(look for view, look in looks.items() if (view in used) != bool(images))
    corners = []
    if first.box is not None:
        scale = 1 if images else thumbnail(first.picture).width / first.picture.width
        left, top, right, bottom = (round(edge * scale) for edge in first.box)
        corners = [left, top, right, top, right, bottom, left, bottom]
    return {"images": images, "thumbnails": thumbnails, "portrait": corners}
