"""Cards: the YAML that the Hub and `datasets` read, numbers from the manifest alone, Croissant under mlcroissant."""

import json
import re
from itertools import islice

import mlcroissant
import pytest
from huggingface_hub import DatasetCard
from PIL import Image
from small_build import real_build

from lethebench.builders import BENCHMARKS, read_manifest
from lethebench.builders.card import card_body, human_size
from lethebench.builders.columns import CANDIDATES, MEANINGS, QA

# What the Hub's metadata checker accepts, as far as our cards use it.
ALLOWED = {
    "language": {"en"},
    "license": {"cc-by-4.0"},
    "size_categories": {"n<1K", "1K<n<10K", "10K<n<100K"},
    "annotations_creators": {"machine-generated"},
    "language_creators": {"machine-generated"},
    "multilinguality": {"monolingual"},
    "task_categories": {"visual-question-answering", "question-answering", "image-text-to-text"},
    "source_datasets": {"original"},
}


@pytest.fixture(scope="module")
def card():
    return DatasetCard.load(real_build() / "README.md")


def test_the_yaml_holds_what_the_hub_accepts_and_every_config(card):
    data = card.data.to_dict()
    for key, allowed in ALLOWED.items():
        values = data[key] if isinstance(data[key], list) else [data[key]]
        assert set(values) <= allowed, key
    configs = {config["config_name"]: config for config in data["configs"]}
    assert list(configs) == ["continual", "profiles", "candidates"]
    assert [name for name, config in configs.items() if config.get("default")] == ["continual"]
    assert {config["version"] for config in configs.values()} == {BENCHMARKS["icu"].VERSION}
    assert [entry["split"] for entry in configs["continual"]["data_files"]] == [
        "train", "forget", "retain", "test", "holdout",
    ]  # fmt: skip
    infos = {info["config_name"]: info for info in data["dataset_info"]}
    assert [feature["name"] for feature in infos["continual"]["features"]] == list(QA)
    assert infos["continual"]["download_size"] > 1_000_000
    assert infos["candidates"]["splits"][0]["num_examples"] == 16


def test_the_body_has_the_parts_that_a_careful_reader_looks_for(card):
    headings = re.findall(r"^## (.+)$", card.text, re.MULTILINE)
    assert headings == [
        "Load it", "What is in it", "How it was made", "What is the paper's and what is ours", "Use",
        "Limits and bias", "Privacy", "Licences", "Versions", "Citation",
    ]  # fmt: skip
    assert "![" in card.text
    assert "preview.png" in card.text
    assert "2605.05938" in card.text
    assert "fictitious" in card.text
    assert not re.search(r"\{\{ |\{%|Undefined|(?<!max_length=)None", card.text)
    assert all(f"| `{column}` |" in card.text for column in MEANINGS)


def test_numbers_come_from_the_manifest():
    """A manifest with other numbers gives a card with those, and with none of the old."""
    manifest = read_manifest(real_build())
    other = type(manifest)(
        **vars(manifest)
        | {
            "paper_counts": {name: 7_700_001 + place for place, name in enumerate(manifest.paper_counts)},
            "version": "9.8.7",
            "files": {name: listing for name, listing in manifest.files.items() if name != "preview.png"},
        }
    )
    text = card_body(BENCHMARKS["icu"], other)
    assert all(f"{number:,}" in text for number in other.paper_counts.values())
    assert "9.8.7" in text
    assert "preview.png" not in text
    for what, number in manifest.paper_counts.items():
        assert f"| {what} | {number:,} |" not in text


def test_croissant_reads_every_record_set_and_has_every_hash():
    dataset = mlcroissant.Dataset(real_build() / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    manifest = read_manifest(real_build())
    hashes = {node.id: node.sha256 for node in dataset.metadata.distribution if hasattr(node, "sha256")}
    assert hashes == {name: entry["sha256"] for name, entry in manifest.files.items() if name.endswith(".parquet")}
    wanted = {f"{config}/{split}" for config, splits in manifest.splits.items() for split in splits}
    assert {record_set.id for record_set in dataset.metadata.record_sets} == wanted
    for name in ("continual/holdout", "profiles/train", "candidates/train"):
        (record,) = islice(dataset.records(name), 1)
        if "images" in "".join(record):
            (picture,) = record[f"{name}/images"]
            assert isinstance(picture, Image.Image)
    assert set(record) == {f"candidates/train/{column}" for column in CANDIDATES}
    assert dataset.metadata.data_biases
    assert dataset.metadata.personal_sensitive_information


def test_the_preview_shows_pages():
    sheet = Image.open(real_build() / "preview.png")
    assert sheet.size[0] > 1500
    assert sheet.size[1] > 1000
    assert len(sheet.resize((60, 40)).convert("L").getcolors()) > 60


def test_sizes_read_as_a_person_says_them():
    assert [human_size(n) for n in (12, 4_400, 62_000_000, 2_640_000_000)] == ["12 bytes", "4.4 kB", "62 MB", "2.6 GB"]


def test_manifest_is_plain_json_without_times_or_places():
    manifest = json.loads((real_build() / "manifest.json").read_text())
    assert manifest["attributes"]["blood_type"]["candidates"] == 8
    assert manifest["perceptual"]["threshold"] == BENCHMARKS["icu"].PERCEPTUAL["threshold"]
    assert set(manifest["licences"].values()) >= {"CC-BY-4.0", "Apache-2.0"}
    assert {"lethebench", "pillow", "pyarrow", "python"} <= manifest["versions"].keys()
    assert not re.search(r"20\d\d-\d\d-\d\dT", json.dumps(manifest))
