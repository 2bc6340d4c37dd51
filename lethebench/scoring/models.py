"""Models to be scored, loaded with one line for whatever is wrong with them; and the scores of reference models."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from safetensors import safe_open

from lethebench.baselines.loading import ADAPTER_FILE, LUMOE_FILE, Loaded, load_model
from lethebench.baselines.lumoe.mixture import LUMoE
from lethebench.errors import UserError
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.runs.build import Build
from lethebench.runs.folder import RECORD, file_hash, is_done, read_json
from lethebench.runs.summary import read_rows

WEIGHTS = ("model*.safetensors", "adapter_model.safetensors", LUMOE_FILE)


def load(model: str, adapter: Path | None = None) -> Loaded:
    """A model with its processor, on the accelerator where there is one.

    Raises:
        UserError: it cannot be loaded, the adapter does not fit it, or it has no chat template.
    """
    adapter_of = Path(model) if adapter is None and (Path(model) / ADAPTER_FILE).is_file() else adapter
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Found missing adapter keys")
            loaded = load_model(model, adapter, trainable=False)
    except (ValueError, RuntimeError, OSError, UserWarning) as error:
        if adapter is not None and not str(error).startswith(f"{model} cannot be loaded"):
            raise UserError(f"--adapter {adapter} does not fit {model}: {_first(error)}") from None
        raise UserError(_first(error)) from None
    if adapter_of is not None:
        _check_used(loaded.model, adapter_of, model)
    if not getattr(loaded.processor, "chat_template", None):
        raise UserError(f"{model} has no chat template: put its chat_template.jinja beside the model's other files")
    if torch.cuda.is_available():
        (loaded.model.model if isinstance(loaded.model, LUMoE) else loaded.model).to("cuda")
    return loaded


def has_weights(folder: Path) -> bool:
    """Whether a stage's folder still holds its model."""
    return any(any(folder.glob(pattern)) for pattern in WEIGHTS)


def score(loaded: Loaded, rows: Dataset, *, progress: Callable[[float], None], **options) -> list[dict]:
    """`evaluate_rows`, and of a LUMoE each row by the adapter that its gate chooses.

    Args:
        loaded: model and processor.
        rows: of the build.
        progress: called with the share done.
        options: of `evaluate_rows`.

    Raises:
        ValueError: as `evaluate_rows`.
    """
    if not isinstance(loaded.model, LUMoE):
        return evaluate_rows(loaded.model, loaded.processor, rows, progress=progress, **options)
    found: dict[int, dict] = {}
    for task, places in loaded.model.groups(rows).items():
        with loaded.model.using(task) as chosen:
            scores = evaluate_rows(chosen, loaded.processor, rows.select(places), **options)
        found |= dict(zip(places, scores, strict=True))
        progress(len(found) / len(rows))
    return [found[place] for place in range(len(rows))]


def _check_used(model: Any, adapter: Path, name: str) -> None:
    """Refuses an adapter some of whose weights have no place in the model; PEFT passes over them in silence."""
    from peft import get_peft_model_state_dict

    path = adapter / "adapter_model.safetensors"
    if path.is_file():
        with safe_open(path, framework="pt") as file:
            left = sorted(set(file.keys()) - set(get_peft_model_state_dict(model)))
        if left:
            raise UserError(f"--adapter {adapter} does not fit {name}: {name} has no place for {left[0]}")


def _first(error: BaseException) -> str:
    """The first 300 characters of an error in one line."""
    return " ".join(str(error).split())[:300]


def in_run(given: str, kind: str) -> Path:
    """The folder of a reference: of a run its learnt model (`kind` before) or its last gold one (`kind` gold).

    Raises:
        UserError: a run without that stage.
    """
    path = Path(given)
    if not (path / RECORD).is_file():
        return path
    stages = [path / "learnt"] if kind == "before" else sorted(path.glob("gold/t*"))
    stages = [stage for stage in stages if is_done(stage)]
    if not stages:
        raise UserError(f"--{kind} {given}: this run has no {'learnt' if kind == 'before' else 'gold'} model yet")
    return stages[-1]


def reference_rows(
    option: str,
    given: str,
    build: Build,
    wanted: Sequence[dict],
    scores_of: Callable[[Loaded], list[dict]],
) -> list[dict]:
    """Per-row scores of a reference model on the rows of `wanted`.

    A stage of a run on the same build brought its scores with it: they are read where they hold every row and column;
    else the model is loaded and scored.

    Args:
        option: `--gold` or `--before`.
        given: what the user gave: a model or a run.
        build: what is scored.
        wanted: the scores of the model itself.
        scores_of: scores a model on the same rows.

    Raises:
        UserError: a run on other data, or a model that cannot be loaded.
    """
    folder = in_run(given, option.removeprefix("--"))
    run = next((parent for parent in folder.parents[:2] if (parent / RECORD).is_file()), None)
    if run is not None:
        data = read_json(run / RECORD)["data"]
        if data["manifest_sha256"] != file_hash(build.path / "manifest.json"):
            raise UserError(f"{option} {given}: it was made on other data, {data['path']}, and cannot be compared")
        found = {row["id"]: row for row in read_rows(folder)}
        if all(row["id"] in found and row.keys() - {"error"} <= found[row["id"]].keys() for row in wanted):
            return [found[row["id"]] | {"split": row["split"]} for row in wanted]
    if run is not None and not has_weights(folder):
        raise UserError(f"{option} {given}: it holds scores of other rows alone, and no weights to score these with")
    return scores_of(load(str(folder) if folder.exists() else given))
