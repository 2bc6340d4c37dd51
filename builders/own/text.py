"""Texts of the card and croissant.json of a build of a user's own data."""

from lethebench.builders.card_text import CardText, License, Paper
from lethebench.builders.own.mapping import OwnMap

NO_PAPER = Paper("your own data", "", "", 0, "")
"""Stands where a benchmark names its paper."""
_SPLITS = {
    "train": "what the model is fine-tuned on first: `forget` and `retain`",
    "forget": "subjects to be forgotten, in the order of `task_id`",
    "retain": "subjects who are never to be forgotten",
    "test": "the same subjects, in rows that are not trained on",
    "neighbour": "other subjects that are never trained on: what unlearning must leave alone",
    "holdout": "subjects that are never trained on, for membership inference",
}


def card_of(own_map: OwnMap | None, source: str) -> CardText:
    """Return the texts for a map and the name of the data."""
    own_map = own_map or OwnMap({})
    license = License(own_map.license, own_map.url, text=own_map.license)
    if own_map.license == "other":
        license = License(
            "other", own_map.url, name="as-set-by-the-owner", link=own_map.url or "LICENSE", text="none given"
        )
    return CardText(
        title=own_map.title,
        description=own_map.description,
        released="2026-11-30",
        tags=("machine-unlearning", "continual-unlearning", "vision-language"),
        configs={
            "continual": "for fine-tuning first and unlearning one request after another.",
            "profiles": "one row per subject: facts with a single answer, the origin of its pictures, and thumbnails.",
            "candidates": "one row per attribute: the values among which exposure ranks the true one.",
        },
        splits={
            "continual": _SPLITS,
            "profiles": {"train": "all subjects; `role` and `task_id` tell them apart"},
            "candidates": {"train": "attributes whose answers are all short values, from 2 to 512 of them"},
        },
        columns={
            "id": ": `own`, the subject, and the row's own id or number",
            "profile_id": ": the subject as the data call it",
            "attribute": ": as the data call it, else `question`; `name` becomes `full_name`",
            "keywords": ""
            if "keywords" in own_map.columns
            else ": the answer itself if it is a short value, else `[]`",
            "views": ": `own`",
        },
        license=license,
        licenses={
            "questions, answers and pictures": f"{license.text}; lethebench adds no right to share them",
            "code that put them into this form (lethebench)": "Apache-2.0",
        },
        responsible_ai={
            "dataCollection": f"Given by the user as {source or 'files'}; lethebench changed the form.",
            "dataLimitations": ["Questions and answers are kept as given, mistakes included."],
            "dataBiases": ["As in the data: lethebench neither measured nor changed them."],
            "dataUseCases": "Measuring how well a vision-language model forgets some subjects and retains the rest.",
            "dataSocialImpact": "Makes claims about machine unlearning checkable on the data they are made for.",
            "personalSensitiveInformation": "As in the data. Metadata of pictures (place, camera, time) is removed.",
            "dataReleaseMaintenancePlan": "The data are their owner's; the converter is versioned.",
        },
    )
