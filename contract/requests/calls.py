"""Send requests by single calls, a limited number at a time, and store every answer at once."""

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lethebench.contract.requests.budget import Budget, Usage, bound
from lethebench.contract.requests.cache import Cache, request_hash
from lethebench.contract.requests.endpoint import Endpoint, EndpointRefused, Reply
from lethebench.contract.requests.faults import Fault, fault_of_call, without_refused
from lethebench.contract.requests.health import CURES, Health
from lethebench.contract.requests.meter import Meter
from lethebench.contract.requests.replies import Completion, read_drawn, read_reply
from lethebench.contract.requests.retries import Pending, Retries, wait_before_retry

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""As many requests, with their pictures, wait for a retry at most; then no new one is sent."""
LIMITED_PATIENCE = 3
"""Times as many retries of a request that the server found one too many, while it answers others."""

Numbered = tuple[int, Mapping[str, Any]]
"""A request and its number among those of a pass."""
Again = Callable[[int, Reply], Iterable[Numbered]]
"""Takes the reply to a request by its number; returns requests to send in the place of some that have a reply."""


class Progress(NamedTuple):
    """Requests done of all, the usage of all passes so far, and its cost in US dollars if prices are known."""

    done: int
    total: int
    usage: Usage
    usd: float | None


def call_all(
    endpoint: Endpoint,
    requests: Iterable[Mapping[str, Any]],
    cache: Cache,
    budget: Budget,
    total: int,
    progress: Callable[[Progress], None] | None = None,
    again: Again | None = None,
) -> list[Reply]:
    """Return the replies to requests in order; see `ask_all`."""
    return _run(_Pass(endpoint, cache, budget, total, progress, again).run(requests))


class _Pass:
    """One pass over requests. A request that waits for its retry leaves its place to the next one."""

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Cache,
        budget: Budget,
        total: int,
        progress: Callable[[Progress], None] | None,
        again: Again | None,
    ) -> None:
        import openai

        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs every call
        # The client does not retry a reply that is not JSON, so all retries are made here.
        self.client = openai.AsyncOpenAI(
            api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=endpoint.timeout
        )
        self.endpoint, self.cache, self.total, self.progress = endpoint, cache, total, progress
        self.again = again
        self.follow_ups: deque[Numbered] = deque()
        self.meter = Meter(cache, budget)
        self.refused = cache.refused(endpoint)
        self.health = Health()
        self.replies: dict[int, Reply] = {}
        self.open: dict[str, Pending] = {}
        self.retries = Retries()
        self.calls: set[asyncio.Task[None]] = set()
        self.stopped: Exception | None = None
        self.paused_until = 0.0

    async def run(self, requests: Iterable[Mapping[str, Any]]) -> list[Reply]:
        async with self.client:
            try:
                await self._send_all(enumerate(requests))
            except Exception as error:
                self._halt(error)
            if self.calls:
                await asyncio.wait(self.calls)
        if self.stopped is not None:
            raise self.stopped
        return [self.replies[index] for index in range(self.total)]

    async def _send_all(self, numbered: Iterator[Numbered]) -> None:
        """Start calls as long as there are requests, and wait for those underway where no other may start."""
        held = None  # while the budget may not suffice beside the calls underway
        while self.stopped is None:
            while (pending := held or self._next(numbered)) is not None:
                held = None if self._start(pending) else pending
                if held is not None:
                    break
            wait = None if held else self._wait()
            if self.calls:
                _, self.calls = await asyncio.wait(self.calls, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            elif wait is not None:
                await asyncio.sleep(wait)
            else:
                return

    def _next(self, numbered: Iterator[Numbered]) -> Pending | None:
        """Return the request to send now, None if none may be."""
        now, places = time.monotonic(), self.endpoint.concurrency - len(self.calls)
        if places <= 0 or now < self.paused_until:
            return None
        if (pending := self.retries.pop(now)) is not None:
            return pending
        # A request that the server found one too many keeps its place, so that fewer calls are underway.
        is_full = places <= self.retries.limited or len(self.retries) >= MOST_WAITING
        # A server that only fails gets no new requests until it answers one of those that wait.
        if (is_full or self.health.is_failing) and (self.retries or self.calls):
            return None
        return self._new(numbered)

    def _new(self, numbered: Iterator[Numbered]) -> Pending | None:
        """Return the next request that is neither answered nor equal to one without a reply yet, None at the end."""
        while (entry := self.follow_ups.popleft() if self.follow_ups else next(numbered, None)) is not None:
            index, request = entry
            key = request_hash(self.endpoint, request)
            if (text := self.cache.get(key)) is not None:
                self._store(index, Reply(text, None, 0))
            elif key in self.open:
                self.open[key].indices.append(index)
            else:
                pending = self.open[key] = Pending(key, request, [index])
                return pending
        return None

    def _wait(self) -> float | None:
        """Return the seconds until a retry may be sent; None if none waits, or a call must end before."""
        due = self.retries.due()
        if due is None or len(self.calls) >= self.endpoint.concurrency:
            return None
        return max(0.0, max(due, self.paused_until) - time.monotonic())

    def _start(self, pending: Pending) -> bool:
        """Start a call; return whether the budget suffices for it beside those underway."""
        accepted = without_refused(pending.request, self.refused)
        most = bound(accepted)
        call = self.meter.begin(most)
        if call is not None:
            self.calls.add(asyncio.create_task(self._call(pending, accepted, call, most)))
        return call is not None

    async def _call(self, pending: Pending, accepted: Mapping[str, Any], call: int, most: Usage) -> None:
        try:
            usage: tuple[int | None, int | None] = (None, None)
            text: str | None = None
            fault: Fault | None = None
            pending.calls += 1
            try:
                completion = await self._send(accepted)
                usage, text = completion[1:], completion.text
            except Exception as error:
                fault = fault_of_call(error, accepted)
                usage = fault.usage
            finally:
                self.meter.end(call, most, usage, pending.key, text)
            if fault is None:
                self.health.answered()
                self._finish(pending, text, None)
            elif fault.setting is not None:
                self._refuse(fault)
                self.retries.add(pending, 0.0)
            else:
                self._fail(pending, fault)
        except Exception as error:
            self._halt(error)

    def _fail(self, pending: Pending, fault: Fault) -> None:
        """Let a request wait for its retry, or fail, or stop the pass."""
        pending.failures += 1
        # A server with too many calls, which it answers one after another, is not given up on so soon.
        patience = LIMITED_PATIENCE if fault.limited and self.health.any_answer else 1
        wait = wait_before_retry(self.endpoint, fault, math.ceil(pending.failures / patience))
        if cause := self.health.fails(fault, final=wait is None):
            self._halt(EndpointRefused(f"{cause}: {fault.reason}; {CURES[fault.scope]}"))
        if wait is None:
            self._finish(pending, None, fault.reason)
        else:
            due = time.monotonic() + (wait if fault.wait else wait * self.health.strain)
            if fault.limited and fault.wait:
                self.paused_until = max(self.paused_until, due)
            self.retries.add(pending, due, limited=fault.limited)

    def _finish(self, pending: Pending, text: str | None, reason: str | None) -> None:
        """Store the reply of a request and of those that equal it."""
        del self.open[pending.key]
        first, *others = pending.indices
        self._store(first, Reply(text, reason, pending.calls))
        for index in others:
            self._store(index, Reply(text, reason, 0))

    def _store(self, index: int, reply: Reply) -> None:
        self.replies[index] = reply
        for other, request in self.again(index, reply) if self.again is not None else ():
            del self.replies[other]
            self.follow_ups.append((other, request))
        if self.progress is not None and self.stopped is None:
            usage = self.meter.usage
            self.progress(Progress(len(self.replies), self.total, usage, self.meter.budget.cost(usage)))

    async def _send(self, request: Mapping[str, Any]) -> Completion:
        import httpx2

        if "messages" not in request:
            drawn = await self.client.post("/images/generations", body=request, cast_to=httpx2.Response)
            return read_drawn(drawn.content, drawn.charset_encoding)
        # `chat.completions.create` checks every field by its type, which takes a quarter of the time of a call.
        response = await self.client.post("/chat/completions", body=request, cast_to=httpx2.Response)
        return read_reply(response.content, response.charset_encoding)

    def _refuse(self, fault: Fault) -> None:
        setting = fault.setting or ""
        if setting not in self.refused:
            self.refused.add(setting)
            self.cache.refuse(self.endpoint, setting)
            logger.warning("%s does not accept %s: %s", self.endpoint.model, setting, fault.reason)

    def _halt(self, error: Exception) -> None:
        self.stopped = self.stopped or error


def _run(work: Coroutine[Any, Any, list[Reply]]) -> list[Reply]:
    """Run a coroutine to its end, also where an event loop runs already, as in notebooks."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[list[Reply]] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
