"""Write a build of mllmu in the columns of MLLMU-Bench's release, so that scripts for it run on the build.

{"ID": "0023", "image": {"bytes": b"...", "path": "0023.jpg"}, "Directory": "person-0023", "biography": "...",
 "question": "...", "answer": "...", "Classification_Task": {"Image_Textual_Questions": [{"Question": "...",
 "Options": {"A": "...", ...}, "Correct_Answer": "B"}, ...], "Pure_Text_Questions": [...]},
 "Generation_Task": [{"Type": "Pure_Text", "Question": "...", "Ground_Truth": "..."}, ...], "Mask_Task": [...]}

`lethe build mllmu --from` reads it back. The release has no columns for held-out people and for the keywords,
paraphrases and wrong answers of a question, so they are left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from datasets import Features, Image, List, Value

from lethebench.builders.base import Benchmark
from lethebench.builders.errors import BuildError
from lethebench.builders.imports.mllmu.release import NOTES
from lethebench.builders.imports.mllmu.sets import RECORDS, SHARES, TUNING
from lethebench.builders.registry import find
from lethebench.builders.write.manifest import Manifest
from lethebench.contract.columns import FORMATS, MODALITIES
from lethebench.contract.folder_kinds import EXPORT
from lethebench.contract.own_folder import new_folder
from lethebench.contract.parquet import named_file, parquet_rows

LETTERS = "ABCD"
"""Options of a multiple-choice question; the release has a column for each."""
BLANK, RELEASE_BLANK = "[Blank]", "__"
TYPES = {"image_text": "Image_Textual", "text": "Pure_Text"}
TEXT = Value("string")
CHOICE_QUESTION = {"Question": TEXT, "Options": dict.fromkeys(LETTERS, TEXT), "Correct_Answer": TEXT}
FREE_QUESTION = {"Type": TEXT, "Question": TEXT, "Ground_Truth": TEXT}
QUESTIONS = {
    **dict.fromkeys(NOTES, TEXT),
    "Classification_Task": {f"{name}_Questions": List(CHOICE_QUESTION) for name in ("Image_Textual", "Pure_Text")},
    "Generation_Task": List(FREE_QUESTION),
    "Mask_Task": List(FREE_QUESTION),
}
RECORD = Features({"ID": TEXT, "image": Image(), **QUESTIONS})
TEST_RECORD = Features({"ID": TEXT, "images": List(Image()), **QUESTIONS})
TUNING_RECORD = Features({"ID": TEXT, "image": Image(), "metadata": TEXT})
ROWS_PER_GROUP = 50
CARD = """# {name} in the columns of MLLMU-Bench

Written by `lethe export` from {name} {version} (size {size}, seed {seed}). The configs and columns are those of
MLLMU-Bench's release ({paper}), so that its scripts read this folder; people, pictures and questions are those of the
build. `Retain_Set` holds the public figures. `ft_Data` holds every question of a person with its answer.
"""


def export_mllmu_bench(folder: Path, manifest: Manifest, out: Path) -> dict[str, int]:
    """Write a build of mllmu in the layout of MLLMU-Bench's release on the Hub.

    Args:
        folder: The build's folder.
        manifest: The build's manifest.
        out: The folder of the export; new or empty.

    Returns:
        Config -> number of its records.

    Raises:
        BuildError: The build is of another benchmark or has no test set, a question does not fit the columns, or `out`
            is not empty.
    """
    if manifest.benchmark != "mllmu" or "test" not in manifest.splits.get("forget5", ()):
        raise BuildError(
            f"{folder} is a build of {manifest.benchmark} that does not fit MLLMU-Bench's columns; give one of mllmu "
            f"with a test set"
        )
    benchmark = find("mllmu", imported=bool(manifest.imported))
    people = {row["profile_id"]: row for row in _rows(folder, manifest, "profiles", "train")}
    sets = {f"forget_{share}": f"forget{share}" for share in SHARES}
    forget_sets = {
        name: {row["profile_id"] for row in _rows(folder, manifest, config, "forget", ["profile_id"])}
        for name, config in sets.items()
    }
    counts = {}
    with new_folder(out, EXPORT, BuildError) as export_dir:
        full = dict(_records(folder, manifest, "train", people))
        counts["Full_Set"] = _write(export_dir, "Full_Set", RECORD, full.values())
        counts[TUNING] = _write(
            export_dir, TUNING, TUNING_RECORD, map(_tuning, full.values(), (people[person] for person in full))
        )
        for share in SHARES:
            forget = forget_sets[f"forget_{share}"]
            parts = {f"forget_{share}": forget, f"retain_{100 - share}": full.keys() - forget}
            for config, members in parts.items():
                records = (record for person, record in full.items() if person in members)
                counts[config] = _write(export_dir, config, RECORD, records)
        for config, features in {"Test_Set": TEST_RECORD, "Retain_Set": RECORD}.items():
            pairs = _records(folder, manifest, RECORDS[config], people)
            counts[config] = _write(export_dir, config, features, (record for _, record in pairs))
        _write_card(export_dir, benchmark, manifest, counts)
    return counts


def _rows(
    folder: Path, manifest: Manifest, config: str, split: str, columns: Sequence[str] | None = None
) -> Iterator[dict]:
    for name in manifest.splits[config][split]["files"]:
        with named_file(folder / name):
            yield from parquet_rows(folder / name, columns)


def _records(folder: Path, manifest: Manifest, split: str, people: Mapping[str, Mapping]) -> Iterator[tuple[str, dict]]:
    """Yield (profile id, record) of each profile of a split; the rows of a profile are consecutive."""
    rows = _rows(folder, manifest, "forget5", split)
    for person, group in groupby(rows, key=lambda row: row["profile_id"]):
        yield person, _record(list(group), people[person], several=split == "test")


def _record(rows: Sequence[Mapping], profile: Mapping, *, several: bool) -> dict:
    """Return a profile's record, with the texts of an imported release, or a description and a free question."""
    kinds: dict[str, list[Mapping]] = {name: [row for row in rows if _format(row) == name] for name in FORMATS}
    pictures = next(row["images"] for row in rows if row["images"])
    person = profile["profile_id"]
    identity = person.removeprefix(f"{profile['domain']}-")
    details, fields = ({pair["attribute"]: pair["value"] for pair in profile[part]} for part in ("details", "fields"))
    free = kinds["generation"][0]
    notes = {"Directory": person, "biography": fields.get("description", "")}
    notes |= {"question": free["question"], "answer": free["answer"]}
    images = [{"bytes": picture["bytes"], "path": f"{identity}.jpg"} for picture in pictures]
    choices = kinds["multiple_choice"]
    return {
        "ID": identity,
        **({"images": images} if several else {"image": images[0]}),
        **{note: details.get(note, notes[note]) for note in NOTES},
        "Classification_Task": {
            f"{kind}_Questions": [_choice(row) for row in choices if _modality(row) == modality]
            for modality, kind in TYPES.items()
        },
        "Generation_Task": [_written(row) for row in kinds["generation"]],
        "Mask_Task": [_written(row) for row in kinds["cloze"]],
    }


def _choice(row: Mapping) -> dict:
    if len(row["options"]) > len(LETTERS):
        raise BuildError(f"{row['id']} has {len(row['options'])} options, but MLLMU-Bench has {len(LETTERS)} columns")
    options = dict(zip(LETTERS, row["options"], strict=False))
    return {"Question": row["question"], "Options": options, "Correct_Answer": LETTERS[row["correct"]]}


def _written(row: Mapping) -> dict:
    question = row["question"].replace(BLANK, RELEASE_BLANK) if _format(row) == "cloze" else row["question"]
    return {"Type": TYPES[_modality(row)], "Question": question, "Ground_Truth": row["answer"]}


def _tuning(record: Mapping, profile: Mapping) -> dict:
    """Return a profile's record for fine-tuning: every question with its answer, or the text of an imported release."""
    choices = [one for part in record["Classification_Task"].values() for one in part]
    pairs = [{"Question": one["Question"], "Answer": one["Options"][one["Correct_Answer"]]} for one in choices]
    written = (*record["Generation_Task"], *record["Mask_Task"])
    pairs += [{"Question": one["Question"], "Answer": one["Ground_Truth"]} for one in written]
    details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
    text = details.get(TUNING) or json.dumps(pairs, ensure_ascii=False)
    return {"ID": record["ID"], "image": record["image"], "metadata": text}


def _format(row: Mapping) -> str:
    return FORMATS[row["format"]]


def _modality(row: Mapping) -> str:
    return MODALITIES[row["modality"]]


def _write(folder: Path, config: str, features: Features, records: Iterable[dict]) -> int:
    """Write a config as one Parquet file in several row groups; return the number of records."""
    (folder / config).mkdir()
    schema, count = features.arrow_schema, 0
    with pq.ParquetWriter(folder / config / "train-00000-of-00001.parquet", schema) as writer:
        records = iter(records)
        while batch := list(islice(records, ROWS_PER_GROUP)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _write_card(folder: Path, benchmark: Benchmark, manifest: Manifest, counts: Mapping[str, int]) -> None:
    """Write README.md, in which `load_dataset` finds the configs."""
    data = {
        "license": benchmark.CARD.license.id,
        "configs": [
            {"config_name": name, "data_files": [{"split": "train", "path": f"{name}/*.parquet"}]} for name in counts
        ],
    }
    text = CARD.format(
        name=benchmark.CARD.title,
        version=manifest.version,
        size=manifest.size,
        seed=manifest.seed,
        paper=benchmark.PAPER.url,
    )
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(data, sort_keys=False)}---\n\n{text}", "utf-8")
