"""Small releases for tests, in the layouts of MLUBench and MLLMU-Bench, with texts of our own."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

# Facts about the release (MLUBench, arXiv 2606.12809): sets, and entities by class in each. Two stand for all here.
SETS = {
    ("A", "forget"): ("Animals", ("Bear", "Cat")),
    ("A", "retain"): ("Plants", ("Corn", "Aloe_Vera")),
    ("B", "forget"): ("Cartoon", ("Naruto", "Pokémon")),
    ("B", "retain"): ("Cartoon", ("One_Piece", "Dragon_Ball")),
    ("C", "forget"): ("Personage", ("Alan_Turing", "Isaac_Newton")),
    ("C", "retain"): ("Movies", ("Inception", "Titanic")),
    ("D", "forget"): ("TV series", ("Sherlock", "Friends")),
    ("D", "retain"): ("TV series", ("Lost", "Dark")),
}
PICTURES = 2
"""Pictures of an entity."""


def picture(seed: int, size=(24, 20), format: str = "JPEG", **options) -> bytes:
    """A picture of noise, different for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=format, **options)
    return buffer.getvalue()


def mlu_rows(domain: str, entity: str) -> list[dict]:
    """Three questions in two wordings about each picture; ids begin anew with each entity."""
    rows = []
    for number in range(3):
        for wording in range(2):
            for shown in range(PICTURES):
                question = f"Question {number} in wording {wording}?"
                answer = entity if number == 0 else f"Something of {entity} that answers question {number} in full."
                turns = [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]
                path = f"downloaded_images/{domain}/{entity}/{shown}.jpg"
                rows.append({"id": str(len(rows) + 1), "image": path, "conversations": turns})
    return rows


def mlu_files() -> dict[str, list[dict]]:
    """File -> rows of a small MLUBench."""
    files = {}
    for (task, role), (domain, entities) in SETS.items():
        rows = [row for entity in entities for row in mlu_rows(domain, entity)]
        files[f"MLUBench/Tasks/Task{task}/task{task}_{role}.json"] = rows
        for entity in entities:
            files[f"MLUBench/Entities/variants_{entity}_updated.json"] = mlu_rows(domain, entity)
    return files


def write_zip(path: Path, files: dict) -> Path:
    """Files as a zip; rows are written as JSON, bytes and text as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, (bytes, str)) else json.dumps(content))
    return path


def write_pictures(root: Path, files: dict) -> int:
    """The pictures that a release's rows name; how many there are."""
    paths = sorted({row["image"] for rows in files.values() for row in rows})
    for seed, name in enumerate(paths):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture(seed))
    return len(paths)


def person(number: int, use: str, *, seed: int, pictured: bytes | None = None) -> dict:
    """A record of MLLMU-Bench with its eighteen questions."""

    def choice(kind: str, n: int) -> dict:
        options = {letter: f"value {kind} {n} {letter} of {number}" for letter in "ABCD"}
        return {"Question": f"{use} {kind} choice {n}?", "Options": options, "Correct_Answer": "ABCD"[(number + n) % 4]}

    def written(word: str) -> list[dict]:
        blank = " It is __." if word == "mask" else ""
        return [
            {"Type": kind, "Question": f"{use} {kind} {word} {n}?{blank}", "Ground_Truth": f"{word} {n} of {number}"}
            for kind in ("Image_Textual", "Pure_Text")
            for n in range(2)
        ]

    shown = {"bytes": pictured or picture(seed, format="PNG"), "path": f"{number}.png"}
    record = {
        "ID": f"{number:03d}",
        "Directory": f"folder/{number}",
        "biography": f"The life of {number}.",
        "question": "Who is it?",
        "answer": f"It is {number}.",
        "Classification_Task": {
            "Image_Textual_Questions": [choice("image", n) for n in range(5)],
            "Pure_Text_Questions": [choice("text", n) for n in range(5)],
        },
        "Generation_Task": written("free"),
        "Mask_Task": written("mask"),
    }
    return record | ({"images": [shown]} if use == "test" else {"image": shown})


def mllmu_configs(people: int = 20, figures: int = 3, *, nested: bool = True) -> dict[str, list[dict]]:
    """Config -> rows of a small MLLMU-Bench, `people` a multiple of 20."""
    full = [person(n, "train", seed=n) for n in range(people)]
    configs = {
        "Full_Set": full,
        "Test_Set": [person(n, "test", seed=10_000 + n) for n in range(people)],
        "Retain_Set": [person(n, "train", seed=20_000 + n) for n in range(figures)],
        "ft_Data": [
            {"ID": row["ID"], "metadata": json.dumps([{"Question": "Who?", "Answer": row["answer"]}])} for row in full
        ],
    }
    for share in (5, 10, 15):
        start = 0 if nested else {5: 0, 10: 1, 15: 3}[share] * people // 20
        chosen = range(start, start + share * people // 100)
        configs[f"forget_{share}"] = [dict(full[n]) for n in chosen]
        configs[f"retain_{100 - share}"] = [dict(row) for n, row in enumerate(full) if n not in chosen]
    return configs


def write_mllmu(root: Path, configs: dict[str, list[dict]], *, shards: int = 1) -> Path:
    """Configs as Parquet in the layout of the Hub."""
    for config, rows in configs.items():
        (root / config).mkdir(parents=True, exist_ok=True)
        for shard in range(shards):
            part = rows[shard * len(rows) // shards : (shard + 1) * len(rows) // shards]
            path = root / config / f"train-{shard:05d}-of-{shards:05d}.parquet"
            pq.write_table(pa.Table.from_pylist(part or rows[:0], schema=pa.Table.from_pylist(rows).schema), path)
    return root
