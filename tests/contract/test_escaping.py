"""Texts of others in each format that they leave in."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lethebench.contract.errors import printable
from lethebench.contract.escaping import HIDDEN, csv_cell, file_names, markdown_text, visible

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07", "turn\u202egnol", "\u2066x\u2069", "a\u200bb\ufeff", "\x85\x9b31m", "nul\x00", "\ud83d",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hidden_characters_are_named(text):
    for shown in (visible(text), markdown_text(text), csv_cell(text)):
        assert not HIDDEN & {__import__("unicodedata").category(letter) for letter in shown}
    assert "\x1b" not in printable(text)
    assert "\u202e" not in printable(text)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝", "＋", "－", "＠"])
def test_no_cell_is_computed(start):
    cell = csv_cell(f"{start}cmd|' /C calc'!A0")
    assert isinstance(cell, str)
    assert cell.startswith("'")
    file = io.StringIO()
    csv.writer(file).writerow([cell, 1])
    assert next(csv.reader(io.StringIO(file.getvalue(), newline=""))) == [cell, "1"]


@pytest.mark.parametrize("value", [-1.5, 0, None, "-1.5", "+3", "1e-7", "ga", "chronic urticaria", "中文", "a-b"])
def test_numbers_and_words_stay(value):
    assert csv_cell(value) == value


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/track.png)", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "`a` b | c",
        "&lt;script&gt;", "*bold* __x__ ~~y~~", "<http://evil.example>", "[a]: http://evil.example", "\\![x](y)",
        "line\n# heading", "a\u2028b",
    ],
)  # fmt: skip
def test_markdown_holds_the_text_alone(text):
    (paragraph,) = [token for token in MarkdownIt("gfm-like", {"linkify": False}).parse("x " + markdown_text(text))
                    if token.type == "inline"]  # fmt: skip
    assert {child.type for child in paragraph.children} <= {"text", "text_special"}
    content = "".join(child.content for child in paragraph.children)
    assert content.replace(":\u200b//", "://") == "x " + " ".join(visible(text).split())


def test_usual_names_stay_in_markdown():
    for text in ("exact_match", "not_memorised", "0.5 (0.1 to 0.9)", "chronic urticaria, 12"):
        assert markdown_text(text) == text


@given(st.lists(st.text(max_size=300), unique=True, max_size=6))
def test_file_names_are_distinct_parts(names):
    parts = file_names(names)
    assert list(parts) == names
    assert len({part.casefold() for part in parts.values()}) == len(names)
    for part in parts.values():
        assert part
        assert part[0] not in ".-"
        assert "/" not in part
        assert "\\" not in part
        assert len(part.encode()) <= 200
        assert part.isprintable()


def test_usual_names_stay_in_file_names():
    names = ["ga", "npo", "package.module.Class", "my_method-2"]
    assert list(file_names(names).values()) == names
    assert file_names(["ga", "GA", "../x", ".hidden"])["../x"] == "%2E.%2Fx"
