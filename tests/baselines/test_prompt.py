"""The system prompt: in front of every conversation, kept with the model, and the original processor untouched."""

import baselines_support as support
import pytest
from transformers import AutoProcessor

from lethebench.baselines.methods.prompt import SYSTEM_PROMPT, system_prompt, with_system_prompt
from lethebench.baselines.trainer.rows import RowEncoder

ROW = support.rows()[0]


def rendered(processor):
    content = [{"type": "image"}, {"type": "text", "text": ROW["question"]}]
    return processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )


@pytest.mark.parametrize("family", ["llava", "idefics3"])
def test_the_prompt_stands_before_the_question(family):
    processor = support.tiny().processor if family == "llava" else support.idefics3()[1]
    before = rendered(processor)
    prompted = with_system_prompt(processor)
    text = rendered(prompted)
    assert text.count(SYSTEM_PROMPT) == 1
    assert text.index(SYSTEM_PROMPT) < text.index("<image>") < text.index(ROW["question"])
    assert rendered(processor) == before


def test_another_prompt_takes_the_place_of_the_first():
    first = with_system_prompt(support.tiny().processor)
    subjects = ["Zoë “Zed” O'Neill", "the \\ lake {{ 1 }}"]
    text = rendered(with_system_prompt(first, system_prompt(subjects)))
    assert text.count(SYSTEM_PROMPT) == 1
    assert all(name in text for name in subjects)


def test_prompt_is_saved_and_encoded(tmp_path):
    processor = support.tiny().processor
    prompted = with_system_prompt(processor)
    prompted.save_pretrained(tmp_path)
    reloaded = AutoProcessor.from_pretrained(tmp_path)
    assert rendered(reloaded) == rendered(prompted)
    plain, longer = RowEncoder(processor)(ROW), RowEncoder(reloaded)(ROW)
    assert longer.answer_tokens == plain.answer_tokens
    added = len(processor.tokenizer(SYSTEM_PROMPT)["input_ids"])
    assert len(longer.text["input_ids"]) - len(plain.text["input_ids"]) == pytest.approx(added, abs=4)


@pytest.mark.parametrize(
    ("template", "word"),
    [
        (
            "{% for m in messages if m.role == 'system' %}{{ raise_exception('no system') }}{% endfor %}",
            "refuses",
        ),
        ("{% for m in messages if m.role == 'user' %}{{ m.content[0].text }}{% endfor %}", "leaves out"),
    ],
)
def test_template_without_system_prompt_is_refused(template, word):
    processor = support.tiny().processor
    processor.chat_template = template
    with pytest.raises(ValueError, match=word):
        with_system_prompt(processor)
