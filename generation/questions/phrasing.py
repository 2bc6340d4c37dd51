"""Phrasing of questions and answers from templates."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import cycle

from lethebench.generation.questions.wordings import Wording

WRONG_ANSWERS = 5
"""Wrong answers per row that is answered freely."""
PARAPHRASES = 3
"""Further correct answers per row that is answered in a sentence, in other sentences."""
BARE = ("{v}", "{av}")
"""Templates of answers that are the value alone."""


@cache
def carried(templates: Wording, use: str) -> tuple[tuple[str, str], ...]:
    """Return every (request, answer) template of a field for a use, `train` or `test`."""
    return tuple(
        (carrier.format(request), sentence)
        for carrier in templates.carriers[use == "test"]
        for request, sentence in templates.requests
    )


def phrase(rng: random.Random, templates: Wording, use: str) -> tuple[str, str, list[str]]:
    """Draw a direct question, answered with the value alone, or a request, answered in a sentence.

    Returns:
        Templates of the question, of the answer, and of PARAPHRASES other sentences that state the value.
    """
    direct = templates.direct(use)
    question, answer = (rng.choice(direct), "{v}") if rng.random() < 0.5 else rng.choice(carried(templates, use))
    return question, answer, other_sentences(rng, templates, answer)


def other_sentences(rng: random.Random, templates: Wording, answer: str) -> list[str]:
    """Draw PARAPHRASES sentences that state the value, other than the answer's template."""
    return rng.sample([sentence for sentence in templates.sentences if sentence != answer], PARAPHRASES)


def say(template: str, value: str, subject: Mapping[str, str]) -> str:
    """Return a sentence with its slots filled, or the bare value for the template `{v}`.

    Args:
        template: of a sentence, or `{v}`.
        value: for the slots `{v}`, `{vs}` and `{av}`.
        subject: the other slots, e.g. `n` and `ns`.
    """
    text = template.format(v=value, vs=possessive(value), av=with_article(value), **subject)
    return text if template in BARE else capitalize(text)


def restate(
    answer: str, sentences: Sequence[str], value: str, wrong: Iterable[str], subject: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paraphrases and wrong answers of a row in the form of its answer, so that form tells nothing.

    A bare value has bare wrong answers, and no paraphrase: a truth ratio compares them with the answer itself. Wrong
    sentences take the paraphrases' templates in turn, so that only the fact differs (TOFU perturbs the paraphrased
    answer likewise, arXiv 2401.06121).

    Args:
        answer: template of the answer.
        sentences: templates of other sentences that state the value.
        value: the true value.
        wrong: the wrong values.
        subject: the other slots of the templates.

    Returns:
        (paraphrases, wrong answers).
    """
    forms = [answer] if answer in BARE else sentences
    paraphrases = () if answer in BARE else tuple(say(form, value, subject) for form in forms)
    return paraphrases, tuple(say(form, text, subject) for form, text in zip(cycle(forms), wrong, strict=False))


def named(name: str) -> dict[str, str]:
    """Return the slots of a subject that is referred to by name."""
    return {"n": name, "ns": possessive(name)}


def possessive(name: str) -> str:
    """Return the possessive, always with 's as in the Chicago manual: `James Ross's`."""
    return f"{name}'s"


def with_article(noun: str) -> str:
    """Return the noun with "a" or "an", by sound: a usability researcher, an accountant."""
    vowel = noun[0].lower() in "aeiou" and not re.match(r"uni|us[aeiu]|eu|one\b", noun.lower())
    return f"{'an' if vowel else 'a'} {noun}"


def capitalize(text: str) -> str:
    """Return the text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


def keywords(attribute: str, value: str) -> tuple[str, ...]:
    """Return the parts of a value that carry the fact: city and country apart, a doctor's name without the title."""
    if attribute in ("birthplace", "residence", "death_place"):
        city, _, country = value.partition(", ")
        return (value,) if city == country else (city, country)  # Luxembourg, Luxembourg
    if attribute == "home_address":
        line, _, city = value.rpartition(", ")
        return (line, city)
    return (value.removeprefix("Dr. ") if attribute == "attending_physician" else value,)
