"""A small CLEAR in the layout of its release, with texts of our own."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from releases import picture

from lethebench.builders.imports.clear.release import PER_AUTHOR

NAMES = ("Ada Byrne", "Bo Li", "Cem Ak", "Dag Ek", "Eva Ruiz", "Fay Oz", "Gil Paz", "Hal Orr")
SETS = {"forget01": 1, "forget05": 2, "forget10": 4}
"""Config -> how many authors it has, from the first."""
PICTURES = 2
"""Of an author."""


def shown(author: int, number: int, size: tuple[int, int]) -> dict:
    """A cell with a picture of an author."""
    return {"bytes": picture(100 * author + number, size, format="PNG"), "path": None}


def caption_row(author: int, number: int, size: tuple[int, int]) -> dict:
    """A picture row."""
    name = NAMES[author] if author < len(NAMES) else f"Author {author}"
    return {"image": shown(author, number, size), "caption": f"{name} in place {number}.", "name": name}


def question_rows(author: int) -> list[dict]:
    """The questions about an author; most of them name the author."""
    name = NAMES[author] if author < len(NAMES) else f"Author {author}"
    return [
        {
            "image": None,
            "caption": None,
            "question": f"Question {number} about author {author}?",
            "answer": f"{name if number % 3 else 'The author'} answers {number}.",
        }
        for number in range(PER_AUTHOR)
    ]


def perturbed_row(row: dict) -> dict:
    """A picture row with wrong answers."""
    return row | {
        "perturbed_captions": [f"{row['name']} in no place {n}." for n in range(3)],
        "paraphrased_caption": f"In a place: {row['caption']}",
        "perturbed_names": [f"Nobody {n}" for n in range(3)],
    }


def clear_configs(
    authors: int = len(NAMES), pictures: int = PICTURES, size: tuple[int, int] = (24, 20)
) -> dict[str, list[dict]]:
    """Config -> rows."""
    rows = [[caption_row(author, number, size) for number in range(pictures)] for author in range(authors)]
    asked = [question_rows(author) for author in range(authors)]

    def mixed(first: int, last: int) -> list[dict]:
        pictured = [{**row, "question": None, "answer": None} for part in rows[first:last] for row in part]
        for row in pictured:
            del row["name"]
        return pictured + [row for part in asked[first:last] for row in part]

    def flat(first: int, last: int) -> list[dict]:
        return [dict(row) for part in rows[first:last] for row in part]

    configs = {"full": flat(0, authors), "full+tofu": mixed(0, authors)}
    for name, count in SETS.items():
        configs[name] = flat(0, count)
        configs[f"{name}+tofu"] = mixed(0, count)
        configs[f"{name}_perturbed"] = [perturbed_row(row) for row in flat(0, count)]
        configs[f"retain{100 - int(name[-2:])}"] = flat(count, authors)
    configs["forget10_perturbed"] = configs["forget10_perturbed"][1:]  # the release lacks one of forget05 there
    configs["retain_perturbed"] = [perturbed_row(row) for row in flat(4, 6)]
    configs["real_faces"] = [
        {"image": shown(50, n, size), "answer": f"Star {n}", "options": ["Someone", f"Star {n}", "Anyone"]}
        for n in range(3)
    ]
    configs["real_world"] = [
        {"image": shown(60, n, size), "question": f"What is {n}?", "answer": f"Thing {n}", "options": ["A", "B", "C"]}
        for n in range(3)
    ]
    return configs


def write_clear(root: Path, configs: dict[str, list[dict]], *, shards: int = 1, group: int = 100) -> Path:
    """Configs as Parquet in the layout of the Hub, `group` rows in a row group."""
    for config, rows in configs.items():
        (root / config).mkdir(parents=True, exist_ok=True)
        schema = pa.Table.from_pylist(rows or [caption_row(0, 0, (2, 2))]).schema
        if "image" in schema.names:
            kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
            schema = schema.set(schema.get_field_index("image"), pa.field("image", kind))
        for shard in range(shards):
            part = rows[shard * len(rows) // shards : (shard + 1) * len(rows) // shards]
            path = root / config / f"train-{shard:05d}-of-{shards:05d}.parquet"
            pq.write_table(pa.Table.from_pylist(part, schema=schema), path, row_group_size=group)
    return root
