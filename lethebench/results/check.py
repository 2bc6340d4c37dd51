"""Check results: one before it is sent, and a whole repository before a pull request is merged."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from lethebench.contract.errors import UserError, one_line
from lethebench.results.recompute import check_questions, check_seed, scores_of
from lethebench.results.record import CURE, ROOT, path_of, read_result, read_rules, result_files
from lethebench.results.rows import questions_of_build, unpack
from lethebench.runs.figures import difference


@dataclass(frozen=True)
class Checked:
    """The outcome of a check.

    Attributes:
        new: Path -> result that was checked and is right.
        refused: Path -> reason in one line.
        earlier: Path -> result of the repository that was there before.
    """

    new: dict[str, dict[str, Any]]
    refused: dict[str, str]
    earlier: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class KnownBuild:
    """A build that results are compared with: its folder, manifest and hashes of its questions."""

    folder: Path
    manifest: Mapping[str, Any]
    questions: Mapping[str, str | None]


def check_result(path: Path, name: str, *, min_seeds: int, builds: Sequence[KnownBuild] = ()) -> dict[str, Any]:
    """Return a result that is right.

    Args:
        path: Its file; the rows are beside it.
        name: Its path in the repository.
        min_seeds: Number of seeds that it needs.
        builds: Builds; a result on one of them must have its questions.

    Raises:
        UserError: In one line, what is wrong.
    """
    result = read_result(path)
    _check_facts(result, name, min_seeds)
    rows = path.with_suffix(".parquet")
    if not rows.is_file():
        raise UserError(f"{name} has no {rows.name} beside it, from which its figures follow; submit both")
    with rows.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != result["rows"]["sha256"]:
        raise UserError(
            f"{name}: {rows.name} has the SHA-256 {digest[:12]}, not {result['rows']['sha256'][:12]}; {CURE}"
        )
    for build in builds:
        _check_build(result, name, build)
    seeds = {seed["seed"]: seed for seed in result["seeds"]}
    for number, group in groupby(unpack(rows), key=lambda part: part.seed):
        parts = list(group)
        if number not in seeds:
            raise UserError(f"{name}: its rows have the seed {number}, and it states none or has it twice; {CURE}")
        check_questions(result, number, parts, name)
        check_seed(seeds.pop(number), result["method"], parts, name)
    if seeds:
        raise UserError(f"{name}: its rows lack the seed {', '.join(map(str, seeds))}; submit the runs of all seeds")
    where = difference(result["scores"], scores_of([seed["summary"] for seed in result["seeds"]]))
    if where is not None:
        raise UserError(f"{name}: scores.{where} does not follow from its seeds; {CURE}")
    return result


def _check_facts(result: Mapping[str, Any], name: str, min_seeds: int) -> None:
    """Raise UserError for what the file alone shows to be wrong."""
    expected = str(path_of(dict(result), Path(name).stem))
    data, seeds = result["data"], [seed["seed"] for seed in result["seeds"]]
    if (data["version"], data["benchmark"]) != (result["benchmark_version"], result["benchmark"]):
        raise UserError(
            f"{name}: it was measured on {data['benchmark']} {data['version']}, and states "
            f"{result['benchmark']} {result['benchmark_version']}; {CURE}"
        )
    if name != expected:
        raise UserError(f"{name}: by its content it belongs at {expected}; {CURE}")
    if len(set(seeds)) < len(seeds):
        raise UserError(f"{name}: two of its seeds {', '.join(map(str, seeds))} are the same; {CURE}")
    if len(seeds) < min_seeds:
        raise UserError(
            f"{name}: it has {len(seeds)} of at least {min_seeds} seeds; run the others and submit all in one command"
        )
    for seed in result["seeds"]:
        if not seed["gate"]["passed"]:
            raise UserError(
                f"{name}: seed {seed['seed']} did not pass the memorization gate, so there was little to forget; train "
                "stage 1 longer"
            )
        if seed["manifest_sha256"] != data["manifest_sha256"]:
            raise UserError(f"{name}: seed {seed['seed']} was measured on another build; submit runs on one build")
        if len(seed["task_order"]) != result["tasks"] or str(result["tasks"]) not in seed["gold"]["stages"]:
            raise UserError(f"{name}: seed {seed['seed']} has no gold model after its {result['tasks']} tasks; {CURE}")
    if result["tuning"]["trials"] == 0 and (result["settings"] or result["elsewhere"]):
        raise UserError(f"{name}: its settings are not those of a preset, and tuning.trials is 0; declare the trials")


def open_builds(folders: Sequence[Path]) -> list[KnownBuild]:
    """Return builds with the hashes of their questions; raise UserError if one cannot be opened."""
    from lethebench.runs.quiet import open_quietly

    return [KnownBuild(folder, open_quietly(folder).manifest, questions_of_build(folder)) for folder in folders]


def _check_build(result: Mapping[str, Any], name: str, build: KnownBuild) -> None:
    """Raise UserError if a result states the data of a build, and has other questions."""
    data = result["data"]
    if any(build.manifest.get(key) != data[key] for key in ("benchmark", "version", "size", "seed", "options")):
        return
    if any(data["questions"][part] != digest for part, digest in build.questions.items() if digest is not None):
        raise UserError(f"{name}: it has other questions than {build.folder}, which it states; measure on that build")


def check_repository(
    folder: Path, base: Path | None = None, builds: Sequence[KnownBuild] = (), *, links: bool = False
) -> Checked:
    """Check the results of a repository.

    Args:
        folder: The repository with the pull request.
        base: The repository before it: results that are in both are not computed again. None = check all.
        builds: As in `check_result`.
        links: As in `result_files`.

    Raises:
        UserError: The folder is not a results repository.
    """
    rules = read_rules(folder if base is None else base)
    new: dict[str, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    earlier: dict[str, dict[str, Any]] = {}
    before = {} if base is None or not (base / ROOT).is_dir() else _names(base, links)
    now = _names(folder, links)
    for name in before:
        if name not in now:
            refused[name] = f"{name} is removed; results of others stay"
    for name, path in now.items():
        try:
            if name in before:
                earlier[name] = read_result(before[name])
                pairs = [(one, one.with_suffix(".parquet")) for one in (before[name], path)]
                if any(one.read_bytes() != other.read_bytes() for one, other in zip(*pairs, strict=True)):
                    raise UserError(f"{name} is changed; submit another result, and leave this one")
                continue
            new[name] = check_result(path, name, min_seeds=rules["min_seeds"], builds=builds)
        except (UserError, OSError) as error:
            refused[name] = one_line(error)
    for name, reason in _inconsistent(new, earlier):
        refused[name] = reason
        new.pop(name, None)
    return Checked(new, refused, earlier)


def _names(folder: Path, links: bool) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in result_files(folder, links=links)}


def _inconsistent(new: Mapping[str, Any], earlier: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (path, reason) of new results that contradict others."""
    wrong = []
    questions: dict[str, tuple[str, Any]] = {}
    runs: dict[tuple[str, str], str] = {}
    trials: dict[str, tuple[str, int]] = {}
    for name, result in [*earlier.items(), *new.items()]:
        data, is_new = result["data"], name in new
        version = repr([data[key] for key in ("benchmark", "version", "size", "seed", "options", "imported_from")])
        other, digests = questions.setdefault(version, (name, data["questions"]))
        if is_new and digests != data["questions"]:
            wrong.append((name, f"{name}: it has other questions than {other}, of the same data version; build again"))
        for seed in result["seeds"]:
            twin = runs.setdefault((seed["id"], result["method"]), name)
            if is_new and twin != name:
                wrong.append((name, f"{name}: its seed {seed['seed']} is already in {twin}; submit only new runs"))
            first, count = trials.setdefault(seed["id"], (name, result["tuning"]["trials"]))
            if is_new and count != result["tuning"]["trials"]:
                reason = f"{result['method']} was tuned with {result['tuning']['trials']} trials, and with {count} the"
                wrong.append((name, f"{name}: {reason} method of {first}, of the same run; tune with equal --budget"))
    return wrong
