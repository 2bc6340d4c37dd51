"""`lethe push-model`: a stage of a run, adapter or weights as safetensors, with a card of what it is and scored."""

import hashlib
import json
from pathlib import Path

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.hub.model_card import MIXTURE, Pushed, render, scores
from lethebench.hub.push import Release, publish
from lethebench.hub.repository import Hub, State, check_name
from lethebench.report.load import load_run
from lethebench.runs.folder import is_done, read_json, stage_name

WEIGHTS = ".safetensors"
PARTS = (WEIGHTS, ".json", ".jinja", ".txt", ".model")
OURS = ("done.json", "gate.json")
"""Files of a stage that belong to the run and not to the model."""
LEARNT = "learnt"
"""Where the learnt model goes that a mixture stands on."""
REPLACED = (WEIGHTS, ".safetensors.index.json", "adapter_config.json", MIXTURE)
"""Ends of the files of an earlier model in whose company a loader would mistake this one."""
_LARGEST_CONFIG = 1 << 20


def push_model_command(
    run: Path, name: str, method: str | None, stage: int | None, dataset: str | None, *, private: bool, dry_run: bool
) -> tuple[dict, str]:
    """Pushes the model of a stage.

    Raises:
        UserError, ReportError: no such run, method or stage, no safetensors, or what the Hub has against it.
    """
    pushed = _chosen(run, method, stage, name)
    files = model_files(pushed.folder, pushed.base)
    hub = Hub(name, "model", Console())
    with hub.explained():
        entries, why = _entries(hub, pushed, dataset)
    if entries:
        content = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True, width=120)
        files[f".eval_results/{pushed.benchmark}.yaml"] = content.encode()
    release = Release(
        files=files,
        card=render(pushed, entries[0].dataset_id if entries else None),
        folder=run,
        tag=None,
        raise_version="",
        message=f"{pushed.method} on {pushed.benchmark}, after request {pushed.stage} of {pushed.tasks}",
        stale=lambda state: ([path for path in state.files if path.endswith(REPLACED)], ()),
    )
    result, text = publish(hub, release, private=private, dry_run=dry_run)
    return result | {"eval_results": len(entries)}, text if entries else f"no .eval_results: {why}\n{text}"


def _chosen(folder: Path, method: str | None, stage: int | None, name: str) -> Pushed:
    run = load_run(folder)
    names = [entry.name for entry in run.methods]
    if method is None and len(names) != 1:
        raise UserError(f"{folder} has {', '.join(names)}: say which to push with --method")
    method = method or names[0]
    if method not in names:
        raise UserError(f"--method {method}: {folder} has {', '.join(names)}")
    done = [place for place in range(1, len(run.order) + 1) if is_done(folder / method / stage_name(place))]
    if not done:
        raise UserError(f"{method} of {folder} has forgotten nothing yet: `lethe run` or `lethe unlearn` first")
    stage = stage or done[-1]
    if stage not in done:
        raise UserError(f"--stage {stage}: {method} of {folder} has finished {', '.join(map(str, done))}")
    return Pushed(run, method, stage, name)


def model_files(folder: Path, base: str) -> dict[str, Path | bytes]:
    """What makes a model of a stage's folder; configs name the base model instead of a place on this machine.

    Adapters of a mixture stand on the learnt model of the run, which nobody else has: it goes along.

    Raises:
        UserError: there are no safetensors, or the learnt model of a mixture is gone.
    """
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in PARTS]
    files = {path.relative_to(folder).as_posix(): path for path in found if path.name not in OURS}
    if not any(name.endswith(WEIGHTS) for name in files):
        raise UserError(
            f"{folder} holds no {WEIGHTS} file, and no other kind of weights is published: run that stage again"
        )
    named = {name: _named(path, base) for name, path in files.items()}
    return named | _learnt(folder, base) if MIXTURE in named else named


def _learnt(folder: Path, base: str) -> dict[str, Path | bytes]:
    """The learnt model beside a mixture, and the mixture's record, which names it there."""
    record = read_json(folder / MIXTURE)
    learnt = folder / record["base"]
    if not learnt.is_dir():
        if not record["base"].startswith("."):
            return {}  # on the Hub, by its name
        raise UserError(f"{folder} stands on the learnt model in {record['base']}, which is gone")
    files = {f"{LEARNT}/{name}": content for name, content in model_files(learnt.resolve(), base).items()}
    return files | {MIXTURE: (json.dumps(record | {"base": LEARNT}, indent=2) + "\n").encode()}


def _named(path: Path, base: str) -> Path | bytes:
    if path.suffix != ".json" or path.stat().st_size > _LARGEST_CONFIG or path.name == "tokenizer.json":
        return path
    content = json.loads(path.read_text("utf-8"))
    changed = _without_places(content, base)
    if changed == content:
        return path
    return (json.dumps(changed, indent=2, ensure_ascii=False) + "\n").encode()


def _without_places(value, base: str):
    if isinstance(value, dict):
        return {key: _without_places(item, base) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_places(item, base) for item in value]
    # A path has two names at least: "/" and "/think" are tokens.
    found = isinstance(value, str) and Path(value).is_absolute() and len(Path(value).parts) > 2
    return base if found else value


def _entries(hub: Hub, pushed: Pushed, dataset: str | None) -> tuple[list[EvalResultEntry], str]:
    """Scores as the Hub's leaderboards read them, where the very build is on the Hub; else why there are none."""
    name = dataset or f"{hub.name.partition('/')[0]}/{pushed.benchmark}"
    check_name(name)
    there = Hub(name, "dataset", hub.console)
    tag = f"v{pushed.data['version']}"
    state = _build_on_hub(there, tag)
    if state is None or not {"manifest.json", "eval.yaml"} <= state.files.keys():
        return [], f"{name} has no build tagged {tag}; push the build, or name its repository with --dataset"
    manifest = there.read("manifest.json", state.commit)
    if hashlib.sha256(manifest).hexdigest() != pushed.data["manifest_sha256"]:
        return [], f"{tag} of {name} is another build than the run was made with; name the right one with --dataset"
    tasks = yaml.safe_load(there.read("eval.yaml", state.commit))["tasks"]
    measured = {"forget": ("forget", "forget score"), "retain": ("utility", "utility")}
    found = scores(pushed)
    how = f"0..1, higher is better; {pushed.method}, after request {pushed.stage} of {pushed.tasks}, lethebench"
    entries = []
    for task in tasks:
        figure, title = measured.get(str(task.get("split")), ("", ""))
        value = found[figure].value if figure else None
        if value is not None:
            entries.append(
                EvalResultEntry(
                    dataset_id=name,
                    task_id=task["id"],
                    value=round(value, 6),
                    dataset_revision=state.commit,
                    date=pushed.run.record.get("created"),
                    notes=f"{title}, {how} {pushed.run.record['version']}",
                )
            )
    return entries, f"eval.yaml of {name} has no task that this run measures"


def _build_on_hub(there: Hub, tag: str) -> State | None:
    try:
        return there.state(tag)
    except UserError:  # a repository of another kind has the name
        return None
