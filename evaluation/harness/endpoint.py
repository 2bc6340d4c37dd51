"""Answers of a model behind an OpenAI-compatible API: texts without probabilities.

Each answer is written to a file at once, under a hash of its request, so that an interrupted pass requests only missing
answers. A call that fails permanently is a `Reply` with the reason, never an empty answer.
"""

import hashlib
import json
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import openai

from lethebench.contract.conversation import api_messages
from lethebench.contract.errors import one_line
from lethebench.contract.secrets import fault_of, protect, redact
from lethebench.contract.text import clean_text
from lethebench.evaluation.answers.letters import letter_question

logger = logging.getLogger(__name__)

MAX_WAIT = 120.0  # seconds; a server that requests a longer wait is not called again
TEMPERATURE, LENGTH = "temperature", "max_tokens"  # newer models refuse these settings, and are called without them
REFUSED = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)  # would fail for every row


class BadReply(ValueError):
    """The reply is not a chat completion."""


TRANSIENT = (
    BadReply,
    openai.APIConnectionError,  # includes timeouts
    openai.RateLimitError,
    openai.InternalServerError,
    openai.ConflictError,
    openai.APIResponseValidationError,
    json.JSONDecodeError,
)


class Reply(NamedTuple):
    """The result for one row, after `tries` calls in this pass; 0 if the answer was stored already.

    `text` is the answer, which may be empty, or None if the call failed for the reason in `error`.
    """

    text: str | None
    error: str | None
    tries: int


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model behind an OpenAI-compatible API.

    Attributes:
        model: the model's name at the API.
        key: the API key; sent to the server and never written: answers and errors that repeat it, or a piece of it,
            hold `***` instead (see `contract.secrets`).
        base_url: URL of the API, e.g. http://localhost:8000/v1; None: the client's default.
        max_tokens: maximum length of an answer in tokens.
        concurrency: number of calls at a time.
        retries: maximum number of retries after transient faults.
        timeout: seconds until a call without a reply fails.
        first_wait: seconds before the first retry; doubled for each further one.

    Raises:
        ValueError: the key cannot be sent.
    """

    model: str
    key: str = field(repr=False)
    base_url: str | None = None
    max_tokens: int = 256
    concurrency: int = 8
    retries: int = 6
    timeout: float = 120.0
    first_wait: float = 1.0

    def __post_init__(self) -> None:
        if fault := fault_of(self.key):
            raise ValueError(f"the API key cannot be sent: {fault}")
        protect(self.key)
        protect(urlsplit(self.base_url or "").password)


class EndpointRefused(ValueError):
    """The endpoint refuses the key or does not have the model."""


class EmptyReply(ValueError):
    """The reply has no answer: it was cut off or filtered before its first token."""


class _Answers:
    """Answers by request hash, in memory and as lines appended to a file."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()
        self._texts: dict[str, str] = {}
        if path is None or not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                self._texts[entry["asked"]] = redact(clean_text(entry["text"]))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # incomplete line of an interrupted pass: requested again
        if text and not text.endswith("\n"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")

    def get(self, request_hash: str) -> str | None:
        return self._texts.get(request_hash)

    def put(self, request_hash: str, text: str) -> None:
        with self._lock:
            self._texts[request_hash] = text
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"asked": request_hash, "text": text}) + "\n")


def request_of(endpoint: Endpoint, row: Mapping) -> dict[str, Any]:
    """Return the request for a row: its pictures, then its question, with lettered options if it has any."""
    question = letter_question(row["question"], row.get("options") or ())
    messages = api_messages(question, row.get("images") or (), str(row.get("id", "?")))
    return {"model": endpoint.model, "messages": messages, TEMPERATURE: 0, LENGTH: endpoint.max_tokens}


def ask(
    endpoint: Endpoint,
    rows: Sequence[Mapping],
    *,
    answers: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Reply]:
    """Ask the endpoint the question of every row, with its pictures and, for multiple choice, options.

    Args:
        endpoint: the model and its API.
        rows: a `datasets.Dataset` or a list of mappings.
        answers: a file of answers; answers in it are not requested again, new ones are appended.
        progress: called with the share of rows done, in [0, 1].

    Raises:
        EndpointRefused: at once, if the key or the model is not accepted.
    """
    stored, reading = _Answers(answers), threading.Lock()
    # The client does not retry a reply that is not JSON, so all retries are made here.
    client = openai.OpenAI(api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=endpoint.timeout)
    stop = threading.Event()
    refused: set[str] = set()

    def reply_to(index: int) -> Reply:
        if stop.is_set():
            return Reply(None, "stopped", 0)
        with reading:
            request = request_of(endpoint, rows[index])
        request_hash = hashlib.sha256(json.dumps([endpoint.base_url, request]).encode()).hexdigest()
        if (text := stored.get(request_hash)) is not None:
            return Reply(text, None, 0)
        reply = _call(client, endpoint, request, refused, stop)
        if reply.text is not None:
            stored.put(request_hash, reply.text)
        return reply

    replies: dict[int, Reply] = {}
    with ThreadPoolExecutor(max_workers=endpoint.concurrency) as pool:
        futures = {pool.submit(reply_to, index): index for index in range(len(rows))}
        try:
            for future in as_completed(futures):
                replies[futures[future]] = future.result()
                if progress is not None:
                    progress(len(replies) / len(rows))
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            client.close()
    return [replies[index] for index in range(len(rows))]


def _call(
    client: openai.OpenAI, endpoint: Endpoint, request: dict[str, Any], refused: set[str], stop: threading.Event
) -> Reply:
    """Call for one row, again after transient faults and without settings that the model refuses."""
    failure: Exception | None = None
    tries = 0
    while tries <= endpoint.retries:
        tries += 1
        sent = _accepted(request, refused)
        try:
            return Reply(_text(client.chat.completions.create(**sent)), None, tries)
        except REFUSED as error:
            raise EndpointRefused(f"the endpoint refuses every call: {_reason(error)}") from None
        except TRANSIENT as error:
            failure, wait = error, _wait(endpoint, error, tries)
            if wait is None or tries > endpoint.retries or stop.wait(wait):
                break
        except (openai.APIError, EmptyReply) as error:  # e.g. 400: a retry would not help
            failure = error
            setting = getattr(error, "param", None)
            if setting not in (TEMPERATURE, LENGTH) or setting not in sent:
                break
            if setting not in refused:
                refused.add(setting)
                logger.warning("%s does not accept %s: %s", endpoint.model, setting, _reason(error))
    return Reply(None, _reason(failure), tries)


def _accepted(request: dict[str, Any], refused: set[str]) -> dict[str, Any]:
    """The request without refused settings; a refused `max_tokens` is sent under its newer name."""
    accepted = {name: value for name, value in request.items() if name not in refused}
    return accepted | ({"max_completion_tokens": request[LENGTH]} if LENGTH in refused else {})


def _text(completion: Any) -> str:
    """The answer in a reply, or a refusal in words; raise BadReply, or EmptyReply if the model was cut off."""
    choices = getattr(completion, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise BadReply(f"the reply is not a chat completion: {_start(completion)}")
    choice = choices[0]
    text = choice.message.content or getattr(choice.message, "refusal", None) or ""
    if not isinstance(text, str):
        raise BadReply(f"the reply's content is not a text: {_start(text)}")
    if not text.strip() and choice.finish_reason != "stop":
        raise EmptyReply(f"no answer, finish_reason is {choice.finish_reason}")
    return redact(clean_text(text)).strip()


def _start(value: object) -> str:
    """The start of an unexpected reply, quoted."""
    return repr(redact(clean_text(str(value)))[:80])


def _wait(endpoint: Endpoint, error: Exception, tries: int) -> float | None:
    """Seconds until the next try: the server's, else doubled each time; None if the server's exceeds `MAX_WAIT`."""
    response = getattr(error, "response", None)
    try:
        retry_after = float(response.headers.get("retry-after", "")) if response is not None else None
    except ValueError:
        retry_after = None
    if retry_after is not None:
        return retry_after if retry_after <= MAX_WAIT else None
    return min(endpoint.first_wait * 2 ** (tries - 1), 60.0) * random.uniform(0.75, 1.0)


def _reason(error: Exception | None) -> str:
    """A failure in one line, without the key, which a server may repeat."""
    status = getattr(error, "status_code", None)
    text = one_line(ValueError(clean_text(str(getattr(error, "message", "") or error))), 200)
    kind = type(error).__name__
    return f"{kind} {status}: {text}" if status is not None and str(status) not in text else f"{kind}: {text}"
