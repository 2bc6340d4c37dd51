"""MLUBench's release as input: counts, tasks, ids and pictures as released, and everything wrong with one named."""

import copy
import io
import json
import os
import unicodedata
from collections import Counter
from hashlib import sha256

import pyarrow.parquet as pq
import pytest
from PIL import Image
from releases import mlu_files, picture, write_pictures, write_zip

from lethebench.builders import BuildError, build, verify
from lethebench.builders.imports.mlu.attributes import attributes
from lethebench.builders.imports.mlu.release import Row
from lethebench.contract.columns import MODALITIES, ROLES

FORGET, RETAIN, PROFILES = (f"{name}-00000-of-00001.parquet" for name in ("qa/forget", "qa/retain", "profiles/forget"))
TASK_A = "MLUBench/Tasks/TaskA/taskA_forget.json"
ZIP = os.environ.get("LETHEBENCH_MLUBENCH_ZIP", "")
# Figures of the release (MLUBench, arXiv 2606.12809): role -> task -> entities, rows.
RELEASED = {
    "forget": {0: (20, 2442), 1: (20, 2154), 2: (20, 2580), 3: (17, 2250)},
    "retain": {0: (12, 1680), 1: (12, 1374), 2: (13, 1800), 3: (13, 1134)},
}


@pytest.fixture
def files():
    return copy.deepcopy(mlu_files())


def imported(tmp_path, files, **options):
    path = write_zip(tmp_path / "release.zip", files)
    return build("mlu", tmp_path / "mlu", source=path, options=options)


def rows(folder, name):
    return pq.read_table(folder / name).to_pylist()


def sets_of(folder) -> dict:
    """Role -> task -> (entities, rows)."""
    results = {}
    for role, name, column in (("forget", FORGET, "task_id"), ("retain", RETAIN, "retain_task_id")):
        part = rows(folder, name)
        assert {ROLES[row["role"]] for row in part} == {role}
        assert {row["retain_task_id" if role == "forget" else "task_id"] for row in part} == {-1}
        counts, entities = Counter(row[column] for row in part), {(row[column], row["profile_id"]) for row in part}
        results[role] = {task: (sum(one == task for one, _ in entities), counts[task]) for task in sorted(counts)}
    return results


def failure(tmp_path, files, **options) -> str:
    """Why an import is refused; nothing is written."""
    with pytest.raises(BuildError) as raised:
        imported(tmp_path, files, **options)
    assert not (tmp_path / "mlu").exists()
    assert not list(tmp_path.glob(".mlu*"))
    return str(raised.value)


@pytest.mark.skipif(not os.path.isfile(ZIP), reason="LETHEBENCH_MLUBENCH_ZIP does not name MLUBench.zip")
def test_real_release_keeps_every_row_and_task(tmp_path):
    manifest = build("mlu", tmp_path / "mlu", source=ZIP)
    assert sets_of(tmp_path / "mlu") == RELEASED
    assert manifest.paper_counts["questions"] == 15_414
    results = [row for name in (FORGET, RETAIN) for row in rows(tmp_path / "mlu", name)]
    assert len({row["id"] for row in results}) == 15_414
    assert {row["views"][0].split(":")[0] for row in results} == {"absent"}
    assert not [row for row in results if row["attribute"].startswith("question-")]  # all proven
    assert not [row for row in results if "<image>" in row["question"] or row["question"].startswith("*")]
    report = verify(tmp_path / "mlu")
    assert report.ok, report.problems


def test_release_keeps_sets_ids_and_answers(tmp_path, files):
    manifest = imported(tmp_path, files)
    folder = tmp_path / "mlu"
    assert sets_of(folder) == {role: dict.fromkeys(range(4), (2, 24)) for role in ("forget", "retain")}
    first = rows(folder, FORGET)[0]
    assert (first["id"], first["profile_id"]) == ("Animals/Bear/1", "Animals/Bear")
    assert (first["question"], first["answer"], first["keywords"]) == ("Question 0 in wording 0?", "Bear", ["Bear"])
    assert {row["attribute"] for row in rows(folder, FORGET)} == {"question-1", "question-2", "question-3"}
    assert manifest.extra_counts["image_marks_removed"] == 192
    assert verify(folder).problems == []


def test_rows_without_pictures_are_kept_or_dropped(tmp_path, files):
    write_pictures(tmp_path / "pictures", files)
    bear = tmp_path / "pictures" / "downloaded_images" / "Animals" / "Bear"
    (bear / "0.jpg").unlink()
    whole = imported(tmp_path, files, pictures=tmp_path / "pictures")
    text = [row for row in rows(tmp_path / "mlu", FORGET) if MODALITIES[row["modality"]] == "text"]
    assert len(text) == whole.extra_counts["rows_without_picture_kept_as_text"] == 6
    assert {(len(row["images"]), row["views"][0]) for row in text} == {
        (0, "absent:downloaded_images/Animals/Bear/0.jpg")
    }
    assert verify(tmp_path / "mlu").problems == []
    smaller = imported(tmp_path, files, pictures=tmp_path / "pictures", absent="drop")
    assert smaller.extra_counts["rows_without_picture_dropped"] == 6
    assert smaller.paper_counts["questions"] == whole.paper_counts["questions"] - 6
    assert verify(tmp_path / "mlu").problems == []


def test_dropping_all_rows_is_refused(tmp_path, files):
    assert "nothing is left" in failure(tmp_path, files, absent="drop")


def test_pictures_are_upright_clean_and_stored_once(tmp_path, files):
    write_pictures(tmp_path / "pictures", files)
    path = tmp_path / "pictures" / "downloaded_images" / "Animals" / "Bear" / "0.jpg"
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # turned by 90 degrees
    content = picture(1, size=(3000, 1500), exif=exif)
    path.write_bytes(content)
    imported(tmp_path, files, pictures=tmp_path / "pictures")
    table = [row for row in rows(tmp_path / "mlu", FORGET) if row["profile_id"] == "Animals/Bear"]
    shown_pictures = {row["images"][0]["bytes"] for row in table if row["images"][0]["path"].endswith("0.jpg.jpg")}
    assert len(shown_pictures) == 1
    (turned,) = shown_pictures
    results = Image.open(io.BytesIO(turned))
    assert (results.size, results.mode, dict(results.getexif())) == ((512, 1024), "RGB", {})
    details = {pair["attribute"]: pair["value"] for pair in rows(tmp_path / "mlu", PROFILES)[0]["details"]}
    provenance = f"sha256 {sha256(content).hexdigest()}, 3000 x 1500, JPEG"
    assert details["picture:downloaded_images/Animals/Bear/0.jpg"] == provenance
    group = pq.ParquetFile(tmp_path / "mlu" / FORGET).metadata.row_group(0)
    stored = next(c for c in map(group.column, range(group.num_columns)) if c.path_in_schema.endswith("bytes"))
    assert group.num_rows == 12
    assert stored.total_uncompressed_size < 1.1 * sum(len(b) for b in {r["images"][0]["bytes"] for r in table}) + 500
    assert verify(tmp_path / "mlu").problems == []


def test_undecodable_pictures_are_listed(tmp_path, files):
    write_pictures(tmp_path / "pictures", files)
    folder = tmp_path / "pictures" / "downloaded_images"
    (folder / "Animals/Bear/0.jpg").write_bytes(b"no picture")
    (folder / "Animals/Cat/1.jpg").write_bytes(picture(5)[:300])
    (folder / "Plants/Corn/1.jpg").write_bytes(bomb())
    reason = failure(tmp_path, files, pictures=tmp_path / "pictures")
    assert "3 problems" in reason
    assert "Bear/0.jpg: does not decode: not a picture of a known format" in reason
    assert "Cat/1.jpg: does not decode: " in reason
    assert "Corn/1.jpg: does not decode: " in reason
    assert "pixels" in reason


def bomb() -> bytes:
    """A PNG of a few kilobytes that unpacks to a gigabyte."""
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def test_pictures_with_decomposed_accents_are_found(tmp_path, files):
    write_pictures(tmp_path / "pictures", files)
    cartoons = tmp_path / "pictures" / "downloaded_images" / "Cartoon"
    (cartoons / "Pokémon").rename(cartoons / unicodedata.normalize("NFD", "Pokémon"))
    manifest = imported(tmp_path, files, pictures=tmp_path / "pictures")
    assert manifest.extra_counts["pictures_absent"] == 0
    assert manifest.extra_counts["pictures_found_under_another_spelling"] == 2


@pytest.mark.slow
def test_two_processes_import_the_same_bytes(tmp_path, files):
    write_pictures(tmp_path / "pictures", files)
    path = write_zip(tmp_path / "release.zip", files)
    manifests = [
        build("mlu", tmp_path / str(n), source=path, num_proc=n, options={"pictures": tmp_path / "pictures"})
        for n in (1, 2)
    ]
    assert manifests[0].files == manifests[1].files
    assert (tmp_path / "1" / "README.md").read_bytes() == (tmp_path / "2" / "README.md").read_bytes()


def test_small_import_takes_two_entities_per_set(tmp_path, files):
    for name, part in files.items():
        if "Tasks" in name:
            entity = part[0]["image"].split("/")[2]
            third = f"Third_{name.rpartition('/')[2]}"
            part += [row | {"image": row["image"].replace(entity, third)} for row in part[:12]]
    assert imported(tmp_path, files).paper_counts["profiles"] == 24
    build("mlu", tmp_path / "small", source=tmp_path / "release.zip", size="small")
    assert [number for number, _ in sets_of(tmp_path / "small")["forget"].values()] == [2] * 4


def _first(change):
    def spoil(files):
        change(files[TASK_A][4])

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reasons"),
    [
        (lambda files: files.pop(TASK_A), ["Tasks/TaskA/taskA_forget.json: is missing"]),
        (lambda files: files.update({f"copy/{TASK_A}": files[TASK_A]}), ["occurs 2 times"]),
        (lambda files: files.update({TASK_A: []}), ["taskA_forget.json: holds no row"]),
        (lambda files: files.update({TASK_A: {"rows": []}}), ["holds an object instead of a list of rows"]),
        (lambda files: files.update({TASK_A: b"[{]"}), ["taskA_forget.json: is not JSON"]),
        (lambda files: files.update({TASK_A: json.dumps(files[TASK_A]).encode("utf-16")}), ["is UTF-16"]),
        (_first(lambda row: row.update(picture=row.pop("image"))), ["row 4: has no 'image' (it has 'picture')"]),
        (_first(lambda row: row.update(image="downloaded_images/../../etc/passwd")), ["row 4: its image"]),
        (_first(lambda row: row.update(image=None)), ["its image is null instead of a path"]),
        (_first(lambda row: row.update(id="1")), ["id Animals/Bear/1 is also the id of taskA_forget.json row 0"]),
        (_first(lambda row: row.update(id=None)), ["its id is null"]),
        (_first(lambda row: row.update(conversations="?")), ["its conversations are text instead of a list"]),
        (_first(lambda row: row["conversations"].pop()), ["and one of 'gpt' but ['human']"]),
        (_first(lambda row: row["conversations"][1].update(value="**")), ["its answer is empty"]),
        (
            _first(lambda row: row.update(image="downloaded_images/Plants/Corn/1.jpg")),
            ["Plants/Corn is also in set A forget"],
        ),
        (lambda files: [row.pop("id") for row in files[TASK_A]], ["24 problems", "and 14 more"]),
    ],
)  # fmt: skip
def test_problems_of_a_release_are_listed(tmp_path, files, spoil, reasons):
    spoil(files)
    for name in [name for name in files if "Entities" in name]:
        del files[name]
    results = failure(tmp_path, files)
    for reason in reasons:
        assert reason in results
    assert "Nothing was written" in results


def test_rows_of_no_task_are_counted(tmp_path, files):
    files["MLUBench/Entities/variants_Bear_updated.json"].append(
        {**files[TASK_A][0], "id": "999", "image": "downloaded_images/Animals/Bear/9.jpg"}
    )
    assert imported(tmp_path, files).extra_counts["rows_in_no_task_left_out"] == 1


def test_other_zip_is_refused(tmp_path):
    assert "not a release of MLUBench" in failure(tmp_path, {"a.txt": b"hello"})


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"seed": 3}, "seed 3: an import draws nothing"),
        ({"preview": True}, "--preview"),
        ({"size": 7}, "size 7: an import takes the whole release"),
        ({"options": {"absent": "maybe"}}, "give keep or drop"),
        ({"options": {"pictures": "/nowhere"}}, "no such folder"),
        ({"options": {"views": 3}}, "unknown option 'views'"),
    ],
)
def test_unsupported_arguments_of_an_import_are_refused(tmp_path, files, arguments, reason):
    path = write_zip(tmp_path / "release.zip", files)
    with pytest.raises(BuildError, match=reason):
        build("mlu", tmp_path / "mlu", source=path, **arguments)
    with pytest.raises(BuildError, match="--from works for mllmu, mlu"):
        build("icu", tmp_path / "icu", source=path)


def row(question, answer, entity="Bear"):
    return Row(f"Animals/{entity}/{question}{answer}", f"Animals/{entity}", "p", question, answer, 0, 0)


def test_attributes_are_named_only_if_proven():
    keys = ("name", "family", "diet", "native_region", "reproduction")
    bear = [row(f"{key} {n}?", f"{key} of Bear") for key in keys[:4] for n in range(5)]  # the release kept four of five
    cat = [row(f"{key} {n}?", f"{key} of Cat", "Cat") for key in keys for n in range(5)]
    results = attributes({"Animals/Bear": bear, "Animals/Cat": cat})
    assert results == {("Animals", f"{key} {n}?"): key for key in keys for n in range(5)}
    fewer = attributes({"Animals/Bear": bear[:-1], "Animals/Cat": cat})  # a phrasing that is known is not there
    assert set(fewer.values()) == {f"question-{n}" for n in range(1, 6)}
    other_order = attributes({"Animals/Bear": bear[::-1], "Animals/Cat": cat})
    assert set(other_order.values()) == {f"question-{n}" for n in range(1, 6)}
