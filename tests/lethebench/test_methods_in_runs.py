"""Every method through `lethe run` and `lethe unlearn` on a small build and the tiny model."""

import json
import shutil
from dataclasses import replace

import pytest
from initial_run import rows_of

from lethebench.baselines import METHODS
from lethebench.builders import build
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.commands import learn_command, run_command, unlearn_command
from lethebench.runs.folder import read_json
from lethebench.runs.options import RunOptions
from lethebench.runs.score import routing
from lethebench.runs.stage import Run
from lethebench.runs.summary import gold_summary, method_summary


def test_routing_counts_each_side():
    rows = [
        {"task_id": 0, "routed_to": 0},
        {"task_id": 0, "routed_to": -1},
        {"task_id": 1, "routed_to": -1},
        {"task_id": -1, "routed_to": 0},
        {"task_id": -1, "routed_to": -1},
        {"task_id": -1, "routed_to": -1},
    ]
    assert routing(rows, [0]) == {"forget": 0.5, "keep": 0.75}
    assert routing([{"task_id": 0}], [0]) == {}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A small build and a run that learnt it."""
    folder = tmp_path_factory.mktemp("methods")
    build("icu", folder / "icu", size=8, seed=0)
    options = RunOptions(data=folder / "icu", out=folder / "run", methods=tuple(METHODS), tasks=2, seed=0)
    learn_command(options, resume=False)
    return options


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_method_runs_two_stages_and_is_scored(learnt):
    result, text = run_command(learnt, seeds=1, resume=True)
    assert set(result["methods"]) == set(METHODS)
    assert all(method in text for method in METHODS)
    final = result["methods"]
    # A retain term raises utility: ascent alone ruins the model.
    assert final["graddiff"]["in_sample_utility"] > final["ga"]["in_sample_utility"] + 0.2
    for method in ("graddiff", "kl", "npo", "npo_sam", "simnpo", "idk", "dpo", "rmu"):
        assert final[method]["forget"] > 0.6, method
        assert final[method]["in_sample_utility_relative"] > 0.6, method
    for stage, count in (("t001", 1), ("t002", 2)):
        place = learnt.out / "lumoe" / stage
        record = read_json(place / "done.json")
        assert record["tasks_routed"] == count
        assert record["routing"]["forget"] > 0.8
        assert record["routing"]["keep"] > 0.8
        assert json.loads((place / "lumoe.json").read_text())["base"] == "../../learnt"
    before = {row["id"]: row for row in rows_of(learnt.out / "learnt")}
    # What lumoe forgets is what its gate sends to the adapters; the initial model answers everything else.
    assert final["lumoe"]["in_sample_utility_relative"] > 0.9
    answered = rows_of(learnt.out / "lumoe" / "t002")
    refused = [row["exact_match"] for row in answered if row["task_id"] in (0, 1) and row["routed_to"] != -1]
    assert sum(refused) < 0.3 * len(refused)
    kept = [row for row in answered if row["routed_to"] == -1]
    assert all(row["generated"] == before[row["id"]]["generated"] for row in kept)
    assert all(row["logprob"] == pytest.approx(before[row["id"]]["logprob"], abs=1e-3) for row in kept)
    prompted = {row["id"]: row["logprob"] for row in rows_of(learnt.out / "prompt" / "t001")}
    assert any(abs(prompted[key] - before[key]["logprob"]) > 1e-3 for key in prompted)
    pruned = read_json(learnt.out / "manu" / "t001" / "done.json")
    assert pruned["steps"] == 0
    assert pruned["neurons_pruned"] == round(0.03 * pruned["neurons"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_gold_of_another_seed_scores_as_gold_does(learnt, tmp_path):
    """Scored as if it were a method: other weights of the same knowledge are perfect forgetting and no loss."""
    out = tmp_path / "run"
    shutil.copytree(learnt.out / "learnt", out / "learnt")
    shutil.copy(learnt.out / "run.json", out)
    for seed in (learnt.seed, learnt.seed + 1):
        run = Run(open_build(learnt.data), replace(learnt, seed=seed, out=out, gold="all"), out, Console())
        for stage in (1, 2):
            run.gold(stage)
        if seed == learnt.seed:
            gold = gold_summary(out, (1, 2), run.order)
            (out / "gold").rename(out / "first")
    (out / "gold").rename(out / "second")
    (out / "first").rename(out / "gold")
    summary = method_summary(out, "second", run.order, gold, read_json(out / "learnt" / "gate.json"))
    first, second = (rows_of(out / name / "t002") for name in ("gold", "second"))
    assert [row["logprob"] for row in first] != [row["logprob"] for row in second]
    assert summary["final"]["forget"] >= 0.9
    assert summary["final"]["in_sample_utility_relative"] == pytest.approx(
        gold["stages"]["2"]["in_sample_utility_relative"], rel=0.1
    )
    assert abs(summary["final"]["exposure_excess"]) < 0.5


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_stage_at_a_time_and_a_method_that_cannot_is_one_line(learnt, tmp_path):
    options = RunOptions(data=learnt.data, out=tmp_path / "run", methods=("simnpo",), tasks=1)
    learn_command(options, resume=False)
    record, text = unlearn_command("simnpo", options.data, options.out, None, ignore_gate=False)
    assert record["steps"] > 0
    assert "simnpo: unlearned task 1 of 1" in text
    record, text = unlearn_command("retrain", options.data, options.out, None, ignore_gate=False)
    assert record["stage"] == 1
    assert "retrain: retrained without tasks 1 to 1 of 1" in text
    small = {"kl": {"reference_gib": 1e-9}}
    with pytest.raises(UserError, match=r"^kl: the KL term would keep .* raise the limit; lethe --debug shows where$"):
        unlearn_command("kl", options.data, options.out, None, ignore_gate=False, settings=small)
    assert not (options.out / "kl" / "t001").exists()
    # What was learnt by LoRA is merged by a method that changes the weights themselves.
    lora = RunOptions(
        data=learnt.data, out=tmp_path / "lora", model=str(options.out / "learnt"), methods=("mmunlearner",), tasks=1
    )
    learn_command(lora, resume=False)
    record, _ = unlearn_command("mmunlearner", lora.data, lora.out, None, ignore_gate=False)
    assert record["steps"] > 0
    stage = lora.out / "mmunlearner" / "t001"
    assert (stage / "model.safetensors").is_file()
    assert not (stage / "adapter_config.json").exists()
