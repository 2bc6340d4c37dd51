"""A small config of any model type: the default one with every size replaced by a small one of its kind."""

from collections.abc import Mapping
from typing import Any

import transformers as tf
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

LAYERS = 2
SIZES = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": LAYERS, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 1024, "tie_word_embeddings": False,
    "use_cache": True, "embed_dim": 32, "depth": LAYERS, "num_heads": 4, "mlp_ratio": 2, "out_hidden_size": 32,
    "projection_dim": 32, "projector_hidden_size": 32, "text_hidden_size": 32, "encoder_hidden_size": 32,
    "image_text_hidden_size": 32, "word_embed_proj_dim": 32, "ffn_dim": 64, "mlp_dim": 64,
    "image_size": 28, "patch_size": 14, "patch_embed_hidden_size": 32,
    "num_position_embeddings": 64, "pos_emb_height": 8, "pos_emb_width": 8, "sliding_window": 8,
    # experts
    "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "moe_num_experts": 4, "num_experts_per_tok": 2,
    "moe_topk": 2, "moe_k": 2, "top_k_experts": 2, "n_shared_experts": 1, "moe_num_shared_experts": 1,
    "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16, "moe_shared_expert_intermediate_size": 16,
    "intermediate_size_mlp": 64, "dense_intermediate_size": 64, "shared_intermediate_size": 16,
    "shared_experts_intermediate_size": 16, "moe_hidden_size": 32, "share_expert_dim": 16, "n_group": 1,
    "topk_group": 1, "first_k_dense_replace": 1, "num_nextn_predict_layers": 0,
    # latent, linear and state-space attention
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "qk_head_dim": 16,
    "v_head_dim": 8, "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2,
    "linear_num_value_heads": 4, "linear_head_dim": 8, "linear_num_heads": 4, "mamba_head_dim": 8,
    "mamba_num_heads": 8, "ssm_state_size": 8, "n_groups": 2, "chunk_size": 8, "index_head_dim": 8,
    "index_n_heads": 2, "index_topk": 64, "query_pre_attn_scalar": 8,
    # T5, BART and Kosmos
    "d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": LAYERS, "num_decoder_layers": LAYERS,
    "decoder_layers": LAYERS, "encoder_layers": LAYERS, "decoder_attention_heads": 4, "encoder_attention_heads": 4,
    "decoder_ffn_dim": 64, "encoder_ffn_dim": 64, "layers": LAYERS, "attention_heads": 4,
}  # fmt: skip
LISTS = {
    "global_attn_indexes": [1], "deepstack_visual_indexes": [0], "fullatt_block_indexes": [1],
    "mrope_section": [1, 1, 2],  # halves of a head of 8
}  # fmt: skip
# As `tiny_models.SPECIALS` and `small_processors.EXTRA` number the tokens.
IDS = {
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "image_token_id": 4, "image_token_index": 4,
    "video_token_id": 5, "video_token_index": 5, "audio_token_id": 8, "audio_token_index": 8,
    **dict.fromkeys((
        "boi_token_id", "boi_token_index", "vision_start_token_id", "image_start_token_id", "im_start_id",
        "video_start_token_id", "image_bos_token_id", "boa_token_id", "image_start_id",
    ), 6),
    **dict.fromkeys((
        "eoi_token_id", "eoi_token_index", "vision_end_token_id", "image_end_token_id", "im_end_id",
        "video_end_token_id", "eoa_token_id", "eoa_token_index", "image_end_id",
    ), 7),
}  # fmt: skip


def small_config(model_type: str, vocabulary: int, changes: Mapping[str, Any]) -> Any:
    """Return a small config of a model type; `changes` are values by dotted name, e.g. `text_config.hidden_size`."""
    kind = getattr(tf, CONFIG_MAPPING_NAMES[model_type])
    values = _small(_plain(kind().to_dict()), vocabulary)
    for path, value in changes.items():
        *parents, last = path.split(".")
        part = values
        for name in parents:
            part = part.setdefault(name, {})
        part[last] = value
    values.pop("model_type", None)
    return kind(**values)


def _plain(values: Any) -> Any:
    if isinstance(values, dict):
        dropped = (
            "architectures", "transformers_version", "id2label", "label2id", "dtype", "_name_or_path",
            "per_layer_config",
        )  # fmt: skip
        return {name: _plain(value) for name, value in values.items() if name not in dropped}
    return values


def _small(values: dict[str, Any], vocabulary: int) -> dict[str, Any]:
    types = values.get("layer_types")
    chosen = list(dict.fromkeys(types))[:3] if isinstance(types, list) else None
    layers = max(LAYERS, len(chosen or ()))
    before = values.get("num_hidden_layers")
    small = {}
    for name, value in values.items():
        if isinstance(value, dict):
            small[name] = _small(value, vocabulary)
        elif name == "layer_types" and chosen:
            small[name] = (chosen * layers)[:layers]
        elif isinstance(value, list) and len(value) == before and before and before > layers:
            kinds = list(dict.fromkeys(value)) if isinstance(value[0], str) else value
            small[name] = (kinds * layers)[:layers]
        elif name == "vocab_size" or name == "vocab_size_per_layer_input":
            small[name] = vocabulary
        elif name == "num_hidden_layers":
            small[name] = layers
        elif name in LISTS and value is not None:
            small[name] = LISTS[name]
        elif name in IDS:
            small[name] = IDS[name]
        elif name in SIZES and value is not None and not isinstance(value, list):
            small[name] = type(value)(SIZES[name])
        else:
            small[name] = value
    return small
