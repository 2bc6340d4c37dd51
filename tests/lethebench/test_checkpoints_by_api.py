"""`lethe run --checkpoints t=openai:NAME`: models behind an API become stages of a run, without probabilities."""

import json

import pytest
from chat_server import chatting
from command_line import lethe
from initial_run import learned_root, rows_of

from lethebench.runs.folder import HELD_OUT, read_json
from lethebench.runs.summary import read_rows

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_answers")]


@pytest.fixture(scope="module")
def root(tmp_path_factory, short_answers):
    """A folder with a build and the run `src` of stage 1, whose gate fails."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        learned_root(root, patch)
        yield root


def run(root, checkpoints, *more):
    words = ["--checkpoints", checkpoints, "--name", "api", "--from", "src", "--out", "api", "--ignore-gate"]
    return lethe("run", "icu", *words, *more, cwd=root)


def test_models_behind_an_api_are_stages_of_a_run(root, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with chatting(lambda text, pictures: "I do not know.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        server.faults = [None] * 3 + ["bad_row"]
        stopped = run(root, "1=openai:first,2=src/learnt")
        assert stopped.status == 2
        assert "openai:first: 1 of" in stopped.line
        asked = len(server.requests)
        done = run(root, "1=openai:first,2=src/learnt", "--resume")
        assert done.status == 0, done.error
    rows, held_out = rows_of(root / "api/api/t001"), read_rows(root / "api/api/t001", HELD_OUT)
    assert (asked, len(server.requests)) == (len(rows), len(rows) + 1 + len(held_out))  # the failed one again
    assert {row["generated"] for row in rows} == {"I do not know."}
    assert {row["probability"] for row in rows} == {None}
    assert [row["id"] for row in rows] == [row["id"] for row in rows_of(root / "api/learnt")]
    record = read_json(root / "api/api/t001/done.json")
    assert (record["checkpoint"], record["calls"]["calls"] > 0) == ("openai:first", True)
    summary = read_json(root / "api/api/summary.json")
    assert len(summary["knowledge"]) == 3
    assert None not in summary["knowledge"][1]
    assert summary["in_sample_utility"][1] is None
    assert "score" not in summary or summary["final"]["score"] is None
    assert (root / "api/report/report.html").is_file()
    assert "sk-none" not in json.dumps(record)
    again = lethe("evaluate", "api", cwd=root)
    assert "the same as the run's own numbers" in again.out, again


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ("openai:", "--checkpoints 1=openai:: add the model's name at the API"),
        ("openai:m", "--checkpoints 1=openai:m: set OPENAI_API_KEY"),
    ],
)
def test_models_that_cannot_be_asked_are_refused_before_work(root, monkeypatch, checkpoint, message):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    done = run(root, f"1={checkpoint}", "--out", "refused")
    assert done.status == 2
    assert message in done.line
    assert not (root / "refused/run.json").exists()
