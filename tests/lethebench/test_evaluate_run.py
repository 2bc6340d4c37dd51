"""`lethe evaluate RUN`: saved models give the run's own numbers, and a changed model does not."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
import torch
from command_line import lethe
from initial_run import rows_of, score_every
from safetensors.torch import load_file, save_file
from sealed_run import reseal, reseal_data
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.baselines.loading import Loaded, save_model
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.evaluation.metrics import utility as retention
from lethebench.runs.build import open_build
from lethebench.runs.continual import start
from lethebench.runs.folder import HELD_OUT, read_json, write_json
from lethebench.runs.gate import gate
from lethebench.runs.options import RunOptions
from lethebench.runs.records import new_record
from lethebench.runs.summary import ROWS, gold_summary, method_summary
from lethebench.scoring.command import evaluate_command
from lethebench.scoring.options import EvaluateOptions

pytestmark = pytest.mark.usefixtures("short_answers")
STAGES = ("npo/t001", "npo/t002", "gold/t002")


@pytest.fixture(scope="module", autouse=True)
def fewer_rows():
    """Score every twelfth row to save time; let groups enter that the untrained models do not know."""
    with pytest.MonkeyPatch.context() as patch:
        score_every(patch, 12)
        patch.setattr(retention, "KNOWN", 0.0)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory, fewer_rows):
    """A run folder written by the run's own code, with random weights in place of training."""
    root = tmp_path_factory.mktemp("root")
    data = stand_in_build(root / "icu")
    folder = root / "run"
    folder.mkdir()
    base = save_llava(root / "base")
    options = RunOptions(data=data, out=folder, model=str(base), methods=("npo",), tasks=2, ignore_gate=True)
    run_record = start(open_build(data), options, Console(), resume=False)
    for seed, stage in enumerate(("learnt", *STAGES)):
        record = {"stage": stage, "seconds": 1.0, "steps": 1, "parameters": 1, "peak_memory_mb": 1}
        with run_record.new_stage(stage, record) as stage_dir:
            model, processor = llava(dtype=torch.float32, seed=seed)
            save_model(model, processor, stage_dir)
            if stage == "learnt":
                run_record.encoder = RowEncoder(processor)
            run_record._score(Loaded(model, processor), stage_dir, stage)
            if stage == "learnt":
                write_json(stage_dir / "gate.json", gate(stage_dir, record, 0.9))
    gold = gold_summary(folder, [2], run_record.order)
    method_summary(folder, "npo", run_record.order, gold, read_json(folder / "learnt" / "gate.json"))
    return folder


@pytest.fixture(scope="module")
def rescored(run, tmp_path_factory):
    """The rescored run: folder, scores, text."""
    out = tmp_path_factory.mktemp("out") / "again"
    return out, *evaluate_command(EvaluateOptions(target=run, out=out))


def test_rescored_run_equals_the_run(run, rescored):
    out, scores, text = rescored
    for stage in ("learnt", *STAGES):
        assert rows_of(out / stage) == rows_of(run / stage)
        assert pq.read_table(out / stage / HELD_OUT).equals(pq.read_table(run / stage / HELD_OUT))
    assert read_json(out / "npo" / "summary.json") == read_json(run / "npo" / "summary.json")
    assert read_json(out / "gold" / "summary.json") == read_json(run / "gold" / "summary.json")
    assert scores["methods"]["npo"] == read_json(run / "npo" / "summary.json")["final"]
    assert scores["compared"]["same"] is True
    assert scores["compared"]["rows"] == sum(
        pq.read_metadata(run / stage / name).num_rows for stage in ("learnt", *STAGES) for name in (ROWS, HELD_OUT)
    )
    assert "the same as the run's own numbers" in text
    assert read_json(out / "scores.json") == scores
    assert not list(out.parent.glob(".*"))


def test_stage_aggregates_have_intervals(run, rescored):
    _, scores, _ = rescored
    assert set(scores["stages"]) == {"learnt", "npo/t002"}
    cell = scores["stages"]["npo/t002"]["metrics"]["exposure"]["forget/exposure"]
    final = read_json(run / "npo" / "summary.json")["final"]
    assert cell["value"] == pytest.approx(final["exposure"])
    assert cell["ci_low"] < cell["value"] < cell["ci_high"]
    assert scores["stages"]["npo/t002"]["metrics"]["exposure"]["forget/exposure_gold"]["n"] == cell["n"]


def changed(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    return copy


def test_changed_weights_are_detected(run, tmp_path):
    copy = changed(run, tmp_path)
    path = copy / "npo" / "t002" / "model.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if name.endswith("mlp.down_proj.weight") and "language_model" in name)
    weights[name] = weights[name] * 1.01
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"npo/t002/model.safetensors was changed after it was written"):
        evaluate_command(EvaluateOptions(target=copy))
    reseal(copy)
    scores, text = evaluate_command(EvaluateOptions(target=copy))
    assert scores["compared"]["same"] is False
    assert scores["compared"]["largest_difference_in_rows"] > 1e-3
    assert scores["compared"]["where"].startswith("npo/t002")
    assert "NOT the same" in text
    assert rows_of(copy / "evaluation" / "npo" / "t001") == rows_of(run / "npo" / "t001")
    assert rows_of(copy / "npo" / "t002") == rows_of(run / "npo" / "t002")  # the run itself is left as it was


def test_stage_without_weights_keeps_its_rows(run, tmp_path):
    copy = changed(run, tmp_path)
    for stage in ("npo/t002", "gold/t002"):
        (copy / stage / "model.safetensors").unlink()
    scores, text = evaluate_command(EvaluateOptions(target=copy, out=tmp_path / "out"))
    assert scores["compared"]["same"] is True
    assert sum("weights are gone" in note for note in scores["notes"]) == 2
    assert "gold/t002: its weights are gone" in text
    (copy / "learnt" / "model.safetensors").unlink()
    with pytest.raises(UserError, match="learnt: model weights and processor are missing"):
        evaluate_command(EvaluateOptions(target=copy, out=tmp_path / "other"))


def test_unfinished_method_is_not_measured(run, tmp_path):
    copy = changed(run, tmp_path)
    (copy / "npo" / "t002" / "done.json").unlink()
    scores, text = evaluate_command(EvaluateOptions(target=copy, out=tmp_path / "out"))
    assert scores["methods"] == {}
    assert scores["not_measured"] == {"npo": "it did not finish"}
    assert "not measured: npo" in text
    assert "npo/t001" in scores["stages"]


@pytest.mark.parametrize("name", ["npo/summary.json", "gold/summary.json"])
def test_summary_of_an_older_version_is_one_line(run, tmp_path, name):
    """Before anything is scored, and with the command that writes it anew."""
    copy = changed(run, tmp_path)
    summary = read_json(copy / name)
    missing = "final.score_last" if name.startswith("npo") else "seeds"
    del (summary["final"] if name.startswith("npo") else summary)[missing.split(".")[-1]]
    write_json(copy / name, new_record(summary))
    done = lethe("evaluate", copy, "--out", tmp_path / "out", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.line.endswith(f"{name}: {missing} is missing; resume the run with --resume, which writes it again")
    assert not (tmp_path / "out").exists()


def test_gold_models_trained_since_the_summary_do_not_change_it(run, tmp_path):
    copy = changed(run, tmp_path)
    shutil.copytree(copy / "gold/t002", copy / "gold-2/t002")
    reseal(copy, gold_seeds=2)
    scores, _ = evaluate_command(EvaluateOptions(target=copy, out=tmp_path / "out"))
    assert scores["compared"]["same"] is True
    assert read_json(tmp_path / "out/gold/summary.json")["seeds"] == 1


def test_run_provides_gold_and_before(run, tmp_path):
    data = run.parent / "icu"
    options = EvaluateOptions(
        target=data, model=str(run / "npo" / "t002"), gold=str(run), metrics=("forget", "exposure"), out=tmp_path / "o"
    )
    options = EvaluateOptions(**{**vars(options), "splits": ("forget",), "sample": 4})
    scores, _ = evaluate_command(options)
    assert scores["metrics"]["exposure"]["forget/exposure_gold"]["n"] >= 1
    assert "forget" in scores["metrics"] or "not memorized beyond gold" in scores["not_measured"]["forget"]


def test_run_on_other_data_is_refused(run, tmp_path):
    copy = changed(run, tmp_path)
    reseal_data(copy, manifest_sha256="0" * 64)
    options = {"target": run.parent / "icu", "model": str(run / "learnt"), "sample": 2, "out": tmp_path / "out"}
    with pytest.raises(UserError, match="other data"):
        evaluate_command(EvaluateOptions(**options, gold=str(copy)))
    with pytest.raises(UserError, match="is missing or has changed"):
        evaluate_command(EvaluateOptions(target=copy))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["RUN", "--model", "x"], ["--model", "is a run"]),
        (["RUN", "--metrics", "memorization"], ["--metrics"]),
        (["DATA", "--model", "RUN"], ["is a run", "npo/t002", "gold/t002"]),
    ],
)
def test_bad_input_is_one_line_and_status_2(words, expected, run, tmp_path):
    paths = {"RUN": run, "DATA": run.parent / "icu"}
    done = lethe("evaluate", *(paths.get(word, word) for word in words), cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert all(word in done.line for word in expected), done.line


def test_judged_run_has_blocks_verdicts_and_judged_scores(run, rescored, tmp_path):
    """Judges change neither the comparison nor the scores; theirs stand beside."""
    out = tmp_path / "out"
    done = lethe("evaluate", run, "--judge", "local", "--out", out, "--json")
    assert done.status == 0, done.error
    scores = json.loads(done.out)
    assert scores["compared"]["same"]
    assert scores["compared"]["rows"] == 0
    assert scores["methods"] == rescored[1]["methods"]
    judges = scores["judges"]
    assert [block["name"] for block in judges["blocks"]["npo"]] == ["A-UA", "A-UB", "B-UB"]
    assert all(0 <= block[name] <= 1 for block in judges["blocks"]["npo"] for name in ("forget", "utility"))
    assert set(judges["scores"]["npo"]) == {"fluent", "score", "score_last"}
    assert "rejection" in scores["stages"]["npo/t002"]["metrics"]
    verdicts = pq.read_table(out / "verdicts.parquet").to_pylist()
    rows = sum(len(rows_of(out / stage)) for stage in ("learnt", *STAGES))
    held_out = sum(pq.read_metadata(out / stage / HELD_OUT).num_rows for stage in ("learnt", *STAGES))
    assert len(verdicts) == 4 * (rows + held_out)
    assert {entry["stage"] for entry in verdicts} == {"learnt", *STAGES}
    sampled = lethe("evaluate", run, "--judge", "local", "--judge-sample", 1, "--out", tmp_path / "sample", "--json")
    assert sampled.status == 0, sampled.error
    assert json.loads(sampled.out)["judges"]["scores"] == {}
    assert pq.read_metadata(tmp_path / "sample" / "verdicts.parquet").num_rows < len(verdicts)


def test_judges_need_no_weights_and_score_nothing_again(run, rescored, tmp_path, monkeypatch):
    copy = changed(run, tmp_path)
    for stage in ("npo/t002", "gold/t002", "learnt"):
        (copy / stage / "model.safetensors").unlink()
    monkeypatch.setattr("lethebench.runs.stage.Run.score", None)
    words = ["--judge", "local", "--judge-sample", 1, "--rubrics", "fluency", "--out", tmp_path / "out"]
    done = lethe("evaluate", copy, *words)
    assert done.status == 0, done.error
    assert "judged are the run's own rows" in done.out
    rows = rows_of(tmp_path / "out" / "npo" / "t002")
    assert [row["generated"] for row in rows] == [row["generated"] for row in rows_of(run / "npo" / "t002")]
    assert any(row["fluency"] is not None for row in rows)
    (copy / "npo/t001/rows.parquet").write_bytes((copy / "npo/t002/rows.parquet").read_bytes())
    done = lethe("evaluate", copy, *words)
    assert done.status == 2
    assert "npo/t001/rows.parquet" in done.line


def test_dry_run_of_a_judged_run_reads_its_answers(run, tmp_path):
    words = ["--judge", "openai:j", "--dry-run", "--judge-price", "1,1", "--out", tmp_path / "out", "--json"]
    done = lethe("evaluate", run, *words)
    assert done.status == 0, done.error
    usage = json.loads(done.out)["judges"]
    assert 0 < usage["calls"] <= 4 * usage["answers"]
    assert list(tmp_path.iterdir()) == []
