"""What cards and croissant.json say about mlu, beside the figures."""

from lethebench.builders.base import Paper

DESCRIPTION = (
    "Well-known entities in nine classes, from animals to television series, with questions about drawn pictures of "
    "them, as four tasks to forget one after another: a benchmark of lifelong unlearning in vision-language models."
)
PAPER = Paper(
    name="MLUBench",
    title="MLUBench: A Benchmark for Lifelong Unlearning Evaluation in MLLMs",
    authors=(
        "Li, He and Chi, Haoang and Wang, Qizhou and Mao, Yunxin and Zhang, Zhiheng and Tan, Jie and Liu, Tongliang "
        "and Yang, Wenjing and Han, Bo"
    ),
    year=2026,
    arxiv="2606.12809",
)
CONFIG_NOTES = {
    "lifelong": "the questions, for learning first and forgetting task by task.",
    "profiles": "one row per entity: its facts, the page they can be checked on, pictures that no question carries, "
    "and thumbnails of the others.",
    "candidates": "one row per question of a class: the values among which exposure ranks the true one.",
}
SPLIT_NOTES = {
    "lifelong": {
        "train": "what the model learns first: `forget` and `retain`",
        "forget": "entities that will be asked to be forgotten, in the order of `task_id`",
        "retain": "entities that never will be; `retain_task_id` tells whose released retain set each belongs to",
        "test": "the same entities and facts in new wordings, on pictures in other surroundings",
    },
    "profiles": {"train": "all entities; `domain` is the class, `role` and `task_id` tell them apart"},
    "candidates": {"train": "every value of the class, true or wrong, that the data files know"},
}
EXAMPLES = {
    "id": ", e.g. `mlu/Animals/Bear/diet/0/3`: class, entity, question, phrasing, picture",
    "profile_id": ", e.g. `Animals/Bear`: class and entity as the release calls them",
    "views": ": surroundings and side, and the picture's number",
}
LICENCES = {
    "questions, facts as written here, and pictures": "CC-BY-4.0",
    "code that made them (lethebench)": "Apache-2.0",
    "fonts on the pictures: DejaVu, as shipped with matplotlib": "Bitstream Vera and Arev licence (free)",
}
RESPONSIBLE_AI = {
    "dataCollection": (
        "Pictures are drawn by lethebench from a seed. Facts about the entities were written down for this project, "
        "each with a page where it can be checked; no photograph, still, logo or text of anybody's was collected."
    ),
    "dataLimitations": [
        "Pictures are drawn: success on them does not show success on photographs.",
        "Portraits of people are stand-ins, marks of companies and posters are our own designs: what a model knows of "
        "the real ones does not help it here.",
        "One language, questions about pictures alone.",
    ],
    "dataBiases": [
        "The entities are those of MLUBench: well known to readers of English and Chinese, most of them from the "
        "United States, Europe, China and Japan.",
        "Which questions are asked follows what two base models of the paper could answer.",
    ],
    "dataUseCases": "Measuring how well a vision-language model forgets one set of things after another.",
    "dataSocialImpact": "Meant to make claims about machine unlearning checkable.",
    "personalSensitiveInformation": (
        "Well-known facts about thirty public figures and about whoever made the works, with sources; none of the "
        "pictures is a likeness."
    ),
    "dataReleaseMaintenancePlan": "Versioned: MAJOR changes a row or split, MINOR adds, PATCH reads the same.",
}

OWN_DESCRIPTION = DESCRIPTION.replace("drawn pictures", "given pictures")
OWN_SPLIT_NOTES = SPLIT_NOTES | {
    "lifelong": SPLIT_NOTES["lifelong"] | {"test": "the same entities and facts in new wordings, on other pictures"}
}
OWN_EXAMPLES = EXAMPLES | {"views": ": the file that was given, and the picture's number, e.g. `given:bear.jpg,03`"}
OWN_RESPONSIBLE_AI = RESPONSIBLE_AI | {
    "dataCollection": (
        "Pictures were given by whoever made this build, who knows where they came from; `profiles` has each one's "
        "hash. Facts about the entities were written down for this project, each with a page where it can be checked."
    ),
    "dataLimitations": ["One language, questions about pictures alone."],
    "personalSensitiveInformation": (
        "Well-known facts about thirty public figures and about whoever made the works, with sources; the pictures "
        "that were given may show them."
    ),
}
"""What a build over pictures of the user's own says instead."""
