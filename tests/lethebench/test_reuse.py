"""`lethe run --from RUN`: what fits is taken over with its proof, and what was trained otherwise is refused."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from command_line import lethe
from initial_run import initial_run
from sealed_run import reseal
from tiny_models import llava

from lethebench.baselines.loading import save_model
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.commands import inherited
from lethebench.runs.continual import start
from lethebench.runs.folder import file_hash, read_json
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import check_run

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A folder with a build, a model and a run of stage 1 and one gold model."""
    root = tmp_path_factory.mktemp("root")
    folder = initial_run(root)
    shutil.copy(folder / "learnt/rows.parquet", folder / "learnt/held_out.parquet")
    reseal(folder)
    options = RunOptions.from_record(read_json(folder / "run.json"), out=folder)
    run = start(open_build(options.data), options, Console(), resume=True)
    with run.new_stage("gold/t002", {"stage": 2, "seconds": 1.0}) as stage:
        model, processor = llava(dtype=torch.float32, seed=1)
        save_model(model, processor, stage)
        for name in ("rows.parquet", "held_out.parquet"):
            shutil.copy(folder / "learnt" / name, stage)
    return root


def options_from(root: Path, source: Path, out: Path, **changes) -> RunOptions:
    return inherited(RunOptions(data=root / "icu", out=out, **changes), source)


def taken(root: Path, source: Path, out: Path, **changes):
    """Start a run that takes over the models of `source`."""
    out.mkdir(exist_ok=True)
    options = options_from(root, source, out, **changes)
    return start(open_build(options.data), options, Console(), resume=False, source=source)


def test_models_are_taken_over_with_their_proof(root, tmp_path, capsys):
    source = root / "run"
    run = taken(root, source, tmp_path / "new", threshold=0.5, gold_seeds=2, retain="fixed")
    err = capsys.readouterr().err
    assert f"taken over from {source}: learnt, gold/t002" in err
    assert f"not taken over from {source}, so trained here: gold-2/t002 (is missing there)" in err
    assert check_run(run.folder, hashed=None)["id"] != read_json(source / "run.json")["id"]
    for stage in ("learnt", "gold/t002"):
        assert os.path.samefile(run.folder / stage / WEIGHTS, source / stage / WEIGHTS)
        done = read_json(run.folder / stage / "done.json")
        origin = {"run": read_json(source / "run.json")["id"], "done_sha256": file_hash(source / stage / "done.json")}
        assert done["taken_from"] == origin
        assert done["proof"]["machine"] == read_json(source / stage / "done.json")["proof"]["machine"]
    assert read_json(run.folder / "learnt/gate.json")["threshold"] == 0.5
    again = taken(root, run.folder, tmp_path / "third", threshold=0.5)
    assert read_json(again.folder / "learnt/done.json")["taken_from"]["run"] == read_json(source / "run.json")["id"]


def test_weights_are_copied_where_there_are_no_hard_links(root, tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    run = taken(root, root / "run", tmp_path / "new")
    one, other = (folder / "learnt" / WEIGHTS for folder in (root / "run", run.folder))
    assert not os.path.samefile(one, other)
    assert one.read_bytes() == other.read_bytes()


def change_base(root: Path) -> dict:
    shutil.copytree(root / "base", root / "other")
    (root / "other/config.json").write_text((root / "other/config.json").read_text() + "\n")
    return {"model": str(root / "other")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, "seed 0, and this run has 3"),
        ({"learn_neighbour": True}, "learn_neighbour False, and this run has True"),
        ({"settings": {"learn": {"max_steps": 2}}}, r"settings of learn \{\}, and this run has \{'max_steps': 2\}"),
        (change_base, "model of SHA-256 [0-9a-f]{64}, and this run has of SHA-256 [0-9a-f]{64}"),
    ],
    ids=["seed", "neighbour", "settings", "model"],
)
def test_other_training_is_refused_before_anything_is_written(root, tmp_path, changes, message):
    copy = shutil.copytree(root, tmp_path / "root")
    changes = changes(copy) if callable(changes) else changes
    with pytest.raises(UserError, match=f"was trained with {message}: pass the same, or leave out --from"):
        taken(copy, copy / "run", tmp_path / "new", **changes)
    assert not list((tmp_path / "new").iterdir())


def test_gold_of_other_requests_and_without_weights_is_trained_here(root, tmp_path, capsys):
    copy = shutil.copytree(root, tmp_path / "root")
    taken(copy, copy / "run", tmp_path / "one", tasks=1)
    assert "gold/t001 (is missing there)" in capsys.readouterr().err
    (copy / "run/gold/t002" / WEIGHTS).unlink()
    run = taken(copy, copy / "run", tmp_path / "two")
    assert "gold/t002 (has no weights any more)" in capsys.readouterr().err
    assert not (run.folder / "gold").exists()


def test_damaged_model_is_refused(root, tmp_path):
    copy = shutil.copytree(root, tmp_path / "root")
    content = bytearray((copy / "run/learnt" / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (copy / "run/learnt" / WEIGHTS).write_bytes(content)
    with pytest.raises(UserError, match=r"learnt/model\.safetensors was changed after it was written"):
        taken(copy, copy / "run", tmp_path / "new")


def test_another_build_and_the_run_itself_are_refused(root, tmp_path):
    copy = shutil.copytree(root / "run", tmp_path / "run")
    reseal(copy, data=read_json(copy / "run.json")["data"] | {"manifest_sha256": "0" * 64})
    with pytest.raises(UserError, match=r"--from .* was made on another build, .*: leave out --from to train anew"):
        taken(root, copy, tmp_path / "new")
    options = options_from(root, root / "run", root / "run")
    with pytest.raises(UserError, match="is the run itself"):
        start(open_build(options.data), options, Console(), resume=True, source=root / "run")
    shutil.rmtree(copy / "learnt")
    with pytest.raises(UserError, match="has not finished stage 1"):
        taken(root, copy, tmp_path / "new")


def test_options_at_their_default_come_from_the_run(root):
    options = options_from(root, root / "run", Path("new"))
    assert (options.model, options.preset) == (str(root / "base"), read_json(root / "run/run.json")["preset"])
    assert replace(options, model="tiny", preset=None) == RunOptions(data=root / "icu", out=Path("new"))
    assert options_from(root, root / "run", Path("new"), seed=4).seed == 4


@pytest.mark.parametrize("arguments", [["--from", "absent"], ["--from", ".", "--seeds", "2"]])
def test_what_is_no_run_is_refused_in_one_line(root, arguments):
    result = lethe("run", str(root / "icu"), *arguments)
    assert result.status == 2
    assert "is not a run: pass the folder of a `lethe learn` or `lethe run`" in result.line


@pytest.mark.parametrize("file", ["rows.parquet", "held_out.parquet"])
@pytest.mark.parametrize("column", ["candidate_logprobs", "answer_kind"])
def test_rows_of_an_older_version_are_not_taken_over(root, tmp_path, file, column, capsys):
    copy = shutil.copytree(root / "run", tmp_path / "run")
    for stage in ("gold/t002", "learnt"):
        pq.write_table(pq.read_table(copy / stage / file).drop_columns([column]), copy / stage / file)
        reseal(copy)
        if stage == "gold/t002":
            taken(root, copy, tmp_path / "new")
            assert f"gold/t002 (was scored by an older version, without {column})" in capsys.readouterr().err
    with pytest.raises(UserError, match=f"its learnt was scored by an older version, without {column}; leave out"):
        taken(root, copy, tmp_path / "other")
