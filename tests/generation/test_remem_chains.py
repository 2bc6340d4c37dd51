"""Relations of remem; questions along them and over several pictures."""

import re
from collections import Counter

import pytest

from lethebench.generation.questions.distractors import pools
from lethebench.generation.questions.phrasing import named
from lethebench.generation.remem.chains import chain_questions
from lethebench.generation.remem.people import FACTS, RELATIONS, groups
from lethebench.generation.remem.questions import Population
from lethebench.generation.remem.several_pictures import PLAN, several_questions
from lethebench.generation.remem.wordings import BRIDGES, LINKS, NUMBER_WORDS, ORDINALS

SIZES = (4, 8, 20, 100)


def population_of(count, seed=0):
    people = [
        person for role, members in groups(count, 4, seed=seed).items() if role != "holdout" for person in members
    ]
    return Population(pools([person.profile for person in people]), {person.profile.id: person for person in people})


@pytest.fixture(scope="module")
def population():
    return population_of(20)


@pytest.fixture(scope="module")
def chains(population):
    """(person at the start, profile_id at the end, question)."""
    people = population.cast.values()
    return [(start, end, question) for start in people for end, question in chain_questions(start, population)]


@pytest.mark.parametrize("count", SIZES)
def test_relations_are_mutual(count):
    people = groups(count, 4, seed=1)
    assert [len(people[role]) for role in ("forget", "retain", "holdout")] == [count // 2, count // 2, 4]
    everyone = {person.profile.id: person for members in people.values() for person in members}
    assert len(everyone) == len({person.profile.name for person in everyone.values()}) == count + 4
    for key, person in everyone.items():
        assert list(person.kin) == list(RELATIONS)
        others = {kin.profile_id for kin in person.kin.values()}
        assert len(others - {key}) == 3
        for relation, kin in person.kin.items():
            other = everyone[kin.profile_id]
            assert other.kin[relation].profile_id == key
            assert person.profile.fields[relation] == other.profile.name
            assert person.profile.details[f"{relation}_id"] == kin.profile_id


@pytest.mark.parametrize("count", SIZES)
def test_relations_cross_or_keep_the_group(count):
    people = groups(count, 4, seed=2)
    side = {person.profile.id: role for role, members in people.items() for person in members}
    task = {person.profile.id: index // 2 for index, person in enumerate(people["forget"])}
    for role, members in people.items():
        for person in members:
            kin = {relation: other.profile_id for relation, other in person.kin.items()}
            if role == "holdout":
                assert {side[other] for other in kin.values()} == {"holdout"}
                continue
            assert {side[kin["relative"]], side[kin["best_friend"]]} == {"forget", "retain"} - {role}
            assert side[kin["colleague"]] == role
            if role == "forget" and count > 4:
                assert task[kin["colleague"]] != task[person.profile.id]


def test_colleagues_share_employer_and_nouns_fit():
    everyone = population_of(100, seed=3).cast
    for person in everyone.values():
        profile, colleague = person.profile, everyone[person.kin["colleague"].profile_id].profile
        assert profile.fields["employer"] == colleague.fields["employer"]
        assert profile.details["home"] == colleague.details["home"]
        assert profile.fields["home_address"] != colleague.fields["home_address"]
        relative, noun = everyone[person.kin["relative"].profile_id].profile, person.kin["relative"].noun
        years = int(relative.details["age"]) - int(profile.details["age"])
        female = relative.details["gender"] == "female"
        assert noun in (
            ("cousin", "aunt", "niece", "sister-in-law") if female else ("cousin", "uncle", "nephew", "brother-in-law")
        )
        assert (noun in ("aunt", "uncle")) == (years >= 17)
        assert (noun in ("niece", "nephew")) == (years <= -17)
        back = everyone[relative.id].kin["relative"].noun
        assert (noun == "cousin") == (back == "cousin")
        assert noun.endswith("-in-law") == back.endswith("-in-law")
    employers = Counter(person.profile.fields["employer"] for person in everyone.values())
    assert set(employers.values()) == {2}


def test_people_depend_on_the_seed():
    assert set(population_of(20, seed=0).cast) == set(population_of(20, seed=1).cast)
    names = [{person.profile.name for person in population_of(20, seed=seed).cast.values()} for seed in (0, 1)]
    assert len(names[0] & names[1]) < 3


def test_fifteen_chains_start_at_everybody(chains):
    for start in {start.profile.id: start for start, _, _ in chains}.values():
        questions = [question for other, _, question in chains if other is start]
        assert Counter(question.hops for question in questions) == {2: 9, 3: 6}
        assert len({question.key for question in questions}) == 15
        for relation in RELATIONS:
            facts = [q.attribute for q in questions if f"/{relation}/" in q.key]
            assert len(set(facts)) == len(facts) == 4
            assert set(facts) <= set(FACTS)
    assert len({(end, question.key) for _, end, question in chains}) == len(chains)
    assert ("colleague", "employer") not in {
        (q.key.split("/")[2], q.attribute) for _, _, q in chains if q.key.count("/") == 4
    }


def test_chain_can_be_followed_from_the_row(chains, population):
    for start, end, question in chains:
        steps = question.key.split("/")
        assert question.view.profile_id == start.profile.id
        if steps[1] == "picture":
            assert (end, question.attribute) == (start.profile.id, steps[2])
            value = start.profile.fields[steps[2]]
        else:
            _, begins, relation, reference, attribute = steps
            assert begins == start.profile.id
            reached = population.cast[population.cast[begins].profile.details[f"{relation}_id"]].profile
            assert (end, question.attribute) == (reached.id, attribute)
            assert question.hops == {"name": 2, "picture": 3}[reference]
            value = reached.fields[attribute]
            slots = named(start.profile.name) | {"kin": start.kin[relation].noun, "other": reached.name}
            link = next(text for text in (link.format(**slots) for link in LINKS) if text in question.answer)
            assert question.answer.index(link) < question.answer.rindex(value)
        assert value in question.answer
        bridges = tuple(bridge.format(n=start.profile.name) for bridge in BRIDGES)
        assert question.answer.startswith(bridges) == ("picture" in steps)


def test_questions_name_only_the_start(chains, population):
    names = [person.profile.name for person in population.cast.values()]
    for start, _, question in chains:
        mentioned = [name for name in names if name in question.question]
        assert mentioned == ([start.profile.name] if "/name/" in question.key else [])


def test_chains_lead_from_retained_to_forgotten_people_and_back(population):
    forgotten = {person.profile.id for person in groups(20, 4, seed=0)["forget"]}
    directions = Counter(
        (start in forgotten, end in forgotten)
        for start in population.cast
        for end, question in chain_questions(population.cast[start], population)
        if question.key.count("/") == 4
    )
    assert directions == {(True, False): 80, (False, True): 80, (True, True): 40, (False, False): 40}


def test_ten_questions_over_two_to_four_pictures(population):
    shots = []
    for person in population.cast.values():
        questions = several_questions(person, population)
        assert len(questions) == len(PLAN) == 10
        counts = [1 + len(question.more_views) for question in questions]
        assert {2, 3, 4} == set(counts)
        shots += [shot for question in questions for shot in (question.view, *question.more_views)]
        for question in questions:
            assert len(set(question.perturbed)) == 5
            assert question.answer not in question.perturbed
            assert not set(question.paraphrases) & set(question.perturbed)
            assert all(word in text for text in (question.answer, *question.paraphrases) for word in question.keywords)
    assert len(set(shots)) == len(shots)


@pytest.mark.parametrize("count", [4, 20])
def test_answers_fit_the_pictures(count):
    population = population_of(count)
    positions = Counter()
    for person in population.cast.values():
        name = person.profile.name
        for number, question in enumerate(several_questions(person, population)):
            names = [population.cast[shot.profile_id].profile.name for shot in (question.view, *question.more_views)]
            matches = [index for index, other in enumerate(names) if other == name]
            if number < 3:  # which of them
                assert question.answer == f"The {ORDINALS[matches[0]]} image shows {name}."
                assert len(matches) == 1
                positions[len(names), matches[0]] += 1
            elif number in (3, 4):  # the same person?
                assert question.answer.startswith("Yes" if len(set(names)) == 1 else "No")
                assert all(other in question.answer for other in names)
                assert (len(set(names)) == 1) == (number == 3)
            elif number == 9:  # reference many
                assert question.answer == f"{name} is in {NUMBER_WORDS[len(matches)]} of the four images."
            else:  # who it is, or a fact of that person
                ordinal = re.search(r"(first|second|third|fourth) image", question.question)[1]
                assert [ORDINALS[index] for index in matches] == [ordinal]
                assert name in question.answer
                assert name not in question.question
    if count == 20:
        assert len(positions) == 2 + 3 + 4  # the subject takes every position


def test_other_people_are_of_the_same_sex(population):
    for person in population.cast.values():
        for question in several_questions(person, population):
            others = [population.cast[shot.profile_id].profile for shot in (question.view, *question.more_views)]
            assert len({profile.details["gender"] for profile in others}) == 1
