"""Send requests by single calls, a limited number at a time, and store every answer at once."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lethebench.contract.requests.budget import Budget, Usage, bound
from lethebench.contract.requests.cache import Cache, request_hash
from lethebench.contract.requests.endpoint import Endpoint, EndpointRefused, Reply
from lethebench.contract.requests.faults import Fault, fault_of_call, without_refused
from lethebench.contract.requests.health import CURES, Health
from lethebench.contract.requests.meter import Meter
from lethebench.contract.requests.replies import Completion, read_drawn, read_reply
from lethebench.contract.requests.retries import wait_before_retry

logger = logging.getLogger(__name__)


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
) -> list[Reply]:
    """Return the replies to requests in order; see `ask_all`."""
    return _run(_Pass(endpoint, cache, budget, total, progress).run(requests))


class _Pass:
    """One pass over requests."""

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Cache,
        budget: Budget,
        total: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        import openai

        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs every call
        # The client does not retry a reply that is not JSON, so all retries are made here.
        self.client = openai.AsyncOpenAI(
            api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=endpoint.timeout
        )
        self.endpoint, self.cache, self.total, self.progress = endpoint, cache, total, progress
        self.meter = Meter(cache, budget)
        self.refused = cache.refused(endpoint)
        self.health = Health()
        self.replies: dict[int, Reply] = {}
        self.underway: dict[str, asyncio.Future[Reply]] = {}
        self.stop = asyncio.Event()
        self.stopped: Exception | None = None
        self.paused_until = 0.0

    async def run(self, requests: Iterable[Mapping[str, Any]]) -> list[Reply]:
        numbered = enumerate(requests)
        async with self.client:
            await asyncio.gather(*(self._work(numbered) for _ in range(min(self.endpoint.concurrency, self.total))))
        if self.stopped is not None:
            raise self.stopped
        return [self.replies[index] for index in range(self.total)]

    async def _work(self, numbered: Iterator[tuple[int, Mapping[str, Any]]]) -> None:
        try:
            while not self.stop.is_set() and (entry := next(numbered, None)) is not None:
                index, request = entry
                self.replies[index] = await self._reply(request)
                if self.progress is not None and not self.stop.is_set():
                    usage = self.meter.usage
                    self.progress(Progress(len(self.replies), self.total, usage, self.meter.budget.cost(usage)))
        except Exception as error:
            self._halt(error)

    async def _reply(self, request: Mapping[str, Any]) -> Reply:
        key = request_hash(self.endpoint, request)
        if (text := self.cache.get(key)) is not None:
            return Reply(text, None, 0)
        if key in self.underway:
            return (await asyncio.shield(self.underway[key]))._replace(tries=0)
        future = self.underway[key] = asyncio.get_running_loop().create_future()
        reply = Reply(None, "stopped", 0)
        try:
            reply = await self._call(key, request)
        finally:
            future.set_result(reply)
            del self.underway[key]
        return reply

    async def _call(self, key: str, request: Mapping[str, Any]) -> Reply:
        """Call for one request, again after transient faults and without settings that the model refuses."""
        calls = failures = 0
        reason = "stopped"
        while not self.stop.is_set():
            await self._sleep(self.paused_until - time.monotonic())
            accepted = without_refused(request, self.refused)
            most = bound(accepted)
            while (call := self.meter.begin(most)) is None and not self.stop.is_set():
                await self.meter.change()
            if call is None:
                break
            calls += 1
            usage: tuple[int | None, int | None] = (None, None)
            text = None
            try:
                completion = await self._send(accepted)
                usage, text = completion[1:], completion.text
            except Exception as error:
                fault = fault_of_call(error, accepted)
                usage, reason = fault.usage, fault.reason
            finally:
                self.meter.end(call, most, usage, key, text)
            if text is not None:
                self.health.answered()
                return Reply(text, None, calls)
            if fault.setting is not None:
                self._refuse(fault)
                continue
            failures += 1
            wait = wait_before_retry(self.endpoint, fault, failures)
            if cause := self.health.fails(fault, final=wait is None):
                self._halt(EndpointRefused(f"{cause}: {reason}; {CURES[fault.scope]}"))
            if wait is None:
                break
            if fault.limited and fault.wait:
                self.paused_until = max(self.paused_until, time.monotonic() + wait)
            await self._sleep(wait)
        return Reply(None, reason, calls)

    async def _send(self, request: Mapping[str, Any]) -> Completion:
        import httpx2

        if "messages" not in request:
            drawn = await self.client.post("/images/generations", body=request, cast_to=httpx2.Response)
            return read_drawn(drawn.content, drawn.charset_encoding)
        # `chat.completions.create` checks every field by its type, which takes a quarter of the time of a call.
        response = await self.client.post("/chat/completions", body=request, cast_to=httpx2.Response)
        return read_reply(response.content, response.charset_encoding)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or return at once when the pass stops."""
        if seconds > 0:
            try:
                await asyncio.wait_for(self.stop.wait(), seconds)
            except TimeoutError:
                return

    def _refuse(self, fault: Fault) -> None:
        setting = fault.setting or ""
        if setting not in self.refused:
            self.refused.add(setting)
            self.cache.refuse(self.endpoint, setting)
            logger.warning("%s does not accept %s: %s", self.endpoint.model, setting, fault.reason)

    def _halt(self, error: Exception) -> None:
        self.stopped = self.stopped or error
        self.stop.set()
        self.meter.wake()


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
