"""The remem builder: who is in a build, nested options, counts, configs as a stranger loads them, what verify finds."""

import io
import json
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import asdict
from itertools import cycle

import pytest
from datasets import Image as ImageColumn
from datasets import List, load_dataset
from huggingface_hub import DatasetCard
from PIL import Image
from small_build import OPTIONS, problems_by_check, quick_build, rewrite, use_stand_in_people

from lethebench.builders import BENCHMARKS, row_digest
from lethebench.builders.remem.builder import Remem
from lethebench.builders.remem.plan import HOLDOUT, HOLDOUT_QA, RememOptions, people, view_of
from lethebench.contract.columns import MODALITIES, ROLES

REMEM: Remem = BENCHMARKS["remem"]
QA = OPTIONS["remem"]["qa"]
SMALL = {"pixels": 96}


def plan(count=4, seed=0, **options):
    return REMEM.plan(count, seed=seed, options=RememOptions(**options))


@pytest.fixture(autouse=True)
def _stand_ins(request, monkeypatch):
    if not request.node.get_closest_marker("slow"):
        use_stand_in_people(monkeypatch)


def rows_of(unit, build_plan):
    return REMEM.rows(unit, build_plan.shared)


@pytest.fixture(scope="module")
def manifest():
    return json.loads((quick_build("remem") / "manifest.json").read_text())


@pytest.fixture(scope="module")
def rows():
    """(config, split) -> its rows, pictures as bytes."""
    results = {}
    for config in ("default", "continual", "relations", "multi_image"):
        for split, part in load_dataset(str(quick_build("remem")), config).items():
            results[config, split] = list(part.cast_column("images", List(ImageColumn(decode=False))))
    return results


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(quick_build("remem"), tmp_path / "remem")
    return tmp_path / "remem"


# -- who is in a build


def test_paper_plan_has_five_requests_of_two():
    build_plan = plan(20)
    roles = Counter(unit.role for unit in build_plan.units)
    assert roles == {"forget": 10, "retain": 10, "holdout": HOLDOUT}
    assert HOLDOUT == 20
    assert Counter(unit.task_id for unit in build_plan.units if unit.role == "forget") == dict.fromkeys(range(5), 2)
    assert build_plan.tasks == 5
    options = RememOptions().resolve(20).record()
    assert options == {"qa": 100, "views": 100, "single_share": 0.7, "pixels": 336, "portraits": None}
    questions = {group: len(rows) for group, rows in counted(build_plan).items()}
    assert questions == {
        **{f"qa/{number}-forget": 100 for number in (1, 2, 3, 4)}, "qa/kept-forget": 210, "qa/forget": 390,
        "qa/kept-retain": 350, "qa/retain": 650, "qa/test-forget": 280, "qa/test-retain": 280, "qa/relations": 300,
        "qa/several": 200, "qa/holdout": HOLDOUT * HOLDOUT_QA,
    }  # fmt: skip


def counted(build_plan):
    """Group -> its (profile_id, question) pairs, without drawing a picture."""
    from lethebench.builders.remem.builder import questions

    results = defaultdict(list)
    for unit in build_plan.units:
        for group, asked_questions in questions(build_plan.shared, unit.profiles[0], unit.groups).items():
            results[group] += asked_questions
    return results


def test_paper_plan_pictures_are_disjoint_between_splits():
    shots = {
        group: {shot for _, question in asked_questions for shot in (question.view, *question.more_views)}
        for group, asked_questions in counted(plan(20)).items()
    }
    assert len(set().union(*(shots[group] for group in REMEM.CONFIGS["default"]["train"]))) == 2000
    assert len(shots["qa/test-forget"] | shots["qa/test-retain"]) == 560
    everything = [shot for group in shots.values() for shot in group]
    assert len(set(everything)) == len(everything)


def test_forget_sets_are_nested_and_have_the_released_sizes():
    """As released: 100 to 400 rows to forget, 560 to retain about others, 560 in test; the gold model has the rest."""
    questions = counted(plan(20))
    for number in (1, 2, 3, 4):
        config = REMEM.CONFIGS[f"forget{number}"]
        rows = {split: [row for group in groups for row in questions[group]] for split, groups in config.items()}
        sizes = {split: len(part) for split, part in rows.items()}
        assert sizes == {"train": 2000, "forget": 100 * number, "retain": 560, "test": 560, "holdout": 1000}
        members = {split: {subject.profile.id for subject, _ in part} for split, part in rows.items()}
        assert (len(members["forget"]), len(members["retain"])) == (number, 16)
        assert not members["forget"] & members["retain"]
        assert set(config["forget"]) <= set(REMEM.CONFIGS["forget4"]["forget"])
        assert {*config["forget"], *config["retain"]} <= set(config["train"])


def test_person_in_the_image_is_alone_there():
    """No picture shows several people if its question asks for the person in it; with few pictures, too."""
    for options in ({}, {"qa": 20, "views": 1}, {"qa": 20, "views": 3}):
        build_plan = plan(20, **options)
        groups = [view_of(build_plan.shared.members[question.view.profile_id].person.profile, question.view).kind
                  for rows in counted(build_plan).values() for _, question in rows
                  if re.search("the person in the image|this person", question.question, re.IGNORECASE)]  # fmt: skip
        assert len(groups) > 400
        assert not {"beside", "behind"} & set(groups)


def test_cloze_prompt_ends_where_the_value_begins():
    for group, rows in counted(plan(20)).items():
        for subject, question in rows:
            if group == "qa/several" and question.attribute == "name":
                assert question.cloze_prompt == ""
                continue
            assert re.fullmatch(r"[A-ZÀ-Ž].*\w", question.cloze_prompt), question.cloze_prompt
            assert question.value not in question.cloze_prompt
            names_the_person = subject.profile.name in question.cloze_prompt
            assert not names_the_person or subject.profile.name in question.question


def test_default_and_continual_have_the_same_rows():
    assert all(REMEM.CONFIGS["default"][split] == groups for split, groups in REMEM.CONFIGS["continual"].items())


@pytest.mark.parametrize("count", [4, 8, 12, 40])
def test_sizes_are_multiples_of_four(count):
    REMEM.profile_count(count)
    results = people(count, seed=0)
    assert len(results["forget"]) == len(results["retain"]) == count // 2
    assert [member.task_id for member in results["forget"]] == [number // 2 for number in range(count // 2)]


def test_groups_depend_on_the_seed():
    members = {seed: [member.person.profile.id for member in people(20, seed=seed)["forget"]] for seed in (0, 1)}
    assert members[0] != members[1]
    assert sorted(members[0]) != [f"person-{number:04d}" for number in range(10)]


# -- options


def test_smaller_build_is_part_of_a_larger_one():
    """One person of each kind; ids, texts and pictures. The held-out rows and pictures do not move at all."""
    build_plan = {qa: plan(qa=qa, **SMALL) for qa in (3, 7)}
    for role in ("forget", "holdout"):
        few, many = (
            rows_of(next(unit for unit in build_plan[qa].units if unit.role == role), build_plan[qa]) for qa in (3, 7)
        )
        for group in few:
            if group.startswith("profiles"):
                assert few[group][0]["images"] == many[group][0]["images"]
            elif group in ("qa/1-forget", "qa/holdout"):
                assert [row_digest(row) for row in many[group]][:3] == [row_digest(row) for row in few[group]]
                assert (len(few[group]), len(many[group])) == (3, 7)
            else:
                assert [row_digest(row) for row in few[group]] == [row_digest(row) for row in many[group]]


def test_fewer_views_keep_texts_and_reuse_pictures():
    unit = next(unit for unit in plan().units if unit.role == "holdout")
    whole, fewer = (rows_of(unit, plan(qa=6, views=views, **SMALL))["qa/holdout"] for views in (6, 2))
    assert [row["id"] for row in whole] == [row["id"] for row in fewer]
    assert [row["answer"] for row in whole] == [row["answer"] for row in fewer]
    pictures = [[row["images"][0]["bytes"] for row in part] for part in (whole, fewer)]
    assert len(set(pictures[0])) == 6
    hops = [row["hops"] for row in whole]
    own = {hop: [index for index in range(2) if hops[index] == hop] or [0] for hop in hops}
    turns = {hop: cycle(own[hop]) for hop in own}
    assert pictures[1] == [pictures[0][next(turns[hop])] for hop in hops]


@pytest.mark.parametrize(("share", "expected"), [(0.0, {2}), (1.0, {1}), (0.5, {1, 2})])
def test_single_share_from_none_to_all(share, expected):
    asked_questions = counted(plan(qa=10, single_share=share))["qa/1-forget"]
    hops = Counter(question.hops for _, question in asked_questions)
    assert set(hops) == expected
    assert hops[1] == round(share * len(asked_questions))


def test_paper_counts_follow_from_the_options():
    assert REMEM.paper_counts(RememOptions().resolve(20).record()) == REMEM.PAPER_COUNTS
    scaled = REMEM.paper_counts(asdict(RememOptions(qa=20, views=5).resolve(20)))
    assert scaled == {
        "profiles": 20, "pictures": 100, "questions": 960, "train_questions": 400, "test_questions": 560,
    }  # fmt: skip


# -- the folder


def test_counts_follow_from_the_options(manifest):
    assert manifest["paper_counts"] == {
        "profiles": 4, "pictures": 4 * QA, "questions": 4 * (QA + 28), "train_questions": 4 * QA,
        "test_questions": 112,
    }  # fmt: skip
    extra = {
        "test_pictures": 112, "relation_questions": 60, "multi_image_questions": 40, "holdout_profiles": 4,
        "holdout_questions": 4 * QA, "profile_pictures": 4, "holdout_pictures": 4 * (QA + 1),
    }  # fmt: skip
    assert extra.items() <= manifest["extra_counts"].items()


def test_training_rows_have_their_own_pictures(rows):
    pictures = [row["images"][0]["bytes"] for row in rows["default", "train"]]
    assert len(set(pictures)) == len(pictures) == 4 * QA
    for (config, split), part in rows.items():
        for row in part:
            assert MODALITIES[row["modality"]] == "image_text"
            assert len(row["images"]) == len(row["views"])
            assert len(row["images"]) == 1 or config == "multi_image"
            if split in ("forget", "retain", "holdout"):
                assert ROLES[row["role"]] == split
    with Image.open(io.BytesIO(pictures[0])) as picture:
        assert picture.size == (96, 96)
    parts = [("default", split) for split in ("train", "test", "holdout")]
    parts += [("relations", "test"), ("multi_image", "test")]
    sets = [{picture["bytes"] for row in rows[part] for picture in row["images"]} for part in parts]
    assert len(set().union(*sets)) == sum(map(len, sets))


def test_multi_image_rows_keep_the_order_of_pictures(rows):
    profiles = {
        row["profile_id"]: row["name"] for row in load_dataset(str(quick_build("remem")), "profiles", split="train")
    }
    ordinals = ("first", "second", "third", "fourth")
    counts = Counter()
    for row in rows["multi_image", "test"]:
        assert ROLES[row["role"]] in ("forget", "retain")
        who = [view.removeprefix("of:").partition(",")[0] for view in row["views"]]
        counts[len(who)] += 1
        assert all(picture["path"].startswith(key) for picture, key in zip(row["images"], who, strict=True))
        if row["question"].startswith(("Which of these", "In which of the")):
            assert (
                row["answer"]
                == f"The {ordinals[who.index(row['profile_id'])]} image shows {profiles[row['profile_id']]}."
            )
    assert set(counts) == {2, 3, 4}


def test_card_code_finds_chains_to_forgotten_people(rows):
    """What the card shows: rows about someone of request 0 that begin at somebody who is kept."""
    text = DatasetCard.load(quick_build("remem") / "README.md").text
    start = text.index("people = {row")
    code = text[start : text.index("```", start)].replace('"remem"', repr(str(quick_build("remem"))))
    space = {"load_dataset": load_dataset}
    exec(code, space)
    through = [rows["relations", "test"][member] for member in space["through"]]
    # Two people of request 0, each reached from a relative and a friend who are kept, over four facts each.
    assert len(through) == 2 * 2 * 4
    for row in through:
        assert row["task_id"] == 0
        begins = row["views"][0].removeprefix("of:").partition(",")[0]
        assert row["id"].split("/")[3] == begins != row["profile_id"]


def test_profiles_have_relations_and_an_unused_picture(rows):
    loaded = load_dataset(str(quick_build("remem")), "profiles", split="train")
    loaded = loaded.cast_column("images", List(ImageColumn(decode=False)))
    used = {picture["bytes"] for part in rows.values() for row in part for picture in row["images"]}
    for row in loaded:
        details = {pair["attribute"]: pair["value"] for pair in row["details"]}
        fields = {pair["attribute"]: pair["value"] for pair in row["fields"]}
        assert len(fields) == 14
        other = next(one for one in loaded if one["profile_id"] == details["best_friend_id"])
        assert fields["best_friend"] == other["name"]
        assert len(row["images"]) == 1
        assert row["images"][0]["bytes"] not in used
        expected = QA + (0 if ROLES[row["role"]] == "holdout" else 28 + 7)
        assert len(row["thumbnails"]) == len(row["thumbnail_views"]) == len(set(row["thumbnail_views"])) == expected


# -- what verify finds


def test_verify_finds_wrong_fact_and_missing_view(copy):
    def lie(rows):
        row = next(row for row in rows if row["attribute"] == "birth_date")
        row["answer"] = row["answer"].replace(row["keywords"][0], "1 May 1901")

    def forget_a_view(rows):
        rows[0]["views"].pop()

    rewrite(copy, "qa/relations-00000-of-00001.parquet", lie)
    rewrite(copy, "qa/several-00000-of-00001.parquet", forget_a_view)
    reasons = problems_by_check(copy)
    assert any("does not state the profile's birth_date" in reason for reason in reasons["facts"])
    assert any("views for" in reason for reason in reasons["roles"])


def test_verify_finds_leaked_pictures_and_shared_portrait(copy):
    trained, tested = (
        load_dataset(str(copy), "default", split=split).cast_column("images", List(ImageColumn(decode=False)))
        for split in ("forget", "test")
    )

    def leak(rows):
        rows[3]["images"][1] = {"bytes": trained[0]["images"][0]["bytes"], "path": "leak.jpg"}

    def leak_a_test(rows):
        rows[0]["images"][0] = {"bytes": tested[0]["images"][0]["bytes"], "path": "leak.jpg"}

    def twin(rows):
        rows[1]["images"], rows[1]["portrait"] = rows[0]["images"], rows[0]["portrait"]

    rewrite(copy, "qa/several-00000-of-00001.parquet", leak)
    rewrite(copy, "qa/relations-00000-of-00001.parquet", leak_a_test)
    rewrite(copy, "profiles/retain-00000-of-00001.parquet", twin)
    reasons = problems_by_check(copy)
    for split in ("forget", "test"):
        assert any(reason.endswith(f"in split {split}") for reason in reasons["byte twins"]), split
    assert [reason.startswith("its portrait is that of person-") for reason in reasons["photo twins"]] == [True]


# -- sameness and size


@pytest.mark.slow
def test_portraits_of_300_people_differ():
    """The likeness of two front portraits stays below the threshold from which two count as one."""
    from lethebench.builders.remem.builder import portrait_corners
    from lethebench.builders.remem.plan import REFERENCE, Shot, draw
    from lethebench.builders.verify.photos import Photos

    threshold = REMEM.PHOTOS.threshold
    photos, pages = Photos(threshold=threshold - 0.03), []
    profiles = [member.person.profile for members in people(300, seed=5).values() for member in members]
    for profile in profiles:
        page = draw(profile, Shot(profile.id, REFERENCE, 0))
        photos.add(profile.id, page, portrait_corners(profile, page.width))
        pages.append((profile.id, page))
    results = [likeness for _, _, likeness in photos.twins(pages)]
    print(f"most alike: {max(results, default=0):.3f}")
    assert max(results, default=0) < threshold
