"""Send requests by OpenAI's Batch API: at half the price, answered within a day."""

import contextlib
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from lethebench.contract.errors import one_line
from lethebench.contract.requests.batch_api import PATH, BatchApi, CallFailed
from lethebench.contract.requests.budget import Budget, Usage, bound
from lethebench.contract.requests.cache import Cache, request_hash
from lethebench.contract.requests.calls import Progress, call_all
from lethebench.contract.requests.endpoint import BudgetSpent, Endpoint, EndpointRefused, PassStopped, Reply
from lethebench.contract.requests.faults import SETTINGS, Fault, Scope, fault_of_call, fault_of_status, without_refused
from lethebench.contract.requests.jobs import Job, Jobs
from lethebench.contract.requests.replies import BadReply, error_text, read_reply
from lethebench.contract.text import clean_text

logger = logging.getLogger(__name__)

FEWEST = 20
"""Fewer requests are sent by single calls: a batch may take a day."""
MOST = 50_000
MOST_BYTES = 180_000_000
"""The API's limits of a batch are 50,000 requests and 200 MB."""
MOST_WAIT = 60.0
"""Seconds between two questions for the state of a batch, at most."""
_ENDED = ("completed", "failed", "expired", "cancelled")
_UNDERWAY = ("validating", "in_progress", "finalizing", "cancelling")
_NOT_EXECUTED = ("batch_expired", "batch_cancelled")


def ask_in_batches(
    endpoint: Endpoint,
    requests: Iterable[Mapping[str, Any]],
    cache: Cache,
    budget: Budget,
    total: int,
    progress: Callable[[Progress], None] | None = None,
) -> list[Reply]:
    """Return the replies to requests in order; see `ask_all`.

    Batches that an earlier command left are waited for first. The first request is sent by a single call, which finds
    a wrong key, an unknown model and settings that the model refuses before a batch is created.
    """
    with tempfile.TemporaryFile() as file:
        return _BatchPass(endpoint, cache, budget, total, progress, file).run(requests)


class _BatchPass:
    """One pass over requests; `lines` holds those without an answer, as JSON lines."""

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Cache,
        budget: Budget,
        total: int,
        progress: Callable[[Progress], None] | None,
        lines: IO[bytes],
    ) -> None:
        self.endpoint, self.cache, self.budget, self.total, self.progress = endpoint, cache, budget, total, progress
        self.api, self.jobs, self.lines = BatchApi(endpoint), Jobs(cache, endpoint), lines
        self.refused = cache.refused(endpoint)
        self.places: dict[str, tuple[int, int]] = {}
        self.tries: dict[str, int] = {}
        self.failed: dict[str, str] = {}
        self.open: set[str] = set()  # neither answered nor failed
        self.most = MOST
        self.factor = 1.0  # of input tokens, for servers that count more than `bound`, e.g. for pictures

    def run(self, requests: Iterable[Mapping[str, Any]]) -> list[Reply]:
        self._resume()
        keys = []
        for request in requests:
            keys.append(key := request_hash(self.endpoint, request))
            if key not in self.places and key not in self.failed and self.cache.get(key) is None:
                start = self.lines.seek(0, 2)
                self.places[key] = start, self.lines.write(json.dumps(request).encode())
        self.open = set(self.places)
        if len(self.open) >= FEWEST:
            self._call(self._waiting()[:1])
        while len(self.open) >= FEWEST:
            self._collect(self._submit(self._waiting()))
        self._call(self._waiting())
        replies = []
        for key in keys:
            tries = self.tries.pop(key, 0)
            text = self.cache.get(key)
            replies.append(Reply(text, None if text is not None else self.failed.get(key, "not answered"), tries))
        return replies

    def _waiting(self) -> list[str]:
        """Return the open requests in order."""
        return [key for key in self.places if key in self.open]

    def _request(self, key: str) -> dict[str, Any]:
        start, length = self.places[key]
        self.lines.seek(start)
        return json.loads(self.lines.read(length))

    def _call(self, keys: Sequence[str]) -> None:
        """Send requests by single calls."""
        before = self.cache.usage()
        requests = (self._request(key) for key in keys)
        replies = call_all(
            self.endpoint, requests, self.cache, self.budget, len(keys), lambda now: self._report(now.done)
        )
        self.open -= set(keys)
        for key, reply in zip(keys, replies, strict=True):
            self.tries[key] = self.tries.get(key, 0) + reply.tries
            if reply.text is None:
                self.failed[key] = str(reply.error)
        self.refused = self.cache.refused(self.endpoint)
        if len(keys) == 1 and replies[0].tries == 1 and replies[0].text is not None:
            taken = self.cache.usage().input_tokens - before.input_tokens
            self.factor = max(self.factor, taken / bound(self._request(keys[0])).input_tokens)

    def _submit(self, keys: Sequence[str]) -> list[Job]:
        """Create batches of as many requests as the budget may suffice for.

        Raises:
            BudgetSpent: It may not suffice for FEWEST.
        """
        used = total = self.cache.usage()
        jobs: list[Job] = []
        requests: dict[str, Usage] = {}
        limit = None
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            for key in keys:
                body = without_refused(self._request(key), self.refused)
                most = bound(body)
                most = most._replace(input_tokens=round(most.input_tokens * self.factor)).in_batch()
                total = total.plus(most)
                if (limit := self.budget.exceeded(total)) is not None:
                    break
                line = json.dumps({"custom_id": key, "method": "POST", "url": PATH, "body": body}).encode() + b"\n"
                if len(requests) >= self.most or file.tell() + len(line) > MOST_BYTES:
                    jobs.append(self._create(requests, file))
                    requests, file = {}, stack.enter_context(tempfile.TemporaryFile())
                    if self.most < MOST:  # the API limits the requests that wait in all batches together
                        return jobs
                file.write(line)
                requests[key] = most
            if requests and (jobs or len(requests) >= FEWEST):
                jobs.append(self._create(requests, file))
        if not jobs:
            raise BudgetSpent(
                f"a batch of {FEWEST} requests could exceed the budget of {limit}, after {used.calls} calls and "
                f"{used.input_tokens + used.output_tokens} tokens; answers so far are kept: raise the budget and run "
                "the same command again"
            )
        return jobs

    def _create(self, requests: Mapping[str, Usage], file: IO[bytes]) -> Job:
        job = self.jobs.add(requests)
        try:
            self.jobs.store_file(job, self.api.upload(file, f"lethebench-{job.token}.jsonl"))
            self.jobs.store_batch(job, self.api.create(str(job.file), job.token)["id"])
        except CallFailed as error:
            if error.fault.scope not in (Scope.CALL, Scope.SERVER):
                self.jobs.drop(job)  # the server refused it; otherwise the next command looks for it
            raise error.refusal(f"a batch of {len(requests)} requests cannot be created") from None
        return job

    def _resume(self) -> None:
        """Collect the batches of earlier commands; those that were never created are forgotten."""
        jobs = []
        for job in self.jobs.pending():
            if job.batch is None and job.file is not None:
                try:
                    batch = self.api.find(job.token)
                except CallFailed as error:
                    raise error.refusal("the batch of an earlier command cannot be looked for") from None
                if batch is not None:
                    self.jobs.store_batch(job, batch["id"])
            if job.batch is None:
                self.jobs.drop(job)
            else:
                jobs.append(job)
        self._collect(jobs)

    def _collect(self, jobs: Sequence[Job]) -> None:
        """Wait for batches and store their answers.

        Raises:
            PassStopped: A batch failed, expired or was cancelled; the answers of all that ended are stored.
        """
        stopped: PassStopped | None = None
        for job, batch in self._ended(jobs):
            try:
                self._store(job, batch)
            except PassStopped as error:
                stopped = stopped or error
        if stopped is not None:
            raise stopped

    def _ended(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
        """Yield batches as they end."""
        waiting, wait = list(jobs), self.endpoint.first_wait
        while waiting:
            done = 0
            for job in list(waiting):
                try:
                    batch = self.api.get(str(job.batch))
                except CallFailed as error:
                    raise error.refusal(f"the state of batch {job.batch} is unknown") from None
                if batch.get("status") in _ENDED:
                    waiting.remove(job)
                    yield job, batch
                elif batch.get("status") not in _UNDERWAY:
                    raise PassStopped(f"batch {job.batch} has the unknown state {str(batch.get('status'))[:40]!r}")
                else:
                    counts = batch.get("request_counts")
                    done += sum(_count(counts, name) for name in ("completed", "failed"))
            if waiting:
                self._report(done)
                time.sleep(wait)
                wait = min(2 * wait, max(MOST_WAIT, self.endpoint.first_wait))

    def _store(self, job: Job, batch: Mapping[str, Any]) -> None:
        """Store the answers of a batch that ended, and what each request took."""
        status, requests = batch["status"], self.jobs.requests(job)
        if status == "failed":
            self.jobs.drop(job)
            reason, is_limit = _failure(batch)
            if is_limit and self.most >= 2 * FEWEST:
                self.most = max(FEWEST, min(self.most, len(requests)) // 2)
                logger.warning("%s; smaller batches are sent one by one", reason)
                return
            raise PassStopped(f"batch {job.batch} failed: {reason}; nothing of it was answered")
        lines = self._lines(job, batch)
        results: dict[str, tuple[Usage, str | None]] = {}
        faults: dict[str, Fault] = {}
        ratio = 1.0
        for key, most in requests.items():
            self.tries[key] = self.tries.get(key, 0) + 1
            line = lines.get(key)
            if line is None:
                results[key] = (most if status == "completed" else Usage(1)), None
                if status == "completed":
                    faults[key] = Fault(Scope.ROW, "the batch's results do not hold it")
                continue
            usage, text, fault = _outcome(line)
            counts = zip(usage, most[1:3], strict=True)
            results[key] = Usage(1, *(limit if count is None else count for count, limit in counts)), text
            if usage[0] is not None and most.input_tokens:
                ratio = max(ratio, usage[0] / most.input_tokens)
            if fault is not None:
                faults[key] = fault
        self.jobs.finish(job, results)
        self.factor *= ratio
        self.open -= {key for key, (_, text) in results.items() if text is not None}
        for key, fault in faults.items():
            self._fail(key, fault)
        answered = sum(text is not None for _, text in results.values())
        everywhere = {Scope.PASS, Scope.REFUSED}
        if faults and not answered and everywhere >= {fault.scope for fault in faults.values()}:
            raise EndpointRefused(
                f"the endpoint refuses every request of a batch: {next(iter(faults.values())).reason}"
            )
        if status != "completed":
            raise PassStopped(
                f"batch {job.batch} {'expired' if status == 'expired' else 'was cancelled'} after {answered} of "
                f"{len(requests)} answers, which are kept: run the same command again for the others"
            )

    def _lines(self, job: Job, batch: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the results of a batch by the hash of their request, without requests that were not executed."""
        lines: dict[str, Mapping[str, Any]] = {}
        try:
            for name in ("output_file_id", "error_file_id"):
                for line in self.api.lines(str(batch[name])) if batch.get(name) else ():
                    if _error_code(line) not in _NOT_EXECUTED:
                        lines.setdefault(str(line.get("custom_id")), line)
        except CallFailed as error:
            raise error.refusal(f"the results of batch {job.batch} cannot be downloaded") from None
        return lines

    def _fail(self, key: str, fault: Fault) -> None:
        """Let a request fail, or wait for the next batch if another try may help."""
        if fault.setting is not None and fault.setting not in self.refused:
            self.refused.add(fault.setting)
            self.cache.refuse(self.endpoint, fault.setting)
        elif fault.setting is not None and self.tries[key] <= len(SETTINGS):
            pass  # another request of the batch was refused the same setting
        elif fault.scope not in (Scope.CALL, Scope.SERVER) or self.tries[key] > self.endpoint.retries:
            self.failed[key] = fault.reason
            self.open.discard(key)

    def _report(self, done: int) -> None:
        """Report progress with a number of open requests that are answered."""
        if self.progress is not None:
            usage = self.cache.usage()
            done = min(self.total - len(self.open) + done, self.total)
            self.progress(Progress(done, self.total, usage, self.budget.cost(usage)))


def _outcome(line: Mapping[str, Any]) -> tuple[tuple[int | None, int | None], str | None, Fault | None]:
    """Return the tokens of a request, its answer, and why it has none."""
    response = line.get("response")
    if not isinstance(response, dict):
        response = {"body": {"error": line.get("error") or "no response"}}
    status, body = response.get("status_code"), response.get("body")
    if isinstance(status, int) and status >= 400:
        fault = fault_of_status(status, body or line.get("error"), dict.fromkeys(SETTINGS))
        return fault.usage, None, fault
    try:
        completion = read_reply(json.dumps(body).encode())
    except BadReply as error:
        fault = fault_of_call(error, {})
        return fault.usage, None, fault
    return completion[1:], completion.text, None


def _error_code(line: Mapping[str, Any]) -> object:
    error = line.get("error")
    return error.get("code") if isinstance(error, dict) else None


def _failure(batch: Mapping[str, Any]) -> tuple[str, bool]:
    """Return why a batch failed, and whether too many tokens were waiting."""
    errors = batch.get("errors")
    entries = errors.get("data") if isinstance(errors, dict) else errors
    first = entries[0] if isinstance(entries, list) and entries else errors
    code = first.get("code") if isinstance(first, dict) else None
    line = first.get("line") if isinstance(first, dict) else None
    reason = one_line(ValueError(clean_text(error_text(first or "no reason is named"))), 200)
    where = f" (line {line})" if isinstance(line, int) else ""
    return f"{reason}{where}", code == "token_limit_exceeded" or "nqueued token limit" in reason


def _count(counts: object, name: str) -> int:
    count = counts.get(name) if isinstance(counts, dict) else None
    return count if isinstance(count, int) else 0
