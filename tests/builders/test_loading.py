"""Every split of a build loads with the rows and the content that the manifest declares."""

import pytest
from small_build import check_splits, quick_build

from lethebench.builders import BENCHMARKS


@pytest.mark.parametrize("name", BENCHMARKS)
def test_splits_load_with_their_rows(name):
    check_splits(quick_build(name))
