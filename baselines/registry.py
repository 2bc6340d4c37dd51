"""What each method is, where it comes from, what it needs and its defaults: the table behind `lethe list methods`.

Kept apart from the trainers so that listing them does not import torch; a test holds it to their configs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class MethodFacts(NamedTuple):
    """A method's `paper`, what it `needs` beside the forget set, and the `defaults` of its config that matter."""

    paper: str
    needs: str
    defaults: Mapping[str, Any]


FACTS: Mapping[str, MethodFacts] = MappingProxyType(
    {
        "ga": MethodFacts("Jang et al. 2023, arXiv 2210.01504", "nothing", {}),
        "graddiff": MethodFacts("Liu et al. 2022, arXiv 2203.12817", "retain rows", {"retain_weight": 1.0}),
        "kl": MethodFacts(
            "Maini et al. 2024, arXiv 2401.06121",
            "retain rows, reference",
            {"retain_weight": 1.0, "reference_gib": 4.0},
        ),
        "npo": MethodFacts(
            "Zhang et al. 2024, arXiv 2404.05868",
            "retain rows (not with retain_loss none), reference",
            {"beta": 0.1, "retain_loss": "ce", "retain_weight": 1.0},
        ),
        "simnpo": MethodFacts(
            "Fan et al. 2024, arXiv 2410.07163",
            "nothing (retain rows with retain_loss ce or kl)",
            {"beta": 2.5, "gamma": 0.0, "retain_loss": "none"},
        ),
        "idk": MethodFacts("Maini et al. 2024, arXiv 2401.06121", "retain rows", {"retain_weight": 1.0}),
        "dpo": MethodFacts(
            "Rafailov et al. 2023, arXiv 2305.18290",
            "reference (retain rows with retain_loss ce or kl)",
            {"beta": 0.1, "retain_loss": "none"},
        ),
        "mmunlearner": MethodFacts(
            "Huo et al. 2025, arXiv 2502.11051",
            "retain rows; trains the weights, into which a LoRA is merged",
            {"modality": "image_text", "retain_weight": 1.0, "fisher_rows": None},
        ),
        "manu": MethodFacts(
            "Liu et al. 2025, arXiv 2502.15910",
            "retain rows with pictures; trains nothing",
            {"share": 0.03, "most_rows": 512},
        ),
        "lumoe": MethodFacts(
            "MLUBench 2026, arXiv 2606.12809",
            "retain rows, LoRA, a gate",
            {"gate": "embedding", "retain_weight": 1.0},
        ),
        "prompt": MethodFacts("MLLMU-Bench 2025, arXiv 2410.22108", "a chat template with a system prompt", {}),
        "retrain": MethodFacts("Maini et al. 2024, arXiv 2401.06121", "retain rows; learns from the start", {}),
    }
)
