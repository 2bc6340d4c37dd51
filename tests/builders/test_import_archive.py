"""Archives from strangers: whatever could do harm is refused by name, nothing is written, and memory stays bounded."""

import os
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from releases import mlu_files, write_zip

from lethebench.builders import BuildError, build
from lethebench.builders.imports.shared import archive
from lethebench.builders.imports.shared.archive import open_files

FILES = mlu_files()


def entry(name, mode=None) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name  # as given: ZipInfo would mend it
    if mode:
        info.external_attr = mode << 16
    return info


def hostile(path, name, content=b"x", mode=None):
    write_zip(path, FILES)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(entry(name, mode), content)
    return path


def test_zip_and_folder_have_the_same_files(tmp_path):
    path = write_zip(tmp_path / "r.zip", FILES)
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(tmp_path / "r")
    one, two = open_files(path), open_files(tmp_path / "r")
    assert sorted(one.names) == sorted(two.names) == sorted(FILES)
    assert all(one.read(name) == two.read(name) for name in FILES)


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("../../evil.json", None, "leads out of the archive"),
        ("MLUBench/../../evil.json", None, "leads out of the archive"),
        ("/etc/evil.json", None, "an absolute path"),
        ("C:/evil.json", None, "an absolute path"),
        ("..\\evil.json", None, "backslash"),
        ("MLUBench/link.json", stat.S_IFLNK | 0o777, "a link"),
    ],
)
def test_harmful_entry_is_refused(tmp_path, name, mode, reason):
    path = hostile(tmp_path / "r.zip", name, b"/etc/passwd", mode)
    with pytest.raises(BuildError, match=reason) as raised:
        build("mlu", tmp_path / "out", source=path)
    assert "1 problem" in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["r.zip"]


def test_harmful_entries_are_counted(tmp_path):
    path = write_zip(tmp_path / "r.zip", FILES | {f"../{n}": b"x" for n in range(25)})
    with pytest.raises(BuildError, match=r"25 problems.*and 15 more"):
        open_files(path)


def test_duplicate_file_is_refused(tmp_path):
    name = next(iter(FILES))
    with pytest.warns(UserWarning, match="Duplicate name"):
        hostile(tmp_path / "r.zip", name)
    with pytest.raises(BuildError, match="occurs twice"):
        open_files(tmp_path / "r.zip")


def test_zip_bomb_is_refused(tmp_path):
    path = write_zip(tmp_path / "r.zip", FILES | {"bomb.json": b"0" * (15 << 20)})
    with pytest.raises(BuildError, match="like a zip bomb"):
        open_files(path)


def test_oversized_file_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as zipped:
        zipped.writestr("large.json", os.urandom(archive.MOST_BYTES + 1))
    with pytest.raises(BuildError, match="the limit is 16,777,216"):
        open_files(tmp_path / "r.zip")


def lying_zip(path, claimed: int, content: bytes):
    """A zip whose headers claim another size than its content unpacks to."""
    packed = zlib.compress(content, 9)[2:-4]
    name, crc = b"a.json", zlib.crc32(content)
    fields = (20, 0, 8, 0, 0, crc, len(packed), claimed, len(name), 0)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", *fields) + name + packed
    central = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *fields, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)
    path.write_bytes(local + central + end)
    return path


def test_zip_bomb_with_false_size_stays_small_in_memory(tmp_path):
    path = lying_zip(tmp_path / "r.zip", 100_000, b"0" * (200 << 20))
    files = open_files(path)  # its declared size is harmless
    tracemalloc.start()
    with pytest.raises(BuildError, match="cannot be unpacked"):
        files.read("a.json")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_oversized_zip_directory_is_refused(tmp_path):
    path = write_zip(tmp_path / "r.zip", FILES)
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, len(content) - 10, 1 << 30)
    path.write_bytes(content)
    with pytest.raises(BuildError, match="its list of files takes"):
        open_files(path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"not a zip" * 100])
def test_non_zip_is_refused(tmp_path, content):
    (tmp_path / "r.zip").write_bytes(content)
    with pytest.raises(BuildError, match="not a whole zip"):
        open_files(tmp_path / "r.zip")


def test_truncated_zip_and_absent_path_are_refused(tmp_path):
    path = write_zip(tmp_path / "r.zip", FILES)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(BuildError, match="zip"):
        open_files(path)
    with pytest.raises(BuildError, match="no such file or folder"):
        open_files(tmp_path / "absent.zip")


def test_link_out_of_a_folder_is_refused(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("[]")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a.json").symlink_to(secret)
    with pytest.raises(BuildError, match="a link out of the folder"):
        open_files(tmp_path / "r").read("a.json")


PARTS = st.sampled_from(["..", ".", "", "a", "Tasks", "TaskA", "~", "C:", "\\", "con", "é", "\0", "a\nb"])
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join).filter(lambda name: name.strip("\0"))
MODES = st.sampled_from([0, stat.S_IFLNK | 0o777, stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755, stat.S_IFIFO])


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.tuples(NAMES, MODES, st.binary(max_size=50)), min_size=1, max_size=4))
def test_hostile_archives_write_nothing(tmp_path_factory, entries):
    root = tmp_path_factory.mktemp("hostile")
    with zipfile.ZipFile(root / "r.zip", "w") as zipped:
        for name, mode, content in entries:
            zipped.writestr(entry(name, mode), content)
    before = sorted(root.parent.iterdir())
    with pytest.raises(BuildError):
        build("mlu", root / "deep" / "out", source=root / "r.zip")
    assert sorted(root.parent.iterdir()) == before
    assert sorted(path.name for path in root.rglob("*")) in (["r.zip"], ["deep", "r.zip"])
