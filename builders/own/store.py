"""Keep the rows of a user's data in a database on disk while they are checked, ordered and written.

A million rows need no more memory than a thousand: rows are read once, and each unit of work reads its own again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from lethebench.builders.candidates import MOST_CANDIDATES
from lethebench.builders.imports.shared.pictures import Picture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.wording import keywords
from lethebench.builders.own.rows import OwnRow
from lethebench.contract.columns import ROLES

FILE = "rows.sqlite"
MOST_ATTRIBUTES = 500
"""Attributes with candidates."""
ROWS_PER_UNIT, PICTURES_PER_UNIT = 1_000, 32
"""At 300 KB a picture, a unit is about 10 MB, of which the writers hold several copies. Row groups of fewer texts take
readers many times as long.
"""
_TABLES = """
    CREATE TABLE rows (n INTEGER PRIMARY KEY, id TEXT UNIQUE, subject INTEGER, test INTEGER, key BLOB UNIQUE,
        attribute TEXT, answer TEXT, content TEXT, pictures INTEGER);
    CREATE TABLE subjects (number INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, role TEXT, task TEXT,
        details TEXT, task_id INTEGER DEFAULT -1);
    CREATE INDEX subjects_task ON subjects (task);
    CREATE TABLE pictures (number INTEGER PRIMARY KEY, name TEXT UNIQUE, subject INTEGER, sha256 TEXT, content TEXT);
"""
_PRAGMAS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; PRAGMA temp_store=FILE;"


class Span(NamedTuple):
    """Consecutive rows about subjects of one role and task: positions in the order of the build, and the subjects
    whose first row is among them.
    """

    role: str
    task_id: int
    first: int
    last: int
    subjects: int
    tests: int


class Store:
    """The rows, subjects and pictures of a user's data.

    Args:
        folder: where the database is put.
        released: whether rows are kept as they are, contradictions and repetitions included.

    Attributes:
        repeated: rows left out because they repeat another.
        shared: pictures of two subjects.
    """

    def __init__(self, folder: Path, *, released: bool = False) -> None:
        self._released = released
        self._db = sqlite3.connect(folder / FILE)
        self._db.executescript(_PRAGMAS + _TABLES)
        self.repeated = self.shared = 0

    def add(self, number: int, row: OwnRow, *, share: bool) -> list[int]:
        """Store a row and return the indices of its pictures that are new; raise ValueError if it contradicts others.

        Args:
            number: of the row in the data, from 0.
            row: the row.
            share: whether its pictures may be of other subjects too.
        """
        subject = self._subject(row)
        names = [picture.name for picture in row.pictures]
        test = row.texts.get("split") == "test"
        identity = json.dumps([subject, " ".join(row.texts["question"].casefold().split()), sorted(names)])
        key = None if self._released else blake2b(identity.encode(), digest_size=16).digest()
        if key and (other := self._one("SELECT n, test, answer FROM rows WHERE key = ?", key)):
            if other[2] != row.texts["answer"]:
                answers = f"{other[2]!r:.60} (row {other[0]}) and {row.texts['answer']!r:.60}"
                raise ValueError(f"the same question about {row.subject!r:.60} has two answers, {answers}")
            if other[1] != test:
                raise ValueError(f"its question is in train and in test (row {other[0]})")
            self.repeated += 1
            return []
        new = [
            index
            for index, name in enumerate(names)
            if name not in names[:index] and self._picture(name, subject, share)
        ]
        content = json.dumps(
            {**row.lists, "question": row.texts["question"], "id": row.texts.get("id", ""), "correct": row.correct,
             "cloze_prompt": row.texts.get("cloze_prompt", ""), "pictures": names}, ensure_ascii=False)  # fmt: skip
        own_name = row.texts.get("attribute", "")
        attribute = {"": "question", "name": "full_name"}.get(own_name, own_name)
        own_id = row.texts.get("id", "")
        if own_id and (other := self._one("SELECT n FROM rows WHERE id = ?", own_id)):
            raise ValueError(f"its id {own_id!r:.60} is also that of row {other[0]}")
        self._db.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, own_id or None, subject, test, key, attribute, row.texts["answer"], content, len(names)),
        )
        return new

    def _subject(self, row: OwnRow) -> int:
        """Return the number of a row's subject; raise ValueError if an earlier row gives it another task or role."""
        values = (row.texts.get("name") or row.subject, row.role, row.texts["task"])
        earlier = self._one("SELECT number, name, role, task FROM subjects WHERE id = ?", row.subject)
        if earlier is None:
            statement = "INSERT INTO subjects (id, name, role, task, details) VALUES (?, ?, ?, ?, ?)"
            details = json.dumps(row.details, ensure_ascii=False)
            return int(self._db.execute(statement, (row.subject, *values, details)).lastrowid or 0)
        for what, before, now in zip(("name", "role", "task"), earlier[1:], values, strict=True):
            if before != now:
                raise ValueError(f"{row.subject!r:.60} has two values of {what}, {before!r:.60} and {now!r:.60}")
        return earlier[0]

    def _picture(self, name: str, subject: int, share: bool) -> bool:
        """Return whether a picture is new; raise ValueError if it is of another subject and may not be."""
        earlier = self._one(
            "SELECT p.subject, s.id FROM pictures p JOIN subjects s ON s.number = p.subject WHERE p.name = ?", name
        )
        if earlier is None:
            self._db.execute("INSERT INTO pictures (name, subject) VALUES (?, ?)", (name, subject))
            return True
        if earlier[0] != subject:
            self._refuse_shared(name, earlier[1], share)
        return False

    def _refuse_shared(self, name: str, other: str, share: bool) -> None:
        self.shared += 1
        if not share:
            raise ValueError(
                f"its picture {name!r:.80} is also of {other!r:.60}; `shared_pictures: allow` in the map keeps it"
            )

    def converted(self, picture: Picture) -> None:
        """Store where a converted picture is and what it was."""
        content = json.dumps({"file": picture.file, "size": picture.size, "kind": picture.kind})
        self._db.execute(
            "UPDATE pictures SET sha256 = ?, content = ? WHERE name = ?", (picture.sha256, content, picture.name)
        )

    def twins(self) -> Iterator[tuple[str, str]]:
        """Yield the names of two pictures of two subjects that have the same bytes."""
        yield from self._db.execute(
            "SELECT MIN(name), MAX(name) FROM pictures GROUP BY sha256 HAVING COUNT(DISTINCT subject) > 1 ORDER BY 1"
        )

    def picture_hashes(self) -> Iterator[str]:
        """Yield the SHA-256 of each picture as given, in order."""
        for (digest,) in self._db.execute("SELECT sha256 FROM pictures ORDER BY sha256"):
            yield digest

    def number_tasks(self) -> list[str]:
        """Number the tasks of subjects from 0 without holes and return their names: numbers in order, else as read."""
        rows = self._db.execute("SELECT task FROM subjects WHERE task != '' GROUP BY task ORDER BY MIN(number)")
        names = [name for (name,) in rows]
        if all(name.isdecimal() for name in names):
            names.sort(key=int)
        statement = "UPDATE subjects SET task_id = ? WHERE task = ?"
        self._db.executemany(statement, list(enumerate(names)))
        return names

    def order(self) -> None:
        """Put the rows into the order of the build: by role and task, then by subject and row."""
        ranks = " ".join(f"WHEN '{role}' THEN {rank}" for rank, role in enumerate(ROLES))
        self._db.executescript(f"""
            CREATE INDEX rows_subject ON rows (subject);
            CREATE INDEX pictures_subject ON pictures (subject);
            CREATE TABLE work (i INTEGER PRIMARY KEY, n INTEGER, subject INTEGER, first INTEGER, test INTEGER,
                pictures INTEGER);
            INSERT INTO work (n, subject, first, test, pictures)
                SELECT r.n, r.subject, 0, r.test, r.pictures FROM rows r
                JOIN subjects s ON s.number = r.subject
                ORDER BY CASE s.role {ranks} END, s.task_id, s.number, r.test, r.n;
            UPDATE work SET first = 1 WHERE i IN (SELECT MIN(i) FROM work GROUP BY subject);
        """)
        self._db.commit()

    def spans(self) -> Iterator[Span]:
        """Yield the rows in the order of the build, at most ROWS_PER_UNIT together."""
        span: Span | None = None
        picture_count = 0
        for i, first, test, pictures, role, task_id in self._db.execute(
            "SELECT i, first, test, pictures, role, task_id FROM work JOIN subjects s ON s.number = work.subject "
            "ORDER BY i"
        ):
            picture_count += pictures
            fits = span and i - span.first < ROWS_PER_UNIT and picture_count <= PICTURES_PER_UNIT
            if span and fits and (role, task_id) == span[:2]:
                span = span._replace(last=i, subjects=span.subjects + first, tests=span.tests + test)
                continue
            if span:
                yield span
            span, picture_count = Span(role, task_id, i, i, first, test), pictures
        if span:
            yield span

    def candidates(self) -> dict[str, dict[str, int]]:
        """Return attribute -> value -> the rows of trained subjects with it, where all answers are short values.

        Attributes with one value or more than MOST_CANDIDATES are left out; nothing if there are more than
        MOST_ATTRIBUTES others.
        """
        names = self._db.execute(
            "SELECT attribute FROM rows WHERE attribute != 'question' GROUP BY attribute "
            "HAVING COUNT(DISTINCT answer) BETWEEN 2 AND ? ORDER BY attribute LIMIT ?",
            (MOST_CANDIDATES, MOST_ATTRIBUTES + 1),
        ).fetchall()
        if len(names) > MOST_ATTRIBUTES:
            return {}
        counts: dict[str, dict[str, int]] = {name: {} for (name,) in names}
        for attribute, answer, trained in self._db.execute(
            "SELECT r.attribute, r.answer, SUM(r.test = 0 AND s.role IN ('forget', 'retain')) FROM rows r "
            f"JOIN subjects s ON s.number = r.subject WHERE r.attribute IN ({','.join('?' * len(names))}) "
            "GROUP BY r.attribute, r.answer ORDER BY r.attribute, r.answer",
            list(counts),
        ):
            counts[attribute][answer] = trained
        return {attribute: values for attribute, values in counts.items() if all(map(keywords, values))}

    def count(self, what: str) -> int:
        """Return the number of rows, subjects or pictures."""
        return self._one(f"SELECT COUNT(*) FROM {what}")[0]

    def close(self) -> None:
        """Write everything to disk."""
        self._db.commit()
        self._db.close()

    def _one(self, statement: str, *values: Any) -> Any:
        return self._db.execute(statement, values).fetchone()


class Subject(NamedTuple):
    """A subject of a span: id, name, task as given, and what its first row says of it beside."""

    number: int
    id: str
    name: str
    task: str
    details: dict[str, str]


def read_span(folder: Path, span: Span) -> Iterator[tuple[Subject, bool, dict[str, Any]]]:
    """Yield (subject, whether this is its first row, row) of a span; the row has its columns and `n`, `test`."""
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT s.number, s.id, s.name, s.task, s.details, w.first, r.n, r.test, r.attribute, r.answer, r.content "
            "FROM work w JOIN rows r ON r.n = w.n JOIN subjects s ON s.number = w.subject "
            "WHERE w.i BETWEEN ? AND ? ORDER BY w.i",
            (span.first, span.last),
        )
        for number, id, name, task, details, first, n, test, attribute, answer, content in rows:
            own = {"n": n, "test": bool(test), "attribute": attribute, "answer": answer}
            yield Subject(number, id, name, task, json.loads(details)), bool(first), own | json.loads(content)


def facts_of(folder: Path, subject: Subject, most: int) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return a subject's attributes with a single answer, and its first pictures, at most `most` of each."""
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as db:
        facts = db.execute(
            "SELECT attribute, MIN(answer) FROM rows WHERE subject = ? AND attribute != 'question' GROUP BY attribute "
            "HAVING COUNT(DISTINCT answer) = 1 ORDER BY attribute LIMIT ?", (subject.number, most)
        ).fetchall()  # fmt: skip
        pictures = pictures_of(db, "subject = ? ORDER BY number LIMIT ?", (subject.number, most))
        return dict(facts), pictures


def read_pictures(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return name -> picture."""
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as db:
        return {name: pictures_of(db, "name = ?", (name,))[0] for name in names}


def pictures_of(db: sqlite3.Connection, condition: str, values: tuple) -> list[dict[str, Any]]:
    """Return pictures with number, name and sha256, and what `converted` stored."""
    rows = db.execute(f"SELECT number, name, sha256, content FROM pictures WHERE {condition}", values)
    return [
        {"number": number, "name": name, "sha256": digest, **json.loads(text)} for number, name, digest, text in rows
    ]


def refuse_twins(store: Store, problems: Problems, *, share: bool) -> None:
    """Count pictures of two subjects that have the same bytes; a problem unless pictures may be shared."""
    for one, other in store.twins():
        store.shared += 1
        if not share:
            problems.add(f"the same picture as {other!r:.80}, of another subject", file=one)
