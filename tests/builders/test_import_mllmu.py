"""MLLMU-Bench's release as input: sets, formats and pictures as released, and everything wrong with one named."""

import copy
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from releases import mllmu_configs, write_mllmu

from lethebench.builders import BuildError, build, verify
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES

# Figures of the release (MLLMU-Bench, arXiv 2410.22108).
PAPER = {
    "profiles": 653, "pictures": 1153, "questions": 20_754, "train_questions": 9000, "test_questions": 9000,
    "neighbour_questions": 2754,
}  # fmt: skip
FORMAT_COUNTS = {"multiple_choice": 11_530, "generation": 4_612, "cloze": 4_612}
SMALL = mllmu_configs()


@pytest.fixture
def configs():
    return copy.deepcopy(SMALL)


def imported(tmp_path, configs, **arguments):
    source = write_mllmu(tmp_path / "release", configs)
    return build("mllmu", tmp_path / "mllmu", source=source, **arguments)


def failure(tmp_path, configs) -> str:
    with pytest.raises(BuildError) as raised:
        imported(tmp_path, configs)
    assert not (tmp_path / "mllmu").exists()
    assert not list(tmp_path.glob(".mllmu*"))
    return str(raised.value)


def rows(folder, config, split) -> list[dict]:
    from json import loads

    files = loads((folder / "manifest.json").read_text())["splits"][config][split]["files"]
    return [row for name in files for row in pq.read_table(folder / name).to_pylist()]


def people(folder, config, split) -> set[str]:
    return {row["profile_id"] for row in rows(folder, config, split)}


@pytest.mark.slow
def test_whole_release_has_the_counts_of_the_paper(tmp_path):
    configs = mllmu_configs(500, 153)
    write_mllmu(tmp_path / "release", configs, shards=3)
    manifest = build("mllmu", tmp_path / "mllmu", source=tmp_path / "release")
    assert manifest.paper_counts == PAPER
    assert manifest.size == "paper"
    folder = tmp_path / "mllmu"
    sizes = {
        name: tuple(manifest.splits[name][split]["rows"] // 18 for split in ("forget", "retain"))
        for name in ("forget5", "forget10", "forget15", "continual")
    }
    assert sizes == {"forget5": (25, 475), "forget10": (50, 450), "forget15": (75, 425), "continual": (75, 425)}
    results = [row for split in ("train", "test", "neighbour") for row in rows(folder, "continual", split)]
    formats = [FORMATS[row["format"]] for row in results]
    assert {name: formats.count(name) for name in FORMAT_COUNTS} == FORMAT_COUNTS
    assert sum(MODALITIES[row["modality"]] == "text" for row in results) == 10_377
    tasks = {row["profile_id"]: row["task_id"] for row in rows(folder, "continual", "forget")}
    assert [list(tasks.values()).count(task) for task in range(3)] == [25, 25, 25]
    assert tasks == {f"person-{n:03d}": n // 25 for n in range(75)}
    report = verify(folder)
    assert report.ok, report.problems


def test_records_become_rows(tmp_path, configs):
    imported(tmp_path, configs)
    results = {row["id"]: row for row in rows(tmp_path / "mllmu", "continual", "forget")}
    choice = results["mllmu/person-000/train/image/choice-2"]
    assert choice["question"] == "train image choice 1?"
    assert choice["options"] == [f"value image 1 {letter} of 0" for letter in "ABCD"]
    assert (choice["correct"], choice["answer"]) == (1, "value image 1 B of 0")
    assert len(choice["images"]) == 1
    blank = results["mllmu/person-000/train/text/blank-1"]
    assert blank["question"] == "train Pure_Text mask 0? It is [Blank]."
    assert (blank["images"], MODALITIES[blank["modality"]], FORMATS[blank["format"]]) == ([], "text", "cloze")
    free = results["mllmu/person-000/train/image/free-1"]
    assert (free["answer"], free["keywords"], free["options"], free["correct"]) == (
        "free 0 of 0",
        ["free 0 of 0"],
        [],
        -1,
    )
    assert len(results) == 3 * 18
    test = rows(tmp_path / "mllmu", "continual", "test")
    assert {row["images"][0]["bytes"] for row in test if row["images"]}.isdisjoint(
        row["images"][0]["bytes"] for row in results.values() if row["images"]
    )
    profile = next(row for row in rows(tmp_path / "mllmu", "profiles", "train") if row["profile_id"] == "person-000")
    details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
    assert details["biography"] == "The life of 0."
    assert details["ft_Data"] == '[{"Question": "Who?", "Answer": "It is 0."}]'
    assert ROLES[profile["role"]] == "forget"


def test_sets_that_are_not_nested_have_no_sequence(tmp_path):
    manifest = imported(tmp_path, mllmu_configs(nested=False))
    folder = tmp_path / "mllmu"
    assert list(manifest.splits) == ["forget5", "forget10", "forget15", "profiles"]
    assert people(folder, "forget5", "forget") == {"person-000"}
    assert people(folder, "forget10", "forget") == {"person-001", "person-002"}
    assert people(folder, "forget15", "forget") == {f"person-{n:03d}" for n in (3, 4, 5)}
    for config in ("forget5", "forget10", "forget15"):
        assert people(folder, config, "retain") == people(folder, config, "train") - people(folder, config, "forget")
    assert manifest.tasks == 1
    assert verify(folder).problems == []


def test_pictures_lose_metadata_and_transparency(tmp_path, configs):
    buffer = io.BytesIO()
    Image.new("RGBA", (40, 30), (255, 0, 0, 0)).save(buffer, format="PNG")
    configs["Full_Set"][0]["image"]["bytes"] = buffer.getvalue()
    imported(tmp_path, configs)
    row = rows(tmp_path / "mllmu", "continual", "forget")[0]
    results = Image.open(io.BytesIO(row["images"][0]["bytes"]))
    assert (results.format, results.mode, results.size) == ("JPEG", "RGB", (40, 30))
    assert min(results.getpixel((20, 15))) > 250  # what was transparent is white


@pytest.mark.slow
def test_processes_and_shards_do_not_change_rows(tmp_path, configs):
    one = imported(tmp_path, configs)
    two = build("mllmu", tmp_path / "two", source=tmp_path / "release", num_proc=2)
    assert one.files == two.files
    write_mllmu(tmp_path / "shards" / "release", configs, shards=2)
    three = build("mllmu", tmp_path / "three", source=tmp_path / "shards" / "release")
    hashes = [manifest.splits["continual"]["train"]["content_hash"] for manifest in (one, three)]
    assert hashes[0] == hashes[1]


def test_flaws_of_the_release_are_kept_and_counted(tmp_path, configs):
    configs["Full_Set"][0]["Classification_Task"]["Pure_Text_Questions"][0]["Options"]["D"] = "value text 0 A of 0"
    configs["Full_Set"][1]["Mask_Task"][0]["Question"] = "No blank here."
    configs["Test_Set"][3]["images"][0]["bytes"] = configs["Full_Set"][3]["image"]["bytes"]
    manifest = imported(tmp_path, configs)
    assert manifest.extra_counts["questions_with_an_option_twice"] == 1
    assert manifest.extra_counts["blanks_without_a_mark"] == 1
    report = verify(tmp_path / "mllmu")
    assert report.ok
    assert "9 as released" in next(check.detail for check in report.checks if check.name == "byte twins")


@pytest.mark.slow
def test_small_import_takes_a_few_people_per_group(tmp_path):
    configs = mllmu_configs(60, 20)
    configs["Full_Set"][-1]["Mask_Task"][0]["Question"] = "No blank here, and not taken."
    manifest = imported(tmp_path, configs, size="small")
    assert {name: part["rows"] // 18 for name, part in manifest.splits["continual"].items()} == {
        "train": 40, "forget": 6, "retain": 34, "test": 40, "neighbour": 12,
    }  # fmt: skip
    assert manifest.extra_counts["pairs_of_ft_data_in_details"] == 40
    assert manifest.extra_counts["blanks_without_a_mark"] == 0
    assert verify(tmp_path / "mllmu").problems == []


def _record(config, index, **change):
    return lambda configs: configs[config][index].update(change)


def _without(config, column):
    def spoil(configs):
        for row in configs[config]:
            row["renamed"] = row.pop(column)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reasons"),
    [
        (lambda configs: configs.pop("forget_10"), ["forget_10/: is missing"]),
        (_without("Full_Set", "Mask_Task"), ["Full_Set/train-00000-of-00001.parquet: has no column Mask_Task"]),
        (_without("Test_Set", "images"), ["Test_Set/train-00000-of-00001.parquet: has no column images"]),
        (_without("forget_5", "ID"), ["has no column ID (it has Directory"]),
        (_record("Full_Set", 2, ID="001"), ["row 2: ID 001 occurs twice in Full_Set"]),
        (_record("Full_Set", 2, ID="../1"), ["its ID is '../1'"]),
        (_record("Test_Set", 2, ID="999"), ["Test_Set: ID 999 is not in Full_Set"]),
        (
            _record("retain_95", 0, ID="000"),
            ["retain_95: ID 000 is in forget_5 as well", "ID 001 of Full_Set is neither"],
        ),
        (_record("Full_Set", 3, image={"bytes": b"no", "path": "x"}), ["row 3 picture 0: does not decode"]),
        (_record("Full_Set", 3, image=None), ["its picture is not in the file"]),
        (_record("Test_Set", 3, images=[]), ["has no picture"]),
        (_record("ft_Data", 1, ID="000"), ["row 1: ID 000 occurs twice in ft_Data"]),
        (_record("ft_Data", 1, ID="999"), ["row 1: ID 999 is not in Full_Set"]),
        (_record("ft_Data", 1, metadata="{"), ["ft_Data/train-00000-of-00001.parquet row 1: "]),
        (_record("ft_Data", 1, metadata='{"Q": 1}'), ["not a JSON list of Question and Answer"]),
        (
            lambda configs: configs["Full_Set"][0]["Generation_Task"][1].update(Type="Audio"),
            ["Generation_Task 2: Type 'Audio' is not one of Image_Textual, Pure_Text"],
        ),
        (
            lambda configs: configs["Full_Set"][0]["Mask_Task"][0].update(Ground_Truth=" "),
            ["Mask_Task 1 has no text under Ground_Truth"],
        ),
        (
            lambda configs: configs["Full_Set"][0]["Classification_Task"]["Pure_Text_Questions"][1].update(
                Correct_Answer="E"
            ),
            ["Pure_Text_Questions 2: Correct_Answer 'E' is not one of A, B, C, D"],
        ),
    ],
)
def test_problems_of_a_release_are_listed(tmp_path, configs, spoil, reasons):
    spoil(configs)
    results = failure(tmp_path, configs)
    for reason in reasons:
        assert reason in results
    assert "Nothing was written" in results


def test_missing_and_invalid_files_are_listed(tmp_path, configs):
    source = write_mllmu(tmp_path / "release", configs, shards=2)
    (source / "Full_Set" / "train-00001-of-00002.parquet").unlink()
    with pytest.raises(BuildError, match=r"Full_Set/\*-00001-of-00002.parquet: is missing"):
        build("mllmu", tmp_path / "mllmu", source=source)
    (source / "Full_Set" / "train-00001-of-00002.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(BuildError, match="cannot be read as Parquet"):
        build("mllmu", tmp_path / "mllmu", source=source)
    with pytest.raises(BuildError, match="not a download of MLLMU-Bench"):
        build("mllmu", tmp_path / "mllmu", source=tmp_path)
    with pytest.raises(BuildError, match="give the folder of a download"):
        build("mllmu", tmp_path / "mllmu", source=tmp_path / "absent")


def test_oversized_column_is_refused(tmp_path, configs):
    source = write_mllmu(tmp_path / "release", configs)
    path = source / "forget_5" / "train-00000-of-00001.parquet"
    nothing = pa.array([[None] * 6_000_000], pa.list_(pa.int8()))
    pq.write_table(pa.table({"ID": ["000"], "padding": nothing}), path)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BuildError, match="6,000,000 values in a row group"):
        build("mllmu", tmp_path / "mllmu", source=source)


def test_unused_columns_are_counted(tmp_path, configs):
    for row in configs["Full_Set"]:
        row["Video"] = "x"
    assert imported(tmp_path, configs).extra_counts["columns_left_out"] == 1


def test_symlinked_shard_of_the_hub_cache_is_read(tmp_path, configs):
    source = write_mllmu(tmp_path / "release", configs)
    blob = tmp_path / "blob"
    path = source / "Full_Set" / "train-00000-of-00001.parquet"
    path.rename(blob)
    path.symlink_to(blob)
    assert build("mllmu", tmp_path / "mllmu", source=source).paper_counts["profiles"] == 23
