"""Runs a build as a task of inspect_ai on a model whose answers are known; what came of it as JSON on stdout.

    python tests/support/interop_inspect.py DIR CONFIG SPLIT

The first half of the questions is answered rightly, the other half with nonsense.
"""

import base64
import json
import sys
import tempfile
from hashlib import sha256

from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from lethebench.harnesses.inspect_task import unlearning


def main(data: str, config: str, split: str) -> None:
    task = unlearning(data, config=config, split=split)
    answers = [sample.target for sample in task.dataset]
    right = len(answers) // 2
    said = answers[:right] + ["nonsense"] * (len(answers) - right)
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in said]
    for output in outputs:  # given, so that nothing counts tokens by a vocabulary that it would have to download
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=outputs)
    with tempfile.TemporaryDirectory() as logs:
        (log,) = inspect_eval(
            task, model=model, log_dir=logs, max_samples=1, max_connections=1, display="none", log_images=True
        )
        if log.status != "success":
            raise SystemExit(f"{log.status}: {log.error.traceback if log.error else log}")
        found = {
            "right": right,
            "solvers": [step.params for step in log.plan.steps],
            "means": {score.name: score.metrics["mean"].value for score in log.results.scores},
            "samples": [
                {"id": sample.id, "content": _content(sample), "score": sample.scores["answers"].value}
                for sample in log.samples
            ],
        }
    print(json.dumps(found))


def _content(sample) -> list[str]:
    """The question that the model was shown: the text, after the SHA-256 of each picture's bytes."""
    content = sample.messages[0].content
    if isinstance(content, str):
        return [content]
    shown = []
    for part in content:
        value = getattr(part, part.type)
        if part.type == "image":
            value = sample.attachments.get(value.removeprefix("attachment://"), value)
            kind, _, data = value.partition(";base64,")
            value = f"{kind} {sha256(base64.b64decode(data)).hexdigest()}"
        shown.append(value)
    return shown


if __name__ == "__main__":
    main(*sys.argv[1:])
