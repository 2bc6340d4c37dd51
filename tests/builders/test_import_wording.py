"""Text of a release: encodings are named, stray markup goes and nothing else, keywords follow from the answer."""

import doctest
import json

import pytest

from lethebench.builders.imports.shared import wording
from lethebench.builders.imports.shared.wording import keywords, read_json, without_images, without_markup


def test_docstring_examples():
    assert doctest.testmod(wording).failed == 0
    assert doctest.testmod(wording).attempted >= 4


def test_utf8_byte_order_mark_is_allowed():
    assert read_json(b'\xef\xbb\xbf["caf\xc3\xa9"]') == ["café"]


def test_lone_surrogates_of_json_are_replaced():
    assert read_json(rb'[{"\ud83d": ["red \uD83D", 1, null]}, "\ud83d\ude00"]') == [
        {"\ufffd": ["red \ufffd", 1, None]},
        "😀",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps(["é"], ensure_ascii=False).encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (json.dumps(["é"], ensure_ascii=False).encode("utf-16-be"), "zero bytes"),
        (json.dumps(["é"], ensure_ascii=False).encode("utf-32"), "is UTF-32"),
        (json.dumps(["Pokémon"], ensure_ascii=False).encode("latin-1"), r"is not UTF-8 \(byte 5 is 0xe9\)"),
        (b"[1, 2", "is not JSON"),
        (b"", "is not JSON"),
        (b"[NaN]", "NaN is not a number"),
        (b"[" * 200_000, "nested too deeply"),
        (b"9" * 10_000, "is not JSON"),
    ],
)
def test_invalid_json_is_refused(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_json(content)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("**\n   - Microsoft was founded in 1975.", "Microsoft was founded in 1975."),
        ("**Inception**", "Inception"),
        ("- A list of one", "A list of one"),
        ("-40 degrees", "-40 degrees"),
        ("*NSYNC", "*NSYNC"),
        ("**Bold** and plain", "**Bold** and plain"),
        ("Plain **bold**", "Plain **bold**"),
        ("  What is it? ", "What is it?"),
        ("**", ""),
    ],
)
def test_only_stray_markup_is_removed(text, left):
    assert without_markup(text) == (left, left != text.strip())


def test_image_marks_are_removed():
    assert without_images("<image>\nWhat is it?") == ("What is it?", 1)
    assert without_images("Look: <image> what is it? <image>") == ("Look:\nwhat is it?", 2)
    assert without_images("What is it?") == ("What is it?", 0)


def test_keywords_of_values_and_sentences():
    assert keywords("Eiffel Tower.") == ["Eiffel Tower"]
    assert keywords("It stands in Paris, in the seventh arrondissement.") == []
    assert keywords("No. It is closed") == []
    assert keywords("…") == []
