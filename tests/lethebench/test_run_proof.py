"""The chain of a run: a changed, swapped or missing file is named, and `--resume --repair` runs what is wrong again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from command_line import lethe
from safetensors.numpy import save_file
from sealed_run import reseal
from small_build import shared_stand_in_build
from synthetic_run import change_rows, write_run

from lethebench.errors import UserError
from lethebench.runs.figures import check_figures
from lethebench.runs.proof import check_line, check_run, dependants, wrong_links
from lethebench.runs.records import new_record, read_run


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    run = write_run(root / "run", tasks=2, per_task=2, retain=4, data=shared_stand_in_build())
    for number, stage in enumerate([run / "learnt", *sorted(run.glob("*/t*"))]):
        save_file({"weight": np.full(3, number, np.float32)}, stage / "model.safetensors")
        (stage / "config.json").write_text('{"model_type": "llava"}')
    reseal(run)
    return run


@pytest.fixture
def run(whole, tmp_path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")


def edit(path: Path, change, finish=dict) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(finish(value)))


def swap(run: Path, one: str, other: str) -> None:
    """Put a stage in the place of another."""
    shutil.rmtree(run / other)
    shutil.copytree(run / one, run / other)


def of_another_run(run: Path) -> None:
    """Take a stage from a run of another seed."""
    other = write_run(run.parent / "other", tasks=2, per_task=2, retain=4, seed=1)
    shutil.rmtree(run / "npo/t002")
    shutil.copytree(other / "npo/t002", run / "npo/t002")


def link_out(run: Path) -> None:
    """Move a file out of the run and leave a link."""
    (run / "npo/t001/rows.parquet").rename(run.parent / "elsewhere")
    (run / "npo/t001/rows.parquet").symlink_to(run.parent / "elsewhere")


def mixture_of(base: str):
    def write(run: Path) -> None:
        (run / "npo/t002/lumoe.json").write_text(json.dumps({"base": base, "tasks": [0], "gate": "TrueTaskGate"}))
        reseal(run)

    return write


WRONG = {
    "rows": (lambda run: change_rows(run / "ga/t002", lambda row: row.update(keyword_match=1.0)), "ga/t002/rows.parq"),
    "swapped": (lambda run: swap(run, "npo/t002", "ga/t002"), "ga/t002/done.json is of npo/t002"),
    "other run": (of_another_run, "npo/t002/done.json belongs to another run"),
    "flags": (lambda run: edit(run / "learnt/gate.json", lambda gate: gate.update(passed=False)), "learnt/gate.json"),
    "record": (lambda run: edit(run / "run.json", lambda record: record.update(seed=9)), "run.json was changed"),
    "settings": (lambda run: edit(run / "npo/t001/done.json", lambda done: done.update(steps=1)), "npo/t001/done.json"),
    "missing parent": (lambda run: (run / "npo/t001/done.json").unlink(), "npo/t001/done.json is missing"),
    "missing rows": (lambda run: (run / "gold/t002/rows.parquet").unlink(), "gold/t002/rows.parquet is missing"),
    "truncated weights": (
        lambda run: (run / "npo/t002/model.safetensors").write_bytes(b"w"),
        "npo/t002/model.safetensors",
    ),
    "added file": (lambda run: (run / "learnt/secrets.json").write_text("{}"), "learnt/secrets.json was not written"),
    "link": (link_out, "npo/t001/rows.parquet is a link"),
    "linked stage": (lambda run: (shutil.rmtree(run / "ga"), (run / "ga").symlink_to(run / "npo")), "ga is a link"),
    "base outside": (mixture_of("../../../victim"), "npo/t002/lumoe.json names ../../../victim"),
    "absolute base": (mixture_of("/etc"), "npo/t002/lumoe.json names /etc"),
    "summary": (
        lambda run: edit(run / "ga/summary.json", lambda value: value["final"].update(score=0.9), new_record),
        "ga/summary.json: final.score does not follow from the rows",
    ),
    "matrix": (
        lambda run: pq.write_table(pq.read_table(run / "ga/matrix.parquet").slice(1), run / "ga/matrix.parquet"),
        "ga/matrix.parquet",
    ),
    "gold": (
        lambda run: edit(run / "gold/summary.json", lambda value: value["knowledge"].insert(0, 2.0), new_record),
        "gold/summary.json: knowledge",
    ),
    "no gold summary": (lambda run: (run / "gold/summary.json").unlink(), "gold/summary.json is missing"),
    "old": (
        lambda run: edit(run / "learnt/done.json", lambda done: done.pop("proof")),
        "learnt/done.json has no hashes: it was made by an older version",
    ),
}


@pytest.mark.parametrize(("damage", "words"), WRONG.values(), ids=WRONG)
def test_wrong_link_is_named(run, damage, words):
    damage(run)
    with pytest.raises(UserError) as caught:
        check_figures(run, check_run(run))
    message = str(caught.value)
    assert f"{run}/{words}" in message
    assert "\n" not in message


def test_whole_run_passes(run):
    check_figures(run, check_run(run, hashed=None))
    for path in run.rglob("model.safetensors"):
        path.unlink()
    check_figures(run, check_run(run, hashed=None))


def test_weights_are_hashed_where_they_are_used(run):
    path = run / "npo/t001/model.safetensors"
    path.write_bytes(path.read_bytes()[::-1])
    check_run(run)
    for check in (
        lambda: check_run(run, hashed={"npo/t001"}),
        lambda: check_run(run, hashed=None),
        lambda: check_line(run, "npo/t001", hashed=True),
    ):
        with pytest.raises(UserError, match=r"npo/t001/model\.safetensors was changed"):
            check()
    check_line(run, "npo/t002", hashed=True)
    path.unlink()
    with pytest.raises(UserError, match=r"npo/t001/model\.safetensors is missing"):
        check_run(run, hashed={"npo/t001"})


def test_forged_figures_need_forged_rows(run):
    """Even with all hashes computed anew, a summary must follow from the rows."""
    edit(run / "learnt/gate.json", lambda gate: gate.update(image_text=1.0, passed=True, exposure_normalised=0.5))
    reseal(run)
    with pytest.raises(UserError, match=r"gate\.json: (image_text|exposure_normalised) does not follow from the rows"):
        check_figures(run, check_run(run))


def test_stages_made_from_a_wrong_one_are_run_again(run):
    change_rows(run / "npo/t001", lambda row: row.update(rank=3.0))
    record = read_run(run)
    wrong = wrong_links(run, record)
    assert wrong.keys() == {"npo/t001"}
    assert dependants(run, record, wrong) == {"npo/t001", "npo/t002"}
    change_rows(run / "learnt", lambda row: row.update(rank=3.0))
    every = {"learnt", "gold/t002", "ga/t001", "ga/t002", "npo/t001", "npo/t002"}
    assert dependants(run, record, wrong_links(run, record)) == every


def test_command_refuses_a_wrong_stage_in_one_line(run):
    change_rows(run / "ga/t002", lambda row: row.update(keyword_match=1.0))
    data = Path(read_run(run)["data"]["path"])
    commands = [
        ("report", run),
        ("evaluate", run),
        ("evaluate", data, "--model", run / "ga/t002"),
        ("push-model", run, "me/it", "--method", "ga", "--dry-run"),
    ]
    for words in commands:
        done = lethe(*words, cwd=run.parent)
        assert (done.status, done.out) == (2, ""), words
        assert "ga/t002/rows.parquet" in done.line, words
        assert len(done.error.splitlines()) == 1, words
