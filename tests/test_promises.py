"""The promises about resuming and safety in docs/: each names tests, and they exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs/pages/guides/promises.md"
TABLE = PAGE.read_text("utf-8").partition("| promise | tests |")[2].partition("\n\n")[0]
PROMISES = dict(re.findall(r"^\| (.+?) \| (.+) \|$", TABLE, re.MULTILINE))


@cache
def names() -> set[str]:
    """Return the name of every test."""
    trees = [ast.parse(path.read_text("utf-8")) for path in TESTS.rglob("test_*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("promise", PROMISES)
def test_promise_names_existing_tests(promise):
    words = re.findall(r"`([^`]+)`", PROMISES[promise])
    assert words
    assert set(words) <= names()
    assert ", ".join(f"`{word}`" for word in words) == PROMISES[promise]


def test_every_promise_is_read():
    assert len(PROMISES) == len(TABLE.strip().splitlines()) - 1 >= 16
