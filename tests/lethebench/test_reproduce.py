"""`lethe reproduce`: its experiments are valid, its tolerance and verdicts are right, and it continues and compares."""

import json
import math
import subprocess
import sys
from statistics import fmean

import pytest
from attack_summary import attacked
from command_line import lethe
from synthetic_run import write_run
from tiny_models import save_llava

from lethebench.builders.registry import BENCHMARKS
from lethebench.cli.listing import catalog
from lethebench.grid.plan import read_grid
from lethebench.report.load import load_run
from lethebench.reproduce.cells import NAMES, NEW, OUTSIDE, SAME, WORST, cells_of, compare, read_expected, tolerance
from lethebench.reproduce.experiments import experiments

EXPECTED = {"npo": {"score": {0: 0.5, 1: 0.7}}, "ga": {"score": {0: 0.2, 1: 0.2}}}


@pytest.mark.parametrize("experiment", experiments().values(), ids=lambda experiment: experiment.name)
def test_experiment_is_a_valid_grid_of_a_known_benchmark(experiment, tmp_path):
    assert experiment.build["name"] in BENCHMARKS
    path = tmp_path / "grid.json"
    path.write_text(json.dumps({**experiment.grid, "data": "x", "out": "y"}))
    assert len(read_grid(path).cells) > len(experiment.seeds)
    _, cells = read_expected(experiment.expected)
    assert all(set(values) == set(experiment.seeds) for figures in cells.values() for values in figures.values())
    assert experiment.name in [row["name"] for row in catalog("experiments")["experiments"]]


def test_tolerance_is_two_standard_errors_of_a_difference():
    # Variances .02 and 0, .01 on average.
    assert tolerance(EXPECTED, "score", 2) == pytest.approx(2 * math.sqrt(0.01 + 0.01) / math.sqrt(2))
    assert tolerance({"ga": {"score": {0: 0.2, 1: 0.2}}}, "score", 2) == 0.02
    assert tolerance({}, "exposure", 2) == 0.2


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({0: 0.6, 1: 0.6}, SAME),
        ({0: 0.79, 1: 0.79}, SAME),
        ({0: 0.81, 1: 0.81}, OUTSIDE),
        ({0: 0.6, 1: None}, OUTSIDE),
    ],
)
def test_verdict_of_a_cell(values, verdict):
    (cell,) = compare(EXPECTED, {"npo": {"score": values}}, [0, 1])
    assert cell.verdict == verdict
    assert cell.expected == pytest.approx(0.6)


def test_cell_without_an_expected_value_is_neither_right_nor_wrong():
    assert compare({}, {"npo": {"score": {0: 0.1}}}, [0])[0].verdict == NEW
    assert compare(EXPECTED, {"npo": {"score": {0: 0.5, 2: 0.5}}}, [0, 2])[0].verdict == NEW


@pytest.mark.parametrize("is_attacked", [True, False])
def test_worst_case_is_a_cell_where_the_experiment_attacks(tmp_path, is_attacked):
    run = write_run(tmp_path / "demo", gold_seeds=2)
    attacked(run)
    cells = cells_of([("both", load_run(run))], attacked=is_attacked)
    assert cells["both/ga"].get(WORST) == ({0: 0.5} if is_attacked else None)
    assert all(verdict.verdict == SAME for verdict in compare(cells, cells, [0]))


def test_figure_that_is_never_measured_is_as_expected():
    assert compare({"ga": {"score": {0: None}}}, {"ga": {"score": {0: None}}}, [0])[0].verdict == SAME


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("icu-tyni", None, "icu-tiny"),
        ("x.yaml", None, "No such file"),
        ("x.yaml", {"summary": "s", "hardware": "cpu", "build": {"name": "icu"}}, "grid is missing"),
        ("x.yaml", {"summary": "s", "hardware": "tpu", "build": {"name": "icu"}, "grid": {}}, "tpu"),
        ("x.yaml", {"summary": "s", "hardware": "cpu", "build": {"name": "icu"}, "grid": {"out": "o"}}, "out is set"),
        ("x.yaml", {"summary": "s", "hardware": "cpu", "build": {"name": "icu"}, "grid": {"seed": [0]}}, "--seeds 2"),
        *(
            ("x.yaml", {"summary": "s", "hardware": "cpu", "build": {"name": "icu"}, "grid": {}, "attacks": one}, words)
            for one, words in (
                ([], "must be a mapping"),
                ({"budget": "huge"}, "huge"),
                ({"names": ["round"]}, "budget"),
                ({"budget": "small", "names": "round"}, "must be a list"),
                ({"budget": "small", "names": ["relern"]}, "did you mean 'relearn'"),
                ({"budgets": "small"}, "budgets"),
            )
        ),
        *(
            ("x.yaml", {"summary": "s", "hardware": "cpu", "build": {"name": "icu"}, "grid": {}, "tune": one}, words)
            for one, words in ((-1, "tune is -1"), (True, "tune is true"), ("all", "give a number of trials"))
        ),
    ],
)
def test_bad_experiment_is_refused_in_one_line(name, content, words, tmp_path):
    if content is not None:
        (tmp_path / name).write_text(json.dumps(content))
    result = lethe("reproduce", name, "--seeds", "2", cwd=tmp_path)
    assert (result.status, result.out) == (2, "")
    assert result.error.count("\n") == 1
    assert words in result.error


@pytest.mark.slow
def test_experiment_is_recorded_continued_and_compared(tmp_path):
    steps = {"max_steps": 1, "per_device_train_batch_size": 4}
    content = {
        "summary": "One method.",
        "hardware": "cpu",
        "build": {"name": "icu", "size": 8, "options": {"task_size": 2}},
        "grid": {
            "model": str(save_llava(tmp_path / "base")),
            "method": "npo",
            "seed": [0, 1],
            "tasks": 1,
            "ignore-gate": True,
            "set": {"learn": steps, "npo": steps},
        },
    }
    (tmp_path / "mine.yaml").write_text(json.dumps(content))
    command = ("reproduce", "mine.yaml", "--out", "out", "--json")
    first = lethe(*command, "--seeds", "1", cwd=tmp_path)
    assert first.status == 0, first.error
    assert json.loads(first.out)["counts"] == {SAME: 0, OUTSIDE: 0, NEW: len(NAMES)}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/runs").rglob("done.json")}
    assert lethe(*command, "--record", cwd=tmp_path).status == 0
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    recorded = json.loads((tmp_path / "mine.json").read_text())
    page = (tmp_path / "mine.md").read_text()
    means = [fmean(values.values()) for values in recorded["cells"]["npo"].values() if None not in values.values()]
    assert means
    assert all(f"| {mean:.3f} (± ".replace("-", "−") in page for mean in means)
    (tmp_path / "other.yaml").write_text(json.dumps(content))  # the same runs, under another name
    shared = lethe("reproduce", "other.yaml", *command[2:], "--seeds", "1", cwd=tmp_path)
    assert shared.status == 0, shared.error
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    again = lethe(*command, cwd=tmp_path)
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "out").glob("results*.json")}
    assert {name: one["experiment"] for name, one in written.items()} == {
        "results-mine.json": "mine",
        "results-other.json": "other",
    }
    assert json.loads(again.out)["counts"] == {SAME: len(NAMES), OUTSIDE: 0, NEW: 0}
    recorded = json.loads((tmp_path / "mine.json").read_text())
    recorded["cells"]["npo"]["in_sample_utility"] = {"0": 0.999, "1": 0.999}
    (tmp_path / "mine.json").write_text(json.dumps(recorded))
    result = lethe("reproduce", "mine.yaml", "--out", "out", cwd=tmp_path)
    assert result.status == 1
    assert "1 outside" in result.out
    recorded["data"]["questions"]["rows"] = "0" * 64
    (tmp_path / "mine.json").write_text(json.dumps(recorded))
    result = lethe("reproduce", "mine.yaml", "--out", "out", cwd=tmp_path)
    assert result.status == 2
    assert "with other questions" in result.error


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_settings_are_searched_once_recorded_and_used_again(tmp_path):
    steps = {"max_steps": 1, "per_device_train_batch_size": 4}
    content = {
        "summary": "Two methods, tuned.",
        "hardware": "cpu",
        "build": {"name": "icu", "size": 8},
        "grid": {
            "method": ["npo", "prompt"],
            "seed": [0],
            "tasks": 1,
            "set": {"npo": {**steps, "beta": 0.3}},
        },
        "tune": 2,
    }
    (tmp_path / "mine.yaml").write_text(json.dumps(content))
    # In processes of their own, since the tests here draw fewer resamples than the runs of an experiment.
    command = [sys.executable, "-m", "lethebench", "reproduce", "mine.yaml"]
    subprocess.run([*command, "--out", "out", "--record"], cwd=tmp_path, check=True)
    expected = json.loads((tmp_path / "mine.json").read_text())
    assert list(expected["tuned"]) == ["npo"]  # a prompt has nothing to search
    tuned = expected["tuned"]["npo"]
    assert tuned["trials"] == 2
    assert tuned["settings"] == json.loads((tmp_path / "out/tuned/npo/tuned.json").read_text())["settings"]
    used = json.loads((tmp_path / "out/runs/npo-s0/run.json").read_text())["settings"]["npo"]
    assert used == {**steps, "beta": 0.3, **tuned["settings"]}
    assert f"learning_rate {tuned['settings']['learning_rate']:.3g}" in (tmp_path / "mine.md").read_text()
    tuned["settings"]["learning_rate"] = 0.00123
    (tmp_path / "mine.json").write_text(json.dumps(expected))
    again = subprocess.run([*command, "--out", "other"], cwd=tmp_path)
    assert again.returncode in (0, 1)
    assert not (tmp_path / "other/tuned").exists()
    used = json.loads((tmp_path / "other/runs/npo-s0/run.json").read_text())["settings"]["npo"]
    assert used["learning_rate"] == 0.00123
