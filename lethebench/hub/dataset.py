"""`lethe push`: a build to a dataset repository, loaded back from its tag row by row."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pyarrow as pa
from datasets import Image, List, disable_progress_bars, load_dataset
from datasets.exceptions import DatasetsError
from datasets.utils.logging import set_verbosity_error

from lethebench.builders import content_hash, row_digest, verify
from lethebench.builders.write.manifest import Manifest, read_manifest
from lethebench.console import Console, Tick
from lethebench.errors import CheckFailed
from lethebench.hub.card import split
from lethebench.hub.push import CARD, Release, publish
from lethebench.hub.repository import Hub, State

MANIFEST = "manifest.json"
_WRONG = (pa.ArrowException, DatasetsError, ValueError, TypeError, KeyError, EOFError)
"""What reading rows raises that are not those that were sent."""


def push_command(folder: Path, name: str, *, private: bool, dry_run: bool) -> tuple[dict, str]:
    """Pushes a build.

    Raises:
        CheckFailed: the build does not verify; nothing was asked of the Hub.
        UserError, BuildError: anything else that a user can cause, in one line.
    """
    console = Console()
    hub = Hub(name, "dataset", console)
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
    """A build as it goes up: every byte as built but the card, which names the repository where it says to load."""
    card = (folder / CARD).read_text("utf-8")
    return Release(
        files={path: folder / path for path in (*manifest.files, MANIFEST)},
        card=re.sub(rf'(data = |load_dataset\()"{manifest.benchmark}"', rf'\1"{hub.name}"', card),
        folder=folder,
        tag=f"v{manifest.version}",
        raise_version="build it with a release of lethebench that has a higher data version, or give another name",
        message=f"{manifest.benchmark} {manifest.version}, size {manifest.size}, seed {manifest.seed}",
        stale=lambda state: stale(hub, state, card),
        check=lambda revision, tick: differences(hub, manifest, revision, tick),
    )


def stale(hub: Hub, state: State, card: str) -> tuple[list[str], list[str]]:
    """Files of an earlier build, those that our configs would load as rows among them, and its configs."""
    listed, configs = [], []
    if MANIFEST in state.files:
        try:
            earlier = json.loads(hub.read(MANIFEST, state.commit))
            listed, configs = list(earlier["files"]), list(earlier["splits"])
        except (ValueError, KeyError, TypeError):
            hub.console.say(
                f"{MANIFEST} on the Hub is none of ours; only files that our configs would load are replaced"
            )
    data = split(card)[0]
    patterns = [
        path
        for config in data["configs"]
        for part in config["data_files"]
        for path in ([part["path"]] if isinstance(part["path"], str) else part["path"])
    ]
    loaded = [path for path in state.files if any(fnmatch(path, pattern) for pattern in patterns)]
    ours = {config["config_name"] for config in data["configs"]}
    return [*listed, *loaded], [name for name in configs if name not in ours]


def differences(hub: Hub, manifest: Manifest, revision: str, tick: Tick) -> list[str]:
    """Loads every split of every config from a revision as a stranger would; gives those that are not the manifest's.

    A split that reads wrong is read once more: a byte may be lost on the way and right on the Hub.
    """
    parts = [(config, name, part) for config, splits in manifest.splits.items() for name, part in splits.items()]
    problems = []
    for done, (config, name, part) in enumerate(parts, start=1):
        found = [_read(hub, config, name, revision, part["content_hash"])]
        if found[0]:
            found.append(_read(hub, config, name, revision, part["content_hash"]))
        if all(found):
            problems.append(f"config {config}, split {name}: {found[0]}")
        tick(done, len(parts))
    return problems


def _read(hub: Hub, config: str, name: str, revision: str, wanted: str) -> str:
    """What is wrong with a split, "" where nothing is."""
    try:
        found = hub.patiently(lambda: content_hash(map(row_digest, _rows(hub, config, name, revision))))
    except _WRONG as error:
        return f"cannot be read ({' '.join(str(error).split())[:120]})"
    return "" if found == wanted else "the rows are not those that were pushed"


def _rows(hub: Hub, config: str, name: str, revision: str) -> Iterator[dict]:
    """Streamed, so that nothing is kept on disk; pictures as the bytes that they are."""
    rows = load_dataset(hub.name, config, split=name, revision=revision, streaming=True, token=hub.token)
    for column, kind in (rows.features or {}).items():
        if isinstance(kind, List) and isinstance(kind.feature, Image):
            rows = rows.cast_column(column, List(Image(decode=False)))
    yield from rows
