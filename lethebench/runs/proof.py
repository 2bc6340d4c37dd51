"""The chain of a run: every stage records what it was made from, and whoever reads the run compares.

done.json of a stage holds the run's id, the SHA-256 of its parent's done.json and of each of its files, the build, the
options and the machine. run.json and done.json end with a hash of themselves. The chain shows damage and mixed up
stages; against somebody who computes all hashes anew, score the weights again by `lethe evaluate RUN`.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from lethebench.contract.errors import UserError
from lethebench.contract.records import Mixture, read_record
from lethebench.runs.folder import DONE, RECORD, file_hash, stage_name
from lethebench.runs.options import SECTIONS, RunOptions, option_names
from lethebench.runs.records import REPAIR, new_record, read_done, read_run

LEARNT, GOLD = "learnt", "gold"
MIXTURE = "lumoe.json"
WEIGHTS = ".safetensors"


def stages_of(folder: Path, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the finished stages of a run, such as `npo/t003`; a stage comes after its parent."""
    for name in planned(record):
        if (folder / name / DONE).is_file():
            yield name


def planned(record: Mapping[str, Any]) -> list[str]:
    """Return every stage that a run can have."""
    numbers = range(1, len(record["task_order"]) + 1)
    names = (*record["methods"], *gold_names(record))
    return [LEARNT, *(f"{name}/{stage_name(number)}" for name in names for number in numbers)]


def gold_names(record: Mapping[str, Any]) -> list[str]:
    """Return the folders of a run's gold models, one per seed: gold, gold-2, ..."""
    return [GOLD, *(f"{GOLD}-{number}" for number in range(2, record.get("gold_seeds", 1) + 1))]


def parent_of(stage: str, record: Mapping[str, Any]) -> str | None:
    """Return the stage that a stage of the run with this run.json was made from, None for stage 1."""
    method, number = _parts(stage)
    if method == LEARNT:
        return None
    return (
        LEARNT
        if is_gold(method) or number == 1 or record.get("sequence") == "reset"
        else f"{method}/{stage_name(number - 1)}"
    )


def is_gold(name: str) -> bool:
    """Return whether a folder of a run is that of gold models."""
    return name.partition("-")[0] == GOLD


def _parts(stage: str) -> tuple[str, int]:
    method, _, name = stage.partition("/")
    return method, int(name[1:] or 0)


def stage_in(run: Path, folder: Path) -> str:
    """Return the name of the stage that a folder of a run is."""
    return Path(os.path.relpath(folder, run)).as_posix()


def origin(record: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """Return what decides the numbers of a stage, by run.json: run, build, requests and options."""
    method, number = _parts(stage)
    settings = record.get("settings", {})
    options = {name: record.get(name, default) for name, default in _defaults().items()}
    options |= {name: record[name] for name in option_names("engine") if name in record}
    return {
        "run": record.get("id"),
        "stage": stage,
        "data": record["data"]["manifest_sha256"],
        "requests": record["task_order"][:number],
        "options": options | {"settings": {name: settings[name] for name in (*SECTIONS, method) if settings.get(name)}},
    }


def _defaults() -> dict[str, Any]:
    """Return the options that decide the numbers of every stage, with the values that records of before them have."""
    fields = RunOptions.__dataclass_fields__
    return {name: fields[name].default for name in option_names("result", "seed")} | {"preset_sha256": None}


def seal(
    run: Path, record: Mapping[str, Any], stage: str, folder: Path, done: dict[str, Any], made_by: Mapping[str, Any]
) -> None:
    """Add the proof to the done.json of a stage whose other files are written.

    Args:
        run: The run folder.
        record: run.json.
        stage: The stage.
        folder: Where its files are.
        done: The content of done.json so far.
        made_by: The `versions` and the `machine`.
    """
    parent = parent_of(stage, record)
    files = {name: {"bytes": path.stat().st_size, "sha256": file_hash(path)} for name, path in _files(folder).items()}
    done["proof"] = {
        **origin(record, stage),
        "parent": None if parent is None else file_hash(run / parent / DONE),
        **made_by,
        "files": files,
    }
    done |= new_record(done)


def check_run(
    run: Path, record: dict[str, Any] | None = None, *, hashed: Collection[str] | None = ()
) -> dict[str, Any]:
    """Return run.json after a comparison of all finished stages with it.

    Args:
        run: The run folder.
        record: run.json, where it is about to be written anew; None = read it.
        hashed: Stages whose weights are about to be used, and are hashed. Of others the size is compared, and they may
            have been deleted. None = hash all that are there.

    Raises:
        UserError: A link of the chain is wrong; the message names the file of the stage.
    """
    record = read_run(run) if record is None else record
    refuse_links(run, record)
    wrong = wrong_links(run, record, hashed=hashed)
    if wrong:
        reason = next(iter(wrong.values()))
        more = f" (and {len(wrong) - 1} more: {', '.join(list(wrong)[1:])})" if len(wrong) > 1 else ""
        raise UserError(f"{reason}{more}")
    return record


def check_line(run: Path, stage: str, *, hashed: bool) -> dict[str, Any]:
    """Return run.json after a check of a stage and of those that it was made from; errors as in `check_run`.

    Args:
        run: The run folder.
        stage: The stage.
        hashed: Whether the stage's weights are compared by hash.
    """
    record = read_run(run)
    if stage not in planned(record):
        raise UserError(f"{run / stage} is not a stage of the run {run}; pass one of its stages")
    line: list[str] = [stage]
    while (parent := parent_of(line[0], record)) is not None:
        line.insert(0, parent)
    refuse_links(run, record)
    is_mixture = (run / stage / MIXTURE).is_file()
    for name in line:
        check_stage(run, record, name, hashed=hashed and (name == stage or (is_mixture and name == LEARNT)))
    return record


def wrong_links(run: Path, record: Mapping[str, Any], *, hashed: Collection[str] | None = ()) -> dict[str, str]:
    """Return each finished stage that does not fit its files, its parent or run.json, with the reason."""
    wrong = {}
    for stage in stages_of(run, record):
        try:
            check_stage(run, record, stage, hashed=hashed is None or stage in hashed, complete=hashed is not None)
        except UserError as error:
            wrong[stage] = str(error)
    return wrong


def dependants(run: Path, record: Mapping[str, Any], wrong: Collection[str]) -> set[str]:
    """Return the finished stages that are wrong or were made from such a stage."""
    again: set[str] = set()
    for stage in stages_of(run, record):
        if stage in wrong or parent_of(stage, record) in again:
            again.add(stage)
    return again


def check_stage(run: Path, record: Mapping[str, Any], stage: str, *, hashed: bool, complete: bool = True) -> None:
    """Raise UserError unless a stage fits its files, its parent and run.json.

    Args:
        run: The run folder.
        record: run.json.
        stage: The stage.
        hashed: Whether its weights are compared by hash, and not by size alone.
        complete: Whether weights that are hashed must be there.
    """
    done = read_done(run, stage)
    proof = done["proof"]
    for name, value in origin(record, stage).items():
        own = _defaults() | proof[name] if name == "options" else proof[name]
        if own != value:
            raise UserError(f"{run / stage / DONE} {_difference(name, own, value)}; {REPAIR}")
    parent = parent_of(stage, record)
    if parent is not None:
        path = run / parent / DONE
        if not path.is_file():
            raise UserError(f"{path} is missing, and {stage} was made from it; {REPAIR}")
        if file_hash(path) != proof["parent"]:
            raise UserError(f"{run / stage} was made from another {parent} than {path} describes; {REPAIR}")
    _check_files(run / stage, proof["files"], hashed, complete and hashed)
    if (run / stage / MIXTURE).is_file():
        base = read_record(run / stage / MIXTURE, Mixture, cure=REPAIR)["base"]
        if os.path.normpath(run / stage / base) != os.path.normpath(run / LEARNT):
            raise UserError(
                f"{run / stage / MIXTURE} names {base}, which is not the initial model of the run; {REPAIR}"
            )


def weights_hash(run: Path, stage: str) -> str:
    """Return a hash of a stage's weights, equal where the stage was run again with the same result."""
    files = read_done(run, stage)["proof"]["files"]
    hashes = sorted((name, entry["sha256"]) for name, entry in files.items() if name.endswith(WEIGHTS))
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def _difference(name: str, own: Any, expected: Any) -> str:
    if name == "options":
        keys = [key for key in {**own, **expected} if own.get(key) != expected.get(key)]
        return f"was made with {keys[0]} {own.get(keys[0])}, and {RECORD} has {expected.get(keys[0])}" if keys else ""
    words = {"run": "belongs to another run", "stage": f"is of {own}", "data": "was made from another build"}
    return words.get(name, f"is of the requests {own}, not {expected}")


def _check_files(folder: Path, files: Mapping[str, Mapping[str, Any]], hashed: bool, complete: bool) -> None:
    """Raise UserError unless a stage's folder holds these files; unless `complete`, all weights may be missing."""
    present = _files(folder)
    for name, path in present.items():
        if name not in files:
            raise UserError(f"{path} was not written by the run; move it away")
    weights = {name for name in files if name.endswith(WEIGHTS)}
    deleted = not complete and not weights & present.keys()
    for name, entry in files.items():
        path = folder / name
        if name not in present:
            if deleted and name in weights:
                continue
            raise UserError(f"{path} is missing; {REPAIR}")
        if path.stat().st_size != entry["bytes"]:
            raise UserError(f"{path} has {path.stat().st_size} bytes, and {entry['bytes']} were written; {REPAIR}")
        if (hashed or name not in weights) and file_hash(path) != entry["sha256"]:
            raise UserError(f"{path} was changed after it was written (its SHA-256 differs); {REPAIR}")


def refuse_links(run: Path, record: Mapping[str, Any]) -> None:
    """Raise UserError if a stage or one of its files is a link: only files inside the run are read and replaced."""
    for name in (LEARNT, *gold_names(record), *record["methods"]):
        for path in [run / name, *sorted((run / name).rglob("*"))]:
            if path.is_symlink():
                raise UserError(f"{path} is a link, and files outside of the run are not read; replace it by the file")


def _files(folder: Path) -> dict[str, Path]:
    """Return the files of a stage by relative path, without done.json and hidden ones."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path for name, path in names.items() if name != DONE and not name.startswith(".")}
