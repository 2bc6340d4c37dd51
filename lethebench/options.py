"""The options of a run: one dataclass that the command line fills and run.json keeps."""

import random
from dataclasses import asdict, dataclass
from pathlib import Path

from .data import Build
from .errors import UserError

RETAIN = ("rest", "fixed")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What decides a run's numbers, and where it lives.

    Attributes:
        data: the build.
        out: the run folder; None = runs/<benchmark>.
        model: `tiny`, a folder with a model, or a Hub id.
        preset: training settings by name; None = the preset that belongs to the model.
        methods: unlearning methods, each started from the same learnt model.
        tasks: how many requests to forget, 1..T; None = all of the build.
        retain: which rows a retain term may use. `rest` = everything not yet asked to be forgotten, later tasks
            included; `fixed` = the retain split alone, which damages tasks that are still to come.
        gold: after which tasks a model is retrained without what was asked so far: `last`, `all`, or every K-th.
        seed: of weights, batches and draws.
        order_seed: shuffles the tasks; None = the order of the build.
        threshold: exact match that the gate asks of each modality, 0..1.
        ignore_gate: go on with a model that did not learn; everything it reports is flagged `not_memorised`.
    """

    data: Path
    out: Path | None = None
    model: str = "tiny"
    preset: str | None = None
    methods: tuple[str, ...] = ("npo",)
    tasks: int | None = None
    retain: str = "rest"
    gold: str = "last"
    seed: int = 0
    order_seed: int | None = None
    threshold: float = 0.9
    ignore_gate: bool = False

    def folder(self, build: Build) -> Path:
        """The run folder."""
        return self.out or Path("runs") / build.benchmark

    def task_order(self, build: Build) -> list[int]:
        """The tasks that will be asked, in order.

        Raises:
            UserError: more tasks than the build has, or fewer than one.
        """
        count = build.tasks if self.tasks is None else self.tasks
        if not 1 <= count <= build.tasks:
            raise UserError(f"--tasks {count}: {build.path} has {build.tasks} tasks; give 1 to {build.tasks}")
        order = list(range(build.tasks))
        if self.order_seed is not None:
            random.Random(self.order_seed).shuffle(order)
        return order[:count]

    def gold_stages(self, count: int) -> list[int]:
        """The stages 1..count after which gold is trained; the last one always.

        Raises:
            UserError: `gold` is neither last, all nor a whole number above 0.
        """
        if self.gold == "last":
            return [count]
        every = 1 if self.gold == "all" else int(self.gold) if self.gold.isdecimal() else 0
        if every < 1:
            raise UserError(f"--gold {self.gold}: give last, all, or a whole number K for every K-th task")
        return sorted({*range(every, count + 1, every), count})

    def check(self) -> None:
        """Refuses what cannot work before anything is loaded.

        Raises:
            UserError: an unknown method, preset or retain rule, or no method.
        """
        from .baselines import METHODS
        from .baselines.presets import PRESETS

        for method in self.methods:
            if method not in METHODS:
                raise UserError(f"--method {method}: unknown; the methods are {', '.join(METHODS)}")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise UserError(f"--method {','.join(self.methods)!s}: give one or more methods, each once")
        if self.preset is not None and self.preset not in PRESETS:
            raise UserError(f"--preset {self.preset}: unknown; the presets are {', '.join(PRESETS)}")
        if self.retain not in RETAIN:
            raise UserError(f"--retain {self.retain}: unknown; give one of {', '.join(RETAIN)}")

    def record(self) -> dict:
        """The options as JSON."""
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}
