"""The request layer over kills, and its speed against the ideal of the concurrency limit."""

import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing

import pytest
from chat_server import chatting
from model_writer import faults
from server_process import in_own_process

from lethebench.contract.conversation import api_messages
from lethebench.contract.requests.asking import ask_all
from lethebench.contract.requests.cache import request_hash
from lethebench.contract.requests.endpoint import Endpoint

pytestmark = pytest.mark.slow
ROWS, CONCURRENCY = 120, 4
PASS = """
import sys
from pathlib import Path
from lethebench.contract.conversation import api_messages
from lethebench.contract.requests.asking import ask_all
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint
endpoint = Endpoint(model="m", key="none", base_url=sys.argv[1], concurrency=4, first_wait=0.01)
requests = [{"model": "m", "messages": api_messages(f"row {row}", ())} for row in range(120)]
cache = Cache(Path(sys.argv[2]))
texts = [reply.text for reply in ask_all(endpoint, requests, total=120, cache=cache)]
assert texts == [f"row {row}" for row in range(120)]
print(cache.usage().calls)
"""


def test_no_stored_answer_is_requested_again_over_five_kills(tmp_path):
    path = tmp_path / "answers.sqlite"
    with chatting(lambda text, pictures: text) as server:
        server.slow = 0.05
        done: set[str] = set()
        for kill in range(5):
            before = len(server.requests)
            process = subprocess.Popen([sys.executable, "-c", PASS, server.url, str(path)])
            while len(server.requests) < 15 * (kill + 1):
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert not done & {request["text"] for request in server.requests[before:]}
            done = stored(path, server.url)
            assert 0 < len(done) < ROWS
        before = len(server.requests)
        last = subprocess.run([sys.executable, "-c", PASS, server.url, str(path)], check=True, capture_output=True)
        assert len(server.requests) - before == ROWS - len(done)
    assert {request["text"] for request in server.requests} == {f"row {row}" for row in range(ROWS)}
    # Only calls that were underway at a kill are sent again.
    assert len(server.requests) <= ROWS + 5 * CONCURRENCY
    assert 0 <= int(last.stdout) - len(server.requests) <= 5 * CONCURRENCY  # killed between record and call


def stored(path, url) -> set[str]:
    """The texts of the requests whose answers a file holds."""
    endpoint = Endpoint(model="m", key="none", base_url=url)
    hashes = {
        request_hash(endpoint, {"model": "m", "messages": api_messages(f"row {row}", ())}): f"row {row}"
        for row in range(ROWS)
    }
    with closing(sqlite3.connect(path)) as database:
        return {hashes[key] for (key,) in database.execute("SELECT request FROM answers")}


TRANSIENT = ("limited", "broken", "dropped", "cut", "garbled", "page")


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize(("rows", "concurrency", "latency"), [(80, 8, 0.5), (1000, 32, 0.25), (1000, 32, 0.5)])
def test_throughput_is_near_the_ideal(rows, concurrency, latency, share):
    """The ideal: all calls, failed ones too, by as many at a time as the limit says, without a pause."""
    requests = [{"model": "m", "messages": api_messages(f"row {row}", ())} for row in range(rows)]
    ratios = []
    for seed in range(1 if share == 0.0 else 3):
        with in_own_process(lambda: chatting(lambda text, pictures: text)) as server:
            endpoint = Endpoint(model="m", key="none", base_url=server.url, concurrency=concurrency)
            ask_all(endpoint, requests[:1], total=1)  # imports
            server.set(slow=latency, faults=faults(2 * rows, share, seed, TRANSIENT))
            start = time.monotonic()
            replies = ask_all(endpoint, requests, total=rows)
            seconds = time.monotonic() - start
            busy, most = server.load()
        ratios.append(seconds / (busy / concurrency))
        assert [reply.text for reply in replies] == [f"row {row}" for row in range(rows)]
        assert most <= concurrency
    print(f"{[round(ratio, 3) for ratio in ratios]} of the ideal")
    assert statistics.median(ratios) < 1.1
