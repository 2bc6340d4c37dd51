"""What generators return: profiles, views and questions as frozen records.

Generators are functions of a seed; they know no files, splits or tasks. Builders decide what goes where.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """What a language model wrote about a profile beside its facts.

    Attributes:
        wrong: attribute -> wrong values, of which those for options of training come first.
        descriptions: templates of descriptions, with a slot for each fact.
        printed: (English words that the profile's document prints, their translation).
    """

    wrong: Mapping[str, tuple[str, ...]]
    descriptions: tuple[str, ...] = ()
    printed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Profile:
    """A person (or another subject), with a document, portraits or pictures made from it.

    Attributes:
        id: e.g. `medical-0042`; depends on the seed but not on the size of the build.
        domain: the kind of document or subject, e.g. `medical`, `labor`, `figure`.
        name: the full name that questions use; unique within a build.
        fields: attribute -> value as printed, in the order of the document: what is asked for, beside the name.
        details: what else the page prints or the picture needs: gender, age, nationality ...
        seed: of the look.
        turn: index within the domain, where attributes take turns at being asked for.
        written: what a language model wrote; None for a profile from templates.
    """

    id: str
    domain: str
    name: str
    fields: Mapping[str, str]
    details: Mapping[str, str]
    seed: int
    turn: int = 0
    written: Written | None = None

    def value(self, attribute: str) -> str:
        """Return the value of a field or of `name`."""
        return self.name if attribute == "name" else self.fields[attribute]


@dataclass(frozen=True)
class View:
    """How a picture of a document shows the subject.

    Attributes:
        masked: attributes to black out; `name` covers the person's name everywhere.
        scan: 0 is the first scan; other numbers are further ones.
        page: index of the page, for documents of several.
    """

    masked: tuple[str, ...] = ()
    scan: int = 0
    page: int = 0


@dataclass(frozen=True)
class Question:
    """A question about a profile; most fields are columns of a QA row.

    Attributes:
        key: the tail of the row's id, unique within profile and split: `vqa/diagnosis`, `text/diagnosis`.
        value: the value of the attribute, which `answer` contains literally.
        keywords: the parts of the value that carry the fact.
        view: the picture, in the benchmark's terms (`View` in icu); None for a text question.
        more_views: further pictures, for questions about several.
        hops: steps of reasoning from question to answer.
        cloze_prompt: the beginning of a sentence that the value continues, for exposure; empty if there is none.
    """

    key: str
    modality: str
    format: str
    attribute: str
    question: str
    answer: str
    value: str
    keywords: tuple[str, ...]
    paraphrases: tuple[str, ...]
    perturbed: tuple[str, ...]
    view: Hashable | None = None
    hops: int = 1
    options: tuple[str, ...] = ()
    correct: int = -1
    more_views: tuple[Hashable, ...] = ()
    cloze_prompt: str = ""
