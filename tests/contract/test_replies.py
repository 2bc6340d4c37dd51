"""Replies of servers in every form that public reports show: the answer, or why there is none."""

import json

import pytest

from lethebench.contract.requests.replies import BadReply, error_text, read_reply
from lethebench.contract.requests.thoughts import without_thoughts


def reply(content, finish="stop", **message) -> dict:
    message = {"role": "assistant", "content": content, **message}
    return {"id": "x", "choices": [{"index": 0, "finish_reason": finish, "message": message}]}


def body(content) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def stream(*deltas, end=b"data: [DONE]\n\n") -> bytes:
    events = [{"choices": [{"delta": delta, "finish_reason": None}]} for delta in deltas]
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + end


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
RED = {
    "text": reply("red"),
    "list of one part": reply([{"type": "text", "text": "red"}]),
    "list with thoughts": reply([THINKING, {"type": "text", "text": "red"}]),
    "list of two parts": reply([{"type": "text", "text": "r"}, {"type": "text", "text": "ed"}]),
    "list of strings": reply(["re", "d"]),
    "one part": reply({"type": "output_text", "text": "red"}),
    "think": reply("<think>\nThe picture shows blue.\n</think>\n\nred"),
    "only the closing tag": reply("It is blue? no.\n</think>\n\nred"),
    "[THINK]": reply("[THINK]blue?[/THINK]red"),
    "kimi": reply("◁think▷blue◁/think▷red"),
    "gpt-oss": reply("<|channel|>analysis<|message|>blue<|end|><|start|>assistant<|channel|>final<|message|>red"),
    "two thoughts": reply("<think>a</think><think>b</think>red"),
    "end token": reply("red<|im_end|>"),
    "two end tokens": reply("red</s> <|endoftext|>\n"),
    "reasoning beside it": reply("red", reasoning_content="blue?"),
    "refusal field": reply(None, refusal="red"),
    "no usage": {**reply("red"), "usage": None},
    "odd usage": {**reply("red"), "usage": {"prompt_tokens": "many", "completion_tokens": -1}},
    "usage is a list": {**reply("red"), "usage": []},
    "no index or role": {"choices": [{"message": {"content": "red"}}]},
    "text of a completion": {"choices": [{"text": "red", "finish_reason": "stop"}]},
    "message is a string": {"choices": [{"message": "red"}]},
    "choices is an object": {"choices": {"0": {"message": {"content": "red"}}}},
    "byte order mark": b"\xef\xbb\xbf" + body(reply("red")),
    "utf-16": json.dumps(reply("red")).encode("utf-16"),
    "NaN": body(reply("red")).replace(b'"x"', b"NaN"),
    "stream": stream({"role": "assistant"}, {"content": "re"}, {"content": "d"}),
    "stream with comments": b": ping\n\n".join([b"event: chunk\n", stream({"content": "red"})]),
    "cut, but answered": reply("red", "length"),
}


@pytest.mark.parametrize("name", RED)
def test_answer_is_read_from_every_form(name):
    assert read_reply(body(RED[name])).text == "red"


NO_ANSWER = {
    "thoughts cut off": (reply("<think>\nThe picture", "length"), 422, "--max-new-tokens"),
    "thoughts never closed": (reply("<think>The picture"), 422, "--max-new-tokens"),
    "gpt-oss thoughts": (reply("<|channel|>analysis<|message|>The", "length"), 422, "--max-new-tokens"),
    "reasoning alone": (reply(None, reasoning_content="red"), 422, "reasoning_content"),
    "reasoning alone, vLLM": (reply("", reasoning="red"), 422, "reasoning"),
    "reasoning cut off": (reply("", "length", reasoning="thinking"), 422, "--max-new-tokens"),
    "null and length": (reply(None, "length"), 422, "--max-new-tokens"),
    "filter": (reply(None, "content_filter"), 422, "content_filter"),
    "tool calls": (reply(None, "tool_calls"), 422, "tool_calls"),
    "no finish reason": (reply(None, None), 422, "None"),
    "number": (reply(42), 422, "42"),
    "message is a number": ({"choices": [{"message": 1}]}, 502, "1"),
    "error": ({"error": {"message": "context too long", "code": 400}}, 400, "context too long"),
    "error of vLLM": ({"object": "error", "message": "too long", "code": 400}, 400, "too long"),
    "error as text": ({"error": "model overloaded"}, 502, "model overloaded"),
    "error without code": ({"error": {"message": "bad picture"}}, 422, "bad picture"),
    "error of no quota": ({"error": {"message": "pay", "code": "insufficient_quota"}}, 429, "pay"),
    "error in the choice": (
        {"choices": [{"error": {"code": 502, "message": "died"}, "message": {"content": ""}}]}, 502, "died",
    ),
    "error in a stream": (b'data: {"error": {"message": "died", "code": 503}}\n\n', 503, "died"),
    "stream cut off": (stream({"content": "re"}, end=b""), 502, "cut off"),
    "garbled stream": (b"data: {\n\n", 502, "no JSON"),
    "page": (b"<html>a proxy</html>", 502, "a proxy"),
    "cut JSON": (b'{"choices": [{"mess', 502, "no JSON"),
    "deep JSON": (b"[" * 100_000, 502, "no JSON"),
    "empty": (b"", 502, "no JSON"),
    "list": ([], 502, "[]"),
    "null": (b"null", 502, "None"),
    "no choices": ({"choices": []}, 502, "choices"),
    "choices is a number": ({"choices": 0}, 502, "choices"),
    "a choice of null": ({"choices": [None]}, 502, "choices"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_ANSWER)
def test_reply_without_answer_says_why(name):
    content, status, words = NO_ANSWER[name]
    with pytest.raises(BadReply) as raised:
        read_reply(body(content))
    assert raised.value.status == status
    assert words in str(raised.value)


def test_usage_is_read_also_without_an_answer():
    counts = {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    assert read_reply(body({**reply("red"), **counts})) == ("red", 3, 4)
    with pytest.raises(BadReply) as raised:
        read_reply(body({**reply(None, "length"), **counts}))
    assert raised.value.usage == (3, 4)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("named", [True, False])
def test_other_encodings_are_read(encoding, named):
    data = json.dumps(reply("café"), ensure_ascii=False).encode(encoding)
    assert read_reply(data, encoding if named else None).text == "café"
    assert read_reply(data, "no-such-encoding").text == "café"


def test_half_an_emoji_becomes_a_replacement_character():
    assert read_reply(body(reply("red \ud83d"))).text == "red \ufffd"
    assert read_reply(json.dumps(reply("red \ud83d"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "text", ["", "red", "The tag <think> opens thoughts.", "a < b", "<b>red</b>", "red <|x|> blue"]
)
def test_other_text_is_unchanged(text):
    assert without_thoughts(text) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"message": "too long"}, "too long"),
        ({"error": {"message": "too long"}}, "too long"),
        ({"detail": [{"loc": ["body", "temperature"], "msg": "not permitted"}]}, "body.temperature: not permitted"),
        ({"detail": "not found"}, "not found"),
        ("<html><h1>502 Bad Gateway</h1></html>", "502 Bad Gateway"),
        ({"odd": 1}, '{"odd": 1}'),
    ],
)
def test_error_text_of_every_form(error, text):
    assert " ".join(error_text(error).split()) == text
