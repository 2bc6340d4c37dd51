"""The pages of the site, without cards and pictures."""

import pytest

from lethe_docs.pages import pages


@pytest.fixture(scope="session")
def site() -> dict[str, str | bytes]:
    return pages(None)
