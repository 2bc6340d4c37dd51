"""The icu builder: who is in a build at every size, what options change, and the folder as a stranger loads it."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from small_build import PROFILES, real_build, use_stand_ins

from lethebench.builders import BENCHMARKS, build, verify
from lethebench.builders.errors import BuildError
from lethebench.builders.write.columns import QA
from lethebench.contract.columns import ROLES
from lethebench.generation.icu.profiles import CLOSED, DOMAINS

ICU = BENCHMARKS["icu"]


def plan(count, seed=0, **options):
    return ICU.plan(count, seed=seed, options=ICU.OPTIONS(**options).resolve(count))


def members(build_plan, role):
    return [profile for unit in build_plan.units if unit.role == role for profile in unit.profiles]


def tasks(build_plan):
    by_task = {}
    for unit in build_plan.units:
        if unit.role == "forget":
            by_task.setdefault(unit.task_id, []).extend(unit.profiles)
    return by_task


@pytest.fixture(scope="module")
def manifest():
    return json.loads((real_build() / "manifest.json").read_text())


# -- who is in a build


@pytest.mark.parametrize("count", [8, 12, 16, 20, 24, 28, 44, 200])
def test_tasks_are_even_and_hold_both_domains(count):
    build_plan = plan(count)
    by_task = tasks(build_plan)
    assert list(by_task) == list(range(build_plan.tasks))
    sizes = [len(people) for people in by_task.values()]
    assert sum(sizes) == count // 2
    assert max(sizes) <= max(2, min(5, -(-count // 8)))
    assert max(sizes) - min(sizes) <= 1
    assert all({profile.domain for profile in people} == set(DOMAINS) for people in by_task.values())
    forget, retain, holdout = (members(build_plan, role) for role in ("forget", "retain", "holdout"))
    assert len(forget) == len(retain) == count // 2
    assert Counter(profile.domain for profile in retain)["labor"] == count // 4
    assert len({profile.id for profile in forget + retain + holdout}) == count + len(holdout)
    assert len(holdout) >= 4


def test_size_names_and_numbers():
    assert [ICU.profile_count(size) for size in ("small", "paper", 40, "40")] == [24, 1000, 40, 40]
    assert [len(people) for people in tasks(plan(24)).values()] == [3, 3, 3, 3]


@pytest.mark.slow
def test_paper_plan_has_100_tasks_of_5_and_wide_candidates():
    build_plan = plan(1000)
    assert [len(people) for people in tasks(build_plan).values()] == [5] * 100
    for attribute, values in build_plan.candidates.items():
        whole = len(CLOSED[attribute]) if attribute in CLOSED else len(values)
        assert len(values) >= min(512, whole)
    for attribute, figures in build_plan.attributes.items():
        if attribute in CLOSED:
            assert figures["most_common"] <= 1 / len(CLOSED[attribute]) + 0.10
        else:
            assert figures["most_common"] <= 0.15


def test_forget_set_is_drawn_at_random():
    """Roles are drawn: the forget set is neither the first half of a domain nor every other profile."""
    places = sorted(int(profile.id[-4:]) for profile in members(plan(200), "forget") if profile.domain == "medical")
    assert places != list(range(50))
    assert len({index % 2 for index in places}) == 2
    assert members(plan(24, seed=1), "forget") != members(plan(24), "forget")


def test_order_seed_permutes_tasks():
    usual, other = tasks(plan(40)), tasks(plan(40, order_seed=3))
    together = lambda by_task: sorted(sorted(profile.id for profile in people) for people in by_task.values())  # noqa: E731
    assert together(usual) == together(other)
    assert usual != other


def test_task_size_sets_profiles_per_task():
    assert [len(people) for people in tasks(plan(24, task_size=1)).values()] == [1] * 12
    assert [len(people) for people in tasks(plan(24, task_size=12)).values()] == [12]
    big = [unit for unit in plan(48, task_size=24).units if unit.role == "forget"]
    assert [len(unit.profiles) for unit in big] == [5, 5, 5, 5, 4]  # a row group stays small
    assert {unit.task_id for unit in big} == {0}


def test_overlap_shares_values_and_drops_the_check():
    apart, shared = plan(48), plan(48, overlap=1.0)

    def employers(build_plan):
        people = members(build_plan, "forget") + members(build_plan, "retain")
        return [profile.fields["employer"] for profile in people if profile.domain == "labor"]

    assert len(set(employers(apart))) == 24
    assert len(set(employers(shared))) < 24
    assert ["employer"] in apart.apart
    assert ["employer"] not in shared.apart
    assert ["national_id"] in shared.apart


def test_candidates_hold_every_value_and_enough_decoys():
    build_plan = plan(24)
    people = [profile for unit in build_plan.units for profile in unit.profiles]
    assert list(build_plan.candidates) == ["name", *(name for names in DOMAINS.values() for name in names)]
    for attribute, values in build_plan.candidates.items():
        true = {p.name if attribute == "name" else p.fields.get(attribute) for p in people} - {None}
        assert true <= set(values)
        assert len(values) == len(set(values))
        assert len(values) >= 24 or sorted(values) == sorted(CLOSED[attribute])


# -- the folder


def test_counts_follow_from_the_fields(manifest):
    fields = [len(names) for names in DOMAINS.values()]
    half, held_out = PROFILES // 2, 2
    questions, pictures = sum(2 * f + 1 for f in fields), sum(f + 2 for f in fields)
    assert manifest["paper_counts"] == {
        "profiles": PROFILES, "tasks": 2, "pictures": half * pictures, "questions": half * questions,
    }  # fmt: skip
    assert manifest["extra_counts"]["test_questions"] == half * (questions + 2)  # and the full page of each domain
    assert manifest["extra_counts"]["test_pictures"] == half * (pictures - 2)
    assert manifest["extra_counts"]["holdout_questions"] == held_out * questions
    assert manifest["extra_counts"]["holdout_pictures"] == held_out * pictures
    assert (500 * questions, 500 * pictures) == (16_000, 9_500)


def test_profile_asks_every_field_twice_and_masks_it():
    rows = load_dataset(str(real_build()), split="train")
    profile = rows[0]["profile_id"]
    own = [row for row in rows.remove_columns("images") if row["profile_id"] == profile]
    asked_questions = Counter((row["attribute"], row["modality"]) for row in own)
    fields = DOMAINS[profile.split("-")[0]]
    assert asked_questions == {("name", 0): 1} | {(name, modality): 1 for name in fields for modality in (0, 1)}
    for row in own:
        text = QA["modality"].names[row["modality"]] == "text"
        view = [] if text else ["masked:all" if row["attribute"] == "name" else f"masked:{row['attribute']}"]
        assert row["views"] == view
        assert row["id"] == f"icu/{profile}/{'text' if text else 'vqa'}/{row['attribute']}"


@pytest.mark.parametrize("streaming", [False, True])
def test_one_task_loads_by_filter(streaming):
    expected = {"filters": [("task_id", "==", 1)], "streaming": streaming}
    rows = list(load_dataset(str(real_build()), "continual", split="forget", **expected))
    whole = load_dataset(str(real_build()), "continual", split="forget")
    assert [row["id"] for row in rows] == whole.filter(lambda task: task == 1, input_columns="task_id")["id"]
    assert 0 < len(rows) < len(whole)
    assert rows[0]["images"][0].size == (672, 952)


def test_task_is_one_row_group_with_statistics():
    meta = pq.ParquetFile(real_build() / "qa" / "forget-00000-of-00001.parquet").metadata
    column = QA.arrow_schema.get_field_index("task_id")
    spans = [meta.row_group(n).column(column).statistics for n in range(meta.num_row_groups)]
    assert [(span.min, span.max) for span in spans] == [(0, 0), (1, 1)]


def test_profiles_have_the_full_page_and_thumbnails():
    rows = load_dataset(str(real_build()), "profiles", split="train")
    assert len(rows) == PROFILES + 4
    for row in rows:
        fields = [pair["attribute"] for pair in row["fields"]]
        assert tuple(fields) == DOMAINS[row["domain"]]
        assert row["views"] == ["full"]
        shown_pictures = [f"masked:{name}" for name in [*fields, "all"]]
        reencoded = [f"{view}+rescan" for view in shown_pictures] if ROLES[row["role"]] != "holdout" else []
        assert row["thumbnail_views"] == shown_pictures + reencoded
        assert all(max(picture.size) <= 128 for picture in row["thumbnails"])
        assert len(row["portrait"]) == 8


def test_pictures_have_stable_file_names():
    rows = pq.read_table(real_build() / "qa" / "retain-00000-of-00001.parquet").to_pylist()
    for row in rows:
        for picture, view in zip(row["images"], row["views"], strict=True):
            assert picture["path"] == f"{row['profile_id']}_{view.replace(':', '-')}.jpg"


def test_build_holds_no_local_path():
    for path in real_build().rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(real_build()).encode() not in content
            assert str(Path.home()).encode() not in content
            assert str(Path(__file__).parents[2]).encode() not in content


# -- documents of two pages


@pytest.fixture(scope="module")
def two_pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two") / "icu"
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", folder, size=8, options={"pages": 2})
    return folder


def test_row_of_two_pages_has_both_pictures(two_pages):
    for config in ("continual", "profiles"):
        for rows in load_dataset(str(two_pages), config).values():
            for images, views in zip(rows["images"], rows["views"], strict=True):
                assert len(images) == len(views) in (0, 2)
                assert [view.endswith("+page2") for view in views] == [False, True][: len(views)]
                assert len({view.removesuffix("+page2") for view in views}) <= 1


def test_two_pages_double_the_pictures_alone(two_pages, manifest):
    both = json.loads((two_pages / "manifest.json").read_text())
    single = {**manifest["paper_counts"], **manifest["extra_counts"]}
    for name, count in {**both["paper_counts"], **both["extra_counts"]}.items():
        assert count == single[name] * (2 if "pictures" in name else 1), name
    assert (both["options"]["pages"], manifest["options"]["pages"]) == (2, 1)
    assert ICU.variant(both["options"]).paper_counts({})["pictures"] == 19_000


def test_build_of_two_pages_verifies(two_pages):
    assert verify(two_pages).problems == []
    card = (two_pages / "README.md").read_text("utf-8")
    assert "Documents have 2 pages" in card
    assert "--option pages=2" in card


def test_pages_other_than_1_and_2_are_refused():
    with pytest.raises(BuildError, match="pages=3: a document has 1 or 2 pages"):
        plan(8, pages=3)


# -- sameness


@pytest.mark.slow
def test_build_with_options_verifies(tmp_path):
    manifest = build(
        "icu", tmp_path / "icu", size=24, seed=5, options={"overlap": "0.5", "order_seed": "2", "task_size": 4}
    )
    assert manifest.options == {"task_size": 4, "order_seed": 2, "overlap": 0.5, "pages": 1}
    assert manifest.tasks == 3
    assert verify(tmp_path / "icu").problems == []
    assert "lethe build icu --size 24 --seed 5 --option task_size=4 --option order_seed=2 --option overlap=0.5" in (
        tmp_path / "icu" / "README.md"
    ).read_text("utf-8")


# -- bad input
