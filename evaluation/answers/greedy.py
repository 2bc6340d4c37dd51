"""Greedy answers in batches, through the chat template."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from lethebench.contract.encoder_decoder import is_encoder_decoder, split_inputs
from lethebench.contract.models import (
    base_of,
    check_architecture,
    check_num_pictures,
    forward_at,
    generation_inputs,
    keeps_pictures_apart,
)
from lethebench.contract.picture_features import cached_picture_features
from lethebench.contract.tokens import EncodedQuestion, encode, longest_answer
from lethebench.evaluation.likelihood.batching import batch_limit, model_inputs, run_alone
from lethebench.evaluation.likelihood.prefix_sharing import Context

# `generate` takes what is not passed from the model's own generation config, which may change the likeliest token
# (Qwen2.5-VL's has a repetition penalty of 1.05).
GREEDY = {
    "do_sample": False,
    "num_beams": 1,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "min_new_tokens": 0,
}
LONG = 24
"""Tokens from which on answers are generated in two steps: one without an end would keep its batch busy."""


def end_tokens(model: Any, processor: Any) -> tuple[int, ...]:
    """Return the token ids at which generation stops: the generation config's, else the tokenizer's end of text."""
    ids = getattr(model.generation_config, "eos_token_id", None)
    ids = processor.tokenizer.eos_token_id if ids is None else ids
    return tuple(ids) if isinstance(ids, list | tuple) else (ids,)


def decode(processor: Any, ids: Sequence[int]) -> str:
    """Return token ids as text, without special tokens and outer white space."""
    return processor.tokenizer.decode(list(ids), skip_special_tokens=True).strip()


def generate_encoded(
    model: Any,
    processor: Any,
    encoded: Sequence[EncodedQuestion],
    *,
    max_new_tokens: int,
    batch_size: int | None = None,
    noise: Callable[[Sequence[int]], LogitsProcessor] | None = None,
    num_beams: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Generate answers to rows that `lethebench.contract.tokens.encode` tokenized; otherwise as `greedy_answers`.

    Prompts are sorted by length and padded on the left, which `model.generate` sees from the attention mask.

    Args:
        noise: from the indices of a batch's rows to what changes its logits at every step; None for none.
        num_beams: width of beam search; 1 = greedy.
        progress: called with the number of rows answered so far.
    """
    check_architecture(model)
    for question in encoded:
        check_num_pictures(model, len(question.prompt.pictures), question.name)
    end = list(end_tokens(model, processor))
    if num_beams > 1 and keeps_pictures_apart(model):
        raise ValueError(f"beam search is not supported for {type(base_of(model)).__name__}: pass num_beams=1")
    special = set(processor.tokenizer.all_special_ids)
    new_ids: list[list[int]] = [[] for _ in encoded]
    kinds: dict[tuple, list[int]] = {}
    for row, question in enumerate(encoded):
        kinds.setdefault(question.prompt.kind, []).append(row)
    in_one_go = noise is not None or num_beams > 1 or is_encoder_decoder(base_of(model)) or keeps_pictures_apart(model)
    lengths = [max_new_tokens] if in_one_go or max_new_tokens < LONG else [max_new_tokens // 3, max_new_tokens]
    was_training = model.training
    model.eval()
    try:
        for rows, length in product(kinds.values(), lengths):
            pending = [row for row in rows if not set(new_ids[row]) & set(end)]
            for row in pending:  # as part of a prompt, a special token such as that of a picture has another meaning
                new_ids[row] = [] if set(new_ids[row]) & special else new_ids[row]
            for batch in _batches(model, encoded, new_ids, pending, length, batch_size):
                contexts = [Context(encoded[row].prompt, encoded[row].prompt.ids, 0) for row in batch]
                before = [new_ids[row] for row in batch]
                processors = LogitsProcessorList([] if noise is None else [noise(batch)])
                with torch.no_grad(), cached_picture_features(model):
                    if is_encoder_decoder(base_of(model)):
                        after = _decoded_tokens(model, contexts, end, length, processors, num_beams)
                    elif keeps_pictures_apart(model):
                        after = _likeliest_tokens(model, contexts, end, length, processors)
                    else:
                        after = _generated_tokens(
                            model, processor, contexts, before, end, length, processors, num_beams
                        )
                for row, ids in zip(batch, after, strict=True):
                    stop = next((index for index, token in enumerate(ids) if token in end), len(ids))
                    new_ids[row] = [*new_ids[row], *ids[: stop + 1]]
                done = sum(len(ids) == max_new_tokens or bool(set(ids) & set(end)) for ids in new_ids)
                if progress is not None and done:
                    progress(done)
    finally:
        model.train(was_training)
    return [decode(processor, [token for token in ids if token not in end]) for ids in new_ids]


def _batches(
    model: Any,
    encoded: Sequence[EncodedQuestion],
    new_ids: Sequence[Sequence[int]],
    rows: Sequence[int],
    length: int,
    batch_size: int | None,
) -> Iterator[list[int]]:
    """Yield rows in batches, whose answers have as many tokens so far, the longest prompts first."""
    limit = batch_limit(model, batch_size)
    rows = sorted(rows, key=lambda row: (len(new_ids[row]), -len(encoded[row].prompt.ids)))
    while rows:
        prompt, begun = encoded[rows[0]].prompt, len(new_ids[rows[0]])
        size = 1 if run_alone(model, prompt) else limit.num_rows(len(prompt.ids) + length)
        size = sum(len(new_ids[row]) == begun for row in rows[:size])
        yield rows[:size]
        rows = rows[size:]


def _generated_tokens(
    model: Any,
    processor: Any,
    contexts: Sequence[Context],
    before: Sequence[Sequence[int]],
    end: Sequence[int],
    length: int,
    processors: LogitsProcessorList,
    num_beams: int,
) -> list[list[int]]:
    """The tokens of greedy answers after those of `before`, all of one number, up to `length` with them."""
    token_ids = [[*context.ids, *ids] for context, ids in zip(contexts, before, strict=True)]
    inputs = model_inputs(model, contexts, token_ids, left=True)
    pad = processor.tokenizer.pad_token_id
    out = model.generate(
        **generation_inputs(model, inputs),
        **GREEDY | {"num_beams": num_beams},
        max_new_tokens=length - len(before[0]),
        eos_token_id=list(end),
        pad_token_id=end[0] if pad is None else pad,
        logits_processor=processors,
    )
    return out[:, inputs["input_ids"].shape[1] :].tolist()


def _likeliest_tokens(
    model: Any, contexts: Sequence[Context], end: Sequence[int], max_new_tokens: int, processors: LogitsProcessorList
) -> list[list[int]]:
    """The tokens of greedy answers by whole passes, for models whose `generate` changes prompts or their padding."""
    new_ids: list[list[int]] = [[] for _ in contexts]
    for _ in range(max_new_tokens):
        token_ids = [[*context.ids, *ids] for context, ids in zip(contexts, new_ids, strict=True)]
        inputs = model_inputs(model, contexts, token_ids)
        keep = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
        keep[range(len(token_ids)), [len(ids) - 1 for ids in token_ids]] = True
        logits, _ = forward_at(model, inputs, keep, use_cache=False)
        for change in processors:
            logits = change(inputs["input_ids"], logits)
        for ids, token in zip(new_ids, logits.argmax(-1).tolist(), strict=True):
            ids.append(token)
        if all(set(ids) & set(end) for ids in new_ids):
            break
    return new_ids


def _decoded_tokens(
    model: Any,
    contexts: Sequence[Context],
    end: Sequence[int],
    max_new_tokens: int,
    processors: LogitsProcessorList,
    num_beams: int,
) -> list[list[int]]:
    """The tokens of greedy answers of an encoder-decoder, whose prompts are padded as in training: on the right."""
    inputs = model_inputs(model, contexts, [list(context.ids) for context in contexts])
    keep = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    keep[range(len(contexts)), [len(context.ids) - 1 for context in contexts]] = True
    inputs = split_inputs(base_of(model), inputs, keep)
    prompt = inputs["decoder_input_ids"]
    out = model.generate(
        **inputs,
        **GREEDY | {"num_beams": num_beams},
        decoder_start_token_id=int(prompt[0, 0]),
        max_new_tokens=max_new_tokens + 1,  # BART's generation ends the last one by force
        eos_token_id=list(end),
        pad_token_id=end[0],
        logits_processor=processors,
    )
    return out[:, prompt.shape[1] :][:, :max_new_tokens].tolist()


def greedy_answers(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    *,
    max_new_tokens: int | None = None,
    batch_size: int | None = None,
) -> list[str]:
    """Generate the model's answers by greedy decoding, without special tokens and outer white space.

    Args:
        model: a model for image-text to text; in eval mode during the call.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images` and, unless `max_new_tokens` is given, `answer`.
        max_new_tokens: maximum length of an answer in tokens; default: `default_length` of the rows' answers.
        batch_size: maximum number of prompts in one batch.
    """
    rows = list(rows)
    length = max_new_tokens or default_length(processor, [row["answer"] for row in rows])
    encoded = encode(processor, rows, [[] for _ in rows])
    return generate_encoded(model, processor, encoded, max_new_tokens=length, batch_size=batch_size)


def default_length(processor: Any, answers: Sequence[str]) -> int:
    """Return twice the length of the longest reference answer with the end of its turn, plus 16 tokens.

    A right answer in a longer sentence than the reference's is not cut off before it names the fact.
    """
    return 2 * longest_answer(processor, answers) + 16
