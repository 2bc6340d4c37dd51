"""Patterns of requests in icu: who asks for which facts when, what verify checks of it, a run's rows at each stage."""

import json
import shutil
from collections import defaultdict
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from small_build import problems_by_check, rewrite, use_stand_ins

from lethebench.builders import BENCHMARKS, build, verify
from lethebench.builders.errors import BuildError
from lethebench.builders.icu.plan import people, split_tasks
from lethebench.builders.requests import read_requests, write_requests
from lethebench.contract.columns import ROLES
from lethebench.generation.icu.profiles import DOMAINS
from lethebench.runs.build import open_build
from lethebench.runs.requests import Request

ICU = BENCHMARKS["icu"]
PATTERNS = ("repeated", "partial", "two_documents", "repeated,partial,two_documents")
SIZE, TASKS = 16, 4


@pytest.fixture(scope="module", params=PATTERNS)
def built(request, tmp_path_factory):
    """A build with each pattern, with stand-in pages."""
    folder = tmp_path_factory.mktemp("requests") / "icu"
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", folder, size=SIZE, options={"requests": request.param})
    return SimpleNamespace(folder=folder, pattern=request.param)


def rows(folder, config, split, columns):
    files = json.loads((folder / "manifest.json").read_text())["splits"][config][split]["files"]
    return [row for name in files for row in pq.read_table(folder / name, columns=columns).to_pylist()]


def profiles_of(folder):
    entries = rows(folder, "profiles", "train", ["profile_id", "name", "role", "task_id", "details", "domain"])
    for row in entries:
        row["details"] = {pair["attribute"]: pair["value"] for pair in row["details"]}
        row["requests"] = read_requests(row["details"])
    return {row["profile_id"]: row for row in entries}


def questions_of(folder, split):
    return rows(folder, "continual", split, ["id", "profile_id", "task_id", "role", "attribute"])


def test_build_verifies_and_keeps_the_counts(built):
    assert verify(built.folder).problems == []
    manifest = json.loads((built.folder / "manifest.json").read_text())
    assert manifest["paper_counts"] == {"profiles": SIZE, "tasks": TASKS, "pictures": 152, "questions": 256}
    assert manifest["options"]["requests"] == built.pattern


def test_smallest_build_without_a_patient_of_working_age_verifies(tmp_path, monkeypatch):
    use_stand_ins(monkeypatch)
    build("icu", tmp_path / "icu", size=8, seed=1, options={"requests": PATTERNS[-1]})
    assert verify(tmp_path / "icu").problems == []
    assert sum("person" in profile["details"] for profile in profiles_of(tmp_path / "icu").values()) == 2


def test_rows_follow_the_requests(built):
    """Each question is in one split, once, with the task that asks for its attribute."""
    profiles = profiles_of(built.folder)
    ids = [row["id"] for split in ("forget", "retain", "test") for row in questions_of(built.folder, split)]
    assert len(ids) == len(set(ids)) == 256 + 272
    for split in ("forget", "retain", "test"):
        for row in questions_of(built.folder, split):
            profile = profiles[row["profile_id"]]
            assert row["task_id"] == profile["requests"].get(row["attribute"], profile["task_id"])
            assert ROLES[row["role"]] == ("retain" if row["task_id"] < 0 else "forget")
            assert split in ("test", ROLES[row["role"]])
    tasks = [row["task_id"] for row in questions_of(built.folder, "forget")]
    assert tasks == sorted(tasks)
    assert set(tasks) == set(range(TASKS))


def test_patterns_are_there(built):
    forget = [profile for profile in profiles_of(built.folder).values() if profile["task_id"] >= 0]
    asked = [set(profile["requests"].values()) for profile in forget]
    again = [tasks for tasks in asked if len(tasks - {-1}) == 2]
    part = [tasks for tasks in asked if -1 in tasks]
    documents = defaultdict(list)
    for profile in forget:
        if "person" in profile["details"]:
            documents[profile["details"]["person"]].append(profile)
    assert bool(again) == ("repeated" in built.pattern)
    assert bool(part) == ("partial" in built.pattern)
    assert bool(documents) == ("two_documents" in built.pattern)
    for pair in documents.values():
        assert {profile["domain"] for profile in pair} == set(DOMAINS)
        assert (
            len({profile["name"] for profile in pair})
            == len({profile["details"]["birth_date"] for profile in pair})
            == 1
        )
        assert len({profile["task_id"] for profile in pair}) == 2
        assert not any(profile["requests"] for profile in pair)


def test_stages_of_a_run_have_the_right_rows(built):
    """Forget rows are those of the request; the rest retains what is not asked for yet, or never."""
    opened = open_build(built.folder)
    profiles = profiles_of(built.folder)
    requests = [Request(stage, range(TASKS), opened.forget, opened.retain) for stage in range(1, TASKS + 1)]
    for stage, request in enumerate(requests, start=1):
        forget, retain = request.forget, request.retain
        time_of = [
            profiles[row["profile_id"]]["requests"].get(row["attribute"], profiles[row["profile_id"]]["task_id"])
            for part in (forget, retain)
            for row in part.remove_columns("images")
        ]
        assert time_of[: len(forget)] == [stage - 1] * len(forget)
        assert all(time < 0 or time >= stage for time in time_of[len(forget) :])
        assert not set(forget["id"]) & set(retain["id"])
        before = sum(len(earlier.forget) for earlier in requests[: stage - 1])
        assert before + len(forget) + len(retain) == 256


@pytest.fixture
def mixed(tmp_path_factory, tmp_path):
    """A copy of a build with all patterns, to damage."""
    folder = tmp_path_factory.getbasetemp() / "mixed"
    if not folder.exists():
        with pytest.MonkeyPatch.context() as patch:
            use_stand_ins(patch)
            build("icu", folder, size=SIZE, options={"requests": PATTERNS[-1]})
    return shutil.copytree(folder, tmp_path / "icu")


def change_details(folder, change):
    """Apply `change(row, details)` to the profiles to forget."""

    def changed(rows):
        for row in rows:
            details = {pair["attribute"]: pair["value"] for pair in row["details"]}
            change(row, details)
            row["details"] = [{"attribute": key, "value": value} for key, value in details.items()]

    rewrite(folder, "profiles/forget-00000-of-00001.parquet", changed)


def with_repeated(change):
    """Apply a change of the requests to profiles that ask twice."""

    def changed(row, details):
        requests = read_requests(details)
        if len(set(requests.values()) - {-1}) == 2:
            details["requests"] = change(requests)

    return changed


@pytest.mark.parametrize(
    ("change", "check", "reason"),
    [
        (with_repeated(lambda asked: "soon"), "tasks", "not of the form"),
        (with_repeated(lambda asked: "task 0: name, name"), "tasks", "name occurs twice"),
        (with_repeated(lambda asked: write_requests(dict(list(asked.items())[:-1]))), "tasks", "but it has"),
        (with_repeated(lambda asked: write_requests(dict.fromkeys(asked, 3))), "tasks", "its first request is 3"),
        (with_repeated(lambda asked: write_requests({k: t * 9 for k, t in asked.items()})), "tasks", "outside"),
        (with_repeated(lambda asked: write_requests({k: t if k == "name" else -1 for k, t in asked.items()})), "roles",
         "the request for its"),
        (lambda row, details: details.update(person="one"), "facts", "the same person"),
        (lambda row, details: details.pop("person", None), "fields apart", "shares name"),
        (lambda row, details: details.update(nationality=row["profile_id"]), "facts", "nationality"),
    ],
)  # fmt: skip
def test_verify_finds_requests_that_cannot_be(mixed, change, check, reason):
    change_details(mixed, change)
    assert any(reason in text for text in problems_by_check(mixed)[check])


def test_verify_finds_a_missing_part(mixed):
    profiles = profiles_of(mixed)
    asked = {name: set(row["requests"].values()) for name, row in profiles.items()}
    profile_id, later = next((name, max(tasks)) for name, tasks in asked.items() if len(tasks - {-1}) == 2)
    for name in ("qa/forget-00000-of-00001.parquet", "qa/test-forget-00000-of-00001.parquet"):
        rewrite(mixed, name, lambda rows: [r for r in rows if (r["profile_id"], r["task_id"]) != (profile_id, later)])
    assert f"no row of its request in task {later}" in problems_by_check(mixed)["tasks"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"requests": "withdrawn"}, "no pattern 'withdrawn'; use plain, repeated, two_documents, partial"),
        ({"requests": "plain,partial"}, "plain goes with no other pattern"),
        ({"requests": ""}, "no pattern ''"),
        ({"requests": "repeated", "task_size": 8}, "give task_size=4 or less"),
        ({"requests": "two_documents", "task_size": 5}, "give task_size=4 or less"),
    ],
)
def test_patterns_that_cannot_be_are_refused(options, reason):
    with pytest.raises(BuildError, match=reason.replace("'", ".")):
        ICU.OPTIONS(**options).resolve(SIZE)


def test_requests_read_back_what_is_written():
    tasks = {"name": 2, "diagnosis": 2, "allergy": 5, "blood_type": -1}
    assert write_requests(tasks) == "task 2: name, diagnosis; task 5: allergy; retained: blood_type"
    assert read_requests({"requests": write_requests(tasks)}) == tasks
    assert read_requests({}) == {}


@pytest.mark.parametrize("count", [8, 12, 16, 24, 40])
@pytest.mark.parametrize("seed", [0, 1, 5, 40])
@pytest.mark.parametrize("order_seed", [None, 3])
def test_two_documents_are_asked_for_at_different_times(count, seed, order_seed):
    """Seed 1 has no patient to forget of working age at 8 and 12, seeds 5 and 40 none up to 20."""
    roles = people(count, seed=seed, overlap=0.0, two_documents=True)
    for task_size in range(1, count // 4 + 1):
        options = ICU.OPTIONS(requests="two_documents", order_seed=order_seed, task_size=task_size).resolve(count)
        documents = defaultdict(list)
        for task_id, members in enumerate(split_tasks(roles["forget"], options.task_size, order_seed)):
            for profile in members:
                if "person" in profile.details:
                    documents[profile.details["person"]].append((task_id, profile.domain, profile.name))
        assert documents
        for (task, domain, name), (other_task, other_domain, other_name) in documents.values():
            assert task != other_task
            assert (name, {domain, other_domain}) == (other_name, set(DOMAINS))


@pytest.mark.parametrize("seed", [0, 1])
def test_retained_people_do_not_depend_on_two_documents(seed):
    plain, both = (people(8, seed=seed, overlap=0.0, two_documents=value) for value in (False, True))
    assert (plain["retain"], plain["holdout"]) == (both["retain"], both["holdout"])


def test_other_profiles_do_not_depend_on_the_pattern():
    def retained(requests):
        plan = ICU.plan(24, seed=0, options=ICU.OPTIONS(requests=requests).resolve(24))
        return [profile for unit in plan.units if unit.role != "forget" for profile in unit.profiles]

    assert retained("plain") == retained("repeated,partial,two_documents")
