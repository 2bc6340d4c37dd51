"""The batches of a cache, so that a command that was killed finds those that it created."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from lethebench.contract.requests.budget import Usage
from lethebench.contract.requests.cache import Cache, endpoint_name
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.contract.secrets import redact
from lethebench.contract.text import clean_text


@dataclass
class Job:
    """A batch whose answers are not stored yet.

    Attributes:
        token: Names it in the batch's metadata, by which it is found if its id was never received.
        file: Id of the uploaded requests, None before the upload.
        batch: Id of the batch, None before it is known.
    """

    token: str
    file: str | None = None
    batch: str | None = None


class Jobs:
    """The batches of an endpoint in a cache; each is written before it is sent, with the most that it may take."""

    def __init__(self, cache: Cache, endpoint: Endpoint) -> None:
        self._database, self._endpoint = cache.database, endpoint_name(endpoint)

    def pending(self) -> list[Job]:
        """Return the batches whose answers are not stored yet."""
        query = "SELECT token, file, batch FROM jobs WHERE endpoint = ? AND NOT done ORDER BY rowid"
        return [Job(*row) for row in self._database.execute(query, (self._endpoint,))]

    def add(self, requests: Mapping[str, Usage]) -> Job:
        """Record a batch with the hash of every request and the most that it may take."""
        job = Job(uuid.uuid4().hex)
        with self._transaction():
            self._database.execute("INSERT INTO jobs (token, endpoint) VALUES (?, ?)", (job.token, self._endpoint))
            for request, most in requests.items():
                values = (most.input_tokens, most.output_tokens)
                call = self._database.execute(
                    "INSERT INTO calls (input_tokens, output_tokens) VALUES (?, ?)", values
                ).lastrowid
                self._database.execute("INSERT INTO job_calls VALUES (?, ?, ?)", (job.token, request, call))
        return job

    def store_file(self, job: Job, file: str) -> None:
        """Record the id of the uploaded requests."""
        job.file = redact(clean_text(file))
        self._database.execute("UPDATE jobs SET file = ? WHERE token = ?", (job.file, job.token))

    def store_batch(self, job: Job, batch: str) -> None:
        """Record the id of the batch."""
        job.batch = redact(clean_text(batch))
        self._database.execute("UPDATE jobs SET batch = ? WHERE token = ?", (job.batch, job.token))

    def requests(self, job: Job) -> dict[str, Usage]:
        """Return the hash of each request of a batch, with the most that it may take."""
        query = (
            "SELECT request, input_tokens, output_tokens FROM job_calls JOIN calls ON calls.id = job_calls.call "
            "WHERE token = ?"
        )
        return {request: Usage(1, *tokens) for request, *tokens in self._database.execute(query, (job.token,))}

    def finish(self, job: Job, results: Mapping[str, tuple[Usage, str | None]]) -> None:
        """Record what each request of a batch took, and its answer unless it failed, all at once."""
        with self._transaction():
            for request, (usage, text) in results.items():
                self._database.execute(
                    "UPDATE calls SET input_tokens = ?, output_tokens = ? "
                    "WHERE id = (SELECT call FROM job_calls WHERE token = ? AND request = ?)",
                    (usage.input_tokens, usage.output_tokens, job.token, request),
                )
                if text is not None:
                    self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (request, text))
            self._database.execute("UPDATE jobs SET done = 1 WHERE token = ?", (job.token,))

    def drop(self, job: Job) -> None:
        """Remove a batch that the server never executed, with its calls."""
        with self._transaction():
            self._database.execute(
                "DELETE FROM calls WHERE id IN (SELECT call FROM job_calls WHERE token = ?)", (job.token,)
            )
            for table in ("job_calls", "jobs"):
                self._database.execute(f"DELETE FROM {table} WHERE token = ?", (job.token,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._database:
            self._database.execute("BEGIN")
            yield
