"""What verify keeps of a build's rows: digests that find the same twins as the texts would, in any shard."""

import os
import random
from importlib import import_module

import pyarrow.parquet as pq
import pytest
from small_build import rewrite, use_stand_ins

from lethebench.builders import build, content_hash, verify
from lethebench.builders.base import GroupCounts
from lethebench.builders.verify.digests import DigestTable, digest_of, joined_hash

HOLDOUT = "qa/holdout-00000-of-00001.parquet"


def test_table_equals_a_dictionary():
    rng = random.Random(0)
    table, expected = DigestTable(), {}
    digests = [0, 2**64 - 1, *(rng.getrandbits(64) for _ in range(3_000)), *range(1024, 9 * 1024, 1024)]
    for number in range(8_000):
        digest = rng.choice(digests)
        assert table.get(digest) == expected.get(digest)
        expected[digest] = number
        table.put(digest, number)
    assert {digest: table.get(digest) for digest in digests} == {digest: expected.get(digest) for digest in digests}


def test_digest_tells_texts_apart_where_they_join():
    assert digest_of("ab", "c") == digest_of("ab", "c") != digest_of("a", "bc")
    assert len({digest_of(str(number)) for number in range(1_000)}) == 1_000


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (5, 0, 40)])
def test_joined_hash_equals_the_content_hash(sizes):
    parts = [[os.urandom(31) + bytes(1) for _ in range(size)] for size in sizes]
    digests = (digest for part in parts for digest in part)
    assert joined_hash(bytearray().join(part) for part in parts) == content_hash(digests)


def test_picture_of_two_groups_counts_once():
    counts = GroupCounts({"a": 2, "b": 2}, {"a": [b"1", b"2", b"2"], "b": {b"2", b"3"}})
    assert (counts.pictures("a"), counts.pictures("b"), counts.pictures("a", "b", "c")) == (2, 2, 3)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A build of icu with stand-in pages and two shards of what is forgotten."""
    use_stand_ins(monkeypatch)
    monkeypatch.setattr("lethebench.builders.write.build.PROFILES_PER_SHARD", 2)
    monkeypatch.setattr(import_module("lethebench.builders.verify.checks"), "check_loading", lambda *_: None)
    build("icu", tmp_path / "icu", size=8)
    return tmp_path / "icu"


def test_twins_in_other_shards_are_named(folder):
    """An id, a picture and a question of the last training shard, again in later rows."""
    last = sorted(folder.glob("qa/forget-*"))[-1]
    assert last.name == "forget-00001-of-00002.parquet"
    train = pq.read_table(last).to_pylist()
    shown = next(row for row in train if row["images"] and row["attribute"] == "name")

    def repeat_picture(rows):
        rows[3]["images"], rows[3]["modality"] = [shown["images"][0]], 0

    asked = next(row for row in reversed(train) if not row["images"])

    def repeat_id_and_question(rows):
        about = [row for row in rows if row["profile_id"] == asked["profile_id"] and not row["images"]]
        same = next(row for row in about if row["attribute"] == asked["attribute"])
        same.update(question=asked["question"], id=asked["id"])

    rewrite(folder, HOLDOUT, repeat_picture)
    rewrite(folder, "qa/test-forget-00001-of-00002.parquet", repeat_id_and_question)
    reasons = {(problem.check, problem.reason) for problem in verify(folder).problems}
    assert ("byte twins", f"its picture is that of {shown['id']} in split forget") in reasons
    assert ("ids", f"is also in qa/{last.name}") in reasons
    assert ("wordings", f"the test question is that of {asked['id']}") in reasons


def test_more_twins_than_are_listed_are_counted(folder):
    picture = pq.read_table(folder / "qa" / "forget-00000-of-00002.parquet").to_pylist()[0]["images"]
    changed = []

    def repeat_picture(rows):
        changed.extend(row for row in rows if row["images"])
        for row in changed:
            row["images"] = picture

    rewrite(folder, HOLDOUT, repeat_picture)
    report = verify(folder)
    twins = [problem.reason for problem in report.problems if problem.check == "byte twins"]
    assert len(set(twins)) == 1
    assert len(twins) == 20 < len(changed)
    detail = next(check.detail for check in report.checks if check.name == "byte twins")
    assert detail == f"{len(changed)} problems, 20 listed"
