"""Run scripts repeatedly in one process, each in its own folder and namespace: a JSON line in, a JSON line out."""

import io
import json
import sys
from contextlib import chdir, redirect_stdout

from fast_cards import use_libyaml

if __name__ == "__main__":
    use_libyaml()
    for line in sys.stdin:
        request = json.loads(line)
        printed = io.StringIO()
        with chdir(request["folder"]), redirect_stdout(printed):
            exec(compile(request["code"], "<script>", "exec"), {"__name__": "__main__"})
        print(json.dumps({"out": printed.getvalue()}), flush=True)
