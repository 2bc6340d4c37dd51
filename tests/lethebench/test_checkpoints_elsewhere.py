"""`lethe run --checkpoints`: models that another trainer unlearned become a run, and what does not fit is refused."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from command_line import lethe
from hub_server import local_hub
from initial_run import learned_root, rows_of
from peft import LoraConfig, get_peft_model
from push_support import use_hub
from tiny_models import idefics3, llava

from lethebench.baselines.loading import load_model, save_model
from lethebench.errors import UserError
from lethebench.report.load import load_run
from lethebench.report.repeat import commands
from lethebench.runs.elsewhere import checkpoints_of
from lethebench.runs.folder import read_json

pytestmark = pytest.mark.usefixtures("short_answers")


@pytest.fixture(scope="module")
def root(tmp_path_factory, short_answers):
    """A folder with a build, an initial run `src`, and checkpoints: its own model, an adapter, and wrong ones."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        learned_root(root, patch)
        lora = LoraConfig(target_modules=["q_proj"], init_lora_weights=False)
        model, processor = load_model(root / "base")
        adapted = get_peft_model(model, lora)
        adapted.peft_config["default"].base_model_name_or_path = str(root / "base")
        save_model(adapted, processor, root / "adapter")
        save_model(*idefics3(dtype=torch.float32), root / "idefics")
        model, processor = llava(dtype=torch.float32)
        processor.tokenizer.add_tokens(["another"])
        save_model(model, processor, root / "vocabulary")
        yield root


def run(root: Path, checkpoints: str, *more: object):
    defaults = {"--name": "mine", "--out": "mine"}
    others = [word for option, value in defaults.items() if option not in more for word in (option, value)]
    return lethe("run", "icu", "--checkpoints", checkpoints, "--ignore-gate", *others, *more, cwd=root)


def test_checkpoints_become_a_run_that_is_resumed_reported_and_pushed(root, monkeypatch):
    checkpoints = "1=src/learnt,2=adapter"
    done = run(root, checkpoints, "--from", "src")
    assert done.status == 0, done.error
    folder = root / "mine"
    record = read_json(folder / "run.json")
    assert (record["methods"], record["checkpoints"]) == (["mine"], checkpoints.split(","))
    first, second = (folder / "mine" / name for name in ("t001", "t002"))
    assert read_json(second / "done.json")["checkpoint"] == "adapter"
    answers = [[(row["id"], row["logprob"], row["generated"]) for row in rows_of(stage)] for stage in (first, second)]
    assert answers[0] == [(row["id"], row["logprob"], row["generated"]) for row in rows_of(folder / "learnt")]
    assert answers[1] != answers[0]
    summary = read_json(folder / "mine/summary.json")
    assert (summary["T"], summary["seconds"]) == (2, [None, None])

    times = [path.stat().st_mtime_ns for path in first.iterdir()]
    shutil.rmtree(second)
    other = run(root, "1=base,2=adapter", "--resume", "--from", "src")
    assert other.status == 2
    assert "--checkpoints 1=base: mine/mine/t001 is of src/learnt; pass that, or another --out" in other.line
    done = run(root, checkpoints, "--resume", "--from", "src")
    assert done.status == 0, done.error
    assert [path.stat().st_mtime_ns for path in first.iterdir()] == times
    assert read_json(folder / "mine/summary.json")["knowledge"] == summary["knowledge"]
    done = lethe("run", "icu", "--method", "ga", "--out", "mine", "--resume", "--from", "src", cwd=root)
    assert "mine holds mine: checkpoints from elsewhere have a run of their own" in done.line

    text = (folder / "report/report.html").read_text()
    assert "trained elsewhere, which this run does not record; checkpoints 1=src/learnt, 2=adapter" in text
    assert "by mine (trained elsewhere); seed 0." in text
    command = commands(load_run(folder))[-1]
    assert shlex.split(command)[-2:] == ["--from", "RUN"]
    assert "--checkpoints 1=src/learnt,2=adapter" in command
    assert "--name mine" in command
    assert "--method" not in command
    again = lethe("evaluate", "mine", cwd=root)
    assert "the same as the run's own numbers" in again.out, again
    with local_hub() as server:
        use_hub(server, monkeypatch)
        plan = lethe("push-model", folder, "somebody/mine", "--dry-run", "--json")
    assert plan.status == 0, plan.error
    assert "adapter_model.safetensors" in json.dumps(plan.out)


def test_run_grows_with_its_checkpoints(root):
    words = ("--from", "src", "--out", "grown")
    assert run(root, "1=adapter", *words).status == 0
    assert read_json(root / "grown/run.json")["tasks"] == 1
    times = (root / "grown/mine/t001/done.json").stat().st_mtime_ns
    done = run(root, "1=adapter,2=base", *words, "--resume")
    assert done.status == 0, done.error
    record = read_json(root / "grown/run.json")
    assert (record["tasks"], record["checkpoints"]) == (2, ["1=adapter", "2=base"])
    assert (root / "grown/mine/t001/done.json").stat().st_mtime_ns == times
    assert read_json(root / "grown/mine/summary.json")["T"] == 2
    shutil.copytree(root / "src", root / "learned")
    words = ("--model", root / "base", "--set", "learn.max_steps=1", "--out", "learned", "--resume")
    assert run(root, "1=adapter", *words, "--tasks", "1").status == 0
    assert "grown holds mine: checkpoints" in lethe("unlearn", "npo", "icu", "--from", "grown", cwd=root).line


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("base", "pass t=PATH with the number of requests"),
        ("0=base", "pass t=PATH with the number of requests"),
        ("1=", "pass t=PATH with the number of requests"),
        ("1=base,1=other", "request 1 has two checkpoints; pass one"),
        ("1=base,3=base", "request 2 has no checkpoint, but a later one has; pass one for each request up to 3, or"),
    ],
)  # fmt: skip
def test_entries_that_are_no_sequence_are_refused(entries, message):
    with pytest.raises(UserError, match=message):
        checkpoints_of(entries.split(","))


@pytest.mark.parametrize(
    ("checkpoints", "more", "message"),
    [
        ("1=src/learnt,2=absent", (), "--checkpoints 2: absent cannot be loaded"),
        ("1=src/learnt,2=idefics", (), "--checkpoints 2: idefics: another model: .* made from src/learnt"),
        ("1=vocabulary", (), "--checkpoints 1: vocabulary: its tokenizer has another vocabulary"),
        ("1=base,2=base,3=base", (), "--tasks 3: icu has 2 tasks"),
        ("1=base", ("--tasks", "2"), "--checkpoints: 1 for 2 requests; pass --tasks 1, or one checkpoint per request"),
        ("1=base", ("--method", "ga"), "--method ga: a run of --checkpoints has one method"),
        ("1=base", ("--name", "npo"), "--name npo: the name of something else in a run"),
        ("1=base", ("--name", "../x"), "--name ../x: not a name"),
        ("1=base", ("--seeds", "2"), "src-s0 is not a run"),
    ],
)
def test_wrong_checkpoints_are_refused_before_work(root, checkpoints, more, message):
    done = run(root, checkpoints, "--from", "src", "--out", "refused", *more)
    assert done.status == 2
    assert re.search(message, done.line), done.line
    assert not (root / "refused/run.json").exists()


def test_checkpoints_need_an_initial_model_and_a_name(root):
    assert "pass the run whose initial model they were made from" in run(root, "1=base", "--out", "alone").line
    done = lethe("run", "icu", "--checkpoints", "1=base", cwd=root)
    assert "--checkpoints: pass the name of their method too, by --name NAME" in done.line
    assert "--name x: names the models of --checkpoints" in lethe("run", "icu", "--name", "x", cwd=root).line
