"""icu: private documents and 100 requests, one after another, to forget the people in them (after ICU-Bench).

A profile is a medical report or a labor contract. Its F maskable fields make 2F + 1 training questions: F on a page
with the asked field blacked out, F by name alone, and one on a page with everything blacked out: whose is it?
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from PIL import Image

from lethebench.builders.base import Benchmark, Plan, Unit
from lethebench.builders.candidates import candidates, distinct_values, figures
from lethebench.builders.errors import BuildError
from lethebench.builders.icu import text as icu_text
from lethebench.builders.icu.plan import people, split_tasks, units, usual_task_size
from lethebench.builders.options import option
from lethebench.builders.write.columns import profile_row, qa_row, view_name
from lethebench.builders.write.contact_sheet import Band, Shown, contact_sheet
from lethebench.builders.write.pictures import encode, file_name, thumbnail
from lethebench.generation.documents import portrait_box, render
from lethebench.generation.documents.pages import LAYOUTS
from lethebench.generation.documents.scan import draw_pass
from lethebench.generation.icu import questions as icu
from lethebench.generation.icu.profiles import CLOSED, DOMAINS, decoys
from lethebench.generation.questions.records import Profile, View

# What no two profiles share; a build with overlap shares the last three on purpose.
_OWN = ("name", "insurance_number", "bank_account", "national_id")
_SHARED = ("home_address", "attending_physician", "employer")


@dataclass(frozen=True)
class IcuOptions:
    """Options of icu; None lets the size decide."""

    task_size: int | None = option(None, int, "profiles per request to forget; default min(5, N / 8), at least 2")
    order_seed: int | None = option(None, int, "seed of another order of the same tasks")
    overlap: float = option(0.0, float, "share of profiles that have a doctor, employer or address in common, 0 to 1")

    def __post_init__(self) -> None:
        if self.task_size is not None and self.task_size < 1:
            raise BuildError(f"option task_size={self.task_size}: must be at least 1")
        if self.order_seed is not None and self.order_seed < 0:
            raise BuildError(f"option order_seed={self.order_seed}: must be 0 or more")
        if not 0 <= self.overlap <= 1:
            raise BuildError(f"option overlap={self.overlap}: must lie in 0..1")


class Icu(Benchmark):
    """The `icu` benchmark."""

    NAME = "icu"
    PRETTY_NAME = "ICU-Bench, open rebuild"
    DESCRIPTION = icu_text.DESCRIPTION
    PAPER = icu_text.PAPER
    VERSION = "1.0.0"
    RELEASED = "2026-11-21"
    RELEASE_NOTES = {"1.0.0": "First release."}  # noqa: RUF012
    TAGS = ("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "document-vqa", "synthetic")
    OPTIONS = IcuOptions
    CONFIGS = {  # noqa: RUF012
        "continual": {
            "train": ("qa/forget", "qa/retain"),
            "forget": ("qa/forget",),
            "retain": ("qa/retain",),
            "test": ("qa/test-forget", "qa/test-retain"),
            "holdout": ("qa/holdout",),
        },
        "profiles": {"train": ("profiles/forget", "profiles/retain", "profiles/holdout")},
        "candidates": {"train": ("candidates/values",)},
    }
    CONFIG_NOTES = icu_text.CONFIG_NOTES
    SPLIT_NOTES = icu_text.SPLIT_NOTES
    EXAMPLES = icu_text.EXAMPLES
    LICENCES = icu_text.LICENCES
    RESPONSIBLE_AI = icu_text.RESPONSIBLE_AI
    PAPER_SIZE = 1000
    SMALL_SIZE = 24
    PAPER_COUNTS = {"profiles": 1000, "tasks": 100, "pictures": 9500, "questions": 16000}  # noqa: RUF012
    # One photo in two scans reaches 0.98 and more, photos of two people at most 0.95 (see `likeness`).
    PERCEPTUAL = {"part": "ID photo", "method": "correlation of grey-level gradients", "threshold": 0.97}  # noqa: RUF012

    def check_size(self, count: int) -> None:
        if count < 8 or count % 4:
            raise BuildError(
                f"size {count}: icu needs a multiple of 4, at least 8 (two domains, half of each to forget); "
                f"try {max(8, count - count % 4 + 4 * (count % 4 > 0))}"
            )

    def plan(self, count: int, *, seed: int, options: IcuOptions) -> Plan:
        if options.task_size is not None and options.task_size > count // 2:
            raise BuildError(
                f"option task_size={options.task_size}: only {count // 2} of {count} profiles are to be forgotten; "
                f"give at most {count // 2}"
            )
        options = replace(options, task_size=options.task_size or usual_task_size(count))
        roles = people(count, seed=seed, overlap=options.overlap)
        tasks = split_tasks(roles["forget"], options.task_size, options.order_seed)
        work = [unit for task, members in enumerate(tasks) for unit in units("forget", members, task)]
        work += units("retain", roles["retain"]) + units("holdout", roles["holdout"])
        values = distinct_values([profile for members in roles.values() for profile in members])
        spaces = candidates(values, count, partial(decoys, seed=seed), CLOSED)
        return Plan(
            units=work,
            shared=values,
            candidates=spaces,
            attributes=figures(spaces, roles["forget"] + roles["retain"]),
            tasks=len(tasks),
            options=asdict(options),
            apart=[[name] for name in (_OWN if options.overlap else _OWN + _SHARED)],
        )

    def usual_options(self, size: str | int) -> dict:
        return asdict(IcuOptions(task_size=usual_task_size(self.profiles(size))))

    def rows(self, unit: Unit, shared: Mapping[str, Sequence[str]]) -> dict[str, list[dict]]:
        made: dict[str, list[dict]] = {group: [] for group in unit.groups}
        for profile in unit.profiles:
            train = icu.train_questions(profile, shared)
            test = icu.test_questions(profile, shared) if unit.role != "holdout" else []
            full, fields = View(), tuple(profile.fields)
            pictures, thumbnails, names, size = {}, {}, {}, (0, 0)
            for view in dict.fromkeys([full, *(q.view for q in train + test if q.view is not None)]):
                page, name = render(profile, view), view_name(view, fields)
                names[view], size = name, page.size
                pictures[view] = {"bytes": encode(page), "path": file_name(profile.id, name)}
                if view != full:
                    path = file_name(profile.id, f"{name}+thumbnail")
                    thumbnails[name] = {"bytes": encode(thumbnail(page)), "path": path}
            place = {"role": unit.role, "task_id": unit.task_id}
            shown = {"pictures": pictures, "names": names}
            for group, questions in zip(unit.groups, (train, test), strict=False):
                made[group] += [qa_row(self.NAME, profile, q, **shown, **place) for q in questions]
            looks = {"images": {names[full]: pictures[full]}, "thumbnails": thumbnails}
            made[unit.groups[-1]].append(profile_row(profile, portrait=photo_corners(profile, size), **looks, **place))
        return made

    def counts(self, groups: Mapping[str, Mapping[str, int]], tasks: int) -> tuple[dict, dict]:
        def total(what: str, *names: str) -> int:
            return sum(groups[name][what] for name in names)

        trained = ("qa/forget", "qa/retain")
        known = ("profiles/forget", "profiles/retain")
        paper = {
            "profiles": total("rows", *known),
            "tasks": tasks,
            "pictures": total("pictures", *trained, *known),
            "questions": total("rows", *trained),
        }
        tests = ("qa/test-forget", "qa/test-retain")
        extra = {
            "test_questions": total("rows", *tests),
            # The full pages in `test` are those in `profiles`, which the paper counts.
            "test_pictures": total("pictures", *tests) - total("pictures", *known),
            "holdout_profiles": total("rows", "profiles/holdout"),
            "holdout_questions": total("rows", "qa/holdout"),
            "holdout_pictures": total("pictures", "qa/holdout", "profiles/holdout"),
        }
        return paper, extra

    def facts(self) -> dict:
        return {"domains": DOMAINS, "layouts": {domain: len(kinds) for domain, kinds in LAYOUTS.items()}}

    def preview(self, plan: Plan) -> Image.Image:
        firsts = {profile.domain: profile for unit in reversed(plan.units) for profile in unit.profiles}
        line = f"{self.DESCRIPTION.split(':')[0]}. Every person, number and portrait is invented."
        return contact_sheet(self.PRETTY_NAME, line, [_band(firsts[domain], plan.shared) for domain in DOMAINS])


def photo_corners(profile: Profile, size: tuple[int, int]) -> list[int]:
    """Where the ID photo stands on the first scan of a page: x and y of its corners, clockwise from the top left.

    Args:
        size: of the page in pixels.
    """
    # The matrix takes tilted pixels to flat ones; it is a rotation and a shift, so the way back is its transpose.
    a, b, right, c, d, down = draw_pass(profile.seed, 0, size).matrix
    x0, y0, x1, y1 = portrait_box(profile)
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    places = ((a * (x - right) + c * (y - down), b * (x - right) + d * (y - down)) for x, y in corners)
    return [round(edge) for place in places for edge in place]


def _band(profile: Profile, values: Mapping[str, Sequence[str]]) -> Band:
    """A profile for the contact sheet: four of its pictures, and one question of each kind."""
    fields = tuple(profile.fields)
    kind = {"medical": "Medical report", "labor": "Labor contract"}[profile.domain]
    train = {question.key: question for question in icu.train_questions(profile, values)}
    test = {question.key: question for question in icu.test_questions(profile, values)}
    hidden, recalled = fields[0], fields[len(fields) // 2]
    shown = [
        (View(), "profiles and test"),
        (View((hidden,)), "train"),
        (View(("name", *fields)), "train"),
        (View((recalled,), scan=1), "test"),
    ]
    asked = [
        (train[f"vqa/{hidden}"], "on the second picture"),
        (train[f"text/{recalled}"], "no picture"),
        (train["vqa/name"], "on the third picture"),
        (test[f"test/vqa/{recalled}"], "on the fourth picture"),
        (test[f"test/text/{hidden}"], "no picture, in test"),
    ]
    return Band(
        heading=f"{kind} of {profile.name}",
        pictures=[Shown(render(profile, view), f"{view_name(view, fields)} · {split}") for view, split in shown],
        asked=[(question.question, question.answer, note) for question, note in asked],
    )
