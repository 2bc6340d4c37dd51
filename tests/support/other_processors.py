"""Processors of other model families, as far as they do not need torchvision."""

import copy

from tiny_models import TEMPLATE, tokenizer
from transformers import (
    Gemma3ImageProcessorPil,
    Gemma3Processor,
    Idefics2ImageProcessorPil,
    Idefics2Processor,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    PaliGemmaProcessor,
    SiglipImageProcessorPil,
)

# A prefix-LM's conversation: no turns, the processor itself puts a line's end between question and answer.
BARE = (
    "{% for m in messages %}{% for c in m.content %}{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}{% if m.role == 'assistant' %}</s>{% endif %}{% endfor %}"
)


def llava_next():
    pictures = LlavaNextImageProcessorPil(
        size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}, image_grid_pinpoints=[[28, 56], [56, 28]]
    )
    return LlavaNextProcessor(
        image_processor=pictures,
        tokenizer=tokenizer(),
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )


def idefics2():
    words = copy.deepcopy(tokenizer(("<fake_token_around_image>", "<end_of_utterance>")))
    pictures = Idefics2ImageProcessorPil(size={"longest_edge": 28, "shortest_edge": 14}, do_image_splitting=False)
    return Idefics2Processor(pictures, words, image_seq_len=3, chat_template=TEMPLATE)


def gemma3():
    words = copy.deepcopy(tokenizer(("<start_of_image>", "<end_of_image>")))
    for name, token in (("boi", "<start_of_image>"), ("eoi", "<end_of_image>"), ("image", "<image>")):
        setattr(words, f"{name}_token", token)
        setattr(words, f"{name}_token_id", words.convert_tokens_to_ids(token))
    pictures = Gemma3ImageProcessorPil(size={"height": 28, "width": 28})
    template = TEMPLATE.replace("<image>\n", "<start_of_image>")
    return Gemma3Processor(pictures, words, image_seq_length=4, chat_template=template)


def paligemma():
    pictures = SiglipImageProcessorPil(size={"height": 28, "width": 28})
    pictures.image_seq_length = 4
    return PaliGemmaProcessor(pictures, copy.deepcopy(tokenizer()), chat_template=BARE)


PROCESSORS = {"llava_next": llava_next, "idefics2": idefics2, "gemma3": gemma3}
