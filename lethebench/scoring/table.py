"""Scores in words: the table that `lethe evaluate` prints."""

from collections.abc import Mapping

WIDTH = 44


def table(scores: Mapping) -> str:
    """One line per aggregate with its interval and number of rows, then flags and what was not measured."""
    lines = []
    for metric, found in scores["metrics"].items():
        lines.append(f"{metric.replace('_', ' '):{WIDTH}}{'value':>10}{'95 % interval':>20}{'rows':>8}")
        for name, part in found.items():
            lines.append(
                f"  {name.replace('_', ' '):{WIDTH - 2}}{_number(part['value']):>10}{_interval(part):>20}{part['n']:>8}"
            )
        lines.append("")
    if scores["flags"]:
        lines.append(f"flags: {', '.join(scores['flags'])}")
    lines += [f"not measured: {name}: {reason}" for name, reason in scores["not_measured"].items()]
    lines += scores["notes"]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:.1e}"


def _interval(part: Mapping) -> str:
    return "" if part["ci_low"] is None else f"{_number(part['ci_low'])} .. {_number(part['ci_high'])}"
