"""A model as lmms-eval wants it, on the project's own generator and scorer; needs lmms-eval."""

from collections import defaultdict
from typing import Any

from lmms_eval.api.instance import GenerationResult
from lmms_eval.api.model import lmms
from PIL import Image

from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.likelihood.api import score_encoded

LENGTH = 128  # new tokens, where a task does not say
TOGETHER = 128  # requests whose pictures are in memory together


class Wrapped(lmms):
    """Answers and losses of a loaded model."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__()
        self._model, self._processor = model, processor

    def _row(self, text: str, pictures: Any, place: tuple) -> dict:
        doc_id, task, split = place
        found = pictures(self.task_dict[task][split][doc_id]) or []
        if not all(isinstance(picture, Image.Image) for picture in found):
            raise ValueError(f"task {task} asks with something other than pictures")
        return {"question": text.replace("<image>", "").strip(), "images": [one.convert("RGB") for one in found]}

    def generate_until(self, requests: list) -> list[str]:
        """Greedy answers, cut at the first of the task's stop strings."""
        texts = [""] * len(requests)
        lengths: dict[int, list[int]] = defaultdict(list)
        for number, request in enumerate(requests):
            lengths[request.args[1].get("max_new_tokens") or LENGTH].append(number)
        for length, numbers in lengths.items():
            for start in range(0, len(numbers), TOGETHER):
                some = numbers[start : start + TOGETHER]
                asked = [requests[number].args for number in some]
                rows = [self._row(context, pictures, tuple(place)) for context, _, pictures, *place in asked]
                answers = greedy_answers(self._model, self._processor, rows, max_new_tokens=length)
                for number, (_, options, *_), answer in zip(some, asked, answers, strict=True):
                    texts[number] = _until(answer, options.get("until") or [])
        return texts

    def loglikelihood(self, requests: list) -> list[GenerationResult]:
        """Loss of each continuation as the assistant's turn, and whether it is the greedy one.

        Like lmms-eval's own models this gives the mean loss per token, not the log-probability that the name promises:
        its multiple choice takes the least (lmms-eval issue 370). The pair goes as the text of a GenerationResult,
        since `unwrap_generation_output` of 0.7.3 turns a pair of numbers into its representation.

        Raises:
            ValueError: the task compares with answers to no question (`acc_mutual_info`).
        """
        found = []
        for start in range(0, len(requests), TOGETHER):
            rows, answers = [], []
            for request in requests[start : start + TOGETHER]:
                if len(request.args) != 6:
                    raise ValueError("a task asks how likely an answer is to no question at all: leave its metric out")
                context, target, pictures, *place = request.args
                doc_id, task, split = place
                answer = target if isinstance(target, str) else target(self.task_dict[task][split][doc_id])
                rows.append(self._row(context, pictures, tuple(place)))
                answers.append([answer.strip()])
            for (score,) in score_encoded(self._model, encode(self._processor, rows, answers)):
                found.append(GenerationResult(text=(-score.logprob / score.num_tokens, score.greedy)))
        return found

    # lmms-eval asks every model for this method, and only tasks of several rounds call it.
    def generate_until_multi_round(self, requests: list) -> list[str]:
        """Not offered.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("tasks of several rounds need a chat that goes on; choose one of a single round")


def _until(text: str, stops: str | list[str]) -> str:
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0] if stop else text
    return text
