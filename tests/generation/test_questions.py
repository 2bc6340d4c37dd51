"""What holds for the questions of every benchmark: answers, wrong answers, wordings and decoys."""

import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from lethebench.generation.icu import distractors
from lethebench.generation.icu import profiles as icu_profiles
from lethebench.generation.icu import questions as icu
from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.mllmu import wordings as mllmu_wordings
from lethebench.generation.mllmu.people import PERSON_FIELDS, figures, people
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.generation.people.public_figures import FIGURE_FIELDS, public_figures
from lethebench.generation.questions.distractors import pools
from lethebench.generation.questions.phrasing import carried
from lethebench.generation.remem import questions as remem
from lethebench.generation.remem.people import ATTRIBUTES, groups
from lethebench.generation.remem.wordings import WORDINGS

DIRECT = r"(What|Which|Who|Whom|Whose|When|Where|How|(In|On|At) (what|which|whose)|Under which|To|Of|On|At)\b"


def icu_rows():
    profiles = {domain: icu_profiles.profiles(domain, 200, seed=0) for domain in icu_profiles.DOMAINS}
    everyone = [profile for members in profiles.values() for profile in members]
    values = distractors.pools(everyone)
    for profile in (profile for members in profiles.values() for profile in members[:60]):
        yield profile, "train", icu.train_questions(profile, values)
        yield profile, "test", icu.test_questions(profile, values)


def mllmu_rows():
    persons, some_figures = people(500, seed=0), figures(60, seed=0)
    build_pools = pools([*persons, *some_figures])
    for profile in (*persons[:100], *some_figures):
        for use in ("train", "test") if profile.domain == "person" else ("train",):
            yield profile, use, mllmu.questions(profile, use, build_pools)


def mlu_rows():
    for one in release().classes.values():
        for profile in (mlu.profile(one.name, key, seed=0) for key in one.entities):
            yield profile, "train", mlu.train_questions(profile, 32, release().pictures_per_pair, evidence=True)
            yield profile, "test", mlu.test_questions(profile, 8, evidence=True)


def remem_rows():
    persons = [person for role, members in groups(20, 4, seed=0).items() if role != "holdout" for person in members]
    cast = {person.profile.id: person for person in persons}
    population = remem.Population(pools([person.profile for person in persons]), cast)
    for person in persons:
        yield person.profile, "train", remem.train_questions(person, population, qa=100, views=100, share=0.7)
        yield person.profile, "test", remem.test_questions(person, population)


ROWS = {"icu": icu_rows, "mllmu": mllmu_rows, "mlu": mlu_rows, "remem": remem_rows}
each_benchmark = pytest.mark.parametrize("name", ROWS)


@cache
def questions_of(name):
    """Return (profile, use, its questions) of profiles of a benchmark."""
    return list(ROWS[name]())


def rows_of(name):
    return ((profile, use, question) for profile, use, questions in questions_of(name) for question in questions)


@each_benchmark
def test_keys_are_unique_in_a_profile(name):
    keys = defaultdict(list)
    for profile, _, question in rows_of(name):
        keys[profile.id].append(question.key)
    assert all(len(set(own)) == len(own) for own in keys.values())


@each_benchmark
def test_answers_state_the_value(name):
    fold = str.casefold if name == "mlu" else str
    for profile, _, question in rows_of(name):
        truth = fold(question.value)
        assert question.value == profile.value(question.attribute)
        assert truth in fold(question.answer)
        assert question.keywords
        texts = {question.answer, *question.paraphrases}
        assert all(fold(word) in fold(text) for text in texts for word in question.keywords)
        if question.format != "multiple_choice" and name != "mlu":
            assert len(texts) >= 4 or question.answer == question.value
            assert question.attribute == "description" or all(truth in text for text in texts)


BRITISH = re.compile(
    r"\b((colo|favo|neighbo|behavio|harbo|labo|hono|humo|flavo|rumo|vapo|odo|armo|parlo|splendo|endeavo|tumo)ur\w*|"
    r"(organ|real|recogn|special|memor|normal|apolog|critic|summar|author|final|hospital|immun|steril|util)is(e|a|i)\w*|"
    r"(anal|paral|catal)ys(e|i)[ds]?n?g?|(travel|cancel|model|label|jewel|counsel|signal|marvel)l(ed|ing|er)\w*|"
    r"grey|centre|theatre|metre|litre|fibre|programme|cheque|licence|defence|offence|catalogue|kerb|tyre|plough|"
    r"(an|h|isch|leuk)aem\w+|paed\w+|gynaec\w+|oes\w+|diarrhoea|physiotherap\w+|radiographer|maintenance fitter|"
    r"caretaker|tiler|timetables?|train driver|lorry|solicitor|barrister|presenter|sales assistant|"
    r"car park|flatmate|whilst|amongst|learnt|spelt|burnt|postcode|surname)\b"
)


@each_benchmark
def test_texts_are_american_english(name):
    for _, _, question in rows_of(name):
        for text in (question.question, question.answer, *question.options, *question.perturbed, *question.paraphrases):
            assert not BRITISH.search(text), text


@each_benchmark
def test_wrong_answers_are_distinct_and_not_true(name):
    for profile, _, question in rows_of(name):
        if question.format == "multiple_choice":
            assert question.paraphrases == ()
            assert sorted([*question.perturbed, question.answer]) == sorted(question.options)
            continue
        assert len(set(question.perturbed)) == len(question.perturbed) == 5
        assert not {question.answer, *question.paraphrases} & set(question.perturbed)
        if name in ("mllmu", "remem"):
            value = re.compile(rf"(?<!\w){re.escape(question.value)}(?!\w)")
            assert not any(value.search(wrong.replace(profile.name, "")) for wrong in question.perturbed)


@each_benchmark
def test_form_does_not_tell_the_right_answer(name):
    """A bare answer has bare wrong answers and no paraphrase, a sentence has sentences only."""
    bare = Counter()
    for _, _, question in rows_of(name):
        if question.format == "multiple_choice":
            continue
        sentences = {text.endswith(".") for text in (question.answer, *question.perturbed, *question.paraphrases)}
        assert len(sentences) == 1, question
        bare[sentences == {False}] += 1
        assert bool(question.paraphrases) == (sentences == {True})
    assert min(bare.values()) > 0.05 * bare.total()


@pytest.mark.parametrize("name", ["icu", "remem"])
def test_wrong_answers_take_the_paraphrases_templates(name):
    for _, _, question in rows_of(name):
        for index, wrong in enumerate(question.perturbed if question.paraphrases else ()):
            paraphrase = question.paraphrases[index % len(question.paraphrases)]
            before, after = re.split(re.escape(question.value), paraphrase, maxsplit=1, flags=re.IGNORECASE)
            assert wrong.startswith(re.split(r"\ban? $", before)[0])
            assert wrong.endswith(after)
        if question.attribute == "monthly_salary":
            assert all(question.value[:3] in wrong for wrong in question.perturbed)


@pytest.mark.parametrize(("name", "low", "high"), [("icu", 0.4, 0.6), ("remem", 0.4, 0.65)])
def test_direct_questions_get_values_and_requests_sentences(name, low, high):
    forms = Counter()
    for _, use, question in rows_of(name):
        if question.format != "generation" or (name == "remem" and question.hops > 1):
            continue
        direct = bool(re.match(DIRECT, question.question))
        forms[use, direct] += 1
        assert (question.answer == question.value) == direct, question
        assert not direct or question.question.endswith("?")
        if not direct:
            assert question.answer[0].isupper()
            assert question.answer.endswith(".")
            assert len(question.answer) > len(question.value) + 5
    for use in ("train", "test"):
        assert low < forms[use, True] / (forms[use, True] + forms[use, False]) < high


def templates_of(name, use):
    """Yield lists of the question templates of an attribute and modality, and how many there must be at least."""
    if name == "remem":
        yield from (
            ([*getattr(one, use), *(request for request, _ in carried(one, use))], 2) for one in WORDINGS.values()
        )
        return
    module = {"icu": icu, "mllmu": mllmu}[name]
    domains = {"icu": icu_profiles.DOMAINS, "mllmu": mllmu.ROTATION}[name]
    for domain, attributes in domains.items():
        for attribute in dict.fromkeys((*attributes, "name")):
            for modality in ("image_text", "text"):
                wording = module.wording(domain, attribute, modality)
                templates = [*wording.direct(use), *(request for request, _ in carried(wording, use))]
                if name == "mllmu":
                    sentences = mllmu.clozes(wording)
                    assert len({sentence for _, sentence in wording.requests}) == 4
                    assert sentences
                    templates += [form.format(text) for form in mllmu_wordings.CLOZES[use] for text in sentences]
                yield templates, {"icu": {"train": 8, "test": 4}, "mllmu": {"train": 12, "test": 10}}[name][use]


@pytest.mark.parametrize("name", ["icu", "mllmu", "remem"])
def test_train_and_test_wordings_are_disjoint(name):
    every = defaultdict(set)
    for use in ("train", "test"):
        for templates, least in templates_of(name, use):
            assert len(set(templates)) == len(templates) >= least
            every[use] |= {template.casefold() for template in templates}
    assert not every["train"] & every["test"]


@pytest.mark.parametrize("name", ["mlu", "remem"])
def test_no_question_is_in_train_and_test(name):
    texts = defaultdict(set)
    for profile, use, question in rows_of(name):
        texts[profile.id, use].add(question.question)
    assert not any(texts[profile.id, "train"] & texts[profile.id, "test"] for profile, _, _ in questions_of(name))


LISTED = icu_profiles.CLOSED | icu_profiles.LISTED | mllmu.LISTED
FIGURES = {
    field: {figure.facts[field] for figure in public_figures()} for field in set(FIGURE_FIELDS) - set(PERSON_FIELDS)
}
DECOYS = [
    *((icu_profiles, name) for attributes in icu_profiles.DOMAINS.values() for name in attributes),
    *((mllmu, name) for name in dict.fromkeys(("name", *PERSON_FIELDS, *FIGURE_FIELDS))),
    *((remem, name) for name in ("name", *ATTRIBUTES)),
]


def test_decoys_are_distinct_and_seeded():
    decoys = [module.decoys(attribute, 40, seed=0) for module, attribute in DECOYS]
    icu_profiles._decoys_so_far.cache_clear()
    for (module, attribute), values in zip(DECOYS, decoys, strict=True):
        size = 40 if module is remem else len(LISTED.get(attribute, range(40)))
        if module is mllmu and attribute in FIGURES:
            size = len(FIGURES[attribute])
        assert len(set(values)) == len(values) == min(40, size), attribute
        assert values == module.decoys(attribute, 40, seed=0)
    for attribute in ("employer", "monthly_salary", "start_date"):
        assert len(icu_profiles.decoys(attribute, 512, seed=3)) == 512
    for module in (icu_profiles, mllmu):
        with pytest.raises(ValueError, match="shoe_size"):
            module.decoys("shoe_size", 5, seed=0)


def test_decoys_of_icu_have_the_form_of_values():
    for domain, attributes in icu_profiles.DOMAINS.items():
        profiles = icu_profiles.profiles(domain, 200, seed=0)
        for attribute in attributes:
            values = icu_profiles.decoys(attribute, 40, seed=0)
            if attribute in icu_profiles.CLOSED:
                assert set(values) == set(icu_profiles.CLOSED[attribute])
                continue
            assert values != icu_profiles.decoys(attribute, 40, seed=1)
            if attribute in ("monthly_salary", "bank_account", "national_id"):
                forms = {re.sub(r"\d[\d,]*", "0", profile.fields[attribute]) for profile in profiles}
                assert {re.sub(r"\d[\d,]*", "0", value) for value in values} <= forms
