"""A user of the local Hub who runs `lethe push ...`, and a check that nothing secret reaches the Hub."""

import base64
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from command_line import Done
from hub_faults import Fault
from hub_repos import TOKEN, Repository
from hub_server import HubServer, local_hub, surroundings
from huggingface_hub import constants

USER = "margarethe"


@dataclass
class Person:
    """A user with a home folder and a working folder."""

    server: HubServer
    home: Path
    process: subprocess.Popen

    @property
    def work(self) -> Path:
        return self.home / "work"

    def types(self, *arguments: str | Path, faults: tuple[Fault, ...] = (), token: str | None = TOKEN) -> Done:
        """Run `lethe` with faults."""
        self.server.faults[:] = faults
        request = {"arguments": [str(part) for part in arguments], "environment": {"HF_TOKEN": token}}
        done = Done(**_ask(self.process, request))
        self.server.faults.clear()
        assert "Traceback" not in done.error
        return done

    def repository(self, name: str, kind: str = "dataset") -> Repository:
        return self.server.hub.of(f"somebody/{name}", kind)


class Stranger:
    """Another user of a server, without a token: one process for many scripts, since imports take seconds."""

    def __init__(self, server: HubServer, home: Path) -> None:
        home.mkdir()
        self.process = _process("script_worker.py", surroundings(server, home, None), home)

    def runs(self, code: str, folder: Path) -> str:
        """Run a script in a new folder; return what it prints."""
        folder.mkdir()
        return _ask(self.process, {"code": code, "folder": str(folder)})["out"]


def _process(script: str, environment: dict[str, str], folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name(script)],
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ask(process: subprocess.Popen, request: dict) -> dict:
    """Send one JSON line; return the one that answers."""
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, process.stderr.read()[-3000:]
    return json.loads(answer)


def _end(process: subprocess.Popen) -> None:
    process.stdin.close()
    process.wait(120)
    process.stdout.close()
    process.stderr.close()


@contextmanager
def stranger(server: HubServer, home: Path) -> Iterator[Stranger]:
    """Start the process of another user."""
    somebody = Stranger(server, home)
    try:
        yield somebody
    finally:
        _end(somebody.process)


@contextmanager
def person(folder: Path) -> Iterator[Person]:
    """Start a process of a user whose name, home and working folder are unique."""
    home = folder / USER
    (home / "work").mkdir(parents=True)
    with local_hub() as server:
        around = surroundings(server, home / "cache") | {"HOME": str(home), "USER": USER, "LOGNAME": USER}
        process = _process("push_worker.py", around, home / "work")
        try:
            yield Person(server, home, process)
        finally:
            _end(process)


def received(server: HubServer) -> Iterator[bytes]:
    """Yield every byte that reached the server, base64 decoded too, without the header of the token."""
    for request in server.received:
        yield f"{request.method} {request.path} {request.headers}".encode()
        yield request.body
        for hidden in re.findall(rb'"(?:content|sample)": ?"([A-Za-z0-9+/=]+)"', request.body):
            yield base64.b64decode(hidden)


def assert_nothing_leaked(server: HubServer, *secrets: str | Path) -> None:
    """Assert that the server received none of the secrets, nor token, user name or host name."""
    words = [TOKEN, USER, socket.gethostname(), *map(str, secrets)]
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words if len(word) > 3))
    sizes = 0
    for content in received(server):
        match = pattern.search(content)
        assert match is None, (match[0], content[max(0, match.start() - 200) : match.end() + 50])
        sizes += len(content)
    assert sizes > 10_000


def use_hub(server: HubServer, monkeypatch) -> None:
    """Make the server the Hub of this process, for code that asks nothing of `datasets`."""
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
