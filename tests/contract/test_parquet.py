"""Parquet files from outside: bombs and damage end in one line, in little memory."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lethebench.contract import parquet
from lethebench.contract.parquet import (
    ParquetError,
    ParquetTooLarge,
    check_parquet,
    parquet_batches,
    parquet_rows,
    parquet_schema,
)

ROWS = 200


def repeated(text: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), [text])


LONG = "x" * (2 << 20)
TEXTS = repeated(LONG, ROWS)
EACH = pa.array(range(ROWS + 1), pa.int32())
BOMBS = {
    "texts": TEXTS,
    "in lists": pa.ListArray.from_arrays(EACH, TEXTS),
    "in structs": pa.ListArray.from_arrays(EACH, pa.StructArray.from_arrays([TEXTS, EACH[:-1]], ["a", "b"])),
    "many in a row": pa.ListArray.from_arrays(
        pa.array([0] * ROWS + [100_000], pa.int32()), repeated(LONG[:100_000], 100_000)
    ),
}


def text_bomb(path, kind, *, as_dictionary=False):
    """200 rows of 400 MB or more of text in a file of some kilobytes."""
    table = pa.table({"id": [str(number) for number in range(ROWS)], "text": BOMBS[kind]})
    pq.write_table(table, path, compression="zstd", store_schema=as_dictionary)
    assert path.stat().st_size < 100_000
    return path


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("as_dictionary", [True, False])
def test_text_bomb_is_refused_in_little_memory(tmp_path, kind, as_dictionary):
    path = text_bomb(tmp_path / "a.parquet", kind, as_dictionary=as_dictionary)
    before = pa.total_allocated_bytes()
    for read in (check_parquet, lambda path: list(parquet_rows(path, ["id", "text"]))):
        with pytest.raises(ParquetTooLarge, match="has more than 268,435,456 bytes of text"):
            read(path)
    assert pa.total_allocated_bytes() - before < 1 << 20


def test_footer_beyond_the_bounds_is_refused(tmp_path, monkeypatch):
    pq.write_table(pa.table({"a": ["x" * 100] * 100, "bytes": [b"y" * 1000] * 100}), tmp_path / "a.parquet")
    assert parquet_schema(tmp_path / "a.parquet").names == ["a", "bytes"]
    for name, most, reason in (
        ("MOST_ROWS", 99, "has 100 rows; the limit is 99"),
        ("MOST_VALUES", 99, "column a has 100 values in a row group"),
        ("MOST_TEXT", 99, "column a has [0-9]+ bytes in a row group"),
        ("MOST_PICTURES", 999, "column bytes has [0-9,]+ bytes in a row group"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(parquet, name, most)
            with pytest.raises(ParquetTooLarge, match=reason):
                parquet_schema(tmp_path / "a.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 50 + b"PAR1", b"<html>", None])
def test_unreadable_file_is_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ParquetError, match=r"^cannot be read as Parquet \([^\n]*\)$") as caught:
        check_parquet(tmp_path / "a.parquet")
    assert caught.value.__cause__ is not None


def test_maps_are_refused(tmp_path):
    maps = pa.array([[[("k", "v")]]], pa.list_(pa.map_(pa.string(), pa.string())))
    pq.write_table(pa.table({"a": maps}), tmp_path / "a.parquet")
    with pytest.raises(ParquetError, match="column a is a map"):
        parquet_schema(tmp_path / "a.parquet")


def test_text_that_is_not_utf8_is_one_line(tmp_path):
    pq.write_table(pa.table({"a": [b"caf\xe9"]}), tmp_path / "bytes.parquet")
    text = pa.array([b"caf\xe9"]).view(pa.string())
    pq.write_table(pa.table({"a": text}), tmp_path / "a.parquet")
    with pytest.raises(ParquetError, match="utf-8"):
        list(parquet_rows(tmp_path / "a.parquet"))


def test_rows_before_the_fault_are_read(tmp_path):
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "a.parquet", row_group_size=100, compression="zstd")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    start = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(5).column(0).dictionary_page_offset
    content[start : start + 20] = b"\xff" * 20
    (tmp_path / "a.parquet").write_bytes(content)
    numbers = []
    with pytest.raises(ParquetError):
        numbers += [row["a"] for row in parquet_rows(tmp_path / "a.parquet") if not numbers.append(row["a"])]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 448


def test_rows_are_those_of_pyarrow(tmp_path):
    table = pa.table(
        {
            "text": ["a", None, "", "é", "a"],
            "dictionary": pa.array(["x", "y", None, "x", "x"]).dictionary_encode(),
            "lists": [["a", "b"], [], None, ["a", None], ["c"]],
            "structs": [[{"bytes": b"\0\1", "path": "p"}], [], None, [{"bytes": None, "path": None}, None], []],
            "deep": [{"a": [{"b": "c"}]}, {"a": None}, None, {"a": []}, {"a": [{"b": None}]}],
            "large": pa.array([["u"], None, [], ["v", "u"], ["w"]], pa.large_list(pa.large_string())),
            "number": [1, None, 3, 4, 5],
            "float": [0.5, None, 1.5, 2.5, float("inf")],
            "true": [True, None, False, True, True],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    for size in (1, 3, 64):
        assert list(parquet_rows(tmp_path / "a.parquet", batch_size=size)) == table.to_pylist()
    assert list(parquet_rows(tmp_path / "a.parquet", ["text", "deep"])) == table.select(["text", "deep"]).to_pylist()


def test_columns_of_unequal_length_are_refused(tmp_path, monkeypatch):
    """As after damage to a footer: pyarrow's batches end with the shortest column."""
    pq.write_table(pa.table({"a": range(1500)}), tmp_path / "a.parquet")
    batches = pq.ParquetFile.iter_batches
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *args, **options: list(batches(*args, **options))[:1])
    with pytest.raises(ParquetError, match="1000 of 1500 rows in row group 0"):
        list(parquet_rows(tmp_path / "a.parquet"))


def test_damaged_footers_do_not_abort_the_process(tmp_path):
    """Without `_check_column_chunks` they do: pyarrow catches no C++ error in `metadata.row_group(0).column(0)`."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [["x", None], None, ["y"]]}), path, store_schema=False)
    content = path.read_bytes()
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    refused = 0
    for at in range(start, len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 2]) + content[at + 1 :])
        try:
            parquet_schema(path)
        except ParquetError:
            refused += 1
    assert refused > (len(content) - start) // 4


@pytest.mark.parametrize("same", [True, False])
def test_batches_of_pictures_stay_small(tmp_path, same):
    """Eight megabytes in each of 100 rows: the same picture, stored once, or one after another."""
    pictures = [bytes([0 if same else number]) * (8 << 20) for number in range(100 if same else 20)]
    rows = [{"image": {"bytes": picture, "path": "a.png"}} for picture in pictures]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
    assert path.stat().st_size < 1 << 20
    batch = next(parquet_batches(path))
    assert 1 <= batch.num_rows * (8 << 20) <= 256 << 20
    assert pa.total_allocated_bytes() < 1 << 30


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux")
def test_opening_a_file_again_and_again_takes_no_more_memory(tmp_path):
    """`FileMetaData.schema` of pyarrow 26 is never freed: 0.6 MB a file of 32 row groups."""
    path = tmp_path / "rows.parquet"
    table = pa.table({f"column {n}": ["text"] * 64 for n in range(20)} | {"picture": [{"bytes": b"x"}] * 64})
    pq.write_table(table, path, row_group_size=2)

    def resident() -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])

    for _ in range(10):
        assert parquet_schema(path).names == table.column_names
    before = resident()
    for _ in range(50):
        assert next(parquet_rows(path))["picture"] == {"bytes": b"x"}
    assert resident() < before + 8_000
