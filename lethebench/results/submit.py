"""`lethe submit` and `lethe check-results`: the same check before a result is sent and before it is merged."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import CommitOperationAdd

from lethebench import __version__
from lethebench.console import Console
from lethebench.contract.own_folder import new_file
from lethebench.contract.records import parse_record
from lethebench.errors import CheckFailed, UserError
from lethebench.hub.diff import refuse_leaks
from lethebench.hub.fetch import is_hub_id, local_data
from lethebench.hub.repository import Hub, local_paths
from lethebench.report.seeds import Stat
from lethebench.report.tables import number, stat_cell
from lethebench.results.check import check_repository, check_result, open_builds
from lethebench.results.compare import comparison
from lethebench.results.make import Submission, submissions
from lethebench.results.record import ROOT, RULES, SCHEMA, Rules, read_rules

TEMPLATE = Path(__file__).parent / "repository"
PATTERNS = ("results/*.json", "results/*.parquet", RULES)


def submit_command(
    runs: Sequence[Path],
    to: str,
    *,
    methods: Sequence[str] | None = None,
    model: str | None = None,
    tuned: Sequence[Path] = (),
    trials: int | None = None,
    link: str | None = None,
    dry_run: bool = False,
) -> tuple[dict[str, Any], str]:
    """Write results into a repository, or open a pull request; return the object for `--json` and the text.

    Raises:
        UserError: A run or result is refused, or the Hub refuses, in one line.
    """
    results = submissions(runs, methods=methods, model=model, tuned=tuned, trials=trials, link=link)
    files = {name: content for result in results for name, content in result.files().items()}
    refuse_leaks(files, None, local_paths(*runs))
    if is_hub_id(to):
        return _to_hub(results, files, to, dry_run)
    folder = Path(to)
    _check(results, files, read_rules(folder))
    if existing := next((name for name in files if (folder / name).exists()), None):
        raise UserError(f"{folder / existing} exists: these runs are submitted already")
    if not (folder / ROOT).is_dir():
        files |= {name: content for name, content in _first_files().items() if not (folder / name).exists()}
    if not dry_run:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with new_file(folder / name) as unfinished:
                unfinished.write_bytes(content)
    return _described(results, files, to, None, "would write" if dry_run else "wrote")


def _first_files() -> dict[str, bytes]:
    """Return path -> content of what a new results repository gets: README, rules, schema and the workflow."""
    workflow = (TEMPLATE / "check-results.yml").read_text("utf-8").replace("@vVERSION", f"@v{__version__}")
    return {
        "README.md": (TEMPLATE / "README.md").read_bytes(),
        RULES: (TEMPLATE / RULES).read_bytes(),
        SCHEMA.name: SCHEMA.read_bytes(),
        ".github/workflows/check-results.yml": workflow.encode(),
    }


def _check(results: Sequence[Submission], files: dict[str, bytes], rules: dict[str, Any]) -> None:
    """Check the results as their repository does."""
    with TemporaryDirectory() as temporary:
        for result in results:
            path = Path(temporary) / result.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[str(result.path)])
            path.with_suffix(".parquet").write_bytes(result.rows)
            check_result(path, str(result.path), min_seeds=rules["min_seeds"])


def _to_hub(
    results: Sequence[Submission], files: dict[str, bytes], name: str, dry_run: bool
) -> tuple[dict[str, Any], str]:
    hub = Hub(name, "dataset", Console(), read_only=dry_run, purpose="submit")
    with hub.explained():
        state = hub.state()
        if state is None:
            raise UserError(f"{name} is no dataset on the Hub that this token may read; give a results repository")
        rules = Rules().model_dump()
        if RULES in state.files:
            text = hub.read(RULES, state.commit)
            rules |= parse_record(text, Rules, f"{RULES} of {name}", cure="tell its owners")
        _check(results, files, rules)
        if existing := next((path for path in files if path in state.files), None):
            raise UserError(f"{name} has {existing} already: these runs are submitted")
        if dry_run:
            return _described(results, files, name, None, "would open a pull request with")
        additions = [CommitOperationAdd(path, content) for path, content in files.items()]
        url = hub.pull_request(additions, state.commit, _title(results), _description(results))
    return _described(results, files, name, url, "opened a pull request with")


def _title(results: Sequence[Submission]) -> str:
    first = results[0].result
    methods = ", ".join(dict.fromkeys(one.result["method"] for one in results))
    return f"{methods} on {first['benchmark']} {first['benchmark_version']}, {first['model']}"


def _description(results: Sequence[Submission]) -> str:
    return "\n".join(["Submitted by `lethe submit`, and checked before.", "", *(f"- `{one.path}`" for one in results)])


def _described(
    results: Sequence[Submission], files: dict[str, bytes], to: str, url: str | None, verb: str
) -> tuple[dict[str, Any], str]:
    lines = [f"{verb} {len(files)} files in {to}:"]
    lines += [f"+ {name} ({len(content):,} bytes)" for name, content in files.items()]
    for one in results:
        score = one.result["scores"]["score"]
        cell = stat_cell(Stat(**score))
        note = f" ({cell.note})" if cell.note else ""
        trials = one.result["tuning"]["trials"]
        budget = f"{trials} trials" if trials else "settings of the preset"
        seeds = ", ".join(str(seed["seed"]) for seed in one.result["seeds"])
        lines.append(f"{one.result['method']}: score {number(score['value'])}{note}; seeds {seeds}; {budget}")
    value = {
        "to": to,
        "pull_request": url,
        "sent": not verb.startswith("would"),
        "files": {name: len(content) for name, content in files.items()},
        "results": {str(one.path): one.result["scores"] for one in results},
    }
    return value, "\n".join([*lines, *([url] if url else [])])


def check_command(
    repository: str, base: str | None, data: Sequence[Path], comment: Path | None
) -> tuple[dict[str, Any], str]:
    """Check a results repository; return the object for `--json` and the text.

    Raises:
        UserError: It is not a results repository.
        CheckFailed: A result is refused.
    """
    folder, before = repository_folder(repository), None if base is None else repository_folder(base)
    checked = check_repository(folder, before, open_builds(data), links=is_hub_id(repository))
    if comment is not None:
        with new_file(comment) as unfinished:
            unfinished.write_text(comparison(checked), encoding="utf-8")
    if checked.refused:
        raise CheckFailed("\n".join(checked.refused.values()))
    earlier = f", {len(checked.earlier)} were there before" if before else ""
    text = f"{len(checked.new)} results are right: figures computed again from the rows, nothing refused{earlier}"
    return {"checked": sorted(checked.new), "earlier": len(checked.earlier)}, text


def repository_folder(repository: str) -> Path:
    """Return the folder of a results repository, downloaded if it is on the Hub."""
    return local_data(repository, PATTERNS) if is_hub_id(repository) else Path(repository)
