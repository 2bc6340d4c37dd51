"""The options of `lethe evaluate`, checked before anything is loaded."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.folder import RECORD
from lethebench.runs.options import check_model

API = "openai:"
HARNESSES = {"lm-eval": "lm_eval", "lmms-eval": "lmms_eval"}
DEFAULT_SPLITS = ("forget", "retain", "neighbour", "holdout")
SCORES = "scores.json"


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What is scored, on what, and where the scores go.

    Attributes:
        target: a build, or a run that is scored again.
        model: a folder, a Hub id, or `openai:NAME` for a model behind an API; None for a run.
        adapter: a folder with an adapter for the model.
        metrics: names in METRICS; empty = all that can be measured.
        config: of the build; None = the one that holds the sequence of requests.
        splits: of the config; empty = those of DEFAULT_SPLITS that it has.
        gold: the retrained model, or a run, whose last gold model it then is (and its learnt one is `before`).
        before: the model before unlearning, or a run, whose learnt model it then is.
        base_url: of the API.
        general: `lm-eval:TASK,...` or `lmms-eval:TASK,...`.
        sample: score a seeded sample of so many rows of each split.
        out: the folder of the scores.
        concurrency, max_new_tokens, timeout: as in `Endpoint`; `max_new_tokens` for any model.
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
    out: Path | None = None
    concurrency: int = 8
    max_new_tokens: int | None = None
    timeout: float = 120.0

    @property
    def is_run(self) -> bool:
        return (self.target / RECORD).is_file()

    @property
    def api_model(self) -> str | None:
        """The model's name at the API; None for a model whose weights we have."""
        return self.model.removeprefix(API) if self.model is not None and self.model.startswith(API) else None

    @property
    def harness(self) -> tuple[str, tuple[str, ...]] | None:
        """The general harness and its tasks."""
        if self.general is None:
            return None
        name, _, tasks = self.general.partition(":")
        return name, tuple(task.strip() for task in tasks.split(",") if task.strip())

    def folder(self) -> Path:
        """Where the scores go."""
        if self.out is not None:
            return self.out
        if self.is_run:
            return self.target / "evaluation"
        parts = [part for part in Path(self.model.replace(":", "/")).parts if part not in ("/", ".", "..")]
        names = [self.target.resolve().name, *parts[-2:], *([self.adapter.name] if self.adapter else [])]
        return Path("evaluations") / "-".join(names)

    def check(self) -> None:
        """Refuses what cannot work, whatever the build.

        Raises:
            UserError: with what was given and what to give.
        """
        from lethebench.scoring.aggregate import METRICS

        for name in self.metrics:
            if name not in METRICS:
                raise UserError(f"--metrics {name}: unknown; the metrics are {', '.join(METRICS)}")
        if self.is_run:
            self._check_run()
        elif self.model is None:
            raise UserError(f"--model is missing: which model is to be scored on {self.target}?")
        elif self.api_model is not None:
            self._check_api()
        else:
            self._check_weights()
        if not self.is_run:
            for name, value in {"--gold": self.gold, "--before": self.before}.items():
                if value is not None and not (Path(value) / RECORD).is_file():
                    check_weights(name, value)
        if self.general is not None:
            self._check_general()
        folder = self.folder()
        if folder.exists() and not (folder / SCORES).is_file() and any(folder.iterdir()):
            raise UserError(f"--out {folder} holds something that is no evaluation: give another folder")

    def _check_run(self) -> None:
        given = {
            "--model": self.model,
            "--adapter": self.adapter,
            "--metrics": self.metrics,
            "--config": self.config,
            "--split": self.splits,
            "--gold": self.gold,
            "--before": self.before,
            "--base-url": self.base_url,
            "--general": self.general,
            "--sample": self.sample,
        }
        for name, value in given.items():
            if value:
                raise UserError(
                    f"{name}: {self.target} is a run, which is scored again as it was; to score one model, give a "
                    f"build and --model, e.g. --model {self.target / 'learnt'}"
                )

    def _check_api(self) -> None:
        if importlib.util.find_spec("openai") is None:
            raise UserError(
                f"--model {self.model}: the openai client is not installed: pip install 'lethebench[openai]'"
            )
        if not self.api_model:
            raise UserError(f"--model {self.model}: give the model's name at the API, e.g. openai:gpt-4o-mini")
        for name, value in {"--adapter": self.adapter, "--general": self.general}.items():
            if value:
                raise UserError(f"{name}: it needs the model's weights, and {self.model} is an API")
        if self.base_url is None and not os.environ.get("OPENAI_API_KEY"):
            raise UserError(f"--model {self.model}: set OPENAI_API_KEY, or --base-url for a server that needs no key")

    def _check_weights(self) -> None:
        if self.base_url is not None:
            raise UserError(f"--base-url: {self.model} is no API; for one, give --model openai:NAME")
        check_weights("--model", self.model)
        if self.adapter is not None and not (self.adapter / "adapter_config.json").is_file():
            raise UserError(f"--adapter {self.adapter}: it holds no adapter_config.json, so it is no adapter")

    def _check_general(self) -> None:
        name, tasks = self.harness
        if name not in HARNESSES or not tasks:
            raise UserError(f"--general {self.general}: give lm-eval:TASK,... or lmms-eval:TASK,...")
        if importlib.util.find_spec(HARNESSES[name]) is None:
            raise UserError(f"--general {self.general}: {name} is not installed: pip install {name}")
        from lethebench.evaluation.harness.general import check_tasks

        try:
            check_tasks(name, tasks)
        except ValueError as error:
            raise UserError(f"--general {self.general}: {error}") from None
        if self.metrics and "utility" not in self.metrics:
            raise UserError(f"--general {self.general}: its scores enter utility, which --metrics leaves out")

    def check_build(self, build: Build) -> None:
        """Refuses a config or a split that the build has not.

        Raises:
            UserError: with those it has.
        """
        splits = self.build_splits(build)
        for name in self.splits:
            if not splits.get(name, {}).get("rows"):
                raise UserError(
                    f"--split {name}: {build.path} has no such rows in {self.config or build.config}; it has "
                    f"{', '.join(name for name, part in splits.items() if part['rows'])}"
                )
        if len(set(self.splits)) < len(self.splits):
            raise UserError(f"--split {','.join(self.splits)}: give each split once")
        if "train" in self.splits and len(self.splits) > 1 and {"forget", "retain"} & set(self.splits):
            raise UserError(f"--split {','.join(self.splits)}: train holds the rows of forget and retain")

    def build_splits(self, build: Build) -> dict:
        """The splits of the config, with their row counts."""
        configs = {name: part for name, part in build.manifest["splits"].items() if "forget" in part}
        config = self.config or build.config
        if config not in configs:
            raise UserError(f"--config {config}: {build.path} has none; it has {', '.join(configs)}")
        return configs[config]

    def chosen_splits(self, build: Build) -> tuple[str, ...]:
        """The splits that are scored."""
        splits = self.build_splits(build)
        present = tuple(name for name in DEFAULT_SPLITS if splits.get(name, {}).get("rows"))
        private = self.api_model is None and (not self.metrics or "privacy_leakage" in self.metrics)
        return self.splits or tuple(name for name in present if name != "holdout" or private)


def check_weights(option: str, model: str) -> None:
    """Refuses what holds no model, by the option that gave it.

    Raises:
        UserError: `tiny`, a run instead of one of its stages, an API, no model, or an unknown Hub id.
    """
    if model == "tiny":
        raise UserError(
            f"{option} tiny: a tiny model begins with a run: give one of its folders, e.g. runs/demo/learnt"
        )
    if model.startswith(API):
        raise UserError(f"{option} {model}: an API cannot stand here: it needs the model's weights")
    if (Path(model) / RECORD).is_file():
        stages = sorted(path.parent.relative_to(model).as_posix() for path in Path(model).glob("*/t*/done.json"))
        raise UserError(f"{option} {model}: it is a run; give one of its models: {', '.join(['learnt', *stages])}")
    if not Path(model).exists() and model.startswith((".", "/", "~", "runs/")):
        raise UserError(f"{option} {model}: there is no such folder")
    check_model(model, option=option)
