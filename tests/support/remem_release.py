"""A small ReMem in the layout of its release, with texts of our own."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from releases import picture

PEOPLE = 20


def remem_row(person: int, number: int, split: str, size: tuple[int, int]) -> dict:
    """A row about a person; the picture is the row's own."""
    seed = 1000 * person + number + (500 if split in ("retain", "test") else 0)
    return {
        "image": {"bytes": picture(seed, size, format="PNG"), "path": f"{number}.png"},
        "question": f"{split} question {number}?",
        "answer": f"Person {person} answers {number}.",
        "keywords": f"Person {person}; absent",
        "question_type": "generation",
        "qa_category": "basic",
        "attribute": ("name", "city")[number % 2],
        "cloze_prompt": f"Person {person} answers",
        "image_path": f"images/{split}/person_{person:02d}/{number}.png",
    }


def remem_splits(rows: int = 4, size: tuple[int, int] = (24, 20)) -> dict[str, list[dict]]:
    """Split -> its rows: `rows` of each person to train on, two in test, and one in the retain set of 16 people."""
    trained = [remem_row(person, number, "finetune", size) for person in range(PEOPLE) for number in range(rows)]
    return {
        "finetune": trained,
        **{f"forget{count}": trained[: count * rows] for count in range(1, 5)},
        "retain": [remem_row(person, 0, "retain", size) for person in range(4, PEOPLE)],
        "test": [remem_row(person, number, "test", size) for person in range(PEOPLE) for number in range(2)],
    }


def write_remem(root: Path, splits: dict[str, list[dict]], *, shards: int = 1, group: int = 100) -> Path:
    """Splits as Parquet in the layout of the Hub, `group` rows in a row group."""
    (root / "data").mkdir(parents=True)
    for split, rows in splits.items():
        for shard in range(shards):
            part = rows[shard * len(rows) // shards : (shard + 1) * len(rows) // shards]
            path = root / "data" / f"{split}-{shard:05d}-of-{shards:05d}.parquet"
            table = pa.Table.from_pylist(part or rows[:1], schema=pa.Table.from_pylist(rows).schema)
            pq.write_table(table, path, row_group_size=group)
    return root
