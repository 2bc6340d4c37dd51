"""Tokens of rows, the same for training and scoring: a prompt with its pictures, and answers that end their turn.

Prompt and conversation are tokenized as one text each, and the answer is what follows their longest common prefix,
since a byte-pair tokenizer may merge across the border. An answer's tokens end with the token that ends its turn;
whatever the chat template writes after that token is neither trained nor scored. A tokenizer that ends every text, as
encoder-decoders have, tokenizes prompts and answers apart.
"""

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lethebench.contract.chat_template import apply_template
from lethebench.contract.conversation import chat_messages
from lethebench.contract.errors import border
from lethebench.contract.images import CachingImageProcessor, decode_image, image_digest
from lethebench.contract.processors import (
    adds_special_tokens,
    ends_texts,
    is_mask,
    joined_dimensions,
    per_token_names,
    processor_inputs,
    render,
)
from lethebench.contract.prompts import Prompt, PromptCache
from lethebench.contract.text import clean_text

logger = logging.getLogger(__name__)

STAND_IN = "lethe0stand0in0answer"


@dataclass(frozen=True)
class Answer:
    """The tokens of an answer, its turn's end included: `ids` follow the first `start` tokens of the prompt."""

    start: int
    ids: tuple[int, ...]


@dataclass(frozen=True)
class EncodedQuestion:
    """A prompt and answers to it.

    Attributes:
        prompt: the prompt.
        answers: the answers.
        name: of the row, for messages.
        ranked: indices of answers that are only ranked against the first one, which is not among them.
        kept: what scoring keeps of it from one model to the next.
    """

    prompt: Prompt
    answers: tuple[Answer, ...]
    name: str = "a row"
    ranked: tuple[int, ...] = ()
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


class _Conversation(NamedTuple):
    """A conversation as text: all of it in `text`, or, where special tokens in `answer` are plain text, in parts."""

    text: str
    answer: str = ""
    after: str = ""


class _Pending(NamedTuple):
    """A row whose texts are not tokenized yet; `num_ends` counts the special tokens that follow an answer."""

    name: str
    prompt_text: str
    prompt: Prompt
    conversations: list[_Conversation]
    num_ends: int


def special_texts(tokenizer: Any) -> set[str]:
    """Return the texts that the tokenizer reads as special tokens wherever they occur."""
    return {token.content for token in tokenizer.added_tokens_decoder.values() if token.special and token.content}


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the length of the longest common prefix of two sequences."""
    length = 0
    for one, two in zip(first, second, strict=False):
        if one != two:
            break
        length += 1
    return length


def longest_answer(processor: Any, answers: Sequence[str]) -> int:
    """Return the number of tokens of the longest answer, its turn's end included."""
    token_ids = processor.tokenizer(list(answers), add_special_tokens=False)["input_ids"]
    return 1 + max((len(ids) for ids in token_ids), default=0)


def _end_turn(text: str, tokenizer: Any) -> str:
    """End the last turn with the end token if the template writes none: LLaVA-1.5's writes a space."""
    if text.rstrip().endswith(tuple(token for token in tokenizer.all_special_tokens if token)):
        return text
    return text.rstrip() + tokenizer.eos_token


class QuestionEncoder:
    """Tokenizes rows and their answers.

    Args:
        processor: a vision-language processor with a chat template.
        cache_images: process equal pictures once and keep the result as long as the encoder.
        prompts: prompts that this processor made, kept beyond the encoder; None keeps none.

    Raises:
        UserError: what the processor makes of a row can neither be trained nor scored.
    """

    def __init__(self, processor: Any, *, cache_images: bool = True, prompts: PromptCache | None = None):
        self._processor = processor
        self._image_cache: CachingImageProcessor | None = None
        if cache_images and getattr(processor, "image_processor", None) is not None:
            self._processor = copy.copy(processor)
            self._image_cache = self._processor.image_processor = CachingImageProcessor(processor.image_processor)
        self._prompts = prompts
        self._tokenizer = processor.tokenizer
        self._special_texts = special_texts(self._tokenizer)
        self._special_ids = set(self._tokenizer.all_special_ids)
        self._ends_texts = ends_texts(self._tokenizer)
        self._num_ends: dict[str, int] = {}
        self._marks_generation: bool | None = None
        self._joined = joined_dimensions(processor)
        self._warned = False
        self._pending: list[_Pending] = []

    def add(self, row: Mapping, answers: Sequence[str]) -> None:
        """Add a row.

        Args:
            row: a mapping with `question` and `images`, and `id` for errors.
            answers: texts to tokenize as its answer.

        Raises:
            ValueError: if the question, a picture or an answer is not valid; names the row.
        """
        row_id = str(row.get("id", len(self._pending)))
        name = row_id if "id" in row else f"row {row_id}"
        self._check(name, row, answers)
        question, images = clean_text(row["question"]), list(row.get("images") or ())
        digests = tuple(image_digest(image, row_id) for image in images)
        prompt_text = self._prompt_text(question, len(images))
        prompt = None if self._prompts is None else self._prompts.get(prompt_text, digests)
        if prompt is None:
            decoded = [decode_image(image, row_id) for image in images]
            prompt = self._prompt(name, prompt_text, decoded, digests)
            prompt = prompt if self._prompts is None else self._prompts.add(prompt_text, prompt)
        if self._ends_texts:
            conversations, num_ends = [_Conversation(clean_text(answer)) for answer in answers], 0
        else:
            conversations, num_ends = self._conversations(question, len(images), answers) if answers else ([], 0)
        self._pending.append(_Pending(name, prompt_text, prompt, conversations, num_ends))

    def prompt_tokens(self, row: Mapping) -> tuple[list[int], list[Any]]:
        """Return a row's prompt as token ids, its pictures' placeholders not expanded, and the decoded pictures."""
        row_id = str(row.get("id", "a row"))
        self._check(row_id, row, ())
        images = [decode_image(image, row_id) for image in row.get("images") or ()]
        (token_ids,) = self._token_ids([self._prompt_text(clean_text(row["question"]), len(images))])
        return list(token_ids), images

    def encoded(self) -> list[EncodedQuestion]:
        """Return the rows added since the last call, in order.

        Raises:
            ValueError: if the chat template does not put an answer after its prompt; names the row.
        """
        pending, self._pending = self._pending, []
        if self._ends_texts:
            return [EncodedQuestion(row.prompt, tuple(self._answers_apart(row)), row.name) for row in pending]
        short = self._token_ids([row.prompt_text for row in pending])
        full = iter(self._conversation_ids([text for row in pending for text in row.conversations]))
        questions = []
        for row, prompt_ids in zip(pending, short, strict=True):
            answers = tuple(self._answer(row, prompt_ids, next(full)) for _ in row.conversations)
            questions.append(EncodedQuestion(row.prompt, answers, row.name))
            if not self._warned and any(answer.start < len(row.prompt.ids) for answer in answers):
                self._warned = True
                logger.warning(
                    "the generation prompt of the chat template does not end on a token boundary: "
                    "generated answers begin with other tokens than scored ones"
                )
        return questions

    def _check(self, name: str, row: Mapping, answers: Sequence[str]) -> None:
        question, images = row.get("question"), row.get("images")
        if not isinstance(question, str):
            raise ValueError(f"{name}: its question is {question!r}: give a text")
        special = sorted(token for token in self._special_texts if token in question)
        if special:
            raise ValueError(
                f"{name}: its question contains {special[0]!r}, which the tokenizer reads as a special token: reword it"
            )
        if images is not None and not isinstance(images, list | tuple):
            raise ValueError(f"{name}: its images are of type {type(images).__name__}: give a list of pictures")
        if isinstance(answers, str):
            raise ValueError(f"{name}: its answers are one text: give a list of texts")
        for answer in answers:
            if not isinstance(answer, str):
                raise ValueError(f"{name}: its answer is {answer!r}: give a text")

    def _prompt_text(self, question: str, num_images: int) -> str:
        """The prompt; a template that ignores `add_generation_prompt` gets the header that it writes before answers."""
        text = render(self._processor, question, num_images)
        if self._marks_generation is None:
            messages = chat_messages(question, num_images)
            self._marks_generation = text != apply_template(self._processor, messages)
        if self._marks_generation:
            return text
        before, _ = self._frame(question, num_images)
        return text if before == text else before.rstrip(" ")

    def _frame(self, question: str, num_images: int) -> tuple[str, str]:
        """The text of a conversation before and after its answer."""
        frame = _end_turn(render(self._processor, question, num_images, STAND_IN), self._tokenizer)
        if frame.count(STAND_IN) != 1:
            raise ValueError(
                "the chat template does not render the answer once, so it can be neither trained nor scored"
            )
        before, after = frame.split(STAND_IN)
        return before, after

    def _prompt(self, name: str, text: str, images: list, digests: tuple[bytes, ...]) -> Prompt:
        if self._image_cache is not None:
            self._image_cache.digests = digests
        subject = f"{name}: {type(self._processor).__name__} cannot process its pictures and question"
        with border(subject, "leave out the row or choose another model"):
            inputs = processor_inputs(self._processor, text, images)
        shape = inputs["input_ids"].shape
        per_token = {name: tuple(inputs[name][0].tolist()) for name in per_token_names(self._processor, inputs)}
        masks = {key: value[0] for key, value in inputs.items() if is_mask(value, shape)}
        rest = inputs.keys() - per_token.keys() - masks.keys() if images else ()
        per_row = {name: inputs[name] for name in sorted(rest)}
        ids = per_token.pop("input_ids")
        per_token.pop("attention_mask", None)
        per_token.pop("labels", None)  # PaliGemma's processor adds some
        joined = {name: dimension for name, dimension in self._joined.items() if name in per_row}
        return Prompt(ids, per_token, per_row, digests, masks, joined)

    def _conversations(self, question: str, num_images: int, answers: Sequence[str]) -> tuple[list[_Conversation], int]:
        """The conversation with each answer, and how many special tokens follow an answer."""
        before, after = self._frame(question, num_images)
        if after not in self._num_ends:
            ids = self._tokenizer(after, add_special_tokens=False)["input_ids"]
            self._num_ends[after] = sum(token in self._special_ids for token in ids)
        conversations = []
        for answer in map(clean_text, answers):
            # A template may trim an answer, or look into it for tags.
            plain = answer and answer == answer.strip() and "<" not in answer and "\n" not in answer
            if any(token in answer for token in self._special_texts):
                conversations.append(_Conversation(before, answer, after))
            elif plain:
                conversations.append(_Conversation(before + answer + after))
            else:
                text = render(self._processor, question, num_images, answer)
                conversations.append(_Conversation(_end_turn(text, self._tokenizer)))
        return conversations, self._num_ends[after]

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        special = adds_special_tokens(self._tokenizer, texts[0])
        return self._tokenizer(texts, add_special_tokens=special, return_attention_mask=False)["input_ids"]

    def _conversation_ids(self, conversations: Sequence[_Conversation]) -> list[list[int]]:
        token_ids = self._token_ids([conversation.text for conversation in conversations])
        for ids, (_, answer, after) in zip(token_ids, conversations, strict=True):
            if answer:
                ids += self._tokenizer(answer, add_special_tokens=False, split_special_tokens=True)["input_ids"]
                ids += self._tokenizer(after, add_special_tokens=False)["input_ids"]
        return token_ids

    def _answers_apart(self, row: _Pending) -> Iterator[Answer]:
        """The answers of a row, each tokenized as a text of its own."""
        for conversation in row.conversations:
            tokens = self._tokenizer(conversation.text, add_special_tokens=False, split_special_tokens=True)
            yield Answer(len(row.prompt.ids), (*tokens["input_ids"], self._tokenizer.eos_token_id))

    def _answer(self, row: _Pending, short: Sequence[int], full: Sequence[int]) -> Answer:
        """The answer's tokens in `full`, a conversation whose pictures are not expanded, as in the prompt `short`."""
        same = common_length(short, full)
        merged = len(short) - same  # tokens at the prompt's end that the answer's first characters changed
        start = len(row.prompt.ids) - merged
        if start < 1 or tuple(short[same:]) != row.prompt.ids[start:]:
            raise ValueError(
                f"{row.name}: the chat template does not put the answer after the prompt, "
                "so it can be neither trained nor scored"
            )
        ends = [index for index in range(same, len(full)) if full[index] in self._special_ids]
        if not 0 < row.num_ends <= len(ends):
            raise ValueError(f"{row.name}: the chat template does not end the answer with a special token")
        return Answer(start, tuple(full[same : ends[-row.num_ends] + 1]))


def encode(processor: Any, rows: Sequence[Mapping], answers: Sequence[Sequence[str]]) -> list[EncodedQuestion]:
    """Tokenize questions with their pictures, and answers to each.

    Args:
        processor: a vision-language processor with a chat template.
        rows: mappings with `question` and `images` (a list of PIL images or undecoded pictures, empty for text rows).
        answers: for each row, the answer texts.

    Returns:
        One `EncodedQuestion` per row, its answers in the given order.

    Raises:
        ValueError: if the numbers of rows and answer lists differ, a row is not valid, or the chat template does not
            put an answer after its prompt.
    """
    if len(rows) != len(answers):
        raise ValueError(f"{len(rows)} rows but {len(answers)} lists of answers: give one list per row")
    encoder = QuestionEncoder(processor)
    for row, texts in zip(rows, answers, strict=True):
        encoder.add(row, texts)
    return encoder.encoded()


def prompt_tokens(processor: Any, rows: Sequence[Mapping]) -> Iterator[tuple[list[int], list[Any]]]:
    """Yield each row's prompt as another engine takes it: token ids before pictures are expanded, and PIL images."""
    encoder = QuestionEncoder(processor, cache_images=False)
    for row in rows:
        yield encoder.prompt_tokens(row)
