"""build(): a benchmark as a folder that is ready to be a Hub dataset repository."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lethebench.builders.base import Benchmark, Plan
from lethebench.builders.errors import BuildError
from lethebench.builders.options import read_options
from lethebench.builders.registry import find
from lethebench.builders.write.card import write_card, write_eval
from lethebench.builders.write.columns import features_of
from lethebench.builders.write.croissant import write_croissant
from lethebench.builders.write.digest import content_hash, file_hash
from lethebench.builders.write.folder import new_folder
from lethebench.builders.write.manifest import Manifest, library_versions
from lethebench.builders.write.pictures import FORMAT, QUALITY
from lethebench.builders.write.pool import ordered
from lethebench.builders.write.shards import PROFILES_PER_SHARD, ShardWriter
from lethebench.builders.write.units import Made, Task, made, make

Progress = Callable[[int, int], None]
"""Called with (profiles done, profiles in all) as work goes on."""


@dataclass
class Tally:
    """What a group of shards came to hold."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    pictures: set[bytes] = field(default_factory=set)
    nbytes: int = 0
    digests: list[bytes] = field(default_factory=list)

    def add(self, part: Made) -> None:
        """Counts a part in."""
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
) -> Manifest:
    """Builds a benchmark. The folder appears when it is whole; an earlier build in its place stays until then.

    Args:
        name: of a benchmark, e.g. `icu`.
        out: the folder: free, empty, or an earlier build.
        size: `paper`, `small` or a number of profiles.
        seed: 0 or more. Same seed, options and versions: same bytes.
        num_proc: processes, 1 or more; the bytes do not depend on it.
        options: of the benchmark, by name.
        preview: also draw preview.png, a contact sheet that the card shows.
        progress: told how far the work has got.
        source: the official release to take the rows from; None = our own build.

    Returns:
        The manifest, as manifest.json holds it.

    Raises:
        BuildError: anything that the caller can put right; nothing was written.
        OSError: the disk is full or not writable; nothing half written was left, an earlier build is untouched.
    """
    benchmark = find(name, imported=source is not None)
    count = benchmark.profiles(size) if source is None or size not in ("paper", "small") else 0
    for what, value, least in (("seed", seed, 0), ("num_proc", num_proc, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BuildError(f"{what} {value!r}: must be a whole number, at least {least}")
    chosen = read_options(benchmark.OPTIONS, options, name)
    benchmark = benchmark.variant(vars(chosen))
    if source is not None:
        return _import(benchmark, Path(source), Path(out), size, seed, num_proc, chosen, preview, progress)
    try:
        plan = benchmark.plan(count, seed=seed, options=chosen)
    except RuntimeError as error:  # names, or whatever no two profiles share, run out
        raise BuildError(f"size {count}: {error}; try a smaller size") from error
    with new_folder(Path(out)) as folder:
        tallies = write_shards(benchmark, plan, folder, num_proc=num_proc, progress=progress)
        if preview:
            benchmark.preview(plan).save(folder / "preview.png", optimize=True)
        asked = size if size in ("paper", "small") else count
        return _describe(benchmark, plan, tallies, folder, size=asked, seed=seed)


def _import(benchmark, source, out, size, seed, num_proc, options, preview, progress) -> Manifest:
    """A build from an official release. Pictures wait in a folder of the growing build, which a kill cleans up too."""
    if seed:
        raise BuildError(f"seed {seed}: an import draws nothing, leave --seed out")
    if preview:
        benchmark.preview(None)
    with new_folder(out) as folder:
        workshop = folder / "workshop"
        workshop.mkdir()
        release = benchmark.read(source, size=size, options=options, workshop=workshop, num_proc=num_proc)
        plan, benchmark = release.plan, release.benchmark
        tallies = write_shards(benchmark, plan, folder, num_proc=num_proc, progress=progress)
        shutil.rmtree(workshop)
        about = {"source": dict(release.source), "missing": dict(benchmark.MISSING)}
        counted, _ = benchmark.counts(_per_group(tallies), plan.tasks)
        whole = all(counted[what] == number for what, number in benchmark.PAPER_COUNTS.items())
        part = "small" if size == "small" else sum(len(unit.profiles) for unit in plan.units)
        extra = {"counts": release.counts, "imported": about}
        return _describe(benchmark, plan, tallies, folder, size="paper" if whole else part, seed=seed, **extra)


def _describe(
    benchmark: Benchmark,
    plan: Plan,
    tallies: Mapping[str, Tally],
    folder: Path,
    *,
    size: str | int,
    seed: int,
    counts: Mapping[str, int] | None = None,
    imported: Mapping[str, Any] | None = None,
) -> Manifest:
    """Writes everything that stands beside the shards."""
    write_eval(benchmark, folder)
    splits = _splits(benchmark, tallies)
    data = {file: _listing(folder, file) for tally in tallies.values() for file in tally.files}
    write_croissant(benchmark, splits, data, folder)
    rest = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    files = data | {file: _listing(folder, file) for file in rest if file not in data}
    manifest = _manifest(benchmark, plan, tallies, splits, files, size=size, seed=seed)
    manifest = replace(manifest, extra_counts={**manifest.extra_counts, **(counts or {})}, imported=imported)
    manifest.write(folder)
    write_card(benchmark, manifest, folder)
    return manifest


def write_shards(
    benchmark: Benchmark, plan: Plan, folder: Path, *, num_proc: int, progress: Progress | None
) -> dict[str, Tally]:
    """Makes every row and writes it, in the order of the plan; group -> what it came to hold."""
    units = Counter(group for unit in plan.units for group in unit.groups)
    members = Counter(group for unit in plan.units for group in unit.groups for _ in unit.profiles)
    extra = ("candidates/values",) if "candidates" in benchmark.CONFIGS else ()
    schemas = {group: features_of(group).arrow_schema for group in (*units, *extra)}
    writers = {
        group: ShardWriter(
            folder, group, schemas[group], units=units[group], shards=-(-members[group] // PROFILES_PER_SHARD)
        )
        for group in units
    }
    writers |= {group: ShardWriter(folder, group, schemas[group], units=1, shards=1) for group in extra}
    tallies = {group: Tally(files=writer.names) for group, writer in writers.items()}
    done, total = 0, sum(len(unit.profiles) for unit in plan.units)
    try:
        task = Task(benchmark, plan.shared, schemas)
        with closing(ordered(make, plan.units, shared=task, num_proc=min(num_proc, len(plan.units)))) as results:
            for unit, parts in zip(plan.units, results, strict=True):
                for group, part in parts.items():
                    writers[group].add(part.table)
                    tallies[group].add(part)
                done += len(unit.profiles)
                if progress:
                    progress(done, total)
        rows = [{"attribute": attribute, "values": list(values)} for attribute, values in plan.candidates.items()]
        for group in extra:
            part = made(rows, schemas[group])
            writers[group].add(part.table)
            tallies[group].add(part)
    finally:
        for writer in writers.values():
            writer.close()
    return tallies


def _splits(benchmark: Benchmark, tallies: Mapping[str, Tally]) -> dict[str, dict[str, dict]]:
    """config -> split -> rows, files, bytes in memory, content hash."""
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


def _per_group(tallies: Mapping[str, Tally]) -> dict[str, dict[str, int]]:
    return {group: {"rows": tally.rows, "pictures": len(tally.pictures)} for group, tally in tallies.items()}


def _manifest(benchmark, plan, tallies, splits, files, *, size, seed) -> Manifest:
    paper, extra = benchmark.counts(_per_group(tallies), plan.tasks)
    if "candidates" in benchmark.CONFIGS:
        extra["candidate_values"] = sum(len(values) for values in plan.candidates.values())
    return Manifest(
        benchmark=benchmark.NAME,
        version=benchmark.VERSION,
        size=size,
        seed=seed,
        options=dict(plan.options),
        versions=library_versions(),
        tasks=plan.tasks,
        paper_counts=paper,
        extra_counts=extra,
        attributes={attribute: dict(figures) for attribute, figures in plan.attributes.items()},
        apart=[list(names) for names in plan.apart],
        perceptual=dict(benchmark.PERCEPTUAL),
        pictures={"format": FORMAT, "quality": QUALITY},
        licences=dict(benchmark.LICENCES),
        splits=splits,
        files=dict(sorted(files.items())),
    )
