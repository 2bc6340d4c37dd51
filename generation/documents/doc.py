"""A document in the making: the profile's facts, the look drawn from its seed, and the sheet."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lethebench.generation.documents.giveaways import giveaways
from lethebench.generation.documents.handwriting import draw_hand
from lethebench.generation.documents.look import T, draw_look, pick
from lethebench.generation.documents.printed import Pairs, translator
from lethebench.generation.documents.sheet import Pen, Sheet
from lethebench.generation.documents.wording import (
    BY_HAND,
    CAPTIONS,
    CONTINUED,
    FORMS,
    NUMBER_FIELDS,
    OFFICES,
    ORGANIZATIONS,
    STAMP_WORDS,
    TITLES,
)
from lethebench.generation.drawing.fonts import family_for
from lethebench.generation.questions.records import Profile


class Doc:
    """What a layout works with: one page of a document.

    Attributes:
        page, pages: index of the page, and how many there are.
        sheet: the page.
        look: colors and fonts.
        rng: for further choices of the layout; depends on the profile's seed alone.
        number: the document's number, which bar and QR codes carry.
        organization: the key of who issued the document.
        office, title, form, words, remark: printed words that belong to the document, not to a fact.
        say: returns printed words in the language of the document.
    """

    def __init__(self, profile: Profile, page: int = 0, pages: int = 1, printed: Pairs = ()):
        self.say = translator(printed)
        self._letters = "".join(translation for _, translation in printed)
        self.profile, self.page, self.pages = profile, page, pages
        self.continued = CONTINUED[profile.domain] if pages > 1 else ()
        self.rng = self.stream(0)
        self.look = draw_look(self.rng)
        hides: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        hides |= {key: frozenset((key,)) for key in (*profile.fields, "name")}
        for key, attributes in giveaways(profile.domain).items():
            hides[key] |= attributes
        look = self.look
        family = family_for(self._letters, look.family)
        pen = self._pen(profile.domain)
        self.sheet = Sheet(self.lookup, hides, look.paper, family, look.value_family, look.ink, pen, self.say)
        self._captions = {key: self.pick(*options) for key, options in CAPTIONS.items()}
        domain = profile.domain
        self.organization = ORGANIZATIONS[domain]
        self.office, self.title = self.pick(*OFFICES[domain]), self.pick(*TITLES[domain])
        self.form, self.words = self.pick(*FORMS[domain]), self.pick(*STAMP_WORDS[domain])
        self.remark = self.pick("Remarks", "Notes", "Internal notes")
        self.number = self.lookup(NUMBER_FIELDS[domain]) or f"{profile.seed % 10**8:08d}"

    def stream(self, number: int) -> np.random.Generator:
        """Return an independent random generator for one part of the document."""
        return np.random.default_rng([self.profile.seed, 0xD0C, number])

    def _pen(self, domain: str) -> Pen:
        """Draw whose hand fills in which of the blanks; in half of the documents it fills in none."""
        rng = self.stream(10)
        groups = BY_HAND[domain]
        chosen = rng.permutation(len(groups))[: pick(rng, (0, 0, 1, 2))]
        keys = frozenset(key for number in chosen for key in groups[number])
        if not self.has_hand:
            keys = frozenset()
        return Pen(keys, draw_hand(rng), self.look.pen, self.profile.seed)

    @property
    def has_hand(self) -> bool:
        """Whether the fonts of hands have the letters of the document's language."""
        return all(ord(letter) < 0x180 for letter in self._letters)

    def lookup(self, key: str) -> str:
        """Return the text of a fact; "" if it is absent or, on the first page, continued on the second.

        `contact` is the issuer's address and telephone.
        """
        if self.page == 0 and key in self.continued:
            return ""
        if key == "name":
            return self.profile.name
        if key == "contact":
            return " · ".join(
                filter(None, (self.lookup(f"{self.organization}_{part}") for part in ("address", "phone")))
            )
        text = self.profile.fields.get(key) or self.profile.details.get(key, "")
        return self.say(text.capitalize()) if key == "gender" else text

    def has(self, *keys: str) -> list[str]:
        """Return the keys that the profile has a text for."""
        return [key for key in keys if self.lookup(key)]

    def caption(self, key: str) -> str:
        """Return the caption of a fact on this document."""
        return self._captions[key]

    def pick(self, *options: T) -> T:
        """Draw one of the options."""
        return pick(self.rng, options)


Layouts = Mapping[str, Callable[[Doc], None]]
"""Name -> function that fills the sheet of a document."""


def printable(doc: Doc, sentences: Sequence[str], without: Sequence[str] = ()) -> str:
    """Return the sentences whose blanks the profile can fill, except those with blanks for facts of `without`."""

    def fits(sentence: str) -> bool:
        return all(doc.lookup(key) and key not in without for key in re.findall(r"\{(\w+):", sentence))

    return " ".join(filter(fits, sentences))
