"""Texts of the card and croissant.json of an import of ReMem."""

from lethebench.builders.card_text import CardText
from lethebench.builders.imports.shared.text import BIASES, IMPACT, MAINTENANCE, license_of, licenses_of
from lethebench.builders.remem.text import PAPER

_SPLITS = {
    "train": "what the model is fine-tuned on first: `finetune`",
    "test": "`test`, and the rows of the released `retain` (their ids tell them apart)",
}
CARD = CardText(
    title="ReMem, imported",
    description=(
        "ReMem as its authors released it, in the columns and splits of lethebench: fictitious people, questions about "
        "pictures of them, and four nested sets of people to forget."
    ),
    released="2026-11-30",
    tags=("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "portraits", "imported"),
    configs={
        "continual": "the released sets to forget, each without the one before, one request after another.",
        **{f"forget{number}": f"the people of `forget{number}` at once." for number in range(1, 5)},
        "profiles": "one row per person: answers to attributes with a single one, and thumbnails of pictures.",
    },
    splits={
        "continual": {
            **_SPLITS,
            "forget": "people to be forgotten, in the order of `task_id`",
            "retain": "the people of `finetune` who are in no set to forget",
        },
        **{
            f"forget{number}": {
                **_SPLITS,
                "forget": f"the people of `forget{number}`, to be forgotten together",
                "retain": "the other people of `finetune`",
            }
            for number in range(1, 5)
        },
        "profiles": {"train": "all people; `role` and `task_id` tell them apart"},
    },
    columns={
        "id": ", e.g. `remem/<person>/finetune/17`: person, the released split and the row in it",
        "profile_id": ": what the path of the picture calls the person",
        "attribute": ": as released, else `question`; `name` becomes `full_name`",
        "keywords": ": those released that are in the answer",
        "views": ": `remem`",
    },
    license=license_of("ReMem", PAPER.url),
    licenses=licenses_of("ReMem"),
    responsible_ai={
        "dataCollection": "Made by the authors of ReMem; see their paper. lethebench changed the form.",
        "dataLimitations": ["Answers are kept as released, mistakes included."],
        "dataBiases": BIASES,
        "dataUseCases": "Measuring how well a vision-language model forgets some of the people it knows.",
        "dataSocialImpact": IMPACT,
        "personalSensitiveInformation": "Fictitious people, as the authors released them.",
        "dataReleaseMaintenancePlan": MAINTENANCE,
    },
)
