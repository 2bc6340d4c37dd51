"""The questions of `icu`: about facts on masked pages, about people by name, and whose document a page is."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from lethebench.generation.icu.distractors import Pools, wrong_values
from lethebench.generation.icu.profiles import DOMAINS
from lethebench.generation.icu.wordings import (
    BOOK,
    DOCUMENT_WORDINGS,
    FIELD_WORDINGS,
    LABELS,
    ON_PAGE,
    OWNERS,
    PAGES,
    WHO_FIELDS,
)
from lethebench.generation.questions.distractors import Source
from lethebench.generation.questions.phrasing import capitalize, keywords, named, phrase, possessive, restate, say
from lethebench.generation.questions.records import Profile, Question, View
from lethebench.generation.questions.wordings import Book, Wording
from lethebench.generation.seeding import stream


def train_questions(profile: Profile, pools: Pools, book: Book = BOOK) -> list[Question]:
    """Return the 2F + 1 training questions about a profile with F maskable fields.

    F on a page with the field in question masked, F about the person by name, and one on a page with everything masked:
    whose document it is.

    Args:
        profile: the subject.
        pools: the values in the build, from which wrong answers are taken (see `distractors.pools`).
        book: what questions are phrased with.
    """
    return _questions(profile, Source(pools, book), "train")


def test_questions(profile: Profile, pools: Pools, book: Book = BOOK) -> list[Question]:  # noqa: PT028
    """Return the same questions in held-out wordings on second scans, and whose document the unmasked page is."""
    return _questions(profile, Source(pools, book), "test")


def on_pages(questions: Sequence[Question], pages: int) -> list[Question]:
    """Return the questions with a picture of each page of the document instead of the first alone."""
    return [replace(question, more_views=_other_pages(question.view, pages)) for question in questions]


def _other_pages(view: Hashable | None, pages: int) -> tuple[View, ...]:
    return tuple(replace(view, page=page) for page in range(1, pages)) if isinstance(view, View) else ()


def _questions(profile: Profile, source: Source, use: str) -> list[Question]:
    prefix, scan = ("", 0) if use == "train" else ("test/", 1)
    attributes = DOMAINS[profile.domain]
    plan: list[tuple[str, str, View | None]] = [(f"vqa/{a}", a, View((a,), scan)) for a in attributes]
    plan += [(f"text/{a}", a, None) for a in attributes]
    plan += [("vqa/name", "name", View(("name", *attributes), scan))]
    if use == "test":
        plan += [("vqa_full/name", "name", View())]
    return [_question(profile, prefix + tail, attribute, view, source, use) for tail, attribute, view in plan]


def _question(profile: Profile, key: str, attribute: str, view: View | None, source: Source, use: str) -> Question:
    rng = stream(profile.seed, "question", key)
    modality = "text" if view is None else "image_text"
    value, subject = profile.value(attribute), named(profile.name)
    if source.book.written:
        templates = _written_wording(profile.domain, attribute, modality, source.book)
    else:
        templates = wording(profile.domain, attribute, modality)
    question, answer, sentences = phrase(rng, templates, use)
    wrong = wrong_values(rng, profile, attribute, source.pools)
    paraphrases, perturbed = restate(answer, sentences, value, wrong, subject)
    return Question(
        key=key,
        modality=modality,
        format="generation",
        attribute=attribute,
        question=capitalize(question.format(**subject)),
        answer=say(answer, value, subject),
        value=value,
        keywords=keywords(attribute, value),
        paraphrases=paraphrases,
        perturbed=perturbed,
        view=view,
    )


@cache
def wording(domain: str, attribute: str, modality: str) -> Wording:
    """Return the templates of a field; on a page, "this patient" replaces the name and ON_PAGE is added."""
    if attribute == "name":
        return DOCUMENT_WORDINGS[domain]
    if modality == "text":
        return FIELD_WORDINGS[attribute]
    page, preposition, subject = PAGES[domain]
    slots = {
        "n": subject,
        "ns": possessive(subject),
        "what": "Who" if attribute in WHO_FIELDS else "What",
        "label": LABELS.get(attribute, attribute.replace("_", " ")),
        "on": preposition,
        "page": page,
    }
    about_subject, about_page = _substitute(FIELD_WORDINGS[attribute], slots), _substitute(ON_PAGE, slots)
    return Wording(
        about_subject.train + about_page.train,
        about_subject.test + about_page.test,
        about_subject.requests + about_page.requests,
    )


def _written_wording(domain: str, attribute: str, modality: str, book: Book) -> Wording:
    """Return the templates of a field by a model; on a page, "this patient" replaces the name."""
    if attribute == "name":
        return book.wordings[OWNERS[domain]]
    (subject,) = book.phrases[domain]
    templates = book.wordings[attribute]
    return templates if modality == "text" else _substitute(templates, {"n": subject})


def _substitute(templates: Wording, slots: Mapping[str, str]) -> Wording:
    """Fill these slots of all templates and leave the others."""

    def fill(template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: slots.get(match[1], match[0]), template)

    requests = tuple((fill(request), fill(sentence)) for request, sentence in templates.requests)
    return templates._replace(
        train=tuple(map(fill, templates.train)), test=tuple(map(fill, templates.test)), requests=requests
    )
