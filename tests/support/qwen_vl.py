"""Tiny random Qwen2.5-VL and Qwen3-VL with their own processors, which need torchvision.

The tokenizer has Qwen's special tokens, and the chat templates are the official ones, which TRL ships.
"""

import functools
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf
import trl
from tiny_models import TEXTS, sharpen
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

LIBRARY = "torchvision"
HAS_LIBRARY = importlib.util.find_spec(LIBRARY) is not None
NEEDS_LIBRARY = pytest.mark.skipif(
    not HAS_LIBRARY, reason=f"Qwen-VL's processors need {LIBRARY}; tests/test_qwen_vl.py runs them with it"
)
END, START = "<|im_end|>", "<|im_start|>"
SPECIALS = [START, "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
MERGE = 2
ROPE = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
TEXT = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 2048, "initializer_range": 0.2, "rope_parameters": ROPE,
}  # fmt: skip
VISION = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32}


@functools.cache
def tokenizer() -> Any:
    """Return a byte-level BPE tokenizer trained on a few sentences, set up like that of Qwen2.5-VL and Qwen3-VL."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    bpe.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=380, initial_alphabet=alphabet, min_frequency=1, show_progress=False)
    )
    model = json.loads(bpe.to_str())["model"]
    return tf.Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=[tuple(merge) for merge in model["merges"]],
        eos_token=END,
        pad_token="<|endoftext|>",
        extra_special_tokens=SPECIALS,
        model_max_length=4096,
    )


def _template(name: str) -> str:
    return (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text()


def published(model: Any, processor: Any, folder: Path) -> Path:
    """Save Qwen2.5-VL as its authors published it: old names of weights, one flat config, files of transformers 4."""
    model.save_pretrained(folder, save_original_format=True)
    config = json.loads((folder / "config.json").read_text())
    text = config.pop("text_config")
    rope = text.pop("rope_parameters")
    del text["layer_types"], config["vision_config"]["rope_parameters"]
    text |= {
        "rope_theta": rope["rope_theta"],
        "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
    }
    (folder / "config.json").write_text(json.dumps({**text, **config}))
    processor.tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": processor.chat_template}))
    pictures = processor.image_processor.to_dict()
    size = pictures.pop("size")
    pictures |= {"min_pixels": size["shortest_edge"], "max_pixels": size["longest_edge"]}
    pictures |= {"processor_class": type(processor).__name__}
    (folder / "preprocessor_config.json").write_text(json.dumps(pictures))
    return folder


def _ids(words: Any, **text: Any) -> dict[str, Any]:
    """The parts of a model's config that depend on the tokenizer; the embedding is larger than it, as Qwen's is."""
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    tokens = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    ids = dict(zip(names, words.convert_tokens_to_ids(tokens), strict=True))
    vocabulary = {"vocab_size": len(words) + 9, "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}
    vocabulary["bos_token_id"] = words.pad_token_id
    return {"text_config": {**TEXT, **vocabulary, **text}, **ids}


def _processor(kind: type, videos: type, name: str, **pictures: Any) -> Any:
    side = MERGE * pictures["patch_size"]
    limits = {"shortest_edge": 2 * side**2, "longest_edge": 9 * side**2}  # 2 to 9 tokens for a picture
    sizes = {**pictures, "temporal_patch_size": 2, "merge_size": MERGE}
    return kind(
        image_processor=tf.Qwen2VLImageProcessor(**sizes, size=limits),
        tokenizer=tokenizer(),
        video_processor=videos(**sizes),
        chat_template=_template(name),
    )


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL: windows in the tower, 14-pixel patches, a default system prompt."""
    processor = _processor(tf.Qwen2_5_VLProcessor, tf.Qwen2VLVideoProcessor, "qwen2_5_vl", patch_size=14)
    config = tf.Qwen2_5_VLConfig(
        vision_config={**VISION, "window_size": 56, "fullatt_block_indexes": [1]},
        tie_word_embeddings=False,
        **_ids(processor.tokenizer),
    )
    return tf.Qwen2_5_VLForConditionalGeneration(config), processor


def qwen3_vl() -> tuple[Any, Any]:
    """Qwen3-VL: features of inner layers of the tower, 16-pixel patches, tied embeddings as in its 4B model."""
    normal = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    processor = _processor(tf.Qwen3VLProcessor, tf.Qwen3VLVideoProcessor, "qwen3_vl", patch_size=16, **normal)
    rope = {**ROPE, "mrope_interleaved": True}
    config = tf.Qwen3VLConfig(
        vision_config={**VISION, "patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]},
        tie_word_embeddings=True,
        **_ids(processor.tokenizer, head_dim=16, rope_parameters=rope),
    )
    return tf.Qwen3VLForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {"qwen2_5_vl": qwen2_5_vl, "qwen3_vl": qwen3_vl}


def make(name: str, seed: int = 0) -> tuple[Any, Any]:
    """Return a model in float32 and in eval mode, and its processor; generation is set up as Qwen's own configs do."""
    torch.manual_seed(seed)
    model, processor = FAMILIES[name]()
    words = processor.tokenizer
    sharpen(model, seed=seed, scale=0.4)
    with torch.no_grad():  # an answer never contains a picture
        model.get_output_embeddings().weight[words.convert_tokens_to_ids(SPECIALS[1:])] = 0
    settings = {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05}
    ends = [words.eos_token_id, words.pad_token_id]
    model.generation_config.update(**settings, eos_token_id=ends, pad_token_id=words.pad_token_id)
    return model.eval(), processor


def positions_by_hand(ids: list[int], grids: list[list[int]], image: int) -> list[list[int]]:
    """Positions on the axes of time, height and width: a picture's tokens lie on its grid, text goes on after it."""
    axes: list[list[int]] = [[], [], []]
    at = next_at = 0
    while at < len(ids):
        if ids[at] == image:
            time, height, width = grids.pop(0)
            height, width = height // MERGE, width // MERGE
            cells = [(t, h, w) for t in range(time) for h in range(height) for w in range(width)]
            for axis, values in zip(axes, zip(*cells, strict=True), strict=True):
                axis += [next_at + value for value in values]
            at, next_at = at + len(cells), next_at + max(time, height, width)
        else:
            for axis in axes:
                axis.append(next_at)
            at, next_at = at + 1, next_at + 1
    assert not grids
    return axes
