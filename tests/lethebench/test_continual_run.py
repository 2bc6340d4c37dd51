"""A whole continual run on a small build and the tiny model: what is asked, what is kept, and what a kill leaves."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_build import PROFILES, real_build

from lethebench.baselines import plan_for
from lethebench.baselines.methods import retrain
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.report import write_report
from lethebench.runs import training
from lethebench.runs.build import open_build
from lethebench.runs.commands import run_command, unlearn_command
from lethebench.runs.folder import read_json, stage_name
from lethebench.runs.options import RunOptions
from lethebench.runs.stage import Run, stage_seed, write_rows
from lethebench.runs.summary import gold_summary, method_summary
from lethebench.scoring.command import evaluate_command
from lethebench.scoring.options import EvaluateOptions

METHODS = ("ga", "npo")


@pytest.fixture(scope="module", autouse=True)
def shorter():
    """Half the steps of the usual plan, which is enough for so few profiles."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (training, retrain):
            patch.setattr(module, "plan_for", lambda rows: replace(plan_for(rows), vision_steps=80, steps=70))
        yield


@pytest.fixture(scope="module")
def data() -> Path:
    return real_build()


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """A run of two methods over two tasks, and the result it gave."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = RunOptions(data=data, out=folder, methods=METHODS, tasks=2)
    result, text = run_command(options, seeds=1, resume=False)
    assert all(method in text for method in METHODS)
    return options, result


def rows(folder: Path) -> list[dict]:
    return pq.read_table(folder / "rows.parquet").to_pylist()


def test_the_model_learns_and_the_gate_says_so(finished):
    options, result = finished
    gate = read_json(options.out / "learnt" / "gate.json")
    learnt = rows(options.out / "learnt")
    for modality in ("image_text", "text"):
        matches = [row["generated"].strip() == row["answer"] for row in learnt if row["modality"] == modality]
        assert gate[modality] == pytest.approx(sum(matches) / len(matches), abs=0.02)
        assert gate[modality] >= 0.95
    assert result["gate"]["passed"] is True
    assert gate["rows"] == len(learnt) == PROFILES // 2 * 17 + PROFILES // 2 * 15


def test_npo_forgets_what_was_asked_and_keeps_the_rest(finished):
    _, result = finished
    npo, ga = result["methods"]["npo"], result["methods"]["ga"]
    assert npo["forget"] >= 0.8
    assert npo["utility_relative"] >= 0.8
    assert "collapsed" in ga["flags"]
    assert ga["score"] == 0.0
    assert npo["score"] > 0.5


def test_gold_never_saw_what_was_asked_to_be_forgotten(finished, data):
    options, result = finished
    run = Run(open_build(data), options, options.out, Console())
    asked = {row["profile_id"] for stage in (1, 2) for row in run.task(stage)}
    kept = set(run.not_asked(2)["profile_id"])
    assert len(asked) == 4
    assert not asked & kept
    assert len(asked | kept) == PROFILES
    scores = rows(options.out / "gold" / "t002")
    forgotten = [row["keyword_match"] for row in scores if row["profile_id"] in asked]
    known = [row["keyword_match"] for row in scores if row["profile_id"] not in asked]
    assert sum(forgotten) / len(forgotten) < 0.35 < 0.9 < sum(known) / len(known)
    assert result["gold"]["exposure"] < result["gold"]["exposure_retain"]


def test_retain_rows_are_what_nobody_asked_for_yet(finished, data):
    options, _ = finished
    opened = open_build(data)
    run = Run(opened, options, options.out, Console())
    done = [read_json(options.out / "npo" / stage_name(stage) / "done.json") for stage in (1, 2)]
    assert [record["retain_rows"] for record in done] == [len(run.not_asked(stage)) for stage in (1, 2)]
    later = {row["profile_id"] for row in run.task(2)}
    assert later <= set(run.not_asked(1)["profile_id"])
    assert not later & set(run.not_asked(2)["profile_id"])


def test_a_model_that_knew_nothing_is_reported_without_figures(finished, tmp_path):
    """With --ignore-gate: no utility, no forget, no score, each with its reason, and a report all the same."""
    options, result = finished
    shutil.copytree(options.out, tmp_path / "run")
    run, order = tmp_path / "run", read_json(options.out / "run.json")["task_order"]
    ignorant = [row | {"keyword_match": 0.0} for row in rows(run / "learnt")]
    write_rows(run / "learnt" / "rows.parquet", ignorant)
    gate = read_json(run / "learnt" / "gate.json") | {"passed": False}
    gold = gold_summary(run, [2], order)
    summary = method_summary(run, "npo", order, gold, gate)
    assert {name: summary["final"][name] for name in ("forget", "utility", "stability", "score")} == dict.fromkeys(
        ("forget", "utility", "stability", "score")
    )
    assert {"not_memorised", "not_measured"} <= set(summary["final"]["flags"])
    assert any("knew none of the groups" in reason for reason in summary["not_measured"])
    write_report([run], run / "report")
    assert "not_memorised" in (run / "report" / "report.html").read_text(encoding="utf-8")
    assert summary["final"].keys() == result["methods"]["npo"].keys()


def test_the_summary_is_what_the_rows_say(finished):
    options, result = finished
    order = read_json(options.out / "run.json")["task_order"]
    summary = read_json(options.out / "npo" / "summary.json")
    gold = rows(options.out / "gold" / "t002")
    for stage, folder in enumerate(["learnt", "npo/t001", "npo/t002"]):
        for place, task in enumerate(order):
            found = [row["keyword_match"] for row in rows(options.out / folder) if row["task_id"] == task]
            assert summary["knowledge"][stage][place] == pytest.approx(sum(found) / len(found))

    def knowledge(folder_rows):
        found = [row["keyword_match"] for row in folder_rows if row["task_id"] in order]
        return sum(found) / len(found)

    before, after, floor = (
        knowledge(part) for part in (rows(options.out / "learnt"), rows(options.out / "npo/t002"), gold)
    )
    expected = 1 - min(max((after - floor) / (before - floor), 0), 1)
    assert result["methods"]["npo"]["forget"] == pytest.approx(expected)
    bits = [row["exposure"] for row in rows(options.out / "npo/t002") if row["task_id"] in order]
    assert result["methods"]["npo"]["exposure"] == pytest.approx(sum(bits) / len(bits))
    matrix = pq.read_table(options.out / "npo" / "matrix.parquet").to_pylist()
    assert [(row["stage"], row["task_id"]) for row in matrix] == [(t, i) for t in range(3) for i in (*order, -1)]


def test_a_stage_that_is_lost_is_made_again_with_the_same_numbers(finished, tmp_path):
    options, result = finished
    copy = tmp_path / "run"
    shutil.copytree(options.out, copy)
    before = (copy / "npo" / "t002" / "rows.parquet").read_bytes()
    (copy / "npo" / "t002" / "done.json").unlink()
    again, _ = run_command(RunOptions(**{**vars(options), "out": copy}), seeds=1, resume=True)
    assert (copy / "npo" / "t002" / "rows.parquet").read_bytes() == before
    assert again["methods"] == result["methods"]


def test_retrain_makes_the_gold_that_a_run_makes(finished, data, tmp_path):
    options, _ = finished
    copy = tmp_path / "run"
    shutil.copytree(options.out, copy)
    before = (copy / "gold" / "t002" / "rows.parquet").read_bytes()
    shutil.rmtree(copy / "gold")
    with pytest.raises(UserError, match=r"retrain repeats stage 1 .* leave out --set and --modality"):
        unlearn_command("retrain", data, copy, 2, ignore_gate=False, settings={"retrain": {"learning_rate": 1.0}})
    record, text = unlearn_command("retrain", data, copy, 2, ignore_gate=False)
    assert "without tasks 1 to 2 of 2" in text
    assert record["rows"] == len(Run(open_build(data), options, options.out, Console()).not_asked(2))
    assert (copy / "gold" / "t002" / "rows.parquet").read_bytes() == before
    assert read_json(copy / "run.json")["methods"] == list(METHODS)
    with pytest.raises(UserError, match="--task 2: the gold model without tasks 1 to 2 is already in"):
        unlearn_command("retrain", data, copy, 2, ignore_gate=False)


def test_settings_that_broke_a_first_stage_are_not_those_of_the_next_try(finished, data, tmp_path):
    options, _ = finished
    copy = tmp_path / "run"
    shutil.copytree(options.out, copy, ignore=shutil.ignore_patterns("npo", "ga", "gold"))
    with pytest.raises(FloatingPointError, match="step 1"):
        unlearn_command("npo", data, copy, None, ignore_gate=False, settings={"npo": {"learning_rate": 1e30}})
    assert not (copy / "npo").exists()
    unlearn_command("npo", data, copy, None, ignore_gate=False)
    assert rows(copy / "npo" / "t001") == rows(options.out / "npo" / "t001")
    assert read_json(copy / "run.json")["settings"]["npo"] == {}
    with pytest.raises(UserError, match=r"--task 3: .* has 2 tasks; pass 1 to 2"):
        unlearn_command("npo", data, copy, 3, ignore_gate=False)
    with pytest.raises(UserError, match=r"unknown method 'npoo'; choose one of ga, .*"):
        unlearn_command("npoo", data, copy, None, ignore_gate=False)


def test_a_build_that_is_another_one_by_now_is_refused(finished, data, tmp_path):
    options, _ = finished
    other = tmp_path / "icu"
    shutil.copytree(data, other)
    assert len(open_build(other).forget) > 0
    shard = next((other / "qa").glob("forget-*.parquet"))
    table = pq.read_table(shard)
    place = table.schema.get_field_index("answer")
    pq.write_table(table.set_column(place, table.schema.field(place), [["other"] * len(table)]), shard)
    with pytest.raises(UserError, match=r"forget-.*\.parquet was changed after the build: `lethe verify .*`"):
        _ = open_build(other).forget
    with pytest.raises(UserError, match="was changed after the build"):
        evaluate_command(EvaluateOptions(target=other, model=str(options.out / "learnt"), out=tmp_path / "scores"))
    shutil.copytree(data, other, dirs_exist_ok=True)
    manifest = read_json(other / "manifest.json")
    (other / "manifest.json").write_text(json.dumps({**manifest, "seed": 5}))
    with pytest.raises(UserError, match="was created from another build"):
        unlearn_command("npo", other, options.out, None, ignore_gate=False)


def test_the_seed_of_a_stage_depends_on_run_method_and_stage():
    seeds = {stage_seed(seed, method, stage) for seed in range(3) for method in METHODS for stage in range(3)}
    assert len(seeds) == 18
    assert all(0 <= seed < 2**31 for seed in seeds)


def command(*arguments: str, folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "lethebench", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_any_moment_and_resumed_gives_the_same_numbers(data, tmp_path):
    """Kills the whole run again and again, a little later each time, and compares with a run that was left alone."""
    base = ["run", str(data), "--method", "npo", "--tasks", "2", "--json"]
    whole = command(*base, "--out", "alone", folder=tmp_path)
    out, error = whole.communicate()
    assert whole.returncode == 0, error
    kills = 0
    for seconds in (10, 16, 13, 25):
        child = command(*base, "--out", "killed", *(["--resume"] if kills else []), folder=tmp_path)
        time.sleep(seconds)
        if child.poll() is not None:
            break
        child.kill()
        child.wait()
        kills += (tmp_path / "killed" / "run.json").exists()
    last = command(*base, "--out", "killed", "--resume", folder=tmp_path)
    again, error = last.communicate()
    assert last.returncode == 0, error
    assert kills >= 2
    first, second = json.loads(out), json.loads(again)
    assert first["methods"] == second["methods"]
    assert first["gate"] == second["gate"]
    for stage in ("learnt", "npo/t001", "npo/t002", "gold/t002"):
        assert rows(tmp_path / "alone" / stage) == rows(tmp_path / "killed" / stage)
    assert not list((tmp_path / "killed").rglob(".*.partial"))


@pytest.mark.slow
def test_a_model_from_a_folder_takes_the_same_path_with_lora(finished, data, tmp_path):
    """The learnt tiny model stands in for a model from the Hub: nothing below `--model` knows which it got."""
    done, _ = finished
    options = RunOptions(data=data, out=tmp_path / "run", model=str(done.out / "learnt"), methods=METHODS, tasks=1)
    result, _ = run_command(options, seeds=1, resume=False)
    for stage in ("learnt", "npo/t001", "ga/t001", "gold/t001"):
        names = {path.name for path in (options.out / stage).iterdir()}
        assert "adapter_model.safetensors" in names
        assert "model.safetensors" not in names
    # What the base model knew before stage 1 gold knows too: there is nothing to forget beyond it, and it is said.
    assert result["methods"]["npo"]["forget"] is None
    assert "not_measured" in result["methods"]["npo"]["flags"]
