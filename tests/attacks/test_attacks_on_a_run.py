"""All attacks on a real run: who hides is found out, and gold of another seed stays within its spread."""

import json

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from small_build import real_build

from lethebench.attacks.registry import ATTACKS

HIDES = ("prompt", "lumoe", "idk")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("attacks") / "run"
    words = ("--method", ",".join(HIDES), "--gold-seeds", "3", "--ignore-gate", "--out", out)
    assert lethe("run", real_build("icu"), *words).status == 0
    done = lethe("attack", out)
    assert done.status == 0, done.error
    return out


@pytest.fixture(scope="module")
def stage(run):
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    return stage


@pytest.mark.slow
def test_initial_model_has_one_and_golds_differ_little(stage):
    assert stage["models"]["learnt"]["worst_case_recovery"] == 1.0
    assert stage["models"]["learnt"]["recovery"]["none"] == pytest.approx(1.0)
    assert stage["gold_spread"] < 0.25
    assert len(stage["golds"]) == 3


@pytest.mark.slow
@pytest.mark.parametrize("method", HIDES)
def test_methods_that_hide_are_found_out(stage, method):
    model = stage["models"][method]
    assert model["worst_case_recovery"] > max(model["recovery"]["none"], stage["gold_spread"]) + 0.2
    assert stage["claims"][method].startswith(f"{method}: recovered by")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["prompt", "lumoe"])
def test_bypass_finds_the_weights_unchanged(stage, method):
    assert stage["models"][method]["recovery"]["bypass"] == pytest.approx(1.0)


@pytest.mark.slow
def test_every_attack_is_run_or_named(stage):
    attacked = {one["attack"] for one in stage["series"]}
    left_out = {(entry["attack"], entry["model"]) for entry in stage["left_out"]}
    assert attacked | {attack for attack, _ in left_out} == set(ATTACKS)
    assert ("relearn", "lumoe") in left_out


@pytest.mark.slow
def test_attack_that_was_stopped_gives_the_same_rows(run):
    """The rows of a trained and sampled attack are those that a second command makes of the same weights."""
    for attack in ("relearn", "sample"):
        folder = run / "attacks" / attack / "idk"
        (path,) = folder.glob("t*/rows.parquet")
        before = pq.read_table(path).to_pylist()
        for file in path.parent.iterdir():
            file.unlink()
        assert lethe("attack", run, "--attacks", attack).status == 0
        assert pq.read_table(path).to_pylist() == before
