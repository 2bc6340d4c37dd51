"""`lethe evaluate --model openai:...`: scores from text alone, failed calls, and resumed calls."""

import io
import json
import shutil

import pytest
from chat_server import chatting
from command_line import lethe
from initial_run import rows_of
from PIL import Image
from small_build import rewrite, stand_in_build
from synthetic_run import write_run

from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.scoring.command import evaluate_command
from lethebench.scoring.options import EvaluateOptions

KEY = "sk-secret-0123456789"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


@pytest.fixture(scope="module")
def truth(data):
    """(question, pictures as bytes) -> answer, for every row of forget and retain."""
    build = open_build(data)
    rows = [row for part in (build.forget, build.retain) for row in part]
    return {(row["question"], tuple(picture["bytes"] for picture in row["images"])): row["answer"] for row in rows}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def options(data, server, out, **more) -> EvaluateOptions:
    return EvaluateOptions(target=data, model="openai:m", base_url=server.url, out=out, concurrency=1, **more)


def test_right_answers_score_one(data, truth, tmp_path):
    with chatting(lambda text, pictures: truth[text, tuple(pictures)]) as server:
        scores, text = evaluate_command(options(data, server, tmp_path / "out"))
        sizes = {Image.open(io.BytesIO(page)).size for request in server.requests for page in request["pictures"]}
        assert sizes == {(100, 120)}  # the stand-in pages
        assert {request["key"] for request in server.requests} == {KEY}
    metrics = scores["metrics"]
    for part in ("forget", "retain"):
        for name in ("exact_match", "keyword_match", "rouge_l", "exact_match/image_text", "exact_match/text"):
            assert metrics["memorization"][f"{part}/{name}"]["value"] == 1.0
    assert metrics["utility"]["utility"]["value"] == 1.0
    for name in ("exposure", "truth_ratio", "privacy_leakage", "forget_quality"):
        assert "log-probabilities" in scores["not_measured"][name]
    assert "not measured: exposure: an API gives text alone" in text
    assert scores["endpoint"]["failed"] == 0
    rows = rows_of(tmp_path / "out")
    assert len(rows) == len(truth)
    assert all(row["probability"] is None and row["exposure"] is None and row["error"] is None for row in rows)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("{folder}/id_rsa", None), ("../id_rsa", b""), ("file://{folder}/id_rsa", None), ("../id_rsa", b"../id_rsa"),
        ("http://127.0.0.1:9/a.png", None),
    ],
)  # fmt: skip
def test_picture_given_by_path_is_not_sent(path, content, tmp_path):
    (tmp_path / "id_rsa").write_text("SECRET")
    data = stand_in_build(tmp_path / "icu")

    def by_path(rows):
        for row in rows:
            row["images"] = [{"bytes": content, "path": path.format(folder=tmp_path)}]

    rewrite(data, "qa/forget-00000-of-00001.parquet", by_path)
    with chatting(lambda text, pictures: "yes") as server:
        done = lethe(
            "evaluate", data, "--model", "openai:m", "--base-url", server.url, "--split", "forget", "--sample", 4,
            "--out", tmp_path / "out",
        )  # fmt: skip
        assert server.requests == []
    assert done.status == 2
    assert "picture" in done.line
    assert sorted(file.name for file in tmp_path.iterdir()) == ["icu", "id_rsa"]


def test_missing_gold_model_is_refused_before_the_first_call(data, tmp_path):
    run = write_run(tmp_path / "run", tasks=1, per_task=1, retain=2, methods=("ga",))
    shutil.rmtree(run / "gold")
    with chatting(lambda text, pictures: "yes") as server:
        with pytest.raises(UserError, match=r"--gold .*: this run has no gold model yet"):
            evaluate_command(options(data, server, tmp_path / "out", gold=str(run)))
        assert server.requests == []
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_half_an_emoji_ends_no_pass(data, truth, tmp_path):
    """An answer cut in the middle of an emoji, control characters and a thumb are written and scored."""
    tails = [" \ud83d", " \udc4d\x00\x1b[31m", " 👍"]
    with chatting(lambda text, pictures: truth[text, tuple(pictures)] + tails[len(text) % 3]) as server:
        scores, _ = evaluate_command(options(data, server, tmp_path / "out", sample=6))
    assert {row["generated"][-1] for row in rows_of(tmp_path / "out")} <= {"\ufffd", "m", "👍"}
    assert scores["metrics"]["memorization"]["forget/rouge_l"]["value"] > 0.8


def test_failed_calls_are_counted_and_retried(data, truth, tmp_path):
    with chatting(lambda text, pictures: truth[text, tuple(pictures)]) as server:
        server.faults = ["bad_row"] * 3
        scores, text = evaluate_command(options(data, server, tmp_path / "out", sample=6))
        assert scores["endpoint"]["failed"] == 3
        assert "3 of 12 calls failed" in text
        assert scores["metrics"]["memorization"]["forget/exact_match"] == {
            "value": 1.0, "n": 3, "ci_low": scores["metrics"]["memorization"]["forget/exact_match"]["ci_low"],
            "ci_high": scores["metrics"]["memorization"]["forget/exact_match"]["ci_high"],
        }  # fmt: skip
        failed = [row for row in rows_of(tmp_path / "out") if row["error"]]
        assert len(failed) == 3
        assert all(row["generated"] is None and row["exact_match"] is None for row in failed)
        server.requests.clear()
        server.faults = []
        scores, _ = evaluate_command(options(data, server, tmp_path / "out", sample=6))
        assert len(server.requests) == 3
    calls = {"calls": 3, "from_file": 9, "failed": 0, "first_error": None, "all_calls": 15, "usd": None}
    sizes = ("max_tokens", "input_tokens", "output_tokens")
    assert scores["endpoint"] == {"base_url": server.url, **calls, **{name: scores["endpoint"][name] for name in sizes}}
    assert scores["metrics"]["memorization"]["forget/exact_match"]["n"] == 6
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_interrupted_calls_resume(data, truth, tmp_path):
    with chatting(lambda text, pictures: truth[text, tuple(pictures)]) as server:
        server.faults = [None] * 5 + ["no_key"]
        with pytest.raises(UserError, match="OPENAI_API_KEY"):
            evaluate_command(options(data, server, tmp_path / "out", sample=5))
        assert not (tmp_path / "out").exists()
        server.requests.clear()
        server.faults = []
        scores, _ = evaluate_command(options(data, server, tmp_path / "out", sample=5))
        assert len(server.requests) == 5
    assert scores["endpoint"]["from_file"] == 5


def test_all_calls_failed_is_one_error_line(data, tmp_path):
    with chatting(lambda text, pictures: "x") as server:
        server.always = "bad_row"
        words = ["--model", "openai:m", "--base-url", server.url, "--sample", 3, "--out", tmp_path / "out"]
        status, out, error = lethe("evaluate", data, *words)
    assert (status, out) == (2, "")
    assert "all 6 calls failed" in error
    assert "picture is too large" in error
    assert not (tmp_path / "out").exists()


def test_empty_answers_are_scored_and_flagged(data, tmp_path):
    with chatting(lambda text, pictures: "") as server:
        scores, text = evaluate_command(options(data, server, tmp_path / "out", sample=4))
    assert "empty_answers" in scores["flags"]
    assert "8 of 8 answers are empty" in text
    assert scores["metrics"]["memorization"]["forget/exact_match"]["value"] == 0.0
    assert scores["metrics"]["utility"]["utility"]["value"] == 0.0


def test_password_in_url_is_not_written(data, tmp_path):
    with chatting(lambda text, pictures: "x") as server:
        url = server.url.replace("http://", "http://someone:hidden@")
        options_with_password = EvaluateOptions(
            target=data, model="openai:m", base_url=url, sample=1, out=tmp_path / "out"
        )
        scores, _ = evaluate_command(options_with_password)
    assert scores["endpoint"]["base_url"] == server.url
    assert "hidden" not in json.dumps(scores)


def test_dry_run_estimates_and_sends_nothing(data, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    words = ["--model", "openai:m", "--sample", 3, "--out", tmp_path / "out", "--dry-run", "--price", "1,2"]
    done = lethe("evaluate", data, *words, "--budget", "requests=5", "--json")
    assert done.status == 0, done.error
    estimate = json.loads(done.out)["dry_run"]
    assert estimate["questions"] == estimate["calls"] == 6
    assert estimate["usd"] == pytest.approx((estimate["input_tokens"] + 2 * estimate["output_tokens"]) / 1e6)
    done = lethe("evaluate", data, *words, "--budget", "requests=5")
    assert "nothing was sent; this exceeds the budget of 5 requests" in " ".join(done.out.split())
    assert list(tmp_path.iterdir()) == []


def test_budget_stops_the_pass_and_a_larger_one_continues_it(data, tmp_path):
    with chatting(lambda text, pictures: "x") as server:
        words = ["--model", "openai:m", "--base-url", server.url, "--sample", 3, "--out", tmp_path / "out"]
        done = lethe("evaluate", data, *words, "--budget", "requests=4")
        assert done.status == 2
        assert "could exceed the budget of 4 requests" in done.line
        assert len(server.requests) == 4
        assert lethe("evaluate", data, *words, "--budget", "requests=6").status == 0
        assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--budget", "requests=0"], "above 0"), (["--budget", "usd=5"], "prices"), (["--price", "1"], "IN,OUT"),
        (["--budget", "euro=5"], "euro"),
    ],
)  # fmt: skip
def test_wrong_budget_is_one_line_before_any_call(data, tmp_path, words, reason):
    with chatting(lambda text, pictures: "x") as server:
        done = lethe("evaluate", data, "--model", "openai:m", "--base-url", server.url, *words)
        assert server.requests == []
    assert done.status == 2
    assert reason in done.line


@pytest.mark.parametrize("words", [["--budget", "requests=1"], ["--price", "1,1"], ["--dry-run"]])
def test_budget_without_an_api_is_refused(tmp_path, words):
    run = write_run(tmp_path / "run", tasks=1, per_task=1, retain=2, methods=("ga",))
    done = lethe("evaluate", run, *words)
    assert done.status == 2
    assert f"{words[0]} is for models behind an API" in done.line
