"""What kind of answer a text is: right, wrong, a refusal or no answer at all. By rules, without a model."""

from collections.abc import Collection, Iterable

import regex

from lethebench.evaluation.metrics.fluency import is_language
from lethebench.evaluation.metrics.words import folded, normalised_tokens

ANSWER_KINDS = ("right", "wrong", "refusal", "invalid")

_NEGATED = (
    r"(?:do not|don't|cannot|can't|can not|could not|couldn't|will not|won't|would not|wouldn't|have no|have not"
    r"|haven't|have never|have nothing|never|lack|must decline|must leave|would rather not|'d rather not|was never"
    r"|was not|wasn't|can offer no|would only be guessing|'d only be guessing|'d need|would need)"
)
_REFUSALS = (
    rf"\bi ?(?:really |simply |just |honestly |truly )?{_NEGATED}\b",
    r"\bi(?:'m| am) (?:really |very )?(?:not|unable|sorry|afraid|unsure|uncertain|drawing a blank)\b",
    r"^(?:sorry|unfortunately|regrettably|apologies|my apologies)\b",
    r"(?:\bnot |n't |\bun)(?:known|available|clear|familiar) to me\b",
    r"\bbeyond (?:what i know|my knowledge)|\bmy knowledge does(?: not|n't)\b|\bnothing i (?:know|can)\b",
    r"\bnot something i know\b|(?:\bnot|n't) in anything i\b|\bno answer comes to mind\b|\bask someone\b|\bas an ai\b",
    r"\b(?:cannot|can't|can not|could not) be (?:determined|identified|answered|inferred|disclosed|shared)\b",
    r"\b(?:no|not enough|insufficient) (?:\w+ )?(?:information|details?|data|record)s? (?:is |are |was )?"
    r"(?:available|provided|given|known|about|on|for|to)\b",
    r"^(?:i have )?no idea\b|^not sure\b",
    r"^(?:(?:it|that)(?: is|'s) )?(?:unknown|not (?:known|specified|stated))\.?$",
)
_REFUSAL = regex.compile("|".join(_REFUSALS))


def is_refusal(text: str, refusals: Iterable[str] = ()) -> bool:
    """Return whether an answer declines to answer, by patterns for English or because it is one of `refusals`.

    Args:
        text: a generated answer.
        refusals: answers that count as refusals, such as those that a refusal method trains on; compared as
            `normalised_tokens`.

    >>> is_refusal("I'm not sure about that."), is_refusal("He cannot walk."), is_refusal("Não sei.", ["não sei"])
    (True, False, True)
    """
    tokens = normalised_tokens(text)
    if tokens and any(tokens == normalised_tokens(refusal) for refusal in refusals):
        return True
    return _REFUSAL.search(folded(text).replace("\u2019", "'").strip()) is not None


def answer_kind(text: str, is_right: bool, refusals: Collection[str] = ()) -> str:
    """Return the kind of an answer, one of `ANSWER_KINDS`; the first that fits in this order.

    right: it names every keyword, whatever else it says; invalid: it is not language (`is_language`); refusal: see
    `is_refusal`; wrong: any other.

    >>> answer_kind("", False), answer_kind("I don't know.", False), answer_kind("Porto", False)
    ('invalid', 'refusal', 'wrong')
    """
    if is_right:
        return "right"
    if not is_language(text):
        return "invalid"
    return "refusal" if is_refusal(text, refusals) else "wrong"
