"""Define the columns of every benchmark: one row per question, per profile, per attribute's candidates, and per
fact that attacks may train on.

{"id": "icu/medical-0042/vqa/diagnosis", "profile_id": "medical-0042", "task_id": 7, "role": 0, "modality": 0, ...
 "images": [{"bytes": b"...", "path": "medical-0042_masked-diagnosis.jpg"}], "views": ["masked:diagnosis"],
 "question": "What is the diagnosis?", "answer": "gout", "keywords": ["gout"], ...}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

from lethebench.builders.records import EncodedView, ProfileRecord, Subject
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES
from lethebench.generation.questions.records import Question, View

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
        "cloze_prompt": Value("string"),
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
RELEARN = Features({"profile_id": Value("string"), "attribute": Value("string")})

FEATURES = {"qa": QA, "profiles": PROFILES, "candidates": CANDIDATES, "relearn": RELEARN}
"""Folder -> the columns of the shards in it."""


def features_of(group: str) -> Features:
    """Return the columns of a group of shards, e.g. of `qa/test-forget`."""
    return FEATURES[group.split("/")[0]]


def type_name(feature: Any) -> str:
    """Return a column's type in words, for the card."""
    if isinstance(feature, List):
        return f"list of {type_name(feature.feature)}"
    return {ClassLabel: "class label", Image: "image"}.get(type(feature)) or feature.dtype


def view_name(view: View, fields: Sequence[str]) -> str:
    """Return the name of a page's view: `full`, `masked:diagnosis`, `masked:all`.

    Other scans end in `+rescan`, second pages in `+page2`. `fields` are the maskable attributes of the page.
    """
    masked = set(view.masked)
    if not masked:
        name = "full"
    elif masked == {"name", *fields}:
        name = "masked:all"
    else:
        name = "masked:" + ",".join(view.masked)
    scan = {0: "", 1: "+rescan"}.get(view.scan, f"+rescan{view.scan}")
    return name + scan + (f"+page{view.page + 1}" if view.page else "")


def qa_row(row_id: str, subject: Subject, question: Question, views: Mapping[Any, EncodedView]) -> dict[str, Any]:
    """Return a question as a row; `views` maps what the question names to the picture, shared by rows that share it."""
    used = () if question.view is None else (question.view, *question.more_views)
    pictures = [views[view] for view in used]
    return {
        "id": row_id,
        "profile_id": subject.profile.id,
        "task_id": subject.task_id,
        "retain_task_id": subject.retain_task_id,
        "role": ROLES.index(subject.role),
        "modality": MODALITIES.index(question.modality),
        "format": FORMATS.index(question.format),
        "attribute": question.attribute,
        "hops": question.hops,
        "images": [picture.image for picture in pictures if picture.image is not None],
        "views": [picture.name for picture in pictures],
        "question": question.question,
        "answer": question.answer,
        "keywords": list(question.keywords),
        "options": list(question.options),
        "correct": question.correct,
        "paraphrases": list(question.paraphrases),
        "perturbed": list(question.perturbed),
        "cloze_prompt": question.cloze_prompt,
    }


def profile_row(record: ProfileRecord) -> dict[str, Any]:
    """Return a profile as a row: its data, the pictures that no question has, thumbnails of the others."""
    profile = record.subject.profile
    images = [record.views[key] for key in record.full]
    thumbnails = [view for key, view in record.views.items() if key not in record.full and view.thumbnail is not None]
    return {
        "profile_id": profile.id,
        "domain": profile.domain,
        "name": profile.name,
        "role": ROLES.index(record.subject.role),
        "task_id": record.subject.task_id,
        "fields": [{"attribute": key, "value": value} for key, value in profile.fields.items()],
        "details": [{"attribute": key, "value": value} for key, value in profile.details.items()],
        "images": [view.image for view in images],
        "views": [view.name for view in images],
        "thumbnails": [view.thumbnail for view in thumbnails],
        "thumbnail_views": [view.thumbnail_name or view.name for view in thumbnails],
        "portrait": [int(edge) for edge in record.portrait],
    }
