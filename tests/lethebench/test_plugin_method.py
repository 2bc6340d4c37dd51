"""A package outside this repository adds a method, which is listed, tuned, run, resumed, reported and pushed."""

import json
import shutil
import sys

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from hub_server import local_hub
from initial_run import initial_run, score_every
from push_support import use_hub

from lethebench.baselines import registry
from lethebench.tuning import validation

pytestmark = pytest.mark.usefixtures("short_answers")
PACKAGE = {
    "forgetful/__init__.py": "",
    "forgetful/method.py": """
import torch
from dataclasses import dataclass, field
from lethebench.baselines import UnlearnResult, UnlearningConfig, UnlearningTrainer
from lethebench.baselines.losses import ga_loss

@dataclass
class ForgetfulConfig(UnlearningConfig):
    strength: float = field(default=0.5)

class ForgetfulTrainer(UnlearningTrainer):
    '''Ascent with a strength of its own.'''

    config_class = ForgetfulConfig
    searched = ("strength",)
    _paper = {"title": "On forgetting", "id": "1234.56789"}

    def unlearning_loss(self, forget, retain):
        return self.args.strength * ga_loss(forget.logps, forget.mask)

@dataclass
class NoiseConfig:
    deviation: float = 0.1

class Noise:
    '''Noise on the weights of the head; nothing is trained.'''

    config_class = NoiseConfig

    @classmethod
    def unlearn(cls, stage):
        config = cls.config_class(**stage.settings())
        weight = stage.model.get_output_embeddings().weight
        generator = torch.Generator().manual_seed(stage.seed)
        with torch.no_grad():
            weight += config.deviation * torch.randn(weight.shape, generator=generator)
        return UnlearnResult(stage.model, stage.processor, steps=0, facts={"deviation": config.deviation})
""",
    "forgetful-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: forgetful\nVersion: 1.0\n",
    "forgetful-1.0.dist-info/entry_points.txt": "[lethebench.methods]\nforgetful = forgetful.method:ForgetfulTrainer\n",
}
DOTTED = "forgetful.method:Noise"
NAME = "forgetful.method.Noise"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path with the package installed."""
    folder = tmp_path / "site"
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    caches = (registry._plugins, registry._load, registry._described)
    for function in caches:
        function.cache_clear()
    yield folder
    for function in caches:
        function.cache_clear()
    for name in ("forgetful", "forgetful.method"):
        sys.modules.pop(name, None)


def test_plugin_from_listing_to_pushing(site, tmp_path, monkeypatch):
    def run(*words):
        status, out, error = lethe(*words)
        assert status == 0, error
        return out

    monkeypatch.setattr(validation, "MOST_ROWS", 6)
    folder = initial_run(tmp_path)
    data, base = tmp_path / "icu", tmp_path / "base"
    listed = {row["name"]: row for row in json.loads(run("list", "methods", "--json"))["methods"]}
    assert listed["forgetful"]["is"] == "Ascent with a strength of its own"
    assert listed["forgetful"]["paper"] == "On forgetting, arXiv 1234.56789"
    assert listed["forgetful"]["defaults"] == "strength 0.5"

    run("tune", "forgetful", data, "--from", folder, "--budget", 1, "--out", tmp_path / "tuned")
    tuned = json.loads((tmp_path / "tuned" / "tuned.json").read_text())
    assert tuned["settings"].keys() == {"learning_rate", "strength"}

    score_every(monkeypatch, 24)
    # Another run: that one's scores were written by hand.
    options = ("--model", base, "--method", f"forgetful,{DOTTED}", "--tasks", 1, "--ignore-gate")
    options += ("--set", "learn.max_steps=1")
    options += ("--settings", tmp_path / "tuned" / "tuned.json", "--out", tmp_path / "own")
    run("run", data, *options)
    record = json.loads((tmp_path / "own" / "run.json").read_text())
    assert record["methods"] == ["forgetful", NAME]
    assert record["settings"]["forgetful"] == tuned["settings"]
    done = {name: tmp_path / "own" / name / "t001" / "done.json" for name in record["methods"]}
    assert json.loads(done["forgetful"].read_text())["settings"]["strength"] == tuned["settings"]["strength"]
    assert json.loads(done[NAME].read_text())["deviation"] == 0.1

    times = {name: path.stat().st_mtime_ns for name, path in done.items()}
    shutil.rmtree(done[NAME].parent)
    run("run", data, *options, "--resume")
    assert done["forgetful"].stat().st_mtime_ns == times["forgetful"]
    assert pq.read_table(done[NAME].with_name("rows.parquet")).num_rows > 0

    run("report", tmp_path / "own", "--out", tmp_path / "report")
    text = (tmp_path / "report" / "report.html").read_text()
    assert "Ascent with a strength of its own" in text
    assert "Noise on the weights of the head; nothing is trained" in text

    with local_hub() as server:
        use_hub(server, monkeypatch)
        plan = run("push-model", tmp_path / "own", "somebody/noise", "--dry-run", "--method", NAME)
    assert "model.safetensors" in plan


def test_plugin_that_cannot_be_used_ends_a_run_in_one_line(site, tmp_path):
    (site / "forgetful" / "method.py").write_text("import a_package_that_is_absent")
    status, _, error = lethe("run", tmp_path, "--method", "forgetful")
    assert status == 2
    assert "No module named 'a_package_that_is_absent'" in error
    assert len(error.strip().splitlines()) == 1
