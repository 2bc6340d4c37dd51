"""`lethe judge-check`: kappa tables of the local judge, of a judge of another package and of one behind an API."""

import json
import sys
import types

import pytest
from chat_server import chatting
from command_line import lethe
from judge_model import HonestModel

from lethebench.evaluation.judges.labeled import labeled_answers
from lethebench.evaluation.judges.protocol import Verdict

KEY = "sk-secret-0123456789"


class LabelJudge:
    """Gives the labels of the labeled answers, and no verdict on every tenth answer."""

    name = "labels"

    def judge(self, items, rubric, *, repeat=0):
        labels = {answer.item: answer.labels[rubric.name] for answer in labeled_answers()}
        verdicts = [Verdict(labels[item], "as labeled") for item in items]
        return [Verdict(None, "", "busy") if index % 10 == 0 else one for index, one in enumerate(verdicts)]


@pytest.fixture(autouse=True)
def own_package(monkeypatch):
    module = types.ModuleType("own_judges")
    module.LabelJudge, module.number = LabelJudge, 3
    monkeypatch.setitem(sys.modules, "own_judges", module)


def test_local_judge_prints_kappa_and_confusion(tmp_path):
    done = lethe("judge-check", "local", cwd=tmp_path)
    assert done.status == 0, done.error
    for words in ("kappa", "rejection", "correctness", "factuality", "fluency", "label 0", "judged 8-10"):
        assert words in done.out
    assert list(tmp_path.iterdir()) == []


def test_own_judge_is_measured_without_its_failures(tmp_path):
    done = lethe(
        "judge-check", "own_judges:LabelJudge", "--json", "--rubrics", "rejection", "--repeats", "2", cwd=tmp_path
    )
    assert done.status == 0, done.error
    check = json.loads(done.out)["rubrics"]["rejection"]
    assert (check["kappa"], check["failed"], check["n"]) == (1.0, 28, 247)
    assert json.loads(done.out)["repeats"]["rejection"]["kappa"] == 1.0
    assert check["first_error"] == "busy"


def test_api_judge_pays_each_reply_once(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chatting(HonestModel()) as server:
        words = [
            "judge-check",
            "openai:m",
            "--base-url",
            server.url,
            "--rubrics",
            "correctness,fluency",
            "--sample",
            20,
        ]
        first = lethe(*words, "--json", cwd=tmp_path)
        assert first.status == 0, first.error
        assert len(server.requests) == 40
        again = lethe(*words, "--json", cwd=tmp_path)
        assert len(server.requests) == 40
        twice = lethe(*words, "--repeats", 2, cwd=tmp_path)
        assert len(server.requests) == 80
    assert json.loads(again.out)["rubrics"] == json.loads(first.out)["rubrics"]
    assert json.loads(first.out)["rubrics"]["correctness"]["failed"] == 0
    assert "answer first" in twice.out
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["someone"], "unknown; pass local"), (["openai:"], "add the model's name"),
        (["own_judges:Other"], "cannot be loaded"), (["own_judges:number"], "is no judge"),
        (["no_package:Judge"], "cannot be loaded"), (["local", "--part", "train"], "--part"),
        (["local", "--rubrics", "style"], "--rubrics style: unknown"),
        (["local", "--budget", "usd=1"], "behind an API"),
        (["openai:m", "--budget", "requests=0"], "above 0"), (["openai:m"], "OPENAI_API_KEY"),
        (["local", "--dry-run"], "costs nothing"),
        (["openai:m", "--base-url", "http://127.0.0.1:9/v1", "--price", "1"], "IN,OUT"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(words, reason, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = lethe("judge-check", *words, cwd=tmp_path)
    assert done.status == 2
    assert reason in done.line
    assert list(tmp_path.iterdir()) == []


def test_dry_run_sends_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = lethe("judge-check", "openai:m", "--dry-run", "--price", "0.15,0.6", "--json", cwd=tmp_path)
    assert done.status == 0, done.error
    assert json.loads(done.out)["dry_run"]["calls"] >= 1000
    assert list(tmp_path.iterdir()) == []
