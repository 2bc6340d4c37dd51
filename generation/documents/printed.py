"""The printed words of documents, as a list to translate, and their replacement by a translation."""

import re
from collections.abc import Callable
from functools import lru_cache

from lethebench.generation.documents.wording import (
    ADVICE,
    CAPTIONS,
    CHECKS,
    CLAUSES,
    FORMS,
    NOTES,
    OFFICES,
    PARTIES,
    REPORT,
    SCHEDULE_CLAUSES,
    SERVICE,
    STAMP_WORDS,
    TITLES,
)

Pairs = tuple[tuple[str, str], ...]
"""(printed words, their translation)."""
STAMPS = ("ORIGINAL", "CERTIFIED", "FILED", "REGISTERED")
_IN_LAYOUTS = (
    "Remarks", "Notes", "Internal notes", "Stay", "Clinical data", "Our reference:", "Dear colleague,",
    "we report on the following patient of our hospital.", "With kind regards,", "Yours sincerely,",
    "With best regards,", "Contract no.", "No.", "Patient", "Admission", "Findings and treatment",
    "Performed during the stay", "Confirmation", "Course", "Vital signs", "For the Employer", "The Employee", "Article",
    "Employee", "Employment", "Conditions", "Schedule", "Terms", "Pay and term", "continued", "Initials",
    "Continued on page 2", "Page 1 of 1", "Page 1 of 2", "Page 2 of 2", "Female", "Male",
)  # fmt: skip
"""Words in the code of the layouts, and facts that are printed in another form than they have."""


def printed_words() -> list[str]:
    """Return all words that documents print beside facts; blanks of running text are {fact:width}."""
    groups = [
        *CAPTIONS.values(),
        *(part for texts in (OFFICES, TITLES, FORMS, STAMP_WORDS, REPORT) for part in texts.values()),
    ]
    texts = [text for group in groups for text in group]
    texts += [text for heading, sentences in CLAUSES for text in (heading, *sentences)]
    texts += [*SCHEDULE_CLAUSES.values(), *ADVICE, *CHECKS, *NOTES, PARTIES, SERVICE, *STAMPS, *_IN_LAYOUTS]
    return list(dict.fromkeys(texts))


@lru_cache(maxsize=4)
def translator(pairs: Pairs) -> Callable[[str], str]:
    """Return a function that replaces printed words, longer ones first, also where they are in capitals."""
    if not pairs:
        return lambda text: text
    words = dict(pairs) | {source.upper(): target.upper() for source, target in pairs if "{" not in source}
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(source)}(?!\w)" for source in longest_first))
    return lambda text: pattern.sub(lambda match: words[match[0]], text)
