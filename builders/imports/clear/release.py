"""Read CLEAR's released Parquet files: who is in a picture, whom a question is about, and who is to be forgotten.

Picture rows (`full`: image, caption, name) name their author. Questions (`full+tofu`: question, answer, no image) do
not: as in TOFU, twenty in a row are about one author, whose name is the one that these rows mention most.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.parquet import open_shard, rows_of, shards_of
from lethebench.builders.imports.shared.problems import Problems
from lethebench.contract.parquet import ParquetError, parquet_schema

FORGET = ("forget01", "forget05", "forget10")
PERTURBED = (*(f"{name}_perturbed" for name in reversed(FORGET)), "retain_perturbed")
RETAIN = ("retain99", "retain95", "retain90")
NEIGHBOURS = ("real_faces", "real_world")
FULL = ("full", "data")
"""Folders that can hold all picture rows; the first one with a column `name` is read."""
QUESTIONS = "full+tofu"
MOST_AUTHORS = 5_000
PER_AUTHOR = 20
"""Questions about an author in TOFU, one after another."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Perturbed:
    """What a perturbed config adds to a picture row."""

    paraphrases: list[str]
    captions: list[str]


@dataclass(frozen=True)
class Clear:
    """What is known of a release before its pictures are read.

    Attributes:
        shards: config -> its files; empty for an optional config that is absent.
        full: the folder of all picture rows.
        task_of: author to forget -> number of the first set that has the author.
        forgotten: (name, caption) of the picture rows of the largest set.
        questions: (author, question, answer), in order; authors of unnamed blocks are called `author-<number>`.
        unnamed: authors of blocks that mention no author of a picture.
        perturbed: (name, caption) -> what a perturbed config adds.
    """

    shards: Mapping[str, Sequence[Path]]
    full: str
    task_of: Mapping[str, int]
    forgotten: frozenset[Pair]
    questions: Sequence[tuple[str, str, str]]
    unnamed: frozenset[str]
    perturbed: Mapping[Pair, Perturbed]


def read_release(root: Path, problems: Problems) -> Clear:
    """Return everything of a release but its pictures; raise BuildError listing all that is wrong."""
    if not root.is_dir():
        raise BuildError(
            f"--from {root}: give the folder of a download of CLEAR (unpack an archive first), or its Hub id"
        )
    full = _full(root)
    required = (full, QUESTIONS, *FORGET, *(f"{name}+tofu" for name in FORGET))
    if not any((root / config).is_dir() for config in required):
        raise BuildError(f"{root.name}: not a download of CLEAR (no {full}/, {QUESTIONS}/, {FORGET[0]}/ ... in it)")
    shards = {config: shards_of(root, config, problems) for config in required}
    for config in (*PERTURBED, *NEIGHBOURS, *RETAIN):
        shards[config] = shards_of(root, config, problems) if (root / config).is_dir() else []
    problems.check()

    named = {config: _named(shards[config], config, problems) for config in (full, *FORGET)}
    question_pairs = {
        config: _asked(shards[config], config, problems) for config in required if config.endswith("+tofu")
    }
    problems.check()
    for config, pairs in {**named, **question_pairs}.items():
        if not pairs:
            problems.add("holds no row" if config in named else "holds no question", file=f"{config}/")
    sets = [set(named[config]) for config in FORGET]
    task_of = _tasks(sets, named[full], full, problems)
    _check_retained(shards, task_of, problems)
    problems.check()
    authors = dict.fromkeys(name for name, _ in named[full])
    if len(authors) > MOST_AUTHORS:
        raise BuildError(f"{root.name}: {full}/ names {len(authors):,} authors; the limit is {MOST_AUTHORS:,}")
    questions, unnamed = _blocks(question_pairs[QUESTIONS], list(authors), problems)
    sets = [set(question_pairs[f"{config}+tofu"]) for config in FORGET]
    task_of = task_of | _tasks_of_blocks(questions, unnamed, sets, task_of, problems)
    everyone = {*authors, *(author for author, _, _ in questions)}
    if everyone <= task_of.keys():
        problems.add("every author is in a set to forget, so nobody is left to retain", file=f"{full}/")
    problems.check()
    perturbed = _perturbed(shards, problems)
    problems.check()
    return Clear(shards, full, task_of, frozenset(named[FORGET[-1]]), questions, unnamed, perturbed)


def read_config(
    shards: Mapping[str, Sequence[Path]],
    config: str,
    columns: Sequence[str],
    problems: Problems,
    optional: Sequence[str] = (),
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield (file, row number, row) of a config, some of its columns; what cannot be read becomes a problem."""
    for path in shards[config]:
        name = f"{config}/{path.name}"
        present = open_shard(path, name, columns, problems)
        if present is not None:
            read = [*columns, *(column for column in optional if column in present)]
            for number, row in rows_of(path, name, read, problems):
                yield name, number, row


def text_of(row: Mapping[str, Any], column: str) -> str:
    """Return a cell as text without spaces around it; raise ValueError if it is empty or not text."""
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"has no {column}")
    return value.strip()


def texts_of(value: object, answer: str) -> list[str]:
    """Return a cell as a list of texts, each once, without the answer."""
    values = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    texts = (one.strip() for one in values if isinstance(one, str))
    return list(dict.fromkeys(text for text in texts if text and text != answer))


def _full(root: Path) -> str:
    """Return the first folder whose picture rows have a column `name`, else the first one."""
    for config in FULL:
        for path in sorted((root / config).rglob("*.parquet")):
            try:
                if "name" in parquet_schema(path).names:
                    return config
            except ParquetError:
                pass  # reported where it is read
            break
    return FULL[0]


def _named(paths: Sequence[Path], config: str, problems: Problems) -> list[Pair]:
    """Return (name, caption) of the picture rows of a config."""
    pairs = []
    for name, number, row in read_config({config: paths}, config, ("name", "caption"), problems):
        with problems.at(name, number):
            pairs.append((text_of(row, "name"), text_of(row, "caption")))
    return pairs


def _asked(paths: Sequence[Path], config: str, problems: Problems) -> list[Pair]:
    """Return (question, answer) of the rows of a config that have a question; the others have a picture."""
    pairs = []
    for name, number, row in read_config({config: paths}, config, ("question", "answer"), problems):
        if row["question"]:
            with problems.at(name, number):
                pairs.append((text_of(row, "question"), text_of(row, "answer")))
    return pairs


def _tasks(sets: Sequence[set[Pair]], rows: Sequence[Pair], full: str, problems: Problems) -> dict[str, int]:
    """Return author -> number of the first set to forget; sets that are not nested or not in `full` are problems."""
    names = [{name for name, _ in pairs} for pairs in sets]
    for (small, large), (config, other) in zip(pairwise(names), pairwise(FORGET), strict=True):
        if not small < large:
            problems.add(f"does not hold the authors of {config} and more: the sets are not nested", file=f"{other}/")
    if absent := set().union(*sets) - set(rows):
        problems.add(f"{len(absent):,} rows of the sets to forget are not in it", file=f"{full}/")
    return {name: number for number, members in reversed(list(enumerate(names))) for name in members}


def _check_retained(shards: Mapping[str, Sequence[Path]], task_of: Mapping[str, int], problems: Problems) -> None:
    """Add a problem for each released set to retain that holds an author to forget; absent sets are not checked."""
    for number, config in enumerate(RETAIN):
        retained = {row["name"] for _, _, row in read_config(shards, config, (), problems, ("name",)) if "name" in row}
        if both := sorted(name for name in retained if task_of.get(name, len(RETAIN)) <= number):
            problems.add(f"holds {both[0]!r}, who is in {FORGET[number]}", file=f"{config}/")


def _blocks(
    pairs_in_order: Sequence[Pair], authors: Sequence[str], problems: Problems
) -> tuple[list[tuple[str, str, str]], frozenset[str]]:
    """Return (author, question, answer) of every question, and the made-up authors of blocks that mention nobody."""
    if len(pairs_in_order) % PER_AUTHOR:
        problems.add(
            f"{len(pairs_in_order):,} questions; {PER_AUTHOR} about each author were expected", file=f"{QUESTIONS}/"
        )
    questions = []
    unnamed, block_of = set[str](), dict[str, int]()
    for block, start in enumerate(range(0, len(pairs_in_order), PER_AUTHOR)):
        pairs = pairs_in_order[start : start + PER_AUTHOR]
        author = _mentioned(pairs, authors)
        if author and author in block_of:
            first = block_of[author] * PER_AUTHOR
            problems.add(f"questions {first} and {start} are both about {author!r}", file=f"{QUESTIONS}/")
        if not author:
            author = f"author-{block:03d}"
            unnamed.add(author)
        block_of[author] = block
        questions += [(author, question, answer) for question, answer in pairs]
    return questions, frozenset(unnamed)


def _mentioned(pairs: Sequence[Pair], authors: Sequence[str]) -> str:
    """Return the author whom most of these questions and answers mention, empty if none or two are."""
    counter: Counter[str] = Counter()
    for pair in pairs:
        text = " ".join(pair).casefold()
        mentioned = [name for name in authors if name.casefold() in text]
        counter.update(name for name in mentioned if not any(name != other and name in other for other in mentioned))
    (first, count), second = (*counter.most_common(2), ("", 0), ("", 0))[:2]
    return first if count > second[1] else ""


def _tasks_of_blocks(
    questions: Sequence[tuple[str, str, str]],
    unnamed: frozenset[str],
    sets: Sequence[set[Pair]],
    task_of: Mapping[str, int],
    problems: Problems,
) -> dict[str, int]:
    """Return unnamed author -> task; a block that is not in the sets to forget of its author is a problem."""
    tasks: dict[str, set[int]] = {}
    for author, question, answer in questions:
        number = next((number for number, pairs in enumerate(sets) if (question, answer) in pairs), -1)
        tasks.setdefault(author, set()).add(number)
    for author, numbers in tasks.items():
        expected = min(numbers) if author in unnamed else task_of.get(author, -1)
        if numbers != {expected}:
            membership = "in no set to forget" if expected < 0 else f"in {FORGET[expected]}"
            problems.add(f"{author!r} is {membership}, but not all questions about the author", file=f"{QUESTIONS}/")
    if absent := set().union(*sets) - {(question, answer) for _, question, answer in questions}:
        problems.add(f"{len(absent):,} questions of the sets to forget are not in it", file=f"{QUESTIONS}/")
    return {author: min(numbers) for author, numbers in tasks.items() if author in unnamed and min(numbers) >= 0}


def _perturbed(shards: Mapping[str, Sequence[Path]], problems: Problems) -> dict[Pair, Perturbed]:
    """Return (name, caption) -> other wordings and wrong captions, of the first config that has them."""
    perturbed: dict[Pair, Perturbed] = {}
    columns = ("name", "caption", "paraphrased_caption", "perturbed_captions")
    for config in PERTURBED:
        for name, number, row in read_config(shards, config, columns, problems):
            with problems.at(name, number):
                caption = text_of(row, "caption")
                other = Perturbed(
                    texts_of(row["paraphrased_caption"], caption), texts_of(row["perturbed_captions"], caption)
                )
                perturbed.setdefault((text_of(row, "name"), caption), other)
    return perturbed
