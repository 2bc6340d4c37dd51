"""`lethe run --from RUN`: take over the initial model and gold models of another run that trained them on the same."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.contract.errors import border
from lethebench.errors import UserError
from lethebench.evaluation.answers.row_scores import SCORE_COLUMNS
from lethebench.runs.build import request_ids
from lethebench.runs.folder import DONE, HELD_OUT, file_hash, is_done, stage_name, write_json
from lethebench.runs.gate import gate
from lethebench.runs.options import SECTIONS
from lethebench.runs.proof import LEARNT, WEIGHTS, check_line, gold_names
from lethebench.runs.provenance import DECISIVE
from lethebench.runs.records import GATE, read_done, read_run
from lethebench.runs.stage import Run


def check_same_training(source: Path, folder: Path, record: Mapping[str, Any]) -> None:
    """Raise unless the models of another run were trained as those of the run with this record would be.

    Args:
        source: The other run.
        folder: The run.
        record: The content of its run.json.

    Raises:
        UserError: It is the same run, its stage 1 is not finished, or data, model, settings, seed or versions differ.
    """
    if source.resolve() == folder.resolve():
        raise UserError(f"--from {source} is the run itself; leave out --from, or pass another --out")
    if not is_done(source / LEARNT):
        raise UserError(f"--from {source} has not finished stage 1: finish it with --resume, or leave out --from")
    other = read_run(source)
    theirs, own = _trained_on(other), _trained_on(record)
    if theirs["data"] != own["data"]:
        raise UserError(
            f"--from {source} was made on another build, {other['data']['path']}: leave out --from to train anew"
        )
    for name, value in own.items():
        if theirs[name] != value:
            raise UserError(
                f"--from {source} was trained with {name} {theirs[name]}, and this run has {value}: pass the same, or "
                "leave out --from to train anew"
            )


def _trained_on(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides the weights and answers of a run's initial model and, with the requests, of its gold ones."""
    settings = record.get("settings", {})
    return {
        "data": record["data"]["manifest_sha256"],
        **{name: record.get(name) for name in ("learn_neighbour", "seed", "version", "generate_with")},
        "model": record["model"] if record.get("model_sha256") is None else f"of SHA-256 {record['model_sha256']}",
        "preset": record.get("preset_sha256") or record.get("preset"),
        **{f"settings of {name}": settings.get(name) or {} for name in SECTIONS},
        **{name: record["versions"].get(name) for name in DECISIVE},
    }


def take_over(run: Run, source: Path) -> None:
    """Copy the initial model and the gold models that the run still lacks from a run of `check_same_training`.

    Weights are hard links where the file system has them. What does not fit is listed, and trained by the run.

    Raises:
        UserError: A stage of the other run does not fit its hashes, or its initial model cannot be used.
    """
    other = read_run(source)
    numbers = run.options.gold_stages(len(run.order))
    gold = [f"{name}/{stage_name(number)}" for name in gold_names(run.options.record()) for number in numbers]
    taken, reasons = [], {}
    for stage in (LEARNT, *gold):
        if run.is_done(stage):
            continue
        reason = _unusable(run, source, other, stage)
        if reason is None:
            _copy(run, source, stage)
            taken.append(stage)
        elif stage == LEARNT:
            raise UserError(f"--from {source}: its {LEARNT} {reason}; leave out --from to train anew")
        else:
            reasons[stage] = reason
    if taken:
        run.console.say(f"taken over from {source}: {', '.join(taken)}")
    if reasons:
        listed = ", ".join(f"{stage} ({reason})" for stage, reason in reasons.items())
        run.console.say(f"not taken over from {source}, so trained here: {listed}")


def _unusable(run: Run, source: Path, other: Mapping[str, Any], stage: str) -> str | None:
    """Return why a stage of another run cannot be taken over, None if it can."""
    if not is_done(source / stage):
        return "is missing there"
    sizes = [record.get("tasks_per_request", 1) for record in (other, run.record)]
    if sizes[0] != sizes[1] and (stage != LEARNT or sizes[0] > 1):
        return f"has requests of {sizes[0]} tasks there, not of {sizes[1]}"
    if stage != LEARNT:
        number = int(stage[-3:])
        requests = [sorted(order[:number]) for order in (other["task_order"], run.order)]
        if requests[0] != requests[1]:
            return f"is of the requests {requests[0]} there, not {requests[1]}"
    names = read_done(source, stage)["proof"]["files"]
    if HELD_OUT in run.parts and HELD_OUT not in names:
        return "has no scores of held-out rows"
    for file in run.parts:
        with border(f"{source / stage / file} cannot be read", "leave out --from to train anew"):
            missing = [name for name in SCORE_COLUMNS if name not in pq.read_schema(source / stage / file).names]
        if missing:
            return f"was scored by an older version, without {missing[0]}"
    if any(name.endswith(WEIGHTS) and not (source / stage / name).is_file() for name in names):
        return "has no weights any more"
    return None


def _copy(run: Run, source: Path, stage: str) -> None:
    check_line(source, stage, hashed=True)
    done = read_done(source, stage)
    proof = done.pop("proof")
    del done["sha256"]
    origin = {"run": proof["run"], "done_sha256": file_hash(source / stage / DONE)}
    done.setdefault("taken_from", origin)  # the run that trained it, if it was taken over there too
    made_by = {name: proof[name] for name in ("versions", "machine")}
    with run.new_stage(stage, done, made_by) as folder:
        for name in proof["files"]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _link(source / stage / name, folder / name)
            if name in run.parts and run.options.tasks_per_request > 1 == read_run(source).get("tasks_per_request", 1):
                _relabel(folder / name, run.options.tasks_per_request)
        if stage == LEARNT:
            write_json(folder / GATE, gate(folder, done, run.options.threshold))


def _relabel(file: Path, size: int) -> None:
    """Give scored rows the ids of requests of several tasks as their `task_id`."""
    rows = pq.read_table(file)
    index = rows.schema.get_field_index("task_id")
    ids = request_ids(rows["task_id"].to_pylist(), size)
    pq.write_table(rows.set_column(index, "task_id", pa.array(ids, rows.schema.field(index).type)), file)


def _link(file: Path, copy: Path) -> None:
    """Link weights, and copy them where the file system has no hard links; copy every other file."""
    if file.name.endswith(WEIGHTS):
        try:
            return os.link(file, copy)
        except OSError:
            pass
    shutil.copyfile(file, copy)
