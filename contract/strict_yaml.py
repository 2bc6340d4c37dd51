"""Read YAML and JSON configuration files strictly: plain data only, every ambiguity refused in one line."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from lethebench.contract.errors import UserError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
WORDS: dict[str, Any] = {"null": None, "~": None, "": None, "true": True, "false": False}
INTEGER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.?(inf|infinity|nan)", re.IGNORECASE)


class ConfigError(UserError):
    """A configuration file or value that cannot be used; the message is one line and names the file."""


def load_strict(path: str | Path) -> dict[str, Any]:
    """Return the mapping that a YAML or JSON file holds.

    Scalars follow YAML 1.2: `true`, `false`, `null`, numbers (`1e-5` is one), and text for everything else.

    Args:
        path: A file of at most 256 KiB with one document, a mapping.

    Returns:
        The mapping; keys are text, values are dict, list, str, int, float, bool or None.

    Raises:
        ConfigError: The file cannot be read or is not YAML; is too large or nested too deep; holds an anchor, an
            alias, a tag, a duplicate key, a key that is not text, a number that is not finite or a second document.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES // 1024} KiB, so not a configuration file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text, so not a YAML or JSON file") from None
    value = parse_strict(text, str(path))
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: must hold a mapping of names to values, not {_kind(value)}")
    return value


def parse_strict(text: str, name: str) -> Any:
    """Return the value of a YAML or JSON text, such as the right-hand side of `--set lora.r=16`; empty text is None.

    `name` stands for the text in messages; errors as in `load_strict`.
    """
    try:
        return _Document(text, name).value()
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{name}{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not valid YAML: {' '.join(str(error).split())}") from None


def refuse_unknown(keys: Iterable[str], known: Iterable[str], name: str, noun: str = "key") -> None:
    """Raise ConfigError if a key is not among the known ones; the message names the nearest, or lists them all."""
    known = list(known)
    for key in keys:
        if key not in known:
            nearest = get_close_matches(key, known, 1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"give one of {', '.join(known)}"
            raise ConfigError(f"{name}: unknown {noun} {key!r}; {hint}")


class _Document:
    """One document, built from parser events, so that nothing is constructed that is not plain data."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        # A JSON file may be indented by tabs, which YAML forbids outside of strings.
        spaced = re.sub(r"^[ \t]+", lambda match: " " * len(match[0]), text, flags=re.MULTILINE)
        self.events: Iterator[Any] = yaml.parse(
            spaced if text.lstrip()[:1] in ("{", "[") else text, Loader=yaml.SafeLoader
        )

    def value(self) -> Any:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        value = self._node(next(self.events), depth=0)
        next(self.events)  # the end of the document
        if not isinstance(event := next(self.events), yaml.StreamEndEvent):
            raise self._error(event, "holds a second document; give one")
        return value

    def _node(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._error(event, "anchors and aliases (& and *) are not supported; repeat the value")
        if event.tag is not None and event.tag != "!":
            raise self._error(event, f"tags such as {event.tag} are not supported; give plain values")
        if depth > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return items
        return self._mapping(depth)

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, str):
                raise self._error(event, f"a key must be text, not {_kind(key)}; put it in quotes")
            if key in mapping:
                raise self._error(event, f"{key!r} is given twice; remove one")
            mapping[key] = self._node(next(self.events), depth + 1)
        return mapping

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if event.style is not None or event.tag == "!":
            try:  # JSON writes a character beyond U+FFFF as two escapes
                return text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                raise self._error(event, "half of a surrogate pair is not text") from None
        if text in WORDS:
            return WORDS[text]
        try:
            if INTEGER.fullmatch(text):
                return int(text)
            number = float(text) if NUMBER.fullmatch(text) else None
        except ValueError:
            raise self._error(event, f"a number of {len(text)} digits is too long") from None
        if NOT_FINITE.fullmatch(text) or (number is not None and not math.isfinite(number)):
            raise self._error(event, f"{text} is not a finite number")
        return text if number is None else number

    def _error(self, event: Any, reason: str) -> ConfigError:
        return ConfigError(f"{self.name}, line {event.start_mark.line + 1}: {reason}")


def dump_value(value: Any) -> str:
    """Return one line of text that `parse_strict` reads back as the same value, plain where that is possible.

    Args:
        value: Plain data: dict, list, tuple, str, int, float, bool or None.
    """
    if isinstance(value, str):
        try:
            plain = value == value.strip() and parse_strict(value, "value") == value
        except ConfigError:
            plain = False
        return value if plain else json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_item(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_item, value)) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    """Return a key as text; YAML takes one above 1,024 characters only after a question mark."""
    text = json.dumps(key)
    return text if len(text) <= 1000 else f"? {text} "


def _item(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else dump_value(value)


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
