"""`lethe evaluate` against `transformers serve`, a real OpenAI-compatible server, with pictures."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from command_line import lethe
from initial_run import rows_of
from small_build import stand_in_build
from tiny_models import save_llava

pytestmark = pytest.mark.slow
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
START = 120.0
"""Seconds."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("model") / "llava")


@pytest.fixture(scope="module")
def url(model, tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("log") / "serve").open("wb")
    command = [Path(sys.executable).with_name("transformers"), "serve", model, "--port", str(port), "--device", "cpu"]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + START
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                assert process.poll() is None, Path(log.name).read_text()
                assert time.monotonic() < end
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()
        log.close()


def test_answers_of_the_server_equal_those_of_the_weights(model, url, data, tmp_path):
    words = ["evaluate", data, "--split", "forget", "--sample", 6, "--max-new-tokens", 8]
    served = lethe(*words, "--model", f"openai:{model}", "--base-url", url, "--out", tmp_path / "api", cwd=tmp_path)
    assert served.status == 0, served.error
    local = lethe(*words, "--model", model, "--out", tmp_path / "weights", cwd=tmp_path)
    assert local.status == 0, local.error
    answers, expected = (
        {row["id"]: row["generated"] for row in rows_of(tmp_path / name)} for name in ("api", "weights")
    )
    assert len(answers) == 6
    assert {row["modality"] for row in rows_of(tmp_path / "api")} == {"image_text", "text"}
    assert answers == expected
    endpoint = json.loads((tmp_path / "api" / "scores.json").read_text())["endpoint"]
    assert (endpoint["calls"], endpoint["failed"]) == (6, 0)
    assert endpoint["output_tokens"] <= 6 * 8


def test_judge_that_gives_no_verdict_is_one_line(model, url, data, tmp_path):
    """Random weights write no JSON."""
    words = ["--judge", f"openai:{model}", "--judge-base-url", url, "--sample", 2, "--max-new-tokens", 4]
    done = lethe("evaluate", data, "--model", model, *words, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.status == 2
    assert "gives no verdict: the reply holds no verdict" in done.line


def test_unknown_model_is_one_line(url, data, tmp_path):
    words = ["--model", "openai:nothing", "--base-url", url, "--sample", 2, "--out", tmp_path / "out"]
    done = lethe("evaluate", data, *words, cwd=tmp_path)
    assert done.status == 2
    assert "pinned to" in done.line
