"""Apply chat templates, which are programs of others, within a time limit."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

TEMPLATE_SECONDS = 10.0
"""Most time for a chat template to render a conversation; real ones need milliseconds."""


def apply_template(processor: Any, messages: Sequence[Mapping[str, Any]], *, generation_prompt: bool = False) -> str:
    """Return a conversation as text by the processor's chat template.

    Raises:
        TimeoutError: it does not end in time.
        Exception: whatever the template raises.
    """
    with limit(TEMPLATE_SECONDS):
        return processor.apply_chat_template(messages, add_generation_prompt=generation_prompt, tokenize=False)


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError if the code inside takes longer; unlimited outside the main thread or without SIGALRM."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError(f"it does not end within {seconds:g} s")

    start = time.monotonic()
    handler = signal.signal(signal.SIGALRM, stop)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        # A timer that ran before, such as the time limit of a test, goes on.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if remaining:
            signal.setitimer(signal.ITIMER_REAL, max(remaining - (time.monotonic() - start), 0.01), interval)
