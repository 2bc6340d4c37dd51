"""Every model type that transformers maps to image-text-to-text works or is refused in one line, as the table says."""

import pytest
from architecture_checks import CELLS, record_of
from architecture_table import TABLE, TYPES, page, read_records
from small_models import NEEDS, make_model, make_processor, stands_in
from small_processors import PROCESSORS
from stand_ins import STAND_INS

from lethebench.contract.errors import UserError
from lethebench.contract.models import check_architecture
from lethebench.contract.tokens import encode
from lethebench.evaluation.likelihood import score_answers

FAST = ["mllama", "blip-2", "chameleon", "minicpmv4_6", "florence2"]
"""Cross-attention masks; pictures apart; logits of a whole pass; strips of patches; an encoder-decoder."""

STAND_IN_DIFFERS = {"fuyu": ("several", "note")}
"""Model type -> what its stand-in does that its own processor does not: read two pictures."""


def test_table_lists_every_model_type():
    records = read_records()
    assert list(records) == TYPES
    assert TABLE.read_text("utf-8") == page(records)
    values = {record[cell] for record in records.values() for cell in CELLS}
    assert values <= {"yes", "no", "prompts", "pictures and prompts"}  # neither "wrong" nor "traceback"
    assert [name for name, record in records.items() if "cannot process" in record["note"]] == ["florence2", "fuyu"]
    assert all(record["note"] for record in records.values() if "no" in [record[cell] for cell in CELLS[:3]])


@pytest.mark.parametrize("model_type", FAST)
def test_architecture_works_as_the_table_says(model_type, tmp_path):
    assert record_of(model_type, tmp_path) == read_records()[model_type]


@pytest.mark.slow
@pytest.mark.parametrize("model_type", TYPES)
def test_every_architecture_works_as_the_table_says(model_type, tmp_path):
    """A type that this version of transformers adds fails here until it has a config and a processor.

    Without torchvision a stand-in takes the processor's place; tests/test_torchvision_architectures.py runs its own.
    """
    if model_type in NEEDS:
        pytest.skip(f"its model class needs {NEEDS[model_type]}; tests/test_torchvision_architectures.py runs it")
    record, expected = record_of(model_type, tmp_path), read_records()[model_type]
    if stands_in(model_type):
        expected |= {"processor": "stand-in"} | {name: record[name] for name in STAND_IN_DIFFERS.get(model_type, ())}
    assert record == expected


@pytest.mark.parametrize(
    "model_type", ["udop", "pix2struct", "diffusion_gemma", "mistral4", "pi0", "vision-encoder-decoder"]
)
def test_other_kinds_of_models_are_refused_before_a_row_is_read(model_type):
    model = make_model(model_type)
    assert model_type not in {**PROCESSORS, **STAND_INS, **NEEDS}
    for use in (lambda: check_architecture(model), lambda: score_answers(model, make_processor("llava"), [])):
        with pytest.raises(UserError, match=rf"^{type(model).__name__} .*: choose an? .*model"):
            use()


@pytest.mark.parametrize("model_type", ["idefics", "shieldgemma2", "instructblipvideo", "molmo2"])
def test_processors_of_no_use_are_refused_before_a_row_is_read(model_type):
    with pytest.raises(UserError, match=r"^\w+Processor .*: choose a model"):
        encode(make_processor(model_type), [], [])
