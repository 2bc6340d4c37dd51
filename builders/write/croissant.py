"""Write croissant.json, which describes a build to machines (MLCommons Croissant 1.1 with its responsible-AI fields).

Every shard is a FileObject with its SHA-256; every split of every config is a FileSet over its shards and a RecordSet
over the columns. The file is plain JSON-LD, so building needs no Croissant library.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Image, List, Value

from lethebench.builders.base import Benchmark
from lethebench.builders.write.columns import features_of

_TERMS = """
    arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty fileSet format
    includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace
    samplingRate separator source subField transform
"""
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
"""The vocabulary of Croissant 1.1."""
_GENERATED = {
    "dataCollectionType": ["Software Collection"],
    "dataCollectionRawData": "None withheld: rows and pictures are generated from a seed and from lists in lethebench.",
    "dataCollectionMissingData": "None: every profile has every field.",
    "dataPreprocessingProtocol": ["Pictures are drawn, degraded as a scan or photograph is, and encoded as JPEG."],
    "dataManipulationProtocol": "None after generation; manifest.json has a hash of every file and of every split.",
    "dataAnnotationProtocol": ["By construction: a question's answer is the value of an attribute of its profile."],
    "dataAnnotationAnalysis": ["`lethe verify` compares every row with its profile, and looks for leaks of splits."],
    "annotationsPerItem": "1, by construction",
    "annotatorDemographics": ["No annotators: a program writes questions and answers from templates."],
    "machineAnnotationTools": ["lethebench"],
}
_IMPORTED = {
    "dataCollectionType": ["Existing datasets"],
    "dataCollectionRawData": "The release named in manifest.json by its number of files and SHA-256.",
    "dataCollectionMissingData": "Parts that the release lacks are listed in manifest.json and on the card.",
    "dataImputationProtocol": "None: what the release lacks is left empty.",
    "dataPreprocessingProtocol": [
        "Pictures are decoded, turned upright, stripped of metadata, reduced to at most 1,024 pixels per side and "
        "encoded as JPEG; markup around wordings is removed."
    ],
    "dataManipulationProtocol": "The form is changed, the content is not; manifest.json counts every repair.",
}
"""Answers to the fields of the RAI vocabulary that hold for all builds of a kind; a card's own stand over them."""
_TYPES = {"string": "sc:Text", "int8": "cr:Int8", "int32": "cr:Int32"}


def write_croissant(
    benchmark: Benchmark, splits: Mapping[str, Mapping[str, Any]], files: Mapping[str, Mapping[str, Any]], folder: Path
) -> None:
    """Write croissant.json from config -> split -> `files` and `rows`, and shard -> `sha256` and `bytes`."""
    text = json.dumps(describe(benchmark, splits, files), indent=2, ensure_ascii=False)
    (folder / "croissant.json").write_text(text + "\n", "utf-8")


def describe(benchmark: Benchmark, splits: Mapping, files: Mapping) -> dict:
    """Return the build as Croissant JSON-LD."""
    card, paper = benchmark.CARD, benchmark.PAPER
    authors = f"The authors of {paper.name}" if benchmark.IMPORTED else "The lethebench developers"
    return {
        "@context": dict(sorted(_CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": benchmark.NAME,
        "alternateName": card.title,
        "description": card.description,
        "license": card.license.url or card.license.id,
        "version": benchmark.VERSION,
        "datePublished": card.released,
        "citeAs": paper.bibtex if paper.arxiv else f"{card.title}, converted by lethebench",
        "creator": {"@type": "sc:Organization", "name": authors},
        "keywords": list(card.tags),
        "inLanguage": "en",
        "isLiveDataset": False,
        **{f"rai:{name}": text for name, text in _responsible_ai(benchmark).items()},
        "distribution": [
            *(_file(name, listing) for name, listing in files.items()),
            *(_file_set(config, split, part) for config, parts in splits.items() for split, part in parts.items()),
        ],
        "recordSet": [
            _record_set(benchmark, config, split, part["rows"])
            for config, parts in splits.items()
            for split, part in parts.items()
        ],
    }


def _responsible_ai(benchmark: Benchmark) -> dict[str, Any]:
    """Return the fields of the RAI vocabulary that the data can answer."""
    common = _IMPORTED if benchmark.IMPORTED else _GENERATED
    return {**common, **benchmark.CARD.responsible_ai}


def _file(name: str, listing: Mapping[str, Any]) -> dict:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{listing['bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": listing["sha256"],
    }


def _file_set(config: str, split: str, part: Mapping[str, Any]) -> dict:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}/{split}/shards",
        "name": f"{config}/{split}/shards",
        "description": f"The shards of split {split} of config {config}.",
        "encodingFormat": "application/x-parquet",
        "includes": list(part["files"]),
    }


def _record_set(benchmark: Benchmark, config: str, split: str, rows: int) -> dict:
    features = features_of(benchmark.CONFIGS[config][split][0])
    return {
        "@type": "cr:RecordSet",
        "@id": f"{config}/{split}",
        "name": f"{config}/{split}",
        "description": f"Split {split} of config {config}: {rows} rows.",
        "field": [_field(f"{config}/{split}", name, feature) for name, feature in features.items()],
    }


def _field(record_set: str, name: str, feature: Any, column: str = "") -> dict:
    field: dict[str, Any] = {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name}
    shards = record_set if not column else "/".join(record_set.split("/")[:2])
    source: dict[str, Any] = {"fileSet": {"@id": f"{shards}/shards"}, "extract": {"column": column or name}}
    if column:
        source["transform"] = {"jsonPath": f"$.{name}"}
    if isinstance(feature, List):
        # mlcroissant 1.1 reads pictures and records only with `repeated`, which means the same as `isArray`.
        field |= {"isArray": True, "arrayShape": "-1"}
        feature = feature.feature
        if isinstance(feature, dict):
            parts = [_field(f"{record_set}/{name}", part, inner, name) for part, inner in feature.items()]
            return field | {"repeated": True, "subField": parts}
    if isinstance(feature, Image):
        source["transform"] = {"jsonPath": "$.bytes"}
        return field | {"repeated": True, "dataType": "sc:ImageObject", "source": source}
    if isinstance(feature, ClassLabel):
        names = ", ".join(f"{number} = {label}" for number, label in enumerate(feature.names))
        return field | {"dataType": "cr:Int64", "description": names, "source": source}
    if not isinstance(feature, Value):
        raise TypeError(f"column {name}: no Croissant type for {feature}")
    return field | {"dataType": _TYPES[feature.dtype], "source": source}
