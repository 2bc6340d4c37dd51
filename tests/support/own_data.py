"""A user's own data for tests, in every form that `lethe build own` reads."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from datasets import Dataset, Features, Image, Value
from releases import picture

COLUMNS = {"subject": "who", "question": "q", "answer": "a", "picture": "file_name", "task": "request"}


def own_rows(subjects: int = 6, forgotten: int = 3) -> list[dict]:
    """Two questions about a picture of each subject; the first ones are forgotten, each in a request of its own."""
    return [
        {
            "file_name": f"{n}.jpg",
            "who": f"p{n}",
            "q": question,
            "a": f"{what} {n}",
            "request": n if n < forgotten else "",
        }
        for n in range(subjects)
        for question, what in (("Who is this?", "Person"), ("Where does this person live?", "Town"))
    ]


def as_bytes(rows: list[dict]) -> list[dict]:
    """The rows with pictures instead of their names."""
    content = {row["file_name"]: picture(int(row["file_name"].split(".")[0])) for row in rows}
    return [
        row | {"file_name": {"bytes": content[row["file_name"]], "path": None}, "request": str(row["request"])}
        for row in rows
    ]


def write_source(root, kind: str, rows: list[dict]):
    """The rows as a source of a kind; what `--from` takes."""
    folder = root / "photos"
    folder.mkdir()
    if kind in ("csv", "metadata.csv", "jsonl"):
        for number in range(10):
            (folder / f"{number}.jpg").write_bytes(picture(number))
    if kind == "jsonl":
        (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
        return folder / "rows.jsonl"
    if kind.endswith("csv"):
        with (folder / (kind if "." in kind else "rows.csv")).open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "parquet":
        for shard in range(2):
            part = as_bytes(rows)[shard * len(rows) // 2 : (shard + 1) * len(rows) // 2]
            pq.write_table(pa.Table.from_pylist(part), folder / f"train-{shard:05d}-of-00002.parquet")
    else:
        text = Value("string")
        features = Features({"file_name": Image(), "who": text, "q": text, "a": text, "request": text})
        Dataset.from_list(as_bytes(rows), features=features).save_to_disk(folder)
    return folder


def write_map(root, **changes):
    """A map, changed by the keyword arguments; None leaves a key out."""
    content = {"columns": COLUMNS, **changes}
    path = root / "map.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}), "utf-8")
    return path
