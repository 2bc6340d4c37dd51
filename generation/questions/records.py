"""What the generators hand to the builders: profiles, views and questions, as plain frozen records.

A generator never sees a file, a split or a task: it is a function of a seed. Builders decide what goes where.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One person: in `icu` with the document that holds their data, in `mllmu` with their portraits.

    Attributes:
        id: `medical-0042`; stable under the seed, whatever the size of the build.
        domain: the kind of document or person, e.g. `medical`, `labor`, `figure`.
        name: the full name that questions use; unique within a build.
        fields: attribute -> value as printed, in the order of the document. Exactly what is asked for beside the name.
        details: what else the page prints or the picture needs and no question asks: gender, age, nationality ...
        seed: drives everything about the look that belongs to the profile.
        turn: place among those of its domain; where attributes take turns at being asked, it says whose turn it is.
    """

    id: str
    domain: str
    name: str
    fields: Mapping[str, str]
    details: Mapping[str, str]
    seed: int
    turn: int = 0


@dataclass(frozen=True)
class View:
    """How a picture of a document shows the subject.

    Attributes:
        masked: the attributes that are blacked out; `name` among them hides the person's name wherever it stands.
        scan: 0 is the first scan; another number is another pass through the scanner (noise, tilt, brightness).
    """

    masked: tuple[str, ...] = ()
    scan: int = 0


@dataclass(frozen=True)
class Question:
    """One question about a profile. Column meanings are those of a QA row.

    Attributes:
        key: the tail of the row's id, unique within the profile and split: `vqa/diagnosis`, `text/diagnosis`.
        view: the picture that goes with it, in the terms of the benchmark (`View` in icu); None for a text question.
        more_views: further pictures after the first, where a question is about several.
        value: the value of the attribute that the answer states, literally contained in `answer`.
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
