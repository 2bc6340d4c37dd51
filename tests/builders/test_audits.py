"""Audits: each finds the fault that is put in, and nothing in the same data without it."""

import random
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
from audit_samples import NATIONS, choices, row, sample, subjects
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from PIL import Image
from sklearn.linear_model import LogisticRegression, Ridge

from lethebench.builders.audits.linear import accuracies, auc, choice_accuracies, folds_of, standardized
from lethebench.builders.audits.sample import PackedRows, Sample
from lethebench.builders.audits.shortcuts import POOLED, shortcuts
from lethebench.builders.audits.texts import self_bleu, texts
from lethebench.builders.audits.two_samples import chance_error, look, text_features, two_samples
from lethebench.generation.lookups import commonest, lookup


def nothing(domain, attribute, keys):
    return ()


def towns(rng, nation, right, count=5):
    return rng.sample([name for n in range(40) if (name := f"Town{n}, {nation}land") != right], count)


def with_options(fault=None):
    """A maker of rows whose options, five towns of the subject's country, have a fault."""

    def make(rng, subject, part):
        nation, right = subject.details["nationality"], subject.values["town"]
        wrong = towns(rng, nation, right, 4)
        if fault == "other country":
            wrong = [towns(rng, rng.choice(NATIONS), right, 1)[0] for _ in range(4)]
        if fault == "sentences":
            wrong = [f"It is {town}." for town in wrong]
            right = right.replace("Town", "The wide town of ")
        if fault == "shorter":
            wrong = [town.replace("Town", "T") for town in wrong]
        if fault == "mixed":  # each wrong one shares a word with the right one only
            wrong = [f"{right.split(',')[0]}, {town.split(', ')[1]} {n}" for n, town in enumerate(wrong)]
        if fault in ("numbers", "middle"):
            rank, number = (2 if fault == "middle" else rng.randrange(5)), rng.randint(100, 400)
            values = [f"{number + 30 * step} m" for step in range(5)]
            right, wrong = values[rank], rng.sample([value for value in values if value != values[rank]], 4)
        options, correct = choices(rng, right, wrong)
        if fault == "place":
            options, correct = [right, *wrong], 0
        if fault == "seen" and part == "test":  # the wrong ones of train again
            old = [town for town in make.last[subject.id] if town != right]
            options, correct = choices(rng, right, [*old[:3], *towns(rng, nation, right, 1)])
        make.last[subject.id] = options
        return row(subject, "Where does the person live?", right, options, correct, part=part)

    make.last = {}
    return make


def with_wrong_answers(fault=None):
    """A maker of rows with wrong sentences in the forms of two paraphrases, or with bare wrong answers."""
    forms = ("The town is {}.", "In {} the person has a home.")

    def make(rng, subject, part):
        nation, right = subject.details["nationality"], subject.values["town"]
        wrong = towns(rng, nation, right)
        if fault == "other country":
            wrong = [towns(rng, rng.choice(NATIONS), right, 1)[0] for _ in wrong]
        if fault == "bare among sentences":
            return row(subject, "Where?", right, perturbed=[forms[0].format(town) for town in wrong], part=part)
        perturbed = [forms[n % 2].format(town) for n, town in enumerate(wrong)]
        paraphrases = [form.format(right) for form in forms]
        return row(subject, "Where?", f"I say {right}.", perturbed=perturbed, paraphrases=paraphrases, part=part)

    return make


@pytest.mark.parametrize("make", [with_options(), with_options("numbers"), with_wrong_answers()])
def test_clean_choices_have_no_shortcut(make):
    scores = shortcuts(sample(make), nothing)["town"]
    picks = [scores[kind] for kind in ("options", "wrong_sentences") if kind in scores]
    assert picks
    assert not any(score["shortcut"] for score in picks)


@pytest.mark.parametrize(
    ("make", "kind", "cues"),
    [
        (with_options("other country"), "options", "nationality, with words of the choice"),
        (with_options("sentences"), "options", "5 of 5 by length"),
        (with_options("shorter"), "options", "5 of 5 by length|linear classifier"),
        (with_options("mixed"), "options", "1 of 5 by length"),
        (with_options("middle"), "options", "3 of 5 by number or date|linear classifier"),
        (with_options("place"), "options", "option 1|linear classifier"),
        (with_options("seen"), "options", "never wrong in train"),
        (with_wrong_answers("other country"), "wrong_sentences", "nationality, with words of the choice"),
        (with_wrong_answers("bare among sentences"), "wrong_answers", "1 of 6 by length"),
    ],
)
def test_faulty_choices_are_found_with_their_cue(make, kind, cues):
    score = shortcuts(sample(make), nothing)["town"][kind]
    assert score["shortcut"]
    assert score["cue"] in cues.split("|")
    assert score["score"] > 1.3 * score["chance"]


def guessable(clue):
    """A sample in which a detail, the nationality or the gender, decides a color in nine of ten subjects."""
    rng, people = random.Random(2), subjects()
    for subject in people.values():
        own = subject.details[clue] if clue else str(rng.random())
        color = f"color {len(own)}" if rng.random() < 0.9 and clue else f"color {rng.randrange(7)}"
        subject.values["color"] = color
    return Sample(people, [row(one, "Which?", one.values["color"], attribute="color") for one in people.values()])


@pytest.mark.parametrize(("clue", "kind"), [("nationality", "name"), ("gender", "page"), (None, None)])
def test_guesses_from_name_and_page(clue, kind):
    scores = shortcuts(guessable(clue), lambda domain, attribute, keys: ["gender"])["color"]
    assert [name for name, score in scores.items() if score.get("shortcut")][:1] == ([kind] if kind else [])


def test_few_subjects_are_pooled_or_not_measured():
    make = with_options("sentences")
    assert shortcuts(Sample({}, []), nothing) == {}
    assert shortcuts(sample(make, count=1), nothing) == {}
    assert shortcuts(sample(make, count=12), nothing) == {}
    few = sample(make)
    for number, one in enumerate(few.rows):
        one["attribute"] = f"town {number // 2 % 8}"
    scores = shortcuts(few, nothing)
    assert list(scores) == [POOLED]
    assert scores[POOLED]["options"]["shortcut"]


def test_rows_without_choices_are_not_measured():
    def make(rng, subject, part):
        return row(subject, "Where?", "here", options=["here"], correct=0, part=part, attribute="place")

    assert shortcuts(sample(make), nothing) == {}


def test_packed_rows_give_the_figures_of_plain_ones():
    plain = sample(with_options("other country"))
    packed = PackedRows()
    for one in plain.rows:
        packed.append(one)
    assert list(packed) == plain.rows
    other = Sample(plain.subjects, packed)
    assert other.about("town") == plain.about("town")
    assert other.about("absent") == plain.about("absent") == []
    assert shortcuts(other, nothing) == shortcuts(plain, nothing)
    assert texts(other) == texts(plain)


def test_lookup_equals_counting_the_others():
    rng = random.Random(3)
    targets, clues = ([rng.choice(letters) for _ in range(60)] for letters in ("abc", "xyz"))
    for number, score in enumerate(lookup(targets, clues)):
        others = [t for n, t in enumerate(targets) if n != number and clues[n] == clues[number]]
        counts = {value: others.count(value) for value in others}
        best = [value for value, count in counts.items() if count == max(counts.values())]
        assert score == ((targets[number] in best) / len(best) if best else 0)
    assert commonest(["a", "b", "a"]) == 2 / 3
    assert lookup(["a"], ["x"]) == [0.0]


def test_linear_classifiers_find_signal_and_nothing_in_noise():
    rng = np.random.default_rng(0)
    right = rng.integers(4, size=300)
    noise = rng.normal(size=(300, 4, 5))
    signal = noise.copy()
    signal[np.arange(300), right, 2] += 2
    groups = [str(number // 2) for number in range(300)]
    assert abs(choice_accuracies(noise, right, groups).mean() - 0.25) < 0.06
    accuracy = choice_accuracies(signal, right, groups).mean()
    pairs = (signal - signal.mean(axis=1, keepdims=True)).reshape(-1, 5)  # a peer: each choice, right or wrong
    peer = LogisticRegression().fit(pairs, (np.arange(4) == right[:, None]).ravel())
    assert abs(accuracy - ((signal @ peer.coef_[0]).argmax(axis=1) == right).mean()) < 0.04
    targets = [f"value {number % 3}" for number in range(300)]
    assert accuracies(noise[:, 0], targets).mean() < 0.4
    assert accuracies(np.eye(3)[np.arange(300) % 3], targets).mean() == 1


def test_auc_is_unbiased_without_signal():
    rng = np.random.default_rng(5)
    labels = [0] * 60 + [1] * 20
    values, errors = zip(
        *(auc(standardized(rng.normal(size=(80, 40)), ["one"] * 80), labels, ["one"] * 80) for _ in range(60)),
        strict=True,
    )
    assert abs(fmean(values) - 0.5) < 0.03
    assert max(errors) < 0.02
    shifted = rng.normal(size=(80, 5)) + np.array(labels)[:, None]
    assert auc(standardized(shifted, ["one"] * 80), labels, ["one"] * 80)[0] > 0.9


def test_auc_equals_ridge_regression_on_the_other_folds():
    """A peer: scikit-learn's, trained again for every fold of every split."""
    rng, groups = np.random.default_rng(1), ["a"] * 30 + ["b"] * 30
    labels = [n % 2 for n in range(60)]
    features = standardized(rng.normal(size=(60, 8)) + 0.4 * np.array(labels)[:, None], groups)
    values = []
    for split in range(64):
        folds = folds_of([f"{group} {label}" for group, label in zip(groups, labels, strict=True)], split)
        wins = []
        for fold in range(5):
            test, train = np.flatnonzero(folds == fold), folds != fold
            peer = Ridge(alpha=1.0, fit_intercept=False).fit(features[train], np.array(labels)[train] - 0.5)
            scores = dict(zip(test, peer.predict(features[test]), strict=True))
            wins += [
                scores[i] > scores[j] for i in test for j in test if groups[i] == groups[j] and labels[i] > labels[j]
            ]
        values.append(fmean(wins))
    assert auc(features, labels, groups) == pytest.approx((fmean(values), np.std(values) / 8), abs=1e-9)


def test_items_of_a_subject_are_in_one_fold():
    """Four copies of each item: their subject would be found among them if they were in several folds."""
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(40, 60)), [n % 2 for n in range(40)]
    copies = np.repeat(standardized(features, ["one"] * 40), 4, axis=0)
    many = [label for label in labels for _ in range(4)]
    assert auc(copies, many, ["one"] * 160)[0] > 0.95
    units = [n for n in range(40) for _ in range(4)]
    assert abs(auc(copies, many, ["one"] * 160, units)[0] - 0.5) < 0.2


@pytest.mark.parametrize("sizes", [[(75, 400)], [(5, 13), (2, 12), (2, 13)], [(20, 0), (10, 10)]])
def test_chance_error_is_the_spread_of_random_scores(sizes):
    rng = np.random.default_rng(0)
    labels = [label for ones, zeros in sizes for label in [1] * ones + [0] * zeros]
    groups = [str(n) for n, pair in enumerate(sizes) for _ in range(sum(pair))]
    values = []
    for _ in range(400):
        wins = [(rng.normal(size=(ones, 1)), rng.normal(size=(1, zeros))) for ones, zeros in sizes]
        values.append(sum((above > below).sum() for above, below in wins) / sum(n * m for n, m in sizes))
    assert chance_error(labels, groups) == pytest.approx(np.std(values), rel=0.12)


@pytest.mark.parametrize("fault", [False, True])
def test_roles_that_differ_in_words_are_found(fault):
    def make(rng, subject, part):
        word = "pears" if fault and subject.role == "forget" else rng.choice(("apples", "plums", "pears"))
        return row(subject, f"Does {subject.values['name']} eat {word}?", "yes", part=part)

    data = sample(make, count=120, roles=("forget", "retain", "holdout"))
    results = two_samples(text_features(data), data)
    assert [result["apart"] for result in results.values()] == [fault, fault, False]


@pytest.mark.parametrize("fault", [False, True])
def test_roles_that_differ_in_pictures_are_found(fault):
    people, rng = subjects(count=90, roles=("forget", "retain")), np.random.default_rng(0)

    def picture(subject):
        grain = rng.integers(60, 200, (24, 24, 3))
        grain[..., 0] += 30 * (fault and subject.role == "forget")
        return Image.fromarray(grain.astype(np.uint8))

    results = two_samples({name: look(picture(one)) for name, one in people.items()}, Sample(people, []))
    assert results["forget/retain"]["apart"] is fault
    assert results["forget/holdout"] == {"not_measured": "0 subjects in holdout; at least 15"}


def test_domains_of_other_roles_are_no_difference():
    """Classes that one role has more of differ in words, but membership is not what tells them apart."""
    people = subjects(count=120)
    rows = []
    for number, (name, one) in enumerate(people.items()):
        domain = "cat" if number % 3 or one.role == "retain" else "dog"
        object.__setattr__(one, "domain", domain)
        rows.append(row(people[name], f"Which {domain}?", random.Random(number).choice(("this", "that", "none"))))
    data = Sample(people, rows)
    result = two_samples(text_features(data), data)["forget/retain"]
    assert not result["apart"]
    forget, retain = result["subjects"]
    assert retain == result["compared"][1]
    assert 0 < result["compared"][0] < forget


def test_self_bleu_equals_nltk():
    rng = random.Random(0)
    words = [[rng.choice("abcdef") for _ in range(rng.randint(2, 9))] for _ in range(25)]
    expected = fmean(
        sentence_bleu(
            [*words[:n], *words[n + 1 :]], text, weights=(1 / 3,) * 3, smoothing_function=SmoothingFunction().method1
        )
        for n, text in enumerate(words)
    )
    assert self_bleu(words) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("monotonous", [False, True])
def test_monotonous_answers_are_found(monotonous):
    rng = random.Random(0)
    names = [f"word{n}" for n in range(400)]

    def make(rng_, subject, part):
        answer = (
            f"The person lives in the small town of {rng.choice(names)} near here today."
            if monotonous
            else words_of(rng, names)
        )
        return row(subject, "Where?", answer)

    result = texts(sample(make))
    assert result["monotonous"] is monotonous
    assert result["all"]["answers"] == 160
    assert result["all"]["mean_tokens"] == (13.0 if monotonous else 7.0)


def words_of(rng, names):
    chosen = rng.sample(names, 6)
    assert all(a != b for a, b in pairwise(chosen))
    return " ".join(chosen) + "."


def test_answers_without_sentences_are_not_measured():
    result = texts(sample(lambda rng, subject, part: row(subject, "Where?", "here", part=part)))
    assert result["not_measured"] == "0 answers in sentences; at least 50"
    assert "self_bleu_3" not in result
