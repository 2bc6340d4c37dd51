"""The conversation of a row: pictures first, then the question, then the assistant's answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from lethebench.contract.images import Picture, data_uri


def chat_messages(question: str, num_images: int, answer: str | None = None) -> list[dict[str, Any]]:
    """Return a question after its pictures, and its answer unless None, as messages for a chat template."""
    content: list[dict[str, str]] = [{"type": "image"} for _ in range(num_images)]
    question_message = {"role": "user", "content": [*content, {"type": "text", "text": question}]}
    return [question_message] if answer is None else [question_message, _answer_message(answer)]


def _answer_message(answer: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": answer}]}


def conversation(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `prompt` and `completion` of a row as lists of messages, TRL's form, and its `images`."""
    return {
        "prompt": chat_messages(row["question"], len(row["images"])),
        "completion": [_answer_message(row["answer"])],
        "images": row["images"],
    }


def api_messages(question: str, images: Iterable[Picture], row_id: str = "?") -> list[dict[str, Any]]:
    """Return the question of a row as messages of an OpenAI-compatible API, its pictures as data URIs."""
    urls = [data_uri(image, row_id) for image in images]
    content: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [*content, {"type": "text", "text": question}]}]
