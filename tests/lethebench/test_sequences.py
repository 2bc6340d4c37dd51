"""The contract of a sequence: what stages start from, replay, adapters of requests, and stages that diverge."""

import shutil
from pathlib import Path

import pytest
import torch
from command_line import lethe
from initial_run import learned_root, rows_of

from lethebench.baselines.loading import load_model
from lethebench.baselines.stage import Stage, unlearn
from lethebench.baselines.trainer.weights import merged
from lethebench.console import Console
from lethebench.runs.build import open_build
from lethebench.runs.folder import file_hash, read_json
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import check_run, weights_hash
from lethebench.runs.stage import Run, stage_seed

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_answers")]
STEPS = ("--set", "learn.max_steps=1", "--set", "ga.max_steps=2", "--set", "ga.learning_rate=0.05")


@pytest.fixture(scope="module")
def root(tmp_path_factory, short_answers):
    """A folder with a build of two tasks, a model, and the run `src` of stage 1, whose gate fails."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        learned_root(root, patch)
        done = run(root, "plain")
        assert done.status == 0, done.error
        yield root


def run(root: Path, name: str, *more: object):
    words = ["--method", "ga", "--from", "src", "--out", name, "--ignore-gate", *STEPS]
    return lethe("run", "icu", *words, *more, cwd=root)


def finished(root: Path, name: str, *more: object) -> Path:
    """Return the folder of a run that was made with these options, once per folder."""
    if not (root / name).exists():
        done = run(root, name, *more)
        assert done.status == 0, done.error
    return root / name


def answers(stage: Path) -> list:
    return [(row["id"], row["logprob"], row["generated"]) for row in rows_of(stage)]


def same_stage(one: Path, other: Path, stage: str) -> bool:
    return weights_hash(one, stage) == weights_hash(other, stage) and answers(one / stage) == answers(other / stage)


def test_default_stages_are_those_of_the_method_alone(root):
    build, run_options = open_build(root / "icu"), RunOptions.from_record(read_json(root / "plain/run.json"))
    ours = Run(build, run_options, root / "plain", Console())
    model = str(root / "src/learnt")
    for number in (1, 2):
        request, seed = ours.request(number), stage_seed(0, "ga", number)
        processor = ours.encoder.processor
        result = unlearn(Stage("ga", model, processor, request.forget, request.retain, ours.preset, seed=seed))
        saved = load_model(root / f"plain/ga/t00{number}").model.state_dict()
        assert all(torch.equal(value, saved[name]) for name, value in result.model.state_dict().items())
        model = str(root / f"plain/ga/t00{number}")


def test_reset_starts_every_stage_from_the_initial_model(root):
    plain, reset = root / "plain", finished(root, "reset", "--sequence", "reset")
    assert same_stage(plain, reset, "ga/t001")
    assert not same_stage(plain, reset, "ga/t002")
    parent = read_json(reset / "ga/t002/done.json")["proof"]["parent"]
    assert parent == file_hash(reset / "learnt/done.json")
    assert read_json(reset / "run.json")["sequence"] == "reset"
    check_run(reset, hashed=None)
    assert "the initial model" in (reset / "report/report.html").read_text()
    expected = answers(reset / "ga/t002")
    shutil.rmtree(reset / "ga/t002")
    assert run(root, "reset", "--resume").status == 2  # with another sequence
    done = run(root, "reset", "--sequence", "reset", "--resume")
    assert done.status == 0, done.error
    assert answers(reset / "ga/t002") == expected


def test_replay_unlearns_earlier_requests_again(root):
    plain = root / "plain"
    every = finished(root, "every", "--replay", "all", "--sequence", "reset")
    five = finished(root, "five", "--replay", "5")
    for folder in (every, five):
        assert same_stage(plain, folder, "ga/t001")
        assert not same_stage(plain, folder, "ga/t002")
        assert "replayed" not in read_json(folder / "ga/t001/done.json")
    rows = read_json(plain / "ga/t001/done.json")["rows"]
    assert read_json(every / "ga/t002/done.json")["replayed"] == rows
    assert read_json(five / "ga/t002/done.json")["replayed"] == 5
    assert read_json(five / "ga/t002/done.json")["rows"] == read_json(plain / "ga/t002/done.json")["rows"]


def test_adapters_of_requests_add_up_to_merged_weights(root):
    each = finished(root, "each", "--adapter", "request")
    whole = finished(root, "whole", "--adapter", "merged")
    rank = read_json(each / "learnt/adapter_config.json")["r"]
    assert [read_json(each / f"ga/t00{number}/adapter_config.json")["r"] for number in (1, 2)] == [2 * rank, 3 * rank]
    for number in (1, 2):
        stage = f"ga/t00{number}"
        assert not (whole / stage / "adapter_config.json").exists()
        sums, weights = merged(load_model(each / stage).model), load_model(whole / stage).model
        expected = weights.state_dict()
        assert all(torch.allclose(value, expected[name], atol=1e-5) for name, value in sums.state_dict().items())
        for one, other in zip(answers(each / stage), answers(whole / stage), strict=True):
            assert one[1] == pytest.approx(other[1], abs=1e-3)
    assert not same_stage(root / "plain", each, "ga/t001")
    again = lethe("evaluate", "each", cwd=root)
    assert "the same as the run's own numbers" in again.out, again
    expected_answers = answers(each / "ga/t002")
    shutil.rmtree(each / "ga/t002")
    assert run(root, "each", "--adapter", "request", "--resume").status == 0
    assert answers(each / "ga/t002") == expected_answers


def test_two_tasks_at_once_are_one_request(root):
    both = finished(root, "both", "--tasks-per-request", "2", "--retain-rows", "30")
    record, done = read_json(both / "run.json"), read_json(both / "ga/t001/done.json")
    assert (record["tasks"], record["task_order"], record["tasks_per_request"]) == (1, [0], 2)
    assert done["rows"] == sum(read_json(root / f"plain/ga/t00{number}/done.json")["rows"] for number in (1, 2))
    assert done["retain_rows"] == 30
    for stage in ("learnt", "ga/t001", "gold/t001"):
        assert {row["task_id"] for row in rows_of(both / stage)} <= {0, -1}
    assert read_json(both / "ga/summary.json")["T"] == 1
    assert "the same as the run's own numbers" in lethe("evaluate", "both", cwd=root).out
    out = lethe("evaluate", "icu", "--model", "both/ga/t001", "--sample", "4", cwd=root)
    assert out.status == 0, out.error


def test_request_is_withdrawn_before_its_turn(root):
    assert run(root, "less", "--tasks", "1", "--withdraw", "1").status == 0
    assert read_json(root / "less/run.json")["task_order"] == [1]
    shutil.copytree(root / "plain", root / "later")
    for name in ("ga/t002", "gold/t002"):
        shutil.rmtree(root / "later" / name)
    refused = run(root, "later", "--withdraw", "1", "--resume")
    assert "--withdraw 1: later has answered 1 requests (task ids 0), which stay as they are" in refused.line
    done = run(root, "later", "--withdraw", "2", "--resume")
    assert done.status == 0, done.error
    assert read_json(root / "later/run.json")["task_order"] == [0]
    gold = read_json(root / "later/gold/t001/done.json")
    assert gold["rows"] > read_json(root / "plain/gold/t002/done.json")["rows"]


def test_loss_that_is_not_finite_stops_or_keeps_the_model_before(root, monkeypatch):
    honest = Run.request

    def fail(self, stage):
        if stage == 2:
            monkeypatch.setattr("lethebench.runs.divergence.unlearn_task", broken)
        return honest(self, stage)

    def broken(inputs):
        raise FloatingPointError("the loss is nan at step 1")

    monkeypatch.setattr(Run, "request", fail)
    stopped = run(root, "nan")
    assert stopped.status == 2
    assert "the loss is nan at step 1; or pass --on-divergence continue" in stopped.line
    assert not (root / "nan/ga/t002").exists()
    resumed = run(root, "nan", "--resume", "--on-divergence", "continue")
    assert resumed.status == 0, resumed.error
    done = read_json(root / "nan/ga/t002/done.json")
    assert (done["diverged"], done["steps"]) == ("the loss is nan at step 1", 0)
    assert answers(root / "nan/ga/t002") == answers(root / "nan/ga/t001")
    assert "diverged" in read_json(root / "nan/ga/summary.json")["final"]["flags"]


def test_model_that_answers_nothing_stops_where_asked(root, monkeypatch):
    answered = iter([True, False] * 9)  # by the stage's model, by the initial one
    monkeypatch.setattr("lethebench.runs.stage.answers_nothing", lambda *arguments: next(answered))
    stopped = run(root, "nothing", "--on-divergence", "stop")
    assert stopped.status == 1
    assert "ga/t001 diverged: it answers no question" in stopped.line
    assert run(root, "nothing", "--on-divergence", "stop", "--resume").status == 1
    assert not (root / "nothing/ga/t002").exists()
    done = run(root, "nothing", "--on-divergence", "continue", "--resume")
    assert done.status == 0, done.error
    assert "diverged" in read_json(root / "nothing/ga/summary.json")["final"]["flags"]
    assert "that the model before it was kept" in (root / "nothing/report/report.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sequence", "restart"), "--sequence restart: unknown; pass one of continue, reset"),
        (("--adapter", "own"), "--adapter own: unknown; pass one of shared, request, merged"),
        (("--on-divergence", "wait"), "--on-divergence wait: unknown; pass one of stop, continue"),
        (("--replay", "-1"), "--replay -1: pass none, all, or the number of rows"),
        (("--method", "lumoe", "--replay", "all"), "--replay all: lumoe keeps an adapter for each task by itself"),
        (("--method", "rmu", "--model", "base", "--adapter", "request"), "--adapter request: rmu trains no adapter"),
        (("--model", "tiny", "--adapter", "merged"), "--adapter merged: the model is trained without LoRA"),
        (("--checkpoints", "1=base", "--name", "x", "--replay", "all"), "--replay: checkpoints are trained elsewhere"),
    ],
    ids=" ".join,
)
def test_what_does_not_fit_is_refused_before_work(root, words, message):
    done = lethe("run", "icu", "--out", "refused", *words, cwd=root)
    assert done.status == 2
    assert message in done.line
    assert not (root / "refused").exists()
