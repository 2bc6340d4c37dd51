"""What this project can do with a small model of one type: one record, a row of the table of architectures."""

import contextlib
import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import baselines_support as support
import torch
from small_models import TIMM, make_model, make_processor, stands_in
from stand_ins import STAND_INS
from tiny_models import picture
from transformers import AutoModelForImageTextToText
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from trl import SFTConfig

from lethebench.baselines.checkpoints.weights import load_weights
from lethebench.baselines.trainer.answer import QUIET, AnswerTrainer
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.contract.conversation import chat_messages
from lethebench.contract.errors import UserError, one_line
from lethebench.contract.models import as_declared, cast_floating, check_architecture
from lethebench.contract.processors import processor_inputs
from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.greedy import decode, generate_encoded
from lethebench.evaluation.likelihood import calibration
from lethebench.evaluation.likelihood.api import score_encoded
from lethebench.evaluation.likelihood.batching import run_alone

KINDS = ("pictures", "text", "several")
CELLS = (*KINDS, "shares", "generates", "trains", "unlearns", "loads")
ANSWERS = ["asthma", "asthma, migraine", "Type 2 diabetes", "anaemia"]
TOLERANCE = 5e-4  # of sums, in nats, in float32
TRAINED_TOLERANCE = 5e-3  # as of shared prefixes


def _row(name: str, question: str, *seeds: int) -> dict[str, Any]:
    images = [picture(seed, (56, 64)) for seed in seeds]
    return {"id": name, "question": question, "answer": ANSWERS[0], "images": images}


ROWS = {
    "pictures": [_row("row a", "What is the diagnosis?", 1), _row("row b", "Tell me the allergy on this report.", 1)],
    "text": [_row("row c", "Which allergy does Tom Okafor have?"), _row("row d", "What is the diagnosis?")],
    "several": [_row("row e", "What is the diagnosis?", 2, 3)],
}


def _rendered(processor: Any, row: Mapping[str, Any], answer: str | None = None) -> str:
    messages = chat_messages(row["question"], len(row["images"]), answer)
    return processor.apply_chat_template(messages, add_generation_prompt=answer is None, tokenize=False)


def _plain_inputs(processor: Any, row: Mapping[str, Any], answer: str) -> dict[str, torch.Tensor]:
    """The inputs of a whole conversation as the processor itself makes them."""
    inputs = dict(processor_inputs(processor, _rendered(processor, row, answer), row["images"]))
    prompt = processor_inputs(processor, _rendered(processor, row), row["images"])
    (item,) = encode(processor, [row], [[answer]])
    ids = torch.tensor([[*prompt["input_ids"][0].tolist(), *item.answers[0].ids]])
    if not torch.equal(inputs["input_ids"][:, : ids.shape[1]], ids):
        # Chameleon's processor ends every prompt with a token of its own, PaliGemma's with the end of a line.
        inputs = dict(prompt)
        for name, value in prompt.items():
            if value.shape == prompt["input_ids"].shape:
                inputs[name] = torch.nn.functional.pad(value, (0, len(item.answers[0].ids)), value=1)
        inputs["input_ids"] = ids
    # InstructBLIP's picture tokens see the text that they are given: the question alone.
    return inputs | {name: value for name, value in prompt.items() if name.startswith("qformer")}


def _plain_logits(model: Any, inputs: Mapping[str, torch.Tensor], *, pictures: bool) -> torch.Tensor:
    """(L, vocabulary) of one pass; text rows of the BLIP and Kosmos families go to their language model."""
    if not pictures and model.main_input_name != "input_ids":
        names = ("language_model", "text_decoder", "text_model")
        model = next(getattr(model, name) for name in names if hasattr(model, name))
    with torch.no_grad():
        logits = model(**as_declared(model, inputs), use_cache=False).logits
    return logits[0, -inputs["input_ids"].shape[1] :].double()


STARTS = {"florence2": [2, 1], "t5gemma2": [1]}
"""Model type of an encoder-decoder -> the tokens that its decoder reads before an answer."""


def decoder_logits(model: Any, processor: Any, row: Mapping[str, Any], answer: Sequence[int] = ()) -> torch.Tensor:
    """(1 + tokens of the answer, vocabulary) of an encoder-decoder: what follows the prompt and each such token."""
    inputs = processor_inputs(processor, _rendered(processor, row), row["images"])
    inputs = {name: cast_floating(value, model.dtype) for name, value in inputs.items()}
    first = STARTS[model.config.model_type]
    logits = model(**inputs, decoder_input_ids=torch.tensor([[*first, *answer]]), use_cache=False).logits
    return logits[0, len(first) - 1 :].double()


def check_scores(model: Any, processor: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Scores equal the sums of log p over the answer of one pass over each conversation."""
    encoded = encode(processor, rows, [ANSWERS] * len(rows))
    for row, question, scores in zip(rows, encoded, score_encoded(model, encoded), strict=True):
        for text, answer, score in zip(ANSWERS, question.answers, scores, strict=True):
            if model.config.model_type in STARTS:
                logprobs = decoder_logits(model, processor, row, answer.ids[:-1]).log_softmax(-1)
                plain = logprobs[range(len(answer.ids)), answer.ids].sum().item()
                assert abs(score.logprob - plain) < TOLERANCE, f"{row['id']}: {score.logprob} is {plain}"
                continue
            inputs = _plain_inputs(processor, row, text)
            logprobs = _plain_logits(model, inputs, pictures=bool(row["images"])).log_softmax(-1)
            start = inputs["input_ids"].shape[1] - len(answer.ids)
            if inputs["input_ids"][0, start:].tolist() != list(answer.ids):  # the template writes more after the answer
                start = len(question.prompt.ids)
            ids = enumerate(inputs["input_ids"][0, start : start + len(answer.ids)].tolist(), start)
            plain = sum(logprobs[index - 1, token].item() for index, token in ids)
            assert math.isfinite(plain)
            assert abs(score.logprob - plain) < TOLERANCE, f"{row['id']}: {score.logprob} is {plain}"


def check_pictures_matter(model: Any, processor: Any) -> None:
    """Another picture gives other scores: pictures that have no effect would pass all other checks."""
    rows = [{**ROWS["pictures"][0], "images": [picture(seed, (56, 64))]} for seed in (1, 7)]
    first, second = score_encoded(model, encode(processor, rows, [ANSWERS] * 2))
    gaps = [abs(one.logprob - two.logprob) for one, two in zip(first, second, strict=True)]
    assert max(gaps) > TOLERANCE, f"another picture changes scores by {gaps}"


def check_companions(model: Any, processor: Any, notes: list[str]) -> None:
    """Scores of rows with pictures do not depend on the other rows of a batch."""
    rows = [_row(f"row {seed}", "What is the diagnosis?", seed) for seed in range(1, 7)]
    encoded = encode(processor, rows, [ANSWERS] * len(rows))
    if run_alone(model, encoded[0].prompt):
        notes.append(
            "numbers the pictures of a batch together: rows with pictures are scored one by one, but trained in batches"
        )
    alone = [score_encoded(model, [item])[0] for item in encoded]
    for row, one, two in zip(rows, score_encoded(model, encoded), alone, strict=True):
        gap = max(abs(first.logprob - second.logprob) for first, second in zip(one, two, strict=True))
        assert gap < TOLERANCE, f"{row['id']}: the other rows of its batch move a score by {gap:.2g} nats"


def check_greedy(model: Any, processor: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Answers of a batch are those of single rows and begin with the likeliest token."""
    encoded = encode(processor, rows, [[]] * len(rows))
    texts = generate_encoded(model, processor, encoded, max_new_tokens=3)
    assert texts == [generate_encoded(model, processor, [item], max_new_tokens=3)[0] for item in encoded]
    firsts = generate_encoded(model, processor, encoded, max_new_tokens=1)
    for row, text in zip(rows, firsts, strict=True):
        inputs = dict(processor_inputs(processor, _rendered(processor, row), row["images"]))
        if model.config.model_type in STARTS:
            token = decoder_logits(model, processor, row)[0].argmax().item()
        else:
            token = _plain_logits(model, inputs, pictures=bool(row["images"]))[-1].argmax().item()
        assert text == decode(processor, [] if token == 2 else [token])


def check_training(model: Any, processor: Any, rows: Sequence[Mapping[str, Any]], folder: Path, method: str) -> None:
    """One step; the answers that are trained have the tokens and log-probabilities that are scored."""
    encoder = RowEncoder(processor)
    if method == "sft":
        options = {"bf16": False, "max_steps": 1, "per_device_train_batch_size": len(rows), "learning_rate": 1e-3}
        arguments = SFTConfig(str(folder), **options, use_cpu=True, max_length=None, **QUIET)
        trainer = AnswerTrainer(model, arguments, rows, processor, encoder=encoder)
    else:
        trainer = support.stage(
            method, model, processor, folder, rows, rows, encoder=encoder, max_steps=1, use_cpu=True
        )
    trainer.model.eval()
    encoded = encode(processor, rows, [[row["answer"]] for row in rows])
    with torch.no_grad():
        answers = trainer.answers(trainer.model, trainer.to_batch([encoder(row) for row in rows]))
    scores = score_encoded(trainer.model, encoded)
    for row, item, logps, (score,) in zip(rows, encoded, answers.logps, scores, strict=True):
        (answer,) = item.answers
        assert tuple(encoder(row).text["input_ids"].tolist()) == (*item.prompt.ids[: answer.start], *answer.ids)
        assert abs(logps.sum().item() - score.logprob) < TRAINED_TOLERANCE, f"{row['id']}: {logps.sum()} is {score}"
    before = support.weights_of(trainer.model)
    trainer.train()
    after = dict(trainer.model.named_parameters())
    assert all(torch.isfinite(value).all() for value in after.values())
    assert any(not torch.equal(after[name], before[name]) for name in before)


def check_loading(model: Any, folder: Path) -> None:
    """Every weight is saved and loaded again, without one too many or too few."""
    model.save_pretrained(str(folder))
    loaded = load_weights(AutoModelForImageTextToText, str(folder), dtype=torch.float32)
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


@contextlib.contextmanager
def _recorded_modes() -> Iterator[list]:
    modes: list = []
    original = calibration.sharing_mode

    def record(model: Any, items: Any) -> Any:
        modes.append(original(model, items))
        return modes[-1]

    calibration.sharing_mode = record
    try:
        yield modes
    finally:
        calibration.sharing_mode = original


def _attempt(check: Callable[[], Any], notes: list[str]) -> str:
    """`yes`, or `no` with a refusal; whatever else is raised is a fault."""
    try:
        check()
    except UserError as error:
        if str(error) not in notes:
            notes.append(str(error))
        return "no"
    except AssertionError as error:
        notes.append(f"wrong: {one_line(error)}")
        return "wrong"
    except Exception as error:
        notes.append(f"{type(error).__name__}: {one_line(error)}")
        return "traceback"
    return "yes"


def _sharing(modes: Sequence[Any]) -> str:
    if any(mode.grouped for mode in modes):
        return "pictures and prompts"
    return "prompts" if any(mode.shared for mode in modes) else "no"


def record_of(model_type: str, folder: Path) -> dict[str, str]:
    """Try everything with a model of that type; `folder` is free.

    Returns:
        A value for `class`, `processor` (own, with a package that it needs, stand-in or none), `CELLS` and `note`.
    """
    record = {"class": MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES[model_type], "processor": "none"}
    notes: list[str] = []
    model = make_model(model_type)
    if _attempt(lambda: check_architecture(model), notes) == "no":
        return record | dict.fromkeys(CELLS, "no") | {"note": notes[0]}
    library = " (timm)" if model_type in TIMM else " (torchvision)" if model_type in STAND_INS else ""
    record["processor"] = "stand-in" if stands_in(model_type) else f"own{library}"
    processor = make_processor(model_type)
    with _recorded_modes() as modes:
        for kind in KINDS:
            record[kind] = _attempt(lambda kind=kind: check_scores(model, processor, ROWS[kind]), notes)
        if record["pictures"] == "yes":
            record["pictures"] = _attempt(lambda: check_pictures_matter(model, processor), notes)
        rows = [row for kind in KINDS if record[kind] == "yes" for row in ROWS[kind]]
        if not rows:
            return (
                record | dict.fromkeys(CELLS, "no") | {key: record[key] for key in KINDS} | {"note": "; ".join(notes)}
            )
        mixed = [_attempt(lambda: check_scores(model, processor, rows), notes)]
        if record["pictures"] == "yes":
            mixed.append(_attempt(lambda: check_companions(model, processor, notes), notes))
        record["shares"] = _sharing(modes)
    record["generates"] = _attempt(lambda: check_greedy(model, processor, rows), notes)
    for cell, method in (("trains", "sft"), ("unlearns", "npo")):
        trained = copy.deepcopy(model)
        record[cell] = _attempt(lambda m=method, t=trained: check_training(t, processor, rows, folder / m, m), notes)
    record["loads"] = _attempt(lambda: check_loading(model, folder / "model"), notes)
    if set(mixed) != {"yes"}:
        record["pictures"] = "wrong"
    return record | {"note": "; ".join(notes)}
