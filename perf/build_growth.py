"""Measure how time and memory grow with the size of a build: one line per size, each build in a new process.

    python perf/build_growth.py 100 300 1000 [--benchmark icu] [--num-proc 2] [--verify] [--builds FOLDER]

Columns: profiles, wall-clock seconds, milliseconds of all processors per profile, peak resident memory in MB of the
writing process and of the largest worker; with --verify, the first two and peak memory of `verify`. Linear growth shows
as a constant third column, flat memory as constant fourth and fifth ones. A build of 1,000 profiles of icu takes 2.5 GB
of disk, and is removed before the next one starts unless a folder for builds is given.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = "profiles  build/s  ms each  writer/MB  maker/MB"
VERIFY_HEAD = "  verify/s  ms each  verify/MB"
MEASURED = """
import json, sys, time
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from lethebench.builders import build, verify
start = time.perf_counter()
{work}
seconds = time.perf_counter() - start
used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
unit = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss
busy = sum(one.ru_utime + one.ru_stime for one in used)
print(json.dumps([seconds, busy, *(one.ru_maxrss / unit for one in used)]))
"""


def measured(work: str) -> tuple[float, float, float, float]:
    """Run Python in a new process; return wall-clock and processor seconds, peak MB of it and of its children."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(work=work)], stdout=subprocess.PIPE, text=True, check=True
    )
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def line(benchmark: str, size: int, folder: Path, *, num_proc: int, check: bool) -> str:
    """Build one size and return its line of the table."""
    seconds, busy, writer, maker = measured(f"build({benchmark!r}, {str(folder)!r}, size={size}, num_proc={num_proc})")
    text = f"{size:8d} {seconds:8.1f} {1000 * busy / size:8.1f} {writer:10.0f} {maker:9.0f}"
    if check:
        seconds, busy, peak, _ = measured(f"assert verify({str(folder)!r}).ok")
        text += f" {seconds:9.1f} {1000 * busy / size:8.1f} {peak:10.0f}"
    return text


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="+", help="profiles of each build")
    parser.add_argument("--benchmark", default="icu", help="which one to build")
    parser.add_argument("--num-proc", type=int, default=2, help="processes that make rows")
    parser.add_argument("--verify", action="store_true", help="also verify each build")
    parser.add_argument("--builds", type=Path, help="where builds are kept; removed one by one if absent")
    options = parser.parse_args()
    print(HEAD + VERIFY_HEAD * options.verify, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for size in options.sizes:
            folder = (options.builds or Path(scratch)) / f"{options.benchmark}-{size}"
            print(line(options.benchmark, size, folder, num_proc=options.num_proc, check=options.verify), flush=True)
            if options.builds is None:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
