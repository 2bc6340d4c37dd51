"""`--config FILE` and `--set`: the same options as on the command line, or one line that says what is wrong."""

import json

import pytest
import yaml
from command_line import lethe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lethebench.cli.config import parse_settings
from lethebench.runs import commands as run_commands
from lethebench.runs import demo as run_demo
from lethebench.scoring import command as scoring


@pytest.fixture
def parsed(monkeypatch):
    """The options that commands pass on, instead of running."""
    calls = []

    def keep(*arguments, **others):
        calls.append((arguments, others))
        return {"passed": True}, ""

    for module, name in (
        (run_commands, "run_command"),
        (run_commands, "learn_command"),
        (run_commands, "unlearn_command"),
        (run_demo, "demo_command"),
        (scoring, "evaluate_command"),
    ):
        monkeypatch.setattr(module, name, keep)
    return calls


CASES = {
    "run": (
        {"data": "build/icu", "method": ["ga", "npo"], "tasks": 2, "learn-neighbour": True, "threshold": 1, "gold": 2}
        | {"set": {"npo": {"beta": 0.4}, "lora": {"target_modules": ["q_proj", "v_proj"]}}, "json": True},
        "build/icu --method ga,npo --tasks 2 --learn-neighbour --threshold 1 --gold 2 --set npo.beta=0.4 "
        "--set lora.target_modules=[q_proj,v_proj] --json",
    ),
    "learn": (
        {"data": "d", "model": "org/model", "seed": 7, "out": "runs/x", "learn_neighbour": True, "resume": True},
        "d --model org/model --seed 7 --out runs/x --learn-neighbour --resume",
    ),
    "unlearn": (
        {"method": "npo", "data": "d", "from": "runs/x", "task": 3, "set": {"npo": {"learning_rate": 1e-5}}},
        "npo d --from runs/x --task 3 --set npo.learning_rate=1e-5",
    ),
    "demo": ({"out": "runs/y", "seed": 1}, "--out runs/y --seed 1"),
    "evaluate": (
        {"target": "d", "model": "m", "metrics": ["forget", "utility"], "timeout": 3, "sample": 5, "gold": None},
        "d --model m --metrics forget,utility --timeout 3 --sample 5",
    ),
}


@pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps], ids=["yaml", "json"])
@pytest.mark.parametrize(("command", "file", "words"), [(name, *case) for name, case in CASES.items()], ids=CASES)
def test_file_gives_the_options_of_the_command_line(command, file, words, write, parsed, tmp_path):
    (tmp_path / "config.yaml").write_text(write(file))
    for arguments in (words.split(), ["--config", "config.yaml"]):
        result = lethe(command, *arguments, cwd=tmp_path)
        assert result.status == 0, result.error
    assert parsed[0] == parsed[1]


def test_command_line_wins_over_the_file(parsed, tmp_path):
    file = {"data": "d", "seed": 1, "tasks": 2, "method": "ga", "set": {"npo": {"beta": 1, "retain_weight": 2}}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(file))
    lethe("run", "other", "--config", "c.yaml", "--seed", "5", "--method", "npo", "--set", "npo.beta=9", cwd=tmp_path)
    ((options,), _), *_ = parsed
    assert (str(options.data), options.seed, options.tasks, options.methods) == ("other", 5, 2, ("npo",))
    assert options.settings == {"npo": {"beta": 9, "retain_weight": 2}}


def test_tuned_settings_and_modality_merge_with_set(parsed, tmp_path):
    (tmp_path / "tuned.json").write_text('{"method": "npo", "settings": {"beta": 1.0, "learning_rate": 1e-4}}')
    words = ["--settings", "tuned.json", "--modality", "text", "--set", "npo.beta=2", "--set", "learn.max_steps=3"]
    assert lethe("run", "d", *words, cwd=tmp_path).status == 0
    ((options,), _), *_ = parsed
    npo = {"beta": 2, "learning_rate": 1e-4, "modality": "text"}
    assert options.settings == {"npo": npo, "learn": {"max_steps": 3}}


BAD_FILES = {
    "unknown option": ("sed: 1", "unknown option 'sed'; did you mean 'seed'?"),
    "option of another command": ("utility: 1", "unknown option 'utility'"),
    "config in config": ("config: other.yaml", "unknown option 'config'"),
    "text for a number": ("tasks: many", "tasks is many, and must be a whole number"),
    "fraction": ("tasks: 1.5", "tasks is 1.5, and must be a whole number"),
    "boolean for a number": ("seed: true", "seed is true, and must be a whole number"),
    "boolean for text": ("gold: true", "gold is true, and must be text"),
    "text for a flag": ("resume: 'yes'", "resume is yes, and must be true or false"),
    "list for one value": ("model: [a, b]", "and must be text"),
    "mapping for text": ("model: {a: b}", "and must be text"),
    "both spellings": ("learn-neighbour: true\nlearn_neighbour: false", "given twice, with - and with _"),
    "duplicate key": ("seed: 1\nseed: 2", "line 2: 'seed' is given twice"),
    "anchor": ("data: &a d\nmodel: *a", "anchors and aliases"),
    "list": ("- seed", "must hold a mapping"),
    "broken": ("seed: [", "not valid YAML"),
    "set without section": ("data: d\nset: {beta: 1}", "--set beta=1: must be SECTION.NAME=VALUE"),
    "set with unknown section": ("data: DATA\nset: {nop: {beta: 1}}", "unknown section 'nop'; did you mean 'npo'?"),
    "set with unknown name": ("data: DATA\nset: {npo: {bta: 1}}", "npo: unknown setting 'bta'; did you mean 'beta'?"),
    "set with wrong type": ("data: DATA\nset: {npo: {beta: [1]}}", "npo: beta is [1]; it must be of type float"),
}


@pytest.mark.parametrize(("text", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_exits_2_with_one_line(text, reason, tmp_path):
    (tmp_path / "c.yaml").write_text(text)
    result = lethe("run", *([] if "data:" in text else ["d"]), "--config", "c.yaml", cwd=tmp_path)
    assert result.status == 2
    assert reason in result.error
    assert result.error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


@pytest.mark.parametrize("pair", ["beta=1", "npo.beta", ".beta=1", "npo.=1", "=1", ""])
def test_malformed_set_exits_2(pair, tmp_path):
    result = lethe("run", "d", "--set", pair, cwd=tmp_path)
    assert result.status == 2
    assert f"--set {pair}: must be SECTION.NAME=VALUE" in result.error


def test_range_of_an_option_holds_in_files(tmp_path):
    (tmp_path / "c.yaml").write_text("tasks: 0")
    result = lethe("run", "d", "--config", "c.yaml", cwd=tmp_path)
    assert (result.status, "--tasks" in result.error) == (2, True)


names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names, names, st.text(st.characters(exclude_categories=("C",)), max_size=10))
def test_quoted_set_value_is_taken_literally(section, name, text):
    assert parse_settings([f"{section}.{name}={json.dumps(text)}"]) == {section: {name: text}}
