"""Load the models to score, with one line for any error, and score them and the models they are compared with."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset

from lethebench.baselines.checkpoints.adapters import ADAPTER_FILE
from lethebench.baselines.checkpoints.processors import require_template
from lethebench.baselines.loading import LUMOE_FILE, Loaded
from lethebench.baselines.presets import load_preset
from lethebench.errors import UserError, one_line
from lethebench.evaluation.answers.likely import answer_logprobs
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.evaluation.metrics.row_measures import KEPT_SPLITS
from lethebench.runs.build import Build
from lethebench.runs.folder import HELD_OUT
from lethebench.runs.options import RunOptions
from lethebench.runs.placed import load_placed
from lethebench.runs.proof import check_line, stage_in
from lethebench.runs.settings import apply_settings
from lethebench.runs.summary import ROWS, read_rows
from lethebench.scoring.options import check_same_data, run_of

MODEL_FAILS = "the model fails on these rows (lethe --debug shows where; does its config.json belong to its weights?)"
WEIGHT_FILES = ("model*.safetensors", "adapter_model.safetensors", LUMOE_FILE)


def load(model: str, adapter: str | Path | None = None, *, trainable: bool = False) -> Loaded:
    """Load a model, a folder or Hub id, with its processor and adapter, on the accelerator where there is one.

    A stage of a run is loaded with the run's `model` settings. `trainable`: whether its adapter is trained further.

    Raises:
        UserError: it cannot be loaded, the adapter does not fit it, or it has no chat template.
    """
    try:
        loaded = load_placed(model, adapter, trainable=trainable, **_run_options(Path(model)))
    except UserError:
        raise
    except ValueError as error:
        raise UserError(one_line(error)) from error
    require_template(loaded.processor, model)
    return loaded


def _run_options(stage: Path) -> dict[str, Any]:
    """Return the options of `load_model` that a run has for the model of a stage; {} for any other model.

    Raises:
        ValueError: the run's preset cannot be read.
    """
    run = run_of(stage)
    if run is None:
        return {}
    record = check_line(run, stage_in(run, stage), hashed=True)
    options = RunOptions.from_record(record, out=run)
    preset = load_preset(options.preset, options.model)
    model = dict(apply_settings(preset, {"model": options.settings.get("model", {})}).model)
    if not any((stage / name).is_file() for name in (ADAPTER_FILE, LUMOE_FILE)):
        # Weights that were trained themselves are saved in their own type, which these would change.
        model = {name: value for name, value in model.items() if name not in ("dtype", "eight_bit", "four_bit")}
    return model


def has_weights(folder: Path) -> bool:
    """Return whether a stage's folder still holds its model."""
    return any(any(folder.glob(pattern)) for pattern in WEIGHT_FILES)


def score(loaded: Loaded, rows: Dataset, *, progress: Callable[[float], None], **options) -> list[dict]:
    """Return `evaluate_rows` with its options; a LUMoE scores each row with the adapter that its gate chooses.

    Raises:
        ValueError: a row cannot be scored, or the model fails on it.
    """
    try:
        return _score(loaded, rows, progress, options)
    except (ValueError, OSError, FloatingPointError):
        raise
    except Exception as error:  # of transformers, e.g. for a config.json that fits the weights but makes no sense
        raise UserError(f"{MODEL_FAILS}: {type(error).__name__}: {one_line(error)}") from error


def _score(loaded: Loaded, rows: Dataset, progress: Callable[[float], None], options: dict[str, Any]) -> list[dict]:
    if not loaded.is_routed:
        return evaluate_rows(loaded.model, loaded.processor, rows, progress=progress, **options)
    scores: dict[int, dict] = {}
    for part in loaded.parts(rows):
        part_scores = evaluate_rows(part.model, loaded.processor, rows.select(part.indices), **options)
        scores |= dict(zip(part.indices, part_scores, strict=True))
        progress(len(scores) / len(rows))
    return [scores[index] for index in range(len(rows))]


def with_answer_logprobs(loaded: Loaded, rows: Dataset, scores: Sequence[Mapping]) -> list[dict]:
    """Return scored rows with `answer_logprob`, their answers' mean log-probability per token under a reference.

    In nats; None for rows of the forget and holdout splits, and where there is no answer.

    Args:
        loaded: the reference model, from `load`.
        rows: the questions.
        scores: a model's scored rows, in the order of `rows`.
    """
    chosen = [index for index, row in enumerate(scores) if row["split"] in KEPT_SPLITS and row["generated"]]
    texts = [scores[index]["generated"] for index in chosen]
    values = answer_logprobs(loaded.model, loaded.processor, rows.select(chosen), texts) if chosen else []
    by_index = dict(zip(chosen, values, strict=True))
    return [{**row, "answer_logprob": by_index.get(index)} for index, row in enumerate(scores)]


def reference_rows(
    option: str,
    model: str,
    folder: Path,
    build: Build,
    rows: Sequence[Mapping],
    scores_of: Callable[[Loaded, str], list[dict]],
) -> list[dict]:
    """Return the scores of a reference model on `rows`, those that were scored; `option` is `--gold` or `--before`.

    `folder` is where the model is, by `reference_folder`.

    The scores that a stage of a run on the same build already has are reused where they hold every row and column;
    otherwise the model is loaded and scored.

    Raises:
        UserError: a run on other data, or a model that cannot be loaded.
    """
    run = run_of(folder)
    if run is not None:
        check_same_data(option, model, run, build)
        check_line(run, stage_in(run, folder), hashed=False)
        files = [name for name in (ROWS, HELD_OUT) if (folder / name).is_file()]
        stored = {row["id"]: row for name in files for row in read_rows(folder, name)}
        if all(row["id"] in stored and row.keys() - {"error"} <= stored[row["id"]].keys() for row in rows):
            return [stored[row["id"]] | {name: row[name] for name in ("split", "role")} for row in rows]
    if run is not None and not has_weights(folder):
        raise UserError(f"{option} {model}: its scores are of other rows, and its weights are gone")
    path = str(folder) if folder.exists() else model
    return scores_of(load(path), path)
