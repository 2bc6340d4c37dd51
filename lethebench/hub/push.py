"""The steps that every push takes: plan, upload, one commit, tag, compare; and back again where the copy is wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

from lethebench.console import Tick
from lethebench.errors import UserError
from lethebench.hub.card import merge
from lethebench.hub.diff import Content, Plan, compare, is_same, refuse_leaks
from lethebench.hub.repository import Conflict, Hub, State, places

CARD = "README.md"
_ATTEMPTS = 3
"""Commits that are tried when others keep committing meanwhile."""


@dataclass(frozen=True)
class Release:
    """What is pushed.

    Attributes:
        files: path -> content, the card excepted.
        card: README.md as built.
        folder: where it lies here; no uploaded byte may say so.
        tag: the version's, None where there is none.
        raise_version: what to do when the tag stands for something else.
        message: of the commit.
        stale: of a state of the Hub, the files of an earlier push that this one replaces, and its gone configs.
        check: told the revision, loads it back and gives what is wrong with it; None = hashes are compared alone.
    """

    files: Mapping[str, Content]
    card: str
    folder: Path
    tag: str | None
    raise_version: str
    message: str
    stale: Callable[[State], tuple[Iterable[str], Iterable[str]]] = lambda state: ((), ())
    check: Callable[[str, Tick], list[str]] | None = None


def publish(hub: Hub, release: Release, *, private: bool, dry_run: bool) -> tuple[dict, str]:
    """Pushes, or says what a push would do.

    Returns:
        What `--json` prints (`url`, `access`, `tag`, `commit`, `pushed`, the plan), and the lines for people.

    Raises:
        UserError: in one line: what went wrong, what to do, and what is left on the Hub.
    """
    with hub.explained():
        state = hub.state()
        if private and state is not None and not state.private:
            raise UserError(
                f"--private: {hub.name} is public already; make it private in its settings, or leave it out"
            )
        access = state.access if state else "private" if private else "public"
        if state is not None and release.tag in state.tags:
            return _again(hub, release, access, dry_run)
        refuse_leaks({**release.files, CARD: release.card.encode()}, hub.token, places(release.folder))
        if dry_run:
            _, plan = _plan(hub, release, state)
            return _told(hub, release, access, plan, state and state.commit, "would", state is None)
        before, commit, plan = _commit(hub, release, state, private)
        if release.tag:
            hub.tag(release.tag, commit)
            hub.left = f"{release.tag} is pushed and not compared yet: run the same command again"
        _compare(hub, release, before, commit, plan)
        return _told(hub, release, access, plan, commit, "did", state is None)


def _plan(hub: Hub, release: Release, state: State | None) -> tuple[dict[str, Content], Plan]:
    """The files as they go up, the card merged with that of the state, and what that changes there."""
    stale, gone = release.stale(state) if state else ((), ())
    card = hub.read(CARD, state.commit).decode("utf-8", "replace") if state and CARD in state.files else None
    files = {**release.files, CARD: merge(release.card, card, gone=set(gone)).encode()}
    return files, compare(files, state.files if state else {}, stale, card)


def _again(hub: Hub, release: Release, access: str, dry_run: bool) -> tuple[dict, str]:
    """The tag is there: well if it holds what would be pushed, refused otherwise."""
    tagged = hub.state(release.tag)
    _, plan = _plan(hub, release, tagged)
    if not plan.empty:
        other = [*plan.added, *plan.changed, *plan.deleted]
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        raise UserError(
            f"{hub.name} has {release.tag} already, with another {other[0]}{more}: a tag is never moved; "
            f"{release.raise_version}"
        )
    if not dry_run:
        hub.left = f"{release.tag} was there before and was not touched"
        if problems := _checked(hub, release, release.tag):
            raise UserError(f"{release.tag} of {hub.name} does not load as it should: {_first(problems)}")
    return _told(hub, release, access, plan, tagged.commit, "had", False)


def _commit(hub: Hub, release: Release, state: State | None, private: bool) -> tuple[State, str, Plan]:
    """Uploads and commits; gives the state before, the commit, and what it changed."""
    if state is None:
        hub.create(private=private)
        state = hub.state()
        if state is None:
            raise UserError(f"{hub.name} was made and is not there: look at {hub.address}")
    for _ in range(_ATTEMPTS):
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
            now = hub.state()
            if now is not None and _holds(now, files):  # ours, whose answer was lost
                commit = now.commit
            elif now is None:
                raise UserError(f"{hub.name} went away during the push: look at {hub.address}") from None
            else:
                hub.console.say(f"somebody else has committed to {hub.name} meanwhile; merging with that")
                state = now
                continue
        lacks = "without its tag" if release.tag else "and not compared yet"
        hub.left = f"the commit {commit[:8]} is on main {lacks}: run the same command again to finish"
        return state, commit, plan
    raise UserError(f"others keep committing to {hub.name}: push again when it is quiet")


def _addition(path: str, content: Content) -> CommitOperationAdd:
    return CommitOperationAdd(path, content if isinstance(content, bytes) else str(content))


def _holds(state: State, files: Mapping[str, Content]) -> bool:
    return all(path in state.files and is_same(content, state.files[path]) for path, content in files.items())


def _compare(hub: Hub, release: Release, before: State, commit: str, plan: Plan) -> None:
    """Compares the copy; one that is wrong loses its tag, and main gets back what it held.

    Raises:
        UserError: the copy was wrong.
    """
    problems = _checked(hub, release, release.tag or commit)
    if not problems:
        return
    if release.tag:
        hub.patiently(hub.api.delete_tag, hub.name, tag=release.tag, repo_type=hub.kind)
    if not plan.empty:
        restored = [
            CommitOperationCopy(path, path, src_revision=before.commit) for path in (*plan.changed, *plan.deleted)
        ]
        removed = [CommitOperationDelete(path) for path in plan.added]
        hub.left = "its tag is removed; main still holds it"
        try:
            hub.commit([*restored, *removed], commit, f"Take back: {release.message}")
        except Conflict:
            raise UserError(
                f"the copy is wrong ({_first(problems)}), and others have committed since: undo {commit[:8]} by hand"
            ) from None
    hub.left = "tag and files are as they were before"
    raise UserError(f"{hub.name} does not give back what was pushed: {_first(problems)}; push again")


def _checked(hub: Hub, release: Release, revision: str) -> list[str]:
    """What is wrong with a revision: files that the Hub lists otherwise, then what loading it tells."""
    state = hub.state(revision)
    files = release.files if state else {}
    wrong = [path for path in files if path not in state.files or not is_same(files[path], state.files[path])]
    if wrong or state is None:
        return [f"{path} is not the file that was sent" for path in wrong] or [f"no revision {revision}"]
    if release.check is None:
        return []
    with hub.console.phase(f"load {hub.name} back from {revision[:12]} and compare") as tick:
        return release.check(revision, tick)


def _first(problems: list[str]) -> str:
    return problems[0] + (f" and {len(problems) - 1} more" if len(problems) > 1 else "")


def _told(hub, release, access, plan, commit, how, new) -> tuple[dict, str]:
    tag = release.tag
    result = {"url": hub.address, "access": access, "tag": tag, "commit": commit, "pushed": how == "did"}
    version = f" as {tag}" if tag else f" in {commit[:8]}" if commit else ""
    if how == "had":
        head = f"{hub.name} ({access}) has {tag} already, and it is what would be pushed: nothing to do"
        return result | plan.to_dict(), head
    if how == "would":
        head = f"{'would make' if new else 'would push to'} the {access} {hub.kind} {hub.name}{version if tag else ''}:"
        return result | plan.to_dict(), f"{head}\n{plan.render()}"
    compared = "hashes compared" if release.check is None else "loaded back and compared"
    head = f"{hub.address} ({access}): pushed{version}, {compared}: all equal"
    return result | plan.to_dict(), f"{plan.render().partition(chr(10) * 2)[0]}\n{head}"
