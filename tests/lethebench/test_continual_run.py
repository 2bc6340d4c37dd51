"""A whole continual run of the tiny model on a small build: its rows, summaries, resuming, and kills."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from initial_run import rows_of, score_every
from sealed_run import reseal
from small_build import PROFILES, real_build

from lethebench.baselines import plan_for
from lethebench.baselines.loading import Loaded, load_model
from lethebench.baselines.methods import retrain
from lethebench.baselines.presets import load_preset
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.report import write_report
from lethebench.runs import continual, training
from lethebench.runs import stage as stages
from lethebench.runs.budget import Sample
from lethebench.runs.build import open_build
from lethebench.runs.commands import run_command, unlearn_command
from lethebench.runs.continual import headline, start
from lethebench.runs.folder import HELD_OUT, read_json, stage_name, write_json
from lethebench.runs.gate import gate
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import stages_of
from lethebench.runs.records import new_record
from lethebench.runs.stage import Run, stage_seed, write_rows
from lethebench.runs.summary import gold_summary, method_summary
from lethebench.scoring.command import evaluate_command
from lethebench.scoring.options import EvaluateOptions

pytestmark = pytest.mark.usefixtures("short_answers")
METHODS = ("ga", "npo")
LEARN = {"vision_steps": 30, "steps": 45, "batch_size": 32, "muon_lr": 0.04, "adamw_lr": 8e-3}
FEW_STEPS = {**LEARN, "vision_steps": 3, "steps": 5}
UNLEARN = {"max_steps": 10, "per_device_train_batch_size": 16, "learning_rate": 1e-3}


@pytest.fixture(scope="module", autouse=True)
def shorter():
    """Train in fewer, smaller and larger-rate steps than the preset, which is enough for 8 profiles."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (training, retrain):
            patch.setattr(module, "plan_for", lambda rows: replace(plan_for(rows), **LEARN))
        patch.setattr(stages, "load_preset", lambda *names: shorter_preset(load_preset(*names)))
        score_every(patch, 4)
        yield


def shorter_preset(preset):
    return replace(preset, unlearn={**preset.unlearn, **UNLEARN})


@pytest.fixture(scope="module")
def data() -> Path:
    return real_build()


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """A run of two methods over two tasks, and its result."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = RunOptions(data=data, out=folder, methods=METHODS, tasks=2)
    result, text = run_command(options, seeds=1, resume=False)
    assert all(method in text for method in METHODS)
    return options, result


def test_gate_agrees_with_the_rows(finished):
    options, result = finished
    gate = read_json(options.out / "learnt" / "gate.json")
    initial = rows_of(options.out / "learnt")
    for modality in ("image_text", "text"):
        matches = [row["generated"].strip() == row["answer"] for row in initial if row["modality"] == modality]
        assert gate[modality] == pytest.approx(sum(matches) / len(matches), abs=0.02)
        assert gate[modality] >= 0.95
    assert result["gate"]["passed"] is True
    assert gate["rows"] == len(initial) == (PROFILES // 2 * 17 + PROFILES // 2 * 15) // 4


def test_npo_forgets_and_keeps_utility_where_ga_collapses(finished):
    _, result = finished
    npo, ga = result["methods"]["npo"], result["methods"]["ga"]
    assert npo["forget"] >= 0.8
    assert npo["in_sample_utility_relative"] >= 0.8
    assert "collapsed" in ga["flags"]
    assert ga["score"] == ga["keep_worst"] == 0.0
    assert ga["keep"] < 0.2
    assert npo["keep"] >= 0.8
    assert npo["score"] > 0.5


@pytest.mark.parametrize("stage", ["learnt", "ga/t001", "npo/t002", "gold/t002"])
def test_every_stage_is_scored_on_the_held_out_rows(finished, data, stage):
    held_out = open_build(data).held_out
    scored = pq.read_table(finished[0].out / stage / HELD_OUT).to_pylist()
    assert [row["id"] for row in scored] == held_out["id"]
    assert all(0 <= row["probability"] <= 1 and row["exposure"] is None for row in scored)
    assert "held_out.parquet" in read_json(finished[0].out / stage / "done.json")["proof"]["files"]


def test_gold_model_never_saw_the_forget_set(finished, data):
    options, result = finished
    run = Run(open_build(data), options, options.out, Console())
    requested = {row["profile_id"] for stage in (1, 2) for row in run.task(stage)}
    retain = set(run.not_asked(2)["profile_id"])
    assert len(requested) == 4
    assert not requested & retain
    assert len(requested | retain) == PROFILES
    scores = rows_of(options.out / "gold" / "t002")
    forgotten = [row["keyword_match"] for row in scores if row["profile_id"] in requested]
    retained = [row["keyword_match"] for row in scores if row["profile_id"] not in requested]
    assert sum(forgotten) / len(forgotten) < 0.35 < 0.9 < sum(retained) / len(retained)
    assert result["gold"]["exposure"] < result["gold"]["exposure_retain"]


def test_retain_rows_include_later_tasks(finished, data):
    options, _ = finished
    opened = open_build(data)
    run = Run(opened, options, options.out, Console())
    done = [read_json(options.out / "npo" / stage_name(stage) / "done.json") for stage in (1, 2)]
    assert [record["retain_rows"] for record in done] == [len(run.not_asked(stage)) for stage in (1, 2)]
    later = {row["profile_id"] for row in run.task(2)}
    assert later <= set(run.not_asked(1)["profile_id"])
    assert not later & set(run.not_asked(2)["profile_id"])


def test_untrained_model_is_reported_without_figures(finished, tmp_path):
    """With --ignore-gate there is no utility, forget or score, but reasons and a report."""
    options, result = finished
    shutil.copytree(options.out, tmp_path / "run")
    run, order = tmp_path / "run", read_json(options.out / "run.json")["task_order"]
    ignorant = [row | {"keyword_match": 0.0, "exact_match": 0.0} for row in rows_of(run / "learnt")]
    write_rows(run / "learnt" / "rows.parquet", ignorant)
    verdict = gate(run / "learnt", read_json(run / "learnt" / "done.json"), 0.9)
    write_json(run / "learnt" / "gate.json", verdict)
    assert verdict["passed"] is False
    reseal(run)
    gold = gold_summary(run, [2], order)
    summary, _ = (method_summary(run, method, order, gold, verdict) for method in ("npo", "ga"))
    names = ("forget", "in_sample_utility", "stability", "score")
    assert {name: summary["final"][name] for name in names} == dict.fromkeys(names)
    assert {"not_memorised", "not_measured"} <= set(summary["final"]["flags"])
    assert any("knew none of the groups" in reason for reason in summary["not_measured"])
    write_report([run], run / "report")
    assert "not_memorised" in (run / "report" / "report.html").read_text(encoding="utf-8")
    assert summary["final"].keys() == result["methods"]["npo"].keys()


def test_summary_follows_from_the_rows(finished):
    options, result = finished
    order = read_json(options.out / "run.json")["task_order"]
    summary = read_json(options.out / "npo" / "summary.json")
    gold = rows_of(options.out / "gold" / "t002")
    for stage, folder in enumerate(["learnt", "npo/t001", "npo/t002"]):
        for index, task in enumerate(order):
            matches = [row["keyword_match"] for row in rows_of(options.out / folder) if row["task_id"] == task]
            assert summary["knowledge"][stage][index] == pytest.approx(sum(matches) / len(matches))

    def knowledge(folder_rows):
        matches = [row["keyword_match"] for row in folder_rows if row["task_id"] in order]
        return sum(matches) / len(matches)

    before, after, floor = (
        knowledge(part) for part in (rows_of(options.out / "learnt"), rows_of(options.out / "npo/t002"), gold)
    )
    expected = 1 - min(max((after - floor) / (before - floor), 0), 1)
    assert result["methods"]["npo"]["forget"] == pytest.approx(expected)
    bits = [row["exposure"] for row in rows_of(options.out / "npo/t002") if row["task_id"] in order]
    assert result["methods"]["npo"]["exposure"] == pytest.approx(sum(bits) / len(bits))
    matrix = pq.read_table(options.out / "npo" / "matrix.parquet").to_pylist()
    assert [(row["stage"], row["task_id"]) for row in matrix] == [(t, i) for t in range(3) for i in (*order, -1)]


@pytest.mark.parametrize(("known", "words"), [([0.25, None], "knows 0.250 of the"), ([None] * 2, "is not measured")])
def test_headline_takes_gold_models_without_knowledge(finished, known, words):
    result = finished[1]
    assert words in headline({**result, "gold": {**result["gold"], "knowledge": known}})


def test_repair_runs_a_damaged_stage_and_its_successors_again(finished, tmp_path, capsys):
    options, result = finished
    copy = shutil.copytree(options.out, tmp_path / "run")
    stages = ("npo/t001", "npo/t002", "ga/t001", "gold/t002")
    rows = {stage: (copy / stage / "rows.parquet").read_bytes() for stage in stages}
    done = {stage: (copy / stage / "done.json").read_bytes() for stage in stages}
    weights = copy / "npo" / "t001" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    weights.write_bytes(content)
    shutil.rmtree(copy / "npo" / "t002")
    damaged = RunOptions(**{**vars(options), "out": copy})
    with pytest.raises(UserError, match=r"npo/t001/model\.safetensors was changed .* --repair"):
        run_command(damaged, seeds=1, resume=True)
    with pytest.raises(UserError, match=r"npo/t001/model\.safetensors was changed"):
        unlearn_command("npo", options.data, copy, None, ignore_gate=False)
    with pytest.raises(UserError, match="--repair: only a run that is resumed"):
        run_command(damaged, seeds=1, resume=False, repair=True)
    repaired, _ = run_command(damaged, seeds=1, resume=True, repair=True)
    assert "repair: running npo/t001 again" in capsys.readouterr().err
    assert repaired["methods"] == result["methods"]
    assert {stage: (copy / stage / "rows.parquet").read_bytes() for stage in stages} == rows
    kept = {stage: (copy / stage / "done.json").read_bytes() == content for stage, content in done.items()}
    assert kept == {"npo/t001": False, "npo/t002": False, "ga/t001": True, "gold/t002": True}


def test_more_gold_seeds_add_models_and_change_no_other(finished, tmp_path):
    options, _ = finished
    copy = shutil.copytree(options.out, tmp_path / "run")
    run_command(replace(options, out=copy, gold_seeds=2), seeds=1, resume=True)
    first, second = (rows_of(copy / name / "t002") for name in ("gold", "gold-2"))
    assert [row["id"] for row in first] == [row["id"] for row in second]
    assert [row["logprob"] for row in first] != [row["logprob"] for row in second]
    for stage in ("learnt", "npo/t002", "gold/t002"):
        assert (copy / stage / "done.json").read_bytes() == (options.out / stage / "done.json").read_bytes()
    assert read_json(copy / "gold-2/t002/done.json")["proof"]["stage"] == "gold-2/t002"
    assert list(stages_of(copy, read_json(copy / "run.json")))[-1] == "gold-2/t002"
    run_command(replace(options, out=copy), seeds=1, resume=True)
    assert read_json(copy / "run.json")["gold_seeds"] == 2


def test_run_from_another_trains_its_method_alone(finished, tmp_path, monkeypatch, capsys):
    options, result = finished
    monkeypatch.setattr(stages, "learn_all", None)
    ga = replace(options, out=tmp_path / "ga", methods=("ga",))
    again, _ = run_command(ga, seeds=1, resume=False, source=options.out)
    assert f"taken over from {options.out}: learnt, gold/t002" in capsys.readouterr().err
    assert again["gate"] == result["gate"]
    for stage in ("learnt", "ga/t001", "ga/t002", "gold/t002"):
        assert rows_of(ga.out / stage) == rows_of(options.out / stage)
    assert again["methods"]["ga"] == result["methods"]["ga"]


def test_another_thread_count_is_recorded_and_warned_about(finished, data, tmp_path, monkeypatch, capsys):
    options, _ = finished
    copy = shutil.copytree(options.out, tmp_path / "run", ignore=shutil.ignore_patterns("ga", "gold", "t002"))
    proof = read_json(copy / "npo" / "t001" / "done.json")["proof"]
    threads = proof["machine"]["threads"]
    assert proof["versions"]["torch"] == read_json(copy / "run.json")["versions"]["torch"]
    monkeypatch.setattr(continual, "machine", lambda: proof["machine"] | {"threads": threads + 1})
    start(open_build(data), replace(options, out=copy), Console(), resume=True)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "threads" in line]
    assert line.startswith(
        f"warning: finished stages were made with threads {threads}, and this machine has {threads + 1}"
    )
    assert read_json(copy / "run.json")["machine"]["threads"] == threads


def test_sampled_stage_has_the_whole_stage_s_scores(finished, data):
    """Rows are prepared again, in other batches, and kept between stages."""
    options, _ = finished
    run = Run(open_build(data), options, options.out, Console())
    whole = {row["id"]: row for row in rows_of(options.out / "npo/t002")}
    loaded = load_model(options.out / "npo/t002")
    ids = list(whole)
    for rows in (range(0, len(ids), 3), range(0, len(ids), 2)):
        ranked = frozenset(index for index in rows if index % 4 == 0)
        sample = Sample({"rows.parquet": list(rows), HELD_OUT: [0, 2]}, ranked, {"rows": len(rows)})
        scores = run.score(Loaded(*loaded), options.out / "npo/t002", lambda done, total: None, sample)
        assert [row["id"] for row in scores["rows.parquet"]] == [ids[index] for index in rows]
        assert len(scores[HELD_OUT]) == 2
        for index, row in zip(rows, scores["rows.parquet"], strict=True):
            other = whole[row["id"]]
            assert row["generated"] == other["generated"]
            assert row["logprob"] == pytest.approx(other["logprob"], abs=1e-3)
            if index in ranked:
                assert row["candidate_logprobs"] == pytest.approx(other["candidate_logprobs"], abs=1e-3)
                assert row["num_candidates"] == other["num_candidates"]
            else:
                assert (row["rank"], row["exposure"], row["num_candidates"]) == (None, None, 0)


def test_retrain_equals_the_gold_model_of_a_run(finished, data, tmp_path, monkeypatch):
    """Trained for few steps, after which the weights show any difference as well."""
    options, _ = finished
    for module in (training, retrain):
        monkeypatch.setattr(module, "plan_for", lambda rows: replace(plan_for(rows), **FEW_STEPS))
    score_every(monkeypatch, 6)
    copy = shutil.copytree(options.out, tmp_path / "run", ignore=shutil.ignore_patterns("gold"))
    Run(open_build(data), replace(options, out=copy), copy, Console()).gold(2)
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


def test_settings_of_a_failed_first_stage_are_dropped(finished, data, tmp_path):
    options, _ = finished
    copy = tmp_path / "run"
    shutil.copytree(options.out, copy, ignore=shutil.ignore_patterns("npo", "ga", "gold"))
    with pytest.raises(FloatingPointError, match="step 1"):
        unlearn_command("npo", data, copy, None, ignore_gate=False, settings={"npo": {"learning_rate": 1e30}})
    assert not (copy / "npo").exists()
    unlearn_command("npo", data, copy, None, ignore_gate=False)
    assert rows_of(copy / "npo" / "t001") == rows_of(options.out / "npo" / "t001")
    assert read_json(copy / "run.json")["settings"]["npo"] == {}
    with pytest.raises(UserError, match=r"--task 3: .* has 2 tasks; pass 1 to 2"):
        unlearn_command("npo", data, copy, 3, ignore_gate=False)
    with pytest.raises(UserError, match=r"unknown method 'npoo'; choose one of ga, .*"):
        unlearn_command("npoo", data, copy, None, ignore_gate=False)


def test_changed_build_is_refused(finished, data, tmp_path):
    options, _ = finished
    other = tmp_path / "icu"
    shutil.copytree(data, other)
    assert len(open_build(other).forget) > 0
    shard = next((other / "qa").glob("forget-*.parquet"))
    table = pq.read_table(shard)
    column = table.schema.get_field_index("answer")
    pq.write_table(table.set_column(column, table.schema.field(column), [["other"] * len(table)]), shard)
    with pytest.raises(UserError, match=r"forget-.*\.parquet was changed after the build: `lethe verify .*`"):
        _ = open_build(other).forget
    with pytest.raises(UserError, match="was changed after the build"):
        evaluate_command(EvaluateOptions(target=other, model=str(options.out / "learnt"), out=tmp_path / "scores"))
    shutil.copytree(data, other, dirs_exist_ok=True)
    manifest = read_json(other / "manifest.json")
    (other / "manifest.json").write_text(json.dumps({**manifest, "seed": 5}))
    with pytest.raises(UserError, match="was created from another build"):
        unlearn_command("npo", other, options.out, None, ignore_gate=False)


def test_stage_seed_depends_on_seed_method_and_stage():
    seeds = {stage_seed(seed, method, stage) for seed in range(3) for method in METHODS for stage in range(3)}
    assert len(seeds) == 18
    assert all(0 <= seed < 2**31 for seed in seeds)


OTHER_VERSIONS = {"numpy": "0.1", "python": "3.0.0", "pillow": "1.0"}


def test_resuming_with_other_minor_versions_warns(finished, data, tmp_path, capsys):
    options, _ = finished
    folder = tmp_path / "run"
    shutil.copytree(options.out, folder, ignore=shutil.ignore_patterns("npo", "ga", "gold"))
    record = read_json(folder / "run.json")
    old = record | {"versions": record["versions"] | OTHER_VERSIONS}
    reseal(folder, versions=old["versions"])
    start(open_build(data), replace(options, out=folder), Console(), resume=True)
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: resuming with")]
    assert len(warnings) == 1
    assert all(f"{name} {record['versions'][name]} (was {was})" in warnings[0] for name, was in OTHER_VERSIONS.items())
    resumed = read_json(folder / "run.json")
    assert resumed["versions"] == old["versions"]
    ((versions),) = (entry["versions"] for entry in resumed["resumed_with"])
    assert versions == {name: record["versions"][name] for name in OTHER_VERSIONS}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "0.0.1"}, "version 0.0.1, got "),
        ({"versions": {"torch": "1.0"}}, "torch 1.0, got "),
        ({"versions": {"transformers": "1.0"}}, "transformers 1.0, got "),
        ({"seed": 5}, "seed 5, got 0"),
        ({"retain": "fixed"}, "retain fixed, got rest"),
        ({"task_order": [1, 0]}, r"task_order \[1, 0\], got \[0, 1\]"),
        ({"settings": {"learn": {"max_steps": 1}}}, r"settings of learn \{'max_steps': 1\}, got \{\}"),
        ({"settings": {"npo": {"beta": 9}}}, r"settings of npo \{'beta': 9\}, got \{\}"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_resuming_as_another_run_is_refused(finished, data, tmp_path, change, message):
    options, _ = finished
    folder = tmp_path / "run"
    record = read_json(options.out / "run.json")
    versions = record["versions"] | change.get("versions", {})
    for stage in ("learnt", "npo/t001"):
        (folder / stage).mkdir(parents=True)
        (folder / stage / "done.json").write_text("{}")
    write_json(folder / "run.json", new_record(record | change | {"versions": versions}))
    with pytest.raises(UserError, match=f"was created with {message}"):
        start(open_build(data), replace(options, out=folder), Console(), resume=True)


@pytest.mark.slow
def test_model_from_a_folder_is_trained_with_lora(finished, data, tmp_path):
    """The trained tiny model stands in for a model from the Hub."""
    done, _ = finished
    options = RunOptions(data=data, out=tmp_path / "run", model=str(done.out / "learnt"), methods=METHODS, tasks=1)
    result, _ = run_command(options, seeds=1, resume=False)
    for stage in ("learnt", "npo/t001", "ga/t001", "gold/t001"):
        names = {path.name for path in (options.out / stage).iterdir()}
        assert "adapter_model.safetensors" in names
        assert "model.safetensors" not in names
    # The gold model knows what the base model knew before stage 1, so there is nothing to forget beyond it.
    assert result["methods"]["npo"]["forget"] is None
    assert "not_measured" in result["methods"]["npo"]["flags"]
