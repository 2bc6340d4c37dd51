"""Modules that users name: from the current directory too, which hides no installed package."""

import sys

import pytest

from lethebench.contract.importing import imported


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory that is not on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("a_users_file", "a_users_folder"):
            del sys.modules[name]


@pytest.mark.parametrize("file", ["a_users_file.py", "a_users_folder/inside.py"])
def test_module_of_the_current_directory_is_imported(here, file):
    (here / file).parent.mkdir(exist_ok=True)
    (here / file).write_text("import json as it_imports\nNAME = 1")
    assert imported("method 'x'", file.removesuffix(".py").replace("/", ".") + ":NAME") == 1


def test_file_of_the_current_directory_hides_no_package(here):
    (here / "csv.py").write_text("reader = None")
    path = list(sys.path)
    assert imported("method 'x'", "csv:reader") is not None
    assert sys.path == path


@pytest.mark.parametrize("content", [None, "1 / 0", "import a_package_that_is_not_there"])
def test_module_that_cannot_be_imported_is_named(here, content):
    if content:
        (here / "a_users_file.py").write_text(content)
    with pytest.raises(ValueError, match=r"^method 'x': a_users_file cannot be imported: "):
        imported("method 'x'", "a_users_file:NAME")
