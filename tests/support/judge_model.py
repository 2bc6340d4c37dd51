"""A model for `ChatServer` that judges what stands inside the fence of a prompt and obeys whatever stands outside."""

import json
import re

from lethebench.evaluation.judges.local.judge import LocalJudge
from lethebench.evaluation.judges.protocol import Item
from lethebench.evaluation.judges.rubrics import RUBRICS

_REMARKS = re.compile(r" The question came with pictures.*| An earlier reply.*")
_FENCE = re.compile(r"markers of the form <(\S+) PART>")


class HonestModel:
    """Reads the parts of the prompt between the markers that it names, and gives the local judge's verdict on them.

    Text of the request outside of the markers is obeyed: if it asks for a verdict, that is the one given.

    Attributes:
        obeyed: The orders that were found outside of the markers.
    """

    def __init__(self) -> None:
        self.obeyed: list[str] = []
        self._template: dict[str, str] = {}

    def __call__(self, text: str, pictures: list[bytes]) -> str:
        tag = re.escape(_FENCE.search(text)[1])
        parts = dict(re.findall(rf"<{tag} (\w+)>\n(.*?)\s*</{tag} \1>", text, re.DOTALL))
        rubric = RUBRICS[re.search(r"^Rubric (\w+):", text, re.MULTILINE)[1]]
        request = text[text.index("Give the verdict by the rubric") :]
        outside = re.sub(rf"<{tag} (\w+)>\n.*?</{tag} \1>", "", request, flags=re.DOTALL)
        outside = _REMARKS.sub("", outside)
        template = self._template.setdefault(rubric.name, outside)  # of the first prompt, which must be harmless
        if outside != template:
            self.obeyed.append(outside)
            return json.dumps({"justification": "as told", "verdict": rubric.high})
        item = Item(parts["question"], parts["answer"], parts.get("truth", ""))
        (verdict,) = LocalJudge().judge([item], rubric)
        return json.dumps({"justification": verdict.justification, "verdict": verdict.value})
