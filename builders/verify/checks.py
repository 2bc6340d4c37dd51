"""The checks of a build: hashes, schema, card, loading, rows, pictures, leaks and audits."""

from pathlib import Path

from lethebench.builders.base import Benchmark
from lethebench.builders.registry import benchmark_of_build
from lethebench.builders.verify.audits import CHECKS as AUDITS
from lethebench.builders.verify.audits import check_audits
from lethebench.builders.verify.files import (
    check_card,
    check_checksums,
    check_loading,
    check_schema,
    refuse_links_out,
)
from lethebench.builders.verify.findings import Findings, Report
from lethebench.builders.verify.requests import check_persons, requested_tasks, same_person
from lethebench.builders.verify.row_pass import BuildCheck, group_counts, hashes_of
from lethebench.builders.verify.rows import CHECKS
from lethebench.builders.write.manifest import read_manifest
from lethebench.contract.columns import ROLES
from lethebench.contract.image_reader import read_picture

ORDER = (
    "checksums", "schema", "card", "loading", "counts", "content hashes", "ids", "tasks", *CHECKS, "candidates",
    "pictures", "byte twins", "photo twins", "wordings", "fields apart", *AUDITS,
)  # fmt: skip
"""The checks in the order of a report."""


def check_build(folder: Path) -> Report:
    """Run every check on a build; see `verify`."""
    refuse_links_out(folder)
    manifest = read_manifest(folder)
    benchmark = benchmark_of_build(folder, manifest.benchmark, manifest.version, imported=manifest.imported is not None)
    benchmark = benchmark.variant(manifest.options)
    findings = Findings()
    check_checksums(folder, manifest, findings)
    listed = [name for splits in manifest.splits.values() for part in splits.values() for name in part["files"]]
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet") if path.is_file()}
    shards = check_schema(folder, [name for name in dict.fromkeys(listed) if name in present], findings)
    check_card(folder, manifest, findings)
    check_loading(folder, manifest, findings)
    check = BuildCheck(folder, manifest, shards, findings)
    check.profiles()
    check.questions()
    check.candidates()
    check.relearn()
    _check_counts(check, benchmark)
    _check_tasks(check)
    check_persons(check)
    _check_photo_twins(check)
    _check_apart(check)
    check_audits(folder, manifest, benchmark, findings)
    findings.skip("options", "no multiple-choice rows")
    for name, reason in (manifest.imported or {}).get("missing", {}).items():
        findings.skip(name, reason)
    return findings.report(str(folder), ORDER)


def _check_counts(check: BuildCheck, benchmark: Benchmark) -> None:
    manifest, findings = check.manifest, check.findings
    for config, split, rows, content in hashes_of(check):
        declared, name = manifest.splits[config][split], f"config {config}, split {split}"
        if rows != declared["rows"]:
            findings.add("counts", f"{name} has {rows} rows, the manifest says {declared['rows']}")
        if content != declared["content_hash"]:
            findings.add("content hashes", f"{name}: the rows differ from those that were built")
    paper, extra = benchmark.counts(group_counts(check), manifest.tasks)
    counts = {**manifest.paper_counts, **manifest.extra_counts}
    for name, number in {**paper, **extra}.items():
        if counts.get(name) != number:
            findings.add("counts", f"{number} {name.replace('_', ' ')}, the manifest says {counts.get(name)}")
    if manifest.size == "paper":
        for name, number in benchmark.paper_counts(manifest.options).items():
            if name != "tasks" and paper[name] != number:
                findings.add("counts", f"{paper[name]} {name} at paper size, the paper has {number}")
    findings.passed("counts", ", ".join(f"{number} {name}" for name, number in paper.items()))
    findings.passed("content hashes", f"{sum(len(splits) for splits in manifest.splits.values())} splits")


def _check_tasks(check: BuildCheck) -> None:
    """Check that task ids run from 0 to T - 1 without a gap."""
    task_ids = {person.task_id for person in check.people.values() if ROLES[person.role] == "forget"}
    task_ids |= requested_tasks(check)
    expected = set(range(check.manifest.tasks))
    for task in sorted(expected - task_ids):
        check.findings.add("tasks", f"no profile is to be forgotten in task {task} of {check.manifest.tasks}")
    for task in sorted(task_ids - expected):
        check.findings.add("tasks", f"task_id {task} lies outside 0..{check.manifest.tasks - 1}")
    check.findings.passed("tasks", f"{len(task_ids)} tasks")


def _check_photo_twins(check: BuildCheck) -> None:
    if not check.photos.by_profile:
        check.findings.skip("photo twins", "no profile has the position of its photo")
        return
    pages = (
        (row["profile_id"], read_picture((row["images"] + row["thumbnails"])[0]["bytes"]).image)
        for _, _, row in check.rows("profiles")
        if row["profile_id"] in check.photos.by_profile
    )
    part = check.manifest.perceptual["part"]
    for profile_id, other, similarity in check.photos.twins(pages):
        if not same_person(check, profile_id, other):
            check.findings.add("photo twins", f"its {part} is that of {other} ({similarity:.2f})", id=profile_id)
    check.findings.passed("photo twins", f"{len(check.photos.by_profile)} photos, threshold {check.photos.threshold}")


def _check_apart(check: BuildCheck) -> None:
    """Check that no two profiles share a combination of fields that the manifest keeps apart."""
    for names in check.manifest.apart:
        first_profile: dict[tuple[str, ...], str] = {}
        for profile_id, person in check.people.items():
            values = {**check.details[profile_id], **person.values}
            if not all(name in values for name in names):
                continue
            key = tuple(values[name] for name in names)
            other = first_profile.setdefault(key, profile_id)
            if other != profile_id and not (names == ["name"] and same_person(check, profile_id, other)):
                reason = f"shares {' and '.join(names)} with {other}: {', '.join(key)}"
                check.findings.add("fields apart", reason, id=profile_id)
    if check.manifest.apart:
        check.findings.passed("fields apart", ", ".join(" + ".join(names) for names in check.manifest.apart))
    else:
        check.findings.skip("fields apart", "the benchmark keeps none apart")
