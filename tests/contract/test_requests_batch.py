"""Requests by the Batch API against a server: results joined, faults of rows, calls and batches, kills, budgets."""

import multiprocessing
import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from batch_server import batching

from lethebench.contract.conversation import api_messages
from lethebench.contract.requests.asking import ask_all
from lethebench.contract.requests.batch_api import BatchApi
from lethebench.contract.requests.budget import Budget, Usage, bound
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import BudgetSpent, Endpoint, EndpointRefused, PassStopped

KEY = "sk-secret-0123456789"
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}


def completion(text: str) -> dict:
    return {"choices": [{"finish_reason": "stop", "message": {"content": text}}], "usage": USAGE}


def well(text: str, body: dict | None = None) -> tuple[int, dict]:
    return 200, completion(text)


def refused(status: int, message: str, **more) -> tuple[int, dict]:
    return status, {"error": {"message": message, "type": "x", "param": None, "code": None, **more}}


def single(text: str, pictures) -> tuple:
    return 200, completion(text), {}


def requests(count: int, **settings) -> list[dict]:
    return [
        {"model": "m", "messages": api_messages(f"row {row}", ()), "temperature": 0, "max_tokens": 20, **settings}
        for row in range(count)
    ]


def texts(count: int) -> list[str]:
    return [f"row {row}" for row in range(count)]


def endpoint(server, **options) -> Endpoint:
    return Endpoint(
        model="m", key=KEY, base_url=server.url, **{"first_wait": 0.001, "timeout": 5.0, "batch": True} | options
    )


def ask(server, asked, cache=None, *, budget=None, progress=None, **options):
    return ask_all(endpoint(server, **options), asked, total=len(asked), cache=cache, budget=budget, progress=progress)


def paid(server) -> Counter[str]:
    """How often each request was answered, by batches and by single calls."""
    return server.paid + Counter(request["text"] for request in server.requests)


@pytest.fixture
def cache(tmp_path):
    with closing(Cache(tmp_path / "answers")) as cache:
        yield cache


def test_answers_are_joined_and_kept(cache):
    seen = []
    with batching(well, single) as server:
        replies = ask(server, requests(50) + requests(3), cache, progress=seen.append, budget=Budget(price=(1, 1)))
        assert [reply.text for reply in replies] == texts(50) + texts(3)
        assert [reply.tries for reply in replies] == [1] * 50 + [0] * 3
        assert len(server.requests) == 1  # the first one
        assert server.paid == Counter(texts(50)[1:])
        assert [reply.tries for reply in ask(server, requests(50), cache)] == [0] * 50
        assert len(server.batches) == 1
    assert cache.usage() == Usage(50, 500, 250, 490, 245)
    assert seen[-1].done == 1 + 3  # of the passes before the last question for the state
    assert Budget(price=(1, 1)).cost(cache.usage()) == pytest.approx((15 + 49 * 7.5) / 1e6)


def test_requests_for_other_answers_are_in_a_batch_of_their_own(cache):
    def again(index, reply):
        return [(index, requests(90)[index + 50])] if index < 40 and reply.text == f"row {index}" else []

    with batching(well, single) as server:
        replies = ask_all(endpoint(server), requests(50), total=50, cache=cache, again=again)
        assert [reply.text for reply in replies] == texts(90)[50:] + texts(50)[40:]
        assert [len(batch["lines"]) for batch in server.batches.values()] == [49, 39]


def test_few_requests_are_sent_by_single_calls(cache):
    with batching(well, single) as server:
        assert [reply.text for reply in ask(server, requests(19), cache)] == texts(19)
        assert not server.batches


ROW_FAULTS = {
    "filter": (refused(400, "flagged by the filter"), "flagged"),
    "no route": (refused(404, "no endpoint takes pictures"), "pictures"),
    "cut off": ((200, {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}), "length"),
    "no result": ({"response": None, "error": None}, "no response"),
    "other body": ((400, "plain text"), "plain text"),
}


@pytest.mark.parametrize("name", ROW_FAULTS)
def test_fault_of_one_request_fails_it_alone(name, cache):
    result, words = ROW_FAULTS[name]
    with batching(lambda text, body: result if text == "row 7" else well(text), single) as server:
        replies = ask(server, requests(30), cache)
    assert [reply.text for reply in replies] == [None if text == "row 7" else text for text in texts(30)]
    assert words in replies[7].error


TRANSIENT = {
    "rate": refused(429, "slow down"),
    "server": refused(500, "broken"),
    "error": {"response": None, "error": {"code": "server_error", "message": "internal error"}},
    "no completion": (200, {}),
}


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("share", [2, 10])
def test_transient_faults_are_asked_again(name, share, cache):
    """Many in another batch, few by single calls."""
    faults = Counter()

    def row(text, body):
        faults[text] += 1
        return TRANSIENT[name] if int(text.split()[1]) % share == 0 and faults[text] == 1 else well(text)

    with batching(row, single) as server:
        assert [reply.text for reply in ask(server, requests(60), cache)] == texts(60)
        assert len(server.batches) == (2 if share == 2 else 1)
        assert len(server.requests) == (1 if share == 2 else 6)


def test_refused_settings_are_left_out(cache):
    def answer(text, pictures):
        sent = server.requests[-1]["body"]
        return (*refused(400, "Unsupported parameter: temperature"), {}) if "temperature" in sent else single(text, ())

    def row(text, body):
        assert "temperature" not in body
        return refused(400, "Unsupported parameter: 'max_tokens'") if "max_tokens" in body else well(text)

    with batching(row, answer) as server:
        assert [reply.text for reply in ask(server, requests(40), cache)] == texts(40)
        assert len(server.batches) == 2
    assert cache.refused(endpoint(server)) == {"temperature", "max_tokens"}


CALLS = ["POST /v1/files", "POST /v1/batches", "GET /v1/batches/batch_0", "GET /v1/files/file-1/content"]


@pytest.mark.parametrize("fault", ["broken", "page", "late"])
@pytest.mark.parametrize("call", CALLS)
def test_no_fault_of_a_call_creates_a_second_batch(call, fault, cache):
    with batching(well, single) as server:
        seen = Counter()

        def trouble(number, method, path):
            seen[f"{method} {path}"] += 1
            return fault if f"{method} {path}" == call and seen[call] == 1 else None

        server.trouble = trouble
        expected = texts(30)
        assert [reply.text for reply in ask(server, requests(30), cache)] == expected
        assert len(server.batches) == 1
        assert server.paid == Counter(expected[1:])


ENDS = {
    "failed": ([{"code": "invalid_json_line", "message": "not a valid line", "line": 3}], "not a valid line", 0),
    "expired": ("expired", "expired after 14 of 29 answers", 14),
    "cancelled": ("cancelled", "was cancelled after 14 of 29 answers", 14),
}


@pytest.mark.parametrize("name", ENDS)
def test_batch_that_ends_early_is_one_line_and_its_answers_are_kept(name, cache):
    end, words, answered = ENDS[name]
    with batching(well, single) as server:
        server.ends = [end, "completed"]
        with pytest.raises(PassStopped, match=words) as raised:
            ask(server, requests(30), cache)
        assert "\n" not in str(raised.value)
        assert sum(server.paid.values()) == answered
        assert [reply.text for reply in ask(server, requests(30), cache)] == texts(30)
        assert paid(server) == Counter(texts(30))


def test_batch_over_the_limit_of_waiting_tokens_is_made_smaller(cache):
    limit = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached for m. Limit: 90,000"}]
    with batching(well, single) as server:
        server.ends = [limit, "completed"]
        assert [reply.text for reply in ask(server, requests(100), cache)] == texts(100)
        assert [len(batch["lines"]) for batch in server.batches.values()] == [99, 49, 49]
    with batching(well, single) as server, closing(Cache()) as other:
        server.ends = [limit]
        with pytest.raises(PassStopped, match="Enqueued token limit"):
            ask(server, requests(100), other)
        assert len(server.batches) < 5


FATAL = {
    "no Batch API": (lambda number, method, path: "404", "leave --batch out"),
    "wrong key": (lambda number, method, path: "401", "OPENAI_API_KEY"),
    "never well": (lambda number, method, path: "broken", "broken"),
}


@pytest.mark.parametrize("name", FATAL)
def test_endpoint_that_refuses_batches_is_one_line(name, cache):
    trouble, words = FATAL[name]
    with batching(well, single) as server:
        server.trouble = trouble
        with pytest.raises(EndpointRefused, match=words):
            ask(server, requests(30), cache, retries=2)
        server.trouble = lambda number, method, path: None
        assert [reply.text for reply in ask(server, requests(30), cache)] == texts(30)
        assert paid(server) == Counter(texts(30))


def test_budget_counts_half_the_price(cache):
    count = 40
    most = bound(requests(count)[0])
    single_usd = most.input_tokens + most.output_tokens
    budget = Budget(usd=(15 + 22 * single_usd / 2) / 1e6, price=(1, 1))
    with batching(well, single) as server:
        with pytest.raises(BudgetSpent, match="budget of"):
            ask(server, requests(200), cache, budget=budget)
        assert server.batches
        assert 15 / 1e6 < budget.cost(cache.usage()) <= budget.usd
        ask(server, requests(200), cache)
        assert paid(server) == Counter(texts(200))


def test_single_calls_do_not_ask_what_a_batch_holds(cache):
    with batching(well, single) as server:
        server.trouble = lambda number, method, path: "401" if path.startswith("/v1/batches/") else None
        with pytest.raises(EndpointRefused, match="state of batch batch_0 is unknown"):
            ask(server, requests(30), cache)
        with pytest.raises(PassStopped, match="--batch again"):
            ask(server, requests(30), cache, batch=False)
        server.trouble = lambda number, method, path: None
        assert [reply.text for reply in ask(server, requests(30), cache)] == texts(30)
        assert server.paid == Counter(texts(30)[1:])


def test_key_is_in_no_file_or_error(tmp_path):
    end = [{"code": KEY, "message": f"the key {KEY} is wrong"}]
    with batching(lambda text, body: well(f"{text} {KEY}"), single) as server:
        server.ends = [end, "completed"]
        with closing(Cache(tmp_path / "answers")) as cache:
            with pytest.raises(PassStopped) as raised:
                ask(server, requests(30), cache)
            ask(server, requests(30), cache)
        assert KEY not in str(raised.value)
        assert all(KEY.encode() not in content for content in list(server.files.values())[:2])
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_kill_pays_a_request_twice(when, tmp_path):
    """Kill the command before or after every call of files and batches; the next one finds the batch."""
    path = tmp_path / "answers"

    def work(number: int) -> None:
        send, count = BatchApi._send, [0]

        def counted(self, *arguments, **options):
            count[0] += 1
            if when == "before" and count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            send(self, *arguments, **options)
            if when == "after" and count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

        BatchApi._send = counted
        with closing(Cache(path)) as cache:
            assert [reply.text for reply in ask(server, requests(30), cache)] == texts(30)

    with batching(well, single) as server:
        server.steps = 4
        kills = 0
        for number in (1, 2, 1, 2, 3, 1, 2, 3, 4, 5, 9):
            process = multiprocessing.get_context("fork").Process(target=work, args=(number,))
            process.start()
            process.join()
            if process.exitcode == 0:
                break
            assert process.exitcode == -signal.SIGKILL
            kills += 1
        assert kills >= 5
        assert len(server.batches) == 1
        assert paid(server) == Counter(texts(30))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM calls").fetchone() == (30,)
