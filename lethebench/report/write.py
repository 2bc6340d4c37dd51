"""Reads runs and writes the report; what was there before stays until the new one is whole."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lethebench import __version__
from lethebench.report import details, headline
from lethebench.report.examples import examples
from lethebench.report.load import ReportError, load_run
from lethebench.report.page import Chapter, Drawn, page
from lethebench.report.pictures import pictures
from lethebench.report.seeds import Group, group_runs
from lethebench.report.tables import comma_separated, markdown

GENERATOR = '<meta name="generator" content="lethebench'
PARTS = ("figures", "tables", "report.html")  # the page last: when it is there, the rest is too
Progress = Callable[[int, int], None]


def write_report(runs: Iterable[Path], out: Path, *, progress: Progress | None = None) -> Path:
    """Writes report.html, figures/*.png, tables/*.md and tables/*.csv.

    Runs that differ in nothing but their seed are shown together, as mean and standard deviation; other runs get a
    section each. What a run has not reached is said on the page.

    Args:
        runs: run folders; the same folder twice counts once.
        out: the folder to write to. An earlier report there is replaced once the new one is whole.
        progress: called with (done, total) as work goes on.

    Returns:
        The path of report.html, as `out` was given.

    Raises:
        ReportError: no run, a path that is not a run, a run that cannot be read, or an `out` that holds other files of
            these names.
    """
    loaded = [load_run(path) for path in {Path(run).resolve(): Path(run) for run in runs}.values()]
    if not loaded:
        raise ReportError("no run was given: give one or more run folders, such as runs/demo")
    given, out = Path(out), Path(out).resolve()
    _check_out(out)
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
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".partial", dir=out.parent) as temporary:
        fresh = Path(temporary) / "report"
        for folder in (fresh / "figures", fresh / "tables"):
            folder.mkdir(parents=True)
        for chapter in chapters:
            for drawn in (*chapter.matrices, *chapter.curves):
                (fresh / "figures" / f"{drawn.name}.png").write_bytes(drawn.png)
            _write_tables(fresh / "tables", chapter)
        (fresh / "report.html").write_text(html, encoding="utf-8")
        _replace(out, fresh, Path(temporary) / "old")
    step()
    return given / "report.html"


def _chapter(group: Group, *, prefix: str, step: Callable[[], None]) -> Chapter:
    tables = [
        headline.headline(group),
        details.gate(group),
        details.stability(group),
        details.stages(group),
        details.cost(group),
    ]
    tables += [headline.per_seed(group)] if len(group.runs) > 1 else []
    tables += [details.matrix(group, method) for method in group.methods if group.of(method)]
    matrices = []
    for drawn in _matrices(group, prefix):
        matrices.append(drawn)
        step()
    for _ in range(len(group.methods) - len(matrices)):
        step()
    curves = list(_curves(group, prefix))
    step()
    sections = examples(group)
    ids = [example.id for section in sections for example in section.examples if example.modality != "text"]
    found, missing = pictures(group.first, ids)
    step()
    named = {table.name: table for table in tables}
    return Chapter(group, prefix, named, matrices, curves, sections, found, missing)


def _matrices(group: Group, prefix: str) -> Iterator[Drawn]:
    from lethebench.report.figures import (
        heat_map,  # matplotlib takes a second to load, which `lethe --help` should not pay
    )

    gold, gold_retained = group.gold_knowledge(), group.gold("retain_knowledge").value
    for method in group.methods:
        if not group.of(method):
            continue
        retained = [found.value for found in group.series(method, lambda summary: summary["retain_knowledge"])]
        title = method if len(group.runs) == 1 else f"{method}, mean of {len(group.of(method))} seeds"
        figure = heat_map(group.knowledge(method), retained, gold, gold_retained, title=title)
        alt = (
            f"Heat map: knowledge of each task after each stage, {title}; the numbers are in the table matrix-{method}"
        )
        yield _drawn(figure, f"{prefix}matrix-{method}", alt)


def _curves(group: Group, prefix: str) -> Iterator[Drawn]:
    from lethebench.report.figures import curves

    done = [method for method in group.methods if group.of(method)]
    before, gold, chance = (
        group.learnt("exposure").value,
        group.gold("exposure").value,
        group.gold("exposure_chance").value,
    )
    references = {
        "forget": {},
        "utility_relative": {"collapsed below": 0.5},
        "retain_knowledge": {"gold": group.gold("retain_knowledge").value},
        "exposure": {"before unlearning": before, "gold": gold, "chance": chance},
    }
    for column in details.SERIES:
        if column.key not in references or not done:
            continue
        lines = {method: details.series_of(group, method, column.key) for method in done}
        levels = [value for value in references[column.key].values() if value is not None]
        levels += [
            point.value + (point.sd or 0)
            for points in lines.values()
            for point in points.values()
            if point.value is not None
        ]
        top = max([1.0, *levels]) * 1.06
        title = f"{column.title} {column.arrow}".strip()
        options = {"title": title, "tasks": group.tasks, "top": top, "references": references[column.key]}
        figure = curves(lines, styles=group.methods, **options)
        yield _drawn(
            figure, f"{prefix}{column.key.replace('_', '-')}", f"Curves over the stages: {column.title}, {column.hint}"
        )


def _drawn(figure, name: str, alt: str) -> Drawn:
    from lethebench.report.figures import png

    width, height = figure.get_size_inches() * 96
    return Drawn(name, alt, png(figure), round(width), round(height))


def _write_tables(folder: Path, chapter: Chapter) -> None:
    for table in chapter.tables.values():
        name = f"{chapter.prefix}{table.name}"
        (folder / f"{name}.md").write_text(markdown(table), encoding="utf-8")
        (folder / f"{name}.csv").write_text(comma_separated(table), encoding="utf-8")


def _check_out(out: Path) -> None:
    """Refuses a folder whose report.html, figures or tables somebody else wrote, since they would be replaced."""
    if out.exists() and not out.is_dir():
        raise ReportError(f"{out} is a file: give a folder with --out")
    ours = (out / "report.html").is_file() and GENERATOR in (out / "report.html").read_text(
        encoding="utf-8", errors="replace"
    )[:2000]
    foreign = [name for name in PARTS if (out / name).exists()]
    if foreign and not ours:
        raise ReportError(
            f"{out} holds {', '.join(foreign)} that `lethe report` did not write: give another folder with --out"
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
