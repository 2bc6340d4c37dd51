"""`lethe evaluate --batch` and `--judge-batch`: answers and verdicts by the Batch API, and its cost."""

import json

import pytest
from batch_server import batching
from command_line import lethe
from initial_run import rows_of
from small_build import stand_in_build

USAGE = {"prompt_tokens": 10, "completion_tokens": 5}


def completion(text: str, body: dict) -> tuple[int, dict]:
    """An answer, or a verdict where a schema is asked for."""
    content = json.dumps({"justification": "as the truth", "verdict": 1}) if "response_format" in body else "red"
    return 200, {"choices": [{"finish_reason": "stop", "message": {"content": content}}], "usage": USAGE}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


def test_answers_and_verdicts_by_batches(data, tmp_path):
    with batching(completion, lambda text, pictures: (*completion(text, server.requests[-1]["body"]), {})) as server:
        words = ["--model", "openai:m", "--base-url", server.url, "--sample", 40, "--price", "1,1", "--batch"]
        judge = ["--judge", "openai:j", "--judge-base-url", server.url, "--rubrics", "rejection", "--judge-batch"]
        dry = lethe("evaluate", data, *words, "--out", tmp_path / "out", "--dry-run", "--json", cwd=tmp_path)
        done = lethe("evaluate", data, *words, *judge, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.status == 0, done.error
    estimate = json.loads(dry.out)["dry_run"]
    assert estimate["usd"] == pytest.approx((estimate["input_tokens"] + estimate["output_tokens"]) / 2e6)
    assert len(server.batches) == 2
    rows, calls = rows_of(tmp_path / "out"), server.paid.total() + len(server.requests)
    assert {row["generated"] for row in rows} == {"red"}
    assert len(rows) < calls <= 2 * len(rows) + 1  # equal answers are judged once, and one probe
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert scores["endpoint"]["failed"] == scores["judges"]["failed"] == 0
    assert scores["judges"]["usage"]["batch_input_tokens"] > 0
    assert scores["endpoint"]["usd"] < 0.6 * 15 * scores["endpoint"]["all_calls"] / 1e6


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["evaluate", "DATA", "--model", "openai:m", "--base-url", "URL", "--judge", "local", "--judge-batch"],
            "--judge-batch is for a judge behind an API",
        ),
        (["judge-check", "local", "--batch"], "--batch is for a judge behind an API"),
        (["build", "remem", "--batch"], "--batch is for texts by a language model"),
    ],
)  # fmt: skip
def test_batch_without_an_api_is_one_line(words, line, data, tmp_path):
    values = {"DATA": data, "URL": "http://127.0.0.1:9/v1"}
    done = lethe(*(values.get(word, word) for word in words), cwd=tmp_path)
    assert done.status == 2
    assert line in done.line
