"""Build a benchmark as a folder that is ready to be a Hub dataset repository."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lethebench.builders.audits.audit import audit
from lethebench.builders.base import Benchmark, GroupCounts
from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.base import Import
from lethebench.builders.options import Options, read_options
from lethebench.builders.records import Plan
from lethebench.builders.registry import find
from lethebench.builders.relearn import GROUP as RELEARN
from lethebench.builders.relearn import relearn_rows
from lethebench.builders.write.card import write_card, write_eval
from lethebench.builders.write.columns import features_of
from lethebench.builders.write.croissant import write_croissant
from lethebench.builders.write.digest import content_hash, file_hash
from lethebench.builders.write.manifest import Manifest, library_versions
from lethebench.builders.write.pictures import FORMAT, QUALITY
from lethebench.builders.write.pool import in_own_process, ordered
from lethebench.builders.write.shards import PROFILES_PER_SHARD, ShardWriter
from lethebench.builders.write.units import UnitContext, UnitTable, unit_table, unit_tables
from lethebench.contract.folder_kinds import BUILD
from lethebench.contract.own_folder import discard, new_folder, refuse_foreign
from lethebench.generation.writer.writer import Writer

Progress = Callable[[int, int], None]
"""Called with (profiles done, profiles in total) after each unit of work."""


@dataclass(frozen=True)
class BuildRequest:
    """A checked call of `build`: the benchmark's variant and the options are those for the size."""

    benchmark: Benchmark
    options: Options
    size: str | int
    seed: int
    num_proc: int
    preview: bool
    progress: Progress | None


@dataclass
class Tally:
    """Files, rows and pictures of one group of shards."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    pictures: set[bytes] = field(default_factory=set)
    nbytes: int = 0
    digests: list[bytes] = field(default_factory=list)

    def add(self, part: UnitTable) -> None:
        """Count a unit's rows."""
        self.rows += part.table.num_rows
        self.pictures |= part.pictures
        self.nbytes += part.table.nbytes
        self.digests += part.digests


def build(
    name: str,
    out: str | Path,
    *,
    size: str | int = "paper",
    seed: int = 0,
    num_proc: int = 1,
    options: Mapping[str, Any] | None = None,
    preview: bool = False,
    progress: Progress | None = None,
    source: str | Path | None = None,
    writer: Writer | None = None,
) -> Manifest:
    """Build a benchmark. The folder appears when it is complete; an earlier build in its place stays until then.

    Args:
        name: of a benchmark, e.g. `icu`.
        out: the folder: free, empty, or an earlier build.
        size: `paper`, `small` or a number of profiles.
        seed: 0 or more. The same seed, options and library versions give the same bytes.
        num_proc: processes, 1 or more; the bytes do not depend on it.
        options: of the benchmark, by name.
        preview: whether to draw preview.png, a contact sheet that the card shows.
        progress: called after each unit of work.
        source: an official release to take the rows from; None builds our own data.
        writer: a language model that writes profiles and wordings, with the same seed; None takes them from templates.

    Returns:
        The contents of manifest.json.

    Raises:
        BuildError: wrong use or bad input; nothing was written.
        OSError: the disk is full or not writable; no partial build is left, an earlier build is untouched.
    """
    request, count = _checked(name, size, seed, num_proc, options, preview, progress, imported=source is not None)
    if source is not None:
        if writer is not None:
            raise BuildError("--writer: an import has the texts of its release; leave out --writer or --from")
        return _import(request, Path(source), Path(out))
    refuse_foreign(Path(out), BUILD, BuildError)
    plan = _plan(request, count, writer)
    with new_folder(Path(out), BUILD, BuildError) as folder:
        tallies = write_shards(request, plan, folder)
        if preview:
            request.benchmark.preview(plan).save(folder / "preview.png", optimize=True)
        return _describe(request, plan, tallies, folder, written=None if writer is None else writer.record())


def dry_run(
    name: str,
    *,
    size: str | int = "paper",
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    writer: Writer,
) -> None:
    """Let a writer write everything that a build needs, and write no file; see `build`."""
    request, count = _checked(name, size, seed, 1, options, False, None, imported=False)
    _plan(request, count, writer)


def _checked(
    name: str,
    size: str | int,
    seed: int,
    num_proc: int,
    options: Mapping[str, Any] | None,
    preview: bool,
    progress: Progress | None,
    *,
    imported: bool,
) -> tuple[BuildRequest, int]:
    """Return the arguments of `build` as a request, and the number of profiles; raise BuildError for invalid ones."""
    benchmark = find(name, imported=imported)
    count = benchmark.profile_count(size)
    for parameter, value, least in (("seed", seed, 0), ("num_proc", num_proc, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BuildError(f"{parameter} {value!r}: must be a whole number, at least {least}")
    chosen = read_options(benchmark.OPTIONS, options, name).resolve(count)
    benchmark = benchmark.variant(vars(chosen))
    if preview and not benchmark.has_preview:
        raise BuildError(f"--preview: {benchmark.CARD.title} has no contact sheet; leave it out")
    size = size if size in ("paper", "small") else count
    return BuildRequest(benchmark, chosen, size, seed, num_proc, preview, progress), count


def _plan(request: BuildRequest, count: int, writer: Writer | None) -> Plan:
    benchmark, seed, options = request.benchmark, request.seed, request.options
    try:
        if writer is None:
            return benchmark.plan(count, seed=seed, options=options)
        return benchmark.written_plan(count, seed=seed, options=options, writer=writer)
    except RuntimeError as error:  # names, or other values that no two profiles share, run out
        raise BuildError(f"size {count}: {error}; try a smaller size") from error


def _import(request: BuildRequest, source: Path, out: Path) -> Manifest:
    """Build from an official release. Converted pictures wait inside the unfinished build, so they go with it."""
    importer = request.benchmark
    assert isinstance(importer, Import)
    if request.seed:
        raise BuildError(f"seed {request.seed}: an import draws nothing at random, leave --seed out")
    with new_folder(out, BUILD, BuildError) as folder:
        workshop = folder / "workshop"
        workshop.mkdir()
        release = importer.read(
            source, size=request.size, options=request.options, workshop=workshop, num_proc=request.num_proc
        )
        request = replace(request, benchmark=release.benchmark)
        tallies = write_shards(request, release.plan, folder)
        discard(workshop)
        counted, _ = release.benchmark.counts(_group_counts(tallies), release.plan.tasks)
        size: str | int = request.size
        whole = release.benchmark.PAPER_COUNTS
        if whole and all(counted[name] == number for name, number in whole.items()):
            size = "paper"
        elif size != "small":
            size = sum(unit.profile_count for unit in release.plan.units)
        imported = {"source": dict(release.source), "missing": dict(release.benchmark.MISSING)}
        return _describe(request, release.plan, tallies, folder, size=size, counts=release.counts, imported=imported)


def _describe(
    request: BuildRequest,
    plan: Plan,
    tallies: Mapping[str, Tally],
    folder: Path,
    *,
    size: str | int | None = None,
    counts: Mapping[str, int] | None = None,
    imported: Mapping[str, Any] | None = None,
    written: Mapping[str, Any] | None = None,
) -> Manifest:
    """Write everything beside the shards; `size`, `counts` and `imported` are those of an import."""
    benchmark = request.benchmark
    write_eval(benchmark, folder)
    splits = _splits(benchmark, tallies)
    data = {file: _listing(folder, file) for tally in tallies.values() for file in tally.files}
    write_croissant(benchmark, splits, data, folder)
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    files = data | {name: _listing(folder, name) for name in names if name not in data}
    paper_counts, extra_counts = benchmark.counts(_group_counts(tallies), plan.tasks)
    if "candidates" in benchmark.CONFIGS:
        extra_counts["candidate_values"] = sum(len(values) for values in plan.candidates.values())
    manifest = Manifest(
        benchmark=benchmark.NAME,
        version=benchmark.VERSION,
        size=request.size if size is None else size,
        seed=request.seed,
        options=request.options.record(),
        versions=library_versions(),
        tasks=plan.tasks,
        paper_counts=paper_counts,
        extra_counts={**extra_counts, **(counts or {})},
        attributes={attribute: dict(figures) for attribute, figures in plan.attributes.items()},
        apart=[list(names) for names in plan.apart],
        perceptual=benchmark.PHOTOS.record(),
        pictures={"format": FORMAT, "quality": QUALITY},
        licences=dict(benchmark.CARD.licenses),
        splits=splits,
        files=dict(sorted(files.items())),
        audits=_audits(request, folder, splits),
        imported=imported,
        written=written,
    )
    manifest.write(folder)
    write_card(benchmark, manifest, folder)
    return manifest


def _audits(request: BuildRequest, folder: Path, splits: Mapping[str, Mapping[str, Mapping]]) -> dict[str, Any]:
    """Return the figures of the audits, from a process of their own if the build has several: this one holds a plan."""
    visible = request.benchmark.visible
    if request.num_proc == 1:
        return audit(folder, splits, visible)
    return in_own_process(audit, folder, splits, visible)


def write_shards(request: BuildRequest, plan: Plan, folder: Path) -> dict[str, Tally]:
    """Generate every row and write it, in the order of the plan; return group -> its tally."""
    benchmark = request.benchmark
    units = Counter(group for unit in plan.units for group in unit.groups)
    profiles: Counter[str] = Counter()
    for unit in plan.units:
        profiles.update(dict.fromkeys(unit.groups, unit.profile_count))
    shards = {group: plan.shards.get(group) or -(-count // PROFILES_PER_SHARD) for group, count in profiles.items()}
    extra = _extra_rows(benchmark, plan)
    schemas = {group: features_of(group).arrow_schema for group in (*units, *extra)}
    writers = {
        group: ShardWriter(folder, group, schemas[group], units=units[group], shards=shards[group]) for group in units
    }
    writers |= {group: ShardWriter(folder, group, schemas[group], units=1, shards=1) for group in extra}
    tallies = {group: Tally(files=writer.names) for group, writer in writers.items()}
    done, total = 0, sum(unit.profile_count for unit in plan.units)
    num_proc = min(request.num_proc, len(plan.units))
    try:
        context = UnitContext(benchmark, plan.shared, schemas)
        with closing(ordered(unit_tables, plan.units, shared=context, num_proc=num_proc)) as results:
            for unit, parts in zip(plan.units, results, strict=True):
                for group, part in parts.items():
                    writers[group].add(part.table)
                    tallies[group].add(part)
                done += unit.profile_count
                if request.progress:
                    request.progress(done, total)
        for group, rows in extra.items():
            part = unit_table(rows, schemas[group])
            writers[group].add(part.table)
            tallies[group].add(part)
    finally:
        for writer in writers.values():
            writer.close()
    return tallies


def _extra_rows(benchmark: Benchmark, plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return group -> its rows, for those groups that are no unit's."""
    rows: dict[str, list[dict[str, Any]]] = {
        "candidates/values": [{"attribute": name, "values": list(values)} for name, values in plan.candidates.items()],
        RELEARN: relearn_rows(plan.relearn),
    }
    groups = {group for splits in benchmark.CONFIGS.values() for parts in splits.values() for group in parts}
    return {group: part for group, part in rows.items() if group in groups}


def _splits(benchmark: Benchmark, tallies: Mapping[str, Tally]) -> dict[str, dict[str, dict]]:
    """Return config -> split -> rows, files, bytes in memory, content hash."""
    return {
        config: {
            split: {
                "rows": sum(tallies[group].rows for group in groups),
                "nbytes": sum(tallies[group].nbytes for group in groups),
                "files": [file for group in groups for file in tallies[group].files],
                "content_hash": content_hash(digest for group in groups for digest in tallies[group].digests),
            }
            for split, groups in splits.items()
        }
        for config, splits in benchmark.CONFIGS.items()
    }


def _listing(folder: Path, name: str) -> dict[str, Any]:
    return {"bytes": (folder / name).stat().st_size, "sha256": file_hash(folder / name)}


def _group_counts(tallies: Mapping[str, Tally]) -> GroupCounts:
    return GroupCounts(
        {group: tally.rows for group, tally in tallies.items()},
        {group: tally.pictures for group, tally in tallies.items()},
    )
