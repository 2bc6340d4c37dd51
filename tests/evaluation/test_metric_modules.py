"""The metrics' registry and their modules for `evaluate`: loaded as users load them; every documented example runs."""

import doctest
import importlib
import inspect
import shutil
import subprocess
import sys
import types
from pathlib import Path

import datasets
import evaluate
import pytest

from lethebench.cli.listing import catalog
from lethebench.evaluation import metrics as scores
from lethebench.evaluation.metrics.measures import Evidence, Measured, mean_cell
from lethebench.evaluation.registry import METRICS, NEEDS, MetricEntry, folder_of, metric_entry
from lethebench.scoring.aggregate import aggregate, measure_of
from lethebench.scoring.options import EvaluateOptions
from lethebench.scoring.output import headline

ROOT = Path(__file__).parents[2]
HARNESSES = ("lm_eval", "lmms_eval")  # packages that no extra installs
TAKES = {("string", True): "texts", ("float64", True): "numbers", ("float64", False): "lists of numbers"}
NAMES = [entry.name for entry in METRICS.values() if entry.module]


def run_examples(text: str, name: str) -> None:
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    result = doctest.DocTestRunner(verbose=False).run(test)
    assert result.attempted >= 3, f"{name} has no example"
    assert result.failed == 0


def test_registry_has_a_row_per_folder():
    assert {path.parent.name for path in (ROOT / "evaluation").glob("*/app.py")} == set(NAMES)
    for name in NAMES:
        files = {path.name for path in folder_of(METRICS[name]).iterdir()}
        assert {"README.md", "__init__.py", "app.py", "form.py", f"{name}.py", "requirements.txt"} <= files


@pytest.mark.parametrize("name", METRICS)
def test_registry_row(name):
    entry = metric_entry(name)
    assert set(entry.needs) <= set(NEEDS)
    assert entry.summary
    assert entry.range
    assert entry.direction
    if "stages" in entry.needs:
        with pytest.raises(ValueError, match="lethe attack" if "attacks" in entry.needs else "stages of a run"):
            measure_of(entry)
    else:
        assert callable(measure_of(entry))
        assert entry.headline


def test_unknown_metric_names_the_nearest():
    with pytest.raises(ValueError, match="unknown metric 'forgets'; did you mean 'forget'"):
        metric_entry("forgets")


def test_one_row_adds_a_metric(monkeypatch, tmp_path):
    """It is listed, accepted by --metrics, computed and printed."""
    module = types.ModuleType("brevity_metric")
    module.measure = lambda evidence: Measured({"brevity": mean_cell(evidence.rows, "characters")}, ["short"])
    monkeypatch.setitem(sys.modules, "brevity_metric", module)
    entry = MetricEntry(
        "brevity", "Length", ("text",), "from 0", "lower", "brevity_metric:measure", ("brevity",), False
    )
    monkeypatch.setitem(METRICS, "brevity", entry)
    assert "brevity" in {row["name"] for row in catalog("metrics")["metrics"]}
    options = EvaluateOptions(target=tmp_path, model="openai:m", base_url="http://127.0.0.1", metrics=("brevity",))
    options.check()
    rows = [{"profile_id": number, "characters": number} for number in (1, 3)]
    aggregates = aggregate(Evidence(rows=rows), options.chosen_metrics())
    assert aggregates.values["brevity"]["brevity"]["value"] == 2.0
    scores = {"metrics": aggregates.values, "flags": aggregates.flags, "not_measured": {}, "notes": []}
    assert "brevity  2.000" in headline(scores)
    assert "flags: short" in headline(scores)


@pytest.mark.parametrize("name", NAMES)
def test_docstring_and_readme_examples(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    run_examples(evaluate.load(f"evaluation/{name}").inputs_description, name)
    run_examples((ROOT / "evaluation" / name / "README.md").read_text(), f"{name}/README.md")


@pytest.mark.parametrize("name", NAMES)
def test_module_loads_from_the_package(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    module = evaluate.load(str(folder_of(METRICS[name])))
    assert module.description
    assert module.citation.startswith("\n@")
    assert isinstance(module.features, datasets.Features)
    assert list(module.features)[:2] == ["predictions", "references"]
    flat = [getattr(feature, "feature", feature) for feature in module.features.values()]
    assert not any(feature.dtype == "float32" for feature in flat)  # float32 makes false ties
    parameters = inspect.signature(module._compute).parameters
    assert not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    options = {"threshold", "seed", "known", "before", "extrapolate"}
    assert set(module.features) == set(parameters) - options  # every input of a row can be added with it
    assert METRICS[name].takes == TAKES[getattr(flat[0], "dtype", None), module.features["predictions"] is flat[0]]


@pytest.mark.parametrize("name", NAMES)
def test_module_loads_as_a_space(name, monkeypatch, tmp_path):
    """The files of one folder, elsewhere: by its own name as a Hub client lays it, and by file as its app loads it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "evaluation" / name, tmp_path / "spaces" / name)
    shutil.copytree(ROOT / "evaluation" / name, tmp_path / "app")
    expected = evaluate.load(str(ROOT / "evaluation" / name)).inputs_description
    assert evaluate.load(f"spaces/{name}").inputs_description == expected
    assert evaluate.load(str(tmp_path / "app" / f"{name}.py")).inputs_description == expected


def documented_modules() -> list[str]:
    """The modules of evaluation/ with examples in docstrings, but for the metric modules tested above."""
    files = [path for path in sorted((ROOT / "evaluation").rglob("*.py")) if ">>>" in path.read_text("utf-8")]
    dotted = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return [name for name in dotted if name not in {f"evaluation.{metric}.{metric}" for metric in NAMES}]


@pytest.mark.parametrize("module", documented_modules())
def test_docstring_examples(module):
    try:
        loaded = importlib.import_module(f"lethebench.{module}")
    except ModuleNotFoundError as error:
        if error.name not in HARNESSES:
            raise
        pytest.skip(f"needs {error.name}, which no extra installs")
    result = doctest.testmod(loaded)
    assert result.attempted > 0
    assert result.failed == 0


EXPOSURES = [[-1.0, -2.0, -3.0], [-4.0, -2.0, -3.0]], [0, 0]
SQUARES = [[-float(number**2) for number in range(20)]], [0]
KNOWLEDGE = [0.1, 0.2, 0.0], [1.0, 0.9, 1.0]
TEXTS, ANSWERS = ["He is male.", "a nurse", "no"], ["male", "a nurse", "asthma"]
UTILITY = {"probability": [0.5, 0.1, 0.9], "truth_ratio": [0.5, 1.5, None], "groups": ["retain", "retain", "neighbour"]}
RUN_TEXTS = [*"abcd", *["no", "no", "c", "d"] * 2], [*"abcd"] * 3
RUN = {"role": ["forget", "forget", "retain", "retain"] * 3, "profile_id": [*"ABCD"] * 3, "held_out": [0, 0, 1, 1] * 3}
RUN |= {"model": ["method"] * 8 + ["gold"] * 4, "stage": [0] * 4 + [1] * 8, "truth_ratio": [0.25] * 12}
RUN |= {"candidates": [*[[-0.25, -3.0]] * 2, None, None, *[[-3.0, -1.0], [-1.0, -2.0], None, None] * 2]}
RUN |= {"truth_index": [0, 0, None, None] * 3, "probability": [0.5, 0.5, 0.75, 0.75, 0.1, 0.2, 0.25, 0.75] + [0.25] * 4}


def utility_of(texts, answers, *, probability, truth_ratio, **options):
    recall = [scores.rouge_l_recall(text, answer) for text, answer in zip(texts, answers, strict=True)]
    return scores.model_utility(probability, recall, truth_ratio, **options)


def memorization_of(texts, answers, *, keyword_match, keywords=None, **options):
    pairs = list(zip(texts, answers, strict=True))
    exact, rouge = [scores.exact_match(*pair) for pair in pairs], [scores.rouge_l(*pair) for pair in pairs]
    return scores.memorization_summary(exact, rouge, keyword_match, **options)


@pytest.mark.parametrize(
    ("name", "columns", "options", "function", "extra"),
    [
        ("leak_at_k", ([0.0, 2.0, 4.0], [4, 4, 8]), {"profile_ids": list("aab")}, scores.leak_summary, {}),
        ("exposure", EXPOSURES, {"gold": EXPOSURES[0][::-1]}, scores.exposure_summary, {}),
        ("exposure", ([[-100.0, -100.0 - 1e-9, -200.0]], [0]), {}, scores.exposure_summary, {}),  # equal in float32
        ("forget", KNOWLEDGE, {"gold": [0.0, 0.1, 0.0], "profile_ids": list("aab")}, scores.forget_score, {}),
        ("utility", (TEXTS, ANSWERS), UTILITY | {"before": 0.9}, utility_of, {}),
        ("utility", (TEXTS, ANSWERS), UTILITY | {"known": {"retain": 1.0, "neighbour": 0.4}}, utility_of, {}),
        ("stability", ([[1.0, 0.9], [0.1, 0.8], [0.3, 0.0]], [0.9, 0.8, 0.7]), {}, scores.continual_summary, {}),
        (
            "memorization",
            (TEXTS, ANSWERS),
            {"modality": ["text", "text", "image_text"], "hops": [1, 1, 2], "threshold": 0.5, "profile_ids": [0, 0, 1]},
            memorization_of,
            {"keyword_match": [1.0, 1.0, 0.0]},
        ),
        (
            "memorization",
            (TEXTS, ANSWERS),
            {"keywords": [["he", "she"], ["nurse"], ["no"]]},
            memorization_of,
            {"keyword_match": [0.5, 1.0, 1.0]},
        ),
        (
            "privacy_leakage",
            ([0.5, 0.5 + 1e-12, 0.1, 0.7], [0, 1, 0, 1]),
            {"gold": [0.1, 0.3, 0.2, 0.15]},
            scores.privacy_leakage,
            {},
        ),
        ("unlearning", RUN_TEXTS, RUN, scores.unlearning_summary, {}),
    ],
)
def test_module_equals_its_function(name, columns, options, function, extra, monkeypatch):
    """In float64, in one call and from added rows."""
    monkeypatch.chdir(ROOT)
    module = evaluate.load(f"evaluation/{name}")
    predictions, references = columns
    expected = function(predictions, references, **options, **extra)
    assert module.compute(predictions=predictions, references=references, **options) == expected
    for prediction, reference in zip(predictions, references, strict=True):
        module.add(prediction=prediction, reference=reference)
    assert module.compute(**options) == expected


def test_module_options(monkeypatch):
    monkeypatch.chdir(ROOT)
    exposure = evaluate.load("evaluation/exposure").compute(
        predictions=SQUARES[0], references=SQUARES[1], extrapolate=True
    )
    assert exposure["exposure_extrapolated"] == scores.exposure_extrapolated(SQUARES[0][0], 0)
    ratios = {"truth_ratios": [0.5, 1.0], "gold_truth_ratios": [1.0, 1.1]}
    forget = evaluate.load("evaluation/forget").compute(predictions=KNOWLEDGE[0], references=KNOWLEDGE[1], **ratios)
    assert forget == scores.forget_score(*KNOWLEDGE) | scores.forget_quality(*ratios.values())


@pytest.mark.parametrize(
    ("name", "columns", "options", "error", "words"),
    [
        ("forget", KNOWLEDGE, {"truth_ratios": [1.0]}, ValueError, "two models"),
        ("stability", ([[1.0, 1.0], [1.0], [1.0, 1.0]], [0.9, 0.8, 0.7]), {}, ValueError, "stage 1 has 1 task scores"),
        ("memorization", (TEXTS, ANSWERS), {"keywords": [["x"]]}, ValueError, "keywords has 1 rows where 3"),
        ("unlearning", (TEXTS, ANSWERS), {"rolle": RUN["role"]}, TypeError, "rolle"),
    ],
)
def test_module_refuses_bad_columns(name, columns, options, error, words, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(error, match=words):
        evaluate.load(f"evaluation/{name}").compute(predictions=columns[0], references=columns[1], **options)


def test_builders_and_metrics_import_no_torch():
    """evaluate 0.4.6 itself imports torch where it is installed (for its `evaluator`): a stand-in takes its place."""
    code = [
        "import sys, types",
        "fake = types.ModuleType('evaluate'); fake.Metric = object; fake.MetricInfo = dict",
        "identity = lambda *texts: lambda kind: kind",
        "fake.utils = types.SimpleNamespace(file_utils=types.SimpleNamespace(add_start_docstrings=identity))",
        "sys.modules['evaluate'] = fake",
        "import lethebench.builders, lethebench.evaluation.metrics.measures, lethebench.evaluation.space_app.form",
        *(f"import lethebench.evaluation.{name}.{name}" for name in NAMES),
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
