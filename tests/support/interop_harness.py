"""Run an exported task with its harness on a model with known answers; print the results as JSON.

    python tests/support/interop_harness.py lm-eval|lmms-eval FOLDER TASK

The first half of the questions gets correct answers, the other half nonsense.
"""

import contextlib
import json
import sys
from hashlib import sha256


def lm_eval(folder: str, task: str) -> dict:
    """Return the results and the questions that the model was asked."""
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class KnownAnswers(LM):
        questions: tuple = ()

        def generate_until(self, requests, disable_tqdm=False):
            self.questions = [{"question": request.args[0], "pictures": []} for request in requests]
            return _answers([request.doc["answer"] for request in requests])

        # The exported tasks only generate; the harness requires these methods to exist.
        def loglikelihood(self, requests, disable_tqdm=False):
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    model = KnownAnswers()
    manager = TaskManager(include_path=folder, include_defaults=False)
    results = lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=manager, bootstrap_iters=0)
    return _result(results, model.questions, task)


def lmms_eval(folder: str, task: str) -> dict:
    """Return the results, and the questions and pictures that the model was given."""
    from lmms_eval.api.model import lmms
    from lmms_eval.evaluator import simple_evaluate
    from lmms_eval.tasks import TaskManager

    class KnownAnswers(lmms):
        questions: tuple = ()

        def generate_until(self, requests):
            self.questions, answers = [], []
            for request in requests:
                context, _, pictures, row_index, name, split = request.args
                row = self.task_dict[name][split][row_index]
                digests = [sha256(picture.tobytes()).hexdigest() for picture in pictures(row)]
                self.questions.append({"question": context, "pictures": digests})
                answers.append(row["answer"])
            return _answers(answers)

        def loglikelihood(self, requests):  # as above
            raise NotImplementedError

        generate_until_multi_round = loglikelihood

    model = KnownAnswers()
    manager = TaskManager(include_path=folder, include_defaults=False)
    results = simple_evaluate(model=model, tasks=[task], task_manager=manager, bootstrap_iters=0)
    return _result(results, model.questions, task)


def _answers(correct: list[str]) -> list[str]:
    half = len(correct) // 2
    return correct[:half] + ["nonsense"] * (len(correct) - half)


def _result(results: dict, questions: list[dict], task: str) -> dict:
    means = {name.removesuffix(",none"): value for name, value in results["results"][task].items()}
    return {"means": means, "asked": questions}


if __name__ == "__main__":
    run = {"lm-eval": lm_eval, "lmms-eval": lmms_eval}[sys.argv[1]]
    with contextlib.redirect_stdout(sys.stderr):
        result = run(*sys.argv[2:])
    print(json.dumps(result))
