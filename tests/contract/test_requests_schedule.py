"""How well a pass uses its places, by a clock that jumps to the next event: exact on a busy machine too."""

import asyncio
import random
import statistics
import types

import pytest

from lethebench.contract.requests.budget import Budget
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.calls import _Pass
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.contract.requests.replies import BadReply, Completion

ROWS, CONCURRENCY = 1000, 32
KINDS = (429, 500, "cut", "no JSON", "a page")


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is left to do."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


class StatusError(Exception):
    def __init__(self, status: int, **headers: str) -> None:
        super().__init__("no")
        self.response = types.SimpleNamespace(status_code=status, headers=headers)


def simulated(monkeypatch, send, *, rows=ROWS, again=None, **options):
    """Run a pass by a function that takes the place of a call; return the seconds that it took and its replies."""
    loop = JumpingLoop()
    clock = types.SimpleNamespace(monotonic=lambda: loop.now)
    monkeypatch.setattr("lethebench.contract.requests.calls.time", clock)
    endpoint = Endpoint(model="m", key="none", base_url="http://127.0.0.1:9/v1", concurrency=CONCURRENCY, **options)
    job = _Pass(endpoint, Cache(), Budget(), rows, None, again)
    monkeypatch.setattr(job, "_send", send)
    try:
        replies = loop.run_until_complete(job.run({"model": "m", "messages": [], "seed": row} for row in range(rows)))
    finally:
        loop.close()
    return loop.now, replies


class Server:
    """Answers after a latency; a share of the calls fail, each kind equally often."""

    def __init__(self, latency: float, share: float, seed: int) -> None:
        self.latency, self.share, self.random = latency, share, random.Random(seed)
        self.calls = 0

    async def send(self, request) -> Completion:
        self.calls += 1
        kind = self.random.choice(KINDS) if self.random.random() < self.share else None
        await asyncio.sleep(self.latency)
        if isinstance(kind, int):
            raise StatusError(kind)
        if kind is not None:
            raise BadReply(kind, 502)
        return Completion("red", 1, 1)


@pytest.mark.parametrize("latency", [0.25, 0.5])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_throughput_is_within_a_tenth_of_the_ideal(latency, share, monkeypatch):
    """The ideal: all calls, failed ones too, at the latency and the limit of concurrency."""
    monkeypatch.setattr("lethebench.contract.requests.retries.random", random.Random(0))
    ratios = []
    for seed in range(3 if share else 1):
        server = Server(latency, share, seed)
        seconds, replies = simulated(monkeypatch, server.send)
        assert sum(reply.text != "red" for reply in replies) <= 2  # 7 faults in a row have a probability of 0.3**7
        assert sum(reply.tries for reply in replies) == server.calls
        ratios.append(seconds / (server.calls * latency / CONCURRENCY))
    print(f"{[round(ratio, 3) for ratio in ratios]} of the ideal")
    assert statistics.median(ratios) < 1.1
