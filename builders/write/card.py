"""Write README.md and eval.yaml, which describe a build to people and to the Hub; all numbers are the manifest's."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from datasets.splits import SplitDict, SplitInfo
from huggingface_hub import DatasetCardData
from jinja2 import Environment

from lethebench.builders.audits.sample import MOST_SUBJECTS
from lethebench.builders.audits.shortcuts import LEAST_SUBJECTS, MOST_ATTRIBUTES, POOLED, RATIO
from lethebench.builders.audits.texts import FIRST_ANSWERS
from lethebench.builders.audits.two_samples import BAND, ERRORS
from lethebench.builders.base import Benchmark
from lethebench.builders.options import option_help
from lethebench.builders.write.columns import QA, features_of, type_name
from lethebench.builders.write.manifest import Manifest
from lethebench.cards import templates
from lethebench.contract.columns import QUESTION_COLUMNS
from lethebench.contract.escaping import markdown_text, shown
from lethebench.generation.writer.languages import LANGUAGES

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (float("inf"), "1M<n<10M"),
)
"""(exclusive upper bound of rows, the name of the size on the Hub)."""
_INSPECT: Mapping[str, Any] = {
    "field_spec": {"input": "question", "input_image": "images", "target": "answer"},
    "solvers": [{"name": "generate", "args": {"temperature": 0.0}}],
    "scorers": [{"name": "exact"}, {"name": "f1"}],
}
"""What eval.yaml says of a task, in the terms that inspect_ai accepts there: its own solvers and scorers."""
_HOW_TO_EVALUATE = (
    "A row has a list of pictures; the task `lethebench/unlearning` of inspect_ai shows all of them "
    "(`inspect eval lethebench/unlearning -T data=ORG/NAME -T split=forget`)."
)


def write_card(benchmark: Benchmark, manifest: Manifest, folder: Path) -> None:
    """Write README.md: YAML that the Hub and `datasets` read, then the card."""
    content = f"---\n{card_data(benchmark, manifest)}\n---\n\n{card_body(benchmark, manifest)}\n"
    (folder / "README.md").write_text(content, "utf-8")


def write_eval(benchmark: Benchmark, folder: Path) -> None:
    """Write eval.yaml, which registers the benchmark's tasks on the Hub: the splits to score a model on."""
    config = next(iter(benchmark.CONFIGS))
    content = {
        "name": benchmark.CARD.title,
        "description": f"{benchmark.CARD.description} {_HOW_TO_EVALUATE}",
        "evaluation_framework": "inspect-ai",
        "tasks": [
            {"id": f"{benchmark.NAME}_{split}", "config": config, "split": split, **deepcopy(_INSPECT)}
            for split in benchmark.CONFIGS[config]
            if split != "train"
        ],
    }
    (folder / "eval.yaml").write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), "utf-8")


def card_data(benchmark: Benchmark, manifest: Manifest) -> DatasetCardData:
    """Return the YAML of the card: configs over shards with version, columns and sizes, and what the Hub indexes."""
    default = next(iter(benchmark.CONFIGS))
    rows = manifest.splits[default]["train"]["rows"]
    card, creators = benchmark.CARD, None if benchmark.IMPORTED else "machine-generated"
    data = DatasetCardData(
        pretty_name=card.title,
        language=manifest.written["language"] if manifest.written else "en",
        license=card.license.id,
        license_name=card.license.name,
        license_link=card.license.link,
        annotations_creators=creators,
        language_creators=creators,
        multilinguality="monolingual",
        source_datasets=None if benchmark.IMPORTED else ["original"],
        size_categories=next(name for most, name in SIZES if rows < most),
        task_categories=["visual-question-answering", "question-answering", "image-text-to-text"],
        tags=[*card.tags, *([f"arxiv:{benchmark.PAPER.arxiv}"] if benchmark.PAPER.arxiv else [])],
        configs=[
            {
                "config_name": config,
                "version": benchmark.VERSION,
                **({"default": True} if config == default else {}),
                "data_files": [
                    {"split": split, "path": [f"{group}-*.parquet" for group in groups]}
                    for split, groups in splits.items()
                ],
            }
            for config, splits in benchmark.CONFIGS.items()
        ],
    )
    infos = DatasetInfosDict({config: _info(benchmark, manifest, config) for config in benchmark.CONFIGS})
    infos.to_dataset_card_data(data)
    return data


def card_body(benchmark: Benchmark, manifest: Manifest) -> str:
    """Return the card below its YAML, in Markdown. A benchmark without a template of its own gets the general one."""
    own = f"{benchmark.NAME}{'_import' if benchmark.IMPORTED else ''}.md.jinja"
    template = _environment().select_template([own, "dataset.md.jinja"])
    shards = {file: listing for file, listing in manifest.files.items() if file.endswith(".parquet")}
    return template.render(
        manifest=manifest,
        benchmark=benchmark,
        card=benchmark.CARD,
        default=next(iter(benchmark.CONFIGS)),
        columns={
            name: (type_name(feature), QUESTION_COLUMNS[name] + benchmark.CARD.columns.get(name, ""))
            for name, feature in QA.items()
        },
        language=LANGUAGES[manifest.written["language"]].name if manifest.written else "English",
        given=_changed_options(benchmark, manifest),
        paper=benchmark.PAPER,
        facts=benchmark.facts(),
        options=option_help(benchmark.OPTIONS),
        shards=len(shards),
        nbytes=sum(listing["bytes"] for listing in shards.values()),
        preview="preview.png" in manifest.files,
        audit_kinds=_audit_kinds(manifest),
        audit_ratio=RATIO,
        unmeasured=_unmeasured(manifest.audits or {}),
        verdicts=list(_verdicts(benchmark, manifest.audits or {})),
        least_subjects=LEAST_SUBJECTS,
        most_attributes=MOST_ATTRIBUTES,
        most_subjects=MOST_SUBJECTS,
    ).strip()


def _audit_kinds(manifest: Manifest) -> list[str]:
    """Return the kinds of shortcuts that some attribute was measured for, guesses first."""
    scores = (manifest.audits or {}).get("shortcuts", {}).values()
    return list(dict.fromkeys(kind for part in scores for kind in part))


def _unmeasured(audits: Mapping[str, Mapping]) -> int:
    return audits["sample"]["attributes"] - len(set(audits["shortcuts"]) - {POOLED}) if audits else 0


def _verdicts(benchmark: Benchmark, audits: Mapping[str, Mapping]) -> Iterator[str]:
    """Yield a sentence for each AUC of two roles that is further than BAND from .5, by chance or not."""
    for part in ("text", "pictures"):
        for pair, result in audits.get(part, {}).items():
            if "not_measured" in result or abs(result["auc"] - 0.5) <= BAND:
                continue
            note = benchmark.CARD.audit_notes.get(pair, "")
            what = f"The {part} of {pair.replace('/', ' and ')}"
            if result["apart"]:
                yield f"{what} differ by more than {BAND} beyond chance. {note or 'The cause is not known.'}"
                continue
            low, high = (result["auc"] + sign * ERRORS * result["error"] for sign in (-1, 1))
            one, other = result["compared"]
            yield (
                f"{what}: AUC {result['auc']:.2f}, from {max(0, low):.2f} to {min(1, high):.2f} within {ERRORS:g} "
                f"standard errors. The {one} and {other} subjects of classes that both have neither show a difference "
                f"of more than {BAND} nor rule it out. {note}"
            ).rstrip()


def _richness(figures: Mapping[str, float]) -> str:
    """Return the length and vocabulary of some answers in words."""
    counted = min(figures["answers"], FIRST_ANSWERS)
    few = counted == figures["answers"]
    return (
        f"{figures['mean_tokens']} words and marks on average, 95 % have at most {figures['p95_tokens']}; "
        f"{figures['vocabulary_of_2000']:,} different words and marks in {'all' if few else 'the first'} {counted:,}"
    )


def _auc(result: Mapping[str, Any]) -> str:
    """Return the AUC of two roles, or why there is none."""
    if "not_measured" in result:
        return f"not measured ({result['not_measured']})"
    return f"{result['auc']:.2f} ± {result['error']:.2f}"


@cache
def _environment() -> Environment:
    """Return the templates with the filters of cards; cached, since compiling them takes longer than filling them."""
    formats = {"thousands": "{:,}".format, "percent": "{:.1%}".format}
    return templates(shown, **formats, size=human_size, auc=_auc, richness=_richness, cell=markdown_text)


def human_size(nbytes: float) -> str:
    """Return a number of bytes with a unit, e.g. `2.6 GB`."""
    for unit in ("bytes", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "bytes" or nbytes >= 10 else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} GB"


def _changed_options(benchmark: Benchmark, manifest: Manifest) -> dict[str, Any]:
    """Return the options that differ from the defaults of this size."""
    if benchmark.IMPORTED:
        return {}
    defaults = benchmark.OPTIONS().resolve(benchmark.profile_count(manifest.size)).record()
    return {name: value for name, value in manifest.options.items() if value != defaults[name]}


def _info(benchmark: Benchmark, manifest: Manifest, config: str) -> DatasetInfo:
    """Return columns and sizes of a config.

    Split sizes are left out if there is a column `task_id`: with a declared size, datasets 5.2 fails on
    `load_dataset(..., filters=[("task_id", "==", 7)])`, since `verify_splits` compares it with the filtered rows. To be
    declared everywhere once that is fixed; the card's table and the manifest have them all.
    """
    parts: Mapping[str, Mapping] = manifest.splits[config]
    features = features_of(next(iter(benchmark.CONFIGS[config].values()))[0])
    splits = SplitDict(dataset_name=benchmark.NAME)
    for split, part in parts.items():
        splits.add(
            SplitInfo(name=split, num_bytes=part["nbytes"], num_examples=part["rows"], dataset_name=benchmark.NAME)
        )
    files = {file for part in parts.values() for file in part["files"]}
    return DatasetInfo(
        features=features,
        splits=None if "task_id" in features else splits,
        download_size=sum(manifest.files[file]["bytes"] for file in files),
        dataset_size=sum(part["nbytes"] for part in parts.values()),
        config_name=config,
    )
