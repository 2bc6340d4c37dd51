"""`lethe evaluate --judge`: verdicts by rules, by a model behind an API and by another package's class."""

import json
import sqlite3
import sys
import types
from contextlib import closing

import pyarrow.parquet as pq
import pytest
from chat_server import chatting
from command_line import lethe
from datasets import Dataset
from initial_run import rows_of
from judge_model import HonestModel
from small_build import stand_in_build

from lethebench.contract.own_folder import kept_file
from lethebench.evaluation.judges.protocol import Verdict
from lethebench.runs.build import open_build
from lethebench.scoring.judging import Questions

KEY = "sk-secret-0123456789"
RUBRICS = ("rejection", "correctness", "factuality", "fluency")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


@pytest.fixture(scope="module")
def truth(data):
    build = open_build(data)
    rows = [row for part in (build.forget, build.retain) for row in part]
    return {(row["question"], tuple(picture["bytes"] for picture in row["images"])): row["answer"] for row in rows}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


class Model:
    """Refuses forget rows, answers the others, and judges when it is asked to."""

    def __init__(self, truth, refused=()):
        self.truth, self.refused, self.judge = truth, set(refused), HonestModel()

    def __call__(self, text, pictures):
        if "Give the verdict by the rubric" in text:
            return self.judge(text, pictures)
        return "I don't know." if text in self.refused else self.truth[text, tuple(pictures)]


def evaluated(data, server, out, *words):
    model = ["--model", "openai:m", "--base-url", server.url, "--sample", 4, "--out", out, "--json"]
    done = lethe("evaluate", data, *model, *words)
    assert done.status == 0, done.error
    return json.loads(done.out)


def verdicts_of(folder):
    return pq.read_table(folder / "verdicts.parquet").to_pylist()


def test_local_judge_gives_columns_verdicts_and_aggregates(data, truth, tmp_path):
    forget = {row["question"] for row in open_build(data).forget}
    with chatting(Model(truth, forget)) as server:
        scores = evaluated(data, server, tmp_path / "out", "--judge", "local")
    metrics = scores["metrics"]
    assert metrics["rejection"]["forget/rejection"]["value"] == 1.0
    assert metrics["correctness"]["retain/correctness"]["value"] == 1.0
    assert metrics["factuality"]["retain/factuality"]["value"] == 10.0
    assert metrics["fluency"]["retain/fluency"]["value"] == 10.0
    assert metrics["answer_kinds"]["forget/refusal"]["value"] == 1.0
    rows = rows_of(tmp_path / "out")
    assert {row["judged_kind"] for row in rows} == {"refusal", "right"}
    verdicts = verdicts_of(tmp_path / "out")
    assert len(verdicts) == 4 * len(rows)
    assert {entry["rubric"] for entry in verdicts} == {f"{name}/1" for name in RUBRICS}
    assert all(entry["justification"] and entry["error"] is None for entry in verdicts)
    assert scores["judges"]["usage"] is None


def test_api_judge_agrees_with_itself_and_is_probed_once(data, truth, tmp_path):
    with chatting(Model(truth)) as server:
        judge = ["--judge", "openai:j", "--judge-base-url", server.url, "--judge", "local"]
        scores = evaluated(data, server, tmp_path / "out", *judge, "--rubrics", "correctness", "--judge-repeats", 2)
        judging = [request for request in server.requests if "Give the verdict" in request["text"]]
        assert len(judging) == 1 + 2 * 8
        assert {request["body"]["model"] for request in judging} == {"j"}
        assert all("response_format" in request["body"] for request in judging)
    agreement = scores["judges"]["agreement"]["correctness"]
    assert agreement["judges"]["openai:j/1"]["order"]["changed"] == 0.0
    assert set(scores["metrics"]) >= {"correctness"}
    assert "rejection" not in scores["metrics"]
    assert scores["metrics"]["correctness"]["retain/correctness"]["value"] == 1.0
    assert {entry["judge"] for entry in verdicts_of(tmp_path / "out")} == {"openai:j/1", "local/1"}
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_failed_verdicts_are_counted_and_never_zero(data, truth, tmp_path):
    calls = []

    def answer(text, pictures):
        if "Give the verdict by the rubric" in text:
            calls.append(text)
            if 1 < len(calls) <= 5:
                return {"message": {"content": None}, "finish_reason": "content_filter"}
        return model(text, pictures)

    model = Model(truth)
    with chatting(answer) as server:
        words = ["--judge", "openai:j", "--judge-base-url", server.url, "--rubrics", "correctness", "--concurrency", 1]
        scores = evaluated(data, server, tmp_path / "out", *words)
        assert scores["judges"]["failed"] == 4
        values = [cell["value"] for cell in scores["metrics"]["correctness"].values()]
        assert set(values) == {1.0}
        assert sum(cell["n"] for cell in scores["metrics"]["correctness"].values()) == 4
        assert any("4 verdicts failed" in note for note in scores["notes"])
        failed = [entry for entry in verdicts_of(tmp_path / "out") if entry["verdict"] is None]
        assert len(failed) == 4
        assert all("content_filter" in entry["error"] for entry in failed)
        assert sum(row["correctness"] is None for row in rows_of(tmp_path / "out")) == 4
        before = len(calls)
        scores = evaluated(data, server, tmp_path / "out", *words)
        assert len(calls) - before == 4  # the others are stored
    assert scores["judges"]["failed"] == 0


@pytest.mark.parametrize(
    "reply",
    ["2", "The verdict is 2.", '{"verdict": 2}',
     '{"verdict": 7, "justification": "x"}', '{"justification": "x"}', "[2]",
     '{"verdict": true, "justification": "x"}', '{"verdict": 2, "justification": ""}',
     '{"verdict": 0, "justification": "a"} {"verdict": 2, "justification": "b"}'],
)  # fmt: skip
def test_reply_of_another_schema_is_requested_again_with_the_reason(data, truth, tmp_path, reply):
    model, calls = Model(truth), []

    def answer(text, pictures):
        if "Rubric correctness" in text:
            calls.append(text)
            if "An earlier reply" not in text:
                return reply
        return model(text, pictures)

    with chatting(answer) as server:
        words = ["--judge", "openai:j", "--judge-base-url", server.url, "--rubrics", "correctness", "--split", "retain"]
        scores = evaluated(data, server, tmp_path / "out", *words)
    assert scores["judges"]["failed"] == 0
    assert len(calls) == 8
    assert scores["metrics"]["correctness"]["retain/correctness"]["value"] == 1.0


def test_own_judge_of_another_scale_fails_its_verdicts(data, truth, tmp_path, monkeypatch):
    class Percent:
        name = "percent"

        def judge(self, items, rubric, *, repeat=0):
            return [Verdict(50, "half") for _ in items]

    module = types.ModuleType("percent_judge")
    module.Percent = Percent
    monkeypatch.setitem(sys.modules, "percent_judge", module)
    with chatting(Model(truth)) as server:
        scores = evaluated(data, server, tmp_path / "out", "--judge", "percent_judge:Percent")
    assert scores["judges"]["failed"] == 32
    assert "pass --judge" in scores["not_measured"]["rejection"]
    assert {entry["error"] for entry in verdicts_of(tmp_path / "out")} >= {"50 is not on the scale 0 to 2"}


@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("boom"), KeyError("boom")])
def test_failing_own_judge_is_one_line(data, truth, tmp_path, monkeypatch, error):
    class Broken:
        name = "broken"

        def judge(self, items, rubric, *, repeat=0):
            raise error

    module = types.ModuleType("broken_judge")
    module.Broken = Broken
    monkeypatch.setitem(sys.modules, "broken_judge", module)
    with chatting(Model(truth)) as server:
        words = ["--model", "openai:m", "--base-url", server.url, "--sample", 1, "--out", tmp_path / "out"]
        done = lethe("evaluate", data, *words, "--judge", "broken_judge:Broken")
    assert done.status == 2
    assert "--judge broken_judge:Broken failed" in done.line
    assert "boom" in done.line


def test_judges_see_the_options_text_for_a_letter():
    rows = Dataset.from_list([{"id": "a", "keywords": ["blue"], "options": ["red", "blue"]}])
    row = {"id": "a", "question": "Which?", "answer": "blue", "generated": "B.", "modality": "text"}
    item = Questions(rows).item(row)
    assert (item.answer, item.keywords) == ("blue", ("blue",))
    assert item.question.splitlines()[:3] == ["Which?", "A. red", "B. blue"]
    assert Questions(rows).item(row | {"id": "other"}).answer == "B."


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("no_key", "check OPENAI_API_KEY"), ("no_model", "no model j"), ("bad_row", "gives no verdict")],
)
def test_refused_judge_ends_before_any_answer_is_paid(data, truth, tmp_path, fault, reason):
    with chatting(Model(truth)) as server, chatting(HonestModel()) as judge:
        judge.always = fault
        words = ["--model", "openai:m", "--base-url", server.url, "--judge", "openai:j", "--judge-base-url", judge.url]
        done = lethe("evaluate", data, *words, "--out", tmp_path / "out")
        assert server.requests == []
    assert done.status == 2
    assert reason in done.line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--judge", "someone"], "unknown; pass local"), (["--rubrics", "fluency"], "pass --judge local"),
        (["--judge", "local", "--judge-budget", "usd=1"], "--judge-budget is for a judge behind an API"),
        (["--judge", "openai:j", "--judge-budget", "requests=0"], "above 0"),
        (["--judge", "openai:j", "--judge-budget", "usd=1"], "prices"),
        (["--judge", "local", "--judge", "local"], "once"),
        (["--judge", "local", "--rubrics", "style"], "--rubrics style"), (["--metrics", "rejection"], "pass --judge"),
        (["--judge", "json:loads"], "is no judge"),
    ],
)  # fmt: skip
def test_wrong_judge_is_one_line_before_any_call(data, tmp_path, words, reason):
    with chatting(lambda text, pictures: "x") as server:
        done = lethe("evaluate", data, "--model", "openai:m", "--base-url", server.url, *words, cwd=tmp_path)
        assert server.requests == []
    assert done.status == 2
    assert reason in done.line
    assert list(tmp_path.iterdir()) == []


def test_judge_budget_stops_and_a_larger_one_continues(data, truth, tmp_path):
    with chatting(Model(truth)) as server:
        words = ["--model", "openai:m", "--base-url", server.url, "--sample", 2, "--out", tmp_path / "out"]
        words += ["--judge", "openai:j", "--judge-base-url", server.url, "--rubrics", "correctness"]
        done = lethe("evaluate", data, *words, "--judge-budget", "requests=3")
        assert done.status == 2
        assert "budget of 3 requests" in done.line
        assert len(server.requests) == 4 + 3
        done = lethe("evaluate", data, *words, "--judge-budget", "requests=5")
        assert done.status == 0, done.error
        assert len(server.requests) == 4 + 5


def test_dry_run_estimates_model_and_judges(data, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    words = ["--model", "openai:m", "--judge", "openai:j", "--sample", 3, "--dry-run", "--judge-price", "1,2", "--json"]
    done = lethe("evaluate", data, *words, "--out", tmp_path / "out")
    assert done.status == 0, done.error
    result = json.loads(done.out)
    assert result["dry_run"]["calls"] == 6
    assert result["judges"]["calls"] == 24
    assert result["judges"]["usd"] > 0
    assert list(tmp_path.iterdir()) == []


def test_replies_of_another_version_are_named(data, truth, tmp_path):
    with chatting(Model(truth)) as server:
        words = ["--model", "openai:m", "--base-url", server.url, "--judge", "openai:j", "--judge-base-url", server.url]
        words += ["--sample", 2, "--out", tmp_path / "out"]
        assert lethe("evaluate", data, *words, "--judge-budget", "requests=2").status == 2
        server.requests.clear()
        with closing(sqlite3.connect(kept_file(tmp_path / "out", "judgments.sqlite"))) as database:
            database.execute("PRAGMA user_version=99")
        done = lethe("evaluate", data, *words)
        assert server.requests == []
    assert done.status == 2
    assert "another version" in done.line
