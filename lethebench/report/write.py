"""Read runs and write the report; an earlier report is replaced only when the new one is complete."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lethebench import __version__
from lethebench.contract.escaping import file_names
from lethebench.contract.folder_kinds import REPORT
from lethebench.contract.own_folder import new_folder
from lethebench.report import (
    details,
    first_task,
    gaps,
    headline,
    judged,
    measures,
    optional,
    robustness,
    sets,
    training,
)
from lethebench.report.examples import examples
from lethebench.report.load import ReportError, RunRecord, load_run
from lethebench.report.page import Chapter, RenderedFigure, page
from lethebench.report.paper import FORMATS, latex, vector
from lethebench.report.seeds import Group, group_runs
from lethebench.report.tables import comma_separated, markdown
from lethebench.report.thumbnails import thumbnails

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Progress = Callable[[int, int], None]
OPTIONAL = (
    "blocks",
    "judged",
    "inside",
    "later",
    "layers",
    "measures",
    "relearning",
    "representation",
    "robustness",
    "sets",
    "training",
)
"""Tables that are not written where they have no rows."""
Formats = Sequence[str]
"""Vector formats that figures are rendered in besides PNG."""


def write_report(runs: Iterable[Path], out: Path, *, paper: bool = False, progress: Progress | None = None) -> Path:
    """Write report.html, figures/*.png, tables/*.md and tables/*.csv.

    Runs that differ only in their seed are shown together, as mean and standard deviation; other runs get a section
    each. The page lists what a run has not reached.

    Args:
        runs: Run folders; the same folder twice counts once.
        out: The folder to write to. An earlier report in it is replaced once the new one is complete.
        paper: Also write paper/*.tex, paper/*.pdf and paper/*.svg.
        progress: Called with (done, total).

    Returns:
        The path of report.html, below `out` as it was given.

    Raises:
        ReportError: No run is given, a path is not a run, a run cannot be read, or `out` holds files that no report
            wrote.
    """
    loaded = [load_run(path) for path in {Path(run).resolve(): Path(run) for run in runs}.values()]
    if not loaded:
        raise ReportError("no run was given; give one or more run folders, such as runs/demo")
    with new_folder(Path(out), REPORT, ReportError) as folder:
        _write(loaded, folder, FORMATS if paper else (), progress)
    return Path(out) / "report.html"


def _write(loaded: Sequence[RunRecord], folder: Path, formats: Formats, progress: Progress | None) -> None:
    groups = group_runs(loaded)
    total = sum(len(group.methods) for group in groups) + 2 * len(groups) + 1
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    chapters = [_chapter(group, f"{group.key}-" if len(groups) > 1 else "", formats, step) for group in groups]
    html = page(chapters, version=__version__)
    for name in ("figures", "tables", *(["paper"] if formats else [])):
        (folder / name).mkdir()
    for chapter in chapters:
        for rendered in (*chapter.matrices, *chapter.curves, *chapter.attacks, *chapter.layers, *chapter.losses):
            (folder / "figures" / f"{rendered.name}.png").write_bytes(rendered.png)
            for kind, content in rendered.vectors.items():
                (folder / "paper" / f"{rendered.name}.{kind}").write_bytes(content)
        _write_tables(folder, chapter, paper=bool(formats))
    (folder / "report.html").write_text(html, encoding="utf-8")
    step()


def _chapter(group: Group, prefix: str, formats: Formats, step: Callable[[], None]) -> Chapter:
    tables = [
        headline.headline(group),
        gaps.gaps(group),
        headline.behind(group),
        details.parts(group),
        headline.per_seed(group),
        details.gate(group),
        judged.blocks(group),
        judged.scores(group),
        details.stability(group),
        details.stages(group),
        *([first_task.first_task(group)] if group.tasks > 1 else []),
        sets.sets(group),
        sets.later(group),
        details.cost(group),
        robustness.robustness(group),
        robustness.relearning_table(group),
        measures.measures(group),
        measures.layers_table(group),
        optional.inside(group),
        optional.representation(group),
        training.table(group),
        *(details.matrix(group, method) for method in group.methods if group.summaries(method)),
    ]
    matrices = []
    for rendered in _matrices(group, prefix, formats):
        matrices.append(rendered)
        step()
    for _ in range(len(group.methods) - len(matrices)):
        step()
    curves = [*_curves(group, prefix, formats), *_first_task(group, prefix, formats)]
    attacks = list(_relearning(group, prefix, formats))
    layers = list(_layers(group, prefix, formats))
    losses = [_render(figure, f"{prefix}{name}", alt, formats) for name, alt, figure in training.panels(group)]
    step()
    sections = examples(group)
    ids = [example.id for section in sections for example in section.examples if example.modality != "text"]
    pictures, missing = thumbnails(group.first, ids)
    step()
    named = {table.name: table for table in tables}
    return Chapter(group, prefix, named, matrices, curves, attacks, layers, losses, sections, pictures, missing)


def _matrices(group: Group, prefix: str, formats: Formats) -> Iterator[RenderedFigure]:
    from lethebench.report.figures import heat_map, short_name  # matplotlib takes a second to load

    gold, gold_retained = group.gold_knowledge(), group.gold("retain_knowledge").value
    for method in group.methods:
        if not group.summaries(method):
            continue
        retained = [stat.value for stat in group.series(method, lambda summary: summary["retain_knowledge"])]
        seeds = "" if len(group.runs) == 1 else f", mean of {len(group.summaries(method))} seeds"
        title = f"{short_name(method)}{seeds}"
        figure = heat_map(group.knowledge(method), retained, gold, gold_retained, title=title)
        name = group.file_name(method)
        alt = f"Heat map: knowledge of each task after each stage, {method}{seeds}; numbers in table {name}"
        yield _render(figure, f"{prefix}{name}", alt, formats)


def _curves(group: Group, prefix: str, formats: Formats) -> Iterator[RenderedFigure]:
    from lethebench.report.figures import curves

    methods = [method for method in group.methods if group.summaries(method)]
    references: dict[str, dict[str, float | None]] = {
        "forget": {},
        "indistinguishable": {},
        "keep": {"collapse threshold": 0.5},
        "retain_knowledge": {"gold": group.gold("retain_knowledge").value},
        "exposure": {
            "before unlearning": group.initial_score("exposure").value,
            "gold": group.gold("exposure").value,
            "chance": group.gold("exposure_chance").value,
        },
    }
    for column in details.SERIES:
        lines = {method: details.series_of(group, method, column.key) for method in methods}
        measured = any(point.value is not None for series in lines.values() for point in series.values())
        if column.key not in references or not measured:
            continue
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
            band=gaps.band(group, column.key),
        )
        alt = f"Curves over the stages: {column.title}, {column.hint}"
        yield _render(figure, f"{prefix}{column.key.replace('_', '-')}", alt, formats)


def _first_task(group: Group, prefix: str, formats: Formats) -> Iterator[RenderedFigure]:
    """Yield the figure of the first task over the stages, if a method is finished and there are later stages."""
    from lethebench.report.figures import curves

    lines = {method: points for method in group.methods if (points := first_task.knowledge(group, method))}
    if not lines or group.tasks < 2:
        return
    figure = curves(
        lines | first_task.gold_lines(group),
        styles=[*group.methods, "gold"],
        title="Knowledge of the first task → gold",
        tasks=group.tasks,
        top=1.06,
        references=first_task.levels(group),
    )
    alt = "Curves over the stages: knowledge of the task that was unlearned first; numbers in table first-task"
    yield _render(figure, f"{prefix}first-task", alt, formats)


def _relearning(group: Group, prefix: str, formats: Formats) -> Iterator[RenderedFigure]:
    """Yield a figure per set of rows that attacks relearned on: knowledge over the training steps."""
    from lethebench.report.figures import over_steps

    for variant, lines in robustness.relearning(group).items():
        figure = over_steps(lines, styles=[*group.methods, robustness.GOLD_KEY], title=f"Relearning: {variant} → gold")
        name = f"relearning-{variant.replace(' ', '-')}"
        alt = (
            f"Curves over steps of relearning on {variant} rows: knowledge of other facts; numbers in table relearning"
        )
        yield _render(figure, f"{prefix}{name}", alt, formats)


def _layers(group: Group, prefix: str, formats: Formats) -> Iterator[RenderedFigure]:
    """Yield a figure per attack that measures each layer: vision tower, projector and language model side by side."""
    from lethebench.report.figures import over_layers

    styles = [*group.methods, *measures.REFERENCES.values()]
    for attack, lines in measures.layers(group).items():
        named = {measures.REFERENCES.get(model, model): line for model, line in lines.items()}
        figure = over_layers(named, styles=styles, title=f"{attack} by layer → gold")
        name = f"layers-{file_names([attack])[attack]}"
        yield _render(figure, f"{prefix}{name}", f"Curves over layers: {attack}; numbers in table layers", formats)


def _render(figure: "Figure", name: str, alt: str, formats: Formats) -> RenderedFigure:
    from lethebench.report.figures import png

    width, height = (side * 96 for side in figure.get_size_inches())
    vectors = {kind: vector(figure, kind) for kind in formats}
    return RenderedFigure(name, alt, png(figure), round(width), round(height), vectors)


def _write_tables(folder: Path, chapter: Chapter, *, paper: bool) -> None:
    for table in chapter.tables.values():
        if not table.rows and table.name in OPTIONAL:
            continue
        name = f"{chapter.prefix}{table.name}"
        (folder / "tables" / f"{name}.md").write_text(markdown(table), encoding="utf-8")
        (folder / "tables" / f"{name}.csv").write_text(comma_separated(table), encoding="utf-8")
        if paper:
            (folder / "paper" / f"{name}.tex").write_text(latex(table, name), encoding="utf-8")
