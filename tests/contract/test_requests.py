"""The request layer against a server: faults of one and of all requests, stored answers, budgets, waits."""

import asyncio
import email.utils
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest
from chat_server import chatting

from lethebench.contract.conversation import api_messages
from lethebench.contract.errors import UserError
from lethebench.contract.requests.asking import ask_all
from lethebench.contract.requests.budget import Budget, Usage, bound, likely, parse_budget
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import BudgetSpent, Endpoint, EndpointRefused
from lethebench.contract.requests.faults import wait_of

KEY = "sk-secret-0123456789"
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}


def well(text: str = "red", **more) -> tuple:
    return 200, {"choices": [{"finish_reason": "stop", "message": {"content": text}}], "usage": USAGE, **more}, {}


def error(status: int, message: str, headers: dict | None = None, **more) -> tuple:
    return status, {"error": {"message": message, "type": "x", "param": None, "code": None, **more}}, headers or {}


def requests(count: int, **settings) -> list[dict]:
    settings = {"temperature": 0, "max_tokens": 20, **settings}
    return [{"model": "m", "messages": api_messages(f"row {row}", ()), **settings} for row in range(count)]


def ask(server, asked, *, cache=None, budget=None, progress=None, **options):
    defaults = {"first_wait": 0.01, "timeout": 5.0, "concurrency": 1}
    endpoint = Endpoint(model="m", key=KEY, base_url=getattr(server, "url", server), **defaults | options)
    return ask_all(endpoint, asked, total=len(asked), cache=cache, budget=budget, progress=progress)


def serving(*replies):
    """A server that sends replies in turn, the last one for ever; a reply may be a function of the text."""
    rest = list(replies)

    def answer(text, pictures):
        reply = rest.pop(0) if len(rest) > 1 else rest[0]
        return reply(text) if callable(reply) else reply

    return chatting(answer)


QUOTA = "You exceeded your current quota, please check your plan"
FATAL = {
    "no quota": error(429, QUOTA, type="insufficient_quota", code="insufficient_quota"),
    "no quota, told in the message": error(429, "litellm.RateLimitError: insufficient_quota - " + QUOTA),
    "no credits": error(402, "Insufficient credits"),
    "no quota with status 200": (200, {"error": {"message": QUOTA, "code": "insufficient_quota"}}, {}),
    "no balance": error(400, "Insufficient Balance"),
    "wrong key": error(401, "Incorrect API key"),
    "unknown model": error(404, "The model does not exist", code="model_not_found"),
    "unknown path": (404, b"not found", {"Content_Type": "text/plain"}),
    "firewall": (403, b"<html>blocked</html>", {"Content_Type": "text/html"}),
}


@pytest.mark.parametrize("name", FATAL)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_fault_of_all_requests_stops_after_a_few(name, concurrency):
    with serving(FATAL[name]) as server:
        with pytest.raises(EndpointRefused, match="refuses every call"):
            ask(server, requests(40), concurrency=concurrency)
        assert len(server.requests) < 3 + concurrency


def test_dead_server_stops_after_a_few():
    start = time.monotonic()
    with pytest.raises(EndpointRefused, match="no server answers"):
        ask("http://127.0.0.1:9/v1", requests(40), first_wait=0.05)
    assert time.monotonic() - start < 5


def test_server_that_only_fails_stops_the_pass():
    with serving(error(500, "broken")) as server:
        with pytest.raises(EndpointRefused, match="10 requests in a row failed"):
            ask(server, requests(40), retries=1, first_wait=0.001)
        assert len(server.requests) == 20


ROW_FAULTS = {
    "moderation": (error(403, "your input was flagged"), "flagged"),
    "no route": (error(404, "No endpoints found that support image input"), "image input"),
    "too long": (error(400, "context length exceeded"), "context length"),
    "FastAPI": ((422, {"detail": [{"loc": ["body", "x"], "msg": "no good"}]}, {}), "body.x: no good"),
    "error with 200": ((200, {"error": {"message": "context too long", "code": 400}}, {}), "context too long"),
    "filter": ((200, {"choices": [{"message": {}, "finish_reason": "content_filter"}]}, {}), "content_filter"),
    "max_tokens out of range": (
        error(500, "1 validation error:\n  {'loc': ('body', 'max_tokens'), 'msg': 'Input should be less than 10'}"),
        "less than 10",
    ),
    "max_tokens too large": (error(400, "'max_tokens' is too large: 256", param="max_tokens"), "too large"),
    "do not retry": (error(500, "no use", {"X_Should_Retry": "false"}), "no use"),
}


@pytest.mark.parametrize("name", ROW_FAULTS)
def test_fault_of_one_request_fails_it_alone(name):
    fault, words = ROW_FAULTS[name]
    with serving(fault, well()) as server:
        replies = ask(server, requests(4))
    assert [reply.text for reply in replies] == [None, "red", "red", "red"]
    assert words in replies[0].error
    assert replies[0].tries == 1


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 524, 529])
def test_transient_status_is_retried(status):
    with serving(error(status, "later"), (502, b"<html>Bad Gateway</html>", {}), well()) as server:
        (reply,) = ask(server, requests(1))
    assert reply == ("red", None, 3)


def test_waits_follow_the_headers():
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert wait_of({"retry-after-ms": "1200"}) == 1.2
    assert wait_of({"retry-after": "3"}) == 3
    assert 28 < wait_of({"retry-after": soon}) <= 30
    assert wait_of({"retry-after": email.utils.formatdate(0, usegmt=True)}) == 0
    for odd in ("nan", "inf", "-5", "2 seconds", "", "Fri, 99 Foo 2026"):
        assert wait_of({"retry-after": odd}) is None


@pytest.mark.parametrize(("header", "value"), [("Retry_After_Ms", "300"), ("Retry_After", "0.3")])
def test_retry_waits_as_long_as_the_server_asks(header, value):
    with serving(error(429, "slow down", {header: value}), well()) as server:
        ask(server, requests(1))
    assert 0.3 <= server.requests[1]["at"] - server.requests[0]["at"] < 1


@pytest.mark.parametrize("value", ["0", "-5", "nan", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_wait_that_is_over_is_replaced_by_our_own(value):
    with serving(error(429, "slow down", {"Retry_After": value}), well()) as server:
        ask(server, requests(1), first_wait=0.2)
    assert server.requests[1]["at"] - server.requests[0]["at"] >= 0.15


def test_other_calls_wait_too_when_the_rate_is_limited():
    with serving(error(429, "slow down", {"Retry_After": "0.4"}), well()) as server:
        ask(server, requests(6), concurrency=2)
        times = [request["at"] for request in server.requests]
    assert sum(at < times[0] + 0.4 for at in times) <= 3  # the first of each worker, and one that overtakes the reply


def test_request_that_waits_for_its_retry_leaves_its_place():
    with serving(error(500, "broken"), well()) as server:
        replies = ask(server, requests(5), first_wait=0.3)
        assert [request["text"] for request in server.requests] == [f"row {row}" for row in (0, 1, 2, 3, 4, 0)]
        assert server.requests[5]["at"] - server.requests[0]["at"] >= 0.2
    assert [reply.tries for reply in replies] == [2, 1, 1, 1, 1]


def test_server_that_mostly_answers_is_called_again_at_once():
    faults = iter([error(500, "broken")] * 3)
    with serving(*[well()] * 40, lambda text: next(faults, well())) as server:
        start = time.monotonic()
        replies = ask(server, requests(60), first_wait=5.0)
    assert time.monotonic() - start < 4
    assert sum(reply.tries for reply in replies) == 63


def test_failing_server_gets_few_new_requests():
    with serving(error(500, "broken")) as server:
        with pytest.raises(EndpointRefused, match="10 requests in a row failed"):
            ask(server, requests(400), retries=3, first_wait=0.02, concurrency=8)
        assert len({request["text"] for request in server.requests}) <= 10 + 8


def test_server_with_too_many_calls_gets_fewer():
    """A server with three places refuses all other calls, and does not say how long to wait."""

    def answer(text, pictures):
        if server._now > 3:
            return error(429, "too many requests")
        time.sleep(0.05)
        return well(text)

    with chatting(answer) as server:
        replies = ask(server, requests(60), concurrency=12, first_wait=0.1)
    assert [reply.text for reply in replies] == [f"row {row}" for row in range(60)]
    assert len(server.requests) < 5 * 60


def test_request_for_another_answer_is_sent_in_the_same_pass():
    """In the place of the first one, and of one whose reply came earlier."""

    def again(index, reply):
        taken.append((index, reply.text))
        return [(other, requests(20)[10 + other]) for other in {3: (0, 3)}.get(index, ()) if reply.text == "row 3"]

    taken: list = []
    with serving(lambda text: well(text)) as server:
        endpoint = Endpoint(model="m", key=KEY, base_url=server.url, concurrency=1)
        replies = ask_all(endpoint, requests(4), total=4, again=again)
    assert [reply.text for reply in replies] == ["row 10", "row 1", "row 2", "row 13"]
    assert taken == [(0, "row 0"), (1, "row 1"), (2, "row 2"), (3, "row 3"), (0, "row 10"), (3, "row 13")]


REFUSALS = {
    "OpenAI": lambda name: error(400, f"Unsupported parameter: '{name}' is not supported", param=name),
    "LiteLLM": lambda name: error(400, f"litellm.BadRequestError: '{name}' is not supported with this model."),
    "copilot": lambda name: error(400, f"Unsupported value: {name}", code="invalid_request_body"),
    "only one": lambda name: error(400, f"{name}: only 1 is allowed for this model"),
    "FastAPI": lambda name: (422, {"detail": [{"loc": ["body", name], "msg": "extra fields not permitted"}]}, {}),
    "llama.cpp": lambda name: error(
        500, f"1 validation error:\n  {{'loc': ('body', '{name}'), 'msg': \"Input should be 'text' or 'json_object'\"}}"
    ),
}


@pytest.mark.parametrize("form", REFUSALS)
def test_refused_settings_are_dropped_once_for_all_passes(form, tmp_path):
    def answer(text, pictures):
        sent = server.requests[-1]["body"]
        refused = [name for name in ("temperature", "max_tokens") if name in sent]
        return REFUSALS[form](refused[0]) if refused else well()

    with chatting(answer) as server, closing(Cache(tmp_path / "answers")) as cache:
        assert [reply.text for reply in ask(server, requests(5), cache=cache)] == ["red"] * 5
        assert len(server.requests) == 7
        assert server.requests[-1]["body"]["max_completion_tokens"] == 20
        ask(server, requests(8), cache=cache)
        assert len(server.requests) == 10


def test_calls_are_the_least_possible_with_faults_in_a_third():
    """Each of 90 faults costs one more call, and no more."""
    draw = random.Random(0)
    kinds = [
        error(429, "busy"), error(500, "broken"), (200, b'{"choices": [{"mess', {}), (200, b"<html></html>", {}),
        (503, b"", {}), (200, {"choices": []}, {}), (200, {"error": {"message": "overloaded"}}, {}),
    ]  # fmt: skip
    faults = Counter()

    def answer(text, pictures):
        if draw.random() < 0.3:
            faults[text] += 1
            return draw.choice(kinds)
        return well(text)

    with chatting(answer) as server:
        replies = ask(server, requests(200), concurrency=8, first_wait=0.001, retries=20)
    assert [reply.text for reply in replies] == [f"row {row}" for row in range(200)]
    assert 60 < faults.total() < 130
    assert len(server.requests) == 200 + faults.total()


def test_equal_requests_are_sent_once():
    with serving(well()) as server:
        replies = ask(server, requests(1) * 5, concurrency=4)
        assert len(server.requests) == 1
    assert [reply.text for reply in replies] == ["red"] * 5
    assert sum(reply.tries for reply in replies) == 1


BUDGETS = {
    "requests": (Budget(requests=3), 3),
    "tokens": (Budget(tokens=2 * 15 + bound(requests(1)[0]).input_tokens + 20), 3),
    "usd": (Budget(usd=3 * 15e-6 + 1e-9, price=(1, 1)), 0),
}


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_pass_stops_before_the_budget_is_exceeded(name, concurrency, tmp_path):
    budget, count = BUDGETS[name]
    with serving(well()) as server, closing(Cache(tmp_path / "answers")) as cache:
        for _ in range(2):  # the second pass has no budget of its own
            with pytest.raises(BudgetSpent, match="budget of"):
                ask(server, requests(20), cache=cache, budget=budget, concurrency=concurrency)
            assert len(server.requests) == count
        assert budget.exceeded(cache.usage()) is None
        ask(server, requests(20), cache=cache)
        assert len(server.requests) == 20


def test_calls_of_unknown_usage_count_with_their_most(tmp_path):
    replies = (well(usage=None), (200, b"", {}), error(500, "x"), well())
    with serving(*replies) as server, closing(Cache(tmp_path / "answers")) as cache:
        ask(server, requests(2), cache=cache)
        usage, most = cache.usage(), bound(requests(1)[0])
    assert usage == Usage(4, 2 * most.input_tokens + 10, 2 * 20 + 5)


@pytest.mark.parametrize(
    ("limits", "price", "words"),
    [
        ("requests=0", "", "above 0"), ("usd=5", "", "prices"), ("tokens=x", "", "no"), ("euro=5", "", "pass"),
        ("requests=1.5", "", "whole"), ("usd=nan", "1,1", "above 0"), ("", "1", "IN,OUT"), ("", "-1,1", "at least 0"),
        ("requests=1,requests=2", "", "pass"), ("tokens=inf", "", "whole"),
    ],
)  # fmt: skip
def test_wrong_budget_is_refused(limits, price, words):
    with pytest.raises(ValueError, match=words):
        parse_budget(limits, price)


def test_budget_and_estimate():
    budget = parse_budget("requests=5, tokens=2e6,usd=1.5", "0.15,0.60")
    assert budget == Budget(requests=5, tokens=2_000_000, usd=1.5, price=(0.15, 0.6))
    assert budget.cost(likely(requests(1)[0])._replace(input_tokens=10**6, output_tokens=10**6)) == pytest.approx(0.75)
    (request,) = requests(1)
    with_picture = {**request, "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}
    assert likely(with_picture).input_tokens > 765
    assert bound(request).input_tokens > likely(request).input_tokens


def test_progress_carries_the_cost():
    seen = []
    with serving(well()) as server:
        ask(server, requests(3), progress=seen.append, budget=Budget(price=(1e6, 1e6)))
    assert [(now.done, now.total, now.usage, now.usd) for now in seen] == [
        (done, 3, Usage(done, 10 * done, 5 * done), 15.0 * done) for done in (1, 2, 3)
    ]


def test_other_files_and_versions_are_one_line(tmp_path):
    path = tmp_path / "answers"
    with closing(Cache(path)) as cache:
        with pytest.raises(UserError, match="another process"):
            Cache(path)
        cache.begin(bound(requests(1)[0]))
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="another version"):
        Cache(path)
    path.write_bytes(b"no database" * 200)
    with pytest.raises(UserError, match="cannot be read"):
        Cache(path)
    with pytest.raises(UserError, match="cannot be read"):
        Cache(tmp_path / "nowhere" / "answers")


def test_key_is_in_no_file_error_or_log(tmp_path, caplog):
    caplog.set_level("DEBUG")
    path = tmp_path / "answers"
    replies = [
        well(f"the key is {KEY}"),
        error(400, KEY),
        error(400, f"temperature {KEY} unsupported"),
        error(401, KEY),
    ]
    with serving(*replies) as server, closing(Cache(path)) as cache, pytest.raises(EndpointRefused) as raised:
        ask(server, requests(9), cache=cache)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    own = "".join(record.getMessage() for record in caplog.records if record.name.startswith("lethebench"))
    assert KEY.encode() not in written
    assert b"the key is ***" in written
    assert KEY not in str(raised.value) + own


def test_works_where_an_event_loop_runs():
    async def notebook():
        return ask(server, requests(2))

    with serving(well()) as server:
        assert [reply.text for reply in asyncio.run(notebook())] == ["red", "red"]
