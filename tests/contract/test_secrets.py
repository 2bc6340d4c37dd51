"""Keys in every form that a server repeats, and keys that cannot be sent."""

import pytest
from leaks import FORMS, KEY, assert_no_piece

from lethebench.contract.errors import UserError, border, one_line
from lethebench.contract.secrets import fault_of, redact


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_key_is_redacted(form):
    text = f"before {FORMS[form](KEY)} after"
    with pytest.raises(AssertionError):
        assert_no_piece(text)
    cleaned = redact(text)
    assert_no_piece(cleaned)
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert "***" in cleaned


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [30, 60, 300])
def test_lines_are_redacted_before_they_are_cut(form, length):
    with pytest.raises(UserError) as raised, border("x", "retry"):
        raise ValueError("e" * 20 + FORMS[form](KEY))
    assert_no_piece(str(raised.value))
    assert_no_piece(one_line(ValueError(FORMS[form](KEY)), length))


@pytest.mark.parametrize(
    "text",
    [
        "The token of 100 % of users is {sk-proj-A7f}, \\u0041 \\ &amp; &#65; %41 %zz \\x &none; &#xFFFFFFF;",
        "none EMPTY \ud83d \x1b[31m 中文 sk-proj-A7f",
        "",
    ],
)
def test_other_texts_stay(text):
    assert redact(text) == text


@pytest.mark.parametrize("secret", ["", "none", "EMPTY", " x "])
def test_placeholders_are_no_secrets(monkeypatch, secret):
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    assert redact("none of them, EMPTY, x") == "none of them, EMPTY, x"


def test_short_keys_are_redacted_whole(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "pass word"[:4] + "w0rd")
    assert redact("the token passw0rd, not passw") == "the token ***, not passw"


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (KEY + "\n", "a line break at its end"),
        (KEY + "\r\n", "a line break at its end"),
        (KEY[:9] + "\r" + KEY, "a line break"),
        (KEY[:9] + " " + KEY, "a blank"),
        (KEY + "\u00a0", "a blank"),
        ("  ", "is blank"),
        (KEY + "\x7f", r"a control character \(U\+007F\)"),
        ("sk-\u2013" + KEY, r"beyond ASCII \(U\+2013\) at position 4"),
        ("\udc80" + KEY, "beyond ASCII"),
    ],
)
def test_keys_that_cannot_be_sent(secret, reason):
    with pytest.raises(AssertionError, match=reason):
        assert not (fault := fault_of(secret)), fault
    assert_no_piece(fault_of(secret))
    assert fault_of(KEY) is None
