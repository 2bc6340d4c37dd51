"""The unlearning methods: name, class and facts of each, ours and those of installed plug-ins; without torch."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import SimpleNamespace
from typing import Any

from lethebench.contract.importing import imported

GROUP = "lethebench.methods"
"""Entry points of this group, name = "package.module:Class", are methods."""
RETRAIN = "retrain"
"""The method that every other is measured against; a run has it once, as gold."""
RESERVED = ("attacks", "gold", "learnt", "none", "report", RETRAIN)
"""Names that a run folder or a command uses for something else."""


@dataclass(frozen=True)
class MethodEntry:
    """One row of the registry.

    Attributes:
        name: what `--method` takes, and the name of the folder that its stages are in.
        target: "package.module:Class" of its `Method`.
        summary: one line on what it does, without a full stop.
        paper: authors, year and arXiv number.
        needs: what it needs beside the forget set.
        defaults: fields of its config that matter, with their defaults.
        searched: fields of its config that `lethe tune` searches beside the learning rate.
        base_weights: whether it changes the model's own weights, so that an adapter is merged into them first.
        trains: whether it takes optimizer steps; one that does not has no training settings and nothing to tune.
    """

    name: str
    target: str
    summary: str
    paper: str = ""
    needs: str = "nothing"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    base_weights: bool = False
    trains: bool = True

    def load(self) -> Any:
        """Import the class, a `lethebench.baselines.stage.Method`.

        Raises:
            ValueError: if it cannot be imported or is not a method.
        """
        return _load(self.name, self.target)


_METHODS = "lethebench.baselines.methods"
_OURS = (
    MethodEntry(
        "ga",
        f"{_METHODS}.ga:GATrainer",
        "Gradient ascent on the forget set",
        paper="Jang et al. 2023, arXiv 2210.01504",
    ),
    MethodEntry(
        "graddiff",
        f"{_METHODS}.graddiff:GradDiffTrainer",
        "Gradient difference: gradient ascent on the forget set with cross-entropy on the retain set",
        paper="Liu et al. 2022, arXiv 2203.12817",
        needs="retain rows",
        defaults={"retain_weight": 1.0},
        searched=("retain_weight",),
    ),
    MethodEntry(
        "kl",
        f"{_METHODS}.kl:KLMinTrainer",
        "KL minimization: gradient ascent on the forget set, KL to the initial model on the retain set",
        paper="Maini et al. 2024, arXiv 2401.06121",
        needs="retain rows, reference",
        defaults={"retain_weight": 1.0, "reference_gib": 4.0},
        searched=("retain_weight",),
    ),
    MethodEntry(
        "npo",
        f"{_METHODS}.npo:NPOTrainer",
        "Negative preference optimization, alone or with a retain term",
        paper="Zhang et al. 2024, arXiv 2404.05868",
        needs="retain rows (not with retain_loss none), reference",
        defaults={"beta": 0.1, "retain_loss": "ce", "retain_weight": 1.0},
        searched=("beta", "retain_weight"),
    ),
    MethodEntry(
        "npo_sam",
        f"{_METHODS}.npo_sam:NPOSAMTrainer",
        "NPO with sharpness-aware minimization: negative preference optimization that resists relearning",
        paper="Fan et al. 2025, arXiv 2502.05374",
        needs="retain rows (not with retain_loss none), reference; three passes per step",
        defaults={"rho": 0.01, "beta": 0.1, "retain_loss": "ce", "retain_weight": 1.0},
        searched=("beta", "retain_weight", "rho"),
    ),
    MethodEntry(
        "simnpo",
        f"{_METHODS}.simnpo:SimNPOTrainer",
        "Simple negative preference optimization: NPO by length-normalized likelihood, without a reference",
        paper="Fan et al. 2024, arXiv 2410.07163",
        needs="nothing (retain rows with retain_loss ce or kl)",
        defaults={"beta": 2.5, "gamma": 0.0, "retain_loss": "none"},
        searched=("beta", "retain_weight"),
    ),
    MethodEntry(
        "idk",
        f"{_METHODS}.idk:IdkTrainer",
        "Refusal alignment: training on refusals to the forget set's questions, cross-entropy on the retain set",
        paper="Maini et al. 2024, arXiv 2401.06121",
        needs="retain rows",
        defaults={"retain_weight": 1.0},
        searched=("retain_weight",),
    ),
    MethodEntry(
        "dpo",
        f"{_METHODS}.dpo:DPOTrainer",
        "Direct preference optimization: a refusal is preferred to the answer to forget",
        paper="Rafailov et al. 2023, arXiv 2305.18290",
        needs="reference (retain rows with retain_loss ce or kl)",
        defaults={"beta": 0.1, "retain_loss": "none"},
        searched=("beta", "retain_weight"),
    ),
    MethodEntry(
        "mmunlearner",
        f"{_METHODS}.mmunlearner:MMUnlearnerTrainer",
        "MMUnlearner: ascent on the weights that are salient for the forget set, alternated with retain steps",
        paper="Huo et al. 2025, arXiv 2502.11051",
        needs="retain rows; trains the weights, into which a LoRA is merged",
        defaults={"modality": "image_text", "retain_weight": 1.0, "fisher_rows": None},
        searched=("retain_weight",),
        base_weights=True,
    ),
    MethodEntry(
        "rmu",
        f"{_METHODS}.rmu:RMUTrainer",
        "RMU: hidden states of forget rows are steered to a random direction, those of retain rows are kept",
        paper="Li et al. 2024, arXiv 2403.03218",
        needs="retain rows, initial model; trains the weights, into which a LoRA is merged",
        defaults={"layer": 7, "steering": 6.5, "retain_weight": 1200.0},
        searched=("steering", "retain_weight"),
        base_weights=True,
    ),
    MethodEntry(
        "manu",
        f"{_METHODS}.manu:MANU",
        "MANU: pruning of neurons that matter for the forget set and not for the retain set",
        paper="Liu et al. 2025, arXiv 2502.15910",
        needs="retain rows with pictures; trains nothing",
        defaults={"share": 0.03, "most_rows": 512},
        base_weights=True,
        trains=False,
    ),
    MethodEntry(
        "lumoe",
        f"{_METHODS}.lumoe:LUMoEMethod",
        "LUMoE: one refusal adapter per task beside the initial model, and a gate that routes questions to them",
        paper="MLUBench 2026, arXiv 2606.12809",
        needs="retain rows, LoRA, a gate",
        defaults={"gate": "embedding", "retain_weight": 1.0},
        searched=("retain_weight",),
    ),
    MethodEntry(
        "prompt",
        f"{_METHODS}.prompt:SystemPrompt",
        "A system prompt that asks the model not to answer; the weights do not change",
        paper="MLLMU-Bench 2025, arXiv 2410.22108",
        needs="a chat template with a system prompt",
        trains=False,
    ),
)
_RETRAIN = MethodEntry(
    RETRAIN,
    f"{_METHODS}.retrain:Retrain",
    "Retraining from the start without the forget sets so far: the gold model that methods are compared with",
    paper="Maini et al. 2024, arXiv 2401.06121",
    needs="retain rows; trains from the start",
)
BUILT_IN: Mapping[str, MethodEntry] = {entry.name: entry for entry in (*_OURS, _RETRAIN)}
"""The rows of this package, `retrain` among them."""
_DOTTED = re.compile(r"(?P<module>\w+(\.\w+)*)[.:](?P<class>\w+)", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][\w-]*", re.ASCII)


class _Methods(Mapping[str, MethodEntry]):
    """Unlearning methods by name, ours first, then installed plug-ins, whose classes are imported on use."""

    def __getitem__(self, name: str) -> MethodEntry:
        if name == RETRAIN or name not in self:
            raise KeyError(name)
        return method_entry(name)

    def __contains__(self, name: object) -> bool:
        return name != RETRAIN and (name in BUILT_IN or name in _plugins())

    def __iter__(self) -> Iterator[str]:
        yield from (entry.name for entry in _OURS)
        yield from (name for name in _plugins() if name not in BUILT_IN)

    def __len__(self) -> int:
        return sum(1 for _ in self)


METHODS: Mapping[str, MethodEntry] = _Methods()
"""Every method that a run takes by name. `method_entry` also takes dotted names, and `retrain`."""


def method_entry(name: str) -> MethodEntry:
    """Return the registry row of a method.

    Args:
        name: a name in METHODS, `retrain`, or "package.module:Class", a trainer derived from `UnlearningTrainer` or any
            other `Method`. The row of a dotted name is called "package.module.Class", which is taken here as well.

    Raises:
        ValueError: for an unknown name, and for a plug-in that cannot be imported, is not a method, or has the name or
            the class of another method.
    """
    plugin = _plugins().get(name)
    if name in BUILT_IN:
        if plugin is not None:
            raise ValueError(f"method {name!r} is also registered by {_origin(plugin)}: rename or uninstall that one")
        return BUILT_IN[name]
    if plugin is not None:
        if name in RESERVED or not _NAME.fullmatch(name):
            raise ValueError(f"{_origin(plugin)} registers {name!r}, which cannot be the name of a method: rename it")
        return _described(name, plugin.value)
    dotted = _DOTTED.fullmatch(name)
    if dotted is None:
        raise ValueError(f"unknown method {name!r}; choose one of {', '.join(METHODS)}, or pass package.module:Class")
    target = f"{dotted['module']}:{dotted['class']}"
    return _described(target.replace(":", "."), target)


def listed_methods() -> list[MethodEntry]:
    """Return the rows of all methods and of `retrain`; the summary of a plug-in that cannot be used says why."""
    entries = []
    for name in METHODS:
        try:
            entries.append(method_entry(name))
        except ValueError as error:
            entries.append(BUILT_IN.get(name) or MethodEntry(name, _plugins()[name].value, f"cannot be used: {error}"))
    return [*entries, _RETRAIN]


def method_summary(name: str) -> str:
    """Return the summary of a method, "" for one that is not installed here, as in a report of another machine."""
    try:
        return method_entry(name).summary
    except ValueError:
        return ""


@cache
def _plugins() -> dict[str, EntryPoint]:
    plugins = sorted(entry_points(group=GROUP), key=lambda plugin: plugin.name)
    return {plugin.name: plugin for plugin in plugins}


def _origin(plugin: EntryPoint) -> str:
    return f"the installed package {plugin.dist.name}" if plugin.dist is not None else plugin.value


@cache
def _load(name: str, target: str) -> Any:
    method = imported(f"method {name!r}", target)
    if method is None:
        module_name, _, class_name = target.partition(":")
        raise ValueError(f"method {name!r}: {module_name} has no {class_name!r}")
    if not (inspect.isclass(method) and inspect.ismethod(getattr(method, "unlearn", None))):
        raise ValueError(
            f"method {name!r}: {target} is not a method; derive it from lethebench.baselines.UnlearningTrainer, or "
            "write a class with a config_class and a class method unlearn(stage)"
        )
    if not is_dataclass(getattr(method, "config_class", None)):
        raise ValueError(f"method {name!r}: {target} has no config_class; set it to the dataclass of its settings")
    return method


@cache
def _described(name: str, target: str) -> MethodEntry:
    """The row of a method that is not ours, from what its class says."""
    method: Any = _load(name, target)
    true_target = f"{method.__module__}:{method.__qualname__}"
    same = next((entry for entry in BUILT_IN.values() if entry.target == true_target), None)
    if same is not None:
        raise ValueError(f"{target} is the method {same.name!r}: use that name")
    return MethodEntry(name, target, **facts_of(method))


def facts_of(method: Any) -> dict[str, Any]:
    """Return what a class says of itself, as the keyword arguments of its row.

    Read are the first line of its docstring, `_paper` (as TRL's trainers have it), the fields that its `config_class`
    adds to its parent, and, where it has them, `needs`, `searched`, `base_weights` and `trains`.
    """
    config = method.config_class
    defaults = {item.name: item.default for item in fields(config) if item.init and item.default is not MISSING}
    inherited = getattr(config.__base__, "__dataclass_fields__", {})
    own = {name: value for name, value in defaults.items() if _default(inherited.get(name)) != value}
    needs = []
    if hasattr(method, "uses_retain"):
        settings = SimpleNamespace(**defaults)
        needs += ["retain rows"] if method.uses_retain(settings) else []
        needs += ["reference"] if method.uses_reference or method.retain_loss(settings) == "kl" else []
    doc = (method.__dict__.get("__doc__") or method.__name__).strip()
    paper = getattr(method, "_paper", None) or {}
    return {
        "summary": doc.splitlines()[0].rstrip("."),
        "paper": ", arXiv ".join(part for part in (paper.get("title"), paper.get("id")) if part),
        "needs": getattr(method, "needs", None) or ", ".join(needs) or "nothing",
        "defaults": own,
        "searched": tuple(getattr(method, "searched", ())),
        "base_weights": bool(getattr(method, "base_weights", False)),
        "trains": bool(getattr(method, "trains", False)),
    }


def _default(item: Any) -> Any:
    return MISSING if item is None else item.default
