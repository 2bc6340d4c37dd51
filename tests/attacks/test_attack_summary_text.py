"""The tables of `lethe attack` on a terminal of 80 columns."""

import re

import pytest

from lethebench.attacks.results import measures_table, recovery_table

ATTACKS = ("none", "round: 4 bits", "bypass", "sample", "relearn: in-domain, 10", "ask: first token", "show: by name")
RECOVERY = {
    "learnt": (1.0, 1.011, 1.0, 0.997, 1.011, 1.0, 1.026),
    "gold": (-0.043, -0.022, -0.043, 0.0, 0.007, 0.022, 0.0),
    "npo": (-0.021, 0.011, -0.021, 0.0, 0.021, 0.342, 0.031),
}
"""Of npo on icu-tiny, seed 1, as `lethe reproduce robustness-tiny` recorded it."""


@pytest.mark.parametrize("name", ["npo", "mmunlearner", "bounded.BoundedTrainer"])
def test_recovery_fits_80_columns_with_whole_numbers(monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    values = {name if model == "npo" else model: row for model, row in RECOVERY.items()}
    series = [{"name": attack, "attack": attack.partition(":")[0]} for attack in ATTACKS]
    models = {
        model: {
            "recovery": dict(zip(ATTACKS, row, strict=True)),
            "worst_case_recovery": min(1.0, max(row)),
            "worst_attack": ATTACKS[row.index(max(row))],
            "ci_low": -0.05,
            "ci_high": 0.52,
        }
        for model, row in values.items()
    }
    text = recovery_table({"series": series, "models": models}, "after t004")
    worst, each = text.strip().split("\n\n")
    lines = {line.split()[0]: line for line in worst.splitlines()[2:]}
    assert lines[name].split(maxsplit=1)[1] == "0.342 [-0.05, 0.52]  ask: first token"
    assert max(map(len, text.splitlines())) <= 80
    rows = {line.split()[0]: re.findall(r"-?\d\.\d{3}(?!\d)", line) for line in each.splitlines()[-3:]}
    assert rows == {model: [f"{value:.3f}" for value in row] for model, row in values.items()}


def test_measures_fit_80_columns_with_whole_intervals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    measure = {"value": 0.467, "gold": 0.056, "initial": 1.0, "share": 0.436, "ci_low": -0.41, "ci_high": 0.52}
    names = ("depth: language model (control)", "probe: vision tower")
    measures = {model: dict.fromkeys(names, measure) for model in ("learnt", "gold", "bounded.BoundedTrainer")}
    lines = measures_table({"series": [], "measures": measures}).splitlines()
    assert len(lines) == 1 + len(names) * (1 + len(measures))
    assert max(map(len, lines)) <= 80
    assert lines[4].split() == ["bounded.BoundedTrainer", "0.467", "[-0.41,", "0.52]", "0.056", "0.436"]
