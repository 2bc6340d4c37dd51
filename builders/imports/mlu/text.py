"""Texts of the card and croissant.json of an import of MLUBench."""

from lethebench.builders.card_text import CardText
from lethebench.builders.imports.shared.base import MISSING as MISSING_IN_ALL
from lethebench.builders.imports.shared.text import BIASES, IMPACT, MAINTENANCE, license_of, licenses_of
from lethebench.builders.mlu.text import PAPER

MISSING = {
    "test": "the release has no questions or pictures beside those that are learnt",
    **MISSING_IN_ALL,
}
CARD = CardText(
    title="MLUBench, imported",
    description=(
        "MLUBench as its authors released it, in the columns and splits of lethebench: questions about well-known "
        "entities in nine classes, as four tasks to forget one after another."
    ),
    released="2026-11-25",
    tags=("machine-unlearning", "continual-unlearning", "lifelong", "vision-language", "entities", "imported"),
    configs={
        "lifelong": "the released questions, for fine-tuning first and unlearning task by task.",
        "profiles": "one row per entity: the released answers, the origin of each picture, and thumbnails of them.",
    },
    splits={
        "lifelong": {
            "train": "what the model is fine-tuned on first: `forget` and `retain`",
            "forget": "entities to be forgotten: tasks A, B, C, D are `task_id` 0, 1, 2, 3",
            "retain": "the released retain sets; `retain_task_id` names the task of each row's set",
        },
        "profiles": {"train": "all entities; `domain` is the class, `role` and `task_id` tell them apart"},
    },
    columns={
        "id": ", e.g. `Animals/Bear/53`: class, entity and the release's own id",
        "profile_id": ", e.g. `Animals/Bear`: class and entity as the release calls them",
        "attribute": ", which an import lacks; the question's key if wordings prove it, else `question-<n>`",
        "keywords": ": the answer itself if it is a short value, else `[]`",
        "views": ": `released`, or `absent:<path>` if the picture was not available",
    },
    license=license_of("MLUBench", PAPER.url),
    licenses=licenses_of("MLUBench"),
    responsible_ai={
        "dataCollection": (
            "Collected and written by the authors of MLUBench; see their paper. lethebench changed the form."
        ),
        "dataLimitations": [
            "No test split, so memorization cannot be told from knowledge.",
            "Answers are kept as released, mistakes included.",
        ],
        "dataBiases": BIASES,
        "dataUseCases": "Measuring how well a vision-language model forgets one set of things after another.",
        "dataSocialImpact": IMPACT,
        "personalSensitiveInformation": "Questions and pictures of well-known people, as the authors released them.",
        "dataReleaseMaintenancePlan": MAINTENANCE,
    },
)
