"""The figures: a task x stage heat map per method and curves over stages. Pure: numbers in, a Figure out."""

import io
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lethebench.report.seeds import Stat

INK, FAINT, STAIR = "#1f2933", "#9aa5b1", "#d55e00"
# One hue, lightness falling steadily: read alike with any colour vision and in grey print.
LEVELS = ["#e8eef4", "#b7d0e5", "#6fa3cc", "#2c6ca3", "#0b3154"]
KNOWN = LinearSegmentedColormap.from_list("known", LEVELS, bad="#ffffff")
# Okabe and Ito's palette, without the yellow that vanishes on white; markers differ too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MARKERS = "osD^vPX*"
STYLES = ("-", "--", ":")
REFERENCES = {"gold": "--", "chance": ":", "before unlearning": "-.", "collapsed below": (0, (1, 3))}
ANNOTATED = 12  # more tasks: cells without their figure
SPACIOUS = 6  # more tasks: narrower cells, and "0" where "before" would touch "1"
GAP = 0.35
DPI = 200

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.parse_math": False,
}


@rc_context(STYLE)
def heat_map(
    knowledge: Sequence[Sequence[float | None]],
    retained: Sequence[float | None],
    gold: Sequence[float | None],
    gold_retained: float | None,
    *,
    title: str,
) -> Figure:
    """The task x stage matrix of one method, with a stair between what was asked and what was not yet.

    Args:
        knowledge: K, rows t = 0..T, each a list of T tasks, in 0..1; None = not measured.
        retained: knowledge of the retained rows after t = 0..T.
        gold: G per task; [] without gold.
        gold_retained: the gold model's knowledge of the retained rows.
        title: over the figure.
    """
    tasks, stages = len(knowledge[0]), len(knowledge)
    annotated = tasks <= ANNOTATED
    cell = (0.46 if tasks <= SPACIOUS else 0.37) if annotated else 3.6 / stages
    width, height = cell * (stages + (1 + GAP if gold else 0)), cell * (tasks + 1 + GAP)
    if not annotated:
        height += 0.12
    figure = Figure(figsize=(width + 1.75, height + 1.05), dpi=DPI)
    left, bottom = 0.95, 0.5
    axes = figure.add_axes(
        (left / (width + 1.75), bottom / (height + 1.05), width / (width + 1.75), height / (height + 1.05))
    )
    strip = 0 if annotated else 0.12 / cell  # the retained row and the gold column stay visible beside 100 thin ones
    right, low = stages - 0.5 + GAP + 2 * strip, tasks - 0.5 + GAP + strip
    thick = 1 + 3 * strip
    edges_x, edges_y = np.arange(stages + 1) - 0.5, np.arange(tasks + 1) - 0.5
    blocks = [(edges_x, edges_y, _array(knowledge).T), (edges_x, np.array([low, low + thick]), _array([retained]))]
    if gold:
        blocks.append((np.array([right, right + thick]), edges_y, _array([gold]).T))
        blocks.append((np.array([right, right + thick]), np.array([low, low + thick]), _array([[gold_retained]])))
    for x, y, values in blocks:
        lines = {"edgecolors": "white", "linewidth": 1.0} if annotated else {"linewidth": 0, "rasterized": True}
        drawn = axes.pcolormesh(x, y, values, cmap=KNOWN, vmin=0, vmax=1, **lines)
        if annotated:
            _annotate(axes, x, y, values)
    _stair(axes, tasks, 2.2 if annotated else 1.4)
    axes.set_xlim(-0.5, (right + thick if gold else stages - 0.5) + 0.02)
    axes.set_ylim(low + thick + 0.02, -0.55)
    places = _thinned(tasks)
    ticks = [(0, "before" if tasks <= SPACIOUS else "0"), *((place, str(place)) for place in _thinned(tasks, most=6))]
    ticks += [(right + thick / 2, "gold")] if gold else []
    axes.set_xticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.set_yticks(
        [*(place - 1 for place in places), low + thick / 2], [*(f"task {place}" for place in places), "retained"]
    )
    axes.tick_params(length=0 if annotated else 2)
    if not annotated:
        axes.get_xticklabels()[0].set_horizontalalignment("center")
    axes.set_xlabel(_stage_label(tasks))
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar_axes = figure.add_axes(
        (
            (left + width + 0.16) / (width + 1.75),
            bottom / (height + 1.05),
            0.1 / (width + 1.75),
            height / (height + 1.05),
        )
    )
    bar = figure.colorbar(drawn, cax=bar_axes, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.set_label("knowledge")
    figure.text(left / (width + 1.75), 1 - 0.3 / (height + 1.05), title, fontsize=10.5, fontweight="bold")
    return figure


@rc_context(STYLE)
def curves(
    lines: Mapping[str, Mapping[int, Stat]],
    *,
    title: str,
    tasks: int,
    top: float,
    references: Mapping[str, float | None],
    styles: Sequence[str],
) -> Figure:
    """One panel: a figure of every method over the stages.

    Args:
        lines: method -> stage -> figure.
        title: what is drawn and which direction is better.
        tasks: T.
        top: of the y axis; it starts at 0.
        references: a name in REFERENCES -> level of a horizontal line; None = not drawn.
        styles: all methods of the report in order, so that each keeps its colour in every panel.
    """
    entries = len(lines) + sum(level is not None for level in references.values())
    figure = Figure(figsize=(4.7, 3.1 + 0.2 * math.ceil(entries / 3)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    for method, points in lines.items():
        place = styles.index(method)
        shown = {stage: found for stage, found in points.items() if found.value is not None}
        if not shown:
            continue
        x, y = list(shown), [found.value for found in shown.values()]
        colour = COLOURS[place % len(COLOURS)]
        look = {
            "color": colour,
            "linestyle": STYLES[place // len(COLOURS) % len(STYLES)],
            "marker": MARKERS[place % len(MARKERS)],
        }
        axes.plot(
            x,
            y,
            label=method,
            markersize=5.5,
            markevery=max(1, math.ceil(len(x) / 12)),
            clip_on=False,
            zorder=3 + place,
            **look,
        )
        if any(found.sd is not None for found in shown.values()):
            spread = np.array([found.sd or 0.0 for found in shown.values()])
            axes.fill_between(x, np.array(y) - spread, np.array(y) + spread, color=colour, alpha=0.18, linewidth=0)
    for name, level in references.items():
        if level is not None:
            axes.axhline(level, color="#52606d", linewidth=1.2, linestyle=REFERENCES[name], label=name, zorder=1)
    axes.set_xlim(-0.15 if tasks < 20 else 0, tasks + (0.15 if tasks < 20 else 0))
    axes.set_ylim(0, top)
    axes.set_xticks([0, *_thinned(tasks)], ["before" if tasks <= SPACIOUS else "0", *map(str, _thinned(tasks))])
    axes.set_xlabel(_stage_label(tasks))
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", pad=10)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(
            loc="outside lower left", ncols=3, frameon=False, handlelength=2.4, columnspacing=1.4, fontsize=8.5
        )
    return figure


@rc_context(STYLE)
def png(figure: Figure) -> bytes:
    """The figure as PNG; the same bytes for the same figure."""
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None}, facecolor="white")
    return file.getvalue()


def _array(values: Sequence[Sequence[float | None]]) -> np.ma.MaskedArray:
    return np.ma.masked_invalid(
        np.array([[np.nan if value is None else value for value in row] for row in values], dtype=float)
    )


def _annotate(axes, x: np.ndarray, y: np.ndarray, values: np.ma.MaskedArray) -> None:
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        text = "–" if value is np.ma.masked else f"{value:.2f}"
        colour = "white" if value is not np.ma.masked and _luminance(value) < 0.2 else INK
        place = ((x[column] + x[column + 1]) / 2, (y[row] + y[row + 1]) / 2)
        axes.text(*place, text, ha="center", va="center", fontsize=8, color=colour)


def _luminance(value: float) -> float:
    """Relative luminance of a cell, 0..1; below 0.2 white text stands out more than ink. Source: WCAG 2.2."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in KNOWN(value)[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _stair(axes, tasks: int, width: float) -> None:
    """The border between stages before (left, below) and from (right, above) the one that asked for a task."""
    x, y = [0.5], [-0.5]
    for task in range(tasks):
        x += [task + 0.5, task + 1.5]
        y += [task + 0.5, task + 0.5]
    axes.plot(x[:-1], y[:-1], color=STAIR, linewidth=width, solid_joinstyle="miter", solid_capstyle="butt", zorder=5)


def _stage_label(tasks: int) -> str:
    return "after stage" if tasks <= SPACIOUS else "after stage (0 = before unlearning)"


def _thinned(count: int, *, most: int = 11) -> list[int]:
    """About `most` round numbers of 1..count and the last one; all of them where the cells are annotated."""
    if count <= ANNOTATED:
        return list(range(1, count + 1))
    step = next(size * 10**power for power in range(6) for size in (2, 5, 10) if count <= most * size * 10**power)
    found = [number for number in range(step, count + 1, step) if count - number >= 0.6 * step or number == count]
    return [*found, count] if found[-1] != count else found
