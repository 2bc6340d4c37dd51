"""A folder served over HTTP as a dataset repository of the Hub, as far as `load_dataset` asks, with bytes counted."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = "somebody/data"
COMMIT = "0" * 40
_PIECE = 1 << 14


class HubServer(ThreadingHTTPServer):
    """Serves one folder as the repository REPOSITORY.

    Attributes:
        folder: what is served.
        sent: bytes of files that went out.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.sent = folder, 0
        self.counting = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def setup(self) -> None:
        # What a client asks for and hangs up on would otherwise be counted as far as buffers take it.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)
        super().setup()

    def log_message(self, format: str, *args) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if found := re.fullmatch(rf"/datasets/{REPOSITORY}/resolve/[^/]+/(.+)", path):
            self._file(self.server.folder / found[1])
        elif found := re.fullmatch(rf"/api/datasets/{REPOSITORY}/tree/[^/]+(?:/(.+))?", path):
            folder = self.server.folder / (found[1] or "")
            self._json([self._entry(child) for child in sorted(folder.iterdir())] if folder.is_dir() else [])
        elif re.fullmatch(rf"/api/datasets/{REPOSITORY}(/revision/[^/]+)?", path):
            files = (child for child in sorted(self.server.folder.rglob("*")) if child.is_file())
            siblings = [{"rfilename": self._name(child)} for child in files]
            self._json({"id": REPOSITORY, "sha": COMMIT, "private": False, "tags": [], "siblings": siblings})
        else:
            self._answer(404, {}, b"")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = [self.server.folder / name for name in asked["paths"]]
        self._json([self._entry(child) for child in found if child.exists()])

    def _name(self, path: Path) -> str:
        return path.relative_to(self.server.folder).as_posix()

    def _entry(self, path: Path) -> dict:
        kind, size = ("directory", 0) if path.is_dir() else ("file", path.stat().st_size)
        return {"type": kind, "oid": COMMIT, "path": self._name(path), "size": size}

    def _json(self, content: object) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _file(self, path: Path) -> None:
        if not path.is_file():
            self._answer(404, {"X-Error-Code": "EntryNotFound"}, b"")
            return
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = (int(asked[1]), min(int(asked[2] or size - 1), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("ETag", f'"{hashlib.sha256(self._name(path).encode()).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "HEAD":
            return
        with path.open("rb") as file:
            file.seek(start)
            while (at := file.tell()) <= end:
                piece = file.read(min(_PIECE, end + 1 - at))
                try:
                    self.wfile.write(piece)
                except ConnectionError:
                    self.close_connection = True
                    return
                with self.server.counting:
                    self.server.sent += len(piece)


@contextmanager
def serving(folder: Path) -> Iterator[HubServer]:
    """A server of a folder while the block runs."""
    with HubServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def run_as_user(code: str, server: HubServer, home: Path) -> str:
    """Runs a script that knows the server as the Hub and has an empty cache; gives what it prints."""
    surroundings = {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, cwd=home, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
