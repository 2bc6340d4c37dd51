"""Chat form and tokens: a question with its pictures becomes a prompt, an answer becomes the tokens that follow it.

Prompt and whole conversation are tokenised as one text each, and the answer is what comes after their longest common
prefix: a byte-pair tokenizer may merge across the border. The picture goes through the processor once per content.
"""

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lethebench.contract.images import CachingImageProcessor, open_picture, picture_key

logger = logging.getLogger(__name__)

STAND_IN = "lethe0stand0in0answer"


@dataclass(frozen=True)
class Prompt:
    """A tokenised prompt.

    Attributes:
        ids: token ids with the picture's placeholders expanded, up to and with the generation prompt.
        per_token: other model inputs with one value per token (e.g. `mm_token_type_ids`), the attention mask excepted.
        per_row: model inputs that belong to the pictures (e.g. `pixel_values`), as the processor gave them.
        pictures: a digest of each picture; rows with the same ones may share their pass.
    """

    ids: tuple[int, ...]
    per_token: Mapping[str, tuple[int, ...]]
    per_row: Mapping[str, torch.Tensor]
    pictures: tuple[bytes, ...] = ()

    @property
    def kind(self) -> tuple:
        """Prompts of one kind can stand in one batch: same inputs, same shapes, same small integer inputs (grids)."""
        return tuple(
            (name, value.dtype, tuple(value.shape[1:]))
            + ((tuple(value.flatten().tolist()),) if not value.is_floating_point() and value.numel() <= 64 else ())
            for name, value in sorted(self.per_row.items())
        )


@dataclass(frozen=True)
class Answer:
    """The tokens of an answer: `ids` are scored given the first `start` tokens of the prompt."""

    start: int
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Encoded:
    """A prompt and the answers asked about it."""

    prompt: Prompt
    answers: tuple[Answer, ...]


def _messages(question: str, pictures: int, answer: str | None) -> list[dict]:
    content = [{"type": "image"}] * pictures + [{"type": "text", "text": question}]
    messages = [{"role": "user", "content": content}]
    if answer is not None:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return messages


def render(processor: Any, question: str, pictures: int, answer: str | None = None) -> str:
    """The conversation as text by the processor's chat template; without an answer it ends with the generation prompt.

    Args:
        processor: a vision-language processor with a chat template.
        question: what the user asks.
        pictures: how many pictures stand before the question.
        answer: the assistant's turn.
    """
    messages = _messages(question, pictures, answer)
    return processor.apply_chat_template(messages, add_generation_prompt=answer is None, tokenize=False)


def _ended(text: str, tokenizer: Any) -> str:
    """The conversation with the end of its last turn: LLaVA-1.5's template, for one, ends a turn with a space alone."""
    if text.rstrip().endswith(tuple(token for token in tokenizer.all_special_tokens if token)):
        return text
    return text.rstrip() + tokenizer.eos_token


def _full_texts(
    processor: Any, question: str, pictures: int, answers: Sequence[str], special: set[str]
) -> list[tuple[str, str, str]]:
    """The whole conversation with each answer, rendered once with a stand-in that plain answers then replace.

    Returns:
        For each answer, in three parts: (all, "", "") or, where an answer holds the text of a special token, what
        stands before it, the answer, and what stands behind it.
    """
    frame = _ended(render(processor, question, pictures, STAND_IN), processor.tokenizer)
    if frame.count(STAND_IN) != 1:
        raise ValueError("the chat template does not render the answer once, so it cannot be scored")
    before, after = frame.split(STAND_IN)
    texts = []
    for answer in map(_readable, answers):
        # A template may trim an answer, or look into it for tags.
        plain = bool(answer) and answer == answer.strip() and "<" not in answer and "\n" not in answer
        if any(token in answer for token in special):
            texts.append((before, answer, after))
        elif plain:
            texts.append((before + answer + after, "", ""))
        else:
            texts.append((_ended(render(processor, question, pictures, answer), processor.tokenizer), "", ""))
    return texts


def _readable(text: str) -> str:
    """The text with halves of surrogate pairs, which no tokenizer reads, joined or replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _tokens(processor: Any, texts: list[str]) -> list[list[int]]:
    if not texts:
        return []
    tokenizer = processor.tokenizer
    special = not (tokenizer.bos_token and texts[0].startswith(tokenizer.bos_token))
    return tokenizer(texts, add_special_tokens=special, return_attention_mask=False)["input_ids"]


def _answer_tokens(processor: Any, texts: Sequence[tuple[str, str, str]]) -> list[list[int]]:
    """Tokens of conversations as `_full_texts` gives them: special tokens count in the frame, not in the answer."""
    tokens = _tokens(processor, [before for before, _, _ in texts])
    for ids, (_, answer, after) in zip(tokens, texts, strict=True):
        if answer:
            ids += processor.tokenizer(answer, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            ids += processor.tokenizer(after, add_special_tokens=False)["input_ids"]
    return tokens


def special_texts(tokenizer: Any) -> set[str]:
    """What the tokenizer reads as a special token wherever it stands."""
    return {token.content for token in tokenizer.added_tokens_decoder.values() if token.special and token.content}


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences have in common at their beginning."""
    length = min(len(first), len(second))
    return next((i for i in range(length) if first[i] != second[i]), length)


def _encode_prompt(processor: Any, text: str, images: list, pictures: tuple[bytes, ...]) -> Prompt:
    bos = processor.tokenizer.bos_token
    special = not (bos and text.startswith(bos))
    given = {"images": [[open_picture(image) for image in images]]} if images else {}
    made = processor(text=[text], **given, return_tensors="pt", add_special_tokens=special)
    shape = made["input_ids"].shape
    per_token = {k: tuple(v[0].tolist()) for k, v in made.items() if v.shape == shape}
    per_row = {k: v for k, v in made.items() if v.shape != shape}
    ids = per_token.pop("input_ids")
    per_token.pop("attention_mask", None)
    per_token.pop("labels", None)  # PaliGemma's processor adds some
    return Prompt(ids=ids, per_token=per_token, per_row=per_row, pictures=pictures)


def _cut_answer(prompt: Prompt, short: Sequence[int], full: Sequence[int], special: set[int], what: str) -> Answer:
    """The answer's tokens in `full`, given the prompt without (`short`) and with (`prompt.ids`) expanded pictures.

    They end with the last special token, the turn's terminator; what a template adds after it is no part of the answer.
    """
    same = common_length(short, full)
    merged = len(short) - same  # tokens at the prompt's end that the answer's first characters changed
    start = len(prompt.ids) - merged
    if start < 1 or tuple(short[same:]) != prompt.ids[start:]:
        raise ValueError(f"{what}: the chat template does not put the answer after the prompt: it cannot be scored")
    end = max((at for at in range(same, len(full)) if full[at] in special), default=None)
    if end is None:
        raise ValueError(f"{what}: the chat template does not end the answer with a special token")
    return Answer(start=start, ids=tuple(full[same : end + 1]))


class Encoder:
    """Tokenises rows one by one; a row's pictures are processed and let go, equal pictures only once."""

    def __init__(self, processor: Any):
        self._processor = copy.copy(processor)
        if getattr(processor, "image_processor", None) is not None:
            self._processor.image_processor = CachingImageProcessor(processor.image_processor)
        self._names: list[str] = []
        self._texts: list[str] = []
        self._prompts: list[Prompt] = []
        self._answers: list[list[tuple[str, str, str]]] = []
        self._special = special_texts(processor.tokenizer)

    def add(self, row: Mapping, answers: Sequence[str]) -> None:
        """Takes a row with `question` and `images`, and the answers to score for it.

        Raises:
            ValueError: the row's name and what of it is not as it should be.
        """
        name = str(row.get("id", f"row {len(self._names)}"))
        self._check(name, row, answers)
        question, images = _readable(row["question"]), list(row.get("images") or ())
        text = render(self._processor, question, len(images))
        try:
            pictures = tuple(picture_key(image) for image in images)
            if images:
                self._processor.image_processor.key = pictures
            prompt = _encode_prompt(self._processor, text, images, pictures)
        except (TypeError, ValueError, OSError) as error:
            raise ValueError(f"{name}: its pictures or question cannot be processed: {error}") from error
        self._names.append(name)
        self._prompts.append(prompt)
        self._answers.append(_full_texts(self._processor, question, len(images), answers, self._special))
        self._texts.append(text)

    def _check(self, name: str, row: Mapping, answers: Sequence[str]) -> None:
        question, images = row.get("question"), row.get("images")
        if not isinstance(question, str):
            raise ValueError(f"{name}: its question is {question!r}: it must be text")
        held = sorted(token for token in self._special if token in question)
        if held:
            raise ValueError(f"{name}: its question holds {held[0]!r}, which the tokenizer reads as a special token")
        if images is not None and not isinstance(images, list | tuple):
            raise ValueError(f"{name}: its images are of type {type(images).__name__}: give a list of pictures")
        if isinstance(answers, str):
            raise ValueError(f"{name}: its answers are one text: give a list of texts")
        wrong = next((answer for answer in answers if not isinstance(answer, str)), "")
        if wrong != "":
            raise ValueError(f"{name}: its answer is {wrong!r}: it must be text")

    def encoded(self) -> list[Encoded]:
        """All rows so far.

        Raises:
            ValueError: the chat template does not put an answer after its prompt.
        """
        special = set(self._processor.tokenizer.all_special_ids)
        short = _tokens(self._processor, self._texts)
        full = iter(_answer_tokens(self._processor, [text for texts in self._answers for text in texts]))
        found = []
        for name, prompt, begin, texts in zip(self._names, self._prompts, short, self._answers, strict=True):
            cut = tuple(_cut_answer(prompt, begin, next(full), special, name) for _ in texts)
            found.append(Encoded(prompt=prompt, answers=cut))
        if any(answer.start < len(item.prompt.ids) for item in found for answer in item.answers):
            logger.warning(
                "the generation prompt of the chat template does not end on a token boundary: "
                "what is generated begins with other tokens than what is scored"
            )
        return found


def encode(processor: Any, rows: Sequence[Mapping], answers: Sequence[Sequence[str]]) -> list[Encoded]:
    """Tokenises questions with their pictures, and the answers to score for each.

    Args:
        processor: a vision-language processor with a chat template.
        rows: mappings with `question` and `images` (a list of PIL images or undecoded pictures, empty for text rows).
        answers: for each row, the answer texts.

    Returns:
        One `Encoded` per row, its answers in the given order.

    Raises:
        ValueError: the numbers of rows and answer lists differ, or the chat template does not append the answer.
    """
    if len(rows) != len(answers):
        raise ValueError(f"{len(rows)} rows but {len(answers)} lists of answers: give one list per row")
    encoder = Encoder(processor)
    for row, texts in zip(rows, answers, strict=True):
        encoder.add(row, texts)
    return encoder.encoded()


def longest_answer(processor: Any, answers: Sequence[str]) -> int:
    """Tokens of the longest of some answers by itself, with its terminator."""
    return 1 + max(
        (len(ids) for ids in processor.tokenizer(list(answers), add_special_tokens=False)["input_ids"]), default=0
    )
