"""Attack the methods of finished runs, and print the table of methods with their worst case, and that of attacks.

    python perf/robustness.py runs/reproduce/icu-tiny/runs [--budget small] [--attacks NAME,...]

Give runs, or folders of runs. Runs of one seed share initial and gold models (`lethe run --from`, `lethe grid`), whose
results are computed once. Results that exist already are kept, so that the same command continues, and prints the
tables at once when all is done. Numbers are means over seeds, with the lowest and highest in brackets; with one seed
the brackets hold the 95 % interval over profiles.
"""

import argparse
import os
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from lethebench.attacks.records import read_attacks, worst_of
from lethebench.attacks.registry import BUDGETS
from lethebench.attacks.several import attack_runs, runs_in
from lethebench.contract.defaults import NO_ATTACK
from lethebench.reproduce.methods import GOLD, methods_table, rows_of, worst_cell
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
    ordered = dict(sorted(methods.items(), key=lambda item: statistics.fmean(worst(item[1]))))
    return ordered | ({GOLD: gold} if gold else {})


def worst(models: Sequence[tuple[Stage, Stage]]) -> list[float]:
    """Return the worst case of a method in each seed."""
    return [model["worst_case_recovery"] for _, model in models]


def table(methods: Mapping[str, Sequence[tuple[Stage, Stage]]]) -> str:
    """Return the table in Markdown."""
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
            found = [value for stage, model in models if (value := worst_of(stage, model, attack_name)) is not None]
            cells.append(f"{statistics.fmean(found):.2f}" if found else "–")
        shown = name if name == GOLD else f"`{name}`"
        lines.append([shown, worst_cell([model for _, model in models]), "; ".join(by), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Attack the runs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="runs, or folders of runs")
    parser.add_argument("--budget", choices=BUDGETS, default="small")
    parser.add_argument("--attacks", default="", help="names, comma separated; default all")
    arguments = parser.parse_args()
    names = [name for name in arguments.attacks.split(",") if name]
    runs = runs_in(arguments.runs)
    for run, seconds in attack_runs(runs, budget=arguments.budget, attacks=names):
        print(f"<!-- {run}: {seconds:.0f} s of processor time -->", flush=True)
    print(methods_table(rows_of(runs)), table(models_of(attacked_stages(runs))), sep="\n\n")


if __name__ == "__main__":
    main()
