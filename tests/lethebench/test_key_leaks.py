"""A server that repeats the key wherever it can: no byte that a build or an evaluation writes or prints holds it."""

import io
import json
import logging
from itertools import cycle

import pytest
from batch_server import batching
from command_line import lethe
from initial_run import rows_of
from judge_model import HonestModel
from leaks import KEY, assert_no_piece, assert_no_piece_in_files, encoded
from model_writer import answer_of, picture_of
from PIL import Image, PngImagePlugin
from small_build import stand_in_build, use_stand_in_people

SMALL = ("--size", "small", "--option", "qa=20", "--option", "pixels=96")
JUDGED = "Give the verdict by the rubric"


@pytest.fixture(autouse=True)
def key(monkeypatch, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG, "lethebench")


def completion(text: str) -> dict:
    message = {"role": "assistant", "content": text, "reasoning_content": KEY}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "note": KEY}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "key": KEY}
    return {"id": KEY, "model": KEY, "choices": [choice], "usage": usage}


def refusals():
    """Errors that repeat the key, in turn with answers."""
    texts = [f"Bearer {KEY}", encoded(f"Bearer {KEY}"), KEY[:30], "".join(f"\\u{ord(letter):04x}" for letter in KEY)]
    for status, text in zip(cycle((429, 500, 503)), cycle(texts), strict=False):
        yield status, {"error": {"message": f"the key {text} is slow", "type": KEY, "code": KEY, "param": KEY}}
        yield from [None] * 9


def written(body: dict) -> str:
    """Return the answer of a writer; the first one has the key in its free texts."""
    content = json.loads(answer_of(body))
    if "quirk" in content and "earlier answers" not in json.dumps(body):
        content["quirk"] = f"humming {KEY[:24]}"
        content["wrong"]["quirk"][0] = f"folding {KEY[20:44]}"
    return json.dumps(content)


def signed(body: dict) -> bytes:
    """Return a picture with the key in its texts."""
    picture = Image.open(io.BytesIO(picture_of(body)))
    info, exif = PngImagePlugin.PngInfo(), Image.Exif()
    info.add_text("Author", KEY)
    exif[0x010E] = KEY
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=info, exif=exif)
    return file.getvalue()


def assert_clean(folder, *texts):
    for text in texts:
        assert_no_piece(text)
    assert_no_piece_in_files(folder)


@pytest.mark.parametrize("batch", [False, True])
def test_written_build_holds_no_key(batch, tmp_path, monkeypatch, caplog, capfd):
    use_stand_in_people(monkeypatch)
    monkeypatch.setattr("lethebench.contract.requests.batch.FEWEST", 5)
    errors = refusals()
    monkeypatch.setattr("lethebench.contract.requests.retries.random.uniform", lambda low, high: 0.01)

    def row(text, body):
        return next(errors) or (200, completion(written(body)))

    def answer(body):
        return (*(next(errors) or (200, completion(written(body)))), {})

    with batching(row, lambda text, pictures: "?") as server:
        server.structured, server.draw = answer, lambda body: next(errors) or signed(body)
        server.trouble = lambda number, method, path: "500" if number == 3 else None
        words = ["--writer", "openai:m", "--portraits", "openai:draw", "--base-url", server.url]
        done = lethe("build", "remem", *SMALL, "--out", tmp_path / "remem", *words, *(["--batch"] if batch else []))
        assert done.status == 0, done.error
        assert bool(server.batches) == batch
        assert {request["key"] for request in server.requests} == {KEY}
    own = [record.getMessage() for record in caplog.records]
    assert_clean(tmp_path, done.out, done.error, *capfd.readouterr(), *own)
    assert b"***" in (tmp_path / "remem.answers.sqlite").read_bytes()


@pytest.mark.parametrize("batch", [False, True])
def test_judged_evaluation_holds_no_key(batch, tmp_path, monkeypatch, caplog, capfd):
    data, judge, errors = stand_in_build(tmp_path / "icu"), HonestModel(), refusals()
    monkeypatch.setattr("lethebench.contract.requests.retries.random.uniform", lambda low, high: 0.01)

    def verdict_or_answer(text):
        if JUDGED not in text:
            return f"the answer is {KEY}"
        verdict = json.loads(judge(text, []))
        return json.dumps(verdict | {"justification": f"{verdict['justification']} {KEY[5:40]}"})

    def row(text, body):
        contents = [message["content"] for message in body["messages"]]
        texts = [content if isinstance(content, str) else content[-1]["text"] for content in contents]
        return next(errors) or (200, completion(verdict_or_answer("\n".join(texts))))

    def answer(text, pictures):
        return (*(next(errors) or (200, completion(verdict_or_answer(text)))), {})

    with batching(row, answer) as server:
        words = ["--model", "openai:m", "--base-url", server.url, "--judge", "openai:j", "--judge-base-url", server.url]
        words += ["--sample", 12, "--out", tmp_path / "out", "--all", *(["--batch", "--judge-batch"] if batch else [])]
        done = lethe("--debug", "evaluate", data, *words)
        assert done.status == 0, done.error
        assert bool(server.batches) == batch
    own = [record.getMessage() for record in caplog.records]
    assert_clean(tmp_path, done.out, done.error, *capfd.readouterr(), *own)
    assert "***" in (tmp_path / "out" / "scores.json").read_text() + str(rows_of(tmp_path / "out"))


@pytest.mark.parametrize("words", [["build", "remem", "--writer", "openai:m"], ["judge-check", "openai:m"]])
@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_refused_command_prints_no_key(words, status, tmp_path, monkeypatch, caplog, capfd):
    use_stand_in_people(monkeypatch)
    monkeypatch.setattr("lethebench.contract.requests.retries.MAX_WAIT", -1)
    body = {"error": {"message": f"Incorrect key {KEY}", "code": "insufficient_quota" if status == 429 else KEY}}
    with batching(lambda text, body: (status, body), lambda text, pictures: (status, body, {})) as server:
        done = lethe("--debug", *words, "--base-url", server.url, cwd=tmp_path)
    assert "***" in done.error + done.out
    assert_clean(tmp_path, done.out, done.error, *capfd.readouterr(), *(r.getMessage() for r in caplog.records))
