"""The candidates of generated benchmarks: complete, and told apart in every answer."""

from collections import defaultdict

import pytest

from lethebench.builders import BENCHMARKS
from lethebench.evaluation.answers.prepare import candidate_answers
from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.remem import questions as remem


@pytest.fixture(scope="module")
def plans():
    benchmarks = {"mllmu": 100, "remem": 20}
    return {
        name: BENCHMARKS[name].plan(size, seed=0, options=BENCHMARKS[name].OPTIONS().resolve(size))
        for name, size in benchmarks.items()
    }


def mllmu_questions(plan):
    for profile in (profile for unit in plan.units for profile in unit.profiles):
        yield from mllmu.questions(profile, "train", plan.shared.values)[::2]
        yield from mllmu.questions(profile, "test", plan.shared.values)[1::2]


def remem_questions(plan):
    population = plan.shared.trained
    for person in population.cast.values():
        yield from remem.train_questions(person, population, qa=100, views=100, share=0.7)[::3]
        yield from remem.test_questions(person, population)[::2]


@pytest.mark.parametrize(("name", "questions"), [("mllmu", mllmu_questions), ("remem", remem_questions)])
def test_true_candidate_is_found_in_every_answer(plans, name, questions):
    """A name may contain a pet's, a title a town's; answers of remem name the person too."""
    for question in questions(plans[name]):
        if question.attribute == "description":  # several facts in sentences, which no value stands for
            continue
        values = plans[name].candidates[question.attribute]
        answers, truth = candidate_answers(question.answer, values, row_id=question.key, keywords=question.keywords)
        assert values[truth] == question.value
        assert answers[truth] == question.answer


def test_remem_candidates_hold_every_value(plans):
    plan = plans["remem"]
    values = defaultdict(set)
    for member in plan.shared.members.values():
        for attribute in ("name", *member.person.profile.fields):
            values[attribute].add(member.person.profile.value(attribute))
    assert set(plan.candidates) == set(values)
    for attribute, used in values.items():
        candidates = plan.candidates[attribute]
        assert used <= set(candidates)
        assert len(set(candidates)) == len(candidates) >= 24
