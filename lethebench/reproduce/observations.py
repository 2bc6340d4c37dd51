"""Orderings of methods that papers report, and whether they hold in an experiment's runs."""

from collections.abc import Sequence

from lethebench.report.seeds import stat
from lethebench.report.tables import Cell, Column, Table, stat_cell
from lethebench.reproduce.cells import Cells

ENOUGH = 0.85
"""Forget value from which `keep` is compared: a method that forgets little keeps much."""
NO_DIFFERENCE = 0.01
"""Difference in `keep` that one answer of a small build makes."""
PUBLISHED = (
    ("npo:retain_loss=none", "ga", "NPO collapses later than GA (NPO paper)"),
    ("graddiff", "ga", "a retain term spares utility (TOFU, MLLMU-Bench)"),
    ("kl", "ga", "KL-Min spares utility against GA (MLLMU-Bench)"),
    ("npo", "graddiff", "NPO spares more than GradDiff (NPO paper, MLLMU-Bench)"),
    ("npo", "kl", "NPO spares more than KL-Min (MLLMU-Bench)"),
    ("npo", "dpo", "NPO spares more than DPO (NPO paper)"),
    ("npo", "idk", "NPO spares more than refusals (NPO paper)"),
    ("simnpo", "npo", "SimNPO spares more than NPO (SimNPO paper)"),
    ("mmunlearner", "graddiff", "MMUnlearner spares more than GradDiff (MMUnlearner paper)"),
    ("mmunlearner", "npo", "MMUnlearner spares more than NPO (MMUnlearner paper)"),
    ("manu", "npo", "MANU spares more than NPO (MANU paper)"),
    ("lumoe", "npo", "LUMoE spares more than NPO (MLUBench)"),
    ("lumoe", "graddiff", "LUMoE spares more than GradDiff (MLUBench)"),
    ("ga:modality=image_text", "ga:modality=text", "GA on pictures spares more than GA on text (MLLMU-Bench)"),
)
"""(method, method that it is ahead of, what papers report)."""


def observations(cells: Cells) -> Table:
    """Return whether the published orderings hold by `keep`, over the seeds in which both methods forget enough.

    Args:
        cells: Configuration -> figure -> seed -> value; pairs of which one was not run are left out.
    """
    rows = []
    for one, other, words in PUBLISHED:
        if one not in cells or other not in cells:
            continue
        seeds = [seed for seed in cells[one]["keep"] if _forgets(cells, one, seed) and _forgets(cells, other, seed)]
        pairs = [(cells[one]["keep"][seed], cells[other]["keep"].get(seed)) for seed in seeds]
        differences = [first - second for first, second in pairs if first is not None and second is not None]
        difference = stat(differences)
        rows.append(
            [
                Cell(words[0].upper() + words[1:]),
                stat_cell(difference),
                Cell(str(len(differences))),
                Cell(verdict(differences)),
            ]
        )
    columns = [
        Column("observation", "Published observation"),
        Column("difference", "Difference in keep"),
        Column("seeds", "Seeds compared"),
        Column("verdict", "Here"),
    ]
    return Table("observations", "What papers report, and what holds here", columns, rows)


def _forgets(cells: Cells, name: str, seed: int) -> bool:
    forget = cells[name]["forget"].get(seed)
    return forget is not None and forget >= ENOUGH


def verdict(differences: Sequence[float]) -> str:
    """Return whether an ordering holds, by the difference in each seed."""
    if not differences:
        return "not comparable: one of them does not forget enough"
    if all(abs(difference) < NO_DIFFERENCE for difference in differences):
        return "no difference"
    ahead = sum(difference > 0 for difference in differences)
    if ahead == len(differences):
        return "holds"
    if ahead == 0:
        return "does not hold"
    return f"unclear: holds in {ahead} of {len(differences)} seeds"
