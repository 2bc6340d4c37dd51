"""The evaluate modules: loaded as users load them; every example in their docstrings and READMEs runs."""

import doctest
import importlib
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import evaluate
import pytest

import lethebench.evaluation
from lethebench.evaluation import metrics as scores

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "evaluation").glob("*/README.md"))
HARNESSES = ("lm_eval", "lmms_eval")  # harnesses that general utility runs where they are installed
NAMES = [folder.name for folder in FOLDERS]


def examples(text, name):
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    result = doctest.DocTestRunner(verbose=False).run(test)
    assert result.attempted >= 3, f"{name} has no example"
    assert result.failed == 0


def test_the_modules_that_there_should_be():
    assert {
        "unlearning",
        "forget",
        "utility",
        "stability",
        "exposure",
        "memorization",
        "privacy_leakage",
    } == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_docstring_and_readme_examples(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    examples(evaluate.load(f"evaluation/{name}").inputs_description, name)
    examples((ROOT / "evaluation" / name / "README.md").read_text(), f"{name}/README.md")


@pytest.mark.parametrize("name", NAMES)
def test_every_readme_says_range_direction_example_limits_and_citation(name):
    text = (ROOT / "evaluation" / name / "README.md").read_text().lower()
    for part in ("range", "direction", "worked example", "limits", "citation"):
        assert part in text


@pytest.mark.parametrize("name", NAMES)
def test_modules_load_from_the_installed_package_and_anywhere(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    folder = Path(lethebench.evaluation.__file__).parent / name
    module = evaluate.load(str(folder))
    assert module.description
    assert module.citation.startswith("\n@")
    flat = [getattr(feature, "feature", feature) for feature in module.features.values()]
    assert not any(feature.dtype == "float32" for feature in flat)  # float32 makes false ties


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_alone_loads_as_a_space_of_any_name(name, monkeypatch, tmp_path):
    """The files of one folder, elsewhere: by its own name as a Hub client lays it, and by file as its app loads it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "evaluation" / name, tmp_path / "spaces" / name)
    shutil.copytree(ROOT / "evaluation" / name, tmp_path / "app")
    expected = evaluate.load(str(ROOT / "evaluation" / name)).inputs_description
    assert evaluate.load(f"spaces/{name}").inputs_description == expected
    assert evaluate.load(str(tmp_path / "app" / f"{name}.py")).inputs_description == expected


@pytest.mark.parametrize(
    "module", [info.name for info in pkgutil.iter_modules(lethebench.evaluation.__path__) if not info.ispkg]
)
def test_examples_of_the_plain_functions(module):
    try:
        loaded = importlib.import_module(f"lethebench.evaluation.{module}")
    except ModuleNotFoundError as error:
        if error.name not in HARNESSES:
            raise
        pytest.skip(f"needs {error.name}, which no extra brings")
    result = doctest.testmod(loaded)
    assert result.failed == 0


def test_exposure_module_returns_what_the_function_does(monkeypatch):
    monkeypatch.chdir(ROOT)
    ours, gold, truths = [[-1.0, -2.0, -3.0], [-4.0, -2.0, -3.0]], [[-3.0, -2.0, -1.0], [-1.0, -2.0, -3.0]], [0, 0]
    found = evaluate.load("evaluation/exposure").compute(predictions=ours, references=truths, gold=gold)
    assert found == scores.exposure_summary(ours, truths, gold=gold)
    close = [[-100.0, -100.0 - 1e-9, -200.0]]  # one value in float32
    assert evaluate.load("evaluation/exposure").compute(predictions=close, references=[0])["rank1_share"] == 1.0


def test_exposure_module_extrapolates(monkeypatch):
    monkeypatch.chdir(ROOT)
    values = [-float(i * i) for i in range(20)]
    found = evaluate.load("evaluation/exposure").compute(predictions=[values], references=[0], extrapolate=True)
    assert found["exposure_extrapolated"] == scores.exposure_extrapolated(values, 0)


def test_forget_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    forget = evaluate.load("evaluation/forget")
    after, before, gold = [0.1, 0.2, 0.0], [1.0, 0.9, 1.0], [0.0, 0.1, 0.0]
    found = forget.compute(predictions=after, references=before, gold=gold, profile_ids=["a", "a", "b"])
    assert found == scores.forget_score(after, before, gold, profile_ids=["a", "a", "b"])
    ratios = {"truth_ratios": [0.5, 1.0], "gold_truth_ratios": [1.0, 1.1]}
    both = forget.compute(predictions=after, references=before, **ratios)
    assert both == scores.forget_score(after, before) | scores.forget_quality([0.5, 1.0], [1.0, 1.1])
    with pytest.raises(ValueError, match="two models"):
        forget.compute(predictions=after, references=before, truth_ratios=[1.0])


def test_utility_module_in_batches(monkeypatch):
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
    known = utility.compute(predictions=texts, references=answers, known={"retain": 1.0, "neighbour": 0.4}, **options)
    assert known["not_measured"] == ["neighbour", "neighbour_truth_ratio"]


def test_stability_module(monkeypatch):
    monkeypatch.chdir(ROOT)
    matrix, utility = [[1.0, 0.9], [0.1, 0.8], [0.3, 0.0]], [0.9, 0.8, 0.7]
    found = evaluate.load("evaluation/stability").compute(predictions=matrix, references=utility)
    assert found == scores.continual_summary(matrix, utility)
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
    found = evaluate.load("evaluation/memorization").compute(predictions=texts, references=answers, **options)
    exact = [scores.exact_match(text, answer) for text, answer in zip(texts, answers, strict=True)]
    rouge = [scores.rouge_l(text, answer) for text, answer in zip(texts, answers, strict=True)]
    assert found == scores.memorization_summary(exact, rouge, [1.0, 1.0, 0.0], **options)
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
    found = evaluate.load("evaluation/privacy_leakage").compute(predictions=values, references=members, gold=gold)
    assert found == scores.privacy_leakage(values, members, gold)
    assert found["auc"] == 1.0  # no tie in float64


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


def test_scores_and_modules_import_no_torch():
    """evaluate 0.4.6 itself imports torch where it is installed (for its `evaluator`): a stand-in takes its place."""
    code = [
        "import sys, types",
        "fake = types.ModuleType('evaluate'); fake.Metric = object; fake.MetricInfo = dict",
        "identity = lambda *texts: lambda kind: kind",
        "fake.utils = types.SimpleNamespace(file_utils=types.SimpleNamespace(add_start_docstrings=identity))",
        "sys.modules['evaluate'] = fake",
        "import lethebench.evaluation.metrics, lethebench.evaluation.space_app.form",
        *(f"import lethebench.evaluation.{name}.{name}" for name in NAMES),
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_features_are_the_documented_inputs(monkeypatch):
    monkeypatch.chdir(ROOT)
    for name in NAMES:
        features = evaluate.load(f"evaluation/{name}").features
        assert isinstance(features, datasets.Features)
        assert set(features) == {"predictions", "references"}
