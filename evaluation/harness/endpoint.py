"""Answers of a model behind an OpenAI-compatible API: text alone, so nothing that needs probabilities can be measured.

Each answer is written to a file as soon as it is there, under a hash of what was asked: a pass that was cut off asks
only what is missing. A call that fails for good is a `Reply` with its reason, never an empty answer.
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

import openai

from lethebench.contract.conversation import api_messages
from lethebench.evaluation.answers.letters import letter_question

logger = logging.getLogger(__name__)

PATIENCE = 120.0  # a server that asks to wait for longer than this, in seconds, is not waited for
TEMPERATURE, LENGTH = "temperature", "max_tokens"  # what newer models refuse, and then go without
REFUSED = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)  # no row would fare better


class BadReply(ValueError):
    """The reply is no chat completion."""


PASSING = (
    BadReply,
    openai.APIConnectionError,  # timeouts among them
    openai.RateLimitError,
    openai.InternalServerError,
    openai.ConflictError,
    openai.APIResponseValidationError,
    json.JSONDecodeError,
)


class Reply(NamedTuple):
    """What came of one row.

    Attributes:
        text: the answer, without outer white space; it may be empty. None where the call failed.
        error: why it failed, in one line; None where it did not.
        tries: calls that it took in this pass; 0 where the answer was there already.
    """

    text: str | None
    error: str | None
    tries: int


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model behind an OpenAI-compatible API.

    Attributes:
        model: its name there.
        key: the API key; sent to the server and written nowhere.
        base_url: of the API, e.g. http://localhost:8000/v1; None = the client's own default.
        max_tokens: where an answer is cut.
        concurrency: how many calls are under way at a time.
        retries: how often a call that met a passing fault is made again.
        timeout: seconds until a call without a reply counts as failed.
        first_wait: seconds before the first retry; doubled for each further one.
    """

    model: str
    key: str = field(repr=False)
    base_url: str | None = None
    max_tokens: int = 256
    concurrency: int = 8
    retries: int = 6
    timeout: float = 120.0
    first_wait: float = 1.0


class EndpointRefused(ValueError):
    """The endpoint refuses the key or does not know the model."""


class EmptyReply(ValueError):
    """The reply holds no answer: the model was cut off or filtered before it said anything."""


class _Answers:
    """Answers by hash, in memory and as lines of a file that only grows."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()
        self._known: dict[str, str] = {}
        text = path.read_text(encoding="utf-8") if path is not None and path.exists() else ""
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                self._known[entry["asked"]] = entry["text"]
            except (ValueError, KeyError, TypeError):
                continue  # cut off with the pass that wrote it: asked again
        if text and not text.endswith("\n"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")

    def get(self, asked: str) -> str | None:
        return self._known.get(asked)

    def put(self, asked: str, text: str) -> None:
        with self._lock:
            self._known[asked] = text
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"asked": asked, "text": text}) + "\n")


def request_of(endpoint: Endpoint, row: Mapping) -> dict[str, Any]:
    """What is sent for a row: its pictures, then its question, with lettered options where it has them."""
    question = letter_question(row["question"], row.get("options") or ())
    messages = api_messages(question, row.get("images") or ())
    return {"model": endpoint.model, "messages": messages, TEMPERATURE: 0, LENGTH: endpoint.max_tokens}


def ask(
    endpoint: Endpoint,
    rows: Sequence[Mapping],
    *,
    answers: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Reply]:
    """Asks the endpoint every row's question.

    Args:
        endpoint: which.
        rows: a `datasets.Dataset` or a list of mappings with `question`, `images` and, for multiple choice, `options`.
        answers: a file of answers: those in it are not asked for again, new ones are added.
        progress: called with the share of rows done, 0 .. 1.

    Returns:
        One `Reply` per row.

    Raises:
        EndpointRefused: at once, where the key or the model is not accepted.
    """
    known, reading = _Answers(answers), threading.Lock()
    # Retries are ours: the client does not repeat a call whose reply is not JSON.
    client = openai.OpenAI(api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=endpoint.timeout)
    stop, refused = threading.Event(), set()

    def one(number: int) -> Reply:
        if stop.is_set():
            return Reply(None, "stopped", 0)
        with reading:
            request = request_of(endpoint, rows[number])
        asked = hashlib.sha256(json.dumps([endpoint.base_url, request]).encode()).hexdigest()
        if (text := known.get(asked)) is not None:
            return Reply(text, None, 0)
        reply = _call(client, endpoint, request, refused, stop)
        if reply.text is not None:
            known.put(asked, reply.text)
        return reply

    replies: list[Reply | None] = [None] * len(rows)
    with ThreadPoolExecutor(max_workers=endpoint.concurrency) as pool:
        futures = {pool.submit(one, number): number for number in range(len(rows))}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                replies[futures[future]] = future.result()
                if progress is not None:
                    progress(done / len(rows))
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            client.close()
    return replies  # type: ignore[return-value]


def _call(
    client: openai.OpenAI, endpoint: Endpoint, request: dict[str, Any], refused: set[str], stop: threading.Event
) -> Reply:
    """One row's call, made again after passing faults and without a setting that the model refuses."""
    failed, tries = None, 0
    while tries <= endpoint.retries:
        tries += 1
        sent = _accepted(request, refused)
        try:
            return Reply(_text(client.chat.completions.create(**sent)), None, tries)
        except REFUSED as error:
            raise EndpointRefused(f"the endpoint refuses every call: {_reason(endpoint, error)}") from None
        except PASSING as error:
            failed, wait = error, _wait(endpoint, error, tries)
            if wait is None or tries > endpoint.retries or stop.wait(wait):
                break
        except (openai.APIError, EmptyReply) as error:  # e.g. 400: asking again would not help
            failed = error
            setting = getattr(error, "param", None)
            if setting not in (TEMPERATURE, LENGTH) or setting not in sent:
                break
            if setting not in refused:
                refused.add(setting)
                logger.warning("%s does not accept %s: %s", endpoint.model, setting, _reason(endpoint, error))
    return Reply(None, _reason(endpoint, failed), tries)


def _accepted(request: dict[str, Any], refused: set[str]) -> dict[str, Any]:
    """The request without what the model refuses; a refused `max_tokens` goes by its newer name."""
    kept = {name: value for name, value in request.items() if name not in refused}
    return kept | ({"max_completion_tokens": request[LENGTH]} if LENGTH in refused else {})


def _text(completion: Any) -> str:
    """The answer in a reply; a refusal in words is an answer.

    Raises:
        BadReply: the reply is no completion at all.
        EmptyReply: there is no answer, and the model did not end its turn by itself.
    """
    choices = getattr(completion, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise BadReply(f"the reply is no chat completion: {str(completion)[:80]!r}")
    choice = choices[0]
    text = choice.message.content or getattr(choice.message, "refusal", None) or ""
    if not isinstance(text, str):
        raise BadReply(f"the reply's content is no text: {str(text)[:80]!r}")
    if not text.strip() and choice.finish_reason != "stop":
        raise EmptyReply(f"no answer, finish_reason is {choice.finish_reason}")
    return text.strip()


def _wait(endpoint: Endpoint, error: Exception, tries: int) -> float | None:
    """Seconds until the next try: what the server asks for, else doubled each time; None = for longer than we wait."""
    response = getattr(error, "response", None)
    try:
        asked = float(response.headers.get("retry-after", "")) if response is not None else None
    except ValueError:
        asked = None
    if asked is not None:
        return asked if asked <= PATIENCE else None
    return min(endpoint.first_wait * 2 ** (tries - 1), 60.0) * random.uniform(0.75, 1.0)


def _reason(endpoint: Endpoint, error: Exception | None) -> str:
    """One line about a failure; a server that repeats the key does not get it into our files."""
    status = getattr(error, "status_code", None)
    text = " ".join(str(getattr(error, "message", "") or error).split()).replace(endpoint.key, "***")[:200]
    kind = type(error).__name__
    return f"{kind} {status}: {text}" if status is not None and str(status) not in text else f"{kind}: {text}"
