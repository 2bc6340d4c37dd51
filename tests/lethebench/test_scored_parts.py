"""Rows of a stage are scored in batches: by candidates, by rows, and with those of the stage before."""

import pytest
from datasets import Dataset, Image, List
from tiny_models import CANDIDATES, llava, qa_rows

from lethebench.baselines.loading import Loaded
from lethebench.contract.prompts import PromptCache
from lethebench.evaluation.answers import kept_rows, prepare
from lethebench.evaluation.answers.kept_rows import KeptRows
from lethebench.evaluation.answers.prepare import row_batches
from lethebench.evaluation.answers.rows import prepare_rows
from lethebench.runs.score import ScoredPart, score_stage


@pytest.fixture(scope="module")
def part():
    rows = Dataset.from_list(qa_rows()).cast_column("images", List(Image()))
    return ScoredPart(rows, CANDIDATES)


def score(part, batches) -> list[dict]:
    return score_stage(Loaded(*llava()), part, lambda: batches, lambda share: None)


def test_batches_have_the_scores_of_all_rows_together(part):
    processor = llava()[1]
    whole = score(part, [prepare_rows(processor, part.rows, candidates=CANDIDATES)])
    assert part.answers == sum(len(CANDIDATES[attribute]) for attribute in part.rows["attribute"])
    for most in (1, 2, 100):
        batches = list(KeptRows(processor, part.rows, CANDIDATES).batches(range(len(part.rows)), most=most))
        assert [len(batch) for batch in batches[:-1]] == [most] * (len(batches) - 1)
        assert score(part, batches) == whole


def test_batches_end_at_the_limit_of_candidates(monkeypatch):
    monkeypatch.setattr(prepare, "ANSWERS", 6)
    candidates = {"city": ["a", "b", "c"], "name": list("abcdefgh")}
    attributes = ["city", "age", "city", "age", "city", "name", "city"]
    assert list(row_batches(range(7), attributes, candidates)) == [[0, 1, 2, 3], [4], [5], [6]]
    assert list(row_batches([1, 3, 6], attributes, candidates, 1)) == [[1], [3], [6]]
    assert list(row_batches([], attributes, candidates)) == []


def test_rows_of_the_last_call_are_kept(part, monkeypatch):
    prepared: list[list[str]] = []
    original = kept_rows.prepare_rows
    monkeypatch.setattr(
        kept_rows, "prepare_rows", lambda *args, **options: prepared.append(args[1]["id"]) or original(*args, **options)
    )
    kept, ids = KeptRows(llava()[1], part.rows, CANDIDATES), list(part.rows["id"])
    first = list(kept.batches([0, 1], keep=True))
    for indices, keep, new in (([0, 1], True, []), ([2, 1], True, [2]), ([0, 1], False, [0]), ([1, 2], True, [])):
        prepared.clear()
        batches = list(kept.batches(indices, keep=keep))
        assert [list(names) for names in prepared] == ([[ids[index] for index in new]] if new else [])
        assert [row.carried["id"] for batch in batches for row in batch.rows] == [ids[index] for index in indices]
    assert first[0].encoded[1] is next(kept.batches([1])).encoded[0]


def test_kept_prompts_are_made_once(part, monkeypatch):
    processor, prompts = llava()[1], PromptCache()
    fresh = prepare_rows(processor, part.rows, candidates=CANDIDATES)
    first = prepare_rows(processor, part.rows, candidates=CANDIDATES, prompts=prompts)
    monkeypatch.setattr("lethebench.contract.tokens.decode_image", lambda *args: pytest.fail("a picture was decoded"))
    second = prepare_rows(processor, part.rows, prompts=prompts)
    for one, two, three in zip(fresh.encoded, first.encoded, second.encoded, strict=True):
        assert two.prompt is three.prompt
        assert one.answers == two.answers
        assert (one.prompt.ids, one.prompt.pictures) == (two.prompt.ids, two.prompt.pictures)
        assert all(value.equal(two.prompt.per_row[name]) for name, value in one.prompt.per_row.items())
