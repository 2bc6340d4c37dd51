"""Memory does not grow with a build: rows are written as they are made, and a process holds no finished pictures."""

import subprocess
import sys
from pathlib import Path

import pytest

PICTURE = 100_000
WORK = f"""
import re, sys, zlib
import numpy as np
import pytest
from small_build import use_stand_ins
from lethebench.builders import build
from lethebench.builders.write import pictures


def encode(page):
    generator = np.random.default_rng(zlib.crc32(page.tobytes()))
    return generator.bytes({PICTURE} if page.width > 128 else 100)


patch = pytest.MonkeyPatch()
use_stand_ins(patch)
patch.setattr(pictures, "encode", encode)
build("icu", sys.argv[1], size=int(sys.argv[2]))
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def peak(folder: Path, size: int) -> int:
    """Peak resident memory of a process that builds, in MB; the pages are noise of PICTURE bytes."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, folder, str(size)],
        cwd=Path(__file__).parents[1] / "support", capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout) // 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux")
def test_memory_does_not_grow_with_profiles(tmp_path):
    small, large = peak(tmp_path / "small", 80), peak(tmp_path / "large", 400)
    written = sum(path.stat().st_size for path in (tmp_path / "large").rglob("*.parquet")) // 2**20
    print(f"80 profiles: {small} MB; 400 profiles, {written} MB of shards: {large} MB")
    assert written > 600
    assert large < small + 60
    assert large < 1500


def test_processes_of_a_build_do_not_load_datasets():
    """They get benchmarks, units and schemas by pickle; `datasets` would take 25 MB of memory in each."""
    code = (
        "import pickle, sys; from lethebench.builders.registry import find, listed_benchmarks\n"
        "import lethebench.builders.audits.audit, lethebench.builders.write.units\n"
        "print(all(pickle.dumps(find(name)) for name in listed_benchmarks()), 'datasets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
