"""General tasks of lmms-eval, with pictures, on a tiny model, in a separate environment.

As a script, `python tests/evaluation/test_lmms.py FOLDER`, it runs the tasks in FOLDER and prints the results.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from own_environment import python_with
from tiny_models import llava, qa_rows

from lethebench.evaluation.answers.choice import choose_by_probability
from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.harness.general import check_tasks, run_general

# Without its own dependencies, which include torchvision, wandb and OpenCV: the tasks do not need them.
INSTALLS = [["lm-eval", "loguru", "tenacity"], ["--no-deps", "lmms-eval"]]
SUPPORT = Path(__file__).parents[1] / "support"
OPTIONS = ["asthma", "latex", "migraine"]
TOKENS = 6
TASK = """task: {name}
dataset_path: parquet
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: {kind}
doc_to_visual: !function functions.pictures
doc_to_text: question
doc_to_target: {target}
metric_list:
  - metric: {metric}
    aggregation: mean
    higher_is_better: true
{more}"""
FUNCTIONS = """
def pictures(row):
    return [picture.convert("RGB") for picture in row["images"]]


def score(row, results):
    return {"same": float(results[0] == row["answer"])}
"""


def models():
    """Two models that answer differently, in float64."""
    return [llava(seed=seed) for seed in (0, 1)]


def run(folder: Path) -> list[dict]:
    results = []
    for model, processor in models():
        tasks = [str(folder / f"{name}.yaml") for name in ("choice", "free")]
        check_tasks("lmms-eval", tasks)
        general = run_general("lmms-eval", tasks, model, processor)
        results.append(general._asdict())
    return results


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_lmms_eval_tasks_equal_own_answers(tmp_path):
    from datasets import Dataset, Features, Image, List, Value

    rows = qa_rows()
    expected = [[greedy_answers(*one, [row], max_new_tokens=TOKENS)[0] for row in rows] for one in models()]
    columns = {
        "question": [row["question"] for row in rows],
        "images": [row["images"] for row in rows],
        "label": [number % 3 for number in range(len(rows))],
        "answer": expected[0],  # the first model is always right
    }
    features = Features(
        {"question": Value("string"), "images": List(Image()), "label": Value("int64"), "answer": Value("string")}
    )
    Dataset.from_dict(columns, features=features).to_parquet(tmp_path / "rows.parquet")
    common = {"data": tmp_path / "rows.parquet"}
    choice = f"doc_to_choice: {json.dumps(OPTIONS)}\n"
    (tmp_path / "choice.yaml").write_text(
        TASK.format(name="choice", kind="multiple_choice", target="label", metric="acc", more=choice, **common)
    )
    free = f"generation_kwargs:\n  max_new_tokens: {TOKENS}\n  until: []\nprocess_results: !function functions.score\n"
    (tmp_path / "free.yaml").write_text(
        TASK.format(name="free", kind="generate_until", target="answer", metric="same", more=free, **common)
    )
    (tmp_path / "functions.py").write_text(FUNCTIONS)

    python = python_with(tmp_path / "environment", *INSTALLS)
    done = subprocess.run(
        [python, __file__, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(SUPPORT)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    both = json.loads(done.stdout.splitlines()[-1])
    for (model, processor), answers, results in zip(models(), expected, both, strict=True):
        with_options = [{**row, "options": OPTIONS} for row in rows]
        picked = [one.picked for one in choose_by_probability(model, processor, with_options)]
        right = [float(one == label) for one, label in zip(picked, columns["label"], strict=True)]
        scores = {
            name: [score for task, score in zip(results["tasks"], results["scores"], strict=True) if task == name]
            for name in ("choice", "free")
        }
        assert scores["choice"] == right
        assert scores["free"] == [float(one == two) for one, two in zip(answers, expected[0], strict=True)]
        assert results["main"] == {"choice": "acc", "free": "same"}
        assert results["aggregates"]["choice"]["acc"] == pytest.approx(sum(right) / len(right))
    assert {score for results in both for score in results["scores"]} == {0.0, 1.0}


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        result = run(Path(sys.argv[1]))
    print(json.dumps(result))
