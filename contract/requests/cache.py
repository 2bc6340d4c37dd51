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
from lethebench.contract.secrets import redact
from lethebench.contract.text import clean_text

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, input_tokens INTEGER, output_tokens INTEGER);
CREATE TABLE IF NOT EXISTS refused (endpoint TEXT, setting TEXT, PRIMARY KEY (endpoint, setting));
"""


def request_hash(endpoint: Endpoint, request: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a request and the URL, without the key and credentials."""
    return hashlib.sha256(json.dumps([endpoint.address, request], sort_keys=True).encode()).hexdigest()


class Cache:
    """Answers by the hash of their request, the usage of every call, and the settings that endpoints refuse.

    A call is written before it is sent, with the most it may take, and corrected after its reply. One process at a time
    may open a file.

    Args:
        path: The file; None keeps everything in memory.

    Raises:
        UserError: The file is in use, is not such a file, or was written by another version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        try:
            self._database = sqlite3.connect(path or ":memory:", 1, isolation_level=None, check_same_thread=False)
            with ExitStack() as on_failure:
                on_failure.callback(self._database.close)
                self._open()
                on_failure.pop_all()
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise UserError(f"{path}: another process uses these answers; wait until it ends") from None
            raise UserError(f"{path}: its answers cannot be read: {one_line(error)}; delete it to start anew") from None

    def _open(self) -> None:
        self._database.text_factory = lambda content: content.decode("utf-8", "replace")
        # With an exclusive lock the log needs no shared memory, which network file systems lack.
        self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise UserError(f"{self.path}: written by another version of lethebench; delete it to start anew")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(f"BEGIN EXCLUSIVE; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")

    def get(self, request: str) -> str | None:
        """Return the stored answer to a request, given its hash."""
        row = self._database.execute("SELECT text FROM answers WHERE request = ?", (request,)).fetchone()
        return None if row is None else redact(clean_text(row[0]))

    def begin(self, most: Usage) -> int:
        """Record a call before it is sent, with the most it may take; return its id."""
        values = (most.input_tokens, most.output_tokens)
        cursor = self._database.execute("INSERT INTO calls (input_tokens, output_tokens) VALUES (?, ?)", values)
        return int(cursor.lastrowid or 0)

    def end(self, call: int, usage: Usage, request: str = "", text: str | None = None) -> None:
        """Record what a call took, and the answer to its request unless it failed."""
        values = (usage.input_tokens, usage.output_tokens, call)
        self._database.execute("BEGIN")
        self._database.execute("UPDATE calls SET input_tokens = ?, output_tokens = ? WHERE id = ?", values)
        if text is not None:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (request, text))
        self._database.execute("COMMIT")

    def usage(self) -> Usage:
        """Return the calls and tokens of all passes; calls that a killed process left count with their most."""
        query = "SELECT count(*), total(input_tokens), total(output_tokens) FROM calls"
        return Usage(*map(int, self._database.execute(query).fetchone()))

    def refused(self, endpoint: Endpoint) -> set[str]:
        """Return the settings that an endpoint refused in this or an earlier pass."""
        rows = self._database.execute("SELECT setting FROM refused WHERE endpoint = ?", (_name(endpoint),))
        return {setting for (setting,) in rows}

    def refuse(self, endpoint: Endpoint, setting: str) -> None:
        """Record that an endpoint refuses a setting."""
        self._database.execute("INSERT OR IGNORE INTO refused VALUES (?, ?)", (_name(endpoint), setting))

    def close(self) -> None:
        """Close the file, which takes its write-ahead log in; remove it if it holds nothing."""
        query = "SELECT EXISTS (SELECT 1 FROM calls) OR EXISTS (SELECT 1 FROM answers)"
        is_used = self._database.execute(query).fetchone()[0]
        self._database.close()
        if self.path is not None and not is_used:
            remove_empty_file(self.path)


def _name(endpoint: Endpoint) -> str:
    return redact(f"{endpoint.address or ''} {endpoint.model}")
