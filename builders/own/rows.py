"""Turn a row of a user's data into texts and pictures, by the map; a ValueError says what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from lethebench.builders.imports.shared.picture_folder import PictureFolder
from lethebench.builders.imports.shared.pictures import RawPicture
from lethebench.builders.imports.shared.wording import keywords
from lethebench.builders.own.mapping import LISTS, OwnMap
from lethebench.contract.columns import ROLES
from lethebench.contract.hub_cache import is_inside
from lethebench.contract.text import clean_text

MOST_LETTERS = 20_000
MOST_SUBJECT = 200
MOST_ITEMS = 100
"""Entries of a list."""
MOST_PICTURES = 16
"""Pictures of a row."""
RETAINED = ("", "-1", "retain", "none")
"""Values of `task` for a subject that is never forgotten."""


@dataclass(frozen=True)
class OwnRow:
    """A row: texts by what they are (see `mapping.COLUMNS`), lists, pictures, and details of its subject."""

    texts: Mapping[str, str]
    lists: Mapping[str, list[str]]
    correct: int
    pictures: tuple[RawPicture, ...]
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.texts["subject"]

    @property
    def role(self) -> str:
        """The role of the subject; forget with a task, else what the row says or retain."""
        role, task = self.texts.get("role", ""), self.texts.get("task", "")
        if role and (role == "forget") != bool(task):
            raise ValueError(f"role {role} {'with task ' + task if task else 'without a task'}")
        return role or ("forget" if task else "retain")


class RowReader:
    """Reads rows by a map; `root` is the folder that paths of pictures are relative to."""

    def __init__(self, own_map: OwnMap, root: Path) -> None:
        self._map, self._root = own_map, root.resolve()
        self._folder: PictureFolder | None = None

    def read(self, raw: Mapping[str, Any]) -> OwnRow:
        """Return a row; raise ValueError if something of it is missing or of a wrong kind."""
        values = {name: raw.get(column) for name, column in self._map.columns.items()}
        texts = {
            name: _text(value, self._map.columns[name])
            for name, value in values.items()
            if name not in (*LISTS, "picture")
        }
        for name in ("subject", "question", "answer"):
            if not texts[name]:
                raise ValueError(f"has no {name} (column {self._map.columns[name]!r} is empty)")
        subject = texts["subject"]
        if len(subject) > MOST_SUBJECT or not subject.isprintable():
            raise ValueError(f"its subject is longer than {MOST_SUBJECT} characters or has hidden ones")
        texts["task"] = self._map.requested(subject) if self._map.requests else texts.get("task", "")
        texts["task"] = "" if texts["task"].casefold() in RETAINED else texts["task"]
        if texts.get("role", "") not in ("", *ROLES):
            raise ValueError(f"role {texts['role']!r:.60} is not one of {', '.join(ROLES)}")
        if texts.get("split", "") not in ("", "train", "test"):
            raise ValueError(f"split {texts['split']!r:.60} is neither train nor test")
        if "id" in values and (not texts["id"] or "/" in texts["id"]):
            raise ValueError(f"its id {texts['id']!r:.60} is empty or has a slash")
        lists = {name: _list(values.get(name), name) for name in LISTS}
        return OwnRow(
            texts, *_checked(texts["answer"], lists, "keywords" in values), tuple(self._pictures(values.get("picture")))
        )

    def _pictures(self, value: Any) -> list[RawPicture]:
        values = value if isinstance(value, list | tuple) else [value]
        if isinstance(value, str) and ";" in value and not self._has_file(value.strip()):
            values = value.split(";")
        pictures = [self._picture(one) for one in values if one is not None and one != ""]
        if len(pictures) > MOST_PICTURES:
            raise ValueError(f"has {len(pictures):,} pictures; the limit is {MOST_PICTURES}")
        return pictures

    def _picture(self, value: Any) -> RawPicture:
        if isinstance(value, Mapping):
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes | bytearray | memoryview):
            content = bytes(value)
            return RawPicture(sha256(content).hexdigest(), content)
        if not isinstance(value, str):
            raise ValueError(f"its picture is a {type(value).__name__}, neither a file nor a picture")
        name = value.strip()
        if "://" in name:
            raise ValueError(f"its picture {name!r:.80} is a URL: download the pictures first")
        return RawPicture(name, self._file(name))

    def _has_file(self, name: str) -> bool:
        try:
            return (self._root / name).is_file()
        except (OSError, ValueError):
            return False

    def _file(self, name: str) -> Path:
        """Return the file at a relative path, in any case and normal form; never one outside the folder.

        The path may begin with the name of the folder, and may have backslashes.
        """
        path = self._root / name
        if not self._has_file(name):
            self._folder = self._folder or PictureFolder(self._root)
            inner = name.replace("\\", "/").removeprefix(f"{self._root.name}/")
            matches = self._folder.find(name) or self._folder.find(inner)
            if len(matches) != 1:
                raise ValueError(
                    f"its picture {name!r:.80} is {'there twice' if matches else 'not in ' + self._root.name}"
                )
            path = matches[0]
        if not is_inside(path, self._root):
            raise ValueError(f"its picture {name!r:.80} is outside the folder {self._root.name}")
        return path


def _checked(answer: str, lists: dict[str, list[str]], marked: bool) -> tuple[dict[str, list[str]], int]:
    """Return the lists with keywords of a row without marked ones, and the index of the right option."""
    if marked and (absent := [word for word in lists["keywords"] if word.casefold() not in answer.casefold()]):
        raise ValueError(f"keyword {absent[0]!r:.60} is not in the answer {answer!r:.60}")
    correct = -1
    if options := lists["options"]:
        if answer not in options or len(options) < 2:
            raise ValueError(f"the answer {answer!r:.60} must be one of two or more options")
        correct = options.index(answer)
    if answer in lists["perturbed"]:
        raise ValueError(f"the wrong answer {answer!r:.60} is the right one")
    return lists | {"keywords": lists["keywords"] if marked else keywords(answer)}, correct


def _text(value: Any, column: str) -> str:
    """Return a cell as text; whole numbers without a decimal point, empty for none."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int | float):
        raise ValueError(f"column {column!r:.60} holds a {type(value).__name__}, not text")
    text = clean_text(str(value)).strip()
    if len(text) > MOST_LETTERS:
        raise ValueError(f"column {column!r:.60} has {len(text):,} letters; the limit is {MOST_LETTERS:,}")
    return text


def _list(value: Any, name: str) -> list[str]:
    """Return a cell as a list of texts; text is split at semicolons."""
    values = value.split(";") if isinstance(value, str) else [] if value is None else value
    if not isinstance(values, list | tuple):
        raise ValueError(f"its {name} are a {type(value).__name__}, not a list")
    texts = [text for one in values if (text := _text(one, name))]
    if len(texts) > MOST_ITEMS:
        raise ValueError(f"has {len(texts):,} {name}; the limit is {MOST_ITEMS}")
    if twice := [text for index, text in enumerate(texts) if text in texts[:index]]:
        raise ValueError(f"its {name} hold {twice[0]!r:.60} twice")
    return texts
