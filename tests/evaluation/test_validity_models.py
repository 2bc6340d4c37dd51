"""The models that `perf/metric_validity.py` compares: which facts are relearned, and what a second call reuses."""

import importlib
from pathlib import Path

import pytest
from small_build import shared_stand_in_build

from lethebench.errors import UserError
from lethebench.runs.build import open_build

PERF = Path(__file__).parents[2] / "perf"


@pytest.fixture(scope="module")
def validity_models():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PERF))
        yield importlib.import_module("validity_models")


@pytest.fixture
def models(validity_models, tmp_path, monkeypatch):
    monkeypatch.setattr(
        validity_models, "evaluate_rows", lambda model, processor, rows, membership: [{"role": "forget"}]
    )
    models = validity_models.Models(open_build(shared_stand_in_build()), tmp_path)
    models.prepared = dict.fromkeys(("rows", "held_out", "holdout"))
    return models


def loaded(validity_models):
    return validity_models.Loaded(None, None)


def test_relearned_facts_are_a_third_and_the_same_each_time(validity_models):
    rows = [{"profile_id": p, "attribute": a} for p in "ab" for a in "vwxyz" for _ in ("image_text", "text")]
    facts = validity_models.relearned_facts(rows)
    assert len(facts) == 10 // validity_models.EVERY
    assert facts <= {validity_models.fact(row) for row in rows}
    assert facts == validity_models.relearned_facts(reversed(rows))


def test_finished_model_is_not_made_again(validity_models, models):
    models.rows("with 00", lambda: loaded(validity_models))
    assert models.rows("with 00", lambda: pytest.fail("made again"))["rows"] == [{"role": "forget"}]


def test_model_that_a_kill_left_unfinished_is_made_again(validity_models, models):
    folder = models.folder / "with-00"
    folder.mkdir()
    (folder / "rows.parquet").write_bytes(b"PAR1")
    assert models.rows("with 00", lambda: loaded(validity_models))["rows"] == [{"role": "forget"}]
    assert (folder / "done").is_file()


@pytest.mark.parametrize("setting", ["RELEARN_STEPS", "LEARNING_RATES", "STEPS"])
def test_folder_of_other_settings_is_refused(validity_models, models, monkeypatch, setting):
    validity_models.Models(models.build, models.folder)
    value = getattr(validity_models, setting)
    monkeypatch.setattr(validity_models, setting, {"relearned": 1} if isinstance(value, dict) else value[:1])
    with pytest.raises(UserError, match="--folder"):
        validity_models.Models(models.build, models.folder)
