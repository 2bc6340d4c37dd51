"""RunOptions: what the command line, run.json, resuming, seed groups and repeat commands derive from it."""

import dataclasses
import json
import shlex
from contextlib import nullcontext
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lethebench.baselines import PRESETS
from lethebench.cli.app import app
from lethebench.contract.errors import UserError
from lethebench.report.load import RunRecord
from lethebench.report.repeat import commands
from lethebench.report.seeds import group_runs
from lethebench.runs import commands as run_commands
from lethebench.runs.checks import check_deepspeed, check_options
from lethebench.runs.options import KEEP, MAX_GOLD_SEEDS, RETAIN, RunOptions, same_experiment
from lethebench.runs.reporters import REPORTERS

COMMAND = typer.main.get_command(app)
word = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=12).filter(lambda text: text.strip())
method = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[A-Za-z][A-Za-z0-9_]{0,6}){0,2}", fullmatch=True)
scalar = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | word | st.just("1")
)
value = scalar | st.lists(scalar, max_size=3) | st.dictionaries(word, scalar, max_size=2)
section = st.sampled_from(["learn", "lora", "model", "npo", "ga", "my.package.Method"])
# The repeat command prints the last part of an absolute path, so names are relative here.
name = word.map(lambda text: text.strip().lstrip("/") or "m")
path = word.map(lambda text: Path(text.replace("/", "_")))
FIELDS = {
    "data": path,
    "methods": st.lists(method, min_size=1, max_size=3, unique=True).map(tuple),
    "checkpoints": st.just(()),
    "model": name,
    "tasks": st.none() | st.integers(1, 100),
    "retain": st.sampled_from(RETAIN),
    "learn_neighbour": st.booleans(),
    "gold": st.sampled_from(["last", "all", "2", "10"]),
    "gold_seeds": st.integers(1, MAX_GOLD_SEEDS),
    "score_rows": st.integers(1, 10**6),
    "rank_rows": st.integers(1, 10**6),
    "score_every": st.none() | st.integers(1, 100),
    "order_seed": st.none() | st.integers(0, 2**32),
    "tasks_per_request": st.integers(1, 9),
    "withdraw": st.none() | st.sampled_from(["2", "1,3"]),
    "sequence": st.sampled_from(["continue", "reset"]),
    "adapter": st.sampled_from(["shared", "request", "merged"]),
    "replay": st.sampled_from(["none", "all", "8"]),
    "retain_rows": st.none() | st.integers(1, 100),
    "on_divergence": st.none() | st.sampled_from(["stop", "continue"]),
    "seed": st.integers(0, 2**32),
    "preset": st.none() | name,
    "settings": st.dictionaries(
        section, st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), value, max_size=3), max_size=3
    ),
    "out": st.none() | path,
    "threshold": st.floats(0, 1),
    "ignore_gate": st.booleans(),
    "score_steps": st.none() | st.integers(1, 100),
    "representation_rows": st.none() | st.integers(1, 100),
    "generate_with": st.none() | st.sampled_from(["vllm", "vllm:max_model_len=4096"]),
    "save_steps": st.none() | st.integers(1, 10**6),
    "keep": st.sampled_from(KEEP),
    "report_to": st.none() | st.sampled_from(REPORTERS),
}
any_options = st.builds(RunOptions, **FIELDS)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def parse(words: list[str]) -> RunOptions:
    """Return the options that `lethe run` and `lethe learn` parse."""
    parsed = []

    def keep(options, **others):
        parsed.append(options)
        return {"passed": True}, ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_commands, "run_command", keep)
        patch.setattr(run_commands, "learn_command", keep)
        COMMAND.main(words, prog_name="lethe", standalone_mode=False)
    return parsed[0]


def record_of(options: RunOptions, **entries) -> dict:
    """Return a run.json with these options."""
    data = {
        "path": str(options.data),
        "benchmark": "icu",
        "version": "1.0.0",
        "size": "small",
        "seed": 0,
        "options": {},
    }
    return {
        "version": "1",
        "versions": {"torch": "2"},
        "data": data | {"manifest_sha256": "0"},
        **options.record(),
    } | entries


def loaded(record: dict) -> RunRecord:
    return RunRecord(Path("runs/x"), json.loads(json.dumps(record)), None, None, ())


def test_every_field_has_a_strategy_and_metadata():
    fields = dataclasses.fields(RunOptions)
    assert {field.name for field in fields} == FIELDS.keys()
    kinds = {"data", "place", "seed", "extent", "settings", "engine", "result"}
    assert {field.metadata["decides"] for field in fields} == kinds
    assert all(field.metadata["help"].endswith(".") for field in fields)


@quick
@given(any_options)
def test_printed_command_parses_to_the_same_options(options):
    words = shlex.split(shlex.join(options.command_line()))
    assert words[:2] == ["lethe", "run"]
    assert parse(words[1:]) == options


@quick
@given(any_options)
def test_learn_command_parses_to_the_same_options(options):
    options = dataclasses.replace(options, methods=(), settings={"learn": {"max_steps": 3}})
    words = options.command_line()
    assert words[:2] == ["lethe", "learn"]
    parsed = parse(words[1:])
    shared = [field.name for field in dataclasses.fields(options) if "learn" in field.metadata["commands"]]
    assert {name: getattr(parsed, name) for name in shared} == {name: getattr(options, name) for name in shared}


@quick
@given(any_options)
def test_record_reads_back(options):
    record = json.loads(json.dumps(record_of(options)))
    sections = {"learn", "lora", "model", *options.methods}
    expected = {name: own for name, own in options.settings.items() if name in sections}
    read = RunOptions.from_record(record, out=options.out)
    places = [field for field in dataclasses.fields(options) if field.metadata["decides"] == "place"]
    unrecorded = {field.name: field.default for field in places if field.name != "out"}
    assert read == dataclasses.replace(options, settings=expected, **unrecorded)
    (_, command) = commands(loaded(record))
    assert parse(shlex.split(command)[1:]) == dataclasses.replace(read, data=Path(read.data.name), out=None)


@quick
@given(any_options, any_options, st.sampled_from(sorted(FIELDS)))
def test_runs_are_grouped_where_the_seed_alone_differs(options, other, name):
    changed = dataclasses.replace(options, **{name: getattr(other, name)})
    changed = RunOptions.from_record(record_of(changed), out=changed.out)
    options = RunOptions.from_record(record_of(options), out=options.out)
    groups = group_runs([loaded(record_of(options)), loaded(record_of(changed) | {"seed": changed.seed + 2**33})])
    ignoring_place = dataclasses.replace(changed, data=options.data, out=options.out, seed=options.seed)
    assert (len(groups) == 1) == (ignoring_place == options) == same_experiment(options, changed)


@pytest.mark.parametrize(
    "entry",
    [
        {"version": "2"},
        {"versions": {"torch": "3"}},
        {"preset_sha256": "1"},
        {"task_order": [1, 0]},
        {"trained": "a LoRA"},
        {"settings": {"npo": {"beta": 5.0, "modality": "text"}}},
        {"learn_neighbour": True},
        {"threshold": 0.1},
        {"ignore_gate": True},
    ],
    ids=lambda entry: next(iter(entry)),
)
def test_runs_that_differ_in_more_than_the_seed_are_apart(entry):
    one = record_of(RunOptions(data=Path("build/icu")))
    same, other = one | {"seed": 1}, one | {"seed": 2} | entry
    assert [[run.seed for run in group.runs] for group in group_runs(list(map(loaded, (one, same, other))))] == [
        [0, 1],
        [2],
    ]


def test_runs_on_other_data_are_apart():
    one = record_of(RunOptions(data=Path("build/icu")))
    other = one | {"seed": 1, "data": one["data"] | {"manifest_sha256": "1"}}
    assert len(group_runs([loaded(one), loaded(other)])) == 2


def test_other_versions_of_minor_libraries_are_one_experiment():
    one = record_of(RunOptions(data=Path("build/icu")), versions={"torch": "2", "numpy": "2.0.0"})
    other = one | {"seed": 1, "versions": {"torch": "2", "numpy": "2.0.1"}}
    assert len(group_runs([loaded(one), loaded(other)])) == 1


def test_old_record_without_newer_keys_is_read():
    record = {"data": {"path": "build/icu", "manifest_sha256": "0"}, "model": "tiny", "preset": "tiny", "seed": 3}
    record |= {"methods": ["ga"], "tasks": 4, "retain": "rest", "gold": "last", "order_seed": None}
    options = RunOptions.from_record(record)
    expected = RunOptions(data=Path("build/icu"), methods=("ga",), preset="tiny", tasks=4, seed=3)
    assert options == expected
    assert commands(loaded(record | {"data": {**record["data"], "benchmark": "icu", "size": "small"}}))[1].startswith(
        "lethe run build/icu --method ga --model tiny --tasks 4 --retain rest --gold last --gold-seeds 1 "
        "--score-rows 2000 --rank-rows 400 --tasks-per-request 1 --sequence continue --adapter shared --replay none "
        "--seed 3 --preset tiny"
    )


@given(source=word, small=st.booleans())
def test_import_is_built_from_its_release(source, small):
    assume("/" not in source)
    record = record_of(RunOptions(data=Path("build/mlu")))
    record["data"] |= {"benchmark": "mlu", "imported_from": source, "size": "small" if small else "paper"}
    words = shlex.split(commands(loaded(record))[0])
    assert words == ["lethe", "build", "mlu", "--from", source, *(["--size", "small"] * small), "--out", "build/mlu"]


def test_old_import_is_built_from_the_release_in_its_manifest(tmp_path):
    build = tmp_path / "mllmu"
    (build / "qa").mkdir(parents=True)
    (build / "qa" / "forget.parquet").touch()
    manifest = {
        "benchmark": "mllmu",
        "version": "1.0.0",
        "size": "paper",
        "seed": 0,
        "options": {"ratio": 5},
        "splits": {"qa": {"forget": {"rows": 1, "files": ["qa/forget.parquet"], "content_hash": ""}}},
        "files": {"qa/forget.parquet": {"bytes": 0, "sha256": "0" * 64}},
        "imported": {"source": {"name": "MLLMU.zip", "files": 1, "sha256": "0" * 64}},
    }
    (build / "manifest.json").write_text(json.dumps(manifest))
    record = record_of(RunOptions(data=build))
    record["data"] = {"path": str(build), "benchmark": "mllmu", "size": "paper"}
    assert commands(loaded(record))[0] == "lethe build mllmu --from MLLMU.zip --option ratio=5 --out mllmu"


def test_dotted_method_is_one_method_in_both_spellings():
    options = RunOptions(data=Path("d"), methods=("my.pkg:Trainer",), settings={"my.pkg:Trainer": {"beta": 1}})
    assert options.methods == ("my.pkg.Trainer",)
    assert options == parse(["run", "d", "--method", "my.pkg:Trainer", "--set", "my.pkg.Trainer.beta=1"])


@pytest.mark.parametrize("given", ["runs/new", Path("runs/new")])
def test_folders_are_taken_as_text_or_path(given):
    options = RunOptions(data=given, out=given)
    assert (options.data, options.out) == (Path("runs/new"), Path("runs/new"))
    assert RunOptions(data=given).out is None


@pytest.mark.parametrize(
    ("name", "value"), [("data", None), ("data", 1), ("out", ["runs"]), ("out", b"runs"), ("out", 0)]
)
def test_folder_that_is_no_path_is_refused(name, value):
    with pytest.raises(UserError, match=f"^{name}=.*: pass a path"):
        RunOptions(**{"data": "build/icu", name: value})


@pytest.mark.parametrize(
    ("stage", "from_file", "has_lora", "words"),
    [
        ("3", False, True, "ZeRO-3"),
        ("3", True, True, "ZeRO-3"),
        ("2", False, False, "full fine-tuning gives other weights"),
        ("2", False, True, None),
        ("2", True, True, None),
    ],
)
def test_run_is_launched_under_deepspeed_only_where_it_equals_one_process(
    stage, from_file, has_lora, words, tmp_path, monkeypatch
):
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    if from_file:
        (tmp_path / "zero.json").write_text(json.dumps({"zero_optimization": {"stage": int(stage)}}))
        monkeypatch.setenv("ACCELERATE_DEEPSPEED_CONFIG_FILE", str(tmp_path / "zero.json"))
    else:
        monkeypatch.setenv("ACCELERATE_DEEPSPEED_ZERO_STAGE", stage)
    preset = PRESETS["mllmu-llava"]
    assert preset.lora is not None
    with nullcontext() if words is None else pytest.raises(UserError, match=words):
        check_deepspeed(preset if has_lora else dataclasses.replace(preset, lora=None))


def test_unreadable_configuration_of_deepspeed_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    monkeypatch.setenv("ACCELERATE_DEEPSPEED_CONFIG_FILE", str(tmp_path / "none.json"))
    with pytest.raises(UserError, match=r"none\.json cannot be read"):
        check_options(RunOptions(data=tmp_path, methods=("npo",)))
