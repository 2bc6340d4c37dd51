"""A local Hub over HTTP with the endpoints that huggingface_hub, datasets and evaluate use, and faults on demand."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from hub_faults import Fault
from hub_repos import LFS, NEW_SPACE, OWNER, TOKEN, Blob, Hub, Repository

REPOSITORY = f"{OWNER}/data"
_PIECE = 1 << 14
_NAME = r"(?P<name>[^/]+/[^/]+)"
_KIND = r"(?:(?P<kind>datasets|spaces)/)?"
_API = rf"/api/(?P<kind>models|datasets|spaces)/{_NAME}"
_WRONG_TOKEN = "Invalid credentials in Authorization header"


class Request(NamedTuple):
    """What a client sent, without its token."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HubServer(ThreadingHTTPServer):
    """A Hub at 127.0.0.1.

    Attributes:
        hub: Its repositories.
        faults: What goes wrong, each as often as it says.
        received: Every request.
        sent: Bytes of files that were sent.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub, self.sent = Hub(), 0
        self.faults: list[Fault] = []
        self.received: list[Request] = []
        self.counting, self.working = threading.Lock(), threading.RLock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address) -> None:
        """Ignore clients that hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def setup(self) -> None:
        # With large buffers, bytes that a client never read would be counted as sent.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)
        super().setup()

    def log_message(self, format: str, *args) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.route, self.query = url.path, parse_qs(url.query)
        request = f"{self.command} {self.route}"
        self.fault = next((fault for fault in self.server.faults if fault.strikes(request)), Fault(""))
        body = self._body()
        if body is None:
            return self._hang_up()
        headers = {name: value for name, value in self.headers.items() if name.lower() != "authorization"}
        self.server.received.append(Request(self.command, self.path, headers, body))
        if self.fault.happens is not None:
            self.fault.happens()
        if self.fault.status is not None:
            return self._refuse(self.fault.status, self.fault.message, self.fault.headers)
        self._dispatch(body)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _body(self) -> bytes | None:
        """Return the request's body, None if the fault cuts it off."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while length := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
            return None if self.fault.drop == "before" else b"".join(parts)
        length = int(self.headers.get("Content-Length") or 0)
        if self.fault.drop == "before":
            self.rfile.read(length // 2)
            return None
        parts = []
        while length:
            parts.append(self.rfile.read(min(_PIECE, length)))
            length -= len(parts[-1])
            time.sleep(self.fault.delay)
        body = b"".join(parts)
        if self.fault.corrupt and body:
            return bytes([body[0] ^ 1]) + body[1:]
        return body

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _dispatch(self, body: bytes) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.user = self.server.hub.users.get(token)
        if token and self.user is None and not self.route.startswith("/lfs/"):
            return self._refuse(401, _WRONG_TOKEN)
        for pattern, answer in _ROUTES:
            if match := re.fullmatch(pattern, self.route):
                return answer(self, body, **match.groupdict())
        self._refuse(404, f"not found: {self.route}")

    @property
    def _is_pull(self) -> bool:
        """Whether the request is for a pull request, which every user may open."""
        return self.user is not None and self.query.get("create_pr") == ["1"]

    def _repository(self, kind: str | None, name: str, *, write: bool = False) -> Repository | None:
        """Return the repository, None if the request was refused."""
        repository = self.server.hub.repositories.get(((kind or "models")[:-1], name))
        if repository is None or (repository.private and self.user != OWNER):
            self._refuse(404 if self.user else 401, "Repository not found", {"X-Error-Code": "RepoNotFound"})
        elif write and self.user is None:
            self._refuse(401, "Invalid username or password.")
        elif write and self.user != OWNER:
            self._refuse(403, "You don't have the rights to create a commit on this repo")
        else:
            return repository
        return None

    def _revision(self, repository: Repository, revision: str) -> str | None:
        commit = repository.resolve(unquote(revision))
        if commit is None:
            self._refuse(404, f"Invalid rev id: {revision}", {"X-Error-Code": "RevisionNotFound"})
        return commit

    def _whoami(self, body: bytes) -> None:
        self._json({"type": "user", "name": self.user}) if self.user else self._refuse(401, _WRONG_TOKEN)

    def _valid(self, body: bytes) -> None:
        self._json({"errors": [], "warnings": []})

    def _create(self, body: bytes) -> None:
        options = json.loads(body)
        owner, kind = options.get("organization") or self.user, options.get("type", "model")
        name = f"{owner}/{options['name']}"
        if self.user != OWNER or not name.startswith(f"{OWNER}/"):
            return self._refuse(403 if self.user else 401, "You don't have the rights to create a repo there")
        if (kind, name) in self.server.hub.repositories:
            return self._refuse(409, "You already created this repo")
        repository = self.server.hub.create(kind, name, private=options.get("visibility") == "private")
        if kind == "space":
            repository.change({"README.md": NEW_SPACE}, "initial commit")
        prefix = "" if kind == "model" else f"{kind}s/"
        self._json({"url": f"{self.server.url}/{prefix}{name}"})

    def _batch(self, body: bytes, kind: str | None, name: str) -> None:
        if self._repository(kind, name, write=self.user is None) is None:  # any user may, for a pull request
            return
        objects = [
            {"oid": item["oid"], "size": item["size"]}
            | ({} if item["oid"] in self.server.hub.objects else self._upload(item["oid"]))
            for item in json.loads(body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _upload(self, oid: str) -> dict:
        return {"actions": {"upload": {"href": f"{self.server.url}/lfs/{oid}", "header": {}}}}

    def _object(self, body: bytes, oid: str) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            return self._refuse(400, "XAmzContentSHA256Mismatch")
        self.server.hub.objects[oid] = body
        self._answer(200, {}, b"")

    def _info(self, body: bytes, kind: str, name: str, revision: str | None = None) -> None:
        repository = self._repository(kind, name)
        commit = repository and self._revision(repository, revision or "main")
        if commit:
            listed = [{"rfilename": path} for path in sorted(repository.commits[commit])]
            gated = "manual" if repository.gated else False
            about = {"id": name, "sha": commit, "private": repository.private, "gated": gated, "tags": []}
            self._json(about | {"siblings": listed})

    def _refs(self, body: bytes, kind: str, name: str) -> None:
        if repository := self._repository(kind, name):
            tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": at} for tag, at in repository.tags.items()]
            main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.head}
            self._json({"branches": [main], "tags": tags, "converts": []})

    def _preupload(self, body: bytes, kind: str, name: str, revision: str) -> None:
        if repository := self._repository(kind, name, write=not self._is_pull):
            answers = []
            for item in json.loads(body)["files"]:
                old = repository.tree.get(item["path"])
                mode = "lfs" if item["path"].endswith(LFS) else "regular"
                digest = {} if old is None else {"oid": old.sha256 if old.lfs else old.oid}
                answers.append({"path": item["path"], "uploadMode": mode, "shouldIgnore": False, **digest})
            self._json({"files": answers})

    def _commit(self, body: bytes, kind: str, name: str, revision: str) -> None:
        if repository := self._repository(kind, name, write=not self._is_pull):
            with self.server.working:
                status, answer = self.server.hub.take(repository, body.splitlines(), pull=self._is_pull)
            if status != 200:
                return self._refuse(status, answer["error"])
            address = f"{self.server.url}/{'' if kind == 'models' else kind + '/'}{name}"
            if self._is_pull:
                answer["pullRequestUrl"] = f"{address}/discussions/{answer.pop('number')}"
            self._json({**answer, "success": True, "commitUrl": f"{address}/commit/{answer['commitOid']}"})

    def _tag(self, body: bytes, kind: str, name: str, rest: str) -> None:
        repository = self._repository(kind, name, write=True)
        if repository is None:
            return
        if self.command == "DELETE":
            del repository.tags[unquote(rest)]
            return self._json({})
        tag, commit = json.loads(body)["tag"], self._revision(repository, rest)
        if commit and tag in repository.tags:
            return self._refuse(409, "Tag reference exists already")
        if commit:
            repository.tags[tag] = commit
            self._json({})

    def _tree(self, body: bytes, kind: str, name: str, revision: str, folder: str | None = None) -> None:
        repository = self._repository(kind, name)
        commit = repository and self._revision(repository, revision)
        if not commit:
            return
        deep = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        start = f"{unquote(folder).strip('/')}/" if folder else ""
        entries = {}
        for path, blob in sorted(repository.commits[commit].items()):
            if path.startswith(start):
                rest = path[len(start) :]
                if "/" in rest:
                    entries.setdefault(start + rest.partition("/")[0], None)
                if deep or "/" not in rest:
                    entries[path] = blob
        self._json([_entry(path, blob) for path, blob in entries.items()])

    def _paths(self, body: bytes, kind: str, name: str, revision: str) -> None:
        repository = self._repository(kind, name)
        commit = repository and self._revision(repository, revision)
        if commit:
            form = body.startswith(b"{")
            names = json.loads(body)["paths"] if form else parse_qs(body.decode())["paths"]
            tree = repository.commits[commit]
            folders = {str(above) for path in tree for above in Path(path).parents}
            paths = [path.strip("/") for path in names]
            self._json([_entry(path, tree.get(path)) for path in paths if path in tree or path in folders])

    def _resolve(self, body: bytes, kind: str | None, name: str, revision: str, path: str) -> None:
        repository = self._repository(kind, name)
        commit = repository and self._revision(repository, revision)
        if not commit:
            return
        if repository.gated and self.user != OWNER:
            return self._refuse(403, "Access to this repository is restricted", {"X-Error-Code": "GatedRepo"})
        blob = repository.commits[commit].get(unquote(path))
        if blob is None:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}
            return self._refuse(404, "Entry not found", headers)
        self._file(blob, commit)

    def _file(self, blob: Blob, commit: str) -> None:
        size = blob.size
        start, end = 0, size - 1
        if byte_range := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end = int(byte_range[1]), min(int(byte_range[2] or end), end)
        tag = blob.sha256 if blob.lfs else blob.oid
        headers = {"Content-Range": f"bytes {start}-{end}/{size}"} if byte_range else {}
        headers |= {"Accept-Ranges": "bytes", "ETag": f'"{tag}"', "X-Repo-Commit": commit}
        headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(size)} if blob.lfs else {}
        self._head(206 if byte_range else 200, {**headers, "Content-Length": str(end - start + 1)})
        if self.command == "HEAD":
            return
        if self.fault.drop == "after":
            end = (start + end) // 2
        at = start
        while at <= end:
            piece = blob.content[at : min(at + _PIECE, end + 1)]
            at += len(piece)
            if self.fault.corrupt:
                piece = piece[:-1] + bytes([piece[-1] ^ 1])
            time.sleep(self.fault.delay)
            try:
                self.wfile.write(piece)
            except ConnectionError:
                self.close_connection = True
                return
            with self.server.counting:
                self.server.sent += len(piece)
        if self.fault.drop == "after":
            self._hang_up()

    def _json(self, content: object) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        headers = {"Content-Type": "application/json", "X-Error-Message": message, **(headers or {})}
        self._answer(status, headers, json.dumps({"error": message}).encode())

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        if self.fault.drop == "after":
            return self._hang_up()
        self._head(status, {**headers, "Content-Length": str(len(content))})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


_ROUTES = (
    (r"/api/whoami-v2", _Handler._whoami),
    (r"/api/validate-yaml", _Handler._valid),
    (r"/api/repos/create", _Handler._create),
    (r"/lfs/(?P<oid>[0-9a-f]{64})", _Handler._object),
    (rf"/{_KIND}{_NAME}\.git/info/lfs/objects/batch", _Handler._batch),
    (rf"/{_KIND}{_NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler._resolve),
    (rf"{_API}(?:/revision/(?P<revision>[^/]+))?", _Handler._info),
    (rf"{_API}/refs", _Handler._refs),
    (rf"{_API}/preupload/(?P<revision>[^/]+)", _Handler._preupload),
    (rf"{_API}/commit/(?P<revision>[^/]+)", _Handler._commit),
    (rf"{_API}/tag/(?P<rest>[^/]+)", _Handler._tag),
    (rf"{_API}/tree/(?P<revision>[^/]+)/?(?P<folder>.+)?", _Handler._tree),
    (rf"{_API}/paths-info/(?P<revision>[^/]+)", _Handler._paths),
)


def _entry(path: str, blob: Blob | None) -> dict:
    return {"type": "directory", "path": path, "size": 0, "oid": "0" * 40} if blob is None else blob.entry(path)


@contextmanager
def local_hub() -> Iterator[HubServer]:
    """Serve an empty Hub while the block runs."""
    with HubServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(folder: Path) -> Iterator[HubServer]:
    """Serve a Hub that holds a folder as the dataset REPOSITORY while the block runs."""
    with local_hub() as server:
        files = (path for path in folder.rglob("*") if path.is_file())
        tree = {path.relative_to(folder).as_posix(): Blob(path, lfs=path.name.endswith(LFS)) for path in files}
        server.hub.create("dataset", REPOSITORY).commit(tree, "as built")
        yield server


def surroundings(server: HubServer, home: Path, token: str | None = TOKEN) -> dict[str, str]:
    """Return the environment of a user whose Hub is the server and whose cache is empty."""
    changed = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    changed["NO_PROXY"] = "127.0.0.1"
    inherited = {name: value for name, value in os.environ.items() if name != "HF_TOKEN"}
    return {**inherited, **changed, **({} if token is None else {"HF_TOKEN": token})}


def run_as_user(code: str, server: HubServer, home: Path, token: str | None = None) -> str:
    """Run a script in the environment of `surroundings`; return what it prints."""
    environment = surroundings(server, home, token)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
