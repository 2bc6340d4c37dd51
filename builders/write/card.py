"""README.md and eval.yaml: a build described for people and for the Hub. Every number comes from the manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from datasets.splits import SplitDict, SplitInfo
from huggingface_hub import DatasetCard, DatasetCardData

from lethebench.builders.base import Benchmark
from lethebench.builders.options import option_help
from lethebench.builders.write.columns import QA, features_of, type_name
from lethebench.builders.write.manifest import Manifest
from lethebench.cards import templates
from lethebench.contract.columns import QUESTION_COLUMNS

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (float("inf"), "1M<n<10M"),
)
"""Rows below -> what the Hub calls the size."""


def write_card(benchmark: Benchmark, manifest: Manifest, folder: Path) -> None:
    """Writes README.md: YAML that the Hub and `datasets` read, then the card."""
    content = f"---\n{card_data(benchmark, manifest)}\n---\n\n{card_body(benchmark, manifest)}\n"
    (folder / "README.md").write_text(str(DatasetCard(content)).rstrip() + "\n", "utf-8")


def write_eval(benchmark: Benchmark, folder: Path) -> None:
    """Writes eval.yaml, which registers the benchmark's tasks on the Hub: what to ask a model before and after."""
    config = next(iter(benchmark.CONFIGS))
    content = {
        "name": benchmark.PRETTY_NAME,
        "description": benchmark.DESCRIPTION,
        "evaluation_framework": "lethebench",
        "tasks": [
            {"id": f"{benchmark.NAME}_{split}", "config": config, "split": split}
            for split in benchmark.CONFIGS[config]
            if split != "train"
        ],
    }
    (folder / "eval.yaml").write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), "utf-8")


def card_data(benchmark: Benchmark, manifest: Manifest) -> DatasetCardData:
    """The YAML of the card: configs over shards with their version, columns, sizes, and what the Hub searches by."""
    default = next(iter(benchmark.CONFIGS))
    rows = manifest.splits[default]["train"]["rows"]
    data = DatasetCardData(
        pretty_name=benchmark.PRETTY_NAME,
        language="en",
        license=benchmark.LICENCE["id"],
        license_name=benchmark.LICENCE.get("name"),
        license_link=benchmark.LICENCE.get("link"),
        annotations_creators=None if benchmark.IMPORTED else "machine-generated",
        language_creators=None if benchmark.IMPORTED else "machine-generated",
        multilinguality="monolingual",
        source_datasets=None if benchmark.IMPORTED else ["original"],
        size_categories=next(name for most, name in SIZES if rows < most),
        task_categories=["visual-question-answering", "question-answering", "image-text-to-text"],
        tags=[*benchmark.TAGS, f"arxiv:{benchmark.PAPER.arxiv}"],
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
    DatasetInfosDict({config: _info(benchmark, manifest, config) for config in benchmark.CONFIGS}).to_dataset_card_data(
        data
    )
    return data


def card_body(benchmark: Benchmark, manifest: Manifest) -> str:
    """The card below its YAML, in Markdown."""
    environment = templates()
    environment.filters |= {
        "thousands": "{:,}".format,
        "percent": "{:.1%}".format,
        "size": human_size,
    }
    kind = "_import" if benchmark.IMPORTED else ""
    template = environment.get_template(f"{benchmark.NAME}{kind}.md.jinja")
    shards = {file: listing for file, listing in manifest.files.items() if file.endswith(".parquet")}
    return template.render(
        manifest=manifest,
        benchmark=benchmark,
        default=next(iter(benchmark.CONFIGS)),
        columns={
            name: (type_name(kind), QUESTION_COLUMNS[name] + benchmark.EXAMPLES.get(name, ""))
            for name, kind in QA.items()
        },
        given=_given(benchmark, manifest),
        paper=benchmark.PAPER,
        facts=benchmark.facts(),
        options=option_help(benchmark.OPTIONS),
        shards=len(shards),
        nbytes=sum(listing["bytes"] for listing in shards.values()),
        preview="preview.png" in manifest.files,
    ).strip()


def human_size(nbytes: int) -> str:
    """Bytes as a person says them, e.g. `2.6 GB`."""
    for unit in ("bytes", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "bytes" or nbytes >= 10 else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} GB"


def _given(benchmark: Benchmark, manifest: Manifest) -> dict[str, Any]:
    """The options that a build with this size and seed would not have by itself."""
    if benchmark.IMPORTED:
        return {}
    usual = benchmark.usual_options(manifest.size)
    return {name: value for name, value in manifest.options.items() if value != usual[name]}


def _info(benchmark: Benchmark, manifest: Manifest, config: str) -> DatasetInfo:
    """Columns and sizes. Split sizes only where no column says which task a row belongs to: a declared size makes
    `load_dataset(..., filters=[("task_id", "==", 7)])` fail in datasets 5.2, which compares it with the filtered rows
    (`verify_splits`); to be declared everywhere once it does not. The card's table and the manifest have them all."""
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
