"""The attack `show`: what each variant puts in front of a model."""

import json

import numpy as np
import pytest
from attack_context import attack_context, untrained
from attacked_run import attacked_run, marked_scores
from command_line import lethe
from PIL import Image
from small_build import BOX, real_build

from lethebench.attacks import show
from lethebench.attacks.context import Context, fact
from lethebench.contract.images import decode_image

PICTURED = ["other scan", "crop", "blur", "rotation", "no picture", "document as text", "photo alone"]
PICTURED += ["photo in another document", "by name"]
NAMED = ["by picture", "picture added"]


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return attack_context(tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="module")
def asked(context):
    """Return variant -> the rows that are asked."""
    variants = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Context, "score", lambda self, loaded, rows, name: variants.update({name: rows}) or [])
        names = [attempt.variant for attempt in show.Show().run(untrained(), context.rows, context)]
    assert context.notes == []
    return {name: variants[f"show/{name}"] for name in names}


@pytest.fixture(scope="module")
def scored(context):
    return {row["id"]: row for row in context.rewritten(context.rows, lambda row: {})}


def pixels(row, index: int = 0) -> np.ndarray:
    return np.asarray(decode_image(row["images"][index], row["id"]), float)


def profiles_of(context) -> dict:
    table = context.build.load("profiles", "train", ()).select_columns(["profile_id", "name", "fields", "details"])
    return {row["profile_id"]: row for row in table}


def test_every_variant_is_asked(asked):
    assert list(asked) == PICTURED + NAMED


@pytest.mark.parametrize("variant", PICTURED + NAMED)
def test_rows_keep_their_ids_facts_and_modality(asked, scored, variant):
    rows = asked[variant]
    assert len({row["id"] for row in rows}) == len(rows) > 0
    for row in rows:
        assert fact(row) == fact(scored[row["id"]])
        assert bool(scored[row["id"]]["images"]) == (variant in PICTURED)
        assert (row["modality"] == "image_text") == bool(row["images"]) or variant == "no picture"


@pytest.mark.parametrize("variant", ["other scan", "crop", "blur", "rotation"])
def test_changed_pictures_differ_and_questions_do_not(asked, scored, variant):
    for row in asked[variant]:
        before = pixels(scored[row["id"]])
        after = pixels(row)
        assert row["question"] == scored[row["id"]]["question"]
        assert before.shape != after.shape or np.abs(before - after).max() > 0


def test_document_as_text_prints_no_blacked_out_fact(asked, context):
    profiles = profiles_of(context)
    for row in asked["document as text"]:
        profile = profiles[row["profile_id"]]
        facts = {pair["attribute"]: pair["value"] for pair in [*profile["fields"], *profile["details"]]}
        *lines, _ = row["question"].split("\n")
        printed = dict(line.split(": ", 1) for line in lines)
        assert len(printed) > 3
        hidden = {"name", *(pair["attribute"] for pair in profile["fields"])}
        hidden = hidden if row["attribute"] == "name" else {row["attribute"]}
        assert not {name.replace("_", " ") for name in hidden} & set(printed)
        assert facts.get(row["attribute"], profile["name"]) not in printed.values()
        assert printed.get("name") == (None if row["attribute"] == "name" else profile["name"])


def test_document_as_text_hides_what_gives_a_fact_away(asked):
    dated = [row for row in asked["document as text"] if row["attribute"] in ("start_date", "position", "diagnosis")]
    for row in dated:
        clue = {"start_date": "end date", "position": "department", "diagnosis": "specialty"}[row["attribute"]]
        assert f"{clue}:" not in row["question"]


def test_photo_alone_is_the_photo_on_white(asked, scored):
    left, top, right, bottom = BOX
    for row in asked["photo alone"]:
        picture = pixels(row)
        assert (picture[0] == 255).all()
        photo = Image.fromarray(pixels(scored[row["id"]]).astype(np.uint8)).crop(BOX)
        height = round(0.5 * picture.shape[0])
        width = round(photo.width * height / photo.height)
        y, x = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        inside = picture[y : y + height, x : x + width]
        assert np.abs(inside - np.asarray(photo.resize((width, height)), float)).mean() < 12
    assert (right - left, bottom - top) == (60, 80)


def test_photo_is_on_the_page_of_another_person(asked, scored, context):
    left, top, right, bottom = BOX
    blank = {row["profile_id"]: row for row in context.retain if row["views"] == [show.EVERYTHING]}
    for row in asked["photo in another document"]:
        picture, own = pixels(row), pixels(scored[row["id"]])
        inside = np.s_[top:bottom, left:right]
        assert np.abs(picture[inside] - own[inside]).mean() < 12
        domain = row["profile_id"].split("-")[0]
        outside = picture.copy()
        outside[inside] = 0
        others = [pixels(page) for owner, page in blank.items() if owner.startswith(domain)]
        for other in others:
            other[inside] = 0
        assert min(np.abs(outside - other).max() for other in others) == 0


def test_other_modality_asks_the_same_fact(asked, scored):
    for row in asked["by name"]:
        assert not row["images"]
        assert row["keywords"] == scored[row["id"]]["keywords"]
    for row in asked["by picture"]:
        assert row["images"]
        assert row["question"] != scored[row["id"]]["question"]
    for row in asked["picture added"]:
        assert row["images"]
        assert row["question"] == scored[row["id"]]["question"]


@pytest.mark.parametrize(
    ("missing", "variants"),
    [
        ("profiles", ["document as text", "photo alone", "photo in another document"]),
        ("test", ["other scan"]),
    ],
)
def test_variant_that_cannot_be_shown_is_named(context, tmp_path, monkeypatch, missing, variants):
    other = attack_context(tmp_path)
    splits = other.build.manifest["splits"]
    if missing == "test":
        monkeypatch.setattr("lethebench.runs.build.Build.held_out", None)
    else:
        monkeypatch.delitem(splits, "profiles")
    monkeypatch.setattr(Context, "score", lambda self, loaded, rows, name: [])
    done = [attempt.variant for attempt in show.Show().run(untrained(), other.rows, other)]
    assert [note.split(":")[0] for note in other.notes] == variants
    assert not set(done) & set(variants)


def test_untrained_model_answers_every_variant(context):
    modality = context.rows["modality"]
    chosen = [index for kind in (0, 1) for index in [n for n, other in enumerate(modality) if other == kind][:2]]
    attempts = list(show.Show().run(untrained(), context.rows.select(chosen), context))
    assert [attempt.variant for attempt in attempts] == PICTURED + NAMED
    for attempt in attempts:
        assert all(0 <= row["keyword_match"] <= 1 for row in attempt.rows)


def test_initial_model_recovers_all_and_gold_nothing(tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    run = attacked_run(tmp_path)
    done = lethe("attack", run, "--attacks", "show")
    assert done.status == 0, done.error
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    learnt, gold = stage["models"]["learnt"]["recovery"], stage["models"]["gold"]["recovery"]
    variants = [f"show: {name}" for name in PICTURED + NAMED]
    assert set(variants) <= set(learnt)
    for name in variants:
        assert 0.85 <= learnt[name] <= 1.1
        assert gold[name] <= 0.0


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", ["mllmu", "remem", "mlu"])
def test_other_benchmarks_show_what_they_have(benchmark, tmp_path):
    context = attack_context(tmp_path, real_build(benchmark))
    attempts = list(show.Show().run(untrained(), context.rows, context))
    done = {attempt.variant for attempt in attempts}
    assert {"crop", "blur", "rotation", "no picture"} <= done
    assert done | {note.split(":")[0] for note in context.notes} == set(PICTURED + NAMED)
    assert "photo alone" in done
