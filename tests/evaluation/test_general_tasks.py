"""General tasks: a local lm-eval task on a vision-language model, and its scores in utility."""

import importlib.util
import json

import pytest
from command_line import lethe
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.evaluation.harness.general import General, _general, check_tasks, run_general
from lethebench.evaluation.metrics.measures import Evidence
from lethebench.scoring.aggregate import aggregate

QUESTIONS = [("Is snow white?", 0), ("Is grass blue?", 1), ("Is the sky blue?", 0), ("Is ink dry?", 1)]


@pytest.fixture
def task(tmp_path):
    """A task of four yes-or-no questions, as a YAML file over a JSON file."""
    lines = [json.dumps({"question": text, "choices": ["yes", "no"], "label": label}) for text, label in QUESTIONS]
    (tmp_path / "colors.json").write_text("\n".join(lines))
    (tmp_path / "colors.yaml").write_text(
        f"""task: colors
dataset_path: json
dataset_kwargs:
  data_files:
    test: {tmp_path / "colors.json"}
output_type: multiple_choice
test_split: test
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{label}}}}"
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""
    )
    return str(tmp_path / "colors.yaml")


def by_hand(model, processor) -> list[float]:
    """Whether the right one of ' yes' and ' no' is the likelier continuation, by plain forward passes."""
    import torch

    scores = []
    for text, label in QUESTIONS:
        sums = []
        for answer in (" yes", " no"):
            ids = torch.tensor([processor.tokenizer(text + answer, add_special_tokens=False)["input_ids"]])
            begin = len(processor.tokenizer(text, add_special_tokens=False)["input_ids"])
            with torch.no_grad():
                logs = model(input_ids=ids).logits[0].log_softmax(-1)
            sums.append(sum(logs[at - 1, ids[0, at]].item() for at in range(begin, ids.shape[1])))
        scores.append(float(max((0, 1), key=sums.__getitem__) == label))
    return scores


@pytest.mark.slow
def test_lm_eval_task_equals_plain_passes(task):
    distinct = set()
    for seed in range(3):
        model, processor = llava(seed=seed)
        general = run_general("lm-eval", [task], model, processor)
        assert list(general.scores) == by_hand(model, processor)
        assert general.tasks == ("colors",) * 4
        assert general.main == {"colors": "acc"}
        assert general.aggregates["colors"]["acc"] == pytest.approx(sum(general.scores) / 4)
        distinct.add(general.scores)
    assert len(distinct) > 1


@pytest.mark.slow
def test_general_scores_enter_utility_by_command_line(task, tmp_path):
    data, model = stand_in_build(tmp_path / "icu"), save_llava(tmp_path / "model")
    words = ["--metrics", "utility", "--sample", 3, "--general", f"lm-eval:{task}", "--out", tmp_path / "out", "--json"]
    status, out, error = lethe("evaluate", data, "--model", model, *words)
    assert status == 0, error
    scores = json.loads(out)
    assert scores["general"] == f"lm-eval:{task}"
    assert scores["metrics"]["utility"]["general"]["n"] == 3  # --sample limits the tasks too
    assert "general/colors/acc" in scores["metrics"]["utility"]


@pytest.mark.slow
def test_unknown_task_raises():
    with pytest.raises(ValueError, match="no task 'nosuchtask'"):
        check_tasks("lm-eval", ["nosuchtask"])


def test_missing_harness_fails_before_scoring(tmp_path, monkeypatch):
    original = importlib.util.find_spec
    absent = lambda name: "eval" in name and "lm" in name  # noqa: E731
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if absent(name) else original(name, *rest)
    )
    data, model = stand_in_build(tmp_path / "icu"), save_llava(tmp_path / "model")
    for harness in ("lm-eval", "lmms-eval"):
        words = ["--model", model, "--general", f"{harness}:mmlu", "--out", tmp_path / "out"]
        status, out, error = lethe("evaluate", data, *words)
        assert (status, out) == (2, "")
        assert f"{harness} is not installed: pip install {harness}" in error
    assert not (tmp_path / "out").exists()


def row(split: str, value: float) -> dict:
    scores = {"probability": value, "rouge_l_recall": value, "truth_ratio": 1.0 - value, "keyword_match": 1.0}
    return {"id": f"{split}{value}", "profile_id": split, "split": split, **scores}


def test_general_is_another_group_of_utility():
    """Harmonic mean over 3 components of retain at 0.5, and general's one score 0.8 in place of its three."""
    general = General(
        "lm-eval", ("a", "a", "b", "b"), (1.0, 1.0, 1.0, 0.2), {"a": "acc", "b": "acc"}, {"a": {"acc": 1.0}}
    )
    scores = aggregate(Evidence(rows=[row("retain", 0.5)], general=general), ["utility"])
    utility = scores.values["utility"]
    assert utility["utility"]["value"] == pytest.approx(6 / (3 / 0.5 + 3 / 0.8))
    assert utility["general"]["value"] == pytest.approx(0.8)
    assert utility["general"]["n"] == 4
    assert utility["general/a/acc"]["n"] == 2


def results(**sample) -> dict:
    samples = [
        {"filter": "none", "metrics": list(sample), **{name: values[at] for name, values in sample.items()}}
        for at in (0, 1)
    ]
    scores = {"score,none": 0.25, "loss,none": 7.0, "score_stderr,none": 0.1}
    return {"samples": {"t": samples}, "results": {"t": scores}}


def test_main_score_is_the_first_share_to_maximize():
    assert _general("lm-eval", results(loss=[3.0, 4.0], acc=[1.0, 0.0])).main == {"t": "acc"}
    lower = results(error=[0.0, 1.0], acc=[1.0, 0.0]) | {"higher_is_better": {"t": {"error": False, "acc": True}}}
    assert _general("lm-eval", lower).scores == (1.0, 0.0)
    assert _general("lmms-eval", results(score=[{"a": 1}, {"a": 2}])).scores == (0.25, 0.25)
    assert _general("lm-eval", results(acc=[1.0, 0.0])).aggregates == {"t": {"score": 0.25, "loss": 7.0}}
    with pytest.raises(ValueError, match="task t gives no score"):
        _general("lm-eval", results(loss=[3.0, 4.0]))
