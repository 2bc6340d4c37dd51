"""What researchers do with an import: load it, stream it, train on it, verify it, and run the command line on it."""

import json
import os
import shutil

import baselines_support as support
import pyarrow.parquet as pq
import pytest
from command_line import lethe
from datasets import load_dataset
from one_step import check_rows_train, one_of_each_kind
from releases import mllmu_configs, mlu_files, write_mllmu, write_pictures, write_zip
from small_build import check_splits, distinct_splits, rewrite

from lethebench.baselines import tiny_vlm
from lethebench.builders import build, verify
from lethebench.runs.build import open_build

NAMES = ("mlu", "mlu-text", "mllmu", "mllmu-flat")
CONFIG = {"mlu": "lifelong", "mlu-text": "lifelong", "mllmu": "continual", "mllmu-flat": "forget5"}


@pytest.fixture(scope="module")
def imports(tmp_path_factory):
    """One import of each kind: with pictures, without, with a sequence, without. Not to be changed."""
    root = tmp_path_factory.mktemp("imports")
    files = mlu_files()
    release = write_zip(root / "MLUBench.zip", files)
    write_pictures(root / "pictures", files)
    (root / "pictures" / "downloaded_images" / "Animals" / "Bear" / "0.jpg").unlink()
    build("mlu", root / "mlu", source=release, options={"pictures": root / "pictures"})
    build("mlu", root / "mlu-text", source=release)
    for name, nested in (("mllmu", True), ("mllmu-flat", False)):
        source = write_mllmu(root / f"{name}-release", mllmu_configs(nested=nested))
        build("mllmu", root / name, source=source)
    return root


@pytest.fixture(scope="module")
def processor():
    return support.tiny().processor


@pytest.mark.parametrize("name", NAMES)
def test_question_splits_train_one_step(imports, name, processor, tmp_path):
    manifest = json.loads((imports / name / "manifest.json").read_text())
    splits = [
        load_dataset(str(imports / name), config, split=split)
        for config, split in distinct_splits(manifest)
        if config != "profiles"
    ]
    rows = one_of_each_kind(splits)
    check_rows_train(rows, tiny_vlm(rows, 0, plan=support.PLAN, processor=processor).model, processor, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_open_build_reports_missing_parts(imports, name):
    opened = open_build(imports / name)
    assert opened.config == CONFIG[name]
    assert opened.candidates == {}
    assert (opened.held_out is None) == name.startswith("mlu")
    assert opened.tasks == {"mlu": 4, "mlu-text": 4, "mllmu": 3, "mllmu-flat": 1}[name]


def test_card_lists_what_is_missing_and_no_license_of_ours(imports):
    for name in NAMES:
        text = (imports / name / "README.md").read_text()
        manifest = json.loads((imports / name / "manifest.json").read_text())
        assert "license: other" in text
        assert all(f"| `{part}` | {reason} |" in text for part, reason in manifest["imported"]["missing"].items())
        assert "candidates" not in manifest["splits"]
        assert str(imports) not in text + json.dumps(manifest)
        assert {"holdout", "candidates", "paraphrases", "perturbed"} <= manifest["imported"]["missing"].keys()
        croissant = json.loads((imports / name / "croissant.json").read_text())
        assert "creativecommons" not in croissant["license"]


@pytest.mark.parametrize("streaming", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_splits_load_with_their_rows(imports, name, streaming):
    check_splits(imports / name, streaming=streaming)


DAMAGE = [
    ("facts", lambda row: row.update(answer="Somebody else", keywords=[])),
    ("roles", lambda row: row.update(modality=0)),
    ("roles", lambda row: row.update(views=["full"])),
    ("roles", lambda row: row.update(task_id=2)),
    ("nulls", lambda row: row.update(question=None)),
    (None, lambda row: row.update(id="twice")),
    ("ids", lambda row: row.update(id="twice")),
]
"""For each of the first rows, the one check that must find it, and what is done to it."""


def test_verify_checks_rows_of_an_import(imports, tmp_path):
    folder = shutil.copytree(imports / "mlu-text", tmp_path / "mlu")

    def spoil(rows):
        for row, (_, damage) in zip(rows, DAMAGE, strict=False):
            damage(row)

    rewrite(folder, "qa/forget-00000-of-00001.parquet", spoil)
    by_row = {problem.row: problem.check for problem in verify(folder).problems if problem.row is not None}
    assert by_row == {index: check for index, (check, _) in enumerate(DAMAGE) if check}


def test_verify_finds_a_wrong_option_of_an_import(imports, tmp_path):
    folder = shutil.copytree(imports / "mllmu", tmp_path / "mllmu")
    name = "qa/g05-00000-of-00001.parquet"
    index = next(n for n, row in enumerate(pq.read_table(folder / name).to_pylist()) if row["options"])
    rewrite(folder, name, lambda rows: rows[index].update(correct=(rows[index]["correct"] + 1) % 4))
    report = verify(folder)
    assert [results.name for results in report.checks if results.status == "failed"] == ["options"]


def test_command_line_imports_and_verifies(tmp_path):
    write_zip(tmp_path / "MLUBench.zip", mlu_files())
    done = lethe("build", "mlu", "--from", "MLUBench.zip", cwd=tmp_path)
    assert done.status == 0, done.error
    assert "192 questions" in done.out
    assert "192 rows without picture kept as text" in done.out
    assert "no candidates: " in done.out
    report = lethe("verify", "build/mlu", "--json", cwd=tmp_path)
    assert (report.status, json.loads(report.out)["ok"]) == (0, True)
    refused = lethe("build", "mlu", "--from", "absent.zip", "--out", "other", cwd=tmp_path)
    assert refused.status == 2
    assert len(refused.error.strip().splitlines()) <= 2
    assert "Traceback" not in refused.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["MLUBench.zip", "build"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlu", "mllmu-flat"])
def test_run_on_an_import(imports, tmp_path, name):
    command = ("--model", "tiny", "--method", "ga", "--tasks", "1", "--ignore-gate", "--out", str(tmp_path / "run"))
    done = lethe("run", str(imports / name), *command, "--json", cwd=tmp_path)
    assert done.status == 0, done.error
    result = json.loads(done.out)
    assert result["methods"]["ga"]["exposure"] is None
    assert result["gate"]["image_text"] is not None
    assert os.path.isfile(result["report"])
