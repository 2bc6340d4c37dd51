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
        with pytest.raises(ValueError, match="stages of a run"):
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
    assert set(module.features) == {"predictions", "references"}
    flat = [getattr(feature, "feature", feature) for feature in module.features.values()]
    assert not any(feature.dtype == "float32" for feature in flat)  # float32 makes false ties
    parameters = inspect.signature(module._compute).parameters.values()
    assert not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


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


def test_exposure_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    logprobs, gold, truths = [[-1.0, -2.0, -3.0], [-4.0, -2.0, -3.0]], [[-3.0, -2.0, -1.0], [-1.0, -2.0, -3.0]], [0, 0]
    result = evaluate.load("evaluation/exposure").compute(predictions=logprobs, references=truths, gold=gold)
    assert result == scores.exposure_summary(logprobs, truths, gold=gold)
    close = [[-100.0, -100.0 - 1e-9, -200.0]]  # one value in float32
    assert evaluate.load("evaluation/exposure").compute(predictions=close, references=[0])["rank1_share"] == 1.0


def test_exposure_module_extrapolates(monkeypatch):
    monkeypatch.chdir(ROOT)
    values = [-float(i * i) for i in range(20)]
    result = evaluate.load("evaluation/exposure").compute(predictions=[values], references=[0], extrapolate=True)
    assert result["exposure_extrapolated"] == scores.exposure_extrapolated(values, 0)


def test_forget_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    forget = evaluate.load("evaluation/forget")
    after, before, gold = [0.1, 0.2, 0.0], [1.0, 0.9, 1.0], [0.0, 0.1, 0.0]
    result = forget.compute(predictions=after, references=before, gold=gold, profile_ids=["a", "a", "b"])
    assert result == scores.forget_score(after, before, gold, profile_ids=["a", "a", "b"])
    ratios = {"truth_ratios": [0.5, 1.0], "gold_truth_ratios": [1.0, 1.1]}
    both = forget.compute(predictions=after, references=before, **ratios)
    assert both == scores.forget_score(after, before) | scores.forget_quality([0.5, 1.0], [1.0, 1.1])
    with pytest.raises(ValueError, match="two models"):
        forget.compute(predictions=after, references=before, truth_ratios=[1.0])


def test_utility_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    utility = evaluate.load("evaluation/utility")
    texts, answers = ["in Porto", "no idea", "asthma"], ["in Porto", "in Lisbon", "asthma"]
    options = {"probability": [0.5, 0.1, 0.9], "truth_ratio": [0.5, 1.5, None], "before": 0.9}
    options["groups"] = ["retain", "retain", "neighbour"]
    whole = utility.compute(predictions=texts, references=answers, **options)
    recall = [scores.rouge_l_recall(text, answer) for text, answer in zip(texts, answers, strict=True)]
    expected = scores.model_utility(
        options["probability"], recall, options["truth_ratio"], groups=options["groups"], before=0.9
    )
    assert whole == expected
    assert whole["not_measured"] == ["neighbour_truth_ratio"]
    for text, answer in zip(texts, answers, strict=True):
        utility.add(prediction=text, reference=answer)
    assert utility.compute(**options) == whole
    with_known = utility.compute(
        predictions=texts, references=answers, known={"retain": 1.0, "neighbour": 0.4}, **options
    )
    assert with_known["not_measured"] == ["neighbour", "neighbour_truth_ratio"]


def test_stability_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    matrix, utility = [[1.0, 0.9], [0.1, 0.8], [0.3, 0.0]], [0.9, 0.8, 0.7]
    result = evaluate.load("evaluation/stability").compute(predictions=matrix, references=utility)
    assert result == scores.continual_summary(matrix, utility)
    with pytest.raises(ValueError, match="stage 1 has 1 task scores"):
        evaluate.load("evaluation/stability").compute(predictions=[[1.0, 1.0], [1.0], [1.0, 1.0]], references=utility)


def test_memorization_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    texts, answers = ["He is male.", "a nurse", "no"], ["male", "a nurse", "asthma"]
    options = {
        "modality": ["text", "text", "image_text"],
        "hops": [1, 1, 2],
        "threshold": 0.5,
        "profile_ids": [0, 0, 1],
    }
    result = evaluate.load("evaluation/memorization").compute(predictions=texts, references=answers, **options)
    exact = [scores.exact_match(text, answer) for text, answer in zip(texts, answers, strict=True)]
    rouge = [scores.rouge_l(text, answer) for text, answer in zip(texts, answers, strict=True)]
    assert result == scores.memorization_summary(exact, rouge, [1.0, 1.0, 0.0], **options)
    assert exact == [0.0, 1.0, 0.0]
    keywords = evaluate.load("evaluation/memorization").compute(
        predictions=texts, references=answers, keywords=[["he", "she"], ["nurse"], ["no"]]
    )
    assert keywords["keyword_match"] == pytest.approx(2.5 / 3)
    with pytest.raises(ValueError, match="keywords has 1 rows where 3"):
        evaluate.load("evaluation/memorization").compute(predictions=texts, references=answers, keywords=[["x"]])


def test_privacy_leakage_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    values, members, gold = [0.5, 0.5 + 1e-12, 0.1, 0.7], [0, 1, 0, 1], [0.1, 0.3, 0.2, 0.15]
    result = evaluate.load("evaluation/privacy_leakage").compute(predictions=values, references=members, gold=gold)
    assert result == scores.privacy_leakage(values, members, gold)
    assert result["auc"] == 1.0  # no tie in float64


def test_unlearning_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    texts, answers = ["no", "Bern", "Oslo"], ["Porto", "Bern", "Oslo"]
    columns = {"before_text": answers, "role": ["forget", "retain", "neighbour"], "profile_id": ["a", "b", "c"]}
    columns |= {
        "candidates": [[-1.0, -2.0], None, None],
        "truth_index": [0, None, None],
        "probability": [0.1, 0.5, 0.5],
    }
    unlearning = evaluate.load("evaluation/unlearning")
    assert unlearning.compute(predictions=texts, references=answers, **columns) == scores.unlearning_summary(
        texts, answers, **columns
    )
    with pytest.raises(TypeError, match="rolle"):
        unlearning.compute(predictions=texts, references=answers, rolle=columns["role"])


def test_metrics_import_no_torch():
    """evaluate 0.4.6 itself imports torch where it is installed (for its `evaluator`): a stand-in takes its place."""
    code = [
        "import sys, types",
        "fake = types.ModuleType('evaluate'); fake.Metric = object; fake.MetricInfo = dict",
        "identity = lambda *texts: lambda kind: kind",
        "fake.utils = types.SimpleNamespace(file_utils=types.SimpleNamespace(add_start_docstrings=identity))",
        "sys.modules['evaluate'] = fake",
        "import lethebench.evaluation.metrics.measures, lethebench.evaluation.space_app.form",
        *(f"import lethebench.evaluation.{name}.{name}" for name in NAMES),
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
