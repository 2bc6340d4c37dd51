"""`lethe judge-check`: the agreement of a judge with the labeled answers, with itself, and between orders."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from lethebench.cli.output import text_table
from lethebench.console import Console, per_mille
from lethebench.contract.escaping import file_name
from lethebench.contract.requests.budget import usage_text
from lethebench.errors import UserError
from lethebench.evaluation.judges.labeled import PARTS, Check, LabeledAnswer, compare, labeled_answers
from lethebench.evaluation.judges.protocol import Judge, Verdict, checked
from lethebench.evaluation.judges.rows import repeat_agreement
from lethebench.evaluation.judges.rubrics import Rubric
from lethebench.scoring.judges import JudgeOptions
from lethebench.scoring.judging import dry_run as judging_dry_run

REPLIES = Path("evaluations") / "judge-check"


def judge_check_command(
    options: JudgeOptions, *, part: str, sample: int | None = None, dry_run: bool = False
) -> tuple[dict, str]:
    """Compare the one judge of the options with the labels; return the result for programs and the text to print.

    Raises:
        UserError: Wrong use, before anything is paid; or the judge refuses every call, or its budget is spent.
    """
    if part not in (*PARTS, "all"):
        raise UserError(f"--part {part}: unknown; pass test, dev or all")
    options.check(dry_run=dry_run, prefix="--")
    (name,) = options.names
    if dry_run and not options.api_names:
        raise UserError(f"--dry-run: {name} costs nothing; it is for a judge behind an API")
    answers = labeled_answers(None if part == "all" else part)
    answers = answers if sample is None else _spread(answers, sample)
    rubrics = options.chosen_rubrics()
    replies = REPLIES / f"{file_name(name.partition(':')[2])}.sqlite" if options.api_names else None
    if dry_run and replies is not None:
        record, text = judging_dry_run(options, [answer.item for answer in answers], replies)
        return {"dry_run": record}, text
    if replies is not None:
        replies.parent.mkdir(parents=True, exist_ok=True)
    console = Console(phases=1)
    checks: list[Check] = []
    consistency: dict[str, dict] = {}
    total = len(rubrics) * options.repeats
    done = 0
    with console.phase(f"judge {len(answers)} labeled answers") as tick:
        share = per_mille(tick)
        with options.opened(replies, lambda now: share((done + now.done / now.total) / total)) as (judges, cache):
            for rubric in rubrics:
                verdicts = []
                for repeat in range(options.repeats):
                    verdicts.append(_verdicts(judges[0], answers, rubric, repeat))
                    done += 1
                checks.append(compare(rubric, answers, verdicts[0]))
                if options.repeats > 1:
                    consistency[rubric.name] = repeat_agreement(rubric, verdicts)
            usage = cache.usage() if cache is not None else None
    result = {
        "judge": judges[0].name,
        "part": part,
        "answers": len(answers),
        "rubrics": {check.rubric: asdict(check) | {"version": _version(rubrics, check)} for check in checks},
        "repeats": consistency,
        "usage": None if usage is None else usage._asdict() | {"usd": options.limits().cost(usage)},
    }
    lines = [
        _agreement_table(checks),
        *(_confusion(rubric, check) for rubric, check in zip(rubrics, checks, strict=True)),
    ]
    lines += [_consistency_table(consistency)] if consistency else []
    lines += [
        f"{check.rubric}: {check.failed} of {len(answers)} answers have no verdict; the first: {check.first_error}"
        for check in checks
        if check.failed
    ]
    if usage is not None:
        lines.append(f"{usage_text(usage, options.limits())} in all passes; replies: {replies}")
    return result, "\n\n".join(lines)


def _version(rubrics: Sequence[Rubric], check: Check) -> int:
    return next(rubric.version for rubric in rubrics if rubric.name == check.rubric)


def _spread(answers: list[LabeledAnswer], count: int) -> list[LabeledAnswer]:
    """Return `count` answers at equal distances."""
    return [answers[index * len(answers) // count] for index in range(count)] if count < len(answers) else answers


def _verdicts(judge: Judge, answers: Sequence[LabeledAnswer], rubric: Rubric, repeat: int) -> list[Verdict]:
    try:
        return checked(judge, [answer.item for answer in answers], rubric, repeat=repeat)
    except ValueError as error:
        if type(error) is ValueError:
            raise UserError(str(error)) from None
        raise


def _agreement_table(checks: Sequence[Check]) -> str:
    header = ("rubric", "kappa", "weighted", "n", "failed", "lowest category", "by language")
    lines = []
    for check in checks:
        shares = {name: right / count for name, (right, count) in check.by_category.items()}
        lowest = min(shares, key=lambda name: shares[name]) if shares else ""
        languages = ", ".join(f"{name} {right / count:.0%}" for name, (right, count) in check.by_language.items())
        lowest = f"{lowest} {shares[lowest]:.0%}" if lowest else "-"
        lines.append((check.rubric, check.kappa, check.weighted_kappa, check.n, check.failed, lowest, languages))
    return text_table(header, lines, right=header[1:5])


def _confusion(rubric: Rubric, check: Check) -> str:
    """Return the confusion table: labels down, verdicts across, by class of the rubric."""
    bounds = [rubric.low, *rubric.bounds, rubric.high + 1]
    names = [str(low) if high - low == 1 else f"{low}-{high - 1}" for low, high in pairwise(bounds)]
    lines = [(f"label {name}", *counts) for name, counts in zip(names, check.confusion, strict=True)]
    header = (rubric.name, *(f"judged {name}" for name in names))
    return text_table(header, lines, right=header[1:])


def _consistency_table(consistency: dict[str, dict]) -> str:
    header = ("repeated verdicts", "kappa", "answer first", "changed", "p", "n")
    lines = []
    for name, entry in consistency.items():
        order = entry["order"] or dict.fromkeys(("difference", "changed", "p_value"))
        lines.append((name, entry["kappa"], order["difference"], order["changed"], order["p_value"], entry["n"]))
    return text_table(header, lines, right=header[1:])
