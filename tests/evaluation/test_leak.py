"""leak@k against an enumeration of all draws, and sampled answers: seeds, batches, distribution, counts of leaks."""

import itertools

import numpy as np
import pytest
import torch
from architecture_checks import ROWS
from small_models import make_model, make_processor
from tiny_models import idefics3, llava, qa_rows

from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.answers.row_scores import SAMPLE_COLUMNS, keyword_or_exact_match, keywords_of
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.evaluation.answers.sampled import GumbelNoise, sampled_answers
from lethebench.evaluation.metrics.leak import leak_at_k, leak_summary, reported_k


@pytest.mark.parametrize(("num_samples", "num_leaks"), [(n, c) for n in range(1, 8) for c in range(n + 1)])
def test_leak_at_k_equals_enumeration(num_samples, num_leaks):
    leaks = [True] * num_leaks + [False] * (num_samples - num_leaks)
    for k in range(1, num_samples + 1):
        draws = [any(draw) for draw in itertools.combinations(leaks, k)]
        assert leak_at_k(num_samples, num_leaks, k) == pytest.approx(np.mean(draws), abs=1e-12)


def test_leak_at_k_is_unbiased():
    """Its mean over binomial counts is 1 - (1 - p)^k."""
    draws = np.random.default_rng(0).binomial(16, 0.1, size=20_000)
    for k in (1, 4, 8):
        assert np.mean([leak_at_k(16, int(count), k) for count in draws]) == pytest.approx(1 - 0.9**k, abs=0.01)


def test_summary_by_hand():
    result = leak_summary([0, 2, 4], [4, 4, 4], profile_ids=["a", "a", "b"])
    assert result["leak_at_1"] == pytest.approx(0.5)
    assert result["leak_at_2"] == pytest.approx((0 + 5 / 6 + 1) / 3)
    assert result["leak_at_4"] == pytest.approx(2 / 3)
    assert set(result["intervals"]) == {"leak_at_1", "leak_at_2", "leak_at_4"}
    assert result["n"] == 3
    assert reported_k(1) == (1,)
    assert reported_k(8) == (1, 2, 4, 8)


@pytest.mark.parametrize(
    ("leaks", "samples"), [([], []), ([1], [0]), ([3], [2]), ([-1], [2]), ([1], [2, 2]), ([0.5], [2]), ([None], [2])]
)
def test_invalid_counts_raise(leaks, samples):
    with pytest.raises(ValueError, match=r"leaks|samples"):
        leak_summary(leaks, samples)


def test_noise_samples_the_softmax():
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]])
    for temperature in (1.0, 2.0):
        counts = np.zeros(4)
        noise = GumbelNoise([7], temperature)
        for _ in range(8_000):
            counts[int(noise(None, logits).argmax())] += 1
        expected = torch.softmax(logits[0] / temperature, 0).numpy()
        assert np.abs(counts / counts.sum() - expected).max() < 0.02
    assert torch.equal(logits, torch.tensor([[0.0, 1.0, 2.0, -1.0]]))


@pytest.mark.parametrize("make", [llava, idefics3])
def test_samples_depend_on_seed_and_row_alone(make):
    model, processor = make()
    rows = qa_rows()
    together = sampled_answers(model, processor, rows, samples=3, max_new_tokens=6)
    assert [len(texts) for texts in together] == [3] * len(rows)
    assert len({text for texts in together for text in texts}) > len(rows)
    assert sampled_answers(model, processor, rows, samples=3, max_new_tokens=6, batch_size=2) == together
    assert sampled_answers(model, processor, rows[2:3], samples=2, max_new_tokens=6) == [together[2][:2]]
    assert sampled_answers(model, processor, rows, samples=3, max_new_tokens=6, seed=1) != together
    cold = sampled_answers(model, processor, rows, samples=1, temperature=1e-6, max_new_tokens=6)
    assert [text for (text,) in cold] == greedy_answers(model, processor, rows, max_new_tokens=6)


def test_leak_columns_count_sampled_answers():
    model, processor = llava()
    rows = qa_rows()[:3]
    drawn = sampled_answers(model, processor, rows, samples=4, seed=3)
    rows = [{**row, "keywords": texts[0].split()[:1] or ["x"]} for row, texts in zip(rows, drawn, strict=True)]
    results = evaluate_rows(model, processor, rows, samples=4, seed=3)
    for row, result, texts in zip(rows, results, drawn, strict=True):
        expected = [keyword_or_exact_match(text, row["answer"], keywords_of(row)) == 1.0 for text in texts]
        assert (result["num_samples"], result["leaks"]) == (4, sum(expected))
    assert not set(SAMPLE_COLUMNS) & set(evaluate_rows(model, processor, rows)[0])
    with pytest.raises(ValueError, match="0 samples"):
        sampled_answers(model, processor, rows, samples=0)


@pytest.mark.parametrize("model_type", ["florence2", "git"])
def test_samples_of_models_with_generation_of_their_own(model_type):
    """An encoder-decoder, and a model that `generate` would change the prompts of."""
    model, processor = make_model(model_type), make_processor(model_type)
    rows = [{**row, "id": str(number)} for number, row in enumerate(ROWS["pictures"])]
    samples = sampled_answers(model, processor, rows, samples=3, max_new_tokens=5)
    assert len({text for texts in samples for text in texts}) > 1
    assert sampled_answers(model, processor, rows[1:], samples=3, max_new_tokens=5, batch_size=1) == samples[1:]
    cold = sampled_answers(model, processor, rows, samples=1, temperature=1e-6, max_new_tokens=5)
    assert [text for (text,) in cold] == greedy_answers(model, processor, rows, max_new_tokens=5)
