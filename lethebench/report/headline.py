"""The headline table: every method beside the learnt model, the gold model and chance; and the same seed by seed."""

from lethebench.report.load import Run
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import ABSENT, Cell, Column, Table, figure
from lethebench.report.texts import FLAGS

FIGURES = (
    Column("forget", "Forget", "higher"),
    Column("utility", "Utility", "higher"),
    Column("utility_relative", "Utility, relative", "higher"),
    Column("stability", "Stability", "higher"),
    Column("exposure", "Exposure, bits", "gold"),
    Column("exposure_excess", "Above gold, bits", "zero"),
    Column("score", "Score", "higher"),
)
KNOWN = (
    Column("knows_forgotten", "Knows of the forgotten", "gold"),
    Column("knows_retained", "Knows of the retained", "higher"),
)
NONE = Stat(None, n=0)
BEFORE, GOLD, CHANCE = "before unlearning", "gold (retrained)", "chance"


def headline(group: Group) -> Table:
    """One row per method, between the model it started from and the models it is judged by."""
    flagged = any(flags_of(group, method) for method in group.methods)
    columns = [Column("model", "Model"), *FIGURES, *KNOWN, *([Column("flags", "Flags")] if flagged else [])]
    lines = [[Cell(BEFORE), *_before(group)], *([Cell(name), *_method(group, name)] for name in group.methods)]
    lines += [[Cell(GOLD), *_gold(group)], [Cell(CHANCE, "random ranking"), *_chance(group)]]
    for line in lines[len(lines) * (not flagged) :]:
        line.append(_flags(group, line[0].text))
    last = len(lines) - 1
    caption = f"After the last of {group.tasks} requests to forget"
    return Table("headline", caption, columns, lines, frozenset({0, last - 1, last}))


def per_seed(group: Group) -> Table:
    """The figures of each seed, from which the headline takes mean and standard deviation."""
    lines = []
    for method in group.methods:
        for run in group.runs:
            summary = next(entry.summary for entry in run.methods if entry.name == method)
            final = (summary or {}).get("final", {})
            found = [figure(stat([final.get(column.key)])) for column in FIGURES]
            lines.append([Cell(method), Cell(str(run.seed)), *found, Cell(", ".join(final.get("flags") or []))])
    columns = [Column("model", "Model"), Column("seed", "Seed"), *FIGURES, Column("flags", "Flags")]
    return Table("seeds", "The same, seed by seed", columns, lines)


def flags_of(group: Group, method: str) -> dict[str, int]:
    """Flag -> in how many runs a method has it; an unfinished method has `not_finished`."""
    found: dict[str, int] = {}
    for run in group.runs:
        summary = next(entry.summary for entry in run.methods if entry.name == method)
        for flag in ["not_finished"] if summary is None else dict.fromkeys(summary["final"].get("flags") or []):
            found[flag] = found.get(flag, 0) + 1
    return found


def explained_flags(group: Group) -> list[tuple[str, str]]:
    """Each flag that occurs in the headline, with its meaning."""
    found = dict.fromkeys(flag for method in group.methods for flag in flags_of(group, method))
    return [(flag, FLAGS.get(flag, "A flag of the run; see the metrics' documentation.")) for flag in found]


def unmeasured(group: Group) -> list[tuple[str, str]]:
    """(method, reason) for what a finished method could not measure."""
    found = {}
    for method in group.methods:
        for entry in group.of(method):
            found |= {(method, str(reason)): None for reason in entry.summary.get("not_measured") or []}
    return list(found)


def unfinished(group: Group) -> list[str]:
    """One sentence for each piece that a run has not reached."""
    found = []
    for run in group.runs:
        name = f"{run.name} (seed {run.seed})" if len(group.runs) > 1 else "This run"
        if run.gate is None:
            found.append(f"{name}: stage 1 is not finished, so there is no gate and nothing to compare with.")
        for method in run.methods:
            if method.summary is None:
                found.append(
                    f"{name}: {method.name} is not finished, {method.stages_done} of {len(run.order)} stages done."
                )
        if run.gold is None:
            found.append(f"{name}: no gold model was retrained, so nothing can be compared with it.")
        elif run.last_gold is None:
            found.append(f"{name}: no gold model was retrained without all {len(run.order)} tasks.")
    return found


def before_exposure(run: Run) -> float | None:
    """Mean exposure, in bits, of the learnt model on what will be asked to be forgotten."""
    return Group("", (run,)).learnt("exposure").value


def _method(group: Group, method: str) -> list[Cell]:
    found = [figure(group.final(method, column.key)) for column in FIGURES]
    forgotten = stat([mean(entry.summary["knowledge"][-1]) for entry in group.of(method)])
    retained = stat([entry.summary["retain_knowledge"][-1] for entry in group.of(method)])
    return [*found, figure(forgotten), figure(retained)]


def _before(group: Group) -> list[Cell]:
    forgotten = []
    for run in group.runs:
        done = [entry.summary["knowledge"][0] for entry in run.methods if entry.summary is not None]
        forgotten.append(mean(done[0]) if done else None)
    known = stat(forgotten)
    nothing = figure(Stat(0.0), note="by definition") if known.value is not None else figure(NONE)
    utility = group.before("utility")
    relative = figure(Stat(1.0), note="by definition") if utility.value is not None else figure(NONE)
    exposure = group.learnt("exposure")
    gold = group.gold("exposure").value
    excess = Stat(exposure.value - gold) if exposure.value is not None and gold is not None else NONE
    found = [nothing, figure(utility), relative, figure(NONE), figure(exposure), figure(excess), figure(NONE)]
    return [*found, figure(known), figure(group.before("retain_knowledge"))]


def _gold(group: Group) -> list[Cell]:
    known = [run.last_gold for run in group.runs]
    forgotten = stat([mean(stage["knowledge"]) if stage and stage.get("knowledge") else None for stage in known])
    whole = figure(Stat(1.0), note="by definition") if forgotten.value is not None else figure(NONE)
    zero = figure(Stat(0.0), note="by definition") if group.gold("exposure").value is not None else figure(NONE)
    found = [whole, figure(group.gold("utility")), figure(group.gold("utility_relative")), figure(NONE)]
    found += [figure(group.gold("exposure")), zero, figure(NONE)]
    return [*found, figure(forgotten), figure(group.gold("retain_knowledge"))]


def _chance(group: Group) -> list[Cell]:
    found = {"exposure": group.gold("exposure_chance")}
    return [figure(found.get(column.key, NONE)) for column in (*FIGURES, *KNOWN)]


def _flags(group: Group, name: str) -> Cell:
    if name not in group.methods:
        return Cell("")
    found, runs = flags_of(group, name), len(group.runs)
    return Cell(
        ", ".join(f"{flag} ({count} of {runs})" if runs > 1 else flag for flag, count in found.items()) or ABSENT
    )


def mean(values: list[float | None]) -> float | None:
    """Mean of the figures that are there; None where none is."""
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None
