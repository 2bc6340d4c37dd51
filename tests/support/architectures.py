"""Tiny random models of the papers' architectures, from configs alone, with their own processors and chat templates."""

import baselines_support as support
import qwen_vl
import torch
import transformers as tf
from tokenizers import AddedToken

from lethebench.baselines.tiny.model import tiny_processor

# Turns of LLaVA-1.5 and LLaVA-NeXT: no special token ends an answer.
LLAVA_TEMPLATE = (
    "{% for message in messages %}{% if message.role != 'system' %}{{ message.role | upper }}: {% endif %}"
    "{% for part in message.content %}{% if part.type == 'image' %}<image>\n{% endif %}{% endfor %}"
    "{% for part in message.content %}{% if part.type == 'text' %}{{ part.text }} {% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
IDEFICS_TEMPLATE = (
    "{% for message in messages %}{{ message.role | capitalize }}:{% for part in message.content %}"
    "{% if part.type == 'text' %} {{ part.text }}{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
VISION = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32,
    "patch_size": 16,
}  # fmt: skip
TEXT = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "initializer_range": 0.2, "tie_word_embeddings": False,
}  # fmt: skip


def _text(tokenizer, **more) -> dict:
    ids = {name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
    return {**TEXT, "vocab_size": len(tokenizer), **ids, **more}


def llava():
    """LLaVA-1.5: second-last vision layer, one crop per picture."""
    processor = tiny_processor(support.rows(), support.PLAN)
    processor.chat_template = LLAVA_TEMPLATE
    config = tf.LlavaConfig(
        vision_config=tf.CLIPVisionConfig(**VISION),
        text_config=tf.LlamaConfig(**_text(processor.tokenizer)),
        image_token_index=processor.image_token_id,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        pad_token_id=processor.tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )
    return tf.LlavaForConditionalGeneration(config), processor


def llava_next():
    """LLaVA-NeXT: a picture is cut into tiles of its own shape beside a small view of the whole."""
    tokenizer = tiny_processor(support.rows(), support.PLAN).tokenizer
    grid = [[32, 64], [64, 32], [64, 64]]
    pictures = tf.LlavaNextImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, image_grid_pinpoints=grid
    )
    processor = tf.LlavaNextProcessor(
        pictures,
        tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    )
    config = tf.LlavaNextConfig(
        vision_config=tf.CLIPVisionConfig(**VISION),
        text_config=tf.LlamaConfig(**_text(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=grid,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )
    return tf.LlavaNextForConditionalGeneration(config), processor


def idefics2():
    """Idefics2: Mistral, a perceiver between the towers, pictures of their own sizes with masks."""
    plain = tiny_processor(support.rows(), support.PLAN).tokenizer
    around, end = "<fake_token_around_image>", "<end_of_utterance>"
    plain.add_tokens([AddedToken(name, special=True) for name in (around, end)], special_tokens=True)
    tokenizer = tf.PreTrainedTokenizerFast(
        tokenizer_object=plain._tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>", "image_boundary_token": around},
    )
    pictures = tf.Idefics2ImageProcessorPil(size={"shortest_edge": 16, "longest_edge": 32}, do_image_splitting=False)
    processor = tf.Idefics2Processor(pictures, tokenizer, image_seq_len=3, chat_template=IDEFICS_TEMPLATE)
    perceiver = {"hidden_size": 32, "resampler_n_latents": 3, "resampler_depth": 1, "resampler_n_heads": 2}
    perceiver |= {"resampler_head_dim": 16, "num_key_value_heads": 2}
    config = tf.Idefics2Config(
        vision_config=dict(VISION),
        perceiver_config=perceiver,
        text_config=_text(tokenizer, model_type="mistral", head_dim=16),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        tie_word_embeddings=False,
    )
    return tf.Idefics2ForConditionalGeneration(config), processor


def idefics3():
    """Idefics3: pictures cut into tiles that share one sequence."""
    return support.idefics3()


def smolvlm():
    """SmolVLM with Idefics3's processor: its own needs torchvision (for videos) and makes the same inputs."""
    model, processor = support.idefics3()
    text, vision = model.config.text_config.to_dict(), model.config.vision_config.to_dict()
    vision.pop("model_type")
    config = tf.SmolVLMConfig(
        vision_config=vision,
        text_config=text,
        scale_factor=2,
        image_token_id=model.config.image_token_id,
        pad_token_id=model.config.pad_token_id,
    )
    return tf.SmolVLMForConditionalGeneration(config), processor


ARCHITECTURES = {
    "llava": llava,
    "llava_next": llava_next,
    "idefics2": idefics2,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
    **qwen_vl.FAMILIES,
}


def marks(name: str) -> list:
    """Marks of a test of that architecture: skipped if its processor's library is missing."""
    return [qwen_vl.NEEDS_LIBRARY] if name in qwen_vl.FAMILIES else []


def make(name: str):
    """The model of that architecture, equal at every call, and its processor."""
    torch.manual_seed(0)
    model, processor = ARCHITECTURES[name]()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in model.parameters():
            if value.dim() > 1:
                value.copy_(0.2 * torch.randn(value.shape, generator=generator))
    return model.eval(), processor
