"""The rows of `lethe list` on benchmarks and imports, and where their classes are; imports none of them.

What a row repeats of its class, a test compares with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lethebench.builders.base import Benchmark
    from lethebench.builders.card_text import Paper


@dataclass(frozen=True)
class Entry:
    """A row of the registry.

    Attributes:
        target: "package.module:Class" of the `Benchmark`.
        version: its `VERSION`.
        after: name and address of the publication that it follows.
    """

    target: str
    version: str
    after: str


@dataclass(frozen=True)
class BenchmarkEntry(Entry):
    """A benchmark: its `SUMMARY`, and the profiles of a small build and of one of paper size."""

    summary: str
    small: int
    paper: int


@dataclass(frozen=True)
class ImportEntry(Entry):
    """An import: what `--from` takes, and option -> what it does."""

    source: str
    options: Mapping[str, str] = field(default_factory=dict)


def benchmark_entry(target: str, benchmark: "Benchmark") -> BenchmarkEntry:
    """Return the row that the class of a benchmark states."""
    sizes = benchmark.SIZES
    return BenchmarkEntry(
        target, benchmark.VERSION, publication(benchmark.PAPER), benchmark.SUMMARY, sizes.small, sizes.paper
    )


def publication(paper: "Paper") -> str:
    """Return the name of a publication, with its address if it has one."""
    return f"{paper.name}, {paper.url}" if paper.arxiv else paper.name


_ICU = "ICU-Bench, https://arxiv.org/abs/2605.05938"
_MLLMU = "MLLMU-Bench, https://arxiv.org/abs/2410.22108"
_MLU = "MLUBench, https://arxiv.org/abs/2606.12809"
_REMEM = "ReMem, https://arxiv.org/abs/2605.03759"
_OURS = "lethebench.builders"

BENCHMARKS: Mapping[str, BenchmarkEntry] = {
    "icu": BenchmarkEntry(
        f"{_OURS}.icu.builder:Icu", "2.0.0", _ICU, "fictitious people with a document each", small=24, paper=1000
    ),
    "mllmu": BenchmarkEntry(
        f"{_OURS}.mllmu.builder:Mllmu",
        "2.0.0",
        _MLLMU,
        "people, fictitious ones and public figures",
        small=40,
        paper=500,
    ),
    "mlu": BenchmarkEntry(f"{_OURS}.mlu.builder:Mlu", "2.0.0", _MLU, "well-known entities", small=16, paper=127),
    "remem": BenchmarkEntry(f"{_OURS}.remem.builder:Remem", "2.0.0", _REMEM, "fictitious people", small=4, paper=20),
}
"""The benchmarks of this package by name."""

IMPORTS: Mapping[str, ImportEntry] = {
    "mllmu": ImportEntry(
        f"{_OURS}.imports.mllmu.importer:MllmuImport",
        "1.0.0",
        _MLLMU,
        "the folder of a download from the Hub, with Full_Set/, Test_Set/, Retain_Set/, forget_5/ ... in it; or its id",
    ),
    "mlu": ImportEntry(
        f"{_OURS}.imports.mlu.importer:MluImport",
        "1.0.0",
        _MLU,
        "MLUBench.zip, or the folder it unpacks to",
        {
            "pictures": "the folder of the release's pictures, downloaded_images/<Class>/<Entity>/<file> or below it",
            "absent": "rows whose picture is absent: keep them as text, or drop them",
        },
    ),
    "remem": ImportEntry(
        f"{_OURS}.imports.remem.importer:RememImport",
        "1.1.0",
        _REMEM,
        "the folder of a download from the Hub, with finetune-*.parquet, forget1-*.parquet ... in it; or its Hub id",
    ),
    "clear": ImportEntry(
        f"{_OURS}.imports.clear.importer:ClearImport",
        "1.0.0",
        "CLEAR, https://arxiv.org/abs/2410.18057",
        "the folder of a download from the Hub, with full/, full+tofu/, forget01/ ... in it; or its id, therem/CLEAR",
    ),
    "fiubench": ImportEntry(
        f"{_OURS}.imports.fiubench.importer:FiubenchImport",
        "1.0.0",
        "FIUBench, https://arxiv.org/abs/2411.03554",
        "the folder of a download from the Hub, with full.json, split.json and SFHQ.zip or SFHQ/ in it; a zip of "
        "these; or its id, gray311/FIUBench",
    ),
    "own": ImportEntry(
        f"{_OURS}.own.importer:Own",
        "1.1.0",
        "your own data",
        "a folder, a JSONL, CSV or Parquet file, or the id of a dataset on the Hub, with --map FILE",
        {"map": "a YAML file that maps columns; also `--map FILE`"},
    ),
}
"""The imports of official releases by name; `own` imports a user's own data."""
