"""Run `lethe` repeatedly in one process, as a user of the local Hub: a JSON line in, a JSON line out."""

import contextlib
import io
import json
import os
import sys


def run(arguments: list[str], changed: dict[str, str | None]) -> dict:
    """Run one command; return exit status, stdout and stderr."""
    for name, value in changed.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    from lethebench.cli.app import main

    sys.argv = ["lethe", *arguments]
    out, error, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    return {"status": status, "out": out.getvalue(), "error": error.getvalue()}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(run(request["arguments"], request["environment"])), flush=True)
