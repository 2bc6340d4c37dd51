"""Read the answer out of a reply in the forms that servers send."""

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lethebench.contract.image_reader import PictureError, read_picture
from lethebench.contract.requests.thoughts import without_thoughts
from lethebench.contract.secrets import redact
from lethebench.contract.text import clean_text

_TRANSIENT = re.compile(r"overload|timed? ?out|temporar|try again|rate.?limit|unavailable|internal", re.IGNORECASE)
PICTURE = "data:image/jpeg;base64,"
"""What the reply of the images API begins with."""
_CUT = "raise the maximum length of answers (--max-new-tokens)"


class Completion(NamedTuple):
    """An answer, and its tokens where the server counts them."""

    text: str
    input_tokens: int | None
    output_tokens: int | None


class BadReply(ValueError):
    """A reply with status 200 that holds no answer.

    Attributes:
        status: The HTTP status that the server should have sent: 502 if a retry may help, 422 if not.
        usage: Input and output tokens that it took, None where unknown.
    """

    def __init__(self, text: str, status: int, usage: tuple[int | None, int | None] = (None, None)) -> None:
        super().__init__(text)
        self.status, self.usage = status, usage


def read_reply(body: bytes, charset: str | None = None) -> Completion:
    """Return the answer in the body of a reply: without thoughts and secrets, with U+FFFD for half an emoji.

    Args:
        body: JSON or server-sent events, in any encoding.
        charset: The encoding that the headers name.

    Raises:
        BadReply: There is no answer: the reply is no chat completion, an error, cut off, or filtered.
    """
    reply = read_json(body, charset)
    if not isinstance(reply, dict):
        raise BadReply(f"the reply is no chat completion: {_start(reply)}", 502)
    _raise_error(reply)
    usage = _usage(reply, "prompt_tokens", "completion_tokens")
    choices = reply.get("choices")
    choice = next(iter(choices.values() if isinstance(choices, dict) else choices or ()), None) if choices else None
    if not isinstance(choice, dict):
        raise BadReply(f"the reply is no chat completion: {_start(reply)}", 502)
    _raise_error(choice)
    try:
        return Completion(_answer(choice), *usage)
    except BadReply as error:
        error.usage = usage
        raise


def read_json(body: bytes, charset: str | None = None) -> Any:
    """Return the JSON of a body in any encoding, or the chat completion that server-sent events make up.

    Raises:
        BadReply: It is neither.
    """
    text = _decoded(body, charset)
    if re.match(r"\s*(?:data|event|id|retry|):", text):
        return _collected(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadReply(f"the reply is no JSON: {_start(text)}", 502) from None


def read_drawn(body: bytes, charset: str | None = None) -> Completion:
    """Return the picture in the body of a reply of the images API as a data URI: a JPEG of at most 512 pixels a side.

    It is encoded again, so nothing but its pixels is kept.

    Raises:
        BadReply: There is no picture, or it does not decode.
    """
    reply = read_json(body, charset)
    if not isinstance(reply, dict):
        raise BadReply(f"the reply is no picture: {_start(reply)}", 502)
    _raise_error(reply)
    usage = _usage(reply, "input_tokens", "output_tokens")
    data = reply.get("data")
    first = data[0] if isinstance(data, list) and data else None
    encoded = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(encoded, str):
        raise BadReply("the reply has no picture in b64_json", 422, usage)
    try:
        picture = read_picture(base64.b64decode(encoded, validate=True)).image.convert("RGB")
    except (ValueError, PictureError) as error:
        raise BadReply(f"the picture does not decode: {_start(error)}", 502, usage) from None
    picture.thumbnail((512, 512))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=92)
    return Completion(PICTURE + base64.b64encode(jpeg.getvalue()).decode(), *usage)


def error_text(body: object) -> str:
    """Return the message of an error body in any form: OpenAI's, FastAPI's `detail`, HTML, plain text."""
    if isinstance(body, Mapping):
        for name in ("message", "error", "detail", "msg", "reason"):
            if body.get(name):
                where = body.get("loc")
                prefix = f"{'.'.join(map(str, where))}: " if name == "msg" and isinstance(where, list) else ""
                return prefix + error_text(body[name])
        return json.dumps(body, ensure_ascii=False, default=str)
    if isinstance(body, list):
        return "; ".join(map(error_text, body))
    text = str(body)
    return re.sub(r"<[^<>]*>", " ", text) if re.match(r"\s*<(?:!doctype|html)", text, re.IGNORECASE) else text


def _answer(choice: Mapping[str, Any]) -> str:
    message = choice.get("message", choice)
    if isinstance(message, str):
        message = {"content": message}
    if not isinstance(message, dict):
        raise BadReply(f"the reply's message is no object: {_start(message)}", 502)
    finish = choice.get("finish_reason")
    content = message.get("content", message.get("text"))
    text = _joined(content) or _joined(message.get("refusal")) or ""
    if text.strip():
        answer = without_thoughts(clean_text(text))
        if answer is None:
            raise BadReply(f"no answer: cut off in its thoughts; {_CUT}", 422)
        if answer.strip() or finish == "stop":
            return redact(answer).strip()
    if finish == "length":
        raise BadReply(f"no answer, finish_reason is length; {_CUT}", 422)
    if finish != "stop":
        raise BadReply(f"no answer, finish_reason is {_start(finish)}", 422)
    for name in ("reasoning_content", "reasoning"):
        if _joined(message.get(name)):
            raise BadReply(f"no answer: all text is in {name}; turn the server's reasoning parser off", 422)
    return ""


def _joined(content: Any) -> str | None:
    """The text parts of a content, joined; thoughts and other kinds of parts are left out."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise BadReply(f"the reply's content is no text: {_start(content)}", 422)
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text", "refusal"):
            text = part.get("text", part.get("refusal"))
            texts.append(text if isinstance(text, str) else "")
    return "".join(texts)


def _raise_error(reply: Mapping[str, Any]) -> None:
    """Raise BadReply for an error that came with status 200."""
    error = reply.get("error") or (reply if reply.get("object") == "error" else None)
    if not error:
        return
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    text = error_text(error)
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isascii() and code.isdigit()) else 0
    if not 400 <= status < 600:
        status = 429 if code == "insufficient_quota" else 502 if _TRANSIENT.search(text) else 422
    raise BadReply(f"{text} ({code})" if isinstance(code, str) and not code.isdigit() else text, status)


def _decoded(body: bytes, charset: str | None) -> str:
    for encoding in filter(None, (json.detect_encoding(body), charset)):
        try:
            return body.decode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict")
        except (UnicodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def _collected(text: str) -> dict[str, Any]:
    """The chat completion that a stream of events makes up."""
    whole: dict[str, Any] = {"message": {}, "finish_reason": None}
    reply: dict[str, Any] = {"choices": [whole]}
    for event in _events(text):
        reply |= {name: event[name] for name in ("usage", "error") if event.get(name)}
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            continue
        whole["finish_reason"] = choice.get("finish_reason") or whole["finish_reason"]
        delta = choice.get("delta", choice.get("message"))
        for name, part in (delta if isinstance(delta, dict) else {}).items():
            if name in ("content", "refusal", "reasoning_content", "reasoning"):
                whole["message"][name] = (whole["message"].get(name) or "") + (_joined(part) or "")
    if "error" not in reply and whole["finish_reason"] is None:
        if "[DONE]" not in text:
            raise BadReply(f"the stream of the reply is cut off: {_start(text)}", 502)
        whole["finish_reason"] = "stop"
    return reply


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data:") and (content := line.removeprefix("data:").strip()) != "[DONE]":
            try:
                event = json.loads(content)
            except (ValueError, RecursionError):
                raise BadReply(f"an event of the reply is no JSON: {_start(content)}", 502) from None
            if isinstance(event, dict):
                yield event


def _usage(reply: Mapping[str, Any], sent: str, received: str) -> tuple[int | None, int | None]:
    """Return the tokens sent and received that a reply states under these keys."""
    counts = reply.get("usage")
    counts = counts if isinstance(counts, dict) else {}
    return _count(counts.get(sent)), _count(counts.get(received))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None


def _start(value: object) -> str:
    """The start of an unexpected value, quoted."""
    return repr(redact(clean_text(str(value)))[:80])
