"""The process at its edges: standard streams, signals and the current directory."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")
BROKEN_PIPE = 128 + signal.SIGPIPE
_abandoned: list[threading.Event] = []
"""One for each abandoned call, set when it ends."""


def prepare() -> None:
    """Make the process usable where a shell or a container left something out.

    Closed standard streams go to /dev/null, since the next file that is opened would get their number; characters that
    the locale cannot encode are printed as escapes; libraries get a home directory for their caches.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = tempfile.gettempdir()


def discard_output() -> None:
    """Send output that cannot be written nowhere, since Python would try to write it again when it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError), open(os.devnull, "w") as null:
                os.dup2(null.fileno(), stream.fileno())


@contextmanager
def signals() -> Iterator[list[int]]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt, so that they clean up like Ctrl-C; yield those received."""
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP
                before[number] = signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interruptible(call: Callable[[], Result]) -> Result:
    """Call in a thread and return the result; Ctrl-C abandons the thread, whose libraries would wait for theirs."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    done = threading.Event()  # an interrupted join of Python 3.11 counts the thread as ended
    threading.Thread(target=run, daemon=True).start()
    try:
        done.wait()
    except KeyboardInterrupt:
        _abandoned.append(done)
        raise
    if errors:
        raise errors[0]
    return results[0]


def leave(code: int | None) -> None:
    """Exit, without waiting for the threads of an abandoned call."""
    if not all(done.is_set() for done in _abandoned):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code or 0)
    sys.exit(code)
