"""What cards and croissant.json say about imports, beside the figures."""

from lethebench.builders.imports.shared.base import MISSING


def licence(name: str, url: str) -> dict[str, str]:
    """The licence of an import for the card's YAML and croissant.json: whatever the authors set."""
    return {
        "id": "other",
        "name": "as-set-by-the-authors",
        "link": url,
        "url": url,
        "text": f"the licence that they set: see where you got {name}",
    }


def licences(name: str) -> dict[str, str]:
    """Asset -> whose licence applies."""
    return {
        f"questions, answers and pictures: the authors of {name}": f"as they set it, where you got {name}; "
        "lethebench adds no right to share it",
        "code that put them into this form (lethebench)": "Apache-2.0",
    }


_BIASES = ["As in the release: lethebench neither measured nor changed them."]
_IMPACT = "Meant to let claims about machine unlearning be checked on the data that papers report on."
_MAINTENANCE = "The release is its authors'; the importer is versioned: MAJOR changes a row or split, MINOR adds."

MLU_DESCRIPTION = (
    "MLUBench as its authors released it, in the columns and splits of lethebench: questions about well-known entities "
    "in nine classes, as four tasks to forget one after another."
)
MLU_CONFIG_NOTES = {
    "lifelong": "the released questions, for learning first and forgetting task by task.",
    "profiles": "one row per entity: the released answers, where each picture came from, and thumbnails of them.",
}
MLU_SPLIT_NOTES = {
    "lifelong": {
        "train": "what the model learns first: `forget` and `retain`",
        "forget": "entities that will be asked to be forgotten: tasks A, B, C, D are `task_id` 0, 1, 2, 3",
        "retain": "the released retain sets; `retain_task_id` tells whose each row is",
    },
    "profiles": {"train": "all entities; `domain` is the class, `role` and `task_id` tell them apart"},
}
MLU_EXAMPLES = {
    "id": ", e.g. `Animals/Bear/53`: class, entity and the release's own id",
    "profile_id": ", e.g. `Animals/Bear`: class and entity as the release calls them",
    "attribute": ", which an import lacks; the question's key where wordings prove it, else `question-<n>`",
    "keywords": ": the answer itself where it is a short value, else `[]`",
    "views": ": `released`, or `absent:<path>` where the picture was not at hand",
}
MLU_MISSING = {
    "test": "the release has no questions or pictures beside those that are learnt",
    **MISSING,
}
MLU_RESPONSIBLE_AI = {
    "dataCollection": "Collected and written by the authors of MLUBench; see their paper. lethebench changed the form.",
    "dataLimitations": [
        "No test split, so memorising is not told from knowing.",
        "Answers are kept as released, their mistakes included.",
    ],
    "dataBiases": _BIASES,
    "dataUseCases": "Measuring how well a vision-language model forgets one set of things after another.",
    "dataSocialImpact": _IMPACT,
    "personalSensitiveInformation": "Questions and pictures of well-known people, as the authors released them.",
    "dataReleaseMaintenancePlan": _MAINTENANCE,
}
MLLMU_DESCRIPTION = (
    "MLLMU-Bench as its authors released it, in the columns and splits of lethebench: fictitious people and public "
    "figures, with questions about them in pictures and in text, and sets of people to forget."
)
MLLMU_EXAMPLES = {
    "id": ", e.g. `mllmu/person-007/test/image/choice-1`: the release's own ID in it",
    "attribute": (
        ", which an import lacks: `question-<n>`, a person's 18 in order: the release does not name what they ask"
    ),
    "keywords": ": the answer itself where it is a short value, else `[]`",
    "views": ": `released`",
}
MLLMU_MISSING = MISSING
MLLMU_CONFIG_NOTES = {
    "continual": "the released sets to forget, each without the one before, one request after another.",
    "forget10": "10 % of the people to forget at once.",
    "forget15": "15 % of the people to forget at once.",
    "profiles": "one row per person: what the release says of them beside the questions, and thumbnails.",
}
_MLLMU_SPLITS = {
    "train": "what the model learns first: all fictitious people (`Full_Set`), whoever is to be forgotten",
    "test": "the same people on transformed pictures and in other wordings (`Test_Set`)",
    "neighbour": "public figures (`Retain_Set`): what unlearning must leave alone",
}
MLLMU_SPLIT_NOTES = {
    "continual": {
        **_MLLMU_SPLITS,
        "forget": "people who will be asked to be forgotten, in the order of `task_id`",
        "retain": "people who never will be",
    },
    **{
        f"forget{share}": {
            **_MLLMU_SPLITS,
            "forget": f"the people of `forget_{share}`, to be forgotten together",
            "retain": f"the others, those of `retain_{100 - share}`",
        }
        for share in (5, 10, 15)
    },
    "profiles": {"train": "fictitious people and public figures; `domain`, `role` and `task_id` tell them apart"},
}
MLLMU_RESPONSIBLE_AI = {
    "dataCollection": "Made by the authors of MLLMU-Bench; see their paper. lethebench changed the form.",
    "dataLimitations": ["Answers and options are kept as released, their mistakes included."],
    "dataBiases": _BIASES,
    "dataUseCases": "Measuring how well a vision-language model forgets some of the people it knows.",
    "dataSocialImpact": _IMPACT,
    "personalSensitiveInformation": "Fictitious people, and public figures as the authors released them.",
    "dataReleaseMaintenancePlan": _MAINTENANCE,
}
