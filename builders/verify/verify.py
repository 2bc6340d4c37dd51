"""verify(): reads a build as a stranger would and says what is wrong with it, by file, row and reason."""

from collections import Counter, defaultdict
from pathlib import Path

from lethebench.builders.errors import BuildError
from lethebench.builders.imports import IMPORTS
from lethebench.builders.registry import BENCHMARKS, find
from lethebench.builders.verify.files import check_card, check_checksums, check_loading, check_schema
from lethebench.builders.verify.findings import Findings, Report
from lethebench.builders.verify.row_pass import BuildCheck, hashes_of, per_group
from lethebench.builders.verify.rows import CHECKS
from lethebench.builders.write.manifest import read_manifest
from lethebench.builders.write.pictures import decode
from lethebench.contract.columns import ROLES

ORDER = (
    "checksums", "schema", "card", "loading", "counts", "content hashes", "ids", "tasks", *CHECKS, "candidates",
    "pictures", "byte twins", "photo twins", "wordings", "fields apart",
)  # fmt: skip
"""The checks, as reports list them."""


def verify(path: str | Path) -> Report:
    """Checks a build.

    Args:
        path: a folder that `build` wrote, or a download of one.

    Returns:
        The verdict; nothing is raised for what is wrong with the data.

    Raises:
        BuildError: the folder is not a build, or is one of a benchmark or major version that this release cannot read.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    imported = manifest.imported is not None
    known = IMPORTS if imported else BENCHMARKS
    if manifest.benchmark not in known:
        kind = "an import of" if imported else "a build of"
        raise BuildError(
            f"{folder} is {kind} {manifest.benchmark!r}, which this release does not know; it knows {', '.join(known)}"
        )
    benchmark = find(manifest.benchmark, imported=imported).variant(manifest.options)
    if str(manifest.version).split(".")[0] != benchmark.VERSION.split(".")[0]:
        raise BuildError(
            f"{folder} is {manifest.benchmark} {manifest.version}, and this release reads "
            f"{benchmark.VERSION.split('.')[0]}.x: build it again, or use the release of lethebench that made it"
        )
    findings = Findings()
    check_checksums(folder, manifest, findings)
    named = [name for splits in manifest.splits.values() for part in splits.values() for name in part["files"]]
    shards = check_schema(folder, [name for name in dict.fromkeys(named) if (folder / name).is_file()], findings)
    check_card(folder, manifest, findings)
    check_loading(folder, manifest, findings)
    check = BuildCheck(folder, manifest, shards, findings)
    check.profiles()
    check.questions()
    check.candidates()
    _counts(check, benchmark)
    _tasks(check)
    _photo_twins(check)
    _apart(check)
    findings.skip("options", "no multiple-choice rows")
    for check_name, why in (manifest.imported or {}).get("missing", {}).items():
        findings.skip(check_name, why)
    return findings.report(str(folder), ORDER)


def _counts(check: BuildCheck, benchmark) -> None:
    manifest, findings = check.manifest, check.findings
    for config, split, rows, content in hashes_of(check):
        declared = manifest.splits[config][split]
        if rows != declared["rows"]:
            findings.add(
                "counts", f"config {config}, split {split} has {rows} rows, the manifest says {declared['rows']}"
            )
        if content != declared["content_hash"]:
            findings.add(
                "content hashes", f"config {config}, split {split}: the rows are not those the manifest was made of"
            )
    groups = defaultdict(Counter, per_group(check))
    paper, extra = benchmark.counts(groups, manifest.tasks)
    declared = {**manifest.paper_counts, **manifest.extra_counts}
    for what, number in {**paper, **extra}.items():
        if declared.get(what) != number:
            findings.add("counts", f"{number} {what.replace('_', ' ')}, the manifest says {declared.get(what)}")
    if manifest.size == "paper":
        for what, number in benchmark.paper_counts(manifest.options).items():
            if what != "tasks" and paper[what] != number:
                findings.add("counts", f"{paper[what]} {what} at paper size, the paper has {number}")
    findings.looked("counts", ", ".join(f"{number} {what}" for what, number in paper.items()))
    findings.looked("content hashes", f"{sum(len(splits) for splits in manifest.splits.values())} splits")


def _tasks(check: BuildCheck) -> None:
    """Task ids run 0..T-1 without a gap."""
    found = {person.task_id for person in check.people.values() if ROLES[person.role] == "forget"}
    expected = set(range(check.manifest.tasks))
    for task in sorted(expected - found):
        check.findings.add("tasks", f"no profile is to be forgotten in task {task} of {check.manifest.tasks}")
    for task in sorted(found - expected):
        check.findings.add("tasks", f"task_id {task} lies outside 0..{check.manifest.tasks - 1}")
    check.findings.looked("tasks", f"{len(found)} tasks")


def _photo_twins(check: BuildCheck) -> None:
    if not check.photos.known:
        check.findings.skip("photo twins", "no profile says where its photo stands")
        return
    pages = (
        (row["profile_id"], decode((row["images"] + row["thumbnails"])[0]["bytes"]))
        for _, _, row in check._rows("profiles")
        if row["profile_id"] in check.photos.known
    )
    part = check.manifest.perceptual["part"]
    for name, other, likeness in check.photos.twins(pages):
        check.findings.add("photo twins", f"its {part} is that of {other} ({likeness:.2f})", id=name)
    check.findings.looked("photo twins", f"{len(check.photos.known)} photos, threshold {check.photos.threshold}")


def _apart(check: BuildCheck) -> None:
    """No forget, retain and holdout profile share a combination of fields that the manifest keeps apart."""
    for names in check.manifest.apart:
        seen: dict[tuple[str, ...], str] = {}
        for profile_id, person in check.people.items():
            values = {**check.details[profile_id], **person.values}
            if not all(name in values for name in names):
                continue
            key = tuple(values[name] for name in names)
            other = seen.setdefault(key, profile_id)
            if other != profile_id:
                check.findings.add(
                    "fields apart", f"shares {' and '.join(names)} with {other}: {', '.join(key)}", id=profile_id
                )
    if check.manifest.apart:
        check.findings.looked("fields apart", ", ".join(" + ".join(names) for names in check.manifest.apart))
    else:
        check.findings.skip("fields apart", "the benchmark keeps none apart")
