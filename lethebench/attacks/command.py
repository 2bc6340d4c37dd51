"""`lethe attack RUN`: attack the models of a run; every finished result is kept, so that a killed command resumes."""

import hashlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import Dataset, concatenate_datasets

from lethebench import __version__
from lethebench.attacks.models import Target, model_hash, targets_of, unreachable
from lethebench.attacks.records import FOLDER, SUMMARY
from lethebench.attacks.registry import BUDGETS, NEEDS, AttackEntry, NotApplicable, chosen_attacks
from lethebench.attacks.results import (
    claim,
    is_finished,
    measures_table,
    recovery_table,
    summarize,
    take_over,
    write_result,
)
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.folder import is_done, locked, read_json, stage_name, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import LEARNT, check_run, gold_names
from lethebench.runs.quiet import quiet_libraries
from lethebench.scoring.rescore import build_of

if TYPE_CHECKING:
    from lethebench.attacks.context import Context

LAST, ALL = "last", "all"


@dataclass(frozen=True)
class AttackOptions:
    """What `lethe attack` takes.

    Attributes:
        run: The run folder.
        stage: `last`, `all`, or the number of requests answered.
        attacks: Names of attacks; () = all.
        budget: A key of BUDGETS.
        source: A run whose results on the same initial and gold models are used.
    """

    run: Path
    stage: str = LAST
    attacks: tuple[str, ...] = ()
    budget: str = "small"
    source: Path | None = None


def attack_command(options: AttackOptions) -> tuple[dict[str, Any], str]:
    """Run what is not finished, summarize, and return the summary and the text to print.

    Raises:
        UserError: Not a run, an unknown attack, stage or budget, no gold model, or its build is missing.
    """
    try:
        entries = chosen_attacks(options.attacks)
    except ValueError as error:
        raise UserError(f"--attacks: {error}") from error
    if options.budget not in BUDGETS:
        raise UserError(f"--budget {options.budget}: unknown; pass {' or '.join(BUDGETS)}")
    with locked(options.run):
        record = check_run(options.run)
        if not is_done(options.run / LEARNT):
            raise UserError(f"{options.run} did not finish training: there is no model to attack")
        if options.source is not None:
            check_run(options.source)
        stages = _stages(options, record)
        build = build_of(options.run, record)
        quiet_libraries()
        session = Session(options, record, build, entries)
        for stage, targets in stages.items():
            session.attack(stage, targets)
        return _summary(options, record, stages, session)


def _stages(options: AttackOptions, record: Mapping[str, Any]) -> dict[int, list[Target]]:
    """Return stage -> its models; with `all` the stages that have gold models and methods."""
    last = len(record["task_order"])
    if options.stage == ALL:
        stages = {}
        for stage in range(1, last + 1):
            try:
                stages[stage] = targets_of(options.run, record, stage)
            except UserError:
                continue
        if stages:
            return stages
    elif options.stage != LAST:
        if not options.stage.isdigit() or not 1 <= int(options.stage) <= last:
            raise UserError(f"--stage {options.stage}: {options.run} has {last} tasks; pass 1 to {last}, last or all")
        last = int(options.stage)
    return {last: targets_of(options.run, record, last)}


@dataclass
class Session:
    """The attacks of one command.

    Attributes:
        options: Of the command.
        record: run.json.
        build: The benchmark, by request.
        entries: The attacks.
        left_out: (attack, method or "" for all, reason) of what could not be run.
    """

    options: AttackOptions
    record: Mapping[str, Any]
    build: Build
    entries: Sequence[AttackEntry]
    left_out: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from lethebench.attacks.context import Prepared
        from lethebench.baselines.presets import load_preset
        from lethebench.runs.settings import apply_settings

        run_options = RunOptions.from_record(self.record, data=self.build.path, out=self.options.run)
        self.build = self.build.by_request(run_options.tasks_per_request)
        self.preset = apply_settings(load_preset(run_options.preset, run_options.model), run_options.settings)
        self.budget = BUDGETS[self.options.budget]
        self.seed = run_options.seed
        self.prepared = Prepared()
        self.console = Console()

    def attack(self, stage: int, targets: Sequence[Target]) -> None:
        """Run every attack on every model of a stage."""
        split = self._rows(stage)
        self.prepared.rows.clear()
        golds = [target for target in targets if target.name in gold_names(self.record)]
        for entry in self.entries:
            if reason := self._missing(entry, split):
                self.leave_out(entry, "", reason)
                continue
            for target in targets:
                if reason := unreachable(self.options.run, target.folder):
                    self.leave_out(entry, target.name, reason)
                else:
                    self._run(entry, target, split, golds)

    def leave_out(self, entry: AttackEntry, name: str, reason: str) -> None:
        """Note and print what is not measured."""
        if (line := (entry.name, name, reason)) not in self.left_out:
            self.left_out.append(line)
            self.console.say(f"left out: {entry.name}{f' on {name}' if name else ''}: {reason}")

    def _rows(self, stage: int) -> dict[str, Dataset]:
        """Return the rows to score, those to train on and those that are not asked."""
        from lethebench.attacks.context import split_rows

        asked = set(self.record["task_order"][:stage])
        tasks = self.build.forget["task_id"]
        forget = self.build.forget.select([index for index, task in enumerate(tasks) if task in asked])
        waiting = self.build.forget.select([index for index, task in enumerate(tasks) if task not in asked])
        facts = list(zip(forget["profile_id"], forget["attribute"], strict=True))
        try:
            split = split_rows(facts, self.budget.rows, self.seed, self.build.relearn)
        except NotApplicable as error:
            raise UserError(f"{self.options.run}: {error} at stage {stage}: pass a later --stage") from error
        retain = concatenate_datasets([waiting, self.build.retain])
        return {"rows": forget.select(split.scored), "trainable": forget.select(split.trainable), "retain": retain}

    def _missing(self, entry: AttackEntry, split: Mapping[str, Dataset]) -> str | None:
        """Return what an attack needs and the build or this machine lacks, in words."""
        if entry.library and find_spec(entry.library) is None:
            return f"{entry.library} is not installed: pip install {entry.library}"
        rows, splits = split["rows"], self.build.manifest["splits"][self.build.config]
        present = {
            "test rows": self.build.held_out is not None and len(self.build.held_out) > 0,
            "candidates": any(attribute in self.build.candidates for attribute in rows["attribute"]),
            "wrong answers": any(rows["perturbed"]),
            "pictures": any(len(pictures) > 0 for pictures in rows["images"]),
            "retain rows": len(split["retain"]) > 0,
            "holdout": "holdout" in splits,
        }
        missing = [NEEDS[need] for need in entry.needs if not present.get(need, True)]
        return f"{self.build.path} has no {missing[0]}" if missing else None

    def key(self, entry: AttackEntry, target: Target, rows: Dataset) -> dict[str, Any]:
        """Return what decides the numbers of an attack on a model; results with an equal one need not be run again."""
        return {
            "attack": entry.name,
            "target": entry.target,
            "stage": target.stage,
            "budget": {"name": self.options.budget, **json.loads(json.dumps(asdict(self.budget)))},
            "seed": self.seed,
            "rows_sha256": hashlib.sha256(json.dumps(rows["id"][:]).encode()).hexdigest(),
            "data": self.record["data"]["manifest_sha256"],
            "model_sha256": model_hash(self.options.run, target.folder),
            "initial_sha256": model_hash(self.options.run, LEARNT),
            "version": __version__,
            **({"library": f"{entry.library} {version(entry.library)}"} if entry.library else {}),
        }

    def _run(self, entry: AttackEntry, target: Target, split: Mapping[str, Dataset], golds: Sequence[Target]) -> None:
        folder = self.options.run / FOLDER / entry.name / target.results
        key = self.key(entry, target, split["rows"])
        if is_finished(folder, key):
            return
        title = f"{entry.name} on {target.results}"
        if self.options.source is not None:
            other = self.options.source / FOLDER / entry.name / target.results
            if is_finished(other, key):
                take_over(other, folder)
                self.console.say(f"{title}: taken over from {self.options.source}")
                return
        start = time.monotonic()
        try:
            with self.console.phase(title), self._context(target, split, golds) as context:
                attempts = self._attempts(entry, target, context)
                notes = context.notes
        except NotApplicable as error:
            self.leave_out(entry, target.name, str(error))
            return
        for note in notes:
            self.leave_out(entry, target.name, note)
        write_result(folder, key, attempts, time.monotonic() - start)

    def _attempts(self, entry: AttackEntry, target: Target, context: "Context") -> list[Any]:
        from transformers import set_seed

        loaded = context.reload()
        if loaded.is_routed and "one model" in entry.needs:
            raise NotApplicable(f"it needs {NEEDS['one model']}")
        set_seed(int.from_bytes(hashlib.sha256(f"{self.seed}/{entry.name}".encode()).digest()[:4]) >> 1)
        return list(entry.load().run(loaded, context.rows, context))

    @contextmanager
    def _context(self, target: Target, split: Mapping[str, Dataset], golds: Sequence[Target]) -> Iterator["Context"]:
        """Yield the context of an attack on a model, and remove its scratch folder."""
        from lethebench.attacks.context import Context
        from lethebench.baselines.loading import Loaded
        from lethebench.scoring.models import load

        def loaded(folder: str) -> Loaded:
            return load(str(self.options.run / folder), trainable=True)

        def gold() -> Loaded | None:
            others = [other for other in golds if other != target and not unreachable(self.options.run, other.folder)]
            return loaded(others[0].folder) if others else None

        with tempfile.TemporaryDirectory() as scratch:
            yield Context(
                build=self.build,
                stage=target.stage,
                asked=tuple(self.record["task_order"][: target.stage]),
                seed=self.seed,
                budget=self.budget,
                preset=self.preset,
                scratch=Path(scratch),
                prepared=self.prepared,
                reload=lambda: loaded(target.folder),
                initial=lambda: loaded(LEARNT),
                gold=gold,
                is_gold=target in golds,
                **split,
            )


def _summary(
    options: AttackOptions, record: Mapping[str, Any], stages: Mapping[int, Sequence[Target]], session: Session
) -> tuple[dict[str, Any], str]:
    """Write attacks/summary.json and return it with the text to print; other finished attacks are summarized too."""
    path = options.run / FOLDER / SUMMARY
    before = read_json(path) if path.is_file() else {}
    summary: dict[str, Any] = {
        "budget": options.budget,
        "seed": session.seed,
        "stages": {
            number: entry for number, entry in before.get("stages", {}).items() if before["budget"] == options.budget
        },
    }
    for stage, targets in stages.items():
        left_out = [{"attack": attack, "model": name, "reason": reason} for attack, name, reason in session.left_out]
        entry = summarize(options.run, record, stage, targets)
        methods = [name for name in record["methods"] if name in entry["models"]]
        entry["claims"] = {name: claim(entry, name, options.budget) for name in methods}
        summary["stages"][str(stage)] = entry | {"left_out": left_out}
    write_json(path, summary)
    parts = []
    for stage in stages:
        entry = summary["stages"][str(stage)]
        parts.append("\n".join([recovery_table(entry, f"after {stage_name(stage)}"), *entry["claims"].values()]))
        parts += filter(None, [measures_table(entry)])
    return summary, "\n\n".join([*parts, f"results: {options.run / FOLDER}"])
