"""MLUBench's released files as rows: `Tasks/Task{A..D}/task{A..D}_{forget,retain}.json`, and `Entities/` beside them.

{"id": "53", "image": "downloaded_images/Animals/Bear/image_3.jpg", "conversations": [
 {"from": "human", "value": "<image>\\nWhat is the common name of this animal?"}, {"from": "gpt", "value": "Bear"}]}

Ids repeat across entities; with class and entity before them they do not.
"""

from collections import Counter
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
    """A released row.

    Attributes:
        id: `<Class>/<Entity>/<release id>`.
        profile_id: `<Class>/<Entity>`.
        picture: the path that the release gives.
        question, answer: without `<image>` marks and stray markup.
        marks: how many `<image>` marks there were.
        mended: how many of question and answer had stray markup.
    """

    id: str
    profile_id: str
    picture: str
    question: str
    answer: str
    marks: int
    mended: int


@dataclass
class Release:
    """The rows of a release.

    Attributes:
        sets: (task, role) -> entity -> its rows, in the order of the release.
        unplaced: rows under `Entities/` that stand in no task.
    """

    sets: dict[tuple[str, str], dict[str, list[Row]]] = field(default_factory=dict)
    unplaced: int = 0

    @property
    def entities(self) -> dict[str, list[Row]]:
        """Entity -> its rows, over all sets."""
        return {name: rows for members in self.sets.values() for name, rows in members.items()}


def read_release(files: Files) -> Release:
    """Reads every task's files, and `Entities/` for what no task holds.

    Raises:
        BuildError: files are missing or malformed, rows are not as released, ids repeat, or an entity stands in two
            sets; all of it is named and counted.
    """
    problems = Problems(files.source)
    places = _find(files, problems)
    problems.check()
    release, seen, homes = Release(), {}, {}
    for (task, role), name in places.items():
        members = release.sets.setdefault((task, role), {})
        for number, row in _rows(files, name, problems):
            if row.id in seen:
                problems.add(f"id {row.id} stands in {seen[row.id]} as well", file=name, row=number)
                continue
            seen[row.id] = f"{PurePosixPath(name).name} row {number}"
            if homes.setdefault(row.profile_id, (task, role)) != (task, role):
                other = " ".join(homes[row.profile_id])
                problems.add(f"{row.profile_id} is in set {other} as well", file=name, row=number)
                continue
            members.setdefault(row.profile_id, []).append(row)
        if not members and not problems.found:
            problems.add("holds no row", file=name)
    for name in files.names:
        if PurePosixPath(name).parent.name == "Entities" and name.endswith(".json"):
            release.unplaced += sum(row.id not in seen for _, row in _rows(files, name, problems))
    problems.check()
    return release


def _find(files: Files, problems: Problems) -> dict[tuple[str, str], str]:
    """(task, role) -> the file of the release that holds the set, wherever its top folder lies."""
    found = {}
    for task in TASKS:
        for role in ROLES:
            end = f"Tasks/Task{task}/task{task}_{role}.json"
            matching = [name for name in files.names if name == end or name.endswith(f"/{end}")]
            if len(matching) == 1:
                found[task, role] = matching[0]
            elif matching:
                problems.add(f"stands {len(matching)} times: give one release alone", file=end)
            else:
                problems.add("is missing", file=end)
    if problems.found == len(TASKS) * len(ROLES):
        archives = [name for name in files.names if name.endswith(".zip")]
        raise BuildError(
            f"{files.source}: not a release of MLUBench (no Tasks/TaskA/taskA_forget.json and so on): give "
            f"{'--from ' + archives[0] if archives else 'MLUBench.zip or the folder it unpacks to'}"
        )
    return found


def _rows(files: Files, name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """Yields (row number, row) of a file; whatever is no row becomes a problem."""
    try:
        content = read_json(files.read(name))
    except ValueError as error:
        problems.add(str(error), file=name)
        return
    if not isinstance(content, list):
        problems.add(f"holds {_kind(content)} and no list of rows", file=name)
        return
    if len(content) > MOST_ROWS:
        problems.add(f"holds {len(content):,} rows; at most {MOST_ROWS:,} are read", file=name)
        return
    for number, entry in enumerate(content):
        try:
            yield number, _row(entry)
        except ValueError as error:
            problems.add(str(error), file=name, row=number)


def _row(entry: object) -> Row:
    if not isinstance(entry, Mapping):
        raise ValueError(f"is {_kind(entry)} and no object")
    if missing := [key for key in _KEYS if key not in entry]:
        odd = sorted(repr(str(key))[:40] for key in entry if key not in _KEYS)
        raise ValueError(f"has no {missing[0]!r}" + (f" (it has {', '.join(odd[:5])})" if odd else ""))
    number = entry["id"]
    if isinstance(number, bool) or not isinstance(number, (str, int)) or not str(number).strip():
        raise ValueError(f"its id is {_kind(number)}")
    profile_id = _subject(entry["image"])
    question, answer = _turns(entry["conversations"])
    question, marks = without_images(question)
    answer, more = without_images(answer)
    (question, first), (answer, second) = without_markup(question), without_markup(answer)
    for what, text in (("question", question), ("answer", answer)):
        if not text:
            raise ValueError(f"its {what} is empty")
    identity = f"{profile_id}/{str(number).strip()}"
    return Row(identity, profile_id, entry["image"], question, answer, marks + more, first + second)


def _subject(path: object) -> str:
    """`<Class>/<Entity>` of a picture's path."""
    if not isinstance(path, str):
        raise ValueError(f"its image is {_kind(path)} and no path")
    parts = path.split("/")
    parts = parts[1:] if parts[0] == _PICTURES else parts
    bad = any(part.strip(". ") == "" or "\\" in part or not part.isprintable() for part in parts)
    if len(parts) != 3 or bad or ":" in parts[0] or len(path) > 500:
        raise ValueError(f"its image {path[:80]!r} is not {_PICTURES}/<Class>/<Entity>/<file>")
    return f"{parts[0]}/{parts[1]}"


def _turns(turns: object) -> tuple[str, str]:
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise ValueError(f"its conversations are {_kind(turns)} and no list")
    speakers = [turn.get("from") if isinstance(turn, Mapping) else None for turn in turns]
    if speakers != ["human", "gpt"]:
        raise ValueError(f"its conversation is not one turn of 'human' and one of 'gpt' but {str(speakers[:4])[:60]}")
    for turn in turns:
        if not isinstance(turn.get("value"), str):
            raise ValueError(f"the turn of {turn['from']!r} has no text under 'value'")
    return turns[0]["value"], turns[1]["value"]


def _kind(value: object) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number") if value != "" else "empty"


def totals(release: Release) -> Counter:
    """What was mended in the rows of a release, and how often."""
    rows = [row for members in release.entities.values() for row in members]
    return Counter(
        image_marks_removed=sum(row.marks for row in rows), wordings_with_stray_markup=sum(row.mended for row in rows)
    )
