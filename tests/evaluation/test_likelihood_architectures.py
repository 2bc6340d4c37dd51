"""Every architecture: scores equal one plain forward pass per answer, and what must not be shared is found out."""

import dataclasses
import logging
from types import SimpleNamespace

import pytest
import torch
from tiny_architectures import ARCHITECTURES, Tiny
from tiny_models import softmax_stays_float64, tokenizer

from lethebench.evaluation.answers.greedy import decode, generate_encoded
from lethebench.evaluation.likelihood import batching as inputs
from lethebench.evaluation.likelihood import calibration as sharing
from lethebench.evaluation.likelihood import forward as passes
from lethebench.evaluation.likelihood import prefix_sharing as contexts
from lethebench.evaluation.likelihood.api import score_encoded
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Ways

# What cannot be shared, and why: a sliding window hides what a trie puts between, a prefix-LM's pictures see questions.
NOT_PACKED = {"llava_sliding_mistral", "gemma3"}
NOT_GROUPED = {"paligemma"}

LONG = (20, 21, 22, 23, 24, 25, 26, 27)
ANSWERS = [LONG, (20, 21), (20, 21, 22, 30), (40,), (), (41, 42, 43)]  # beginnings of one another, and an empty one


def rows_of(tiny: Tiny, *, answers: int = len(ANSWERS)) -> list:
    """Rows about two pictures, each asked twice, about both at once, and about none."""
    questions = (50, 51, 52), (60, 61, 62, 63)
    asked = [tiny.encoded([1], words, ANSWERS[:answers]) for words in questions]
    asked += [tiny.encoded([2], words, ANSWERS[2 : 2 + min(answers, 2)]) for words in questions]
    both = [tiny.encoded([1, 2], (50, 51), ANSWERS[1 : 1 + min(answers, 3)])]
    if answers > 1:  # a plain sequence among the others
        both.append(tiny.encoded([3], (53, 54, 55, 56, 57), ANSWERS[:1]))
    text = tuple(range(70, 95))
    return [*asked, *both, tiny.encoded([], text, ANSWERS[: min(answers, 3)]), tiny.encoded([], (90, 91), ANSWERS[:1])]


def adapted(tiny: Tiny, dtype: torch.dtype) -> Tiny:
    """The model in a PEFT wrapper: LoRA on every linear layer, the tower's too, with weights that matter."""
    peft = pytest.importorskip("peft")
    torch.manual_seed(1)
    config = peft.LoraConfig(target_modules="all-linear", r=4, init_lora_weights=False)
    return dataclasses.replace(tiny, model=peft.get_peft_model(tiny.model, config).to(dtype).eval())


def worst_gap(tiny: Tiny, rows: list, scores: list) -> float:
    """Largest difference of a sum to a plain pass, in units of what is allowed."""
    worst = 0.0
    for item, found in zip(rows, scores, strict=True):
        for answer, score in zip(item.answers, found, strict=True):
            plain = tiny.plain(item, answer).sum().item()
            allowed = 1e-9 if tiny.model.dtype == torch.float64 else max(2e-4, 1e-6 * abs(plain))
            assert score.num_tokens == len(answer.ids)
            worst = max(worst, abs(score.logprob - plain) / allowed)
    return worst


@pytest.fixture(autouse=True)
def _float64_throughout(monkeypatch):
    softmax_stays_float64(monkeypatch)


@pytest.fixture
def ways(monkeypatch):
    """What was found exact, kind by kind: a broken shared path would hide behind the fallback."""
    decided = []
    honest = sharing.ways_of

    def noted(model, items):
        decided.append(honest(model, items))
        return decided[-1]

    monkeypatch.setattr(sharing, "ways_of", noted)
    return decided


def check(name: str, dtype: torch.dtype, attention: str, adapter: bool, ways: list, *, alone: bool = True) -> None:
    """Several answers and one, of rows together, and one by one."""
    tiny = ARCHITECTURES[name](dtype, attention)
    tiny = adapted(tiny, dtype) if adapter else tiny
    packed = name not in NOT_PACKED and not (attention == "eager" and dtype == torch.float64)
    for answers in (len(ANSWERS), 1) if alone else (len(ANSWERS),):
        rows = rows_of(tiny, answers=answers)
        del ways[:]
        scores = score_encoded(tiny.model, rows)
        assert worst_gap(tiny, rows, scores) <= 1
        shareable = name not in NOT_GROUPED
        if answers > 1:
            assert ways[0].shared
            assert ways[0].packed is packed
        if packed and answers > 1:  # without tries, questions are repeated before each of their answers
            assert ways[0] == Ways(grouped=shareable)
        if answers == 1:
            assert ways[0].grouped is shareable
    if alone:  # rows of one answer each
        assert worst_gap(tiny, rows, [score_encoded(tiny.model, [item])[0] for item in rows]) <= 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_scores_equal_plain_passes_in_float64(name, ways, caplog):
    with caplog.at_level(logging.WARNING):
        check(name, torch.float64, "sdpa", False, ways)
    said = [record.getMessage() for record in caplog.records]  # what fell back
    assert len(said) == (name in NOT_GROUPED)
    assert all("cannot share pictures between questions (sums differ by" in one for one in said)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_scores_equal_plain_passes_in_float32_with_adapters_and_eager_attention(name, ways):
    check(name, torch.float32, "eager", True, ways, alone=False)


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [False, True], ids=["base", "lora"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_whole_matrix(name, dtype, attention, adapter, ways):
    check(name, dtype, attention, adapter, ways)


def shared_gap(tiny: Tiny, items: list, ways: Ways) -> float:
    """Largest difference in nats where rows are scored in these ways without asking whether they are exact."""
    numbered = list(enumerate(items))
    planned = [c for c in contexts.plan(numbered, ways, sharing.placeholder_of(tiny.model)) if len(c.tails) > 1]
    assert planned
    worst = 0.0
    with torch.no_grad():
        for context in planned:
            (found,) = passes.score_shared(tiny.model, [context], BatchLimit(), packed=ways.packed)
            for tail, values in zip(context.tails, found, strict=True):
                row, place = tail.slots[0]
                plain = tiny.plain(items[row], items[row].answers[place]).sum().item()
                worst = max(worst, abs(values[0].sum() - plain))
    return worst


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_positions_off_by_one_are_wrong_by_nats(name, monkeypatch):
    tiny = ARCHITECTURES[name](torch.float64, "sdpa")
    items = rows_of(tiny)[:1]
    ways = Ways(packed=name not in NOT_PACKED)
    assert shared_gap(tiny, items, ways) < 1e-9
    honest = passes._run_prefix

    def shifted(*args):
        prefix, logits = honest(*args)
        return prefix._replace(starts=prefix.starts + 1), logits

    monkeypatch.setattr(passes, "_run_prefix", shifted)
    assert shared_gap(tiny, items, ways) > 0.5


def test_pictures_that_see_the_question_are_not_shared_between_questions(ways):
    tiny = ARCHITECTURES["paligemma"](torch.float64, "sdpa")
    rows = rows_of(tiny)[:2]
    assert shared_gap(tiny, rows, Ways()) > 0.5
    assert shared_gap(tiny, rows, Ways(grouped=False)) < 1e-9
    score_encoded(tiny.model, rows)
    assert [one.grouped for one in ways] == [False]


@pytest.mark.parametrize("kind", ["bool", "zeros"])
def test_a_wrong_mask_is_wrong_by_nats_and_found_out(kind, monkeypatch, ways):
    tiny = ARCHITECTURES["llava"](torch.float32, "eager")
    rows = rows_of(tiny)[:1]
    honest = passes.mask_of
    wrong = {"bool": lambda mask: (mask == 0).to(mask.dtype), "zeros": torch.zeros_like}[kind]
    monkeypatch.setattr(passes, "mask_of", lambda *args: wrong(honest(*args)))
    assert shared_gap(tiny, rows, Ways()) > 0.5
    scores = score_encoded(tiny.model, rows)
    assert [one.packed for one in ways] == [False]
    assert worst_gap(tiny, rows, scores) <= 1


def test_positions_do_not_come_from_what_the_model_remembers_of_another_picture():
    for name in ("qwen2_5_vl", "qwen3_vl"):
        tiny = ARCHITECTURES[name](torch.float64, "sdpa")
        rows = rows_of(tiny)
        pictures, texts = rows[:5], rows[-2:]
        for some in (texts, pictures, texts, pictures[::-1], texts):  # the check is done with the first two
            assert worst_gap(tiny, some, score_encoded(tiny.model, some)) <= 1


def test_answers_of_prefix_models_are_marked_as_the_suffix():
    values = {
        name: inputs.follow_values(make(torch.float32, "sdpa").model, list(make(torch.float32, "sdpa").kinds))
        for name, make in ARCHITECTURES.items()
        if name in ("paligemma", "gemma3", "qwen2_5_vl", "llava")
    }
    assert values == {
        "paligemma": {"token_type_ids": 1},
        "gemma3": {"token_type_ids": 0},
        "qwen2_5_vl": {"mm_token_type_ids": 0},
        "llava": {},
    }


def test_half_precision_stays_near_and_ranks_in_one_call():
    tiny = ARCHITECTURES["llava"](torch.bfloat16, "sdpa")
    exact = ARCHITECTURES["llava"](torch.float32, "sdpa")
    rows = rows_of(tiny)
    for found, right in zip(score_encoded(tiny.model, rows), score_encoded(exact.model, rows), strict=True):
        for one, two in zip(found, right, strict=True):
            assert abs(one.logprob - two.logprob) < 0.05 * abs(two.logprob) + 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_greedy_answers_in_padded_batches_are_those_token_by_token(name):
    tiny = ARCHITECTURES[name](torch.float64, "sdpa")
    asked = [((1,), (50, 51, 52)), ((2,), (60, 61, 62, 63, 64)), ((), (70, 71)), ((), tuple(range(72, 80)))]
    rows = [tiny.encoded(seeds, words, []) for seeds, words in asked]
    tiny.model.generation_config.eos_token_id = None
    with torch.no_grad():  # of random weights, it may say "picture" where there is none; words begin at 10
        tiny.model.get_output_embeddings().weight[:10] = 0
    processor = SimpleNamespace(tokenizer=tokenizer())
    found = generate_encoded(tiny.model, processor, rows, max_new_tokens=4)
    assert len(set(found)) > 1
    assert found == [generate_encoded(tiny.model, processor, [row], max_new_tokens=4)[0] for row in rows]
    for item, text in zip(rows, found, strict=True):
        ids: list[int] = []
        while len(ids) < 4 and 2 not in ids:
            ids.append(tiny.logits(item, ids)[-1].argmax().item())
        assert text == decode(processor, [token for token in ids if token != 2])
