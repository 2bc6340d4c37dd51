"""The JSON records that lethebench reads back: their types, and one line for what does not fit."""

import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from lethebench.contract.errors import UserError, border, one_line

MAX_BYTES = 64 << 20


def _inside(name: str) -> str:
    """Raise ValueError unless a path stays inside the folder that it is relative to."""
    if not name or name.startswith("/") or ".." in PurePosixPath(name).parts or not name.isprintable():
        raise ValueError("expected a relative path inside the folder")
    if "://" in name or "::" in name:  # libraries would fetch it
        raise ValueError("expected a path, not a URL")
    return name


def _size(value: Any) -> Any:
    """Raise ValueError unless a value is a size of a build: a name or a number of profiles."""
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > 40:
        raise ValueError("expected a name or a number of profiles")
    return value


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a finite number")


Count = Annotated[int, Field(ge=0, lt=2**53)]
Number = Annotated[float, Field(ge=-(2**53), le=2**53)]
Text = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x1f\x7f]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[Any, AfterValidator(_size)]
Inside = Annotated[Text, AfterValidator(_inside)]
MethodName = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$")]


class Record(BaseModel):
    """A JSON object. Values are not converted, other keys are allowed."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False, protected_namespaces=())


class File(Record):
    """Size and SHA-256 of a file."""

    bytes: Count
    sha256: Digest


class Split(Record):
    """A split in manifest.json."""

    rows: Count
    files: Annotated[list[Inside], Field(min_length=1)]
    content_hash: Text


class Perceptual(Record):
    """How two profiles with the same picture are looked for."""

    part: Text = ""
    threshold: Number
    every_picture: bool = True


class Source(Record):
    """The release that an imported build was made from."""

    name: Text | None = None


class Imported(Record):
    """What an imported build was made from, and what the release does not have."""

    source: Source = Source()
    missing: dict[Text, Text] = {}


class Manifest(Record):
    """manifest.json of a build, as far as readers depend on it."""

    benchmark: Text
    version: Text
    size: Size
    seed: Count | None = None
    options: dict[str, Any] = {}
    versions: dict[str, Text] = {}
    tasks: Annotated[int, Field(ge=0, lt=10**6)] = 0
    paper_counts: dict[str, Number] = {}
    extra_counts: dict[str, Number] = {}
    attributes: dict[str, dict[str, Number]] = {}
    apart: list[list[Text]] = []
    perceptual: Perceptual | None = None
    pictures: dict[str, Any] = {}
    licences: dict[str, Text] = {}
    splits: Annotated[dict[Text, Annotated[dict[Text, Split], Field(min_length=1)]], Field(min_length=1)]
    files: dict[Inside, File]
    audits: dict[str, dict[str, Any]] | None = None
    written: dict[str, Any] | None = None
    imported: Imported | None = None


class Data(Record):
    """The build in run.json."""

    path: Text
    hub: Text | None = None
    benchmark: Text
    version: Text
    size: Size
    seed: Count | None = None
    options: dict[str, Any] = {}
    imported_from: Text | None = None
    manifest_sha256: Digest


class Machine(Record):
    """The machine that made a stage."""

    processor: Text | None = None
    cores: Count | None = None
    threads: Count | None = None
    accelerator: Text | None = None


class Resumed(Record):
    """A continuation of a run with other versions."""

    when: Text
    versions: dict[str, Text]


class Run(Record):
    """run.json, without the options of the run."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    name: Text | None = None
    version: Text
    created: Text | None = None
    data: Data
    preset_sha256: Digest | None = None
    model_sha256: Digest | None = None
    trained: Text | None = None
    task_order: list[Count]
    versions: dict[str, Text]
    machine: Machine = Machine()
    resumed_with: list[Resumed] = []
    sha256: Digest | None = None


class Proof(Record):
    """What a stage was made from, and the hashes of its files."""

    run: Text
    stage: Text
    parent: Digest | None
    data: Digest
    requests: list[Count]
    options: dict[str, Any]
    versions: dict[str, Text]
    machine: Machine
    files: dict[Inside, File]


class Done(Record):
    """done.json of a stage."""

    task_id: Count | None = None
    method: MethodName | None = None
    steps: Count | None = None
    seconds: Number | None = None
    settings: dict[str, Any] = {}
    rows: Count | None = None
    retain_rows: Count | None = None
    replayed: Count | None = None
    diverged: Text | None = None
    calls: dict[Text, Count] = {}
    inside: list[dict[Text, Number | None]] = []
    representation: dict[Text, dict[Text, Number]] = {}
    peak_memory_mb: Number | None = None
    routing: dict[str, Number] = {}
    sampled: dict[Text, Count] = {}
    proof: Proof | None = None
    sha256: Digest | None = None


class Matches(Record):
    """Exact match per modality."""

    image_text: Number | None
    text: Number | None


class Gate(Matches):
    """gate.json of stage 1."""

    threshold: Number
    passed: bool
    held_out: Matches
    neighbour: Matches
    exposure_normalised: Number | None
    rows: Count
    parameters: Count
    steps: Count
    seconds: Number


Series = list[Number | None]


class GoldStage(Record):
    """Scores of one gold model."""

    knowledge: Series
    retain_knowledge: Number | None
    in_sample_utility: Number | None
    in_sample_utility_relative: Number | None
    exposure: Number | None
    exposure_normalised: Number | None
    exposure_chance: Number | None
    seconds: Number


class GoldSummary(Record):
    """gold/summary.json."""

    stages: dict[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}$")], GoldStage]
    knowledge: Series
    representation: dict[Text, dict[Text, dict[Text, Number]]] = {}
    seeds: Annotated[int, Field(ge=1, lt=10**6)]
    sha256: Digest


class Final(Record):
    """The scores of a method: over all stages the parts of the score, after the last one the rest."""

    forget: Number | None
    forget_worst: Number | None
    indistinguishable: Number | None
    keep: Number | None
    keep_worst: Number | None
    fluent: Number | None
    score: Number | None
    score_last: Number | None
    stability: Number | None
    in_sample_utility: Number | None
    in_sample_utility_relative: Number | None
    exposure: Number | None
    exposure_normalised: Number | None
    exposure_excess: Number | None
    flags: list[Text]


class Summary(Record):
    """summary.json of a method."""

    method: MethodName
    T: Annotated[int, Field(ge=1, lt=10**6)]
    knowledge: list[Series]
    retain_knowledge: Series
    in_sample_utility: Series
    forget: Series
    indistinguishable: Series
    keep: Series
    fluent: Series
    exposure: Series
    final: Final
    sampling: dict[Text, dict[Text, Annotated[Series, Field(min_length=2, max_length=2)]]] = {}
    parts: dict[str, Number | None]
    worst_profile: dict[str, list[Any]]
    stability_parts: dict[str, Any]
    in_sample_parts: dict[str, Number | None]
    intervals: dict[str, Annotated[Series, Field(min_length=2, max_length=2)]]
    gold_spread: dict[str, Number]
    gold_seeds: Count
    assumes: list[Text]
    reasons: dict[str, Text]
    not_measured: list[Text]
    inside: dict[Text, Series] = {}
    representation: dict[Text, list[dict[Text, Number]]] = {}
    seconds: Series
    peak_memory_mb: Number
    matrix_sha256: Digest
    sha256: Digest


class Mixture(Record):
    """lumoe.json."""

    base: Annotated[Text, Field(min_length=1)]
    tasks: list[Count]
    gate: Text


class DataFile(Record):
    """The files of a split in a card."""

    split: Text
    path: list[Text]


class Config(Record):
    """A config in a card."""

    config_name: Text
    version: Text
    data_files: list[DataFile]


class Card(Record):
    """The YAML of a build's README.md."""

    configs: list[Config]


class Distribution(Record):
    """A file in croissant.json."""

    contentUrl: Text | None = None
    sha256: Text | None = None


class Croissant(Record):
    """croissant.json of a build."""

    distribution: list[Distribution]


class Settings(Record):
    """tuned.json, or another file of `--settings`."""

    method: MethodName
    settings: dict[str, Any]


def read_record(
    path: Path, kind: type[Record], *, cure: str, error_type: type[UserError] = UserError
) -> dict[str, Any]:
    """Return the content of a JSON file.

    Args:
        path: The file.
        kind: The record that it must hold.
        cure: What the user can do about a file that does not fit.
        error_type: The error to raise.

    Raises:
        UserError: The file cannot be read, is not JSON, or does not fit; the message names the path in the file.
    """
    with border(str(path), cure, error_type=error_type, explain=_unreadable), path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    return parse_record(content, kind, str(path), cure=cure, error_type=error_type)


def parse_record(
    content: bytes, kind: type[Record], name: str, *, cure: str, error_type: type[UserError] = UserError
) -> dict[str, Any]:
    """Return the content of a JSON text; `name` stands for it in the message, the rest is as in `read_record`."""
    with border(name, cure, error_type=error_type, explain=_unreadable):
        if len(content) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
        value = json.loads(content, parse_constant=_constant)
    return check_record(value, kind, name, cure=cure, error_type=error_type)


def check_record(
    value: Any, kind: type[Record], name: str, *, cure: str, error_type: type[UserError] = UserError
) -> dict[str, Any]:
    """Return plain data that fits a record; `name` stands for it in the message, the rest is as in `read_record`."""
    with border(name, cure, error_type=error_type, explain=_unreadable):
        text = json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair cannot be encoded
    try:
        kind.model_validate_json(text)
    except ValidationError as errors:
        raise error_type(f"{name}: {_first(errors)}; {cure}") from None
    return value


def _unreadable(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return f"not valid JSON ({one_line(error)})"


def _first(errors: ValidationError) -> str:
    error = errors.errors(include_url=False)[0]
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{where} is missing"
    reason = error["msg"].removeprefix("Value error, ").replace("Input should be", "expected").replace("valid ", "")
    got = json.dumps(error["input"], ensure_ascii=False, default=str)
    return f"{where or 'the file'}: {reason}, got {got if len(got) <= 60 else got[:57] + '...'}"
