"""Texts of the card and croissant.json of an import of MLLMU-Bench."""

from lethebench.builders.card_text import CardText
from lethebench.builders.imports.shared.text import BIASES, IMPACT, MAINTENANCE, license_of, licenses_of
from lethebench.builders.mllmu.text import CARD as OWN_CARD
from lethebench.builders.mllmu.text import PAPER

_SPLITS = {
    "train": "what the model is fine-tuned on first: all fictitious people (`Full_Set`), whoever is to be forgotten",
    "test": "the same people on transformed pictures and in other wordings (`Test_Set`)",
    "neighbour": "public figures (`Retain_Set`): what unlearning must leave alone",
}
CARD = CardText(
    title="MLLMU-Bench, imported",
    description=(
        "MLLMU-Bench as its authors released it, in the columns and splits of lethebench: fictitious people and public "
        "figures, with questions about them in pictures and in text, and sets of people to forget."
    ),
    released="2026-11-25",
    tags=("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "portraits", "imported"),
    configs={
        **OWN_CARD.configs,
        "continual": "the released sets to forget, each without the one before, one request after another.",
        "forget10": "10 % of the people to forget at once.",
        "forget15": "15 % of the people to forget at once.",
        "profiles": "one row per person: what the release says of them beside the questions, and thumbnails.",
    },
    splits={
        "continual": {
            **_SPLITS,
            "forget": "people to be forgotten, in the order of `task_id`",
            "retain": "people who are never to be forgotten",
        },
        **{
            f"forget{share}": {
                **_SPLITS,
                "forget": f"the people of `forget_{share}`, to be forgotten together",
                "retain": f"the others, those of `retain_{100 - share}`",
            }
            for share in (5, 10, 15)
        },
        "profiles": {"train": "fictitious people and public figures; `domain`, `role` and `task_id` tell them apart"},
    },
    columns={
        "id": ", e.g. `mllmu/person-007/test/image/choice-1`: the release's own ID in it",
        "attribute": (
            ", which an import lacks: `question-<n>`, a person's 18 in order: the release does not name what they ask"
        ),
        "keywords": ": the answer itself if it is a short value, else `[]`",
        "views": ": `released`",
    },
    license=license_of("MLLMU-Bench", PAPER.url),
    licenses=licenses_of("MLLMU-Bench"),
    responsible_ai={
        "dataCollection": "Made by the authors of MLLMU-Bench; see their paper. lethebench changed the form.",
        "dataLimitations": ["Answers and options are kept as released, mistakes included."],
        "dataBiases": BIASES,
        "dataUseCases": "Measuring how well a vision-language model forgets some of the people it knows.",
        "dataSocialImpact": IMPACT,
        "personalSensitiveInformation": "Fictitious people, and public figures as the authors released them.",
        "dataReleaseMaintenancePlan": MAINTENANCE,
    },
)
