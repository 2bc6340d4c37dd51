"""The file of a result, which is a method on a benchmark and a model, over one or more seeds."""

import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field

from lethebench.contract.errors import UserError
from lethebench.contract.escaping import file_name
from lethebench.contract.records import (
    Count,
    Data,
    Digest,
    Done,
    Gate,
    GoldSummary,
    Machine,
    MethodName,
    Number,
    Record,
    Size,
    Summary,
    Text,
    read_record,
)

FORMAT = 1
ROOT = "results"
SCHEMA = Path(__file__).with_name("result.schema.json")
RULES = "rules.json"
"""The file of a results repository that holds its rules."""
CURE = "write it with lethe submit"
Name = Annotated[Text, Field(min_length=1, max_length=200)]


class Questions(Record):
    """SHA-256 over the questions that every stage is scored on, and over the held-out ones."""

    rows: Digest
    held_out: Digest | None


class ResultData(Data):
    """The build, without its path."""

    path: Literal[""] = ""
    questions: Questions


class Tuning(Record):
    """How many stages were tried to choose the settings; 0 = the settings of the preset."""

    trials: Count
    failed: Count = 0
    utility: Number | None = None
    tuned_sha256: Digest | None = None


class SeedResult(Record):
    """One run: its gate, its gold models, the summary of the method, and what its stages recorded."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    seed: Count
    created: Text | None = None
    manifest_sha256: Digest
    task_order: Annotated[list[Count], Field(min_length=1)]
    threshold: Number
    gate: Gate
    gold: GoldSummary
    summary: Summary
    stages: dict[Text, Done]


class Score(Record):
    """A figure over the seeds: mean and standard deviation; of one seed, its 95 % interval."""

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    sd: Number | None = None
    n: Count


class Rows(Record):
    """The Parquet file beside the result."""

    sha256: Digest
    bytes: Count
    rows: Count


class Result(Record):
    """A result."""

    format: Literal[1]
    benchmark: Name
    benchmark_version: Name
    size: Size
    data: ResultData
    model: Name
    model_sha256: Digest | None = None
    method: MethodName
    elsewhere: bool
    tasks: Annotated[int, Field(ge=1, lt=10**6)]
    options: dict[str, Any]
    settings: dict[str, Any]
    tuning: Tuning
    lethebench: Name
    versions: dict[str, Text]
    machine: Machine
    trained: Text | None = None
    commands: list[Text]
    link: Text | None = None
    seeds: Annotated[list[SeedResult], Field(min_length=1)]
    scores: dict[Text, Score]
    attacks: Annotated[dict[Text, dict[Text, Number | None]], Field(default_factory=dict)]
    rows: Rows


class Rules(Record):
    """rules.json of a results repository."""

    min_seeds: Annotated[int, Field(ge=1, le=100)] = 3


def read_result(path: Path) -> dict[str, Any]:
    """Return the content of a result's file; raise UserError if it does not fit the schema."""
    return read_record(path, Result, cure=CURE)


def read_rules(folder: Path) -> dict[str, Any]:
    """Return the rules of a results repository, the default ones if it has no rules.json."""
    path = folder / RULES
    rules = read_record(path, Rules, cure="restore it from main") if path.is_file() else {}
    return Rules.model_validate(rules).model_dump()


def path_of(result: dict[str, Any], name: str) -> PurePosixPath:
    """Return where a result belongs in a repository: results/<benchmark>/<version>/<model>/<method>/<name>.json."""
    folders = (result["benchmark"], result["benchmark_version"], result["model"].replace("/", "__"), result["method"])
    return PurePosixPath(ROOT, *map(file_name, folders), f"{name}.json")


def result_files(folder: Path, *, links: bool = False) -> list[Path]:
    """Return the files of all results of a repository, sorted.

    Args:
        folder: The repository.
        links: Whether links are followed, as in the cache of the Hub.

    Raises:
        UserError: It has no results, or there is a link or another file among them.
    """
    root = folder / ROOT
    if not root.is_dir():
        raise UserError(f"{folder} is not a results repository: it has no folder {ROOT}; give one of lethe submit --to")
    paths = sorted(root.rglob("*"))
    for path in paths:
        if path.is_symlink() and not links:
            raise UserError(f"{path} is a link, and only files of the repository are read; replace it by the file")
        if path.suffix not in (".json", ".parquet") and not path.is_dir():
            raise UserError(f"{path} is neither a result nor its rows; remove it")
    files = [path for path in paths if path.suffix == ".json"]
    for path in paths:
        if path.suffix == ".parquet" and not path.with_suffix(".json").is_file():
            raise UserError(f"{path} has no {path.stem}.json beside it; submit both or remove it")
    return files


def schema() -> dict[str, Any]:
    """Return the JSON schema of a result."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Result.model_json_schema()}


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
