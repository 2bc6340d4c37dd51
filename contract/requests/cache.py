"""Answers and calls of a job in an SQLite file, which outlives a killed process."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lethebench.contract.errors import UserError, one_line
from lethebench.contract.own_folder import remove_empty_file
from lethebench.contract.requests.budget import Usage
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.contract.requests.replies import PICTURE
from lethebench.contract.secrets import redact
from lethebench.contract.text import clean_text

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, input_tokens INTEGER, output_tokens INTEGER);
CREATE TABLE IF NOT EXISTS refused (endpoint TEXT, setting TEXT, PRIMARY KEY (endpoint, setting));
CREATE TABLE IF NOT EXISTS jobs (token TEXT PRIMARY KEY, endpoint TEXT, file TEXT, batch TEXT, done INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS job_calls (token TEXT, request TEXT, call INTEGER, PRIMARY KEY (token, request));
"""


def request_hash(endpoint: Endpoint, request: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a request and the URL, without the key and credentials."""
    return hashlib.sha256(json.dumps([endpoint.address, request], sort_keys=True).encode()).hexdigest()


class Cache:
    """Answers by the hash of their request, the usage of every call, and the settings that endpoints refuse.

    A call is written before it is sent, with the most it may take, and corrected after its reply. One process at a time
    may open a file. Batches are in its tables too, see `jobs.Jobs`.

    Args:
        path: The file; None keeps everything in memory.

    Attributes:
        database: The connection.

    Raises:
        UserError: The file is in use, is not such a file, or was written by another version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        try:
            self.database = sqlite3.connect(path or ":memory:", 1, isolation_level=None, check_same_thread=False)
            with ExitStack() as on_failure:
                on_failure.callback(self.database.close)
                self._open()
                on_failure.pop_all()
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise UserError(f"{path}: another process uses these answers; wait until it ends") from None
            raise UserError(f"{path}: its answers cannot be read: {one_line(error)}; delete it to start anew") from None

    def _open(self) -> None:
        self.database.text_factory = lambda content: content.decode("utf-8", "replace")
        # With an exclusive lock the log needs no shared memory, which network file systems lack.
        self.database.execute("PRAGMA locking_mode=EXCLUSIVE")
        version = self.database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise UserError(f"{self.path}: written by another version of lethebench; delete it to start anew")
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(f"BEGIN EXCLUSIVE; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")

    def get(self, request: str) -> str | None:
        """Return the stored answer to a request, given its hash."""
        row = self.database.execute("SELECT text FROM answers WHERE request = ?", (request,)).fetchone()
        if row is None:
            return None
        # A picture was decoded and encoded again before it was stored, so it holds no secret.
        return str(row[0]) if row[0].startswith(PICTURE) else redact(clean_text(row[0]))

    def begin(self, most: Usage) -> int:
        """Record a call before it is sent, with the most it may take; return its id."""
        values = (most.input_tokens, most.output_tokens)
        cursor = self.database.execute("INSERT INTO calls (input_tokens, output_tokens) VALUES (?, ?)", values)
        return int(cursor.lastrowid or 0)

    def end(self, call: int, usage: Usage, request: str = "", text: str | None = None) -> None:
        """Record what a call took, and the answer to its request unless it failed."""
        values = (usage.input_tokens, usage.output_tokens, call)
        self.database.execute("BEGIN")
        self.database.execute("UPDATE calls SET input_tokens = ?, output_tokens = ? WHERE id = ?", values)
        if text is not None:
            self.database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (request, text))
        self.database.execute("COMMIT")

    def usage(self) -> Usage:
        """Return the calls and tokens of all passes; calls that a killed process left count with their most."""
        parts = []
        for table in ("calls", "calls JOIN job_calls ON calls.id = job_calls.call"):
            query = f"SELECT count(*), total(input_tokens), total(output_tokens) FROM {table}"
            parts.append(tuple(map(int, self.database.execute(query).fetchone())))
        return Usage(*parts[0], *parts[1][1:])

    def refused(self, endpoint: Endpoint) -> set[str]:
        """Return the settings that an endpoint refused in this or an earlier pass."""
        rows = self.database.execute("SELECT setting FROM refused WHERE endpoint = ?", (endpoint_name(endpoint),))
        return {setting for (setting,) in rows}

    def refuse(self, endpoint: Endpoint, setting: str) -> None:
        """Record that an endpoint refuses a setting."""
        self.database.execute("INSERT OR IGNORE INTO refused VALUES (?, ?)", (endpoint_name(endpoint), setting))

    def close(self) -> None:
        """Close the file, which takes its write-ahead log in; remove it if it holds nothing."""
        query = "SELECT EXISTS (SELECT 1 FROM calls) OR EXISTS (SELECT 1 FROM answers)"
        is_used = self.database.execute(query).fetchone()[0]
        self.database.close()
        if self.path is not None and not is_used:
            remove_empty_file(self.path)


def endpoint_name(endpoint: Endpoint) -> str:
    """Return the name of an endpoint in a cache: its URL without credentials, and its model."""
    return redact(f"{endpoint.address or ''} {endpoint.model}")
