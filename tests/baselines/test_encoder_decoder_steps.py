"""Steps of trainers on encoder-decoders equal the same steps written row by row."""

import copy

import baselines_support as support
import pytest
import torch
from architecture_checks import ROWS, STARTS, decoder_logits
from plain_losses import CASES
from small_models import make_model, make_processor

from lethebench.baselines.methods.manu import manu_prune
from lethebench.baselines.trainer.refusals import RefusedRows
from lethebench.contract.errors import UserError
from lethebench.contract.tokens import encode

RATE = 0.05
FORGET = [ROWS["pictures"][0], ROWS["text"][0]]
RETAIN = [ROWS["text"][1], ROWS["pictures"][1]]
SLOW = [pytest.param(kind, case, marks=pytest.mark.slow) for kind in STARTS for case in CASES if case != "npo-kl"]


def without_dropout(model):
    """The model, which stays in evaluation mode while it is trained: BART drops out a tenth."""
    model.train = lambda mode=True: torch.nn.Module.train(model, False)
    return model.requires_grad_(True)


def row_answers(model, processor, rows):
    """Per row the (|y|, V) log-probabilities at its answer's tokens, with the tokens."""
    result = []
    for row in rows:
        (item,) = encode(processor, [row], [[row["answer"]]])
        ids = item.answers[0].ids
        logps = decoder_logits(model, processor, row, ids[:-1]).float().log_softmax(-1)
        result.append((logps, torch.tensor(ids)))
    return result


@pytest.mark.parametrize(("kind", "case"), [*((kind, "npo-kl") for kind in STARTS), *SLOW])
def test_step_is_that_of_the_method(kind, case, tmp_path):
    method, changes, loss = CASES[case]
    model, processor = make_model(kind), make_processor(kind)
    by_hand, model = copy.deepcopy(model).requires_grad_(True), without_dropout(model)
    settings = {**support.SGD, "learning_rate": RATE, "num_train_epochs": 1, "use_cpu": True, **changes}
    stage = support.stage(method, model, processor, tmp_path, FORGET, RETAIN, **settings)
    sets = FORGET, list(RefusedRows(FORGET, seed=stage.args.seed)), RETAIN
    with torch.no_grad():
        then = [row_answers(by_hand, processor, rows) for rows in sets]
    change = support.plain_step(by_hand, lambda: loss([row_answers(by_hand, processor, r) for r in sets], then), RATE)
    before = support.weights_of(by_hand)
    assert stage.train().global_step == 1
    assert len(change) > 30
    for name, expected in change.items():
        moved = model.get_parameter(name) - before[name]
        assert (moved - expected).abs().max() < 1e-3 * expected.abs().max() + 2e-6, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", STARTS)
def test_rmu_and_manu_are_refused(kind, tmp_path):
    model, processor = make_model(kind), make_processor(kind)
    with pytest.raises(UserError, match="is an encoder-decoder: choose another method"):
        support.stage("rmu", model, processor, tmp_path, FORGET, RETAIN, use_cpu=True, trained="layers", layer=1)
    with pytest.raises(UserError, match="is an encoder-decoder: choose another method"):
        manu_prune(model, processor, FORGET, RETAIN)
