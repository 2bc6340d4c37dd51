"""A small random model of any type that `AutoModelForImageTextToText` loads, with a processor."""

from importlib.util import find_spec
from typing import Any

import torch
import transformers as tf
from small_configs import small_config
from small_processors import PROCESSORS, words
from stand_ins import HAS_LIBRARY, STAND_INS, stand_in
from tiny_models import sharpen
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

MROPE = {"text_config.rope_parameters.mrope_section": [1, 1, 2]}  # of a head of 8: 4 pairs
GRID = {"image_grid_pinpoints": [[28, 56], [56, 28]]}
BY_LAYER = {
    kind: {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
    for kind in ("full_attention", "sliding_attention")
}
GEMMA4_VISION = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 4, "head_dim": 8, "position_embedding_size": 256,
}  # fmt: skip
EFFICIENTNET = {"vision_config.architecture": "test_efficientnet", "vision_config.hidden_size": 256}
CODES = 8  # of vector-quantized pictures

CHANGES: dict[str, dict[str, Any]] = {
    "aria": {
        "vision_config.image_size": 490, "vision_config.patch_size": 245, "projector_patch_to_query_dict": {4: 4},
        "max_value_projector_patch_to_query_dict": 4,
    },
    "aya_vision": {"vision_config.image_size": 56},
    "blip-2": {"num_query_tokens": 4, "image_token_index": 4},
    "chameleon": {
        "vocabulary_map": {"<image>": 4, **{f"IMGIMG{letter}Z": 10 + code for code, letter in enumerate("ABCDEFGH")}},
        "vq_config.num_embeddings": CODES, "vq_config.latent_channels": 32, "vq_config.base_channels": 32,
        "vq_config.channel_multiplier": [1, 1, 1, 1], "vq_config.num_res_blocks": 1, "vq_config.resolution": 16,
        "image_token_id": 4,
    },
    "cohere2_vision": {
        "vision_config.image_size": 56, "vision_config.vision_use_head": False, "alignment_intermediate_size": 64,
    },
    "fast_vlm": {**EFFICIENTNET, "vision_config.model_args": {}},
    "fuyu": {"patch_size": 30},
    "gemma3n": {**EFFICIENTNET, "vision_soft_tokens_per_image": 4, "text_config.num_kv_shared_layers": 0},
    "gemma4_unified": {
        "vision_config": {
            "patch_size": 16, "pooling_kernel_size": 3, "mm_embed_dim": 32, "mm_posemb_size": 64,
            "output_proj_dims": 32,
        },
    },
    "molmo2": {
        "image_patch_id": 4, "image_token_id": 4, "adapter_config.vision_feature_layer": [-1, -2],
        "vision_config.image_size": [28, 28],
    },
    "kimi_k25": {"projection_hidden_size": 32, "text_config.num_key_value_heads": 4},
    "muse_glimmer": {"out_hidden_size": 128},
    "muse_spark": {"out_hidden_size": 128},
    "unlimited_ocr": {
        "vision_config.sam_config.downsample_channels": [32, 32], "vision_config.sam_config.image_size": 64,
    },
    "florence2": {
        "vision_config.depths": [1, 1, 1, 1], "vision_config.embed_dim": [8, 16, 16, 32],
        "vision_config.num_heads": [1, 2, 2, 4], "vision_config.num_groups": [1, 2, 2, 4],
    },
    "deepseek_ocr2": {
        "vision_config.sam_config.downsample_channels": [32, 32], "text_config.mlp_layer_types": ["dense", "sparse"],
        "text_config.num_experts_per_tok": 2, "text_config.n_group": 1, "text_config.topk_group": 1,
        "vision_config.encoder_config.vocab_size": 64,
    },
    "inkling2": {"vision_config.projection_hidden_dim": 32},
    "inkling_mm_model": {"vision_config.patch_size": 40, "vision_config.n_layers": 2},
    "lfm2_vl": {"vision_config.num_patches": 64, "vision_config.vision_use_head": False},
    "llama4": {
        "vision_config.image_size": 56, "vision_config.vision_output_dim": 32, "vision_config.projector_input_dim": 32,
        "vision_config.projector_output_dim": 32, "vision_config.intermediate_size": 128,
    },
    "minicpm_ocr": {"vision_config.insert_layer_id": 0, "insert_layer_id": 0, "image_token_id": 4, "video_token_id": 5},
    "mistral3": {"vision_config.image_size": 56},
    "mistral_large4": {"vision_config.image_size": 56, "text_config.num_key_value_heads": 4},
    "step3p7": {"vision_config.image_size": 56, "text_config.sliding_window": 8},
    "nemotron_h_omni": {
        "image_token_id": 4, "video_token_id": 5, "audio_token_id": 8, "vision_config.patch_size": 14,
        "vision_hidden_size": 32,
    },
    "cohere_compass": {"text_config.rope_parameters": BY_LAYER},
    "emu3": {
        "vocabulary_map": {
            "<image>": 4, "<|extra_200|>": 10,
            **{f"<|visual token {code:06d}|>": 11 + code for code in range(CODES)},
        },
        "vq_config.codebook_size": CODES, "vq_config.base_channels": 32, "vq_config.hidden_size": 32,
        "vq_config.num_res_blocks": 1, "vq_config.channel_multiplier": [1, 1, 1, 1], "image_token_id": 4,
        "vq_config.num_attention_heads": 1,
    },
    "ernie4_5_vl_moe": {
        "text_config.moe_intermediate_size": [16, 16], "text_config.rope_parameters.mrope_section": [1, 1, 2],
        "text_config.rope_parameters.rope_theta": 10000.0,
    },
    "gemma3": {"mm_tokens_per_image": 4, "vision_config.vision_use_head": False},
    "gemma4": {"vision_config": GEMMA4_VISION},
    "glm46v": MROPE,
    "glm4v": MROPE,
    "glm4v_moe": {**MROPE, "text_config.rope_parameters.partial_rotary_factor": 1.0},
    "glm_ocr": MROPE,
    "glmga": MROPE,
    "granite_docling": {"vision_config.image_size": 112, "vision_config.scale_factor": 4},
    "hunyuan_vl": {"text_config.head_dim": 8, "text_config.rope_parameters.mrope_section": [1, 1, 1, 1]},
    "idefics2": {
        "text_config.sliding_window": None,  # answers of two layers would not reach the picture
        "perceiver_config.resampler_n_latents": 3, "perceiver_config.resampler_depth": 1,
        "perceiver_config.resampler_n_heads": 2, "perceiver_config.resampler_head_dim": 16,
        "perceiver_config.num_key_value_heads": 2,
    },
    "idefics3": {"vision_config.patch_size": 7},
    "instructblip": {"num_query_tokens": 4, "image_token_index": 4},
    "internvl": {
        "vision_config.image_size": [56, 56], "vision_config.patch_size": [14, 14], "image_seq_length": 4,
    },
    "kosmos-2": {"latent_query_num": 4},
    "llava_next": GRID,
    "llava_next_video": GRID,
    "llava_onevision": GRID,
    "minicpmv4_6": {"vision_config.insert_layer_id": 0, "insert_layer_id": 0},
    "minicpmv4_7": {"vision_config.insert_layer_id": 0, "insert_layer_id": 0},
    "mllama": {
        "vision_config.max_num_tiles": 2, "vision_config.supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        "vision_config.num_global_layers": 1, "vision_config.intermediate_layers_indices": [0],
        "vision_config.vision_output_dim": 64, "vision_config.attention_heads": 4,
        "text_config.num_hidden_layers": 3, "text_config.cross_attention_layers": [1],
    },
    "paddleocr_vl": MROPE,
    "qianfan_ocr": {"vision_config.image_size": [56, 56], "vision_config.patch_size": [14, 14]},
    "got_ocr2": {"image_token_index": 12},
    "qwen2_5_omni_thinker": {**MROPE, "vision_start_token_id": 6, "vision_end_token_id": 7},
    "qwen3_omni_moe_thinker": {"vision_start_token_id": 6, "vision_end_token_id": 7},
    "kosmos-2.5": {
        "latent_query_num": 4, "vision_config.max_num_patches": 64, "vision_config.patch_embed_hidden_size": 768,
    },
    "ovis2": {"image_token_id": 10, "visual_indicator_token_ids": [11, 12, 13, 14, 15]},
    "glm5_next": {
        "text_config.num_key_value_heads": 4, "text_config.qk_rope_head_dim": 0, "text_config.qk_head_dim": 8,
    },
    "dots3_note": {
        "text_config.per_layer_config": {}, "audio_config.conv_output_size": 64,
        "audio_config.downsample_hidden_size": 16,
        "text_config.num_key_value_heads": 4, "text_config.head_dim": 16, "vision_config.adapter_in_dim": 32,
        "vision_config.adapter_out_dim": 32, "audio_config.adapter_input_size": 32, "audio_config.adapter_out_dim": 32,
        "audio_config.num_key_value_heads": 4,
    },
    "diffusion_gemma": {
        "text_config.num_experts": 4, "text_config.top_k_experts": 2, "text_config.moe_intermediate_size": 16,
    },
    "granite4_vision": {
        **GRID, "deepstack_layer_map": [[-1, 0]], "downsample_rate": "1/2", "spatial_target_layers": [1],
        "vision_config.hidden_size": 64,
    },
    "perception_lm": {
        "vision_config.architecture": "test_vit", "vision_config.model_args": {"embed_dim": 64, "img_size": 32},
        "vision_config.hidden_size": 64, "projector_pooling_ratio": 2,
    },
    "qwen2_5_vl": MROPE,
    "qwen2_vl": MROPE,
    "qwen4_exp": {
        "text_config.indexer_n_heads": 2, "text_config.indexer_kv_heads": 1, "text_config.indexer_head_dim": 8,
        "text_config.indexer_budget": 64, "text_config.indexer_compress_ratio": 4,
    },
    "shieldgemma2": {"mm_tokens_per_image": 4, "vision_config.vision_use_head": False},
    "smolvlm": {"vision_config.patch_size": 7},
    "t5gemma2": {"encoder.mm_tokens_per_image": 4, "encoder.vision_config.vision_use_head": False},
    "vipllava": {"vision_feature_layer": [-2, -1]},
}  # fmt: skip


TIMM = ("fast_vlm", "gemma3n", "perception_lm")
"""Model types whose model class needs timm."""
NEEDS = {} if find_spec("timm") else dict.fromkeys(TIMM, "timm")
"""Model type -> a package that its model class needs and that is not installed."""


def stands_in(model_type: str) -> bool:
    """Return whether the type's own processor needs torchvision, which is not installed."""
    return model_type in STAND_INS and not HAS_LIBRARY


def make_processor(model_type: str) -> Any:
    """Return the type's own processor, or one in its place."""
    return stand_in(model_type) if stands_in(model_type) else PROCESSORS[model_type].make(model_type)


def make_model(model_type: str) -> Any:
    """Return a model, equal at every call, in eval mode and float32."""
    tokenizer = make_processor(model_type).tokenizer if model_type in PROCESSORS else words()
    changes = dict(CHANGES.get(model_type, {}))
    if model_type in PROCESSORS and not stands_in(model_type):
        changes |= PROCESSORS[model_type].config
    config = small_config(model_type, len(tokenizer), changes)
    torch.manual_seed(0)
    model = getattr(tf, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES[model_type])(config)
    if getattr(model, "generation_config", None) is not None:
        model.generation_config.eos_token_id = 2
    sharpen(model.float(), seed=0)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "gate" in name and value.numel() == 1:
                value.fill_(0.8)  # Mllama's, which hide pictures before they are trained
    return model
