"""The mlu builder: the released tasks and counts, sizes, and the folder as a stranger loads it."""

import io
import json
import shutil
from collections import Counter, defaultdict

import pyarrow.parquet as pq
import pytest
from PIL import Image
from small_build import real_build, rewrite

from lethebench.builders import BENCHMARKS, verify
from lethebench.builders.audits.sample import Sample, Subject
from lethebench.builders.audits.two_samples import BAND, text_features, two_samples
from lethebench.builders.mlu.builder import questions
from lethebench.builders.mlu.plan import (
    LEAST_DRAWN,
    LEAST_HELD_OUT,
    MluOptions,
    entities,
    view_counts,
    views_of,
)
from lethebench.console import Console
from lethebench.contract.columns import ROLES
from lethebench.errors import UserError
from lethebench.generation.evidence.texts import KINDS
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.runs.build import open_build
from lethebench.runs.checks import check_build
from lethebench.runs.options import RunOptions
from lethebench.runs.stage import Run

MLU = BENCHMARKS["mlu"]
# Task -> entities and questions to forget, entities and questions to retain, as released.
RELEASED = {"A": (20, 2442, 12, 1680), "B": (20, 2154, 12, 1374), "C": (20, 2580, 13, 1800), "D": (17, 2250, 13, 1134)}


def plan(count=127, seed=0, **options):
    return MLU.plan(count, seed=seed, options=MluOptions(**options))


@pytest.fixture(scope="module")
def paper():
    return plan()


@pytest.fixture(scope="module")
def folder():
    return real_build("mlu")


@pytest.fixture(scope="module")
def rows(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    return {
        split: [row for name in part["files"] for row in pq.read_table(folder / name).to_pylist()]
        for split, part in manifest["splits"]["lifelong"].items()
    }


def asked_questions(plan, profile):
    return questions(profile, views_of(plan.shared.views[profile.id]))


def place_of(view):
    """Where a picture was taken: `meadow` of `drawn,meadow,left,07`, `lobby` of `name:absent,plaque,lobby,left,07`."""
    return view.split(",")[-3]


# -- the plan


def test_paper_plan_has_the_released_tasks(paper):
    results = defaultdict(lambda: [0, 0, 0, 0])
    for unit in paper.units:
        for profile in unit.profiles if unit.role != "holdout" else ():
            at = 0 if unit.role == "forget" else 2
            task = unit.task_id if unit.role == "forget" else paper.shared.retained[profile.id]
            results["ABCD"[task]][at] += 1
            results["ABCD"[task]][at + 1] += len(asked_questions(paper, profile)[0])
    assert {name: tuple(numbers) for name, numbers in results.items()} == RELEASED


def test_paper_plan_has_5105_pictures(paper):
    counts = view_counts(entities(127, seed=0), None)
    held_out = {profile.id for unit in paper.units if unit.role == "holdout" for profile in unit.profiles}
    assert len(held_out) == 17
    assert counts == {name: number for name, number in paper.shared.views.items() if name not in held_out}
    assert sum(counts.values()) == 5105
    assert Counter(counts.values()) == {40: 102, 41: 25}


def test_smaller_builds_are_nested():
    members = {}
    for count in (8, 16, 96):
        sets = entities(count, seed=3)
        assert {len(part) for tasks in sets.values() for part in tasks.values()} == {count // 8}
        members[count] = {profile.id for tasks in sets.values() for part in tasks.values() for profile in part}
        assert len(members[count]) == count
    assert members[8] < members[16] < members[96]
    assert entities(16, seed=4) != entities(16, seed=3)


def test_order_option_permutes_tasks():
    plain, other = plan(16), plan(16, order="CABD")
    for which in (plain, other):
        assert [unit.task_id for unit in which.units if unit.role == "forget"] == [0, 1, 2, 3]
    homes = {profile.id: unit.task_id for unit in plain.units for profile in unit.profiles}
    moved = {profile.id: unit.task_id for unit in other.units for profile in unit.profiles}
    assert {homes[name]: moved[name] for name in homes} == {0: 1, 1: 2, 2: 0, 3: 3, -1: -1}
    for name, task in plain.shared.retained.items():
        assert other.shared.retained[name] == {0: 1, 1: 2, 2: 0, 3: 3}[task]


def test_questions_use_only_existing_views():
    profile = plan(8).units[0].profiles[0]
    for count in (14, 15, 17, 40, 41):
        views = set(views_of(count))
        assert len(views) == count
        assert {question.view for part in questions(profile, views_of(count)) for question in part} <= views


# -- the folder


def test_verify_finds_two_entities_with_one_subject(folder, tmp_path):
    twin = tmp_path / "mlu"
    shutil.copytree(folder, twin)
    names = {}

    def lend(profiles):
        first, second = profiles[:2]
        second |= {name: first[name] for name in ("images", "thumbnails", "views", "thumbnail_views", "portrait")}
        names.update(first=first["profile_id"], second=second["profile_id"])

    rewrite(twin, "profiles/forget-00000-of-00001.parquet", lend)
    (results,) = [problem for problem in verify(twin).problems if problem.check == "photo twins"]
    assert results.id == names["first"]
    assert f"its subject is that of {names['second']}" in results.reason


def test_splits_tasks_and_retain_sets(rows):
    keys = {profile.id: mlu.key_of(profile) for unit in plan(8).units for profile in unit.profiles}
    of = {split: {row["profile_id"] for row in part} for split, part in rows.items()}
    assert of["train"] == of["test"] == of["forget"] | of["retain"]
    assert not of["forget"] & of["retain"]
    assert len(of["forget"]) == len(of["retain"]) == 4
    assert len(of["holdout"]) == LEAST_HELD_OUT
    assert not of["holdout"] & of["train"]
    for split in ("forget", "retain", "holdout"):
        assert {ROLES[row["role"]] for row in rows[split]} == {split}
    assert {(row["task_id"], row["retain_task_id"]) for row in rows["forget"]} == {(t, -1) for t in range(4)}
    assert {(row["task_id"], row["retain_task_id"]) for row in rows["retain"]} == {(-1, t) for t in range(4)}
    home = {key: task for task in release().tasks for key in (*task.forget, *task.retain)}
    for row in rows["train"]:
        key = keys[row["profile_id"]]
        assert home[key].name == "ABCD"[max(row["task_id"], row["retain_task_id"])]
        assert (key in home[key].forget) == (ROLES[row["role"]] == "forget")


def test_pictures_are_stored_once_and_test_has_its_own(folder, rows):
    pictures = {
        split: {(row["views"][0], row["images"][0]["bytes"]) for row in rows[split]} for split in ("train", "test")
    }
    places = {
        split: {(row["profile_id"].rpartition("-")[0], place_of(row["views"][0])) for row in rows[split]}
        for split in pictures
    }
    assert not places["train"] & places["test"]
    assert not {data for _, data in pictures["train"]} & {data for _, data in pictures["test"]}
    manifest = json.loads((folder / "manifest.json").read_text())
    profiles = [
        row
        for part in manifest["splits"]["profiles"].values()
        for name in part["files"]
        for row in pq.read_table(folder / name).to_pylist()
    ]
    for profile in profiles:
        asked = [row for split in ("train", "test", "holdout") for row in rows[split]]
        own = {
            picture["bytes"] for row in asked if row["profile_id"] == profile["profile_id"] for picture in row["images"]
        }
        views = LEAST_DRAWN if ROLES[profile["role"]] == "holdout" else manifest["options"]["views"]
        assert len(own) == len(profile["thumbnails"])
        assert len(profile["images"]) + len(profile["thumbnails"]) == views
        assert len({*profile["views"], *profile["thumbnail_views"]}) == views
        first = Image.open(io.BytesIO((profile["images"] + profile["thumbnails"])[0]["bytes"]))
        if profile["domain"] in KINDS:
            assert profile["portrait"] == []
            continue
        left, top, _, _, right, bottom, _, _ = profile["portrait"]
        assert 0 <= left < right <= first.width
        assert 0 <= top < bottom <= first.height


# -- the run


def test_run_retains_the_released_set_of_a_task(folder, tmp_path):
    options = RunOptions(data=folder, out=tmp_path, retain="released", order_seed=1)
    build = open_build(folder)
    check_build(options, build)
    run = Run(build, options, tmp_path, Console())
    for stage, task in enumerate(run.order, start=1):
        assert set(run.request(stage).retain["retain_task_id"]) == {task}
        assert len(set(run.request(stage).retain["profile_id"])) == 1


def test_retain_released_needs_released_sets(tmp_path):
    build = open_build(real_build("icu"))
    with pytest.raises(UserError, match=r"--retain released: .* has no retain set for task 0; pass rest or fixed"):
        check_build(RunOptions(data=build.path, out=tmp_path, retain="released"), build)


def test_words_of_questions_do_not_tell_roles_apart_at_paper_size(paper):
    """Texts without their pictures: the words of questions and answers, as `verify` measures them."""
    subjects, rows = {}, []
    for unit in paper.units:
        for profile in unit.profiles:
            subjects[profile.id] = Subject(profile.id, profile.domain, unit.role, {"name": profile.name}, {})
            rows += [
                {"profile_id": profile.id, "question": row.question, "answer": row.answer, "part": "train"}
                for row in asked_questions(paper, profile)[0]
            ]
    sample = Sample(subjects, rows)
    for result in two_samples(text_features(sample), sample).values():
        assert abs(result["auc"] - 0.5) < BAND
        assert result["split_error"] < 0.02
