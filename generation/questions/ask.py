"""Turns a profile's facts into questions: picks a wording by seed, answers it, adds paraphrases and wrong answers."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import cycle

from lethebench.generation.people.diagnoses import DIAGNOSES
from lethebench.generation.questions.records import Profile, Question, View
from lethebench.generation.questions.wordings import CARRIERS, FIELDS, LABELS, ON_PAGE, PAGES, PEOPLE, WHOSE, Wording
from lethebench.generation.seeding import stream

# Wrong answers per row, in the forms of its paraphrases in turn: between the two only the fact differs, so that a truth
# ratio compares facts and not forms (TOFU perturbs the paraphrased answer likewise, arXiv 2401.06121).
WRONG = 5
PARAPHRASES = 3  # other correct wordings per row: whole sentences, each the answer to some other request
_SEX = {entry.name: entry.sex for entry in DIAGNOSES}
SHAPED = ("monthly_salary", "bank_account", "national_id")  # values whose pattern alone can tell wrong ones apart
_TRIES = 64  # draws from the build's values before taking what came


def questions(
    profile: Profile,
    attributes: Sequence[str],
    values: Mapping[str, Sequence[str]],
    use: str,
    more: Callable[[str], Sequence[str]],
) -> list[Question]:
    """Every question about a profile for one use.

    Args:
        profile: the subject.
        attributes: its maskable fields, in page order.
        values: attribute or `name` -> values of the build, for wrong answers.
        use: `train` or `test`; decides wordings and scans.
        more: attribute -> further values where the build has too few.

    Returns:
        2F + 1 questions, and for `test` one more on the full view.
    """
    prefix, scan = ("", 0) if use == "train" else ("test/", 1)
    everything = ("name", *attributes)
    plan = [(f"{prefix}vqa/{a}", a, View((a,), scan)) for a in attributes]
    plan += [(f"{prefix}text/{a}", a, None) for a in attributes]
    plan += [(f"{prefix}vqa/name", "name", View(everything, scan))]
    if use == "test":
        plan += [(f"{prefix}vqa_full/name", "name", View())]
    return [_question(profile, key, attribute, view, values, use, more) for key, attribute, view in plan]


@cache
def wording(domain: str, attribute: str, modality: str) -> Wording:
    """The templates of a field in one modality; a page has those with "this patient" for the name and its own."""
    if attribute == "name":
        return WHOSE[domain]
    if modality == "text":
        return FIELDS[attribute]
    page, preposition, who = PAGES[domain]
    slots = {
        "n": who,
        "ns": possessive(who),
        "what": "Who" if attribute in PEOPLE else "What",
        "label": LABELS[attribute],
        "on": preposition,
        "page": page,
    }
    named, printed = _substitute(FIELDS[attribute], slots), _substitute(ON_PAGE, slots)
    return Wording(*(one + other for one, other in zip(named, printed, strict=True)))


@cache
def carried(templates: Wording, use: str) -> tuple[tuple[str, str], ...]:
    """(request, answer) templates of a field for a use."""
    return tuple((carrier.format(asked), sentence) for carrier in CARRIERS[use] for asked, sentence in templates.echoes)


def phrased(rng: random.Random, templates: Wording, use: str) -> tuple[str, str, list[str]]:
    """A way to ask and answer: a direct question answered with the value alone, or a request answered in a sentence.

    Returns:
        Templates of the question, of the answer, and of PARAPHRASES other sentences that say the same.
    """
    direct = templates.asked if use == "train" else templates.held_out
    asked, form = (rng.choice(direct), "{v}") if rng.random() < 0.5 else rng.choice(carried(templates, use))
    return asked, form, rng.sample([sentence for _, sentence in templates.echoes if sentence != form], PARAPHRASES)


def say(template: str, value: str, subject: Mapping[str, str]) -> str:
    """A sentence with its slots filled, or the bare value.

    Args:
        subject: slots other than the value's, e.g. `n` and `ns`.
    """
    text = template.format(v=value, vs=possessive(value), av=with_article(value), **subject)
    return text if template == "{v}" else capitalised(text)


def possessive(name: str) -> str:
    """`James Ross's`: always with 's, as the Chicago manual has it."""
    return f"{name}'s"


def with_article(noun: str) -> str:
    """The noun with a or an, by sound: a usability researcher, an accountant."""
    vowel = noun[0].lower() in "aeiou" and not re.match(r"uni|us[aeiu]|eu|one\b", noun.lower())
    return f"{'an' if vowel else 'a'} {noun}"


def keywords(attribute: str, value: str) -> tuple[str, ...]:
    """The parts of a value that carry the fact: street and city apart, a doctor's name without the title."""
    if attribute == "home_address":
        line, _, city = value.rpartition(", ")
        return (line, city)
    return (value.removeprefix("Dr. "),)


def _question(profile, key, attribute, view, values, use, more) -> Question:
    rng = stream(profile.seed, "question", key)
    modality = "text" if view is None else "image_text"
    value = profile.name if attribute == "name" else profile.fields[attribute]
    subject = {"n": profile.name, "ns": possessive(profile.name)}
    asked, form, others = phrased(rng, wording(profile.domain, attribute, modality), use)
    wrong = wrong_values(rng, attribute, value, values.get(attribute, ()), more)
    return Question(
        key=key,
        modality=modality,
        format="generation",
        attribute=attribute,
        question=capitalised(asked.format(**subject)),
        answer=say(form, value, subject),
        value=value,
        keywords=keywords(attribute, value),
        paraphrases=tuple(say(sentence, value, subject) for sentence in others),
        perturbed=tuple(say(sentence, other, subject) for sentence, other in zip(cycle(others), wrong, strict=False)),
        view=view,
    )


def wrong_values(
    rng: random.Random, attribute: str, value: str, values: Sequence[str], more: Callable[[str], Sequence[str]]
) -> list[str]:
    """Distinct values other than the true one: of its form from the build, then of its form from `more`, then any.

    Takes a bounded number of draws from `values`, so that a row costs the same in a build of any size.
    """
    form = shape(attribute, value)
    alike: dict[str, None] = {}
    other: dict[str, None] = {}
    draws = [values[int(rng.random() * len(values))] for _ in range(_TRIES)] if len(values) > _TRIES else list(values)
    if len(values) <= _TRIES:
        rng.shuffle(draws)
    for draw in draws:
        if draw != value:
            (alike if shape(attribute, draw) == form else other)[draw] = None
    if len(alike) < WRONG and (form or len(alike) + len(other) < WRONG):
        extra = [
            candidate for candidate in more(attribute) if candidate != value and shape(attribute, candidate) == form
        ]
        alike |= dict.fromkeys(rng.sample(extra, min(len(extra), WRONG)))
    found = list(dict.fromkeys([*alike, *other]))
    return found[:WRONG]


def shape(attribute: str, value: str) -> str:
    """What must agree for a wrong value not to be seen through at once: currency, pattern of digits, patients' sex."""
    if attribute == "diagnosis":
        return _SEX.get(value, "-")
    if attribute == "monthly_salary":
        return value[:3]
    if attribute in SHAPED:
        return re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", value))
    return ""


def capitalised(text: str) -> str:
    """The text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


def _substitute(field: Wording, slots: Mapping[str, str]) -> Wording:
    """Fills slots of all templates and leaves the others."""

    def put(template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: slots.get(match[1], match[0]), template)

    echoes = tuple((put(asked), put(sentence)) for asked, sentence in field.echoes)
    return Wording(tuple(map(put, field.asked)), tuple(map(put, field.held_out)), echoes)
