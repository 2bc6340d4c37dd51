"""Measure start-up time: `import lethebench`, `lethe --help` and a bare interpreter.

    python perf/start.py [--rounds 15]

Prints the medians of wall and processor seconds (user + system), each also as a multiple of `python -c pass`. Compare
wall time on an idle machine only; processor time and the multiples also hold on a busy one. Targets: 0.2 s for
`import lethebench` and 0.3 s for `lethe --help`.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

LETHE = Path(sysconfig.get_path("scripts")) / "lethe"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import lethebench": [sys.executable, "-c", "import lethebench"],
    "lethe --help": [LETHE, "--help"],
    "lethe build --help": [LETHE, "build", "--help"],
}


def cost(command: list) -> tuple[float, float]:
    """Return the wall and processor seconds of one run."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):
        for name, command in COMMANDS.items():
            runs[name].append(cost(command))
    medians = {
        name: [statistics.median(values) for values in zip(*costs[1:], strict=True)] for name, costs in runs.items()
    }  # the first round reads from the disk
    bare = medians["python -c pass"]
    print(f"medians of {rounds} rounds; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name, (wall, used) in medians.items():
        print(
            f"{name:20} wall {wall:.3f} s ({wall / bare[0]:.1f}x)   processor {used:.3f} s ({used / bare[1]:.1f}x)   "
            f"fastest wall {min(wall for wall, _ in runs[name]):.3f} s"
        )


if __name__ == "__main__":
    main()
