"""icu: private documents and 100 sequential requests to forget the people in them (after ICU-Bench).

A profile is a medical report or a labor contract. Its F maskable fields make 2F + 1 training questions: F on a page
with the asked field blacked out, F by name alone, and one on a page with everything blacked out: whose is it?
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

from lethebench.builders.base import Benchmark, Counts, GroupCounts, PhotoCheck, Sizes
from lethebench.builders.candidates import candidates, distinct_values, figures, wrong_values_first
from lethebench.builders.errors import BuildError
from lethebench.builders.icu.plan import IcuOptions, forget_units, people, split_tasks, units
from lethebench.builders.icu.requests import RepeatedUnit, read_patterns, with_requests
from lethebench.builders.icu.text import CARD, PAPER
from lethebench.builders.records import Plan, ProfileRecord, Questions, Subject, Unit
from lethebench.builders.relearn import GROUP as RELEARN
from lethebench.builders.relearn import relearn_facts
from lethebench.builders.requests import RETAINED, read_requests
from lethebench.builders.write.contact_sheet import Band, Thumbnail
from lethebench.builders.write.pictures import encode_view
from lethebench.builders.write.rows import view_name
from lethebench.generation.documents import SIZE, portrait_corners, render
from lethebench.generation.documents.giveaways import giveaways, printed_facts
from lethebench.generation.documents.pages import LAYOUTS
from lethebench.generation.documents.wording import CONTINUED
from lethebench.generation.icu import questions as icu
from lethebench.generation.icu.distractors import pools
from lethebench.generation.icu.profiles import CLOSED, DOMAINS, decoys
from lethebench.generation.icu.wordings import BOOK
from lethebench.generation.questions.distractors import Source
from lethebench.generation.questions.records import Profile, Question, View
from lethebench.generation.questions.wordings import Book
from lethebench.generation.writer.documents import Documents, english_texts
from lethebench.generation.writer.translation import write_language, write_printed, write_words
from lethebench.generation.writer.writer import Writer

FULL = View()
"""The page with nothing blacked out."""
# No two profiles share these; a build with overlap shares the last three on purpose.
_UNIQUE = ("name", "insurance_number", "bank_account", "national_id")
_SHARED = ("home_address", "attending_physician", "employer")
_TRAIN, _TEST = ("qa/forget", "qa/retain"), ("qa/test-forget", "qa/test-retain")
_PROFILES = ("profiles/forget", "profiles/retain")


class Icu(Benchmark):
    """The `icu` benchmark; `pages` is the number of pages of a document."""

    NAME = "icu"
    VERSION = "2.0.0"
    RELEASE_NOTES = {  # noqa: RUF012
        "2.0.0": "Wrong answers share country, sector and form with the right one; each view is a scan of its own; "
        "a field is blacked out with what gives it away; some fields are filled in by hand; config `relearn` has the "
        "facts that attacks may train on.",
        "1.0.0": "First release.",
    }
    SUMMARY = "fictitious people with a document each"
    PAPER = PAPER
    CARD = CARD
    OPTIONS = IcuOptions
    CONFIGS = {  # noqa: RUF012
        "continual": {
            "train": _TRAIN,
            "forget": _TRAIN[:1],
            "retain": _TRAIN[1:],
            "test": _TEST,
            "holdout": ("qa/holdout",),
        },
        "profiles": {"train": (*_PROFILES, "profiles/holdout")},
        "candidates": {"train": ("candidates/values",)},
        "relearn": {"train": (RELEARN,)},
    }
    SIZES = Sizes(paper=1000, small=24, step=4, least=8, reason="two domains, half of each to forget")
    PAPER_COUNTS = {"profiles": 1000, "tasks": 100, "pictures": 9500, "questions": 16000}  # noqa: RUF012
    # Measured: the photo in two scans .92 or more (1,800 views), of two people at most .90 (180,000 pairs).
    PHOTOS = PhotoCheck("ID photo", "correlation of gray-level gradients", 0.91, every_picture=True)

    def __init__(self, pages: int = 1) -> None:
        self.pages = pages

    def variant(self, options: Mapping[str, Any]) -> "Icu":
        return Icu(options.get("pages", 1))

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        return {**self.PAPER_COUNTS, "pictures": self.PAPER_COUNTS["pictures"] * self.pages}

    def plan(self, count: int, *, seed: int, options: IcuOptions) -> Plan:
        options = options.resolve(count)
        patterns = read_patterns(options.requests)
        roles = people(count, seed=seed, overlap=options.overlap, two_documents="two_documents" in patterns)
        return self._plan(roles, BOOK, count, seed, options)

    def written_plan(self, count: int, *, seed: int, options: IcuOptions, writer: Writer) -> Plan:
        options = options.resolve(count)
        shares = {f"overlap={options.overlap}": options.overlap > 0}
        shares[f"requests={options.requests}"] = "two_documents" in read_patterns(options.requests)
        for option, is_shared in shares.items():
            if is_shared:
                raise BuildError(f"--writer: option {option} is for documents from templates; leave one out")
        roles = people(count, seed=seed, overlap=0.0)
        everyone = sorted((profile for part in roles.values() for profile in part), key=lambda profile: profile.id)
        book, printed = write_language(writer, BOOK), write_printed(writer)
        words = write_words(writer, english_texts(everyone))
        written = {profile.id: profile for profile in Documents(writer, everyone, words, printed).write()}
        roles = {role: [written[profile.id] for profile in part] for role, part in roles.items()}
        return self._plan(roles, book, count, seed, options)

    def _plan(
        self, roles: Mapping[str, Sequence[Profile]], book: Book, count: int, seed: int, options: IcuOptions
    ) -> Plan:
        tasks = split_tasks(roles["forget"], options.task_size or 1, options.order_seed)
        tasks = with_requests(tasks, read_patterns(options.requests), seed)
        forgotten = sorted((profile for members in tasks for profile in members), key=lambda profile: profile.id)
        work = forget_units(tasks)
        work += units("retain", roles["retain"]) + units("holdout", roles["holdout"])
        everyone = [profile for members in roles.values() for profile in members]
        sources = wrong_values_first(everyone, partial(decoys, seed=seed))
        spaces = candidates(distinct_values(everyone), count, sources, CLOSED)
        return Plan(
            units=work,
            shared=Source(pools(everyone), book),
            tasks=len(tasks),
            candidates=spaces,
            attributes=figures(spaces, [*roles["forget"], *roles["retain"]]),
            apart=[[name] for name in (_UNIQUE if options.overlap else _UNIQUE + _SHARED)],
            relearn=relearn_facts(forgotten, lambda profile: profile.fields, seed=seed),
        )

    def record(self, profile: Profile, unit: Unit, shared: Source) -> ProfileRecord:
        questions = [icu.on_pages(icu.train_questions(profile, *shared), self.pages)]
        if unit.role != "holdout":
            questions.append(icu.on_pages(icu.test_questions(profile, *shared), self.pages))
        fields, views = tuple(profile.fields), {}
        asked = _asked(profile, unit, questions)
        full = [View(page=page) for page in range(self.pages)]
        shown: Iterable[Question] = chain.from_iterable(questions)
        if isinstance(unit, RepeatedUnit):  # whose profile row, with the pictures of all questions, is in another unit
            full, shown = [], (question for pairs in asked.values() for _, question in pairs)
        used = (view for question in shown for view in (question.view, *question.more_views))
        for view in dict.fromkeys([*full, *used]):
            if isinstance(view, View):
                picture = render(profile, view, pages=self.pages)
                views[view] = encode_view(profile.id, picture, view_name(view, fields))
        return ProfileRecord(
            unit.subject(profile),
            asked,
            views,
            full=full,
            portrait=photo_corners(profile, SIZE, pages=self.pages),
        )

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        paper = {
            "profiles": groups.rows(*_PROFILES),
            "tasks": tasks,
            "pictures": groups.pictures(*_TRAIN, *_PROFILES),
            "questions": groups.rows(*_TRAIN),
        }
        extra = {
            "test_questions": groups.rows(*_TEST),
            # The full pages in `test` are those in `profiles`, which the paper counts.
            "test_pictures": groups.pictures(*_TEST) - groups.pictures(*_PROFILES),
            "holdout_profiles": groups.rows("profiles/holdout"),
            "holdout_questions": groups.rows("qa/holdout"),
            "holdout_pictures": groups.pictures("qa/holdout", "profiles/holdout"),
        }
        return paper, extra

    def facts(self) -> dict:
        return {
            "pages": self.pages,
            "domains": DOMAINS,
            "layouts": {domain: len(layouts) for domain, layouts in LAYOUTS.items()},
        }

    def visible(self, domain: str, attribute: str, keys: Sequence[str]) -> Sequence[str]:
        """Return the printed facts that remain where an attribute is blacked out; with the name, all fields are."""
        hidden = {"name", *DOMAINS[domain]} if attribute == "name" else {attribute}
        hides = giveaways(domain)
        return [key for key in printed_facts(domain, keys) if key not in hidden and not hides.get(key, set()) & hidden]

    def bands(self, plan: Plan) -> list[Band]:
        firsts = {profile.domain: profile for unit in reversed(plan.units) for profile in unit.profiles}
        return [_band(firsts[domain], plan.shared, self.pages) for domain in DOMAINS]


def _asked(profile: Profile, unit: Unit, parts: Sequence[Sequence[Question]]) -> Questions:
    """Return group of shards -> the questions of a unit's request, and the retained ones, with their subject.

    Facts that the person asks for again later are in the unit of that request.
    """
    requests, subject = read_requests(profile.details), unit.subject(profile)
    if not requests:
        groups = (group for group in unit.groups if group in (f"qa/{unit.role}", f"qa/test-{unit.role}"))
        return {group: [(subject, one) for one in part] for group, part in zip(groups, parts, strict=True)}
    subjects = {unit.task_id: subject}
    if not isinstance(unit, RepeatedUnit):
        subjects[RETAINED] = Subject(profile, "retain", RETAINED)
    questions: dict[str, list[tuple[Subject, Question]]] = {}
    for prefix, part in zip(("qa/", "qa/test-"), parts, strict=True):
        for question in part:
            if one := subjects.get(requests[question.attribute]):
                questions.setdefault(prefix + one.role, []).append((one, question))
    return questions


def photo_corners(profile: Profile, size: tuple[int, int], *, pages: int = 1) -> list[int]:
    """Return the corners of the ID photo on a page's first scan: x and y, clockwise from the top left, in pixels."""
    return [min(max(0, edge), size[n % 2]) for n, edge in enumerate(portrait_corners(profile, FULL, pages=pages))]


def _band(profile: Profile, source: Source, pages: int) -> Band:
    """Return a profile for the contact sheet: four of its pictures, and one question of each kind."""
    fields = tuple(profile.fields)
    document = {"medical": "Medical report", "labor": "Labor contract"}[profile.domain]
    train = {question.key: question for question in icu.train_questions(profile, *source)}
    test = {question.key: question for question in icu.test_questions(profile, *source)}
    hidden, recalled = fields[0], fields[len(fields) // 2]
    if pages > 1:  # one of each page
        second = CONTINUED[profile.domain]
        hidden, recalled = (next(key for key in fields if (key in second) == on_second) for on_second in (False, True))
    views = [
        (FULL, "profiles and test"),
        (View((hidden,)), "train"),
        (View(("name", *fields)), "train"),
        (View((recalled,), scan=1, page=pages - 1), "test"),
    ]
    questions = [
        (train[f"vqa/{hidden}"], "on the second picture"),
        (train[f"text/{recalled}"], "no picture"),
        (train["vqa/name"], "on the third picture"),
        (test[f"test/vqa/{recalled}"], "on the fourth picture"),
        (test[f"test/text/{hidden}"], "no picture, in test"),
    ]
    return Band(
        heading=f"{document} of {profile.name}",
        pictures=[
            Thumbnail(render(profile, view, pages=pages), f"{view_name(view, fields)} · {split}")
            for view, split in views
        ],
        questions=questions,
    )
