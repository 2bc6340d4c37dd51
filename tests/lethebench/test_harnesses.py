"""A build in the real lm-eval, lmms-eval and inspect_ai, each in a separate environment.

The model knows the answers to the first half of the questions. If the packages cannot be installed, these tests are
skipped.
"""

import io
import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from own_environment import python_with
from PIL import Image
from small_build import real_build

from lethebench.builders import read_manifest
from lethebench.cli.export import export_command
from lethebench.harnesses import harness

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
HERE = Path(__file__).parents[1] / "support"
INSTALLS = {
    "lm-eval": [["lm-eval"]],
    # Without its own dependencies: torchvision, wandb and OpenCV among them, none of which a task needs.
    "lmms-eval": [["lm-eval", "loguru", "tenacity"], ["--no-deps", "lmms-eval"]],
    "inspect-ai": [["inspect-ai"]],
}


@pytest.fixture(params=INSTALLS, scope="module")
def environment(request, tmp_path_factory) -> tuple[str, Path]:
    return request.param, python_with(tmp_path_factory.mktemp("environment") / "venv", *INSTALLS[request.param])


def rows(name, config, split) -> list[dict]:
    files = read_manifest(real_build(name)).splits[config][split]["files"]
    return [row for file in files for row in pq.read_table(real_build(name) / file).to_pylist()]


def output(*command, cwd) -> dict:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def pixels(content: bytes) -> str:
    return sha256(Image.open(io.BytesIO(content)).convert("RGB").tobytes()).hexdigest()


@pytest.mark.parametrize(("name", "config"), [("icu", "continual"), ("mllmu", "forget5")])
def test_harness_asks_and_scores_every_row(name, config, environment, tmp_path):
    package, python = environment
    expected = rows(name, config, "forget")
    if package == "inspect-ai":
        result = output(python, HERE / "interop_inspect.py", real_build(name), config, "forget", cwd=tmp_path)
        contents = {sample["id"]: sample["content"] for sample in result["samples"]}
        pictures = {
            row["id"]: [f"data:image/jpeg {sha256(picture['bytes']).hexdigest()}" for picture in row["images"]]
            for row in expected
        }
        assert contents == {row["id"]: [*pictures[row["id"]], harness.prompt(row)] for row in expected}
    else:
        tasks, _ = export_command(real_build(name), package, tmp_path / "tasks", None)
        (task,) = (task for task in tasks["tasks"] if task.endswith("_forget") and (config in task or name == "icu"))
        result = output(python, HERE / "interop_harness.py", package, tmp_path / "tasks", task, cwd=tmp_path)
        expected = [row for row in expected if package == "lmms-eval" or not row["images"]]
        assert result["asked"] == [
            {"question": harness.prompt(row), "pictures": [pixels(picture["bytes"]) for picture in row["images"]]}
            for row in expected
        ]
    half = len(expected) // 2
    scores = [harness.scores(row, [row["answer"] if n < half else "nonsense"]) for n, row in enumerate(expected)]
    for metric in harness.SCORES:
        mean = sum(score[metric] for score in scores) / len(scores)
        assert 0.4 < mean < 0.6
        assert result["means"][metric] == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("environment", ["inspect-ai"], indirect=True)
def test_inspect_finds_the_task_by_entry_point(environment, tmp_path):
    _, python = environment
    code = (
        "import json; from inspect_ai._eval.loader import load_tasks; "
        f"(task,) = load_tasks(['lethebench/unlearning'], {{'data': {str(real_build('mllmu'))!r}, 'split': 'test'}}); "
        "print(json.dumps({'samples': len(task.dataset), 'name': task.name}))"
    )
    assert output(python, "-c", code, cwd=tmp_path) == {
        "samples": len(rows("mllmu", "continual", "test")),
        "name": "lethebench/unlearning",
    }
