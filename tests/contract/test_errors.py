"""The border to other libraries: one line for any error, with its cause."""

import errno

import pytest

from lethebench.contract.errors import UserError, border, one_line


@pytest.mark.parametrize(
    "error", [RuntimeError("a\nb"), KeyError("a"), RecursionError(), UnicodeDecodeError("utf-8", b"", 0, 1, "a")]
)
def test_border_turns_any_error_into_one_line(error):
    expected = pytest.raises(UserError, match=r"^file\.png cannot be decoded: .*; replace it$")
    with expected as caught, border("file.png cannot be decoded", "replace it"):
        raise error
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)


def test_border_lets_a_full_disk_and_user_errors_pass():
    for error in (OSError(errno.ENOSPC, "full"), UserError("given"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, border("file", "cure"):
            raise error
        assert caught.value is error


def test_one_line_is_never_empty_and_bounded():
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("a" * 1000))) == 300
