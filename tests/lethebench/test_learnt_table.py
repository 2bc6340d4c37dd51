"""Experiments on several builds: what initial models know, the table, and whether published observations hold."""

import json
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from sealed_run import reseal
from synthetic_run import change_rows, summarize, write_run

from lethebench.grid.plan import read_grid
from lethebench.report.load import load_run
from lethebench.reproduce import command
from lethebench.reproduce.cells import NEW, OUTSIDE, SAME, compare
from lethebench.reproduce.experiments import Experiment, Point, experiments
from lethebench.reproduce.learnt import EXPOSURE, SETS, learnt_cells, learnt_sections, observations, spread, visits
from lethebench.runs.folder import HELD_OUT, ROWS
from lethebench.runs.progress import LOG

FIGURES = 3 * len(SETS) + 1


def point(questions, pictures):
    """Return a point of remem."""
    return Point(f"{questions}-{pictures}", {"qa": questions, "views": pictures}, {})


def experiment(tmp_path, *points):
    return Experiment("mine", tmp_path / "mine.yaml", "s", "cpu", {"name": "remem"}, {"seed": [0]}, {}, points)


@pytest.fixture
def run(tmp_path):
    """Return a run whose model answers all questions of training, and a half and a quarter of the held-out ones."""
    folder = write_run(tmp_path / "run", methods=(), tasks=1, per_task=1, retain=7)
    change_rows(folder / "learnt", lambda row: row.update(exposure=4.0, keyword_match=1.0))
    order = iter(range(100))

    def held_out(row):
        number = next(order)
        row.update(hops=1 + number % 2, keyword_match=float(number % 4 == 0 or number % 8 == 1))

    change_rows(folder / "learnt", held_out, HELD_OUT)
    reseal(folder)
    summarize(folder)
    return load_run(folder)


def test_cells_are_means_over_trained_and_held_out_rows_by_hops(run):
    cells = learnt_cells([("a", run)])["a"]
    assert len(cells) == FIGURES
    assert {name: cells[f"{name}_keyword_match"] for name in SETS} == {
        "trained": {0: 1.0},
        "new_one_hop": {0: 0.5},
        "new_two_hops": {0: 0.25},
    }
    assert cells[EXPOSURE] == {0: 4.0}
    rows = pq.read_table(run.path / "learnt" / ROWS, columns=["exact_match"])["exact_match"].to_pylist()
    assert cells["trained_exact_match"][0] == pytest.approx(sum(rows) / len(rows))


def test_rows_of_neighbours_do_not_count(run):
    change_rows(run.path / "learnt", lambda row: row.update(role="neighbour") if row["task_id"] < 0 else None)
    change_rows(run.path / "learnt", lambda row: row.update(exposure=4.0 if row["task_id"] == 0 else 0.0))
    assert learnt_cells([("a", run)])["a"][EXPOSURE] == {0: 4.0}


def test_page_has_a_row_per_build_with_mean_and_range(run, tmp_path):
    points = [point(1, 1), point(5, 1)]
    cells = learnt_cells([(one.name, run) for one in points])
    cells["5-1"]["new_one_hop_keyword_match"] = {0: 0.5, 1: 0.9}
    assert visits(run) == "–"
    with (run.path / "learnt" / LOG).open("a") as log:
        log.write('{"step": 160, "epoch": 20.0}\n')
    text = learnt_sections(experiment(tmp_path, *points), cells, [(one.name, run) for one in points])[0]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert lines[0][:2] == ["Training questions per person", "Training pictures per person"]
    assert [line[:6] for line in lines[2:]] == [
        ["1", "1", "24", "48", "216", "20"],
        ["5", "1", "24", "48", "216", "20"],
    ]
    assert "0.70 (0.50 to 0.90)" in lines[3]


def test_observations_compare_points_that_ask_for_the_same_facts(tmp_path):
    points = [point(1, 1), point(20, 1), point(100, 1), point(100, 100)]
    one = {"1-1": 0.9, "20-1": 0.2, "100-1": 0.6, "100-100": 0.8}
    two = {"1-1": 0.9, "20-1": 0.1, "100-1": 0.3, "100-100": 0.3}
    cells = {
        name: {
            "new_one_hop_keyword_match": dict.fromkeys((0, 1), one[name]),
            "new_two_hops_keyword_match": dict.fromkeys((0, 1), two[name]),
        }
        for name in one
    }
    facts = {"1-1": 8, "20-1": 112, "100-1": 112, "100-100": 112}
    rows = observations(experiment(tmp_path, *points), cells, facts).rows
    assert [row[1].text for row in rows] == ["100-1 against 20-1", "100-100 against 100-1", "100-100"]
    assert [row[2].stat.value for row in rows] == pytest.approx([0.4, 0.0, 0.5])
    assert [row[3].text for row in rows] == ["holds", "no difference", "holds"]
    assert not observations(experiment(tmp_path, Point("a", {"qa": 1}, {})), cells, facts).rows
    (row,) = observations(experiment(tmp_path, point(100, 1)), cells, facts).rows
    assert row[2].stat.value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.25, 0.75, None], (0.5, 0.25, 0.75)), ([1.0, 1.0], (1.0, None, None)), ([None], (None, None, None))],
)
def test_spread_is_mean_lowest_and_highest(values, expected):
    one = spread(values)
    assert (one.value, one.low, one.high) == expected


@pytest.mark.parametrize(
    "entry", [one for one in experiments().values() if one.points], ids=lambda experiment: experiment.name
)
def test_points_of_an_experiment_are_valid_grids_of_one_run_a_seed(entry, tmp_path):
    for one in entry.points:
        path = tmp_path / f"{one.name}.json"
        keys = {**entry.grid, "set": {**entry.grid.get("set", {}), **one.settings}, "data": "x", "out": "y"}
        path.write_text(json.dumps(keys))
        cells = [cell for cell in read_grid(path).cells if cell.source is None]
        assert [cell.options.seed for cell in cells] == entry.seeds
        assert all(cell.options.command_line()[1] == "learn" for cell in cells)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"builds": {}}, "must be a list"),
        ({"builds": [{"qa": 1}]}, "must be a mapping with options"),
        ({"builds": [{"options": {}}]}, "must be a mapping with options"),
        ({"builds": [{"options": {"qa": 1}, "sets": {}}]}, "did you mean 'set'"),
        ({"builds": [{"options": {"qa": 1}}, {"options": {"qa": 1}}]}, "qa-1 is given twice"),
        ({"builds": []}, "need each other"),
        ({"grid": {"method": "ga"}}, "need each other"),
        ({"attacks": {"budget": "small"}}, "attacks need a method"),
    ],
)
def test_bad_builds_are_refused_in_one_line(changes, words, tmp_path):
    content = {"summary": "s", "hardware": "cpu", "build": {"name": "remem"}, "grid": {"method": "none"}}
    content |= {"builds": [{"options": {"qa": 1}}]}
    (tmp_path / "x.yaml").write_text(json.dumps({**content, **changes}))
    result = lethe("reproduce", "x.yaml", cwd=tmp_path)
    assert (result.status, result.out) == (2, "")
    assert result.error.count("\n") == 1
    assert words in result.error


def test_builds_are_trained_on_continued_recorded_and_compared(tmp_path, monkeypatch):
    """Stubs stand for building, training and reading the build."""
    built, trained = [], []

    def write_build(name, folder, *, options, progress, **others):
        built.append((name, options))
        write_run(tmp_path / f"of-{folder.name}", methods=(), tasks=1, per_task=1, retain=3, data=folder)

    def learn(options, *, resume):
        if not options.out.exists():
            trained.append((options.out.parent.name, options.seed, options.settings))
            options.out.parent.mkdir(parents=True, exist_ok=True)
            write_run(options.out, methods=(), tasks=1, per_task=1, retain=3, seed=options.seed, data=options.data)

    monkeypatch.setattr(command, "write_build", write_build)
    monkeypatch.setattr(command, "learn_command", learn)
    monkeypatch.setattr(command, "questions_of_build", lambda folder: {"rows": folder.name})
    monkeypatch.setattr(command, "read_manifest", lambda folder: SimpleNamespace(benchmark="remem", version="2.0.0"))
    content = {
        "summary": "Two builds.",
        "hardware": "cpu",
        "build": {"name": "remem", "options": {"pixels": 112}},
        "grid": {"method": "none", "seed": [0, 1], "threshold": 0},
        "builds": [
            {"options": {"qa": 1, "views": 1}, "set": {"learn": {"max_steps": 2}}},
            {"options": {"qa": 5, "views": 1}},
        ],
    }
    (tmp_path / "mine.yaml").write_text(json.dumps(content))
    arguments = ("reproduce", "mine.yaml", "--out", "out", "--json")
    first = lethe(*arguments, "--seeds", "1", cwd=tmp_path)
    assert first.status == 0, first.error
    assert json.loads(first.out)["counts"] == {SAME: 0, OUTSIDE: 0, NEW: 2 * FIGURES}
    assert built == [("remem", {"pixels": 112, "qa": questions, "views": 1}) for questions in (1, 5)]
    assert lethe(*arguments, "--record", cwd=tmp_path).status == 0
    names = ("qa-1-views-1", "qa-5-views-1")
    assert sorted(one[:2] for one in trained) == [(name, seed) for name in names for seed in (0, 1)]
    assert [one[2] for one in trained if one[0] == names[0]] == [{"learn": {"max_steps": 2}}] * 2
    assert len(built) == 2
    recorded = json.loads((tmp_path / "mine.json").read_text())
    assert {*recorded["cells"]} == {*recorded["data"]["questions"]} == {*names}
    assert "## What was memorized" in (tmp_path / "mine.md").read_text()
    again = lethe(*arguments, cwd=tmp_path)
    assert json.loads(again.out)["counts"] == {SAME: 2 * FIGURES, OUTSIDE: 0, NEW: 0}
    recorded["cells"][names[1]]["new_one_hop_keyword_match"] = {"0": 0.1, "1": 0.1}
    (tmp_path / "mine.json").write_text(json.dumps(recorded))
    assert lethe(*arguments, cwd=tmp_path).status == 1


def test_tolerance_of_trained_exposure_is_in_bits():
    cells = {"a": {EXPOSURE: {0: 4.0}}}
    assert compare(cells, {"a": {EXPOSURE: {0: 4.1}}}, [0])[0].verdict == SAME
    assert compare(cells, {"a": {EXPOSURE: {0: 4.3}}}, [0])[0].verdict == OUTSIDE
