"""Tiny vision-language models of every kind that TRL trains, with inputs written by hand as their processors make them.

`ARCHITECTURES[name](dtype, attention)` returns a `Tiny`: the model and its inputs for pictures. No processor is needed,
so models whose processors require torchvision are included. Weights are sharpened as in `tiny_models`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import transformers as tf
from tiny_models import VISION, sharpen

from lethebench.contract.prompts import Prompt
from lethebench.contract.tokens import Answer, EncodedQuestion

VOCAB, IMAGE, MARK = 512, 4, 5  # ids from 10 on are words; the vocabulary holds that of `tiny_models.tokenizer`
TEXT = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": VOCAB, "max_position_embeddings": 1024, "bos_token_id": 1,
    "eos_token_id": 2, "pad_token_id": 0, "tie_word_embeddings": False,
}  # fmt: skip
M_ROPE = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}


@dataclass(frozen=True)
class Tiny:
    """A model and its inputs.

    Attributes:
        model: in eval mode.
        tokens: how many placeholders a picture has.
        pictures: model inputs for pictures of given seeds.
        kinds: name of a per-token input -> its value at (a placeholder, a word of the prompt, a word of the answer).
    """

    model: torch.nn.Module
    tokens: int
    pictures: Callable[[Sequence[int]], dict[str, torch.Tensor]]
    kinds: dict[str, tuple[int, int, int]]

    def prompt(self, seeds: Sequence[int], words: Sequence[int]) -> Prompt:
        """Pictures, each between marks, then words."""
        ids = [1, *[token for _ in seeds for token in (MARK, *[IMAGE] * self.tokens, MARK)], *words]
        per_token = {
            name: tuple(image if token == IMAGE else word for token in ids)
            for name, (image, word, _) in self.kinds.items()
        }
        digests = tuple(str(seed).encode() for seed in seeds)
        return Prompt(tuple(ids), per_token, self.pictures(seeds) if seeds else {}, digests)

    def encoded(self, seeds: Sequence[int], words: Sequence[int], answers: Sequence[Sequence[int]]) -> EncodedQuestion:
        """A row: each answer gets its terminator, 2."""
        prompt = self.prompt(seeds, words)
        return EncodedQuestion(prompt, tuple(Answer(len(prompt.ids), (*answer, 2)) for answer in answers))

    def logits(self, item: EncodedQuestion, answer: Sequence[int]) -> torch.Tensor:
        """One forward pass by itself over prompt and answer: (tokens, words) in float64."""
        ids = torch.tensor([[*item.prompt.ids, *answer]])
        inputs = {
            name: torch.tensor([[*item.prompt.per_token[name], *[after] * len(answer)]])
            for name, (_, _, after) in self.kinds.items()
        }
        for name, value in item.prompt.per_row.items():
            inputs[name] = value.to(self.model.dtype) if value.is_floating_point() else value
        with torch.no_grad():
            return self.model(input_ids=ids, attention_mask=torch.ones_like(ids), **inputs).logits[0].double()

    def plain(self, item: EncodedQuestion, answer: Answer) -> torch.Tensor:
        """The definition: log p of each of the answer's tokens, in float64."""
        logprobs = self.logits(item, answer.ids)[-len(answer.ids) - 1 : -1].log_softmax(-1)
        return logprobs[torch.arange(len(answer.ids)), torch.tensor(answer.ids)]


def _noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _square(size: int) -> Callable[[Sequence[int]], dict[str, torch.Tensor]]:
    return lambda seeds: {"pixel_values": torch.stack([_noise(seed, 3, size, size) for seed in seeds])}


def _build(kind: type, config: object, dtype: torch.dtype, attention: str, scale: float = 0.4) -> torch.nn.Module:
    torch.manual_seed(0)
    config._attn_implementation = attention
    return sharpen(kind(config), seed=0, scale=scale).to(dtype)


def llava(dtype: torch.dtype, attention: str, window: int | None = None) -> Tiny:
    """LLaVA-1.5: CLIP and Llama, or Mistral with a sliding window shorter than the prompts."""
    text = tf.LlamaConfig(**TEXT) if window is None else tf.MistralConfig(**TEXT, sliding_window=window)
    vision = tf.CLIPVisionConfig(**VISION, image_size=28, patch_size=14)
    config = tf.LlavaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE, vision_feature_layer=-1)
    return Tiny(_build(tf.LlavaForConditionalGeneration, config, dtype, attention), 4, _square(28), {})


def llava_next(dtype: torch.dtype, attention: str) -> Tiny:
    """LLaVA-NeXT: a picture as a whole and in two tiles, with a token at each line's end."""
    vision = tf.CLIPVisionConfig(**VISION, image_size=28, patch_size=14)
    grid = [[28, 56], [56, 28]]
    config = tf.LlavaNextConfig(
        vision_config=vision,
        text_config=tf.LlamaConfig(**TEXT),
        image_token_index=IMAGE,
        vision_feature_layer=-1,
        image_grid_pinpoints=grid,
    )
    model = _build(tf.LlavaNextForConditionalGeneration, config, dtype, attention)

    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        pixels = torch.stack([_noise(seed, 3, 3, 28, 28) for seed in seeds])
        return {"pixel_values": pixels, "image_sizes": torch.tensor([[28, 56]] * len(seeds))}

    with torch.no_grad():
        features = model.get_image_features(
            **{**pictures([0]), "pixel_values": pictures([0])["pixel_values"].to(dtype)}
        )
    return Tiny(model, len(features.pooler_output[0]), pictures, {})


def _tiles(size: int) -> Callable[[Sequence[int]], dict[str, torch.Tensor]]:
    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        pixels = torch.stack([_noise(seed, 3, size, size) for seed in seeds])[None]
        return {"pixel_values": pixels, "pixel_attention_mask": torch.ones(1, len(seeds), size, size, dtype=torch.long)}

    return pictures


def idefics2(dtype: torch.dtype, attention: str) -> Tiny:
    """Idefics2: a perceiver between tower and Mistral."""
    perceiver = {"hidden_size": 32, "resampler_n_latents": 3, "resampler_depth": 1, "resampler_n_heads": 2}
    config = tf.Idefics2Config(
        vision_config={**VISION, "image_size": 28, "patch_size": 14},
        perceiver_config={**perceiver, "resampler_head_dim": 16, "num_key_value_heads": 1},
        text_config=tf.MistralConfig(**TEXT, sliding_window=None),
        image_token_id=IMAGE,
    )
    return Tiny(_build(tf.Idefics2ForConditionalGeneration, config, dtype, attention), 3, _tiles(28), {})


def _idefics3(config: type, kind: type, dtype: torch.dtype, attention: str) -> Tiny:
    vision = {**VISION, "image_size": 32, "patch_size": 8}
    model_config = config(
        vision_config=vision, text_config=tf.LlamaConfig(**TEXT), image_token_id=IMAGE, scale_factor=2, pad_token_id=0
    )
    return Tiny(_build(kind, model_config, dtype, attention), 4, _tiles(32), {})


def idefics3(dtype: torch.dtype, attention: str) -> Tiny:
    """Idefics3: pixels shuffled into channels."""
    return _idefics3(tf.Idefics3Config, tf.Idefics3ForConditionalGeneration, dtype, attention)


def smolvlm(dtype: torch.dtype, attention: str) -> Tiny:
    """SmolVLM, built like Idefics3."""
    return _idefics3(tf.SmolVLMConfig, tf.SmolVLMForConditionalGeneration, dtype, attention)


def _qwen(kind: type, config: object, dtype: torch.dtype, attention: str) -> Tiny:
    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        pixels = torch.cat([_noise(seed, 4 * 6, 3 * 2 * 14 * 14) for seed in seeds])
        return {"pixel_values": pixels, "image_grid_thw": torch.tensor([[1, 4, 6]] * len(seeds))}

    return Tiny(_build(kind, config, dtype, attention), 6, pictures, {"mm_token_type_ids": (1, 0, 0)})


QWEN_IDS = {"image_token_id": IMAGE, "video_token_id": 6, "vision_start_token_id": MARK, "vision_end_token_id": 7}


def qwen2_5_vl(dtype: torch.dtype, attention: str) -> Tiny:
    """Qwen2.5-VL: three axes of positions, which a picture makes shorter than its tokens."""
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32}
    config = tf.Qwen2_5_VLConfig(
        vision_config={**vision, "window_size": 56, "fullatt_block_indexes": [1]},
        text_config={**TEXT, "rope_parameters": M_ROPE},
        **QWEN_IDS,
    )
    return _qwen(tf.Qwen2_5_VLForConditionalGeneration, config, dtype, attention)


def qwen3_vl(dtype: torch.dtype, attention: str) -> Tiny:
    """Qwen3-VL: as Qwen2.5-VL, with features of inner layers of the tower added to those of the language model."""
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32}
    config = tf.Qwen3VLConfig(
        vision_config={**vision, "patch_size": 14, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]},
        text_config={**TEXT, "head_dim": 8, "rope_parameters": M_ROPE},
        **QWEN_IDS,
    )
    return _qwen(tf.Qwen3VLForConditionalGeneration, config, dtype, attention)


def gemma3(dtype: torch.dtype, attention: str) -> Tiny:
    """Gemma3: layers with a sliding window shorter than the prompts; picture tokens attend to each other."""
    text = {**TEXT, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 8}
    config = tf.Gemma3Config(
        text_config={**text, "layer_types": ["sliding_attention", "full_attention"]},
        vision_config={**VISION, "image_size": 28, "patch_size": 7},
        mm_tokens_per_image=4,
        image_token_index=IMAGE,
        boi_token_index=MARK,
        eoi_token_index=6,
        tie_word_embeddings=False,
    )
    model = _build(tf.Gemma3ForConditionalGeneration, config, dtype, attention)
    return Tiny(model, 4, _square(28), {"token_type_ids": (1, 0, 0)})


def paligemma(dtype: torch.dtype, attention: str) -> Tiny:
    """PaliGemma, a prefix-LM: prompt tokens attend to the whole prompt, pictures to questions."""
    config = tf.PaliGemmaConfig(
        text_config=tf.GemmaConfig(**TEXT, head_dim=8),
        vision_config=tf.SiglipVisionConfig(**VISION, image_size=28, patch_size=14, vision_use_head=False),
        image_token_index=IMAGE,
        projection_dim=32,
        hidden_size=32,
        vocab_size=VOCAB,
        tie_word_embeddings=False,
    )
    model = _build(tf.PaliGemmaForConditionalGeneration, config, dtype, attention)
    return Tiny(model, 4, _square(28), {"token_type_ids": (0, 0, 1)})


ARCHITECTURES: dict[str, Callable[[torch.dtype, str], Tiny]] = {
    "llava": llava,
    "llava_sliding_mistral": lambda dtype, attention: llava(dtype, attention, window=8),
    "llava_next": llava_next,
    "idefics2": idefics2,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "gemma3": gemma3,
    "paligemma": paligemma,
}
