"""A whole run from its options: what `lethe run`, `lethe learn`, `lethe unlearn` and the demo share."""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lethebench import __version__
from lethebench.baselines.presets import PRESETS, own_preset
from lethebench.cli.output import text_table
from lethebench.console import Console
from lethebench.contract.folder_kinds import MARKER, REPORT
from lethebench.contract.own_folder import new_file, refuse_foreign
from lethebench.errors import UserError
from lethebench.evaluation.metrics.rows import mean_of
from lethebench.evaluation.validity import notes_on
from lethebench.report import write_report
from lethebench.report.headline import FIGURES
from lethebench.runs.build import Build
from lethebench.runs.checks import check_repair
from lethebench.runs.folder import LOCK, RECORD, file_hash, is_done, stage_name, write_json
from lethebench.runs.gate import exact_match_text
from lethebench.runs.options import PRESET_FILE, RunOptions
from lethebench.runs.proof import (
    LEARNT,
    MIXTURE,
    check_run,
    dependants,
    gold_names,
    parent_of,
    planned,
    refuse_links,
    stages_of,
    wrong_links,
)
from lethebench.runs.provenance import DECISIVE, NUMERIC, library_versions, machine
from lethebench.runs.records import new_record, read_done, read_run
from lethebench.runs.reuse import check_same_training, take_over
from lethebench.runs.stage import Run
from lethebench.runs.summary import gold_summary, method_summary
from lethebench.runs.weights import with_parents
from lethebench.runs.world import world

SHOWN = ("forget", "indistinguishable", "keep", "stability", "exposure", "score")
"""Figures of the report's headline table that a terminal has room for."""


def count_phases(options: RunOptions, tasks: int) -> int:
    """Return how many phases `execute` shows: train and score per stage, and the report."""
    return 1 + 2 * (1 + tasks * len(options.methods) + len(options.gold_stages(tasks)) * options.gold_seeds)


def start(
    build: Build,
    options: RunOptions,
    console: Console,
    *,
    resume: bool,
    repair: bool = False,
    source: Path | None = None,
) -> Run:
    """Open a run: write run.json, or check that the run to resume is the same one. The caller holds the folder.

    Args:
        build: The benchmark.
        options: Checked options.
        console: Shows progress.
        resume: Continue the run that the folder holds.
        repair: Run stages again that do not fit their hashes, their parent or run.json, and what depends on them.
        source: A run whose initial and gold models are taken over.

    Raises:
        UserError: The folder holds a run and `resume` is false, it was created with other options, data or versions,
            one of its stages is wrong and `repair` is false, or the models of `source` were trained otherwise.
    """
    check_repair(resume=resume, repair=repair)
    run = Run(build, options, options.folder(build), console)
    run.again = world().main(lambda: _open(run, resume=resume, repair=repair, source=source))
    return run


def _open(run: Run, *, resume: bool, repair: bool, source: Path | None) -> set[str]:
    """Write run.json, or check it; return the stages to run again. Arguments and errors as of `start`."""
    build, options, folder, console = run.build, run.options, run.folder, run.console
    record = _record(run, build)
    if source is not None:
        check_same_training(source, folder, record)
    if (folder / RECORD).exists():
        if not resume:
            raise UserError(f"{folder} already holds a run: pass --resume to continue it, or another folder by --out")
        record = _resumed(folder, read_run(folder), record, console)
        run.again = _again(folder, record, options, console, repair=repair)
    elif foreign := sorted(set(os.listdir(folder)) - {LOCK, MARKER, "data"}):  # the latter two in a demo
        raise UserError(f"{folder} is not empty and not a run (e.g. {foreign[0]}): choose another --out or empty it")
    if record["preset"] == PRESET_FILE:
        _copy_preset(Path(run.preset.name), folder / PRESET_FILE)
    write_json(folder / RECORD, new_record(record))
    run.recorder.tidy()
    if source is not None:
        take_over(run, source)
    if options.preset is None and own_preset(options.model) is None and not is_done(run.learnt):
        console.say(
            f"{options.model} has no preset of its own and gets the settings of {run.preset.name}; choose others by "
            "--preset or --set"
        )
    return run.again


def _record(run: Run, build: Build) -> dict[str, Any]:
    """Return run.json of a new run."""
    preset, manifest = run.preset.name, build.manifest
    built_in = preset in PRESETS
    source = (manifest.get("imported") or {}).get("source") or {}
    return {
        "id": uuid.uuid4().hex,
        "name": run.folder.name,
        "version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "path": str(build.path),
            **build.hub,
            "benchmark": build.benchmark,
            "version": manifest["version"],
            "size": manifest["size"],
            "seed": manifest.get("seed"),
            "options": manifest.get("options") or {},
            "imported_from": source.get("name"),
            "manifest_sha256": file_hash(build.path / "manifest.json"),
        },
        **replace(run.options, preset=preset if built_in else PRESET_FILE, tasks=len(run.order)).record(),
        "preset_sha256": None if built_in else file_hash(Path(preset)),
        "model_sha256": _model_hash(Path(run.options.model)),
        "trained": run.preset.trained(),
        "task_order": run.order,
        "versions": library_versions(run.options.generate_with),
        "machine": machine(),
    }


def _model_hash(folder: Path) -> str | None:
    """Return the SHA-256 of the names and hashes of a model folder's files, None for `tiny` and Hub ids."""
    if not folder.is_dir():
        return None
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return hashlib.sha256("\n".join(f"{path.name} {file_hash(path)}" for path in files).encode()).hexdigest()


def _copy_preset(source: Path, copy: Path) -> None:
    """Copy a preset's file into the run folder, so that resuming does not need the original."""
    if not copy.is_file() or file_hash(copy) != file_hash(source):
        with new_file(copy) as unfinished:
            shutil.copyfile(source, unfinished)


def _resumed(folder: Path, before: dict[str, Any], now: dict[str, Any], console: Console) -> dict[str, Any]:
    """Return run.json of a resumed run: methods and settings of both, and other library versions noted.

    Raises:
        UserError: The options, data or versions would not have made the finished stages.
    """
    if before["data"]["manifest_sha256"] != now["data"]["manifest_sha256"]:
        raise UserError(
            f"{folder} was created from another build (then at {before['data']['path']}) than {now['data']['path']}: "
            "pass that build, or start a new run with this one"
        )
    elsewhere = before.get("checkpoints") or now["checkpoints"]
    if elsewhere and before["methods"] and not {*now["methods"]} <= {*before["methods"]}:
        raise UserError(
            f"{folder} holds {', '.join(before['methods'])}: checkpoints from elsewhere have a run of their own; pass "
            "its --checkpoints and --name to continue it, or another --out and compare both by `lethe report RUN RUN`"
        )
    started = [method for method in now["methods"] if is_done(folder / method / stage_name(1))]
    trained = is_done(folder / "learnt")
    if now["preset_sha256"] is not None and before.get("preset_sha256") == now["preset_sha256"]:
        before = before | {"preset": now["preset"]}  # older runs record the path of the file
    conflicts = list(RunOptions.from_record(before).conflicts(RunOptions.from_record(now), started, trained=trained))
    common = min(len(before["task_order"]), len(now["task_order"]))
    if before.get("withdraw") != now["withdraw"]:
        common = min(common, _answered(folder, before, now))
    pairs = {
        "version": (before["version"], now["version"]),
        "preset_sha256": (before.get("preset_sha256"), now["preset_sha256"]),
        "task_order": (before["task_order"][:common], now["task_order"][:common]),
    }
    changed = {
        name: (before["versions"].get(name), version)
        for name, version in now["versions"].items()
        if before["versions"].get(name) != version
    }
    pairs |= {name: versions for name, versions in changed.items() if name in DECISIVE}
    conflicts += [(name, was, value) for name, (was, value) in pairs.items() if was != value]
    for name, was, value in conflicts:
        raise UserError(
            f"{folder} was created with {name} {was}, got {value}: resume with the original, or use another folder"
        )
    record = now | {
        "id": before.get("id", now["id"]),
        "created": before.get("created", now["created"]),
        "machine": before.get("machine", now["machine"]),
        "methods": list(dict.fromkeys([*before["methods"], *now["methods"]])),
        "settings": before.get("settings", {}) | now["settings"],
        "checkpoints": now["checkpoints"] or list(before.get("checkpoints", ())),
        "gold_seeds": max(before.get("gold_seeds", 1), now["gold_seeds"]),
        "versions": before["versions"],
    }
    resumed = list(before.get("resumed_with", []))
    if changed:
        words = ", ".join(f"{name} {value} (was {was})" for name, (was, value) in changed.items())
        console.say(f"warning: resuming with {words}; numbers of later stages may differ in the last digits")
        resumed += [{"when": now["created"], "versions": {name: value for name, (_, value) in changed.items()}}]
    return record | ({"resumed_with": resumed} if resumed else {})


def _answered(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> int:
    """Return how many requests a run has answered; raise UserError if one of them is withdrawn now, or back again."""
    answered = max((int(stage[-3:]) for stage in stages_of(folder, before) if stage != LEARNT), default=0)
    if before["task_order"][:answered] != now["task_order"][:answered]:
        raise UserError(
            f"--withdraw {now['withdraw'] or ''}: {folder} has answered {answered} requests (task ids "
            f"{', '.join(map(str, before['task_order'][:answered]))}), which stay as they are; withdraw later ones"
        )
    return answered


def _again(folder: Path, record: dict[str, Any], options: RunOptions, console: Console, *, repair: bool) -> set[str]:
    """Return the finished stages to run again: with `repair` those that are wrong and what was made from them.

    Raises:
        UserError: A stage is wrong and `repair` is false.
    """
    numbers = options.gold_stages(len(record["task_order"]))
    gold = {f"{name}/{stage_name(number)}" for name in gold_names(options.record()) for number in numbers}
    wanted = [stage for stage in planned(record) if stage.split("/")[0] in options.methods or stage in gold]
    unfinished = [stage for stage in wanted if not is_done(folder / stage)]
    used = {parent for stage in unfinished if (parent := parent_of(stage, record))}
    used |= {LEARNT for stage in used if (folder / stage / MIXTURE).is_file()}
    again: set[str] = set()
    if repair:
        refuse_links(folder, record)
        wrong = wrong_links(folder, record, hashed=used)
        again = with_parents(folder, record, dependants(folder, record, wrong))
        for reason in wrong.values():
            console.say(f"repair: {reason.partition(';')[0]}")
        if again:
            console.say(f"repair: running {', '.join(sorted(again))} again")
    else:
        check_run(folder, record, hashed=used)
    kept = [stage for stage in stages_of(folder, record) if stage not in again]
    for name, value in machine().items():
        others = {read_done(folder, stage)["proof"]["machine"].get(name) for stage in kept} - {value}
        if name in NUMERIC and others:
            words = ", ".join(map(str, sorted(others, key=str)))
            console.say(
                f"warning: finished stages were made with {name} {words}, and this machine has {value}: numbers of "
                "later stages may differ in the last digits"
            )
    return again


def execute(
    build: Build,
    options: RunOptions,
    console: Console,
    *,
    resume: bool,
    repair: bool = False,
    source: Path | None = None,
) -> dict[str, Any]:
    """Run the whole sequence; arguments as of `start`. The caller holds the folder.

    Returns:
        What `--json` prints: seconds, gate, methods, gold, report.
    """
    start_time = time.monotonic()
    world().main(lambda: refuse_foreign(options.folder(build) / "report", REPORT))
    run = start(build, options, console, resume=resume, repair=repair, source=source)
    run.recorder.is_whole = True
    gate = run.learn()
    for method in options.methods:
        for stage in range(1, len(run.order) + 1):
            run.measure(method, stage) if options.checkpoints else run.unlearn(method, stage)
    stages = options.gold_stages(len(run.order))
    for name in gold_names(options.record()):
        for stage in stages:
            run.gold(stage, name)
    result = world().main(lambda: _summarize(run, stages, gate))
    return {"seconds": round(time.monotonic() - start_time, 1), **result}


def _summarize(run: Run, stages: Sequence[int], gate: Mapping[str, Any]) -> dict[str, Any]:
    """Write the summaries and the report of a run; return what `execute` does, without the seconds."""
    with run.console.phase("write the report"):
        gold = gold_summary(run.folder, stages, run.order)
        last = stage_name(len(run.order))
        finished = [name for name in run.record["methods"] if run.is_done(f"{name}/{last}")]
        summaries = {name: method_summary(run.folder, name, run.order, gold, dict(gate)) for name in finished}
        report = write_report([run.folder], run.folder / "report")
    return {
        "gate": {name: gate[name] for name in ("image_text", "text", "passed")},
        "methods": {name: summaries[name]["final"] for name in run.options.methods},
        "gold": gold["stages"][str(stages[-1])],
        "report": str(report),
    }


def headline(result: Mapping[str, Any]) -> str:
    """Return the result of `execute` as text: headline figures per method, gold model, gate, weak metrics, report."""
    columns = [column for column in FIGURES if column.key in SHOWN]
    lines = [[method, *(final[column.key] for column in columns)] for method, final in result["methods"].items()]
    flags = {method: ", ".join(final["flags"]) for method, final in result["methods"].items() if final["flags"]}
    titles = [column.title for column in columns]
    gold = result["gold"]
    exposure = "" if gold["exposure"] is None else f"; exposure {gold['exposure']:.3f} bits"
    knowledge = mean_of(gold["knowledge"])
    knows = (
        "what it knows of the forget set is not measured"
        if knowledge is None
        else f"knows {knowledge:.3f} of the forget set"
    )
    return "\n".join(
        [
            text_table(["Method", *titles], lines, right=titles),
            *(f"flags of {method}: {names}" for method, names in flags.items()),
            f"gold model: {knows}{exposure}",
            f"gate: exact match {exact_match_text(result['gate'])}",
            *notes_on(column.key for column in columns),
            *([f"report: {result['report']}"] if result.get("report") else []),
        ]
    )
