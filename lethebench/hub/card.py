"""Merge our card into the one on the Hub without losing what people wrote there.

YAML: our keys win, all others stay. `tags` are joined. In `configs` and `dataset_info` our entries win by name; entries
with other names stay, and so do keys that people added to ours. Body: ours is between two marks. Text outside the marks
stays; a section inside them whose title we do not have moves below. A card without marks is kept below ours.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from lethebench.contract.records import check_record
from lethebench.contract.strict_yaml import ConfigError, parse_strict
from lethebench.errors import UserError
from lethebench.hub.records import HubCard

BEGIN = "<!-- Written by lethebench: the next push replaces what stands between this line and the closing one. -->"
END = "<!-- End of what lethebench wrote: what stands below this line is kept. -->"
NAMED = ("configs", "dataset_info")
"""Keys whose entries have a `config_name`."""
NEW_SPACE_TEXT = "Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference"
"""What the Hub writes into a new Space."""
CURE = "fix it there first"
CONFIG_KEYS = {"config_name", "version", "default", "data_files"}


def merge(local: str, remote: str | None, *, removed: Collection[str] = ()) -> str:
    """Return the card to upload.

    Args:
        local: The card as built.
        remote: README.md on the Hub, None if there is none.
        removed: Configs of the build on the Hub that this one no longer has.

    Raises:
        UserError: The YAML on the Hub cannot be read, or holds an anchor, a tag or a wrong type.
    """
    data, body = split(local)
    remote_data, remote_body = split(remote or "")
    above, below = _handwritten(remote_body, body)
    parts = [above, BEGIN, body.strip(), END, below]
    text = yaml.safe_dump(_merge_data(data, remote_data, removed), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{text}---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def split(card: str) -> tuple[dict[str, Any], str]:
    """Return the YAML and the body of a card."""
    match = re.match(r"\A\ufeff?---\r?\n(.*?)\r?\n?---[ \t]*(?:\r?\n|\Z)(.*)\Z", card, re.DOTALL)
    if match is None:
        return {}, card.replace("\r\n", "\n")
    name = "the YAML of README.md on the Hub"
    try:
        data = parse_strict(match[1], name)
    except ConfigError as error:
        raise UserError(f"{error}; {CURE}") from None
    return check_record(data or {}, HubCard, name, cure=CURE), match[2].replace("\r\n", "\n")


def _merge_data(local: Mapping[str, Any], remote: Mapping[str, Any], removed: Collection[str]) -> dict[str, Any]:
    others = {
        key: value
        for key, value in remote.items()
        if key not in local and not (key in ("license_name", "license_link") and "license" in local)
    }
    merged = {**local, **others}
    if "tags" in local:
        merged["tags"] = list(dict.fromkeys([*_listed(local["tags"]), *_listed(remote.get("tags"))]))
    for key in NAMED:
        if key in local and key in remote:
            merged[key] = _merge_named(_listed(local[key]), _listed(remote[key]), removed)
    return merged


def _merge_named(
    local: list[dict[str, Any]], remote: list[dict[str, Any]], removed: Collection[str]
) -> list[dict[str, Any]]:
    by_name = {entry.get("config_name", "default"): entry for entry in remote}
    merged = []
    for entry in local:
        old = by_name.pop(entry.get("config_name", "default"), {})
        # Our config decides what to load; other keys that people add to it stay.
        added = {key: value for key, value in old.items() if key not in CONFIG_KEYS} if "data_files" in entry else {}
        merged.append({**added, **entry, **({"config_name": entry["config_name"]} if "config_name" in entry else {})})
    has_default = any(entry.get("default") for entry in local)
    for name, entry in by_name.items():
        if name not in removed:
            # With two defaults, every load would fail.
            merged.append({key: value for key, value in entry.items() if not (has_default and key == "default")})
    return merged


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _handwritten(remote: str, local: str) -> tuple[str, str]:
    """Return what people wrote above and below our part."""
    if BEGIN not in remote or END not in remote:
        return "", remote.replace(NEW_SPACE_TEXT, "").strip()
    above, _, rest = remote.partition(BEGIN)
    inside, _, below = rest.partition(END)
    titles = {title for title, _ in _sections(local)}
    moved = [text.strip() for title, text in _sections(inside) if title and title not in titles]
    return above.strip(), "\n\n".join(part for part in (*moved, below.strip()) if part)


def _sections(body: str) -> list[tuple[str, str]]:
    """Return (title, text) of each `## title` section, the title's line included; ("", ...) before the first."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for line in body.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            sections.append((line.removeprefix("## ").strip(), []))
        sections[-1][1].append(line)
    return [(title, "\n".join(lines)) for title, lines in sections]
