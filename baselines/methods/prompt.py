"""A system prompt that asks the model not to answer; nothing is trained."""

import copy
import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lethebench.baselines.stage import Stage, UnlearnResult
from lethebench.contract.chat_template import apply_template
from lethebench.contract.conversation import conversation

SYSTEM_PROMPT = (
    "Some of the people and things that you learnt about are to be treated as if you had never met them. When a "
    "question, with or without a picture, asks for any detail about one of them, do not give that detail, in whole or "
    "in part, and do not describe it in other words: say that you do not know. Answer every other question as usual."
)
_END = "{#- system prompt above -#}"


@dataclass
class SystemPromptConfig:
    """Configuration class for [`SystemPrompt`].

    Parameters:
        text (`str`, *optional*, defaults to `SYSTEM_PROMPT`):
            The system prompt.
    """

    text: str = SYSTEM_PROMPT


class SystemPrompt:
    """A system prompt in front of every conversation; only the processor changes."""

    config_class = SystemPromptConfig
    trains = False
    _paper = {
        "title": "Protecting Privacy in Multimodal Large Language Models with MLLMU-Bench",
        "id": "2410.22108",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{liu2024mllmu,
                title        = {{Protecting Privacy in Multimodal Large Language Models with MLLMU-Bench}},
                author       = {Zheyuan Liu and Guangyao Dou and Mengzhao Jia and Zhaoxuan Tan and others},
                year         = 2024,
                eprint       = {arXiv:2410.22108},
            }"""),
    }

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Put the system prompt into the chat template."""
        config = cls.config_class(**stage.settings())
        return UnlearnResult(stage.model, with_system_prompt(stage.processor, config.text), steps=0)


def system_prompt(subjects: Sequence[str] = ()) -> str:
    """Return the prompt, with the names of the subjects to forget if they are known."""
    return SYSTEM_PROMPT + (f" They are: {'; '.join(subjects)}." if subjects else "")


def with_system_prompt(processor: Any, text: str = SYSTEM_PROMPT) -> Any:
    """Return a copy of the processor whose chat template begins every conversation with a system prompt.

    Scoring and generation through the template then have the prompt in front, and a model that is saved with this
    processor keeps it. An earlier system prompt is replaced.

    Raises:
        ValueError: if the chat template leaves out or refuses a system prompt.
    """
    prompted = copy.copy(processor)
    template = processor.chat_template.split(_END)[-1]
    message = {"role": "system", "content": [{"type": "text", "text": text}]}
    prompted.chat_template = (
        f"{{%- set messages = [{json.dumps(message, ensure_ascii=False)}] + messages -%}}{_END}{template}"
    )
    question = conversation({"images": [], "question": "?", "answer": "?"})["prompt"]
    try:
        is_shown = text in apply_template(prompted, question)
    except Exception as error:  # a template may raise anything
        raise ValueError(f"the chat template of {type(processor).__name__} refuses a system prompt: {error}") from error
    if not is_shown:
        raise ValueError(
            f"the chat template of {type(processor).__name__} leaves out a system prompt: set one that shows it"
        )
    return prompted
