"""The strict reader of YAML and JSON configuration."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lethebench.contract.strict_yaml import (
    MAX_BYTES,
    ConfigError,
    dump_value,
    load_strict,
    parse_strict,
    refuse_unknown,
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
REFUSED = {
    "duplicate key": ("a: 1\nb: 2\na: 3\n", "line 3: 'a' is given twice"),
    "nested duplicate": ('{"a": {"b": 1, "b": 2}}', "'b' is given twice"),
    "anchor": ("a: &x [1]\nb: 2\n", "line 1: anchors and aliases"),
    "anchor bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors and aliases"),
    "merge key": ("<<: *base\n", "anchors and aliases"),
    "python tag": ("a: !!python/object/apply:os.system [ls]\n", "tags such as"),
    "binary tag": ("a: !!binary aGk=\n", "tags such as"),
    "not a number": ("a: .nan\n", "not a finite number"),
    "overflow": ("a: 1e999\n", "not a finite number"),
    "JSON constant": ('{"a": NaN}', "not a finite number"),
    "long integer": (f"a: {'9' * 5000}\n", "too long"),
    "integer key": ("1: a\n", "a key must be text, not a number"),
    "list key": ("? [a]\n: 1\n", "a key must be text, not a list"),
    "list": ("- 1\n", "must hold a mapping of names to values, not a list"),
    "scalar": ("hello\n", "not text"),
    "empty": ("", "not nothing"),
    "two documents": ("a: 1\n---\nb: 2\n", "holds a second document"),
    "too deep": ("a: " + "[" * 40 + "]" * 40, "nested deeper"),
    "unclosed": ("a: [1, 2\n", "not valid YAML"),
    "bad indent": ("a: 1\n  b: 2\n", "not valid YAML"),
    "control character": ("a: \x07\n", "not valid YAML"),
    "lone surrogate": ('{"a": "\\ud800"}', "half of a surrogate pair"),
    "too large": ("# " + "x" * MAX_BYTES, "larger than 256 KiB"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_bad_file_is_refused_in_one_line(tmp_path, text, reason):
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_strict(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert reason in message
    assert "\n" not in message


def test_unreadable_file_is_refused(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_strict(tmp_path / "binary.yaml")
    with pytest.raises(ConfigError, match="No such file"):
        load_strict(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="directory"):
        load_strict(tmp_path)


SCALARS = {
    "1e-5": 1e-5, "1E+3": 1000.0, ".5": 0.5, "010": 10, "yes": "yes", "off": "off", "true": True, "null": None,
    "": None, "2024-01-01": "2024-01-01", "'1'": "1", "[q_proj, v_proj]": ["q_proj", "v_proj"],
    "all-linear": "all-linear", "1_000": "1_000", "1:30": "1:30",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_scalars_follow_yaml_1_2(text, value):
    parsed = parse_strict(text, "value")
    assert (parsed, type(parsed)) == (value, type(value))


def test_json_with_tabs_is_read(tmp_path):
    value = {"learn": {"learning_rate": 1e-05, "text": "a\tb", "names": ["é", "\U0001f600"]}, "n": None}
    for ascii_only in (True, False):
        (tmp_path / "a.json").write_text(json.dumps(value, indent="\t", ensure_ascii=ascii_only), encoding="utf-8")
        assert load_strict(tmp_path / "a.json") == value


@given(plain)
@example({"\u00e9" * 400: None, "short": [{"\u00e9" * 400: 1}]})
@example("0\xa0")
def test_dumped_value_reads_back(value):
    text = dump_value(value)
    assert "\n" not in text
    assert text == text.strip()  # `--set` takes spaces around a value away
    assert parse_strict(text, "value") == value


def test_unknown_key_names_the_nearest():
    with pytest.raises(ConfigError, match=r"x\.yaml: unknown key 'lerning_rate'; did you mean 'learning_rate'"):
        refuse_unknown(["lerning_rate"], ["beta", "learning_rate"], "x.yaml")
    with pytest.raises(ConfigError, match="unknown section 'zzz'; give one of beta, gamma"):
        refuse_unknown(["zzz"], ["beta", "gamma"], "x.yaml", "section")
