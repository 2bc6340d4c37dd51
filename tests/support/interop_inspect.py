"""Run a build as a task of inspect_ai on a model with known answers; print the results as JSON.

    python tests/support/interop_inspect.py DIR CONFIG SPLIT

The first half of the questions gets correct answers, the other half nonsense.
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
    half = len(answers) // 2
    generated = answers[:half] + ["nonsense"] * (len(answers) - half)
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in generated]
    for output in outputs:  # set, so that inspect_ai does not download a tokenizer to count tokens
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=outputs)
    with tempfile.TemporaryDirectory() as logs:
        (log,) = inspect_eval(
            task, model=model, log_dir=logs, max_samples=1, max_connections=1, display="none", log_images=True
        )
        if log.status != "success":
            raise SystemExit(f"{log.status}: {log.error.traceback if log.error else log}")
        result = {
            "right": half,
            "solvers": [step.params for step in log.plan.steps],
            "means": {score.name: score.metrics["mean"].value for score in log.results.scores},
            "samples": [
                {"id": sample.id, "content": _content(sample), "score": sample.scores["answers"].value}
                for sample in log.samples
            ],
        }
    print(json.dumps(result))


def _content(sample) -> list[str]:
    """Return the question of the model: the SHA-256 of each picture's bytes, then the text."""
    content = sample.messages[0].content
    if isinstance(content, str):
        return [content]
    parts = []
    for part in content:
        value = getattr(part, part.type)
        if part.type == "image":
            value = sample.attachments.get(value.removeprefix("attachment://"), value)
            kind, _, data = value.partition(";base64,")
            value = f"{kind} {sha256(base64.b64decode(data)).hexdigest()}"
        parts.append(value)
    return parts


if __name__ == "__main__":
    main(*sys.argv[1:])
