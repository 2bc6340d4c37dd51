"""`lethe attack`: results per attack and model, what is resumed and taken over, and what is left out."""

import json
import shutil
import sys
import types

import pyarrow.parquet as pq
import pytest
from attacked_run import attacked_run, marked_scores
from command_line import lethe

from lethebench.attacks.context import Attempt, NotApplicable
from lethebench.attacks.registry import ATTACKS, NEEDS


class Half:
    """Get half of what the model answers."""

    seen: list = []  # noqa: RUF012
    stop_at: int | None = None

    def run(self, loaded, rows, context):
        """Yield half of the knowledge."""
        if len(self.seen) == self.stop_at:
            raise KeyboardInterrupt
        self.seen.append(context.stage)
        scores = context.score(loaded, rows, "none")
        yield Attempt("", [{"id": row["id"], "knowledge": row["keyword_match"] / 2} for row in scores], 3)


class Impossible:
    """Never possible."""

    def run(self, loaded, rows, context):
        """Raise."""
        raise NotApplicable("the moon is missing")


class Needy:
    """Needs another language."""

    needs = ("holdout", "test rows")

    def run(self, loaded, rows, context):
        """Yield the rows."""
        yield Attempt("", context.score(loaded, rows, "none"))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    root = tmp_path_factory.mktemp("attacked")
    return attacked_run(root)


@pytest.fixture
def run(template, tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    module = types.ModuleType("own_attacks")
    module.Half, module.Impossible, module.Needy = Half, Impossible, Needy
    monkeypatch.setitem(sys.modules, "own_attacks", module)
    monkeypatch.setattr(Half, "seen", [])
    return shutil.copytree(template, tmp_path / "run")


def summary_of(run) -> dict:
    return json.loads((run / "attacks/summary.json").read_text())


def files_of(run) -> dict:
    return {
        str(path.relative_to(run)): pq.read_table(path).to_pylist() for path in (run / "attacks").rglob("rows.parquet")
    }


def test_initial_model_has_one_and_gold_zero(run):
    done = lethe("attack", run, "--attacks", "own_attacks:Half")
    assert done.status == 0, done.error
    stage = summary_of(run)["stages"]["2"]
    assert stage["models"]["learnt"]["worst_case_recovery"] == 1.0
    assert stage["models"]["gold"]["worst_case_recovery"] <= 0.0
    assert stage["gold_spread"] == pytest.approx(0.125, abs=0.05)
    worst = stage["models"]["ga"]
    assert worst["worst_attack"] == "none"
    assert 0.1 < worst["worst_case_recovery"] < 0.3
    assert worst["recovery"]["own_attacks.Half: 3"] < worst["worst_case_recovery"]
    assert stage["golds"] == ["gold", "gold-2"]
    assert "ga: recovered by none" in done.out


def test_result_says_what_it_was_made_from(run):
    lethe("attack", run, "--attacks", "own_attacks:Half")
    result = json.loads((run / "attacks/own_attacks.Half/ga/t002/result.json").read_text())
    key = result["key"]
    assert (key["seed"], key["budget"]["name"], key["stage"]) == (0, "small", 2)
    assert len(key["model_sha256"]) == 64
    rows = files_of(run)["attacks/none/ga/t002/rows.parquet"]
    assert len(rows) <= 48
    assert len({(row["profile_id"], row["attribute"]) for row in rows}) == len(rows)


def test_stopped_command_continues_to_the_same_rows(run, monkeypatch, tmp_path):
    models = 2
    whole = shutil.copytree(run, tmp_path / "whole")
    assert lethe("attack", whole, "--attacks", "own_attacks:Half").status == 0
    Half.seen.clear()
    monkeypatch.setattr(Half, "stop_at", models)
    assert lethe("attack", run, "--attacks", "own_attacks:Half").status == 130
    assert not (run / "attacks/summary.json").exists()
    monkeypatch.setattr(Half, "stop_at", None)
    Half.seen.clear()
    assert lethe("attack", run, "--attacks", "own_attacks:Half").status == 0
    assert len(Half.seen) == 4 - models
    assert files_of(run) == files_of(whole)
    assert summary_of(run) == summary_of(whole)


def test_results_of_changed_weights_are_made_again(run):
    lethe("attack", run, "--attacks", "own_attacks:Half")
    Half.seen.clear()
    lethe("attack", run, "--attacks", "own_attacks:Half")
    assert Half.seen == []
    path = run / "attacks/own_attacks.Half/ga/t002/result.json"
    result = json.loads(path.read_text())
    result["key"]["model_sha256"] = "0" * 64
    path.write_text(json.dumps(result))
    lethe("attack", run, "--attacks", "own_attacks:Half")
    assert Half.seen == [2]


def test_results_on_equal_models_are_taken_over(run, tmp_path):
    lethe("attack", run, "--attacks", "own_attacks:Half")
    other = shutil.copytree(run, tmp_path / "other")
    shutil.rmtree(other / "attacks")
    Half.seen.clear()
    assert lethe("attack", other, "--attacks", "own_attacks:Half", "--from", run).status == 0
    assert Half.seen == []
    assert files_of(other) == files_of(run)


def test_impossible_attack_is_named_and_not_zero(run):
    done = lethe("attack", run, "--attacks", "own_attacks:Impossible")
    assert "left out: own_attacks.Impossible on ga: the moon is missing" in done.error
    stage = summary_of(run)["stages"]["2"]
    assert {"attack": "own_attacks.Impossible", "model": "ga", "reason": "the moon is missing"} in stage["left_out"]
    assert list(stage["models"]["ga"]["recovery"]) == ["none"]


def test_attack_without_its_rows_is_named_and_not_zero(run, monkeypatch):
    monkeypatch.setattr("lethebench.runs.build.Build.held_out", None)
    done = lethe("attack", run, "--attacks", "own_attacks:Needy")
    assert f"{NEEDS['test rows']}" in done.error
    assert list(summary_of(run)["stages"]["2"]["models"]["ga"]["recovery"]) == ["none"]


@pytest.mark.parametrize("checkpoint", [True, False])
def test_model_without_weights_is_left_out(run, checkpoint, monkeypatch):
    if checkpoint:
        from lethebench.attacks import models

        honest = models.read_done
        api = {"checkpoint": "openai:m"}
        monkeypatch.setattr(
            models, "read_done", lambda run, stage: honest(run, stage) | (api if stage.startswith("ga") else {})
        )
    else:
        (run / "ga/t002/model.safetensors").unlink()
    done = lethe("attack", run, "--attacks", "none")
    reason = "behind an API" if checkpoint else "were removed"
    assert f"none on ga: {'a model ' if checkpoint else 'its weights '}{reason}" in done.error
    assert "ga" not in summary_of(run)["stages"]["2"]["models"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--attacks", "relern"], "unknown attack 'relern'; did you mean 'relearn'?"),
        (["--attacks", "json:JSONDecoder"], "is not an attack"),
        (["--attacks", "no_module:Attack"], "no_module cannot be imported"),
        (["--budget", "huge"], "--budget huge: unknown; pass small or paper"),
        (["--stage", "3"], "has 2 tasks; pass 1 to 2, last or all"),
        (["--stage", "first"], "has 2 tasks; pass 1 to 2, last or all"),
        (["--stage", "1"], "no gold model after task 1"),
        (["--from", "nowhere"], "nowhere is not a run"),
    ],
)
def test_bad_input_is_one_line(template, words, line, tmp_path):
    done = lethe("attack", template, *words, cwd=tmp_path)
    assert done.status == 2
    assert line in done.line


def test_folder_that_is_no_run_is_one_line(tmp_path):
    assert "is not a run" in lethe("attack", tmp_path).line


def test_all_stages_are_those_with_gold(run):
    assert lethe("attack", run, "--stage", "all", "--attacks", "none").status == 0
    assert list(summary_of(run)["stages"]) == ["2"]


@pytest.mark.parametrize("name", ATTACKS)
def test_registry_row(name):
    entry = ATTACKS[name]
    assert set(entry.needs) <= set(NEEDS)
    assert callable(entry.load().run)
    assert name in lethe("list", "attacks", "--json").out
