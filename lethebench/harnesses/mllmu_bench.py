"""A build of mllmu in the columns of MLLMU-Bench's own release, so that the field's scripts run on it.

{"ID": "0023", "image": {"bytes": b"...", "path": "0023.jpg"}, "Directory": "person-0023", "biography": "...",
 "question": "...", "answer": "...", "Classification_Task": {"Image_Textual_Questions": [{"Question": "...",
 "Options": {"A": "...", ...}, "Correct_Answer": "B"}, ...], "Pure_Text_Questions": [...]},
 "Generation_Task": [{"Type": "Pure_Text", "Question": "...", "Ground_Truth": "..."}, ...], "Mask_Task": [...]}

`lethe build mllmu --from` reads it back. What the release has no place for stays behind: people who are held out, and
the keywords, paraphrases and wrong answers of each question.
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
from lethebench.builders.write.folder import new_folder
from lethebench.builders.write.manifest import Manifest
from lethebench.contract.columns import FORMATS, MODALITIES

LETTERS = "ABCD"
"""Options of a multiple-choice question: the release has a column for each."""
_BLANK, _THEIRS = "[Blank]", "__"
_TYPES = {"image_text": "Image_Textual", "text": "Pure_Text"}
_TEXT = Value("string")
_CHOICE = {"Question": _TEXT, "Options": dict.fromkeys(LETTERS, _TEXT), "Correct_Answer": _TEXT}
_WRITTEN = {"Type": _TEXT, "Question": _TEXT, "Ground_Truth": _TEXT}
_ASKED = {
    **dict.fromkeys(NOTES, _TEXT),
    "Classification_Task": {f"{name}_Questions": List(_CHOICE) for name in ("Image_Textual", "Pure_Text")},
    "Generation_Task": List(_WRITTEN),
    "Mask_Task": List(_WRITTEN),
}
RECORD = Features({"ID": _TEXT, "image": Image(), **_ASKED})
TEST_RECORD = Features({"ID": _TEXT, "images": List(Image()), **_ASKED})
TUNING_RECORD = Features({"ID": _TEXT, "image": Image(), "metadata": _TEXT})
_ROWS_AT_ONCE = 50
_CARD = """# {name} in the columns of MLLMU-Bench

Written by `lethe export` from {name} {version} (size {size}, seed {seed}). The configs and columns are those of
MLLMU-Bench's release ({paper}), so that its scripts read this folder; people, pictures and questions are those of the
build. `Retain_Set` holds the public figures. `ft_Data` holds every question of a person with its answer.
"""


def export_mllmu_bench(folder: Path, manifest: Manifest, out: Path) -> dict[str, int]:
    """Writes a build of mllmu in the layout of MLLMU-Bench's release on the Hub.

    Args:
        folder: of the build.
        manifest: of the build.
        out: the folder of the export: free or empty.

    Returns:
        Config -> how many records it has.

    Raises:
        BuildError: another benchmark, a build without a test set, a question that the columns cannot hold, or something
            else in `out`.
    """
    if manifest.benchmark != "mllmu" or "test" not in manifest.splits.get("forget5", ()):
        raise BuildError(
            f"{folder} is a build of {manifest.benchmark} that MLLMU-Bench's columns cannot hold: give one of mllmu, "
            f"with a test set"
        )
    benchmark = find("mllmu", imported=bool(manifest.imported))
    people = {row["profile_id"]: row for row in _rows(folder, manifest, "profiles", "train")}
    sets = {f"forget_{share}": f"forget{share}" for share in SHARES}
    asked = {
        name: {row["profile_id"] for row in _rows(folder, manifest, config, "forget", ["profile_id"])}
        for name, config in sets.items()
    }
    counts = {}
    with new_folder(out) as growing:
        full = dict(_records(folder, manifest, "train", people))
        counts["Full_Set"] = _write(growing, "Full_Set", RECORD, full.values())
        counts[TUNING] = _write(growing, TUNING, TUNING_RECORD, map(_tuning, full.values(), map(people.get, full)))
        for share in SHARES:
            forget = asked[f"forget_{share}"]
            parts = {f"forget_{share}": forget, f"retain_{100 - share}": full.keys() - forget}
            for config, members in parts.items():
                chosen = (record for person, record in full.items() if person in members)
                counts[config] = _write(growing, config, RECORD, chosen)
        for config, features in {"Test_Set": TEST_RECORD, "Retain_Set": RECORD}.items():
            records = _records(folder, manifest, RECORDS[config], people)
            counts[config] = _write(growing, config, features, (record for _, record in records))
        _write_card(growing, benchmark, manifest, counts)
    return counts


def _rows(
    folder: Path, manifest: Manifest, config: str, split: str, columns: Sequence[str] | None = None
) -> Iterator[dict]:
    for name in manifest.splits[config][split]["files"]:
        with pq.ParquetFile(folder / name) as shard:
            for group in range(shard.num_row_groups):
                yield from shard.read_row_group(group, columns=columns).to_pylist()


def _records(folder: Path, manifest: Manifest, split: str, people: Mapping[str, Mapping]) -> Iterator[tuple[str, dict]]:
    """Yields (profile, record) of everybody in a split; the rows of a profile stand together in its shard."""
    rows = _rows(folder, manifest, "forget5", split)
    for person, asked in groupby(rows, key=lambda row: row["profile_id"]):
        yield person, _record(list(asked), people[person], several=split == "test")


def _record(rows: Sequence[Mapping], profile: Mapping, *, several: bool) -> dict:
    """A person's record. What an imported release said of them is kept; else their description and a free question."""
    kinds: dict[str, list[Mapping]] = {name: [row for row in rows if _format(row) == name] for name in FORMATS}
    shown = next(row["images"] for row in rows if row["images"])
    person = profile["profile_id"]
    identity = person.removeprefix(f"{profile['domain']}-")
    details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
    free = kinds["generation"][0]
    said = {"Directory": person, "biography": details.get("description", "")}
    said |= {"question": free["question"], "answer": free["answer"]}
    images = [{"bytes": one["bytes"], "path": f"{identity}.jpg"} for one in shown]
    choices = kinds["multiple_choice"]
    return {
        "ID": identity,
        **({"images": images} if several else {"image": images[0]}),
        **{note: details.get(note, said[note]) for note in NOTES},
        "Classification_Task": {
            f"{kind}_Questions": [_choice(row) for row in choices if _modality(row) == modality]
            for modality, kind in _TYPES.items()
        },
        "Generation_Task": [_written(row) for row in kinds["generation"]],
        "Mask_Task": [_written(row) for row in kinds["cloze"]],
    }


def _choice(row: Mapping) -> dict:
    if len(row["options"]) > len(LETTERS):
        raise BuildError(f"{row['id']} has {len(row['options'])} options: MLLMU-Bench's columns hold {len(LETTERS)}")
    options = dict(zip(LETTERS, row["options"], strict=False))
    return {"Question": row["question"], "Options": options, "Correct_Answer": LETTERS[row["correct"]]}


def _written(row: Mapping) -> dict:
    question = row["question"].replace(_BLANK, _THEIRS) if _format(row) == "cloze" else row["question"]
    return {"Type": _TYPES[_modality(row)], "Question": question, "Ground_Truth": row["answer"]}


def _tuning(record: Mapping, profile: Mapping) -> dict:
    """What a model is tuned on: every question of a person with its answer, or what an imported release says."""
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
    """Writes a config as one Parquet file, some records at a time; how many there were."""
    (folder / config).mkdir()
    schema, count = features.arrow_schema, 0
    with pq.ParquetWriter(folder / config / "train-00000-of-00001.parquet", schema) as writer:
        records = iter(records)
        while some := list(islice(records, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
            count += len(some)
    return count


def _write_card(folder: Path, benchmark: Benchmark, manifest: Manifest, counts: Mapping[str, int]) -> None:
    """README.md, by which `load_dataset` finds the configs."""
    data = {
        "license": benchmark.CARD.license.id,
        "configs": [
            {"config_name": name, "data_files": [{"split": "train", "path": f"{name}/*.parquet"}]} for name in counts
        ],
    }
    text = _CARD.format(
        name=benchmark.CARD.title,
        version=manifest.version,
        size=manifest.size,
        seed=manifest.seed,
        paper=benchmark.PAPER.url,
    )
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(data, sort_keys=False)}---\n\n{text}", "utf-8")
