"""`lethe push` to a Hub that repeats the token, or sends escape sequences: neither reaches the terminal."""

import pytest
from hub_faults import Fault
from hub_repos import TOKEN
from leaks import FORMS, assert_no_piece

FEW = ("repr", "percent twice", "base64 of Bearer")
REST = [form for form in FORMS if form not in FEW]
STATUSES = {400: "POST .*/preupload/", 401: "GET .*", 403: "GET .*", 409: "POST .*/repos/create", 422: "POST .*"}


@pytest.mark.parametrize("forms", [FEW, pytest.param(REST, marks=pytest.mark.slow)], ids=["few", "rest"])
@pytest.mark.parametrize("status", STATUSES)
def test_no_answer_of_the_hub_prints_the_token(user, status, forms):
    for number, form in enumerate(forms):
        message = FORMS[form](TOKEN).replace("\n", " ")
        fault = Fault(STATUSES[status], status=status, message=message, headers={"X-Request-Id": message}, times=99)
        done = user.types("push", "icu", f"somebody/leak-{status}-{len(forms)}-{number}", faults=(fault,))
        assert done.status == 2, done
        assert_no_piece(done.out + done.error, TOKEN)


def test_escapes_of_the_hub_are_named(user):
    fault = Fault("GET .*", status=400, message="\x1b]0;title\x07\x1b[2J\x9b31m", times=99)
    done = user.types("push", "icu", "somebody/escapes", faults=(fault,))
    assert done.status == 2
    assert r"\u001b]0;title\u0007\u001b[2J" in done.error
    assert not {"\x1b", "\x07", "\x9b"} & set(done.error)


@pytest.mark.parametrize("token", [TOKEN + " x", TOKEN + "\u2019", TOKEN + "\x7f"])
def test_token_that_cannot_be_sent_is_one_line(user, token):
    received = len(user.server.received)
    done = user.types("push", "icu", "somebody/bad-token", token=token)
    assert done.status == 2
    assert done.line.startswith("lethe: the token of the Hub cannot be sent: it holds a")
    assert_no_piece(done.error, TOKEN)
    assert len(user.server.received) == received
