"""Turn plain functions of arrays into modules of the `evaluate` library: description, features and `_compute`."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import datasets
import evaluate

COLUMNS = ("predictions", "references")


def metric_info(description: str, inputs: str, citation: str, *features: Any) -> evaluate.MetricInfo:
    """Return the info of a module; `features` are those of predictions and references."""
    columns = datasets.Features(dict(zip(COLUMNS, features, strict=True)))
    return evaluate.MetricInfo(description=description, citation=citation, inputs_description=inputs, features=columns)


def inputs_of(*functions: Callable[..., dict], examples: str, args: str | None = None) -> str:
    """Return the sections Args, Returns and Raises of functions, and examples.

    Args:
        functions: with Google-style docstrings; the first two parameters of the first one become the columns.
        examples: the section Examples.
        args: the section Args, where it is not that of the functions.
    """
    sections = {name: "".join(_section(function, name) for function in functions) for name in ("Returns", "Raises")}
    if args is None:
        args = "".join(_section(function, "Args") for function in functions)
        for name, column in zip(inspect.signature(functions[0]).parameters, COLUMNS, strict=False):
            args = re.sub(rf"^    {name}\b", f"    {column}", args, flags=re.MULTILINE)
        args = f"Args:\n{args}"
    texts = [args.strip(), *(f"{name}:\n{text}".strip() for name, text in sections.items()), examples.strip()]
    return "\n" + "\n\n".join(texts) + "\n"


def _section(function: Callable[..., dict], name: str) -> str:
    """Return the items of a section of a docstring."""
    match = re.search(rf"^{name}:\n((?: .*\n)*)", f"{inspect.getdoc(function)}\n", re.MULTILINE)
    return match[1] if match else ""


def compute_with(function: Callable[..., dict]) -> Callable[..., dict]:
    """Return a `_compute` that takes the columns and the options of a function."""
    _, _, *options = inspect.signature(function).parameters.values()

    def _compute(self: evaluate.Metric, predictions: Any, references: Any, **values: Any) -> dict:
        return function(predictions, references, **values)

    named = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", *COLUMNS)]
    keywords = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    _compute.__signature__ = inspect.Signature([*named, *keywords])  # type: ignore[attr-defined]
    return _compute
