"""Encoder-decoders: scores and greedy answers equal passes of encoder and decoder written here by hand."""

import pytest
import torch
from architecture_checks import ANSWERS, ROWS, STARTS, decoder_logits
from small_models import make_model, make_processor

from lethebench.contract.errors import UserError
from lethebench.contract.models import check_decoder_only
from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.greedy import decode, generate_encoded
from lethebench.evaluation.likelihood.api import score_encoded

pytestmark = pytest.mark.usefixtures("float64")
MIXED = [*ROWS["pictures"], *ROWS["text"]]


@pytest.fixture(scope="module", params=STARTS)
def pair(request):
    return make_model(request.param).double(), make_processor(request.param)


def test_scores_equal_decoder_passes_by_hand(pair):
    model, processor = pair
    encoded = encode(processor, MIXED, [ANSWERS] * len(MIXED))
    for row, question, scores in zip(MIXED, encoded, score_encoded(model, encoded), strict=True):
        for text, answer, score in zip(ANSWERS, question.answers, scores, strict=True):
            assert decode(processor, answer.ids) == text
            assert answer.ids[-1] == processor.tokenizer.eos_token_id
            with torch.no_grad():
                logps = decoder_logits(model, processor, row, answer.ids[:-1]).log_softmax(-1)
            plain = logps[range(len(answer.ids)), answer.ids]
            assert score.num_tokens == len(answer.ids)
            assert abs(score.logprob - plain.sum().item()) < 1e-9
            assert score.greedy == bool((logps.argmax(-1) == torch.tensor(answer.ids)).all())


def test_greedy_answers_are_likeliest_tokens(pair):
    model, processor = pair
    texts = generate_encoded(model, processor, encode(processor, MIXED, [[]] * len(MIXED)), max_new_tokens=5)
    for row, text in zip(MIXED, texts, strict=True):
        ids: list[int] = []
        while len(ids) < 5 and 2 not in ids:
            with torch.no_grad():
                ids.append(decoder_logits(model, processor, row, ids)[-1].argmax().item())
        assert text == decode(processor, [token for token in ids if token != 2])


def test_methods_of_one_stack_of_layers_are_refused(pair):
    with pytest.raises(UserError, match=r"^RMU .* is an encoder-decoder: choose another method"):
        check_decoder_only(pair[0], "RMU")


def test_florence_prompt_is_its_processor_s_own():
    processor, row = make_processor("florence2"), MIXED[0]
    own = processor(text=[row["question"]], images=row["images"], return_tensors="pt")["input_ids"][0].tolist()
    assert own.count(1) == own.count(2) == 1  # one start and one end token
    (item,) = encode(processor, [row], [["asthma"]])
    assert list(item.prompt.ids) == own
