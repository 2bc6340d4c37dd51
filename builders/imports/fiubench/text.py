"""Texts of the card and croissant.json of an import of FIUBench."""

from lethebench.builders.card_text import CardText, Paper
from lethebench.builders.imports.shared.text import BIASES, IMPACT, MAINTENANCE, license_of, licenses_of

PAPER = Paper(
    name="FIUBench",
    title="Benchmarking Vision Language Model Unlearning via Fictitious Facial Identity Dataset",
    authors=(
        "Ma, Yingzi and Wang, Jiongxiao and Wang, Fei and Ma, Siyuan and Li, Jiazhao and Pan, Jinsheng and "
        "Li, Xiujun and Huang, Furong and Sun, Lichao and Li, Bo and Choi, Yejin and Chen, Muhao and Xiao, Chaowei"
    ),
    year=2024,
    arxiv="2411.03554",
)
_SHARES = {"forget1": "1 %", "forget5": "5 %", "forget10": "10 %"}
_SPLITS = {
    "train": "what the model is fine-tuned on first: the questions about all people, whoever is to be forgotten",
    "test": "the same questions in other words (`paraphrased_question`), about the same pictures",
}
CARD = CardText(
    title="FIUBench, imported",
    description=(
        "FIUBench as its authors released it, in the columns and splits of lethebench: fictitious people with "
        "synthetic faces, questions about their private data, and sets of people to forget."
    ),
    released="2026-11-30",
    tags=("machine-unlearning", "continual-unlearning", "privacy", "vision-language", "portraits", "imported"),
    configs={
        "continual": "the released sets to forget, one request after another, the smallest first.",
        **{name: f"{share} of the people to forget at once." for name, share in _SHARES.items()},
        "profiles": "one row per person: what the release says of them beside the questions, and a thumbnail.",
    },
    splits={
        "continual": {
            **_SPLITS,
            "forget": "people to be forgotten, in the order of `task_id`",
            "retain": "people who are in no set to forget: the authors' own retain set",
        },
        **{
            name: {
                **_SPLITS,
                "forget": f"the people of `{name}`, to be forgotten together",
                "retain": "all other people",
            }
            for name in _SHARES
        },
        "profiles": {"train": "all people; `role` and `task_id` tell them apart"},
    },
    columns={
        "id": ", e.g. `fiubench/00044363/00044363-07-2`: the second other wording of the person's seventh question",
        "profile_id": ": `unique_id`",
        "attribute": ", which an import lacks: `question-<nn>`, a person's own in the order of `qa_list`",
        "keywords": ": those released that are in the answer",
        "paraphrases": ": `paraphrased_answer`",
        "perturbed": ": `perturbed_answer`",
        "views": ": `fiubench`",
    },
    license=license_of("FIUBench", PAPER.url),
    licenses=licenses_of("FIUBench"),
    responsible_ai={
        "dataCollection": "Made by the authors of FIUBench; see their paper. lethebench changed the form.",
        "dataLimitations": ["Answers are kept as released, mistakes included."],
        "dataBiases": BIASES,
        "dataUseCases": "Measuring how well a vision-language model forgets some of the people it knows.",
        "dataSocialImpact": IMPACT,
        "personalSensitiveInformation": "Fictitious people with synthetic faces, as the authors released them.",
        "dataReleaseMaintenancePlan": MAINTENANCE,
    },
)
