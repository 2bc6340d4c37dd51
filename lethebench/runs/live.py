"""A run as a terminal shows it while it runs: one line per finished stage, and the matrix of what it knows."""

from collections.abc import Sequence
from statistics import fmean

from lethebench.runs.progress import RunProgress, words_for
from lethebench.runs.proof import LEARNT, is_gold

NUMBERED = 12
"""Tasks up to which the matrix shows numbers; with more, shades."""
SHADES = " ░▒▓█"
Values = Sequence[float | None]


def stage_line(progress: RunProgress, stage: str, *, left: bool) -> str:
    """Return what a finished stage knows, and how long the rest of the run takes if `left`; "" if there is no log."""
    entry = progress.stages.get(stage)
    if entry is None or "score" not in entry.phases:
        return ""
    number = 0 if stage == LEARNT else int(stage.partition("/t")[2])
    knowledge = entry.phases["score"]["knowledge"]
    asked = _mean([knowledge.get(str(task)) for task in progress.order[:number]])
    rest = _mean([knowledge.get(str(task)) for task in (*progress.order[number:], -1)])
    parts = [f"{asked:.2f} of what was asked"] if asked is not None else []
    parts += [f"{rest:.2f} of {'the rest' if parts else 'everything'}"] if rest is not None else []
    text = f"{stage.replace('/', ' ')} knows {', '.join(parts)}" if parts else stage.replace("/", " ")
    seconds = progress.seconds_left() if left else None
    return f"{text}; about {words_for(seconds)} left" if seconds else text


def matrix_text(progress: RunProgress, *, width: int = 80) -> str:
    """Return the matrix of the method that runs, or ran last: a line per task, a column per stage; "" before it."""
    methods = [name for name in map(_method_of, progress.stages) if name != LEARNT and not is_gold(name)]
    current = _method_of(progress.running or "")
    method = current if current in progress.record["methods"] else (methods or [""])[-1]
    if not method:
        return ""
    columns = progress.knowledge(method)
    count = len(progress.order)
    numbered = count <= NUMBERED and 12 + 5 * (count + 1) <= width
    if numbered:
        heads = "".join(f"{stage:>5}" for stage in range(len(columns)))
        lines = [f"{method[:30]}: knowledge by task, after stage", f"{'':12}{heads}"]
        names = [*(f"task {position}" for position in range(1, count + 1)), "rest"]
        for position, name in enumerate(names):
            cells = [column[position] for column in columns]
            lines.append(f"{name:12}" + "".join("    -" if cell is None else f"{cell:5.2f}" for cell in cells))
        return "\n".join(lines)
    wide, high = max(1, -(-(count + 1) // (width - 14))), -(-count // NUMBERED)
    lines = [f"{method[:30]}: knowledge by task (rows) after each stage (columns), 0 = blank, 1 = █"]
    blocks = [range(first, min(first + high, count)) for first in range(0, count, high)]
    for block in [*blocks, range(count, count + 1)]:
        name = "rest" if block.start == count else f"{block.start + 1}-{block.stop}"
        groups = [columns[first : first + wide] for first in range(0, len(columns), wide)]
        cells = [_mean([column[position] for column in group for position in block]) for group in groups]
        lines.append(f"{name:12}" + "".join(map(_shade, cells)))
    return "\n".join(lines)


def _method_of(stage: str) -> str:
    return stage.partition("/")[0]


def _shade(value: float | None) -> str:
    return "·" if value is None else SHADES[round(value * (len(SHADES) - 1))]


def _mean(values: Values) -> float | None:
    present = [value for value in values if value is not None]
    return fmean(present) if present else None
