"""The card of a published model: what it forgot, how, how it scored beside gold, how to repeat it, and its limits."""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import yaml

from lethebench.baselines.registry import method_summary
from lethebench.cards import templates
from lethebench.report import repeat
from lethebench.report.headline import FLAGS
from lethebench.report.load import Run
from lethebench.report.seeds import Group, Stat
from lethebench.report.tables import ABSENT, number
from lethebench.runs.folder import read_json, stage_name

MIXTURE = "lumoe.json"
"""What a mixture of adapters says of itself."""
FIGURES = {
    "knowledge": ("known of what was asked to be forgotten", "as gold"),
    "forget": ("forget", "1"),
    "utility": ("utility on what was to be kept", "1"),
    "utility_relative": ("utility, as a share of that before", "1"),
    "stability": ("stability over the requests", "1"),
    "exposure": ("exposure of forgotten values, bits", "as gold"),
    "score": ("score", "1"),
}
"""Figure -> what it is, and where the best value lies."""


@dataclass(frozen=True)
class Pushed:
    """A stage of a run under the name that it gets on the Hub."""

    run: Run
    method: str
    stage: int
    name: str

    @property
    def folder(self) -> Path:
        return self.run.path / self.method / stage_name(self.stage)

    @property
    def data(self) -> dict:
        return self.run.record["data"]

    @property
    def benchmark(self) -> str:
        return self.data["benchmark"]

    @property
    def tasks(self) -> int:
        return len(self.run.order)

    @property
    def last(self) -> bool:
        return self.stage == self.tasks

    @property
    def base(self) -> str:
        """The model that stage 1 began with: a Hub id, `tiny`, or the last part of a path."""
        model = str(self.run.record["model"])
        return Path(model).name if Path(model).is_absolute() else model

    @property
    def on_hub(self) -> bool:
        """Whether the base model can be named as one of the Hub's."""
        return self.base.count("/") == 1 and not self.base.startswith(".") and not Path(self.base).exists()

    @property
    def kind(self) -> str:
        """weights, adapter, or adapters of a mixture."""
        if (self.folder / MIXTURE).is_file():
            return "mixture"
        return "adapter" if (self.folder / "adapter_config.json").is_file() else "weights"

    @property
    def alone(self) -> Run:
        """The run as if this were its only method."""
        kept = tuple(entry for entry in self.run.methods if entry.name == self.method)
        return replace(self.run, record={**self.run.record, "methods": [self.method]}, methods=kept)


class Row(NamedTuple):
    """A line of the card's table, in words."""

    title: str
    value: str
    interval: str
    gold: str
    best: str


def scores(pushed: Pushed) -> dict[str, Stat]:
    """Figure -> its value after the stage, with its 95 % interval where the run has one."""
    summary = next(entry.summary for entry in pushed.run.methods if entry.name == pushed.method)
    if summary is None:
        return {name: Stat(None, n=0) for name in FIGURES}
    stage = pushed.stage
    known = [value for value in summary["knowledge"][stage][:stage] if value is not None]
    found = {"knowledge": fmean(known) if known else None}
    if pushed.last:
        found |= {name: summary["final"].get(name) for name in FIGURES if name != "knowledge"}
    else:
        before, after = summary["utility"][0], summary["utility"][stage]
        share = after / before if before and after is not None else None
        found |= {"forget": summary["forget"][stage - 1], "utility": after, "utility_relative": share}
        found |= {"stability": None, "exposure": summary["exposure"][stage - 1], "score": None}
    intervals = (summary.get("intervals") or {}) if pushed.last else {}
    return {name: Stat(found[name], *(intervals.get(name) or (None, None))) for name in FIGURES}


def gold(pushed: Pushed) -> dict[str, float | None]:
    """Figure -> the same of a model that was retrained without what was asked so far; {} where none was."""
    found = ((pushed.run.gold or {}).get("stages") or {}).get(str(pushed.stage))
    if not found:
        return {}
    known = [value for value in found["knowledge"][: pushed.stage] if value is not None]
    return {
        "knowledge": fmean(known) if known else None,
        "forget": 1.0,
        **{name: found.get(name) for name in ("utility", "utility_relative", "exposure")},
    }


def table(pushed: Pushed) -> list[Row]:
    """The card's scores."""
    beside = gold(pushed)
    rows = []
    for name, found in scores(pushed).items():
        title, best = FIGURES[name]
        interval = f"{number(found.low)} to {number(found.high)}" if found.low is not None else ABSENT
        rows.append(Row(title, number(found.value), interval, number(beside.get(name)), best))
    return rows


def render(pushed: Pushed, dataset: str | None) -> str:
    """README.md of the model; `dataset` is the build's repository on the Hub."""
    run, group = pushed.alone, Group("model", (pushed.alone,))
    record = read_json(pushed.folder / "done.json")
    summary = run.methods[0].summary
    flags = (summary or {"final": {}})["final"].get("flags") or []
    body = (
        templates()
        .get_template("model.md.jinja")
        .render(
            pushed=pushed,
            sentence=repeat.sentence(group),
            meaning=method_summary(pushed.method),
            rows=table(pushed),
            has_gold=bool(gold(pushed)),
            gate=run.gate,
            flags={flag: FLAGS.get(flag, "") for flag in flags} if pushed.last else {},
            settings=record.get("settings") or {},
            record=record,
            commands=repeat.commands(run),
            facts=[(label, value) for label, value in repeat.facts(group) if not label.startswith("Method")],
            limits=repeat.limits(group),
            licences=_licences(pushed),
            dataset=dataset,
        )
    )
    data = yaml.safe_dump(_data(pushed, dataset), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{data}---\n\n{body.strip()}\n"


def _data(pushed: Pushed, dataset: str | None) -> dict:
    library = {"weights": "transformers", "adapter": "peft", "mixture": "lethebench"}[pushed.kind]
    relation = "finetune" if pushed.kind == "weights" else "adapter"
    base = {"base_model": pushed.base, "base_model_relation": relation} if pushed.on_hub else {}
    return {
        "language": "en",
        **({"license": "apache-2.0"} if pushed.base == "tiny" else {}),
        "library_name": library,
        "pipeline_tag": "image-text-to-text",
        **base,
        **({"datasets": [dataset]} if dataset else {}),
        "tags": ["machine-unlearning", "continual-unlearning", "lethebench", pushed.method, pushed.benchmark],
    }


def _licences(pushed: Pushed) -> dict[str, str]:
    """Asset -> licence of the build, {} where it is gone."""
    if pushed.run.build is None or not (pushed.run.build / "manifest.json").is_file():
        return {}
    return dict(read_json(pushed.run.build / "manifest.json").get("licences") or {})
