"""Turn plain functions of arrays into modules of the `evaluate` library: description, features, rows and `_compute`."""

import abc
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import datasets
import evaluate

from lethebench.evaluation.inputs import column, packed, unpacked
from lethebench.evaluation.metrics.validation import same_length
from lethebench.evaluation.registry import METRICS

COLUMNS = ("predictions", "references")


def metric_info(
    description: str, inputs: str, citation: str, predictions: Any, references: Any, **optional: Any
) -> evaluate.MetricInfo:
    """Return the info of a module: the features of predictions, references and the optional inputs of each row."""
    features = datasets.Features({"predictions": predictions, "references": references, **optional})
    return evaluate.MetricInfo(description=description, citation=citation, inputs_description=inputs, features=features)


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

    def _compute(self: "RowMetric", predictions: list, references: list, **values: Any) -> dict:
        return function(predictions, references, **self.given(values))

    named = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", *COLUMNS)]
    keywords = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    _compute.__signature__ = inspect.Signature([*named, *keywords])  # type: ignore[attr-defined]
    return _compute


class RowMetric(evaluate.Metric, metaclass=abc.ABCMeta):
    """A module whose optional inputs come with the rows, by `add`, `add_batch` and `compute`, or all at once.

    With several processes each one brings those of its own rows. `evaluate.combine` passes each module the inputs that
    it takes.
    """

    _late: Mapping[str, list] = {}

    @abc.abstractmethod
    def _compute(self, predictions: list, references: list) -> dict:
        """Return the results; the inputs are keywords of `compute`."""

    def compute(self, *, predictions: Any = None, references: Any = None, **inputs: Any) -> dict | None:
        """Compute the metric from the rows that are given here and those that were added before.

        Optional inputs of the rows are for the rows given here, or, without rows, for all rows that were added.
        """
        inputs = self._taken(inputs, _combination(sys._getframe(1)))
        optional = {name: inputs.pop(name) for name in list(inputs) if name in self.features}
        optional = {name: values for name, values in optional.items() if values is not None}
        has_rows = predictions is not None or references is not None
        with_rows = optional if has_rows and (self.writer is not None or self.num_process > 1) else {}
        rows = self._rows({"predictions": predictions, "references": references, **with_rows}) if has_rows else {}
        late = {name: self._column(name, values) for name, values in optional.items() if name not in with_rows}
        if has_rows:
            self.add_batch(**rows)
        elif self.num_process > 1 and self.writer is None:  # a process without rows: the others wait for its file
            self.add_batch(predictions=[], references=[])
        elif self.writer is None:
            raise ValueError(f"{self.name} has no rows: give predictions and references, or add rows first")
        self._late = late
        try:
            return super().compute(**inputs)
        finally:
            self._late = {}

    def add_batch(self, *, predictions: Any = None, references: Any = None, **inputs: Any) -> None:
        """Add rows: one value of each input per row; an optional input may be left out or None in single rows."""
        rows = self._rows({"predictions": predictions, "references": references, **inputs})
        missing = [None] * len(rows["predictions"])
        super().add_batch(**{name: packed(name, rows.get(name, missing)) for name in self.features})

    def add(self, *, prediction: Any = None, reference: Any = None, **inputs: Any) -> None:
        """Add one row; an optional input may be left out or None."""
        row = {"predictions": prediction, "references": reference, **inputs}
        self.add_batch(**{name: [value] for name, value in row.items()})

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of `_compute` without columns that no row has, and with those that `compute` got apart."""
        inputs = {}
        for name, cells in values.items():
            if name in self.features:
                if all(cell is None for cell in cells):
                    continue
                if name in self._late:
                    raise ValueError(f"{self.name}: {name} came with the rows and again with compute: give it once")
                cells = unpacked(name, cells)
            inputs[name] = cells
        return inputs | dict(self._late)

    def _rows(self, columns: Mapping[str, Any]) -> dict[str, list]:
        """Return the columns of a batch as plain lists; raise ValueError unless they fit the features."""
        if unknown := [name for name in columns if name not in self.features]:
            raise ValueError(
                f"{self.name}: {unknown[0]} is no input of a row: give it to compute, or one of "
                f"{', '.join(self.features)}"
            )
        for name in COLUMNS:
            if columns[name] is None:
                raise ValueError(f"{self.name}: {name} are missing: give one per row")
        rows = {name: self._column(name, values) for name, values in columns.items() if values is not None}
        for name, cells in rows.items():
            same_length(f"{self.name}: {name}", cells, len(rows["predictions"]))
        return rows

    def _column(self, name: str, values: Any) -> list:
        try:
            return column(values, name, self.features[name], required=name in COLUMNS)
        except ValueError as error:
            hint = ""
            if name == "predictions" and isinstance(values, list | tuple):
                kind = METRICS[self.name].takes
                hint = f" ({', '.join(other.name for other in METRICS.values() if other.takes == kind)} take {kind})"
            raise ValueError(f"{self.name}: {error}{hint}") from None

    def _taken(self, inputs: Mapping[str, Any], combination: Any) -> dict[str, Any]:
        """Return the inputs that this module takes; raise TypeError for one that no module of the combination takes."""
        modules = [self] if combination is None else combination.evaluation_modules
        taken = [set(inspect.signature(module._compute).parameters) for module in modules]
        own = inspect.signature(self._compute).parameters
        for name in inputs:
            if not any(name in names for names in taken):
                raise TypeError(f"{self.name} takes no input {name!r}; it takes {', '.join(own)}")
        return {name: value for name, value in inputs.items() if name in own}

    def _feature_names(self) -> list[str]:
        """Return the names of the features; to a combination, which needs every one, those that it has."""
        names = list(self.features)
        caller = sys._getframe(1)
        return names if _combination(caller) is None else [name for name in names if name in caller.f_locals["batch"]]

    def _enforce_nested_string_type(self, schema: Any, obj: Any) -> None:
        """Do nothing: `add_batch` checked the types, and texts of optional inputs may be None."""


def _combination(caller: FrameType) -> Any:
    """Return what `evaluate.combine` made if it is the caller, else None: it does not say so to its modules."""
    owner = caller.f_locals.get("self")
    return owner if isinstance(owner, evaluate.CombinedEvaluations) else None
