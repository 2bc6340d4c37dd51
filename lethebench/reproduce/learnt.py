"""What the initial models of several builds know: answers to the questions of training, and to new wordings of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lethebench.builders.options import option_help
from lethebench.builders.registry import find
from lethebench.evaluation.metrics.rows import mean
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Stat
from lethebench.report.tables import Cell, Column, Table, markdown, number, stat_cell
from lethebench.reproduce.cells import Cells
from lethebench.reproduce.experiments import Experiment, Point
from lethebench.reproduce.observations import verdict
from lethebench.runs.folder import HELD_OUT
from lethebench.runs.gate import NEIGHBOUR
from lethebench.runs.progress import LOG, read_log
from lethebench.runs.proof import LEARNT

MEASURES = {"exact_match": "exact match", "keyword_match": "keyword match", "rouge_l": "ROUGE-L"}
HOPS = {1: "one hop", 2: "two hops"}
TRAINED, EXPOSURE = "trained", "trained_exposure"
SETS = {TRAINED: "Trained", **{f"new_{hops}_hop": f"New wordings, {words}" for hops, words in HOPS.items()}}
SHOWN = ("exact_match", "keyword_match")
COLUMNS = ("profile_id", "role", "attribute", "hops", *MEASURES, "exposure")
KNOWS = "keyword_match"
"""The measure by which points are compared: whether the fact is in the answer, however it is worded."""
QUESTIONS, PICTURES = "qa", "views"
"""Options of remem."""


def learnt_cells(runs: Iterable[tuple[str, RunRecord]]) -> dict[str, dict[str, dict[int, float | None]]]:
    """Return point -> figure -> seed -> value, of runs with the names of their points."""
    cells: dict[str, dict[str, dict[int, float | None]]] = {}
    for name, run in runs:
        for figure, value in figures(run).items():
            cells.setdefault(name, {}).setdefault(figure, {})[run.seed] = value
    return cells


def figures(run: RunRecord) -> dict[str, float | None]:
    """Return the means over the questions of training, and over new wordings that ask for the same facts."""
    sets = {TRAINED: _trained(run)}
    facts = {(row["profile_id"], row["attribute"]) for row in sets[TRAINED]}
    table = run.table(LEARNT, COLUMNS, HELD_OUT)
    rows = [] if table is None else table.to_pylist()
    new = [row for row in rows if (row["profile_id"], row["attribute"]) in facts]
    sets |= {f"new_{hops}_hop": [row for row in new if row["hops"] == hops] for hops in HOPS}
    means = {f"{part}_{measure}": mean(sets[part], measure) for part in SETS for measure in MEASURES}
    return {**means, EXPOSURE: mean(sets[TRAINED], "exposure")}


def _trained(run: RunRecord) -> list[dict[str, Any]]:
    return [row for row in run.rows(LEARNT, COLUMNS) or [] if row["role"] != NEIGHBOUR]


def learnt_sections(experiment: Experiment, cells: Cells, runs: Sequence[tuple[str, RunRecord]]) -> list[str]:
    """Return the sections of the page, in Markdown."""
    sections = [
        f"{markdown(memorization(experiment, cells, runs))}\nNew wordings are questions and pictures that were not "
        "trained on; of those, the ones whose fact was asked in training count. Exposure is that of the trained "
        "questions, in bits; where all values are ranked last but the true one is first, it is "
        f"{number(_most_exposure(runs), 2)}.\n"
    ]
    if (published := published_observations(experiment.points, cells)).rows:
        sections.append(
            f"{markdown(published)}\nCompared by {MEASURES[KNOWS]} on new wordings, seed by seed. Evidence about a "
            "model of a million weights, not about 7 billion.\n"
        )
    return sections


def _most_exposure(runs: Sequence[tuple[str, RunRecord]]) -> float | None:
    return None


def memorization(experiment: Experiment, cells: Cells, runs: Sequence[tuple[str, RunRecord]]) -> Table:
    """Return a row for each point: what it has, how long it was trained, and what the model knows."""
    titles = option_help(find(experiment.build["name"]).OPTIONS)
    keys = list(dict.fromkeys(key for point in experiment.points for key in point.options))
    first = dict(reversed(runs))
    columns = [Column(key, titles[key].partition(",")[0].capitalize()) for key in keys]
    columns += [Column("rows", "Rows"), Column("steps", "Steps"), Column("visits", "Visits of each row")]
    shown = {f"{part}_{measure}": f"{SETS[part]}: {MEASURES[measure]}" for part in SETS for measure in SHOWN}
    columns += [Column(figure, title, "higher") for figure, title in shown.items()]
    columns.append(Column(EXPOSURE, "Trained: exposure, bits"))
    rows = []
    for point in experiment.points:
        run = first[point.name]
        gate = run.gate or {}
        facts = [*(point.options.get(key, "") for key in keys), gate["rows"], gate["steps"], visits(run)]
        stats = [spread(cells[point.name][figure].values()) for figure in (*shown, EXPOSURE)]
        rows.append([*(Cell(str(fact)) for fact in facts), *(stat_cell(one, 2) for one in stats)])
    return Table("memorization", "What was memorized", columns, rows)


def visits(run: RunRecord) -> str:
    """Return how often a row was trained on, by the log of the training."""
    epochs = [line["epoch"] for line in read_log(run.path / LEARNT / LOG) if "epoch" in line]
    return f"{epochs[-1]:.0f}" if epochs else "–"


def spread(values: Iterable[float | None]) -> Stat:
    """Return the mean over seeds, with the lowest and the highest."""
    present = [value for value in values if value is not None]
    if not present:
        return Stat(None, n=0)
    return Stat(sum(present) / len(present), min(present), max(present), n=len(present))


def published_observations(points: Sequence[Point], cells: Cells) -> Table:
    """Return whether what ReMem reports holds; no rows for points that are not of its two options."""
    rows = []
    known = [point for point in points if {*point.options} >= {QUESTIONS, PICTURES}]
    if known:
        fewest = min(point.options[PICTURES] for point in known)
        by_questions = sorted((p for p in known if p.options[PICTURES] == fewest), key=_option(QUESTIONS))
        most = max(point.options[QUESTIONS] for point in known)
        by_pictures = sorted((p for p in known if p.options[QUESTIONS] == most), key=_option(PICTURES))
        one, two = (f"new_{hops}_hop_{KNOWS}" for hops in HOPS)
        full = by_pictures[-1]
        compared = [
            ("More questions about a person", (by_questions[-1], one), (by_questions[0], one)),
            ("More pictures of a person", (full, two), (by_pictures[0], two)),
            ("One hop against two", (full, one), (full, two)),
        ]
        for words, (more, figure), (less, other) in compared:
            differences = _differences(cells[more.name][figure], cells[less.name][other])
            rows.append(
                [
                    Cell(words),
                    Cell(f"{more.name} − {less.name}"),
                    stat_cell(spread(differences), 2),
                    Cell(verdict(differences)),
                ]
            )
    columns = [
        Column("observation", "Published observation"),
        Column("points", "Compared"),
        Column("difference", "Difference"),
        Column("verdict", "Here"),
    ]
    return Table("observations", "What ReMem reports, and what holds here", columns, rows)


def _option(key: str) -> Callable[[Point], Any]:
    return lambda point: point.options[key]


def _differences(more: Mapping[int, float | None], less: Mapping[int, float | None]) -> list[float]:
    pairs = [(value, less.get(seed)) for seed, value in more.items()]
    return [value - other for value, other in pairs if value is not None and other is not None]
