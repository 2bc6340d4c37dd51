"""What the initial models of several builds know: answers to the questions of training, and to new wordings."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lethebench.builders.options import option_help
from lethebench.builders.registry import find
from lethebench.evaluation.metrics.rows import mean, mean_of
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Stat
from lethebench.report.tables import Cell, Column, Table, markdown, number, stat_cell
from lethebench.reproduce.cells import Cells
from lethebench.reproduce.experiments import Experiment
from lethebench.reproduce.observations import verdict
from lethebench.runs.folder import HELD_OUT, ROWS
from lethebench.runs.gate import NEIGHBOUR
from lethebench.runs.progress import LOG, read_log
from lethebench.runs.proof import LEARNT

MEASURES = {"exact_match": "exact match", "keyword_match": "keyword match", "rouge_l": "ROUGE-L"}
SHOWN = ("exact_match", "keyword_match")
"""Measures on the page."""
KNOWS = "keyword_match"
"""The measure by which points are compared: whether the answer has the fact, however it is worded."""
TRAINED, EXPOSURE = "trained", "trained_exposure"
NEW = {1: "new_one_hop", 2: "new_two_hops"}
"""Hops -> set of the questions in new wordings and on new pictures."""
SETS = {TRAINED: "Trained", NEW[1]: "New, one hop", NEW[2]: "New, two hops"}
COLUMNS = ("profile_id", "role", "attribute", "hops", *MEASURES, "exposure", "num_candidates")
QUESTIONS, PICTURES = "qa", "views"
"""Options of remem."""
Rows = list[dict[str, Any]]


def learnt_cells(runs: Iterable[tuple[str, RunRecord]]) -> dict[str, dict[str, dict[int, float | None]]]:
    """Return point -> figure -> seed -> value, of runs with the names of their points."""
    cells: dict[str, dict[str, dict[int, float | None]]] = {}
    for name, run in runs:
        trained, new = rows_of(run, ROWS), rows_of(run, HELD_OUT)
        sets = {TRAINED: trained} | {part: [row for row in new if row["hops"] == hops] for hops, part in NEW.items()}
        values = {f"{part}_{measure}": mean(rows, measure) for part, rows in sets.items() for measure in MEASURES}
        for figure, value in {**values, EXPOSURE: mean(trained, "exposure")}.items():
            cells.setdefault(name, {}).setdefault(figure, {})[run.seed] = value
    return cells


def rows_of(run: RunRecord, file: str) -> Rows:
    """Return the scores of the initial model on what it was trained on, or on the held-out rows."""
    table = run.table(LEARNT, COLUMNS, file)
    return [] if table is None else [row for row in table.to_pylist() if row["role"] != NEIGHBOUR]


def learnt_sections(experiment: Experiment, cells: Cells, runs: Sequence[tuple[str, RunRecord]]) -> list[str]:
    """Return the sections of the page, in Markdown.

    Args:
        experiment: One with points.
        cells: Its figures, see `learnt_cells`.
        runs: Finished runs, each with the name of its point.
    """
    first = {name: rows_of(run, ROWS) for name, run in reversed(runs)}
    facts = {name: len({(row["profile_id"], row["attribute"]) for row in rows}) for name, rows in first.items()}
    sizes = [math.log2(row["num_candidates"]) for rows in first.values() for row in rows if row["num_candidates"]]
    table = memorization(experiment, cells, dict(reversed(runs)), facts)
    sections = [
        f"{markdown(table)}\nNew: held-out questions, in wordings and on pictures not trained on, the same in "
        "every line; those on facts that training did not ask for count as well. One hop: the question names the "
        "person; two hops: a picture shows the person. Keyword match: the answer has the fact, however it is worded. "
        f"Exposure is {number(mean_of(sizes), 2)} bits at most.\n"
    ]
    if (published := observations(experiment, cells, facts)).rows:
        sections.append(
            f"{markdown(published)}\nDifferences in {MEASURES[KNOWS]} on new questions, seed by seed. The abstract of "
            "ReMem (arXiv 2605.03759) names data scaling, diverse visual contexts and the multi-hop curse, without "
            "figures; what is compared is our choice. Evidence about a model of a million weights, not about 7 "
            "billion.\n"
        )
    return sections


def memorization(
    experiment: Experiment, cells: Cells, runs: Mapping[str, RunRecord], facts: Mapping[str, int]
) -> Table:
    """Return a row for each point: its data, the length of its training, and what the model knows.

    Args:
        experiment: One with points.
        cells: Its figures.
        runs: Point -> one of its runs.
        facts: Point -> number of facts that its training asks for.
    """
    titles = option_help(find(experiment.build["name"]).OPTIONS)
    keys = list(dict.fromkeys(key for point in experiment.points for key in point.options))
    shown = {f"{part}_{measure}": f"{SETS[part]}: {MEASURES[measure]}" for part in SETS for measure in SHOWN}
    columns = [
        *(Column(key, titles[key].partition(",")[0].capitalize()) for key in keys),
        Column("facts", "Facts asked for"),
        Column("rows", "Rows"),
        Column("steps", "Steps"),
        Column("visits", "Visits of each row"),
        *(Column(figure, title, "higher") for figure, title in shown.items()),
        Column(EXPOSURE, f"{SETS[TRAINED]}: exposure, bits"),
    ]
    rows = []
    for point in experiment.points:
        run, gate = runs[point.name], runs[point.name].gate or {}
        data = [*(point.options.get(key) for key in keys), facts[point.name], gate["rows"], gate["steps"], visits(run)]
        stats = [spread(cells[point.name][figure].values()) for figure in (*shown, EXPOSURE)]
        rows.append([*(Cell(str(value)) for value in data), *(stat_cell(one, 2) for one in stats)])
    return Table("memorization", "What was memorized", columns, rows)


def visits(run: RunRecord) -> str:
    """Return how often each row was trained on, by the log of the training."""
    epochs = [line["epoch"] for line in read_log(run.path / LEARNT / LOG) if "epoch" in line]
    return number(epochs[-1] if epochs else None, 0)


def spread(values: Iterable[float | None]) -> Stat:
    """Return the mean over seeds, with the lowest and the highest where they differ."""
    present = [value for value in values if value is not None]
    low, high = (min(present), max(present)) if len(set(present)) > 1 else (None, None)
    return Stat(mean_of(present), low, high, n=len(present))


def observations(experiment: Experiment, cells: Cells, facts: Mapping[str, int]) -> Table:
    """Return whether what ReMem reports holds; no rows for points without its two options.

    Numbers of questions are compared at the fewest pictures and among points that ask for equally many facts, so that
    the further questions are other wordings; numbers of pictures at the most questions.
    """
    points = [point for point in experiment.points if {QUESTIONS, PICTURES} <= {*point.options}]
    rows = []
    if points:
        fewest = min(point.options[PICTURES] for point in points)
        most = max(point.options[QUESTIONS] for point in points)
        same = [point for point in points if facts[point.name] == max(facts.values())]
        questions = sorted(
            (point.options[QUESTIONS], point.name) for point in same if point.options[PICTURES] == fewest
        )
        pictures = sorted((point.options[PICTURES], point.name) for point in points if point.options[QUESTIONS] == most)
        one, two = (f"{part}_{KNOWS}" for part in NEW.values())
        (_, few_questions), (_, many_questions) = questions[0], questions[-1]
        (_, few_pictures), (_, many_pictures) = pictures[0], pictures[-1]
        for words, (name, figure), (other, other_figure) in (
            (
                "Data scaling makes learning robust: more questions on each fact",
                (many_questions, one),
                (few_questions, one),
            ),
            ("Diverse visual contexts do: more pictures of each person", (many_pictures, two), (few_pictures, two)),
            ("The multi-hop curse: one hop is easier than two", (many_pictures, one), (many_pictures, two)),
        ):
            pairs = [(value, cells[other][other_figure].get(seed)) for seed, value in cells[name][figure].items()]
            differences = [more - less for more, less in pairs if more is not None and less is not None]
            if (name, figure) == (other, other_figure):
                continue
            between = name if name == other else f"{name} against {other}"
            rows.append(
                [
                    Cell(words),
                    Cell(between),
                    stat_cell(spread(differences), 2),
                    Cell(verdict(differences)),
                ]
            )
    columns = [
        Column("observation", "Published observation"),
        Column("between", "Between"),
        Column("difference", "Difference"),
        Column("verdict", "Here"),
    ]
    return Table("observations", "What ReMem reports, and what holds here", columns, rows)
