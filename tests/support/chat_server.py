"""An OpenAI-compatible chat server over real HTTP that answers by a function and fails on demand."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ChatServer(ThreadingHTTPServer):
    """Answers to POST /v1/chat/completions.

    Attributes:
        answer: text, pictures as bytes -> the answer; a dict is sent as the choice itself, and a tuple of status, body
            (bytes or JSON) and headers as the whole reply.
        faults: name of a fault for the n-th request, in order of arrival; later requests succeed.
        always: a fault for every request.
        structured: the body of a request with a schema -> its answer; None answers it like any other.
        draw: the body of a request for a picture -> the file, or status and body.
        echoes: status and form in which the fault `echo` repeats the key, used in turn.
        requests: dicts of `text`, `pictures`, `body`, `key`, `at` (seconds).
        most: the largest number of concurrent requests.
        busy: seconds that all requests took together.
    """

    daemon_threads = True
    request_queue_size = 128  # with 5, one of 8 simultaneous connections is made again after a second

    def __init__(self, answer: Callable[[str, list[bytes]], Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.faults, self.always, self.slow = answer, [], None, 0.0
        self.structured: Callable[[dict], str] | None = None
        self.draw: Callable[[dict], Any] = lambda body: b""
        self.echoes: list[tuple[int, Callable[[str], str]]] = []
        self.requests: list[dict] = []
        self.most = self._now = 0
        self.busy = 0.0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def enter(self, request: dict) -> str | None:
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
            self._now += 1
            self.most = max(self.most, self._now)
            return self.always or (self.faults[number] if number < len(self.faults) else None)

    def leave(self, start: float) -> None:
        with self._lock:
            self._now -= 1
            self.busy += time.monotonic() - start

    def handle_error(self, request, client_address) -> None:
        pass  # a client that hung up


def _as_parts(content: str | list[dict]) -> list[dict]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it delays a reply in two writes by 40 ms
    server: ChatServer

    def log_message(self, format: str, *args) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        contents = [message["content"] for message in body.get("messages", [{"content": body.get("prompt", "")}])]
        parts = [part for content in contents for part in _as_parts(content)]
        texts = [part["text"] for part in parts if part["type"] == "text"]
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        pictures = [base64.b64decode(url.partition(";base64,")[2], validate=True) for url in urls]
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        request = {"text": "\n".join(texts), "pictures": pictures, "urls": urls, "body": body, "key": key}
        start = time.monotonic()
        fault = self.server.enter(request | {"at": start})
        try:
            time.sleep(self.server.slow)
            getattr(self, f"_{fault}")(request) if fault else self._well(request)
        finally:
            self.server.leave(start)

    def _well(self, request: dict) -> None:
        if "prompt" in request["body"]:
            picture = self.server.draw(request["body"])
            if isinstance(picture, tuple):
                return self._send(*picture)
            return self._send(200, {"created": 0, "data": [{"b64_json": base64.b64encode(picture).decode()}]})
        if self.server.structured and "response_format" in request["body"]:
            answer: Any = self.server.structured(request["body"])
        else:
            answer = self.server.answer(request["text"], request["pictures"])
        if isinstance(answer, tuple):
            status, body, headers = answer
            return self._send(status, body, **headers)
        choice = answer if isinstance(answer, dict) else {"message": {"content": answer}, "finish_reason": "stop"}
        choice = {"index": 0, **choice, "message": {"role": "assistant", **choice["message"]}}
        reply = {"id": "x", "object": "chat.completion", "created": 0, "model": request["body"]["model"]}
        self._send(200, {**reply, "choices": [choice]})

    def _send(self, status: int, content: Any, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status: int, message: str, *, param: str | None = None, **headers: str) -> None:
        self._send(status, {"error": {"message": message, "param": param, "type": "x", "code": None}}, **headers)

    def _busy(self, request: dict) -> None:
        self._error(429, "too many requests", Retry_After="0.2")

    def _limited(self, request: dict) -> None:
        self._error(429, "too many requests")

    def _busy_for_hours(self, request: dict) -> None:
        self._error(429, "quota", Retry_After="7200")

    def _broken(self, request: dict) -> None:
        self._error(500, "broken")

    def _dropped(self, request: dict) -> None:
        self.close_connection = True
        self.connection.close()

    def _cut(self, request: dict) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"id": "x", "choi')
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def _garbled(self, request: dict) -> None:
        self._send(200, b'{"choices": [{"mess')

    def _page(self, request: dict) -> None:
        self._send(200, b"<html>a proxy says hello</html>", Content_Type="text/html")

    def _half(self, request: dict) -> None:
        """Send an answer whose JSON is cut off, though the reply is whole."""
        self._text('{"name": "Ana", "birth_da', "stop")

    def _other_schema(self, request: dict) -> None:
        self._text(json.dumps({"person": {"name": "Ana Reis"}}), "stop")

    def _refusal(self, request: dict) -> None:
        message = {"role": "assistant", "content": None, "refusal": "I'm sorry, I can't help with that."}
        self._send(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def _text(self, text: str, finish_reason: str) -> None:
        message = {"role": "assistant", "content": text}
        self._send(200, {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]})

    def _no_choice(self, request: dict) -> None:
        self._send(200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []})

    def _silent(self, request: dict) -> None:
        time.sleep(1.5)

    def _bad_row(self, request: dict) -> None:
        self._error(400, "this picture is too large")

    def _no_key(self, request: dict) -> None:
        self._error(401, f"wrong key {request['key']}")

    def _echo(self, request: dict) -> None:
        """Repeat the key in headers and body, in the ways of `server.echoes` in turn."""
        status, encode = self.server.echoes[len(self.server.requests) % len(self.server.echoes)]
        echo = encode(request["key"])
        headers = {name: echo.replace("\n", " ") for name in ("X_Request_Id", "Location", "Www_Authenticate")}
        headers["Retry_After"] = "0" if status >= 429 else headers["Location"]
        if status == 200:
            return self._send(200, {"choices": [{"index": 0, "message": {"content": echo}}], "extra": echo}, **headers)
        if status == 201:  # a page of a proxy
            return self._send(200, f"<html>{echo}</html>".encode(), Content_Type="text/html", **headers)
        return self._error(status, f"the key {echo} is wrong", param=echo, **headers)

    def _no_model(self, request: dict) -> None:
        self._error(404, f"no model {request['body']['model']}")

    def _modern(self, request: dict) -> None:
        for name in ("temperature", "max_tokens"):
            if name in request["body"]:
                return self._error(400, f"Unsupported parameter: {name}", param=name)
        return self._well(request)


@contextmanager
def chatting(answer: Callable[[str, list[bytes]], Any]) -> Iterator[ChatServer]:
    """Run a server inside the block."""
    with ChatServer(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
