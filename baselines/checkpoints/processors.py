"""Processors from files: completed from the model's config, and checked against the model and their chat template."""

import re
from typing import Any

from transformers import AutoProcessor

from lethebench.baselines.checkpoints.weights import explain
from lethebench.contract.chat_template import apply_template
from lethebench.contract.conversation import chat_messages
from lethebench.contract.errors import UserError, border

TEMPLATES = {
    "florence2": "{% for message in messages %}{% for part in message.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}"
}
"""Model type -> chat template of models that have none: Florence-2's processor puts the picture before the question."""


def load_processor(path: str, config: Any, **hub: Any) -> Any:
    """Return the processor at a path, completed from the model's config, its chat template tried.

    Raises:
        UserError: it cannot be loaded, lacks what it needs to place pictures, or its chat template fails.
    """
    with border(f"the processor of {path} cannot be loaded", "copy its files from the original model", explain=explain):
        try:
            processor = AutoProcessor.from_pretrained(path, trust_remote_code=False, **hub)
        except ImportError as error:
            raise _missing_library(error, path) from error
        _complete(processor, config, path)
    if getattr(processor, "chat_template", None):
        try_template(processor, path)
    return processor


def _missing_library(error: ImportError, path: str) -> Exception:
    """Return an error that names the library which transformers does not find; the same one if it names none."""
    named = re.search(r"requires the (\S+) library", str(error))
    if named is None:
        return error
    return UserError(
        f"the processor of {path} needs {named[1]}, which is not installed; pip install {named[1].lower()}"
    )


def _complete(processor: Any, config: Any, path: str) -> None:
    """Take a chat template from the tokenizer, and what LLaVA's processors place pictures by from the config."""
    tokenizer = getattr(processor, "tokenizer", None)
    if hasattr(processor, "chat_template") and not processor.chat_template:
        processor.chat_template = getattr(tokenizer, "chat_template", None)
        if not processor.chat_template:
            processor.chat_template = TEMPLATES.get(getattr(config, "model_type", ""))
    if getattr(processor, "patch_size", 0) is not None:
        return
    vision = getattr(config, "vision_config", None)
    patch_size = getattr(vision, "patch_size", None)
    if not isinstance(patch_size, int) or patch_size < 1:
        raise UserError(f"{path}: patch_size is missing; add it to processor_config.json")
    processor.patch_size = patch_size
    if getattr(processor, "vision_feature_select_strategy", "") is None:
        processor.vision_feature_select_strategy = getattr(config, "vision_feature_select_strategy", "default")
    if getattr(processor, "num_additional_image_tokens", None) == 0:
        # CLIP's class token, which "default" leaves out again; its towers in LLaVA are the only ones with one.
        has_class_token = getattr(vision, "model_type", "") == "clip_vision_model"
        processor.num_additional_image_tokens = int(has_class_token)


def check_tokens(processor: Any, model: Any, path: str) -> None:
    """Raise UserError if the tokenizer has tokens that the model's embedding lacks, or they name images differently."""
    tokenizer = getattr(processor, "tokenizer", None)
    embedding: Any = model.get_input_embeddings() if hasattr(model, "get_input_embeddings") else None
    if tokenizer is None or not hasattr(embedding, "num_embeddings"):
        return
    image_id = _image_token_id(model.config)
    own_id = getattr(processor, "image_token_id", None)
    if isinstance(own_id, int) and image_id is not None and own_id != image_id:
        raise UserError(
            f"{path}: the processor marks images with token {own_id} and config.json with token {image_id}; use the "
            "config.json and processor of one model"
        )
    rows = embedding.num_embeddings + (getattr(model.config, "additional_vocab_size", None) or 0)
    # The placeholder of an image is replaced before it is looked up, so models may leave it out of the embedding.
    outside = {token: index for token, index in tokenizer.get_vocab().items() if index >= rows and index != image_id}
    if outside:
        token = min(outside, key=lambda name: outside[name])
        raise UserError(
            f"{path}: the tokenizer has {len(outside)} tokens that the embedding of {rows} rows lacks (first "
            f"{token!r}, id {outside[token]}); use the tokenizer that belongs to the model, or train and save it after "
            "model.resize_token_embeddings(len(tokenizer))"
        )


def _image_token_id(config: Any) -> int | None:
    ids = (getattr(config, name, None) for name in ("image_token_id", "image_token_index"))
    return next((index for index in ids if isinstance(index, int)), None)


def require_template(processor: Any, path: str) -> None:
    """Raise UserError if a processor has no chat template, neither its own nor its tokenizer's."""
    if not getattr(processor, "chat_template", None):
        raise UserError(f"{path} has no chat template: add chat_template.jinja to the model's files")


def try_template(processor: Any, path: str) -> None:
    """Render a conversation with and without a picture and an answer.

    Raises:
        UserError: the template raises, is stopped by its sandbox, or does not end in time.
    """
    with border(f"the chat template of {path} fails", "correct chat_template.jinja", explain=explain):
        for images in (0, 1):
            for answer in (None, "It is blue."):
                messages = chat_messages("Which color is it?", images, answer)
                apply_template(processor, messages, generation_prompt=answer is None)
