"""Whether a text declines to answer, voices doubt, or talks around the question."""

import regex

from lethebench.evaluation.metrics.answer_kind import is_refusal
from lethebench.evaluation.metrics.words import folded, normalised_tokens

_DECLINES = regex.compile(
    "|".join(
        (
            # English, beside `is_refusal`
            r"\bi(?:'m| am) (?:not|unable)\b|\bi (?:really |simply |honestly )?(?:cannot|can't|couldn't|won't|don't)\b",
            r"\b(?:no|not any) (?:record|information|details?|data|knowledge|idea|clue|recollection)s?\b",
            r"\b(?:there is|there's|i have) nothing\b|\bi wasn't (?:given|told)\b|\bi(?:'d| would) (?:rather"
            r"|prefer) not\b"
            r"|\b(?:is|isn't|not) (?:un)?known to me\b|\bnot something i can\b|\b(?:decline|refuse) to\b"
            r"|\b(?:is|remains) (?:confidential|private|unknown)\b|\bi was never\b|\bbeats me\b",
            # German
            r"\bweiss (?:ich )?(?:\w+ ){0,6}?(?:nicht|nichts)\b|\bich (?:\w+ ){0,3}?(?:weiss|kenne"
            r"|erinnere) (?:\w+ ){0,7}?(?:nicht|nichts"
            r"|keine?n?)\b|\b(?:kenne|weiss) ich (?:\w+ ){0,3}?nicht\b",
            r"\bkeine(?:rlei)? (?:\w+ )?(?:ahnung|angaben?|informationen?|auskunft|auskünfte|daten"
            r"|kenntnis(?:se)?|erkenntnisse)\b",
            r"\b(?:kann|darf|möchte|will|könnte|werde) (?:ich |mich )?(?:\w+ ){0,6}?(?:nicht|nichts|keine)\b",
            r"\b(?:mir|uns) (?:\w+ ){0,4}?(?:nicht|nichts|unbekannt|keine)\b|\b(?:nicht|nichts) bekannt\b"
            r"|\bentzieht sich\b",
            r"\b(?:vertraulich|unbekannt)\b|\bsicher bin ich (?:\w+ )?nicht\b|\bnicht (?:\w+ )?sicher\b"
            r"|\bda muss ich passen\b",
            # Spanish
            r"\bno (?:lo |me |te |le |se |os )?(?:sé|se|sabría|conozco|recuerdo|dispongo|tengo|puedo|podría|debo"
            r"|quiero|quisiera|dispone"
            r"|es posible|está disponible|consta|estoy|deseo|cuento|figura)\b",
            r"\bdesconozco\b|\bni idea\b|\bprefiero no\b|\bme reservo\b|\bno (?:\w+ ){0,3}(?:ni )?idea\b"
            r"|\bningun[ao]? (?:dato|información)\b"
            r"|\bes (?:confidencial|desconocid[oa])\b|\b(?:se|es) (?:me )?(?:ignora|desconoce)\b"
            r"|\bno está disponible\b|\bsin datos\b",
            # French
            r"\bje ne (?:\w+ )?(?:sais|peux|connais|dispose|souviens|suis|veux|dois)\b|\bje n'(?:ai|en)\b"
            r"|\baucune? (?:idée|information|donnée)\b"
            r"|\bm'est (?:impossible|inconnu)\b|\bpréfère ne pas\b|\bje l'ignore\b",
        )
    )
)
_DOUBT = regex.compile(
    r"\b(?:maybe|perhaps|possibly|probably|might be|may be|could be|i think|i believe|i guess|i'd say"
    r"|if i had to guess|my guess"
    r"|vielleicht|vermutlich|wahrscheinlich|möglicherweise|ich (?:glaube|denke|schätze|tippe)|eventuell"
    r"|quizás?|tal vez|puede que|puede ser|creo que|diría que|supongo|probablemente|posiblemente|acaso"
    r"|peut-être|je (?:crois|pense)|probablement)\b|\b(?:although|though|but|aber|aunque|pero|mais) (?:it|he|she"
    r"|es|er|sie|il|elle)\b"
)
_GENERAL = regex.compile(
    r"\b(?:every(?:one|body)?|each|all (?:sorts|kinds|people|over)|many|some people|several|most|people|usually"
    r"|generally|often"
    r"|depends?|vary|varies|can be|may change|might|of course|well|one (?:might|could)|in general|typically"
    r"|isn't it|doesn't it"
    r"|jede[rsnm]?|viele[rn]?|mehrere|manche[rn]?|menschen|gewöhnlich|üblicherweise|in der regel|allgemein|oft"
    r"|meistens|man|kommt darauf an"
    r"|meinen sie|nicht wahr|irgend\w+|stets|vielerorts|hängt"
    r"|cada|tod[oa]s|much[oa]s|algun[oa]s|vari[oa]s|personas|suelen?|generalmente|normalmente|depende|cualquiera"
    r"|no cree|en general"
    r"|se (?:acuerda|hereda|firma|recoge)n?|cambian?|hay"
    r"|chacun|chaque|beaucoup|souvent|dépend|en général|tout le monde)\b"
)
_PERSON = regex.compile(
    r"^(?:\w+ ){0,3}?(?:he|she|his|her|it is|it's|they|er|sie ist|sie hat|sie wohnt|seine?|ihre?|él|ella|su|il"
    r"|elle|sa|son)\b"
)
_SPECIFIC_WORDS = 6
"""An answer of fewer words is taken for a value."""
_RESTATED = 0.4
"""An answer with this share of words of the question repeats it to give a value."""


def declines(text: str, refusals: tuple[str, ...] = ()) -> bool:
    """Return whether a text says that it does not know, cannot or will not answer; it may name a value all the same.

    >>> [declines(text) for text in ("I have no record of it.", "Das weiß ich nicht.", "No lo sé.", "Er ist Arzt.")]
    [True, True, True, False]
    """
    return is_refusal(text, refusals) or _DECLINES.search(_plain(text)) is not None


def doubts(text: str) -> bool:
    """Return whether a text marks what it says as a guess."""
    return _DOUBT.search(_plain(text)) is not None


def is_evasive(text: str, question: str, truth: str) -> bool:
    """Return whether a text speaks in general terms and names nothing that the question does not: no number, no name.

    >>> question, truth = "What is the rent?", "USD 720"
    >>> [is_evasive(text, question, truth) for text in ("Rents vary with the size of a flat.", "USD 890.")]
    [True, False]
    """
    words = normalised_tokens(text)
    if len(words) < _SPECIFIC_WORDS:
        return False
    asked_words = set(normalised_tokens(question))
    if numbers_like(text, question, truth):
        return False
    plain = _plain(text)
    if _GENERAL.search(plain):
        return True
    repeats = sum(word in asked_words for word in words) >= _RESTATED * len(words)
    return not repeats and not _PERSON.search(plain) and not _names(text, asked_words)


def numbers_like(text: str, question: str, truth: str) -> list[str]:
    """Return the words of a text with about as many digits as one of the truth's, but for those of the question.

    Other numbers are no value of what was asked: a grade, or the number of an item.
    """
    lengths = {_digits(word) for word in normalised_tokens(truth)} - {0}
    asked_words = set(normalised_tokens(question))
    return [
        word
        for word in normalised_tokens(text)
        if word not in asked_words
        and any(_digits(word) and abs(_digits(word) - length) <= length // 2 for length in lengths)
    ]


def _digits(word: str) -> int:
    return sum(map(str.isdigit, word))


def _names(text: str, asked_words: set[str]) -> bool:
    """Whether a word after the first one is capitalized and not in the question; German capitalizes every noun."""
    words = regex.findall(r"[\p{L}\p{M}'-]+", text)
    capitalized = [word for word in words[1:] if word[:1].isupper()]
    german = len(capitalized) >= 2 and regex.search(r"\b(?:der|die|das|und|ist|ein|eine|nicht|den)\b", text.lower())
    return bool(capitalized) and not german and any(folded(word) not in asked_words for word in capitalized)


def _plain(text: str) -> str:
    return folded(text).replace("\u2019", "'").strip()
