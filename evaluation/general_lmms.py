"""A model as lmms-eval wants it, on the project's own generator and scorer; needs lmms-eval."""

from typing import Any

from lmms_eval.api.model import lmms
from PIL import Image

from lethebench.evaluation.generate import greedy_answers
from lethebench.evaluation.scoring import score_answers

LENGTH = 128  # new tokens, where a task does not say


class Wrapped(lmms):
    """Answers and log-likelihoods of a loaded model."""

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
        texts = []
        for request in requests:
            context, options, pictures, *place = request.args
            length = options.get("max_new_tokens") or LENGTH
            row = self._row(context, pictures, tuple(place))
            (text,) = greedy_answers(self._model, self._processor, [row], max_new_tokens=length)
            stops = options.get("until") or []
            for stop in [stops] if isinstance(stops, str) else stops:
                text = text.split(stop)[0] if stop else text
            texts.append(text)
        return texts

    def loglikelihood(self, requests: list) -> list[tuple[float, bool]]:
        """Log-probability of each continuation as the assistant's turn; whether it is the greedy one is not told."""
        found = []
        for request in requests:
            context, target, pictures, *place = request.args
            doc_id, task, split = place
            answer = target if isinstance(target, str) else target(self.task_dict[task][split][doc_id])
            row = self._row(context, pictures, tuple(place))
            (score,) = score_answers(self._model, self._processor, [row], [answer.strip()])
            found.append((score.logprob, False))
        return found

    def generate_until_multi_round(self, requests: list) -> list[str]:
        """Not offered.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("tasks of several rounds need a chat that goes on; choose one of a single round")
