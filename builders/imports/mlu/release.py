"""Parse MLUBench's released files: `Tasks/Task{A..D}/task{A..D}_{forget,retain}.json`, and `Entities/` beside them.

{"id": "53", "image": "downloaded_images/Animals/Bear/image_3.jpg", "conversations": [
 {"from": "human", "value": "<image>\\nWhat is the common name of this animal?"}, {"from": "gpt", "value": "Bear"}]}

Ids repeat across entities; with class and entity in front they are unique.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.archive import Files
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.wording import read_json, without_images, without_markup

TASKS = "ABCD"
ROLES = ("forget", "retain")
MOST_ROWS = 200_000
_PICTURES = "downloaded_images"
_KEYS = ("id", "image", "conversations")


@dataclass(frozen=True)
class Row:
    """A released row; ids are `<Class>/<Entity>/<release id>`, profile ids `<Class>/<Entity>`.

    `marks` counts `<image>` marks removed, `repaired` how many of question and answer had stray markup.
    """

    id: str
    profile_id: str
    picture: str
    question: str
    answer: str
    marks: int
    repaired: int


@dataclass
class MluRelease:
    """The rows of a release: (task, role) -> entity -> rows in released order; `unplaced` ones are in no task."""

    sets: dict[tuple[str, str], dict[str, list[Row]]] = field(default_factory=dict)
    unplaced: int = 0

    @property
    def entities(self) -> dict[str, list[Row]]:
        """Entity -> its rows, over all sets."""
        return {name: rows for members in self.sets.values() for name, rows in members.items()}


def read_release(files: Files) -> MluRelease:
    """Read every task's files, and `Entities/` for the rows of no task.

    Raises:
        BuildError: lists files that are missing or malformed, invalid rows, repeated ids, and entities in two sets.
    """
    problems = Problems(files.source)
    set_files = _find(files, problems)
    problems.check()
    release = MluRelease()
    first_row: dict[str, str] = {}
    set_of: dict[str, tuple[str, str]] = {}
    for (task, role), name in set_files.items():
        members = release.sets.setdefault((task, role), {})
        for number, row in _rows(files, name, problems):
            if row.id in first_row:
                problems.add(f"id {row.id} is also the id of {first_row[row.id]}", file=name, row=number)
                continue
            first_row[row.id] = f"{PurePosixPath(name).name} row {number}"
            if set_of.setdefault(row.profile_id, (task, role)) != (task, role):
                other = " ".join(set_of[row.profile_id])
                problems.add(f"{row.profile_id} is also in set {other}", file=name, row=number)
                continue
            members.setdefault(row.profile_id, []).append(row)
        if not members and not problems.count:
            problems.add("holds no row", file=name)
    for name in files.names:
        if PurePosixPath(name).parent.name == "Entities" and name.endswith(".json"):
            release.unplaced += sum(row.id not in first_row for _, row in _rows(files, name, problems))
    problems.check()
    return release


def _find(files: Files, problems: Problems) -> dict[tuple[str, str], str]:
    """Return (task, role) -> the file of the set, below any top folder."""
    set_files = {}
    for task in TASKS:
        for role in ROLES:
            end = f"Tasks/Task{task}/task{task}_{role}.json"
            matching = [name for name in files.names if name == end or name.endswith(f"/{end}")]
            if len(matching) == 1:
                set_files[task, role] = matching[0]
            elif matching:
                problems.add(f"occurs {len(matching)} times: give a single release", file=end)
            else:
                problems.add("is missing", file=end)
    if problems.count == len(TASKS) * len(ROLES):
        archives = [name for name in files.names if name.endswith(".zip")]
        raise BuildError(
            f"{files.source}: not a release of MLUBench (no Tasks/TaskA/taskA_forget.json and so on): give "
            f"{'--from ' + archives[0] if archives else 'MLUBench.zip or the folder it unpacks to'}"
        )
    return set_files


def _rows(files: Files, name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """Yield (row number, row) of a file; an invalid row becomes a problem."""
    try:
        content = read_json(files.read(name))
    except ValueError as error:
        problems.add(str(error), file=name)
        return
    if not isinstance(content, list):
        problems.add(f"holds {_kind(content)} instead of a list of rows", file=name)
        return
    if len(content) > MOST_ROWS:
        problems.add(f"holds {len(content):,} rows; the limit is {MOST_ROWS:,}", file=name)
        return
    for number, entry in enumerate(content):
        try:
            yield number, _row(entry)
        except ValueError as error:
            problems.add(str(error), file=name, row=number)


def _row(entry: object) -> Row:
    if not isinstance(entry, Mapping):
        raise ValueError(f"is {_kind(entry)} instead of an object")
    if missing := [key for key in _KEYS if key not in entry]:
        other = sorted(repr(str(key))[:40] for key in entry if key not in _KEYS)
        raise ValueError(f"has no {missing[0]!r}" + (f" (it has {', '.join(other[:5])})" if other else ""))
    number = entry["id"]
    if isinstance(number, bool) or not isinstance(number, (str, int)) or not str(number).strip():
        raise ValueError(f"its id is {_kind(number)}")
    profile_id = _subject(entry["image"])
    question, answer = _turns(entry["conversations"])
    question, question_marks = without_images(question)
    answer, answer_marks = without_images(answer)
    (question, question_repaired), (answer, answer_repaired) = without_markup(question), without_markup(answer)
    for part, text in (("question", question), ("answer", answer)):
        if not text:
            raise ValueError(f"its {part} is empty")
    row_id = f"{profile_id}/{str(number).strip()}"
    marks, repaired = question_marks + answer_marks, question_repaired + answer_repaired
    return Row(row_id, profile_id, entry["image"], question, answer, marks, repaired)


def _subject(path: object) -> str:
    """Return `<Class>/<Entity>` of a picture's path."""
    if not isinstance(path, str):
        raise ValueError(f"its image is {_kind(path)} instead of a path")
    parts = path.split("/")
    parts = parts[1:] if parts[0] == _PICTURES else parts
    bad = any(part.strip(". ") == "" or "\\" in part or not part.isprintable() for part in parts)
    if len(parts) != 3 or bad or ":" in parts[0] or len(path) > 500:
        raise ValueError(f"its image {path[:80]!r} is not {_PICTURES}/<Class>/<Entity>/<file>")
    return f"{parts[0]}/{parts[1]}"


def _turns(turns: object) -> tuple[str, str]:
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise ValueError(f"its conversations are {_kind(turns)} instead of a list")
    speakers = [turn.get("from") if isinstance(turn, Mapping) else None for turn in turns]
    if speakers != ["human", "gpt"]:
        raise ValueError(f"its conversation is not one turn of 'human' and one of 'gpt' but {str(speakers[:4])[:60]}")
    for turn in turns:
        if not isinstance(turn.get("value"), str):
            raise ValueError(f"the turn of {turn['from']!r} has no text under 'value'")
    return turns[0]["value"], turns[1]["value"]


def _kind(value: object) -> str:
    """Return the type of a JSON value in words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number") if value != "" else "empty"


def repairs(release: MluRelease) -> dict[str, int]:
    """Return what was repaired in the rows of a release -> how often."""
    rows = [row for members in release.entities.values() for row in members]
    return {
        "image_marks_removed": sum(row.marks for row in rows),
        "wordings_with_stray_markup": sum(row.repaired for row in rows),
    }
