"""Texts of the card and croissant.json of an import of CLEAR."""

from lethebench.builders.card_text import CardText, Paper
from lethebench.builders.imports.shared.text import BIASES, IMPACT, MAINTENANCE, license_of, licenses_of

PAPER = Paper(
    name="CLEAR",
    title="CLEAR: Character Unlearning in Textual and Visual Modalities",
    authors=(
        "Dontsov, Alexey and Korzh, Dmitrii and Zhavoronkin, Alexey and Mikheev, Boris and Bobkov, Denis and "
        "Alanov, Aibek and Rogov, Oleg and Oseledets, Ivan and Tutubalina, Elena"
    ),
    year=2024,
    arxiv="2410.18057",
)
_SHARES = {"forget01": "1 %", "forget05": "5 %", "forget10": "10 %"}
_SPLITS = {
    "train": "what the model is fine-tuned on first: captions of `full`, and the questions of `full+tofu`",
    "test": "the name of the author in a picture, with wrong names, from the configs `*_perturbed`",
    "neighbour": "`real_faces` and `real_world`: what unlearning must leave alone",
}
CARD = CardText(
    title="CLEAR, imported",
    description=(
        "CLEAR as its authors released it, in the columns and splits of lethebench: fictitious authors in pictures "
        "with captions, questions about them in text, and three nested sets of authors to forget."
    ),
    released="2026-11-30",
    tags=("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "portraits", "imported"),
    configs={
        "continual": "the released sets to forget, each without the one before, one request after another.",
        **{name: f"{share} of the authors to forget at once." for name, share in _SHARES.items()},
        "profiles": "one row per author, and per row of `real_faces` and `real_world`; thumbnails of pictures.",
    },
    splits={
        "continual": {
            **_SPLITS,
            "forget": "authors to be forgotten, in the order of `task_id`",
            "retain": "authors who are in no set to forget",
        },
        **{
            name: {
                **_SPLITS,
                "forget": f"the authors of `{name}`, to be forgotten together",
                "retain": "all other authors",
            }
            for name in _SHARES
        },
        "profiles": {"train": "everybody; `role` and `task_id` tell them apart"},
    },
    columns={
        "id": ", e.g. `clear/<author>/forget10_perturbed/17`: author, the released config and the row in it",
        "profile_id": ": the author's name, or `author-<block>` where questions mention none",
        "attribute": ": `caption`, `full_name`, or `question` for the questions in text",
        "keywords": ": a name, or the answer of `real_world`; `[]` for captions and questions in text",
        "perturbed": ": `perturbed_captions`, `perturbed_names` or `options`, as the authors score them",
        "cloze_prompt": ", of questions for a name",
        "views": ": `clear`",
    },
    license=license_of("CLEAR", PAPER.url),
    licenses=licenses_of("CLEAR"),
    responsible_ai={
        "dataCollection": "Made by the authors of CLEAR, on TOFU; see their paper. lethebench changed the form.",
        "dataLimitations": ["Captions and answers are kept as released, mistakes included."],
        "dataBiases": BIASES,
        "dataUseCases": "Measuring how well a vision-language model forgets some of the authors it knows.",
        "dataSocialImpact": IMPACT,
        "personalSensitiveInformation": "Fictitious authors; `real_faces` names and shows public figures, as released.",
        "dataReleaseMaintenancePlan": MAINTENANCE,
    },
)
