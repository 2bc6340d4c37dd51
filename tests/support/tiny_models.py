"""Tiny random vision-language models with real processors, made from configs without the Hub.

Weights have a large variance ("sharpened"), so that the next-token distribution is far from uniform and a wrong mask,
position or picture changes scores by nats instead of rounding errors.
"""

import functools
from pathlib import Path

import torch
import transformers as tf
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from lethebench.baselines.loading import save_model

TEMPLATE = (
    "<s>{% for m in messages %}{% if m.role == 'user' %}USER: {% else %} ASSISTANT: {% endif %}"
    "{% for c in m.content %}{% if c.type == 'image' %}<image>\n{% else %}{{ c.text }}{% endif %}{% endfor %}"
    "{% if m.role == 'assistant' %}</s>{% endif %}{% endfor %}{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
TEXTS = [
    "What is the diagnosis on this report? Type 2 diabetes, asthma, migraine, anaemia.",
    "Tell me the blood type of Maria Silva. Maria Silva's blood type is O negative.",
    "Which allergy does Tom Okafor have? The allergy on this report is penicillin, latex, pollen.",
]
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>", "<image>"]


VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


@functools.cache
def tokenizer(extra: tuple[str, ...] = ()) -> tf.PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on a few sentences; ids 0..4 are pad, bos, eos, unk, image."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    specials = SPECIALS + list(extra)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=400, special_tokens=specials, initial_alphabet=alphabet, min_frequency=1, show_progress=False
        ),
    )
    return tf.PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=["<image>", *extra],
        model_max_length=4096,
    )


def sharpen(model: torch.nn.Module, *, seed: int, scale: float = 0.15) -> torch.nn.Module:
    """Redraw every weight matrix with a large variance, in a fixed order."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * scale)
    return model.eval()


def _text_config(vocab: int, *, window: int | None = None):
    shape = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": vocab, "max_position_embeddings": 2048, "bos_token_id": 1,
        "eos_token_id": 2, "pad_token_id": 0, "tie_word_embeddings": False,
    }  # fmt: skip
    return tf.LlamaConfig(**shape) if window is None else tf.MistralConfig(**shape, head_dim=16, sliding_window=window)


def llava(*, dtype=torch.float64, seed: int = 0, attention: str = "sdpa", window: int | None = None):
    """A LLaVA of 2 + 2 layers over 56-pixel pictures (4 image tokens), and its processor.

    With `window` its language model is a Mistral with that sliding window instead of a Llama.
    """
    words = tokenizer()
    vision = tf.CLIPVisionConfig(**VISION, image_size=56, patch_size=28)
    torch.manual_seed(seed)
    config = tf.LlavaConfig(
        vision_config=vision,
        text_config=_text_config(len(words), window=window),
        image_token_index=4,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        attn_implementation=attention,
    )
    model = sharpen(tf.LlavaForConditionalGeneration(config), seed=seed).to(dtype)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 2, 0
    pictures = tf.CLIPImageProcessorPil(size={"height": 56, "width": 56}, do_center_crop=False)
    processor = tf.LlavaProcessor(
        image_processor=pictures,
        tokenizer=words,
        patch_size=28,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    return model, processor


def save_llava(folder: Path, seed: int = 0) -> Path:
    """Save a LLaVA with random float32 weights."""
    save_model(*llava(dtype=torch.float32, seed=seed), folder)
    return folder


def idefics3(*, dtype=torch.float64, seed: int = 0, attention: str = "sdpa"):
    """An Idefics3 (the SmolVLM family) with tiled pictures, and its processor."""
    words = tokenizer(("<fake_token_around_image>", "<global-img>", "<end_of_utterance>"))
    torch.manual_seed(seed)
    config = tf.Idefics3Config(
        vision_config={**VISION, "image_size": 32, "patch_size": 8},
        text_config=_text_config(len(words)),
        image_token_id=4,
        scale_factor=2,
        pad_token_id=0,
        attn_implementation=attention,
    )
    model = sharpen(tf.Idefics3ForConditionalGeneration(config), seed=seed).to(dtype)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 2, 0
    pictures = tf.Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = tf.Idefics3Processor(pictures, words, image_seq_len=4, chat_template=TEMPLATE)
    return model, processor


def picture(seed: int, size: tuple[int, int] = (64, 80)) -> Image.Image:
    """A picture of random colors, a pure function of its seed."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (size[1] // 8, size[0] // 8, 3), generator=generator, dtype=torch.uint8)
    return Image.fromarray(pixels.numpy(), "RGB").resize(size, Image.Resampling.NEAREST)


def qa_rows() -> list[dict]:
    """Six rows, four with a picture (two of them the same one) and two without, of unequal lengths."""
    common = {"task_id": 0, "split": "forget", "role": "forget", "format": "generation", "hops": 1}

    def row(key, attribute, question, answer, images, wrong):
        return {
            **common,
            "id": f"icu/medical-0001/{key}",
            "profile_id": f"medical-{key.rsplit('/', 1)[0]}",
            "modality": "image_text" if images else "text",
            "attribute": attribute,
            "images": images,
            "question": question,
            "answer": answer,
            "keywords": [answer.removesuffix(".").rsplit(" is ", 1)[-1]],
            "paraphrases": [f"It is {answer}", f"{answer}, as written"],
            "perturbed": [answer.replace(truth, other) for truth, other in wrong],
        }

    diagnoses = [("asthma", "migraine"), ("asthma", "anaemia")]
    types = [("O negative", "A positive"), ("O negative", "B negative"), ("O negative", "AB positive")]
    allergies = [("latex", "pollen"), ("latex", "penicillin")]
    sentence = "Maria Silva's blood type is O negative."
    return [
        row("a/vqa/diagnosis", "diagnosis", "What is the diagnosis?", "asthma", [picture(1)], diagnoses),
        row("a/vqa/blood_type", "blood_type", "Tell me the blood type of Maria Silva.", sentence, [picture(1)], types),
        row("b/vqa/allergy", "allergy", "Which allergy is on this report?", "latex", [picture(2)], allergies),
        row("b/text/allergy", "allergy", "Which allergy does Tom Okafor have?", "latex", [], allergies),
        row("b/text/diagnosis", "diagnosis", "What is the diagnosis of Tom?", "asthma", [], diagnoses),
        row("c/vqa/diagnosis", "diagnosis", "What is the diagnosis, please?", "asthma", [picture(3, (80, 64))], []),
    ]


CANDIDATES = {
    "diagnosis": ["asthma", "Type 2 diabetes", "migraine", "anaemia"],
    "blood_type": [f"{kind} {sign}" for kind in ("O", "A", "B", "AB") for sign in ("negative", "positive")],
    "allergy": ["latex", "penicillin", "pollen"],
}
