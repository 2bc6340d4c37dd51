"""What a reader needs to judge a run and to repeat it: a sentence, the commands, the facts, the limits."""

import json
import shlex
from pathlib import Path, PurePath
from typing import Any

from lethebench.baselines.registry import method_summary
from lethebench.report.load import Run
from lethebench.report.seeds import Group
from lethebench.report.tables import number
from lethebench.report.texts import INTERVALS, LIMITS, SEEDS, TINY
from lethebench.runs.options import RunOptions

RETAIN = {
    "rest": "everything not yet requested to be forgotten, later tasks included",
    "released": "the retain set released with the task",
    "fixed": "the retain split alone",
}


def sentence(group: Group) -> str:
    """What was run, in one plain sentence or two."""
    run, data = group.first, group.first.record["data"]
    counts = _counts(run)
    benchmark = f"{data.get('benchmark', 'a benchmark')} {data.get('version', '')}".strip()
    learnt = f"The model {_short(run.record.get('model'))} learnt {benchmark}"
    requests = f"{group.tasks} requests, one after another" if group.tasks > 1 else "one request"
    if counts:
        learnt += f" ({counts['questions']:,} questions about {counts['profiles']:,} {_people(run)})"
        asked = f"asked to forget {counts['asked']:,} of them in {requests}"
    else:
        asked = f"asked to forget part of it in {requests}"
    seeds = [str(member.seed) for member in group.runs]
    seed = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(seeds)}"
    return f"{learnt} and was then {asked}, by {_listed(group.methods)}; {seed}."


def commands(run: Run) -> list[str]:
    """Return the commands that make the same data and the same run.

    An absolute path is printed as its last part, since the rest says nothing to a reader.
    """
    return [shlex.join(_build_words(run)), shlex.join(options_of(run).command_line())]


def options_of(run: Run) -> RunOptions:
    """Return the options of a run as a reader can pass them: without its folder, and with short paths."""
    record = run.record
    preset = record.get("preset")
    changes = {"model": _short(record.get("model")), "preset": None if preset is None else _short(preset)}
    return RunOptions.from_record(record, data=Path(_short(record["data"].get("path"))), **changes)


def _build_words(run: Run) -> list[str]:
    """Return the words of the `lethe build` command that made the data."""
    data = {**_manifest(run), **{key: value for key, value in run.record["data"].items() if value is not None}}
    words = ["lethe", "build", str(data.get("benchmark"))]
    if source := data.get("imported_from"):
        words += ["--from", _short(source), *(["--size", "small"] if data.get("size") == "small" else [])]
    else:
        words += ["--size", str(data.get("size"))]
        words += ["--seed", str(data["seed"])] if data.get("seed") is not None else []
    for key, value in (data.get("options") or {}).items():
        words += ["--option", f"{key}={_option_text(value)}"] if value is not None else []
    return [*words, "--out", _short(data.get("path"))]


def facts(group: Group) -> list[tuple[str, str]]:
    """Label and value for everything else that decides the numbers."""
    run, data = group.first, group.first.record["data"]
    found = [
        ("Created", str(run.record.get("created", ""))),
        ("lethebench", str(run.record.get("version", ""))),
        ("Data", f"{data.get('benchmark')} {data.get('version')}, size {data.get('size')}"),
        ("Data manifest, sha256", str(data.get("manifest_sha256", ""))),
        ("Trained", str(run.record.get("trained", ""))),
        ("Preset", str(run.record.get("preset", ""))),
        ("Retain rows", _retain(run.record.get("retain"))),
        ("Order of tasks", _order(run.order)),
        ("Seeds", ", ".join(str(member.seed) for member in group.runs)),
        ("Machine", _pairs(run.record.get("machine"))),
        ("Versions", _pairs(run.record.get("versions"))),
    ]
    for method in run.methods:
        meaning = method_summary(method.name)
        settings = _pairs(method.settings)
        found.append((f"Method {method.name}", "; ".join(filter(None, (meaning, settings)))))
    return [(label, value) for label, value in found if value]


def gate_line(run: Run) -> str:
    """What stage 1 took, in one line; "" where it is not finished."""
    gate = run.gate or {}
    parts = [
        f"{gate['rows']:,} rows" if gate.get("rows") is not None else "",
        f"{gate['parameters']:,} parameters" if gate.get("parameters") is not None else "",
        f"{gate['steps']:,} steps" if gate.get("steps") is not None else "",
        f"{gate['seconds']:,.1f} s" if gate.get("seconds") is not None else "",
    ]
    if gate.get("exposure_normalised") is not None:
        parts.append(f"normalised exposure {number(gate['exposure_normalised'])} of 1")
    return ", ".join(filter(None, parts))


def limits(group: Group) -> list[str]:
    """What the figures do not show."""
    run, counts = group.first, _counts(group.first)
    found = list(LIMITS)
    if counts:
        found.append(
            f"{counts['profiles']:,} {_people(run)} are a small world: a few questions move every figure, and none "
            f"of it carries over to photographs of real documents or to large models."
            if counts["profiles"] < 100
            else f"{counts['profiles']:,} {_people(run)} in drawn or collected pictures sample no real archive."
        )
    found += [TINY] if run.record.get("model") == "tiny" else []
    return [*found, SEEDS if len(group.runs) > 1 else INTERVALS]


def _manifest(run: Run) -> dict[str, Any]:
    """Return seed, options and source of the build, for a run.json without them; {} where the build is gone."""
    path = run.build / "manifest.json" if run.build else None
    if path is None or not path.is_file():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        source = (manifest.get("imported") or {}).get("source") or {}
    except (ValueError, AttributeError):
        return {}  # the section on pictures says that this is not the run's build any more
    known = {name: manifest[name] for name in ("seed", "options") if name in manifest}
    return {**known, "imported_from": source.get("name")}


def _counts(run: Run) -> dict[str, int]:
    rows, asked = run.learnt_rows, set(run.order)
    if not rows:
        return {}
    return {
        "questions": len(rows),
        "profiles": len({row["profile_id"] for row in rows}),
        "asked": len({row["profile_id"] for row in rows if row["task_id"] in asked}),
    }


def _people(run: Run) -> str:
    from lethebench.builders.registry import BENCHMARKS  # imports datasets

    name = run.record["data"].get("benchmark")
    return BENCHMARKS[name].SUMMARY if name in BENCHMARKS else "profiles"


def _short(path: object) -> str:
    """Return a relative path as it is, and of an absolute one its last part."""
    parts = PurePath(str(path))
    return parts.name if parts.is_absolute() else str(path)


def _option_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _retain(rule: str | None) -> str:
    return f"{rule}: {RETAIN[rule]}" if rule in RETAIN else str(rule or "")


def _order(order: list[int]) -> str:
    if order == list(range(len(order))):
        return f"as in the data, 0 to {len(order) - 1}" if len(order) > 1 else "as in the data"
    return ", ".join(map(str, order))


def _pairs(values: object) -> str:
    if not isinstance(values, dict):
        return "" if values is None else str(values)
    shown = {key: value for key, value in values.items() if value is not None}
    return ", ".join(f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in shown.items())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
