"""The figures: cells and lines equal their input, and labels are readable for any number of tasks."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lethebench.report.figures import KNOWLEDGE, curves, heat_map, png
from lethebench.report.seeds import Stat

COUNTS = (1, 2, 4, 6, 7, 12, 13, 21, 37, 100)


def matrix(tasks):
    return [[0.0 if task < stage else 1.0 for task in range(tasks)] for stage in range(tasks + 1)]


def drawn_heat_map(tasks):
    figure = heat_map(matrix(tasks), [1.0] * (tasks + 1), [0.05] * tasks, 1.0, title="npo")
    FigureCanvasAgg(figure).draw()
    return figure


def drawn_curves(tasks, methods=2):
    lines = {f"method{index}": {stage: Stat(0.1 * index) for stage in range(tasks + 1)} for index in range(methods)}
    figure = curves(
        lines, title="t", tasks=tasks, top=1.06, references={"gold": 0.5, "chance": None}, styles=list(lines)
    )
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("tasks", COUNTS)
@pytest.mark.parametrize("draw", [drawn_heat_map, drawn_curves])
def test_labels_are_complete_and_do_not_overlap(draw, tasks):
    figure = draw(tasks)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            labels = [label for tick in ticks for label in (tick.label1, tick.label2)]
            boxes = [label.get_window_extent() for label in labels if label.get_text() and label.get_visible()]
            for box in boxes:
                assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
                assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
            assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("tasks", [4, 100])
def test_last_task_and_stage_have_labels(tasks):
    axes = drawn_heat_map(tasks).axes[0]
    assert f"task {tasks}" in [label.get_text() for label in axes.get_yticklabels()]
    assert [label.get_text() for label in axes.get_xticklabels()][-2:] == [str(tasks), "gold"]


def test_cells_have_numbers_up_to_twelve_tasks():
    cells = [text.get_text() for text in drawn_heat_map(4).axes[0].texts]
    assert len(cells) == 5 * 4 + 5 + 4 + 1
    assert cells.count("0.05") == 4
    assert not drawn_heat_map(100).axes[0].texts


def test_stair_separates_unlearned_from_later_tasks():
    (stair,) = drawn_heat_map(3).axes[0].lines
    points = list(zip(*stair.get_data(), strict=True))
    assert points == [(0.5, -0.5), (0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (2.5, 1.5), (2.5, 2.5)]


def test_heat_map_cells_equal_knowledge():
    knowledge = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    figure = heat_map(knowledge, [0.7, 0.8, 0.9], [], None, title="npo")
    block, retained = figure.axes[0].collections[:2]
    assert np.allclose(block.get_array(), np.array(knowledge).T)
    assert np.allclose(retained.get_array(), [[0.7, 0.8, 0.9]])
    assert (block.norm.vmin, block.norm.vmax) == (0, 1)


def test_missing_value_is_a_dash():
    figure = heat_map([[1.0, 1.0], [None, 1.0], [0.0, 0.0]], [1.0, 1.0, 1.0], [], None, title="npo")
    assert [text.get_text() for text in figure.axes[0].texts].count("–") == 1


def test_colors_decrease_in_lightness():
    """Lightness alone gives the order, for every color vision."""
    red, green, blue = KNOWLEDGE(np.linspace(0, 1, 64))[:, :3].T
    assert np.all(np.diff(0.2126 * red + 0.7152 * green + 0.0722 * blue) < 0)


def test_method_keeps_its_color_in_every_panel():
    points = {stage: Stat(0.5) for stage in range(3)}
    options = {"title": "t", "tasks": 2, "top": 1.0, "references": {}, "styles": ["ga", "npo"]}
    together = curves({"ga": points, "npo": points}, **options).axes[0].lines[1]
    single = curves({"npo": points}, **options).axes[0].lines[0]
    assert (together.get_color(), together.get_marker()) == (single.get_color(), single.get_marker())


def test_fourteen_methods_look_different():
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle()) for line in drawn_curves(3, 14).axes[0].lines[:14]
    }
    assert len(looks) == 14


def test_png_has_the_figure_size():
    figure = drawn_heat_map(4)
    data = png(figure)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[start : start + 4]) for start in (16, 20))
    assert (width, height) == tuple(int(side * figure.dpi) for side in figure.get_size_inches())
