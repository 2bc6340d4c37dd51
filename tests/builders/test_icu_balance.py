"""Who is to be forgotten and held out in icu: neither pages nor words tell the roles apart, at every measured seed."""

import numpy as np
import pytest

from lethebench.builders.audits.sample import MOST_SUBJECTS, Sample, Subject, checksum
from lethebench.builders.audits.two_samples import BAND, look, text_features, two_samples
from lethebench.builders.icu.plan import DRAWN_AGAIN, PAPER_PROFILES, people, role_order
from lethebench.builders.write.pictures import thumbnail
from lethebench.generation.documents import render
from lethebench.generation.icu.distractors import pools
from lethebench.generation.icu.profiles import DOMAINS
from lethebench.generation.icu.questions import train_questions
from lethebench.generation.questions.records import View

AUDITED = 2
"""The first pictures of a subject, which the audit looks at in a build of this size."""


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
    subjects, rows, looks = {}, [], {}
    for role, members in roles.items():
        for one in sorted(members, key=lambda profile: checksum(profile.id))[:MOST_SUBJECTS]:
            subjects[one.id] = Subject(one.id, one.domain, role, {"name": one.name}, {})
            pages = (render(one, View((field,))) for field in DOMAINS[one.domain][:AUDITED])
            looks[one.id] = np.array([look(thumbnail(page)) for page in pages])
            rows += [
                {"profile_id": one.id, "question": row.question, "answer": row.answer, "part": "train"}
                for row in train_questions(one, values)
            ]
    sample = Sample(subjects, rows)
    for features in (looks, text_features(sample)):
        for pair, result in two_samples(features, sample).items():
            assert abs(result["auc"] - 0.5) < BAND, pair
