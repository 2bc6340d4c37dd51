"""Tasks for lm-eval and lmms-eval: one YAML file per split of a build, which reads the build's own rows."""

import json
from importlib import resources
from pathlib import Path
from string import Template

import pyarrow.parquet as pq

from lethebench.builders.write.folder import new_folder
from lethebench.builders.write.manifest import Manifest
from lethebench.harnesses.harness import SCORES

HARNESSES = {"lm-eval": "lm_eval.yaml", "lmms-eval": "lmms_eval.yaml"}
"""Layout -> its template. lm-eval asks without pictures, so its tasks are of the text rows."""
ROOM = 16


def task_name(benchmark: str, config: str, split: str, default: str) -> str:
    """The name of a split's task, which in the default config is that of eval.yaml.

    >>> task_name("icu", "continual", "forget", "continual"), task_name("mllmu", "forget5", "retain", "continual")
    ('icu_forget', 'mllmu_forget5_retain')
    """
    return "_".join([benchmark, *([] if config == default else [config]), split])


def export_tasks(layout: str, folder: Path, manifest: Manifest, out: Path, *, data: str | None = None) -> list[str]:
    """Writes a task per split with questions.

    Args:
        layout: a key of HARNESSES.
        folder: of the build.
        manifest: of the build.
        out: the folder of the tasks: free or empty.
        data: what the tasks load: a Hub id, or a folder; default the build's own.

    Returns:
        The names of the tasks. The name of the benchmark stands for all of them.

    Raises:
        BuildError: something else is in `out`.
    """
    template = Template(resources.files(__package__).joinpath(HARNESSES[layout]).read_text("utf-8"))
    default = next(iter(manifest.splits))
    names = []
    with new_folder(out) as growing:
        for config, splits in manifest.splits.items():
            if not _asks(splits):
                continue
            for split, part in splits.items():
                name = task_name(manifest.benchmark, config, split, default)
                text = template.substitute(
                    name=name,
                    tag=manifest.benchmark,
                    data=json.dumps(data or str(folder.resolve())),  # JSON strings are YAML strings
                    config=config,
                    split=split,
                    length=_longest(folder, part["files"]) + ROOM,
                    metrics="\n".join(
                        f"  - metric: {score}\n    aggregation: mean\n    higher_is_better: true" for score in SCORES
                    ),
                    version=manifest.version,
                )
                (growing / f"{name}.yaml").write_text(text, "utf-8")
                names.append(name)
    return names


def _asks(splits: dict) -> bool:
    """Whether a config is one of question rows."""
    return all(file.startswith("qa/") for part in splits.values() for file in part["files"])


def _longest(folder: Path, files: list[str]) -> int:
    """Bytes of the longest answer: no tokenizer makes more tokens of it."""
    answers = (pq.read_table(folder / file, columns=["answer"])["answer"] for file in files)
    return max((len(text.encode()) for column in answers for text in column.to_pylist()), default=0)
