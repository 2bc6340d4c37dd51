"""Damage to bytes and to Arrow tables for fuzz tests, drawn by seed."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to three cuts, flips, insertions, deletions or repetitions, half of them near the start."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        end = len(data) if rng.random() < 0.5 else min(len(data), 200)
        at = int(rng.integers(0, max(1, end)))
        length = int(rng.integers(1, 20))
        kind = rng.choice(["flip", "bit", "cut", "insert", "delete", "repeat", "fill"])
        if kind == "flip":
            data[at : at + 1] = bytes([rng.integers(0, 256)])
        elif kind == "bit" and data:
            data[min(at, len(data) - 1)] ^= 1 << int(rng.integers(0, 8))
        elif kind == "cut":
            del data[int(rng.integers(0, len(data) + 1)) :]
        elif kind == "insert":
            data[at:at] = rng.bytes(length)
        elif kind == "delete":
            del data[at : at + length]
        elif kind == "repeat":
            data[at:at] = data[at : at + length]
        else:
            data[at : at + length] = bytes([int(rng.choice([0, 255]))]) * length
    return bytes(data)


def _values(rng: np.random.Generator, count: int) -> pa.Array:
    """Return a column of another type."""
    long_text = "x" * int(rng.choice([0, 1, 100_000]))
    choices = [
        pa.nulls(count),
        pa.array([None] * count, pa.string()),
        pa.array(range(count)),
        pa.array([float("nan")] * count),
        pa.array([-1] * count, pa.int64()),
        pa.array([2**62] * count),
        pa.array([True] * count),
        pa.array([long_text] * count),
        pa.array([long_text] * count).dictionary_encode(),
        pa.array([b"\xff\xfe"] * count),
        pa.array([b"\xff\xfe"] * count).view(pa.string()),
        pa.array(["a\0\ud7ff\u202e"] * count, pa.large_string()),
        pa.array([[]] * count, pa.list_(pa.string())),
        pa.array([[None, "a"]] * count),
        pa.array([[["a"]]] * count),
        pa.array([{"bytes": None, "path": "/etc/passwd"}] * count),
        pa.array([{"bytes": b"x", "path": None}] * count),
        pa.array([[{"bytes": None, "path": "http://127.0.0.1:9/"}]] * count),
        pa.array([[{"bytes": b"x"}, None]] * count),
        pa.array([[("k", "v")]] * count, pa.map_(pa.string(), pa.string())),
        pa.array([{"a": {"b": [1]}}] * count),
        pa.array([0] * count, pa.timestamp("ns")),
        pa.array([10**18] * count, pa.timestamp("s")),
        pa.array([1] * count, pa.decimal128(30, 5)),
        pa.array([1] * count, pa.duration("s")),
    ]
    return choices[rng.integers(0, len(choices))]


def changed(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Return a table with one to three columns of other types, or rows and columns added, taken away or repeated."""
    for _ in range(rng.integers(1, 4)):
        index = int(rng.integers(0, max(1, table.num_columns)))
        kind = rng.choice(["type", "type", "type", "some", "some", "drop", "rename", "rows", "twice", "empty"])
        if not table.num_columns:
            break
        name = table.column_names[index]
        if kind == "type":
            table = table.set_column(index, name, _values(rng, table.num_rows))
        elif kind == "some":
            table = table.set_column(index, name, _with_nulls(table[name], rng))
        elif kind == "drop":
            table = table.drop_columns([name])
        elif kind == "rename":
            table = table.rename_columns([f"{each}x" if each == name else each for each in table.column_names])
        elif kind == "rows":
            table = table.take(rng.integers(0, max(1, table.num_rows), table.num_rows) if table.num_rows else [])
        elif kind == "twice":
            table = pa.concat_tables([table, table])
        else:
            table = table.slice(0, int(rng.integers(0, 2)))
    return table


def _with_nulls(column: pa.ChunkedArray, rng: np.random.Generator) -> pa.Array:
    """Return a column in which values, or values within its lists and structs, are null or odd."""
    if pa.types.is_map(column.type):  # pa.array aborts the process for a map with a null entry
        return pa.nulls(len(column), column.type)
    try:
        values = [_spoiled(value, rng) if rng.random() < 0.3 else value for value in column.to_pylist()]
        return pa.array(values, column.type)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return pa.array([None] * len(column), column.type)


def _spoiled(value, rng: np.random.Generator):
    if isinstance(value, dict) and value and rng.random() < 0.7:
        key = list(value)[rng.integers(0, len(value))]
        return {**value, key: _spoiled(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = int(rng.integers(0, len(value)))
        return [*value[:at], _spoiled(value[at], rng), *value[at + 1 :]] if rng.random() < 0.8 else value + value
    odd: list[object] = [None]
    if isinstance(value, str):
        odd += ["", " ", "\0", "\ud7ff\u202e", "x" * 50_000, "None", "../../x", value + value, value.upper()]
    elif isinstance(value, bytes):
        odd += [b"", b"\xff", value[: len(value) // 2], mutated(value, rng)]
    elif isinstance(value, int):
        odd += [-1, 99, -128, 127]
    elif isinstance(value, list):
        odd += [[]]
    return odd[rng.integers(0, len(odd))]


def streams(seed: int, count: int) -> Iterator[np.random.Generator]:
    """Yield a random generator per input, so that a failure can be repeated alone."""
    for number in range(count):
        yield np.random.default_rng([seed, number])
