"""From options to a finished run: what `lethe run`, `lethe learn`, `lethe unlearn` and the demo share."""

import time
from datetime import UTC, datetime
from pathlib import Path

from lethebench import __version__
from lethebench.baselines.presets import PRESETS, own_preset
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.report import write_report
from lethebench.runs.build import Build
from lethebench.runs.folder import RECORD, file_hash, is_done, read_json, stage_name, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.provenance import library_versions, machine
from lethebench.runs.settings import SECTIONS
from lethebench.runs.stage import Run
from lethebench.runs.summary import gold_summary, method_summary


def phases(options: RunOptions, tasks: int) -> int:
    """How many phases `execute` shows: train and score per stage, held-out rows after learning, and the report."""
    return 2 + 2 * (1 + tasks * len(options.methods) + len(options.gold_stages(tasks)))


def start(build: Build, options: RunOptions, console: Console, *, resume: bool) -> Run:
    """Writes run.json, or checks that a run that goes on is the same run. The caller holds the folder.

    Raises:
        UserError: the folder holds a run and `resume` is not given, or it was made with other options or other data.
    """
    folder = options.folder(build)
    sections = [section for section in SECTIONS if section in options.settings]
    run = Run(build, options, folder, console)
    record = {
        "name": folder.name,
        "version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "path": str(build.path),
            "benchmark": build.benchmark,
            "version": build.manifest["version"],
            "size": build.manifest["size"],
            "manifest_sha256": file_hash(build.path / "manifest.json"),
        },
        "model": options.model,
        "preset": run.preset.name,
        "preset_sha256": None if run.preset.name in PRESETS else file_hash(Path(run.preset.name)),
        "trained": run.preset.trained(),
        "methods": list(options.methods),
        "tasks": len(run.order),
        "task_order": run.order,
        "retain": options.retain,
        "learn_neighbour": options.learn_neighbour,
        "gold": options.gold,
        "seed": options.seed,
        "order_seed": options.order_seed,
        "threshold": options.threshold,
        "ignore_gate": options.ignore_gate,
        "settings": {name: dict(options.settings.get(name, {})) for name in (*sections, *options.methods)},
        "versions": library_versions(),
        "machine": machine(),
    }
    if (folder / RECORD).exists():
        if not resume:
            raise UserError(f"{folder} holds a run already: go on with it by --resume, or give another folder by --out")
        before = read_json(folder / RECORD)
        _check_same(folder, before, record)
        methods = list(dict.fromkeys([*before["methods"], *record["methods"]]))
        settings = before.get("settings", {}) | record["settings"]
        record |= {"created": before["created"], "methods": methods, "settings": settings}
    write_json(folder / RECORD, record)
    if options.preset is None and own_preset(options.model) is None and not is_done(run.learnt):
        console.say(
            f"{options.model} has no preset of its own and gets the settings of {run.preset.name}; choose others by "
            "--preset or --set"
        )
    return run


def execute(build: Build, options: RunOptions, console: Console, *, resume: bool) -> dict:
    """A whole continual run. The caller holds the folder.

    Returns:
        What `--json` prints: seconds, gate, methods, gold, report.
    """
    begun = time.monotonic()
    run = start(build, options, console, resume=resume)
    gate = run.learn()
    for method in options.methods:
        for stage in range(1, len(run.order) + 1):
            run.unlearn(method, stage)
    stages = options.gold_stages(len(run.order))
    for stage in stages:
        run.gold(stage)
    with console.phase("write the report"):
        gold = gold_summary(run.folder, stages, run.order)
        found = {name: method_summary(run.folder, name, run.order, gold, gate) for name in options.methods}
        report = write_report([run.folder], run.folder / "report")
    return {
        "seconds": round(time.monotonic() - begun, 1),
        "gate": {name: gate[name] for name in ("image_text", "text", "passed")},
        "methods": {name: summary["final"] for name, summary in found.items()},
        "gold": gold["stages"][str(stages[-1])],
        "report": str(report),
    }


def headline(result: dict) -> str:
    """The result as a table of words and figures."""
    columns = ("forget", "utility", "utility_relative", "stability", "exposure", "score")
    lines = ["method    " + "".join(f"{name.replace('_', ' '):>18}" for name in columns) + "  flags"]
    for method, final in result["methods"].items():
        cells = "".join(f"{'-' if final[name] is None else format(final[name], '.3f'):>18}" for name in columns)
        lines.append(f"{method:10}{cells}  {', '.join(final['flags']) or '-'}")
    gold, gate = result["gold"], result["gate"]
    exposed = "" if gold["exposure"] is None else f", exposed by {gold['exposure']:.3f} bits"
    lines.append(f"gold knows {_mean(gold['knowledge']):.3f} of what was forgotten{exposed}")
    matches = [(gate["image_text"], "on pictures"), (gate["text"], "on text")]
    found = ", ".join(f"{value:.3f} {where}" for value, where in matches if value is not None)
    lines.append(f"gate: exact match {found}")
    lines.append(f"report: {result['report']}")
    return "\n".join(lines)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _check_same(folder: Path, before: dict, now: dict) -> None:
    """Refuses to go on with a run whose finished stages these options or this data would not have made."""
    fixed = ("version", "model", "preset", "preset_sha256", "retain", "learn_neighbour", "seed", "order_seed")
    pairs = [(key, before.get(key), now[key]) for key in (*fixed, "threshold", "versions")]
    if before["data"]["manifest_sha256"] != now["data"]["manifest_sha256"]:
        raise UserError(
            f"{folder} was made from another build, {before['data']['path']} as it was then; {now['data']['path']} is "
            "not the same: give that one, or make a run of this one"
        )
    common = min(len(before["task_order"]), len(now["task_order"]))
    pairs.append(("task_order", before["task_order"][:common], now["task_order"][:common]))
    known = before.get("settings", {})
    begun = [method for method in now["methods"] if is_done(folder / method / stage_name(1))]
    pairs += [(f"settings of {method}", known.get(method, {}), now["settings"][method]) for method in begun]
    if is_done(folder / "learnt"):
        pairs += [(f"settings of {name}", known.get(name, {}), now["settings"].get(name, {})) for name in SECTIONS]
    for key, was, value in pairs:
        if was != value:
            raise UserError(
                f"{folder} was made with {key} {was}, now it is {value}: go on as it was, or use another folder"
            )
