"""Ask a model for texts, check every answer, and ask again with the reason where a check fails."""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from lethebench.contract.conversation import api_messages
from lethebench.contract.errors import UserError
from lethebench.contract.requests.asking import Again, Progress, ask_all
from lethebench.contract.requests.budget import Budget, Usage, likely
from lethebench.contract.requests.cache import Cache, request_hash
from lethebench.contract.requests.endpoint import Endpoint, PassStopped, Reply
from lethebench.generation.seeding import digest
from lethebench.generation.writer.answers import RejectedError, Schema, parse

PROMPT_VERSION = "1"
"""Version of the prompts and checks; another one gives other texts from the same model."""
ATTEMPTS = 7
"""How often a text is asked for before the build stops."""
SPACING = 100
"""Tasks whose first answers are accepted before the second answer to a task, and so on for later answers."""
MAX_TOKENS = 6000
PORTRAIT_TOKENS = 1056
"""Tokens of a square picture of medium quality by gpt-image-1."""
_RULES = (
    "You write data about invented people for a benchmark of machine unlearning. Nobody in it is real: never use the "
    "name of a real person or company. Write plain text without line breaks, Markdown or quotation marks, vary what "
    "you write, and answer with one JSON object and nothing else."
)

T = TypeVar("T")


@dataclass(frozen=True)
class Task(Generic[T]):
    """A text to write.

    Attributes:
        key: names it in messages, e.g. `person-0003`.
        prompt: the request, without the general rules.
        schema: form of the answer.
        read: returns the checked text, or raises RejectedError; answers are read as they arrive.
        template: the text of the template writer, which a dry run continues with.
        tokens: length of a usual answer, for estimates.
        accept: compares the text with those accepted before it; raises RejectedError if it is nearly one of them.
    """

    key: str
    prompt: str
    schema: Schema
    read: Callable[[Any], T]
    template: T
    tokens: int = 800
    accept: Callable[[T], None] = lambda text: None


class Writer:
    """A model that writes texts.

    Args:
        endpoint: the model and its API.
        cache: answers in it are not requested again.
        seed: of the build; other seeds get other answers.
        language: code of the language of all texts, e.g. `de`.
        budget: limits of requests, tokens and money.
        progress: called after each request.
        portraits: the model behind the images API that draws portraits, and the folder for them; None for drawings.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Cache,
        *,
        seed: int,
        language: str = "en",
        budget: Budget | None = None,
        progress: Callable[[Progress], None] | None = None,
        portraits: tuple[str, Path] | None = None,
    ) -> None:
        self.portraits = portraits
        self.endpoint, self.cache, self.seed, self.language = endpoint, cache, seed, language
        self.budget, self.progress = budget, progress
        self.rejected = 0
        self._used: dict[str, str] = {}

    def write(self, tasks: Sequence[Task[T]]) -> list[T]:
        """Return the texts, in order; what a check rejects is asked for again, with the reasons.

        Raises:
            UserError: A text is rejected ATTEMPTS times, or no further request can be sent.
        """
        reading = Reading(self, tasks)
        self._send((self.request(task) for task in tasks), len(tasks), again=reading.take)
        return reading.finished()

    def request(self, task: Task, reasons: Sequence[str] = ()) -> dict[str, Any]:
        """Return the request for a text whose earlier answers were rejected for these reasons."""
        parts = [_RULES, task.prompt]
        if reasons:
            listed = "\n".join(f"- {reason}" for reason in reasons)
            parts.append(f"Your earlier answers to this request were rejected:\n{listed}\nWrite another answer.")
        # Servers without structured outputs drop the schema, so the prompts name all properties too.
        form = {"name": "text", "strict": True, "schema": task.schema}
        return {
            "model": self.endpoint.model,
            "messages": api_messages("\n\n".join(parts), ()),
            "response_format": {"type": "json_schema", "json_schema": form},
            "max_tokens": MAX_TOKENS,
            "seed": digest(self.seed, self.language, task.key, len(reasons)) % 2**31,
        }

    def record(self) -> dict[str, Any]:
        """Return what the manifest says about the texts."""
        answers = hashlib.sha256()
        for key, text in sorted(self._used.items()):
            answers.update(f"{key} {text}\n".encode())
        return {
            "model": f"openai:{self.endpoint.model}",
            # The manifest is published, and the address of a server may name a host that is nobody's business.
            "own_server": self.endpoint.address is not None,
            "language": self.language,
            "portraits": self.portraits and f"openai:{self.portraits[0]}",
            "prompt_version": PROMPT_VERSION,
            "seed": self.seed,
            "answers": len(self._used),
            "rejected": self.rejected,
            "answers_sha256": answers.hexdigest(),
        }

    def ask(self, requests: Sequence[Mapping[str, Any]], *, batch: bool = True) -> list[str | RejectedError]:
        """Return the answers to requests in order, or why there is none; without `batch` by single calls.

        Raises:
            UserError: No further request can be sent.
        """
        subject = f"--portraits openai:{self.portraits[0]}" if self.portraits and not batch else None
        replies = self._send(requests, len(requests), batch=batch, subject=subject)
        return [self.answer(request, reply) for request, reply in zip(requests, replies, strict=True)]

    def answer(self, request: Mapping[str, Any], reply: Reply) -> str | RejectedError:
        """Return the answer to a request, which then belongs to the build's texts, or why there is none."""
        if reply.text is None:
            return RejectedError(f"there was none ({reply.error})")
        self._used[request_hash(self.endpoint, request)] = reply.text
        return reply.text

    def _send(
        self,
        requests: Iterable[Mapping[str, Any]],
        total: int,
        *,
        batch: bool = True,
        again: Again | None = None,
        subject: str | None = None,
    ) -> list[Reply]:
        try:
            return ask_all(
                self.endpoint if batch else replace(self.endpoint, batch=False),
                requests,
                total=total,
                cache=self.cache,
                budget=self.budget,
                progress=self.progress,
                again=again,
            )
        except PassStopped as error:
            raise UserError(f"{subject or f'--writer openai:{self.endpoint.model}'}: {error}") from None


class Reading(Generic[T]):
    """Reads the answers to tasks, and asks again for those that are rejected while others are underway.

    Texts are compared with earlier ones, so they are accepted in one order, whatever order they arrive in; without it,
    another speed of the server would give other texts. The second answer to a task comes after the first answers to the
    next SPACING tasks, and so on: by then it has arrived, and nothing waits for the end of the pass.
    """

    def __init__(self, writer: Writer, tasks: Sequence[Task[T]]) -> None:
        self.writer, self.tasks = writer, tasks
        self.reasons: list[list[str]] = [[] for _ in tasks]
        self._texts: dict[int, T] = {}
        self._arrived: dict[tuple[int, int], T | None] = {}  # (task, attempt) -> its text, None if it is rejected
        self._waiting = [(index, index, 0) for index in range(len(tasks))]  # a heap of (place, task, attempt)

    def take(self, index: int, reply: Reply) -> list[tuple[int, dict[str, Any]]]:
        """Take the reply to a task's latest request; return the requests for texts that are rejected by now."""
        reasons, task = self.reasons[index], self.tasks[index]
        attempt = len(reasons)
        answer = self.writer.answer(self.writer.request(task, reasons), reply)
        again = []
        try:
            if isinstance(answer, RejectedError):
                raise answer
            self._arrived[index, attempt] = task.read(parse(answer, task.schema))
        except RejectedError as error:
            self._arrived[index, attempt] = None
            again += self._reject(index, error)
        return again + self._accept()

    def _accept(self) -> list[tuple[int, dict[str, Any]]]:
        """Accept the texts that are next; return the requests for those that are rejected."""
        again = []
        while self._waiting and self._waiting[0][1:] in self._arrived:
            place, index, attempt = heapq.heappop(self._waiting)
            text = self._arrived.pop((index, attempt))
            if text is not None:
                try:
                    self.tasks[index].accept(text)
                    self._texts[index] = text
                    continue
                except RejectedError as error:
                    again += self._reject(index, error)
            if attempt + 1 < ATTEMPTS:
                heapq.heappush(self._waiting, (place + SPACING, index, attempt + 1))
        return again

    def _reject(self, index: int, error: RejectedError) -> list[tuple[int, dict[str, Any]]]:
        """Note why a text is rejected; return the request for another one, none after ATTEMPTS."""
        reasons = self.reasons[index]
        self.writer.rejected += 1
        reasons.append(str(error))
        return [(index, self.writer.request(self.tasks[index], reasons))] if len(reasons) < ATTEMPTS else []

    def finished(self) -> list[T]:
        """Return the texts in the order of the tasks.

        Raises:
            UserError: A text was rejected ATTEMPTS times.
        """
        missing = [index for index in range(len(self.tasks)) if index not in self._texts]
        if not missing:
            return [self._texts[index] for index in range(len(self.tasks))]
        raise UserError(
            f"--writer openai:{self.writer.endpoint.model}: {len(missing)} of {len(self.tasks)} texts were rejected "
            f"{ATTEMPTS} times; the first is {self.tasks[missing[0]].key}: {self.reasons[missing[0]][-1]}; try another "
            "model"
        )


class Estimator(Writer):
    """Counts what a writer would have to ask for, and sends nothing."""

    usage = Usage()

    def write(self, tasks: Sequence[Task[T]]) -> list[T]:
        """Return the texts of the template writer."""
        for task in tasks:
            request = self.request(task)
            if self.cache.get(request_hash(self.endpoint, request)) is None:
                usage = likely(request)._replace(output_tokens=task.tokens)
                self.usage = self.usage.plus(usage.in_batch() if self.endpoint.batch else usage)
        return [task.template for task in tasks]

    def ask(self, requests: Sequence[Mapping[str, Any]], *, batch: bool = True) -> list[str | RejectedError]:
        """Count requests for pictures, and return no answer."""
        for request in requests:
            if self.cache.get(request_hash(self.endpoint, request)) is None:
                self.usage = self.usage.plus(likely(request)._replace(output_tokens=PORTRAIT_TOKENS))
        return []
