"""Measure the ratios that stand for the project's speed, and compare them with the stored ones.

    python perf/record.py                    # measure and write perf/RECORD.json and perf/RECORD.md
    python perf/record.py --check            # measure and compare; exit status 1 if a ratio is worse
    python perf/record.py --only rouge-4000  # some parts; what the record holds of the others stays
    python perf/record.py --long             # also the parts that take up to an hour

Each part is one of the scripts beside this one, in a process of its own. A ratio compares two things that alternate
within one process, mostly by processor time, and is the median of its rounds, so that it can be compared between
machines and on a busy one. Growth is the ratio at a larger size over that at a smaller one. `--check` calls a ratio
worse if it differs from the stored one by more than `--tolerance` (0.25 by default) in the wrong direction.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
TOLERANCE = 0.25
VERSIONS = ("lethebench", "torch", "transformers", "trl", "datasets", "pyarrow", "pillow")


class Part(NamedTuple):
    """A measurement: its title and the command, starting with the script's name."""

    title: str
    command: str


PARTS = {
    "build-16": Part("build of icu, 16 profiles, over drawing its pages", "build_floor.py 16 --num-proc 1"),
    "build-32": Part("the same with 32 profiles", "build_floor.py 32 --num-proc 1"),
    "candidates-128": Part("naive scoring over ours, 128 candidates", "candidates.py --candidates 128 --naive 8"),
    "candidates-512": Part("the same with 512 candidates", "candidates.py --candidates 512 --naive 8"),
    "step": Part("bare training step of NPO over ours", "npo_step.py"),
    "step-4": Part("the same with 4 layers", "npo_step.py --layers 4"),
    "learn": Part("training step of the embedded model", "learning.py --rounds 7"),
    "rouge-4000": Part("rouge_score over our ROUGE-L, 4,000 pairs", "rouge.py --pairs 4000"),
    "rouge-16000": Part("the same with 16,000 pairs", "rouge.py --pairs 16000"),
    "start": Part("start of a command over `python -c pass`", "start.py --rounds 5"),
    "scoring-24": Part("scoring a stage of icu, 24 profiles", "scoring.py --rounds 5"),
    "scoring-48": Part("the same with 48 profiles", "scoring.py --profiles 48 --rounds 5"),
}
LONG = {
    "length": Part("run of 100 requests: its last stages over its first ones", "length.py"),
    "demo": Part("`lethe demo` over 1,000 GFLOP of a linear layer", "demo.py"),
    "build-1000": Part("build of icu, 1,000 profiles, over drawing its pages", "build_floor.py 1000 --num-proc 1"),
}
GROWTH = {
    "build": ("build-16", "build-32"),
    "candidates": ("candidates-128", "candidates-512"),
    "step": ("step", "step-4"),
    "rouge": ("rouge-4000", "rouge-16000"),
    "scoring": ("scoring-24", "scoring-48"),
}
"""Name -> the smaller and the larger part."""

Ratios = dict[str, dict[str, float]]
"""{"lower" or "higher", whichever is better: {name: ratio}}."""


def measure(part: Part) -> dict[str, Any]:
    """Run a part in a new process and return its ratios and whether it met its own targets."""
    script, *words = part.command.split()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratios.json"
        command = [sys.executable, str(FOLDER / script), *words, "--json", str(path)]
        done = subprocess.run(command, env={"OMP_NUM_THREADS": "1", **os.environ})
        if not path.exists():
            raise SystemExit(f"{part.command} ended with exit status {done.returncode} before it wrote its ratios")
        return {**json.loads(path.read_text()), "targets_met": done.returncode == 0}


def growth(parts: dict[str, dict[str, Any]]) -> dict[str, Ratios]:
    """Return for each measured pair of sizes the ratio at the larger over that at the smaller."""
    return {
        name: {
            better: {ratio: parts[large][better][ratio] / value for ratio, value in parts[small][better].items()}
            for better in ("lower", "higher")
        }
        for name, (small, large) in GROWTH.items()
        if small in parts and large in parts
    }


def worse(stored: dict[str, Ratios], measured: dict[str, Ratios], tolerance: float) -> list[str]:
    """Return a line for each measured ratio that is worse than the stored one, or that the record lacks."""
    lines = []
    for part, ratios in measured.items():
        for better in ("lower", "higher"):
            for name, value in ratios[better].items():
                before = stored.get(part, {}).get(better, {}).get(name)
                if before is None:
                    lines.append(f"{part}, {name}: not in the record; measure without --check")
                elif (value / before if better == "lower" else before / value) > 1 + tolerance:
                    lines.append(f"{part}, {name}: {value:.3g}, recorded {before:.3g} ({better} is better)")
    return lines


def machine() -> dict[str, Any]:
    """Return the processor, system and versions."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "processors": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }


def lines_of(ratios: Ratios) -> list[tuple[str, str]]:
    """Return the name of each ratio, and its value with the direction that is better, as cells of a table."""
    return [
        (name, f"{value:.2f} | {better}") for better in ("lower", "higher") for name, value in ratios[better].items()
    ]


def markdown(record: dict[str, Any]) -> str:
    """Return the record as a page."""
    lines = ["# What was measured", ""]
    lines += [
        "Made by `python perf/record.py`, and compared by `python perf/record.py --check`; `--help` says how. Each"
    ]
    lines += ["ratio compares two things within one process, and is the median of its rounds.", ""]
    lines += [f"- {name}: {value}" for name, value in record["machine"].items()]
    lines += ["", "| part | ratio | value | better | command |", "|---|---|---:|---|---|"]
    for name, ratios in record["parts"].items():
        part = (PARTS | LONG)[name]
        lines += [f"| {part.title} | {ratio} | {cells} | `{part.command}` |" for ratio, cells in lines_of(ratios)]
    lines += ["", "Growth is a ratio at the larger size over that at the smaller one.", ""]
    lines += ["| sizes | ratio | value | better |", "|---|---|---:|---|"]
    for name, ratios in record["growth"].items():
        lines += [f"| {' to '.join(GROWTH[name])} | {ratio} | {cells} |" for ratio, cells in lines_of(ratios)]
    missing = [part for name, part in LONG.items() if name not in record["parts"]]
    if missing:
        lines += ["", "Not measured here, as they take long (`python perf/record.py --long`):", ""]
        lines += [f"- {part.title}: `python perf/{part.command}`" for part in missing]
    return "\n".join(lines) + "\n"


def write(path: Path, stored: dict[str, Any], measured: dict[str, dict[str, Any]]) -> None:
    """Write what was measured, and what the record holds of the other parts if it is of the same machine."""
    now = machine()
    both = (stored["parts"] if stored.get("machine") == now else {}) | measured
    parts = {name: both[name] for name in PARTS | LONG if name in both}
    record = {"machine": now, "parts": parts, "growth": growth(parts)}
    path.write_text(json.dumps(record, indent=2) + "\n")
    path.with_suffix(".md").write_text(markdown(record))


def main(arguments: list[str] | None = None) -> int:
    """Measure, then write the record or compare with it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the record instead of writing it")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="by how much a ratio may be worse")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *LONG], metavar="PART", help=", ".join((*PARTS, *LONG)))
    parser.add_argument("--long", action="store_true", help=f"also {', '.join(LONG)}")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where RECORD.json and RECORD.md are")
    options = parser.parse_args(arguments)
    path = options.folder / "RECORD.json"
    stored = json.loads(path.read_text()) if path.exists() else {"parts": {}, "growth": {}}
    if options.check and not stored["parts"]:
        parser.error(f"--check: {path} does not exist; measure without --check first")
    chosen = options.only or [*PARTS, *(LONG if options.long else ())]
    options.folder.mkdir(parents=True, exist_ok=True)
    measured: dict[str, dict[str, Any]] = {}
    for name in chosen:
        part = (PARTS | LONG)[name]
        print(f"== {name}: {part.title}", flush=True)
        measured[name] = measure(part)
        if not options.check:  # after each part, so that none is lost if a later one is stopped
            write(path, stored, measured)
    faults = [f"{name}: misses a target of its own" for name, ratios in measured.items() if not ratios["targets_met"]]
    if options.check:
        faults += worse(stored["parts"], measured, options.tolerance)
        faults += worse(stored["growth"], growth(measured), options.tolerance)
    print("\n".join(["", *faults]) if faults else "\nall targets are met" + ", no ratio is worse" * options.check)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
