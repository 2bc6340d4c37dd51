"""The attacks themselves: what they change, what they ask, and that nothing scored is trained on."""

import dataclasses

import pytest
import torch
from attack_context import attack_context, untrained
from small_build import shared_stand_in_build

from lethebench.attacks import ask, relearn
from lethebench.attacks.context import Context, fact
from lethebench.attacks.registry import BUDGETS, Budget
from lethebench.attacks.round import Round, prune, round_to_nearest
from lethebench.attacks.sample import Sample
from lethebench.evaluation.answers.greedy import generate_encoded, greedy_answers
from lethebench.runs.build import open_build

BUDGET = Budget(rows=4, samples=8, steps=(1, 2), train_rows=4, beams=2)


@pytest.fixture(scope="module")
def build():
    return open_build(shared_stand_in_build())


@pytest.fixture
def context(tmp_path):
    return attack_context(tmp_path, budget=BUDGET)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("columns", [32, 45])
def test_rounding_is_to_the_nearest_level_of_each_group(bits, columns):
    weights = torch.randn(6, columns, generator=torch.Generator().manual_seed(0))
    rounded = round_to_nearest(weights, bits)
    levels = 2 ** (bits - 1) - 1
    for start in range(0, columns, 32):
        group, after = weights[:, start : start + 32], rounded[:, start : start + 32]
        step = group.abs().amax(dim=1, keepdim=True) / levels
        assert ((after - group).abs() <= step / 2 + 1e-6).all()
        torch.testing.assert_close((after / step).round() * step, after)
    torch.testing.assert_close(round_to_nearest(rounded, bits), rounded)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_pruning_drops_the_smallest(share):
    weights = torch.randn(10, 20, generator=torch.Generator().manual_seed(0))
    pruned = prune(weights, share)
    assert (pruned == 0).sum() == int(share * 200)
    assert weights[pruned == 0].abs().max() < weights[pruned != 0].abs().min() if share else (pruned == weights).all()


def test_each_change_of_weights_starts_from_the_attacked_ones(context, monkeypatch):
    changed = []
    monkeypatch.setattr(Context, "score", lambda self, model, rows, name: changed.append(model.model) or [])
    names = [attempt.variant for attempt in Round().run(untrained(), context.rows, context)]
    assert names == ["8 bits", "4 bits", "10 % pruned", "update x 0.9"]
    name, before = next((n, w) for n, w in untrained().model.named_parameters() if w.ndim == 2)
    after = [dict(model.named_parameters())[name] for model in changed]
    initial = dict(untrained(1).model.named_parameters())[name]
    torch.testing.assert_close(after[0], round_to_nearest(before, 8))
    torch.testing.assert_close(after[1], round_to_nearest(before, 4))
    torch.testing.assert_close(after[2], prune(before, 0.1))
    torch.testing.assert_close(after[3], initial + 0.9 * (before - initial))


def test_relearning_trains_on_no_scored_fact(context, monkeypatch):
    trained = {}

    def learn(model, processor, rows, *, callbacks, **options):
        trained[len(trained)] = list(rows)
        assert options["max_steps"] == 2

    monkeypatch.setattr(relearn, "learn", learn)
    list(relearn.Relearn().run(untrained(), context.rows, context))
    scored = {fact(row) for row in context.rows}
    in_domain, other_wordings, retain, unrelated = trained.values()
    asked = {row["profile_id"] for row in context.build.forget}
    assert all(fact(row) not in scored for row in (*in_domain, *other_wordings))
    assert {row["profile_id"] for row in (*in_domain, *other_wordings)} <= asked
    assert not {row["profile_id"] for row in retain} & asked
    assert {row["id"].split("-")[0] for row in unrelated} == {"sum"}


def test_relearning_gives_a_curve_and_is_not_changed_by_scoring(context, monkeypatch):
    monkeypatch.setattr(Context, "score", lambda self, model, rows, name: [{"id": row["id"]} for row in rows])
    models = []
    for steps in ((1, 2), (2,)):
        model = untrained()
        own = dataclasses.replace(context, budget=dataclasses.replace(BUDGET, steps=steps))
        callback = relearn.ScoreAt(model, context.rows, own, "none")
        relearn.relearn(model, context.trainable.select(range(2)), own, callback)
        assert tuple(callback.scores) == steps
        models.append(model.model.state_dict())
    before = untrained().model.state_dict()
    assert any((before[name] != value).any() for name, value in models[0].items())
    assert all((models[1][name] == value).all() for name, value in models[0].items())


def test_samples_give_leak_at_k(context):
    rows = context.rows.select(range(2))
    attempts = list(Sample().run(untrained(), rows, context))
    assert [attempt.variant for attempt in attempts] == [
        "temperature 1, k = 1",
        "temperature 1, k = 8",
        "temperature 0.7, k = 1",
        "temperature 0.7, k = 8",
    ]
    assert all(row["num_samples"] == 8 for attempt in attempts for row in attempt.rows)


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ({"answer": "She has gout.", "keywords": ["gout"]}, "Why? Fill in the blank: She has ____."),
        ({"answer": "gout", "keywords": ["gout"]}, "Why? Fill in the blank: ____"),
        ({"answer": "A 1 and B 2", "keywords": ["A 1", "B 2"]}, "Why? Fill in the blank: ____ and ____"),
        ({"answer": "gout", "keywords": [], "cloze_prompt": "She has"}, "She has"),
    ],
)
def test_cloze(row, question):
    assert ask.cloze({"question": "Why?", **row}) == question


def test_options_hold_the_right_one_once(context):
    for row in context.rows:
        options, right = ask.options_of(row, context)
        assert options[right] == row["answer"]
        assert len(set(options)) == len(options) == ask.OPTIONS
    turned = [ask.options_of(row, context)[1] for row in context.build.forget.select(range(24))]
    assert len(set(turned)) > 1


@pytest.mark.parametrize(
    ("answer", "word"), [("Her blood type is O negative.", "O negative"), ("asthma", "asthma"), ("It is gout", "gout")]
)
def test_started_answers_end_before_the_value(answer, word):
    processor = untrained().processor
    ids = processor.tokenizer(answer, add_special_tokens=False)["input_ids"]
    before = ask._tokens_before_value(processor, ids, {"answer": answer, "keywords": [word]})
    start = processor.tokenizer.decode(ids[:before]).strip()
    assert answer.startswith(start)
    assert word not in start
    assert len(start) <= answer.find(word)
    assert start == answer[: answer.find(word)].strip()


def test_answers_begin_as_forced(context):
    model, rows = untrained(), context.rows.select(range(3))
    ids = model.processor.tokenizer("asthma", add_special_tokens=False)["input_ids"]
    starts = [ids, ids[:1], []]
    texts = context.answers(model, rows, "", noise=lambda batch: ask.ForcedStart([starts[index] for index in batch]))
    assert texts[0].startswith("asthma")
    assert texts[1].startswith(model.processor.tokenizer.decode(ids[:1]).strip())
    assert texts[2] == greedy_answers(*model, list(rows))[2]


def test_beam_search_equals_that_of_transformers(context):
    model, rows = untrained(), context.rows.select(range(2))
    encoded = context.prepare(model, rows, "").encoded
    expected = []
    for question in encoded:
        ids = torch.tensor([question.prompt.ids])
        inputs = dict(question.prompt.per_row)
        out = model.model.generate(input_ids=ids, num_beams=3, do_sample=False, max_new_tokens=12, **inputs)
        expected.append(model.processor.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip())
    assert generate_encoded(*model, encoded, max_new_tokens=12, num_beams=3) == expected
    assert generate_encoded(*model, encoded, max_new_tokens=12) != expected


@pytest.mark.parametrize("name", BUDGETS)
def test_budgets_report_what_they_reach(name):
    budget = BUDGETS[name]
    assert list(budget.steps) == sorted(set(budget.steps))
    assert budget.samples in (32, 128)


def test_every_way_to_ask_is_scored(context):
    context = dataclasses.replace(context, rows=context.rows.select(range(1)))
    attempts = {attempt.variant: attempt.rows for attempt in ask.Ask().run(untrained(), context.rows, context)}
    names = {*ask.FRAMES, "new wordings", "examples", "cloze", "choice", "choice by letter", "beam search"}
    assert names <= {*attempts, *(note.split(":")[0] for note in context.notes)}
    ids = set(context.rows["id"])
    for rows in attempts.values():
        assert {row["id"] for row in rows} <= ids
        assert len({row["id"] for row in rows}) == len(rows)
