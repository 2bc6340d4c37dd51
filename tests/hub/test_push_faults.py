"""Faults during a push: it succeeds after a retry, or ends with one line and the state before."""

import time

import pytest
from hub_faults import Fault, broken, busy, gated
from hub_repos import READER

ASK, UPLOAD, COMMIT = "POST .*(/preupload/|/objects/batch)", "PUT /lfs/", "POST .*/commit/"
TAG, SHARD = "POST .*/tag/", "GET .*/resolve/.*parquet"
BY_HAND = {"README.md": "---\nlicense: mit\n---\n\nOurs.\n", "data.csv": "a,b\n1,2\n"}


@pytest.fixture(autouse=True)
def nothing_uploaded(user):
    """Make every push upload its own large files."""
    user.server.hub.objects.clear()


def ours(repository) -> list[str]:
    return [message for _, message in repository.log if message.startswith("icu")]


PASSING = {
    "busy": [busy(COMMIT, wait=1), busy("GET .*/revision/", wait=1), busy(UPLOAD, wait=1)],
    "500": [broken(ASK, times=2), broken(UPLOAD, skip=3), broken(COMMIT)],
    "dropped": [
        Fault(UPLOAD, drop="before", skip=2),
        Fault(COMMIT, drop="before"),
        Fault(SHARD, drop="after"),
    ],
    "made-and-answer-lost": [Fault(COMMIT, drop="after"), Fault(TAG, drop="after")],
    "byte-lost-on-a-slow-link": [
        Fault(UPLOAD, corrupt=True),
        Fault(SHARD, corrupt=True),
        Fault(f"{UPLOAD}|{SHARD}", delay=0.02, times=10_000),
    ],
}


@pytest.mark.parametrize(
    "name", [name if name in ("500", "dropped") else pytest.param(name, marks=pytest.mark.slow) for name in PASSING]
)
def test_push_succeeds_after_transient_faults(user, name):
    faults = tuple(PASSING[name])
    done = user.types("push", "icu", f"somebody/{name}", faults=faults)
    assert done.status == 0, done.error
    assert all(fault.hits for fault in faults)
    repository = user.repository(name)
    assert len(ours(repository)) == 1
    assert repository.tags == {"v2.0.0": repository.head}
    manifest = (user.work / "icu" / "manifest.json").read_bytes()
    assert repository.tree["manifest.json"].content == manifest
    assert "all equal" in done.out


def test_concurrent_commit_is_merged(user):
    repository = user.server.hub.create("dataset", "somebody/shared")
    change = {"NOTES.md": "mine", "README.md": "---\nextra_gated_prompt: Please ask\n---\n\n## News\n\nWe moved.\n"}
    conflict = Fault(COMMIT, happens=lambda: repository.change(change))
    done = user.types("push", "icu", "somebody/shared", faults=(conflict,))
    assert done.status == 0, done.error
    assert "merging" in done.error
    assert repository.tree["NOTES.md"].content == b"mine"
    card = repository.tree["README.md"].content.decode()
    assert "extra_gated_prompt: Please ask" in card
    assert "## News\n\nWe moved." in card
    assert [message.split()[0] for _, message in repository.log] == ["initial", "by", "icu"]


FAILING = {
    "busy-for-an-hour": (busy(COMMIT, wait=3600), ["429", "3600 s"]),
    "busy-for-an-hour-uploading": (busy(UPLOAD, wait=3600, times=99), ["429", "3600 s"]),
    "never-committing": (broken(COMMIT, times=99), ["500", "later"]),
    "never-an-answer": (Fault(COMMIT, drop="before", times=99), ["no answer", "network"]),
    "token-expires-meanwhile": (Fault(COMMIT, status=401, times=99), ["401", "expired", "HF_TOKEN"]),
    "gated": (gated("GET .*/resolve/"), ["gated", "403", "ask for access"]),
    "never-arrives-as-sent": (Fault(UPLOAD, corrupt=True, times=99), ["400", "Mismatch"]),
    "gives-other-bytes-back": (
        Fault(SHARD, corrupt=True, times=9999),
        ["does not return what was", "as before"],
    ),
}


LONG = {"never-committing", "never-an-answer"}
"""Those that wait for several attempts."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in FAILING])
def test_push_fails_in_one_line_and_restores_the_state(user, name):
    fault, fragments = FAILING[name]
    repository = user.server.hub.create("dataset", f"somebody/{name}")
    repository.change(BY_HAND)
    tree, tags = repository.state()[2], repository.state()[1]
    start = time.monotonic()
    done = user.types("push", "icu", f"somebody/{name}", faults=(fault,))
    assert done.status == 2
    assert all(text in done.line for text in fragments), done.line
    assert (repository.state()[2], repository.state()[1]) == (tree, tags)
    assert time.monotonic() - start < 120
    assert fault.hits <= 12 or fault.corrupt or fault.status == 403


def test_endless_conflict_ends_the_push(user):
    repository = user.server.hub.create("dataset", "somebody/crowded")
    endless = Fault(COMMIT, times=99, happens=lambda: repository.change({"x": str(len(repository.log))}))
    done = user.types("push", "icu", "somebody/crowded", faults=(endless,))
    assert done.status == 2
    assert "others keep committing" in done.line
    assert not ours(repository)
    assert not repository.tags


def test_second_push_adds_a_missing_tag(user):
    refused = Fault(TAG, status=403, message="no tags today")
    done = user.types("push", "icu", "somebody/halfway", faults=(refused,))
    repository = user.repository("halfway")
    assert done.status == 2
    assert "without its tag; run the same command again" in done.line
    assert not repository.tags
    before = repository.head
    done = user.types("push", "icu", "somebody/halfway")
    assert done.status == 0, done.error
    assert repository.tags == {"v2.0.0": before}
    assert len(ours(repository)) == 1


def test_concurrent_tag_is_not_moved(user):
    repository = user.server.hub.create("dataset", "somebody/raced")
    theirs = repository.change(BY_HAND)
    raced = Fault(TAG, happens=lambda: repository.tags.update({"v2.0.0": theirs}))
    done = user.types("push", "icu", "somebody/raced", faults=(raced,))
    assert done.status == 2
    assert "somebody else has tagged another commit" in done.line
    assert repository.tags == {"v2.0.0": theirs}


@pytest.mark.parametrize(
    ("token", "fragments"),
    [
        ("hf_expired", ["401", "expired", "HF_TOKEN"]),
        (READER, ["403", "write access"]),
        (None, ["no token", "HF_TOKEN"]),
    ],
    ids=["expired", "reader", "none"],
)
def test_insufficient_token_is_refused(user, token, fragments):
    repository = user.server.hub.repositories.get(("dataset", "somebody/kept"))
    repository = repository or user.server.hub.create("dataset", "somebody/kept")
    before = repository.state()
    done = user.types("push", "icu", "somebody/kept", token=token)
    assert done.status == 2
    assert all(text in done.line for text in fragments), done.line
    assert repository.state() == before


def test_dry_run_needs_no_token(user):
    user.server.hub.create("dataset", "somebody/visible")
    for name, verb in (("visible", "would push to"), ("absent", "would create")):
        done = user.types("push", "icu", f"somebody/{name}", "--dry-run", token=None)
        assert done.status == 0, done.error
        assert done.out.startswith(f"{verb} the public dataset somebody/{name} as v2.0.0:\n+ ")
        assert "no token: a private repository of this name would not be visible" in done.out
    assert ("dataset", "somebody/absent") not in user.server.hub.repositories
