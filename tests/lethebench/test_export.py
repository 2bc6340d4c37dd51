"""Exports: MLLMU-Bench's columns, which can be imported again, and tasks for harnesses, checked without a harness."""

import io
import json
import shutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import lethe
from datasets import load_dataset
from PIL import Image
from releases import mllmu_configs, mlu_files, write_mllmu, write_zip
from small_build import real_build

from lethebench.builders import BuildError, build, read_manifest
from lethebench.builders.imports.mllmu.sets import RECORDS, SHARES
from lethebench.cli.export import LAYOUTS, export_command
from lethebench.errors import UserError
from lethebench.harnesses import harness
from lethebench.harnesses.mllmu_bench import RECORD, TEST_RECORD, TUNING_RECORD
from lethebench.harnesses.tasks import EXTRA_TOKENS

CONFIGS = {
    "Full_Set", "Test_Set", "Retain_Set", "ft_Data", "forget_5", "forget_10", "forget_15", "retain_95", "retain_90",
    "retain_85",
}  # fmt: skip


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An export of the small mllmu."""
    out = tmp_path_factory.mktemp("exported") / "mllmu-bench"
    export_command(real_build("mllmu"), "mllmu-bench", out, None)
    return out


@pytest.fixture(scope="module")
def imported(exported):
    """The export, imported as a build."""
    build("mllmu", exported.parent / "imported", source=exported)
    return exported.parent / "imported"


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """A build of ours, and one from a release that is not MLLMU-Bench."""
    root = tmp_path_factory.mktemp("mlu")
    build("mlu", root / "mlu", source=write_zip(root / "release.zip", mlu_files()))
    return {"mllmu": real_build("mllmu"), "mlu": root / "mlu"}


def rows(folder, split, config="forget5") -> list[dict]:
    files = read_manifest(folder).splits[config][split]["files"]
    return [row for name in files for row in pq.read_table(folder / name).to_pylist()]


def questions(folder, split) -> Counter:
    """Return the questions and answers of every profile, in any order."""
    return Counter(
        (
            row["profile_id"].removeprefix("figure-"), row["modality"], row["format"], row["question"], row["answer"],
            tuple(row["options"]), row["correct"], len(row["images"]),
        )
        for row in rows(folder, split)
    )  # fmt: skip


def people(folder, config, split) -> set[str]:
    return {row["profile_id"] for row in rows(folder, split, config)}


@pytest.mark.parametrize("split", RECORDS.values())
def test_exported_questions_are_imported_again(imported, split):
    built = questions(real_build("mllmu"), split)
    assert len(built) == sum(built.values()) > 200
    assert questions(imported, split) == built


def test_exported_forget_sets_are_imported_again(imported):
    for share in SHARES:
        for split in ("forget", "retain"):
            assert people(imported, f"forget{share}", split) == people(real_build("mllmu"), f"forget{share}", split)
    tasks = {row["profile_id"]: row["task_id"] for row in rows(real_build("mllmu"), "forget", "continual")}
    assert {row["profile_id"]: row["task_id"] for row in rows(imported, "forget", "continual")} == tasks


def test_exported_pictures_are_the_builds_bytes(exported, imported):
    def pictures(folder, split):
        return {row["profile_id"]: row["images"][0]["bytes"] for row in rows(folder, split) if row["images"]}

    built = pictures(real_build("mllmu"), "train")
    records = pq.read_table(exported / "Full_Set" / "train-00000-of-00001.parquet").to_pylist()
    assert {f"person-{record['ID']}": record["image"]["bytes"] for record in records} == built
    for person, content in pictures(imported, "train").items():
        one, other = (np.asarray(Image.open(io.BytesIO(data)), float) for data in (content, built[person]))
        assert np.abs(one - other).mean() < 2
    tested = pq.read_table(exported / "Test_Set" / "train-00000-of-00001.parquet").to_pylist()
    assert {f"person-{record['ID']}": record["images"][0]["bytes"] for record in tested} == pictures(
        real_build("mllmu"), "test"
    )


def test_export_reads_like_the_release(exported):
    """With pandas, by the columns, types and letters that the scripts of MLLMU-Bench use."""
    table = pd.read_parquet(exported / "forget_5" / "train-00000-of-00001.parquet")
    assert table["ID"].unique().tolist() == table["ID"].tolist() == [p[7:] for p in _in_order("forget")]
    descriptions = {
        row["profile_id"]: pair["value"]
        for row in rows(real_build("mllmu"), "train", "profiles")
        for pair in row["fields"]
        if pair["attribute"] == "description"
    }
    for _, row in table.iterrows():
        assert Image.open(io.BytesIO(row["image"].get("bytes"))).convert("RGB").size == (448, 448)
        sizes = []
        for kind in ("Image_Textual_Questions", "Pure_Text_Questions"):
            choices = row["Classification_Task"].get(kind, [])
            sizes.append(len(choices))
            assert all(set(one["Options"]) == set("ABCD") and one["Correct_Answer"] in "ABCD" for one in choices)
        assert sorted(sizes) == [4, 5]
        for task, mark in (("Generation_Task", False), ("Mask_Task", True)):
            counts = Counter(one["Type"] for one in row[task])
            # The description takes the place of a choice, about the picture or by name.
            assert [counts["Image_Textual"], counts["Pure_Text"]] == ([2, 2] if mark else [7 - size for size in sizes])
            assert all(("__" in one["Question"]) is mark and one["Ground_Truth"] for one in row[task])
            assert not any("[Blank]" in one["Question"] for one in row[task])
        assert row["biography"] == descriptions[f"person-{row['ID']}"]
        assert row["question"] in {one["Question"] for one in row["Generation_Task"]}
    tuning = pd.read_parquet(exported / "ft_Data" / "train-00000-of-00001.parquet")
    for _, row in tuning.iterrows():
        pairs = json.loads(row["metadata"])
        assert len(pairs) == 18
        assert all(pair["Question"] and pair["Answer"] for pair in pairs)


def _in_order(split) -> list[str]:
    return list(dict.fromkeys(row["profile_id"] for row in rows(real_build("mllmu"), split)))


def test_load_dataset_finds_every_config(exported, tmp_path):
    assert {path.name for path in exported.iterdir()} == CONFIGS | {"README.md"}
    for config in CONFIGS:
        records = load_dataset(str(exported), config, split="train", cache_dir=tmp_path)
        special = {"Test_Set": TEST_RECORD, "ft_Data": TUNING_RECORD}
        assert records.features == special.get(config, RECORD)
        assert len(records) > 0


def test_imported_release_keeps_its_texts(tmp_path):
    """Import, export, import: texts of the release besides the questions are unchanged."""
    write_mllmu(tmp_path / "release", mllmu_configs())
    build("mllmu", tmp_path / "first", source=tmp_path / "release")
    export_command(tmp_path / "first", "mllmu-bench", tmp_path / "out", None)
    for config in CONFIGS - {"Test_Set"}:
        one, other = (
            {row["ID"]: row for row in pq.read_table(root / config).to_pylist()}
            for root in (tmp_path / "release", tmp_path / "out")
        )
        assert one.keys() == other.keys()
        for person, row in one.items():
            texts = [name for name in row if name not in ("image", "Generation_Task", "Mask_Task")]
            assert {name: row[name] for name in texts} == {name: other[person][name] for name in texts}
            for task in ("Generation_Task", "Mask_Task"):
                key = lambda entry: sorted(entry.items())  # noqa: E731
                assert sorted(row.get(task, ()), key=key) == sorted(other[person].get(task, ()), key=key)


def test_rows_that_do_not_fit_are_refused_or_counted(builds, tmp_path):
    with pytest.raises(BuildError, match="is a build of mlu that"):
        export_command(builds["mlu"], "mllmu-bench", tmp_path / "out", None)
    with pytest.raises(UserError, match="hub: unknown; give one of mllmu-bench"):
        export_command(real_build("mllmu"), "hub", tmp_path / "out", None)
    with pytest.raises(UserError, match="only tasks load data"):
        export_command(real_build("mllmu"), "mllmu-bench", tmp_path / "out", "org/name")
    assert not list(tmp_path.iterdir())
    written, text = export_command(real_build("mllmu"), "mllmu-bench", tmp_path / "out", None)
    assert written["left_out"] == {"holdout": 144}
    assert "144 questions about people held out" in text
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds .* already"):
        export_command(real_build("mllmu"), "mllmu-bench", tmp_path / "out", None)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_export_does_not_overwrite_a_build(layout, tmp_path):
    shutil.copytree(real_build("mllmu"), tmp_path / "mllmu")
    before = sorted(path.name for path in (tmp_path / "mllmu").rglob("*"))
    with pytest.raises(UserError, match=r"holds .* already"):
        export_command(tmp_path / "mllmu", layout, tmp_path / "mllmu", None)
    assert sorted(path.name for path in (tmp_path / "mllmu").rglob("*")) == before


class _Tagged(yaml.SafeLoader):
    """Read `!function x.y` as the text x.y."""


_Tagged.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


@pytest.mark.parametrize("layout", ["lm-eval", "lmms-eval"])
@pytest.mark.parametrize("name", ["mllmu", "mlu"])
def test_every_split_with_questions_has_a_task(name, layout, builds, tmp_path):
    data = "org/data" if layout == "lm-eval" else None
    written, _ = export_command(builds[name], layout, tmp_path / "tasks", data)
    manifest = read_manifest(builds[name])
    splits = {
        (config, split)
        for config, parts in manifest.splits.items()
        for split, part in parts.items()
        if part["files"][0].startswith("qa/")
    }
    tasks = {path.stem: yaml.load(path.read_text(), _Tagged) for path in (tmp_path / "tasks").iterdir()}
    assert sorted(tasks) == sorted(written["tasks"])
    assert {(task["dataset_name"], task["test_split"]) for task in tasks.values()} == splits
    assert len(tasks) == len(splits)
    for stem, task in tasks.items():
        assert task["task"] == stem
        assert task["tag"] == name
        assert task["dataset_path"] == (data or str(builds[name].resolve()))
        assert [entry["metric"] for entry in task["metric_list"]] == list(harness.SCORES)
        for function in ("doc_to_text", "process_results", *(["process_docs"] if layout == "lm-eval" else [])):
            module, _, attribute = task[function].rpartition(".")
            assert module == harness.__name__
            assert callable(getattr(harness, attribute))
    registered = yaml.safe_load((builds[name] / "eval.yaml").read_text())["tasks"]
    assert {task["id"] for task in registered} <= tasks.keys()
    length = {"lm-eval": "max_gen_toks", "lmms-eval": "max_new_tokens"}[layout]
    for task in tasks.values():
        exported_rows = rows(builds[name], task["test_split"], task["dataset_name"])
        longest = max(len(row["answer"].encode()) for row in exported_rows)
        assert longest + EXTRA_TOKENS == task["generation_kwargs"][length]


def test_export_of_tasks_needs_the_metrics_extra(tmp_path):
    """Without rouge_score, which is in that extra; MLLMU-Bench's columns need only the core."""
    code = (
        "import sys; data = sys.argv[1]; sys.modules['rouge_score'] = None\n"
        "from lethebench.cli.app import main\n"
        "for layout in ('lm-eval', 'mllmu-bench'):\n"
        "    sys.argv = ['lethe', 'export', data, '--layout', layout, '--out', layout]\n"
        "    try: main()\n"
        "    except SystemExit as end: print(end.code or 0)\n"
    )
    command = [sys.executable, "-c", code, str(real_build("mllmu"))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line in ("0", "2")] == ["2", "0"], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mllmu-bench"]
    assert "pip install 'lethebench[metrics]'" in done.stderr


def test_prompt_and_scores_of_choice_and_free_rows():
    choice = next(row for row in rows(real_build("mllmu"), "forget") if row["options"])
    lines = harness.prompt(choice).splitlines()
    assert lines[:2] == [choice["question"], f"A. {choice['options'][0]}"]
    assert "right option" in lines[-1]
    letter = "ABCD"[choice["correct"]]
    wrong = "ABCD"[choice["correct"] - 1]
    perfect = dict.fromkeys(harness.SCORES, 1.0)
    assert harness.scores(choice, [f"{letter}."]) == harness.scores(choice, [choice["answer"]]) == perfect
    assert harness.scores(choice, [wrong])["exact_match"] == 0
    free = {"options": [], "answer": "A baker in Porto", "keywords": ["baker", "Porto"]}
    scores = harness.scores(free, ["He is a baker."])
    assert (scores["exact_match"], scores["keyword_match"]) == (0.0, 0.5)
    assert scores["rouge_l"] == pytest.approx(2 * (2 / 4) * (2 / 4) / (2 / 4 + 2 / 4))


def test_text_rows_have_no_pictures_and_pictures_are_rgb(tmp_path):
    split = load_dataset(str(real_build("mllmu")), "forget5", split="forget", cache_dir=tmp_path)
    text = harness.text_rows(split)
    expected = [row["id"] for row in rows(real_build("mllmu"), "forget") if not row["images"]]
    assert text["id"] == expected
    assert "images" not in text.features
    assert [picture.mode for picture in harness.pictures(split[0])] == ["RGB"]
    assert harness.pictures(split[len(split) - 1]) == []


@pytest.mark.parametrize("layout", ["mllmu-bench", "lm-eval"])
def test_damaged_shard_ends_an_export_in_one_line(layout, tmp_path):
    damaged = tmp_path / "mllmu"
    shutil.copytree(real_build("mllmu"), damaged)
    for shard in damaged.glob("qa/*.parquet"):
        shard.write_bytes(shard.read_bytes()[:-100])
    result = lethe("export", damaged, "--layout", layout, "--out", tmp_path / "out")
    assert result.status == 2, result.error
    assert "cannot be read as Parquet" in result.line
    assert not (tmp_path / "out").exists()
