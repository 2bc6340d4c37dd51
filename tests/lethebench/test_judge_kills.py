"""`lethe evaluate --judge` killed and run again: no stored verdict is paid twice, and a kill loses what is underway."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from chat_server import chatting
from judge_model import HonestModel
from model_writer import faults
from small_build import stand_in_build

from lethebench.contract.own_folder import kept_file
from lethebench.contract.requests.cache import request_hash
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.scoring.judging import REPLIES_FILE

ANSWERS, CONCURRENCY, KILLS = 16, 4, 5
TRANSIENT = ("limited", "broken", "dropped", "cut", "garbled", "page")


def stored(path) -> set[str]:
    """Return the hashes of the requests whose replies a file holds."""
    with closing(sqlite3.connect(path)) as database:
        return {key for (key,) in database.execute("SELECT request FROM answers")}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_stored_verdict_is_paid_twice_over_five_kills(tmp_path):
    data, out = stand_in_build(tmp_path / "icu"), tmp_path / "out"
    judge = HonestModel()

    def answer(text, pictures):
        return judge(text, pictures) if "Give the verdict by the rubric" in text else f"an answer to {text}"

    with chatting(answer) as server:
        server.slow = 0.05
        endpoint = Endpoint(model="j", key="none", base_url=server.url)
        words = ["--model", "openai:m", "--judge", "openai:j", "--base-url", server.url, "--judge-base-url", server.url]
        words += ["--sample", ANSWERS // 2, "--concurrency", CONCURRENCY, "--out", out, "--json"]
        command = [sys.executable, "-m", "lethebench", "evaluate", *map(str, [data, *words])]

        def judging(since: int = 0) -> list[str]:
            """Return the hashes of the requests for verdicts that the server answered, or is about to."""
            numbered = list(enumerate(server.requests))[since:]
            return [
                request_hash(endpoint, request["body"])
                for number, request in numbered
                if request["body"]["model"] == "j" and server.faults[number] is None
            ]

        server.faults = faults(1000, 0.3, kinds=TRANSIENT)
        done: set[str] = set()
        for kill in range(KILLS):
            before = len(server.requests)
            process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while len(judging()) < 10 * (kill + 1):
                assert process.poll() is None, process.communicate()
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            answered = judging(before)
            assert not done & set(answered)
            now = stored(kept_file(out, REPLIES_FILE))
            assert done < now
            assert len(answered) - len(now - done) <= CONCURRENCY
            done = now
        before = len(server.requests)
        last = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        assert not done & set(judging(before))
        assert len(judging()) <= len(set(judging())) + KILLS * CONCURRENCY
    scores = json.loads(last.stdout)
    assert scores["judges"]["failed"] == 0
    assert len(set(judging())) == 4 * ANSWERS + 1  # with the probe
