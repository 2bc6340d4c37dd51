"""`lethe build --writer`: a build by a model, again from its answers, its estimate, and what is refused unpaid."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from chat_server import chatting
from command_line import lethe
from datasets import load_dataset
from leaks import KEY, assert_no_piece, assert_no_piece_in_files
from model_writer import faults, person_name, picture_of, writing
from small_build import hashes, stand_in_person, use_stand_in_people, use_stand_ins

from lethebench.builders import BENCHMARKS, verify
from lethebench.cli.writing import answers_path

SMALL = ("--size", "small", "--option", "qa=20", "--option", "pixels=96")
TASKS = 14 + 8
"""Wordings of remem's attributes, and its people in a small build."""


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    use_stand_in_people(monkeypatch)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def build(server, out, *words, name="remem"):
    return lethe("build", name, *SMALL, "--out", out, "--writer", "openai:m", "--base-url", server.url, *words)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with a written build and its answers, and the URL of a server that is gone."""
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch, writing() as server:
        use_stand_in_people(patch)
        done = build(server, folder / "remem")
        assert done.status == 0, done.error
        assert len(server.requests) == TASKS
    (folder / "url").write_text(server.url)
    return folder


def test_written_build_passes_verify(written):
    report = verify(written / "remem")
    assert report.ok, report.problems


def stand_in_portrait(profile, use, portraits=None):
    return stand_in_person(profile, use), f"stand-in:{use}"


@pytest.mark.parametrize(
    ("name", "size", "tasks", "language"),
    [("icu", 8, 17 + 12, "en"), ("mllmu", 40, 26 + 48, "en"), ("icu", 8, 55, "uk"), ("mllmu", 40, 111, "fr")],
)
def test_written_build_of_other_benchmarks_passes_verify(name, size, tasks, language, tmp_path, monkeypatch):
    use_stand_ins(monkeypatch)
    monkeypatch.setattr("lethebench.builders.mllmu.builder.draw", stand_in_portrait)
    monkeypatch.setattr("lethebench.builders.mllmu.builder.portrait_corners", lambda profile, size: [])
    with writing() as server:
        words = ["--size", size, "--out", tmp_path / name, "--writer", "openai:m", "--base-url", server.url]
        words += ["--language", language]
        done = lethe("build", name, *words)
        assert done.status == 0, done.error
        assert len(server.requests) == tasks
        estimate = lethe("build", name, *words, "--dry-run", "--json", "--seed", 1)
    report = verify(tmp_path / name)
    assert report.ok, report.problems
    assert abs(json.loads(estimate.out)["dry_run"]["calls"] - tasks) <= 4 * (language != "en")  # other places
    templates = BENCHMARKS[name].plan(size, seed=0, options=BENCHMARKS[name].OPTIONS())
    names = {profile.name for unit in templates.units for profile in unit.profiles if profile.domain != "figure"}
    assert not names & set(load_dataset(str(tmp_path / name), "profiles", split="train")["name"])


def test_manifest_and_card_name_the_model(written):
    manifest = json.loads((written / "remem/manifest.json").read_text())
    record = manifest["written"]
    assert (record["model"], record["language"], record["answers"], record["seed"]) == ("openai:m", "en", TASKS, 0)
    card = (written / "remem/README.md").read_text()
    assert "**Text by a language model.** `openai:m` wrote" in card
    assert "--writer openai:m" in card


def test_published_files_do_not_name_the_server(written):
    manifest = json.loads((written / "remem/manifest.json").read_text())
    assert manifest["written"]["own_server"] is True
    assert "--writer openai:m --base-url URL" in (written / "remem/README.md").read_text()
    host = (written / "url").read_text().removeprefix("http://").removesuffix("/v1")
    for path in filter(Path.is_file, (written / "remem").rglob("*")):
        assert host.encode() not in path.read_bytes(), path


def test_written_texts_replace_those_of_templates(written):
    template = BENCHMARKS["remem"].plan(4, seed=0, options=BENCHMARKS["remem"].OPTIONS())
    names = {profile.name for unit in template.units for profile in unit.profiles}
    rows = load_dataset(str(written / "remem"), "default", split="forget").remove_columns("images")
    profiles = load_dataset(str(written / "remem"), "profiles", split="train")
    assert not names & set(profiles["name"])
    assert all("question" in text.lower() or "words" in text for text in rows["question"])
    assert len(set(profiles["name"])) == len(profiles) == 8


def test_build_from_its_answers_sends_nothing_and_has_the_same_bytes(written, tmp_path):
    url = (written / "url").read_text()
    before = hashes(written / "remem")
    again = tmp_path / "remem"
    (tmp_path / "remem.answers.sqlite").write_bytes((written / "remem.answers.sqlite").read_bytes())
    done = lethe("build", "remem", *SMALL, "--out", again, "--writer", "openai:m", "--base-url", url)
    assert done.status == 0, done.error
    assert hashes(again) == before


def test_faulty_server_costs_one_call_per_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("lethebench.contract.requests.retries.random.uniform", lambda low, high: 0.01)
    with writing() as server:
        server.faults = [fault for fault in faults(40, 0.5) if fault != "silent"]
        done = build(server, tmp_path / "remem")
        assert done.status == 0, done.error
        sent = len(server.requests)
        assert sent == TASKS + sum(fault is not None for fault in server.faults[:sent])
    assert verify(tmp_path / "remem").ok


def test_dry_run_counts_texts_and_sends_nothing(tmp_path):
    with writing() as server:
        words = ("--dry-run", "--price", "0.15,0.60", "--json")
        done = build(server, tmp_path / "remem", *words)
        record = json.loads(done.out)["dry_run"]
        assert (record["calls"], server.requests) == (TASKS, [])
        assert 0 < record["usd"] < 0.1
        assert list(tmp_path.iterdir()) == []
        spent = build(server, tmp_path / "remem", "--dry-run", "--budget", "requests=5")
        assert "this exceeds the budget of 5 requests" in spent.out


def test_budget_stops_before_it_is_exceeded(tmp_path):
    with writing() as server:
        done = build(server, tmp_path / "remem", "--budget", "requests=9")
        assert done.status == 2
        assert "could exceed the budget of 9 requests" in done.line
        assert len(server.requests) == 9
        assert not (tmp_path / "remem").exists()
        assert build(server, tmp_path / "remem").status == 0
        assert len(server.requests) == TASKS


REFUSED = {
    "no key": (("--writer", "openai:m"), "set OPENAI_API_KEY"),
    "no name": (("--writer", "openai:"), "add the model's name at the API"),
    "another API": (("--writer", "gpt-4o"), "add the model's name at the API"),
    "portraits of templates": (("--portraits", "openai:draw"), "pass --writer openai:NAME"),
    "portraits twice": (
        ("--writer", "openai:m", "--base-url", "URL", "--portraits", "openai:draw", "--option", "portraits=DIR"),
        "--option portraits=DIR gives other faces",
    ),
    "portraits by no API": (
        ("--writer", "openai:m", "--base-url", "URL", "--portraits", "draw"),
        "add the model's name at the API, e.g. openai:gpt-image-1",
    ),
    "budget 0": (("--writer", "openai:m", "--base-url", "URL", "--budget", "requests=0"), "pass a number above 0"),
    "budget without price": (("--writer", "openai:m", "--base-url", "URL", "--budget", "usd=1"), "needs prices"),
    "language without fonts": (
        ("--writer", "openai:m", "--base-url", "URL", "--language", "zh"),
        "the fonts of the pictures lack letters of Chinese",
    ),
    "language from right to left": (
        ("--writer", "openai:m", "--base-url", "URL", "--language", "ar"),
        "printed from left to right, Arabic is not",
    ),
    "unknown language": (("--writer", "openai:m", "--base-url", "URL", "--language", "xx"), "--language xx: unknown"),
    "language of templates": (("--language", "de"), "pass --writer openai:NAME"),
    "budget of templates": (("--budget", "usd=1"), "pass --writer openai:NAME"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_options_are_refused_before_anything_is_sent(case, tmp_path):
    words, reason = REFUSED[case]
    with writing() as server:
        words = [server.url if word == "URL" else word for word in words]
        done = lethe("build", "remem", *SMALL, "--out", tmp_path / "remem", *words)
        assert (done.status, server.requests) == (2, [])
    assert reason in done.line
    assert list(tmp_path.iterdir()) == []


def test_portraits_by_a_model_are_in_the_pictures(tmp_path):
    words = ("--portraits", "openai:draw")
    with writing() as server:
        estimate = json.loads(build(server, tmp_path / "remem", *words, "--dry-run", "--json").out)["dry_run"]
        assert (estimate["calls"], server.requests) == (TASKS + 8 + 8, [])
        # A page of a proxy and a file that is no picture cost a call each.
        pictures = iter([b"no picture"])
        server.draw = lambda body: next(pictures, None) or picture_of(body)
        server.faults = ["page"]
        done = build(server, tmp_path / "remem", *words)
        assert done.status == 0, done.error
        assert len(server.requests) == TASKS + 8 + 8 + 2
        before = hashes(tmp_path / "remem")
        again = build(server, tmp_path / "remem", *words)
        assert (again.status, len(server.requests)) == (0, TASKS + 8 + 8 + 2)
    assert hashes(tmp_path / "remem") == before
    assert len(list((tmp_path / "remem.portraits").iterdir())) == 8
    report = verify(tmp_path / "remem")
    assert report.ok, report.problems
    card = (tmp_path / "remem/README.md").read_text()
    assert "`openai:draw` drew the portraits" in card
    assert "--writer openai:m --portraits openai:draw --base-url" in card
    assert "portraits=DIR --writer" not in card


def test_same_picture_of_everybody_is_one_line(tmp_path):
    with writing() as server:
        server.draw = lambda body: picture_of({"prompt": "x"})
        done = build(server, tmp_path / "remem", "--portraits", "openai:draw")
    assert done.status == 2
    assert "--portraits openai:draw: 7 pictures are missing; the picture of person-" in done.line
    assert not (tmp_path / "remem.portraits").exists()


def test_refused_model_of_portraits_is_named(tmp_path):
    with writing() as server:
        server.draw = lambda body: (404, {"error": {"message": "no model draw"}})
        done = build(server, tmp_path / "remem", "--portraits", "openai:draw")
    assert done.status == 2
    assert done.line.startswith("lethe: --portraits openai:draw: the endpoint refuses every call: ")


def test_build_in_another_language_has_none_of_the_templates(tmp_path):
    with writing() as server:
        done = build(server, tmp_path / "remem", "--language", "de")
        assert done.status == 0, done.error
    report = verify(tmp_path / "remem")
    assert report.ok, report.problems
    manifest = json.loads((tmp_path / "remem/manifest.json").read_text())
    assert manifest["written"]["language"] == "de"
    card = (tmp_path / "remem/README.md").read_text()
    assert "\nlanguage: de\n" in card
    assert "in German (prompt version" in card
    several = load_dataset(str(tmp_path / "remem"), "multi_image", split="test")
    relations = load_dataset(str(tmp_path / "remem"), "relations", split="test")
    for text in [*several["question"], *several["answer"], *relations["answer"]]:
        assert not {"image", "images", "shows", "cousin", "uncle"} & set(text.casefold().split()), text
    profiles = load_dataset(str(tmp_path / "remem"), "profiles", split="train")
    dates = {pair["value"] for row in profiles["fields"] for pair in row if pair["attribute"] == "birth_date"}
    assert not {"January", "May", "July", "August"} & {date.split(" ")[1] for date in dates}


@pytest.mark.parametrize("option", ["overlap=0.5", "requests=two_documents"])
def test_facts_that_documents_share_are_refused(option, tmp_path):
    words = ("--size", 8, "--option", option, "--out", tmp_path / "icu", "--writer", "openai:m")
    with writing() as server:
        done = lethe("build", "icu", *words, "--base-url", server.url)
        assert (done.status, server.requests) == (2, [])
    assert f"option {option} is for documents from templates" in done.line


def test_mlu_and_imports_are_refused(tmp_path):
    (tmp_path / "release").mkdir()
    words = ("--writer", "openai:m", "--out", tmp_path / "out")
    with writing() as server:
        for more in (("mlu",), ("mllmu", "--from", tmp_path / "release")):
            done = lethe("build", *more, *words, "--base-url", server.url)
            assert (done.status, server.requests) == (2, [])
            assert "--writer" in done.line


@pytest.mark.parametrize("fault", ["no_key", "no_model"])
def test_fault_of_all_requests_is_one_line(fault, tmp_path):
    with writing() as server:
        server.always = fault
        done = build(server, tmp_path / "remem")
        assert done.status == 2
        assert "the endpoint refuses every call" in done.line
        assert len(server.requests) < 12


def test_answers_of_another_version_are_one_line(tmp_path):
    with closing(sqlite3.connect(tmp_path / "remem.answers.sqlite")) as database:
        database.execute("PRAGMA user_version=99")
    with writing() as server:
        done = build(server, tmp_path / "remem")
        assert (done.status, server.requests) == (2, [])
    assert "written by another version of lethebench" in done.line


def test_model_that_never_answers_well_is_one_line(tmp_path):
    with chatting(lambda text, pictures: "red") as server:
        server.structured = lambda body: '{"colors": ["red"]}'
        done = build(server, tmp_path / "remem", "--concurrency", "4")
    assert done.status == 2
    assert "texts were rejected 7 times; the first is questions on birthplace: the answer" in done.line


def test_no_file_or_output_holds_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with writing() as server:
        server.structured, answer = (lambda body: answer(body).replace(" 1", f" {KEY[:20]}", 1)), server.structured
        server.faults = [None, "broken", None, "no_choice"]
        done = build(server, tmp_path / "remem")
        assert {request["key"] for request in server.requests} == {KEY}
    assert_no_piece(done.out + done.error)
    assert_no_piece_in_files(tmp_path)


def test_person_names_of_the_stand_in_are_varied():
    names = {person_name(random.Random(seed)) for seed in range(2000)}
    assert len(names) > 1990


def test_answers_are_beside_the_build():
    assert answers_path(Path("build/icu")).name == "icu.answers.sqlite"
