"""Take a build or a user's data from the Hub by its id, wherever a folder is taken."""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from lethebench.console import Console
from lethebench.contract.folder_kinds import BUILD
from lethebench.contract.records import MAX_BYTES, Manifest, parse_record
from lethebench.errors import UserError
from lethebench.hub.repository import Hub, State, check_name

MOST_BYTES = 500 << 30
_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*(@[\w][\w./-]*)?")
_LOCAL = ("build", "runs", "evaluations")
"""Folders that commands write by default: what is absent from one is a typing error, not a name on the Hub."""


def local_build(path: str | os.PathLike[str]) -> Path:
    """Return the folder of a build: a path that exists or cannot be a Hub id, else the download of ORG/NAME[@REVISION].

    Only the files that its manifest.json lists are downloaded, and only if their sizes are those of the manifest; who
    opens the build checks their hashes.

    Raises:
        UserError: the Hub has no such build, or it cannot be downloaded.
    """
    return _local(path, _files_of_build)


def local_data(path: str | os.PathLike[str], patterns: Sequence[str]) -> Path:
    """Return the folder of a release or of a user's data, likewise; only files that match a pattern are downloaded.

    Raises:
        UserError: as `local_build`.
    """
    return _local(path, partial(_files_of_data, patterns=patterns))


def is_hub_id(text: str) -> bool:
    """Return whether a text is the id of a repository on the Hub, and not a path."""
    owner = text.partition("/")[0]
    is_id = _ID.fullmatch(text) and ("@" in text or (owner not in _LOCAL and not Path(owner).is_dir()))
    return bool(is_id) and not Path(text).exists()


def _local(path: str | os.PathLike[str], select: Callable[[Hub, State], Iterable[str]]) -> Path:
    text = os.fspath(path)
    if not is_hub_id(text):
        return Path(text)
    name, _, revision = text.partition("@")
    check_name(name)
    if constants.HF_HUB_OFFLINE:
        return _cached(name, revision or "main")
    console = Console()
    hub = Hub(name, "dataset", console, read_only=True, purpose="download")
    with hub.explained():
        state = hub.state(revision or "main")
        if state is None:
            raise UserError(
                f"{text} is not a folder, and the Hub has no such dataset or revision that this token may read: build "
                "one with `lethe build`"
            )
        names = sorted(select(hub, state))
        size = sum(state.files[one].size for one in names)
        if size > min(MOST_BYTES, shutil.disk_usage(_existing(Path(constants.HF_HUB_CACHE))).free):
            raise UserError(
                f"{name} has {size:,} bytes to download, more than the disk of {constants.HF_HUB_CACHE} has free"
            )
        console.say(f"{name}@{state.commit[:12]} from the Hub: {len(names):,} files, {size:,} bytes")
        return Path(
            hub.retry(
                snapshot_download,
                name,
                repo_type="dataset",
                revision=state.commit,
                allow_patterns=[_literal(one) for one in names],
                token=hub.token or False,
            )
        )


def _cached(name: str, revision: str) -> Path:
    try:
        return Path(snapshot_download(name, repo_type="dataset", revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        reason = f"HF_HUB_OFFLINE is set and the cache of the Hub has no {revision} of it"
        raise UserError(f"{name} is not a folder, and {reason}: unset it, or build one with `lethe build`") from None


def _files_of_build(hub: Hub, state: State) -> list[str]:
    """Return the files of a build; raise UserError unless the Hub has all of them in the sizes of the manifest."""
    cure = "push the build again"
    if BUILD.marker not in state.files:
        raise UserError(f"{hub.name} is not a build (it has no {BUILD.marker}); give a dataset of `lethe push`")
    manifest = parse_record(
        hub.read(BUILD.marker, state.commit, most=MAX_BYTES), Manifest, f"{BUILD.marker} of {hub.name}", cure=cure
    )
    for name, listing in manifest["files"].items():
        if name not in state.files:
            raise UserError(f"{hub.name} has no {name}, which its manifest lists; {cure}")
        if (size := state.files[name].size) != listing["bytes"]:
            raise UserError(f"{name} of {hub.name} has {size:,} bytes, the manifest says {listing['bytes']:,}; {cure}")
    return [BUILD.marker, *(BUILD.unlisted & state.files.keys()), *manifest["files"]]


def _files_of_data(hub: Hub, state: State, patterns: Sequence[str]) -> list[str]:
    """Return the files of a dataset that match one of the patterns, in any case."""
    names = [name for name in state.files if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)]
    if not names:
        raise UserError(f"{hub.name} has no file {', '.join(patterns)}; give another dataset")
    return names


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def _literal(name: str) -> str:
    """Return a pattern of fnmatch that matches a name alone."""
    return re.sub(r"([*?[])", r"[\1]", name)
