"""One repository on the Hub as a push sees it: what it holds, and the few things that a push does to it."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import httpx2
from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    RepoFile,
    get_session,
    get_token,
    hf_hub_url,
)
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers, disable_progress_bars, hf_raise_for_status, validate_repo_id
from huggingface_hub.utils import logging as hub_logging

from lethebench import __version__
from lethebench.console import Console, Tick
from lethebench.errors import UserError
from lethebench.hub.retry import TRIES, listen, patiently

KINDS = {"dataset": "datasets/", "space": "spaces/", "model": ""}
"""Kind of a repository -> what stands before its name in an address."""
_BATCH = 20
"""Files that are uploaded before progress is shown again."""


class Remote(NamedTuple):
    """A file on the Hub: bytes, id in git, SHA-256 where it is kept as a large one."""

    size: int
    oid: str
    sha256: str | None


@dataclass(frozen=True)
class State:
    """What a revision of a repository holds.

    Attributes:
        commit: its id.
        files: path -> what the Hub says of it.
        tags: names.
        access: public, private or gated, in words.
        private: whether only its owners see it.
    """

    commit: str
    files: Mapping[str, Remote]
    tags: frozenset[str]
    access: str
    private: bool


class Conflict(Exception):
    """Somebody else has committed since the state was read."""


class Hub:
    """A repository.

    Args:
        name: ORG/NAME.
        kind: a key of KINDS.
        console: told of waits and progress.

    Attributes:
        left: what a failure from here on leaves behind, for its message.

    Raises:
        UserError: the name is none, or there is no token.
    """

    def __init__(self, name: str, kind: str, console: Console) -> None:
        check_name(name)
        token = get_token()
        if token is None:
            raise UserError(
                f"no token for {name}: set HF_TOKEN to one with write access, or log in once with `hf auth login`"
            )
        self.name, self.kind, self.token, self.console = name, kind, token, console
        self.api = HfApi(token=token, library_name="lethebench", library_version=__version__)
        self.left = "nothing was changed on the Hub"
        disable_progress_bars()
        hub_logging.set_verbosity_error()
        listen(console.say)

    @property
    def address(self) -> str:
        return f"{self.api.endpoint}/{KINDS[self.kind]}{self.name}"

    @property
    def _place(self) -> dict:
        return {"repo_id": self.name, "repo_type": self.kind}

    def patiently(self, call, *arguments, **options):
        """As `patience.patiently`, speaking to the console."""
        return patiently(call, *arguments, say=self.console.say, **options)

    def state(self, revision: str = "main") -> State | None:
        """What the repository holds, None where there is none of that name, of whatever kind.

        Raises:
            UserError: the name is taken by a repository of another kind.
        """
        info = self._info(self.kind, revision)
        if info is None:
            for other in KINDS.keys() - {self.kind}:
                if self._info(other, "main") is not None:
                    raise UserError(f"{self.name} is a {other} on the Hub, not a {self.kind}: give another name")
            return None
        entries = self.patiently(
            lambda: list(self.api.list_repo_tree(**self._place, revision=info.sha, recursive=True))
        )
        refs = self.patiently(self.api.list_repo_refs, **self._place)
        gated = f", gated ({info.gated})" if getattr(info, "gated", None) else ""
        return State(
            commit=info.sha,
            files={
                entry.path: Remote(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
                for entry in entries
                if isinstance(entry, RepoFile)
            },
            tags=frozenset(tag.name for tag in refs.tags),
            access=f"{'private' if info.private else 'public'}{gated}",
            private=bool(info.private),
        )

    def _info(self, kind: str, revision: str):
        try:
            return self.patiently(self.api.repo_info, self.name, repo_type=kind, revision=revision)
        except HfHubHTTPError as error:
            if error.response.status_code == 404:
                return None
            raise

    def read(self, path: str, revision: str) -> bytes:
        """The bytes of a file."""

        def get() -> bytes:
            url = hf_hub_url(**self._place, filename=path, revision=revision, endpoint=self.api.endpoint)
            response = get_session().get(url, headers=build_hf_headers(token=self.token))
            hf_raise_for_status(response)
            return response.content

        return self.patiently(get)

    def create(self, *, private: bool) -> None:
        """Makes the repository."""
        sdk = {"space_sdk": "gradio"} if self.kind == "space" else {}
        self.patiently(self.api.create_repo, **self._place, private=private, exist_ok=True, **sdk)
        self.left = f"an empty {self.name} was made and nothing was committed: run the same command again"

    def upload(self, additions: Sequence[CommitOperationAdd], tick: Tick) -> None:
        """Sends large files to where a commit can name them; nothing shows on the Hub yet."""
        for start in range(0, len(additions), _BATCH):
            batch = additions[start : start + _BATCH]
            for last in (False, False, True):
                try:
                    self.api.preupload_lfs_files(self.name, batch, repo_type=self.kind, free_memory=False)
                    break
                except RuntimeError as error:  # names the file; what went wrong is its cause
                    cause = error.__cause__
                    damaged = isinstance(cause, HfHubHTTPError) and cause.response.status_code == 400
                    if last or not damaged:
                        raise (cause or error) from None
                    self.console.say("a file did not arrive as it was sent; sending it again")
            tick(start + len(batch), len(additions))

    def commit(self, operations: Sequence, parent: str, message: str) -> str:
        """One commit to main on top of `parent`; gives its id. One whose answer was lost is found again.

        Raises:
            Conflict: main is not at `parent` any more.
        """
        before, self.left = (
            self.left,
            "the commit may have arrived: run the same command again",
        )
        try:
            made = self.patiently(
                self.api.create_commit,
                **self._place,
                operations=operations,
                commit_message=message,
                parent_commit=parent,
            )
        except HfHubHTTPError as error:
            if error.response.status_code < 500:
                self.left = before
            if error.response.status_code == 412:
                raise Conflict from None
            raise
        return made.oid

    def tag(self, name: str, commit: str) -> None:
        """Names a commit; one whose answer was lost counts as made.

        Raises:
            UserError: somebody else has given the name to another commit meanwhile.
        """
        try:
            self.patiently(self.api.create_tag, **self._place, tag=name, revision=commit)
        except HfHubHTTPError as error:
            if error.response.status_code != 409:
                raise
            there = self._info(self.kind, name)
            if there is None or there.sha != commit:
                raise UserError(f"somebody else has tagged another commit of {self.name} as {name} meanwhile") from None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns what the Hub or the network does into one line: what happened, what to do, what is left on the Hub."""
        try:
            yield
        except UserError as error:
            raise UserError(f"{error} ({self.left})") from None
        except HfHubHTTPError as error:
            raise UserError(f"{self._reason(error)} ({self.left})") from None
        except OfflineModeIsEnabled:
            raise UserError("HF_HUB_OFFLINE is set: a push needs the Hub, unset it") from None
        except (httpx2.TransportError, ConnectionError) as error:
            raise UserError(
                f"no answer from {self.api.endpoint} after {TRIES} tries ({type(error).__name__}): check the network "
                f"and push again ({self.left})"
            ) from None
        except ValueError as error:  # of huggingface_hub: a card or an answer that the Hub finds wrong
            raise UserError(f"{self.name}: {error} ({self.left})") from None

    def _reason(self, error: HfHubHTTPError) -> str:
        status, said = error.response.status_code, error.server_message or "no reason given"
        if status == 401:
            return "the Hub refuses the token (401): it is wrong or has expired; set HF_TOKEN to one with write access"
        if status == 403 and error.response.headers.get("X-Error-Code") == "GatedRepo":
            return f"{self.name} is gated and this token is not on its list (403): ask for access at {self.address}"
        if status == 403:
            return f"this token may not do that to {self.name} (403, {said}): use one with write access there"
        if status == 404:
            return f"{self.name} is not there any more (404, {said}): look at {self.address}"
        if status in (429, 500, 502, 503, 504):
            return f"the Hub keeps answering {status} ({said}): push again later"
        return f"the Hub answers {status} ({said}) for {self.name}"


def check_name(name: str) -> None:
    """Refuses what is no ORG/NAME."""
    if not re.fullmatch(r"[^/\s:]+/[^/\s:]+", name):
        example = f"your-name/{re.sub(r'[^A-Za-z0-9._-]', '', name.rstrip('/').rpartition('/')[2]) or 'icu'}"
        raise UserError(f"{name}: not ORG/NAME; give who owns it and its name, e.g. {example}")
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise UserError(f"{name}: the Hub allows no such name ({str(error).splitlines()[0]})") from None


def places(*folders: str | os.PathLike) -> list[str]:
    """Paths of this machine that nothing uploaded may hold."""
    found = {os.path.abspath(folder) for folder in (*folders, os.getcwd(), os.path.expanduser("~"))}
    return sorted(path for path in found if path != "/")
