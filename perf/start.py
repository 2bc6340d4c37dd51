"""How long a command takes to start: `import lethebench`, `lethe --help` and a bare interpreter, in turns.

    python perf/start.py [--rounds 15]

Prints the medians of wall and processor seconds (user + system), each also as a multiple of `python -c pass`. Wall time
counts where nothing else runs; processor time and the multiples also hold on a busy machine. The project asks for less
than 0.2 s of `import lethebench` and less than 0.3 s of `lethe --help`.
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
    """Seconds by the clock and of the processor that one run takes."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):
        for name, command in COMMANDS.items():
            taken[name].append(cost(command))
    medians = {
        name: [statistics.median(values) for values in zip(*costs[1:], strict=True)] for name, costs in taken.items()
    }  # without the first round, which reads from the disk
    bare = medians["python -c pass"]
    print(f"medians of {rounds} rounds; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name, (wall, used) in medians.items():
        print(
            f"{name:20} wall {wall:.3f} s ({wall / bare[0]:.1f}x)   processor {used:.3f} s ({used / bare[1]:.1f}x)   "
            f"least wall {min(wall for wall, _ in taken[name]):.3f} s"
        )


if __name__ == "__main__":
    main()
