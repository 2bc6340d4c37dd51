"""Log-probabilities equal those of one plain forward pass per answer, whatever shares a batch, prefix or picture."""

import copy
import logging

import pytest
import torch
from plain_scores import answers_of, plain_score
from tiny_models import idefics3, llava, picture, qa_rows, softmax_stays_float64

from lethebench.contract import tokens as chat
from lethebench.evaluation.likelihood import calibration as sharing
from lethebench.evaluation.likelihood import forward as passes
from lethebench.evaluation.likelihood import prefix_sharing as contexts
from lethebench.evaluation.likelihood.api import score_answers, score_candidates, score_many

MODELS = {
    "llava": llava,
    "llava-eager": lambda **options: llava(attention="eager", **options),
    "llava-sliding": lambda **options: llava(window=16, **options),
    "idefics3": idefics3,
}


def assert_equal(scores, plain, tolerance=1e-9):
    for score, (logprob, count, *_) in zip(scores, plain, strict=True):
        assert score.num_tokens == count
        assert score.logprob == pytest.approx(logprob, abs=tolerance, rel=0)


@pytest.fixture(autouse=True)
def _float64_throughout(monkeypatch):
    softmax_stays_float64(monkeypatch)


@pytest.fixture
def ways(monkeypatch):
    """What was found exact, kind by kind: without it, a broken shared path would hide behind the fallback."""
    decided = []
    honest = sharing.ways_of

    def noted(model, items):
        decided.append(honest(model, items))
        return decided[-1]

    monkeypatch.setattr(sharing, "ways_of", noted)
    return decided


@pytest.mark.parametrize("name", MODELS)
def test_shared_prefixes_in_mixed_batches_equal_plain_passes_in_float64(name, ways):
    model, processor = MODELS[name]()
    rows = qa_rows()
    rows += [{**row, "images": [picture(20 + i) for _ in row["images"]]} for i, row in enumerate(rows)]  # equal lengths
    answers = [answers_of(row) for row in rows]
    answers[1] += [f"Maria Silva's blood type is no. {number}." for number in range(30)]
    found = score_many(model, processor, rows, answers)
    packed = name in ("llava", "idefics3")  # not with a sliding window, nor with eager attention in float64
    assert ways[0] == contexts.Ways(grouped=packed, packed=packed)  # pictures
    assert ways[-1] == contexts.Ways(grouped=False, packed=packed)  # texts
    for row, texts, scores in zip(rows, answers, found, strict=True):
        assert_equal(scores, [plain_score(model, processor, row, text) for text in texts])


def test_what_the_mixed_batches_exercise():
    _, processor = llava()
    rows = qa_rows()
    answers = [answers_of(row) for row in rows]
    answers[1] += [f"Maria Silva's blood type is no. {number}." for number in range(30)]
    items = list(enumerate(chat.encode(processor, rows, answers)))
    placeholder = processor.tokenizer.convert_tokens_to_ids("<image>")
    for ways in (contexts.Ways(), contexts.Ways(grouped=False), contexts.Ways(packed=False)):
        planned = contexts.plan(items, ways, placeholder)
        assert any(context.grouped for context in planned) is (ways.grouped and ways.packed)  # answers repeat questions
        slots = sorted(slot for context in planned for tail in context.tails for slot in tail.slots)
        assert slots == [(row, place) for row, item in items for place in range(len(item.answers))]
    assert any(context.head for context in planned)
    assert not any(context.grouped for context in contexts.plan(items, contexts.Ways()))  # no placeholder, no sharing


@pytest.mark.parametrize("name", MODELS)
def test_one_answer_per_row_in_a_mixed_padded_batch_equals_plain_passes(name):
    model, processor = MODELS[name]()
    rows = qa_rows()
    plain = [plain_score(model, processor, row, row["answer"]) for row in rows]
    assert len({count for _, count in plain}) > 1  # padding is exercised
    together = score_answers(model, processor, rows)
    assert_equal(together, plain)
    assert_equal([score_answers(model, processor, [row])[0] for row in rows], plain)
    assert_equal(score_answers(model, processor, rows, batch_size=2), plain)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_float32_stays_within_rounding(attention):
    model, processor = llava(dtype=torch.float32, attention=attention)
    rows = qa_rows()
    answers = [answers_of(row) for row in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            logprob, _ = plain_score(model, processor, row, text)
            assert abs(score.logprob - logprob) <= max(2e-4, 1e-6 * abs(logprob))


def test_lora_adapters_are_scored_too():
    peft = pytest.importorskip("peft")
    model, processor = llava()
    row = qa_rows()[1]
    before = score_candidates(model, processor, row, answers_of(row))
    config = peft.LoraConfig(target_modules="all-linear", r=4, init_lora_weights=False)
    model = peft.get_peft_model(model, config).double().eval()
    after = score_candidates(model, processor, row, answers_of(row))
    assert_equal(after, [plain_score(model, processor, row, text) for text in answers_of(row)])
    assert max(abs(a.logprob - b.logprob) for a, b in zip(after, before, strict=True)) > 0.1


def test_candidates_of_unequal_length_and_prefixes_of_each_other():
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


def test_every_answer_ends_with_the_terminator_and_nothing_after_it():
    _, processor = llava()
    row, texts = qa_rows()[:1], [["asthma", "latex <b>", " spaced "]]
    (item,) = chat.encode(processor, row, texts)
    assert [answer.ids[-1] for answer in item.answers] == [2, 2, 2]
    talkative = with_template(processor, "</s>{% endif %}", "</s>\n{% endif %}")
    silent = with_template(processor, "</s>{% endif %}", " {% endif %}")  # as LLaVA-1.5
    assert chat.encode(talkative, row, texts)[0].answers == item.answers
    assert chat.encode(silent, row, texts)[0].answers[:2] == item.answers[:2]
    trimming = with_template(processor, "{{ c.text }}", "{{ c.text | trim }}")  # what is cut is not put back
    trimmed = chat.encode(trimming, row, [["asthma", "spaced", " spaced "]])[0].answers
    assert trimmed[2] == trimmed[1]


def test_tokens_that_merge_across_the_border_are_scored_once(caplog):
    model, processor = llava()
    processor = with_template(processor, "ASSISTANT:{% endif %}", "ASSISTANT: {% endif %}")
    row, texts = qa_rows()[0], ["asthma", "?!"]
    (item,) = chat.encode(processor, [row], [texts])
    assert "token boundary" in caplog.text
    starts = [answer.start for answer in item.answers]
    assert starts[0] == starts[1] - 1  # " asthma" is one token that swallows the prompt's last space, " ?" is not
    assert_equal(
        score_candidates(model, processor, row, texts * 2), [plain_score(model, processor, row, t) for t in texts * 2]
    )


def test_the_picture_matters_and_the_right_row_gets_it():
    model, processor = llava()
    row = qa_rows()[0]
    other = {**row, "images": [picture(9)]}
    none = {**row, "images": []}
    ours, theirs, blind = (score.logprob for score in score_answers(model, processor, [row, other, none]))
    assert abs(ours - theirs) > 1e-2
    assert abs(ours - blind) > 1e-2


def test_equal_pictures_are_processed_once(monkeypatch):
    model, processor = llava()
    calls = []
    kind = type(processor.image_processor)
    original = kind.preprocess

    def counted(self, images, *args, **options):
        calls.append(images)
        return original(self, images, *args, **options)

    monkeypatch.setattr(kind, "preprocess", counted)
    score_answers(model, processor, [*qa_rows(), *qa_rows()[::-1]])
    assert len(calls) == 3  # qa_rows hold three different pictures


def test_pictures_may_come_undecoded():
    import io

    model, processor = llava()
    row = qa_rows()[0]
    data = io.BytesIO()
    row["images"][0].save(data, "PNG")
    undecoded = {**row, "images": [{"bytes": data.getvalue(), "path": None}]}
    assert score_answers(model, processor, [undecoded]) == score_answers(model, processor, [row])


def test_sliding_window_caches_are_copied_and_plain_ones_are_not():
    for options, copies in (({}, False), ({"window": 16}, True)):
        model, _ = llava(**options)
        with torch.no_grad():
            cache = model(input_ids=torch.tensor([[1, 5, 6]]), use_cache=True).past_key_values
        over = passes._over(cache, torch.zeros(4, dtype=torch.long))
        assert (type(over.layers[0]) is not passes._PrefixLayer) is copies


def test_a_model_that_cannot_share_falls_back_with_one_warning(monkeypatch, caplog):
    model, processor = llava()
    rows = qa_rows()[:1] + qa_rows()[3:4]  # one picture row and one text row: two kinds of batches
    answers = [answers_of(row) for row in rows]
    right = score_many(copy.deepcopy(model), processor, rows, answers)
    honest = passes._over

    def forgetful(cache, owner):
        broken = honest(cache, owner)
        for layer in broken.layers:
            layer.values = layer.values * 1.5
        return broken

    monkeypatch.setattr(passes, "_over", forgetful)
    with caplog.at_level(logging.WARNING):
        found = score_many(model, processor, rows, answers)
    for scores, expected in zip(found, right, strict=True):
        assert_equal(scores, expected)
    warnings = [record for record in caplog.records if "cannot share a prefix" in record.message]
    assert len(warnings) == 1
    assert "nats" in warnings[0].message


@pytest.mark.parametrize("missing", ["several", "packed", "grouped"])
def test_a_saving_that_is_not_exact_is_left_out_and_the_others_stay(monkeypatch, caplog, ways, missing):
    model, processor = llava()
    rows = [{**row, "images": [picture(n)]} for n in (1, 7) for row in qa_rows()[:2]]
    answers = [answers_of(row) for row in rows]
    right = score_many(copy.deepcopy(model), processor, rows, answers)
    del ways[:]
    honest = sharing.score_shared

    def broken(model, group, limit, *, packed, **options):
        found = honest(model, group, limit, packed=packed, **options)
        wrong = {"several": len(group) > 1, "packed": packed, "grouped": any(context.grouped for context in group)}
        return [[one - wrong[missing] for one in values] for values in found]

    monkeypatch.setattr(sharing, "score_shared", broken)
    with caplog.at_level(logging.WARNING):
        found = score_many(model, processor, rows, answers)
    assert not caplog.records
    assert not getattr(ways[0], missing)
    assert ways[0].shared
    for scores, expected in zip(found, right, strict=True):
        assert_equal(scores, expected)


def test_answers_with_a_common_beginning_run_it_once():
    head = tuple(range(100, 120))
    answers = [(*head, last, 2) for last in range(10)] + [(7, 8, 2), (9, 2)]
    groups = dict(contexts.shared_heads(answers, prefix=50))
    assert sorted(len(members) for members in groups.values()) == [2, 10]
    assert head in groups
    assert sorted(ids for members in groups.values() for ids in members) == sorted(answers)
    assert list(dict(contexts.shared_heads(answers, prefix=500))) == [()]  # a long prompt is not run twice
    assert list(dict(contexts.shared_heads(answers, prefix=None))) == [()]  # nothing is common to all
    assert list(dict(contexts.shared_heads(answers[:10], prefix=None))) == [head]
    nested = [(5, 6, 7, last) for last in range(40)] + [(5, 6, 7)]  # one answer is the beginning of the others
    for begin, members in contexts.shared_heads(nested, prefix=50):
        assert len(set(members)) == len(members)
        assert all(ids[: len(begin)] == begin and len(ids) > len(begin) for ids in members)


def test_the_model_is_left_in_the_mode_it_was_in():
    model, processor = llava()
    model.train()
    with_dropout = copy.deepcopy(model.config)
    score_answers(model, processor, qa_rows()[:1])
    assert model.training
    assert model.config.to_dict() == with_dropout.to_dict()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_as_many_answers_as_rows():
    model, processor = llava()
    with pytest.raises(ValueError, match="6 rows but 1 lists of answers"):
        score_many(model, processor, qa_rows(), [["asthma"]])


def test_a_template_that_hides_the_answer_is_refused():
    model, processor = llava()
    processor = copy.copy(processor)
    processor.chat_template = "<s>{{ messages[0].content[-1].text }}{% if add_generation_prompt %} now: {% endif %}"
    with pytest.raises(ValueError, match="does not render the answer once"):
        score_answers(model, processor, [{"question": "What?", "images": [], "answer": "asthma"}])
