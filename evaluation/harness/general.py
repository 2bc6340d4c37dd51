"""General tasks by a harness that is installed: what a model can do beside what it learnt and forgot.

lm-eval asks the model's language side; lmms-eval asks with pictures too, through the project's own generator and
scorer, so that any model which those handle can take any of its tasks of one round.
"""

import contextlib
import functools
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class General(NamedTuple):
    """What a harness found.

    Attributes:
        harness: `lm-eval` or `lmms-eval`.
        tasks: per sample, its task.
        scores: per sample, the task's main score, in [0, 1], higher is better.
        main: task -> the name of that score.
        found: task -> every aggregate that the harness gives.
    """

    harness: str
    tasks: tuple[str, ...]
    scores: tuple[float, ...]
    main: Mapping[str, str]
    found: Mapping[str, Mapping[str, float]]


def check_tasks(harness: str, tasks: Sequence[str]) -> None:
    """Refuses tasks that the harness does not have, before a model is loaded.

    Args:
        harness: `lm-eval` or `lmms-eval`, installed.
        tasks: names or paths of YAML files.

    Raises:
        ValueError: a task that is neither.
    """
    names = [task for task in tasks if not Path(task).is_file()]
    if names:
        with _quiet(harness):
            known = set(_manager(harness).all_tasks)
        for name in names:
            if name not in known:
                raise ValueError(f"{harness} has no task {name!r}, and there is no such file")


def run_general(harness: str, tasks: Sequence[str], model: Any, processor: Any, *, limit: int | None = None) -> General:
    """Runs tasks of a harness on a model.

    Args:
        harness: `lm-eval` or `lmms-eval`, installed.
        tasks: names or paths of YAML files.
        model: a model for image-text to text, PEFT-wrapped or not.
        processor: its processor.
        limit: of samples per task.

    Returns:
        Scores per sample and per task. The main score of a task is the first of its metrics that is higher-is-better
        and in [0, 1] for every sample; where a task scores no sample by itself, the first of its aggregates in [0, 1],
        which then stands for each of its samples.

    Raises:
        ValueError: a task fails, gives no such score, or asks lm-eval with pictures.
    """
    with _quiet(harness):
        try:
            results = (_lm_eval if harness == "lm-eval" else _lmms_eval)(list(tasks), model, processor, limit)
        except ValueError:
            raise
        except Exception as error:  # a task is anybody's code; what it raises ends in one line
            cause = error.__cause__ or error  # lmms-eval tries a score five times over
            reason = " ".join(str(cause).split())[:300]
            raise ValueError(f"{harness} could not run it: {type(cause).__name__}: {reason}") from error
    return _general(harness, results)


def _general(harness: str, results: Mapping[str, Any]) -> General:
    tasks, scores, main, found = [], [], {}, {}
    for task, samples in results["samples"].items():
        found[task] = {
            name.removesuffix(",none").replace(",", "/"): float(value)
            for name, value in results["results"].get(task, {}).items()
            if isinstance(value, int | float) and "stderr" not in name and name not in ("sample_len", "samples")
        }
        samples = [sample for sample in samples if sample.get("filter") == samples[0].get("filter")]
        better = results.get("higher_is_better", {}).get(task) or {}
        main[task], values = _main(task, better, samples, found[task])
        tasks += [task] * len(values)
        scores += values
    if not scores:
        raise ValueError("the tasks have no samples")
    return General(harness, tuple(tasks), tuple(scores), main, found)


def _main(task: str, better: Mapping, samples: Sequence[Mapping], found: Mapping) -> tuple[str, list[float]]:
    """The score of a task that enters utility: its name and one value per sample."""

    def share(value: Any) -> bool:
        return isinstance(value, int | float) and 0 <= value <= 1

    names = [name for name in (better or samples[0].get("metrics") or found) if better.get(name, True)]
    for name in names:
        if all(share(sample.get(name)) for sample in samples):
            return name, [float(sample[name]) for sample in samples]
    for name in names:
        if share(found.get(name)):
            return name, [found[name]] * len(samples)
    raise ValueError(f"task {task} gives no score in 0..1 where higher is better, so it cannot enter utility")


@contextlib.contextmanager
def _quiet(harness: str) -> Iterable[None]:
    """Nothing of the harness on stdout, and only its errors on stderr."""
    logger = logging.getLogger(harness.replace("-", "_"))
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        logger.setLevel(before)


@functools.cache
def _manager(harness: str) -> Any:
    """The harness's index of its tasks, thousands of files that take a while to read."""
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
            raise ValueError(
                f"task {task} asks with pictures, which lm-eval does not show to a loaded model: use lmms-eval"
            )
    return results


def _lmms_eval(tasks: list[str], model: Any, processor: Any, limit: int | None) -> Mapping[str, Any]:
    import lmms_eval.evaluator
    from lmms_eval.api.task import ConfigurableTask
    from lmms_eval.utils import load_yaml_config

    from lethebench.evaluation.harness.lmms_model import Wrapped

    # Loaded from its config, as a file is elsewhere, a task forgets its name (lmms-eval 0.7.3): it is made here.
    return lmms_eval.evaluator.simple_evaluate(
        model=Wrapped(model, processor),
        tasks=[ConfigurableTask(config=load_yaml_config(task)) if Path(task).is_file() else task for task in tasks],
        limit=limit,
        bootstrap_iters=0,
        task_manager=_manager("lmms-eval"),
    )
