"""The registry of methods: its rows, and how dotted names and plug-ins are resolved."""

import re
import sys
from importlib.metadata import EntryPoint

import baselines_support as support
import pytest

from lethebench.baselines import METHODS, RETRAIN, method_entry, registry


@pytest.mark.parametrize("name", [*METHODS, RETRAIN])
def test_row_agrees_with_its_class(name, tmp_path):
    entry = method_entry(name)
    method = entry.load()
    facts = registry.facts_of(method)
    assert facts["searched"] == entry.searched
    assert facts["base_weights"] == entry.base_weights
    assert facts["trains"] == entry.trains
    assert method._paper["id"] in entry.paper
    arguments = {"output_dir": str(tmp_path), "bf16": False} if hasattr(method.config_class, "output_dir") else {}
    config = method.config_class(**arguments)
    assert {key: getattr(config, key) for key in entry.defaults} == dict(entry.defaults)
    assert all(hasattr(config, key) for key in entry.searched)


@pytest.mark.parametrize("name", support.TRAINERS)
def test_row_states_what_the_trainer_needs(name, tmp_path):
    entry, trainer = method_entry(name), method_entry(name).load()
    config = trainer.config_class(output_dir=str(tmp_path), bf16=False)
    assert trainer.uses_retain(config) == entry.needs.startswith("retain rows")
    assert ("reference" in entry.needs) == (trainer.uses_reference or trainer.retain_loss(config) == "kl")
    assert isinstance(trainer._tag_names, list)


PLUGIN = """
from dataclasses import dataclass, field
from lethebench.baselines import NPOTrainer, UnlearningConfig, UnlearningTrainer
from lethebench.baselines.losses import ga_loss

@dataclass
class MyConfig(UnlearningConfig):
    strength: float = field(default=2.0)
    retain_weight: float = field(default=3.0)

class MyTrainer(UnlearningTrainer):
    '''Ascent with a strength.'''

    config_class = MyConfig
    searched = ("strength",)
    _paper = {"title": "A paper", "id": "1234.56789"}

    @classmethod
    def retain_loss(cls, args):
        return "kl"

    def unlearning_loss(self, forget, retain):
        return self.args.strength * ga_loss(forget.logps, forget.mask) + self.retain_term(retain)

class NoConfig:
    @classmethod
    def unlearn(cls, stage):
        pass

number = 3
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Modules `stranger` and `broken` on the path; gives the entry points of installed packages, none at first."""
    (tmp_path / "stranger.py").write_text(PLUGIN)
    (tmp_path / "broken.py").write_text("import a_package_that_is_absent")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry_points = []
    monkeypatch.setattr(registry, "entry_points", lambda group: entry_points)
    caches = (registry._plugins, registry._load, registry._described)
    for function in caches:
        function.cache_clear()
    yield entry_points
    for function in caches:
        function.cache_clear()
    sys.modules.pop("stranger", None)


def test_dotted_name_gives_a_row(installed):
    entry = method_entry("stranger:MyTrainer")
    assert entry.name == "stranger.MyTrainer"
    assert entry is method_entry(entry.name)
    assert entry.summary == "Ascent with a strength"
    assert entry.paper == "A paper, arXiv 1234.56789"
    assert entry.needs == "retain rows, reference"
    assert entry.defaults == {"strength": 2.0, "retain_weight": 3.0}
    assert entry.searched == ("strength",)
    assert entry.trains
    assert entry.name not in METHODS


def test_entry_point_is_a_method(installed):
    installed.append(EntryPoint("mine", "stranger:MyTrainer", registry.GROUP))
    assert [*METHODS][-1] == "mine"
    assert METHODS["mine"] == method_entry("mine")
    assert METHODS["mine"].load().__name__ == "MyTrainer"
    assert [entry.name for entry in registry.listed_methods()][-2:] == ["mine", RETRAIN]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("npoo", f"unknown method 'npoo'; choose one of {', '.join(METHODS)}"),
        ("../npo", "unknown method '../npo'"),
        ("broken:Trainer", "method 'broken.Trainer': broken cannot be imported: No module named 'a_package"),
        ("absent_module:Trainer", "absent_module cannot be imported"),
        ("stranger:Absent", "stranger has no 'Absent'"),
        ("stranger:number", "stranger:number is not a method; derive it from"),
        ("stranger:MyConfig", "stranger:MyConfig is not a method"),
        ("stranger:NoConfig", "stranger:NoConfig has no config_class"),
        ("stranger:NPOTrainer", "stranger:NPOTrainer is the method 'npo': use that name"),
    ],
)
def test_invalid_name_is_one_line(installed, name, reason):
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        method_entry(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("npo", "stranger:MyTrainer", "method 'npo' is also registered by stranger:MyTrainer: rename or uninstall"),
        ("gold", "stranger:MyTrainer", "stranger:MyTrainer registers 'gold', which cannot be the name of a method"),
        ("a/b", "stranger:MyTrainer", "registers 'a/b', which cannot be the name"),
        ("torn", "broken:Trainer", "method 'torn': broken cannot be imported: No module named"),
    ],
)
def test_invalid_entry_point_is_one_line(installed, name, target, reason):
    installed.append(EntryPoint(name, target, registry.GROUP))
    with pytest.raises(ValueError, match=re.escape(reason)):
        method_entry(name)
    summaries = {entry.name: entry.summary for entry in registry.listed_methods()}
    assert set(METHODS) <= set(summaries)
    assert summaries["npo"] == registry.BUILT_IN["npo"].summary
    assert name == "npo" or summaries[name].startswith("cannot be used: ")
