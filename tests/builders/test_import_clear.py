"""CLEAR's release as input: every released row once, nested sets to forget, and everything wrong with it named."""

from collections import Counter

import pyarrow.parquet as pq
import pytest
from clear_release import NAMES, SETS, clear_configs, write_clear
from command_line import lethe
from releases import write_zip

from lethebench.builders import BuildError, build, verify
from lethebench.builders.imports.clear.importer import NAME_QUESTION, REQUESTS
from lethebench.contract.columns import MODALITIES


def rows_of(folder, pattern: str) -> list[dict]:
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def imported(tmp_path, configs, *, shards=1, **arguments):
    return build(
        "clear", tmp_path / "clear", source=write_clear(tmp_path / "release", configs, shards=shards), **arguments
    )


def pairs(rows) -> Counter:
    """(question of a text row, else the name of the author; answer) -> how often."""
    return Counter((row["question"] if not row["images"] else row["profile_id"], row["answer"]) for row in rows)


def test_every_released_row_is_there_once(tmp_path):
    configs = clear_configs()
    manifest = imported(tmp_path, configs, shards=2)
    folder = tmp_path / "clear"
    assert verify(folder).ok
    trained = [row for name in ("g01", "g05", "g10", "rest") for row in rows_of(folder, f"qa/{name}-*")]
    released = Counter((row["name"], row["caption"]) for row in configs["full"])
    released += Counter((row["question"], row["answer"]) for row in configs["full+tofu"] if row["question"])
    assert pairs(trained) == released
    perturbed = {
        (row["name"], row["caption"]) for name in configs if name.endswith("_perturbed") for row in configs[name]
    }
    tests = rows_of(folder, "qa/test-*")
    assert pairs(tests) == Counter((name, name) for name, _ in perturbed)
    assert {row["question"] for row in tests} == {NAME_QUESTION}
    neighbours = rows_of(folder, "qa/neighbour-*")
    assert [row["answer"] for row in neighbours] == [f"{what} {n}" for what in ("Star", "Thing") for n in range(3)]
    assert neighbours[0]["perturbed"] == ["Someone", "Anyone"]
    assert manifest.imported["missing"].keys() == {"holdout", "candidates"}
    assert manifest.extra_counts["captions_with_wrong_answers"] == len(perturbed) == 12


def test_sets_to_forget_are_the_released_ones(tmp_path):
    configs = clear_configs()
    manifest = imported(tmp_path, configs)
    rows = {
        config: {split: part["rows"] for split, part in manifest.splits[config].items()} for config in manifest.splits
    }
    for config in ("continual", *SETS):
        assert rows[config]["train"] == rows[config]["forget"] + rows[config]["retain"] == len(configs["full+tofu"])
        assert rows[config]["forget"] == len(configs[f"{'forget10' if config == 'continual' else config}+tofu"])
    authors = {row["profile_id"]: row["task_id"] for row in rows_of(tmp_path / "clear", "profiles/g*")}
    assert authors == {NAMES[0]: 0, NAMES[1]: 1, NAMES[2]: 2, NAMES[3]: 2}
    assert manifest.tasks == 3


def test_captions_have_wrong_answers_and_text_rows_an_author(tmp_path):
    imported(tmp_path, clear_configs())
    first, second, *rest = rows_of(tmp_path / "clear", "qa/g01-*")
    assert (first["id"], first["question"], second["question"]) == ("clear/Ada Byrne/full/0", *REQUESTS[:2])
    assert first["paraphrases"] == ["In a place: Ada Byrne in place 0."]
    assert first["perturbed"] == [f"Ada Byrne in no place {n}." for n in range(3)]
    assert {(row["profile_id"], MODALITIES[row["modality"]]) for row in rest} == {("Ada Byrne", "text")}
    card = (tmp_path / "clear" / "README.md").read_text()
    assert "Inferred, and checked on this copy" in card


def test_questions_that_name_nobody_are_about_an_author_of_their_own(tmp_path):
    configs = clear_configs()
    for row in configs["full+tofu"] + configs["forget10+tofu"]:
        if row["question"] and row["question"].endswith(("author 3?", "author 7?")):
            row["answer"] = "Nobody knows."
    manifest = imported(tmp_path, configs)
    assert manifest.extra_counts["blocks_of_questions_that_mention_no_author"] == 2
    tasks = {row["profile_id"]: row["task_id"] for row in rows_of(tmp_path / "clear", "profiles/*")}
    assert (tasks["author-003"], tasks["author-007"], tasks[NAMES[3]]) == (2, -1, 2)


def test_parts_that_a_copy_lacks_are_on_the_card(tmp_path):
    configs = {
        name: rows for name, rows in clear_configs().items() if not name.endswith("_perturbed") and "real" not in name
    }
    configs["data"] = configs["full"]
    configs["full"] = [{key: row[key] for key in ("image", "caption")} for row in configs["full"]]
    manifest = imported(tmp_path, configs)
    assert verify(tmp_path / "clear").ok
    missing = {"holdout", "candidates", "test", "paraphrases", "perturbed", "neighbour"}
    assert manifest.imported["missing"].keys() == missing
    card = (tmp_path / "clear" / "README.md").read_text()
    assert "are the rows of `data`" in card
    assert all(f"| `{part}` |" in card for part in missing)


def test_bytes_do_not_depend_on_processes_or_shards(tmp_path):
    one = imported(tmp_path, clear_configs())
    source = write_clear(tmp_path / "three", clear_configs(), shards=3)
    two = build("clear", tmp_path / "other", source=source, num_proc=2)
    assert one.files == two.files


def test_small_import_from_the_command_line(tmp_path):
    write_clear(tmp_path / "release", clear_configs(pictures=4))
    done = lethe("build", "clear", "--from", "release", "--size", "small", cwd=tmp_path)
    assert done.status == 0, done.error
    assert "32 train questions" in done.out
    assert "no candidates: " in done.out


def change(config: str, number: int, **values):
    """Change a row of a config."""
    return lambda configs: configs[config][number].update(values)


def change_author(number: int, other: int):
    """Let the questions about an author name another one."""

    def spoil(configs) -> None:
        for row in configs["full+tofu"]:
            if row["answer"] and row["answer"].startswith(NAMES[number]):
                row["answer"] = row["answer"].replace(NAMES[number], NAMES[other])

    return spoil


def forget_everybody(configs) -> None:
    """Let the largest set have all authors."""
    configs["forget10"] = configs["full"]
    configs["forget10+tofu"] = configs["full+tofu"]
    del configs["retain90"]


BAD = {
    "no config": (lambda configs: configs.pop("forget05"), "forget05/: is missing"),
    "no column": (lambda configs: [row.pop("name") for row in configs["full"]], "has no column name (it has image"),
    "empty config": (lambda configs: configs.update({"forget01": []}), "forget01/: holds no row"),
    "not nested": (lambda configs: configs.update(forget05=configs["forget05"][2:]), "forget05/: does not hold"),
    "not in full": (change("forget10", 0, caption="Other."), "full/: 1 rows of the sets to forget are not in it"),
    "retained too": (change("retain90", 0, name=NAMES[0]), "retain90/: holds 'Ada Byrne', who is in forget10"),
    "everybody": (forget_everybody, "every author is in a set to forget"),
    "half a block": (lambda configs: configs["full+tofu"].pop(), "159 questions; 20 about each author were expected"),
    "author twice": (change_author(1, 0), "questions 0 and 20 are both about 'Ada Byrne'"),
    "other set": (lambda configs: configs["forget01+tofu"].pop(), "'Ada Byrne' is in forget01, but not all questions"),
    "no caption": (change("full", 3, caption=" "), "row 3: has no caption"),
    "no picture": (change("full", 3, image=None), "row 3: has no picture"),
    "unreadable": (change("real_faces", 1, image={"bytes": b"x", "path": None}), "does not decode"),
    "no answer": (change("real_world", 1, answer=None), "real_world/train-00000-of-00001.parquet row 1: has no answer"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_problems_of_a_release_are_one_line(tmp_path, case):
    configs, (spoil, reason) = clear_configs(), BAD[case]
    spoil(configs)
    with pytest.raises(BuildError) as raised:
        imported(tmp_path, configs)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "clear").exists()


def test_other_sources_are_refused(tmp_path):
    for source, reason in (
        (write_zip(tmp_path / "clear.zip", {"full/train.parquet": b"x"}), "unpack an archive first"),
        (tmp_path / "absent", "give the folder of a download of CLEAR"),
        (tmp_path, "not a download of CLEAR"),
    ):
        with pytest.raises(BuildError, match=reason):
            build("clear", tmp_path / "clear", source=source)
    release = write_clear(tmp_path / "release", clear_configs(), shards=2)
    (release / "full" / "train-00000-of-00002.parquet").unlink()
    (release / "forget05" / "train-00001-of-00002.parquet").write_bytes(b"PAR1nonsensePAR1")
    with pytest.raises(BuildError, match=r"2 problems|is missing") as raised:
        build("clear", tmp_path / "clear", source=release)
    assert "full/*-00000-of-00002.parquet: is missing" in str(raised.value)
