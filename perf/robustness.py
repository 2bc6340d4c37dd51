"""Attack the methods of finished runs, and print the table of methods with their worst case, and that of attacks.

    python perf/robustness.py runs/reproduce/icu-tiny/runs [--budget small] [--attacks NAME,...]

Give runs, or folders of runs. Runs of one seed share initial and gold models (`lethe run --from`, `lethe grid`), whose
results are computed once. Results that exist already are kept, so that the same command continues, and prints the
tables at once when all is done. Numbers are means over seeds, with the lowest and highest in brackets; with one seed
the brackets hold the 95 % interval over profiles.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from lethebench.attacks.registry import BUDGETS
from lethebench.attacks.several import attack_runs, runs_in
from lethebench.reproduce.attacked import attacks_table
from lethebench.reproduce.methods import methods_table, rows_of


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
    print(methods_table(rows_of(runs)), attacks_table(runs), sep="\n\n")


if __name__ == "__main__":
    main()
