"""From QA rows to batches: conversation, encoding with a cache, collation.

A row is a dict as `load_dataset` gives it (columns `images`, `question`, `answer`, ...). The model reads the pictures,
then the question, and is trained on the answer and the token that ends its turn, on nothing else. Every row is encoded
alone with the model's own processor and batches are put together from encoded rows, so that a row without a picture may
stand beside rows with several and nothing here depends on an architecture.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset, Image, List
from PIL import Image as PillowImage
from PIL import ImageOps
from torch import Tensor

from lethebench.contract.columns import MODALITY_CHOICES

IGNORED = -100
PICTURED = "row_has_picture"


def conversation(row: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt/completion pair of a QA row in TRL's conversational form, pictures first, then the question.

    Returns:
        `prompt` and `completion` (lists of messages) and `images` (as the row has them).
    """
    content = [{"type": "image"} for _ in row["images"]] + [{"type": "text", "text": row["question"]}]
    return {
        "prompt": [{"role": "user", "content": content}],
        "completion": [{"role": "assistant", "content": [{"type": "text", "text": row["answer"]}]}],
        "images": row["images"],
    }


@dataclass(frozen=True)
class EncodedRow:
    """One row as the model reads it.

    Attributes:
        text: (L,) tensors: `input_ids`, `attention_mask` and what else the processor gives per token.
        answer_tokens: how many of the last tokens are the answer with its terminator; >= 1.
        pictures: the processor's other outputs, first dimension counting pictures (or patches); empty for a text row.
    """

    text: Mapping[str, Tensor]
    answer_tokens: int
    pictures: Mapping[str, Tensor]


class Pair(NamedTuple):
    """A forget row and what stands beside it in a step; None where the method has no use for it.

    Attributes:
        index: the forget row's place in the forget set, -1 without one.
        forget: the forget row.
        refusal: the same question with a refusal for an answer.
        retain_index: the retain row's place in the retain set, -1 without one.
        retain: the retain row drawn for it.
    """

    index: int = -1
    forget: EncodedRow | None = None
    refusal: EncodedRow | None = None
    retain_index: int = -1
    retain: EncodedRow | None = None


class RowEncoder:
    """Encodes rows with a processor and remembers the result by content.

    The key is the question, the answer and a hash of each picture's bytes. Picture tensors are kept once per picture
    until `cache_bytes` are used, then new ones are encoded again at every use: with rows visited in turn, evicting the
    oldest would never hit. One encoder may serve every stage of a run that shares a processor.

    Args:
        processor: a transformers processor with a tokenizer and a chat template.
        cache_bytes: the most that cached picture tensors may take, in bytes.

    Attributes:
        seen: hashes of the pictures that were read whole.

    Raises:
        ValueError: if it is no processor, or has no chat template.
    """

    def __init__(self, processor, *, cache_bytes: int = 2 << 30):
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
        self.cache_bytes = cache_bytes
        self._rows: dict[tuple, EncodedRow] = {}
        self._pictures: dict[tuple[bytes, ...], Mapping[str, Tensor]] = {}
        self._used = 0
        self.seen: set[bytes] = set()

    @property
    def pad_token_id(self) -> int:
        """The id that fills `input_ids` to the right: the tokenizer's padding token, or its end token."""
        tokenizer = self.processor.tokenizer
        return tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id

    def key(self, row: Mapping[str, Any]) -> tuple:
        """What the encoding of a row depends on: (question, answer, hash of each picture).

        Raises:
            ValueError: if the row is no QA row, or a picture cannot be read.
        """
        name = row.get("id", "?")
        for column, kind in (("images", list | tuple), ("question", str), ("answer", str)):
            if not isinstance(row.get(column), kind):
                raise ValueError(
                    f"row {name} has {type(row.get(column)).__name__} as {column}: give a list of pictures as images "
                    "(empty for a text row), and text as question and answer"
                )
        return row["question"], row["answer"], tuple(picture_hash(picture, name) for picture in row["images"])

    def cached(self, key: tuple) -> EncodedRow | None:
        """The encoded row of that key if it is still held."""
        return self._rows.get(key)

    def __call__(self, row: Mapping[str, Any], key: tuple | None = None) -> EncodedRow:
        """Encodes a row, or gives the cached encoding.

        Raises:
            ValueError: if a picture cannot be decoded, or the answer is empty.
        """
        key = self.key(row) if key is None else key
        encoded = self._rows.get(key)
        if encoded is None:
            encoded = self._remember(key, self._encode(row))
        return encoded

    def _remember(self, key: tuple, encoded: EncodedRow) -> EncodedRow:
        hashes = key[2]
        if hashes and hashes not in self._pictures:
            size = sum(tensor.nbytes for tensor in encoded.pictures.values())
            if self._used + size > self.cache_bytes:
                return encoded
            self._used += size
            self.seen.update(hashes)
            self._pictures[hashes] = encoded.pictures
        if hashes:
            encoded = EncodedRow(encoded.text, encoded.answer_tokens, self._pictures[hashes])
        self._rows[key] = encoded
        return encoded

    def _encode(self, row: Mapping[str, Any]) -> EncodedRow:
        if not row["answer"].strip():
            raise ValueError(f"row {row.get('id', '?')} has an empty answer: there is nothing to train on")
        prompt, full = self._texts(row)
        tokenizer = self.processor.tokenizer
        # As `apply_chat_template(tokenize=True)` does: a template that writes the start token gets no second one.
        special = not (tokenizer.bos_token and full.startswith(tokenizer.bos_token))
        full_ids = tokenizer(full, add_special_tokens=special)["input_ids"]
        shared = common_prefix(tokenizer(prompt, add_special_tokens=special)["input_ids"], full_ids)
        pictures = [decode(picture, row.get("id", "?")) for picture in row["images"]]
        features = self.processor(
            text=[full], images=[pictures] if pictures else None, add_special_tokens=special, return_tensors="pt"
        )
        shape = features["input_ids"].shape
        text = {name: value[0] for name, value in features.items() if value.shape == shape}
        rest = {name: value for name, value in features.items() if value.shape != shape}
        # Picture tokens expand inside the prompt only, so the answer is the same run of ids at the end of both.
        answer_tokens = len(full_ids) - shared
        if text["input_ids"][-answer_tokens:].tolist() != full_ids[shared:]:
            raise ValueError(f"row {row.get('id', '?')}: the processor changed the answer's tokens")
        return EncodedRow(text, answer_tokens, rest)

    def _texts(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """The prompt and the whole exchange as text; the latter always ends the assistant's turn."""
        turn = conversation(row)
        template = self.processor.apply_chat_template
        prompt = template(turn["prompt"], add_generation_prompt=True, tokenize=False)
        full = template(turn["prompt"] + turn["completion"], tokenize=False)
        # Some templates (LLaVA-1.5) close the assistant's turn with a space: then nothing would teach it to stop.
        special = tuple(token for token in self.processor.tokenizer.all_special_tokens if token)
        if not full.rstrip().endswith(special):
            full = full.rstrip() + self.processor.tokenizer.eos_token
        return prompt, full


class EncodedRows(torch.utils.data.Dataset):
    """Rows by index, encoded when first asked for; the row itself is read again only if the encoder did not keep it.

    Args:
        rows: a `datasets.Dataset` or a sequence of row dicts.
        encoder: what encodes and remembers them.
    """

    def __init__(self, rows: Dataset | Sequence[Mapping[str, Any]], encoder: RowEncoder):
        self.rows = undecoded(rows)
        self.encoder = encoder
        self._keys: dict[int, tuple] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> EncodedRow:
        encoded = self.encoder.cached(self._keys[index]) if index in self._keys else None
        if encoded is None:
            row = self.rows[index]
            self._keys[index] = self.encoder.key(row)
            encoded = self.encoder(row, self._keys[index])
        return encoded


def check_pictures(rows: EncodedRows, places: Iterable[int]) -> None:
    """Decodes every picture of those rows that this encoder has not seen yet, so that a broken one stops a stage early.

    Raises:
        ValueError: for the first picture that cannot be read, with its row's id.
    """
    for place in places:
        row = rows.rows[place]
        names = rows.encoder.key(row)[2]
        for picture, name in zip(row["images"], names, strict=True):
            if name not in rows.encoder.seen:
                decode(picture, row.get("id", "?"))
                rows.encoder.seen.add(name)


class AnswerCollator:
    """Puts rows together, padded on the right, with labels on answers and their terminators only.

    Takes row dicts, `EncodedRow`s or `Pair`s. Pairs give the forget rows first, then their refusals, then their retain
    rows, each in the same order, and `forget_index` and `retain_index`, the rows' places in their sets.

    Args:
        encoder: encodes the rows that are not encoded yet and names the padding token.
        mark_pictures: also give `row_has_picture` (B,), which is no input of a model.
    """

    def __init__(self, encoder: RowEncoder, *, mark_pictures: bool = False):
        self.encoder = encoder
        self.mark_pictures = mark_pictures

    def __call__(self, items: Sequence[Mapping[str, Any] | EncodedRow | Pair]) -> dict[str, Tensor]:
        """A batch: (B, L) `input_ids`, `attention_mask`, `labels`, and the tensors of the rows' pictures."""
        if isinstance(items[0], Pair):
            parts = [[getattr(item, part) for item in items] for part in ("forget", "refusal", "retain")]
            rows = [row for part in parts for row in part if row is not None]
            extra = {
                "forget_index": torch.tensor(
                    [item.index for item in items if item.forget is not None], dtype=torch.long
                ),
                "retain_index": torch.tensor(
                    [item.retain_index for item in items if item.retain is not None], dtype=torch.long
                ),
            }
        else:
            rows = [item if isinstance(item, EncodedRow) else self.encoder(item) for item in items]
            extra = {}
        if self.mark_pictures:
            extra[PICTURED] = torch.tensor([bool(row.pictures) for row in rows])
        return {**self._text(rows), **self._pictures(rows), **extra}

    def _text(self, rows: Sequence[EncodedRow]) -> dict[str, Tensor]:
        length = max(len(row.text["input_ids"]) for row in rows)
        batch = {}
        for name in {name: None for row in rows for name in row.text}:
            fill = self.encoder.pad_token_id if name == "input_ids" else 0
            batch[name] = torch.full((len(rows), length), fill, dtype=torch.long)
            for place, row in enumerate(rows):
                if name in row.text:
                    batch[name][place, : len(row.text[name])] = row.text[name]
        batch["labels"] = torch.full((len(rows), length), IGNORED)
        for place, row in enumerate(rows):
            ids = row.text["input_ids"]
            batch["labels"][place, len(ids) - row.answer_tokens : len(ids)] = ids[-row.answer_tokens :]
        return batch

    def _pictures(self, rows: Sequence[EncodedRow]) -> dict[str, Tensor]:
        """Picture tensors one after another, other dimensions filled with zeros to the largest.

        Models take the pictures in row order and skip what the zeros fill (tiles that are all zero, patches beyond the
        size that goes with them, masked pixels), so rows without a picture need no place here.
        """
        names = {name: None for row in rows for name in row.pictures}
        return {name: _concatenate([row.pictures[name] for row in rows if name in row.pictures]) for name in names}


def _concatenate(tensors: list[Tensor]) -> Tensor:
    widest = [max(sizes) for sizes in zip(*(tensor.shape[1:] for tensor in tensors), strict=True)]
    if all(list(tensor.shape[1:]) == widest for tensor in tensors):
        return torch.cat(tensors)
    out = tensors[0].new_zeros(sum(len(tensor) for tensor in tensors), *widest)
    start = 0
    for tensor in tensors:
        out[(slice(start, start + len(tensor)), *(slice(size) for size in tensor.shape[1:]))] = tensor
        start += len(tensor)
    return out


def of_modality(rows: Dataset | Sequence[Mapping[str, Any]], modality: str):
    """The rows with a picture ("image_text"), without one ("text"), or all of them ("both"), in order.

    Raises:
        ValueError: for another word.
    """
    if modality not in MODALITY_CHOICES:
        raise ValueError(f"modality is {modality!r}: choose one of {', '.join(MODALITY_CHOICES)}")
    if modality == "both":
        return rows
    rows = undecoded(rows)
    wanted = [place for place, row in enumerate(rows) if bool(row["images"]) == (modality == "image_text")]
    return rows.select(wanted) if isinstance(rows, Dataset) else [rows[place] for place in wanted]


def undecoded(rows: Dataset | Sequence[Mapping[str, Any]]) -> Dataset | Sequence[Mapping[str, Any]]:
    """The same rows with pictures left as bytes, so that reading a row does not decode them."""
    if isinstance(rows, Dataset) and "images" in rows.features:
        return rows.cast_column("images", List(Image(decode=False)))
    return rows


def picture_hash(picture: PillowImage.Image | Mapping[str, Any], row_id: str = "?") -> bytes:
    """16 bytes that name a picture by its content: the encoded bytes where there are any, else what `decode` gives.

    Raises:
        ValueError: if it cannot be read.
    """
    if isinstance(picture, PillowImage.Image):
        whole = decode(picture, row_id)
        return hashlib.blake2b(f"{whole.size}".encode() + whole.tobytes(), digest_size=16).digest()
    return hashlib.blake2b(_picture_bytes(picture, row_id), digest_size=16).digest()


def decode(picture: PillowImage.Image | Mapping[str, Any], row_id: str = "?") -> PillowImage.Image:
    """The picture in RGB, whole and upright as its EXIF data say, which is how `datasets` decodes it.

    Raises:
        ValueError: if it cannot be read; a row is never skipped for that.
    """
    try:
        if not isinstance(picture, PillowImage.Image):
            picture = PillowImage.open(io.BytesIO(_picture_bytes(picture, row_id)))
        return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, PillowImage.DecompressionBombError) as error:
        raise ValueError(_unreadable(row_id, error)) from error


def _picture_bytes(picture: Mapping[str, Any], row_id: str) -> bytes:
    if not isinstance(picture, Mapping):
        raise ValueError(
            f"a picture of row {row_id} is a {type(picture).__name__}: give a PIL image or a dict of bytes and path"
        )
    if isinstance(picture.get("bytes"), str):
        raise ValueError(f"a picture of row {row_id} has text as bytes: decode it first, base64 for instance")
    if picture.get("bytes") is not None:
        return picture["bytes"]
    try:
        return Path(picture["path"]).read_bytes()
    except (OSError, TypeError, KeyError) as error:
        raise ValueError(_unreadable(row_id, error)) from error


def _unreadable(row_id: str, error: Exception) -> str:
    return f"the picture of row {row_id} cannot be read ({error}): rebuild or verify the data"


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Length of the longest common prefix of two sequences of ids."""
    for place, (left, right) in enumerate(zip(first, second, strict=False)):
        if left != right:
            return place
    return min(len(first), len(second))
