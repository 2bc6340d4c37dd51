"""Define the columns of every benchmark: one row per question, per profile, per attribute's candidates, and per
fact that attacks may train on.

{"id": "icu/medical-0042/vqa/diagnosis", "profile_id": "medical-0042", "task_id": 7, "role": 0, "modality": 0, ...
 "images": [{"bytes": b"...", "path": "medical-0042_masked-diagnosis.jpg"}], "views": ["masked:diagnosis"],
 "question": "What is the diagnosis?", "answer": "gout", "keywords": ["gout"], ...}
"""

from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

from lethebench.contract.columns import FORMATS, MODALITIES, ROLES

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
