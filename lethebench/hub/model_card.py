"""The card of a published model: what it unlearned and how, its scores beside gold's, commands and limitations."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lethebench.baselines.tiny import is_tiny
from lethebench.cards import templates
from lethebench.contract.escaping import markdown_text, shown
from lethebench.report import repeat
from lethebench.report.headline import FLAGS, mean
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, Stat
from lethebench.report.tables import ABSENT, number
from lethebench.runs.build import open_manifest
from lethebench.runs.folder import stage_name
from lethebench.runs.records import read_done

MIXTURE = "lumoe.json"
"""The record of a mixture of adapters."""
FIGURES = {
    "knowledge": ("knowledge of the forget set", "as gold"),
    "forget": ("forget", "1"),
    "indistinguishable": ("as gold to the strongest of three attackers", "1"),
    "keep": ("utility kept on held-out rows", "1"),
    "in_sample_utility": ("utility on the retain rows that were trained on", "as before"),
    "stability": ("stability over the tasks", "1"),
    "exposure": ("exposure of the forget set, bits", "as gold"),
    "score": ("score", "1"),
}
"""Figure -> its title, and its best value."""


@dataclass(frozen=True)
class PublishedStage:
    """A stage of a run under the name that it gets on the Hub."""

    run: RunRecord
    method: str
    stage: int
    name: str

    @property
    def folder(self) -> Path:
        return self.run.path / self.method / stage_name(self.stage)

    @property
    def data(self) -> dict[str, Any]:
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
        """The model before stage 1: a Hub id, `tiny`, or the last part of a path."""
        model = str(self.run.record["model"])
        return Path(model).name if Path(model).is_absolute() else model

    @property
    def on_hub(self) -> bool:
        """Whether the base model can be a model of the Hub, by its name."""
        return self.base.count("/") == 1 and not self.base.startswith(".") and not Path(self.base).exists()

    @property
    def kind(self) -> str:
        """`weights`, `adapter` or `mixture` (of adapters)."""
        if (self.folder / MIXTURE).is_file():
            return "mixture"
        return "adapter" if (self.folder / "adapter_config.json").is_file() else "weights"

    @property
    def run_of_method(self) -> RunRecord:
        """The run as if this were its only method."""
        methods = tuple(entry for entry in self.run.methods if entry.name == self.method)
        return replace(self.run, record={**self.run.record, "methods": [self.method]}, methods=methods)


class Row(NamedTuple):
    """A row of the card's table, as text."""

    title: str
    value: str
    interval: str
    gold: str
    best: str


def scores(published: PublishedStage) -> dict[str, Stat]:
    """Return figure -> its value after the stage, with its 95 % interval if the run has one."""
    summary = next(entry.summary for entry in published.run.methods if entry.name == published.method)
    if summary is None:
        return {name: Stat(None, n=0) for name in FIGURES}
    stage = published.stage
    values: dict[str, float | None] = {"knowledge": mean(summary["knowledge"][stage][:stage])}
    if published.last:
        values |= {name: summary["final"].get(name) for name in FIGURES if name != "knowledge"}
    else:
        names = ("forget", "indistinguishable", "keep", "exposure")
        values |= {name: summary[name][stage - 1] for name in names}
        values |= {"in_sample_utility": summary["in_sample_utility"][stage], "stability": None, "score": None}
    intervals = (summary.get("intervals") or {}) if published.last else {}
    return {name: Stat(values[name], *(intervals.get(name) or (None, None))) for name in FIGURES}


def gold(published: PublishedStage) -> dict[str, float | None]:
    """Return figure -> value of the gold model of this stage; {} if none was retrained."""
    stage = ((published.run.gold or {}).get("stages") or {}).get(str(published.stage))
    if not stage:
        return {}
    return {
        "knowledge": mean(stage["knowledge"][: published.stage]),
        "forget": 1.0,
        "indistinguishable": 1.0,
        **{name: stage.get(name) for name in ("in_sample_utility", "exposure")},
    }


def table(published: PublishedStage) -> list[Row]:
    """Return the card's table of scores."""
    gold_values = gold(published)
    rows = []
    for name, stat in scores(published).items():
        title, best = FIGURES[name]
        interval = f"{number(stat.low)} to {number(stat.high)}" if stat.low is not None else ABSENT
        rows.append(Row(title, number(stat.value), interval, number(gold_values.get(name)), best))
    return rows


def render(published: PublishedStage, dataset: str | None) -> str:
    """Return README.md of the model; `dataset` is the build's repository on the Hub."""
    run = published.run_of_method
    group = Group("model", (run,))
    record = read_done(run.path, f"{published.method}/{stage_name(published.stage)}")
    summary = run.methods[0].summary
    flags = (summary or {"final": {}})["final"].get("flags") or []
    template = templates(shown, plain=markdown_text).get_template("model.md.jinja")
    body = template.render(
        published=published,
        sentence=repeat.sentence(group),
        meaning=repeat.meaning_of(run, published.method),
        rows=table(published),
        has_gold=bool(gold(published)),
        gate=run.gate,
        flags={flag: FLAGS.get(flag, "") for flag in flags} if published.last else {},
        settings=record.get("settings") or {},
        record=record,
        commands=repeat.commands(run),
        facts=[(label, value) for label, value in repeat.facts(group) if not label.startswith("Method")],
        limits=repeat.limits(group),
        licenses=_licenses(published),
        dataset=dataset,
    )
    data = yaml.safe_dump(_data(published, dataset), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{data}---\n\n{body.strip()}\n"


def _data(published: PublishedStage, dataset: str | None) -> dict[str, Any]:
    library = {"weights": "transformers", "adapter": "peft", "mixture": "lethebench"}[published.kind]
    relation = "finetune" if published.kind == "weights" else "adapter"
    base = {"base_model": published.base, "base_model_relation": relation} if published.on_hub else {}
    return {
        "language": "en",
        **({"license": "apache-2.0"} if is_tiny(published.base) else {}),
        "library_name": library,
        "pipeline_tag": "image-text-to-text",
        **base,
        **({"datasets": [dataset]} if dataset else {}),
        "tags": ["machine-unlearning", "continual-unlearning", "lethebench", published.method, published.benchmark],
    }


def _licenses(published: PublishedStage) -> dict[str, str]:
    """Return asset -> license of the build, {} if the build is missing."""
    build = published.run.build
    if build is None or not (build / "manifest.json").is_file():
        return {}
    return open_manifest(build).get("licences") or {}
