"""Parts of a stage's rows: prepared once where they fit into memory, else in chunks."""

import pytest
from datasets import Dataset, Image, List
from tiny_models import CANDIDATES, llava, qa_rows

from lethebench.baselines.loading import Loaded
from lethebench.evaluation.answers.rows import prepare_rows
from lethebench.runs import score
from lethebench.runs.score import ScoredPart, score_stage


def test_large_parts_are_prepared_in_chunks(monkeypatch):
    model, processor = llava()
    rows = Dataset.from_list(qa_rows()).cast_column("images", List(Image()))
    part = ScoredPart(rows, CANDIDATES)
    assert part.answers == sum(len(CANDIDATES[attribute]) for attribute in rows["attribute"])

    def prepare():
        return prepare_rows(processor, part.rows, candidates=CANDIDATES)

    def refuse():
        pytest.fail("a large part was prepared as a whole")

    whole = score_stage(Loaded(model, processor), part, prepare, lambda share: None)
    monkeypatch.setattr(score, "KEPT_ANSWERS", part.answers - 1)
    assert score_stage(Loaded(model, processor), part, refuse, lambda share: None) == whole
