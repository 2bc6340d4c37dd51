"""Documents that are filled in by hand, and documents of two pages."""

from dataclasses import replace

import numpy as np
import pytest
from document_pages import (
    FIELDS,
    LAYOUTS,
    a_profile,
    assert_apart,
    assert_no_trace,
    cached_photos,  # noqa: F401, a fixture for every test here
    each_layout,
    sheet_of,
)

from lethebench.generation.documents import SIZE, doc, pages, render
from lethebench.generation.documents.handwriting import HANDS, Hand, write
from lethebench.generation.questions.records import Profile, View

# -- handwriting


@pytest.fixture
def all_by_hand(monkeypatch):
    """Let every document fill in all of its blanks by hand."""
    pen = doc.Doc._pen
    monkeypatch.setattr(
        doc.Doc, "_pen", lambda self, domain: replace(pen(self, domain), keys=frozenset((*FIELDS[domain], "name")))
    )
    pages._sheet.cache_clear()
    yield
    pages._sheet.cache_clear()


@pytest.mark.parametrize(("domain", "name", "seed"), LAYOUTS[::3])
def test_masked_handwriting_leaves_no_trace(all_by_hand, domain, name, seed):
    attributes = (*FIELDS[domain], "name")
    plain = sheet_of(a_profile(domain, seed))
    for masked in (attributes[::2], attributes[1::2]):
        assert_no_trace(plain, sheet_of(a_profile(domain, seed, masked)), masked)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize(("domain", "name", "seed"), LAYOUTS[1::3])
def test_handwriting_meets_nothing(all_by_hand, domain, name, seed, long):
    assert_apart(sheet_of(a_profile(domain, seed, (*FIELDS[domain], "name") if long else ())), seed)


def test_some_documents_of_each_domain_are_filled_in_by_hand():
    for domain in FIELDS:
        keys = [sheet_of(a_profile(domain, seed)).pen.keys for seed in range(40, 64)]
        assert 6 <= sum(map(bool, keys)) <= 18
        assert not {"name", "national_id", "insurance_number", "bank_account"} & frozenset().union(*keys)


@pytest.mark.parametrize("name", HANDS)
@pytest.mark.parametrize("text", ["aaaaaa", "Ștefan Țurcanu", "Nguyễn Thị Hằng", "41 Łódź Street, Győr and beyond"])
def test_letters_of_a_hand_vary_and_stay_in_the_box(name, text):
    hand = Hand(name, 0.1, 1.0)
    first, same, other = (np.asarray(write(text, hand, np.random.default_rng(seed), 150, 40, 14)) for seed in (1, 1, 2))
    assert first.shape == (40, 150)
    assert (first == same).all()
    assert (first != other).any()
    assert not first[[0, -1]].any()
    assert not first[:, [0, -1]].any()


# -- documents of two pages


def sheets_of(profile: Profile):
    """Return both pages of a profile's document of two."""
    return [pages._sheet(pages._key(profile), page, 2) for page in (0, 1)]


@each_layout
def test_fields_are_spread_over_two_pages(domain, name, seed):
    first, second = ({slot.key for slot in sheet.slots} for sheet in sheets_of(a_profile(domain, seed)))
    assert set(FIELDS[domain]) <= first | second
    assert len(set(FIELDS[domain]) - second) >= 2
    assert len(set(FIELDS[domain]) - first) >= 3
    assert "name" in first & second


@each_layout
def test_masked_values_leave_no_trace_on_two_pages(domain, name, seed):
    attributes = (*FIELDS[domain], "name")
    pairs = zip(sheets_of(a_profile(domain, seed)), sheets_of(a_profile(domain, seed, attributes)), strict=True)
    for plain, other in pairs:
        assert_no_trace(plain, other, attributes)


@each_layout
@pytest.mark.parametrize("long", [False, True])
def test_nothing_overlaps_on_two_pages(domain, name, seed, long):
    for sheet in sheets_of(a_profile(domain, seed, (*FIELDS[domain], "name") if long else ())):
        assert_apart(sheet, seed)


def test_pages_of_a_document_are_pictures_of_their_own():
    profile = a_profile("medical", 5)
    first, second = (render(profile, View(page=page), pages=2) for page in (0, 1))
    assert first.size == second.size == SIZE
    assert (np.asarray(first) != np.asarray(second)).mean() > 0.7
    for page, count in ((1, 1), (2, 2), (0, 3), (-1, 2)):
        with pytest.raises(ValueError, match=f"page {page} of {count}"):
            render(profile, View(page=page), pages=count)
