"""What a vision-language processor makes of rows, and whether that can be trained and scored."""

import inspect
import textwrap
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import torch
from PIL import Image

from lethebench.contract.chat_template import apply_template
from lethebench.contract.conversation import chat_messages
from lethebench.contract.errors import UserError, border

_JOINED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # processor -> result of `joined_dimensions`


def render(processor: Any, question: str, num_images: int, answer: str | None = None) -> str:
    """Return the conversation as text by the chat template; without an answer it ends with the generation prompt.

    Raises:
        UserError: the template fails on this conversation, or does not end in time.
    """
    messages = chat_messages(question, num_images, answer)
    subject = f"the chat template fails on the question {textwrap.shorten(question, 80)!r} with {num_images} pictures"
    with border(subject, "correct chat_template.jinja, or leave out the row"):
        return apply_template(processor, messages, generation_prompt=answer is None)


def answer_type(processor: Any) -> int:
    """Return the value of an answer's tokens in per-token inputs: 1 for prefix language models (PaliGemma), else 0."""
    return int("suffix" in inspect.signature(type(processor).__call__).parameters)


def adds_special_tokens(tokenizer: Any, text: str) -> bool:
    """Return whether the tokenizer adds its special tokens: not to a text that begins with the start token already."""
    return not (tokenizer.bos_token and text.startswith(tokenizer.bos_token))


def ends_texts(tokenizer: Any) -> bool:
    """Return whether the tokenizer ends every text with the end token (BART, T5), so that no answer can follow one."""
    return tokenizer("a")["input_ids"][-1:] == [tokenizer.eos_token_id]


def processor_inputs(processor: Any, text: str, images: Sequence[Any] = (), *, copies: int = 1) -> Any:
    """Return model inputs for one rendered text and its decoded pictures; a start token in the text is not doubled.

    Processors that refuse text without pictures (PaliGemma) leave it to their tokenizer; those that take one picture
    per text (GOT-OCR2) refuse lists of lists. `copies` repeats the row.
    """
    options = {"return_tensors": "pt", "add_special_tokens": adds_special_tokens(processor.tokenizer, text)}
    if images and ends_texts(processor.tokenizer):
        del options["add_special_tokens"]  # Florence-2's processor writes them itself, but only beside pictures
    if "mm_token_type_ids" in getattr(processor, "model_input_names", ()):
        options["return_mm_token_type_ids"] = True  # Cosmos3's model needs what its processor leaves out
    texts = [text] * copies
    if images:
        forms = [[list(images)] * copies, list(images) * copies]
        attempts = [partial(processor, text=texts, images=form, **options) for form in forms]
    else:
        attempts = [partial(processor, text=texts, **options), partial(_text_inputs, processor, texts, options)]
    try:
        inputs = attempts[0]()
    except (TypeError, ValueError) as error:
        with suppress(TypeError, ValueError):
            return _uniform(attempts[1]())
        raise error
    return _uniform(inputs)


def _uniform(inputs: Any) -> Any:
    """The inputs as tensors, none in half precision: Unlimited-OCR's processor returns lists, Llama 4's bfloat16."""
    for name, value in inputs.items():
        tensor = torch.as_tensor(value)
        inputs[name] = tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
    return inputs


def _text_inputs(processor: Any, texts: Sequence[str], options: Mapping[str, Any]) -> Any:
    """Model inputs of text rows by the tokenizer alone; prefix language models get the line's end of their prompts."""
    end = "\n" if answer_type(processor) else ""
    options = {name: value for name, value in options.items() if not name.startswith("return_mm")}
    inputs = processor.tokenizer([text + end for text in texts], return_token_type_ids=False, **options)
    if end:
        inputs["token_type_ids"] = torch.zeros_like(inputs["input_ids"])
    return inputs


def is_mask(value: torch.Tensor, shape: Sequence[int]) -> bool:
    """Return whether a model input has several values for each of (B, L) tokens: a mask, never pictures."""
    return value.dim() > 2 and value.shape[:2] == shape and not value.is_floating_point()


def per_token_names(processor: Any, inputs: Mapping[str, torch.Tensor]) -> list[str]:
    """Return the model inputs with one value per token of `input_ids`, without those of other tokenizers."""
    others = [name.removesuffix("tokenizer") for name in vars(processor) if name.endswith("_tokenizer")]
    return [
        name
        for name, value in inputs.items()
        if value.shape == inputs["input_ids"].shape and not name.startswith(tuple(others))
    ]


def image_token_of(processor: Any) -> int | None:
    """Return the token that stands for a picture, if the processor tells it."""
    return getattr(processor, "image_token_id", None)


def joined_dimensions(processor: Any) -> Mapping[str, int]:
    """Return the dimension along which inputs for pictures of several rows are joined, where it is not the first.

    It is the one that grows when a row with a blank picture is processed twice (MiniCPM-V: strips of patches).

    Raises:
        UserError: the processor makes nothing of a question with a picture that could be trained or scored.
    """
    if processor not in _JOINED:
        _JOINED[processor] = _joined(processor)
    return _JOINED[processor]


def _joined(processor: Any) -> Mapping[str, int]:
    name = type(processor).__name__
    if not hasattr(processor, "image_processor") and hasattr(processor, "video_processor"):
        raise UserError(f"{name} reads no pictures, only videos: choose a model for pictures")
    picture = Image.new("RGB", (64, 64), (128, 128, 128))
    try:
        text = render(processor, "What is this?", 1)
        once, twice = (processor_inputs(processor, text, [picture], copies=copies) for copies in (1, 2))
    except Exception:  # this only probes; encoding the first row with a picture raises the same error with its id
        return {}
    if "input_ids" not in once:
        raise UserError(f"{name} makes no tokens of a question with a picture: choose a model that reads both")
    ids = once["input_ids"]
    if len(ids) != 1:
        raise UserError(f"{name} makes {len(ids)} prompts of one question: choose a model whose processor makes one")
    last = max((index for index, token in enumerate(ids[0].tolist()) if token == image_token_of(processor)), default=-1)
    if text.rstrip()[-4:] not in processor.tokenizer.decode(ids[0, last + 1 :]):
        raise UserError(
            f"{name} puts pictures at the end of the text, not where the chat template has them: "
            "choose a model such as Idefics3 or Qwen2.5-VL"
        )
    grown = {
        key: [index for index, size in enumerate(value.shape) if twice[key].shape[index] == 2 * size]
        for key, value in once.items()
        if key in twice and twice[key].dim() == value.dim() and value.shape != ids.shape
    }
    grown_along = {key: indices[0] for key, indices in grown.items() if len(indices) == 1}
    for key, dimension in grown_along.items():
        first = twice[key].narrow(dimension, 0, once[key].shape[dimension])
        second = twice[key].narrow(dimension, once[key].shape[dimension], once[key].shape[dimension])
        if not first.is_floating_point() and not torch.equal(first, second):
            raise UserError(
                f"{name} numbers the pictures of all rows together ({key}), so that no row can be used in two batches: "
                "choose a model such as Idefics3 or Qwen2.5-VL"
            )
    return {key: dimension for key, dimension in grown_along.items() if dimension > 0}
