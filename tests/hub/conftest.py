"""One user of an empty local Hub for every test file: starting the process takes seconds."""

import os

import pytest
from push_support import assert_nothing_leaked, person, stranger
from small_build import stand_in_build


@pytest.fixture(scope="session")
def _person(tmp_path_factory):
    with person(tmp_path_factory.mktemp("people")) as somebody:
        stand_in_build(somebody.work / "icu")
        yield somebody
        assert_nothing_leaked(somebody.server, somebody.home, os.environ["LETHE_TEST_BUILDS"])


@pytest.fixture(scope="module")
def user(_person):
    """The user, with the folder icu, a build with stand-in pages."""
    _person.server.hub.repositories.clear()
    return _person


@pytest.fixture(scope="session")
def other(_person, tmp_path_factory):
    """Another user of the same Hub, without a token."""
    with stranger(_person.server, tmp_path_factory.mktemp("others") / "home") as somebody:
        yield somebody
