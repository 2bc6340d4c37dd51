"""`lethe push`: publish a build as a dataset repository and verify every row loaded from its tag."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from datasets import Image, List, disable_progress_bars, load_dataset
from datasets.exceptions import DatasetsError
from datasets.utils.logging import set_verbosity_error
from huggingface_hub import constants

from lethebench.builders import content_hash, row_digest, verify
from lethebench.builders.write.manifest import Manifest, read_manifest
from lethebench.console import Console, Tick
from lethebench.contract.records import MAX_BYTES, parse_record
from lethebench.errors import CheckFailed, UserError, one_line
from lethebench.hub.card import split
from lethebench.hub.push import CARD, Release, publish
from lethebench.hub.records import Earlier
from lethebench.hub.repository import Hub, State

MANIFEST = "manifest.json"
CORRUPTED = (pa.ArrowException, DatasetsError, ValueError, TypeError, KeyError, EOFError)
"""Exceptions that indicate a corrupted download."""


def push_command(folder: Path, name: str, *, private: bool, dry_run: bool) -> tuple[dict[str, Any], str]:
    """Push a build; return the object for `--json` and the text for people.

    Raises:
        CheckFailed: The build does not verify; the Hub was not contacted.
        UserError, BuildError: Anything else that the user can fix, in one line.
    """
    console = Console()
    hub = Hub(name, "dataset", console, read_only=dry_run)
    manifest = read_manifest(folder)
    with console.phase(f"verify {folder}"):
        report = verify(folder)
    if not report.ok:
        problems = report.to_dict()["problems"]
        raise CheckFailed(
            f"{folder} is not pushed: {problems[0]['text']} ({len(problems)} problems, see `lethe verify`)"
        )
    disable_progress_bars()
    set_verbosity_error()
    return publish(hub, release_of(hub, folder, manifest), private=private, dry_run=dry_run)


def release_of(hub: Hub, folder: Path, manifest: Manifest) -> Release:
    """Return the release of a build: its files as built, and a card whose examples name the repository."""
    card = (folder / CARD).read_text("utf-8")
    return Release(
        files={path: folder / path for path in (*manifest.files, MANIFEST)},
        card=re.sub(rf'(data = |load_dataset\()"{manifest.benchmark}"', rf'\1"{hub.name}"', card),
        folder=folder,
        tag=f"v{manifest.version}",
        raise_version="build with a release of lethebench that has a higher data version, or give another name",
        message=f"{manifest.benchmark} {manifest.version}, size {manifest.size}, seed {manifest.seed}",
        stale=lambda state: stale(hub, state, card),
        check=lambda revision, tick: differences(hub, manifest, revision, tick),
    )


def stale(hub: Hub, state: State, card: str) -> tuple[list[str], list[str]]:
    """Return files to replace (those of an earlier build, and those that our configs would load) and gone configs."""
    earlier_files, earlier_configs = [], []
    if MANIFEST in state.files:
        content = hub.read(MANIFEST, state.commit, most=MAX_BYTES)
        try:
            earlier = parse_record(content, Earlier, MANIFEST, cure="")
            earlier_files, earlier_configs = list(earlier["files"]), list(earlier["splits"])
        except UserError:
            hub.console.say(f"{MANIFEST} on the Hub is not ours; replacing only files that our configs would load")
    data = split(card)[0]
    patterns = [
        path
        for config in data["configs"]
        for part in config["data_files"]
        for path in ([part["path"]] if isinstance(part["path"], str) else part["path"])
    ]
    loadable = [path for path in state.files if any(fnmatch(path, pattern) for pattern in patterns)]
    configs = {config["config_name"] for config in data["configs"]}
    return [*earlier_files, *loadable], [name for name in earlier_configs if name not in configs]


def differences(hub: Hub, manifest: Manifest, revision: str, tick: Tick) -> list[str]:
    """Load every split of every config from a revision; return those that differ from the manifest.

    A split that differs is read a second time: the download may be at fault and not the Hub.
    """
    total = sum(map(len, manifest.splits.values()))
    problems: list[str] = []
    done = 0
    with _new_cache() as cache:
        for config, splits in manifest.splits.items():
            load = partial(load_dataset, hub.name, config, revision=revision, token=hub.token, cache_dir=cache)
            loaded: dict[str, Any] = {}
            for name, part in splits.items():
                problem = _difference(hub, loaded, load, name, part["content_hash"])
                if problem:
                    loaded.clear()
                    problem = _difference(hub, loaded, load, name, part["content_hash"])
                problems += [f"config {config}, split {name}: {problem}"] if problem else []
                done += 1
                tick(done, total)
    return problems


@contextmanager
def _new_cache() -> Iterator[str]:
    """Yield a folder that replaces the user's cache, which may be read-only."""
    before = constants.HF_HUB_CACHE
    with TemporaryDirectory() as folder:
        constants.HF_HUB_CACHE = folder
        try:
            yield folder
        finally:
            constants.HF_HUB_CACHE = before


def _difference(hub: Hub, loaded: dict[str, Any], load: Callable[..., Any], name: str, expected: str) -> str:
    """Return what is wrong with a split, "" if nothing is; `loaded` keeps the config for its other splits."""

    def content() -> str:
        if not loaded:
            loaded.update(load(streaming=True))
        return content_hash(map(row_digest, _rows(loaded[name])))

    try:
        actual = hub.retry(content)
    except CORRUPTED as error:
        return f"cannot be read ({one_line(error, 120)})"
    return "" if actual == expected else "the rows differ from those that were pushed"


def _rows(rows: Any) -> Iterator[dict[str, Any]]:
    """Stream the rows of a split, so that nothing is kept on disk, with pictures as bytes."""
    for column, feature in (rows.features or {}).items():
        if isinstance(feature, List) and isinstance(feature.feature, Image):
            rows = rows.cast_column(column, List(Image(decode=False)))
    yield from rows
