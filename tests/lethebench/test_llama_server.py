"""Writer, judge and evaluation against llama.cpp's server, a real one that knows no JSON schema.

LETHE_TEST_LLAMA names an interpreter with `llama-cpp-python[server]` and `gguf`; by default it is this one.
"""

import importlib.util
import json
import os
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

from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.generation.writer.answers import record, text, whole
from lethebench.generation.writer.writer import Task, Writer

INTERPRETER = os.environ.get("LETHE_TEST_LLAMA", sys.executable)
HAS_PACKAGES = all(importlib.util.find_spec(name) for name in ("llama_cpp", "gguf"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not HAS_PACKAGES and sys.executable == INTERPRETER, reason="llama-cpp-python[server] or gguf is not installed"
    ),
]
ANSWER = '{"justification": "so", "verdict": 4}'


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    script = Path(__file__).parents[1] / "support" / "llama_gguf.py"
    subprocess.run([INTERPRETER, script, folder / "tiny.gguf", ANSWER], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [INTERPRETER, "-m", "llama_cpp.server", "--model", "tiny.gguf", "--n_ctx", "16384", "--port", str(port)]
    log = folder / "log"
    with log.open("wb") as file, subprocess.Popen(command, cwd=folder, stdout=file, stderr=file) as process:
        try:
            end = time.monotonic() + 120
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=2)
                    break
                except OSError:
                    assert process.poll() is None, log.read_text()[-3000:]
                    assert time.monotonic() < end, log.read_text()[-3000:]
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_judge_gives_verdicts(url, tmp_path):
    words = ["--base-url", url, "--rubrics", "fluency", "--sample", 6, "--json", "--timeout", 60]
    done = lethe("judge-check", "openai:tiny", *words, cwd=tmp_path)
    assert done.status == 0, done.error
    result = json.loads(done.out)
    assert (result["rubrics"]["fluency"]["n"], result["rubrics"]["fluency"]["failed"]) == (6, 0)
    assert 6 < result["usage"]["calls"] <= 12  # those underway when the schema was refused are sent again


def test_writer_reads_its_answers(url):
    schema = record(justification=text(), verdict=whole())
    tasks = [Task(f"text {number}", f"Number {number}.", schema, dict, {}) for number in range(4)]
    writer = Writer(Endpoint(model="tiny", key="none", base_url=url, timeout=60, concurrency=2), Cache(), seed=0)
    assert writer.write(tasks) == [json.loads(ANSWER)] * 4
    assert writer.rejected == 0
    assert writer.cache.refused(writer.endpoint) == {"response_format"}


def test_evaluation_with_a_judge(url, tmp_path):
    words = ["--model", "openai:tiny", "--base-url", url, "--sample", 3, "--out", tmp_path / "out", "--json"]
    judge = ["--judge", "openai:tiny", "--judge-base-url", url, "--rubrics", "fluency"]
    done = lethe("evaluate", stand_in_build(tmp_path / "icu"), *words, *judge)
    assert done.status == 0, done.error
    rows = rows_of(tmp_path / "out")
    assert {row["generated"] for row in rows} == {ANSWER}
    assert {row["fluency"] for row in rows} == {4.0}
