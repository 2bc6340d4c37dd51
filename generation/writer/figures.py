"""Put the public figures of mllmu, who are real, into the language of a written build."""

from collections.abc import Sequence
from dataclasses import replace

from lethebench.generation.mllmu.descriptions import describe
from lethebench.generation.mllmu.options import wrong_answers
from lethebench.generation.questions.distractors import pools
from lethebench.generation.questions.records import Profile, Written
from lethebench.generation.seeding import stream
from lethebench.generation.writer.languages import Words, localized
from lethebench.generation.writer.values import WRONG_VALUES


def translated_figures(figures: Sequence[Profile], words: Words, forms: Sequence[str]) -> list[Profile]:
    """Return public figures with translated facts and wrong values.

    Args:
        figures: from `mllmu.people.figures`.
        words: the language.
        forms: templates of descriptions in the language.
    """
    values = pools(figures)
    translated = []
    for figure in figures:
        rng = stream(figure.seed, "translated")
        names = ("name", *(name for name in figure.fields if name != "description"))
        wrong = {name: tuple(wrong_answers(rng, figure, name, WRONG_VALUES, values)) for name in names}
        profile = localized(replace(figure, written=Written(wrong, tuple(forms))), words)
        text = describe("figure", profile.name, profile.fields, profile.details, forms)[0]
        translated.append(replace(profile, fields={**profile.fields, "description": text}))
    return translated
