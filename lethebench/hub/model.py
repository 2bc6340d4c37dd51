"""`lethe push-model`: publish the adapter or weights of a run's stage as safetensors, with a card and scores."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from lethebench.console import Console
from lethebench.contract.errors import border
from lethebench.contract.folder_kinds import MARKER
from lethebench.contract.records import MAX_BYTES, Mixture, check_record, read_record
from lethebench.contract.strict_yaml import parse_strict
from lethebench.errors import UserError
from lethebench.hub.model_card import MIXTURE, PublishedStage, render, scores
from lethebench.hub.push import Release, publish
from lethebench.hub.records import EvalTasks
from lethebench.hub.repository import Hub, State, check_name
from lethebench.report.load import load_run
from lethebench.runs.folder import is_done, stage_name
from lethebench.runs.proof import LEARNT, check_line
from lethebench.runs.records import REPAIR, read_done

WEIGHTS = ".safetensors"
SUFFIXES = (WEIGHTS, ".json", ".jinja", ".txt", ".model")
RUN_FILES = ("done.json", "gate.json", MARKER)
"""Files of a stage that belong to the run and not to the model."""
REPLACED = (WEIGHTS, ".safetensors.index.json", "adapter_config.json", MIXTURE)
"""Suffixes of stale files to delete: a loader could pick them up instead of the new model."""
MAX_CONFIG_BYTES = 1 << 20


def push_model_command(
    run: Path, name: str, method: str | None, stage: int | None, dataset: str | None, *, private: bool, dry_run: bool
) -> tuple[dict[str, Any], str]:
    """Push the model of a stage; return the object for `--json` and the text for people.

    Raises:
        UserError, ReportError: The run, method or stage does not exist, there are no safetensors, or the Hub refuses.
    """
    published = _select(run, method, stage, name)
    files = model_files(published)
    hub = Hub(name, "model", Console(), read_only=dry_run)
    with hub.explained():
        entries, reason = _entries(hub, published, dataset, read_only=dry_run)
    if entries:
        content = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True, width=120)
        files[f".eval_results/{published.benchmark}.yaml"] = content.encode()
    release = Release(
        files=files,
        card=render(published, entries[0].dataset_id if entries else None),
        folder=run,
        tag=None,
        raise_version="",
        message=f"{published.method} on {published.benchmark}, after task {published.stage} of {published.tasks}",
        stale=lambda state: ([path for path in state.files if path.endswith(REPLACED)], ()),
    )
    result, text = publish(hub, release, private=private, dry_run=dry_run)
    return result | {"eval_results": len(entries)}, text if entries else f"no .eval_results: {reason}\n{text}"


def _select(folder: Path, method: str | None, stage: int | None, name: str) -> PublishedStage:
    run = load_run(folder)
    names = [entry.name for entry in run.methods]
    if method is None and len(names) != 1:
        raise UserError(f"{folder} has the methods {', '.join(names)}; choose one by --method")
    method = method or names[0]
    if method not in names:
        raise UserError(f"--method {method}: {folder} has the methods {', '.join(names)}")
    done = [number for number in range(1, len(run.order) + 1) if is_done(folder / method / stage_name(number))]
    if not done:
        raise UserError(f"{method} has no finished stage in {folder}; run `lethe run` or `lethe unlearn` first")
    stage = stage or done[-1]
    if stage not in done:
        raise UserError(f"--stage {stage}: {method} has finished the stages {', '.join(map(str, done))} in {folder}")
    check_line(folder, f"{method}/{stage_name(stage)}", hashed=True)
    return PublishedStage(run, method, stage, name)


def model_files(published: PublishedStage) -> dict[str, Path | bytes]:
    """Return the files that the run wrote for a stage's model; configs name the base model instead of a local path.

    The adapters of a mixture need the initial model of the run, which is published with them in the folder `learnt`.

    Raises:
        UserError: There are no safetensors.
    """
    run, base = published.run.path, published.base
    stage = published.folder.relative_to(run).as_posix()
    contents = _stage_files(run, stage, base)
    if MIXTURE not in contents:
        return contents
    record = read_record(run / stage / MIXTURE, Mixture, cure=REPAIR)
    contents[MIXTURE] = (json.dumps(record | {"base": LEARNT}, indent=2) + "\n").encode()
    return contents | {f"{LEARNT}/{name}": content for name, content in _stage_files(run, LEARNT, base).items()}


def _stage_files(run: Path, stage: str, base: str) -> dict[str, Path | bytes]:
    names = [name for name in read_done(run, stage)["proof"]["files"] if Path(name).suffix in SUFFIXES]
    names = [name for name in names if name not in RUN_FILES]
    if not any(name.endswith(WEIGHTS) for name in names):
        raise UserError(
            f"{run / stage} has no {WEIGHTS} file, and other weights are not published; run that stage again"
        )
    return {name: _without_local_paths(run / stage / name, base) for name in names}


def _without_local_paths(path: Path, base: str) -> Path | bytes:
    """Return a config with absolute paths replaced by the base model's name; other files as they are."""
    if path.suffix != ".json" or path.stat().st_size > MAX_CONFIG_BYTES or path.name == "tokenizer.json":
        return path
    with border(str(path), REPAIR):
        content = json.loads(path.read_text("utf-8"))
        changed = _replace_paths(content, base)
    if changed == content:
        return path
    return (json.dumps(changed, indent=2, ensure_ascii=False) + "\n").encode()


def _replace_paths(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        return {key: _replace_paths(item, base) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_paths(item, base) for item in value]
    # A path has at least two parts after the root: "/" and "/think" are tokens.
    is_path = isinstance(value, str) and Path(value).is_absolute() and len(Path(value).parts) > 2
    return base if is_path else value


def _entries(
    hub: Hub, published: PublishedStage, dataset: str | None, *, read_only: bool
) -> tuple[list[EvalResultEntry], str]:
    """Return scores for the Hub's leaderboards if the run's build is on the Hub; else none, and the reason."""
    name = dataset or f"{hub.name.partition('/')[0]}/{published.benchmark}"
    check_name(name)
    build = Hub(name, "dataset", hub.console, read_only=read_only)
    tag = f"v{published.data['version']}"
    state = _state_of_build(build, tag)
    if state is None or not {"manifest.json", "eval.yaml"} <= state.files.keys():
        return [], f"{name} has no build tagged {tag}; push the build, or name its repository by --dataset"
    manifest = build.read("manifest.json", state.commit, most=MAX_BYTES)
    if hashlib.sha256(manifest).hexdigest() != published.data["manifest_sha256"]:
        return [], f"{tag} of {name} is not the build of this run; name the right repository by --dataset"
    title = f"eval.yaml of {name}"
    value = parse_strict(build.read("eval.yaml", state.commit).decode("utf-8", "replace"), title)
    tasks = check_record(value, EvalTasks, title, cure="push the build again")["tasks"]
    figures = {"forget": ("forget", "forget score"), "retain": ("keep", "utility kept on held-out rows")}
    values = scores(published)
    note = f"0..1, higher is better; {published.method}, after task {published.stage} of {published.tasks}, lethebench"
    entries = []
    for task in tasks:
        figure, title = figures.get(str(task.get("split")), ("", ""))
        value = values[figure].value if figure else None
        if value is not None:
            entries.append(
                EvalResultEntry(
                    dataset_id=name,
                    task_id=task["id"],
                    value=round(value, 6),
                    dataset_revision=state.commit,
                    date=published.run.record.get("created"),
                    notes=f"{title}, {note} {published.run.record['version']}",
                )
            )
    return entries, f"eval.yaml of {name} has no task that this run measures"


def _state_of_build(build: Hub, tag: str) -> State | None:
    try:
        return build.state(tag)
    except UserError:  # the name belongs to a repository of another kind
        return None
