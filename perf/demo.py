"""Measure the processor time of `lethe demo` in units of a plain linear layer on the same machine.

    python perf/demo.py

The unit is what a linear layer takes for 1,000 GFLOP, measured by one thread before and after the demo. Takes about
eight minutes.
"""

import argparse
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import torch
from counted_floor import Rate
from ratios import add_json_option, write_ratios


def main() -> None:
    """Print seconds, rate and ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_json_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    linear = Rate()
    measurements = 20
    for _ in range(measurements):
        linear.measure()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([Path(sysconfig.get_path("scripts")) / "lethe", "demo"], cwd=folder, check=True)
    used = getrusage(RUSAGE_CHILDREN)
    for _ in range(measurements):
        linear.measure()
    seconds = used.ru_utime + used.ru_stime
    ratio = seconds * linear.median / 1000
    print(f"{seconds:.0f} processor seconds at {linear.median:.0f} GFLOP/s: {ratio:.1f} times 1,000 GFLOP")
    write_ratios(options.json, lower={"demo over 1,000 GFLOP": ratio})


if __name__ == "__main__":
    main()
