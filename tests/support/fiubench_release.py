"""A small FIUBench in the layout of its release, with texts of our own."""

import json
import zipfile
from pathlib import Path

from releases import picture

SETS = {"forget1": 1, "forget5": 2, "forget10": 3}
"""Set -> how many people it has; the sets have nobody in common."""


def person_row(number: int, questions: int = 3) -> dict:
    """A line of full.json."""
    return {
        "image_path": f"./dataset/SFHQ/SFHQ_pt1_{number:08d}.jpg",
        "name": f"Person {number}",
        "gender": "female",
        "caption": f"The life of person {number}.",
        "qa_list": [
            {
                "question": f"What is fact {fact} of the person in the image?",
                "paraphrased_question": [f"Fact {fact}, in wording {wording}?" for wording in range(3)],
                "answer": f"fact {fact} of the person is value {number}-{fact}.",
                "paraphrased_answer": f"Value {number}-{fact} is fact {fact}.",
                "perturbed_answer": [f"fact {fact} of the person is no value {n}." for n in range(3)],
                "keywords": [f"Value {number}-{fact}", "absent"],
            }
            for fact in range(questions)
        ],
        "raw_data": {"city": f"Town {number}"},
        "unique_id": f"{number:08d}",
    }


def fiubench_files(people: int = 12, *, nested: bool = False) -> tuple[list[dict], dict[str, list[str]]]:
    """The content of full.json and split.json."""
    rows = [person_row(number) for number in range(people)]
    ids = [row["unique_id"] for row in rows]
    splits, start = {}, 0
    for name, count in SETS.items():
        splits[name] = ids[:count] if nested else ids[start : start + count]
        start += count
    return rows, {**splits, "retain15": ids[start : start + 3], "retain5": ids[start : start + 1]}


def write_fiubench(root: Path, rows: list[dict], splits: dict, *, layout: str = "folder", lines: bool = True) -> Path:
    """The release as a folder with pictures, a folder with SFHQ.zip, or a zip; `layout` is folder, inner or zip."""
    text = "\n".join(json.dumps(row) for row in rows) if lines else json.dumps(rows)
    names = [row["image_path"].rpartition("/")[2] for row in rows if row.get("image_path")]
    files = {f"SFHQ/{name}": picture(seed) for seed, name in enumerate(names)}
    texts = {"full.json": text.encode(), "split.json": json.dumps(splits).encode()}
    root.mkdir(parents=True, exist_ok=True)
    if layout == "zip":
        return _write_zip(root / "FIUBench.zip", {f"FIUBench/{name}": one for name, one in {**texts, **files}.items()})
    if layout == "inner":
        _write_zip(root / "SFHQ.zip", files)
        files = {}
    for name, content in {**texts, **files}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    return root


def _write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
