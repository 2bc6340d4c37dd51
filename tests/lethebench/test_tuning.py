"""`lethe tune`, settings of a user's own and `--modality`: the search where the best is known, and real stages."""

import csv
import math
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest
from command_line import lethe
from initial_run import initial_run, rows_of
from sealed_run import reseal
from small_build import real_build

from lethebench.baselines import METHODS, method_entry
from lethebench.baselines.loading import Loaded, load_model, save_model
from lethebench.baselines.methods.prompt import with_system_prompt
from lethebench.baselines.presets import PRESETS, Preset
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.runs.build import open_build
from lethebench.runs.checks import check_options
from lethebench.runs.continual import start
from lethebench.runs.folder import is_done, read_json, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.settings import read_settings
from lethebench.runs.stage import Run
from lethebench.scoring import rescore as eval_run
from lethebench.tuning import search
from lethebench.tuning import validation as validation_rows
from lethebench.tuning.command import TuneOptions, tune_command
from lethebench.tuning.search import SPAN, Trial, best, read_trials, starts, write_trials
from lethebench.tuning.validation import validation

pytestmark = pytest.mark.usefixtures("short_answers")
START = {"learning_rate": 1e-4, "retain_weight": 1.0}
BEST_RATE = 4e-4


def hill(number, settings):
    """Most is forgotten at a learning rate of 4e-4; utility falls with the rate and is held by the retain weight."""
    distance = math.log10(settings["learning_rate"] / BEST_RATE)
    strain = settings["learning_rate"] / 4e-4 / settings["retain_weight"]
    return math.exp(-3 * distance**2), 1 / (1 + 0.2 * strain)


def run_search(evaluate=hill, *, budget=20, seed=0, **options):
    return search.search(START, evaluate, budget=budget, utility=0.9, seed=seed, **options)


def test_search_keeps_to_budget_and_ranges():
    trials = run_search()
    assert [trial.number for trial in trials] == list(range(20))
    assert trials[0].settings == START
    for trial in trials:
        for name, middle in START.items():
            assert middle / SPAN <= trial.settings[name] <= middle * SPAN


def test_choice_forgets_most_at_required_utility():
    trials = run_search(budget=30)
    chosen = best(trials, 0.9)
    assert chosen.utility >= 0.9
    assert chosen.forget == max(trial.forget for trial in trials if trial.utility >= 0.9)
    assert chosen.forget > trials[0].forget
    assert chosen.forget > 0.9
    assert any(trial.utility < 0.9 for trial in trials)  # the bound cut something off


def test_later_trials_use_earlier_ones():
    """Their mean value is higher than that of the trials drawn at random: the sampler is told what was found."""
    gains = []
    for seed in range(3):
        values = [trial.value(0.9) for trial in run_search(budget=30, seed=seed)]
        gains.append(sum(values[-10:]) / 10 - sum(values[1:5]) / 4)
    assert min(gains) > 0.1


def test_trials_depend_on_the_seed():
    settings = [[trial.settings for trial in run_search(budget=8, seed=seed)] for seed in (1, 1, 2)]
    assert settings[0] == settings[1]
    assert settings[0][1:] != settings[2][1:]


def test_resumed_search_equals_uninterrupted(tmp_path):
    whole = run_search(budget=12)
    path = tmp_path / "trials.csv"
    stopped = run_search(budget=7, keep=lambda trials: write_trials(path, trials))
    assert read_trials(path) == stopped
    resumed = run_search(budget=12, done=read_trials(path))
    assert [(t.settings, t.forget, t.utility) for t in resumed] == [(t.settings, t.forget, t.utility) for t in whole]


def test_failed_trials_count_and_are_never_chosen(tmp_path):
    def breaks(number, settings):
        if settings["learning_rate"] > 2e-4:
            raise FloatingPointError("the loss is nan\nat step 3")
        return hill(number, settings)

    path = tmp_path / "trials.csv"
    trials = run_search(breaks, keep=lambda found: write_trials(path, found))
    failed = [trial for trial in trials if trial.state == "failed"]
    assert len(trials) == 20
    assert failed
    assert all(trial.reason == "the loss is nan at step 3" and trial.forget is None for trial in failed)
    assert best(trials, 0.9).state == "complete"
    with path.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["number", *START, "forget", "utility", "seconds", "state", "reason"]
    assert [row["forget"] == "" for row in table] == [trial.state == "failed" for trial in trials]
    assert not any(cell == "nan" for row in table for cell in row.values())


def test_user_error_ends_the_search():
    def refuses(number, settings):
        raise UserError("no LoRA")

    with pytest.raises(UserError, match="no LoRA"):
        run_search(refuses)

    def breaks(number, settings):
        raise FloatingPointError("step 1")

    with pytest.raises(UserError, match="all 3 trials failed; the first: step 1"):
        best(run_search(breaks, budget=3), 0.9)


def test_value_puts_utility_first():
    def trial(forget, utility, state="complete"):
        return Trial(0, START, forget, utility, 1.0, state)

    order = [trial(None, None, "failed"), trial(1.0, 0.1), trial(0.2, 0.89), trial(0.0, 0.9), trial(0.5, 0.95)]
    values = [one.value(0.9) for one in order]
    assert values == sorted(values)
    assert len(set(values)) == len(values)
    assert best([trial(0.5, 0.92), trial(0.5, 0.97)], 0.9).utility == 0.97
    assert best([trial(1.0, 0.2), trial(0.1, 0.6)], 0.9).utility == 0.6


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_methods_that_train_have_settings_to_search(preset: Preset):
    for method in (name for name, entry in METHODS.items() if entry.trains):
        config = method_entry(method).load().config_class
        found = starts(method, preset)
        assert found.keys() <= {field.name for field in fields(config)}
        arguments = preset.method_arguments(method)
        assert found["learning_rate"] == arguments["learning_rate"]
        assert all(value > 0 for value in found.values())
        drops = arguments.get("retain_loss", getattr(config, "retain_loss", "ce")) == "none"
        assert ("retain_weight" in found) == (method != "ga" and not drops)
    assert "beta" in starts("npo", preset)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory) -> Path:
    return initial_run(tmp_path_factory.mktemp("root"))


@pytest.fixture
def options(learnt, tmp_path, monkeypatch) -> TuneOptions:
    monkeypatch.setattr(validation_rows, "MOST_ROWS", 6)
    data = learnt.parent / "icu"
    return TuneOptions(method="idk", data=data, budget=2, run=learnt, preset=None, out=tmp_path / "tuned")


def opened(learnt) -> Run:
    data = learnt.parent / "icu"
    return Run(
        open_build(data), RunOptions(data=data, out=learnt, model=str(learnt.parent / "base")), learnt, Console()
    )


def test_validation_request_holds_retain_profiles_only(learnt):
    run = opened(learnt)
    rows = validation(run, 0)
    asked, kept = set(rows.asked["profile_id"]), set(rows.kept["profile_id"])
    assert len(asked) == len(set(run.task(1)["profile_id"])) == 2
    assert asked | kept <= set(run.build.retain["profile_id"])
    assert not asked & kept
    assert not asked & set(rows.retain["profile_id"])
    assert set(run.build.forget["profile_id"]) < set(rows.retain["profile_id"])
    assert set(rows.forget["task_id"]) == {0}
    assert sorted(rows.forget["id"]) == sorted(rows.asked["id"])
    fixed = Run(run.build, replace(run.options, retain="fixed"), learnt, Console())
    assert set(validation(fixed, 0).retain["profile_id"]) == kept
    assert any(set(validation(run, seed).asked["profile_id"]) != asked for seed in range(1, 6))


def test_tune_tries_real_stages_and_resumes(options, learnt):
    before = sorted((path, path.stat().st_mtime_ns) for path in learnt.rglob("*") if path.is_file())
    tuned, text = tune_command(options, resume=False)
    trials = read_trials(options.out / "trials.csv")
    assert tuned == read_json(options.out / "tuned.json")
    assert [trial.state for trial in trials] == ["complete", "complete"]
    preset = opened(learnt).preset
    assert trials[0].settings["learning_rate"] == preset.method_arguments("idk")["learning_rate"]
    assert tuned["settings"] == dict(best(trials, 0.9).settings)
    assert tuned["rows"]["asked"] <= 6
    assert "retain_weight" in text
    assert read_settings([options.out / "tuned.json"], None, ("idk",)) == {"idk": tuned["settings"]}
    # the run that was tuned on is left as it was
    assert before == sorted((path, path.stat().st_mtime_ns) for path in learnt.rglob("*") if path.is_file())

    with pytest.raises(UserError, match="--resume"):
        tune_command(options, resume=False)
    with pytest.raises(UserError, match=r"tuned with utility=0\.9, got utility=0\.5"):
        tune_command(replace(options, utility=0.5), resume=True)
    with pytest.raises(UserError, match="tuned with settings="):
        tune_command(replace(options, settings={"idk": {"modality": "text"}}), resume=True)
    tune_command(replace(options, budget=3), resume=True)
    more = read_trials(options.out / "trials.csv")
    assert more[:2] == trials
    assert len(more) == 3


def test_damaged_initial_model_of_a_tuning_is_repaired(options, learnt, monkeypatch):
    own = replace(options, run=None, model=str(learnt.parent / "base"), budget=1, method="ga")
    shutil.copytree(learnt, own.out / "run")

    def retrain(run, folder, record, title):
        shutil.copytree(learnt / "learnt", folder, dirs_exist_ok=True)
        (folder / "done.json").unlink()
        record |= {"steps": 1, "seconds": 2.0, "parameters": 1, "peak_memory_mb": 1}

    monkeypatch.setattr(Run, "_train", retrain)
    tuned, _ = tune_command(own, resume=True)
    (own.out / "run/learnt/rows.parquet").write_bytes(b"forged")
    with pytest.raises(UserError, match=r"learnt/rows\.parquet has 6 bytes.*--resume --repair"):
        tune_command(own, resume=True)
    with pytest.raises(UserError, match=r"--repair.*pass --resume too"):
        tune_command(own, resume=False, repair=True)
    again, _ = tune_command(own, resume=True, repair=True)
    assert again == tuned
    with pytest.raises(UserError, match=r"--from .* is another run; repair it by `lethe learn .* --resume --repair`"):
        tune_command(options, resume=True, repair=True)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_tune_without_a_run_trains_first(tmp_path):
    options = TuneOptions(method="npo", data=real_build(), budget=1, out=tmp_path / "tuned")
    tuned, _ = tune_command(options, resume=False)
    assert is_done(options.out / "run" / "learnt")
    assert read_json(options.out / "run" / "learnt" / "gate.json")["passed"]
    assert tuned["settings"] == starts("npo", PRESETS["tiny"])
    assert tuned["forget"] > 0.5
    assert tuned["utility_relative"] > 0.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "manu"}, "manu trains nothing"),
        ({"method": "prompt"}, "prompt trains nothing"),
        ({"method": "retrain"}, "retrain is the reference that methods are compared with"),
        ({"method": "wish"}, "unknown method .wish.; choose one of ga"),
        ({"budget": 0}, "--budget 0"),
        ({"utility": 0.0}, "--utility 0.0"),
        ({"utility": float("nan")}, "--utility nan"),
        ({"model": "tiny"}, "leave out --model"),
        ({"run": Path("nowhere")}, "nowhere is not a run"),
        ({"settings": {"learn": {"learning_rate": 1.0}}}, "settings of learn have no effect"),
        ({"settings": {"idk": {"beta": 1.0}}}, "idk: unknown setting 'beta'"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_bad_input_is_one_line(changes, words, options):
    with pytest.raises(UserError, match=words) as caught:
        tune_command(replace(options, **changes), resume=False)
    assert "\n" not in str(caught.value)
    assert not options.out.exists()


def test_run_that_failed_the_gate_is_refused(options, learnt):
    run = shutil.copytree(learnt, options.out.parent / "failed")
    gate = run / "learnt" / "gate.json"
    write_json(gate, read_json(gate) | {"passed": False})
    with pytest.raises(UserError, match=r"gate\.json has \d+ bytes"):
        tune_command(replace(options, run=run), resume=False)
    reseal(run)
    with pytest.raises(UserError, match="did not pass the memorization gate"):
        tune_command(replace(options, run=run), resume=False)
    assert not options.out.exists()


def test_command_line_reports_bad_options(options):
    status, _, error = lethe("tune", "manu", options.data, "--budget", 2)
    assert (status, error.count("\n")) == (2, 1)
    status, _, error = lethe("run", options.data, "--method", "npo,manu", "--modality", "text")
    assert status == 2
    assert "manu does not train" in error
    status, _, error = lethe("run", options.data, "--modality", "sound")
    assert status == 2
    assert "--modality sound" in error
    status, out, _ = lethe("tune", "--help")
    assert "Example: lethe tune" in " ".join(out.split())


def test_modality_is_trained_recorded_and_required_again(learnt, tmp_path):
    own = {"ga": {"modality": "text", "max_steps": 1}}
    base, data = learnt.parent / "base", learnt.parent / "icu"
    options = RunOptions(data=data, out=tmp_path / "run", model=str(base), methods=("ga",), settings=own)
    check_options(options)
    (tmp_path / "run").mkdir()
    run = start(open_build(data), options, Console(), resume=False)
    record = read_json(tmp_path / "run" / "run.json")
    assert record["settings"] == own
    assert run.preset.method_arguments("ga")["modality"] == "text"
    changed = replace(options, settings={"ga": {"modality": "both", "max_steps": 1}})
    start(run.build, changed, Console(), resume=True)  # nothing was trained yet
    for stage in ("learnt", "ga/t001"):
        with run.new_stage(stage, {}):
            pass
    with pytest.raises(UserError, match=r"settings of ga .*both.*text"):
        start(run.build, options, Console(), resume=True)
    added = replace(options, methods=("npo",), settings={"npo": {"beta": 0.3}})
    start(run.build, added, Console(), resume=True)
    assert read_json(tmp_path / "run" / "run.json")["settings"] == {**changed.settings, "npo": {"beta": 0.3}}


def test_prompt_stage_is_rescored_with_its_prompt(learnt, tmp_path):
    shutil.copytree(learnt, tmp_path / "run")
    reseal(tmp_path / "run", methods=["prompt"])
    run = opened(learnt)
    run.folder = tmp_path / "run"
    run.__dict__["scored"] = run.scored.select(range(0, len(run.scored), 20))
    run.build.__dict__["held_out"] = run.build.held_out.select(range(3))
    loaded = load_model(learnt / "learnt")
    with run.new_stage("prompt/t001", {}) as place:
        prompted = with_system_prompt(loaded.processor)
        save_model(loaded.model, prompted, place)
        own = run._score(Loaded(loaded.model, prompted), place, "prompt")
    assert run.is_done("prompt/t001")
    (tmp_path / "prompt" / "t001").mkdir(parents=True)
    assert eval_run._score(run, "prompt/t001", tmp_path) is True
    again = rows_of(tmp_path / "prompt" / "t001")
    plain = evaluate_rows(loaded.model, loaded.processor, run.scored, candidates=run.build.candidates)
    assert again == own
    assert all(row["logprob"] != other["logprob"] for row, other in zip(again, plain, strict=True))
