"""Scores equal one plain forward pass per answer, whatever shares a batch, a prefix or pictures."""

import copy
import io
import logging
from itertools import pairwise

import pytest
import torch
from plain_scores import answers_of, plain_score
from tiny_models import idefics3, llava, picture, qa_rows

from lethebench.contract.tokens import encode
from lethebench.evaluation.likelihood import calibration, forward, score_answers, score_candidates, score_many
from lethebench.evaluation.likelihood.prefix_sharing import SharingMode, plan_contexts, shared_heads

pytestmark = pytest.mark.usefixtures("float64")


def assert_equal(scores, plain, tolerance=1e-9):
    for score, (logprob, count, *_) in zip(scores, plain, strict=True):
        assert score.num_tokens == count
        assert score.logprob == pytest.approx(logprob, abs=tolerance, rel=0)


@pytest.mark.parametrize("make", [llava, idefics3])
def test_shared_prefixes_equal_plain_passes(make, modes):
    model, processor = make()
    rows = qa_rows()
    rows += [{**row, "images": [picture(20 + i) for _ in row["images"]]} for i, row in enumerate(rows)]  # equal lengths
    answers = [answers_of(row) for row in rows]
    answers[1] += [f"Maria Silva's blood type is no. {number}." for number in range(30)]
    results = score_many(model, processor, rows, answers)
    assert modes[0] == SharingMode()  # pictures
    assert modes[-1] == SharingMode(grouped=False)  # texts
    for row, texts, scores in zip(rows, answers, results, strict=True):
        assert_equal(scores, [plain_score(model, processor, row, text) for text in texts])


def test_planned_contexts_cover_all_answers():
    _, processor = llava()
    rows = qa_rows()
    answers = [answers_of(row) for row in rows]
    answers[1] += [f"Maria Silva's blood type is no. {number}." for number in range(30)]
    items = list(enumerate(encode(processor, rows, answers)))
    placeholder = processor.tokenizer.convert_tokens_to_ids("<image>")
    for mode in (SharingMode(), SharingMode(grouped=False), SharingMode(tries=False)):
        planned = plan_contexts(items, mode, placeholder)
        assert any(context.grouped for context in planned) is (mode.grouped and mode.tries)  # answers repeat questions
        slots = sorted(slot for context in planned for tail in context.tails for slot in tail.slots)
        assert slots == [(row, index) for row, item in items for index in range(len(item.answers))]
    assert any(context.head for context in planned)
    assert not any(context.grouped for context in plan_contexts(items, SharingMode()))  # no placeholder, no sharing


@pytest.mark.parametrize("make", [llava, idefics3])
def test_one_answer_per_row_equals_plain_passes(make):
    model, processor = make()
    rows = qa_rows()
    plain = [plain_score(model, processor, row, row["answer"]) for row in rows]
    assert len({count for _, count in plain}) > 1  # padding is exercised
    together = score_answers(model, processor, rows)
    assert_equal(together, plain)
    assert_equal([score_answers(model, processor, [row])[0] for row in rows], plain)
    assert_equal(score_answers(model, processor, rows, batch_size=2), plain)


def test_float32_stays_within_rounding():
    model, processor = llava(dtype=torch.float32)
    rows = qa_rows()
    answers = [answers_of(row) for row in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            logprob, _ = plain_score(model, processor, row, text)
            assert abs(score.logprob - logprob) <= max(2e-4, 1e-6 * abs(logprob))


def test_candidates_that_begin_one_another():
    model, processor = llava()
    row = qa_rows()[0]
    texts = ["a", "as", "asthma", "asthma, since birth, and much else besides", "asthma", "x" * 60]
    scores = score_candidates(model, processor, row, texts)
    assert_equal(scores, [plain_score(model, processor, row, text) for text in texts])
    assert scores[2] == scores[4]
    assert_equal(score_candidates(model, processor, row, texts, batch_size=1), scores)


def with_template(processor, old, new):
    changed = copy.copy(processor)
    assert old in processor.chat_template
    changed.chat_template = processor.chat_template.replace(old, new)
    return changed


def test_answers_end_with_the_end_token():
    _, processor = llava()
    row, texts = qa_rows()[:1], [["asthma", "latex <b>", " spaced "]]
    (item,) = encode(processor, row, texts)
    assert [answer.ids[-1] for answer in item.answers] == [2, 2, 2]
    talkative = with_template(processor, "</s>{% endif %}", "</s>\n{% endif %}")
    silent = with_template(processor, "</s>{% endif %}", " {% endif %}")  # as LLaVA-1.5
    assert encode(talkative, row, texts)[0].answers == item.answers
    assert encode(silent, row, texts)[0].answers[:2] == item.answers[:2]
    trimming = with_template(processor, "{{ c.text }}", "{{ c.text | trim }}")  # trimmed characters are not restored
    trimmed = encode(trimming, row, [["asthma", "spaced", " spaced "]])[0].answers
    assert trimmed[2] == trimmed[1]


def test_merged_border_tokens_are_scored_once(caplog):
    model, processor = llava()
    processor = with_template(processor, "ASSISTANT:{% endif %}", "ASSISTANT: {% endif %}")
    row, texts = qa_rows()[0], ["asthma", "?!"]
    (item,) = encode(processor, [row], [texts])
    assert "token boundary" in caplog.text
    starts = [answer.start for answer in item.answers]
    assert starts[0] == starts[1] - 1  # " asthma" is one token that swallows the prompt's last space, " ?" is not
    assert_equal(
        score_candidates(model, processor, row, texts * 2), [plain_score(model, processor, row, t) for t in texts * 2]
    )


def test_scores_depend_on_pictures_and_their_order():
    model, processor = llava()
    row = qa_rows()[0]
    rows = [{**row, "images": [picture(n) for n in seeds]} for seeds in ((1, 2), (2, 1), (1,), (9,), (1, 2, 3), ())]
    scores = score_answers(model, processor, rows)
    assert_equal(scores, [plain_score(model, processor, one, row["answer"]) for one in rows])
    sums = sorted(score.logprob for score in scores)
    assert all(larger - smaller > 1e-2 for smaller, larger in pairwise(sums))


def test_equal_pictures_are_processed_once(monkeypatch):
    model, processor = llava()
    calls = []
    kind = type(processor.image_processor)
    original = kind.preprocess

    def counted(self, images, *args, **options):
        calls.append(images)
        return original(self, images, *args, **options)

    encode(processor, [], [])  # tries the processor on a blank picture
    monkeypatch.setattr(kind, "preprocess", counted)
    score_answers(model, processor, [*qa_rows(), *qa_rows()[::-1]])
    assert len(calls) == 3  # qa_rows hold three different pictures


def test_undecoded_pictures_score_the_same():
    model, processor = llava()
    row = qa_rows()[0]
    data = io.BytesIO()
    row["images"][0].save(data, "PNG")
    undecoded = {**row, "images": [{"bytes": data.getvalue(), "path": None}]}
    assert score_answers(model, processor, [undecoded]) == score_answers(model, processor, [row])


def test_only_sliding_window_caches_are_copied():
    for options, copies in (({}, False), ({"window": 16}, True)):
        model, _ = llava(**options)
        with torch.no_grad():
            cache = model(input_ids=torch.tensor([[1, 5, 6]]), use_cache=True).past_key_values
        over = forward._shared_cache(cache, torch.zeros(4, dtype=torch.long))
        assert (type(over.layers[0]) is not forward._PrefixLayer) is copies


def test_fallback_to_whole_sequences_warns_once(monkeypatch, caplog):
    model, processor = llava()
    rows = qa_rows()[:1] + qa_rows()[3:4]  # one picture row and one text row: two kinds of batches
    answers = [answers_of(row) for row in rows]
    right = score_many(copy.deepcopy(model), processor, rows, answers)
    original = forward._shared_cache

    def broken_cache(cache, rows):
        broken = original(cache, rows)
        for layer in broken.layers:
            layer.values = layer.values * 1.5
        return broken

    monkeypatch.setattr(forward, "_shared_cache", broken_cache)
    with caplog.at_level(logging.WARNING):
        results = score_many(model, processor, rows, answers)
    for scores, expected in zip(results, right, strict=True):
        assert_equal(scores, expected)
    warnings = [record for record in caplog.records if "cannot share a prefix" in record.message]
    assert len(warnings) == 1
    assert "nats" in warnings[0].message


@pytest.mark.parametrize("inexact", ["batched", "tries", "grouped"])
def test_only_the_inexact_saving_is_switched_off(monkeypatch, caplog, modes, inexact):
    model, processor = llava()
    rows = [{**row, "images": [picture(n)]} for n in (1, 7) for row in qa_rows()[:2]]
    answers = [answers_of(row) for row in rows]
    right = score_many(copy.deepcopy(model), processor, rows, answers)
    del modes[:]
    original = calibration.score_shared

    def broken(model, group, limit, *, tries, **options):
        results = original(model, group, limit, tries=tries, **options)
        wrong = {"batched": len(group) > 1, "tries": tries, "grouped": any(context.grouped for context in group)}
        return [[values - wrong[inexact] for values in result] for result in results]

    monkeypatch.setattr(calibration, "score_shared", broken)
    with caplog.at_level(logging.WARNING):
        results = score_many(model, processor, rows, answers)
    assert not caplog.records
    assert not getattr(modes[0], inexact)
    assert modes[0].shared
    for scores, expected in zip(results, right, strict=True):
        assert_equal(scores, expected)


def test_shared_heads_group_common_beginnings():
    head = tuple(range(100, 120))
    answers = [(*head, last, 2) for last in range(10)] + [(7, 8, 2), (9, 2)]
    groups = dict(shared_heads(answers, prefix=50))
    assert sorted(len(members) for members in groups.values()) == [2, 10]
    assert head in groups
    assert sorted(ids for members in groups.values() for ids in members) == sorted(answers)
    assert list(dict(shared_heads(answers, prefix=500))) == [()]  # a long prompt is not run twice
    assert list(dict(shared_heads(answers, prefix=None))) == [()]  # nothing is common to all
    assert list(dict(shared_heads(answers[:10], prefix=None))) == [head]
    nested = [(5, 6, 7, last) for last in range(40)] + [(5, 6, 7)]  # one answer is the beginning of the others
    for begin, members in shared_heads(nested, prefix=50):
        assert len(set(members)) == len(members)
        assert all(ids[: len(begin)] == begin and len(ids) > len(begin) for ids in members)


def test_model_and_config_stay_unchanged():
    model, processor = llava()
    model.train()
    config = copy.deepcopy(model.config)
    score_answers(model, processor, qa_rows()[:1])
    assert model.training
    assert model.config.to_dict() == config.to_dict()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_unequal_numbers_of_rows_and_answers_raise():
    model, processor = llava()
    with pytest.raises(ValueError, match="6 rows but 1 lists of answers"):
        score_many(model, processor, qa_rows(), [["asthma"]])


def test_template_that_hides_the_answer_raises():
    model, processor = llava()
    processor = copy.copy(processor)
    processor.chat_template = "<s>{{ messages[0].content[-1].text }}{% if add_generation_prompt %} now: {% endif %}"
    with pytest.raises(ValueError, match="does not render the answer once"):
        score_answers(model, processor, [{"question": "What?", "images": [], "answer": "asthma"}])
