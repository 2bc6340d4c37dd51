"""Calls of OpenAI's Batch API: upload requests, create a batch, ask for its state, and download its lines."""

import contextlib
import json
import time
from collections.abc import Callable
from functools import partial
from typing import IO, Any

from lethebench.contract.requests.endpoint import Endpoint, EndpointRefused
from lethebench.contract.requests.faults import Fault, Scope, fault_of_call
from lethebench.contract.requests.health import CURES
from lethebench.contract.requests.replies import BadReply, read_json
from lethebench.contract.requests.retries import wait_before_retry

PATH = "/v1/chat/completions"
TOKEN = "lethebench"
"""Key of a batch's metadata that holds the token of its job."""
_MOST_PAGES = 50


class CallFailed(Exception):
    """A call of the Batch API failed, in spite of its retries if those may help."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault

    def refusal(self, subject: str) -> EndpointRefused:
        """Return the error that ends the pass, which begins with what failed."""
        is_refused = self.fault.scope in (Scope.ROW, Scope.REFUSED)
        cure = "leave --batch out if the server has no Batch API" if is_refused else CURES[self.fault.scope]
        return EndpointRefused(f"{subject}: {self.fault.reason}; {cure}")


class BatchApi:
    """The files and batches of an endpoint; every call raises CallFailed.

    Args:
        endpoint: The model and its API.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        import openai

        self.endpoint = endpoint
        self.client = openai.OpenAI(
            api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=endpoint.timeout
        )

    def upload(self, content: IO[bytes], name: str) -> str:
        """Upload requests, one JSON line each; return the id of the file."""

        def send() -> Any:
            content.seek(0)
            return self._files.create(file=(name, content), purpose="batch")

        return str(self._object(send)["id"])

    def create(self, file: str, token: str) -> dict[str, Any]:
        """Return a new batch of uploaded requests; one that was created though the reply was lost is found again."""
        failures = 0
        while True:
            try:
                return self._object(
                    lambda: self._batches.create(
                        completion_window="24h", endpoint=PATH, input_file_id=file, metadata={TOKEN: token}
                    ),
                    again=False,
                )
            except CallFailed as error:
                failures += 1
                wait = wait_before_retry(self.endpoint, error.fault, failures)
                if wait is None:
                    raise
            time.sleep(wait)
            if (batch := self.find(token)) is not None:
                return batch

    def find(self, token: str) -> dict[str, Any] | None:
        """Return the batch with a token in its metadata, None if there is none among the latest."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._object(partial(self._batches.list, limit=100, **after), needs="data", kind=list)
            batches = [batch for batch in page["data"] if isinstance(batch, dict) and "id" in batch]
            for batch in batches:
                if (batch.get("metadata") or {}).get(TOKEN) == token:
                    return batch
            if not page.get("has_more") or not batches:
                return None
            after = {"after": str(batches[-1]["id"])}
        return None

    def get(self, batch: str) -> dict[str, Any]:
        """Return the present state of a batch."""
        return self._object(lambda: self._batches.retrieve(batch))

    def lines(self, file: str) -> list[dict[str, Any]]:
        """Return the JSON lines of a file; it is downloaded again if a line is cut off, which is left out at last."""
        lines: list[dict[str, Any]] = []

        def read(content: bytes) -> None:
            bad = 0
            lines.clear()
            for line in content.splitlines():
                with contextlib.suppress(BadReply):
                    entry = read_json(line) if line.strip() else {}
                    lines.extend([entry] if isinstance(entry, dict) else [])
                    continue
                bad += 1
            if bad:
                raise BadReply(f"{bad} lines of the batch's results are no JSON", 502)

        try:
            self._send(lambda: self._files.content(file), read)
        except CallFailed:
            if not lines:
                raise
        return lines

    @property
    def _files(self) -> Any:
        return self.client.files.with_raw_response

    @property
    def _batches(self) -> Any:
        return self.client.batches.with_raw_response

    def _object(
        self, call: Callable[[], Any], *, needs: str = "id", kind: type = str, again: bool = True
    ) -> dict[str, Any]:
        """Return the JSON object of a reply, which must hold a value of a type under a name."""
        found: dict[str, Any] = {}

        def read(content: bytes) -> None:
            reply = read_json(content)
            if not isinstance(reply, dict) or not isinstance(reply.get(needs), kind):
                raise BadReply(f"the reply has no {needs}: {json.dumps(reply)[:80]}", 502)
            found.update(reply)

        self._send(call, read, again=again)
        return found

    def _send(self, call: Callable[[], Any], read: Callable[[bytes], None], *, again: bool = True) -> None:
        """Make a call and read its reply, again after transient faults."""
        failures = 0
        while True:
            try:
                return read(call().http_response.content)
            except Exception as error:
                fault = fault_of_call(error, {})
            failures += 1
            wait = wait_before_retry(self.endpoint, fault, failures) if again else None
            if wait is None:
                raise CallFailed(fault)
            time.sleep(wait)
