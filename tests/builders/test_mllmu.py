"""The mllmu builder: who is in a build at every size, how configs nest, and the folder as a stranger loads it."""

import io
import json
import shutil
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from datasets import Image as ImageColumn
from datasets import List, load_dataset
from PIL import Image
from small_build import problems_by_check, real_build, rewrite

from lethebench.builders import BENCHMARKS
from lethebench.builders.mllmu import builder
from lethebench.builders.mllmu import plan as plans
from lethebench.builders.mllmu.builder import SIZE, draw, portrait_corners, scene_of
from lethebench.builders.mllmu.plan import FORGET, TRAINED, figure_count, groups
from lethebench.builders.verify.rows import Person, check_row
from lethebench.contract.columns import FORMATS, MODALITIES, ROLES
from lethebench.generation.evidence.texts import shared_words
from lethebench.generation.mllmu.questions import DOMAIN_ATTRIBUTES, LISTED
from lethebench.generation.seeding import shuffled

MLLMU = BENCHMARKS["mllmu"]
SIZES = (40, 60, 100, 200, 500)


def plan(count, seed=0):
    return MLLMU.plan(count, seed=seed, options=MLLMU.OPTIONS())


def members(build_plan, group):
    return [profile for unit in build_plan.units if unit.groups[0] == f"qa/{group}" for profile in unit.profiles]


@pytest.fixture(scope="module", autouse=True)
def drawn_at_random():
    """Draw the groups at paper size without the portraits of everyone; see `test_mllmu_balance`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            plans, "in_own_process", lambda draw, everyone, *_: shuffled(range(len(everyone)), draw.keywords["seed"])
        )
        plans._order.cache_clear()
        yield
        plans._order.cache_clear()


@pytest.fixture(scope="module")
def paper(drawn_at_random):
    return plan(500)


@pytest.fixture(scope="module")
def manifest():
    return json.loads((real_build("mllmu") / "manifest.json").read_text())


@pytest.fixture(scope="module")
def rows():
    """Split of `continual` -> its rows, pictures as bytes."""
    loaded = load_dataset(str(real_build("mllmu")), "continual")
    return {split: list(part.cast_column("images", List(ImageColumn(decode=False)))) for split, part in loaded.items()}


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(real_build("mllmu"), tmp_path / "mllmu")
    return tmp_path / "mllmu"


# -- who is in a build


@pytest.mark.parametrize("count", SIZES)
def test_groups_are_disjoint_twentieths(count):
    results = groups(count, seed=0)
    assert list(results) == [*TRAINED, "neighbour", "holdout"]
    assert [len(results[name]) for name in TRAINED] == [count // 20] * 3 + [count - 3 * count // 20]
    assert len(results["holdout"]) == count // 5
    assert len(results["neighbour"]) == figure_count(count)
    everyone = [profile.id for people in results.values() for profile in people]
    assert len(set(everyone)) == len(everyone)
    names = [profile.name for people in results.values() for profile in people]
    assert len(set(names)) == len(names)
    assert {profile.domain for profile in results["neighbour"]} == {"figure"}
    assert {profile.domain for name in (*TRAINED, "holdout") for profile in results[name]} == {"person"}


def test_figure_count_follows_the_paper():
    assert [figure_count(count) for count in (40, 60, 100, 500, 10_000)] == [12, 18, 31, 153, 153]


def test_paper_plan_has_people_tasks_and_wide_candidates(paper):
    assert [len(members(paper, name)) for name in (*TRAINED, "neighbour", "holdout")] == [25, 25, 25, 425, 153, 100]
    assert paper.tasks == 3
    tasks = {unit.groups[0]: (unit.role, unit.task_id) for unit in paper.units}
    assert tasks == {
        "qa/g05": ("forget", 0), "qa/g10": ("forget", 1), "qa/g15": ("forget", 2), "qa/rest": ("retain", -1),
        "qa/neighbour": ("neighbour", -1), "qa/holdout": ("holdout", -1),
    }  # fmt: skip
    for attribute, figures in paper.attributes.items():
        values = paper.candidates[attribute]
        assert len(set(values)) == len(values) == figures["candidates"]
        if attribute in DOMAIN_ATTRIBUTES["person"]:
            assert len(values) >= min(512, len(LISTED.get(attribute, range(512))))
        assert figures["most_common"] <= 0.15, attribute


def test_every_value_is_a_candidate(paper):
    for unit in paper.units:
        for profile in unit.profiles:
            for attribute, value in {"name": profile.name, **profile.fields}.items():
                if attribute == "description":
                    continue  # several facts
                assert value in paper.candidates[attribute]


def test_groups_are_drawn_at_random(paper):
    numbers = [int(profile.id[-4:]) for name in FORGET for profile in members(paper, name)]
    assert sorted(numbers) != list(range(75))
    assert max(numbers) > 250
    assert [profile.id for profile in members(plan(40, seed=1), "g05")] != [p.id for p in members(plan(40), "g05")]


def test_forget_groups_cover_attributes_and_formats(paper):
    """At paper size no group misses an attribute, so that a score on it is about all of them."""
    from lethebench.generation.mllmu.questions import plan as turns

    for name in FORGET:
        for use, parts in (("train", (9, 5, 4)), ("test", (7, 6, 5))):
            asked_questions = Counter(
                pair for profile in members(paper, name) for part in MODALITIES for pair in turns(profile, use, part)
            )
            attributes = {attribute for attribute, _ in asked_questions}
            assert attributes == set(DOMAIN_ATTRIBUTES["person"])
            formats = Counter(kind for _, kind in asked_questions.elements())
            kinds = ("multiple_choice", "generation", "cloze")
            assert formats == {kind: 25 * number for kind, number in zip(kinds, parts, strict=True)}


def test_forget_sets_are_nested_and_complement_retain():
    configs = [MLLMU.CONFIGS[name] for name in ("forget5", "forget10", "forget15")]
    for smaller, bigger in pairwise(configs):
        assert set(smaller["forget"]) < set(bigger["forget"])
        assert set(smaller["retain"]) > set(bigger["retain"])
    for config in (*configs, MLLMU.CONFIGS["continual"]):
        assert [*config["forget"], *config["retain"]] == list(config["train"])
        trained = {*config["train"], *config["test"]}
        assert not trained & {*config["neighbour"], *config["holdout"]}
    assert MLLMU.CONFIGS["continual"] == MLLMU.CONFIGS["forget15"]
    assert next(iter(MLLMU.CONFIGS)) == "continual"


# -- the folder


def test_counts_follow_from_18_questions_per_record(manifest):
    records = 40 + 40 + 12
    assert manifest["paper_counts"] == {
        "profiles": 52, "pictures": records, "questions": 18 * records, "train_questions": 720,
        "test_questions": 720, "neighbour_questions": 216,
    }  # fmt: skip
    extra = {"holdout_profiles": 8, "holdout_questions": 144, "holdout_pictures": 8}
    assert extra.items() <= manifest["extra_counts"].items()
    for share, people in ((5, 2), (10, 4), (15, 6)):
        sizes = {split: part["rows"] // 18 for split, part in manifest["splits"][f"forget{share}"].items()}
        assert (sizes["forget"], sizes["retain"]) == (people, 40 - people)
        assert (sizes["train"], sizes["test"], sizes["neighbour"]) == (40, 40, 12)


def test_test_split_has_other_pictures(rows):
    shown_pictures = defaultdict(set)
    for split in ("train", "test", "neighbour", "holdout"):
        for row in rows[split]:
            assert len(row["images"]) == (MODALITIES[row["modality"]] == "image_text")
            shown_pictures[split, row["profile_id"]] |= {(p["bytes"], p["path"]) for p in row["images"]}
            kind = "name:absent," if split == "neighbour" else "pose:"
            assert all(view.startswith(kind) and "," in view for view in row["views"])
    assert {len(pictures) for pictures in shown_pictures.values()} == {1}
    assert len({picture for pictures in shown_pictures.values() for picture in pictures}) == 100
    with Image.open(io.BytesIO(next(iter(shown_pictures["train", rows["train"][0]["profile_id"]]))[0])) as picture:
        assert picture.size == SIZE


def test_facts_have_all_formats_over_the_splits(rows):
    kinds = defaultdict(set)
    for split in ("train", "test", "neighbour", "holdout"):
        counts = Counter((row["profile_id"], FORMATS[row["format"]]) for row in rows[split])
        expected = (7, 6, 5) if split == "test" else (9, 5, 4)
        assert {(kind, number) for (_, kind), number in counts.items()} == {
            *zip(("multiple_choice", "generation", "cloze"), expected, strict=True)
        }
        for row in rows[split] if split in ("train", "test") else ():
            kinds[row["profile_id"], row["attribute"]].add(FORMATS[row["format"]])
    assert {len(each) for (_, attribute), each in kinds.items() if attribute != "description"} == {3}


def test_profiles_have_facts_sources_and_thumbnails():
    loaded = load_dataset(str(real_build("mllmu")), "profiles", split="train")
    assert len(loaded) == 60
    for row in loaded:
        details = {pair["attribute"]: pair["value"] for pair in row["details"]}
        fields = [pair["attribute"] for pair in row["fields"]]
        assert ("name", *fields) == DOMAIN_ATTRIBUTES[row["domain"]]
        assert row["images"] == []
        assert (
            len(row["thumbnails"]) == len(row["thumbnail_views"]) == (1 + (ROLES[row["role"]] in ("forget", "retain")))
        )
        assert {picture.size for picture in row["thumbnails"]} == {(112, 112)}
        if row["domain"] == "figure":
            assert row["portrait"] == []
        else:
            assert 0 <= min(row["portrait"]) < max(row["portrait"]) <= 112
        assert details["gender"] in ("female", "male")
        if row["domain"] == "figure":
            assert details["source"].startswith("https://en.wikipedia.org/wiki/")


def test_pictures_of_figures_show_facts_and_no_portrait(monkeypatch):
    """A figure has evidence without the name, a person a portrait; the id does not give the name away."""
    results = groups(40, seed=0)
    monkeypatch.setattr(builder, "portrait", lambda *args: Image.new("RGB", SIZE))
    assert not np.asarray(draw(results["rest"][0], "train")[0]).any()
    for figure in results["neighbour"]:
        picture, view = draw(figure, "train")
        assert picture.size == SIZE
        assert np.asarray(picture).any()
        assert view.startswith("name:absent,")
        assert not shared_words(figure.name, f"{view} {figure.id}")


def test_test_split_has_other_poses_and_places(paper):
    views = {use: [scene_of(profile, use) for profile in members(paper, "rest")] for use in ("train", "test")}
    places = {use: {scene.background.place for scene in scenes} for use, scenes in views.items()}
    assert not places["train"] & places["test"]
    assert all(one.pose.word != other.pose.word for one, other in zip(*views.values(), strict=True))
    assert len({scene.pose.word for scene in views["test"]}) > 3


def test_portrait_corners_are_within_the_picture():
    profile = groups(40, seed=0)["rest"][0]
    first, second = (scene_of(profile, use) for use in ("train", "test"))
    assert first != second
    assert scene_of(profile, "train") == first
    left, top, right, _, _, bottom, *_ = portrait_corners(profile, SIZE)
    assert 0 < left < right < SIZE[0]
    assert 0 < top < bottom < SIZE[1]


# -- what verify finds


def test_verify_finds_shared_portrait_and_wrong_role(copy):
    def twins(rows):
        with Image.open(io.BytesIO(rows[0]["thumbnails"][0]["bytes"])) as picture:
            reencoded = io.BytesIO()
            picture.save(reencoded, "JPEG", quality=60)
        rows[1]["thumbnails"][0]["bytes"] = reencoded.getvalue()
        rows[1]["portrait"] = rows[0]["portrait"]

    def neighbours(rows):
        for row in rows:
            row["role"] = ROLES.index("neighbour")

    rewrite(copy, "profiles/rest-00000-of-00001.parquet", twins)
    rewrite(copy, "qa/g05-00000-of-00001.parquet", neighbours)
    reasons = problems_by_check(copy)
    assert set(reasons) == {"photo twins", "roles"}
    assert [reason.startswith("its portrait is that of person-") for reason in reasons["photo twins"]] == [True]
    assert "role neighbour in a split of forget" in reasons["roles"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row.update(correct=(row["correct"] + 1) % 4), "the answer"),
        (lambda row: row["options"].__setitem__((row["correct"] + 1) % 4, f" {row['answer'].upper()}."), "2 times"),
        (lambda row: row.update(correct=4), "correct is 4 of 4 options"),
        (lambda row: row.update(options=[], correct=-1), "correct is -1 of 0 options"),
    ],
)
def test_check_row_finds_wrong_options(rows, change, words):
    row = next(row for row in rows["forget"] if FORMATS[row["format"]] == "multiple_choice")
    person = Person(row["role"], row["task_id"], {row["attribute"]: row["answer"]})
    assert list(check_row(row, {row["profile_id"]: person}, {"forget"})) == []
    damaged = {**row, "options": list(row["options"])}
    change(damaged)
    results = list(check_row(damaged, {row["profile_id"]: person}, {"forget"}))
    assert results[0][0] == "options"
    assert words in " ".join(reason for _, reason in results)


# -- bad input


# -- sameness and size
