"""Write tasks for lm-eval and lmms-eval: one YAML file per split of a build, which reads the build's rows."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.write.manifest import Manifest
from lethebench.contract.folder_kinds import EXPORT
from lethebench.contract.own_folder import new_folder
from lethebench.contract.parquet import named_file, parquet_rows
from lethebench.harnesses.harness import SCORES

HARNESSES = {"lm-eval": "lm_eval.yaml", "lmms-eval": "lmms_eval.yaml"}
"""Layout -> its template. lm-eval has no pictures, so its tasks use the text rows."""
EXTRA_TOKENS = 16


def task_name(benchmark: str, config: str, split: str, default: str) -> str:
    """Return the name of a split's task; in the default config it is that of eval.yaml.

    >>> task_name("icu", "continual", "forget", "continual"), task_name("mllmu", "forget5", "retain", "continual")
    ('icu_forget', 'mllmu_forget5_retain')
    """
    return "_".join([benchmark, *([] if config == default else [config]), split])


def export_tasks(layout: str, folder: Path, manifest: Manifest, out: Path, *, data: str | None = None) -> list[str]:
    """Write a task for each split with questions.

    Args:
        layout: A key of HARNESSES.
        folder: The build's folder.
        manifest: The build's manifest.
        out: The folder of the tasks; new or empty.
        data: What the tasks load, a Hub id or a folder; the build's folder by default.

    Returns:
        The names of the tasks. The benchmark's name is a tag for all of them.

    Raises:
        BuildError: `out` is not empty.
    """
    template = Template(resources.files(__package__).joinpath(HARNESSES[layout]).read_text("utf-8"))
    default = next(iter(manifest.splits))
    names = []
    with new_folder(out, EXPORT, BuildError) as task_dir:
        for config, splits in manifest.splits.items():
            if not _has_questions(splits):
                continue
            for split, part in splits.items():
                name = task_name(manifest.benchmark, config, split, default)
                text = template.substitute(
                    name=name,
                    tag=manifest.benchmark,
                    data=json.dumps(data or str(folder.resolve())),  # JSON strings are YAML strings
                    config=config,
                    split=split,
                    length=_longest(folder, part["files"]) + EXTRA_TOKENS,
                    metrics="\n".join(
                        f"  - metric: {score}\n    aggregation: mean\n    higher_is_better: true" for score in SCORES
                    ),
                    version=manifest.version,
                )
                (task_dir / f"{name}.yaml").write_text(text, "utf-8")
                names.append(name)
    return names


def _has_questions(splits: Mapping[str, Any]) -> bool:
    """Return whether a config has question rows."""
    return all(file.startswith("qa/") for part in splits.values() for file in part["files"])


def _longest(folder: Path, files: list[str]) -> int:
    """Return the bytes of the longest answer, an upper bound on its tokens with any tokenizer."""
    longest = 0
    for file in files:
        with named_file(folder / file):
            longest = max(longest, *(len(row["answer"].encode()) for row in parquet_rows(folder / file, ["answer"])), 0)
    return longest
