"""Push a build to new repositories, each time killed before or after a later request, and push it again.

Prints a line for each: the number of the kill, the wait status of the killed push and that of the next one.
"""

import os
import signal
import sys

import httpx2

from lethebench.cli.app import main
from lethebench.hub import dataset


def push(folder: str, name: str, number: int = 0) -> int:
    """Push in a child that is killed at a moment; return its wait status."""
    child = os.fork()
    if child == 0:
        kill_at(number)
        sys.argv = ["lethe", "push", folder, name]
        sys.stdout = sys.stderr
        try:
            main()
        except SystemExit as stopped:
            os._exit(stopped.code or 0)
    return os.waitpid(child, 0)[1]


def kill_at(number: int) -> None:
    """Kill this process at its `number`-th moment: each request has one before it and one after its answer."""
    send, moments = httpx2.Client.send, iter(range(1, 1 << 20))

    def pass_moment() -> None:
        if next(moments) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(*arguments, **options):
        pass_moment()
        answer = send(*arguments, **options)
        pass_moment()
        return answer

    httpx2.Client.send = counted


if __name__ == "__main__":
    report = dataset.verify(sys.argv[1])
    dataset.verify = lambda folder: report  # once for all
    for number in range(1, 1 << 20):
        name = f"somebody/kill{number}"
        killed = push(sys.argv[1], name, number)
        if killed != signal.SIGKILL:
            break
        print(number, killed, push(sys.argv[1], name), flush=True)
