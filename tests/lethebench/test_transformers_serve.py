"""`lethe evaluate` against `transformers serve`, a real OpenAI-compatible server, with pictures."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from command_line import lethe
from initial_run import rows_of
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.baselines.loading import save_model

pytestmark = pytest.mark.slow
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
START = 120.0
"""Seconds."""
VERDICT = '{"justification": "so", "verdict": 1}'


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("model") / "llava")


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """Run `transformers serve` with a model inside the block; yield the URL of its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("transformers"), "serve", model, "--port", str(port), "--device", "cpu"]
    log = model.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + START
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def url(model):
    with serving(model) as url:
        yield url


def save_judge(folder: Path) -> Path:
    """Save a LLaVA that answers everything with one verdict: each token is chosen by the one before it alone."""
    model, processor = llava(dtype=torch.float32)
    processor.tokenizer.add_tokens([VERDICT])
    model.resize_token_embeddings(len(processor.tokenizer))
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "text", "text": "q"}]}], add_generation_prompt=True, tokenize=True
    )
    last, verdict = np.ravel(prompt["input_ids"])[-1], len(processor.tokenizer) - 1
    text = model.model.language_model
    with torch.no_grad():
        for layer in text.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        for token, following in ((int(last), verdict), (verdict, processor.tokenizer.eos_token_id)):
            model.lm_head.weight[following] = text.norm(text.embed_tokens.weight[token])
    save_model(model, processor, folder)
    return folder


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


def test_verdicts_of_the_server_are_scored(data, tmp_path):
    judge = save_judge(tmp_path / "judge")
    with serving(judge) as url:
        model = ["--model", f"openai:{judge}", "--base-url", url, "--split", "forget", "--sample", 2]
        words = [*model, "--judge", f"openai:{judge}", "--judge-base-url", url, "--rubrics", "rejection,fluency"]
        done = lethe("evaluate", data, *words, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.status == 0, done.error
    assert {row["generated"] for row in rows_of(tmp_path / "out")} == {VERDICT}
    verdicts = pq.read_table(tmp_path / "out" / "verdicts.parquet").to_pylist()
    assert {row["rubric"].split("/")[0] for row in verdicts} == {"rejection", "fluency"}
    assert {(row["verdict"], row["justification"]) for row in verdicts} == {(1, "so")}
