"""The card of a push: ours, put over the one on the Hub without losing what people wrote there.

YAML. Our keys win, all others stay. `tags` are joined. In `configs` and `dataset_info` our entries win by name, entries
of other names stay, and so do keys that people added to ours. Body. Ours stands between two marks; what is outside
them stays, and a section inside them whose title we do not have moves below. A card without marks is kept whole, below.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from lethebench.errors import UserError

BEGIN = "<!-- Written by lethebench: the next push replaces what stands between this line and the closing one. -->"
END = "<!-- End of what lethebench wrote: what stands below this line is kept. -->"
NAMED = ("configs", "dataset_info")
"""Keys that hold entries with a `config_name`."""
_OF_A_NEW_SPACE = "Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference"
"""What the Hub itself writes into a new Space."""
_CONFIG_KEYS = {"config_name", "version", "default", "data_files"}


def merge(ours: str, theirs: str | None, *, gone: Collection[str] = ()) -> str:
    """The card to upload.

    Args:
        ours: the card as built.
        theirs: README.md on the Hub, None where there is none.
        gone: configs of an earlier build of ours that this one no longer has.

    Raises:
        UserError: the YAML on the Hub cannot be read.
    """
    data, body = split(ours)
    their_data, their_body = split(theirs or "")
    above, below = _handwritten(their_body, body)
    parts = [above, BEGIN, body.strip(), END, below]
    text = yaml.safe_dump(_merge_data(data, their_data, gone), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{text}---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def split(card: str) -> tuple[dict[str, Any], str]:
    """YAML and body of a card."""
    found = re.match(r"\A\ufeff?---\r?\n(.*?)\r?\n?---[ \t]*(?:\r?\n|\Z)(.*)\Z", card, re.DOTALL)
    if found is None:
        return {}, card.replace("\r\n", "\n")
    try:
        data = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"the YAML of README.md on the Hub cannot be read ({reason}): mend it there first") from None
    if not isinstance(data, dict | None):
        raise UserError("the YAML of README.md on the Hub holds no keys: mend it there first")
    return data or {}, found[2].replace("\r\n", "\n")


def _merge_data(ours: Mapping[str, Any], theirs: Mapping[str, Any], gone: Collection[str]) -> dict[str, Any]:
    kept = {
        key: value
        for key, value in theirs.items()
        if key not in ours and not (key in ("license_name", "license_link") and "license" in ours)
    }
    merged = {**ours, **kept}
    if "tags" in ours:
        merged["tags"] = list(dict.fromkeys([*_listed(ours["tags"]), *_listed(theirs.get("tags"))]))
    for key in NAMED:
        if key in ours and key in theirs:
            merged[key] = _merge_named(_listed(ours[key]), _listed(theirs[key]), gone)
    return merged


def _merge_named(ours: list[dict], theirs: list[dict], gone: Collection[str]) -> list[dict]:
    by_name = {entry.get("config_name", "default"): entry for entry in theirs if isinstance(entry, dict)}
    merged = []
    for entry in ours:
        old = by_name.pop(entry.get("config_name", "default"), {})
        # What stands in a config of ours is our data; what people add is a note on it.
        added = {key: value for key, value in old.items() if key not in _CONFIG_KEYS} if "data_files" in entry else {}
        merged.append({**added, **entry, **({"config_name": entry["config_name"]} if "config_name" in entry else {})})
    first = any(entry.get("default") for entry in ours)
    for name, entry in by_name.items():
        if name not in gone:
            # Two defaults would make every load fail.
            merged.append({key: value for key, value in entry.items() if not (first and key == "default")})
    return merged


def _listed(value: Any) -> list:
    return [] if value is None else value if isinstance(value, list) else [value]


def _handwritten(theirs: str, ours: str) -> tuple[str, str]:
    """What people wrote above and below our part."""
    if BEGIN not in theirs or END not in theirs:
        return "", theirs.replace(_OF_A_NEW_SPACE, "").strip()
    above, _, rest = theirs.partition(BEGIN)
    inside, _, below = rest.partition(END)
    known = {title for title, _ in _sections(ours)}
    moved = [text.strip() for title, text in _sections(inside) if title and title not in known]
    return above.strip(), "\n\n".join(part for part in (*moved, below.strip()) if part)


def _sections(body: str) -> list[tuple[str, str]]:
    """(title, text) of what stands under each `## title`, the title's line included; ("", ...) before the first."""
    found, fenced = [("", [])], False
    for line in body.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            found.append((line.removeprefix("## ").strip(), []))
        found[-1][1].append(line)
    return [(title, "\n".join(lines)) for title, lines in found]
