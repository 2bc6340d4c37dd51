"""ReMem's release as input: counts, tasks and texts as released, streamed, and everything wrong with one named."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clear_release import clear_configs, write_clear
from command_line import lethe
from remem_release import remem_splits, write_remem

from lethebench.builders import BuildError, build, verify
from lethebench.builders.imports.shared.wording import keywords_of


def rows_of(folder, pattern: str) -> list[dict]:
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def imported(tmp_path, splits, **arguments):
    return build("remem", tmp_path / "remem", source=write_remem(tmp_path / "release", splits), **arguments)


def test_import_has_the_released_rows(tmp_path):
    manifest = imported(tmp_path, remem_splits())
    folder = tmp_path / "remem"
    assert verify(folder).ok
    assert manifest.paper_counts == {
        "profiles": 20, "pictures": 80, "questions": 136, "train_questions": 80, "test_questions": 56,
    }  # fmt: skip
    assert manifest.extra_counts["released_retain_rows_in_test"] == 16
    assert manifest.extra_counts["keywords_not_in_the_answer_left_out"] == 136
    rows = {
        config: {split: part["rows"] for split, part in manifest.splits[config].items()}
        for config in ("continual", "forget1", "forget2", "forget4")
    }
    assert rows["continual"] == rows["forget4"] == {"train": 80, "forget": 16, "retain": 64, "test": 56}
    assert (rows["forget1"]["forget"], rows["forget2"]["forget"]) == (4, 8)
    tasks = {row["profile_id"]: row["task_id"] for row in rows_of(folder, "qa/g*")}
    assert tasks == {"person_00": 0, "person_01": 1, "person_02": 2, "person_03": 3}
    first = rows_of(folder, "qa/g1-*")[0]
    assert (first["id"], first["question"], first["answer"]) == (
        "remem/person_00/finetune/0", "finetune question 0?", "Person 0 answers 0.",
    )  # fmt: skip
    assert (first["attribute"], first["keywords"]) == ("full_name", ["Person 0"])
    assert first["cloze_prompt"] == "Person 0 answers"
    assert "the folder of the picture" in (folder / "README.md").read_text()


def test_import_is_the_same_from_more_processes_and_shards(tmp_path):
    one = imported(tmp_path, remem_splits())
    source = write_remem(tmp_path / "three", remem_splits(), shards=3)
    two = build("remem", tmp_path / "other", source=source, num_proc=2)
    assert one.files == two.files


@pytest.mark.parametrize(
    ("released", "expected"),
    [("It is ___ here.", "It is"), ("It is [MASK].", "It is"), ("___ it is", ""), (None, ""), (" It is ", "It is")],
)
def test_cloze_prompts_end_at_their_blank(tmp_path, released, expected):
    splits = remem_splits()
    for row in splits["finetune"]:
        row["cloze_prompt"] = released
    counts = imported(tmp_path, splits).extra_counts
    assert {row["cloze_prompt"] for row in rows_of(tmp_path / "remem", "qa/g1-*")} == {expected}
    assert counts["cloze_prompts_cut_at_their_blank"] == (
        80 if released and len(expected) < len(released.strip()) else 0
    )


def test_release_without_cloze_prompts(tmp_path):
    splits = remem_splits()
    for row in {id(row): row for rows in splits.values() for row in rows}.values():
        del row["cloze_prompt"]
    imported(tmp_path, splits)
    assert {row["cloze_prompt"] for row in rows_of(tmp_path / "remem", "qa/*")} == {""}


def test_small_import_from_the_command_line(tmp_path):
    write_remem(tmp_path / "release", remem_splits(6))
    done = lethe("build", "remem", "--from", "release", "--size", "small", cwd=tmp_path)
    assert done.status == 0, done.error
    assert "20 profiles" in done.out
    assert "80 train questions" in done.out
    assert "no candidates: " in done.out


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("all/{person}_{number}.png", "without the number at its end"),
        ("{person}/front/{number}.png", "the folder above that of the picture"),
        ("all/id{digits}{letter}.png", "the first number in the name"),
    ],
)
def test_people_are_told_apart_by_the_path(tmp_path, path, rule):
    splits = remem_splits()
    for row in {id(row): row for rows in splits.values() for row in rows}.values():
        *_, person, file = row["image_path"].split("/")
        number = file.removesuffix(".png")
        row["image_path"] = path.format(person=person, digits=person[-2:], number=number, letter="abcd"[int(number)])
    assert imported(tmp_path, splits).paper_counts["profiles"] == 20
    assert rule in (tmp_path / "remem" / "README.md").read_text()


BAD = {
    "no split": (lambda splits: splits.pop("forget3"), "forget3-*.parquet: is missing"),
    "no column": (lambda splits: [row.pop("image_path") for row in splits["test"]], "has no column image_path"),
    "not nested": (lambda splits: splits.update(forget2=splits["forget2"][4:]), "forget2: does not hold forget1"),
    "not trained": (lambda splits: splits["forget4"].append(splits["test"][0]), "1 rows of the sets to forget are"),
    "half a person": (lambda splits: splits.update(forget1=splits["forget1"][:2]), "no part of `image_path` (e.g."),
    "no answer": (lambda splits: splits["finetune"][5].update(answer=" "), "row 5: has no answer"),
    "no picture": (lambda splits: splits["test"][5]["image"].update(bytes=b"x"), "does not decode"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_problems_of_a_release_are_one_line(tmp_path, case):
    splits, (spoil, reason) = remem_splits(), BAD[case]
    spoil(splits)
    with pytest.raises(BuildError) as raised:
        imported(tmp_path, splits)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "remem").exists()


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(BuildError, match="not a download of ReMem"):
        build("remem", tmp_path / "remem", source=tmp_path)
    write_remem(tmp_path / "release", remem_splits(), shards=2)
    (tmp_path / "release" / "data" / "test-00000-of-00002.parquet").unlink()
    with pytest.raises(BuildError, match=r"test-00000-of-00002.parquet: is missing"):
        build("remem", tmp_path / "remem", source=tmp_path / "release")


@pytest.mark.parametrize(
    ("value", "words"),
    [('["Ada", "1815"]', ["Ada", "1815"]), (["Ada", "Zoe"], ["Ada"]), ("born in 1815", ["born in 1815"]), (None, [])],
)
def test_keywords_come_in_every_form(value, words):
    assert keywords_of(value, "Ada was born in 1815.")[0] == words


WORK = """
import re, sys
from lethebench.builders import build
build(sys.argv[3], sys.argv[2], source=sys.argv[1])
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux")
@pytest.mark.parametrize("name", ["remem", "clear"])
def test_memory_of_an_import_does_not_grow_with_the_release(tmp_path, name):
    """In pictures of a megabyte. ReMem: 109 MB take 236, 847 MB take 267, so 9.5 GB less than 630.

    Memory grows with row groups: one of 230 MB takes 645, whether the release has 450 or 790 MB.
    """
    peaks = []
    for rows in (2, 6):
        source = tmp_path / f"release-{rows}"
        if name == "remem":
            write_remem(source, remem_splits(rows, (660, 500)), group=20)
        else:
            write_clear(source, clear_configs(pictures=rows, size=(660, 500)), group=20)
        words = [sys.executable, "-c", WORK, source, tmp_path / f"{name}-{rows}", name]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) // 1024)
    written = sum(path.stat().st_size for path in source.rglob("*.parquet")) >> 20
    print(f"{written} MB of release: {peaks[1]} MB; a third of it: {peaks[0]} MB")
    assert written > 95, name
    assert peaks[1] < 1000
    assert peaks[1] < peaks[0] + 60
