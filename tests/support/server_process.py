"""A `ChatServer` in a process of its own, whose work does not slow down the client that is measured."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from typing import Any

from chat_server import ChatServer


class ServerProcess:
    """The other end of a server in its own process.

    Attributes:
        url: of the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.url: str = connection.recv()

    def set(self, **attributes: Any) -> None:
        """Set attributes of the server, and forget the requests that it got."""
        self._connection.send(attributes)
        self._connection.recv()

    def load(self) -> tuple[float, int]:
        """Return the seconds that all requests took together, and the largest number of concurrent ones."""
        self._connection.send("load")
        return self._connection.recv()

    def texts(self) -> list[str]:
        """Return the text of each request in order."""
        self._connection.send("texts")
        return self._connection.recv()


def _serve(make: Callable[[], AbstractContextManager[ChatServer]], connection: Connection) -> None:
    with make() as server:
        connection.send(server.url)
        while True:
            try:
                attributes = connection.recv()
            except EOFError:
                return
            if attributes == "load":
                connection.send((server.busy, server.most))
                continue
            if attributes == "texts":
                connection.send([request["text"] for request in server.requests])
                continue
            for name, value in attributes.items():
                setattr(server, name, value)
            server.requests.clear()
            server.most, server.busy = 0, 0.0
            connection.send(None)


@contextmanager
def in_own_process(make: Callable[[], AbstractContextManager[ChatServer]]) -> Iterator[ServerProcess]:
    """Run a server in a process of its own inside the block."""
    context = multiprocessing.get_context("fork")
    own, other = context.Pipe()
    process = context.Process(target=_serve, args=(make, other), daemon=True)
    process.start()
    other.close()
    try:
        yield ServerProcess(own)
    finally:
        own.close()
        process.terminate()
        process.join()
