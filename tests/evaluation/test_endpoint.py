"""Answers of an OpenAI-compatible API: requests, retries, failures and stored answers."""

import io
import sqlite3
import time
from contextlib import closing
from itertools import pairwise

import pytest
from chat_server import chatting
from PIL import Image

from lethebench.contract.requests.endpoint import Endpoint, EndpointRefused
from lethebench.evaluation.answers.letters import chosen, letter_question
from lethebench.evaluation.harness.endpoint import ask

KEY = "sk-secret-0123456789"
COLORS = {"red": (200, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 200)}


def color_of(text: str, pictures: list[bytes]) -> str:
    """The model's answer: the color in the picture, or the question's last word."""
    if not pictures:
        return text.split()[-1]
    pixel = Image.open(io.BytesIO(pictures[0])).convert("RGB").getpixel((3, 3))
    return next(name for name, value in COLORS.items() if value == pixel)


def rows(count: int = 6) -> list[dict]:
    rows = []
    for number in range(count):
        picture = Image.new("RGB", (8, 8), list(COLORS.values())[number % 3])
        file = io.BytesIO()
        picture.save(file, format="PNG")
        images = [{"bytes": file.getvalue(), "path": None}] if number % 2 else []
        rows.append({"question": f"Number {number}: which color is this? say red{number}", "images": images})
    return rows


def expected(count: int = 6) -> list[str]:
    return [list(COLORS)[number % 3] if number % 2 else f"red{number}" for number in range(count)]


def endpoint(server, **options) -> Endpoint:
    return Endpoint(model="m", key=KEY, base_url=server.url, **{"first_wait": 0.01, "timeout": 5.0, **options})


@pytest.fixture
def server():
    with chatting(color_of) as running:
        yield running


def test_pictures_arrive_unchanged_and_answers_in_order(server):
    questions = rows()
    replies = ask(endpoint(server), questions)
    assert [reply.text for reply in replies] == expected()
    assert [reply.error for reply in replies] == [None] * 6
    assert [reply.tries for reply in replies] == [1] * 6
    sent = {request["text"]: request for request in server.requests}
    assert len(sent) == 6
    for row in questions:
        request = sent[row["question"]]
        assert request["pictures"] == [picture["bytes"] for picture in row["images"]]
        assert request["body"]["temperature"] == 0
        assert request["key"] == KEY
        for url in request["urls"]:
            assert url.startswith("data:image/png;base64,")


@pytest.mark.parametrize("fault", ["busy", "broken", "dropped", "cut", "garbled", "page", "no_choice", "silent"])
def test_transient_faults_are_retried(server, fault):
    server.faults = [fault, fault]
    replies = ask(endpoint(server, concurrency=1, timeout=0.5), rows(2))
    assert [reply.text for reply in replies] == expected(2)
    assert sum(reply.tries for reply in replies) == 4


def test_retry_after_is_respected_up_to_the_maximum(server):
    server.faults = ["busy"]
    (reply,) = ask(endpoint(server), rows(1))
    assert reply.tries == 2
    assert server.requests[1]["at"] - server.requests[0]["at"] >= 0.2
    server.always = "busy_for_hours"
    start = time.monotonic()
    (reply,) = ask(endpoint(server), rows(1))
    assert time.monotonic() - start < 2
    assert reply.text is None
    assert "429" in reply.error
    assert "quota" in reply.error


def test_waits_double(server):
    server.faults = ["broken"] * 3
    ask(endpoint(server, first_wait=0.1), rows(1))
    times = [request["at"] for request in server.requests]
    waits = [late - early for early, late in pairwise(times)]
    assert len(waits) == 3
    for wait, bound in zip(waits, (0.1, 0.2, 0.4), strict=True):
        assert 0.75 * bound <= wait <= bound + 0.1


@pytest.mark.parametrize("fault", ["broken", "garbled", "dropped"])
def test_permanent_fault_fails_its_row_only(server, fault):
    class OfTheFirst(list):
        def __len__(self):
            return 99

        def __getitem__(self, number):
            return fault if server.requests[number]["text"] == server.requests[0]["text"] else None

    server.faults = OfTheFirst()
    replies = ask(endpoint(server, concurrency=1, retries=2), rows(3))
    assert [reply.text for reply in replies] == [None, *expected(3)[1:]]
    assert replies[0].tries == 3
    assert "\n" not in replies[0].error


def test_refused_row_is_not_retried(server):
    server.faults = ["bad_row"]
    replies = ask(endpoint(server, concurrency=1), rows(2))
    assert replies[0].text is None
    assert replies[0].tries == 1
    assert "picture is too large" in replies[0].error
    assert replies[1].text == expected(2)[1]


@pytest.mark.parametrize(("fault", "word"), [("no_key", "wrong key"), ("no_model", "no model m")])
def test_wrong_key_or_model_stops_at_once(server, fault, word):
    server.always = fault
    with pytest.raises(EndpointRefused, match=word) as raised:
        ask(endpoint(server, concurrency=2), rows(40))
    assert len(server.requests) <= 4
    assert KEY not in str(raised.value)


def test_key_is_not_written(server, tmp_path):
    server.faults = ["bad_row"]
    path = tmp_path / "answers.sqlite"
    replies = ask(endpoint(server), rows(2), answers=path)
    assert KEY not in repr(endpoint(server)) + str(replies) + path.read_bytes().decode("latin-1")


def test_interrupted_pass_resumes(server, tmp_path):
    path = tmp_path / "answers.sqlite"
    server.faults = [None, None, "no_key"]
    with pytest.raises(EndpointRefused):
        ask(endpoint(server, concurrency=1), rows(), answers=path)
    path.with_name("answers.sqlite-wal").write_bytes(b"7\x7f\x06\x82 cut")  # as a killed process leaves it
    server.faults = []
    replies = ask(endpoint(server, concurrency=1), rows(), answers=path)
    assert [reply.text for reply in replies] == expected()
    assert [reply.tries for reply in replies] == [0, 0, 1, 1, 1, 1]
    server.requests.clear()
    assert [reply.text for reply in ask(endpoint(server), rows(), answers=path)] == expected()
    assert server.requests == []


def test_stored_answers_match_their_request_only(server, tmp_path):
    path = tmp_path / "answers.sqlite"
    server.faults = ["bad_row"]
    ask(endpoint(server, concurrency=1), rows(2), answers=path)
    assert ask(endpoint(server), rows(2), answers=path)[0] == (expected(2)[0], None, 1)
    changed = [{**row, "images": rows(4)[3]["images"]} for row in rows(2)]
    assert [reply.text for reply in ask(endpoint(server), changed, answers=path)] == ["red", "red"]
    server.requests.clear()
    ask(Endpoint(model="other", key=KEY, base_url=server.url), rows(2), answers=path)
    assert len(server.requests) == 2
    with closing(sqlite3.connect(path)) as database:
        assert all(text for (text,) in database.execute("SELECT text FROM answers"))


def test_half_an_emoji_is_replaced_in_replies_and_stored_answers(tmp_path):
    """Arrow and UTF-8 take no lone surrogate; a file of answers may hold one from before it was replaced."""
    answers = tmp_path / "answers.sqlite"
    with chatting(lambda text, pictures: "red \ud83d") as server:
        assert ask(endpoint(server), rows(1), answers=answers)[0].text == "red \ufffd"
        with closing(sqlite3.connect(answers)) as database, database:
            database.execute(
                "UPDATE answers SET text = CAST(? AS TEXT)", ("red \ud83d".encode("utf-8", "surrogatepass"),)
            )
        reply = ask(endpoint(server), rows(1), answers=answers)[0]
    assert (reply.text.rstrip("\ufffd"), reply.error, reply.tries) == ("red ", None, 0)
    assert reply.text.encode()


def test_concurrency_reaches_its_limit(server):
    server.slow = 0.1
    ask(endpoint(server, concurrency=4), rows(12))
    assert server.most == 4


def test_refused_settings_are_dropped(server):
    server.always = "modern"
    replies = ask(endpoint(server, concurrency=4), rows())
    assert [reply.text for reply in replies] == expected()
    body = server.requests[-1]["body"]
    assert "temperature" not in body
    assert body["max_completion_tokens"] == 256


def test_empty_refused_and_truncated_answers():
    choices = iter(
        [
            {"message": {"content": ""}, "finish_reason": "stop"},
            {"message": {"content": None, "refusal": "I cannot say."}, "finish_reason": "stop"},
            {"message": {"content": ""}, "finish_reason": "length"},
            {"message": {"content": None}, "finish_reason": "content_filter"},
        ]
    )
    with chatting(lambda text, pictures: next(choices)) as server:
        replies = ask(endpoint(server, concurrency=1), rows(4))
    assert [reply.text for reply in replies] == ["", "I cannot say.", None, None]
    assert "length" in replies[2].error
    assert "content_filter" in replies[3].error


def test_progress_reaches_one(server):
    shares = []
    ask(endpoint(server), rows(), progress=lambda now: shares.append(now.done / now.total))
    assert shares == [pytest.approx(number / 6) for number in range(1, 7)]


CHOSEN = {
    1: ["B", "(b)", "b. blue", "**B**", "The answer is B because it is.", "Blue."],
    2: ["Answer: C", "a sunny day"],
    None: ["A sunny sky", "E", "B because", "", "\x00\x07" * 50],
}


@pytest.mark.parametrize("option", CHOSEN)
def test_chosen_option(option):
    for text in CHOSEN[option]:
        assert chosen(text, ["red", "blue", "a sunny day"]) == option, text


def test_letter_question_lists_options():
    text = letter_question("Which color?", ["red", "blue"])
    assert text.splitlines()[:3] == ["Which color?", "A. red", "B. blue"]
    assert letter_question("Which color?", []) == "Which color?"
    with pytest.raises(ValueError, match="27 options"):
        letter_question("?", [str(number) for number in range(27)])
