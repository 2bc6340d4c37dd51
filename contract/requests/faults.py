"""What a failed call means: a retry helps, its request alone fails, or every request would."""

import email.utils
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from lethebench.contract.errors import one_line
from lethebench.contract.requests.replies import BadReply, error_text
from lethebench.contract.text import clean_text

SETTINGS = {
    "temperature": None,
    "max_tokens": "max_completion_tokens",
    "seed": None,
    "top_p": None,
    "response_format": None,
}
"""Settings that some models refuse, with the name that replaces them; None: the request is sent without it."""
RETRIED = (408, 409, 425, 429)
_NO_QUOTA = re.compile(r"insufficient[_ ](?:quota|balance|credits?|funds)|billing_(?:hard_limit|not_active)", re.I)
_NO_MODEL = re.compile(r"model_not_found|model_not_exist|invalid_model", re.IGNORECASE)
_REFUSES = re.compile(
    r"un(?:supported|recogni[sz]ed|known|expected)|not (?:\w+ ){0,2}(?:support|permit|allow|accept)"
    r"|extra (?:input|field)|\bonly\b|deprecated|does not (?:support|accept|allow)|no longer"
    r"|use 'max_completion_tokens'|input should be (?!less|greater)",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"too (?:large|high|long|many)|context (?:length|window)|at most|exceed|greater", re.IGNORECASE)
_INVALID = re.compile(r"\b\d+ validation errors?\b")
_UNREACHED = ("ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol", "LocalProtocolError")


class Scope(Enum):
    """What a fault concerns."""

    CALL = "a retry may help"
    ROW = "this request fails"
    REFUSED = "this request is refused, and every one if all are"
    SERVER = "no server answers"
    PASS = "every request would fail"


@dataclass(frozen=True)
class Fault:
    """A failed call.

    Attributes:
        scope: What it concerns.
        reason: One line without secrets.
        wait: Seconds that the server asks to wait, None if it does not.
        setting: A setting of SETTINGS that the model refuses.
        usage: Input and output tokens of the call; None where unknown.
        limited: Whether the server limits the rate of all calls.
    """

    scope: Scope
    reason: str
    wait: float | None = None
    setting: str | None = None
    usage: tuple[int | None, int | None] = (None, None)
    limited: bool = False


def fault_of_call(error: Exception, request: Mapping[str, Any]) -> Fault:
    """Return what the error of a call with a request means."""
    if isinstance(error, BadReply):
        return Fault(_scope(error.status, str(error)), one_line(error, 200), usage=error.usage)
    response = getattr(error, "response", None)
    if response is None:
        cause = type(error.__cause__).__name__
        reason = one_line(ValueError(clean_text(f"{error} {error.__cause__ or ''}")), 200)
        return Fault(Scope.SERVER if cause in _UNREACHED else Scope.CALL, f"{type(error).__name__}: {reason}")
    status = int(response.status_code)
    body = getattr(error, "body", None) or getattr(error, "message", "") or str(error)
    fault = fault_of_status(status, body, request, name=type(error).__name__, wait=wait_of(response.headers))
    if response.headers.get("x-should-retry") == "false" and fault.scope is Scope.CALL:
        return replace(fault, scope=Scope.ROW)
    return fault


def fault_of_status(
    status: int, body: object, request: Mapping[str, Any], *, name: str = "error", wait: float | None = None
) -> Fault:
    """Return what an HTTP status of 400 or more and its body mean for a request."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    code, kind, param = (inner.get(key) if isinstance(inner, Mapping) else None for key in ("code", "type", "param"))
    text = error_text(body)
    if status == 500 and _INVALID.search(text):
        status = 422  # llama.cpp's server by llama-cpp-python
    reason = f"{name} {status}: {one_line(ValueError(clean_text(text)), 200)}"
    setting = _setting(text, param, request) if status in (400, 422) else None
    return Fault(_scope(status, f"{text} {code} {kind}"), reason, wait, setting, (0, 0), limited=status == 429)


def without_refused(request: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
    """Return a request without refused settings; a refused `max_tokens` is sent under its newer name."""
    accepted = {name: value for name, value in request.items() if name not in refused}
    renamed = {SETTINGS.get(name): request[name] for name in refused if name in request and SETTINGS.get(name)}
    return accepted | {name: value for name, value in renamed.items() if name}


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that headers ask to wait: milliseconds, seconds, or until a date; None if they do not."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, date.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def _scope(status: int, text: str) -> Scope:
    if status in (401, 402) or _NO_QUOTA.search(text):
        return Scope.PASS
    if status in (403, 404) or _NO_MODEL.search(text):
        return Scope.REFUSED
    return Scope.CALL if status in RETRIED or status >= 500 else Scope.ROW


def _setting(text: str, param: object, request: Mapping[str, Any]) -> str | None:
    """The setting of a request that an error refuses; a value that is only too large refuses none."""
    for name in SETTINGS:
        named = name in request and (param == name or re.search(rf"\b{name}\b", text))
        if named and (_REFUSES.search(text) or (param == name and not _TOO_LARGE.search(text))):
            return name
    return None
