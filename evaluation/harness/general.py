"""General tasks of an installed harness: a model's abilities outside the data that it learned and forgot.

lm-eval uses the language model alone; lmms-eval uses pictures too, through the project's own generator and scorer, so
that it supports every model which those support, on tasks of one round.
"""

import contextlib
import functools
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lethebench.contract.errors import one_line


class General(NamedTuple):
    """Results of a harness.

    Attributes:
        harness: `lm-eval` or `lmms-eval`.
        tasks: per sample, its task.
        scores: per sample, the task's main score, in [0, 1], higher is better.
        main: task -> the name of its main score.
        aggregates: task -> every aggregate that the harness returns.
    """

    harness: str
    tasks: tuple[str, ...]
    scores: tuple[float, ...]
    main: Mapping[str, str]
    aggregates: Mapping[str, Mapping[str, float]]


def check_tasks(harness: str, tasks: Sequence[str]) -> None:
    """Raise ValueError, before a model is loaded, if a task is neither a name in the harness nor a YAML file."""
    names = [task for task in tasks if not Path(task).is_file()]
    if names:
        with _quiet(harness):
            available = set(_manager(harness).all_tasks)
        for name in names:
            if name not in available:
                raise ValueError(
                    f"{harness} has no task {name!r}, and it is not a file: give a task name or a YAML file"
                )


def run_general(harness: str, tasks: Sequence[str], model: Any, processor: Any, *, limit: int | None = None) -> General:
    """Run tasks of a harness on a model.

    Args:
        harness: `lm-eval` or `lmms-eval`, installed.
        tasks: names or paths of YAML files.
        model: a model for image-text to text, PEFT-wrapped or not.
        processor: its processor.
        limit: maximum number of samples per task.

    Returns:
        Scores per sample and per task. The main score of a task is the first of its metrics that is higher-is-better
        and in [0, 1] for every sample; if a task has no scores per sample, the first of its aggregates in [0, 1], for
        each of its samples.

    Raises:
        ValueError: if a task fails, has no such score, or needs pictures with lm-eval.
    """
    with _quiet(harness):
        try:
            results = (_lm_eval if harness == "lm-eval" else _lmms_eval)(list(tasks), model, processor, limit)
        except ValueError:
            raise
        except Exception as error:  # a task may raise anything
            cause = error.__cause__ or error  # lmms-eval retries a score five times
            raise ValueError(f"{harness} could not run it: {type(cause).__name__}: {one_line(cause)}") from error
    return _general(harness, results)


def _general(harness: str, results: Mapping[str, Any]) -> General:
    tasks: list[str] = []
    scores: list[float] = []
    main: dict[str, str] = {}
    aggregates: dict[str, dict[str, float]] = {}
    for task, samples in results["samples"].items():
        aggregates[task] = {
            name.removesuffix(",none").replace(",", "/"): float(value)
            for name, value in results["results"].get(task, {}).items()
            if isinstance(value, int | float) and "stderr" not in name and name not in ("sample_len", "samples")
        }
        samples = [sample for sample in samples if sample.get("filter") == samples[0].get("filter")]
        better = results.get("higher_is_better", {}).get(task) or {}
        main[task], values = _main(task, better, samples, aggregates[task])
        tasks += [task] * len(values)
        scores += values
    if not scores:
        raise ValueError("the tasks have no samples")
    return General(harness, tuple(tasks), tuple(scores), main, aggregates)


def _main(task: str, better: Mapping, samples: Sequence[Mapping], aggregates: Mapping) -> tuple[str, list[float]]:
    """The main score of a task, which enters utility: its name and one value per sample."""

    def is_share(value: Any) -> bool:
        return isinstance(value, int | float) and 0 <= value <= 1

    names = [name for name in (better or samples[0].get("metrics") or aggregates) if better.get(name, True)]
    for name in names:
        if all(is_share(sample.get(name)) for sample in samples):
            return name, [float(sample[name]) for sample in samples]
    for name in names:
        if is_share(aggregates.get(name)):
            return name, [aggregates[name]] * len(samples)
    raise ValueError(f"task {task} gives no score in [0, 1] with higher is better, so it cannot enter utility")


@contextlib.contextmanager
def _quiet(harness: str) -> Iterator[None]:
    """Keep the harness off stdout, and all but its errors off stderr."""
    logger = logging.getLogger(harness.replace("-", "_"))
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        logger.setLevel(level)


@functools.cache
def _manager(harness: str) -> Any:
    """The harness's index of its tasks, which takes a while to build from thousands of files."""
    if harness == "lm-eval":
        from lm_eval.tasks import TaskManager
    else:
        from lmms_eval.tasks import TaskManager
    return TaskManager()


def _lm_eval(tasks: list[str], model: Any, processor: Any, limit: int | None) -> Mapping[str, Any]:
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    wrapped = HFLM(pretrained=model, tokenizer=processor.tokenizer, backend="causal", batch_size=8)
    results = lm_eval.simple_evaluate(
        model=wrapped, tasks=tasks, limit=limit, bootstrap_iters=0, task_manager=_manager("lm-eval")
    )
    for task, config in results["configs"].items():
        if config.get("doc_to_image"):
            raise ValueError(f"task {task} has pictures, which lm-eval does not pass to a loaded model: use lmms-eval")
    return results


def _lmms_eval(tasks: list[str], model: Any, processor: Any, limit: int | None) -> Mapping[str, Any]:
    import lmms_eval.evaluator
    from lmms_eval.api.task import ConfigurableTask
    from lmms_eval.utils import load_yaml_config

    from lethebench.evaluation.harness.lmms_model import Wrapped

    # lmms-eval 0.7.3 loses the name of a task that it loads from a file, so the task is constructed here.
    return lmms_eval.evaluator.simple_evaluate(
        model=Wrapped(model, processor),
        tasks=[ConfigurableTask(config=load_yaml_config(task)) if Path(task).is_file() else task for task in tasks],
        limit=limit,
        bootstrap_iters=0,
        task_manager=_manager("lmms-eval"),
    )
