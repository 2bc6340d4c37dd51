"""The options of `lethe evaluate`, checked before anything is loaded."""

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from lethebench.baselines.tiny import is_tiny
from lethebench.contract.defaults import API_PREFIX
from lethebench.contract.escaping import file_name
from lethebench.contract.folder_kinds import EVALUATION
from lethebench.contract.own_folder import refuse_foreign
from lethebench.contract.requests.budget import Budget, parse_budget
from lethebench.contract.requests.endpoint import check_key
from lethebench.errors import UserError
from lethebench.evaluation.registry import METRICS, metric_entry
from lethebench.runs.build import Build
from lethebench.runs.checks import check_model
from lethebench.runs.folder import RECORD, file_hash, is_done, stage_name
from lethebench.runs.proof import check_line, stage_in
from lethebench.runs.records import read_run
from lethebench.scoring.judges import JudgeOptions

HARNESS_PACKAGES = {"lm-eval": "lm_eval", "lmms-eval": "lmms_eval"}
DEFAULT_SPLITS = ("forget", "retain", "neighbour", "test", "holdout")
SCORES_FILE = "scores.json"


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Options of `lethe evaluate`.

    Attributes:
        target: a build, or a run that is scored again.
        model: a folder, a Hub id (also `ID@REVISION`), or `openai:NAME` for a model behind an API; None for a run.
        adapter: a folder or Hub id of an adapter for the model.
        metrics: names in the registry; empty = all that one model can be measured by.
        config: of the build; None = the one that holds the sequence of requests.
        splits: of the config; empty = those of DEFAULT_SPLITS that it has.
        gold: the retrained model, or a run, which gives its last gold model (and its initial model as `before`).
        before: the initial model, or a run, which gives its own.
        base_url: of the API.
        general: `lm-eval:TASK,...` or `lmms-eval:TASK,...`.
        sample: score at most this many rows of each split, drawn with a fixed seed.
        samples: answers to sample for each question, for leak@k; 0 = none.
        generate_with: `vllm` or `vllm:NAME=VALUE,...`; None = our own generation.
        task: how many tasks the model was asked to forget, from 1; rows of later ones count as retained. None = those
            of the stage of a run that the model is, otherwise all.
        order_seed: of the tasks, as in `RunOptions`; None = the order of the run of the model, otherwise the build's.
        out: the folder of the scores.
        concurrency: calls of the API at a time.
        max_new_tokens: the maximal length of an answer.
        timeout: seconds after which a call without a reply has failed.
        budget: limits of an API's calls as `requests=N,tokens=N,usd=X`, or some of them; empty = none.
        price: US dollars per million input and output tokens as `IN,OUT`; empty = unknown.
        batch: send an API's calls by the Batch API.
        dry_run: estimate calls, tokens and cost of an API, and send nothing.
        judges: who judges the answers, if anyone.
    """

    target: Path
    model: str | None = None
    adapter: Path | None = None
    metrics: tuple[str, ...] = ()
    config: str | None = None
    splits: tuple[str, ...] = ()
    gold: str | None = None
    before: str | None = None
    base_url: str | None = None
    general: str | None = None
    sample: int | None = None
    samples: int = 0
    generate_with: str | None = None
    task: int | None = None
    order_seed: int | None = None
    out: Path | None = None
    concurrency: int = 8
    max_new_tokens: int | None = None
    timeout: float = 120.0
    budget: str = ""
    price: str = ""
    batch: bool = False
    dry_run: bool = False
    judges: JudgeOptions = field(default_factory=JudgeOptions)

    def limits(self) -> Budget:
        """Return the budget of calls to an API."""
        return parse_budget(self.budget, self.price)

    @property
    def is_run(self) -> bool:
        """Whether the target is a run folder."""
        return (self.target / RECORD).is_file()

    @property
    def api_model(self) -> str | None:
        """The model's name at the API; None for a model whose weights we have."""
        is_api = self.model is not None and self.model.startswith(API_PREFIX)
        return self.model.removeprefix(API_PREFIX) if self.model is not None and is_api else None

    @property
    def harness(self) -> tuple[str, tuple[str, ...]] | None:
        """The general harness and its tasks; None without `general`."""
        if self.general is None:
            return None
        name, _, tasks = self.general.partition(":")
        return name, tuple(task.strip() for task in tasks.split(",") if task.strip())

    def chosen_metrics(self) -> tuple[str, ...]:
        """Return the metrics that are measured."""
        unmet = set() if self.samples else {"samples"}
        rubrics = {rubric.name for rubric in self.judges.chosen_rubrics()} if self.judges.names else set()
        measured = (
            name
            for name, entry in METRICS.items()
            if entry.measure and not unmet & set(entry.needs) and ("judge" not in entry.needs or name in rubrics)
        )
        return self.metrics or tuple(measured)

    def folder(self) -> Path:
        """Return the folder that the scores are written to."""
        if self.out is not None:
            return self.out
        if self.is_run:
            return self.target / "evaluation"
        model = Path((self.model or "").replace(":", "/"))
        parts = [part for part in model.parts if part not in ("/", ".", "..")]
        names = [self.target.resolve().name, *parts[-2:], *([self.adapter.name] if self.adapter else [])]
        return Path("evaluations") / file_name("-".join(names))

    def check(self) -> None:
        """Check everything that does not depend on the build; raise UserError if an option cannot work."""
        for name in self.metrics:
            try:
                metric_entry(name)
            except ValueError as error:
                raise UserError(f"--metrics {name}: {error}") from None
            if "samples" in METRICS[name].needs and not self.samples:
                raise UserError(f"--metrics {name}: it counts sampled answers: pass --samples N, e.g. --samples 8")
            if "judge" in METRICS[name].needs and not self.judges.names:
                raise UserError(f"--metrics {name}: judges measure it: pass --judge local or --judge openai:MODEL")
        self.judges.check(dry_run=self.dry_run)
        if self.is_run:
            self._check_run()
        elif self.model is None:
            raise UserError(f"--model is missing: pass the model to score on {self.target}")
        elif self.api_model is not None:
            self.check_api()
        else:
            self._check_weights()
        if not self.is_run:
            for name, value in {"--gold": self.gold, "--before": self.before}.items():
                if value is not None and not (Path(value) / RECORD).is_file():
                    check_weights(name, value)
                elif value is not None:
                    reference_folder(value, name.removeprefix("--"))
        if self.general is not None:
            self._check_general()
        if self.api_model is None or self.is_run:
            for name, given in {"--budget": self.budget, "--price": self.price, "--batch": self.batch}.items():
                if given:
                    hint = f", or --judge-{name.removeprefix('--')} for judges" if self.judges.api_names else ""
                    raise UserError(f"{name} is for models behind an API; pass --model openai:NAME to use one{hint}")
            if self.dry_run and not self.judges.api_names:
                raise UserError("--dry-run is for models behind an API; pass --model or --judge openai:NAME to use one")
        refuse_foreign(self.folder(), EVALUATION)

    def _check_run(self) -> None:
        values = {
            "--model": self.model,
            "--adapter": self.adapter,
            "--metrics": self.metrics,
            "--subset": self.config,
            "--split": self.splits,
            "--gold": self.gold,
            "--before": self.before,
            "--base-url": self.base_url,
            "--general": self.general,
            "--sample": self.sample,
            "--samples": self.samples,
            "--generate-with": self.generate_with,
            "--task": self.task,
            "--order-seed": self.order_seed is not None,
        }
        for name, value in values.items():
            if value:
                raise UserError(
                    f"{name}: {self.target} is a run, which is scored again with its own options; to score one model, "
                    f"pass a build and --model, e.g. --model {self.target / 'learnt'}"
                )

    def check_api(self) -> None:
        """Raise UserError if the model behind an API cannot be asked: no name, no client, no key or a wrong budget."""
        if importlib.util.find_spec("openai") is None:
            raise UserError(
                f"--model {self.model}: the openai client is not installed: pip install 'lethebench[openai]'"
            )
        if not self.api_model:
            raise UserError(f"--model {self.model}: add the model's name at the API, e.g. openai:gpt-4o-mini")
        weights_only = {"--adapter": self.adapter, "--general": self.general, "--samples": self.samples}
        weights_only |= {"--generate-with": self.generate_with}
        for name, value in weights_only.items():
            if value:
                raise UserError(f"{name} needs the model's weights, and {self.model} is an API: pass a model's folder")
        try:
            self.limits()
        except ValueError as error:
            raise UserError(f"--budget {self.budget!r} --price {self.price!r}: {error}") from None
        check_key(f"--model {self.model}", self.base_url, "--base-url", dry_run=self.dry_run)

    def _check_weights(self) -> None:
        if self.base_url is not None:
            hint = ", or --judge-base-url for a judge" if self.judges.names else ""
            raise UserError(f"--base-url: {self.model} is not behind an API; pass --model openai:NAME to use one{hint}")
        if self.generate_with is not None:
            from lethebench.runs.by_vllm import engine_arguments

            engine_arguments(self.generate_with)
        check_weights("--model", self.model or "", None if self.adapter is None else str(self.adapter))

    def _check_general(self) -> None:
        name, tasks = self.harness or ("", ())
        if name not in HARNESS_PACKAGES or not tasks:
            raise UserError(f"--general {self.general}: pass lm-eval:TASK,... or lmms-eval:TASK,...")
        if importlib.util.find_spec(HARNESS_PACKAGES[name]) is None:
            raise UserError(f"--general {self.general}: {name} is not installed: pip install {name}")
        from lethebench.evaluation.harness.general import check_tasks

        try:
            check_tasks(name, tasks)
        except ValueError as error:
            raise UserError(f"--general {self.general}: {error}") from None
        if self.metrics and "utility" not in self.metrics:
            raise UserError(f"--general {self.general}: its scores enter utility; add utility to --metrics")

    def check_build(self, build: Build) -> None:
        """Raise UserError if the build lacks the config or a split; the message lists those that it has."""
        splits = self.build_splits(build)
        for name in self.splits:
            if not splits.get(name, {}).get("rows"):
                raise UserError(
                    f"--split {name}: no rows in {self.config or build.config} of {build.path}; its splits are "
                    f"{', '.join(name for name, part in splits.items() if part['rows'])}"
                )
        if len(set(self.splits)) < len(self.splits):
            raise UserError(f"--split {','.join(self.splits)}: pass each split once")
        if "train" in self.splits and len(self.splits) > 1 and {"forget", "retain"} & set(self.splits):
            raise UserError(f"--split {','.join(self.splits)}: train already holds the rows of forget and retain")
        for name, value in {"--gold": self.gold, "--before": self.before}.items():
            if value is not None and (run := run_of(reference_folder(value, name.removeprefix("--")))):
                check_same_data(name, value, run, build)

    def build_splits(self, build: Build) -> dict:
        """Return the splits of the config, with their row counts; raise UserError if the build lacks the config."""
        configs = {name: part for name, part in build.manifest["splits"].items() if "forget" in part}
        config = self.config or build.config
        if config not in configs:
            raise UserError(f"--subset {config}: unknown; {build.path} has {', '.join(configs)}")
        return configs[config]

    def chosen_splits(self, build: Build) -> tuple[str, ...]:
        """Return the splits that are scored; test and holdout rows only for metrics that can be measured with them."""
        splits = self.build_splits(build)
        present = tuple(name for name in DEFAULT_SPLITS if splits.get(name, {}).get("rows"))
        metrics = self.chosen_metrics() if self.api_model is None else ()
        holdout = any("holdout" in METRICS[name].needs for name in metrics)
        used = {"test": "keep" in metrics and self.gold is not None, "holdout": holdout}
        return self.splits or tuple(name for name in present if used.get(name, True))


def check_weights(option: str, model: str, adapter: str | None = None) -> None:
    """Raise UserError unless an option names a model with weights: no run, API, `tiny`, or folder without a model."""
    if is_tiny(model):
        raise UserError(f"{option} tiny: a tiny model only exists in a run: pass its folder, e.g. runs/demo/learnt")
    if model.startswith(API_PREFIX):
        raise UserError(f"{option} {model}: weights are needed here, and an API has none: pass a model's folder")
    if (Path(model) / RECORD).is_file():
        stages = sorted(path.parent.relative_to(model).as_posix() for path in Path(model).glob("*/t*/done.json"))
        raise UserError(f"{option} {model} is a run; pass one of its models: {', '.join(['learnt', *stages])}")
    if not Path(model).exists() and model.startswith((".", "/", "~", "runs/")):
        raise UserError(f"{option} {model}: no such folder")
    if run := run_of(Path(model)):
        check_line(run, stage_in(run, Path(model)), hashed=False)
    check_model(model, adapter=adapter, option=option)


def reference_folder(model: str, kind: str, tasks: Collection[int] | None = None) -> Path:
    """Return the folder of a reference model.

    A run gives its initial model (`before`), or its gold model (`gold`): the one retrained without exactly `tasks`,
    the last one where there is none.
    """
    path = Path(model)
    if not (path / RECORD).is_file():
        return path
    stages = [path / "learnt"] if kind == "before" else sorted(path.glob("gold/t*"))
    stages = [stage for stage in stages if is_done(stage)]
    if kind == "gold" and tasks:
        record = read_run(path)
        requests = {task // record.get("tasks_per_request", 1) for task in tasks}
        exact = path / "gold" / stage_name(len(requests))
        if exact in stages and set(record["task_order"][: len(requests)]) == requests:
            return exact
    if not stages:
        raise UserError(f"--{kind} {model}: this run has no {'initial' if kind == 'before' else 'gold'} model yet")
    return stages[-1]


def run_of(stage: Path) -> Path | None:
    """Return the run folder that a stage belongs to, None for the folder of another model."""
    return next((parent for parent in stage.parents[:2] if (parent / RECORD).is_file()), None)


def check_same_data(option: str, model: str, run: Path, build: Build) -> None:
    """Raise UserError if a run was made on another build."""
    data = read_run(run)["data"]
    if data["manifest_sha256"] != file_hash(build.path / "manifest.json"):
        raise UserError(f"{option} {model} cannot be compared: it was trained on other data, {data['path']}")
