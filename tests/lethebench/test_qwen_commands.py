"""The commands of `lethe` on a tiny Qwen-VL with its own processor, under the preset made for Qwen3-VL."""

import json
import math
import shutil

import pytest
import qwen_vl
from command_line import lethe
from initial_run import rows_of, score_every
from small_build import stand_in_build

from lethebench.baselines.loading import save_model

PRESET = "mlu-qwen3vl"
METHODS = ("ga", "npo", "dpo", "rmu", "lumoe", "prompt")
STEPS = [f"--set={section}.max_steps=2" for section in ("learn", *METHODS[:-1])]
SETTINGS = [*STEPS, "--set=lora.rank=4", "--set=rmu.layer=1", "--ignore-gate"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), qwen_vl.NEEDS_LIBRARY]


@pytest.fixture(scope="module", params=qwen_vl.FAMILIES)
def root(request, tmp_path_factory):
    """A folder with a build, a model and a run of some methods."""
    folder = tmp_path_factory.mktemp(request.param)
    stand_in_build(folder / "icu")
    save_model(*qwen_vl.make(request.param), folder / "model")
    with pytest.MonkeyPatch.context() as patch:
        score_every(patch, 4)
        done = lethe(
            *("run", "icu", "--model", "model", "--out", "run", "--preset", PRESET, "--tasks", 1, "--json"),
            *("--method", ",".join(METHODS), *SETTINGS),
            cwd=folder,
        )
        assert done.status == 0, done.error
        (folder / "run.out").write_text(done.out)
        yield folder


def check_rows(stage):
    rows = rows_of(stage)
    assert {row["modality"] for row in rows} == {"image_text", "text"}
    assert all(math.isfinite(row["logprob"]) and row["generated"] is not None for row in rows)


def test_run_scores_every_method(root):
    result = json.loads((root / "run.out").read_text())
    assert set(result["methods"]) == set(METHODS)
    before = {row["id"]: row["logprob"] for row in rows_of(root / "run" / "learnt")}
    for method in METHODS:
        stage = root / "run" / method / "t001"
        check_rows(stage)
        assert json.loads((stage / "done.json").read_text())["steps"] == (0 if method == "prompt" else 2)
        assert any(abs(row["logprob"] - before[row["id"]]) > 1e-4 for row in rows_of(stage)), method
    check_rows(root / "run" / "gold" / "t001")
    assert (root / "run" / "report" / "report.html").is_file()


def test_lost_stage_is_repeated_with_the_same_numbers(root):
    shutil.copytree(root / "run", root / "resumed")
    stage = root / "resumed" / "npo" / "t001"
    before = (stage / "rows.parquet").read_bytes()
    (stage / "done.json").unlink()
    done = lethe(
        *("run", "icu", "--model", "model", "--out", "resumed", "--preset", PRESET, "--tasks", 1, "--json"),
        *("--method", ",".join(METHODS), *SETTINGS, "--resume"),
        cwd=root,
    )
    assert done.status == 0, done.error
    assert (stage / "rows.parquet").read_bytes() == before
    assert json.loads(done.out)["methods"] == json.loads((root / "run.out").read_text())["methods"]


def test_learn_then_unlearn_and_retrain(root):
    learned = lethe("learn", "icu", "--model", "model", "--out", "one", "--preset", PRESET, *SETTINGS[:-1], cwd=root)
    assert learned.status == 1, learned.error  # two steps do not pass the gate
    for method in ("npo", "retrain"):
        done = lethe("unlearn", method, "icu", "--from", "one", "--ignore-gate", cwd=root)
        assert done.status == 0, done.error
    check_rows(root / "one" / "npo" / "t001")


@pytest.mark.parametrize("model", ["model", "run/npo/t001", "run/rmu/t001", "run/lumoe/t001", "run/prompt/t001"])
def test_evaluate(root, model):
    out = f"scores/{model}"
    done = lethe("evaluate", "icu", "--model", model, "--sample", 12, "--out", out, "--json", cwd=root)
    assert done.status == 0, done.error
    check_rows(root / out)
    metrics = json.loads(done.out)["metrics"]
    assert {"memorization", "exposure", "truth_ratio"} <= set(metrics)
    assert all(math.isfinite(cell["value"]) for cells in metrics.values() for cell in cells.values())


def test_evaluate_with_gold_and_before_scores_the_run_again(root):
    done = lethe(
        *("evaluate", "icu", "--model", "run/npo/t001", "--gold", "run", "--before", "run", "--sample", 4),
        *("--out", "compared", "--json"),
        cwd=root,
    )
    assert done.status == 0, done.error
    assert "privacy_leakage" in json.loads(done.out)["metrics"]
    again = lethe("evaluate", "run", "--out", "again", cwd=root)
    assert again.status == 0, again.error
