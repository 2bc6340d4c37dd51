"""Draw the figures: a task x stage heat map per method and curves over stages. Pure: numbers in, a Figure out."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from lethebench.contract.escaping import visible
from lethebench.report.seeds import Stat

INK, FAINT, STAIR = "#1f2933", "#9aa5b1", "#d55e00"
# One hue of falling lightness: the same order for every color vision and in gray print.
LEVELS = ["#e8eef4", "#b7d0e5", "#6fa3cc", "#2c6ca3", "#0b3154"]
KNOWLEDGE = LinearSegmentedColormap.from_list("knowledge", LEVELS, bad="#ffffff")
# Okabe and Ito's palette, without the yellow that vanishes on white; markers differ too.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MARKERS = "osD^vPX*"
STYLES = ("-", "--", ":")
BAND = "gold models"
"""Label of the band in which gold models of several seeds are."""
REFERENCES: Mapping[str, Any] = {
    "gold": "--",
    "chance": ":",
    "before unlearning": "-.",
    "collapse threshold": (0, (1, 3)),
}
"""Name of a reference line -> its line style."""
ANNOTATED = 12  # with more tasks, cells have no number
SPACIOUS = 6  # with more tasks, cells are narrower and "0" replaces "before", which would touch "1"
GAP = 0.35  # between the tasks and the retain set or gold, in cells
MARGINS = (1.75, 1.05)  # beside the heat map, in inches: width, height
LEFT, BOTTOM = 0.95, 0.5
DPI = 200
LONGEST = 28
"""Characters of a method's name in a figure; a legend has three columns of at most 18."""

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.parse_math": False,
}
Values = Sequence[Sequence[float | None]]


@rc_context(STYLE)
def heat_map(
    knowledge: Values,
    retained: Sequence[float | None],
    gold: Sequence[float | None],
    gold_retained: float | None,
    *,
    title: str,
) -> Figure:
    """Draw the task x stage matrix of one method, with a stair between unlearned tasks and later ones.

    Args:
        knowledge: K, rows t = 0..T, each a list of T tasks, in 0..1; None = not measured.
        retained: Knowledge of the retain set after t = 0..T.
        gold: G per task; [] without gold.
        gold_retained: The gold model's knowledge of the retain set.
        title: Title of the figure.
    """
    tasks, stages = len(knowledge[0]), len(knowledge)
    annotated = tasks <= ANNOTATED
    cell = (0.46 if tasks <= SPACIOUS else 0.37) if annotated else 3.6 / stages
    width = cell * (stages + (1 + GAP if gold else 0))
    height = cell * (tasks + 1 + GAP) + (0 if annotated else 0.12)
    full_width, full_height = width + MARGINS[0], height + MARGINS[1]
    figure = Figure(figsize=(full_width, full_height), dpi=DPI)
    axes = figure.add_axes((LEFT / full_width, BOTTOM / full_height, width / full_width, height / full_height))
    strip = 0 if annotated else 0.12 / cell  # keeps the retain set and gold visible beside 100 thin cells
    right, low = stages - 0.5 + GAP + 2 * strip, tasks - 0.5 + GAP + strip
    thick = 1 + 3 * strip
    task_edges, stage_edges = np.arange(tasks + 1) - 0.5, np.arange(stages + 1) - 0.5
    retain_edges, gold_edges = np.array([low, low + thick]), np.array([right, right + thick])
    blocks = [(stage_edges, task_edges, _array(knowledge).T), (stage_edges, retain_edges, _array([retained]))]
    if gold:
        blocks.append((gold_edges, task_edges, _array([gold]).T))
        blocks.append((gold_edges, retain_edges, _array([[gold_retained]])))
    lines: dict[str, Any] = {"edgecolors": "white", "linewidth": 1.0}
    for x, y, values in blocks:
        options = lines if annotated else {"linewidth": 0, "rasterized": True}
        mesh = axes.pcolormesh(x, y, values, cmap=KNOWLEDGE, vmin=0, vmax=1, **options)
        if annotated:
            _annotate(axes, x, y, values)
    _stair(axes, tasks, 2.2 if annotated else 1.4)
    axes.set_xlim(-0.5, (right + thick if gold else stages - 0.5) + 0.02)
    axes.set_ylim(low + thick + 0.02, -0.55)
    ticks = [(0.0, "before" if tasks <= SPACIOUS else "0")]
    ticks += [(float(stage), str(stage)) for stage in _thinned(tasks, most=6)]
    ticks += [(right + thick / 2, "gold")] if gold else []
    axes.set_xticks([position for position, _ in ticks], [text for _, text in ticks])
    named = _thinned(tasks)
    axes.set_yticks([*(task - 1 for task in named), low + thick / 2], [*(f"task {task}" for task in named), "retain"])
    axes.tick_params(length=0 if annotated else 2)
    if not annotated:
        axes.get_xticklabels()[0].set_horizontalalignment("center")
    axes.set_xlabel(_stage_label(tasks))
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar_left = (LEFT + width + 0.16) / full_width
    bar_axes = figure.add_axes((bar_left, BOTTOM / full_height, 0.1 / full_width, height / full_height))
    bar = figure.colorbar(mesh, cax=bar_axes, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.set_label("knowledge")
    size = min(10.5, 105 * (full_width - LEFT) / len(title))  # a letter of 10.5 points is 0.1 inches wide
    figure.text(LEFT / full_width, 1 - 0.3 / full_height, title, fontsize=size, fontweight="bold")
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
    band: tuple[float, float] | None = None,
) -> Figure:
    """Draw one figure of every method over the stages.

    Args:
        lines: Method -> stage -> figure.
        title: What is drawn and which direction is better.
        tasks: T.
        top: Upper end of the y axis, which starts at 0.
        references: A name in REFERENCES -> level of a horizontal line; None = not drawn.
        styles: All methods of the report in order, so that each keeps its color in every panel.
        band: Where gold models of several seeds are, drawn behind the lines.
    """
    labels = [*map(short_name, lines), *(name for name, level in references.items() if level is not None)]
    labels += [BAND] if band else []
    columns = 3 if max(map(len, labels), default=0) <= 18 else 2
    figure = Figure(figsize=(4.7, 3.1 + 0.2 * math.ceil(len(labels) / columns)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    if band:
        axes.axhspan(*band, color="#9aa5b1", alpha=0.28, linewidth=0, label=BAND, zorder=0)
    for method, points in lines.items():
        _curve(axes, method, points, styles.index(method))
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
        _legend(figure, columns)
    return figure


@rc_context(STYLE)
def over_steps(lines: Mapping[str, Mapping[float, Stat]], *, title: str, styles: Sequence[str]) -> Figure:
    """Draw knowledge of every model over the steps of an attack, from 0 to 1.

    Args:
        lines: Model -> step -> knowledge.
        title: What is drawn.
        styles: All models of the report in order, so that each keeps its color in every panel.
    """
    columns = 3 if max(map(len, lines), default=0) <= 18 else 2
    figure = Figure(figsize=(4.7, 3.1 + 0.2 * math.ceil(len(lines) / columns)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    for model, points in lines.items():
        _curve(axes, model, points, styles.index(model))
    axes.set_ylim(0, 1.06)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("training steps")
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", pad=10)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, columns)
    return figure


@rc_context(STYLE)
def over_layers(lines: Mapping[str, Mapping[tuple[str, float], Stat]], *, title: str, styles: Sequence[str]) -> Figure:
    """Draw a measure over the layers of each part of the models, from 0 to 1; parts side by side, in their order.

    Args:
        lines: Model -> (part, number of the layer) -> value.
        title: What is drawn.
        styles: All models of the report in order, so that each keeps its color in every panel.
    """
    layers = list(dict.fromkeys(layer for line in lines.values() for layer in line))
    parts = {part: [layer for layer in layers if layer[0] == part] for part, _ in layers}
    columns = 3 if max(map(len, lines), default=0) <= 18 else 2
    figure = Figure(figsize=(4.7, 3.3 + 0.2 * math.ceil(len(lines) / columns)), dpi=DPI, layout="constrained")
    panels = figure.subplots(
        1, len(parts), sharey=True, squeeze=False, width_ratios=[1 + len(own) ** 0.5 for own in parts.values()]
    )[0]
    for axes, (part, own) in zip(panels, parts.items(), strict=True):
        for model, line in lines.items():
            points = {number: line[part, number] for _, number in own if (part, number) in line}
            _curve(axes, model, points, styles.index(model))
        axes.set_ylim(0, 1.06)
        numbers = [number for _, number in own]
        axes.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
        axes.xaxis.set_major_locator(FixedLocator(numbers) if len(numbers) < 6 else MaxNLocator(6, integer=True))
        axes.set_xlabel(f"{part}\nlayer", fontsize=9)
        axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_title(title, loc="left", fontsize=10.5, fontweight="bold", pad=10)
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=columns, frameon=False, fontsize=8.5)
    return figure


def _legend(figure: Figure, columns: int) -> None:
    figure.legend(
        loc="outside lower left", ncols=columns, frameon=False, handlelength=2.4, columnspacing=1.4, fontsize=8.5
    )


def _curve(axes: Axes, method: str, points: Mapping[Any, Stat], index: int) -> None:
    measured = [(stage, stat.value, stat.sd) for stage, stat in points.items() if stat.value is not None]
    if not measured:
        return
    x, y = [stage for stage, _, _ in measured], [value for _, value, _ in measured]
    color = COLORS[index % len(COLORS)]
    axes.plot(
        x,
        y,
        label=f" {short_name(method)}" if method.startswith("_") else short_name(method),  # matplotlib hides "_..."
        color=color,
        linestyle=STYLES[index // len(COLORS) % len(STYLES)],
        marker=MARKERS[index % len(MARKERS)],
        markersize=5.5,
        markevery=max(1, math.ceil(len(x) / 12)),
        clip_on=False,
        zorder=3 + index,
    )
    if any(sd is not None for _, _, sd in measured):
        spread = np.array([sd or 0.0 for _, _, sd in measured])
        axes.fill_between(x, np.array(y) - spread, np.array(y) + spread, color=color, alpha=0.18, linewidth=0)


@rc_context(STYLE)
def training_curves(
    lines: Mapping[str, Sequence[Mapping[str, float]]],
    bounds: Sequence[float],
    *,
    title: str,
    labels: Mapping[str, str],
    styles: Sequence[str],
) -> Figure:
    """Draw one panel per measure of a training, over its steps.

    Args:
        lines: What was trained -> points with `step` and measures.
        bounds: Steps at which a stage ends and the next one begins.
        title: Title of the figure.
        labels: Measure -> label of its panel.
        styles: All names that figures of this report color, in order.
    """
    figure = Figure(figsize=(4.7, 1.25 * len(labels) + 0.8), dpi=DPI, layout="constrained")
    every = figure.subplots(len(labels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (measure, label) in zip(every, labels.items(), strict=True):
        for bound in bounds if len(bounds) <= ANNOTATED else ():
            axes.axvline(bound, color="#d9dfe5", linewidth=0.8, zorder=0)
        for name, points in lines.items():
            measured = [(point["step"], point[measure]) for point in points if measure in point]
            index = styles.index(name)
            axes.plot(
                [step for step, _ in measured],
                [value for _, value in measured],
                label=f" {short_name(name)}",
                color=COLORS[index % len(COLORS)],
                linestyle=STYLES[index // len(COLORS) % len(STYLES)],
                linewidth=1.2,
                marker="." if len(measured) == 1 else None,
            )
        axes.set_ylabel(label, fontsize=8.5)
        axes.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2))
        axes.ticklabel_format(axis="y", scilimits=(-3, 4))
        axes.yaxis.get_offset_text().set_fontsize(7.5)
        axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels(every)
    every[0].set_title(title, loc="left", fontsize=10.5, fontweight="bold", pad=10)
    every[-1].set_xlabel("step, all stages" if bounds else "step")
    every[-1].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if len(lines) > 1:
        figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False)
    return figure


def short_name(name: str) -> str:
    """Return a method's name as figures have room for it."""
    text = visible(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@rc_context(STYLE)
def png(figure: Figure) -> bytes:
    """Return the figure as PNG; the same bytes for the same figure."""
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # of a method's name: drawn as a box
        figure.savefig(file, format="png", metadata={"Software": None}, facecolor="white")
    return file.getvalue()


def _array(values: Values) -> np.ma.MaskedArray:
    return np.ma.masked_invalid(
        np.array([[np.nan if value is None else value for value in row] for row in values], dtype=float)
    )


def _annotate(axes: Axes, x: np.ndarray, y: np.ndarray, values: np.ma.MaskedArray) -> None:
    for row, column in np.ndindex(values.shape):
        value = None if values[row, column] is np.ma.masked else float(values[row, column])
        text = "–" if value is None else f"{value:.2f}"
        color = "white" if value is not None and _luminance(value) < 0.2 else INK
        center = ((x[column] + x[column + 1]) / 2, (y[row] + y[row + 1]) / 2)
        axes.text(*center, text, ha="center", va="center", fontsize=8, color=color)


def _luminance(value: float) -> float:
    """Return a cell's relative luminance, 0..1 (WCAG 2.2); below 0.2 white text has the higher contrast."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in KNOWLEDGE(value)[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _stair(axes: Axes, tasks: int, width: float) -> None:
    """Draw the border between the stages before (left, below) and after (right, above) a task is unlearned."""
    x, y = [0.5], [-0.5]
    for task in range(tasks):
        x += [task + 0.5, task + 1.5]
        y += [task + 0.5, task + 0.5]
    axes.plot(x[:-1], y[:-1], color=STAIR, linewidth=width, solid_joinstyle="miter", solid_capstyle="butt", zorder=5)


def _stage_label(tasks: int) -> str:
    return "after stage" if tasks <= SPACIOUS else "after stage (0 = before unlearning)"


def _thinned(count: int, *, most: int = 11) -> list[int]:
    """Return about `most` round numbers of 1..count and the last one; all of them if the cells are annotated."""
    if count <= ANNOTATED:
        return list(range(1, count + 1))
    step = next(size * 10**power for power in range(6) for size in (2, 5, 10) if count <= most * size * 10**power)
    ticks = [number for number in range(step, count + 1, step) if count - number >= 0.6 * step or number == count]
    return [*ticks, count] if ticks[-1] != count else ticks
