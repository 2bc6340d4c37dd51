"""A chat server with OpenAI's files and batches."""

import email
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chat_server import ChatServer, _Handler

Answer = Callable[[str, list[bytes]], Any]


class BatchServer(ChatServer):
    """Adds /v1/files and /v1/batches to the chat server; a batch moves on each time its state is asked for.

    Attributes:
        row: text and the body of a batch's request -> its status and reply, or a whole result line.
        ends: how batches end, in turn; the last one for ever: `completed`, `expired` or `cancelled` (after the first
            half of the requests), or the errors of a failed one as a list.
        steps: how often the state is asked for before a batch ends.
        trouble: maps the n-th call of files and batches and its path to a fault: `broken`, `page`, `late` (done, but
            the reply is lost), or None; called for each.
        batches, files, uploads: by id; the number of uploads.
        paid: how often each text was answered by a batch.
    """

    def __init__(self, row: Callable[[str, dict], Any], answer: Answer) -> None:
        super().__init__(answer)
        self.RequestHandlerClass = _BatchHandler
        self.row, self.ends, self.steps = row, ["completed"], 2
        self.trouble: Callable[[int, str, str], str | None] = lambda number, method, path: None
        self.batches: dict[str, dict] = {}
        self.files: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.paid: Counter[str] = Counter()
        self.lock = threading.Lock()

    def store(self, content: bytes) -> str:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        return name

    def create(self, wanted: dict) -> dict:
        assert wanted["endpoint"] == "/v1/chat/completions"
        assert wanted["completion_window"] == "24h"
        number = len(self.batches)
        end = self.ends[min(number, len(self.ends) - 1)]
        lines = [json.loads(line) for line in self.files[wanted["input_file_id"]].splitlines()]
        assert len({line["custom_id"] for line in lines}) == len(lines)
        batch = {
            "id": f"batch_{number}", "object": "batch", "status": "validating", "created_at": int(time.time()),
            "metadata": wanted.get("metadata"), "output_file_id": None, "error_file_id": None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }  # fmt: skip
        self.batches[batch["id"]] = batch | {"lines": lines, "end": end, "asked": 0}
        return batch

    def state(self, name: str) -> dict:
        batch = self.batches[name]
        batch["asked"] += 1
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress"
            if batch["asked"] >= self.steps:
                self._finish(batch)
        return {key: value for key, value in batch.items() if key not in ("lines", "end", "asked")}

    def _finish(self, batch: dict) -> None:
        end, lines = batch["end"], batch["lines"]
        if isinstance(end, list):
            batch |= {"status": "failed", "errors": {"object": "list", "data": end}}
            return
        executed = lines if end == "completed" else lines[: len(lines) // 2]
        good, bad = [], []
        for line in executed:
            text = line["body"]["messages"][-1]["content"]
            text = text if isinstance(text, str) else text[-1]["text"]
            result = self.row(text, line["body"])
            if isinstance(result, tuple):
                status, body = result
                result = {"response": {"status_code": status, "request_id": "r", "body": body}, "error": None}
            is_good = (result.get("response") or {}).get("status_code") == 200
            self.paid[text] += is_good
            (good if is_good else bad).append({"id": "x", "custom_id": line["custom_id"], **result})
        error = {"code": f"batch_{end}", "message": "This request was not executed."}
        rest = lines[len(executed) :]
        bad += [{"id": "x", "custom_id": line["custom_id"], "response": None, "error": error} for line in rest]
        good.reverse()  # results come in any order
        for name, results in (("output_file_id", good), ("error_file_id", bad)):
            if results:
                batch[name] = self.store("\n".join(map(json.dumps, results)).encode())
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        batch["status"] = end


class _BatchHandler(_Handler):
    server: BatchServer

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path in ("/v1/chat/completions", "/v1/images/generations"):
            return super().do_POST()
        content = self.rfile.read(int(self.headers["Content-Length"]))
        return self._handle("POST", path, content)

    def do_GET(self) -> None:
        self._handle("GET", urlsplit(self.path).path, b"")

    def _handle(self, method: str, path: str, content: bytes) -> None:
        with self.server.lock:
            self.server.calls.append(f"{method} {path}")
            fault = self.server.trouble(len(self.server.calls), method, path)
            if fault == "page":
                return self._send(200, b"<html>a proxy says hello</html>", Content_Type="text/html")
            if fault == "broken":
                return self._error(500, "broken")
            if fault is not None and fault != "late":
                return self._error(int(fault), "no")
            reply = self._reply(method, path, content)
            if fault == "late":
                return self._error(504, "the gateway timed out")
            if reply is None:
                return self._error(404, f"no {path}")
            return self._send(200, reply)

    def _reply(self, method: str, path: str, content: bytes) -> Any:
        server, parts = self.server, path.strip("/").split("/")
        match (method, *parts[1:]):
            case ("POST", "files"):
                head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                fields = {
                    part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
                    for part in email.message_from_bytes(head + content).get_payload()
                }
                assert fields["purpose"] == b"batch"
                return {"id": server.store(fields["file"]), "object": "file"}
            case ("POST", "batches"):
                return server.create(json.loads(content))
            case ("GET", "batches"):
                after = parse_qs(urlsplit(self.path).query).get("after", [""])[0]
                names = list(reversed(server.batches))
                names = names[names.index(after) + 1 :] if after else names
                page = [{"id": name, "metadata": server.batches[name]["metadata"]} for name in names[:2]]
                return {"object": "list", "data": page, "has_more": len(names) > 2}
            case ("GET", "batches", name) if name in server.batches:
                return server.state(name)
            case ("GET", "files", name, "content") if name in server.files:
                return server.files[name]
        return None


@contextmanager
def batching(row: Callable[[str, dict], Any], answer: Answer) -> Iterator[BatchServer]:
    """Run a server inside the block."""
    with BatchServer(row, answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
