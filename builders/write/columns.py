"""The columns of every benchmark: one row per question, per profile and per attribute's candidates.

{"id": "icu/medical-0042/vqa/diagnosis", "profile_id": "medical-0042", "task_id": 7, "role": 0, "modality": 0, ...
 "images": [{"bytes": b"...", "path": "medical-0042_masked-diagnosis.jpg"}], "views": ["masked:diagnosis"],
 "question": "What is the diagnosis?", "answer": "gout", "keywords": ["gout"], ...}
"""

from collections.abc import Hashable, Mapping, Sequence

from datasets import ClassLabel, Features, Image, List, Value

from lethebench.contract.columns import FORMATS, MODALITIES, ROLES
from lethebench.generation.questions.records import Profile, Question, View

QA = Features(
    {
        "id": Value("string"),
        "profile_id": Value("string"),
        "task_id": Value("int32"),
        "retain_task_id": Value("int32"),
        "role": ClassLabel(names=list(ROLES)),
        "modality": ClassLabel(names=list(MODALITIES)),
        "format": ClassLabel(names=list(FORMATS)),
        "attribute": Value("string"),
        "hops": Value("int8"),
        "images": List(Image()),
        "views": List(Value("string")),
        "question": Value("string"),
        "answer": Value("string"),
        "keywords": List(Value("string")),
        "options": List(Value("string")),
        "correct": Value("int8"),
        "paraphrases": List(Value("string")),
        "perturbed": List(Value("string")),
    }
)

_PAIRS = List({"attribute": Value("string"), "value": Value("string")})
PROFILES = Features(
    {
        "profile_id": Value("string"),
        "domain": Value("string"),
        "name": Value("string"),
        "role": ClassLabel(names=list(ROLES)),
        "task_id": Value("int32"),
        "fields": _PAIRS,
        "details": _PAIRS,
        "images": List(Image()),
        "views": List(Value("string")),
        "thumbnails": List(Image()),
        "thumbnail_views": List(Value("string")),
        "portrait": List(Value("int32")),
    }
)

CANDIDATES = Features({"attribute": Value("string"), "values": List(Value("string"))})

FEATURES = {"qa": QA, "profiles": PROFILES, "candidates": CANDIDATES}
"""Folder -> the columns of the shards in it."""


def features_of(group: str) -> Features:
    """The columns of a group of shards, e.g. of `qa/test-forget`."""
    return FEATURES[group.split("/")[0]]


def type_name(kind: object) -> str:
    """A column's type in a word, for the card."""
    if isinstance(kind, List):
        return f"list of {type_name(kind.feature)}"
    return {ClassLabel: "class label", Image: "image"}.get(type(kind)) or kind.dtype


def view_name(view: View, fields: Sequence[str]) -> str:
    """How the `views` column calls a view: `full`, `masked:diagnosis`, `masked:all`; other scans end in `+rescan`.

    Args:
        view: what is blacked out, and the pass through the scanner.
        fields: the maskable attributes of the page.
    """
    masked = set(view.masked)
    if not masked:
        name = "full"
    elif masked == {"name", *fields}:
        name = "masked:all"
    else:
        name = "masked:" + ",".join(view.masked)
    return name + {0: "", 1: "+rescan"}.get(view.scan, f"+rescan{view.scan}")


def qa_row(
    benchmark: str,
    profile: Profile,
    question: Question,
    *,
    role: str,
    task_id: int,
    pictures: Mapping[Hashable, dict],
    names: Mapping[Hashable, str],
    retain_task_id: int = -1,
) -> dict:
    """A question as a row.

    Args:
        benchmark: first part of the row's id.
        profile: the subject.
        question: what is asked.
        role: one of `ROLES`.
        task_id: place of the profile in the continual sequence, -1 where it is never asked to be forgotten.
        pictures: view -> {"bytes", "path"}; rows that share a view share the very object.
        names: view -> what the `views` column calls it.
        retain_task_id: the task whose released retain set holds the row.
    """
    views = () if question.view is None else (question.view, *question.more_views)
    return {
        "id": f"{benchmark}/{profile.id}/{question.key}",
        "profile_id": profile.id,
        "task_id": task_id,
        "retain_task_id": retain_task_id,
        "role": ROLES.index(role),
        "modality": MODALITIES.index(question.modality),
        "format": FORMATS.index(question.format),
        "attribute": question.attribute,
        "hops": question.hops,
        "images": [pictures[view] for view in views],
        "views": [names[view] for view in views],
        "question": question.question,
        "answer": question.answer,
        "keywords": list(question.keywords),
        "options": list(question.options),
        "correct": question.correct,
        "paraphrases": list(question.paraphrases),
        "perturbed": list(question.perturbed),
    }


def profile_row(
    profile: Profile,
    *,
    role: str,
    task_id: int,
    images: Mapping[str, dict],
    thumbnails: Mapping[str, dict],
    portrait: Sequence[int],
) -> dict:
    """A profile as a row: its data, the pictures that no training row carries, thumbnails of the others.

    Args:
        images: name of a view -> {"bytes", "path"}.
        thumbnails: likewise.
        portrait: where the portrait stands on the first picture, thumbnails counted after the others: x and y of its
            corners, clockwise from the top left.
    """
    return {
        "profile_id": profile.id,
        "domain": profile.domain,
        "name": profile.name,
        "role": ROLES.index(role),
        "task_id": task_id,
        "fields": [{"attribute": key, "value": value} for key, value in profile.fields.items()],
        "details": [{"attribute": key, "value": value} for key, value in profile.details.items()],
        "images": list(images.values()),
        "views": list(images),
        "thumbnails": list(thumbnails.values()),
        "thumbnail_views": list(thumbnails),
        "portrait": [int(edge) for edge in portrait],
    }
