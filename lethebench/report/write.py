"""Read runs and write the report; an earlier report is replaced only when the new one is complete."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lethebench import __version__
from lethebench.report import details, headline
from lethebench.report.examples import examples
from lethebench.report.load import ReportError, load_run
from lethebench.report.page import Chapter, RenderedFigure, page
from lethebench.report.seeds import Group, group_runs
from lethebench.report.tables import comma_separated, markdown
from lethebench.report.thumbnails import thumbnails

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GENERATOR = '<meta name="generator" content="lethebench'
PARTS = ("figures", "tables", "report.html")
"""What a report consists of. The page comes last: once it exists, the rest does too."""
Progress = Callable[[int, int], None]


def write_report(runs: Iterable[Path], out: Path, *, progress: Progress | None = None) -> Path:
    """Write report.html, figures/*.png, tables/*.md and tables/*.csv.

    Runs that differ only in their seed are shown together, as mean and standard deviation; other runs get a section
    each. The page lists what a run has not reached.

    Args:
        runs: Run folders; the same folder twice counts once.
        out: The folder to write to. An earlier report in it is replaced once the new one is complete.
        progress: Called with (done, total).

    Returns:
        The path of report.html, below `out` as it was given.

    Raises:
        ReportError: No run is given, a path is not a run, a run cannot be read, or `out` holds other files of these
            names.
    """
    loaded = [load_run(path) for path in {Path(run).resolve(): Path(run) for run in runs}.values()]
    if not loaded:
        raise ReportError("no run was given; give one or more run folders, such as runs/demo")
    target = Path(out).resolve()
    _check_out(target)
    groups = group_runs(loaded)
    total = sum(len(group.methods) for group in groups) + 2 * len(groups) + 1
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    chapters = [_chapter(group, prefix=f"{group.key}-" if len(groups) > 1 else "", step=step) for group in groups]
    html = page(chapters, version=__version__)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", suffix=".partial", dir=target.parent) as temporary:
        fresh = Path(temporary) / "report"
        for folder in (fresh / "figures", fresh / "tables"):
            folder.mkdir(parents=True)
        for chapter in chapters:
            for rendered in (*chapter.matrices, *chapter.curves):
                (fresh / "figures" / f"{rendered.name}.png").write_bytes(rendered.png)
            _write_tables(fresh / "tables", chapter)
        (fresh / "report.html").write_text(html, encoding="utf-8")
        _replace(target, fresh, Path(temporary) / "old")
    step()
    return Path(out) / "report.html"


def _chapter(group: Group, *, prefix: str, step: Callable[[], None]) -> Chapter:
    tables = [
        headline.headline(group),
        headline.per_seed(group),
        details.gate(group),
        details.stability(group),
        details.stages(group),
        details.cost(group),
        *(details.matrix(group, method) for method in group.methods if group.summaries(method)),
    ]
    matrices = []
    for rendered in _matrices(group, prefix):
        matrices.append(rendered)
        step()
    for _ in range(len(group.methods) - len(matrices)):
        step()
    curves = list(_curves(group, prefix))
    step()
    sections = examples(group)
    ids = [example.id for section in sections for example in section.examples if example.modality != "text"]
    pictures, missing = thumbnails(group.first, ids)
    step()
    named = {table.name: table for table in tables}
    return Chapter(group, prefix, named, matrices, curves, sections, pictures, missing)


def _matrices(group: Group, prefix: str) -> Iterator[RenderedFigure]:
    from lethebench.report.figures import heat_map  # matplotlib takes a second to load

    gold, gold_retained = group.gold_knowledge(), group.gold("retain_knowledge").value
    for method in group.methods:
        if not group.summaries(method):
            continue
        retained = [stat.value for stat in group.series(method, lambda summary: summary["retain_knowledge"])]
        title = method if len(group.runs) == 1 else f"{method}, mean of {len(group.summaries(method))} seeds"
        figure = heat_map(group.knowledge(method), retained, gold, gold_retained, title=title)
        alt = f"Heat map: knowledge of each task after each stage, {title}; numbers in table matrix-{method}"
        yield _render(figure, f"{prefix}matrix-{method}", alt)


def _curves(group: Group, prefix: str) -> Iterator[RenderedFigure]:
    from lethebench.report.figures import curves

    methods = [method for method in group.methods if group.summaries(method)]
    references: dict[str, dict[str, float | None]] = {
        "forget": {},
        "utility_relative": {"collapse threshold": 0.5},
        "retain_knowledge": {"gold": group.gold("retain_knowledge").value},
        "exposure": {
            "before unlearning": group.initial_score("exposure").value,
            "gold": group.gold("exposure").value,
            "chance": group.gold("exposure_chance").value,
        },
    }
    for column in details.SERIES:
        if column.key not in references or not methods:
            continue
        lines = {method: details.series_of(group, method, column.key) for method in methods}
        levels = [value for value in references[column.key].values() if value is not None]
        points = [point for series in lines.values() for point in series.values()]
        levels += [point.value + (point.sd or 0) for point in points if point.value is not None]
        figure = curves(
            lines,
            styles=group.methods,
            title=f"{column.title} {column.arrow}".strip(),
            tasks=group.tasks,
            top=max([1.0, *levels]) * 1.06,
            references=references[column.key],
        )
        alt = f"Curves over the stages: {column.title}, {column.hint}"
        yield _render(figure, f"{prefix}{column.key.replace('_', '-')}", alt)


def _render(figure: "Figure", name: str, alt: str) -> RenderedFigure:
    from lethebench.report.figures import png

    width, height = (side * 96 for side in figure.get_size_inches())
    return RenderedFigure(name, alt, png(figure), round(width), round(height))


def _write_tables(folder: Path, chapter: Chapter) -> None:
    for table in chapter.tables.values():
        name = f"{chapter.prefix}{table.name}"
        (folder / f"{name}.md").write_text(markdown(table), encoding="utf-8")
        (folder / f"{name}.csv").write_text(comma_separated(table), encoding="utf-8")


def _check_out(out: Path) -> None:
    """Raise if the folder holds a report.html, figures or tables of somebody else, which would be replaced."""
    if out.exists() and not out.is_dir():
        raise ReportError(f"{out} is a file; give a folder by --out")
    page_path = out / "report.html"
    is_report = page_path.is_file() and GENERATOR in page_path.read_text(encoding="utf-8", errors="replace")[:2000]
    foreign = [name for name in PARTS if (out / name).exists()]
    if foreign and not is_report:
        raise ReportError(
            f"{out} holds {', '.join(foreign)} that `lethe report` did not write; give another folder by --out"
        )


def _replace(out: Path, fresh: Path, old: Path) -> None:
    if not out.exists():
        fresh.rename(out)
        return
    old.mkdir()
    for name in PARTS:
        if (out / name).is_dir():
            (out / name).rename(old / name)
        (fresh / name).replace(out / name)
