"""The steps of every push: plan, upload, one commit, tag, verify; and revert if the upload is wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

from lethebench.console import Tick
from lethebench.errors import UserError
from lethebench.hub.card import merge
from lethebench.hub.diff import Content, Plan, compare, is_same, refuse_leaks
from lethebench.hub.repository import Conflict, Hub, State, local_paths

CARD = "README.md"
COMMIT_ATTEMPTS = 3
"""Commits to try while others keep committing."""


@dataclass(frozen=True)
class Release:
    """What to push.

    Attributes:
        files: Path -> content, without the card.
        card: README.md as built.
        folder: The local folder; no uploaded file may hold its path.
        tag: Tag of the version, None for no tag.
        raise_version: Advice if the tag exists with other content.
        message: Commit message.
        stale: State of the Hub -> files of an earlier push that this one replaces, and its removed configs.
        check: Called with the revision; loads it back and returns what is wrong. None = compare hashes only.
    """

    files: Mapping[str, Content]
    card: str
    folder: Path
    tag: str | None
    raise_version: str
    message: str
    stale: Callable[[State], tuple[Iterable[str], Iterable[str]]] = lambda state: ((), ())
    check: Callable[[str, Tick], list[str]] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a push did, or would do.

    Attributes:
        access: Access of the repository, in words.
        plan: The changes.
        commit: Id of the commit that holds the release, None before there is one.
        action: "pushed", "planned" (dry run) or "unchanged" (the tag exists with the same content).
        new: Whether the repository did not exist.
    """

    access: str
    plan: Plan
    commit: str | None
    action: Literal["pushed", "planned", "unchanged"]
    new: bool = False


def publish(hub: Hub, release: Release, *, private: bool, dry_run: bool) -> tuple[dict[str, Any], str]:
    """Push a release, or report what a push would do.

    Returns:
        The object for `--json` (`url`, `access`, `tag`, `commit`, `pushed` and the plan), and the text for people.

    Raises:
        UserError: One line: what went wrong, what to do, and what is left on the Hub.
    """
    with hub.explained():
        state = hub.state()
        if private and state is not None and not state.private:
            raise UserError(
                f"--private: {hub.name} is public; make it private in its settings, or leave the option out"
            )
        access = state.access if state else "private" if private else "public"
        if state is not None and release.tag in state.tags:
            return _render(hub, release, _existing(hub, release, access, dry_run))
        refuse_leaks({**release.files, CARD: release.card.encode()}, hub.token, local_paths(release.folder))
        if dry_run:
            _, plan = _plan(hub, release, state)
            commit = state.commit if state else None
            return _render(hub, release, Outcome(access, plan, commit, "planned", new=state is None))
        before, commit, plan = _commit(hub, release, state, private)
        if release.tag:
            hub.tag(release.tag, commit)
            hub.left = f"{release.tag} is pushed and not yet verified; run the same command again"
        _verify(hub, release, before, commit, plan)
        return _render(hub, release, Outcome(access, plan, commit, "pushed", new=state is None))


def _plan(hub: Hub, release: Release, state: State | None) -> tuple[dict[str, Content], Plan]:
    """Return the files to upload, with the card merged into that of the state, and the changes that they make."""
    stale, removed = release.stale(state) if state else ((), ())
    card = hub.read(CARD, state.commit).decode("utf-8", "replace") if state and CARD in state.files else None
    files = {**release.files, CARD: merge(release.card, card, removed=set(removed)).encode()}
    return files, compare(files, state.files if state else {}, stale, card)


def _existing(hub: Hub, release: Release, access: str, dry_run: bool) -> Outcome:
    """Return the outcome if the tag exists with the content of the release.

    Raises:
        UserError: It has other content.
    """
    tag = release.tag or ""
    tagged = hub.state(tag)
    _, plan = _plan(hub, release, tagged)
    if not plan.empty:
        first, *others = [*plan.added, *plan.changed, *plan.deleted]
        more = f" and {len(others)} more" if others else ""
        raise UserError(
            f"{hub.name} has {tag} already, with another {first}{more}, and a tag is never moved; "
            f"{release.raise_version}"
        )
    if not dry_run:
        hub.left = f"{tag} existed before and was not changed"
        if problems := _problems(hub, release, tag):
            raise UserError(f"{tag} of {hub.name} does not load correctly: {_first(problems)}")
    return Outcome(access, plan, tagged.commit if tagged else None, "unchanged")


def _commit(hub: Hub, release: Release, state: State | None, private: bool) -> tuple[State, str, Plan]:
    """Upload and commit; return the state before, the commit, and its changes."""
    if state is None:
        hub.create(private=private)
        state = hub.state()
        if state is None:
            raise UserError(f"{hub.name} was created but cannot be found; see {hub.address}")
    for _ in range(COMMIT_ATTEMPTS):
        files, plan = _plan(hub, release, state)
        if plan.empty:
            return state, state.commit, plan
        additions = [_addition(path, files[path]) for path in (*plan.added, *plan.changed)]
        with hub.console.phase(f"upload {len(additions)} files to {hub.name}") as tick:
            hub.upload(additions, tick)
        try:
            deletions = [CommitOperationDelete(path) for path in plan.deleted]
            commit = hub.commit([*additions, *deletions], state.commit, release.message)
        except Conflict:
            current = hub.state()
            if current is None:
                raise UserError(f"{hub.name} was deleted during the push; see {hub.address}") from None
            if not _holds(current, files):
                hub.console.say(f"somebody else has committed to {hub.name}; merging with that commit")
                state = current
                continue
            commit = current.commit  # our commit, whose answer was lost
        missing = "without its tag" if release.tag else "and not yet verified"
        hub.left = f"the commit {commit[:8]} is on main {missing}; run the same command again to finish"
        return state, commit, plan
    raise UserError(f"others keep committing to {hub.name}; push again later")


def _addition(path: str, content: Content) -> CommitOperationAdd:
    return CommitOperationAdd(path, content if isinstance(content, bytes) else str(content))


def _holds(state: State, files: Mapping[str, Content]) -> bool:
    return all(path in state.files and is_same(content, state.files[path]) for path, content in files.items())


def _verify(hub: Hub, release: Release, before: State, commit: str, plan: Plan) -> None:
    """Verify the upload; on mismatch delete the tag and revert main.

    Raises:
        UserError: The upload was wrong.
    """
    problems = _problems(hub, release, release.tag or commit)
    if not problems:
        return
    if release.tag:
        hub.retry(hub.api.delete_tag, hub.name, tag=release.tag, repo_type=hub.kind)
    if not plan.empty:
        restored = [
            CommitOperationCopy(path, path, src_revision=before.commit) for path in (*plan.changed, *plan.deleted)
        ]
        removed = [CommitOperationDelete(path) for path in plan.added]
        hub.left = "its tag is deleted, but main still holds it"
        try:
            hub.commit([*restored, *removed], commit, f"Revert: {release.message}")
        except Conflict:
            raise UserError(
                f"the upload is wrong ({_first(problems)}), and others have committed since: revert {commit[:8]}"
            ) from None
    hub.left = "tag and files are as before"
    raise UserError(f"{hub.name} does not return what was pushed: {_first(problems)}; push again")


def _problems(hub: Hub, release: Release, revision: str) -> list[str]:
    """Return what is wrong with a revision: files whose hash differs, else what loading it reports."""
    state = hub.state(revision)
    if state is None:
        return [f"no revision {revision}"]
    files = state.files
    wrong = [path for path, content in release.files.items() if path not in files or not is_same(content, files[path])]
    if wrong:
        return [f"{path} is not the file that was sent" for path in wrong]
    if release.check is None:
        return []
    with hub.console.phase(f"load {hub.name} back from {revision[:12]} and compare") as tick:
        return release.check(revision, tick)


def _first(problems: list[str]) -> str:
    return problems[0] + (f" and {len(problems) - 1} more" if len(problems) > 1 else "")


def _render(hub: Hub, release: Release, outcome: Outcome) -> tuple[dict[str, Any], str]:
    tag, commit, plan = release.tag, outcome.commit, outcome.plan
    result = {"url": hub.address, "access": outcome.access, "tag": tag, "commit": commit}
    result |= {"pushed": outcome.action == "pushed"} | plan.to_dict()
    if outcome.action == "unchanged":
        return result, f"{hub.name} ({outcome.access}) has {tag} already, with the same content; nothing to do"
    if outcome.action == "planned":
        verb = "would create" if outcome.new else "would push to"
        head = f"{verb} the {outcome.access} {hub.kind} {hub.name}{f' as {tag}' if tag else ''}:"
        note = [] if hub.token else ["no token: a private repository of this name would not be visible"]
        return result, "\n".join([head, plan.render(), *note])
    version = f" as {tag}" if tag else f" in {commit[:8]}" if commit else ""
    verified = "hashes compared" if release.check is None else "loaded back and compared"
    changes = plan.render().partition("\n\n")[0]
    return result, f"{changes}\n{hub.address} ({outcome.access}): pushed{version}, {verified}, all equal"
