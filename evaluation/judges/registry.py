"""Judges by name: `local`, `openai:MODEL`, and any class of another package as `package.module:Class`."""

import importlib.util
from collections.abc import Sequence
from typing import Any

from lethebench.contract.defaults import API_PREFIX
from lethebench.contract.errors import UserError, border
from lethebench.contract.importing import import_from_here
from lethebench.evaluation.judges.protocol import Item, Judge, Verdict
from lethebench.evaluation.judges.rubrics import RUBRICS, Rubric

LOCAL = "local"


def is_api(name: str) -> bool:
    """Return whether a judge is a model behind an API."""
    return name.startswith(API_PREFIX)


def check_name(name: str) -> None:
    """Raise UserError unless a judge's name can be one; imports nothing of another package."""
    if name == LOCAL:
        return
    if is_api(name):
        if not name.removeprefix(API_PREFIX).strip():
            raise UserError(f"--judge {name}: add the model's name at the API, e.g. openai:gpt-4o-mini")
        if importlib.util.find_spec("openai") is None:
            raise UserError(f"--judge {name}: the openai client is not installed: pip install 'lethebench[openai]'")
        return
    module, _, attribute = name.partition(":")
    if not attribute or not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise UserError(f"--judge {name}: unknown; pass local, openai:MODEL or package.module:Judge")


def own_judge(name: str) -> Judge:
    """Return the local judge, or one of another package.

    Raises:
        UserError: It cannot be imported or made, or is no judge.
    """
    if name == LOCAL:
        from lethebench.evaluation.judges.local.judge import LocalJudge

        return LocalJudge()
    module, _, attribute = name.partition(":")
    with border(f"--judge {name}: cannot be loaded", "check its name and that it is installed"):
        judge: Any = import_from_here(module)
        for part in attribute.split("."):
            judge = getattr(judge, part)
        judge = judge() if isinstance(judge, type) else judge
    if not isinstance(judge, Judge) or not isinstance(judge.name, str):
        raise UserError(f"--judge {name}: is no judge: it needs `name` and `judge(items, rubric, *, repeat)`")
    return _OwnJudge(name, judge)


class _OwnJudge:
    """A judge of another package, whose errors end a command in one line."""

    def __init__(self, spec: str, judge: Judge) -> None:
        self.name, self._spec, self._judge = judge.name, spec, judge

    def judge(self, items: Sequence[Item], rubric: Rubric, *, repeat: int = 0) -> list[Verdict]:
        with border(f"--judge {self._spec} failed", "lethe --debug shows where"):
            return list(self._judge.judge(items, rubric, repeat=repeat))


def chosen_rubrics(names: Sequence[str]) -> tuple[Rubric, ...]:
    """Return rubrics by name, all for none; raise UserError for an unknown one."""
    for name in names:
        if name not in RUBRICS:
            raise UserError(f"--rubrics {name}: unknown; pass some of {', '.join(RUBRICS)}")
    return tuple(RUBRICS[name] for name in names or RUBRICS)
