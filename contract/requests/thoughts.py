"""Take the thoughts of a reasoning model and left-over special tokens out of an answer."""

import re

_PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
_FINAL = "<|channel|>final<|message|>"  # gpt-oss
_HIDDEN = ("<|channel|>analysis", "<|channel|>commentary", "<|start|>assistant<|channel|>")
_END_TOKEN = re.compile(
    r"\s*(?:<\|(?:im_end|eot_id|eot|end|endoftext|end_of_text|return|eom_id|end_of_turn)\|>|</s>|<end_of_turn>|<eos>"
    r"|<end_of_utterance>|<｜end▁of▁sentence｜>)\s*$"
)


def without_thoughts(text: str) -> str | None:
    """Return an answer without the thoughts before it and the end tokens after it; None if it is cut in its thoughts.

    Only the opening tag, only the closing tag, or both may be there: chat templates open thoughts themselves.

    >>> without_thoughts("<think>blue? no</think> red"), without_thoughts("no.</think>red<|im_end|>")
    ('red', 'red')
    >>> without_thoughts("<think>The picture") is None
    True
    """
    if _FINAL in text:
        text = text.rpartition(_FINAL)[2]
    elif text.lstrip().startswith(_HIDDEN):
        return None
    for start, end in _PAIRS:
        if end in text and (text.lstrip().startswith(start) or start not in text.partition(end)[0]):
            text = text.rpartition(end)[2] if text.count(start) <= text.count(end) else text.partition(end)[2]
        if text.lstrip().startswith(start):
            return None
    while (shorter := _END_TOKEN.sub("", text)) != text:
        text = shorter
    return text
