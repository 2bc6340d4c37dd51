"""Texts of mlu's card and croissant.json."""

from dataclasses import replace

from lethebench.builders.card_text import CardText, License, Paper

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
CARD = CardText(
    title="MLUBench, open rebuild",
    description=(
        "Well-known entities in nine classes, from animals to television series, with questions about drawn pictures "
        "of them, as four tasks to forget one after another: a benchmark of lifelong unlearning in vision-language "
        "models."
    ),
    released="2026-11-25",
    preview="Well-known entities, drawn or named in plain type: what to forget and what to keep, in four tasks.",
    tags=("machine-unlearning", "continual-unlearning", "lifelong", "vision-language", "entities", "synthetic"),
    configs={
        "lifelong": "the questions, for fine-tuning first and unlearning task by task.",
        "profiles": "one row per entity: its facts, the page they can be checked on, pictures that no question has, "
        "and thumbnails of the others.",
        "candidates": "one row per question of a class: the values among which exposure ranks the true one.",
    },
    splits={
        "lifelong": {
            "train": "what the model is fine-tuned on first: `forget` and `retain`",
            "forget": "entities to be forgotten, in the order of `task_id`",
            "retain": "entities that are never to be forgotten; `retain_task_id` names the task whose released retain "
            "set holds each",
            "test": "the same entities and facts in new wordings, on pictures in other surroundings",
            "holdout": "entities that the release does not have, asked as in `train` and never trained on",
        },
        "profiles": {"train": "all entities; `domain` is the class, `role` and `task_id` tell them apart"},
        "candidates": {"train": "every value of the class, true or wrong, in the data files"},
    },
    columns={
        "id": ", e.g. `mlu/animals-02/diet/0/3`: entity, question, phrasing, picture",
        "profile_id": ", e.g. `animals-02`: `released_as` in `profiles` has the name in the release",
        "views": ": `drawn`, or whether a name is printed (`name:printed`, `name:absent`) and on what; "
        "distance, surroundings, side, number",
    },
    licenses={
        "questions, facts as written here, and pictures": "CC-BY-4.0",
        "code that made them (lethebench)": "Apache-2.0",
        "fonts on the pictures: DejaVu and STIX, as shipped with matplotlib": (
            "Bitstream Vera and Arev license, STIX Font License (free)"
        ),
    },
    audit_notes={
        "forget/retain": (
            "Both sets are the release's and cannot be drawn again. If the entities of each class change roles at "
            "random, 95 % of the AUCs of text lie from .31 to .70."
        ),
    },
    responsible_ai={
        "dataCollection": (
            "Pictures are drawn by lethebench from a seed. Facts about the entities were written down for this "
            "project, each with a page where it can be checked; no photograph, film still, logo or text by others was "
            "collected."
        ),
        "dataLimitations": [
            "Pictures are drawn: success on them does not imply success on photographs.",
            "People, works and companies are shown by their names or facts in plain type: reading takes the place of "
            "recognizing.",
            "One language, questions about pictures only.",
            "Held-out entities are films, series, cartoons, companies and people only.",
        ],
        "dataBiases": [
            "The entities are those of MLUBench: well known to readers of English and Chinese, most of them from the "
            "United States, Europe, China and Japan.",
            "Which questions are asked follows what two base models of the paper could answer.",
        ],
        "dataUseCases": "Measuring how well a vision-language model forgets one set of things after another.",
        "dataSocialImpact": "Makes claims about machine unlearning checkable.",
        "personalSensitiveInformation": (
            "Well-known facts about thirty public figures and about the makers of the works, with sources; none of the "
            "pictures shows a person."
        ),
        "dataReleaseMaintenancePlan": "Versioned: MAJOR changes a row or split, MINOR adds, PATCH reads the same.",
    },
)
OWN_CARD = replace(
    CARD,
    description=CARD.description.replace("drawn pictures", "given pictures"),
    preview="Well-known entities in pictures that were given: what to forget and what to keep, in four tasks.",
    tags=tuple(tag for tag in CARD.tags if tag != "synthetic"),
    splits={
        **CARD.splits,
        "lifelong": {
            **{split: text for split, text in CARD.splits["lifelong"].items() if split != "holdout"},
            "test": "the same entities and facts in new wordings, on other pictures",
        },
    },
    columns={**CARD.columns, "views": ": the file that was given, and the picture's number, e.g. `given:bear.jpg,03`"},
    license=License("other", PAPER.url, name="pictures-as-given", link=PAPER.url),
    licenses={
        "pictures": "as whoever gave them says: lethebench adds no right to share them",
        "questions, and facts as written here": "CC-BY-4.0",
        "code that put them together (lethebench)": "Apache-2.0",
    },
    responsible_ai={
        **CARD.responsible_ai,
        "dataCollection": (
            "Pictures were given by the person who made this build, who knows where they came from; `profiles` has the "
            "hash of each. Facts about the entities were written down for this project, each with a page where it can "
            "be checked."
        ),
        "dataLimitations": ["One language, questions about pictures only."],
        "personalSensitiveInformation": (
            "Well-known facts about thirty public figures and about the makers of the works, with sources; the "
            "pictures that were given may show them."
        ),
    },
)
"""The texts of a build over the user's own pictures."""
