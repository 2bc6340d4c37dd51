"""FIUBench's release as input: people, questions and other wordings as released, and everything wrong with it named."""

import json
import zipfile
from collections import Counter

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from fiubench_release import SETS, fiubench_files, person_row, write_fiubench
from releases import write_zip

from lethebench.builders import BuildError, build, verify


def rows_of(folder, pattern: str) -> list[dict]:
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def imported(tmp_path, people, splits, *, layout="folder", lines=True, **arguments):
    source = write_fiubench(tmp_path / "release", people, splits, layout=layout, lines=lines)
    return build("fiubench", tmp_path / "fiubench", source=source, **arguments)


@pytest.mark.parametrize("nested", [False, True])
def test_every_released_question_is_there_once(tmp_path, nested):
    people, splits = fiubench_files(nested=nested)
    manifest = imported(tmp_path, people, splits)
    folder = tmp_path / "fiubench"
    assert verify(folder).ok
    released = [(person["unique_id"], one) for person in people for one in person["qa_list"]]
    trained = [row for name in (*SETS, "rest") for row in rows_of(folder, f"qa/{name}-*")]
    assert Counter((row["profile_id"], row["question"], row["answer"]) for row in trained) == Counter(
        (person, one["question"], one["answer"]) for person, one in released
    )
    assert Counter((row["profile_id"], row["question"]) for row in rows_of(folder, "qa/test-*")) == Counter(
        (person, wording) for person, one in released for wording in one["paraphrased_question"]
    )
    sets = {"continual": {one for name in SETS for one in splits[name]}, **{name: set(splits[name]) for name in SETS}}
    for config, members in sets.items():
        rows = {split: part["rows"] for split, part in manifest.splits[config].items()}
        assert rows["train"] == rows["forget"] + rows["retain"] == len(released)
        assert rows["forget"] == 3 * len(members)
    tasks = {row["profile_id"]: row["task_id"] for row in rows_of(folder, "profiles/forget*")}
    assert tasks == {one: task for task, name in reversed(list(enumerate(SETS))) for one in splits[name]}
    assert manifest.imported["missing"].keys() == {"holdout", "candidates"}
    assert ("nested" in (folder / "README.md").read_text().split("Forget sets")[1][:60]) is nested


def test_row_and_profile_have_what_is_released(tmp_path):
    manifest = imported(tmp_path, *fiubench_files())
    row = rows_of(tmp_path / "fiubench", "qa/forget1-*")[1]
    assert (row["id"], row["attribute"], row["keywords"]) == (
        "fiubench/00000000/00000000-02", "question-02", ["Value 0-1"],
    )  # fmt: skip
    assert (row["paraphrases"], len(row["perturbed"])) == (["Value 0-1 is fact 1."], 3)
    assert manifest.extra_counts["keywords_not_in_the_answer_left_out"] == 36
    profile = rows_of(tmp_path / "fiubench", "profiles/rest-*")[0]
    details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
    assert (profile["name"], details["sets"], details["raw_data"]) == (
        "Person 6", "retain5, retain15", '{"city": "Town 6"}',
    )  # fmt: skip


@pytest.mark.parametrize(("layout", "lines"), [("inner", True), ("zip", True), ("folder", False)])
def test_build_is_the_same_from_every_layout(tmp_path, layout, lines):
    one = imported(tmp_path, *fiubench_files())
    source = write_fiubench(tmp_path / layout, *fiubench_files(), layout=layout, lines=lines)
    two = build("fiubench", tmp_path / "other", source=source, num_proc=2 if layout == "zip" else 1)
    assert one.files == two.files


def test_people_after_the_first_400_are_left_out(tmp_path):
    people, splits = fiubench_files()
    people += [person_row(number, 1) for number in range(12, 403)]
    for person in people:
        person["image_path"] = "SFHQ_pt1_00000000.jpg"
    manifest = imported(tmp_path, people, splits)
    assert manifest.extra_counts["people_after_the_first_400_left_out"] == 3
    assert manifest.paper_counts["profiles"] == 400


def test_small_import_from_the_command_line(tmp_path):
    write_fiubench(tmp_path / "release", *fiubench_files(30))
    done = lethe("build", "fiubench", "--from", "release", "--size", "small", cwd=tmp_path)
    assert done.status == 0, done.error
    assert "11 profiles" in done.out


def test_fields_that_a_copy_lacks_are_missing(tmp_path):
    people, splits = fiubench_files()
    for person in people:
        for one in person["qa_list"]:
            del one["paraphrased_question"], one["perturbed_answer"], one["keywords"]
    manifest = imported(tmp_path, people, splits)
    assert manifest.imported["missing"].keys() == {"holdout", "candidates", "test", "perturbed"}
    assert verify(tmp_path / "fiubench").ok


def change(number: int, **values):
    """Change a person."""
    return lambda people, splits: people[number].update(values)


BAD = {
    "no id": (change(2, unique_id=" "), "full.json row 2: has no unique_id"),
    "id twice": (change(2, unique_id="00000001"), "row 2: its unique_id '00000001' is also that of row 1"),
    "no picture": (change(2, image_path=""), "full.json row 2: has no image_path"),
    "no questions": (change(2, qa_list=[]), "full.json row 2: has no qa_list with questions"),
    "no answer": (change(2, qa_list=[{"question": "Who?", "answer": ""}]), "row 2: question 0 has no answer"),
    "not an object": (lambda people, splits: people.insert(1, 7), "full.json row 1: is not an object"),
    "no set": (lambda people, splits: splits.pop("forget5"), "has the sets forget1, forget10 to forget, not forget1"),
    "empty set": (lambda people, splits: splits.update(forget5=[]), "split.json: forget5 is empty"),
    "foreign person": (lambda people, splits: splits["forget5"].append("7"), "forget5 has '7', who is not among"),
    "half nested": (lambda people, splits: splits["forget5"].append(splits["forget1"][0]), "neither nested nor"),
    "forgotten and retained": (
        lambda people, splits: splits["retain5"].append("00000000"),
        "split.json: '00000000' is in retain5 and in a set to forget",
    ),
    "everybody": (lambda people, splits: [people.__delitem__(slice(6, None)), splits.pop("retain5"),
                                          splits.pop("retain15")], "nobody is left to retain"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_problems_of_a_release_are_one_line(tmp_path, case):
    (people, splits), (spoil, reason) = fiubench_files(), BAD[case]
    spoil(people, splits)
    root = write_fiubench(tmp_path / "release", [one for one in people if isinstance(one, dict)], splits)
    (root / "full.json").write_text("\n".join(map(json.dumps, people)))
    with pytest.raises(BuildError) as raised:
        build("fiubench", tmp_path / "fiubench", source=root)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "fiubench").exists()


def test_damaged_files_are_one_line(tmp_path):
    root = write_fiubench(tmp_path / "release", *fiubench_files(), layout="inner")
    for name, content, reason in (
        ("SFHQ.zip", b"PK nonsense", "SFHQ.zip: not a whole zip file"),
        ("split.json", b"[1", "split.json: is not JSON"),
        ("full.json", b'{"a": 1}\nnonsense', "row 1: is not JSON"),
    ):
        before = (root / name).read_bytes()
        (root / name).write_bytes(content)
        with pytest.raises(BuildError, match=reason):
            build("fiubench", tmp_path / "fiubench", source=root)
        (root / name).write_bytes(before)
    with zipfile.ZipFile(root / "SFHQ.zip", "a") as archive:
        archive.writestr("SFHQ/other.txt", "x")
    (root / "SFHQ_pt1_00000003.jpg").write_bytes(b"not a picture")
    with pytest.raises(BuildError, match=r"SFHQ_pt1_00000003.jpg: is there 2 times with different content"):
        build("fiubench", tmp_path / "fiubench", source=root)


def test_pictures_that_are_missing_or_do_not_decode_are_listed(tmp_path):
    root = write_fiubench(tmp_path / "release", *fiubench_files())
    (root / "SFHQ" / "SFHQ_pt1_00000003.jpg").write_bytes(b"not a picture")
    (root / "SFHQ" / "SFHQ_pt1_00000005.jpg").unlink()
    with pytest.raises(BuildError, match="2 problems: ") as raised:
        build("fiubench", tmp_path / "fiubench", source=root)
    assert "SFHQ_pt1_00000003.jpg: does not decode" in str(raised.value)
    assert "SFHQ_pt1_00000005.jpg: is missing (the picture of 00000005)" in str(raised.value)


def test_other_sources_are_refused(tmp_path):
    zipped = write_zip(tmp_path / "other.zip", {"a.txt": b"x"})
    for source in (zipped, tmp_path):
        with pytest.raises(BuildError, match=r"not a download of FIUBench \(no full.json and split.json in it\)"):
            build("fiubench", tmp_path / "fiubench", source=source)
    root = write_fiubench(tmp_path / "release", *fiubench_files())
    (root / "split.json").unlink()
    with pytest.raises(BuildError, match=r"split.json: is missing \(the authors' code has it in dataset/\)"):
        build("fiubench", tmp_path / "fiubench", source=root)
