"""What a reader needs to judge and reproduce a run: a sentence, the commands, the facts, the limitations."""

import json
import shlex
from pathlib import Path, PurePath
from typing import Any

from lethebench.baselines.registry import method_summary
from lethebench.baselines.tiny import is_tiny
from lethebench.contract.errors import UserError
from lethebench.contract.records import Manifest, read_record
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group
from lethebench.report.tables import number
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import LEARNT, gold_names

SEQUENCES = {
    "continue": "each stage starts from the one before",
    "reset": "each stage starts from the initial model",
}
ADAPTERS = {
    "shared": "all requests train the adapter of stage 1 further",
    "request": "each request trains an adapter of its own, beside the earlier ones",
    "merged": "each request trains an adapter of its own, merged into the weights after its stage",
}
RETAIN = {
    "rest": "everything that is not unlearned yet, later tasks included",
    "released": "the retain set released with the task",
    "fixed": "only the retain split",
}
LIMITS = (
    "Forget alone cannot distinguish unlearning from collapse: read it with keep, and exposure with the gold model’s.",
    "The gold model’s exposure may be below chance, because a model prefers the values it has memorized. Compare with "
    "gold, not with zero.",
)
HIDDEN = "A low keyword match shows that the model no longer states a fact, not that the fact has left its weights"
UNATTACKED = f"{HIDDEN}: no attacks were run; `lethe attack` runs them."
ATTACKED = f"{HIDDEN}. The attacks that were run are listed under Robustness; others may recover more."
TINY_LIMIT = (
    "The tiny model’s tokenizer was trained once on all texts of the run, the forget set included; the gold model "
    "shares it. Held-out wordings share their keywords with the trained ones, so they test generalization over "
    "templates."
)
ELSEWHERE_LIMIT = (
    "The checkpoints were trained elsewhere: on which rows, how long and in how much memory is not known here. "
    "The memory listed is that of scoring."
)
INTERVALS = (
    "Intervals are 95 % bootstrap intervals over the profiles of one run. They do not include the variation between "
    "training seeds; run several seeds for that."
)
ELSEWHERE = "trained elsewhere, which this run does not record"
SEEDS = "With several seeds, figures are means with sample standard deviations; heat maps show means."


def sentence(group: Group) -> str:
    """Return what was run, in one sentence."""
    run, data = group.first, group.first.record["data"]
    counts = _counts(run)
    benchmark = f"{data.get('benchmark', 'a benchmark')} {data.get('version', '')}".strip()
    trained = f"The model {_short(run.record.get('model'))} was trained on {benchmark}"
    seeds = [str(member.seed) for member in group.runs]
    seed = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(seeds)}"
    if not group.methods:
        return f"{trained}; no method has unlearned any of it; {seed}."
    tasks = f"{group.tasks} tasks, one after another" if group.tasks > 1 else "one task"
    if counts:
        trained += f" ({counts['questions']:,} questions about {counts['profiles']:,} {_subjects(run)})"
        unlearned = f"unlearned {counts['forget']:,} of them in {tasks}"
    else:
        unlearned = f"unlearned part of it in {tasks}"
    elsewhere = " (trained elsewhere)" if run.record.get("checkpoints") else ""
    return f"{trained} and then {unlearned}, by {_listed(group.methods)}{elsewhere}; {seed}."


def commands(run: RunRecord) -> list[str]:
    """Return the commands that make the same data and the same run.

    Of an absolute path only the last part is printed: the rest is of no use to a reader.
    """
    built = [] if run.record["data"].get("hub") else [shlex.join(_build_words(run))]
    source = ["--from", "RUN"] if run.record.get("checkpoints") else []
    return [*built, shlex.join([*options_of(run).command_line(), *source])]


def options_of(run: RunRecord) -> RunOptions:
    """Return the options of a run as a reader can pass them: without its folder, and with short paths."""
    record = run.record
    preset = record.get("preset")
    changes: dict[str, Any] = {
        "model": _short(record.get("model")),
        "preset": None if preset is None else _short(preset),
    }
    entries = [entry.partition("=") for entry in record.get("checkpoints", ())]
    changes["checkpoints"] = tuple(f"{number}={_short(path)}" for number, _, path in entries)
    data = record["data"].get("hub") or _short(record["data"].get("path"))
    return RunOptions.from_record(record, data=Path(data), **changes)


def _build_words(run: RunRecord) -> list[str]:
    """Return the words of the `lethe build` command that made the data."""
    data = {**_manifest(run), **{key: value for key, value in run.record["data"].items() if value is not None}}
    words = ["lethe", "build", str(data.get("benchmark"))]
    if source := data.get("imported_from"):
        words += ["--from", _short(source), *(["--size", "small"] if data.get("size") == "small" else [])]
    else:
        words += ["--size", str(data.get("size"))]
        words += ["--seed", str(data["seed"])] if data.get("seed") is not None else []
    for key, value in (data.get("options") or {}).items():
        if key == "map":  # of own: the content of a file
            words += ["--map", "map.yaml"]
            continue
        words += ["--option", f"{key}={_option_text(value)}"] if value is not None else []
    return [*words, "--out", _short(data.get("path"))]


def facts(group: Group) -> list[tuple[str, str]]:
    """Return (label, value) of everything else that decides the numbers."""
    run, data = group.first, group.first.record["data"]
    pairs = [
        ("Created", str(run.record.get("created", ""))),
        ("lethebench", str(run.record.get("version", ""))),
        ("Data", f"{data.get('benchmark')} {data.get('version')}, size {data.get('size')}"),
        ("Data manifest, sha256", str(data.get("manifest_sha256", ""))),
        ("Trained", str(run.record.get("trained", ""))),
        ("Preset", str(run.record.get("preset", ""))),
        ("Retain rows", ELSEWHERE if run.record.get("checkpoints") else _retain(run.record.get("retain"))),
        ("Order of tasks", _order(run.order)),
        ("Sequence", "; ".join(_sequence(run))),
        ("Answers generated by", str(run.record.get("generate_with") or "")),
        ("Seeds", ", ".join(str(member.seed) for member in group.runs)),
        ("Machine", _made_with(group, "machine")),
        ("Versions", _made_with(group, "versions")),
    ]
    for method in run.methods:
        meaning = meaning_of(run, method.name)
        settings = _pairs(method.settings)
        pairs.append((f"Method {method.name}", "; ".join(filter(None, (meaning, settings)))))
    return [(label, value) for label, value in pairs if value]


def meaning_of(run: RunRecord, method: str) -> str:
    """Return what a method does; of checkpoints, that they were trained elsewhere."""
    checkpoints = options_of(run).checkpoints
    return f"{ELSEWHERE}; checkpoints {', '.join(checkpoints)}" if checkpoints else method_summary(method)


def gate_line(run: RunRecord) -> str:
    """Return size and cost of stage 1 in one line; "" if it is not finished."""
    gate = run.gate or {}
    parts = [
        f"{gate['rows']:,} rows" if gate.get("rows") is not None else "",
        f"{gate['parameters']:,} parameters" if gate.get("parameters") is not None else "",
        f"{gate['steps']:,} steps" if gate.get("steps") is not None else "",
        f"{gate['seconds']:,.1f} s" if gate.get("seconds") is not None else "",
    ]
    if gate.get("exposure_normalised") is not None:
        parts.append(f"normalized exposure {number(gate['exposure_normalised'])} of 1")
    return ", ".join(filter(None, parts))


def limits(group: Group) -> list[str]:
    """Return what the figures do not show."""
    run, counts = group.first, _counts(group.first)
    lines = [ATTACKED if any(one.attacks for one in group.runs) else UNATTACKED, *LIMITS]
    if counts:
        subjects = f"{counts['profiles']:,} {_subjects(run)}"
        lines.append(
            f"With {subjects}, a few questions change every figure, and results do not transfer to photographs of real "
            f"documents or to large models."
            if counts["profiles"] < 100
            else f"The {subjects} in drawn or collected pictures are not a sample of a real archive."
        )
    lines += [ELSEWHERE_LIMIT] if run.record.get("checkpoints") else []
    lines += [TINY_LIMIT] if is_tiny(run.record.get("model", "")) else []
    return [*lines, SEEDS if len(group.runs) > 1 else INTERVALS]


def _manifest(run: RunRecord) -> dict[str, Any]:
    """Return seed, options and source of the build, for a run.json without them; {} if the build is missing."""
    try:
        manifest = read_record(run.build / "manifest.json", Manifest, cure="") if run.build else {}
    except UserError:
        return {}  # the section of example questions reports that this is not the run's build
    source = (manifest.get("imported") or {}).get("source") or {}
    values: dict[str, Any] = {name: manifest[name] for name in ("seed", "options") if name in manifest}
    return {**values, "imported_from": source.get("name")}


def _counts(run: RunRecord) -> dict[str, int]:
    rows, tasks = run.learnt_rows, set(run.order)
    if not rows:
        return {}
    return {
        "questions": len(rows),
        "profiles": len({row["profile_id"] for row in rows}),
        "forget": len({row["profile_id"] for row in rows if row["task_id"] in tasks}),
    }


def _subjects(run: RunRecord) -> str:
    from lethebench.builders.registry import BENCHMARKS  # imports datasets

    name = run.record["data"].get("benchmark")
    return BENCHMARKS[name].SUMMARY if name in BENCHMARKS else "profiles"


def _short(path: object) -> str:
    """Return a relative path as it is, and of an absolute one its last part."""
    parts = PurePath(str(path))
    return parts.name if parts.is_absolute() else str(path)


def _made_with(group: Group, name: str) -> str:
    """Return `machine` or `versions` of the first run, and how those of other stages and seeds differ."""
    first = group.first.record.get(name) or {}
    others: dict[str, list[str]] = {}
    for run in group.runs:
        for stage, proof in run.proofs.items():
            changed = {key: value for key, value in proof[name].items() if value != first.get(key)}
            if changed and stage.partition("/")[0] in (LEARNT, *gold_names(run.record), *group.methods):
                name_of_stage = f"{stage} of seed {run.seed}" if len(group.runs) > 1 else stage
                others.setdefault(_pairs(changed, absent="none"), []).append(name_of_stage)
    parts = [_pairs(first), *(f"{text} in {_first_of(stages)}" for text, stages in others.items())]
    return "; ".join(filter(None, parts))


def _first_of(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _option_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _retain(rule: str | None) -> str:
    return f"{rule}: {RETAIN[rule]}" if rule in RETAIN else str(rule or "")


def _sequence(run: RunRecord) -> list[str]:
    """Return what the options of the sequence of requests say, as far as they are not the default ones."""
    options = options_of(run)
    size, most = options.tasks_per_request, options.retain_rows
    lines = {
        "tasks_per_request": f"each request asks to forget {size} tasks",
        "withdraw": f"withdrawn before their turn, and retained: requests {options.withdraw}",
        "sequence": SEQUENCES.get(options.sequence, options.sequence),
        "adapter": ADAPTERS.get(options.adapter, options.adapter),
        "replay": f"unlearned again at each stage: {options.replay} rows of earlier requests",
        "retain_rows": f"at most {most} retain rows, drawn for each request",
        "on_divergence": f"where a stage diverges: {options.on_divergence}",
    }
    fields = RunOptions.__dataclass_fields__
    return [line for name, line in lines.items() if getattr(options, name) != fields[name].default]


def _order(order: list[int]) -> str:
    if order == list(range(len(order))):
        return f"as in the data, 0 to {len(order) - 1}" if len(order) > 1 else "as in the data"
    return ", ".join(map(str, order))


def _pairs(values: object, *, absent: str | None = None) -> str:
    if not isinstance(values, dict):
        return "" if values is None else str(values)
    present = {key: absent if value is None else value for key, value in values.items() if value is not None or absent}
    return ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in present.items()
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
