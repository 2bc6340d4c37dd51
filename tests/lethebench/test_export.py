"""Exports: MLLMU-Bench's own columns, there and back; and tasks for harnesses, which need no harness to be right."""

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
from lethebench.harnesses.tasks import ROOM

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
def back(exported):
    """The export as a build again."""
    build("mllmu", exported.parent / "back", source=exported)
    return exported.parent / "back"


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """A build of our own, and one from a release that is not MLLMU-Bench."""
    root = tmp_path_factory.mktemp("mlu")
    build("mlu", root / "mlu", source=write_zip(root / "release.zip", mlu_files()))
    return {"mllmu": real_build("mllmu"), "mlu": root / "mlu"}


def rows(folder, split, config="forget5") -> list[dict]:
    files = read_manifest(folder).splits[config][split]["files"]
    return [row for name in files for row in pq.read_table(folder / name).to_pylist()]


def said(folder, split) -> Counter:
    """What is asked and answered about whom, in any order."""
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
def test_every_question_comes_back(back, split):
    ours = said(real_build("mllmu"), split)
    assert len(ours) == sum(ours.values()) > 200
    assert said(back, split) == ours


def test_the_sets_to_forget_come_back(back):
    for share in SHARES:
        for split in ("forget", "retain"):
            assert people(back, f"forget{share}", split) == people(real_build("mllmu"), f"forget{share}", split)
    tasks = {row["profile_id"]: row["task_id"] for row in rows(real_build("mllmu"), "forget", "continual")}
    assert {row["profile_id"]: row["task_id"] for row in rows(back, "forget", "continual")} == tasks


def test_pictures_are_the_builds_own_bytes_and_come_back_to_the_eye(exported, back):
    def pictures(folder, split):
        return {row["profile_id"]: row["images"][0]["bytes"] for row in rows(folder, split) if row["images"]}

    ours = pictures(real_build("mllmu"), "train")
    records = pq.read_table(exported / "Full_Set" / "train-00000-of-00001.parquet").to_pylist()
    assert {f"person-{record['ID']}": record["image"]["bytes"] for record in records} == ours
    for person, content in pictures(back, "train").items():
        one, other = (np.asarray(Image.open(io.BytesIO(data)), float) for data in (content, ours[person]))
        assert np.abs(one - other).mean() < 2
    tested = pq.read_table(exported / "Test_Set" / "train-00000-of-00001.parquet").to_pylist()
    assert {f"person-{record['ID']}": record["images"][0]["bytes"] for record in tested} == pictures(
        real_build("mllmu"), "test"
    )


def test_it_reads_as_the_released_scripts_read_it(exported):
    """With pandas, by the columns, types and letters that evaluation and tuning of MLLMU-Bench go by."""
    table = pd.read_parquet(exported / "forget_5" / "train-00000-of-00001.parquet")
    assert table["ID"].unique().tolist() == table["ID"].tolist() == [p[7:] for p in _in_order("forget")]
    described = {
        row["profile_id"]: pair["value"]
        for row in rows(real_build("mllmu"), "train", "profiles")
        for pair in row["details"]
        if pair["attribute"] == "description"
    }
    for _, row in table.iterrows():
        assert Image.open(io.BytesIO(row["image"].get("bytes"))).convert("RGB").size == (448, 448)
        for kind in ("Image_Textual_Questions", "Pure_Text_Questions"):
            asked = row["Classification_Task"].get(kind, [])
            assert len(asked) == 5
            assert all(set(one["Options"]) == set("ABCD") and one["Correct_Answer"] in "ABCD" for one in asked)
        for task, mark in (("Generation_Task", False), ("Mask_Task", True)):
            assert Counter(one["Type"] for one in row[task]) == {"Image_Textual": 2, "Pure_Text": 2}
            assert all(("__" in one["Question"]) is mark and one["Ground_Truth"] for one in row[task])
            assert not any("[Blank]" in one["Question"] for one in row[task])
        assert row["biography"] == described[f"person-{row['ID']}"]
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
        found = load_dataset(str(exported), config, split="train", cache_dir=tmp_path)
        special = {"Test_Set": TEST_RECORD, "ft_Data": TUNING_RECORD}
        assert found.features == special.get(config, RECORD)
        assert len(found) > 0


def test_an_imported_release_keeps_what_it_says_of_people(tmp_path):
    """Import, export, import: texts of the release that no question holds are those of the release."""
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


def test_what_the_columns_cannot_hold_is_refused_or_counted(builds, tmp_path):
    with pytest.raises(BuildError, match="is a build of mlu that"):
        export_command(builds["mlu"], "mllmu-bench", tmp_path / "out", None)
    with pytest.raises(UserError, match="hub: unknown; give one of mllmu-bench"):
        export_command(real_build("mllmu"), "hub", tmp_path / "out", None)
    with pytest.raises(UserError, match="only tasks load data"):
        export_command(real_build("mllmu"), "mllmu-bench", tmp_path / "out", "org/name")
    assert not list(tmp_path.iterdir())
    written, text = export_command(real_build("mllmu"), "mllmu-bench", tmp_path / "out", None)
    assert written["left_out"] == {"holdout": 36}
    assert "36 questions about people held out" in text
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds .* already"):
        export_command(real_build("mllmu"), "mllmu-bench", tmp_path / "out", None)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_never_takes_the_place_of_a_build(layout, tmp_path):
    shutil.copytree(real_build("mllmu"), tmp_path / "mllmu")
    before = sorted(path.name for path in (tmp_path / "mllmu").rglob("*"))
    with pytest.raises(UserError, match=r"holds .* already"):
        export_command(tmp_path / "mllmu", layout, tmp_path / "mllmu", None)
    assert sorted(path.name for path in (tmp_path / "mllmu").rglob("*")) == before


class _Tagged(yaml.SafeLoader):
    """Reads `!function x.y` as the text x.y."""


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
        found = rows(builds[name], task["test_split"], task["dataset_name"])
        assert max(len(row["answer"].encode()) for row in found) + ROOM == task["generation_kwargs"][length]


def test_tasks_say_what_they_need_where_only_the_core_is_installed(tmp_path):
    """Without rouge_score, which the extra `metrics` brings; MLLMU-Bench's columns need nothing beside the core."""
    code = "import sys; sys.modules['rouge_score'] = None; from lethebench.cli.app import main; main()"
    for layout, status, words in (("lm-eval", 2, "pip install 'lethebench[metrics]'"), ("mllmu-bench", 0, "")):
        out = tmp_path / layout
        arguments = ["export", str(real_build("mllmu")), "--layout", layout, "--out", str(out)]
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, out.exists()) == (status, not status), done.stderr
        assert words in done.stderr


def test_rows_as_harnesses_ask_and_score_them():
    choice = next(row for row in rows(real_build("mllmu"), "forget") if row["options"])
    asked = harness.prompt(choice).splitlines()
    assert asked[:2] == [choice["question"], f"A. {choice['options'][0]}"]
    assert "right option" in asked[-1]
    letter = "ABCD"[choice["correct"]]
    wrong = "ABCD"[choice["correct"] - 1]
    perfect = dict.fromkeys(harness.SCORES, 1.0)
    assert harness.scores(choice, [f"{letter}."]) == harness.scores(choice, [choice["answer"]]) == perfect
    assert harness.scores(choice, [wrong])["exact_match"] == 0
    free = {"options": [], "answer": "A baker in Porto", "keywords": ["baker", "Porto"]}
    found = harness.scores(free, ["He is a baker."])
    assert (found["exact_match"], found["keyword_match"]) == (0.0, 0.5)
    assert found["rouge_l"] == pytest.approx(2 * (2 / 4) * (2 / 4) / (2 / 4 + 2 / 4))


def test_text_rows_are_those_without_a_picture_and_pictures_are_rgb(tmp_path):
    split = load_dataset(str(real_build("mllmu")), "forget5", split="forget", cache_dir=tmp_path)
    text = harness.text_rows(split)
    wanted = [row["id"] for row in rows(real_build("mllmu"), "forget") if not row["images"]]
    assert text["id"] == wanted
    assert "images" not in text.features
    assert [picture.mode for picture in harness.pictures(split[0])] == ["RGB"]
    assert harness.pictures(split[len(split) - 1]) == []
