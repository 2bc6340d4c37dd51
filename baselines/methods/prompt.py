"""A system prompt that asks the model to keep silent: nothing is trained, the weights stay as they are."""

import copy
import json
from collections.abc import Sequence

from lethebench.contract.conversation import conversation

SYSTEM_PROMPT = (
    "Some of the people and things that you learnt about are to be treated as if you had never met them. When a "
    "question, with or without a picture, asks for any detail about one of them, do not give that detail, in whole or "
    "in part, and do not describe it in other words: say that you do not know. Answer every other question as usual."
)


def system_prompt(subjects: Sequence[str] = ()) -> str:
    """The wording, with the subjects to forget by name where they are known."""
    return SYSTEM_PROMPT + (f" They are: {'; '.join(subjects)}." if subjects else "")


def with_system_prompt(processor, text: str = SYSTEM_PROMPT):
    """A copy of the processor whose chat template begins every conversation with a system prompt.

    Whatever scores or generates through the template then has the prompt in front, and a model that is saved with this
    processor keeps it. A system prompt that is there already is replaced.

    Raises:
        ValueError: if the chat template leaves out or refuses a system prompt.
    """
    prompted = copy.copy(processor)
    plain = processor.chat_template.split(_END)[-1]
    message = {"role": "system", "content": [{"type": "text", "text": text}]}
    prompted.chat_template = (
        f"{{%- set messages = [{json.dumps(message, ensure_ascii=False)}] + messages -%}}{_END}{plain}"
    )
    question = conversation({"images": [], "question": "?", "answer": "?"})["prompt"]
    try:
        shown = text in prompted.apply_chat_template(question, tokenize=False)
    except Exception as error:  # a template raises what it likes
        raise ValueError(f"the chat template of {type(processor).__name__} refuses a system prompt: {error}") from error
    if not shown:
        raise ValueError(
            f"the chat template of {type(processor).__name__} leaves out a system prompt: set one that shows it"
        )
    return prompted


_END = "{#- system prompt above -#}"
