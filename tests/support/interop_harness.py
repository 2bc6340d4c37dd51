"""Runs an exported task with its harness on a model whose answers are known; what came of it as JSON on stdout.

    python tests/support/interop_harness.py lm-eval|lmms-eval FOLDER TASK

The first half of the questions is answered rightly, the other half with nonsense.
"""

import contextlib
import json
import sys
from hashlib import sha256


def lm_eval(folder: str, task: str) -> dict:
    """The results, and what the model was asked."""
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Known(LM):
        asked: tuple = ()

        def generate_until(self, requests, disable_tqdm=False):
            self.asked = [{"question": request.args[0], "pictures": []} for request in requests]
            return _answers([request.doc["answer"] for request in requests])

        # The exported tasks have answers generated and ask nothing else; the harness wants the methods to be there.
        def loglikelihood(self, requests, disable_tqdm=False):
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    model = Known()
    manager = TaskManager(include_path=folder, include_defaults=False)
    results = lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=manager, bootstrap_iters=0)
    return _found(results, model.asked, task)


def lmms_eval(folder: str, task: str) -> dict:
    """The results, and what the model was asked and shown."""
    from lmms_eval.api.model import lmms
    from lmms_eval.evaluator import simple_evaluate
    from lmms_eval.tasks import TaskManager

    class Known(lmms):
        asked: tuple = ()

        def generate_until(self, requests):
            self.asked, answers = [], []
            for request in requests:
                context, _, pictures, place, name, split = request.args
                row = self.task_dict[name][split][place]
                shown = [sha256(picture.tobytes()).hexdigest() for picture in pictures(row)]
                self.asked.append({"question": context, "pictures": shown})
                answers.append(row["answer"])
            return _answers(answers)

        def loglikelihood(self, requests):  # as above
            raise NotImplementedError

        generate_until_multi_round = loglikelihood

    model = Known()
    manager = TaskManager(include_path=folder, include_defaults=False)
    results = simple_evaluate(model=model, tasks=[task], task_manager=manager, bootstrap_iters=0)
    return _found(results, model.asked, task)


def _answers(right: list[str]) -> list[str]:
    half = len(right) // 2
    return right[:half] + ["nonsense"] * (len(right) - half)


def _found(results: dict, asked: list[dict], task: str) -> dict:
    means = {name.removesuffix(",none"): value for name, value in results["results"][task].items()}
    return {"means": means, "asked": asked}


if __name__ == "__main__":
    run = {"lm-eval": lm_eval, "lmms-eval": lmms_eval}[sys.argv[1]]
    with contextlib.redirect_stdout(sys.stderr):
        found = run(*sys.argv[2:])
    print(json.dumps(found))
