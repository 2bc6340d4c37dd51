"""Builds from strangers: no command opens a file outside of them, and none makes a connection."""

import ctypes
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pytest
from command_line import lethe
from initial_run import initial_run
from sealed_run import reseal_data
from small_build import hashes, rewrite, stand_in_build
from tiny_models import save_llava

import lethebench
from lethebench.contract.images import decode_image
from lethebench.errors import UserError
from lethebench.runs import stage
from lethebench.runs.folder import file_hash

FORGET = "qa/forget-00000-of-00001.parquet"
PROFILES = "profiles/forget-00000-of-00001.parquet"
SCRIPT = "import datasets\nopen({secret!r}).read()\nclass Icu(datasets.GeneratorBasedBuilder): pass\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
IN_OPEN = 0x20
ALLOWED = {"/proc", "/sys", "/dev", "/usr", "/etc", "/lib", sys.prefix, sys.base_prefix, tempfile.gettempdir()}


def picture(path: str | None, *, shard: str = FORGET, empty: bytes | None = None):
    """Give the pictures of a shard by path."""

    def change(folder: Path, outside: Path, url: str) -> None:
        named = path and path.format(secret=outside / "id_rsa", url=url)

        def rows_with_paths(rows):
            for row in rows:
                row["images"] = [{"bytes": empty, "path": named}]

        rewrite(folder, shard, rows_with_paths)

    return change


def card(old: str, new: str):
    """Change the card and leave the manifest as it is."""

    def change(folder: Path, outside: Path, url: str) -> None:
        text = (folder / "README.md").read_text()
        assert old in text
        (folder / "README.md").write_text(text.replace(old, new.format(secret=outside / "id_rsa", url=url), 1))

    return change


def link(name: str, *, relative: bool = False):
    """Move a file or folder of the build out of it, and leave a link."""

    def change(folder: Path, outside: Path, url: str) -> None:
        target = outside / Path(name).name
        (folder / name).rename(target)
        (folder / name).symlink_to(os.path.relpath(target, (folder / name).parent) if relative else target)

    return change


def shard_at(path: str):
    """Name a shard outside of the build in the manifest and the card."""

    def change(folder: Path, outside: Path, url: str) -> None:
        (folder / FORGET).rename(outside / "forget.parquet")
        name = path.format(outside=outside, url=url)
        for file in ("manifest.json", "README.md", "croissant.json"):
            (folder / file).write_text((folder / file).read_text().replace(FORGET, name))

    return change


def added(name: str, text: str):
    """Add a file that libraries may run or read."""

    def change(folder: Path, outside: Path, url: str) -> None:
        (folder / name).write_text(text.format(secret=str(outside / "id_rsa"), url=url))

    return change


def text_of_rows(text: str):
    def change(folder: Path, outside: Path, url: str) -> None:
        def with_text(rows):
            for row in rows:
                row["question"] = text.format(secret=outside / "id_rsa", url=url)

        rewrite(folder, FORGET, with_text)

    return change


def croissant(folder: Path, outside: Path, url: str) -> None:
    content = json.loads((folder / "croissant.json").read_text())
    for entry in content["distribution"]:
        entry["contentUrl"] = f"{url}/{entry.get('contentUrl', '')}"
    (folder / "croissant.json").write_text(json.dumps(content))


FILES = "  - split: forget\n    path:\n"
HOSTILE = {
    "picture: absolute path": picture("{secret}"),
    "picture: relative path": picture("../outside/id_rsa"),
    "picture: http": picture("{url}/a.png"),
    "picture: https": picture("https://127.0.0.1:9/a.png"),
    "picture: file URL": picture("file://{secret}"),
    "picture: s3": picture("s3://bucket/a.png"),
    "picture: hf": picture("hf://datasets/a/b/c.png"),
    "picture: in an archive": picture("zip://a.png::{secret}"),
    "picture: archive on a server": picture("zip://a.png::{url}/a.zip"),
    "picture: no bytes, no path": picture(None),
    "picture: empty bytes and a path": picture("{secret}", empty=b""),
    "picture: path for bytes": picture(None, empty=b"/etc/passwd"),
    "picture: SVG that loads": picture("a.svg", empty=b"<svg><image href='file:///etc/passwd'/></svg>"),
    "picture: path in profiles": picture("{secret}", shard=PROFILES),
    "picture: http in profiles": picture("{url}/a.png", shard=PROFILES),
    "card: URL": card(FILES, FILES + "    - {url}/x.parquet\n"),
    "card: file above": card(FILES, FILES + "    - ../outside/id_rsa\n"),
    "card: pattern above": card(FILES, FILES + "    - ../**\n"),
    "card: folder": card("- config_name: continual\n", "- config_name: continual\n  data_dir: /etc\n"),
    "card: config with a URL": card("configs:\n", "configs:\n- config_name: x\n  data_files: {url}/x.parquet\n"),
    "card: Python object": card("configs:\n", "x: !!python/object/apply:os.system ['cat {secret}']\nconfigs:\n"),
    "card: bomb": card("configs:\n", BOMB + "configs:\n"),
    "link: shard": link(FORGET),
    "link: shard, relative": link(FORGET, relative=True),
    "link: folder": link("qa"),
    "link: card": link("README.md"),
    "link: manifest": link("manifest.json"),
    "link: croissant.json": link("croissant.json"),
    "manifest: shard above": shard_at("../outside/forget.parquet"),
    "manifest: absolute shard": shard_at("{outside}/forget.parquet"),
    "manifest: shard at a URL": shard_at("{url}/forget.parquet"),
    "script of the folder's name": added("icu.py", SCRIPT),
    "script that Python loads": added("sitecustomize.py", SCRIPT),
    "infos of datasets": added("dataset_infos.json", '{{"default": {{"download_checksums": {{"{url}/x": {{}}}}}}}}'),
    "croissant.json with URLs": croissant,
    "text: Jinja": text_of_rows("{{{{ cycler.__init__.__globals__.os.popen('cat {secret}') }}}}"),
    "text: URLs": text_of_rows("![x]({url}/x.png) <img src='{secret}'>"),
}  # fmt: skip


TRAINING = ("learn", "run", "unlearn")
UNREAD = ("card", "croissant", "picture: path in profiles", "picture: http in profiles")
"""How the names of builds begin whose fault is in a part that training does not read."""


class Watch:
    """What is opened in a folder, by whatever code, as inotify reports it."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK)
        for path in (folder, *filter(Path.is_dir, folder.rglob("*"))):
            assert libc.inotify_add_watch(self.descriptor, os.fsencode(path), IN_OPEN) >= 0

    def opened(self) -> bool:
        """Whether a file was opened. Directories are listed by whoever follows a link to one, which reads no file."""
        try:
            events = os.read(self.descriptor, 1 << 16)
        except BlockingIOError:
            return False
        while events:
            mask, length = int.from_bytes(events[4:8], "little"), int.from_bytes(events[12:16], "little")
            if not mask & 0x40000000:  # IN_ISDIR
                return True
            events = events[16 + length :]
        return False


@pytest.fixture(scope="module")
def events():
    """Lists of what Python opens and connects to, while they are in the list."""
    active: list[list[tuple[str, object]]] = []
    hooked = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system")

    def hook(event: str, arguments: tuple) -> None:
        if active and event in hooked:
            active[-1].append((event, arguments[0] if event == "open" else arguments))

    sys.addaudithook(hook)
    return active


@contextmanager
def confined(events: list, outside: Path, server: socket.socket) -> Iterator[None]:
    """Fail if a file outside is opened, anything is connected to, or a process is started."""
    seen: list[tuple[str, object]] = []
    watch = Watch(outside)
    events.append(seen)
    try:
        yield
    finally:
        events.remove(seen)
        opened = watch.opened()
        os.close(watch.descriptor)
    roots = [*ALLOWED, *sys.path, str(Path(lethebench.__file__).parents[1]), os.environ["LETHE_TEST_BUILDS"]]
    roots = [os.path.realpath(root) for root in roots if root] + [os.path.realpath(os.path.expanduser("~/.cache"))]
    names = [name for event, name in seen if event == "open" and isinstance(name, str | bytes | os.PathLike)]
    paths = set(map(os.path.realpath, map(os.fsdecode, names)))
    assert not {path for path in paths if not any(Path(path).is_relative_to(root) for root in roots)}
    assert not [path for path in paths if Path(path).is_relative_to(outside)]
    assert not [entry for entry in seen if entry[0] != "open"]
    assert not opened
    with pytest.raises(BlockingIOError):
        server.accept()


def test_watch_sees_files_and_connections(tmp_path, events):
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for breach in (
            (tmp_path / "rows.parquet").read_bytes,
            lambda: pa.memory_map(str(tmp_path / "rows.parquet")).close(),  # no audit event
            lambda: socket.create_connection(server.getsockname()).close(),
            lambda: socket.getaddrinfo("localhost", 80),
        ):
            with pytest.raises(BaseException) as raised, confined(events, tmp_path, server):  # noqa: PT011
                breach()
            assert raised.type in (AssertionError, pytest.fail.Exception)
        with pytest.raises(AssertionError), confined(events, tmp_path, server):
            os.system("true")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A run whose stage 1 is finished, of the build before it was changed."""
    return initial_run(tmp_path_factory.mktemp("runs"))


def read_all(model, preset, rows, values, **options):
    """Stand for training: read every row and decode its pictures, and stop."""
    for row in rows:
        for picture in row["images"]:
            decode_image(picture)
    raise UserError("every row was read")


def read_task(inputs):
    """Stand for unlearning: read every row, and stop."""
    read_all(None, None, chain(inputs.forget, inputs.retain), None)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_build_opens_and_connects_to_nothing(name, tmp_path, events, model, learnt, monkeypatch):
    folder, outside = stand_in_build(tmp_path / "icu"), tmp_path / "outside"
    outside.mkdir()
    (outside / "id_rsa").write_text("SECRET KEY OF THE USER")
    monkeypatch.setattr(stage, "learn_all", read_all)
    monkeypatch.setattr(stage, "unlearn_task", read_task)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        HOSTILE[name](folder, outside, f"http://127.0.0.1:{server.getsockname()[1]}")
        run = shutil.copytree(learnt, tmp_path / "learnt")
        reseal_data(run, path=str(folder), manifest_sha256=file_hash(folder / "manifest.json"))
        before = hashes(folder)
        words = ["--model", model, "--sample", 1, "--max-new-tokens", 2, "--metrics", "memorization"]
        for arguments in (
            ["verify", folder],
            ["export", folder, "--layout", "lm-eval", "--out", tmp_path / "tasks"],
            ["export", folder, "--layout", "lmms-eval", "--out", tmp_path / "more-tasks"],
            ["evaluate", folder, *words, "--out", tmp_path / "scores"],
            ["learn", folder, "--model", model, "--out", tmp_path / "run"],
            ["run", folder, "--model", model, "--method", "ga", "--tasks", "1", "--out", tmp_path / "whole"],
            ["unlearn", "ga", folder, "--from", run],
        ):
            with confined(events, outside, server):
                done = lethe(*arguments)
            assert "SECRET" not in done.out + done.error
            assert done.status in (0, 1, 2)
            if done.status == 2:
                assert done.line
            if name.startswith(("link: shard", "link: folder", "link: manifest", "manifest:")):
                assert done.status, (arguments, done)
            if name.startswith(("script", "infos", "text")):  # harmless once nothing of it is run or fetched
                trains = arguments[0] in TRAINING
                assert done.status == (done.status if arguments[0] == "verify" else 2 if trains else 0), done
                assert not trains or "every row was read" in done.line
            elif arguments[0] in TRAINING and not name.startswith(UNREAD):
                assert "every row was read" not in done.line, (arguments, done)
            if arguments[0] == "verify" and not name.startswith("text"):
                assert done.status, done
        assert hashes(folder) == before
