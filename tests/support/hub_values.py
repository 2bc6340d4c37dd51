"""Values that the Hub accepts in a dataset card's YAML and in eval.yaml.

Lists that `datasets` ships are read from it. Licenses are from the Hub's documentation (hub-docs, "Licenses"), tasks
from huggingface.js (packages/tasks, `PIPELINE_DATA`): those with text or pictures as input and text as output.
"""

import json
from importlib import resources

_LICENSES = """
    afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0 bigscience-openrail-m
    bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0
    cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
    cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0
    cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
    gemma gfdl gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 lppl-1.3c mit mpl-2.0 ms-pl ncsa
    odbl odc-by ofl-1.1 openrail openrail++ osl-3.0 other pddl postgresql unknown unlicense wtfpl zlib
"""
_TASKS = """
    document-question-answering image-text-to-text multiple-choice question-answering summarization
    table-question-answering text-classification text-generation text-ranking text-retrieval
    token-classification translation visual-question-answering zero-shot-classification
"""
_FRAMEWORKS = """
    apex-evals archipelago claw-eval exgentic harbor inspect-ai math-arena mdpbench mteb nemo-evaluator olmocr-bench
    open-asr-leaderboard parsebench screenspot-pro swe-bench swe-bench-pro video-mme-v2 wildclawbench yc-bench
"""
EVAL = {"name": str, "description": str, "evaluation_framework": str, "tasks": list}
"""Keys of eval.yaml (hub-docs, "Evaluation Results")."""
EVAL_TASK = {"id": str, "config": str, "split": str, "field_spec": dict, "solvers": list, "scorers": list}
"""Keys of a task; the last three are required with inspect-ai."""
FRAMEWORKS = set(_FRAMEWORKS.split())
"""Values of `evaluation_framework` (huggingface.js, packages/tasks/src/eval.ts)."""
FIELD_SPEC = {"input", "input_image", "target", "choices", "metadata"}
SOLVERS = {
    "prompt_template", "system_message", "user_message", "chain_of_thought", "use_tools", "generate", "self_critique",
    "multiple_choice",
}  # fmt: skip
"""Solvers that inspect_ai accepts in eval.yaml (inspect_ai/_eval/task/hf.py, `HFSolver`)."""
SCORERS = {
    "includes", "match", "pattern", "answer", "exact", "f1", "model_graded_qa", "model_graded_fact", "choice",
}  # fmt: skip
"""Scorers that it accepts there (`HFScorer`)."""


def _shipped(name: str) -> dict | list:
    return json.loads(resources.files("datasets.utils.resources").joinpath(f"{name}.json").read_text("utf-8"))


ALLOWED = {
    "language": set(_shipped("languages")),
    "license": set(_LICENSES.split()),
    "size_categories": set(_shipped("size_categories")),
    "annotations_creators": set(_shipped("creators")["annotations"]),
    "language_creators": set(_shipped("creators")["language"]),
    "multilinguality": set(_shipped("multilingualities")),
    "task_categories": set(_TASKS.split()),
    "source_datasets": {"original", "extended"},
}
"""Key of a card's YAML -> allowed values."""
