"""The options of a run: one dataclass that the command line fills and run.json keeps."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lethebench.errors import UserError
from lethebench.runs.build import Build

RETAIN = ("rest", "released", "fixed")


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
            included; `released` = the retain set that the benchmark's authors gave the task (mlu); `fixed` = the
            retain split alone. The last two damage tasks that are still to come.
        learn_neighbour: stage 1 and gold also learn the neighbour rows, for a model that cannot know them: one that
            starts from nothing, as `tiny` does. They never enter a forget or retain batch.
        gold: after which tasks a model is retrained without what was asked so far: `last`, `all`, or every K-th.
        seed: of weights, batches and draws.
        order_seed: shuffles the tasks; None = the order of the build.
        threshold: exact match that the gate asks of each modality, 0..1.
        ignore_gate: go on with a model that did not learn; everything it reports is flagged `not_memorised`.
        settings: method -> fields of its config that win over the preset's, `modality` among them.
    """

    data: Path
    out: Path | None = None
    model: str = "tiny"
    preset: str | None = None
    methods: tuple[str, ...] = ("npo",)
    tasks: int | None = None
    retain: str = "rest"
    learn_neighbour: bool = False
    gold: str = "last"
    seed: int = 0
    order_seed: int | None = None
    threshold: float = 0.9
    ignore_gate: bool = False
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def folder(self, build: Build) -> Path:
        """The run folder."""
        return self.out or Path("runs") / build.benchmark

    def check_build(self, build: Build) -> None:
        """Refuses what this build cannot do.

        Raises:
            UserError: too many tasks, stages of gold that are no numbers, no neighbour rows to learn, or a task
                without a retain set of its own.
        """
        self.gold_stages(len(self.task_order(build)))
        if self.learn_neighbour and build.neighbour is None:
            raise UserError(f"--learn-neighbour: {build.path} is {build.benchmark}, which has no neighbour rows")
        if self.retain == "released" and (missing := set(self.task_order(build)) - set(build.retain["retain_task_id"])):
            raise UserError(
                f"--retain released: {build.path} has no retain set for task {min(missing)}; give rest or fixed"
            )

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
            UserError: an unknown method, model, preset or retain rule, a preset for another model, or settings that a
                method does not take.
        """
        from lethebench.baselines import METHODS, RETRAIN
        from lethebench.baselines.presets import load_preset
        from lethebench.runs.settings import apply_settings

        for method in self.methods:
            if method == RETRAIN:
                raise UserError(f"--method {method}: a run has it as gold; leave it out, and say when by --gold")
            if method not in METHODS:
                raise UserError(f"--method {method}: unknown; the methods are {', '.join(METHODS)}")
        if len(set(self.methods)) < len(self.methods):
            raise UserError(f"--method {','.join(self.methods)}: give each method once")
        try:
            preset = load_preset(self.preset, self.model)
        except ValueError as error:
            raise UserError(f"--preset: {error}") from None
        preset = apply_settings(preset, self.settings)
        if self.retain not in RETAIN:
            raise UserError(f"--retain {self.retain}: unknown; give one of {', '.join(RETAIN)}")

        check_model(self.model, revision=preset.model.get("revision"))


def check_model(model: str, *, option: str = "--model", revision: str | None = None) -> None:
    """Asks for a model's config, so that a wrong name ends a run before it begins."""
    if model == "tiny":
        return
    if Path(model).exists():
        if not any((Path(model) / name).is_file() for name in ("config.json", "adapter_config.json")):
            raise UserError(
                f"{option} {model}: it holds neither config.json nor adapter_config.json, so it is no model"
            )
        return
    from huggingface_hub.utils.logging import set_verbosity_error
    from transformers import AutoConfig

    set_verbosity_error()  # it would tell of each failed try; ours is the one line that counts
    try:
        AutoConfig.from_pretrained(model, revision=revision)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{option} {model}: neither tiny, nor a folder, nor a Hub id that can be had ({reason})"
        ) from None
