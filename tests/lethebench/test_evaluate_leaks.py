"""`lethe evaluate` against an API that repeats the key: no piece of it in any byte that is written or printed."""

import logging
import sys

import pytest
from chat_server import chatting
from command_line import lethe
from initial_run import rows_of
from leaks import FORMS, KEY, assert_no_piece, assert_no_piece_in_files
from small_build import shared_stand_in_build

from lethebench.contract.requests.endpoint import Endpoint
from lethebench.evaluation.harness.endpoint import ask

PAGE = 201
"""Stands for a page of a proxy with status 200."""


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def server():
    with chatting(lambda text, pictures: "red") as running:
        running.always = "echo"
        yield running


@pytest.mark.parametrize("status", [200, PAGE, 400, 401, 403, 404, 409, 429, 500, 503])
def test_no_reply_holds_the_key(server, tmp_path, status, caplog):
    caplog.set_level(logging.DEBUG, "lethebench")
    rows, answers = [{"question": "?"}], tmp_path / "answers.sqlite"
    for name, form in FORMS.items():
        server.echoes = [(status, form)]
        endpoint = Endpoint(model=name, key=KEY, base_url=server.url, first_wait=0.001, retries=1)
        try:
            (reply,) = ask(endpoint, rows, answers=answers)
        except ValueError as error:
            reply = error
        assert "***" in str(reply) or name == "far in", name
        assert_no_piece(str(reply))
    assert_no_piece_in_files(tmp_path)
    assert_no_piece(caplog.text)


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_nothing_written_or_printed_holds_the_key(server, tmp_path, status, monkeypatch, capfd):
    monkeypatch.setattr("lethebench.contract.requests.retries.MAX_WAIT", -1)  # not called again
    server.echoes = [echo for form in FORMS.values() for echo in ((status, form), (200, lambda key: "red"))]
    sample = len(FORMS)  # of the forget set, and of the retain set
    words = ["--model", "openai:m", "--base-url", server.url, "--sample", sample, "--out", tmp_path / "out"]
    words += ["--concurrency", 1]  # so that each form is used once
    done = lethe("--debug", "evaluate", shared_stand_in_build(), *words, "--all", "--json")
    captured = capfd.readouterr()
    assert done.status == (2 if status == 401 else 0), done.error
    written = str(rows_of(tmp_path / "out")) if done.status == 0 else done.error
    assert written.count("***") >= (1 if done.status else len(FORMS) - 5)
    assert_no_piece(done.out + done.error + captured.out + captured.err)
    assert_no_piece_in_files(tmp_path)


def test_a_bug_prints_no_key(server, monkeypatch, capsys):
    def broken(*arguments, **options):
        raise RuntimeError(f"\x1b[31m{KEY}")

    monkeypatch.setattr("lethebench.scoring.command.Evaluation.run", broken)
    monkeypatch.setattr(sys, "excepthook", print)
    with pytest.raises(RuntimeError) as raised:
        lethe("evaluate", shared_stand_in_build(), "--model", "openai:m", "--base-url", server.url)
    capsys.readouterr()
    sys.excepthook(raised.type, raised.value, raised.tb)
    error = capsys.readouterr().err
    assert r"RuntimeError: \u001b[31m***" in error
    assert "\x1b" not in error
    assert_no_piece(error)


@pytest.mark.parametrize("tail", ["\n", "\r\n", "\rX-A: b", " ", "\u2019", "\x00x"[1:] + "\x7f"])
def test_key_that_cannot_be_sent_is_one_line(server, monkeypatch, tmp_path, tail):
    monkeypatch.setenv("OPENAI_API_KEY", KEY + tail)
    words = ["--model", "openai:m", "--base-url", server.url, "--out", tmp_path / "out"]
    done = lethe("evaluate", shared_stand_in_build(), *words)
    assert done.status == 2
    assert done.line.startswith("lethe: OPENAI_API_KEY cannot be sent: it holds")
    assert_no_piece(done.error)
    assert server.requests == []
    with pytest.raises(ValueError, match="the API key cannot be sent"):
        Endpoint(model="m", key=KEY + tail)
