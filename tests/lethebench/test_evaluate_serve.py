"""A model behind `transformers serve` gives the same answers as when it is loaded."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from command_line import lethe
from initial_run import rows_of
from small_build import stand_in_build
from tiny_models import save_llava
from transformers.utils.import_utils import is_serve_available

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_serve_available(), reason="transformers[serving] is not installed"),
]
TOKENS = 8


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("model") / "llava")


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    """The server's address, once it is healthy."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as running:
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                    break
                except (urllib.error.URLError, OSError):
                    assert running.poll() is None, log.read_text()[-3000:]
                    time.sleep(0.5)
            else:
                pytest.fail(log.read_text()[-3000:])
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            running.terminate()
            running.wait(timeout=60)


def test_served_answers_equal_loaded_answers(model, server, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    data = stand_in_build(tmp_path / "icu")
    words = ["--sample", 12, "--metrics", "memorization", "--max-new-tokens", TOKENS, "--json"]
    rows_by_server = {}
    for name, which in (("loaded", [model]), ("served", [f"openai:{model}", "--base-url", server, "--timeout", 60])):
        out = ["--out", tmp_path / name]
        status, text, error = lethe("evaluate", data, "--model", *which, *words, *out)
        assert status == 0, error
        rows = rows_of(tmp_path / name)
        rows_by_server[name] = {
            row["id"]: row for row in rows if row["choice_match"] is None
        }  # options are put by letter
        scores = json.loads(text)
    assert scores["endpoint"]["failed"] == 0
    assert {row["modality"] for row in rows_by_server["served"].values()} == {"image_text", "text"}
    answers = {name: {key: row["generated"] for key, row in rows.items()} for name, rows in rows_by_server.items()}
    assert answers["served"] == answers["loaded"]
    assert len(set(answers["served"].values())) > 6


def test_judge_behind_a_server_that_gives_no_verdicts_is_counted(model, server, tmp_path, monkeypatch):
    """A model with random weights writes no JSON: each verdict is requested three times, fails and counts nowhere."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ["--base-url", server, "--rubrics", "fluency", "--sample", 2, "--json", "--timeout", 120]
    done = lethe("judge-check", f"openai:{model}", *words, cwd=tmp_path)
    assert done.status == 0, done.error
    check = json.loads(done.out)["rubrics"]["fluency"]
    assert (check["n"], check["failed"], check["kappa"]) == (0, 2, None)
    assert "no verdict" in check["first_error"] or "no answer" in check["first_error"]
