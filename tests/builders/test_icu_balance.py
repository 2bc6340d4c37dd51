"""Who is to be forgotten and held out in icu: neither pages nor words tell the roles apart, at every measured seed."""

import pytest
from role_audit import role_audit

from lethebench.builders.audits.two_samples import BAND
from lethebench.builders.icu.plan import DRAWN_AGAIN, PAPER_PROFILES, people, role_order
from lethebench.builders.write.pictures import encode_view
from lethebench.generation.documents import render
from lethebench.generation.icu.distractors import pools
from lethebench.generation.icu.questions import train_questions
from lethebench.generation.questions.records import Profile, View


@pytest.mark.parametrize("number", [0, 3])
def test_role_orders_have_everyone_once_and_follow_their_number(number):
    order = role_order(40, 4, 0, "medical", number)
    assert sorted(order) == list(range(44))
    assert (sorted(order[20:24]) == [40, 41, 42, 43]) == (number == 0)
    assert order != role_order(40, 4, 0, "medical", number + 1)
    assert order != role_order(40, 4, 0, "labor", number)


def test_roles_of_other_sizes_are_drawn_once(monkeypatch):
    before = people(40, seed=0, overlap=0.0)
    monkeypatch.setitem(DRAWN_AGAIN, 0, 7)
    assert people(40, seed=0, overlap=0.0) == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", sorted(DRAWN_AGAIN))
def test_neither_pages_nor_words_tell_roles_apart_at_paper_size(seed):
    """If it fails since pages or words have changed, raise the seed's number in DRAWN_AGAIN until it passes."""
    roles = people(PAPER_PROFILES, seed=seed, overlap=0.0)
    values = pools([profile for members in roles.values() for profile in members])
    figures = role_audit(roles, _thumbnails, lambda profile: train_questions(profile, values))
    assert {name: auc for name, auc in figures.items() if abs(auc - 0.5) >= BAND} == {}


def _thumbnails(profile: Profile, role: str, most: int) -> list[bytes]:
    views = [View((field,)) for field in list(profile.fields)[:most]]
    return [encode_view(profile.id, render(profile, view), "").thumbnail["bytes"] for view in views]
