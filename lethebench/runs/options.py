"""The options of a run, listed once.

The command line, run.json, the check on resuming, the grouping of seeds and the command that repeats a run all read the
fields of `RunOptions` and their metadata. A new option is one new field.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethebench.contract.defaults import GATE_THRESHOLD
from lethebench.runs.option_field import flag_of, option, path_of, words_of
from lethebench.runs.sequence import OrderedRequests

if TYPE_CHECKING:
    from lethebench.runs.build import Build

RETAIN = ("rest", "released", "fixed")
KEEP = ("all", "adapters", "last")
MAX_GOLD_SEEDS = 99
NO_METHOD = "none"
"""`--method none` trains the initial model and gold models alone, for `--from`."""
PRESET_FILE = "preset.yaml"
"""A run's copy of a preset that is not built in, in the run folder."""
SECTIONS = ("learn", "lora", "model")
"""Sections of settings that concern every stage; each other section is the name of a method."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(OrderedRequests):
    """Everything that decides a run's numbers, and where the run is stored.

    Attributes:
        data: The build.
        methods: Unlearning methods, each started from the same trained model: names, or `package.module:Class`.
        checkpoints: `t=PATH` of models that another trainer unlearned, one for each request; `methods` then holds
            their name alone.
        model: `tiny`, a folder with a model, or a Hub id.
        tasks: Number of forget requests, 1..T; None = all of the build.
        retain: Rows that a retain term may use. `rest` = everything not yet requested to be forgotten, later tasks
            included; `released` = the retain set that the benchmark's authors gave the task (mlu); `fixed` = the
            retain split alone. The last two damage tasks that are still to come.
        learn_neighbour: Also train stage 1 and the gold model on the neighbour rows, for a model that cannot know
            them because it starts from random weights, as `tiny` does. They never enter a forget or retain batch.
        gold: Tasks after which a model is retrained without the data requested so far: `last`, `all`, or every K-th.
        gold_seeds: Gold models per such task, each retrained with another seed; they show how far two retrained
            models differ.
        score_rows: Rows, held-out ones included, that a stage between the first and the last is scored on, beside
            those of its own task. Smaller runs are scored whole.
        rank_rows: Rows of tasks asked so far that are ranked among all their candidates at such a stage.
        score_every: All rows are scored at every K-th stage too; None = only at the first and the last.
        order_seed: Shuffles the requests; None = the order of the build.
        tasks_per_request: Consecutive tasks of the build that one request asks to forget.
        withdraw: Numbers of requests, in their order, that are taken back before their turn. They are never answered,
            and their rows are retained, by gold models as well.
        sequence: `continue` = a stage starts from the one before; `reset` = from the initial model.
        adapter: `shared` = every request trains the adapter of stage 1 further; `request` = one of its own, beside
            those of earlier requests; `merged` = one of its own, merged into the weights after the stage.
        replay: Rows of earlier requests that a stage unlearns again: none, all, or their number.
        retain_rows: The most rows that a retain term may use, drawn anew for each request; None = all.
        on_divergence: What happens where the loss of a stage is not finite, or the model answers no kept question:
            `stop`, or `continue`, from the stage before if the loss is not finite. None = stop in the first case,
            continue in the second.
        score_steps: Optimizer steps between two scores inside a stage, of a small sample; None = none.
        representation_rows: Most rows with a picture per task whose hidden states are compared with those of the
            initial model, for the representation gap; None = none.
        generate_with: `vllm` or `vllm:NAME=VALUE,...` generates the scored answers of stages; None = the model itself.
        seed: Seed of weights, batches and draws.
        preset: Training settings by name or YAML file; None = the preset for the model.
        settings: Section -> name -> value, over the preset's: `learn`, `lora`, `model`, or the name of a method.
        out: The run folder; None = runs/<benchmark>.
        threshold: Exact match per modality that passes the memorization gate, 0..1.
        ignore_gate: Continue even if the memorization gate fails; every result is flagged `not_memorised`.
        save_steps: Optimizer steps between two checkpoints inside a stage, from which a killed stage is continued;
            None = none.
        keep: Weights of finished stages that stay on the disk: `all`; `adapters`, whole models only of the last stage
            of each method; or `last`, only that stage's. The initial model always stays.
        report_to: Where trainings are reported besides the run's own log: `tensorboard`, `trackio` or `wandb`.
    """

    data: Path = field(
        metadata=option(
            "A folder written by `lethe build`, or the id of a pushed one on the Hub (ORG/NAME, ORG/NAME@REVISION).",
            decides="data",
            commands="learn unlearn run tune",
            metavar="DIR|ORG/NAME",
        )
    )
    methods: tuple[str, ...] = field(
        default=("npo",),
        metadata=option(
            "Methods to run: names from `lethe list methods`, or package.module:Class; none: train for --from only.",
            decides="extent",
            flag="--method",
            metavar="NAME,...",
        ),
    )
    checkpoints: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Score models that another trainer unlearned: folders, adapters or Hub ids, each after t requests.",
            decides="extent",
            metavar="t=PATH,...",
        ),
    )
    model: str = field(
        default="tiny", metadata=option("Model to train: tiny, a folder, or a Hub id.", commands="learn run tune")
    )
    tasks: int | None = field(
        default=None, metadata=option("Number of forget requests; default all.", decides="extent", min=1)
    )
    retain: str = field(
        default="rest",
        metadata=option(
            "Rows for the retain term. rest: everything not yet requested to be forgotten; released: the retain set "
            "released with the task (mlu); fixed: the retain split alone.",
        ),
    )
    learn_neighbour: bool = field(
        default=False,
        metadata=option(
            "Also train on the neighbour rows, for a model that starts from random weights.",
            commands="learn run",
        ),
    )
    gold: str = field(
        default="last",
        metadata=option(
            "Tasks after which a gold model is retrained: last, all, or every K-th.",
            decides="extent",
            metavar="last|all|K",
        ),
    )
    gold_seeds: int = field(
        default=1,
        metadata=option(
            "Gold models per task of --gold, each with another seed; their spread is reported beside every gap.",
            decides="extent",
            metavar="K",
            min=1,
            max=MAX_GOLD_SEEDS,
        ),
    )
    score_rows: int = field(
        default=2000,
        metadata=option(
            "Rows scored at stages between the first and the last: a fixed sample, and the stage's own task.",
            commands="learn run",
            metavar="N",
            min=1,
        ),
    )
    rank_rows: int = field(
        default=400,
        metadata=option(
            "Asked rows ranked among their candidates at these stages: a fixed sample, over all candidates.",
            commands="learn run",
            metavar="M",
            min=1,
        ),
    )
    score_every: int | None = field(
        default=None,
        metadata=option(
            "Score all rows at every K-th stage too; default the first and the last alone.",
            commands="learn run",
            metavar="K",
            min=1,
        ),
    )
    order_seed: int | None = field(
        default=None, metadata=option("Shuffle the requests with this seed; default the build's order.", min=0)
    )
    tasks_per_request: int = field(
        default=1, metadata=option("Consecutive tasks that one request asks to forget.", metavar="K", min=1)
    )
    withdraw: str | None = field(
        default=None,
        metadata=option(
            "Requests taken back before their turn, by number; their rows are retained.",
            decides="extent",
            metavar="N,...",
        ),
    )
    sequence: str = field(
        default="continue",
        metadata=option(
            "Start a stage from the stage before (continue) or from the initial model (reset).",
            metavar="continue|reset",
        ),
    )
    adapter: str = field(
        default="shared",
        metadata=option(
            "LoRA. shared: all requests train one adapter; request: each its own; merged: each its own, merged into "
            "the weights after the stage.",
            metavar="shared|request|merged",
        ),
    )
    replay: str = field(
        default="none",
        metadata=option("Rows of earlier requests that a stage unlearns again.", metavar="none|all|K"),
    )
    retain_rows: int | None = field(
        default=None,
        metadata=option("Most retain rows, drawn anew for each request; default all.", metavar="K", min=1),
    )
    on_divergence: str | None = field(
        default=None,
        metadata=option(
            "If a loss is not finite, or no kept question is answered any more: stop, or continue (from the stage "
            "before if a loss is not finite). Default: stop at the first, continue at the second.",
            decides="extent",
            metavar="stop|continue",
        ),
    )
    score_steps: int | None = field(
        default=None,
        metadata=option("Score a small sample every K steps of a stage.", decides="extent", metavar="K", min=1),
    )
    representation_rows: int | None = field(
        default=None,
        metadata=option("Picture rows per task for the representation gap.", decides="extent", metavar="K", min=1),
    )
    generate_with: str | None = field(
        default=None,
        metadata=option(
            "Generate the answers of every stage with vLLM; --score-steps still generates without it.",
            decides="engine",
            commands="learn run",
            metavar="vllm[:NAME=VALUE,...]",
        ),
    )
    seed: int = field(
        default=0,
        metadata=option(
            "Random seed; same seed, options and versions give the same result.",
            decides="seed",
            commands="learn run tune demo",
            min=0,
        ),
    )
    preset: str | None = field(
        default=None,
        metadata=option(
            "Training settings: a name from `lethe list models`, or a YAML file; default the model's.",
            commands="learn run tune",
            metavar="NAME|FILE",
        ),
    )
    settings: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict,
        metadata=option(
            "Override one setting, e.g. learn.learning_rate=1e-5, lora.r=64 or npo.beta=0.4; repeatable.",
            decides="settings",
            commands="learn unlearn run tune",
            flag="--set",
            metavar="SECTION.NAME=VALUE",
        ),
    )
    out: Path | None = field(
        default=None,
        metadata=option(
            "Folder to write; default runs/<benchmark>, or tuned/<benchmark>-<method> of lethe tune.",
            decides="place",
            commands="learn run tune demo",
            metavar="RUN",
        ),
    )
    threshold: float = field(
        default=GATE_THRESHOLD,
        metadata=option(
            "Exact match per modality that passes the memorization gate.",
            commands="learn run",
            min=0.0,
            max=1.0,
        ),
    )
    ignore_gate: bool = field(
        default=False,
        metadata=option(
            "Continue even if the memorization gate fails; results are flagged.",
            decides="extent",
            commands="unlearn run",
        ),
    )
    save_steps: int | None = field(
        default=None,
        metadata=option(
            "Write a checkpoint every N steps of a training; a killed stage continues from it.",
            decides="place",
            commands="learn unlearn run",
            metavar="N",
            min=1,
        ),
    )
    keep: str = field(
        default="all",
        metadata=option(
            "Weights to keep: all; adapters and each method's last stage; or those of the last stage alone.",
            decides="place",
            commands="unlearn run",
            metavar="all|adapters|last",
        ),
    )
    report_to: str | None = field(
        default=None,
        metadata=option(
            "Report trainings to tensorboard, trackio or wandb as well.",
            decides="place",
            commands="learn unlearn run",
            metavar="NAME",
        ),
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", path_of("data", self.data))
        object.__setattr__(self, "out", None if self.out is None else path_of("out", self.out))
        # Empty sections say nothing; a dotted method is called package.module.Class, as its folder is.
        settings = {name.replace(":", "."): dict(values) for name, values in self.settings.items() if values}
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "methods", tuple(name.replace(":", ".") for name in self.methods))

    def record(self) -> dict[str, Any]:
        """Return the options that run.json keeps: all but the folders."""
        values = {name: getattr(self, name) for name in option_names("result", "seed", "extent", "settings")}
        values |= {name: value for name in option_names("engine") if (value := getattr(self, name)) is not None}
        sections = (*self.methods, *(name for name in SECTIONS if name in self.settings))
        settings = {section: dict(self.settings.get(section, {})) for section in sections}
        lists = {"methods": list(self.methods), "checkpoints": list(self.checkpoints)}
        return {**values, **lists, "settings": settings}

    @classmethod
    def from_record(cls, record: Mapping[str, Any], **changes: Any) -> "RunOptions":
        """Return the options of a run.json, also of an older one that lacks some.

        Args:
            record: run.json; settings of methods that it does not list are left out.
            changes: Fields to set instead. With `out`, a preset from a file is the copy in that run folder.
        """
        values = {name: record[name] for name in option_names() if name in record and name not in ("data", "out")}
        values = {"data": Path(record["data"]["path"]), **values, **changes}
        if values.get("preset") == PRESET_FILE and "out" in changes:
            values["preset"] = str(Path(changes["out"]) / PRESET_FILE)
        values |= {name: tuple(values.get(name, ())) for name in ("methods", "checkpoints")}
        sections = {*values["methods"], *SECTIONS}
        settings = values.get("settings", {}).items()
        values["settings"] = {section: own for section, own in settings if section in sections}
        return cls(**values)

    def experiment(self) -> dict[str, Any]:
        """Return what must be equal for two runs on the same build to be seeds of one experiment."""
        record = self.record()
        names = option_names("result", "extent", "engine", "settings")
        return {name: record[name] for name in names if name in record}

    def conflicts(
        self, now: "RunOptions", started: Collection[str], *, trained: bool = True
    ) -> Iterator[tuple[str, Any, Any]]:
        """Yield (name, value, value now) for each option that a resumed run may not change.

        Args:
            now: The options given on resuming.
            started: Methods that have a finished stage; settings of others may still change.
            trained: Whether stage 1 is finished; before, the settings of every stage may still change.
        """
        for name in option_names("result", "seed", "engine"):
            if getattr(self, name) != getattr(now, name):
                yield name, getattr(self, name), getattr(now, name)
        shared = SECTIONS if trained else ()
        for section in (*shared, *(method for method in now.methods if method in started)):
            before, after = self.settings.get(section, {}), now.settings.get(section, {})
            if before != after:
                yield f"settings of {section}", before, after

    def command_line(self) -> list[str]:
        """Return the words of the command that gives these options: `lethe run`, or `lethe learn` without methods."""
        command = "run" if self.methods else "learn"
        words = ["lethe", command]
        for entry in dataclasses.fields(self):
            if command in entry.metadata["commands"]:
                flag = "--name" if self.checkpoints and entry.name == "methods" else flag_of(entry)
                words += words_of(entry, getattr(self, entry.name), flag)
        return words

    def folder(self, build: "Build") -> Path:
        """Return the run folder."""
        return self.out or Path("runs") / build.benchmark


def same_experiment(one: RunOptions, other: RunOptions) -> bool:
    """Return whether the options differ at most in the seed and in folders."""
    return one.experiment() == other.experiment()


def option_names(*decides: str) -> list[str]:
    """Return the fields of RunOptions, or those that decide one of these."""
    return [one.name for one in dataclasses.fields(RunOptions) if not decides or one.metadata["decides"] in decides]
