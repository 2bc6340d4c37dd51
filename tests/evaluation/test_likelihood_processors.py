"""Rows through the processors of other families, as far as they need no torchvision, equal plain passes."""

import copy

import pytest
import torch
from plain_scores import answers_of, plain_score
from tiny_architectures import ARCHITECTURES
from tiny_models import TEMPLATE, picture, qa_rows, tokenizer
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

from lethebench.contract import tokens as chat
from lethebench.evaluation.likelihood.api import score_many

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


PROCESSORS = {"llava_next": llava_next, "idefics2": idefics2, "gemma3": gemma3}


@pytest.mark.parametrize("name", PROCESSORS)
def test_rows_of_pictures_and_texts(name):
    model, processor = ARCHITECTURES[name](torch.float64, "sdpa").model, PROCESSORS[name]()
    rows = [qa_rows()[number] for number in (0, 1, 3)]
    rows.append({**rows[0], "images": [picture(1), picture(2)]})
    answers = [answers_of(row)[:5] for row in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            logprob, count = plain_score(model, processor, row, text)
            assert score.num_tokens == count
            assert score.logprob == pytest.approx(logprob, abs=1e-9)


def paligemma():
    pictures = SiglipImageProcessorPil(size={"height": 28, "width": 28})
    pictures.image_seq_length = 4
    return PaliGemmaProcessor(pictures, copy.deepcopy(tokenizer()), chat_template=BARE)


def test_answers_of_a_prefix_model_are_its_processors_suffixes():
    model, processor = ARCHITECTURES["paligemma"](torch.float64, "sdpa").model, paligemma()
    rows = qa_rows()[:3]
    answers = [["asthma", "latex", "latex and pollen"] for _ in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            made = processor(text="<image>" + row["question"], images=row["images"], suffix=text, return_tensors="pt")
            labels = made.pop("labels")[0]
            made["pixel_values"] = made["pixel_values"].double()
            with torch.no_grad():
                logp = model(**made).logits[0].log_softmax(-1)
            places = [at for at, label in enumerate(labels.tolist()) if label != -100]
            assert score.num_tokens == len(places)
            assert score.logprob == pytest.approx(sum(logp[at - 1, labels[at]].item() for at in places), abs=1e-9)


def test_a_text_row_is_refused_by_name_where_the_processor_wants_a_picture():
    with pytest.raises(ValueError, match=r"b/text/allergy: .*`images` are expected"):
        chat.encode(paligemma(), qa_rows(), [[] for _ in qa_rows()])
