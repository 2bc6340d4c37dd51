"""Scores equal one plain forward pass per answer on every architecture; inexact sharing is detected."""

import dataclasses
import logging
from types import SimpleNamespace

import pytest
import torch
from tiny_architectures import ARCHITECTURES, Tiny
from tiny_models import tokenizer

from lethebench.contract.models import placeholder_of
from lethebench.evaluation.answers.greedy import decode, generate_encoded
from lethebench.evaluation.likelihood import forward
from lethebench.evaluation.likelihood.api import score_encoded
from lethebench.evaluation.likelihood.batching import generated_values
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, SharingMode, plan_contexts

pytestmark = pytest.mark.usefixtures("float64")
# A sliding window hides tokens of the context behind a trie's; pictures of a prefix-LM attend to questions.
NO_TRIES = {"llava_sliding_mistral", "gemma3"}
NOT_GROUPED = {"paligemma"}

LONG = (20, 21, 22, 23, 24, 25, 26, 27)
ANSWERS = [LONG, (20, 21), (20, 21, 22, 30), (40,), (), (41, 42, 43)]  # beginnings of one another, and an empty one


def rows_of(tiny: Tiny, *, answers: int = len(ANSWERS)) -> list:
    """Rows about two pictures, each asked twice, about both at once, and about none."""
    questions = (50, 51, 52), (60, 61, 62, 63)
    single = [tiny.encoded([1], words, ANSWERS[:answers]) for words in questions]
    single += [tiny.encoded([2], words, ANSWERS[2 : 2 + min(answers, 2)]) for words in questions]
    both = [tiny.encoded([1, 2], (50, 51), ANSWERS[1 : 1 + min(answers, 3)])]
    if answers > 1:  # a plain sequence among the others
        both.append(tiny.encoded([3], (53, 54, 55, 56, 57), ANSWERS[:1]))
    text = tuple(range(70, 95))
    return [*single, *both, tiny.encoded([], text, ANSWERS[: min(answers, 3)]), tiny.encoded([], (90, 91), ANSWERS[:1])]


def adapted(tiny: Tiny, dtype: torch.dtype) -> Tiny:
    """The model with LoRA on every linear layer, the vision tower's too, with weights that change the output."""
    peft = pytest.importorskip("peft")
    torch.manual_seed(1)
    config = peft.LoraConfig(target_modules="all-linear", r=4, init_lora_weights=False)
    return dataclasses.replace(tiny, model=peft.get_peft_model(tiny.model, config).to(dtype).eval())


def worst_gap(tiny: Tiny, rows: list, scores: list) -> float:
    """Largest difference of a sum from a plain pass, as a multiple of the tolerance."""
    worst = 0.0
    for item, row_scores in zip(rows, scores, strict=True):
        for answer, score in zip(item.answers, row_scores, strict=True):
            plain = tiny.plain(item, answer).sum().item()
            allowed = 1e-9 if tiny.model.dtype == torch.float64 else max(2e-4, 1e-6 * abs(plain))
            assert score.num_tokens == len(answer.ids)
            worst = max(worst, abs(score.logprob - plain) / allowed)
    return worst


def check(name: str, dtype: torch.dtype, attention: str, adapter: bool, modes: list, *, alone: bool = True) -> None:
    """Compare scores of several answers and of one, of rows together and one by one."""
    tiny = ARCHITECTURES[name](dtype, attention)
    tiny = adapted(tiny, dtype) if adapter else tiny
    tries = name not in NO_TRIES and not (attention == "eager" and dtype == torch.float64)
    for answers in (len(ANSWERS), 1) if alone else (len(ANSWERS),):
        rows = rows_of(tiny, answers=answers)
        del modes[:]
        scores = score_encoded(tiny.model, rows)
        assert worst_gap(tiny, rows, scores) <= 1
        shareable = name not in NOT_GROUPED
        if answers > 1:
            assert modes[0].shared
            assert modes[0].tries is tries
        if tries and answers > 1:  # without tries, questions are repeated before each of their answers
            assert modes[0] == SharingMode(grouped=shareable)
        if answers == 1:
            assert modes[0].grouped is shareable
    if alone:  # rows of one answer each
        assert worst_gap(tiny, rows, [score_encoded(tiny.model, [item])[0] for item in rows]) <= 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_scores_equal_plain_passes_in_float64(name, modes, caplog):
    with caplog.at_level(logging.WARNING):
        check(name, torch.float64, "sdpa", False, modes)
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == (name in NOT_GROUPED)
    assert all("cannot share pictures between questions (sums differ by" in message for message in messages)


@pytest.mark.parametrize("name", ["llava", "llava_sliding_mistral", "idefics3", "qwen3_vl", "paligemma"])
def test_lora_and_eager_attention_equal_plain_passes(name, modes):
    check(name, torch.float32, "eager", True, modes, alone=False)


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [False, True], ids=["base", "lora"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_combination_equals_plain_passes(name, dtype, attention, adapter, modes):
    check(name, dtype, attention, adapter, modes)


def shared_gap(tiny: Tiny, items: list, mode: SharingMode) -> float:
    """Largest difference in nats if rows are scored in this mode without a test of whether it is exact."""
    numbered = list(enumerate(items))
    planned = [c for c in plan_contexts(numbered, mode, placeholder_of(tiny.model)) if len(c.tails) > 1]
    assert planned
    worst = 0.0
    with torch.no_grad():
        for context in planned:
            (results,) = forward.score_shared(tiny.model, [context], BatchLimit(), tries=mode.tries)
            for tail, values in zip(context.tails, results, strict=True):
                row, index = tail.slots[0]
                plain = tiny.plain(items[row], items[row].answers[index]).sum().item()
                worst = max(worst, abs(values[0].sum() - plain))
    return worst


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_positions_off_by_one_change_scores(name, monkeypatch):
    tiny = ARCHITECTURES[name](torch.float64, "sdpa")
    items = rows_of(tiny)[:1]
    mode = SharingMode(tries=name not in NO_TRIES)
    assert shared_gap(tiny, items, mode) < 1e-9
    original = forward.run_contexts

    def shifted(*args):
        prefix, logits = original(*args)
        return prefix._replace(starts=prefix.starts + 1), logits

    monkeypatch.setattr(forward, "run_contexts", shifted)
    assert shared_gap(tiny, items, mode) > 0.5


def test_prefix_model_pictures_are_not_shared(modes):
    tiny = ARCHITECTURES["paligemma"](torch.float64, "sdpa")
    rows = rows_of(tiny)[:2]
    assert shared_gap(tiny, rows, SharingMode()) > 0.5
    assert shared_gap(tiny, rows, SharingMode(grouped=False)) < 1e-9
    score_encoded(tiny.model, rows)
    assert [mode.grouped for mode in modes] == [False]


@pytest.mark.parametrize("kind", ["bool", "zeros"])
def test_wrong_mask_is_detected(kind, monkeypatch, modes):
    tiny = ARCHITECTURES["llava"](torch.float32, "eager")
    rows = rows_of(tiny)[:1]
    original = forward.trie_mask
    wrong = {"bool": lambda mask: (mask == 0).to(mask.dtype), "zeros": torch.zeros_like}[kind]
    monkeypatch.setattr(forward, "trie_mask", lambda *args: wrong(original(*args)))
    assert shared_gap(tiny, rows, SharingMode()) > 0.5
    scores = score_encoded(tiny.model, rows)
    assert [mode.tries for mode in modes] == [False]
    assert worst_gap(tiny, rows, scores) <= 1


def test_positions_of_earlier_pictures_are_not_reused():
    for name in ("qwen2_5_vl", "qwen3_vl"):
        tiny = ARCHITECTURES[name](torch.float64, "sdpa")
        rows = rows_of(tiny)
        pictures, texts = rows[:5], rows[-2:]
        for batch in (texts, pictures, texts, pictures[::-1], texts):  # calibration is done with the first two
            assert worst_gap(tiny, batch, score_encoded(tiny.model, batch)) <= 1


def test_generated_values_mark_suffixes_of_prefix_models():
    values = {
        name: generated_values(make(torch.float32, "sdpa").model, list(make(torch.float32, "sdpa").kinds))
        for name, make in ARCHITECTURES.items()
        if name in ("paligemma", "gemma3", "qwen2_5_vl", "llava")
    }
    assert values == {
        "paligemma": {"token_type_ids": 1},
        "gemma3": {"token_type_ids": 0},
        "qwen2_5_vl": {"mm_token_type_ids": 0},
        "llava": {},
    }


def test_bfloat16_stays_near_float32():
    tiny = ARCHITECTURES["llava"](torch.bfloat16, "sdpa")
    exact = ARCHITECTURES["llava"](torch.float32, "sdpa")
    rows = rows_of(tiny)
    for half, full in zip(score_encoded(tiny.model, rows), score_encoded(exact.model, rows), strict=True):
        for one, two in zip(half, full, strict=True):
            assert abs(one.logprob - two.logprob) < 0.05 * abs(two.logprob) + 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_greedy_batches_equal_token_by_token(name):
    tiny = ARCHITECTURES[name](torch.float64, "sdpa")
    prompts = [((1,), (50, 51, 52)), ((2,), (60, 61, 62, 63, 64)), ((), (70, 71)), ((), tuple(range(72, 80)))]
    rows = [tiny.encoded(seeds, words, []) for seeds, words in prompts]
    tiny.model.generation_config.eos_token_id = None
    with torch.no_grad():  # random weights may generate a picture token where there is no picture; words begin at 10
        tiny.model.get_output_embeddings().weight[:10] = 0
    processor = SimpleNamespace(tokenizer=tokenizer())
    texts = generate_encoded(tiny.model, processor, rows, max_new_tokens=4)
    assert len(set(texts)) > 1
    assert texts == [generate_encoded(tiny.model, processor, [row], max_new_tokens=4)[0] for row in rows]
    for item, text in zip(rows, texts, strict=True):
        ids: list[int] = []
        while len(ids) < 4 and 2 not in ids:
            ids.append(tiny.logits(item, ids)[-1].argmax().item())
        assert text == decode(processor, [token for token in ids if token != 2])
