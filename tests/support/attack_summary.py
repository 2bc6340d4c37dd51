"""Invented results of attacks on a synthetic run."""

import json

from lethebench.attacks.models import model_hash

SERIES = (("none", "", None), ("relearn", "retain", 1), ("relearn", "retain", 3), ("round", "4 bits", None))
NAMES = ("none", "relearn: retain, 1", "relearn: retain, 3", "round: 4 bits")
RECOVERY = {"ga": (0.0, 0.1, 0.5, 0.2), "npo": (0.01, 0.0, 0.0, 0.02), "learnt": (1.0, 1.0, 1.0, 1.0)}
RECOVERY |= {"gold": (0.0, 0.0, 0.0, 0.0), "gold-2": (0.0, 0.0, 0.03, 0.01)}


def attacked(run, stage: int = 4) -> None:
    """Write attacks/summary.json of a run."""

    def model(name, values):
        folder = name if name == "learnt" else f"{name}/t{stage:03d}"
        by_name = dict(zip(NAMES, values, strict=True))
        return {
            "worst_case_recovery": max(values),
            "worst_attack": NAMES[values.index(max(values))],
            "recovery": by_name,
            "regained": by_name,
            "ci_low": 0.0,
            "ci_high": 1.0,
            "knowledge": by_name,
            "model_sha256": model_hash(run, folder),
        }

    entry = {
        "rows": 48,
        "profiles": 12,
        "golds": ["gold", "gold-2"],
        "series": [
            {"name": name, "attack": attack, "variant": variant, "point": point}
            for name, (attack, variant, point) in zip(NAMES, SERIES, strict=True)
        ],
        "models": {name: model(name, values) for name, values in RECOVERY.items()},
        "gold_spread": 0.03,
        "gold_knowledge": dict.fromkeys(NAMES, 0.0),
        "measures": {},
        "claims": {"ga": "ga: recovered by relearn", "npo": "npo: not recovered by the attacks listed"},
        "left_out": [{"attack": "ask", "model": "", "reason": "the build has no test rows"}],
    }
    (run / "attacks").mkdir()
    text = json.dumps({"budget": "small", "seed": 0, "stages": {str(stage): entry}})
    (run / "attacks/summary.json").write_text(text)
