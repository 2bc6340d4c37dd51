"""Models with random weights in the shapes of those in the papers, and matching processors.

Shapes and vocabulary sizes are those of the published configs; the tokenizer is a small one made from the given rows.
`SHAPES[preset](rows)` returns (config, processor).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from tokenizers import AddedToken
from torch import nn
from transformers import (
    AutoModelForImageTextToText,
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    Idefics2Config,
    Idefics2ImageProcessorPil,
    Idefics2Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaNextConfig,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    LlavaProcessor,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen3VLConfig,
)

from lethebench.baselines.tiny.model import CHAT_TEMPLATE, tiny_tokenizer

SEVEN = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
THIRTEEN = {"hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40}
CLIP = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
CROP = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
GRID = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
PICTURE = "{{- '<image>\\n' -}}"

Rows = Sequence[Mapping[str, Any]]
Shape = tuple[PretrainedConfig, Any]


def tokenizer(rows: Rows, special: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """Return a small tokenizer of the rows' texts with additional special tokens."""
    plain = tiny_tokenizer([text for row in rows for text in (row["question"], row["answer"])], 4096)
    plain.add_tokens([AddedToken(token, special=True) for token in special], special_tokens=True)
    ends = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=plain._tokenizer, **ends)


def llava(rows: Rows) -> Shape:
    """Return the shape of LLaVA-1.5-7B: 576 tokens per picture."""
    words = tokenizer(rows)
    pictures = CLIPImageProcessorPil(**CROP)
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    processor = LlavaProcessor(pictures, words, **settings, chat_template=CHAT_TEMPLATE)
    return LlavaConfig(
        vision_config=CLIPVisionConfig(**CLIP, image_size=336, patch_size=14),
        text_config=LlamaConfig(**SEVEN, vocab_size=32064, max_position_embeddings=4096),
        image_token_index=processor.image_token_id,
    ), processor


def llava_next(rows: Rows, size: Mapping[str, int] = SEVEN) -> Shape:
    """Return the shape of LLaVA-1.6 on Vicuna: up to five tiles and 2,928 tokens per picture."""
    words = tokenizer(rows)
    pictures = LlavaNextImageProcessorPil(**CROP, image_grid_pinpoints=GRID)
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    processor = LlavaNextProcessor(pictures, words, **settings, chat_template=CHAT_TEMPLATE)
    return LlavaNextConfig(
        vision_config=CLIPVisionConfig(**CLIP, image_size=336, patch_size=14),
        text_config=LlamaConfig(**size, vocab_size=32064, max_position_embeddings=4096),
        image_token_index=processor.image_token_id,
        image_grid_pinpoints=GRID,
    ), processor


def idefics2(rows: Rows) -> Shape:
    """Return the shape of Idefics2-8B: 64 tokens per picture of up to 980 pixels per side."""
    words = tokenizer(rows, ("<fake_token_around_image>", "<end_of_utterance>"))
    template = CHAT_TEMPLATE.replace(PICTURE, "{{- '<image>' -}}")
    pictures = Idefics2ImageProcessorPil(do_image_splitting=False)
    processor = Idefics2Processor(pictures, words, image_seq_len=64, chat_template=template)
    vision = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
    text = {**SEVEN, "intermediate_size": 14336, "num_key_value_heads": 8, "model_type": "mistral"}
    return Idefics2Config(
        vision_config={**vision, "image_size": 980, "patch_size": 14},
        text_config={**text, "vocab_size": 32003, "sliding_window": 4096},
        image_token_id=words.convert_tokens_to_ids("<image>"),
    ), processor


def qwen3_vl(rows: Rows) -> Shape:
    """Return the shape of Qwen3-VL-4B: one token per 32 x 32 pixels. Its processor needs torchvision."""
    from transformers import Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    names = [f"<|{name}|>" for name in ("vision_start", "image_pad", "vision_end", "video_pad")]
    words = tokenizer(rows, names)
    sizes = {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2}
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(**sizes),
        tokenizer=words,
        video_processor=Qwen3VLVideoProcessor(**sizes),
        chat_template=CHAT_TEMPLATE.replace(PICTURE, f"{{{{- '{''.join(names[:3])}' -}}}}"),
    )
    starts, image, ends, video = words.convert_tokens_to_ids(names)
    text = {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32}
    rope = {"rope_type": "default", "mrope_section": [24, 20, 20], "mrope_interleaved": True, "rope_theta": 5e6}
    vision = {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "out_hidden_size": 2560}
    return Qwen3VLConfig(
        vision_config={**vision, "patch_size": 16, "deepstack_visual_indexes": [5, 11, 17]},
        text_config={**text, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "rope_parameters": rope},
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=starts,
        vision_end_token_id=ends,
        tie_word_embeddings=True,
    ), processor


SHAPES: Mapping[str, Callable[[Rows], Shape]] = {
    "mllmu-llava": llava,
    "icu-llava": llava,
    "mllmu-idefics2": idefics2,
    "mlu-llava": llava_next,
    "mlu-llava-13b": lambda rows: llava_next(rows, THIRTEEN),
    "mlu-qwen3vl": qwen3_vl,
}


def random_model(config: PretrainedConfig) -> nn.Module:
    """Create a model of that config in bfloat16, on the GPU if there is one."""
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        return AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16).eval()


def billions(config: PretrainedConfig) -> float:
    """Return the number of weights of a model of that config, in billions."""
    with torch.device("meta"):
        return sum(value.numel() for value in AutoModelForImageTextToText.from_config(config).parameters()) / 1e9
