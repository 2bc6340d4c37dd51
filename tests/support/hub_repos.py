"""Repositories of the local Hub, with commits, branches and tags."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

LFS = (".parquet", ".safetensors", ".png", ".jpg", ".zip")
"""Suffixes of files that the Hub stores as large files."""
TOKEN, READER = "hf_aTokenThatMayWriteAndMustNotLeak", "hf_aTokenThatMayOnlyRead"
OWNER = "somebody"
NEW_SPACE = """---
title: New
sdk: gradio
app_file: app.py
---

Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference
"""


@dataclass(frozen=True)
class Blob:
    """A file's content: bytes, or the path of a local file."""

    source: bytes | Path
    lfs: bool

    @property
    def size(self) -> int:
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    @cached_property
    def content(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def oid(self) -> str:
        """Its git id, for large files that of the pointer."""
        content = self.content
        if self.lfs:
            version = "https://git-lfs.github.com/spec/v1"
            content = f"version {version}\noid sha256:{self.sha256}\nsize {self.size}\n".encode()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def entry(self, path: str) -> dict:
        """Return the file as the Hub lists it."""
        entry = {"type": "file", "path": path, "size": self.size, "oid": self.oid}
        return entry | ({"lfs": {"oid": self.sha256, "size": self.size, "pointerSize": 134}} if self.lfs else {})


Tree = Mapping[str, Blob]


@dataclass
class Repository:
    """One repository. A commit is a whole tree; `log` has (commit, message), oldest first, `pulls` (title, commit)."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    commits: dict[str, Tree] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    pulls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.commit({".gitattributes": Blob(b"*.parquet filter=lfs\n", lfs=False)}, "initial commit")

    @property
    def head(self) -> str:
        return self.log[-1][0]

    @property
    def tree(self) -> Tree:
        return self.commits[self.head]

    def commit(self, tree: Tree, message: str) -> str:
        """Add a commit to main."""
        sha = hashlib.sha1(f"{self.kind} {self.name} {len(self.log)}".encode()).hexdigest()
        self.commits[sha] = dict(tree)
        self.log.append((sha, message))
        return sha

    def change(self, files: Mapping[str, str | bytes | None], message: str = "by hand") -> str:
        """Commit files as if edited in the browser; None deletes one."""
        tree = dict(self.tree)
        for path, content in files.items():
            tree.pop(path, None)
            if content is not None:
                raw = content.encode() if isinstance(content, str) else content
                tree[path] = Blob(raw, lfs=path.endswith(LFS))
        return self.commit(tree, message)

    def pull(self, tree: Tree, title: str) -> dict:
        """Open a pull request, whose branch is refs/pr/N; return what the Hub answers."""
        sha = hashlib.sha1(f"{self.name} pull {len(self.pulls)}".encode()).hexdigest()
        self.commits[sha] = dict(tree)
        self.pulls.append((title, sha))
        return {"commitOid": sha, "number": len(self.pulls)}

    def resolve(self, revision: str) -> str | None:
        """Return the commit of a branch, tag, pull request or commit id."""
        if revision == "main":
            return self.head
        if revision.startswith("refs/pr/"):
            return self.pulls[int(revision.removeprefix("refs/pr/")) - 1][1]
        revision = self.tags.get(revision, revision)
        return revision if revision in self.commits else None

    def state(self) -> tuple:
        """Return everything that a push may change."""
        return self.head, dict(self.tags), {path: blob.sha256 for path, blob in self.tree.items()}


class Hub:
    """All repositories, uploaded large files and users."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.users = {TOKEN: OWNER, READER: "reader"}

    def create(self, kind: str, name: str, **options) -> Repository:
        self.repositories[kind, name] = repository = Repository(kind, name, **options)
        return repository

    def of(self, name: str, kind: str = "dataset") -> Repository:
        return self.repositories[kind, name]

    def take(self, repository: Repository, lines: Iterable[bytes], *, pull: bool = False) -> tuple[int, dict]:
        """Commit the JSON lines that a client sends, to main or a pull request, all or nothing; return the answer."""
        tree, head = dict(repository.tree), {}
        old = (blob for commit in repository.commits.values() for blob in commit.values() if blob.lfs)
        stored = {blob.sha256: blob.source for blob in old} | self.objects
        actions: dict[str, Callable[[dict], None]] = {
            "header": head.update,
            "file": lambda value: tree.update({value["path"]: Blob(base64.b64decode(value["content"]), lfs=False)}),
            "lfsFile": lambda value: tree.update({value["path"]: Blob(stored[value["oid"]], lfs=True)}),
            "deletedFile": lambda value: tree.pop(value["path"]),
        }
        try:
            for line in lines:
                entry = json.loads(line)
                actions[entry["key"]](entry["value"])
        except KeyError as error:
            return 400, {"error": f"no such file or object: {error}"}
        if head.get("parentCommit", repository.head) != repository.head:
            return 412, {"error": "A commit has happened since. Please refresh and try again."}
        if pull:
            return 200, repository.pull(tree, head["summary"])
        return 200, {"commitOid": repository.commit(tree, head["summary"])}
