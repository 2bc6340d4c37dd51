"""Find ReMem's released rows, and whom they are about.

Splits `finetune`, `forget1` to `forget4`, `retain` and `test`, each with a picture, its path and texts per row. The
release names no person: rows are grouped by a part of the picture's path, if the sets to forget are whole groups.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.parquet import open_shard, rows_of
from lethebench.builders.imports.shared.problems import Problems
from lethebench.contract.text import clean_text

FORGET = ("forget1", "forget2", "forget3", "forget4")
SPLITS = ("finetune", *FORGET, "retain", "test")
COLUMNS = ("image", "question", "answer", "keywords", "attribute", "image_path")
OPTIONAL = ("cloze_prompt",)
LEFT_OUT = ("question_type", "qa_category")
_BLANK = re.compile(r"_{2,}|\[(?:blank|mask)\]|<mask>|\.{3}|…", re.IGNORECASE)
_KEY = ("image_path", "question", "answer")
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.parquet$")
MOST_PEOPLE = 1000

Key = tuple[str, str, str]
"""A row without its picture: path of the picture, question, answer."""


@dataclass(frozen=True)
class People:
    """Whom rows are about.

    Attributes:
        person_of: path of a picture -> person; "" for a path without one.
        task_of: person to forget -> number of the request.
        rule: how persons were told apart, in words.
    """

    person_of: Callable[[str], str]
    task_of: Mapping[str, int]
    rule: str


def find_shards(root: Path, problems: Problems) -> dict[str, list[Path]]:
    """Return split -> its Parquet files, `finetune-00000-of-00020.parquet` or `finetune/0000.parquet`, in order."""
    if not root.is_dir():
        raise BuildError(
            f"--from {root}: give the folder of a download of ReMem, with finetune-*.parquet and so on in it"
        )
    files = sorted(path for path in root.rglob("*.parquet") if path.is_file())
    shards = {split: [f for f in files if f.name.startswith(f"{split}-") or f.parent.name == split] for split in SPLITS}
    if not any(shards.values()):
        raise BuildError(f"{root.name}: not a download of ReMem (no finetune-*.parquet in it)")
    for split, paths in shards.items():
        if not paths:
            problems.add("is missing", file=f"{split}-*.parquet")
        numbers = [match.groups() for path in paths if (match := _SHARD.search(path.name))]
        present, count = {int(number) for number, _ in numbers}, max((int(each) for _, each in numbers), default=0)
        for number in sorted(set(range(min(count, 10_000))) - present)[:100]:
            problems.add("is missing", file=f"{split}-{number:05d}-of-{count:05d}.parquet")
    return shards


def read_rows(
    paths: Sequence[Path], columns: Sequence[str], problems: Problems, optional: Sequence[str] = ()
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield (file, row number, row) of a split, some of its columns; what cannot be read becomes a problem."""
    for path in paths:
        present = open_shard(path, path.name, columns, problems)
        if present is not None:
            read = [*columns, *(name for name in optional if name in present)]
            for number, row in rows_of(path, path.name, read, problems):
                yield path.name, number, row


def key_of(row: Mapping[str, Any]) -> Key:
    """Return a row's key; raise ValueError if one of its texts is missing."""
    texts = [row[name] for name in _KEY]
    for name, text in zip(_KEY, texts, strict=True):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"has no {name}")
    return texts[0], texts[1], texts[2]


def read_keys(paths: Sequence[Path], problems: Problems) -> list[Key]:
    """Return the keys of a split, without reading a picture."""
    keys = []
    for name, number, row in read_rows(paths, _KEY, problems):
        with problems.at(name, number):
            keys.append(key_of(row))
    return keys


def find_people(shards: Mapping[str, Sequence[Path]], problems: Problems) -> People:
    """Return whom rows are about; sets to forget that are not nested, or not in `finetune`, become problems."""
    trained = read_keys(shards["finetune"], problems)
    sets = [set(read_keys(shards[split], problems)) for split in FORGET]
    problems.check()
    if absent := set().union(*sets) - set(trained):
        problems.add(f"{len(absent):,} rows of the sets to forget are not in it", file="finetune")
    for (small, large), (name, other) in zip(pairwise(sets), pairwise(FORGET), strict=True):
        if not small < large:
            problems.add(f"does not hold {name} and more: the sets to forget are not nested", file=other)
    if not sets[0]:
        problems.add("holds no row", file=FORGET[0])
    problems.check()
    for rule, person_of in _RULES:
        groups: dict[str, set[Key]] = defaultdict(set)
        for key in trained:
            groups[person_of(key[0])].add(key)
        if "" in groups or not len(FORGET) < len(groups) <= min(MOST_PEOPLE, len(trained) // 2):
            continue
        if all(members <= each or not members & each for members in groups.values() for each in sets):
            tasks = {
                person: next(number for number, each in enumerate(sets) if members <= each)
                for person, members in groups.items()
                if members <= sets[-1]
            }
            return People(person_of, tasks, rule)
    raise BuildError(
        f"{problems.source}: no part of `image_path` (e.g. {trained[0][0]!r:.100}) tells people apart such that each "
        "set to forget consists of whole people"
    )


def _part(place: int) -> Callable[[str], str]:
    def person_of(path: str) -> str:
        parts = PurePosixPath(path.replace("\\", "/")).parts[:-1]
        return parts[-place] if len(parts) >= place else ""

    return person_of


def _stem(path: str) -> str:
    match = re.fullmatch(r"(.*?)[\W_]*\d+", PurePosixPath(path.replace("\\", "/")).stem)
    return match[1] if match else ""


def _number(path: str) -> str:
    match = re.search(r"\d+", PurePosixPath(path.replace("\\", "/")).stem)
    return match[0] if match else ""


_RULES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("the folder of the picture", _part(1)),
    ("the folder above that of the picture", _part(2)),
    ("the name of the picture's file without the number at its end", _stem),
    ("the first number in the name of the picture's file", _number),
)


def cloze_prompt_of(value: object) -> tuple[str, bool]:
    """Return the beginning of a released cloze prompt up to its blank, and whether there was a blank.

    >>> cloze_prompt_of("Ana Reis lives at ____ in Porto."), cloze_prompt_of("Ana Reis lives at")
    (('Ana Reis lives at', True), ('Ana Reis lives at', False))
    """
    beginning, *rest = _BLANK.split(str(value or ""), maxsplit=1)
    return clean_text(beginning).strip(), bool(rest)
