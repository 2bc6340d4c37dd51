"""Text from outside: what is cleaned fits Arrow, UTF-8 and JSON, and everything else stays."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lethebench.contract.text import clean_text

ANY = st.text(st.characters(codec=None, categories=None) | st.characters(categories=["Cs"]), max_size=12)


@given(ANY)
def test_cleaned_text_fits_arrow_and_utf8(text):
    cleaned = clean_text(text)
    assert pa.array([cleaned]).to_pylist() == [cleaned.encode().decode()] == [clean_text(cleaned)]
    assert json.loads(json.dumps(cleaned, ensure_ascii=False)) == cleaned


@given(st.text(max_size=12))
def test_valid_text_is_unchanged(text):
    assert clean_text(text) is text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("red \ud83d", "red \ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ud83d\ud83d\ude00x", "\ufffd\U0001f600x"),
        (b"caf\xe9.jpg".decode("utf-8", "surrogateescape"), "caf\ufffd.jpg"),
        ("\ufeffa\x00\x1b[31m\u202e\n", "\ufeffa\x00\x1b[31m\u202e\n"),
    ],
)
def test_surrogates_become_replacement_characters(text, cleaned):
    assert clean_text(text) == cleaned
