"""The table of attacks from finished runs: what each recovers of every method, and of gold models of other seeds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from lethebench.attacks.records import read_attacks, worst_of
from lethebench.contract.defaults import NO_ATTACK
from lethebench.reproduce.methods import GOLD, worst_cell
from lethebench.runs.proof import LEARNT
from lethebench.runs.records import read_run

Stage = Mapping[str, Any]


def attacked_stages(runs: Sequence[Path]) -> dict[int, list[Stage]]:
    """Return seed -> what the attacks recovered after the last stage of each of its runs."""
    stages: dict[int, list[Stage]] = defaultdict(list)
    for run in runs:
        record = read_run(run)
        stage = read_attacks(run, len(record["task_order"]))
        if stage is not None:
            stages[record["seed"]].append(stage)
    return stages


def models_of(stages: Mapping[int, Sequence[Stage]]) -> dict[str, list[tuple[Stage, Stage]]]:
    """Return method -> (stage, model) of each seed; of gold models the one with the largest worst case of each seed."""
    methods: dict[str, list[tuple[Stage, Stage]]] = defaultdict(list)
    for of_seed in stages.values():
        names = dict.fromkeys(name for stage in of_seed for name in stage["claims"])
        for name in names:
            stage = next(stage for stage in of_seed if name in stage["claims"])
            methods[name].append((stage, stage["models"][name]))
        stage = max(of_seed, key=lambda stage: len(stage["golds"]))
        golds = [stage["models"][name] for name in stage["golds"] if name in stage["models"]]
        if golds:
            methods[GOLD].append((stage, max(golds, key=lambda model: model["worst_case_recovery"])))
    gold = methods.pop(GOLD, None)
    ordered = dict(sorted(methods.items(), key=lambda item: fmean(worst(item[1]))))
    return ordered | ({GOLD: gold} if gold else {})


def worst(models: Sequence[tuple[Stage, Stage]]) -> list[float]:
    """Return the worst case of a method in each seed."""
    return [model["worst_case_recovery"] for _, model in models]


def attacks_table(runs: Sequence[Path]) -> str:
    """Return the table in Markdown, smallest worst case first; of each attack the worst variant, means over seeds."""
    methods = models_of(attacked_stages(runs))
    stages = [stage for models in methods.values() for stage, _ in models]
    series = [(stage, one) for stage in stages for one in stage["series"]]
    recover = {one["attack"] for stage, one in series if one["name"] in stage["models"][LEARNT]["recovery"]}
    attacks = [NO_ATTACK, *dict.fromkeys(one["attack"] for _, one in series if one["attack"] != NO_ATTACK)]
    attacks = [name for name in attacks if name in recover]
    lines = [["method", "worst-case recovery", "by", "unattacked", *attacks[1:]], ["---"] * (3 + len(attacks))]
    for name, models in methods.items():
        by = dict.fromkeys(model["worst_attack"] for _, model in models)
        cells = []
        for attack_name in attacks:
            values = [value for stage, model in models if (value := worst_of(stage, model, attack_name)) is not None]
            cells.append(f"{fmean(values):.2f}" if values else "–")
        shown = name if name == GOLD else f"`{name}`"
        lines.append([shown, worst_cell([model for _, model in models]), "; ".join(by), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
