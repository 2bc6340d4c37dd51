"""A changed, swapped, truncated or missing file of a run or a build is noticed, and the message names it."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from sealed_run import reseal
from small_build import shared_stand_in_build
from synthetic_run import write_run

from lethebench.builders import verify
from lethebench.errors import UserError
from lethebench.report.load import load_run
from lethebench.runs.proof import check_run

STAGES = ("learnt", "gold/t002", "gold-2/t002", "ga/t001", "ga/t002", "npo/t001", "npo/t002")
FILES = (
    "run.json", "learnt/gate.json", "gold/summary.json", "ga/summary.json",
    "ga/matrix.parquet", "npo/matrix.parquet",
    *(f"{stage}/{name}.parquet" for stage in STAGES for name in ("rows", "held_out")),
    *(f"{stage}/{name}" for stage in STAGES for name in ("done.json", "model.safetensors")),
)  # fmt: skip


def flip(path: Path, draw: random.Random) -> None:
    """Change one bit."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, draw: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content) - 1)])


def remove(path: Path, draw: random.Random) -> None:
    path.unlink()


def swap(path: Path, draw: random.Random) -> None:
    """Put another file of the same kind in its place, or random bytes if there is none."""
    root = path.parents[1] if path.parents[1].name != "run" else path.parents[2]
    others = [other for other in sorted(root.rglob(f"*{path.suffix}")) if other.read_bytes() != path.read_bytes()]
    path.write_bytes(draw.choice(others).read_bytes() if others else draw.randbytes(100))


def extend(path: Path, draw: random.Random) -> None:
    path.write_bytes(path.read_bytes() + draw.randbytes(1 + draw.randrange(40)))


DAMAGES = (flip, truncate, remove, swap, extend)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    run = write_run(root / "run", tasks=2, per_task=2, retain=4, gold_seeds=2, data=shared_stand_in_build())
    for number, stage in enumerate(STAGES):
        save_file({"weight": np.full(9, number, np.float32)}, run / stage / "model.safetensors")
    reseal(run)
    return run


def damages_of_runs() -> list:
    """Return (name, damage): a bit of every file and all damages of one stage in the fast suite."""
    pairs = [(name, damage) for name in FILES for damage in DAMAGES]
    return [
        pytest.param(*pair, marks=[] if pair[1] is flip or pair[0].startswith("npo/t002/") else pytest.mark.slow)
        for pair in pairs
    ]


def read_with_weights(run: Path, used: list[str] | None) -> None:
    """Read a run as `lethe report` does, and its weights as `lethe evaluate`; those of stages in use must be there."""
    check_run(run, hashed=used)
    load_run(run)


@pytest.mark.parametrize(("name", "damage"), damages_of_runs())
def test_damaged_file_of_a_run_is_named(whole, tmp_path, name, damage):
    run = shutil.copytree(whole, tmp_path / "run")
    damage(run / name, random.Random(f"{name} {damage.__name__}"))
    used = None
    if damage is remove and name.endswith("model.safetensors"):
        read_with_weights(run, None)  # weights may be deleted where they are not used
        used = [str(Path(name).parent)]
    if damage is remove and name == "ga/summary.json":
        assert load_run(run).methods[0].summary is None  # as before it is written
        return
    with pytest.raises(UserError) as caught:
        read_with_weights(run, used)
    message = str(caught.value)
    assert f"{run / name}" in message or (name == "run.json" and str(run) in message)
    assert "\n" not in message


def damages_of_builds() -> list:
    """Return (name, damage, seed); the text of a card has no hash, since people edit it."""
    cases = []
    build = ("qa/forget-00000-of-00001.parquet", "qa/retain-00000-of-00001.parquet", "croissant.json", "eval.yaml")
    for name in (*build, "candidates/values-00000-of-00001.parquet", "profiles/forget-00000-of-00001.parquet"):
        for damage in DAMAGES:
            for seed in range(3):
                fast = seed == 0 and name == build[0]
                cases.append(pytest.param(name, damage, seed, marks=[] if fast else pytest.mark.slow))
    cases += [pytest.param("manifest.json", truncate, seed, marks=pytest.mark.slow) for seed in range(5)]
    return [*cases, ("README.md", remove, 0)]


@pytest.mark.parametrize(("name", "damage", "seed"), damages_of_builds())
def test_damaged_file_of_a_build_is_named(tmp_path, name, damage, seed):
    build = shutil.copytree(shared_stand_in_build(), tmp_path / "icu")
    damage(build / name, random.Random(f"{name} {damage.__name__} {seed}"))
    if name == "manifest.json":
        with pytest.raises(UserError, match=r"icu/manifest\.json: not valid JSON"):
            verify(build)
    else:
        assert name in {problem.file for problem in verify(build).problems}
