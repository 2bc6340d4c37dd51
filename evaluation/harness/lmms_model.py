"""A model of lmms-eval on the project's own generator and scorer; needs lmms-eval."""

from collections import defaultdict
from typing import Any

from lmms_eval.api.instance import GenerationResult
from lmms_eval.api.model import lmms
from PIL import Image

from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.likelihood.api import score_encoded

DEFAULT_LENGTH = 128  # new tokens, if a task does not set it
CHUNK = 128  # requests whose pictures are in memory together


class Wrapped(lmms):
    """Answers and losses of a loaded model."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__()
        self._model, self._processor = model, processor

    def _row(self, text: str, load_pictures: Any, document: tuple) -> dict:
        doc_id, task, split = document
        pictures = load_pictures(self.task_dict[task][split][doc_id]) or []
        if not all(isinstance(picture, Image.Image) for picture in pictures):
            raise ValueError(f"task {task} has media other than pictures: choose a task with pictures or text only")
        images = [picture.convert("RGB") for picture in pictures]
        return {"question": text.replace("<image>", "").strip(), "images": images}

    def generate_until(self, requests: list) -> list[str]:
        """Return greedy answers, cut at the first of the task's stop strings."""
        texts = [""] * len(requests)
        lengths: dict[int, list[int]] = defaultdict(list)
        for number, request in enumerate(requests):
            lengths[request.args[1].get("max_new_tokens") or DEFAULT_LENGTH].append(number)
        for length, numbers in lengths.items():
            for start in range(0, len(numbers), CHUNK):
                chunk = numbers[start : start + CHUNK]
                arguments = [requests[number].args for number in chunk]
                rows = [self._row(text, pictures, tuple(document)) for text, _, pictures, *document in arguments]
                answers = greedy_answers(self._model, self._processor, rows, max_new_tokens=length)
                for number, (_, options, *_), answer in zip(chunk, arguments, answers, strict=True):
                    texts[number] = _until(answer, options.get("until") or [])
        return texts

    def loglikelihood(self, requests: list) -> list[GenerationResult]:
        """Return the loss of each continuation as the assistant's turn, and whether it is the greedy one.

        Like lmms-eval's own models this returns the mean loss per token, not the log-probability of the method's name:
        its multiple choice takes the least (lmms-eval issue 370). The pair is the text of a GenerationResult, since
        `unwrap_generation_output` of 0.7.3 turns a pair of numbers into its representation.

        Raises:
            ValueError: if the task compares with answers without a question (`acc_mutual_info`).
        """
        results = []
        for start in range(0, len(requests), CHUNK):
            rows, answers = [], []
            for request in requests[start : start + CHUNK]:
                if len(request.args) != 6:
                    raise ValueError(
                        "a task scores answers without a question (acc_mutual_info): leave that metric out"
                    )
                text, target, pictures, *document = request.args
                doc_id, task, split = document
                answer = target if isinstance(target, str) else target(self.task_dict[task][split][doc_id])
                rows.append(self._row(text, pictures, tuple(document)))
                answers.append([answer.strip()])
            for (score,) in score_encoded(self._model, encode(self._processor, rows, answers)):
                results.append(GenerationResult(text=(-score.logprob / score.num_tokens, score.greedy)))
        return results

    # An abstract method of lmms-eval's models; only tasks of several rounds call it.
    def generate_until_multi_round(self, requests: list) -> list[str]:
        """Raise NotImplementedError: tasks of several rounds are not supported."""
        raise NotImplementedError("tasks of several rounds are not supported: choose one of a single round")


def _until(text: str, stops: str | list[str]) -> str:
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0] if stop else text
    return text
