"""A headless Chromium that a test drives like a user: open a page, type, click, read, take a picture.

Speaks Chromium's DevTools protocol over the pipe that `--remote-debugging-pipe` opens: JSON messages that end in a zero
byte, read from descriptor 3 and written to 4 by the browser. No driver is needed.
"""

import base64
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
START = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3), os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Move the ends of two pipes to the descriptors that the browser uses, then exec the browser."""


class Browser:
    """One browser with one page. Use as a context manager.

    Attributes:
        requests: every address that the page requested.
        problems: errors that its scripts threw.
    """

    def __init__(self, program: str, folder: Path, *, size: tuple[int, int] = (1280, 900)) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._number, self._buffer = 0, b""
        down, self._out = os.pipe()
        self._in, up = os.pipe()
        flags = [*FLAGS, f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", "--remote-debugging-pipe"]
        start = [sys.executable, "-c", START, str(down), str(up), program, *flags, "about:blank"]
        self._process = subprocess.Popen(
            start, pass_fds=(down, up), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(down)
        os.close(up)
        self._session: str | None = None
        pages = self._call("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self._call(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._in)
        os.close(self._out)

    def _call(self, method: str, **parameters: Any) -> dict:
        self._number += 1
        message: dict = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        limit = time.monotonic() + 60
        while True:
            answer = self._message(limit)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("method") == "Runtime.exceptionThrown":
                self.problems.append(json.dumps(answer["params"]["exceptionDetails"]))

    def _message(self, limit: float) -> dict:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(0, limit - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            result = os.read(self._in, 1 << 20)
            if not result:
                raise RuntimeError("the browser has ended")
            self._buffer += result
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, address: str) -> None:
        """Go to an address."""
        self._call("Page.navigate", url=address)

    def resize(self, width: int, height: int) -> None:
        """Show pages as a phone of this size does; a window cannot be as narrow."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def read(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> None:
        """Wait until an expression in the page is true."""
        limit = time.monotonic() + seconds
        while not self.read(f"!!({script})"):
            if time.monotonic() > limit:
                raise TimeoutError(f"never true: {script}; the page says {self.read('document.body.innerText')!r}")
            time.sleep(0.1)

    def click(self, selector: str) -> None:
        """Click the middle of an element."""
        center = self.read(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2] }})(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=center[0], y=center[1], button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Replace the text of a field."""
        self.click(selector)
        self.read(f"document.querySelector({json.dumps(selector)}).select()")
        self._call("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """Write the whole page as PNG."""
        result = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(result["data"]))
