"""`lethe watch` and the line after each stage: what a run knows, what it does now, and how long it takes still."""

import json
import shutil
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from rich.console import Console as RichConsole
from synthetic_run import write_run

from lethebench.console import Console
from lethebench.contract.own_folder import NEW, lock, work_folder
from lethebench.errors import UserError
from lethebench.runs.folder import LOCK
from lethebench.runs.live import matrix_text, stage_line
from lethebench.runs.progress import LOG, RunProgress, StageProgress, read_log, words_for
from lethebench.runs.watch import watch_command

STAGES = ["learnt", *(f"{method}/t{stage:03d}" for method in ("ga", "npo") for stage in range(1, 5)), "gold/t004"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return write_run(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def run(whole, tmp_path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")


def unfinished(run: Path, first: str) -> Path:
    """Remove the stages from `first` on; return the folder in which that one is being written."""
    for stage in STAGES[STAGES.index(first) :]:
        shutil.rmtree(run / stage)
    folder = work_folder(run / first) / NEW
    folder.mkdir(parents=True)
    return folder


def progress_of(run: Path) -> RunProgress:
    progress = RunProgress(run)
    progress.refresh()
    return progress


def test_knowledge_equals_the_rows(run):
    progress = progress_of(run)
    assert list(progress.stages) == STAGES == progress.planned
    for number, line in enumerate(progress.knowledge("npo")):
        folder = run / ("learnt" if number == 0 else f"npo/t{number:03d}")
        rows = pq.read_table(folder / "rows.parquet").to_pylist()
        for task, value in zip([*progress.order, -1], line, strict=True):
            matches = [row["keyword_match"] for row in rows if row["task_id"] == task]
            assert value == pytest.approx(sum(matches) / len(matches))


def test_time_left_is_that_of_stages_like_those_done(run):
    assert progress_of(run).seconds_left() == 0
    unfinished(run, "npo/t003")
    # Two stages of 4 s training and 2 s scoring (1 s of 3 prepares rows once), and gold as stage 1.
    assert progress_of(run).seconds_left() == pytest.approx(3 * (4 + 2))
    shutil.rmtree(run / "npo")
    # Without a stage of npo: twice the rows of ga, which took 4 s.
    assert progress_of(run).seconds_left() == pytest.approx(4 * (2 * 4 + 2) + 4 + 2)


def test_first_estimate_counts_the_rows_of_a_stage(run):
    unfinished(run, "ga/t001")
    progress = progress_of(run)
    # The preset of tiny: 20 epochs of 18 rows; npo takes as many retain rows. Stage 1: 3.5 s for 20 steps of 8 rows.
    ga, npo = (3.5 * count * 20 * 18 / (20 * 8) for count in (1, 2))
    assert progress.seconds_left() == pytest.approx(4 * (ga + 2) + 4 * (npo + 2) + 4 + 2)


def test_sampled_stages_take_their_share_of_the_time(run):
    unfinished(run, "npo/t003")
    record = json.loads((run / "run.json").read_text()) | {"score_rows": 36, "rank_rows": 10}
    progress = RunProgress(run, record)
    progress.refresh()
    line = progress.stages["npo/t002"].phases["score"]
    each = line["candidates"] / sum(line["ranked"].values()) / 20  # of 18 rows a task, of which 4 tasks, and 72 others
    done, whole = (line["rows"] + each * (18 * asked + 0.3 * (144 - 18 * asked)) for asked in (2, 4))
    sampled = 36 + 10 * each
    last = 2 * whole / done + 0.6  # candidates are tokenized again; 1 s for all rows; gold is as the last stage
    assert progress.seconds_left() == pytest.approx(3 * 4 + 2 * sampled / done + 2 * last)


@pytest.mark.parametrize("finished", [1, 2, 3, 11, 51, 91, 101])
def test_time_left_of_many_requests_is_within_a_quarter(run, finished):
    """The recorded stages of npo on 100 requests of icu: seconds to train, to score, of which to prepare, and work."""
    recorded = json.loads((Path(__file__).parents[1] / "support/times_of_stages.json").read_text())
    record = json.loads((run / "run.json").read_text()) | {"methods": ["npo"], "tasks": 100, "gold": "last"}
    progress = RunProgress(run, record | {"task_order": list(range(100)), "score_rows": 2000, "rank_rows": 400})
    for name, (train, score, prepared, rows, candidates, ranked) in zip(
        progress.planned, recorded[:finished], strict=False
    ):
        by_task = dict.fromkeys(map(str, range(100)), 16) | {"-1": 1600} if ranked == 3200 else {"0": ranked}
        counts = {
            "rows": rows,
            "candidates": candidates,
            "ranked": by_task,
            "tasks": {str(task): 16 for task in range(100)},
        }
        phases = {"train": {"seconds": train}, "score": {"seconds": score, "prepared": prepared, **counts}}
        progress.stages[name] = StageProgress([{"steps": 700, "rows": 64, "seconds": 96.2}], phases)
    left = sum(train + score for train, score, *_ in recorded[finished:])
    assert progress.seconds_left() == pytest.approx(left, rel=0.25)


def test_line_of_a_stage_names_both_sides(run):
    progress = progress_of(run)
    assert stage_line(progress, "learnt", left=True).startswith("learnt knows 1.00 of everything")
    line = stage_line(progress, "npo/t004", left=False)
    asked, rest = (float(word) for word in line.split() if word.startswith(("0.", "1.")))
    assert asked < 0.2 < 0.8 < rest
    unfinished(run, "npo/t002")
    assert stage_line(progress_of(run), "npo/t001", left=True).endswith("; about 24 s left")


def test_matrix_has_a_column_per_finished_stage(run):
    unfinished(run, "npo/t003")
    lines = matrix_text(progress_of(run)).splitlines()
    assert lines[0].startswith("npo:")
    assert lines[1].split() == ["0", "1", "2"]
    assert [line.split()[0] for line in lines[2:]] == ["task"] * 4 + ["rest"]
    assert all(len(line.split()) in (4, 5) for line in lines[2:])


@pytest.mark.parametrize(("tasks", "width"), [(13, 80), (40, 80), (100, 80), (100, 50)])
def test_matrix_of_many_tasks_fits_the_terminal(run, tasks, width):
    record = json.loads((run / "run.json").read_text())
    progress = RunProgress(run, record | {"methods": ["npo"], "tasks": tasks, "task_order": list(range(tasks))})
    for stage in range(tasks + 1):
        knowledge = {str(task): float(task >= stage) for task in range(tasks)} | {"-1": 1.0}
        name = f"npo/t{stage:03d}" if stage else "learnt"
        progress.stages[name] = StageProgress([], {"score": {"knowledge": knowledge}})
    lines = matrix_text(progress, width=width).splitlines()
    assert len(lines) <= 14
    assert max(map(len, lines[1:])) <= width
    assert set(lines[-1].split()[1]) == {"█"}
    assert all(line[12] == "█" for line in lines[1:])
    assert lines[1].rstrip()[-1] != "█"


def test_terminal_shows_the_matrix_below_the_bar():
    console = Console(phases=2)
    console._rich = RichConsole(force_terminal=True, record=True, width=80)
    console.board = "npo: knowledge\ntask 1   0.20"
    with console.phase("npo: unlearn task 2") as tick:
        tick(1, 2)
    text = console._rich.export_text()
    assert "npo: unlearn task 2" in text
    assert "task 1   0.20" in text


def test_finished_run_ends_the_watch(run):
    state, text = watch_command(run)
    assert (state["running"], state["finished"], state["planned"], state["seconds_left"]) == (None, 10, 10, 0)
    assert text.endswith("10 of 10 stages are finished")


def test_killed_run_is_named_in_one_line(run):
    unfinished(run, "npo/t003")
    (run / LOCK).touch()  # a killed process leaves it
    done = lethe("watch", run)
    assert done.status == 2
    assert "7 of 10 stages are finished, and no process on this machine runs it: continue it by --resume" in done.line
    once = lethe("watch", run, "--once", "--json")
    assert once.status == 0
    assert json.loads(once.out)["finished"] == 7


def test_running_stage_is_followed_until_the_run_ends(whole, run):
    folder = unfinished(run, "gold/t004")
    steps = (whole / "gold/t004" / LOG).read_text().splitlines(keepends=True)
    (folder / LOG).write_text("".join(steps[:7]) + steps[7][:10])  # its last line is being written
    said: list[str] = []
    held = threading.Event()

    def work() -> None:
        with lock(run / LOCK, ""):
            held.set()
            time.sleep(0.3)
            shutil.rmtree(work_folder(run / "gold/t004"))
            shutil.copytree(whole / "gold/t004", run / "gold/t004")
            time.sleep(0.2)

    thread = threading.Thread(target=work)
    thread.start()
    held.wait()
    state, text = watch_command(run, once=True, say=lambda line: None)
    assert state["running"] == "gold/t004"
    assert "10 of 10: gold/t004, step 7 of 20, loss 0.3571, about 5 s left" in text
    state, text = watch_command(run, say=said.append, seconds=0.02)
    thread.join()
    assert (state["finished"], state["running"]) == (10, None)
    assert said[-1].startswith("gold t004 knows ")


def test_folder_that_is_no_run_is_refused(tmp_path):
    assert "is not a run" in lethe("watch", tmp_path).line


@pytest.mark.parametrize("text", ["{", "[1]\n", "1\n", "\x00\n"])
def test_damaged_log_is_refused_in_one_line(tmp_path, text):
    (tmp_path / LOG).write_text(text)
    if "\n" not in text:
        assert read_log(tmp_path / LOG) == []
        return
    with pytest.raises(UserError, match=r"log\.jsonl"):
        read_log(tmp_path / LOG)


def test_stage_without_a_log_has_no_seconds(tmp_path):
    stage = StageProgress.of(tmp_path / LOG)
    assert (stage.seconds("train"), stage.phases) == (None, {})


def test_durations_in_words():
    assert [words_for(seconds) for seconds in (5, 89, 720, 12600)] == ["5 s", "89 s", "12 min", "3.5 h"]
