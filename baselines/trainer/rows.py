"""Batches of QA rows for training: encoding with a cache, and collation.

A row is a dict as `load_dataset` gives it (columns `images`, `question`, `answer`, ...). Its tokens are those that are
scored (`lethebench.contract.tokens`), and the loss is on the answer and the token that ends its turn. Every row is
encoded alone, so that a batch may mix rows with any number of pictures and nothing here depends on an architecture.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, cast

import torch
from datasets import Dataset, Image, List
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from lethebench.contract.columns import MODALITY_CHOICES
from lethebench.contract.images import decode_image, image_digest
from lethebench.contract.processors import answer_type
from lethebench.contract.prompts import LIMIT_BYTES, PromptCache
from lethebench.contract.tokens import QuestionEncoder

IGNORED = -100
PICTURED = "row_has_picture"

Row = Mapping[str, Any]
Rows: TypeAlias = "Dataset | Sequence[Row]"
RowKey = tuple[str, str, tuple[bytes, ...]]
"""What the encoding of a row depends on: its question, its answer and a digest of each picture."""


@dataclass(frozen=True)
class EncodedRow:
    """One row as model inputs.

    Attributes:
        text: (L,) or (L, ...) tensors: `input_ids`, `attention_mask`, the processor's other outputs for each token.
        answer_tokens: number of tokens at the end that are the answer and its turn's end; >= 1.
        pictures: the processor's other outputs, first dimension counting pictures (or patches); empty for a text row.
        joined: dimension along which `pictures` of several rows are joined, where it is not the first.
    """

    text: Mapping[str, Tensor]
    answer_tokens: int
    pictures: Mapping[str, Tensor]
    joined: Mapping[str, int] = field(default_factory=dict)


class Pair(NamedTuple):
    """A forget row with its refusal and retain row; None for those that the method does not use.

    Attributes:
        forget_index: index of the forget row in the forget set; -1 without one.
        forget: the forget row.
        refusal: the same question with a refusal as its answer.
        retain_index: index of the retain row in the retain set; -1 without one.
        retain: the retain row drawn for the forget row.
    """

    forget_index: int = -1
    forget: EncodedRow | None = None
    refusal: EncodedRow | None = None
    retain_index: int = -1
    retain: EncodedRow | None = None


class RowEncoder:
    """Encodes rows with a processor and caches the results by content.

    Rows are cached as long as their pictures fit into `cache_bytes`, see `PromptCache`. Stages of a run that use the
    same processor may share an encoder, and scoring its prompts.

    Args:
        processor: a transformers processor with a tokenizer and a chat template.
        cache_bytes: maximum size of the cached picture tensors, in bytes.

    Attributes:
        seen: digests of the pictures that were decoded without an error.
        prompts: the prompts of encoded rows.

    Raises:
        ValueError: if `processor` is not a processor or has no chat template.
    """

    def __init__(self, processor: Any, *, cache_bytes: int = LIMIT_BYTES):
        if not hasattr(processor, "tokenizer"):
            raise ValueError(
                f"{type(processor).__name__} is no processor of a vision-language model: give what "
                "AutoProcessor.from_pretrained gives for it"
            )
        if not getattr(processor, "chat_template", None):
            raise ValueError(
                f"{type(processor).__name__} has no chat template, so a question cannot be put to its model: "
                "set `processor.chat_template`"
            )
        self.processor = processor
        self.seen: set[bytes] = set()
        self.prompts = PromptCache(cache_bytes)
        self._questions = QuestionEncoder(processor, cache_images=False, prompts=self.prompts)
        self._rows: dict[RowKey, EncodedRow] = {}

    @property
    def pad_token_id(self) -> int:
        """The id that fills `input_ids` on the right: the tokenizer's padding token, or its end token."""
        tokenizer = self.processor.tokenizer
        return tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id

    def key(self, row: Row) -> RowKey:
        """Return the cache key of a row.

        Raises:
            ValueError: if a column is missing or has the wrong type, or a picture cannot be read.
        """
        name = row.get("id", "?")
        for column, kind in (("images", list | tuple), ("question", str), ("answer", str)):
            if not isinstance(row.get(column), kind):
                raise ValueError(
                    f"row {name} has {type(row.get(column)).__name__} as {column}: give a list of pictures as images "
                    "(empty for a text row), and text as question and answer"
                )
        return row["question"], row["answer"], tuple(image_digest(picture, name) for picture in row["images"])

    def cached(self, key: RowKey) -> EncodedRow | None:
        """Return the cached encoding of a key, or None."""
        return self._rows.get(key)

    def __call__(self, row: Row, key: RowKey | None = None) -> EncodedRow:
        """Encode a row, or return its cached encoding.

        Raises:
            ValueError: if the row is not valid, a picture cannot be decoded, or the answer is empty.
        """
        key = self.key(row) if key is None else key
        encoded = self._rows.get(key)
        if encoded is None:
            encoded = self._cache(key, self._encode(row))
        return encoded

    def _cache(self, key: RowKey, encoded: EncodedRow) -> EncodedRow:
        digests = key[2]
        if digests:
            if digests not in self.prompts.pictures:
                return encoded
            self.seen.update(digests)
        self._rows[key] = encoded
        return encoded

    def _encode(self, row: Row) -> EncodedRow:
        if not row["answer"].strip():
            raise ValueError(f"row {row.get('id', '?')} has an empty answer: there is nothing to train on")
        self._questions.add(row, [row["answer"]])
        (question,) = self._questions.encoded()
        prompt, answer = question.prompt, question.answers[0]
        ids = (*prompt.ids[: answer.start], *answer.ids)
        text = {"input_ids": torch.tensor(ids), "attention_mask": torch.ones(len(ids), dtype=torch.long)}
        after = (answer_type(self.processor),) * len(answer.ids)
        for name, values in prompt.per_token.items():
            text[name] = torch.tensor((*values[: answer.start], *after))
        text |= prompt.masks_of(answer.start, len(answer.ids))
        return EncodedRow(text, len(answer.ids), prompt.per_row, prompt.joined)


class EncodedRows(torch.utils.data.Dataset):
    """Rows by index, encoded at first access; a row is read again only if its encoding is not cached.

    Args:
        rows: a `datasets.Dataset` or a sequence of row dicts.
        encoder: encodes and caches them.
    """

    def __init__(self, rows: Rows, encoder: RowEncoder):
        self.rows = undecoded(rows)
        self.encoder = encoder
        self._keys: dict[int, RowKey] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> EncodedRow:
        encoded = self.encoder.cached(self._keys[index]) if index in self._keys else None
        if encoded is None:
            row = self.rows[index]
            self._keys[index] = self.encoder.key(row)
            encoded = self.encoder(row, self._keys[index])
        return encoded


def check_pictures(rows: EncodedRows, indices: Iterable[int]) -> None:
    """Decode the pictures of rows that their encoder has not seen yet, so that a broken one stops a stage early.

    Raises:
        ValueError: for the first picture that cannot be read; names the row.
    """
    for index in indices:
        row = rows.rows[index]
        digests = rows.encoder.key(row)[2]
        for picture, digest in zip(row["images"], digests, strict=True):
            if digest not in rows.encoder.seen:
                decode_image(picture, row.get("id", "?"))
                rows.encoder.seen.add(digest)


class AnswerCollator:
    """Batches rows, padded on the right, with labels on answers and the tokens that end their turns only.

    Takes row dicts, `EncodedRow`s or `Pair`s. A batch of pairs has the forget rows first, then their refusals, then
    their retain rows, each in the same order, and `forget_index` and `retain_index`, the indices of rows in their sets.

    Args:
        encoder: encodes rows that are not encoded yet and has the padding token.
        mark_pictures: also return `row_has_picture` (B,), which is not a model input.
    """

    def __init__(self, encoder: RowEncoder, *, mark_pictures: bool = False):
        self.encoder = encoder
        self.mark_pictures = mark_pictures

    def __call__(self, items: Sequence[Row | EncodedRow | Pair]) -> dict[str, Tensor]:
        """Return a batch: (B, L) `input_ids`, `attention_mask`, `labels`, and the tensors of the rows' pictures."""
        extra: dict[str, Tensor] = {}
        if isinstance(items[0], Pair):
            pairs = cast(Sequence[Pair], items)
            parts = [[getattr(pair, part) for pair in pairs] for part in ("forget", "refusal", "retain")]
            rows: list[EncodedRow] = [row for part in parts for row in part if row is not None]
            forget = [pair.forget_index for pair in pairs if pair.forget is not None]
            retain = [pair.retain_index for pair in pairs if pair.retain is not None]
            extra["forget_index"] = torch.tensor(forget, dtype=torch.long)
            extra["retain_index"] = torch.tensor(retain, dtype=torch.long)
        else:
            rows = [item if isinstance(item, EncodedRow) else self.encoder(cast(Row, item)) for item in items]
        if self.mark_pictures:
            extra[PICTURED] = torch.tensor([bool(row.pictures) for row in rows])
        return {**self._text(rows), **self._pictures(rows), **extra}

    def _text(self, rows: Sequence[EncodedRow]) -> dict[str, Tensor]:
        length = max(len(row.text["input_ids"]) for row in rows)
        batch = {}
        for name in {name: None for row in rows for name in row.text}:
            fill = self.encoder.pad_token_id if name == "input_ids" else 0
            values = [row.text.get(name) for row in rows]
            batch[name] = _padded(values, length, fill)
        answers = torch.tensor([row.answer_tokens for row in rows])[:, None]
        lengths = torch.tensor([len(row.text["input_ids"]) for row in rows])[:, None]
        positions = torch.arange(length)
        outside = (positions < lengths - answers) | (positions >= lengths)
        batch["labels"] = batch["input_ids"].masked_fill(outside, IGNORED)
        return batch

    def _pictures(self, rows: Sequence[EncodedRow]) -> dict[str, Tensor]:
        """Picture tensors concatenated along the first dimension, the others filled with zeros to the largest.

        Models take the pictures in row order and skip the zeros (tiles that are all zero, patches beyond a picture's
        size, masked pixels), so rows without a picture contribute nothing.
        """
        joined = {name: row.joined.get(name, 0) for row in rows for name in row.pictures}
        return {
            name: _concatenate([row.pictures[name] for row in rows if name in row.pictures], dimension)
            for name, dimension in joined.items()
        }


def _padded(values: Sequence[Tensor | None], length: int, fill: int) -> Tensor:
    """The (L, ...) tensors of rows as (B, length, ...), where a row has none only `fill`."""
    present = [value for value in values if value is not None]
    if len(present) == len(values) and all(value.dim() == 1 for value in present):
        padded = pad_sequence(present, batch_first=True, padding_value=fill)
        return functional.pad(padded, (0, length - padded.shape[1]), value=fill)
    batch = torch.full((len(values), length, *_widest([value.shape[1:] for value in present])), fill, dtype=torch.long)
    for index, value in enumerate(values):
        if value is not None:
            batch[index][tuple(map(slice, value.shape))] = value
    return batch


def _widest(shapes: Sequence[Sequence[int]]) -> list[int]:
    return [max(sizes) for sizes in zip(*shapes, strict=True)]


def _concatenate(tensors: list[Tensor], dimension: int) -> Tensor:
    tensors = [tensor.transpose(0, dimension) for tensor in tensors]
    widest = _widest([tensor.shape[1:] for tensor in tensors])
    if all(list(tensor.shape[1:]) == widest for tensor in tensors):
        return torch.cat(tensors).transpose(0, dimension).contiguous()
    out = tensors[0].new_zeros(sum(len(tensor) for tensor in tensors), *widest)
    start = 0
    for tensor in tensors:
        out[(slice(start, start + len(tensor)), *map(slice, tensor.shape[1:]))] = tensor
        start += len(tensor)
    return out.transpose(0, dimension).contiguous()


def of_modality(rows: Rows, modality: str) -> Rows:
    """Return the rows with a picture ("image_text"), without one ("text"), or all of them ("both"), in order.

    Raises:
        ValueError: for an unknown modality.
    """
    if modality not in MODALITY_CHOICES:
        raise ValueError(f"modality is {modality!r}: choose one of {', '.join(MODALITY_CHOICES)}")
    if modality == "both":
        return rows
    rows = undecoded(rows)
    indices = [index for index, row in enumerate(rows) if bool(row["images"]) == (modality == "image_text")]
    return rows.select(indices) if isinstance(rows, Dataset) else [rows[index] for index in indices]


def undecoded(rows: Rows) -> Rows:
    """Return the same rows with pictures left as bytes, so that reading a row does not decode them."""
    as_bytes = List(Image(decode=False))
    if isinstance(rows, Dataset) and rows.features.get("images", as_bytes) != as_bytes:
        return rows.cast_column("images", as_bytes)  # copies all rows
    return rows
