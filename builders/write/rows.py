"""Turn questions and profiles into rows of the columns that `columns` defines.

Apart from it, so that the processes of a build need no `datasets`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.builders.records import EncodedView, ProfileRecord, Subject
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES
from lethebench.generation.questions.records import Question, View


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
