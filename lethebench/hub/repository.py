"""One repository on the Hub as a push or a download uses it: read its state, upload, commit and tag."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, RepoFile, get_session, get_token, hf_hub_url
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, disable_progress_bars, hf_raise_for_status, validate_repo_id
from huggingface_hub.utils import logging as hub_logging

from lethebench import __version__
from lethebench.console import Console, Tick
from lethebench.contract.errors import DISK_ERRORS
from lethebench.contract.secrets import fault_of, protect
from lethebench.errors import CheckFailed, UserError, one_line
from lethebench.hub.retry import ATTEMPTS, Result, configure_client, retry
from lethebench.terminal import interruptible

KINDS = {"dataset": "datasets/", "space": "spaces/", "model": ""}
"""Kind of a repository -> prefix of its name in a URL."""
BATCH = 20
"""Files to upload between two updates of the progress bar."""


class RemoteFile(NamedTuple):
    """A file on the Hub: size in bytes, git id, and SHA-256 if it is stored as a large file."""

    size: int
    oid: str
    sha256: str | None


@dataclass(frozen=True)
class State:
    """What a revision of a repository holds.

    Attributes:
        commit: Id of the commit.
        files: Path -> file on the Hub.
        tags: Names of all tags of the repository.
        access: "public" or "private", with ", gated" if it is.
        private: Whether only its owners can see it.
    """

    commit: str
    files: Mapping[str, RemoteFile]
    tags: frozenset[str]
    access: str
    private: bool


class Conflict(Exception):
    """Somebody else has committed since the state was read."""


class Hub:
    """A repository on the Hub.

    Args:
        name: ORG/NAME.
        kind: A key of KINDS.
        console: Reports waits and progress.
        read_only: Only look at the repository; works without a token for public ones.
        purpose: What the repository is used for, in messages: `push`, `submit` or `download`.

    Attributes:
        left: What a failure from here on leaves behind on the Hub, for its message.

    Raises:
        UserError: The name is invalid, or there is no token and `read_only` is not set.
    """

    def __init__(
        self, name: str, kind: str, console: Console, *, read_only: bool = False, purpose: str = "push"
    ) -> None:
        check_name(name)
        token = get_token()
        if token is None and not read_only:
            raise UserError(f"no token for {name}; set HF_TOKEN to one with write access, or run `hf auth login`")
        if fault := fault_of(token or ""):
            raise UserError(f"the token of the Hub cannot be sent: {fault}; set HF_TOKEN to it again")
        protect(token)
        self.name, self.kind, self.token, self.console = name, kind, token, console
        self.api = HfApi(token=token or False, library_name="lethebench", library_version=__version__)
        self.purpose = purpose
        self.left = "" if purpose == "download" else "nothing was changed on the Hub"
        disable_progress_bars()
        hub_logging.set_verbosity_error()
        configure_client(console.say)

    @property
    def address(self) -> str:
        return f"{self.api.endpoint}/{KINDS[self.kind]}{self.name}"

    @property
    def _target(self) -> dict[str, Any]:
        return {"repo_id": self.name, "repo_type": self.kind}

    def retry(self, call: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        """Call `retry.retry`, reporting waits to the console."""
        return retry(call, *arguments, say=self.console.say, **options)

    def state(self, revision: str = "main") -> State | None:
        """Return what the repository holds at a revision, None if no repository of any kind has the name.

        Raises:
            UserError: The name belongs to a repository of another kind.
        """
        info = self._info(self.kind, revision)
        if info is None:
            for other in KINDS.keys() - {self.kind}:
                if self._info(other, "main") is not None:
                    raise UserError(f"{self.name} is a {other} on the Hub, not a {self.kind}; give another name")
            return None
        entries = self.retry(lambda: list(self.api.list_repo_tree(**self._target, revision=info.sha, recursive=True)))
        refs = self.retry(self.api.list_repo_refs, **self._target)
        gated = f", gated ({info.gated})" if getattr(info, "gated", None) else ""
        return State(
            commit=info.sha,
            files={
                entry.path: RemoteFile(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
                for entry in entries
                if isinstance(entry, RepoFile)
            },
            tags=frozenset(tag.name for tag in refs.tags),
            access=f"{'private' if info.private else 'public'}{gated}",
            private=bool(info.private),
        )

    def _info(self, kind: str, revision: str) -> Any:
        try:
            return self.retry(self.api.repo_info, self.name, repo_type=kind, revision=revision)
        except HfHubHTTPError as error:
            # To a request without a token, the Hub answers 401 for a repository that does not exist.
            hidden = self.token is None and isinstance(error, RepositoryNotFoundError)
            if error.response.status_code == 404 or hidden:
                return None
            raise

    def read(self, path: str, revision: str, *, most: int = 1 << 20) -> bytes:
        """Return the content of a file of at most `most` bytes.

        Raises:
            UserError: The file is larger.
        """

        def get() -> bytes:
            url = hf_hub_url(**self._target, filename=path, revision=revision, endpoint=self.api.endpoint)
            with get_session().stream("GET", url, headers=build_hf_headers(token=self.token or False)) as response:
                if response.is_error:
                    response.read()
                hf_raise_for_status(response)
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > most:
                        raise UserError(f"{path} of {self.name} is larger than {most >> 10} KiB; fix it there first")
            return bytes(content)

        return self.retry(get)

    def create(self, *, private: bool) -> None:
        """Create the repository."""
        sdk = {"space_sdk": "gradio"} if self.kind == "space" else {}
        try:
            self.retry(self.api.create_repo, **self._target, private=private, exist_ok=True, **sdk)
        except KeyError:  # huggingface_hub reads a URL in the answer, also in "exists already" of another push
            if self.state() is None:
                raise
        self.left = f"an empty {self.name} was created; run the same command again"

    def upload(self, additions: Sequence[CommitOperationAdd], tick: Tick) -> None:
        """Upload large files to storage, where a commit can refer to them; nothing is visible yet."""
        for start in range(0, len(additions), BATCH):
            batch = additions[start : start + BATCH]
            for last in (False, False, True):
                try:
                    send = partial(self.api.preupload_lfs_files, self.name, batch, repo_type=self.kind)
                    interruptible(partial(send, free_memory=False))
                    break
                except RuntimeError as error:  # names the file; the reason is its cause
                    cause = error.__cause__
                    damaged = isinstance(cause, HfHubHTTPError) and cause.response.status_code == 400
                    if last or not damaged:
                        raise (cause or error) from None
                    self.console.say("a file arrived damaged; sending it again")
            tick(start + len(batch), len(additions))

    def commit(self, operations: Sequence[Any], parent: str, message: str) -> str:
        """Commit to main on top of `parent` and return the commit's id.

        Raises:
            Conflict: main is no longer at `parent`.
        """
        before, self.left = self.left, "the commit may have arrived; run the same command again"
        try:
            info = self.retry(
                self.api.create_commit,
                **self._target,
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
        return info.oid

    def pull_request(self, additions: Sequence[CommitOperationAdd], parent: str, title: str, description: str) -> str:
        """Open a pull request that adds files on top of `parent`, and return its address."""
        self.retry(self.api.preupload_lfs_files, self.name, additions, repo_type=self.kind, create_pr=True)
        self.left = f"the pull request may have been opened; see {self.address}/discussions"
        info = self.api.create_commit(  # not repeated: that would open another one
            **self._target,
            operations=additions,
            commit_message=title,
            commit_description=description,
            parent_commit=parent,
            create_pr=True,
        )
        return info.pr_url or ""

    def tag(self, name: str, commit: str) -> None:
        """Tag a commit; a tag that exists on this commit already counts as done.

        Raises:
            UserError: The tag exists on another commit.
        """
        try:
            self.retry(self.api.create_tag, **self._target, tag=name, revision=commit)
        except HfHubHTTPError as error:
            if error.response.status_code != 409:
                raise
            info = self._info(self.kind, name)
            if info is None or info.sha != commit:
                raise UserError(f"somebody else has tagged another commit of {self.name} as {name}") from None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn whatever the Hub, its client and the network raise into one line, with what is left on the Hub.

        The cause is kept for `lethe --debug`; errors of the disk pass unchanged.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.console.say(f"stopped: {self.left}" if self.left else "stopped")
            raise
        except CheckFailed:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                raise
            raise UserError(f"{self._reason(error)} ({self.left})" if self.left else self._reason(error)) from error

    def _reason(self, error: Exception) -> str:
        """Return what happened and what to do."""
        if isinstance(error, UserError):
            return str(error)
        if isinstance(error, HfHubHTTPError):
            return self._refusal(error)
        if isinstance(error, OfflineModeIsEnabled):
            return f"HF_HUB_OFFLINE is set, but a {self.purpose} needs the Hub; unset it"
        if isinstance(error, httpx2.TransportError | ConnectionError):
            attempts = f"{ATTEMPTS} attempts ({type(error).__name__})"
            return f"no answer from {self.api.endpoint} after {attempts}; check the network and {self.purpose} again"
        # Of huggingface_hub, for a card or an answer that it rejects.
        name = "" if isinstance(error, ValueError | OSError | RuntimeError) else f"{type(error).__name__}: "
        return f"{self.name}: {name}{one_line(error)}"

    def _refusal(self, error: HfHubHTTPError) -> str:
        status, message = error.response.status_code, error.server_message or "no reason given"
        if status == 401:
            access = "read access" if self.purpose == "download" else "write access"
            return f"the Hub rejects the token (401): it is invalid or expired; set HF_TOKEN to one with {access}"
        if status == 403 and error.response.headers.get("X-Error-Code") == "GatedRepo":
            return f"{self.name} is gated and this token has no access (403); ask for access at {self.address}"
        if status == 403:
            return f"this token may not do that to {self.name} (403, {message}); use one with write access"
        if status == 404:
            return f"{self.name} no longer exists (404, {message}); see {self.address}"
        if status in (429, 500, 502, 503, 504):
            return f"the Hub keeps answering {status} ({message}); {self.purpose} again later"
        return f"the Hub answered {status} ({message}) for {self.name}"


def check_name(name: str) -> None:
    """Raise UserError if a name is not ORG/NAME."""
    if not re.fullmatch(r"[^/\s:]+/[^/\s:]+", name):
        example = f"your-name/{re.sub(r'[^A-Za-z0-9._-]', '', name.rstrip('/').rpartition('/')[2]) or 'icu'}"
        raise UserError(f"{name}: not ORG/NAME; give owner and name, such as {example}")
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise UserError(f"{name}: not a valid name on the Hub ({str(error).splitlines()[0]})") from None


def local_paths(*folders: str | os.PathLike[str]) -> list[str]:
    """Return paths of this machine that no uploaded file may hold."""
    paths = {os.path.abspath(folder) for folder in (*folders, os.getcwd(), os.path.expanduser("~"))}
    return sorted(path for path in paths if path != "/")
