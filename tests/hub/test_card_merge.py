"""Merging cards: our keys win, handwritten text is kept, and merging twice changes nothing."""

import pytest
import yaml

from lethebench.errors import UserError
from lethebench.hub.card import BEGIN, END, merge, split

CONFIG = {"config_name": "continual", "version": "1.1.0", "default": True, "data_files": [{"split": "forget"}]}
LOCAL = f"""---
{yaml.safe_dump({"license": "cc-by-4.0", "tags": ["unlearning"], "configs": [CONFIG]})}---

# ICU

What it is.

## Use

New words.
"""


def pushed(remote: str | None, **options) -> tuple[dict, str]:
    return split(merge(LOCAL, remote, **options))


def written(keys: dict, body: str = "") -> str:
    return f"---\n{yaml.safe_dump(keys)}---\n{body}"


def test_first_card_is_ours_between_marks():
    data, body = pushed(None)
    assert data == split(LOCAL)[0]
    assert body.strip() == f"{BEGIN}\n\n# ICU\n\nWhat it is.\n\n## Use\n\nNew words.\n\n{END}"


def test_merge_is_idempotent():
    once = merge(LOCAL, written({"extra_gated_prompt": "Ask", "tags": ["ours"]}, "Hello.\n\n## News\n\nMoved.\n"))
    assert merge(LOCAL, once) == once


def test_our_keys_win_and_others_stay():
    remote = {"license": "other", "license_name": "old", "extra_gated_fields": {"Name": "text"}, "viewer": False}
    data, _ = pushed(written(remote))
    assert data["license"] == "cc-by-4.0"
    assert "license_name" not in data
    assert data["extra_gated_fields"] == {"Name": "text"}
    assert data["viewer"] is False


def test_tags_are_joined():
    assert pushed(written({"tags": ["vision", "unlearning"]}))[0]["tags"] == ["unlearning", "vision"]


def test_handwritten_configs_stay_and_gone_ones_go():
    old = {
        "config_name": "continual",
        "version": "1.0.0",
        "default": False,
        "data_files": [],
        "description": "Start here",
    }
    mine = {"config_name": "mine", "data_files": "mine/*.csv", "default": True}
    remote = written({"configs": [mine, old, {"config_name": "dropped", "data_files": "d.csv"}]})
    configs = {config["config_name"]: config for config in pushed(remote, removed={"dropped"})[0]["configs"]}
    assert configs == {
        "continual": {**CONFIG, "description": "Start here"},
        "mine": {"config_name": "mine", "data_files": "mine/*.csv"},  # two defaults make every load fail
    }


def test_configs_stay_if_our_card_has_none():
    remote = {"configs": [{"config_name": "mine", "data_files": "mine/*.csv"}]}
    assert split(merge("---\nlicense: mit\n---\n\n# A\n", written(remote)))[0]["configs"] == remote["configs"]


def test_card_without_marks_is_kept_below_ours():
    _, body = pushed(written({}, "# My own\n\nWords.\n"))
    assert body.strip().endswith(f"New words.\n\n{END}\n\n# My own\n\nWords.")


def test_text_outside_marks_stays():
    inside = "# ICU\n\n## Use\n\nOld words, edited.\n\n## Thanks\n\nTo Ann.\n\n```md\n## no title\n```\n"
    _, body = pushed(written({}, f"Above.\n\n{BEGIN}\n{inside}\n{END}\n\nBelow.\n"))
    assert "Old words" not in body
    above, rest = body.split(BEGIN)
    inner, below = rest.split(END)
    assert above.strip() == "Above."
    assert inner.strip().endswith("New words.")
    assert below.strip() == "## Thanks\n\nTo Ann.\n\n```md\n## no title\n```\n\nBelow."


BOMB = "\n".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "yaml_text",
    [
        "a: [", "- a\n- b", "text", f"a: &a [x]\n{BOMB}", "a: !!python/object/apply:os.system [id]", "a: 1\na: 2",
        "a: " + "[" * 40 + "]" * 40, "tags: [{a: b}]", "tags: 3", "configs: all", "configs: [a, b]", "1: 2", "a: .nan",
        "configs: [{config_name: [a]}]", "dataset_info: [[]]", "a: " + "9" * 5000, "a: \x07", "a: b\n...\n---x: y",
        "? {a: b}\n: c", 'a: "\\ud800"',
    ],
)  # fmt: skip
def test_invalid_yaml_is_refused(yaml_text):
    with pytest.raises(UserError, match=r"README\.md on the Hub.*; fix it there first") as caught:
        merge(LOCAL, f"---\n{yaml_text}\n---\n")
    assert "\n" not in str(caught.value)


def test_values_of_people_keep_their_meaning():
    remote = "---\nlanguage: no\nviewer: false\nextra: 012\nwhen: 2024-01-01\nsize: 1e3\n---\n"
    once = merge(LOCAL, remote)
    assert pushed(remote)[0].items() >= {"language": "no", "viewer": False, "when": "2024-01-01", "size": 1e3}.items()
    assert "language: 'no'" in once
    assert merge(LOCAL, once) == once


def test_split_reads_crlf_and_byte_order_mark():
    assert split("\ufeff---\r\nviewer: false\r\n---\r\nHello\r\n") == ({"viewer": False}, "Hello\n")
